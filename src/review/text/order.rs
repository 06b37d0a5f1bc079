//! The order of the lines: every node after what it depends on, the same however nodes are numbered.
//!
//! From each node that nothing depends on, links are followed upwards by the names of inputs. That leaves only the order of
//! those ends to be chosen. They are told apart by name, class, what they are given, and what is around them, nearest first.
//! Ends that all of this leaves alike are taken by what they share with ends before them.

use std::cmp::Ordering;

use super::{class, is_named, literal};
use crate::ir::{Argument, Graph, Node, NodeId};
use crate::review::matching::colors::mix;

/// So many nodes above an end tell it from another one.
const NEAR: usize = 64;
/// So many ends that are alike in all else are told apart by what they share with ends before them.
const ALIKE: usize = 24;
/// Hashes are refined so often at most.
const ROUNDS: usize = 16;

/// All nodes, each after those that it is linked with, but in circles.
pub(super) fn sources_first(graph: &Graph) -> Vec<NodeId> {
    let mut walk = Walk { graph, order: Vec::with_capacity(graph.len()), place: vec![None; graph.len()] };
    let mut is_end = vec![true; graph.len()];
    for (_, node) in graph.nodes() {
        for (_, from, _) in links(node) {
            if let Some(end) = is_end.get_mut(from.index()) {
                *end = false;
            }
        }
    }
    let ends = graph.nodes().map(|(id, _)| id).filter(|id| is_end.get(id.index()) == Some(&true));
    walk.walk_all(ends.collect());
    if walk.order.len() < graph.len() {
        // Circles that nothing depends on have no end.
        let rest = graph.nodes().map(|(id, _)| id).filter(|id| !walk.has(*id));
        walk.walk_all(rest.collect());
    }
    walk.order
}

/// The links of a node by the names of its inputs.
fn links(node: &Node) -> Vec<(&str, NodeId, u32)> {
    let mut links: Vec<(&str, NodeId, u32)> = node
        .inputs()
        .iter()
        .filter_map(|input| match &input.value {
            Argument::Link { from, slot } => Some((&*input.name, *from, *slot)),
            Argument::Literal(_) => None,
        })
        .collect();
    links.sort_by_key(|(name, _, slot)| (*name, *slot));
    links
}

struct Walk<'g> {
    graph: &'g Graph,
    order: Vec<NodeId>,
    /// The place of every node in the order, once it has one; in circles, nodes get it late.
    place: Vec<Option<usize>>,
}

impl Walk<'_> {
    fn has(&self, id: NodeId) -> bool {
        self.place.get(id.index()).is_some_and(Option::is_some)
    }

    /// Walks from all of these, in the order that they belong in.
    fn walk_all(&mut self, ends: Vec<NodeId>) {
        let mut marks: Vec<(Mark<'_>, NodeId)> = Vec::with_capacity(ends.len());
        let graph = self.graph;
        marks.extend(ends.into_iter().map(|id| (Mark::of(graph.node(id)), id)));
        marks.sort_by(|(one, _), (other, _)| one.cmp(other));
        let mut colors = None;
        let mut rest = &*marks;
        while let Some(first) = rest.first() {
            let same = rest.iter().take_while(|mark| mark.0.cmp(&first.0).is_eq()).count();
            let (group, after) = rest.split_at(same);
            rest = after;
            if let [(_, id)] = group {
                self.walk(*id);
                continue;
            }
            let colors = colors.get_or_insert_with(|| refined(graph));
            let mut near: Vec<(Vec<Mark<'_>>, u64, NodeId)> = group
                .iter()
                .map(|(_, id)| (near(graph, *id), colors.get(id.index()).copied().unwrap_or_default(), *id))
                .collect();
            near.sort_by(|one, other| (&one.0, one.1).cmp(&(&other.0, other.1)));
            for alike in near.chunk_by(|one, other| (&one.0, one.1) == (&other.0, other.1)) {
                self.walk_alike(alike.iter().map(|(_, _, id)| *id).collect());
            }
        }
    }

    /// Walks from ends that are alike.
    fn walk_alike(&mut self, mut ends: Vec<NodeId>) {
        if ends.len() > ALIKE {
            for id in ends {
                self.walk(id);
            }
            return;
        }
        while !ends.is_empty() {
            let shared = ends.iter().enumerate().map(|(at, id)| (self.shared(*id), at)).min();
            let next = ends.remove(shared.map_or(0, |(_, at)| at));
            self.walk(next);
        }
    }

    /// Where the nodes above an end stand already, as far as they do.
    fn shared(&self, end: NodeId) -> Vec<usize> {
        let mut shared = Vec::new();
        let mut seen = std::collections::BTreeSet::new();
        let mut waiting = vec![end];
        while let Some(id) = waiting.pop().filter(|_| seen.len() < NEAR) {
            let place = self.place.get(id.index()).copied().flatten();
            shared.push(place.unwrap_or(usize::MAX));
            if place.is_none() && seen.insert(id) {
                waiting.extend(links(self.graph.node(id)).into_iter().rev().map(|(_, from, _)| from));
            }
        }
        shared
    }

    fn walk(&mut self, end: NodeId) {
        let mut seen_here = rustc_hash::FxHashSet::default();
        let mut waiting = vec![(end, false)];
        while let Some((id, is_done)) = waiting.pop() {
            if self.has(id) {
                continue;
            }
            if is_done {
                if let Some(place) = self.place.get_mut(id.index()) {
                    *place = Some(self.order.len());
                    self.order.push(id);
                }
            } else if seen_here.insert(id) {
                waiting.push((id, true));
                waiting
                    .extend(links(self.graph.node(id)).into_iter().rev().map(|(_, from, _)| (from, false)));
            }
        }
    }
}

/// What a node is by itself.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Mark<'g> {
    /// Named ones first.
    is_counted: bool,
    name: &'g str,
    class: &'g str,
    inputs: Vec<(&'g str, String)>,
}

impl<'g> Mark<'g> {
    fn of(node: &'g Node) -> Self {
        let is_counted = !is_named(&node.key);
        let mut inputs: Vec<(&str, String)> = node
            .inputs()
            .iter()
            .map(|input| match &input.value {
                Argument::Link { slot, .. } => (&*input.name, format!("<{slot}")),
                Argument::Literal(value) => (&*input.name, literal(node, &input.name, value)),
            })
            .collect();
        inputs.sort();
        let name = if is_counted { "" } else { &*node.key };
        Self { is_counted, name, class: &node.class_type, inputs }
    }
}

/// The nodes above an end, nearest first.
fn near(graph: &Graph, end: NodeId) -> Vec<Mark<'_>> {
    let mut seen = rustc_hash::FxHashSet::default();
    let mut found = Vec::new();
    let mut next = std::collections::VecDeque::from([end]);
    while let Some(id) = next.pop_front().filter(|_| found.len() < NEAR) {
        if seen.insert(id) {
            found.push(Mark::of(graph.node(id)));
            next.extend(links(graph.node(id)).into_iter().map(|(_, from, _)| from));
        }
    }
    found
}

/// A hash of every node with all that is around it.
fn refined(graph: &Graph) -> Vec<u64> {
    let hash = |text: &str| text.bytes().fold(5, |hash, byte| mix(hash, u64::from(byte)));
    let own = |node: &Node| {
        let mark = Mark::of(node);
        let inputs = mark.inputs.iter().fold(0, |sum, (name, value)| mix(sum, mix(hash(name), hash(value))));
        mix(mix(hash(mark.name), hash(&class(node))), inputs)
    };
    let mut colors: Vec<u64> = graph.nodes().map(|(_, node)| own(node)).collect();
    let wires: Vec<(usize, usize, u64)> = graph
        .nodes()
        .flat_map(|(id, node)| {
            let links = links(node).into_iter();
            links.map(move |(name, from, slot)| (id.index(), from.index(), mix(hash(name), u64::from(slot))))
        })
        .collect();
    let mut count = distinct(&colors);
    for _ in 0..ROUNDS {
        let mut sums = vec![0_u64; colors.len()];
        let color = |at: usize| colors.get(at).copied().unwrap_or_default();
        for (to, from, port) in &wires {
            for (at, other, seed) in [(to, from, 1), (from, to, 2)] {
                if let Some(sum) = sums.get_mut(*at) {
                    *sum = sum.wrapping_add(mix(mix(*port, seed), color(*other)));
                }
            }
        }
        colors = colors.iter().zip(sums).map(|(own, sum)| mix(*own, sum)).collect();
        let now = distinct(&colors);
        if now.cmp(&count) != Ordering::Greater {
            break;
        }
        count = now;
    }
    colors
}

fn distinct(colors: &[u64]) -> usize {
    let mut sorted = colors.to_vec();
    sorted.sort_unstable();
    sorted.dedup();
    sorted.len()
}
