//! Samplers of every kind, seen in one way.

use std::sync::Arc;

use super::Analysis;
use super::fact::{ConditioningFact, Content, Embeds, Known, LatentFact, Unknown, Why};
use super::inputs::Inputs;
use super::model::Model;
use super::sigma;
use crate::ir::NodeId;

/// Which family of nodes a sampler is of: what its inputs mean differs between them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SamplerKind {
    /// `KSampler`: a whole schedule.
    KSampler,
    /// `KSamplerAdvanced`: a part of a schedule.
    KSamplerAdvanced,
    /// `SamplerCustom`, `SamplerCustomAdvanced`: noise levels from elsewhere.
    Custom,
    /// WanVideoWrapper's samplers.
    Wrapper,
}

/// A setting of a sampler, and the input that holds it: often that of another node.
#[derive(Clone, Debug)]
pub struct Setting<T> {
    /// Its value; absent where this kind of sampler has no such setting.
    pub value: Known<T>,
    /// The node with the input.
    pub node: NodeId,
    /// The input's name.
    pub input: &'static str,
}

/// A sampler.
#[derive(Clone, Debug)]
pub struct Sampler {
    /// The node that renders.
    pub node: NodeId,
    /// Its kind.
    pub kind: SamplerKind,
    /// Steps of the whole schedule.
    pub steps: Setting<i64>,
    /// The first step that this sampler takes, from 0.
    pub start: Setting<i64>,
    /// The step before which it stops, as written: -1 and numbers beyond the last mean the end.
    pub end: Setting<i64>,
    /// How strongly it follows the positive prompt; 1 means that the negative one is not looked at.
    pub cfg: Setting<f64>,
    /// How much of the schedule is used.
    pub denoise: Setting<f64>,
    /// The method, in the names of its kind.
    pub method: Setting<Arc<str>>,
    /// The schedule's name; the wrapper's methods imply it.
    pub scheduler: Setting<Arc<str>>,
    /// The shift of the noise levels.
    pub shift: Setting<f64>,
    /// The seed's whole value, as written.
    pub seed: Setting<Arc<str>>,
    /// Whether noise is added before the first step.
    pub adds_noise: Setting<bool>,
    /// The model, with its LoRAs.
    pub model: Setting<Arc<Model>>,
    /// What to show.
    pub positive: Setting<Arc<ConditioningFact>>,
    /// What not to show.
    pub negative: Setting<Arc<ConditioningFact>>,
    /// What it starts from; for the wrapper, `samples`.
    pub latent: Setting<LatentFact>,
    /// The wrapper's embeds.
    pub embeds: Setting<Arc<Embeds>>,
    /// The node with the wrapper's further arguments, such as `context_options` and `cache_args`: its settings or
    /// its extra arguments.
    pub arguments: Known<NodeId>,
}

/// The part of a schedule that a sampler takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// The first step, from 0.
    pub first: i64,
    /// The step before which it stops.
    pub last: i64,
    /// The steps of the whole schedule.
    pub of: i64,
}

impl Sampler {
    /// The step before which it stops, counted in [`steps`](Self::steps).
    ///
    /// # Errors
    /// Why it is not known.
    pub fn last_step(&self) -> Known<i64> {
        let steps = self.steps.value?;
        match self.end.value {
            Ok(end) if end >= 0 => Ok(end.min(steps)),
            Ok(_) | Err(Unknown { why: Why::Absent, .. }) => Ok(steps),
            Err(unknown) => Err(unknown),
        }
    }

    /// True for samplers of Wan's families.
    #[must_use]
    pub fn is_wan(&self) -> bool {
        self.kind == SamplerKind::Wrapper || self.model.value.as_ref().is_ok_and(|model| model.is_of("wan"))
    }

    /// The part of the schedule that it takes, by its steps or by its denoise.
    ///
    /// # Errors
    /// Why it is not known.
    pub fn part(&self) -> Known<Part> {
        let steps = self.steps.value?;
        let denoise = or(self.denoise.value, 1.0)?;
        let part = |first, last, of| Ok(Part { first, last, of });
        match self.kind {
            SamplerKind::KSampler | SamplerKind::Custom => {
                let of = sigma::schedule_for(steps, denoise);
                part(of - steps, of, of)
            }
            SamplerKind::Wrapper if denoise < 1.0 => {
                part(sigma::wrapper_start(steps, denoise), self.last_step()?, steps)
            }
            SamplerKind::KSamplerAdvanced | SamplerKind::Wrapper => {
                part(or(self.start.value, 0)?, self.last_step()?, steps)
            }
        }
    }

    /// The noise level before a step of the schedule; unknown for schedules that follow another formula.
    ///
    /// # Errors
    /// Why it is not known.
    pub fn level(&self, step: i64) -> Known<f64> {
        let shift = self.shift.value?;
        if !self.is_bent_line()? {
            return Err(Unknown { node: self.node, why: Why::NoTransfer });
        }
        Ok(sigma::at(shift, self.part()?.of, step))
    }

    /// True if its noise levels are evenly spaced before the shift bends them.
    fn is_bent_line(&self) -> Known<bool> {
        Ok(match self.kind {
            SamplerKind::Wrapper => {
                let method = self.method.value.clone()?;
                !method.ends_with("/beta") && !method.starts_with("flowmatch_") && !FIXED.contains(&&*method)
            }
            _ => matches!(&*self.scheduler.value.clone()?, "simple" | "sgm_uniform"),
        })
    }

    /// The sampler whose result it goes on from, with whatever noise that has left in it.
    #[must_use]
    pub fn previous<'a>(&self, analysis: &'a Analysis<'_>) -> Option<&'a Self> {
        match self.latent.value.ok()?.content {
            Content::Sampled(node) => analysis.sampler(node),
            _ => None,
        }
    }

    /// True if it stops before the end of the schedule and gives a latent that still has noise in it.
    ///
    /// # Errors
    /// Why it is not known.
    pub fn leaves_noise(&self, analysis: &Analysis<'_>) -> Known<bool> {
        let inputs = analysis.inputs(self.node);
        let part = self.part()?;
        Ok(match self.kind {
            SamplerKind::KSampler => false,
            SamplerKind::KSamplerAdvanced => {
                inputs.enabled("return_with_leftover_noise")? && part.last < part.of
            }
            SamplerKind::Wrapper => part.last < part.of,
            SamplerKind::Custom => return Err(inputs.unknown(Why::NoTransfer)),
        })
    }

    /// True if it starts from its latent with noise added, whatever the latent has already.
    ///
    /// # Errors
    /// Why it is not known.
    pub fn renoises(&self) -> Known<bool> {
        // The wrapper does with a denoise whatever it is told.
        let is_forced = self.kind == SamplerKind::Wrapper && or(self.denoise.value, 1.0)? < 1.0;
        Ok(is_forced || self.adds_noise.value?)
    }

    /// The node whose settings arrive at one of the wrapper's further arguments.
    ///
    /// # Errors
    /// Why it is not known; absent where there is none.
    pub fn argument(&self, analysis: &Analysis<'_>, name: &str) -> Known<NodeId> {
        analysis.inputs(self.arguments?).settings(name)
    }
}

/// The wrapper's methods, besides those of `flowmatch_`, whose noise levels no shift decides.
const FIXED: [&str; 3] = ["longcat_distill_euler", "multitalk", "rcm"];

/// What is known, or what stands for what is not given.
fn or<T>(known: Known<T>, absent: T) -> Known<T> {
    match known {
        Err(Unknown { why: Why::Absent, .. }) => Ok(absent),
        known => known,
    }
}

/// All samplers, in the order of the file.
pub(super) fn all(analysis: &Analysis<'_>) -> Vec<Sampler> {
    analysis.graph.nodes().filter_map(|(id, _)| of(analysis.inputs(id))).collect()
}

fn of(inputs: Inputs<'_>) -> Option<Sampler> {
    let node = inputs.node();
    node.class.as_ref()?;
    match &*node.class_type {
        "KSampler" => Some(core(inputs, SamplerKind::KSampler)),
        "KSamplerAdvanced" => Some(core(inputs, SamplerKind::KSamplerAdvanced)),
        "SamplerCustom" => Some(custom(inputs)),
        "SamplerCustomAdvanced" => Some(custom_advanced(inputs)),
        "WanVideoSampler" => Some(wrapper(inputs, inputs)),
        "WanVideoSamplerFromSettings" => {
            let settings = inputs.settings("sampler_inputs").map_or(inputs, |node| inputs.of(node));
            Some(wrapper(inputs, settings))
        }
        "WanVideoSamplerv2" => Some(wrapper_v2(inputs)),
        _ => None,
    }
}

impl Inputs<'_> {
    /// The inputs of another node.
    pub(super) const fn of(self, id: NodeId) -> Self {
        Self { analysis: self.analysis, id }
    }

    fn setting<T>(self, input: &'static str, read: impl FnOnce(Self, &str) -> Known<T>) -> Setting<T> {
        Setting { value: read(self, input), node: self.id(), input }
    }

    /// A setting that this kind of sampler does not have.
    const fn none<T>(self, input: &'static str) -> Setting<T> {
        Setting { value: Err(self.unknown(Why::Absent)), node: self.id(), input }
    }

    /// The whole value of a seed, which may be more than an `i64` holds.
    fn seed(self, input: &str) -> Known<Arc<str>> {
        Ok(self.scalar(input)?.value.to_string().into())
    }

    fn enabled(self, input: &str) -> Known<bool> {
        Ok(&*self.text(input)? == "enable")
    }
}

fn core(inputs: Inputs<'_>, kind: SamplerKind) -> Sampler {
    let is_part = kind == SamplerKind::KSamplerAdvanced;
    let shift = shift_of(inputs, inputs.model("model"));
    Sampler {
        node: inputs.id(),
        kind,
        steps: inputs.setting("steps", Inputs::int),
        start: if is_part {
            inputs.setting("start_at_step", Inputs::int)
        } else {
            inputs.none("start_at_step")
        },
        end: if is_part { inputs.setting("end_at_step", Inputs::int) } else { inputs.none("end_at_step") },
        cfg: inputs.setting("cfg", Inputs::float),
        denoise: if is_part { inputs.none("denoise") } else { inputs.setting("denoise", Inputs::float) },
        method: inputs.setting("sampler_name", Inputs::text),
        scheduler: inputs.setting("scheduler", Inputs::text),
        shift,
        seed: inputs.setting(if is_part { "noise_seed" } else { "seed" }, Inputs::seed),
        adds_noise: if is_part {
            inputs.setting("add_noise", Inputs::enabled)
        } else {
            Setting { value: Ok(true), node: inputs.id(), input: "seed" }
        },
        model: inputs.setting("model", Inputs::model),
        positive: inputs.setting("positive", Inputs::conditioning),
        negative: inputs.setting("negative", Inputs::conditioning),
        latent: inputs.setting("latent_image", Inputs::latent),
        embeds: inputs.none("image_embeds"),
        arguments: Err(inputs.unknown(Why::Absent)),
    }
}

/// The shift that a node has set on a model.
fn shift_of(inputs: Inputs<'_>, model: Known<Arc<Model>>) -> Setting<f64> {
    let unset = inputs.none("shift");
    let Ok(model) = model else { return unset };
    let Some(value) = model.shift else { return unset };
    let has_shift = |id: &&NodeId| inputs.of(**id).node().input("shift").is_some();
    let node = model.changed_by.iter().rev().find(has_shift).copied().unwrap_or(inputs.id());
    Setting { value, node, input: "shift" }
}

fn custom(inputs: Inputs<'_>) -> Sampler {
    let sampler = with_sigmas(inputs, inputs, "cfg");
    Sampler {
        seed: inputs.setting("noise_seed", Inputs::seed),
        adds_noise: inputs.setting("add_noise", Inputs::bool),
        ..sampler
    }
}

fn custom_advanced(inputs: Inputs<'_>) -> Sampler {
    let guider = inputs.settings("guider").map_or(inputs, |node| inputs.of(node));
    let noise = inputs.settings("noise").map(|node| inputs.of(node));
    let sampler = with_sigmas(inputs, guider, "cfg");
    let is_basic = &*guider.node().class_type == "BasicGuider";
    let adds_noise = noise.map(|noise| &*noise.node().class_type == "RandomNoise");
    Sampler {
        seed: noise.map_or_else(|_| inputs.none("noise"), |noise| noise.setting("noise_seed", Inputs::seed)),
        adds_noise: Setting { value: adds_noise, node: inputs.id(), input: "noise" },
        positive: if is_basic {
            guider.setting("conditioning", Inputs::conditioning)
        } else {
            sampler.positive
        },
        // It has no other than 1.
        cfg: if is_basic {
            Setting { value: Ok(1.0), node: guider.id(), input: "conditioning" }
        } else {
            sampler.cfg
        },
        ..sampler
    }
}

fn with_sigmas(inputs: Inputs<'_>, guider: Inputs<'_>, cfg: &'static str) -> Sampler {
    let sigmas = inputs.sigmas("sigmas");
    let scheduler = sigmas.as_ref().map_or(inputs, |sigmas| inputs.of(sigmas.node));
    let sigmas = sigmas.as_ref().map_err(|unknown| *unknown);
    let method = inputs.settings("sampler").map(|node| inputs.of(node));
    Sampler {
        node: inputs.id(),
        kind: SamplerKind::Custom,
        steps: scheduler.setting("steps", |_, _| sigmas?.steps),
        start: inputs.none("start_step"),
        end: inputs.none("end_step"),
        cfg: guider.setting(cfg, Inputs::float),
        denoise: scheduler.setting("denoise", |_, _| sigmas?.denoise),
        method: method
            .map_or_else(|_| inputs.none("sampler"), |node| node.setting("sampler_name", Inputs::text)),
        scheduler: scheduler.setting("scheduler", |_, _| sigmas?.scheduler.clone()),
        shift: shift_of(inputs, guider.model("model")),
        seed: inputs.none("noise_seed"),
        adds_noise: inputs.none("add_noise"),
        model: guider.setting("model", Inputs::model),
        positive: guider.setting("positive", Inputs::conditioning),
        negative: guider.setting("negative", Inputs::conditioning),
        latent: inputs.setting("latent_image", Inputs::latent),
        embeds: inputs.none("image_embeds"),
        arguments: Err(inputs.unknown(Why::Absent)),
    }
}

/// The latent that a sampler of the wrapper starts from.
fn samples(inputs: Inputs<'_>) -> Setting<LatentFact> {
    inputs.setting("samples", Inputs::latent)
}

/// Steps and shift of a schedule: noise levels that are given replace both.
fn stepped(inputs: Inputs<'_>) -> (Setting<i64>, Setting<f64>) {
    if !inputs.has("sigmas") {
        return (inputs.setting("steps", Inputs::int), inputs.setting("shift", Inputs::float));
    }
    let steps = |inputs: Inputs<'_>, input: &str| inputs.sigmas(input)?.steps;
    (inputs.setting("sigmas", steps), inputs.none("shift"))
}

/// One of the two texts that a sampler of the wrapper is given in `text_embeds`.
fn text(settings: Inputs<'_>, prompt: &'static str, linked: &'static str) -> Setting<Arc<ConditioningFact>> {
    let encoder = match settings.settings("text_embeds") {
        Ok(encoder) => settings.of(encoder),
        Err(unknown) => {
            return Setting { value: Err(unknown), node: settings.id(), input: "text_embeds" };
        }
    };
    match &*encoder.node().class_type {
        "WanVideoTextEmbedBridge" => encoder.setting(linked, Inputs::conditioning),
        "WanVideoTextEncode" | "WanVideoTextEncodeCached" => encoder.setting(prompt, |encoder, prompt| {
            let (text, node) = (encoder.text(prompt), encoder.id());
            Ok(Arc::new(ConditioningFact { text, node, is_zeroed: false, references: Vec::new() }))
        }),
        _ => Setting {
            value: Err(encoder.unknown(Why::NoTransfer)),
            node: settings.id(),
            input: "text_embeds",
        },
    }
}

fn wrapper(node: Inputs<'_>, settings: Inputs<'_>) -> Sampler {
    let (steps, shift) = stepped(settings);
    Sampler {
        node: node.id(),
        kind: SamplerKind::Wrapper,
        steps,
        start: settings.setting("start_step", Inputs::int),
        end: settings.setting("end_step", Inputs::int),
        cfg: settings.setting("cfg", Inputs::float),
        denoise: settings.setting("denoise_strength", Inputs::float),
        method: settings.setting("scheduler", Inputs::text),
        scheduler: settings.none("scheduler"),
        shift,
        seed: settings.setting("seed", Inputs::seed),
        adds_noise: settings.setting("add_noise_to_samples", Inputs::bool),
        model: settings.setting("model", Inputs::model),
        positive: text(settings, "positive_prompt", "positive"),
        negative: text(settings, "negative_prompt", "negative"),
        latent: samples(settings),
        embeds: settings.setting("image_embeds", Inputs::embeds),
        arguments: Ok(settings.id()),
    }
}

fn wrapper_v2(inputs: Inputs<'_>) -> Sampler {
    let schedule = inputs.settings("scheduler").map_or(inputs, |node| inputs.of(node));
    let (steps, shift) = stepped(schedule);
    Sampler {
        steps,
        start: schedule.setting("start_step", Inputs::int),
        end: schedule.setting("end_step", Inputs::int),
        method: schedule.setting("scheduler", Inputs::text),
        shift,
        denoise: inputs.none("denoise_strength"),
        arguments: inputs.settings("extra_args"),
        ..wrapper(inputs, inputs)
    }
}
