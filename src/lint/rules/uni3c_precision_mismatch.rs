//! Uni3C and the model in different precisions.

use crate::analysis::Sampler;
use crate::diag::Severity;
use crate::ir::NodeId;
use crate::ir::Value;
use crate::lint::workflow::Workflow;
use crate::lint::wrapper_args;
use crate::lint::{Check, Group, Judged, Rule, Subject, page};

pub(super) static RULE: Rule = Rule {
    name: "uni3c-precision-mismatch",
    summary: "Uni3C loaded in another precision than the model that it conditions: the first step fails",
    group: Group::Correctness,
    subject: Subject::Workflow,
    severity: Some(Severity::Error),
    repairs: Some("with `--unsafe`: loads Uni3C in the precision of the model"),
    page: page!("uni3c-precision-mismatch"),
    check: Check::Sampler(check),
};

fn check(workflow: &Workflow<'_>, sampler: &Sampler) -> Judged {
    let Some(uni3c) = wrapper_args::of_class(workflow, sampler, "uni3c_embeds", "WanVideoUni3C_embeds")
    else {
        return Ok(None);
    };
    let (control, model) = (uni3c.model("controlnet")?, sampler.model.value.clone()?);
    let class = |id: NodeId| &*workflow.node(id).class_type;
    if class(control.loader) != "WanVideoUni3C_ControlnetLoader"
        || class(model.loader) != "WanVideoModelLoader"
    {
        return Ok(None);
    }
    let of = |id: NodeId| workflow.analysis.inputs(id);
    // Quantized, its layers convert what they are given.
    if &*of(control.loader).text("quantization")? != "disabled" {
        return Ok(None);
    }
    let has = of(control.loader).text("base_precision")?;
    let written = of(model.loader).text("base_precision")?;
    let needed = written.strip_suffix("_fast").unwrap_or(&written);
    if &*has == needed {
        return Ok(None);
    }
    let message = format!(
        "Uni3C is loaded in {has}, and `{}` in {needed}: the first step fails, since their numbers do not multiply",
        model.file_name()
    );
    let mut finding = workflow.at(&RULE, control.loader, "base_precision", message);
    finding = finding.at_opt(workflow.node(model.loader).origin.span(), "the model");
    finding.fix = workflow.rewrite(control.loader, "base_precision", &Value::Str(needed.into()), false);
    Ok(Some(finding.help(format!("load Uni3C in {needed}, or quantize it"))))
}
