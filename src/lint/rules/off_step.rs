//! A whole number between the steps that its input declares.

use crate::catalog::{Grid, InputKind};
use crate::diag::{Diagnostic, Severity};
use crate::ir::Value;
use crate::lint::workflow::At;
use crate::lint::{Check, Group, Rule, Subject, page};

pub(super) static RULE: Rule = Rule {
    name: "off-step",
    summary: "a whole number between the steps that its input declares; nodes round it or fail",
    group: Group::Correctness,
    subject: Subject::Workflow,
    severity: Some(Severity::Warning),
    repairs: None,
    page: page!("off-step"),
    check: Check::Input(check),
};

/// Steps of floats say how far the editor's arrows go; those of whole numbers what a node can use.
fn check(at: &At<'_>) -> Option<Diagnostic> {
    let (&Value::Int(value), spec) = (at.literal()?, at.spec?) else { return None };
    let InputKind::Int { min, max, step: Some(step) } = spec.kind else { return None };
    let base = min.unwrap_or(0);
    // What the class itself starts with works, whatever it declares.
    let is_default =
        || spec.default.as_ref().and_then(serde_json::Value::as_i64).map(i128::from) == Some(value);
    // Rules about frames and sizes know more than the declaration.
    if Grid::of(&at.class.name).iter().any(|grid| *spec.name == *grid.input) {
        return None;
    }
    // Some classes count from the smallest value and some from 0.
    if step <= 1 || is_default() || value % step == 0 || value.checked_sub(base)? % step == 0 {
        return None;
    }
    let below = value - value.checked_sub(base)?.rem_euclid(step);
    let near: Vec<String> = [below, below + step]
        .into_iter()
        .filter(|near| min.is_none_or(|min| *near >= min) && max.is_none_or(|max| *near <= max))
        .map(|near| near.to_string())
        .collect();
    let message = format!("`{}` is {value}; it goes in steps of {step} from {base}", spec.name);
    Some(at.finding(&RULE, message).help(format!("the nearest are {}", near.join(" and "))))
}
