//! What depends on what, by content: numbers and texts that only set something are left out.

mod reach;
mod stages;

use std::collections::VecDeque;

use rustc_hash::FxHashSet;

use super::Analysis;
use crate::ir::{Argument, NodeId};

pub use reach::{Arrives, Reach, Step};
pub use stages::Stages;

/// Types of links that carry settings and no content.
const SETTINGS: [&str; 5] = ["INT", "FLOAT", "BOOLEAN", "STRING", "COMBO"];

/// So many nodes are looked at to find a way between two that are near to each other.
const NEAR: usize = 256;

/// True if all members of a union of types are settings.
fn sets(types: &str) -> bool {
    types.split(',').all(|kind| SETTINGS.contains(&kind.trim()))
}

impl Analysis<'_> {
    /// The steps of the generation, and what comes before what.
    pub fn stages(&self) -> &Stages {
        self.stages.get_or_init(|| Stages::of(self))
    }

    /// True if the link from an output to an input carries content. Of an unknown class, it does unless the other
    /// end wants a setting.
    fn carries_content(&self, from: NodeId, slot: u32, to: NodeId, input: &str) -> bool {
        let given = self.graph.node(from).class.as_ref();
        let given = given.and_then(|class| class.outputs.get(slot as usize)).map(|output| &*output.types);
        let wanted = self.graph.node(to).class.as_ref();
        let wanted = wanted.and_then(|class| class.input(input)).map(crate::catalog::InputSpec::link_types);
        !given.is_some_and(sets) && !wanted.is_some_and(sets)
    }

    /// A shortest way by which content of one node arrives at another, among nodes near to each other; the two alone
    /// if there is none.
    #[must_use]
    pub fn link(&self, from: NodeId, to: NodeId) -> Vec<NodeId> {
        let mut path = vec![from];
        let mut before: Vec<(NodeId, Option<usize>)> = vec![(to, None)];
        let mut at = 0;
        while let Some((node, _)) = before.get(at).copied().filter(|_| before.len() < NEAR) {
            if node == from {
                let mut step = before[at].1;
                while let Some(next) = step {
                    path.push(before[next].0);
                    step = before[next].1;
                }
                return path;
            }
            before.extend(self.contents(node).take(NEAR).map(|source| (source, Some(at))));
            at += 1;
        }
        vec![from, to]
    }

    /// The nodes whose content arrives at `node`, through some of its inputs or through any.
    #[must_use]
    pub fn content_of(&self, node: NodeId, inputs: Option<&[&str]>) -> Vec<NodeId> {
        let mut seen: FxHashSet<NodeId> = FxHashSet::default();
        let mut queue = VecDeque::from([node]);
        while let Some(at) = queue.pop_front() {
            for input in self.graph.node(at).inputs() {
                let Argument::Link { from, slot } = input.value else { continue };
                let is_asked = at != node || inputs.is_none_or(|inputs| inputs.contains(&&*input.name));
                let carries = is_asked && from != node && self.carries_content(from, slot, at, &input.name);
                if carries && seen.insert(from) {
                    queue.push_back(from);
                }
            }
        }
        let mut found: Vec<NodeId> = seen.into_iter().collect();
        found.sort_unstable();
        found
    }

    /// The nodes whose content a node is given, each as often as it is linked.
    pub fn contents(&self, node: NodeId) -> impl Iterator<Item = NodeId> {
        self.graph.node(node).inputs().iter().filter_map(move |input| match input.value {
            Argument::Link { from, slot } => {
                self.carries_content(from, slot, node, &input.name).then_some(from)
            }
            Argument::Literal(_) => None,
        })
    }

    /// The nodes that are given content of a node.
    fn content_consumers(&self, node: NodeId) -> impl Iterator<Item = NodeId> {
        self.graph.consumers(node).filter_map(move |(target, link)| {
            let input = self.graph.node(target).inputs().get(link.input as usize)?;
            self.carries_content(node, link.slot, target, &input.name).then_some(target)
        })
    }
}
