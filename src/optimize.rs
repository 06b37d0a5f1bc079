//! The same workflow with fewer nodes: identical ones are merged, and those without effect go.
//!
//! Two nodes are identical if they have the same class and the same inputs, linked to the same outputs.
//! Merging goes from the sources downwards, so that whole identical branches become one. Only classes that
//! are known to be pure ([`NodeClass::is_pure`]) merge: nothing that saves, that loads what may change, or
//! that draws random numbers.
//!
//! An input that a parameter reaches is the same only as one that the same parameter reaches, and an input that is
//! computed from parameters is like no other, since another value may tell them apart. So whoever sets a parameter
//! later still sets it everywhere, and nowhere else; what merges does not depend on values of parameters.

use std::fmt::Write as _;
use std::hash::{Hash as _, Hasher as _};
use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet, FxHasher};

use crate::ir::{Argument, Binding, Graph, Input, Node, NodeId, Value};

#[cfg(doc)]
use crate::catalog::NodeClass;

/// A graph and what was done to it.
#[derive(Clone, Debug)]
pub struct Optimized {
    /// The graph that is left. Nodes keep their keys and their order.
    pub graph: Graph,
    /// What was done.
    pub changes: Changes,
}

/// What an optimisation did, in the order of the graph.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// Nodes that stand for others now, by their keys.
    pub merged: Vec<Merged>,
    /// Nodes that no output depended on.
    pub removed: Vec<Arc<str>>,
}

/// A node that stands for others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Merged {
    /// The key of the node that is left: the first one.
    pub kept: Arc<str>,
    /// The keys of the nodes that it stands for.
    pub gone: Vec<Arc<str>>,
}

impl Changes {
    /// True if nothing was done.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.merged.is_empty() && self.removed.is_empty()
    }

    /// How many nodes are gone.
    #[must_use]
    pub fn count(&self) -> usize {
        self.removed.len() + self.merged.iter().map(|merged| merged.gone.len()).sum::<usize>()
    }
}

/// Merges what is identical and removes what has no effect. Every output node stays, and gets what it got.
///
/// The graph may be wrong in any way: nodes of unknown classes stay and count as outputs, nodes in a circle
/// stay, and without any output nothing is removed.
#[must_use]
pub fn optimize(graph: &Graph) -> Optimized {
    let alive = alive(graph);
    let stands_for = merge(graph, &alive);
    let mut changes = Changes::default();
    let mut groups: FxHashMap<NodeId, usize> = FxHashMap::default();
    for (id, node) in graph.nodes() {
        if !alive[id.index()] {
            changes.removed.push(node.key.clone());
            continue;
        }
        let kept = stands_for[id.index()];
        if kept != id {
            let at = *groups.entry(kept).or_insert_with(|| {
                changes.merged.push(Merged { kept: graph.node(kept).key.clone(), gone: Vec::new() });
                changes.merged.len() - 1
            });
            changes.merged[at].gone.push(node.key.clone());
        }
    }
    Optimized { graph: rebuilt(graph, &alive, &stands_for), changes }
}

/// The nodes that would stand for others, each with those others, in the order of the graph.
#[must_use]
pub fn repeated(graph: &Graph) -> Vec<(NodeId, Vec<NodeId>)> {
    let alive = alive(graph);
    if !may_repeat(graph, &alive) {
        return Vec::new();
    }
    let stands_for = merge(graph, &alive);
    let mut groups: FxHashMap<NodeId, usize> = FxHashMap::default();
    let mut repeated: Vec<(NodeId, Vec<NodeId>)> = Vec::new();
    for (id, _) in graph.nodes() {
        let kept = stands_for[id.index()];
        if kept != id {
            let at = *groups.entry(kept).or_insert(repeated.len());
            if at == repeated.len() {
                repeated.push((kept, Vec::new()));
            }
            repeated[at].1.push(id);
        }
    }
    repeated
}

/// False if no two pure nodes are given the same, which is told by far faster than which ones are.
fn may_repeat(graph: &Graph, alive: &[bool]) -> bool {
    let is_candidate = |(id, node): &(NodeId, &Node)| {
        alive[id.index()] && node.class.as_ref().is_some_and(|class| class.is_pure())
    };
    let mut seen = FxHashSet::default();
    // Two nodes of equal shape may differ all the same; then nothing comes of looking closer.
    graph.nodes().filter(is_candidate).any(|(_, node)| !seen.insert(shape(node)))
}

/// What tells nodes apart that are given something else.
fn shape(node: &Node) -> u64 {
    let mut hasher = FxHasher::default();
    node.class_type.hash(&mut hasher);
    for input in node.inputs() {
        input.name.hash(&mut hasher);
        match &input.value {
            Argument::Link { from, slot } => (from, slot).hash(&mut hasher),
            Argument::Literal(Value::Str(text)) => text.hash(&mut hasher),
            Argument::Literal(Value::Int(int)) => int.hash(&mut hasher),
            Argument::Literal(Value::Float(float)) => float.to_bits().hash(&mut hasher),
            Argument::Literal(Value::Bool(bool)) => bool.hash(&mut hasher),
            Argument::Literal(_) => {}
        }
    }
    hasher.finish()
}

/// By node index: whether an output depends on the node, or a node of which nothing is known.
fn alive(graph: &Graph) -> Vec<bool> {
    let is_output = |node: &Node| node.class.as_ref().is_none_or(|class| class.output_node);
    let outputs: Vec<NodeId> = graph.nodes().filter(|(_, node)| is_output(node)).map(|(id, _)| id).collect();
    if outputs.is_empty() { vec![true; graph.len()] } else { graph.ancestors(outputs) }
}

/// By node index: the node that stands for it, often itself. It is the first one of those that are identical.
fn merge(graph: &Graph, alive: &[bool]) -> Vec<NodeId> {
    let mut stands_for: Vec<NodeId> = graph.nodes().map(|(id, _)| id).collect();
    let bound = bound(graph);
    let mut known: FxHashMap<String, NodeId> = FxHashMap::default();
    // By node index: the node whose description it shares. Sources come first, so all links are settled.
    let mut same: Vec<NodeId> = stands_for.clone();
    for id in sources_first(graph) {
        let node = graph.node(id);
        let bound = &bound[id.index()];
        let is_pure = node.class.as_ref().is_some_and(|class| class.is_pure());
        if is_pure && alive[id.index()] && !bound.iter().any(|binding| binding.computed) {
            same[id.index()] = *known.entry(description(node, &same, bound)).or_insert(id);
        }
    }
    // Which of them is met first depends on the links; the first one in the graph is easier to find.
    let mut first: FxHashMap<NodeId, NodeId> = FxHashMap::default();
    for (id, _) in graph.nodes() {
        stands_for[id.index()] = *first.entry(same[id.index()]).or_insert(id);
    }
    stands_for
}

/// By node index: the bindings of its inputs.
fn bound(graph: &Graph) -> Vec<Vec<&Binding>> {
    let mut bound = vec![Vec::new(); graph.len()];
    for binding in graph.bindings() {
        bound[binding.node.index()].push(binding);
    }
    bound
}

/// Every node behind those that it is linked to; nodes in a circle, and what follows them, are left out.
fn sources_first(graph: &Graph) -> Vec<NodeId> {
    let mut missing = vec![0_usize; graph.len()];
    for (id, node) in graph.nodes() {
        missing[id.index()] = links(node).count();
    }
    let is_source = |(id, _): &(NodeId, &Node)| missing[id.index()] == 0;
    let mut order: Vec<NodeId> = graph.nodes().filter(is_source).map(|(id, _)| id).collect();
    let mut next = 0;
    while let Some(&id) = order.get(next) {
        next += 1;
        for (target, _) in graph.consumers(id) {
            missing[target.index()] -= 1;
            if missing[target.index()] == 0 {
                order.push(target);
            }
        }
    }
    order
}

fn links(node: &Node) -> impl Iterator<Item = NodeId> {
    node.inputs().iter().filter_map(|input| match input.value {
        Argument::Link { from, .. } => Some(from),
        Argument::Literal(_) => None,
    })
}

/// What makes a node what it is, equal for identical nodes and different for others. Texts are quoted in
/// it, so that none can look like something else.
fn description(node: &Node, same: &[NodeId], bound: &[&Binding]) -> String {
    let mut inputs: Vec<(usize, &Input)> = node.inputs().iter().enumerate().collect();
    inputs.sort_by(|(_, a), (_, b)| a.name.cmp(&b.name));
    let mut text = format!("{:?} {}", node.class_type, node.lacks_inputs);
    for (index, input) in inputs {
        // Writing to memory cannot fail.
        let _ = match &input.value {
            // With its type: 1 is not 1.0.
            Argument::Literal(value) => write!(text, " {:?}={value:?}", input.name),
            Argument::Link { from, slot } => {
                write!(text, " {:?}={}.{slot}", input.name, same[from.index()].index())
            }
        };
        let params = bound.iter().filter(|binding| binding.input as usize == index);
        let mut params: Vec<&str> = params.map(|binding| &*binding.param).collect();
        params.sort_unstable();
        for param in params {
            let _ = write!(text, " {param:?}");
        }
    }
    text
}

/// The graph without what is gone, every link to the node that stands for its source.
fn rebuilt(graph: &Graph, alive: &[bool], stands_for: &[NodeId]) -> Graph {
    let stays = |id: NodeId| alive[id.index()] && stands_for[id.index()] == id;
    let mut rebuilt = Graph::with_capacity(graph.len());
    let mut ids: FxHashMap<NodeId, NodeId> = FxHashMap::default();
    for (id, node) in graph.nodes().filter(|(id, _)| stays(*id)) {
        if let Ok(new) = rebuilt.add(node.without_inputs()) {
            ids.insert(id, new);
        }
    }
    let bound = bound(graph);
    for (id, node) in graph.nodes().filter(|(id, _)| stays(*id)) {
        let Some(&new) = ids.get(&id) else { continue };
        for (index, input) in node.inputs().iter().enumerate() {
            let value = match &input.value {
                Argument::Link { from, slot } => match ids.get(&stands_for[from.index()]) {
                    Some(&from) => Argument::Link { from, slot: *slot },
                    None => continue,
                },
                literal @ Argument::Literal(_) => literal.clone(),
            };
            rebuilt.push_input(new, Input { value, ..input.clone() });
            for binding in bound[id.index()].iter().filter(|binding| binding.input as usize == index) {
                rebuilt.bind(binding.param.clone(), new, binding.computed);
            }
        }
    }
    rebuilt
}
