//! A denoise that shortens the schedule and skips its beginning as well.

use crate::analysis::{Sampler, SamplerKind, sigma};
use crate::diag::Severity;
use crate::lint::workflow::Workflow;
use crate::lint::{Check, Group, Judged, Rule, Subject, page};

pub(super) static RULE: Rule = Rule {
    name: "denoise-applied-twice",
    summary: "a `denoise_strength` with a scheduler that applies it once more",
    group: Group::Correctness,
    subject: Subject::Workflow,
    severity: Some(Severity::Warning),
    repairs: None,
    page: page!("denoise-applied-twice"),
    check: Check::Sampler(check),
};

/// Schedulers that shrink their noise levels by the strength, while the sampler also starts later.
const SHRINKING: [&str; 3] = ["er_sde", "flowmatch_pusa", "res_multistep"];

fn check(workflow: &Workflow<'_>, sampler: &Sampler) -> Judged {
    let denoise = sampler.denoise.value?;
    if sampler.kind != SamplerKind::Wrapper || denoise >= 1.0 {
        return Ok(None);
    }
    let (method, steps) = (sampler.method.value.clone()?, sampler.steps.value?);
    if !SHRINKING.contains(&&*method) {
        return Ok(None);
    }
    let first = sigma::wrapper_start(steps, denoise);
    let message = format!(
        "`{method}` begins its {steps} steps at {denoise} of the noise, and `denoise_strength` then skips {first} of them"
    );
    let help = "set it to 1 and `start_step` to where it should start, or take another scheduler";
    Ok(Some(workflow.at(&RULE, sampler.denoise.node, sampler.denoise.input, message).help(help)))
}
