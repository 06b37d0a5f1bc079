//! Context windows that overlap by their whole length.

use crate::diag::Severity;
use crate::ir::NodeId;
use crate::lint::workflow::Workflow;
use crate::lint::{Check, Group, Judged, Rule, Subject, page};

pub(super) static RULE: Rule = Rule {
    name: "context-overlap-too-large",
    summary: "context windows that overlap by their whole length or more: there is no next one",
    group: Group::Correctness,
    subject: Subject::Workflow,
    severity: Some(Severity::Error),
    repairs: None,
    page: page!("context-overlap-too-large"),
    check: Check::Class(&["WanVideoContextOptions"], check),
};

fn check(workflow: &Workflow<'_>, id: NodeId) -> Judged {
    let inputs = workflow.analysis.inputs(id);
    let (frames, overlap) = (inputs.int("context_frames")?, inputs.int("context_overlap")?);
    // Counted in latent frames, as the sampler does.
    let (window, shared) = ((frames - 1).div_euclid(4) + 1, overlap.div_euclid(4));
    if shared < window {
        return Ok(None);
    }
    let message = format!(
        "windows of {frames} frames overlap by {overlap}: they share {shared} of {window} latent frames and do not move on"
    );
    let help =
        format!("set `context_overlap` to at most half of the window, such as {}", (frames / 8 * 4).max(4));
    Ok(Some(workflow.at(&RULE, id, "context_overlap", message).help(help)))
}
