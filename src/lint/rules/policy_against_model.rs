//! A policy asks for what the model was trained to do without.

use super::outside_policy::{all, holds_for, model_wins};
use crate::diag::Severity;
use crate::lint::workflow::{Findings, Workflow};
use crate::lint::{Check, Group, Rule, Subject, page};

pub(super) static RULE: Rule = Rule {
    name: "policy-against-model",
    summary: "a policy that asks for guidance where the model was distilled to need none; the model wins",
    group: Group::Correctness,
    subject: Subject::Workflow,
    severity: Some(Severity::Info),
    repairs: None,
    page: page!("policy-against-model"),
    check: Check::Workflow(check),
};

fn check(workflow: &Workflow<'_>, findings: &mut Findings) {
    for (policy, limits) in all(workflow) {
        let Some(range) = limits.cfg else { continue };
        for sampler in workflow.analysis.samplers().iter().filter(|sampler| workflow.runs(sampler.node)) {
            let Ok(model) = &sampler.model.value else { continue };
            if holds_for(limits, model) != Some(true) || !model_wins(range, model) {
                continue;
            }
            let by = model.distilling_lora().map_or(model, |lora| &lora.model);
            let message = format!(
                "the policy `{}` asks for a cfg of {}, and `{}` was distilled for 1: the model wins",
                policy.title,
                range.describe(),
                by.file_name()
            );
            findings.push(workflow.at(&RULE, sampler.cfg.node, sampler.cfg.input, message).help(
                "guidance on a distilled model burns colours and doubles the time; to work as the policy says, take the \
                 base weights without that LoRA, and limit the policy with `distilled = false`",
            ));
        }
    }
}
