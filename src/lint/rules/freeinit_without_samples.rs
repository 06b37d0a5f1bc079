//! `FreeInit` on a sampler that has no samples to start from.

use crate::diag::Severity;
use crate::ir::NodeId;
use crate::lint::workflow::Workflow;
use crate::lint::{Check, Group, Judged, Rule, Subject, page};

pub(super) static RULE: Rule = Rule {
    name: "freeinit-without-samples",
    summary: "`freeinit_args` without `samples`: the sampler fails before its first step",
    group: Group::Correctness,
    subject: Subject::Workflow,
    severity: Some(Severity::Error),
    repairs: None,
    page: page!("freeinit-without-samples"),
    check: Check::Class(&["WanVideoSampler", "WanVideoSamplerSettings"], check),
};

#[expect(clippy::unnecessary_wraps, reason = "the type of all checks")]
fn check(workflow: &Workflow<'_>, id: NodeId) -> Judged {
    let inputs = workflow.analysis.inputs(id);
    if !inputs.has("freeinit_args") || inputs.has("samples") {
        return Ok(None);
    }
    let message =
        "`freeinit_args` without `samples`: the sampler looks at samples that it does not have, and fails";
    let help = "take the link to `freeinit_args` away, or give the sampler `samples`";
    Ok(Some(workflow.at(&RULE, id, "freeinit_args", message).help(help)))
}
