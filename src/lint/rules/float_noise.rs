//! A number with the rounding error of an editor's arithmetic.

use crate::diag::{Diagnostic, Severity};
use crate::ir::Value;
use crate::lint::workflow::At;
use crate::lint::{Check, Group, Rule, Subject, page};

pub(super) static RULE: Rule = Rule {
    name: "float-noise",
    summary: "a number such as 5.000000000000001, left behind by an editor's arithmetic",
    group: Group::Style,
    subject: Subject::Workflow,
    severity: Some(Severity::Warning),
    repairs: Some("always"),
    page: page!("float-noise"),
    check: Check::Input(check),
};

/// Digits that a number keeps: what people type, and more than a float of 32 bits holds.
const DIGITS: usize = 9;

fn check(at: &At<'_>) -> Option<Diagnostic> {
    let Value::Float(float) = *at.literal()? else { return None };
    if is_short(float) {
        return None;
    }
    let meant: f64 = format!("{float:.*e}", DIGITS - 1).parse().ok()?;
    // A number with more digits than that was meant as it is, unless it is off by a few units in the last place.
    let is_noise =
        meant.to_bits() != float.to_bits() && (meant - float).abs() <= 8.0 * f64::EPSILON * float.abs();
    if !is_noise {
        return None;
    }
    let meant = Value::Float(meant);
    let title = format!("write {meant}");
    let finding = at.finding(
        &RULE,
        format!("`{}` is {}, which is {meant} with a rounding error", at.input.name, Value::Float(float)),
    );
    let fix = at.rewrite(&meant, true);
    Some(Diagnostic {
        fix,
        ..finding.help(format!("{title}: editors leave such digits when they calculate"))
    })
}

/// True for numbers below a thousand that a few digits write exactly, such as 1.0 and 0.25: most numbers
/// are, and have no rounding error.
fn is_short(float: f64) -> bool {
    // A 64th has six decimal places.
    float.abs() < 1000.0 && (64.0 * float).fract() == 0.0
}
