//! A bridge for prompts with one bank.

use crate::analysis::Sampler;
use crate::diag::Severity;
use crate::lint::workflow::Workflow;
use crate::lint::{Check, Group, Judged, Rule, Subject, page};

pub(super) static RULE: Rule = Rule {
    name: "bridge-without-negative",
    summary: "WanVideoTextEmbedBridge without `negative` for a sampler with guidance: the sampler fails",
    group: Group::Correctness,
    subject: Subject::Workflow,
    severity: Some(Severity::Error),
    repairs: None,
    page: page!("bridge-without-negative"),
    check: Check::Sampler(check),
};

fn check(workflow: &Workflow<'_>, sampler: &Sampler) -> Judged {
    let Some(bridge) = workflow.analysis.source(sampler.node, "text_embeds") else { return Ok(None) };
    let node = workflow.node(bridge);
    if &*node.class_type != "WanVideoTextEmbedBridge" || workflow.analysis.inputs(bridge).has("negative") {
        return Ok(None);
    }
    let cfg = sampler.cfg.value?;
    if (cfg - 1.0).abs() < 1e-6 {
        return Ok(None);
    }
    let message =
        format!("cfg is {cfg}, and `{}` (WanVideoTextEmbedBridge) is given no `negative`", node.key);
    let finding = workflow.at(&RULE, sampler.cfg.node, sampler.cfg.input, message);
    let help = "connect a negative prompt, which may be empty; or set cfg to 1";
    Ok(Some(finding.at_opt(node.origin.span(), "").help(help)))
}
