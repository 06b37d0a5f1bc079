//! A render mask for Uni3C.

use crate::diag::Severity;
use crate::ir::NodeId;
use crate::lint::workflow::Workflow;
use crate::lint::{Check, Group, Judged, Rule, Subject, page};

pub(super) static RULE: Rule = Rule {
    name: "uni3c-render-mask",
    summary: "Uni3C with a render mask, which is not implemented: the node fails",
    group: Group::Correctness,
    subject: Subject::Workflow,
    severity: Some(Severity::Error),
    repairs: None,
    page: page!("uni3c-render-mask"),
    check: Check::Class(&["WanVideoUni3C_embeds"], check),
};

#[expect(clippy::unnecessary_wraps, reason = "the signature of checks by class")]
fn check(workflow: &Workflow<'_>, id: NodeId) -> Judged {
    if !workflow.analysis.inputs(id).has("render_mask") {
        return Ok(None);
    }
    let key = &workflow.node(id).key;
    let message = format!("`{key}` is given a `render_mask`, which it does not implement: it fails");
    Ok(Some(workflow.at(&RULE, id, "render_mask", message).help("take the link away")))
}
