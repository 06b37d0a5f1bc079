//! `NaN` or `Infinity` for a number.

use crate::catalog::InputKind;
use crate::diag::{Diagnostic, Severity};
use crate::lint::workflow::At;
use crate::lint::{Check, Group, Rule, Subject, page};

pub(super) static RULE: Rule = Rule {
    name: "non-finite-number",
    summary: "`NaN` or `Infinity` for a number: JSON has no such numbers, and ComfyUI does not compare them with a range",
    group: Group::Correctness,
    subject: Subject::Workflow,
    severity: Some(Severity::Error),
    repairs: None,
    page: page!("non-finite-number"),
    check: Check::Input(check),
};

fn check(at: &At<'_>) -> Option<Diagnostic> {
    let text = at.literal()?.as_str()?.trim();
    let InputKind::Float { .. } = at.spec?.kind else { return None };
    let is_non_finite = text.parse().is_ok_and(|number: f64| !number.is_finite());
    // Rust reads 1e999 as infinite, as Python does.
    if !is_non_finite {
        return None;
    }
    let message = format!("`{}` is {text}, which is no number that a node can use", at.input.name);
    Some(at.finding(&RULE, message).help(
        "write a number: ComfyUI takes what Python takes, other programs cannot read the file, and the node gives pictures of nothing",
    ))
}
