//! Networks: loaders, LoRAs, and nodes that change a model on its way.

use std::sync::Arc;

use super::{Outputs, Table};
use crate::analysis::fact::{Fact, Known, Lora};
use crate::analysis::inputs::Inputs;
use crate::analysis::model::Model;

pub(super) const TABLE: Table = &[
    ("UNETLoader", |inputs| loaded(inputs, "unet_name", 1)),
    ("UnetLoaderGGUF", |inputs| loaded(inputs, "unet_name", 1)),
    ("DiffusionModelLoaderKJ", |inputs| loaded(inputs, "model_name", 1)),
    ("CheckpointLoaderSimple", |inputs| loaded(inputs, "ckpt_name", 3)),
    ("ImageOnlyCheckpointLoader", |inputs| loaded(inputs, "ckpt_name", 3)),
    ("CLIPLoader", |inputs| loaded(inputs, "clip_name", 1)),
    ("VAELoader", |inputs| loaded(inputs, "vae_name", 1)),
    ("CLIPVisionLoader", |inputs| loaded(inputs, "clip_name", 1)),
    ("LTXAVTextEncoderLoader", |inputs| loaded(inputs, "text_encoder", 1)),
    ("LTXVAudioVAELoader", |inputs| loaded(inputs, "ckpt_name", 1)),
    ("AudioEncoderLoader", |inputs| loaded(inputs, "audio_encoder_name", 1)),
    ("LatentUpscaleModelLoader", |inputs| loaded(inputs, "model_name", 1)),
    ("LoraLoaderModelOnly", |inputs| vec![with_lora(inputs, "strength_model")]),
    ("LoraLoader", |inputs| vec![with_lora(inputs, "strength_model"), inputs.fact("clip")]),
    ("ModelSamplingSD3", |inputs| vec![shifted(inputs)]),
    ("ModelSamplingAuraFlow", |inputs| vec![shifted(inputs)]),
];

/// The network of a file, at each slot: of a checkpoint, all its parts are of one family.
fn loaded(inputs: Inputs<'_>, input: &str, slots: usize) -> Outputs {
    let model = Model::load(inputs.id(), inputs.text(input), inputs.models());
    vec![Ok(Fact::Model(Arc::new(model))); slots]
}

fn with_lora(inputs: Inputs<'_>, strength: &str) -> Known<Fact> {
    let lora = Lora {
        model: Arc::new(Model::load(inputs.id(), inputs.text("lora_name"), inputs.models())),
        strength: inputs.float(strength),
        merged: None,
        node: inputs.id(),
    };
    Ok(Fact::Model(Arc::new(inputs.model("model")?.with_loras([lora], inputs.id()))))
}

fn shifted(inputs: Inputs<'_>) -> Known<Fact> {
    Ok(Fact::Model(Arc::new(inputs.model("model")?.with_shift(inputs.float("shift"), inputs.id()))))
}
