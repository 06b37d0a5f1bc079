//! Values written into a workflow: Python's coercions, ranges and lists, as the server applies them.

use super::inputs::near_choice;
use crate::catalog::{Combo, InputKind, InputSpec};
use crate::diag::Diagnostic;
use crate::ir::Value;

/// Most choices that a message lists.
const SHOWN_CHOICES: usize = 12;

/// The key under which a list is written, so that the server does not take it for a link.
const WRAPPED: &str = "__value__";

/// The problem that the server would have with a literal, if it would have one.
pub(super) fn check(value: &Value, spec: &InputSpec) -> Option<Diagnostic> {
    let value = match value {
        Value::List(_) => return Some(bad_link(value, spec)),
        // The server's own way to tell a list from a link.
        Value::Map(entries) => {
            entries.iter().find(|(key, _)| &**key == WRAPPED).map_or(value, |(_, inner)| inner)
        }
        _ => value,
    };
    match &spec.kind {
        InputKind::Int { min, max, .. } => match python_int(value) {
            Some(int) => outside(spec, value, min.filter(|min| int < *min), max.filter(|max| int > *max)),
            None => Some(not_a(value, spec, "a whole number")),
        },
        InputKind::Float { min, max, .. } => match python_float(value) {
            Some(float) => {
                outside(spec, value, min.filter(|min| float < *min), max.filter(|max| float > *max))
            }
            None => Some(not_a(value, spec, "a number")),
        },
        InputKind::Combo(combo) => in_list(value, spec, combo),
        InputKind::Boolean
        | InputKind::String { .. }
        | InputKind::Autogrow(_)
        | InputKind::DynamicCombo(_)
        | InputKind::MatchType { .. }
        | InputKind::Link(_) => None,
    }
}

fn not_a(value: &Value, spec: &InputSpec, needed: &str) -> Diagnostic {
    Diagnostic::check(
        "invalid-input-type",
        "invalid_input_type",
        format!("`{}` takes {needed}, and {value} is not one", spec.name),
    )
}

fn bad_link(value: &Value, spec: &InputSpec) -> Diagnostic {
    Diagnostic::check(
        "bad-linked-input",
        "bad_linked_input",
        format!("`{}` is {value}; ComfyUI takes a list for a link [node, slot]", spec.name),
    )
    .help("a list that is meant as a value is written { \"__value__\": [...] }")
}

fn outside<T: std::fmt::Display>(
    spec: &InputSpec,
    value: &Value,
    below: Option<T>,
    above: Option<T>,
) -> Option<Diagnostic> {
    let name = &spec.name;
    match (below, above) {
        (Some(min), _) => Some(Diagnostic::check(
            "value-smaller-than-min",
            "value_smaller_than_min",
            format!("`{name}` is {value}; the smallest value is {min}"),
        )),
        (None, Some(max)) => Some(Diagnostic::check(
            "value-bigger-than-max",
            "value_bigger_than_max",
            format!("`{name}` is {value}; the largest value is {max}"),
        )),
        (None, None) => None,
    }
}

fn in_list(value: &Value, spec: &InputSpec, combo: &Combo) -> Option<Diagnostic> {
    let options = combo.options.as_ref()?;
    if let Value::List(items) = value
        && combo.multiselect
    {
        return items.iter().find_map(|item| in_list(item, spec, combo));
    }
    if options.iter().any(|option| Value::from_json(option).python_eq(value)) {
        return None;
    }
    let shown = options.iter().take(SHOWN_CHOICES).map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let more = options.len().saturating_sub(SHOWN_CHOICES);
    let help = near_choice(value, options).unwrap_or_else(|| match (options.len(), more) {
        (0, _) => "the list is empty on that server: the file is missing there".into(),
        (_, 0) => format!("the choices are: {shown}"),
        _ => format!("the choices are: {shown}, and {more} more"),
    });
    Some(
        Diagnostic::check(
            "value-not-in-list",
            "value_not_in_list",
            format!("`{}` is {value}, which is not a choice", spec.name),
        )
        .help(help),
    )
}

/// Python's `int(value)`.
#[expect(
    clippy::cast_possible_truncation,
    reason = "Python truncates; i128 is wide enough for every finite range"
)]
fn python_int(value: &Value) -> Option<i128> {
    match value {
        Value::Int(int) => Some(*int),
        Value::Float(float) => Some(float.trunc() as i128),
        Value::Bool(bool) => Some(i128::from(*bool)),
        Value::Str(text) => python_digits(text)?.parse().ok(),
        Value::Null | Value::List(_) | Value::Map(_) => None,
    }
}

/// Python's `float(value)`.
fn python_float(value: &Value) -> Option<f64> {
    match value {
        Value::Bool(bool) => Some(f64::from(u8::from(*bool))),
        Value::Str(text) => python_digits(text)?.parse().ok(),
        Value::Int(_) | Value::Float(_) => value.as_f64(),
        Value::Null | Value::List(_) | Value::Map(_) => None,
    }
}

/// The text of a number without what Python ignores: blanks around it and single underscores between digits.
fn python_digits(text: &str) -> Option<String> {
    let text = text.trim();
    let bytes = text.as_bytes();
    let misplaced = |at: usize| {
        let digit = |at: Option<usize>| at.and_then(|at| bytes.get(at)).is_some_and(u8::is_ascii_digit);
        !digit(at.checked_sub(1)) || !digit(Some(at + 1))
    };
    let wrong = text.char_indices().any(|(at, c)| c == '_' && misplaced(at));
    (!wrong).then(|| text.replace('_', ""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_python_reads_them() {
        let text = |text: &str| Value::Str(text.into());
        assert_eq!(python_int(&text(" 5 ")), Some(5));
        assert_eq!(python_int(&text("1_000")), Some(1000));
        assert_eq!(python_int(&text("1__000")), None);
        assert_eq!(python_int(&text("20.7")), None);
        assert_eq!(python_int(&Value::Float(-20.7)), Some(-20));
        assert_eq!(python_float(&text("inf")), Some(f64::INFINITY));
        assert_eq!(python_float(&text("")), None);
    }
}
