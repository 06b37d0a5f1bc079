//! What the links of a workflow tell about its nodes: which prompts are negative, which models are the
//! high-noise expert, what constants mean.

use super::facts::{self, Tunable};
use crate::ir::{Argument, Graph, Node, NodeId, Value};

/// Two marks that a node may have, each or both.
type Marks = [bool; 2];

/// What the links tell, by node.
#[derive(Debug)]
pub(super) struct Hints {
    /// Reaches inputs for positive prompts; for negative ones.
    prompts: Vec<Marks>,
    /// Comes from a model for high noise; for low noise.
    experts: Vec<Marks>,
    /// True if there is a model of the Wan family in the workflow.
    pub(super) is_wan: bool,
}

impl Hints {
    pub(super) fn new(graph: &Graph) -> Self {
        Self { prompts: prompts(graph), experts: experts(graph), is_wan: is_of_wan(graph) }
    }

    /// True if all that the node's prompt does is to avoid things.
    pub(super) fn is_negative(&self, node: NodeId) -> bool {
        self.prompts[node.index()] == [false, true]
    }

    /// `positive` or `negative`, if the node's output is one of them.
    pub(super) fn prompt(&self, node: NodeId) -> Option<&'static str> {
        match self.prompts[node.index()] {
            [true, _] => Some("positive"),
            [false, true] => Some("negative"),
            [false, false] => None,
        }
    }

    /// `high` or `low`, if the node belongs to one of two experts.
    pub(super) fn expert(&self, node: NodeId) -> Option<&'static str> {
        match self.experts[node.index()] {
            [true, false] => Some("high"),
            [false, true] => Some("low"),
            _ => None,
        }
    }
}

/// `on` or `off`, if all that a node does is to be one side of a switch.
pub(super) fn side(graph: &Graph, node: NodeId) -> Option<&'static str> {
    let mut sides = graph.consumers(node).map(|(consumer, link)| {
        match &*graph.node(consumer).inputs().get(link.input as usize)?.name {
            "on_true" => Some("on"),
            "on_false" => Some("off"),
            _ => None,
        }
    });
    let first = sides.next()??;
    sides.all(|side| side == Some(first)).then_some(first)
}

/// What a constant means: the row that all inputs it reaches have in common.
pub(super) fn meaning(graph: &Graph, node: NodeId) -> Option<&'static Tunable> {
    let mut rows = graph.consumers(node).map(|(consumer, link)| {
        let consumer = graph.node(consumer);
        let input = consumer.inputs().get(link.input as usize)?;
        facts::of_input(&consumer.class_type, &input.name)
    });
    let first = rows.next()??;
    let common = rows.all(|row| row.is_some_and(|row| row.param == first.param));
    (common && !first.param.starts_with(['_', '='])).then_some(first)
}

/// Walks against the links that carry prompts, from the inputs that are called positive or negative.
fn prompts(graph: &Graph) -> Vec<Marks> {
    let mut marks = vec![[false; 2]; graph.len()];
    let mut queue = Vec::new();
    for (_, node) in graph.nodes() {
        for input in node.inputs() {
            let Argument::Link { from, slot } = input.value else { continue };
            let name = input.name.to_ascii_lowercase();
            let found = [name.contains("positive"), name.contains("negative")];
            if carries(graph, from, slot, &["CONDITIONING", "STRING", "WANVIDEOTEXTEMBEDS"]) {
                spread(&mut marks, from, found, &mut queue);
            }
        }
    }
    while let Some(node) = queue.pop() {
        let found = marks[node.index()];
        for input in graph.node(node).inputs() {
            let Argument::Link { from, slot } = input.value else { continue };
            let name = input.name.to_ascii_lowercase();
            let decided = name.contains("positive") || name.contains("negative");
            if !decided && carries(graph, from, slot, &["CONDITIONING", "STRING"]) {
                spread(&mut marks, from, found, &mut queue);
            }
        }
    }
    marks
}

/// Walks along the links that carry models, from the loaders whose file is for high or low noise.
fn experts(graph: &Graph) -> Vec<Marks> {
    let mut marks = vec![[false; 2]; graph.len()];
    let mut queue = Vec::new();
    for (id, node) in graph.nodes() {
        let has = |words: &[&str]| files(node).any(|file| words.iter().any(|word| file.contains(word)));
        let found = [
            has(&["high_noise", "highnoise", "-high", "_high"]),
            has(&["low_noise", "lownoise", "-low", "_low"]),
        ];
        spread(&mut marks, id, found, &mut queue);
    }
    while let Some(node) = queue.pop() {
        let found = marks[node.index()];
        for (consumer, link) in graph.consumers(node) {
            // A switch gives what it is given.
            if carries(graph, node, link.slot, &["MODEL", "WANVIDEOMODEL", "WANVIDLORA", "*"]) {
                spread(&mut marks, consumer, found, &mut queue);
            }
        }
    }
    // WanVideoWrapper's LoRAs are no part of the way of the model: they belong to what they go into.
    queue.extend(graph.nodes().map(|(id, _)| id));
    while let Some(node) = queue.pop() {
        let found = marks[node.index()];
        for input in graph.node(node).inputs() {
            if let Argument::Link { from, slot } = input.value
                && carries(graph, from, slot, &["WANVIDLORA"])
            {
                spread(&mut marks, from, found, &mut queue);
            }
        }
    }
    // One expert alone is just the model.
    let has = |one: Marks| marks.contains(&one);
    if has([true, false]) && has([false, true]) { marks } else { vec![[false; 2]; graph.len()] }
}

/// Adds marks to a node. It is looked at again only if it got new ones, so every walk ends.
fn spread(marks: &mut [Marks], node: NodeId, found: Marks, queue: &mut Vec<NodeId>) {
    let present = &mut marks[node.index()];
    let all = [present[0] || found[0], present[1] || found[1]];
    if *present != all {
        *present = all;
        queue.push(node);
    }
}

pub(super) fn carries(graph: &Graph, from: NodeId, slot: u32, types: &[&str]) -> bool {
    let output = graph.node(from).class.as_ref().and_then(|class| class.outputs.get(slot as usize));
    output.is_some_and(|output| {
        types.contains(&&*output.types) || output.template.is_some() && types.contains(&"*")
    })
}

/// True if there is a model of the Wan family in the workflow.
pub(super) fn is_of_wan(graph: &Graph) -> bool {
    graph.nodes().any(|(_, node)| is_wan(node))
}

fn is_wan(node: &Node) -> bool {
    let stage = facts::of_class(&node.class_type).and_then(|fact| fact.stage);
    match stage {
        Some("wan" | "scail" | "uni3c") => true,
        Some("sample") => files(node).any(|file| file.contains("wan")),
        _ => false,
    }
}

/// The model files that a node names, in lower case.
fn files(node: &Node) -> impl Iterator<Item = String> {
    node.inputs().iter().filter_map(|input| {
        let folder = node.class.as_ref()?.input(&input.name)?.kind.folder();
        let Argument::Literal(Value::Str(file)) = &input.value else { return None };
        folder.filter(|folder| *folder != "input").map(|_| file.to_lowercase())
    })
}
