//! Samplers of every kind, seen in one way.

use std::sync::Arc;

use super::Analysis;
use super::fact::{Conditioning, Embeds, Known, Latent, Unknown, Why};
use super::inputs::Inputs;
use super::model::Model;
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
    pub positive: Setting<Arc<Conditioning>>,
    /// What not to show.
    pub negative: Setting<Arc<Conditioning>>,
    /// What it starts from; for the wrapper, `samples`.
    pub latent: Setting<Latent>,
    /// The wrapper's embeds.
    pub embeds: Setting<Arc<Embeds>>,
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

impl<'a> Inputs<'a> {
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
    }
}

/// The latent that a sampler of the wrapper starts from.
fn samples(inputs: Inputs<'_>) -> Setting<Latent> {
    inputs.setting("samples", Inputs::latent)
}

fn wrapper(node: Inputs<'_>, settings: Inputs<'_>) -> Sampler {
    Sampler {
        node: node.id(),
        kind: SamplerKind::Wrapper,
        steps: settings.setting("steps", Inputs::int),
        start: settings.setting("start_step", Inputs::int),
        end: settings.setting("end_step", Inputs::int),
        cfg: settings.setting("cfg", Inputs::float),
        denoise: settings.setting("denoise_strength", Inputs::float),
        method: settings.setting("scheduler", Inputs::text),
        scheduler: settings.none("scheduler"),
        shift: settings.setting("shift", Inputs::float),
        seed: settings.setting("seed", Inputs::seed),
        adds_noise: settings.setting("add_noise_to_samples", Inputs::bool),
        model: settings.setting("model", Inputs::model),
        positive: settings.none("text_embeds"),
        negative: settings.none("text_embeds"),
        latent: samples(settings),
        embeds: settings.setting("image_embeds", Inputs::embeds),
    }
}

fn wrapper_v2(inputs: Inputs<'_>) -> Sampler {
    let schedule = inputs.settings("scheduler").map_or(inputs, |node| inputs.of(node));
    Sampler {
        steps: schedule.setting("steps", Inputs::int),
        start: schedule.setting("start_step", Inputs::int),
        end: schedule.setting("end_step", Inputs::int),
        method: schedule.setting("scheduler", Inputs::text),
        shift: schedule.setting("shift", Inputs::float),
        denoise: inputs.none("denoise_strength"),
        ..wrapper(inputs, inputs)
    }
}
