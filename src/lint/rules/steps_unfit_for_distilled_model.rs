//! A number of steps that a distilled model was not made for.

use crate::analysis::{Sampler, SamplerKind};
use crate::diag::Severity;
use crate::lint::workflow::Workflow;
use crate::lint::{Check, Group, Judged, Rule, Subject, page};

pub(super) static RULE: Rule = Rule {
    name: "steps-unfit-for-distilled-model",
    summary: "fewer than 3 or more than 12 steps with a model that was distilled for 4 to 8",
    group: Group::Correctness,
    subject: Subject::Workflow,
    severity: Some(Severity::Warning),
    repairs: None,
    page: page!("steps-unfit-for-distilled-model"),
    check: Check::Sampler(check),
};

fn check(workflow: &Workflow<'_>, sampler: &Sampler) -> Judged {
    let model = sampler.model.value.clone()?;
    let steps = sampler.steps.value?;
    if model.is_distilled() != Some(true) {
        return Ok(None);
    }
    // Noise levels from elsewhere, and a part of a schedule, may be a refinement in one or two steps.
    let is_whole = sampler.kind != SamplerKind::Custom && sampler.denoise.value.unwrap_or(1.0) >= 1.0;
    let (wrong, help) = match steps {
        13.. => ("many", "set 4 to 8 steps: more take longer and give harsh, overdone results"),
        1..3 if is_whole => ("few", "set 4 to 8 steps"),
        _ => return Ok(None),
    };
    let by = model.distilling_lora().map_or(&model, |lora| &lora.model);
    let plural = if steps == 1 { "" } else { "s" };
    let message = format!(
        "it takes {steps} step{plural}, too {wrong} for `{}`, which was distilled for 4 to 8",
        by.file_name()
    );
    Ok(Some(workflow.at(&RULE, sampler.steps.node, sampler.steps.input, message).help(help)))
}
