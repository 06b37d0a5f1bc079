//! A sampler whose part of the schedule is empty.

use crate::analysis::{Sampler, SamplerKind};
use crate::diag::Severity;
use crate::lint::workflow::Workflow;
use crate::lint::{Check, Group, Judged, Rule, Subject, page};

pub(super) static RULE: Rule = Rule {
    name: "no-steps-left",
    summary: "a sampler that starts where it ends: it fails, or gives back what it was given",
    group: Group::Correctness,
    subject: Subject::Workflow,
    severity: Some(Severity::Error),
    repairs: None,
    page: page!("no-steps-left"),
    check: Check::Sampler(check),
};

fn check(workflow: &Workflow<'_>, sampler: &Sampler) -> Judged {
    let is_wrapper = sampler.kind == SamplerKind::Wrapper;
    if !is_wrapper && sampler.kind != SamplerKind::KSamplerAdvanced {
        return Ok(None);
    }
    let part = sampler.part()?;
    if part.first < part.last {
        return Ok(None);
    }
    let then = if is_wrapper { "the sampler fails" } else { "the latent comes out as it went in" };
    let message = format!(
        "it starts at step {} and stops before step {} of {}: {then}",
        part.first, part.last, part.of
    );
    let help = "start before the end: the first of two samplers ends where the second one starts";
    Ok(Some(workflow.at(&RULE, sampler.start.node, sampler.start.input, message).help(help)))
}
