//! SCAIL's reference without CLIP's view of it.

use crate::diag::Severity;
use crate::ir::NodeId;
use crate::lint::workflow::Workflow;
use crate::lint::{Check, Group, Judged, Rule, Subject, page};

pub(super) static RULE: Rule = Rule {
    name: "scail-reference-without-clip",
    summary: "a reference for SCAIL without `clip_embeds`, which also takes away those that were there",
    group: Group::Correctness,
    subject: Subject::Workflow,
    severity: Some(Severity::Warning),
    repairs: None,
    page: page!("scail-reference-without-clip"),
    check: Check::Class(&["WanVideoAddSCAILReferenceEmbeds"], check),
};

#[expect(clippy::unnecessary_wraps, reason = "the signature of checks by class")]
fn check(workflow: &Workflow<'_>, id: NodeId) -> Judged {
    if workflow.analysis.inputs(id).has("clip_embeds") {
        return Ok(None);
    }
    let key = &workflow.node(id).key;
    let message =
        format!("`{key}` has no `clip_embeds`: the model renders without CLIP's view of the character");
    let help = "link WanVideoClipVisionEncode of the reference picture to it";
    Ok(Some(workflow.at(&RULE, id, "clip_embeds", message).help(help)))
}
