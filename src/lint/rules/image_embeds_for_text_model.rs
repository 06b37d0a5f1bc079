//! Embeds with an encoded image for a model that takes text alone.

use crate::analysis::Sampler;
use crate::diag::Severity;
use crate::lint::weights;
use crate::lint::workflow::Workflow;
use crate::lint::{Check, Group, Judged, Rule, Subject, page};

pub(super) static RULE: Rule = Rule {
    name: "image-embeds-for-text-model",
    summary: "embeds of an encoded image for a text-to-video model: the sampler fails",
    group: Group::Correctness,
    subject: Subject::Workflow,
    severity: Some(Severity::Error),
    repairs: None,
    page: page!("image-embeds-for-text-model"),
    check: Check::Sampler(check),
};

/// Classes whose embeds hold an encoded image, whatever they are given.
const ENCODED: [&str; 4] = [
    "WanVideoAnimateEmbeds",
    "WanVideoImageClipEncode",
    "WanVideoImageToVideoEncode",
    "WanVideoSVIProEmbeds",
];

fn check(workflow: &Workflow<'_>, sampler: &Sampler) -> Judged {
    let model = sampler.model.value.clone()?;
    let source = workflow.node(sampler.embeds.value.clone()?.source);
    let is_text = model.facts().is_some_and(|facts| facts.task == "t2v") && weights::is_sure(&model);
    if !is_text || !ENCODED.contains(&&*source.class_type) {
        return Ok(None);
    }
    let (file, key, class) = (model.file_name(), &source.key, &source.class_type);
    let message =
        format!("`{file}` makes videos of text alone, and `{key}` ({class}) gives it an encoded image");
    let help = "take the image-to-video weights, or WanVideoEmptyEmbeds for a video of text alone";
    Ok(Some(weights::at_file(workflow, &RULE, &model, message).at_opt(source.origin.span(), "").help(help)))
}
