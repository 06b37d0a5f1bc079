//! Noise levels for a scheduler that has its own.

use crate::diag::Severity;
use crate::ir::NodeId;
use crate::lint::workflow::Workflow;
use crate::lint::{Check, Group, Judged, Rule, Subject, page};

pub(super) static RULE: Rule = Rule {
    name: "sigmas-on-fixed-scheduler",
    summary: "`sigmas` for a scheduler with noise levels of its own: it fails",
    group: Group::Correctness,
    subject: Subject::Workflow,
    severity: Some(Severity::Error),
    repairs: None,
    page: page!("sigmas-on-fixed-scheduler"),
    check: Check::Class(
        &["WanVideoSampler", "WanVideoSamplerSettings", "WanVideoScheduler", "WanVideoSchedulerv2"],
        check,
    ),
};

fn check(workflow: &Workflow<'_>, id: NodeId) -> Judged {
    let inputs = workflow.analysis.inputs(id);
    if !inputs.has("sigmas") {
        return Ok(None);
    }
    let scheduler = inputs.text("scheduler")?;
    if !matches!(&*scheduler, "flowmatch_causvid" | "flowmatch_distill") {
        return Ok(None);
    }
    let message =
        format!("`{scheduler}` has noise levels of its own and does not take `sigmas`: the sampler fails");
    let help = "take the link to `sigmas` away, or another scheduler, such as `euler` or `lcm`";
    Ok(Some(workflow.at(&RULE, id, "sigmas", message).help(help)))
}
