//! Uni3C without the latent that it follows.

use crate::diag::Severity;
use crate::ir::NodeId;
use crate::lint::workflow::Workflow;
use crate::lint::{Check, Group, Judged, Rule, Subject, page};

pub(super) static RULE: Rule = Rule {
    name: "uni3c-without-render-latent",
    summary: "Uni3C without a render latent: the sampler fails",
    group: Group::Correctness,
    subject: Subject::Workflow,
    severity: Some(Severity::Error),
    repairs: None,
    page: page!("uni3c-without-render-latent"),
    check: Check::Class(&["WanVideoUni3C_embeds"], check),
};

#[expect(clippy::unnecessary_wraps, reason = "the signature of checks by class")]
fn check(workflow: &Workflow<'_>, id: NodeId) -> Judged {
    if workflow.analysis.inputs(id).has("render_latent") {
        return Ok(None);
    }
    let key = &workflow.node(id).key;
    let message = format!("`{key}` has no `render_latent`: the sampler that it conditions fails");
    let help = "link what a sampler gave, or WanVideoEncode of the video whose camera it is to follow";
    Ok(Some(workflow.at(&RULE, id, "render_latent", message).help(help)))
}
