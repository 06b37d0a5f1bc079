//! A text encoder in the format of another loader.

use crate::analysis::Model;
use crate::diag::Severity;
use crate::ir::NodeId;
use crate::lint::weights;
use crate::lint::workflow::Workflow;
use crate::lint::{Check, Group, Judged, Rule, Subject, page};

pub(super) static RULE: Rule = Rule {
    name: "text-encoder-of-another-format",
    summary: "a file of the UMT5 text encoder in a format that its loader does not read",
    group: Group::Correctness,
    subject: Subject::Workflow,
    severity: Some(Severity::Error),
    repairs: None,
    page: page!("text-encoder-of-another-format"),
    check: Check::Class(CLASSES, check),
};

const CLASSES: &[&str] = &["CLIPLoader", "LoadWanVideoT5TextEncoder", "WanVideoTextEncodeCached"];

fn check(workflow: &Workflow<'_>, id: NodeId) -> Judged {
    let inputs = workflow.analysis.inputs(id);
    let is_core = &*workflow.node(id).class_type == "CLIPLoader";
    let input = if is_core { "clip_name" } else { "model_name" };
    let model = Model::load(id, Ok(inputs.text(input)?), workflow.facts.models);
    let (Some(family), file) = (model.family.as_deref(), model.file_name()) else { return Ok(None) };
    let is_encoder = model.role.as_deref() == Some("text_encoder");
    // Others call theirs `umt5-xxl-encoder`, in whatever format.
    let is_wans = family == "umt5-xxl-wan" && !weights::is_called(&model, "encoder");
    let (message, help) = if is_core && is_wans {
        let message = format!(
            "`{file}` has Wan's own names for its weights, and CLIPLoader takes it for another encoder"
        );
        (message, "take `umt5_xxl_fp8_e4m3fn_scaled.safetensors` or `umt5_xxl_fp16.safetensors`")
    } else if !is_core && family == "umt5-xxl-comfy" && weights::precision(&model).contains("scaled") {
        let message = format!("`{file}` has scaled weights, which WanVideoWrapper does not load");
        (
            message,
            "take `umt5-xxl-enc-bf16.safetensors`, or encode with CLIPLoader and WanVideoTextEmbedBridge",
        )
    } else if !is_core && is_encoder && !family.starts_with("umt5") {
        (
            format!("`{file}` is {family}, and Wan's text encoder is UMT5-XXL"),
            "take `umt5-xxl-enc-bf16.safetensors`",
        )
    } else {
        return Ok(None);
    };
    Ok(Some(workflow.at(&RULE, id, input, message).help(help)))
}
