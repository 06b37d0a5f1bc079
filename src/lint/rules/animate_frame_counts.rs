//! Inputs of Wan Animate that are not equally long.

use crate::diag::Severity;
use crate::ir::NodeId;
use crate::lint::workflow::Workflow;
use crate::lint::{Check, Group, Judged, Rule, Subject, page};

pub(super) static RULE: Rule = Rule {
    name: "animate-frame-counts",
    summary: "poses, faces, background and mask of Wan Animate with different numbers of frames",
    group: Group::Correctness,
    subject: Subject::Workflow,
    severity: Some(Severity::Warning),
    repairs: None,
    page: page!("animate-frame-counts"),
    check: Check::Class(&["WanAnimateToVideo", "WanVideoAnimateEmbeds"], check),
};

#[expect(clippy::unnecessary_wraps, reason = "the signature of checks by class")]
fn check(workflow: &Workflow<'_>, id: NodeId) -> Judged {
    let inputs = workflow.analysis.inputs(id);
    let names: [&str; 4] = if &*workflow.node(id).class_type == "WanAnimateToVideo" {
        ["pose_video", "face_video", "background_video", "character_mask"]
    } else {
        ["pose_images", "face_images", "bg_images", "mask"]
    };
    let is_mask = |name: &str| name.ends_with("mask");
    let frames = |name: &&'static str| {
        let frames = inputs.image(name).ok()?.frames.ok()?;
        // One mask stands for all frames.
        (!is_mask(name) || frames != 1).then_some((*name, frames))
    };
    let known: Vec<(&str, i64)> = names.iter().filter(|name| inputs.has(name)).filter_map(frames).collect();
    let Some(((first, one), rest)) = known.split_first() else { return Ok(None) };
    let Some((other, many)) = rest.iter().find(|(_, many)| many != one) else { return Ok(None) };
    let message = format!("`{first}` has {one} frames, and `{other}` {many}");
    let help = "make all of them from the same frames of the driving video";
    Ok(Some(workflow.at(&RULE, id, other, message).help(help)))
}
