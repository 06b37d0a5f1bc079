//! Whether model files on this machine are there and whole.

use super::{count, lines};
use crate::preflight::{Compiled, Local, LocalModel, Outcome, Server};

/// So many files are shown.
const SHOWN: usize = 10;

pub(super) fn look(compiled: &Compiled, _: &Local, _: Option<&Server>) -> Outcome {
    let models = match &compiled.models {
        Ok(models) => models,
        Err(reason) => return Outcome::skipped(&**reason),
    };
    let bad = |is_error: bool| -> Vec<&LocalModel> {
        models.iter().filter(|model| model.problem.is_some() && model.is_error == is_error).collect()
    };
    let (errors, notes) = (bad(true), bad(false));
    let described = |models: &[&LocalModel]| -> Vec<String> {
        let lines = models.iter().filter_map(|model| {
            let (message, help) = model.problem.as_ref()?;
            let help = help.as_ref().map_or(String::new(), |help| format!("; {}", help.replace('\n', "; ")));
            Some(format!("{message}{help}"))
        });
        lines.collect()
    };
    let all = count(models.len(), "model file");
    if errors.is_empty() {
        let size = "in place, of the right length and with a header that fits";
        return Outcome::pass(if models.is_empty() {
            "the workflow needs none".to_owned()
        } else {
            format!("{all} {size}")
        })
        .details(lines(described(&notes), SHOWN));
    }
    let verb = if errors.len() == 1 { "is" } else { "are" };
    let outcome = Outcome::fail(format!(
        "{} of {all} {verb} not as {} should be",
        errors.len(),
        if errors.len() == 1 { "it" } else { "they" }
    ))
    .details(lines(described(&errors), SHOWN));
    if !errors.iter().any(|model| model.is_missing) {
        return outcome;
    }
    outcome.fix(format!(
        "`wfc models fetch-script {}` prints a script that downloads what has an address",
        compiled.file
    ))
}
