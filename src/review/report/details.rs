//! What nodes are given, before and after, for who looks at one of them.

use std::collections::BTreeSet;

use serde::Serialize;

use crate::ir::{Argument, Graph, Node};
use crate::review::matching::{Inputs, Matching};
use crate::review::picture::Mark;
use crate::review::side::Side;
use crate::review::words::printable;

/// Longer values are cut, in characters.
const MAX_VALUE: usize = 4_000;

/// What a node is given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NodeDetails {
    /// What the picture calls it.
    pub key: String,
    /// Its key before, if it was another.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub was: Option<String>,
    /// Its class, and what it was if that was another.
    pub class: String,
    /// Its title, if it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// The pack that the class is of, if it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pack: Option<String>,
    /// The name of its mark; nothing if it is the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mark: Option<&'static str>,
    /// What it is given: what changed first.
    pub inputs: Vec<InputDetails>,
}

/// What an input is given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct InputDetails {
    /// Its name.
    pub name: String,
    /// Before; nothing if it was not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub old: Option<String>,
    /// After; nothing if it is not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub new: Option<String>,
    /// True if that is the same; then `new` alone has it.
    pub same: bool,
}

/// The nodes of both sides: those of the new one, then those that are gone.
pub(super) fn both(old: &Side<'_>, new: &Side<'_>, matching: &Matching) -> Vec<NodeDetails> {
    let mut all = Vec::with_capacity(new.graph.len());
    for (id, node) in new.graph.nodes() {
        let Some(before) = matching.old_of(id) else {
            all.push(alone(new.graph, node, Mark::Added));
            continue;
        };
        let was = old.graph.node(before);
        let mut details = head(node);
        details.was = (was.key != node.key).then(|| was.key.to_string());
        if was.class_type != node.class_type {
            details.class = format!("{}, was {}", node.class_type, was.class_type);
        }
        let (given, inputs) = (Inputs::of(was), Inputs::of(node));
        let (mut kept, mut changed) = (Vec::new(), Vec::new());
        for input in node.inputs() {
            let before = given.get(&input.name).map(|input| &input.value);
            let is_same = before
                .is_some_and(|before| matching.is_same((was, before), (node, &input.value), &input.name));
            let shown = InputDetails {
                name: input.name.to_string(),
                old: before.filter(|_| !is_same).map(|before| value(old.graph, before)),
                new: Some(value(new.graph, &input.value)),
                same: is_same,
            };
            if is_same { kept.push(shown) } else { changed.push(shown) }
        }
        for input in was.inputs().iter().filter(|input| inputs.get(&input.name).is_none()) {
            changed.push(InputDetails {
                name: input.name.to_string(),
                old: Some(value(old.graph, &input.value)),
                new: None,
                same: false,
            });
        }
        if !changed.is_empty() || was.class_type != node.class_type {
            details.mark = Mark::Changed.name();
        }
        changed.append(&mut kept);
        details.inputs = changed;
        all.push(details);
    }
    let mut keys: BTreeSet<String> = all.iter().map(|details| details.key.clone()).collect();
    for (_, node) in old.graph.nodes().filter(|(id, _)| matching.new_of(*id).is_none()) {
        let mut details = alone(old.graph, node, Mark::Removed);
        while !keys.insert(details.key.clone()) {
            details.key += " (before)";
        }
        all.push(details);
    }
    all
}

/// The nodes of the only side that there is.
pub(super) fn one(side: &Side<'_>) -> Vec<NodeDetails> {
    side.graph.nodes().map(|(_, node)| alone(side.graph, node, Mark::Same)).collect()
}

fn alone(graph: &Graph, node: &Node, mark: Mark) -> NodeDetails {
    let is_gone = mark == Mark::Removed;
    let inputs = node.inputs().iter().map(|input| {
        let value = Some(value(graph, &input.value));
        let (old, new) = if is_gone { (value, None) } else { (None, value) };
        InputDetails { name: input.name.to_string(), old, new, same: mark == Mark::Same }
    });
    NodeDetails { mark: mark.name(), inputs: inputs.collect(), ..head(node) }
}

fn head(node: &Node) -> NodeDetails {
    NodeDetails {
        key: node.key.to_string(),
        was: None,
        class: node.class_type.to_string(),
        title: node.title.as_deref().map(ToOwned::to_owned),
        pack: node.class.as_ref().map(|class| class.pack.to_string()),
        mark: None,
        inputs: Vec::new(),
    }
}

/// A value as it is written, or where it comes from.
fn value(graph: &Graph, given: &Argument) -> String {
    match given {
        Argument::Literal(value) => printable(&cut(&value.to_string(), MAX_VALUE)),
        Argument::Link { from, slot } => {
            let node = graph.node(*from);
            let output = node.class.as_ref().and_then(|class| class.outputs.get(*slot as usize));
            let output = output.map_or_else(|| format!("output {slot}"), |output| output.name.to_string());
            printable(&format!("← {}.{output}", node.key))
        }
    }
}

/// The beginning of a text, if it is longer.
pub(super) fn cut(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}
