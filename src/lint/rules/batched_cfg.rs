//! `batched_cfg` on a sampler that cannot do it.

use crate::diag::Severity;
use crate::ir::{NodeId, Value};
use crate::lint::workflow::Workflow;
use crate::lint::{Check, Group, Judged, Rule, Subject, page};

pub(super) static RULE: Rule = Rule {
    name: "batched-cfg",
    summary: "`batched_cfg` switched on: the sampler fails when it comes to its first step",
    group: Group::Correctness,
    subject: Subject::Workflow,
    severity: Some(Severity::Error),
    repairs: Some("with `--unsafe`: switches it off"),
    page: page!("batched-cfg"),
    check: Check::Class(&["WanVideoSampler", "WanVideoSamplerSettings"], check),
};

fn check(workflow: &Workflow<'_>, id: NodeId) -> Judged {
    let inputs = workflow.analysis.inputs(id);
    // Without guidance there is no second prediction to batch.
    if !inputs.bool("batched_cfg")? || inputs.float("cfg").is_ok_and(|cfg| (cfg - 1.0).abs() < 1e-6) {
        return Ok(None);
    }
    let message = "`batched_cfg` is on, and the sampler fails at its first step: it passes an argument twice";
    let mut finding = workflow.at(&RULE, id, "batched_cfg", message).help("switch it off");
    finding.fix = workflow.rewrite(id, "batched_cfg", &Value::Bool(false), false);
    Ok(Some(finding))
}
