//! A workflow as text for version control: one node a line, sources first, and only what decides what runs.
//!
//! ```text
//! text: CLIPTextEncode(clip=clip, text="a woman dances")
//! sampler: KSampler(latent_image=empty, model=unet, negative=no_text, positive=text, cfg=5.0, seed=42)
//! ```
//!
//! A name that somebody gave a node stays. A number, as editors give, is none: such nodes are called by their class and
//! counted in the order of the lines, so that numbering a workflow anew changes nothing. What is given the default that
//! its class declares is left out, and what is not given though its class has a default is marked with `?`: so nothing is
//! lost. Titles, layout, and the order of nodes and inputs are not in the text.
//!
//! The order follows links from what nothing depends on, by the names of inputs, and never what values are: a change of a
//! value changes its line alone.

mod order;

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::matching::colors::is_float;
use crate::ir::{Argument, Graph, Input, Node, NodeId, Value};

/// Version of the text. It grows when the same workflow gets another text.
pub const VERSION: u32 = 1;

/// A text of more bytes is cut.
const LONG: usize = 4096;
/// So many bytes of a text that is cut are shown.
const SHOWN: usize = 256;

/// The text of a workflow; the same for workflows that differ in numbers of nodes, order and titles alone, and another one
/// for others.
#[must_use]
pub fn text(graph: &Graph) -> String {
    let order = order::sources_first(graph);
    let names = names(graph, &order);
    let mut out = String::new();
    for id in order {
        let node = graph.node(id);
        let name = names.get(id.index()).map_or("", |name| name.as_str());
        out.push_str(name);
        if is_named(&node.key) {
            let _ = write!(out, ": {}", class(node));
        }
        let _ = writeln!(out, "({})", inputs(graph, node, &names));
    }
    out
}

/// What every node is called.
fn names(graph: &Graph, order: &[NodeId]) -> Vec<String> {
    let mut names = vec![String::new(); graph.len()];
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for id in order {
        let node = graph.node(*id);
        let name = if is_named(&node.key) {
            if is_word(&node.key) { node.key.to_string() } else { format!("@{}", quoted(&node.key)) }
        } else {
            let count = counts.entry(&node.class_type).or_default();
            *count += 1;
            format!("{}#{count}", class(node))
        };
        if let Some(place) = names.get_mut(id.index()) {
            *place = name;
        }
    }
    names
}

/// True for names that somebody gave. Editors count, and put `:` between the numbers of subgraphs.
fn is_named(key: &str) -> bool {
    key.chars().any(char::is_alphabetic)
}

fn class(node: &Node) -> String {
    if is_word(&node.class_type) { node.class_type.to_string() } else { quoted(&node.class_type) }
}

/// What a node is given: links, then values, each by name.
fn inputs(graph: &Graph, node: &Node, names: &[String]) -> String {
    let (mut links, mut values) = (Vec::new(), Vec::new());
    for input in node.inputs() {
        match &input.value {
            Argument::Link { from, slot } => {
                let from_name = names.get(from.index()).map_or("", |name| name.as_str());
                links.push((&*input.name, format!("{from_name}{}", output(graph.node(*from), *slot))));
            }
            Argument::Literal(value) if is_default(node, input, value) => {}
            Argument::Literal(value) => values.push((&*input.name, literal(node, &input.name, value))),
        }
    }
    let specs = node.class.iter().flat_map(|class| class.inputs.iter());
    let missing = specs.filter(|spec| spec.default.is_some() && node.input(&spec.name).is_none());
    values.extend(missing.map(|spec| (&*spec.name, "?".to_owned())));
    links.sort();
    values.sort();
    let all = links.into_iter().chain(values);
    let all = all.map(|(name, value)| {
        let name = if is_input(name) { name.to_owned() } else { quoted(name) };
        format!("{name}={value}")
    });
    all.collect::<Vec<_>>().join(", ")
}

/// An output: nothing for the first one, its name where that tells it from the others, or else its number.
fn output(node: &Node, slot: u32) -> String {
    if slot == 0 {
        return String::new();
    }
    let outputs = node.class.as_ref().map(|class| &*class.outputs).unwrap_or_default();
    let name = outputs.get(slot as usize).map(|output| &*output.name);
    let is_alone = |name: &&str| outputs.iter().filter(|output| &*output.name == *name).count() == 1;
    match name.filter(|name| is_word(name)).filter(is_alone) {
        Some(name) => format!(".{name}"),
        None => format!(".{slot}"),
    }
}

/// Whether an input is given what its class declares as default.
fn is_default(node: &Node, input: &Input, value: &Value) -> bool {
    let class = node.class.as_ref().and_then(|class| class.input(&input.name));
    class.and_then(|spec| spec.default.as_ref()).is_some_and(|default| {
        literal(node, &input.name, &Value::from_json(default)) == literal(node, &input.name, value)
    })
}

/// A value; where a class reads floats, `1` is `1.0`.
fn literal(node: &Node, input: &str, value: &Value) -> String {
    match value {
        Value::Int(_) if is_float(node, input) => float(value.as_f64().unwrap_or_default()),
        _ => plain(value),
    }
}

fn plain(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(bool) => bool.to_string(),
        Value::Int(int) => int.to_string(),
        Value::Float(number) => float(*number),
        Value::Str(text) => quoted(text),
        Value::List(items) => format!("[{}]", items.iter().map(plain).collect::<Vec<_>>().join(", ")),
        Value::Map(entries) => {
            let entries = entries.iter().map(|(key, value)| format!("{}: {}", quoted(key), plain(value)));
            format!("{{{}}}", entries.collect::<Vec<_>>().join(", "))
        }
    }
}

fn float(number: f64) -> String {
    // 0.0 is -0.0.
    Value::Float(number + 0.0).to_string()
}

/// A text in quotes on one line. Of a long one the beginning is shown, with its length and a hash that tells it from
/// others.
fn quoted(text: &str) -> String {
    let (shown, rest) = if text.len() > LONG {
        let end = text.floor_char_boundary(SHOWN);
        (text.get(..end).unwrap_or_default(), true)
    } else {
        (text, false)
    };
    let mut out = String::with_capacity(shown.len() + 2);
    for c in Value::Str(shown.into()).to_string().chars() {
        if is_invisible(c) {
            let _ = write!(out, "\\u{:04x}", u32::from(c));
        } else {
            out.push(c);
        }
    }
    if rest {
        let hash = blake3::hash(text.as_bytes()).to_hex();
        let _ = write!(out, "…{} bytes, blake3 {}", text.len(), hash.get(..32).unwrap_or_default());
    }
    out
}

/// True for what JSON lets stand, though it ends lines, moves the text around it, or cannot be seen.
const fn is_invisible(c: char) -> bool {
    matches!(c, '\u{7f}'..='\u{9f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

/// True for what needs no quotes and can be taken for nothing else.
fn is_word(text: &str) -> bool {
    let is_start = |c: char| c.is_ascii_alphabetic() || c == '_';
    text.starts_with(is_start)
        && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '+'))
        && !matches!(text, "true" | "false" | "null")
}

fn is_input(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_texts_are_told_apart_by_what_is_not_shown() {
        let one = "é".repeat(LONG);
        let other = format!("{}x", "é".repeat(LONG - 1));
        assert_ne!(quoted(&one), quoted(&other));
        assert!(quoted(&one).len() < 2 * SHOWN);
        assert_eq!(quoted("a\n\u{2028}\"b\""), "\"a\\n\\u2028\\\"b\\\"\"");
    }

    #[test]
    fn words_are_no_values() {
        assert!(is_word("scail_ref") && is_word("lora-1"));
        for text in ["", "true", "1a", "a b", "a.b", "a#1"] {
            assert!(!is_word(text), "{text}");
        }
        assert!(is_named("lora-1") && !is_named("104:92"));
    }
}
