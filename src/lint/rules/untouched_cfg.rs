//! A cfg that nobody has chosen for the model.

use crate::analysis::{Sampler, SamplerKind};
use crate::diag::Severity;
use crate::lint::workflow::Workflow;
use crate::lint::{Check, Group, Judged, Rule, Subject, page};

pub(super) static RULE: Rule = Rule {
    name: "untouched-cfg",
    summary: "a cfg of 8, which a new node has and no flow model works with",
    group: Group::Correctness,
    subject: Subject::Workflow,
    severity: Some(Severity::Warning),
    repairs: None,
    page: page!("untouched-cfg"),
    check: Check::Sampler(check),
};

/// What `KSampler` and `CFGGuider` start with, for Stable Diffusion.
const DEFAULT: f64 = 8.0;

fn check(workflow: &Workflow<'_>, sampler: &Sampler) -> Judged {
    let is_core = sampler.kind != SamplerKind::Wrapper;
    if !is_core || (sampler.cfg.value? - DEFAULT).abs() > 1e-6 {
        return Ok(None);
    }
    let model = sampler.model.value.clone()?;
    // What is known of models here are flow models; the distilled ones have a rule of their own.
    let Some(facts) = model.facts().filter(|facts| !facts.task.is_empty()) else { return Ok(None) };
    if facts.latent == "sd" || model.is_distilled() == Some(true) {
        return Ok(None);
    }
    let message =
        format!("cfg is {DEFAULT}, which a new node has: `{}` burns out with so much", model.file_name());
    let help = "set what the model was published with: 2.5 to 6 for flow models";
    Ok(Some(workflow.at(&RULE, sampler.cfg.node, sampler.cfg.input, message).help(help)))
}
