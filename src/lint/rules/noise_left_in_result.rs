//! A latent that is decoded before all noise is taken away.

use crate::analysis::{Sampler, SamplerKind};
use crate::diag::Severity;
use crate::lint::workflow::Workflow;
use crate::lint::{Check, Group, Judged, Rule, Subject, page};

pub(super) static RULE: Rule = Rule {
    name: "noise-left-in-result",
    summary: "a sampler that stops before the end of its schedule, and whose result is decoded",
    group: Group::Correctness,
    subject: Subject::Workflow,
    severity: Some(Severity::Warning),
    repairs: None,
    page: page!("noise-left-in-result"),
    check: Check::Sampler(check),
};

const DECODERS: [&str; 3] = ["VAEDecode", "VAEDecodeTiled", "WanVideoDecode"];

fn check(workflow: &Workflow<'_>, sampler: &Sampler) -> Judged {
    if sampler.kind == SamplerKind::Custom || !sampler.leaves_noise(&workflow.analysis)? {
        return Ok(None);
    }
    let decoder = workflow.graph.consumers(sampler.node).find(|(next, link)| {
        link.slot == 0 && workflow.runs(*next) && DECODERS.contains(&&*workflow.node(*next).class_type)
    });
    let Some((decoder, _)) = decoder else { return Ok(None) };
    let part = sampler.part()?;
    let level = sampler.level(part.last).map(|level| format!(", sigma {level:.3}")).unwrap_or_default();
    let key = &workflow.node(decoder).key;
    let message = format!(
        "it stops at step {} of {}{level}, and `{key}` decodes the noise that is left",
        part.last, part.of
    );
    let help = "let it go on to the end, or another sampler from there";
    Ok(Some(workflow.at(&RULE, sampler.end.node, sampler.end.input, message).help(help)))
}
