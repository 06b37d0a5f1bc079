//! A denoise so close to 1 that nothing is left of what it starts from.

use crate::analysis::{Sampler, SamplerKind, sigma};
use crate::diag::Severity;
use crate::lint::workflow::Workflow;
use crate::lint::{Check, Group, Judged, Rule, Subject, page};

pub(super) static RULE: Rule = Rule {
    name: "denoise-ignores-samples",
    summary: "a `denoise_strength` below 1 that starts at step 0: nothing of the samples is left",
    group: Group::Correctness,
    subject: Subject::Workflow,
    severity: Some(Severity::Warning),
    repairs: None,
    page: page!("denoise-ignores-samples"),
    check: Check::Sampler(check),
};

fn check(workflow: &Workflow<'_>, sampler: &Sampler) -> Judged {
    let denoise = sampler.denoise.value?;
    let has_samples = || workflow.analysis.inputs(sampler.model.node).has("samples");
    if sampler.kind != SamplerKind::Wrapper || denoise >= 1.0 || !has_samples() {
        return Ok(None);
    }
    let steps = sampler.steps.value?;
    if sigma::wrapper_start(steps, denoise) > 0 || steps < 2 {
        return Ok(None);
    }
    let message = format!(
        "`denoise_strength` {denoise} of {steps} steps starts at step 0, sigma 1: nothing of `samples` is left"
    );
    let step = (steps / 2).max(1);
    let level = sampler.level(step).map(|level| format!(", sigma {level:.3}")).unwrap_or_default();
    let help = format!(
        "set it to 1, `add_noise_to_samples` to true and `start_step` to where it should start: step {step} is \
         half of the steps{level}"
    );
    Ok(Some(workflow.at(&RULE, sampler.denoise.node, sampler.denoise.input, message).help(help)))
}
