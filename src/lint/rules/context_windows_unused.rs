//! Context windows that are longer than the video.

use crate::analysis::Sampler;
use crate::diag::Severity;
use crate::lint::workflow::Workflow;
use crate::lint::{Check, Group, Judged, Rule, Subject, page};

pub(super) static RULE: Rule = Rule {
    name: "context-windows-unused",
    summary: "context windows longer than the video: they are switched off",
    group: Group::Correctness,
    subject: Subject::Workflow,
    severity: Some(Severity::Info),
    repairs: None,
    page: page!("context-windows-unused"),
    check: Check::Sampler(check),
};

fn check(workflow: &Workflow<'_>, sampler: &Sampler) -> Judged {
    let context = sampler.argument(&workflow.analysis, "context_options")?;
    let window = workflow.analysis.inputs(context).int("context_frames")?;
    let frames = sampler.embeds.value.clone()?.frames?;
    if window <= frames {
        return Ok(None);
    }
    let message =
        format!("the windows have {window} frames and the video {frames}: it is rendered in one piece");
    let help = "that is right for short videos; make the windows shorter if memory does not suffice";
    Ok(Some(workflow.at(&RULE, context, "context_frames", message).help(help)))
}
