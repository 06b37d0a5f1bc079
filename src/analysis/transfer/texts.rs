//! Texts: joining, replacing, comparing. `comfy_extras/nodes_string.py`.

use super::{Outputs, Table};
use crate::analysis::fact::{Fact, Known, Why};
use crate::analysis::inputs::Inputs;
use crate::ir::Value;

/// A text that is longer than this is not made: nodes that join with themselves would double it.
const LONGEST: usize = 1 << 20;

pub(super) const TABLE: Table = &[
    ("StringCompare", |inputs| vec![compared(inputs)]),
    ("StringConcatenate", |inputs| text(inputs, concatenated(inputs))),
    ("StringReplace", |inputs| text(inputs, replaced(inputs))),
];

fn text(inputs: Inputs<'_>, text: Known<String>) -> Outputs {
    vec![text.and_then(|text| {
        let fits = text.len() <= LONGEST;
        fits.then(|| Fact::computed(Value::Str(text.into()))).ok_or(inputs.unknown(Why::NoTransfer))
    })]
}

fn concatenated(inputs: Inputs<'_>) -> Known<String> {
    Ok([&*inputs.text("string_a")?, &*inputs.text("string_b")?].join(&inputs.text("delimiter")?))
}

fn replaced(inputs: Inputs<'_>) -> Known<String> {
    let (text, find, replace) = (inputs.text("string")?, inputs.text("find")?, inputs.text("replace")?);
    // A replacement for every character of a long text can be longer than memory.
    let longest = text.len().saturating_add((text.len() + 1).saturating_mul(replace.len()));
    if longest > LONGEST { Err(inputs.unknown(Why::NoTransfer)) } else { Ok(text.replace(&*find, &replace)) }
}

fn compared(inputs: Inputs<'_>) -> Known<Fact> {
    let (one, other) = (inputs.text("string_a")?, inputs.text("string_b")?);
    let same = inputs.bool("case_sensitive")?;
    let cased = |text: &str| if same { text.to_owned() } else { text.to_lowercase() };
    let (one, other) = (cased(&one), cased(&other));
    Ok(Fact::computed(Value::Bool(match &*inputs.text("mode")? {
        "Equal" => one == other,
        "Starts With" => one.starts_with(&other),
        "Ends With" => one.ends_with(&other),
        _ => return Err(inputs.unknown(Why::NoTransfer)),
    })))
}
