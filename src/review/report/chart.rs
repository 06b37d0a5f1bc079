//! Memory of the graphics card, step by step, before and after.

use crate::plan::{Amount, Plan, Step};
use crate::review::matching::Matching;
use crate::review::side::Side;

/// What bars are made of, from left to right.
pub const PARTS: [&str; 5] = ["weights", "buffers", "activations", "other models", "allocator, CUDA"];

/// Memory of the graphics card over the execution, at least: with everything off the card that the settings allow.
/// Amounts are bytes.
#[derive(Clone, Debug, PartialEq)]
pub struct Chart {
    /// The greatest amount that is shown.
    pub scale: f64,
    /// What may be used of the card that it is for, before and after.
    pub usable: [Option<f64>; 2],
    /// The steps, in an order in which they can run.
    pub steps: Vec<ChartStep>,
    /// Steps of which nothing can be told, before and after.
    pub unknown: [usize; 2],
}

/// A step on both sides.
#[derive(Clone, Debug, PartialEq)]
pub struct ChartStep {
    /// The node's key.
    pub node: String,
    /// What it does.
    pub kind: &'static str,
    /// Before and after; nothing where it does not run.
    pub bars: [Option<Bar>; 2],
}

/// What a step takes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bar {
    /// The expected amounts of [`PARTS`].
    pub parts: [f64; 5],
    /// All of it.
    pub whole: Amount,
}

impl Bar {
    fn of(step: &Step) -> Self {
        let (allocated, device) = (step.least.allocated, step.least.device);
        let around = (device.typical - allocated.typical).max(0.0);
        let need = &step.need;
        let parts = [need.resident, need.buffers, need.activations, step.others];
        let [weights, buffers, activations, others] = parts.map(|part| part.typical);
        Self { parts: [weights, buffers, activations, others, around], whole: device }
    }
}

impl Chart {
    /// Puts the plans of both sides together; nothing if neither has a step.
    pub(super) fn of(sides: [Option<(&Side<'_>, &Plan)>; 2], matching: &Matching) -> Option<Self> {
        let [old, new] = sides;
        let mut after = new.map(|(side, plan)| listed(side, plan, Some)).unwrap_or_default();
        // What is gone stands behind what it ran behind.
        let mut next = 0;
        let before =
            old.map(|(side, plan)| listed(side, plan, |node| matching.new_of(node))).unwrap_or_default();
        for was in before {
            if let Some(at) = after.iter().position(|now| was.is(now)) {
                after[at].step.bars[0] = was.step.bars[1];
                next = next.max(at + 1);
            } else {
                let mut step = was.step;
                step.bars.swap(0, 1);
                after.insert(next, Listed { step, ..was });
                next += 1;
            }
        }
        let steps: Vec<ChartStep> = after.into_iter().map(|listed| listed.step).collect();
        let usable =
            sides.map(|side| side.and_then(|(side, _)| side.budget).map(crate::plan::Budget::usable));
        let unknown = sides.map(|side| side.map_or(0, |(_, plan)| plan.gaps.len()));
        let bars = steps.iter().flat_map(|step| step.bars).flatten();
        let highest = bars.map(|bar| bar.whole.high).chain(usable.into_iter().flatten()).fold(0.0, f64::max);
        (highest > 0.0 && !steps.is_empty()).then_some(Self { scale: highest * 1.02, usable, steps, unknown })
    }
}

/// A step with what tells it from others.
struct Listed {
    step: ChartStep,
    /// The node of the new workflow, if it is there.
    node: Option<crate::ir::NodeId>,
    /// Which of the node's steps it is.
    number: usize,
}

impl Listed {
    fn is(&self, other: &Self) -> bool {
        self.node.is_some() && (self.node, self.number) == (other.node, other.number)
    }
}

/// The steps of a side, each with its bar behind `after`.
fn listed(
    side: &Side<'_>,
    plan: &Plan,
    node: impl Fn(crate::ir::NodeId) -> Option<crate::ir::NodeId>,
) -> Vec<Listed> {
    let mut all: Vec<Listed> = Vec::new();
    for (at, step) in plan.steps.iter().enumerate() {
        let number = plan.steps[..at].iter().filter(|other| other.node == step.node).count();
        let name = side.graph.node(step.node).key.to_string();
        let shown = ChartStep { node: name, kind: step.need.kind.name(), bars: [None, Some(Bar::of(step))] };
        all.push(Listed { step: shown, node: node(step.node), number });
    }
    all
}
