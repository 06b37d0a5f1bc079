//! The relight LoRA without a place to light the character for.

use crate::analysis::{Lora, Sampler};
use crate::diag::Severity;
use crate::lint::workflow::Workflow;
use crate::lint::{Check, Group, Judged, Rule, Subject, page};

pub(super) static RULE: Rule = Rule {
    name: "relight-lora-in-move-mode",
    summary: "Wan Animate's relight LoRA without a background: there is no light to fit the character into",
    group: Group::Correctness,
    subject: Subject::Workflow,
    severity: Some(Severity::Warning),
    repairs: None,
    page: page!("relight-lora-in-move-mode"),
    check: Check::Sampler(check),
};

fn check(workflow: &Workflow<'_>, sampler: &Sampler) -> Judged {
    let model = sampler.model.value.clone()?;
    let is_relight = |lora: &&Lora| lora.model.file_name().to_lowercase().contains("relight");
    let Some(lora) = model.loras.iter().find(is_relight) else { return Ok(None) };
    let animate = match &sampler.embeds.value {
        Ok(embeds) => Some(embeds.source),
        Err(_) => workflow.analysis.source(sampler.positive.node, sampler.positive.input),
    };
    let Some(animate) = animate else { return Ok(None) };
    let background = match &*workflow.node(animate).class_type {
        "WanAnimateToVideo" => "background_video",
        "WanVideoAnimateEmbeds" => "bg_images",
        _ => return Ok(None),
    };
    if workflow.analysis.inputs(animate).has(background) || lora.strength? == 0.0 {
        return Ok(None);
    }
    let message = format!(
        "`{}` fits a character into the light of a background, and `{}` has no `{background}`",
        lora.model.file_name(),
        workflow.node(animate).key
    );
    let finding = workflow.at_node(&RULE, lora.node, message);
    let finding = finding.at_opt(workflow.node(animate).origin.span(), "without a background");
    Ok(Some(finding.help("leave this LoRA out, or link the background and the character's mask")))
}
