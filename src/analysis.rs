//! Facts about a workflow that rules and plans share, without running it.
//!
//! Every output of every node is given a [`Fact`]: a value, the size of a picture, the family of a model, with
//! the LoRAs it was given. Facts flow along links from the loaders to the outputs: what a class makes of the
//! facts at its inputs is a small function in `transfer`. Where there is none, or where only a run
//! can tell, the fact is an [`Unknown`] with the reason, and whoever asks must do without.
//! One pass over the graph, so the effort is linear in its size.

mod expression;
mod fact;
mod inputs;
mod model;
mod order;
mod roles;
mod sampler;
pub mod sigma;
mod transfer;

use std::sync::{Arc, OnceLock};

use rustc_hash::FxHashMap;

use crate::catalog::Models;
use crate::ir::{Argument, Graph, NodeId};

pub use fact::{
    AtMost, AudioFact, ConditioningFact, Content, Embeds, Fact, ImageFact, Known, LatentFact, LatentFamily,
    Lora, Place, Scalar, SigmasFact, Unknown, VideoFact, Why,
};
pub use inputs::Inputs;
pub use model::{Confidence, Expert, Model};
pub use order::{Arrives, Reach, Stages, Step};
pub use roles::Role;
pub use sampler::{Part, Sampler, SamplerKind, Setting};

/// What is known of a workflow.
pub struct Analysis<'g> {
    graph: &'g Graph,
    models: &'g Models,
    /// By node and output slot.
    outputs: Vec<Vec<Known<Fact>>>,
    samplers: Vec<Sampler>,
    by_class: FxHashMap<Arc<str>, Vec<NodeId>>,
    /// What comes before what, once somebody asks.
    stages: OnceLock<Stages>,
}

impl<'g> Analysis<'g> {
    /// Looks at every node once.
    #[must_use]
    pub fn new(graph: &'g Graph, models: &'g Models) -> Self {
        let mut by_class: FxHashMap<Arc<str>, Vec<NodeId>> = FxHashMap::default();
        for (id, node) in graph.nodes() {
            by_class.entry(node.class_type.clone()).or_default().push(id);
        }
        let outputs = vec![Vec::new(); graph.len()];
        let mut analysis =
            Self { graph, models, outputs, samplers: Vec::new(), by_class, stages: OnceLock::new() };
        for id in graph.dependencies_first() {
            let outputs = transfer::outputs(analysis.inputs(id));
            analysis.outputs[id.index()] = outputs;
        }
        analysis.samplers = sampler::all(&analysis);
        analysis
    }

    /// What is known of an output.
    ///
    /// # Errors
    /// Why nothing is known.
    pub fn output(&self, node: NodeId, slot: u32) -> Known<&Fact> {
        let class = &self.graph.node(node).class;
        match self.outputs[node.index()].get(slot as usize) {
            Some(fact) => fact.as_ref().map_err(|unknown| *unknown),
            None if class.is_none() => Err(Unknown { node, why: Why::UnknownClass }),
            // Nodes of a circle are asked before they have been looked at.
            None if self.outputs[node.index()].is_empty() => Err(Unknown { node, why: Why::Cycle }),
            None => Err(Unknown { node, why: Why::NoTransfer }),
        }
    }

    /// What arrives at the inputs of a node.
    #[must_use]
    pub const fn inputs(&self, node: NodeId) -> Inputs<'_> {
        Inputs { analysis: self, id: node }
    }

    /// The samplers of any class, in the order of the file.
    #[must_use]
    pub fn samplers(&self) -> &[Sampler] {
        &self.samplers
    }

    /// The sampler that is this node.
    #[must_use]
    pub fn sampler(&self, node: NodeId) -> Option<&Sampler> {
        let at = self.samplers.binary_search_by_key(&node, |sampler| sampler.node).ok()?;
        self.samplers.get(at)
    }

    /// The nodes of a class, in the order of the file.
    #[must_use]
    pub fn of_class(&self, class: &str) -> &[NodeId] {
        self.by_class.get(class).map_or(&[], Vec::as_slice)
    }

    /// True if a node has this role. Most workflows have neither SCAIL nor Uni3C, and need no order.
    #[must_use]
    pub fn has_role(&self, role: Role) -> bool {
        roles::classes(role).any(|class| self.by_class.contains_key(class))
    }

    /// Where the value of an input is written, if it arrives from there unchanged.
    #[must_use]
    pub fn written(&self, node: NodeId, input: &str) -> Option<Place> {
        let inputs = self.graph.node(node).inputs();
        let at = inputs.iter().position(|given| &*given.name == input)?;
        match &inputs[at].value {
            Argument::Literal(_) => Some(Place { node, input: u32::try_from(at).ok()? }),
            Argument::Link { from, slot } => match self.output(*from, *slot).ok()? {
                Fact::Scalar(scalar) => scalar.from,
                _ => None,
            },
        }
    }

    /// The node that an input is linked to.
    #[must_use]
    pub fn source(&self, node: NodeId, input: &str) -> Option<NodeId> {
        match self.graph.node(node).input(input)?.value {
            Argument::Link { from, .. } => Some(from),
            Argument::Literal(_) => None,
        }
    }
}
