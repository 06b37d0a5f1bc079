//! Noise that is added to a latent with noise in it.

use crate::analysis::{Sampler, SamplerKind};
use crate::diag::Severity;
use crate::ir::Value;
use crate::lint::workflow::Workflow;
use crate::lint::{Check, Group, Judged, Rule, Subject, page};

pub(super) static RULE: Rule = Rule {
    name: "noise-added-twice",
    summary: "a sampler that adds noise to what another one has left noisy for it",
    group: Group::Correctness,
    subject: Subject::Workflow,
    severity: Some(Severity::Error),
    repairs: Some("with `--unsafe`: adds none"),
    page: page!("noise-added-twice"),
    check: Check::Sampler(check),
};

fn check(workflow: &Workflow<'_>, second: &Sampler) -> Judged {
    let Some(first) = second.previous(&workflow.analysis) else { return Ok(None) };
    let is_part = matches!(second.kind, SamplerKind::KSamplerAdvanced | SamplerKind::Wrapper);
    if !is_part || !first.leaves_noise(&workflow.analysis)? || !second.renoises()? {
        return Ok(None);
    }
    let (stop, start) = (first.part()?, second.part()?);
    if start.first < 1 {
        return Ok(None);
    }
    let key = &workflow.node(first.node).key;
    let message = format!(
        "noise is added to what `{key}` gives, which stops at step {} of {} and has noise in it already",
        stop.last, stop.of
    );
    let help = "add none here, if this sampler goes on; or let the first one finish, if this is a new start";
    // With a denoise, the wrapper adds noise whatever it is told.
    let setting = &second.adds_noise;
    if !setting.value? {
        return Ok(Some(workflow.at(&RULE, second.denoise.node, second.denoise.input, message).help(help)));
    }
    let none =
        if second.kind == SamplerKind::Wrapper { Value::Bool(false) } else { Value::Str("disable".into()) };
    let mut finding = workflow.at(&RULE, setting.node, setting.input, message).help(help);
    finding.fix = workflow.rewrite(setting.node, setting.input, &none, false);
    Ok(Some(finding))
}
