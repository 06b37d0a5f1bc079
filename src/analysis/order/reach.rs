//! At which nodes the content of others arrives, for all nodes in one pass.

use crate::analysis::{Analysis, Unknown, Why};
use crate::catalog::InputSpec;
use crate::ir::{Argument, NodeId};

/// Whether content arrives at a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Arrives {
    /// It does not.
    No,
    /// Nobody knows: a node on the way, or before it, is of an unknown class, chooses what it hands on, or
    /// depends on itself.
    Maybe,
    /// It does.
    Yes,
}

/// What a node does with the content that arrives at it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// It is where the content comes from.
    Source,
    /// It hands on what arrives.
    Passes,
    /// What arrives at it goes no further.
    Ends,
}

/// What arrives at one node.
#[derive(Clone, Copy, Debug)]
struct Arrival {
    arrives: Arrives,
    /// Links from the nearest source.
    distance: u32,
    /// The node before it.
    from: Option<NodeId>,
    /// Where knowledge ends, if nobody knows.
    end: Unknown,
}

impl Arrival {
    const fn unseen(node: NodeId) -> Self {
        let end = Unknown { node, why: Why::Cycle };
        Self { arrives: Arrives::Maybe, distance: 0, from: None, end }
    }

    fn is_better_than(&self, other: &Self) -> bool {
        let nearer = || other.from.is_some() && self.distance.saturating_add(1) < other.distance;
        self.arrives > other.arrives || (self.arrives == other.arrives && nearer())
    }
}

/// Where the content of some nodes arrives.
#[derive(Clone, Debug)]
pub struct Reach(Vec<Arrival>);

impl Reach {
    /// Whether it arrives at the node; a node that gives it has it as well.
    #[must_use]
    pub fn at(&self, node: NodeId) -> Arrives {
        self.0[node.index()].arrives
    }

    /// True if it certainly arrives, false if it certainly does not.
    ///
    /// # Errors
    /// The node that may hand it on.
    pub fn known(&self, node: NodeId) -> Result<bool, Unknown> {
        match self.at(node) {
            Arrives::Yes => Ok(true),
            Arrives::No => Ok(false),
            Arrives::Maybe => Err(self.0[node.index()].end),
        }
    }

    /// The way by which it arrives, from the node that gives it: a shortest one of the most certain.
    #[must_use]
    pub fn path(&self, to: NodeId) -> Vec<NodeId> {
        let mut path = vec![to];
        let mut at = to;
        while let Some(from) = self.0[at.index()].from {
            path.push(from);
            at = from;
        }
        path.reverse();
        path
    }
}

impl Analysis<'_> {
    /// Where content arrives, if each node does with it what `step` says.
    #[must_use]
    pub fn reach(&self, step: impl Fn(NodeId) -> Step) -> Reach {
        self.reach_through(&[], step)
    }

    /// The same, through inputs of these types only; of any, if none is named.
    #[must_use]
    pub fn reach_through(&self, types: &[&str], step: impl Fn(NodeId) -> Step) -> Reach {
        let is_wanted = |node: NodeId, input: &str| {
            let class = self.graph.node(node).class.as_ref();
            let kind = class.and_then(|class| class.input(input)).map(InputSpec::link_types);
            types.is_empty() || kind.is_none_or(|kind| kind == "*" || types.contains(&kind))
        };
        let mut reach: Vec<Option<Arrival>> = vec![None; self.graph.len()];
        for node in self.graph.dependencies_first() {
            let mut best = self.own(node, step(node) == Step::Source);
            let chosen = self.chosen_input(node);
            let mut arriving = 0;
            for input in self.graph.node(node).inputs() {
                let Argument::Link { from, slot } = input.value else { continue };
                let is_taken = chosen.is_none_or(|chosen| chosen == &*input.name);
                if !is_taken
                    || !is_wanted(node, &input.name)
                    || !self.carries_content(from, slot, node, &input.name)
                {
                    continue;
                }
                arriving += 1;
                let before = match step(from) {
                    Step::Ends => self.own(from, false),
                    Step::Source | Step::Passes => reach[from.index()].unwrap_or(Arrival::unseen(from)),
                };
                if before.is_better_than(&best) {
                    let distance = before.distance.saturating_add(1);
                    best = Arrival { distance, from: Some(from), ..before };
                }
            }
            let is_handed_on = best.from.is_some() && best.arrives == Arrives::Yes;
            if is_handed_on && self.may_choose(node, chosen.is_some(), arriving) {
                best.arrives = Arrives::Maybe;
                best.end = Unknown { node, why: Why::NoTransfer };
            }
            reach[node.index()] = Some(best);
        }
        let all = reach.into_iter().enumerate();
        Reach(all.map(|(at, arrival)| arrival.unwrap_or(Arrival::unseen(NodeId::new(at)))).collect())
    }

    /// What a node has of itself: one of an unknown class may be a source.
    fn own(&self, node: NodeId, is_source: bool) -> Arrival {
        let arrives = match &self.graph.node(node).class {
            _ if is_source => Arrives::Yes,
            Some(_) => Arrives::No,
            None => Arrives::Maybe,
        };
        Arrival { arrives, distance: 0, from: None, end: Unknown { node, why: Why::UnknownClass } }
    }

    /// The input that a switch takes, where that is known.
    fn chosen_input(&self, node: NodeId) -> Option<&'static str> {
        let inputs = self.inputs(node);
        if &*inputs.node().class_type != "ComfySwitchNode" {
            return None;
        }
        inputs.bool("switch").ok().map(|on| if on { "on_true" } else { "on_false" })
    }

    /// True if the node may hand on something else than what arrives: its class is unknown, or it takes one of
    /// several things of any type.
    pub(super) fn may_choose(&self, node: NodeId, is_decided: bool, arriving: usize) -> bool {
        let Some(class) = &self.graph.node(node).class else { return true };
        let is_of_any_type = class.outputs.iter().any(|output| &*output.types == "*");
        is_of_any_type && arriving > 1 && !is_decided
    }
}
