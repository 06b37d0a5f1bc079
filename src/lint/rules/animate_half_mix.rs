//! Wan Animate with a background and no mask, or the other way round.

use crate::diag::Severity;
use crate::ir::NodeId;
use crate::lint::workflow::Workflow;
use crate::lint::{Check, Group, Judged, Rule, Subject, page};

pub(super) static RULE: Rule = Rule {
    name: "animate-half-mix",
    summary: "Wan Animate with only one of background and mask: neither a move nor a mix",
    group: Group::Correctness,
    subject: Subject::Workflow,
    severity: Some(Severity::Warning),
    repairs: None,
    page: page!("animate-half-mix"),
    check: Check::Class(&["WanAnimateToVideo", "WanVideoAnimateEmbeds"], check),
};

#[expect(clippy::unnecessary_wraps, reason = "the signature of checks by class")]
fn check(workflow: &Workflow<'_>, id: NodeId) -> Judged {
    let inputs = workflow.analysis.inputs(id);
    let is_core = &*workflow.node(id).class_type == "WanAnimateToVideo";
    let (background, mask) =
        if is_core { ("background_video", "character_mask") } else { ("bg_images", "mask") };
    let (there, lacking) = match (inputs.has(background), inputs.has(mask)) {
        (true, false) => (background, mask),
        (false, true) => (mask, background),
        _ => return Ok(None),
    };
    let message = format!("`{}` is given `{there}` and no `{lacking}`", workflow.node(id).key);
    let help = format!(
        "link `{lacking}` to put the character into the video, or take `{there}` away to move the picture's \
         character in its own place"
    );
    Ok(Some(workflow.at(&RULE, id, there, message).help(help)))
}
