//! The arithmetic of calculator nodes, whose expressions are Python's. `MiniJinja` reads what both have in
//! common; an expression with anything else is not evaluated.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use minijinja::value::ValueKind;
use minijinja::{Environment, Error, ErrorKind, UndefinedBehavior, Value};

use super::fact::Known;

/// Steps that an expression may take; real ones take a dozen.
const FUEL: u64 = 10_000;

/// A number of Python: whole or not.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Number {
    /// `int`
    Int(i64),
    /// `float`
    Float(f64),
}

impl Number {
    #[expect(clippy::cast_precision_loss, reason = "sizes and counts are far below 2^53")]
    pub(super) const fn as_f64(self) -> f64 {
        match self {
            Self::Int(int) => int as f64,
            Self::Float(float) => float,
        }
    }
}

static ENGINE: LazyLock<Environment<'static>> = LazyLock::new(|| {
    let mut engine = Environment::empty();
    engine.set_undefined_behavior(UndefinedBehavior::Strict);
    engine.set_fuel(Some(FUEL));
    for (name, function) in FUNCTIONS {
        let function = *function;
        engine.add_function(*name, move |float: f64| function(float));
    }
    engine.add_function("int", |float: f64| whole(float.trunc()));
    engine.add_function("floor", |float: f64| whole(float.floor()));
    engine.add_function("ceil", |float: f64| whole(float.ceil()));
    // Python rounds halves to the even number.
    engine.add_function("round", |float: f64| whole(float.round_ties_even()));
    engine.add_function("min", |a: Value, b: Value| if a <= b { a } else { b });
    engine.add_function("max", |a: Value, b: Value| if a >= b { a } else { b });
    engine
});

/// The other functions.
const OTHERS: [&str; 6] = ["int", "floor", "ceil", "round", "min", "max"];

/// A function of one number.
type Function = fn(f64) -> f64;

/// Functions of one number whose result is a float.
const FUNCTIONS: &[(&str, Function)] = &[("float", |x| x), ("sqrt", f64::sqrt), ("fabs", f64::abs)];

#[expect(clippy::cast_possible_truncation, reason = "the range is checked")]
fn whole(float: f64) -> Result<i64, Error> {
    if float.abs() < 2f64.powi(62) {
        Ok(float as i64)
    } else {
        Err(Error::new(ErrorKind::InvalidOperation, "too large"))
    }
}

/// The value of an expression over named numbers; nothing if it is none that can be evaluated here.
pub(super) fn evaluate(text: &str, variable: impl Fn(&str) -> Known<Number>) -> Option<Known<Number>> {
    let expression = ENGINE.compile_expression(text).ok()?;
    let mut context = BTreeMap::new();
    // Sorted, so that of several unknown ones the same is named each time.
    let names: BTreeSet<String> = expression.undeclared_variables(false).into_iter().collect();
    for name in names {
        if OTHERS.contains(&&*name) || FUNCTIONS.iter().any(|(function, _)| *function == name) {
            continue;
        }
        let value = match variable(&name) {
            Ok(Number::Int(int)) => Value::from(int),
            Ok(Number::Float(float)) => Value::from(float),
            Err(unknown) => return Some(Err(unknown)),
        };
        context.insert(name, value);
    }
    let value = expression.eval(context).ok()?;
    let number = match value.kind() {
        ValueKind::Bool => Number::Int(value.is_true().into()),
        ValueKind::Number if value.is_integer() => Number::Int(i64::try_from(value).ok()?),
        ValueKind::Number => Number::Float(f64::try_from(value).ok().filter(|float| float.is_finite())?),
        _ => return None,
    };
    Some(Ok(number))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::fact::{Unknown, Why};
    use crate::ir::NodeId;

    fn unknown() -> Unknown {
        Unknown { node: NodeId::new(0), why: Why::NoTransfer }
    }

    fn of(text: &str) -> Option<Known<Number>> {
        evaluate(text, |name| match name {
            "a" => Ok(Number::Int(7)),
            "b" => Ok(Number::Float(2.5)),
            _ => Err(unknown()),
        })
    }

    #[test]
    fn arithmetic_is_pythons() {
        assert_eq!(of("a / 2"), Some(Ok(Number::Float(3.5))));
        assert_eq!(of("a // 2 * 2"), Some(Ok(Number::Int(6))));
        assert_eq!(of("-a // 2"), Some(Ok(Number::Int(-4))));
        assert_eq!(of("-a % 4"), Some(Ok(Number::Int(1))));
        assert_eq!(of("round(b)"), Some(Ok(Number::Int(2))));
        assert_eq!(of("max(a, b) + min(1, 2)"), Some(Ok(Number::Int(8))));
        assert_eq!(of("int(a * b) + 1"), Some(Ok(Number::Int(18))));
        assert_eq!(of("a > 5 and b < 3"), Some(Ok(Number::Int(1))));
        assert_eq!(of("1 if a > 5 else 2"), Some(Ok(Number::Int(1))));
    }

    #[test]
    fn what_cannot_be_evaluated_is_unknown() {
        assert_eq!(of("c + 1"), Some(Err(unknown())));
        for text in ["", "a +", "a ** 9999", "__import__('os')", "'x'", "a / 0", "a.b", "{{", "(((("] {
            assert!(matches!(of(text), None | Some(Err(_))), "{text}: {:?}", of(text));
        }
    }
}
