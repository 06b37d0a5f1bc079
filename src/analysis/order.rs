//! What depends on what, by content: numbers and texts that only set something are left out.

use std::collections::VecDeque;

use rustc_hash::FxHashMap;

use super::Analysis;
use crate::ir::{Argument, NodeId};

/// Types of links that carry settings and no content.
const SETTINGS: [&str; 5] = ["INT", "FLOAT", "BOOLEAN", "STRING", "COMBO"];

/// A way along links that carry content.
#[derive(Clone, Debug)]
pub struct ContentPath {
    /// The nodes, from where the content comes to where it goes.
    pub nodes: Vec<NodeId>,
    /// False if it leads through a node of a class that the catalog does not have, which may or may not hand
    /// on what it is given.
    pub is_certain: bool,
}

impl Analysis<'_> {
    /// The nodes whose content arrives at `node`, each with the next one towards it. What a node of an
    /// unknown class gives counts as content.
    fn towards(&self, node: NodeId, inputs: Option<&[&str]>) -> FxHashMap<NodeId, NodeId> {
        let mut next: FxHashMap<NodeId, NodeId> = FxHashMap::default();
        let mut queue = VecDeque::from([node]);
        while let Some(at) = queue.pop_front() {
            for input in self.graph.node(at).inputs() {
                let Argument::Link { from, slot } = input.value else { continue };
                let is_asked = at != node || inputs.is_none_or(|inputs| inputs.contains(&&*input.name));
                if is_asked && from != node && self.carries_content(from, slot) && !next.contains_key(&from) {
                    next.insert(from, at);
                    queue.push_back(from);
                }
            }
        }
        next
    }

    fn carries_content(&self, from: NodeId, slot: u32) -> bool {
        let Some(class) = &self.graph.node(from).class else { return true };
        let kind = class.outputs.get(slot as usize).map(|output| &*output.types);
        kind.is_none_or(|kind| !kind.split(',').all(|kind| SETTINGS.contains(&kind.trim())))
    }

    /// The nodes whose content arrives at `node`, through some of its inputs or through any.
    #[must_use]
    pub fn content_of(&self, node: NodeId, inputs: Option<&[&str]>) -> Vec<NodeId> {
        let mut found: Vec<NodeId> = self.towards(node, inputs).into_keys().collect();
        found.sort_unstable();
        found
    }

    /// The shortest way by which the content of `from` arrives at `to`.
    #[must_use]
    pub fn content_path(&self, from: NodeId, to: NodeId) -> Option<ContentPath> {
        let next = self.towards(to, None);
        let mut nodes = vec![from];
        let mut at = from;
        while at != to {
            at = *next.get(&at)?;
            nodes.push(at);
        }
        let is_certain = nodes.iter().all(|id| self.graph.node(*id).class.is_some());
        Some(ContentPath { nodes, is_certain })
    }
}
