//! Two ways to say where a sampler starts, which exclude each other.

use crate::analysis::{Sampler, SamplerKind, sigma};
use crate::diag::Severity;
use crate::lint::workflow::Workflow;
use crate::lint::{Check, Group, Judged, Rule, Subject, page};

pub(super) static RULE: Rule = Rule {
    name: "denoise-with-start-step",
    summary: "a `denoise_strength` below 1 and a `start_step`: the sampler fails at once",
    group: Group::Correctness,
    subject: Subject::Workflow,
    severity: Some(Severity::Error),
    repairs: None,
    page: page!("denoise-with-start-step"),
    check: Check::Sampler(check),
};

fn check(workflow: &Workflow<'_>, sampler: &Sampler) -> Judged {
    let denoise = sampler.denoise.value?;
    if sampler.kind != SamplerKind::Wrapper || denoise >= 1.0 {
        return Ok(None);
    }
    let start = sampler.start.value?;
    if start == 0 {
        return Ok(None);
    }
    let levels = match sampler.steps.value {
        Ok(steps) => {
            let own = sigma::wrapper_start(steps, denoise);
            let levels = match (sampler.level(own), sampler.level(start)) {
                (Ok(one), Ok(other)) => format!(", sigma {one:.3} instead of {other:.3}"),
                _ => String::new(),
            };
            format!("; the strength alone starts at step {own} of {steps}{levels}")
        }
        Err(_) => String::new(),
    };
    let message = format!(
        "`denoise_strength` is {denoise} and `start_step` is {start}: the sampler takes only one of them{levels}"
    );
    let help = "set `denoise_strength` to 1 and keep `start_step`, which says the noise level exactly";
    Ok(Some(workflow.at(&RULE, sampler.denoise.node, sampler.denoise.input, message).help(help)))
}
