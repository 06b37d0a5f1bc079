//! Guidance on a model that was distilled to do without.

use crate::analysis::Sampler;
use crate::diag::Severity;
use crate::ir::Value;
use crate::lint::workflow::Workflow;
use crate::lint::{Check, Group, Judged, Rule, Subject, page};

pub(super) static RULE: Rule = Rule {
    name: "cfg-with-distilled-model",
    summary: "a cfg other than 1 on a model that was distilled to need none",
    group: Group::Correctness,
    subject: Subject::Workflow,
    severity: Some(Severity::Warning),
    repairs: Some("with `--unsafe`: sets cfg to 1"),
    page: page!("cfg-with-distilled-model"),
    check: Check::Sampler(check),
};

fn check(workflow: &Workflow<'_>, sampler: &Sampler) -> Judged {
    let model = sampler.model.value.clone()?;
    let cfg = sampler.cfg.value?;
    if model.is_distilled() != Some(true) || (cfg - 1.0).abs() < 1e-6 {
        return Ok(None);
    }
    let lora = model.distilling_lora();
    let by = lora.map_or(&model, |lora| &lora.model);
    let message = format!("cfg is {cfg}, and `{}` was distilled to work with 1", by.file_name());
    let other = if lora.is_some() { "take that LoRA away" } else { "load the base weights" };
    let help = format!("set cfg to 1: each step then takes half the time; or {other}");
    let setting = &sampler.cfg;
    let mut finding = workflow.at(&RULE, setting.node, setting.input, message).help(help);
    finding.fix = workflow.rewrite(setting.node, setting.input, &Value::Float(1.0), false);
    Ok(Some(finding))
}
