//! From a preset and a graph file to the graph.
//!
//! [`load`] finds the files, [`prepare`] proves what does not depend on parameter values,
//! [`params`] checks the values, [`Template::decide`] evaluates expressions and
//! [`Template::instantiate`] fills everything in. A batch prepares once and instantiates many times.

pub mod expr;
pub mod fit;
pub mod ladder;
pub mod library;
pub mod load;
pub mod matrix;
pub mod params;
pub mod range;
pub mod request;

mod decide;
mod instantiate;
mod loras;
mod rules;
mod template;

use crate::catalog::{InputKind, NodeClass};
use crate::diag::{Diagnostic, NodeRef};
use crate::ir::Value;
use crate::source::Span;

pub use decide::Decisions;
pub(crate) use decide::shortened;
pub use rules::{ComputedInput, Switch};
pub use template::{Context, Template, prepare};

/// Most nodes that one workflow may have. The largest published workflows have a few hundred.
pub const MAX_NODES: usize = 20_000;

/// Most parameters that one graph may declare. The largest built-in graph has about fifty.
pub const MAX_PARAMS: usize = 1_000;

/// The value as an input of the given kind wants it: `1` becomes `1.0` for a FLOAT, `2.0` becomes `2`
/// for an INT, and the noise that editors leave in floats (`5.000000000000001`) goes.
///
/// # Errors
/// What the input takes instead, if the value is of another type.
pub(crate) fn fit(value: Value, kind: &InputKind) -> Result<Value, String> {
    if let Value::Int(int) = value
        && !(i128::from(i64::MIN)..=i128::from(u64::MAX)).contains(&int)
    {
        return Err(format!("a number of 64 bits, found {int}"));
    }
    let needed = match (kind, &value) {
        (InputKind::Int { .. }, Value::Int(_))
        | (InputKind::Boolean, Value::Bool(_))
        | (InputKind::String { .. } | InputKind::DynamicCombo(_), Value::Str(_)) => return Ok(value),
        #[expect(
            clippy::cast_possible_truncation,
            reason = "checked to be whole and small enough to be exact"
        )]
        (InputKind::Int { .. }, Value::Float(float)) if float.fract() == 0.0 && float.abs() < 9e15 => {
            return Ok(Value::Int(*float as i128));
        }
        #[expect(clippy::cast_precision_loss, reason = "the input is a float")]
        (InputKind::Float { .. }, Value::Int(int)) => return Ok(Value::Float(*int as f64)),
        (InputKind::Float { .. }, Value::Float(float)) => return Ok(Value::Float(without_noise(*float))),
        (InputKind::Combo(combo), Value::List(_)) if combo.multiselect => return Ok(value),
        (InputKind::Combo(_), Value::Str(_) | Value::Int(_) | Value::Float(_) | Value::Bool(_)) => {
            return Ok(value);
        }
        (InputKind::MatchType { allowed, .. } | InputKind::Link(allowed), _) if takes(allowed, &value) => {
            return Ok(value);
        }
        (InputKind::Int { .. }, _) => "an integer",
        (InputKind::Float { .. }, _) => "a number",
        (InputKind::Boolean, _) => "true or false",
        (InputKind::String { .. } | InputKind::DynamicCombo(_), _) => "a string",
        (InputKind::Combo(_), _) => "one of its choices",
        (InputKind::Autogrow(_), _) => "links to its members, such as `name.a`",
        (InputKind::MatchType { allowed, .. } | InputKind::Link(allowed), _) => {
            return Err(format!("a link to an output of type {allowed}, found {value}"));
        }
    };
    Err(format!("{needed}, found {value}"))
}

/// True if a link type has a member that a literal stands for.
fn takes(types: &str, value: &Value) -> bool {
    types.split(',').map(str::trim).any(|name| match name {
        "*" => true,
        "INT" => matches!(value, Value::Int(_)),
        "FLOAT" => matches!(value, Value::Int(_) | Value::Float(_)),
        "STRING" => matches!(value, Value::Str(_)),
        "BOOLEAN" => matches!(value, Value::Bool(_)),
        _ => false,
    })
}

/// Rounds to 12 significant digits if only the last bits change.
fn without_noise(float: f64) -> f64 {
    // Most values have few decimals, and multiplying is cheaper than printing.
    if (float * 1024.0).fract() == 0.0 {
        return float;
    }
    let rounded = format!("{float:.11e}").parse().unwrap_or(float);
    if (rounded - float).abs() <= 1e-14 * float.abs() { rounded } else { float }
}

/// The problem that a value does not fit its input. `needed` says what does, and what was found.
pub(crate) fn misfit(
    needed: &str,
    key: &str,
    input: &str,
    class: &NodeClass,
    span: Span,
    given: Option<Span>,
) -> Diagnostic {
    let diagnostic =
        Diagnostic::format("wrong-type", format!("the input `{input}` of `{}` takes {needed}", class.name));
    let diagnostic = match given {
        Some(given) => diagnostic.at(given, "").at(span, "used here"),
        None => diagnostic.at(span, ""),
    };
    diagnostic.node(NodeRef {
        key: key.to_owned(),
        class_type: class.name.to_string(),
        input: Some(input.to_owned()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn float_noise_goes_and_real_digits_stay() {
        for (noisy, clean) in
            [(5.000_000_000_000_001, 5.0), (3.100_000_000_000_000_5, 3.1), (1.000_000_000_000_000_2, 1.0)]
        {
            assert_eq!(without_noise(noisy).to_bits(), f64::to_bits(clean));
        }
        for real in [1.0 / 3.0, 0.925_926, 1e-9, 123_456.789_012_345] {
            assert_eq!(without_noise(real).to_bits(), real.to_bits());
        }
    }
}
