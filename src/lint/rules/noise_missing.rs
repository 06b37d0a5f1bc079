//! A sampler that is to take noise away from a latent without any.

use crate::analysis::{Content, Sampler, SamplerKind};
use crate::diag::Severity;
use crate::ir::Value;
use crate::lint::workflow::Workflow;
use crate::lint::{Check, Group, Judged, Rule, Subject, page};

pub(super) static RULE: Rule = Rule {
    name: "noise-missing",
    summary: "a sampler that adds no noise and is given a latent without noise",
    group: Group::Correctness,
    subject: Subject::Workflow,
    severity: Some(Severity::Error),
    repairs: Some("with `--unsafe`: adds noise"),
    page: page!("noise-missing"),
    check: Check::Sampler(check),
};

/// Embeds with which a sampler goes through a long video window by window, and adds the noise itself.
const LOOPING: [&str; 2] = ["WanVideoAnimateEmbeds", "WanVideoImageToVideoMultiTalk"];

fn check(workflow: &Workflow<'_>, sampler: &Sampler) -> Judged {
    let is_wrapper = sampler.kind == SamplerKind::Wrapper;
    if !is_wrapper && sampler.kind != SamplerKind::KSamplerAdvanced || sampler.renoises()? {
        return Ok(None);
    }
    let latent = sampler.latent.value?;
    if is_wrapper {
        let source = sampler.embeds.value.clone()?.source;
        // With a mask, only a part of the video is noise.
        let encoder = workflow.analysis.source(sampler.latent.node, sampler.latent.input);
        let is_masked = encoder.is_some_and(|id| workflow.analysis.inputs(id).has("mask"));
        if is_masked || LOOPING.contains(&&*workflow.node(source).class_type) {
            return Ok(None);
        }
    }
    let what = match latent.content {
        Content::Encoded => "a video or picture that was encoded".to_owned(),
        Content::Empty if !is_wrapper => "an empty latent".to_owned(),
        Content::Sampled(_) => {
            let Some(first) = sampler.previous(&workflow.analysis) else { return Ok(None) };
            if first.kind == SamplerKind::Custom || first.leaves_noise(&workflow.analysis)? {
                return Ok(None);
            }
            format!("the finished result of `{}`", workflow.node(first.node).key)
        }
        Content::Denoised(from) => format!("the second output of `{}`", workflow.node(from).key),
        Content::Empty | Content::Unknown => return Ok(None),
    };
    let part = sampler.part()?;
    let level = sampler.level(part.first).map(|level| format!(", sigma {level:.3}")).unwrap_or_default();
    let message =
        format!("it starts at step {} of {}{level}, and adds no noise; {what} has none", part.first, part.of);
    let help = "add noise here; or, if another sampler takes the steps before, let it leave its noise";
    let setting = &sampler.adds_noise;
    let noise = if is_wrapper { Value::Bool(true) } else { Value::Str("enable".into()) };
    let mut finding = workflow.at(&RULE, setting.node, setting.input, message).help(help);
    finding.fix = workflow.rewrite(setting.node, setting.input, &noise, false);
    Ok(Some(finding))
}
