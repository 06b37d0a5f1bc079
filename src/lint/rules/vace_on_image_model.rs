//! A VACE module on a model that it cannot extend.

use crate::analysis::Fact;
use crate::diag::Severity;
use crate::ir::NodeId;
use crate::lint::weights;
use crate::lint::workflow::Workflow;
use crate::lint::{Check, Group, Judged, Rule, Subject, page};

pub(super) static RULE: Rule = Rule {
    name: "vace-on-image-model",
    summary: "a VACE module for an image-to-video model: the loader fails",
    group: Group::Correctness,
    subject: Subject::Workflow,
    severity: Some(Severity::Error),
    repairs: None,
    page: page!("vace-on-image-model"),
    check: Check::Class(&["WanVideoModelLoader"], check),
};

fn check(workflow: &Workflow<'_>, id: NodeId) -> Judged {
    let Some(extra) = workflow.analysis.source(id, "extra_model") else { return Ok(None) };
    let inputs = workflow.analysis.inputs(extra);
    let file =
        if inputs.has("vace_model") { inputs.text("vace_model")? } else { inputs.text("extra_model")? };
    let Ok(Fact::Model(model)) = workflow.analysis.output(id, 0) else { return Ok(None) };
    let is_image = model.facts().is_some_and(|facts| facts.task == "i2v") && weights::is_sure(model);
    let is_vace = inputs.has("vace_model") || file.to_ascii_lowercase().contains("vace");
    if !is_image || !is_vace {
        return Ok(None);
    }
    let name = file.rsplit(['/', '\\']).next().unwrap_or(&file);
    let message =
        format!("`{name}` extends text-to-video weights, and `{}` makes videos of images", model.file_name());
    let help = "take the text-to-video weights: VACE brings the image in itself";
    Ok(Some(weights::at_file(workflow, &RULE, model, message).help(help)))
}
