//! A sampler of the wrapper that is to follow a negative prompt and is given none.

use crate::analysis::{Sampler, SamplerKind};
use crate::diag::Severity;
use crate::lint::workflow::Workflow;
use crate::lint::{Check, Group, Judged, Rule, Subject, page};

pub(super) static RULE: Rule = Rule {
    name: "missing-negative-embeds",
    summary: "a cfg other than 1 without a negative prompt: the sampler fails at its first step",
    group: Group::Correctness,
    subject: Subject::Workflow,
    severity: Some(Severity::Error),
    repairs: None,
    page: page!("missing-negative-embeds"),
    check: Check::Sampler(check),
};

fn check(workflow: &Workflow<'_>, sampler: &Sampler) -> Judged {
    if sampler.kind != SamplerKind::Wrapper || (sampler.cfg.value? - 1.0).abs() < 1e-6 {
        return Ok(None);
    }
    let mut inputs = workflow.analysis.inputs(sampler.model.node);
    let mut encoder = inputs.settings("text_embeds")?;
    // Normalized attention guidance hands on what it is given; real chains have one.
    for _ in 0..4 {
        if &*workflow.node(encoder).class_type != "WanVideoApplyNAG" {
            break;
        }
        inputs = workflow.analysis.inputs(encoder);
        encoder = inputs.settings("original_text_embeds")?;
    }
    let help = match &*workflow.node(encoder).class_type {
        "WanVideoTextEmbedBridge" if !workflow.analysis.inputs(encoder).has("negative") => {
            "link `negative` of the bridge as well, or set cfg to 1"
        }
        "WanVideoTextEncodeSingle" => {
            "encode with WanVideoTextEncode, which has a negative prompt, or set cfg to 1"
        }
        _ => return Ok(None),
    };
    let (cfg, from) = (sampler.cfg.value?, &workflow.node(encoder).key);
    let message =
        format!("cfg is {cfg}, and `{from}` gives no negative embeds: sampling fails at the first step");
    Ok(Some(workflow.at(&RULE, sampler.cfg.node, sampler.cfg.input, message).help(help)))
}
