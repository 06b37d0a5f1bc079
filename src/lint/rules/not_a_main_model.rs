//! A module or a LoRA in the place of a whole model.

use crate::analysis::{Confidence, Fact, Model};
use crate::diag::Severity;
use crate::ir::NodeId;
use crate::lint::weights;
use crate::lint::workflow::Workflow;
use crate::lint::{Check, Group, Judged, Rule, Subject, page};

pub(super) static RULE: Rule = Rule {
    name: "not-a-main-model",
    summary: "a module, LoRA or encoder where a loader wants a whole diffusion model: the loader fails",
    group: Group::Correctness,
    subject: Subject::Workflow,
    severity: Some(Severity::Error),
    repairs: None,
    page: page!("not-a-main-model"),
    check: Check::Class(CLASSES, check),
};

/// Loaders of diffusion models.
const CLASSES: &[&str] = &["DiffusionModelLoaderKJ", "UNETLoader", "UnetLoaderGGUF", "WanVideoModelLoader"];

/// Parts of names that no whole model has.
const PARTS: [&str; 6] =
    ["vace_module", "vace-module", "lora_rank", "lora-rank", "uni3c_controlnet", "fun_controlnet"];

fn check(workflow: &Workflow<'_>, id: NodeId) -> Judged {
    let Fact::Model(model) = workflow.analysis.output(id, 0)? else { return Ok(None) };
    let Some(what) = part(model) else { return Ok(None) };
    let message = format!("`{}` is {what}, and no whole diffusion model", model.file_name());
    let help = "load the model that it belongs to here, and this file where such files go";
    Ok(Some(weights::at_file(workflow, &RULE, model, message).help(help)))
}

/// What the file is, if it is sure that it is no whole model.
fn part(model: &Model) -> Option<&'static str> {
    if PARTS.iter().any(|part| weights::is_called(model, part)) {
        return Some("an addition to a model");
    }
    if model.confidence != Confidence::Catalog {
        return None;
    }
    Some(match model.role.as_deref()? {
        "lora" | "distill_lora" => "a LoRA",
        "vae" => "a VAE",
        "text_encoder" => "a text encoder",
        "clip_vision" => "an image encoder",
        "audio_encoder" => "an audio encoder",
        "controlnet" => "a control network",
        "latent_upscaler" => "an upscaler of latents",
        _ => return None,
    })
}
