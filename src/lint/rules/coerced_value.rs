//! A value of another type, which the server converts the way Python does.

use crate::catalog::{InputKind, InputSpec};
use crate::diag::{Diagnostic, Severity};
use crate::ir::Value;
use crate::lint::workflow::At;
use crate::lint::{Check, Group, Rule, Subject, page};

pub(super) static RULE: Rule = Rule {
    name: "coerced-value",
    summary: "a value of another type than the input's, which ComfyUI converts as Python does",
    group: Group::Correctness,
    subject: Subject::Workflow,
    severity: Some(Severity::Warning),
    repairs: Some("numbers in quotes, and `\"true\"`"),
    page: page!("coerced-value"),
    check: Check::Input(check),
};

/// Longest value that a message repeats, in bytes.
const SHOWN: usize = 60;

fn check(at: &At<'_>) -> Option<Diagnostic> {
    let (value, spec) = (at.literal()?, at.spec?);
    let becomes = converted(value, spec)?;
    let mut shown = value.to_string();
    if shown.len() > SHOWN {
        shown.truncate(shown.floor_char_boundary(SHOWN));
        shown.push('…');
    }
    let message =
        format!("`{}` takes {}, and ComfyUI turns {shown} into {becomes}", spec.name, spec.kind.type_name());
    let finding = at.finding(&RULE, message);
    // What was meant is clear only where the text says what it becomes.
    let safe = match (&spec.kind, value) {
        (InputKind::Int { .. } | InputKind::Float { .. }, Value::Str(_)) => true,
        (InputKind::Boolean, Value::Str(text)) => text.trim().eq_ignore_ascii_case("true"),
        _ => false,
    };
    let help = match (&spec.kind, value) {
        (InputKind::Boolean, Value::Str(text)) if !text.is_empty() && !safe => {
            "every text but the empty one is true in Python; write true or false".to_owned()
        }
        _ => format!("write {becomes}"),
    };
    let fix = at.rewrite(&becomes, safe);
    Some(Diagnostic { fix, ..finding.help(help) })
}

/// What the server makes of a value that it converts; nothing if it leaves it or refuses it.
fn converted(value: &Value, spec: &InputSpec) -> Option<Value> {
    match (&spec.kind, value) {
        (InputKind::Int { .. }, Value::Bool(bool)) => Some(Value::Int((*bool).into())),
        #[expect(
            clippy::cast_possible_truncation,
            reason = "Python truncates; larger values are out of range"
        )]
        (InputKind::Int { .. }, Value::Float(float)) if float.fract() != 0.0 => {
            Some(Value::Int(float.trunc() as i128))
        }
        (InputKind::Int { .. }, Value::Str(text)) => digits(text)?.parse().ok().map(Value::Int),
        (InputKind::Float { .. }, Value::Bool(bool)) => Some(Value::Float(f64::from(u8::from(*bool)))),
        (InputKind::Float { .. }, Value::Str(text)) => {
            digits(text)?.parse().ok().filter(|float: &f64| float.is_finite()).map(Value::Float)
        }
        (InputKind::Boolean, Value::Null) => Some(Value::Bool(false)),
        (InputKind::Boolean, Value::Str(text)) => Some(Value::Bool(!text.is_empty())),
        (InputKind::Boolean, Value::Int(int)) if !matches!(int, 0 | 1) => Some(Value::Bool(true)),
        (InputKind::Boolean, Value::Float(float)) => Some(Value::Bool(*float != 0.0)),
        (InputKind::String { .. }, Value::Null) => Some(Value::Str("None".into())),
        (InputKind::String { .. }, Value::Bool(bool)) => {
            Some(Value::Str(if *bool { "True" } else { "False" }.into()))
        }
        _ => None,
    }
}

/// The text of a number without blanks around it, and without underscores, which Python allows between
/// two digits only.
fn digits(text: &str) -> Option<String> {
    let parts: Vec<&str> = text.trim().split('_').collect();
    let is_digit = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_digit);
    let fits = |pair: &[&str]| is_digit(pair[0].as_bytes().last()) && is_digit(pair[1].as_bytes().first());
    parts.windows(2).all(fits).then(|| parts.concat())
}
