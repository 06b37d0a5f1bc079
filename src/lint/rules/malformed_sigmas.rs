//! A list of noise levels that is no schedule.

use std::sync::Arc;

use crate::analysis::Fact;
use crate::diag::Severity;
use crate::ir::NodeId;
use crate::lint::workflow::Workflow;
use crate::lint::{Check, Group, Judged, Rule, Subject, page};

pub(super) static RULE: Rule = Rule {
    name: "malformed-sigmas",
    summary: "noise levels that are missing, rise, repeat, are negative or written with exponents",
    group: Group::Correctness,
    subject: Subject::Workflow,
    severity: Some(Severity::Error),
    repairs: None,
    page: page!("malformed-sigmas"),
    check: Check::Class(&["ManualSigmas"], check),
};

fn check(workflow: &Workflow<'_>, id: NodeId) -> Judged {
    let inputs = workflow.analysis.inputs(id);
    let text = inputs.text("sigmas")?;
    let Some(levels) = levels(workflow, id) else { return Ok(None) };
    let (message, help) = if let Some(number) = exponent(&text) {
        let read: Vec<&str> = number.split(['e', 'E']).collect();
        (
            format!("`{number}` is read as {}: exponents are not understood", read.join(" and ")),
            "write numbers out, such as `0.001`",
        )
    } else if levels.len() < 2 {
        let count = if levels.is_empty() { "no noise levels" } else { "one noise level" };
        (
            format!("{text:?} has {count}, so no step is taken"),
            "write the levels from the first to the last, such as `1, 0.75, 0.5, 0.25, 0`: one more than steps",
        )
    } else if let Some(level) = levels.iter().find(|level| **level < 0.0) {
        (format!("the noise level {level} is below 0"), "end with 0, which is no noise")
    } else if let Some([before, after]) =
        levels.windows(2).find(|pair| matches!(pair, [before, after] if before <= after))
    {
        let what = if before.to_bits() == after.to_bits() {
            "is repeated, and that step changes nothing"
        } else {
            "is followed by a higher one"
        };
        (
            format!("the noise level {before} {what}: the levels have to fall"),
            "write them in falling order, each once",
        )
    } else {
        return Ok(None);
    };
    Ok(Some(workflow.at(&RULE, id, "sigmas", message).help(help)))
}

/// The numbers as the server reads them.
fn levels(workflow: &Workflow<'_>, id: NodeId) -> Option<Arc<[f64]>> {
    match workflow.analysis.output(id, 0).ok()? {
        Fact::Sigmas(sigmas) => sigmas.levels.clone(),
        _ => None,
    }
}

/// The first number with an exponent.
fn exponent(text: &str) -> Option<&str> {
    let is_number = |word: &&str| {
        let Some((digits, power)) = word.split_once(['e', 'E']) else { return false };
        let power = power.strip_prefix(['+', '-']).unwrap_or(power);
        digits.ends_with(|c: char| c.is_ascii_digit()) && power.starts_with(|c: char| c.is_ascii_digit())
    };
    text.split(|c: char| !(c.is_alphanumeric() || "+-.".contains(c))).find(is_number)
}
