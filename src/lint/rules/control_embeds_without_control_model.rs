//! Control embeds for a model that was not trained to be controlled.

use crate::analysis::{Lora, Sampler};
use crate::diag::Severity;
use crate::lint::weights;
use crate::lint::workflow::Workflow;
use crate::lint::{Check, Group, Judged, Rule, Subject, page};

pub(super) static RULE: Rule = Rule {
    name: "control-embeds-without-control-model",
    summary: "control embeds for a model that is no Fun-Control model: the sampler fails before its first step",
    group: Group::Correctness,
    subject: Subject::Workflow,
    severity: Some(Severity::Error),
    repairs: None,
    page: page!("control-embeds-without-control-model"),
    check: Check::Sampler(check),
};

fn check(workflow: &Workflow<'_>, sampler: &Sampler) -> Judged {
    let model = sampler.model.value.clone()?;
    let embeds = sampler.embeds.value.clone()?;
    let adds_control = |id: &&crate::ir::NodeId| {
        let node = workflow.node(**id);
        match &*node.class_type {
            "WanVideoControlEmbeds" => true,
            "WanVideoAddControlEmbeds" => node.input("latents").is_some(),
            "WanVideoEmptyEmbeds" => node.input("control_embeds").is_some(),
            _ => false,
        }
    };
    let Some(control) = embeds.added.iter().chain([&embeds.source]).find(adds_control) else {
        return Ok(None);
    };
    let is_plain = model.facts().is_some_and(|facts| facts.task == "t2v" && facts.latent == "wan21");
    // A control LoRA gives the model the inputs that it lacks.
    let may_control = |lora: &Lora| lora.model.role.as_deref() != Some("distill_lora");
    if !is_plain || !weights::is_sure(&model) || model.loras.iter().any(may_control) {
        return Ok(None);
    }
    let (file, control) = (model.file_name(), workflow.node(*control));
    let message =
        format!("`{}` ({}) adds a control signal, and `{file}` takes none", control.key, control.class_type);
    let help = "take the weights of a Fun-Control model, or a control LoRA that is merged into these";
    Ok(Some(weights::at_file(workflow, &RULE, &model, message).at_opt(control.origin.span(), "").help(help)))
}
