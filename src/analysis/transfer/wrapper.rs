//! WanVideoWrapper: models, embeds, samplers.

use std::sync::Arc;

use super::{Outputs, Table, settings};
use crate::analysis::fact::{
    Content, Embeds, Fact, ImageFact, Known, LatentFact, LatentFamily, Lora, Why, remember,
};
use crate::analysis::inputs::Inputs;
use crate::analysis::model::Model;
use crate::ir::NodeId;

pub(super) const TABLE: Table = &[
    ("WanVideoModelLoader", model),
    ("WanVideoVAELoader", |inputs| vec![file(inputs, "model_name")]),
    ("LoadWanVideoT5TextEncoder", |inputs| vec![file(inputs, "model_name")]),
    ("LoadWanVideoClipTextEncoder", |inputs| vec![file(inputs, "model_name")]),
    ("WanVideoUni3C_ControlnetLoader", |inputs| vec![file(inputs, "model")]),
    ("WanVideoControlnetLoader", |inputs| vec![file(inputs, "model")]),
    ("WanVideoExtraModelSelect", |inputs| vec![file(inputs, "extra_model")]),
    ("WanVideoSetLoRAs", |inputs| vec![with_loras(inputs)]),
    ("WanVideoLoraSelect", |inputs| vec![lora(inputs)]),
    ("WanVideoLoraSelectMulti", |inputs| vec![several_loras(inputs)]),
    ("WanVideoBlockSwap", settings),
    ("WanVideoVRAMManagement", settings),
    ("WanVideoTorchCompileSettings", settings),
    ("WanVideoContextOptions", settings),
    ("WanVideoSamplerExtraArgs", settings),
    ("WanVideoExperimentalArgs", settings),
    ("WanVideoTeaCache", settings),
    ("WanVideoMagCache", settings),
    ("WanVideoEasyCache", settings),
    ("WanVideoScheduler", |inputs| {
        let step = |name| inputs.fact(name);
        let settings = Ok(Fact::Settings(inputs.id()));
        vec![settings, step("steps"), step("shift"), step("scheduler"), step("start_step"), step("end_step")]
    }),
    ("WanVideoSchedulerv2", settings),
    ("WanVideoUni3C_embeds", settings),
    ("WanVideoEmptyEmbeds", embeds),
    ("WanVideoImageToVideoEncode", embeds),
    ("WanVideoAnimateEmbeds", embeds),
    ("WanVideoControlEmbeds", control_embeds),
    ("WanVideoVACEEncode", embeds),
    ("WanVideoImageToVideoMultiTalk", |inputs| {
        let mut outputs = embeds(inputs);
        outputs.push(inputs.fact("output_path"));
        outputs
    }),
    ("WanVideoAddExtraLatent", added),
    ("WanVideoAddSCAILReferenceEmbeds", added),
    ("WanVideoAddSCAILPoseEmbeds", added),
    ("WanVideoAddSCAIL2ConditionEmbeds", added),
    ("WanVideoAddS2VEmbeds", added),
    ("WanVideoAddControlEmbeds", added),
    ("WanVideoEncode", |inputs| vec![encoded(inputs)]),
    ("WanVideoDecode", |inputs| vec![decoded(inputs)]),
    ("WanVideoSampler", sampled),
    ("WanVideoSamplerv2", sampled),
    ("WanVideoSamplerFromSettings", |inputs| match inputs.settings("sampler_inputs") {
        Ok(node) => rendered(inputs.of(node), inputs.id()),
        Err(unknown) => vec![Err(unknown); 2],
    }),
    ("WanVideoSamplerSettings", settings),
    ("WanVideoFreeInitArgs", settings),
];

fn network(inputs: Inputs<'_>, input: &str) -> Model {
    Model::load(inputs.id(), inputs.text(input), inputs.models())
}

#[expect(clippy::unnecessary_wraps, reason = "as the other functions of the table's lines")]
fn file(inputs: Inputs<'_>, input: &str) -> Known<Fact> {
    Ok(Fact::Model(Arc::new(network(inputs, input))))
}

fn model(inputs: Inputs<'_>) -> Outputs {
    let model = network(inputs, "model");
    let loras = inputs.loras("lora").ok();
    let model = match loras {
        Some(loras) => model.with_loras(loras.iter().cloned(), inputs.id()),
        None => model,
    };
    vec![Ok(Fact::Model(Arc::new(model)))]
}

fn with_loras(inputs: Inputs<'_>) -> Known<Fact> {
    let model = inputs.model("model")?;
    if !inputs.has("lora") {
        return Ok(Fact::Model(model));
    }
    Ok(Fact::Model(Arc::new(model.with_loras(inputs.loras("lora")?.iter().cloned(), inputs.id()))))
}

fn lora(inputs: Inputs<'_>) -> Known<Fact> {
    let mut loras = if inputs.has("prev_lora") { inputs.loras("prev_lora")?.to_vec() } else { Vec::new() };
    let lora = Lora {
        model: Arc::new(network(inputs, "lora")),
        strength: inputs.float("strength"),
        merged: Some(inputs.bool("merge_loras")),
        node: inputs.id(),
    };
    remember(&mut loras, [lora]);
    Ok(Fact::Loras(loras.into()))
}

/// Of five places, those that name a file; `none` is none.
fn several_loras(inputs: Inputs<'_>) -> Known<Fact> {
    let mut loras = if inputs.has("prev_lora") { inputs.loras("prev_lora")?.to_vec() } else { Vec::new() };
    for place in 0..5 {
        let file = inputs.text(&format!("lora_{place}"));
        if file.as_deref() == Ok("none") {
            continue;
        }
        let lora = Lora {
            model: Arc::new(Model::load(inputs.id(), file, inputs.models())),
            strength: inputs.float(&format!("strength_{place}")),
            merged: Some(inputs.bool("merge_loras")),
            node: inputs.id(),
        };
        remember(&mut loras, [lora]);
    }
    Ok(Fact::Loras(loras.into()))
}

fn embeds(inputs: Inputs<'_>) -> Outputs {
    vec![Ok(Fact::Embeds(Arc::new(Embeds {
        width: inputs.int("width"),
        height: inputs.int("height"),
        frames: inputs.int("num_frames"),
        most: inputs.most("num_frames"),
        source: inputs.id(),
        added: Vec::new(),
    })))]
}

/// Of the size of the control signal.
fn control_embeds(inputs: Inputs<'_>) -> Outputs {
    let latent = inputs.latent("latents");
    vec![Ok(Fact::Embeds(Arc::new(Embeds {
        width: latent.and_then(|latent| latent.width),
        height: latent.and_then(|latent| latent.height),
        frames: latent.and_then(|latent| latent.frames),
        most: latent.ok().and_then(|latent| latent.most),
        source: inputs.id(),
        added: Vec::new(),
    })))]
}

fn added(inputs: Inputs<'_>) -> Outputs {
    vec![inputs.embeds("embeds").map(|embeds| {
        let mut after = (*embeds).clone();
        remember(&mut after.added, [inputs.id()]);
        Fact::Embeds(Arc::new(after))
    })]
}

fn encoded(inputs: Inputs<'_>) -> Known<Fact> {
    let image = inputs.image("driving_video")?;
    let family = inputs.model("vae").and_then(|vae| vae.latent().ok_or(inputs.unknown(Why::NoTransfer)));
    let ImageFact { width, height, frames, most, .. } = image;
    let content = Content::Encoded;
    Ok(Fact::Latent(LatentFact { family, width, height, frames, most, batch: Ok(1), content }))
}

fn decoded(inputs: Inputs<'_>) -> Known<Fact> {
    let LatentFact { width, height, frames, most, .. } = inputs.latent("samples")?;
    Ok(Fact::Image(ImageFact { width, height, frames, most, fps: Err(inputs.unknown(Why::Absent)) }))
}

/// What the embeds measure, the sampler gives: sides in whole tokens of 16 pixels, frames 4n+1.
fn sampled(inputs: Inputs<'_>) -> Outputs {
    rendered(inputs, inputs.id())
}

fn rendered(inputs: Inputs<'_>, sampler: NodeId) -> Outputs {
    let latent = inputs.embeds("image_embeds").map(|embeds| {
        let family =
            inputs.model("model").and_then(|model| model.latent().ok_or(inputs.unknown(Why::NoTransfer)));
        let side = |side: Known<i64>| side.map(|side| side - side.rem_euclid(16));
        let frames = embeds.frames.map(|frames| LatentFamily::WAN21.frames(frames));
        let most = embeds.most.map(|frames| LatentFamily::WAN21.frames(frames));
        let (width, height) = (side(embeds.width), side(embeds.height));
        let content = Content::Sampled(sampler);
        LatentFact { family, width, height, frames, most, batch: Ok(1), content }
    });
    let denoised = latent.map(|latent| LatentFact { content: Content::Denoised(sampler), ..latent });
    vec![latent.map(Fact::Latent), denoised.map(Fact::Latent)]
}
