//! Workflows for properties: few classes and values, so that nodes are often alike.

use proptest::collection::vec;
use proptest::prelude::*;
use wfc::catalog::Catalog;
use wfc::ir::{Argument, Graph, Input, Node, NodeId, Origin, TextPlace, Value};

/// A workflow to make.
#[derive(Clone, Debug)]
pub(crate) struct Recipe {
    pub(crate) nodes: Vec<Step>,
}

/// A node: its class, its literals, and which earlier nodes it is linked with.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    class: usize,
    literals: Vec<(usize, i32)>,
    links: Vec<(usize, usize, u32)>,
    title: Option<u8>,
}

/// What becomes of a workflow.
#[derive(Clone, Debug)]
pub(crate) enum Edit {
    Value(usize, i32),
    Remove(usize),
    Add(Step),
    Relink(usize, usize),
    Class(usize, usize),
}

const CLASSES: [&str; 5] = ["KSampler", "VAEDecode", "LoraLoader", "EmptyLatentImage", "No such class"];
const INPUTS: [&str; 5] = ["cfg", "steps", "model", "samples", "name"];

fn step() -> impl Strategy<Value = Step> {
    let literals = vec((0..INPUTS.len(), 0..3), 0..3);
    let links = vec((0..INPUTS.len(), any::<usize>(), 0..2_u32), 0..3);
    (0..CLASSES.len(), literals, links, proptest::option::weighted(0.1, 0..2_u8))
        .prop_map(|(class, literals, links, title)| Step { class, literals, links, title })
}

pub(crate) fn recipe() -> impl Strategy<Value = Recipe> {
    vec(step(), 0..24).prop_map(|nodes| Recipe { nodes })
}

pub(crate) fn edit() -> impl Strategy<Value = Edit> {
    prop_oneof![
        (any::<usize>(), 3..6).prop_map(|(at, value)| Edit::Value(at, value)),
        any::<usize>().prop_map(Edit::Remove),
        step().prop_map(Edit::Add),
        (any::<usize>(), any::<usize>()).prop_map(|(at, to)| Edit::Relink(at, to)),
        (any::<usize>(), 0..CLASSES.len()).prop_map(|(at, class)| Edit::Class(at, class)),
    ]
}

/// A recipe after some edits.
pub(crate) fn edited(recipe: &Recipe, edits: &[Edit]) -> Recipe {
    let mut nodes = recipe.nodes.clone();
    for edit in edits {
        let count = nodes.len();
        match edit {
            Edit::Add(step) => nodes.push(step.clone()),
            _ if count == 0 => {}
            Edit::Value(at, value) => {
                if let Some(literal) = nodes[at % count].literals.first_mut() {
                    literal.1 = *value;
                }
            }
            // Links behind it lead elsewhere, which is a change as well.
            Edit::Remove(at) if at % count == count - 1 => {
                nodes.pop();
            }
            Edit::Remove(_) => {}
            Edit::Relink(at, to) => {
                if let Some(link) = nodes[at % count].links.first_mut() {
                    link.1 = *to;
                }
            }
            Edit::Class(at, class) => nodes[at % count].class = *class,
        }
    }
    Recipe { nodes }
}

/// The graph of a recipe.
pub(crate) fn graph(recipe: &Recipe) -> Graph {
    let catalog = Catalog::embedded();
    let mut graph = Graph::new();
    for (at, step) in recipe.nodes.iter().enumerate() {
        let class = CLASSES[step.class];
        let mut node = Node::new(at.to_string().into(), class.into(), catalog.class(class), Origin::Unknown);
        node.title = step.title.map(|title| format!("title {title}").into());
        let id = graph.add(node).unwrap();
        let mut taken = [false; INPUTS.len()];
        for (input, value) in &step.literals {
            if !std::mem::replace(&mut taken[*input], true) {
                push(&mut graph, id, INPUTS[*input], Argument::Literal(Value::Int((*value).into())));
            }
        }
        for (input, from, slot) in &step.links {
            if at > 0 && !std::mem::replace(&mut taken[*input], true) {
                let from = NodeId::new(from % at);
                push(&mut graph, id, INPUTS[*input], Argument::Link { from, slot: *slot });
            }
        }
    }
    graph
}

fn push(graph: &mut Graph, node: NodeId, name: &str, value: Argument) {
    let input = Input { name: name.into(), value, origin: Origin::Unknown, text: TextPlace::Nowhere };
    graph.push_input(node, input);
}

/// The same workflow with other ids, in another order.
pub(crate) fn shuffled(graph: &Graph, seed: u64) -> Graph {
    let count = graph.len();
    let mut order: Vec<usize> = (0..count).collect();
    let mut state = seed | 1;
    for at in (1..count).rev() {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        order.swap(at, usize::try_from(state >> 33).unwrap() % (at + 1));
    }
    let mut place = vec![0; count];
    for (new, old) in order.iter().enumerate() {
        place[*old] = new;
    }
    let mut out = Graph::new();
    for (new, old) in order.iter().enumerate() {
        let mut node = graph.node(NodeId::new(*old)).without_inputs();
        node.key = new.to_string().into();
        out.add(node).unwrap();
    }
    for (new, old) in order.iter().enumerate() {
        for input in graph.node(NodeId::new(*old)).inputs().iter().rev() {
            let value = match &input.value {
                Argument::Link { from, slot } => {
                    Argument::Link { from: NodeId::new(place[from.index()]), slot: *slot }
                }
                literal @ Argument::Literal(_) => literal.clone(),
            };
            push(&mut out, NodeId::new(new), &input.name, value);
        }
    }
    out
}
