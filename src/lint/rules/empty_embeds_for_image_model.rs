//! Empty embeds for a model that must be given an image.

use crate::analysis::Sampler;
use crate::diag::Severity;
use crate::lint::weights;
use crate::lint::workflow::Workflow;
use crate::lint::{Check, Group, Judged, Rule, Subject, page};

pub(super) static RULE: Rule = Rule {
    name: "empty-embeds-for-image-model",
    summary: "empty embeds for an image-to-video model: the sampler fails at its first step",
    group: Group::Correctness,
    subject: Subject::Workflow,
    severity: Some(Severity::Error),
    repairs: None,
    page: page!("empty-embeds-for-image-model"),
    check: Check::Sampler(check),
};

fn check(workflow: &Workflow<'_>, sampler: &Sampler) -> Judged {
    let model = sampler.model.value.clone()?;
    let embeds = sampler.embeds.value.clone()?;
    let source = workflow.node(embeds.source);
    let is_image = model.facts().is_some_and(|facts| facts.task == "i2v") && weights::is_sure(&model);
    // What is added may bring an image along.
    let is_empty = &*source.class_type == "WanVideoEmptyEmbeds"
        && embeds.added.is_empty()
        && ["control_embeds", "extra_latents"].iter().all(|input| source.input(input).is_none());
    if !is_image || !is_empty {
        return Ok(None);
    }
    let file = model.file_name();
    let message =
        format!("`{file}` needs an encoded image, and `{}` (WanVideoEmptyEmbeds) has none", source.key);
    let help = "encode one with WanVideoImageToVideoEncode, or take the text-to-video weights";
    Ok(Some(weights::at_file(workflow, &RULE, &model, message).at_opt(source.origin.span(), "").help(help)))
}
