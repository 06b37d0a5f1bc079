//! A picture to edit that only the text encoder sees.

use crate::analysis::Sampler;
use crate::diag::Severity;
use crate::lint::workflow::Workflow;
use crate::lint::{Check, Group, Judged, Rule, Subject, page};

pub(super) static RULE: Rule = Rule {
    name: "edit-without-reference",
    summary: "an edit encoder of Qwen-Image with pictures and without a VAE: the model does not see their details",
    group: Group::Correctness,
    subject: Subject::Workflow,
    severity: Some(Severity::Warning),
    repairs: None,
    page: page!("edit-without-reference"),
    check: Check::Sampler(check),
};

/// The encoders that add reference latents if they have a VAE.
pub(super) const ENCODERS: [&str; 2] = ["TextEncodeQwenImageEdit", "TextEncodeQwenImageEditPlus"];

/// Their pictures.
pub(super) const PICTURES: [&str; 4] = ["image", "image1", "image2", "image3"];

fn check(workflow: &Workflow<'_>, sampler: &Sampler) -> Judged {
    let positive = sampler.positive.value.clone()?;
    let inputs = workflow.analysis.inputs(positive.node);
    let node = workflow.node(positive.node);
    let has_picture = || PICTURES.iter().any(|picture| inputs.has(picture));
    if !ENCODERS.contains(&&*node.class_type)
        || inputs.has("vae")
        || !positive.references.is_empty()
        || !has_picture()
    {
        return Ok(None);
    }
    let message = format!(
        "`{}` ({}) has a picture and no VAE, so it gives the model no reference latent of it",
        node.key, node.class_type
    );
    let help = "link the VAE: without it the text encoder alone sees the picture, in a small copy";
    Ok(Some(workflow.at(&RULE, positive.node, "vae", message).help(help)))
}
