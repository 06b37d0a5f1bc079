//! Colours of nodes: hashes of what a node is and what surrounds it. Nodes of one colour may be one another's partners.

use std::cmp::Ordering;
use std::hash::{Hash as _, Hasher as _};

use rustc_hash::FxHasher;

use crate::catalog::InputKind;
use crate::ir::{Argument, Graph, Node, Value};

/// A colour of every node.
pub(super) type Colors = Vec<u64>;

/// A node with more targets is one that many depend on.
const HUB: usize = 8;
/// So far around is looked where whole surroundings differ.
const ROUNDS: usize = 3;

/// A link as its target sees it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wire {
    /// The other end: where it comes from, or where it leads to.
    pub(super) end: usize,
    /// Hash of the input's name and the output's slot.
    pub(super) port: u64,
    /// Hash of the input's name.
    pub(super) input: u64,
}

/// A workflow as it is matched.
pub(super) struct View<'g> {
    pub(super) graph: &'g Graph,
    /// The nodes, each behind those that it depends on.
    pub(super) order: Vec<usize>,
    /// The links into every node, sorted by port.
    pub(super) sources: Vec<Vec<Wire>>,
    /// The links out of every node.
    pub(super) targets: Vec<Vec<Wire>>,
    /// Every literal of every node: hash of name and value, sorted.
    pub(super) literals: Vec<Vec<u64>>,
    /// The name of every input of every node, sorted.
    pub(super) names: Vec<Vec<u64>>,
    /// The title.
    pub(super) title: Colors,
    /// The class.
    pub(super) class: Colors,
    /// Class and title.
    pub(super) kind: Colors,
    /// Class, title, literals, and which inputs are linked.
    pub(super) own: Colors,
    /// Class and title, and those of the nodes it is linked with.
    pub(super) beside: Colors,
    /// The same of the nodes that these are linked with.
    pub(super) near: Colors,
    /// All that it depends on.
    pub(super) up: Colors,
    /// All that depends on it.
    pub(super) down: Colors,
    /// Both.
    pub(super) both: Colors,
    /// Both, with what is linked with it three links around, but for nodes that many others depend on.
    pub(super) context: Colors,
    /// Both, with what is linked with these, and all that it is connected with in any way.
    pub(super) whole: Colors,
}

impl<'g> View<'g> {
    /// Looks at a workflow; titles tell nodes apart if they count.
    pub(super) fn new(graph: &'g Graph, titles_count: bool) -> Self {
        let count = graph.len();
        let mut view = View {
            graph,
            order: graph.dependencies_first().into_iter().map(petgraph_index).collect(),
            sources: Vec::with_capacity(count),
            targets: vec![Vec::new(); count],
            literals: Vec::with_capacity(count),
            names: Vec::with_capacity(count),
            title: Vec::with_capacity(count),
            class: Vec::with_capacity(count),
            kind: Vec::with_capacity(count),
            own: Vec::with_capacity(count),
            beside: Vec::new(),
            near: Vec::new(),
            up: Vec::new(),
            down: Vec::new(),
            both: Vec::new(),
            context: Vec::new(),
            whole: Vec::new(),
        };
        for (id, node) in graph.nodes() {
            view.add(id.index(), node, titles_count);
        }
        view.beside = view.refined(&view.kind);
        view.near = view.refined(&view.beside);
        view.up = along(&view.own, &view.sources, view.order.iter().copied());
        view.down = along(&view.own, &view.targets, view.order.iter().rev().copied());
        view.both = view.up.iter().zip(&view.down).map(|(up, down)| mix(*up, *down)).collect();
        view.context = view.in_context();
        let whole = view.refined(&view.refined(&view.both));
        view.whole = view.with_component(&whole);
        view
    }

    fn add(&mut self, at: usize, node: &Node, titles_count: bool) {
        let class = hash_of(&node.class_type);
        let title = hash_of(&own_title(node));
        let kind = mix(class, if titles_count { title } else { 0 });
        let (mut sources, mut literals, mut own) = (Vec::new(), Vec::new(), kind);
        let mut names = Vec::with_capacity(node.inputs().len());
        for input in node.inputs() {
            let name = hash_of(&input.name);
            names.push(name);
            let given = match &input.value {
                Argument::Link { from, slot } => {
                    let port = mix(name, u64::from(*slot));
                    sources.push(Wire { end: from.index(), port, input: name });
                    if let Some(targets) = self.targets.get_mut(from.index()) {
                        targets.push(Wire { end: at, port, input: name });
                    }
                    port
                }
                Argument::Literal(value) => {
                    let literal = mix(name, value_hash(value, is_float(node, &input.name)));
                    literals.push(literal);
                    mix(literal, 1)
                }
            };
            own = own.wrapping_add(given);
        }
        sources.sort_by_key(|wire| wire.port);
        literals.sort_unstable();
        names.sort_unstable();
        self.sources.push(sources);
        self.literals.push(literals);
        self.names.push(names);
        self.title.push(title);
        self.class.push(class);
        self.kind.push(kind);
        self.own.push(mix(own, kind));
    }

    /// The titles, in an order that ids and places in the file have no part in.
    pub(super) fn sorted_titles(&self) -> Colors {
        let mut titles = self.title.clone();
        titles.sort_unstable();
        titles
    }

    /// Every colour with those of the nodes around it.
    fn refined(&self, colors: &Colors) -> Colors {
        let around = |wires: &[Wire], seed: u64| {
            let all = wires.iter().map(|wire| mix(wire.port ^ seed, color(colors, wire.end)));
            all.fold(0, u64::wrapping_add)
        };
        let nodes = colors.iter().zip(&self.sources).zip(&self.targets);
        nodes
            .map(|((own, sources), targets)| mix(mix(*own, around(sources, 1)), around(targets, 2)))
            .collect()
    }

    /// A change anywhere below a node that many depend on changes what depends on it, and says nothing of its other
    /// targets: such nodes count by what they depend on.
    fn in_context(&self) -> Colors {
        let is_hub = |node: usize| self.targets.get(node).is_some_and(|targets| targets.len() > HUB);
        let fixed = |colors: &mut Colors| {
            for (node, color) in colors.iter_mut().enumerate().filter(|(node, _)| is_hub(*node)) {
                *color = self.up[node];
            }
        };
        let mut colors = self.both.clone();
        for _ in 0..ROUNDS {
            fixed(&mut colors);
            colors = self.refined(&colors);
        }
        fixed(&mut colors);
        colors
    }

    /// Every colour with those of all nodes that are connected with it.
    fn with_component(&self, colors: &Colors) -> Colors {
        let mut component = vec![usize::MAX; colors.len()];
        let mut sums: Vec<u64> = Vec::new();
        let mut waiting = Vec::new();
        for start in 0..colors.len() {
            if component[start] != usize::MAX {
                continue;
            }
            let number = sums.len();
            let mut sum = 0_u64;
            component[start] = number;
            waiting.push(start);
            while let Some(node) = waiting.pop() {
                sum = sum.wrapping_add(mix(colors[node], 3));
                for wire in self.sources[node].iter().chain(&self.targets[node]) {
                    if component.get(wire.end) == Some(&usize::MAX) {
                        component[wire.end] = number;
                        waiting.push(wire.end);
                    }
                }
            }
            sums.push(sum);
        }
        let sum = |number: &usize| sums.get(*number).copied().unwrap_or_default();
        colors.iter().zip(&component).map(|(own, number)| mix(*own, sum(number))).collect()
    }
}

/// Colours that depend on those of nodes before them.
fn along(own: &Colors, wires: &[Vec<Wire>], order: impl Iterator<Item = usize>) -> Colors {
    let mut colors = vec![0; own.len()];
    for node in order {
        // In a circle some have no colour yet; `whole` tells those apart.
        let before = wires[node].iter().map(|wire| mix(wire.port, color(&colors, wire.end)));
        colors[node] = mix(own[node], before.fold(0, u64::wrapping_add));
    }
    colors
}

fn petgraph_index(id: crate::ir::NodeId) -> usize {
    id.index()
}

fn color(colors: &Colors, node: usize) -> u64 {
    colors.get(node).copied().unwrap_or_default()
}

/// The link at a port.
pub(super) fn wired(wires: &[Wire], port: u64) -> Option<&Wire> {
    let at = wires.partition_point(|wire| wire.port < port);
    wires.get(at).filter(|wire| wire.port == port)
}

/// How many items two sorted lists have in common.
pub(super) fn in_common(one: &[u64], other: &[u64]) -> usize {
    let (mut first, mut second, mut count) = (0, 0, 0);
    while let (Some(left), Some(right)) = (one.get(first), other.get(second)) {
        match left.cmp(right) {
            Ordering::Less => first += 1,
            Ordering::Greater => second += 1,
            Ordering::Equal => {
                (first, second, count) = (first + 1, second + 1, count + 1);
            }
        }
    }
    count
}

/// The title that somebody gave a node; editors write that of its class where nobody did.
pub(in crate::review) fn own_title(node: &Node) -> Option<&str> {
    let of_class = node.class.as_ref().and_then(|class| class.display_name.as_deref());
    node.title.as_deref().filter(|title| *title != &*node.class_type && Some(*title) != of_class)
}

/// True if the class reads a number there as a float, so that `1` is `1.0`.
pub(in crate::review) fn is_float(node: &Node, input: &str) -> bool {
    let class = node.class.as_ref().and_then(|class| class.input(input));
    class.is_some_and(|spec| matches!(spec.kind, InputKind::Float { .. }))
}

/// A hash of two hashes; their order matters.
pub(in crate::review) fn mix(one: u64, other: u64) -> u64 {
    let mut hasher = FxHasher::default();
    hasher.write_u64(one);
    hasher.write_u64(other);
    // The last step of splitmix64, so that sums of such hashes do not cancel out.
    let mut hash = hasher.finish();
    hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    hash ^ (hash >> 31)
}

fn hash_of(of: &impl std::hash::Hash) -> u64 {
    let mut hasher = FxHasher::default();
    of.hash(&mut hasher);
    mix(hasher.finish(), 7)
}

fn value_hash(value: &Value, is_float: bool) -> u64 {
    let mut hasher = FxHasher::default();
    match value.as_f64().filter(|_| is_float) {
        Some(number) => hasher.write_u64((number + 0.0).to_bits()),
        None => write(value, &mut hasher),
    }
    hasher.finish()
}

/// Equal values give equal hashes.
fn write(value: &Value, hasher: &mut FxHasher) {
    std::mem::discriminant(value).hash(hasher);
    match value {
        Value::Null => {}
        Value::Bool(bool) => bool.hash(hasher),
        Value::Int(int) => int.hash(hasher),
        // 0.0 is -0.0.
        Value::Float(float) => (float + 0.0).to_bits().hash(hasher),
        Value::Str(text) => text.hash(hasher),
        Value::List(items) => {
            items.len().hash(hasher);
            for item in items {
                write(item, hasher);
            }
        }
        Value::Map(entries) => {
            entries.len().hash(hasher);
            for (key, value) in entries {
                key.hash(hasher);
                write(value, hasher);
            }
        }
    }
}
