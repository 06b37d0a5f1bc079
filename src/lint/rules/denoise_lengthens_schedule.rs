//! What a denoise below 1 makes of the steps.

use crate::analysis::{Content, Sampler, SamplerKind};
use crate::diag::Severity;
use crate::lint::workflow::Workflow;
use crate::lint::{Check, Group, Judged, Rule, Subject, page};

pub(super) static RULE: Rule = Rule {
    name: "denoise-lengthens-schedule",
    summary: "a denoise below 1, which takes the last steps of a longer schedule and not fewer steps",
    group: Group::Pedantic,
    subject: Subject::Workflow,
    severity: Some(Severity::Info),
    repairs: None,
    page: page!("denoise-lengthens-schedule"),
    check: Check::Sampler(check),
};

fn check(workflow: &Workflow<'_>, sampler: &Sampler) -> Judged {
    let denoise = sampler.denoise.value?;
    let is_core = matches!(sampler.kind, SamplerKind::KSampler | SamplerKind::Custom);
    let part = sampler.part()?;
    if !is_core || denoise <= 0.0 || part.first < 1 {
        return Ok(None);
    }
    // On an empty latent it is a mistake.
    if sampler.latent.value.is_ok_and(|latent| latent.content == Content::Empty) {
        return Ok(None);
    }
    let level = sampler.level(part.first).map(|level| format!(", from sigma {level:.3}")).unwrap_or_default();
    let message = format!(
        "denoise {denoise} makes a schedule of {} steps and takes its last {}{level}",
        part.of,
        part.of - part.first
    );
    let help = "that is what it is for; for less work set fewer steps";
    Ok(Some(workflow.at(&RULE, sampler.denoise.node, sampler.denoise.input, message).help(help)))
}
