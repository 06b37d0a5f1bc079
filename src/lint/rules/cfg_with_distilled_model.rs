//! Guidance on a model that was distilled to do without.

use crate::analysis::Sampler;
use crate::diag::Severity;
use crate::lint::workflow::Workflow;
use crate::lint::{Check, Group, Judged, Rule, Subject, page};

pub(super) static RULE: Rule = Rule {
    name: "cfg-with-distilled-model",
    summary: "a cfg other than 1 on a model that was distilled to need none",
    group: Group::Correctness,
    subject: Subject::Workflow,
    severity: Some(Severity::Warning),
    repairs: None,
    page: page!("cfg-with-distilled-model"),
    check: Check::Sampler(check),
};

fn check(workflow: &Workflow<'_>, sampler: &Sampler) -> Judged {
    let model = sampler.model.value.clone()?;
    let cfg = sampler.cfg.value?;
    if model.is_distilled() != Some(true) || (cfg - 1.0).abs() < 1e-6 {
        return Ok(None);
    }
    let by = model.distilling_lora().map_or(&model, |lora| &lora.model);
    let message = format!("cfg is {cfg}, and `{}` was distilled to work with 1", by.file_name());
    let help = "set cfg to 1: each step then takes half the time; or take the base weights without that LoRA";
    Ok(Some(workflow.at(&RULE, sampler.cfg.node, sampler.cfg.input, message).help(help)))
}
