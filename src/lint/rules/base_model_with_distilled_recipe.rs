//! The settings of a distilled model on weights that are not distilled.

use crate::analysis::Sampler;
use crate::diag::Severity;
use crate::lint::workflow::Workflow;
use crate::lint::{Check, Group, Judged, Rule, Subject, page};

pub(super) static RULE: Rule = Rule {
    name: "base-model-with-distilled-recipe",
    summary: "few steps and a cfg of 1 on a model that was not distilled for that",
    group: Group::Correctness,
    subject: Subject::Workflow,
    severity: Some(Severity::Error),
    repairs: None,
    page: page!("base-model-with-distilled-recipe"),
    check: Check::Sampler(check),
};

/// The most steps that only distilled models make do with.
const FEW: i64 = 8;

/// Weights that have guidance built in, and are run with a cfg of 1.
const GUIDED: [&str; 2] = ["flux2-dev", "flux1-dev"];

fn check(workflow: &Workflow<'_>, sampler: &Sampler) -> Judged {
    let model = sampler.model.value.clone()?;
    let (cfg, part) = (sampler.cfg.value?, sampler.part()?);
    let is_distilled_recipe = part.of <= FEW && (cfg - 1.0).abs() < 1e-6 && part.first < part.of;
    let is_guided = GUIDED.into_iter().any(|family| model.is_of(family));
    if model.is_distilled() != Some(false)
        || !is_distilled_recipe
        || is_guided
        || model.file_name().is_empty()
    {
        return Ok(None);
    }
    // A refinement with levels of its own takes what steps it likes.
    if sampler.denoise.value.is_ok_and(|denoise| denoise < 1.0) {
        return Ok(None);
    }
    let steps = part.of;
    let message = format!(
        "{steps} steps with cfg {cfg} are for distilled weights, and `{}` is a base model without a distilling LoRA",
        model.file_name()
    );
    let other = sampler.previous(&workflow.analysis).and_then(|other| other.model.value.clone().ok());
    let other = other.as_ref().and_then(|model| model.distilling_lora());
    let help = match other {
        Some(lora) => {
            format!("the other expert has `{}`: this one needs its counterpart", lora.model.file_name())
        }
        None => {
            "load the distilled weights or a distilling LoRA; or take some 20 steps, a cfg above 1 and a \
                 negative prompt"
                .to_owned()
        }
    };
    Ok(Some(workflow.at(&RULE, sampler.steps.node, sampler.steps.input, message).help(help)))
}
