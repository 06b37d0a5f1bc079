//! What a workflow will need before it runs: memory, step by step, within honest limits.
//!
//! The nodes are walked in the order in which they can run. Each that runs a network has a [`Need`]: its weights, what
//! streaming them takes, and the live tensors while it runs, from what [`analysis`](crate::analysis) knows of sizes, models
//! and settings. [`Plan::new`] puts them together with what other steps leave on the card. Every number that is not a size
//! comes from `schemas/coefficients.csv`, with its source; what nobody has measured has wide limits and says so.

mod amount;
mod coefficients;
mod conditions;
mod effects;
pub mod log;
mod need;
mod network;
mod reference;
mod request;
mod run;
mod sampling;
mod time;
mod vae;
mod verdict;

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::analysis::{Analysis, Fact, Model as ModelFact, Unknown};
use crate::ir::{Graph, NodeId};

pub use amount::Amount;
pub use coefficients::{Basis, Coefficient, Coefficients};
pub use need::{
    Calculator, Engine, Kind, Need, Peak, Sampling, Setup, Text, Torch, Weights, Whole, grouped, size,
};
pub use network::{Network, Precision};
pub use request::{Model, Offload, Refusal, Request, Rope, Subject};
pub use run::{Change, Run, Stage};
pub use time::{
    Includes, Measured, Pace, Seconds, Session, Storage, Timer, Times, Uneven, dollars, reading, sending,
    times,
};
pub use vae::Vae;
pub use verdict::{Budget, Verdict};

/// Sizes to take where a workflow leaves them open: `--assume width=832`.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Assume {
    /// In pixels.
    pub width: Option<f64>,
    /// In pixels.
    pub height: Option<f64>,
    /// Frames.
    pub frames: Option<f64>,
    /// Steps of a sampler.
    pub steps: Option<f64>,
}

impl Assume {
    /// `over` where it says something, else this.
    #[must_use]
    pub fn overlaid(self, over: Self) -> Self {
        Self {
            width: over.width.or(self.width),
            height: over.height.or(self.height),
            frames: over.frames.or(self.frames),
            steps: over.steps.or(self.steps),
        }
    }
}

/// How ComfyUI keeps models in memory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Residency {
    /// Weights are paged in on demand, up to the card: the default on NVIDIA since ComfyUI 0.27.
    #[default]
    Dynamic,
    /// Models are loaded whole or in part, and leave when room is needed: `--disable-dynamic-vram`.
    Normal,
    /// The same; text encoders run on the CPU where there is no dynamic VRAM: `--lowvram`.
    Low,
    /// Weights are never kept on the card: `--novram`.
    None,
    /// Nothing leaves the card: `--highvram` and `--gpu-only`.
    High,
}

/// Why a step cannot be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Open {
    /// A size is not known: `what` names it as `--assume` takes it.
    Size {
        /// Where knowledge ends.
        unknown: Unknown,
        /// `width`, `height`, `frames` or `steps`.
        what: &'static str,
    },
    /// It is not known which model it is.
    Model(Unknown),
    /// Nothing is known of the model.
    NoData {
        /// Its loader.
        node: NodeId,
        /// Its file.
        file: Arc<str>,
    },
}

/// The work of a sampler.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Work {
    /// The network.
    pub network: &'static Network,
    /// Floating-point operations of one pass.
    pub flops: f64,
    /// Those of them that are products of attention.
    pub attention: f64,
    /// Passes of all steps.
    pub passes: f64,
    /// Tokens of a pass.
    pub tokens: f64,
    /// How the weights are stored.
    pub precision: Option<Precision>,
    /// True if weights in fp8 are multiplied in fp8 where the card can, false if they are converted first; nothing where
    /// the settings do not tell.
    pub multiplies_fp8: Option<bool>,
}

/// A node that runs a network.
#[derive(Clone, Debug)]
pub struct Step {
    /// The node.
    pub node: NodeId,
    /// What it needs.
    pub need: Need,
    /// Weights of other models that stay on the card meanwhile.
    pub others: Amount,
    /// Its work, if it is a sampler whose steps are known.
    pub work: Option<Work>,
    /// Its least peak: everything off the card that the settings allow.
    pub least: Peak,
    /// Its peak with all its weights on the card.
    pub without_streaming: Peak,
}

/// A step that cannot be told.
#[derive(Clone, Debug)]
pub struct Gap {
    /// The node.
    pub node: NodeId,
    /// Why not.
    pub open: Open,
}

/// What a workflow needs.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// The nodes that run networks, in an order in which they can run.
    pub steps: Vec<Step>,
    /// What cannot be told.
    pub gaps: Vec<Gap>,
    /// The least that a card must have: the greatest of the steps' least peaks.
    pub least: Peak,
    /// What it takes to stream no weights.
    pub without_streaming: Peak,
    /// Memory of the host for weights and pictures.
    pub ram: Amount,
    /// All files of models and LoRAs, once each, in bytes.
    pub files: Amount,
}

/// How a plan is made.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options<'o> {
    /// Sizes for what is open.
    pub assume: Assume,
    /// How ComfyUI was started.
    pub residency: Residency,
    /// The coefficients, and the day of the code.
    pub calculator: Calculator<'o>,
}

impl Options<'_> {
    /// What is assumed on a machine, with the code of today.
    #[must_use]
    pub fn on(setup: Setup, assume: Assume, residency: Residency) -> Self {
        Self { assume, residency, calculator: Calculator { setup, ..Calculator::default() } }
    }
}

impl Plan {
    /// Walks a workflow.
    #[must_use]
    pub fn new(graph: &Graph, analysis: &Analysis<'_>, options: &Options<'_>) -> Self {
        let at = effects::Context { analysis, calculator: options.calculator, assume: &options.assume };
        let outputs =
            graph.nodes().filter(|(_, node)| node.class.as_ref().is_some_and(|class| class.output_node));
        let runs = graph.ancestors(outputs.map(|(id, _)| id));
        let mut walk = Walk { at, options, plan: Self::default(), kept: Vec::new(), loaded: Vec::new() };
        for id in graph.dependencies_first() {
            if runs.get(id.index()).copied().unwrap_or_default() {
                walk.visit(id);
            }
        }
        walk.finish(graph)
    }

    /// What must hold for a workflow that fits, where it is not known of the machine: each would keep it from fitting for sure.
    #[must_use]
    pub fn conditions(
        graph: &Graph,
        analysis: &Analysis<'_>,
        options: &Options<'_>,
        budget: Budget,
    ) -> Vec<String> {
        options.calculator.conditions_of(|calculator| {
            let options = Options { calculator: *calculator, assume: options.assume, ..*options };
            Self::new(graph, analysis, &options).verdict(budget)
        })
    }

    /// The step that decides the least peak.
    #[must_use]
    pub fn tightest(&self) -> Option<&Step> {
        self.steps.iter().max_by(|one, other| one.least.device.typical.total_cmp(&other.least.device.typical))
    }
}

/// A walk over a workflow.
struct Walk<'a> {
    at: effects::Context<'a>,
    options: &'a Options<'a>,
    plan: Plan,
    /// Models that stay on the card: file and weights.
    kept: Vec<(String, Amount)>,
    /// Models that were loaded: file and weights.
    loaded: Vec<(String, Amount)>,
}

impl Walk<'_> {
    fn visit(&mut self, id: NodeId) {
        if let Some(loaded) = effects::loaded_at_once(self.at, self.at.analysis.inputs(id)) {
            self.kept.push(loaded);
        }
        match effects::of(self.at, self.at.analysis.inputs(id)) {
            Ok(mut needs) => {
                // `--lowvram` leaves text encoders to the processor where there is no dynamic VRAM.
                let is_low = self.options.residency == Residency::Low;
                needs.retain(|need| {
                    !(is_low && need.kind == Kind::TextEncoder && need.engine == Engine::Native)
                });
                for need in needs {
                    self.step(id, need);
                }
            }
            Err(open) => self.plan.gaps.push(Gap { node: id, open }),
        }
    }

    fn step(&mut self, id: NodeId, mut need: Need) {
        if self.options.residency == Residency::High {
            need.resident = need.weights;
            need.buffers = Amount::ZERO;
        }
        let others: Amount =
            self.kept.iter().filter(|(model, _)| *model != need.model).map(|(_, weights)| *weights).sum();
        let calculator = self.options.calculator;
        let peak =
            |weights, activations| calculator.peak(weights + others, activations, &need, Amount::ZERO, false);
        let least = peak(need.resident + need.buffers, need.activations);
        let without_streaming = peak(need.weights, need.roomy);
        if !self.loaded.iter().any(|(model, _)| *model == need.model) {
            self.loaded.push((need.model.clone(), need.weights));
        }
        if self.stays(id, &need) && !self.kept.iter().any(|(model, _)| *model == need.model) {
            self.kept.push((need.model.clone(), need.resident));
        } else if !self.stays(id, &need) {
            self.kept.retain(|(model, _)| *model != need.model);
        }
        let sampler = self.at.analysis.sampler(id);
        let work = sampler.and_then(|sampler| sampling::work(self.at, sampler).ok());
        self.plan.least = self.plan.least.max(least);
        self.plan.without_streaming = self.plan.without_streaming.max(without_streaming);
        self.plan.steps.push(Step { node: id, need, others, work, least, without_streaming });
    }

    /// True if the model is still on the card when the next step begins.
    fn stays(&self, id: NodeId, need: &Need) -> bool {
        match need.engine {
            Engine::Native => self.options.residency == Residency::High,
            Engine::Wrapper => self.at.analysis.inputs(id).bool("force_offload") == Ok(false),
            Engine::Reference | Engine::Diffusers => false,
        }
    }

    /// The files of all models and LoRAs, once each; of a file whose size is not known, the weights that run.
    fn files(&self, graph: &Graph) -> Amount {
        let mut files: BTreeMap<String, Amount> = self.loaded.iter().cloned().collect();
        let mut add = |model: &ModelFact| {
            let bytes = model.entry.as_deref().and_then(|entry| i64::try_from(entry.bytes?).ok());
            if let Some(bytes) = bytes {
                files.insert(model.file_name().to_owned(), Amount::exact(effects::float(bytes)));
            }
        };
        for (id, node) in graph.nodes() {
            let slots = node.class.as_ref().map_or(0, |class| class.outputs.len());
            for slot in 0..u32::try_from(slots).unwrap_or_default() {
                match self.at.analysis.output(id, slot) {
                    Ok(Fact::Model(model)) => {
                        add(model);
                        model.loras.iter().for_each(|lora| add(&lora.model));
                    }
                    Ok(Fact::Loras(loras)) => loras.iter().for_each(|lora| add(&lora.model)),
                    _ => {}
                }
            }
        }
        files.into_values().sum()
    }

    fn finish(mut self, graph: &Graph) -> Plan {
        let weights: Amount = self.loaded.iter().map(|(_, weights)| *weights).sum();
        self.plan.files = self.files(graph);
        let mut pictures = 0.0;
        let mut largest: f64 = 0.0;
        for (id, node) in graph.nodes() {
            let slots = node.class.as_ref().map_or(0, |class| class.outputs.len());
            for slot in 0..u32::try_from(slots).unwrap_or_default() {
                if let Ok(Fact::Image(image)) = self.at.analysis.output(id, slot) {
                    // Pictures are numbers of 32 bits, three a pixel, and what a node gives is kept for the next run.
                    let size = self.at.sizes(image.width, image.height, image.frames, image.most);
                    let bytes = size.map_or(0.0, |(width, height, frames)| width * height * frames * 12.0);
                    pictures += bytes;
                    largest = largest.max(bytes);
                }
            }
        }
        let held = Amount {
            low: largest * 2.0,
            typical: pictures.max(largest * 2.0),
            high: pictures.max(largest * 2.0) * 1.2,
        };
        self.plan.ram = weights + held;
        self.plan
    }
}
