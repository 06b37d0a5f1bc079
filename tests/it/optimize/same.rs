//! On random graphs: the optimised one computes the same, is smallest, and stays as it is when optimised again.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::LazyLock;

use proptest::collection::vec;
use proptest::prelude::*;
use wfc::catalog::Catalog;
use wfc::ir::{Argument, Graph, Input, Node, NodeId, Origin, TextPlace, Value};
use wfc::optimize::{Optimized, optimize};

static CATALOG: LazyLock<Catalog> = LazyLock::new(Catalog::embedded);

/// Pure ones, ones that are not, outputs, and one that no catalog has.
const CLASSES: [&str; 8] = [
    "EmptyImage",
    "ImageInvert",
    "ImageBatch",
    "ImageBatch",
    "RandomNoise",
    "PreviewImage",
    "SaveImage",
    "NobodysNode",
];

/// A node: its class, and for each of up to three inputs what it is given.
type Plan = (usize, Vec<(u8, u32, bool)>);

fn plans() -> impl Strategy<Value = Vec<Plan>> {
    vec((0..CLASSES.len(), vec((any::<u8>(), any::<u32>(), any::<bool>()), 0..4)), 1..24)
}

/// Few different values and few parameters, so that much is equal. Links lead upwards, but for rare ones.
fn graph(plans: &[Plan], circles: bool) -> Graph {
    let mut graph = Graph::new();
    let ids: Vec<NodeId> = plans
        .iter()
        .enumerate()
        .map(|(at, (class, _))| {
            let name = CLASSES[*class];
            let node = Node::new(format!("n{at}").into(), name.into(), CATALOG.class(name), Origin::Unknown);
            graph.add(node).unwrap()
        })
        .collect();
    for (at, (_, inputs)) in plans.iter().enumerate() {
        for (number, (kind, pick, bound)) in inputs.iter().enumerate() {
            let reach = if circles && kind % 13 == 0 { plans.len() } else { at };
            let value = match kind % 3 {
                0 | 1 if reach > 0 => Argument::Link { from: ids[*pick as usize % reach], slot: pick % 2 },
                _ if pick % 2 == 0 => Argument::Literal(Value::Int(1)),
                _ => Argument::Literal(Value::Float(1.0)),
            };
            let is_literal = matches!(value, Argument::Literal(_));
            let name = format!("in{number}").into();
            graph.push_input(ids[at], Input { name, value, origin: Origin::Unknown, text: TextPlace::Here });
            if *bound && is_literal {
                graph.bind(["a", "b"][*pick as usize % 2].into(), ids[at], pick % 5 == 0);
            }
        }
    }
    graph
}

/// What a node computes, unfolded up to its sources. What is not pure or is computed is known by
/// its key, and so is a node that is met again on the way to itself.
fn meaning(graph: &Graph, id: NodeId, known: &mut BTreeMap<NodeId, Option<u64>>) -> u64 {
    let node = graph.node(id);
    let mut hasher = DefaultHasher::new();
    match known.get(&id) {
        Some(Some(meaning)) => return *meaning,
        Some(None) => {
            node.key.hash(&mut hasher);
            return hasher.finish();
        }
        None => {}
    }
    known.insert(id, None);
    node.class_type.hash(&mut hasher);
    let is_computed = graph.bindings().iter().any(|bound| bound.node == id && bound.computed);
    if is_computed || !node.class.as_ref().is_some_and(|class| class.is_pure()) {
        node.key.hash(&mut hasher);
    }
    for (index, input) in node.inputs().iter().enumerate() {
        input.name.hash(&mut hasher);
        match &input.value {
            Argument::Literal(value) => format!("{value:?}").hash(&mut hasher),
            Argument::Link { from, slot } => (meaning(graph, *from, known), slot).hash(&mut hasher),
        }
        let bound = graph.bindings().iter().filter(|bound| bound.node == id && bound.input as usize == index);
        bound.map(|bound| (bound.param.clone(), bound.computed)).collect::<Vec<_>>().hash(&mut hasher);
    }
    let meaning = hasher.finish();
    known.insert(id, Some(meaning));
    meaning
}

/// What every node that must stay computes, by key.
fn meanings(graph: &Graph) -> BTreeMap<String, u64> {
    let stays = |node: &Node| node.class.as_ref().is_none_or(|class| class.output_node);
    let ids: Vec<NodeId> = graph.nodes().filter(|(_, node)| stays(node)).map(|(id, _)| id).collect();
    ids.into_iter()
        .map(|id| (graph.node(id).key.to_string(), meaning(graph, id, &mut BTreeMap::new())))
        .collect()
}

fn cases() -> ProptestConfig {
    let default = ProptestConfig { failure_persistence: None, ..ProptestConfig::default() };
    if std::env::var_os("PROPTEST_CASES").is_some() {
        default
    } else {
        ProptestConfig { cases: 500, ..default }
    }
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn every_output_computes_what_it_did(plans in plans(), circles in any::<bool>()) {
        let graph = graph(&plans, circles);
        let Optimized { graph: optimized, changes } = optimize(&graph);
        prop_assert_eq!(optimized.len() + changes.count(), graph.len());
        if !circles {
            prop_assert_eq!(meanings(&graph), meanings(&optimized));
        }
        // Nothing is left to do, and what is left is in the old order with the old keys.
        prop_assert!(optimize(&optimized).changes.is_empty());
        let keys: Vec<&str> = optimized.nodes().map(|(_, node)| &*node.key).collect();
        let old: Vec<&str> = graph.nodes().map(|(_, node)| &*node.key).filter(|key| keys.contains(key)).collect();
        prop_assert_eq!(keys, old);
    }

    #[test]
    fn only_pure_nodes_merge_and_equal_ones_all_do(plans in plans()) {
        let graph = graph(&plans, false);
        let Optimized { graph: optimized, changes } = optimize(&graph);
        for merged in &changes.merged {
            for key in merged.gone.iter().chain([&merged.kept]) {
                let node = graph.node(graph.find(key).unwrap());
                prop_assert!(["EmptyImage", "ImageInvert", "ImageBatch"].contains(&&*node.class_type));
            }
        }
        let has_output = !meanings(&graph).is_empty();
        prop_assert!(has_output || changes.removed.is_empty());
        let mut known = BTreeMap::new();
        let mut seen = BTreeMap::new();
        for (id, node) in optimized.nodes().filter(|(_, node)| node.class.is_some()) {
            let twin = seen.insert(meaning(&optimized, id, &mut known), node.key.clone());
            prop_assert_eq!(twin, None, "{} is there twice", node.key);
        }
    }
}
