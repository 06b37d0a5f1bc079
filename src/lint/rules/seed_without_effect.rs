//! A seed that is not looked at because the noise comes with the samples.

use crate::analysis::{Sampler, SamplerKind};
use crate::diag::Severity;
use crate::lint::workflow::Workflow;
use crate::lint::{Check, Group, Judged, Rule, Subject, page};

pub(super) static RULE: Rule = Rule {
    name: "seed-without-effect",
    summary: "a seed of its own on a sampler that goes on with the noise of another one",
    group: Group::Pedantic,
    subject: Subject::Workflow,
    severity: Some(Severity::Info),
    repairs: None,
    page: page!("seed-without-effect"),
    check: Check::Sampler(check),
};

fn check(workflow: &Workflow<'_>, sampler: &Sampler) -> Judged {
    if sampler.kind != SamplerKind::Wrapper || sampler.renoises()? {
        return Ok(None);
    }
    let Some(first) = sampler.previous(&workflow.analysis) else { return Ok(None) };
    if first.kind != SamplerKind::Wrapper {
        return Ok(None);
    }
    let (seed, other) = (sampler.seed.value.clone()?, first.seed.value.clone()?);
    // What every node has to have says nothing.
    if &*seed == "0" || seed == other {
        return Ok(None);
    }
    let key = &workflow.node(first.node).key;
    let message =
        format!("the seed {seed} has no effect: noise and its generator come with the samples of `{key}`");
    let help = format!("change the seed of `{key}`");
    Ok(Some(workflow.at(&RULE, sampler.seed.node, sampler.seed.input, message).help(help)))
}
