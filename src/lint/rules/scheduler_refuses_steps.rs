//! A scheduler of the wrapper with a number of steps, or in a sampler, that it cannot do.

use crate::analysis::{Sampler, SamplerKind};
use crate::diag::Severity;
use crate::lint::workflow::Workflow;
use crate::lint::{Check, Group, Judged, Rule, Subject, page};

pub(super) static RULE: Rule = Rule {
    name: "scheduler-refuses-steps",
    summary: "a scheduler that has a fixed number of steps, or is for another kind of video: it fails",
    group: Group::Correctness,
    subject: Subject::Workflow,
    severity: Some(Severity::Error),
    repairs: None,
    page: page!("scheduler-refuses-steps"),
    check: Check::Sampler(check),
};

fn check(workflow: &Workflow<'_>, sampler: &Sampler) -> Judged {
    if sampler.kind != SamplerKind::Wrapper {
        return Ok(None);
    }
    let method = sampler.method.value.clone()?;
    let is_small = || {
        let model = sampler.model.value.clone()?;
        Ok(model.is_of("wan21-t2v-1.3b") || model.is_of("wan22-ti2v-5b"))
    };
    let needs_four = match &*method {
        "flowmatch_distill" => true,
        "flowmatch_causvid" => is_small()?,
        "multitalk" => {
            let source = sampler.embeds.value.clone()?.source;
            if &*workflow.node(source).class_type == "WanVideoImageToVideoMultiTalk" {
                return Ok(None);
            }
            let message =
                "`multitalk` works only with the embeds of WanVideoImageToVideoMultiTalk: the sampler fails";
            let help = "take another scheduler, such as `unipc` or `dpm++_sde`";
            return Ok(Some(
                workflow.at(&RULE, sampler.method.node, sampler.method.input, message).help(help),
            ));
        }
        _ => false,
    };
    let steps = sampler.steps.value?;
    if !needs_four || steps == 4 {
        return Ok(None);
    }
    let message =
        format!("`{method}` takes 4 steps here and no other number: with {steps} the sampler fails");
    let help = "set 4 steps, or take another scheduler";
    Ok(Some(workflow.at(&RULE, sampler.steps.node, sampler.steps.input, message).help(help)))
}
