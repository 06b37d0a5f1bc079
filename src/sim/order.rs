//! The order in which the server runs nodes: those that can run, first the ones that show something.

use std::collections::BTreeMap;

use crate::ir::{Argument, Graph, NodeId};

/// The order in which the nodes that `outputs` need are run, the outputs themselves among them. `cached` says by index
/// what need not run; a cached output has its turn all the same.
pub(super) fn order(graph: &Graph, outputs: &[NodeId], cached: &[bool]) -> Vec<NodeId> {
    let mut list = List { graph, pending: Vec::new(), blocks: BTreeMap::new(), blocking: BTreeMap::new() };
    for output in outputs {
        list.add(*output, cached);
    }
    let mut order = Vec::with_capacity(list.pending.len());
    while let Some(next) = list.pick() {
        list.pop(next);
        order.push(next);
    }
    order
}

struct List<'g> {
    graph: &'g Graph,
    /// In the order in which they were added.
    pending: Vec<NodeId>,
    /// How many nodes each one waits for.
    blocks: BTreeMap<NodeId, usize>,
    /// Which nodes wait for each one, in the order in which that was found.
    blocking: BTreeMap<NodeId, Vec<NodeId>>,
}

impl List<'_> {
    /// Adds a node and all that it needs, as a stack does it.
    fn add(&mut self, first: NodeId, cached: &[bool]) {
        let mut stack = vec![first];
        let mut links = Vec::new();
        while let Some(id) = stack.pop() {
            if self.blocks.contains_key(&id) {
                continue;
            }
            self.pending.push(id);
            self.blocks.insert(id, 0);
            self.blocking.insert(id, Vec::new());
            for input in self.graph.node(id).inputs() {
                let Argument::Link { from, .. } = input.value else { continue };
                if cached.get(from.index()) != Some(&true) {
                    stack.push(from);
                    links.push((from, id));
                }
            }
        }
        for (from, to) in links {
            let waiting = self.blocking.entry(from).or_default();
            if !waiting.contains(&to) {
                waiting.push(to);
                *self.blocks.entry(to).or_default() += 1;
            }
        }
    }

    fn is_output(&self, id: NodeId) -> bool {
        self.graph.node(id).class.as_ref().is_some_and(|class| class.output_node)
    }

    fn waiting(&self, id: NodeId) -> &[NodeId] {
        self.blocking.get(&id).map_or(&[], Vec::as_slice)
    }

    /// Of the nodes that can run: an output, else what an output waits for, else what that waits for, else the first.
    fn pick(&self) -> Option<NodeId> {
        let ready: Vec<NodeId> =
            self.pending.iter().copied().filter(|id| self.blocks.get(id) == Some(&0)).collect();
        let shows = |id: &&NodeId| self.is_output(**id);
        let leads = |id: &&NodeId| self.waiting(**id).iter().any(|next| self.is_output(*next));
        let leads_to = |id: &&NodeId| {
            self.waiting(**id).iter().any(|next| self.waiting(*next).iter().any(|last| self.is_output(*last)))
        };
        let found = ready.iter().find(shows).or_else(|| ready.iter().find(leads));
        found.or_else(|| ready.iter().find(leads_to)).or_else(|| ready.first()).copied()
    }

    fn pop(&mut self, id: NodeId) {
        self.pending.retain(|pending| *pending != id);
        for waiting in self.blocking.remove(&id).unwrap_or_default() {
            if let Some(blocks) = self.blocks.get_mut(&waiting) {
                *blocks = blocks.saturating_sub(1);
            }
        }
    }
}
