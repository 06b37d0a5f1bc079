//! A CLIP vision model of one pack at a node of another.

use crate::diag::Severity;
use crate::ir::NodeId;
use crate::lint::workflow::Workflow;
use crate::lint::{Check, Group, Judged, Rule, Subject, page};

pub(super) static RULE: Rule = Rule {
    name: "clip-vision-of-another-loader",
    summary: "a CLIP vision model that WanVideoWrapper loaded, at a node of ComfyUI: types agree, and the node fails",
    group: Group::Correctness,
    subject: Subject::Workflow,
    severity: Some(Severity::Error),
    repairs: None,
    page: page!("clip-vision-of-another-loader"),
    check: Check::Class(CLASSES, check),
};

/// Nodes of ComfyUI that encode pictures.
const CLASSES: &[&str] = &[
    "CLIPVisionEncode",
    "SVD_img2vid_Conditioning",
    "StableZero123_Conditioning",
    "StableZero123_Conditioning_Batched",
    "SV3D_Conditioning",
];

fn check(workflow: &Workflow<'_>, id: NodeId) -> Judged {
    let vision = workflow.analysis.inputs(id).model("clip_vision")?;
    let loader = workflow.node(vision.loader);
    if &*loader.class_type != "LoadWanVideoClipTextEncoder" {
        return Ok(None);
    }
    let class = &workflow.node(id).class_type;
    let message =
        format!("`{}` (LoadWanVideoClipTextEncoder) loads an encoder that {class} cannot use", loader.key);
    let help = "load `clip_vision_h.safetensors` with CLIPVisionLoader: both packs take that";
    Ok(Some(workflow.at(&RULE, id, "clip_vision", message).help(help)))
}
