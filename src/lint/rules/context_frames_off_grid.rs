//! Context windows of a length that whole latent frames do not give.

use crate::diag::Severity;
use crate::ir::{NodeId, Value};
use crate::lint::workflow::Workflow;
use crate::lint::{Check, Group, Judged, Rule, Subject, page};

pub(super) static RULE: Rule = Rule {
    name: "context-frames-off-grid",
    summary: "`context_frames` that are not 4n+1: the windows are shorter than that",
    group: Group::Correctness,
    subject: Subject::Workflow,
    severity: Some(Severity::Warning),
    repairs: Some("with `--unsafe`: writes the nearest number"),
    page: page!("context-frames-off-grid"),
    check: Check::Class(&["WanVideoContextOptions"], check),
};

fn check(workflow: &Workflow<'_>, id: NodeId) -> Judged {
    let frames = workflow.analysis.inputs(id).int("context_frames")?;
    let over = (frames - 1).rem_euclid(4);
    if over == 0 || frames < 1 {
        return Ok(None);
    }
    let (below, above) = (frames - over, frames - over + 4);
    let message = format!("`context_frames` is {frames}, and a window of whole latent frames has {below}");
    let help = format!("set {below} or {above}: 4n+1, one frame and four for each latent frame after it");
    let mut finding = workflow.at(&RULE, id, "context_frames", message).help(help);
    let near = if over == 1 { below } else { above };
    finding.fix = workflow.rewrite(id, "context_frames", &Value::Int(near.into()), false);
    Ok(Some(finding))
}
