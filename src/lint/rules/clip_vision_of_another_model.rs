//! An image encoder that Wan was not trained with.

use crate::diag::Severity;
use crate::ir::NodeId;
use crate::lint::weights;
use crate::lint::workflow::Workflow;
use crate::lint::{Check, Group, Judged, Rule, Subject, page};

pub(super) static RULE: Rule = Rule {
    name: "clip-vision-of-another-model",
    summary: "a CLIP vision file for Wan that is not ViT-H: the sampler fails",
    group: Group::Correctness,
    subject: Subject::Workflow,
    severity: Some(Severity::Error),
    repairs: None,
    page: page!("clip-vision-of-another-model"),
    check: Check::Class(CLASSES, check),
};

const CLASSES: &[&str] = &["WanVideoClipVisionEncode", "WanVideoImageClipEncode", "WanImageToVideo"];

fn check(workflow: &Workflow<'_>, id: NodeId) -> Judged {
    let encoder = match workflow.analysis.source(id, "clip_vision_output") {
        Some(encoder) if &*workflow.node(encoder).class_type == "CLIPVisionEncode" => encoder,
        Some(_) => return Ok(None),
        None => id,
    };
    let vision = workflow.analysis.inputs(encoder).model("clip_vision")?;
    let Some(family) = vision.family.as_deref() else { return Ok(None) };
    if family == "clip-vision-h" || vision.role.as_deref() != Some("clip_vision") {
        return Ok(None);
    }
    let message = format!("`{}` is {family}, and Wan was trained with CLIP ViT-H", vision.file_name());
    let finding =
        weights::at_file(workflow, &RULE, &vision, message).help("take `clip_vision_h.safetensors`");
    Ok(Some(finding.at_opt(workflow.node(id).origin.span(), "for this node")))
}
