//! Conditioning: texts, zeros, and reference pictures.

use std::sync::Arc;

use super::{Table, settings};
use crate::analysis::fact::{ConditioningFact, Fact, Known, Why, remember};
use crate::analysis::inputs::Inputs;

pub(super) const TABLE: Table = &[
    ("CLIPTextEncode", |inputs| vec![encoded(inputs, "text")]),
    ("TextEncodeQwenImageEdit", |inputs| vec![encoded(inputs, "prompt")]),
    ("TextEncodeQwenImageEditPlus", |inputs| vec![encoded(inputs, "prompt")]),
    ("ConditioningZeroOut", |inputs| vec![zeroed(inputs)]),
    ("ReferenceLatent", |inputs| vec![referred(inputs)]),
    ("FluxGuidance", |inputs| vec![inputs.fact("conditioning")]),
    ("FluxKontextMultiReferenceLatentMethod", |inputs| vec![inputs.fact("conditioning")]),
    ("LTXVConditioning", |inputs| vec![inputs.fact("positive"), inputs.fact("negative")]),
    ("LTXVCropGuides", |inputs| {
        vec![inputs.fact("positive"), inputs.fact("negative"), inputs.fact("latent")]
    }),
    ("WanVideoTextEncode", settings),
    ("WanVideoTextEncodeCached", |inputs| {
        let mut outputs = settings(inputs);
        outputs.extend([Err(inputs.unknown(Why::NoTransfer)), inputs.fact("positive_prompt")]);
        outputs
    }),
    ("WanVideoTextEncodeSingle", settings),
    ("WanVideoTextEmbedBridge", settings),
    ("WanVideoApplyNAG", settings),
];

#[expect(clippy::unnecessary_wraps, reason = "as the other functions of the table's lines")]
fn encoded(inputs: Inputs<'_>, text: &str) -> Known<Fact> {
    let text = inputs.text(text);
    Ok(conditioning(ConditioningFact { text, node: inputs.id(), is_zeroed: false, references: Vec::new() }))
}

fn conditioning(conditioning: ConditioningFact) -> Fact {
    Fact::Conditioning(Arc::new(conditioning))
}

fn zeroed(inputs: Inputs<'_>) -> Known<Fact> {
    let before = inputs.conditioning("conditioning")?;
    Ok(conditioning(ConditioningFact { is_zeroed: true, ..(*before).clone() }))
}

fn referred(inputs: Inputs<'_>) -> Known<Fact> {
    let mut after = (*inputs.conditioning("conditioning")?).clone();
    if inputs.has("latent") {
        remember(&mut after.references, [inputs.id()]);
    }
    Ok(conditioning(after))
}
