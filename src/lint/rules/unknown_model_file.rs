//! A model file that the catalog of models does not have.

use crate::catalog::Combo;
use crate::catalog::InputKind;
use crate::diag::{self, Diagnostic, Severity};
use crate::lint::workflow::At;
use crate::lint::{Check, Group, Rule, Subject, page};

/// Off unless asked for: people have models of their own.
pub(super) static RULE: Rule = Rule {
    name: "unknown-model-file",
    summary: "a model file that is not in the catalog of models; off by default",
    group: Group::Portability,
    subject: Subject::Workflow,
    severity: None,
    repairs: None,
    page: page!("unknown-model-file"),
    check: Check::Input(unknown),
};

pub(super) static MISSPELT: Rule = Rule {
    name: "misspelt-model-file",
    summary: "a model file whose name is almost that of a known model",
    group: Group::Portability,
    subject: Subject::Workflow,
    severity: Some(Severity::Warning),
    repairs: None,
    page: page!("misspelt-model-file"),
    check: Check::Input(misspelt),
};

fn unknown(at: &At<'_>) -> Option<Diagnostic> {
    let file = unlisted(at)?;
    let finding = at.finding(&RULE, format!("the model file {file:?} is not in the catalog of models"));
    Some(finding.help("check that the machine that runs the workflow has it"))
}

/// Names below this length are near to too many others.
const SHORT: usize = 5;

fn misspelt(at: &At<'_>) -> Option<Diagnostic> {
    let file = unlisted(at)?;
    let base = file.rsplit(['/', '\\']).next().unwrap_or(file);
    let near = diag::nearest(base, at.facts.models.files())?;
    // Versions and precisions differ in a digit or two, and are different files.
    let digits = |name: &str| name.chars().filter(char::is_ascii_digit).collect::<String>();
    if digits(near) != digits(base) || near.len().abs_diff(base.len()) > 2 {
        return None;
    }
    // Extensions are long and alike, so what stands before them must be near by itself.
    if stem(base).len() < SHORT || diag::nearest(stem(base), [stem(near)]).is_none() {
        return None;
    }
    let finding = at.finding(&MISSPELT, format!("there is no known model file {base:?}"));
    Some(finding.help(format!("did you mean {near:?}?")))
}

/// The name of a file without its extension.
fn stem(file: &str) -> &str {
    file.rsplit_once('.').map_or(file, |(stem, _)| stem)
}

/// The model file that an input names, if neither the machine nor the catalog of models has it.
fn unlisted<'a>(at: &'a At<'_>) -> Option<&'a str> {
    let (file, spec) = (at.literal()?.as_str()?, at.spec?);
    let InputKind::Combo(Combo { folder: Some(folder), options, .. }) = &spec.kind else { return None };
    let is_model = &**folder != "input" && file.contains('.');
    let on_machine =
        options.as_ref().is_some_and(|options| options.iter().any(|option| option.as_str() == Some(file)));
    (is_model && !on_machine && !at.facts.models.has_file(file)).then_some(file)
}
