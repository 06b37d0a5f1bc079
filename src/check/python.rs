//! Python's conversions of values, as the server applies them before it compares.

use crate::ir::Value;

/// Python's `int(value)`; nothing if that raises.
#[expect(
    clippy::cast_possible_truncation,
    reason = "Python truncates; i128 is wide enough for every range that an input declares"
)]
pub(super) fn int(value: &Value) -> Option<i128> {
    match value {
        Value::Int(int) => Some(*int),
        Value::Float(float) if float.is_finite() => Some(float.trunc() as i128),
        Value::Bool(bool) => Some(i128::from(*bool)),
        Value::Str(text) => whole(&digits(text)?),
        Value::Float(_) | Value::Null | Value::List(_) | Value::Map(_) => None,
    }
}

/// Python's `float(value)`; nothing if that raises.
pub(super) fn float(value: &Value) -> Option<f64> {
    match value {
        Value::Bool(bool) => Some(f64::from(u8::from(*bool))),
        // Rust takes the same spellings, `inf` and `nan` in any case among them.
        Value::Str(text) => digits(text)?.parse().ok(),
        Value::Int(_) | Value::Float(_) => value.as_f64(),
        Value::Null | Value::List(_) | Value::Map(_) => None,
    }
}

/// Python's `value < bound` for a value that was not converted; nothing if that raises.
pub(super) fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Str(_) => None,
        other => float(other),
    }
}

/// Digits with a sign; too many of them for 128 bits saturate, which is beyond every range.
fn whole(text: &str) -> Option<i128> {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    if unsigned.is_empty() || !unsigned.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let limit = if text.starts_with('-') { i128::MIN } else { i128::MAX };
    Some(text.parse().unwrap_or(limit))
}

/// The text of a number without what Python ignores: blanks around it and single underscores between digits.
fn digits(text: &str) -> Option<String> {
    // Python strips the separators U+001C to U+001F too.
    let text = text.trim_matches(|c: char| c.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&c));
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
    fn whole_numbers_are_read_as_python_reads_them() {
        let text = |text: &str| int(&Value::Str(text.into()));
        assert_eq!(
            (text(" 5 "), text("+5"), text("-0"), text("\u{1c}5\n")),
            (Some(5), Some(5), Some(0), Some(5))
        );
        assert_eq!((text("1_000"), text("1__000"), text("_1"), text("1_")), (Some(1000), None, None, None));
        assert_eq!(
            (text("20.7"), text("1e3"), text(""), text("+"), text("0x10")),
            (None, None, None, None, None)
        );
        assert_eq!(text(&"9".repeat(60)), Some(i128::MAX));
        assert_eq!(text(&format!("-{}", "9".repeat(60))), Some(i128::MIN));
        assert_eq!((int(&Value::Float(-20.7)), int(&Value::Bool(true))), (Some(-20), Some(1)));
        assert_eq!(
            (int(&Value::Null), int(&Value::Map(vec![])), int(&Value::List(vec![]))),
            (None, None, None)
        );
    }

    #[test]
    fn numbers_are_read_as_python_reads_them() {
        let text = |text: &str| float(&Value::Str(text.into()));
        assert_eq!((text("inf"), text("-Infinity")), (Some(f64::INFINITY), Some(f64::NEG_INFINITY)));
        assert!(text("NaN").is_some_and(f64::is_nan));
        assert_eq!((text(" 1_0.5e1 "), text("1."), text(".5")), (Some(105.0), Some(1.0), Some(0.5)));
        assert_eq!((text(""), text("1,5"), text("infinit"), text("1_e5")), (None, None, None, None));
        assert_eq!((number(&Value::Str("1".into())), number(&Value::Bool(true))), (None, Some(1.0)));
    }
}
