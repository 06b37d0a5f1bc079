//! Numbers, texts and truth values: constants, calculators, switches, sizes.

use super::resizes::{rounded, to_float};
use super::{Outputs, Table, passed};
use crate::analysis::expression::{self, Number};
use crate::analysis::fact::{Fact, Known, Why};
use crate::analysis::inputs::Inputs;
use crate::ir::Value;

pub(super) const TABLE: Table = &[
    ("PrimitiveInt", value),
    ("PrimitiveFloat", value),
    ("PrimitiveString", value),
    ("PrimitiveStringMultiline", value),
    ("PrimitiveBoolean", value),
    ("INTConstant", value),
    ("FloatConstant", value),
    ("StringConstant", |inputs| passed(inputs, "string")),
    ("StringConstantMultiline", |inputs| passed(inputs, "string")),
    ("BOOLConstant", value),
    ("SimpleCalculatorKJ", |inputs| calculated(inputs, "variables")),
    ("ComfyMathExpression", |inputs| calculated(inputs, "values")),
    ("ComfyNumberConvert", converted),
    ("ComfySwitchNode", switched),
    ("ResolutionSelector", resolution),
    ("GetImageSize", image_size),
    ("GetImageSizeAndCount", image_size_and_count),
];

fn value(inputs: Inputs<'_>) -> Outputs {
    passed(inputs, "value")
}

/// A float, a whole number and a truth value of the same result.
fn numbers(result: Known<Number>) -> Outputs {
    let result = result.map(Number::as_f64);
    #[expect(clippy::cast_possible_truncation, reason = "Python's int() truncates; the range is checked")]
    let int = result.and_then(|float| match float {
        float if float.abs() < 2f64.powi(62) => Ok(Fact::int(float.trunc() as i64)),
        _ => result.map(Fact::float),
    });
    vec![result.map(Fact::float), int, result.map(|float| Fact::computed(Value::Bool(float != 0.0)))]
}

fn calculated(inputs: Inputs<'_>, family: &str) -> Outputs {
    let result = inputs.text("expression").and_then(|text| {
        let variable = |name: &str| -> Known<Number> {
            // Older versions of the class took them without the prefix.
            let grown = format!("{family}.{name}");
            let input = if inputs.has(&grown) { &*grown } else { name };
            match inputs.scalar(input)?.value {
                Value::Int(int) => {
                    i64::try_from(int).map(Number::Int).map_err(|_| inputs.unknown(Why::Unfit))
                }
                Value::Bool(bool) => Ok(Number::Int(bool.into())),
                Value::Float(float) => Ok(Number::Float(float)),
                _ => Err(inputs.unknown(Why::Unfit)),
            }
        };
        expression::evaluate(&text, variable).unwrap_or(Err(inputs.unknown(Why::NoTransfer)))
    });
    numbers(result)
}

fn converted(inputs: Inputs<'_>) -> Outputs {
    let mut outputs = numbers(inputs.float("value").map(Number::Float));
    outputs.truncate(2);
    outputs
}

fn switched(inputs: Inputs<'_>) -> Outputs {
    vec![inputs.bool("switch").and_then(|on| inputs.fact(if on { "on_true" } else { "on_false" }))]
}

fn image_size(inputs: Inputs<'_>) -> Outputs {
    let image = inputs.image("image");
    vec![
        image.and_then(|image| image.width).map(Fact::int),
        image.and_then(|image| image.height).map(Fact::int),
        image.and_then(|image| image.count()),
    ]
}

fn image_size_and_count(inputs: Inputs<'_>) -> Outputs {
    let mut outputs = passed(inputs, "image");
    outputs.extend(image_size(inputs));
    outputs
}

/// `comfy_extras/nodes_resolution.py`, `ResolutionSelector`: as many mebipixels in the proportion, each side rounded.
fn resolution(inputs: Inputs<'_>) -> Outputs {
    let ratio = inputs.text("aspect_ratio").and_then(|text| {
        let (width, height) =
            text.split(' ').next().and_then(|ratio| ratio.split_once(':')).unwrap_or_default();
        let number = |text: &str| text.parse::<f64>().map_err(|_| inputs.unknown(Why::Unfit));
        Ok((number(width)?, number(height)?))
    });
    let side = |of: fn((f64, f64)) -> f64| {
        let (width, height) = ratio?;
        let (total, multiple) =
            (inputs.float("megapixels")? * 1024.0 * 1024.0, inputs.int("multiple")?.max(1));
        let scale = (total / (width * height)).sqrt();
        Ok(Fact::int(rounded(of((width, height)) * scale / to_float(multiple)).saturating_mul(multiple)))
    };
    vec![side(|(width, _)| width), side(|(_, height)| height)]
}
