//! A file of Uni3C in 8 bits that is not declared as such.

use crate::diag::Severity;
use crate::ir::NodeId;
use crate::ir::Value;
use crate::lint::workflow::Workflow;
use crate::lint::{Check, Group, Judged, Rule, Subject, page};

pub(super) static RULE: Rule = Rule {
    name: "uni3c-fp8-undeclared",
    summary: "Uni3C from a file in fp8, with `quantization` switched off",
    group: Group::Correctness,
    subject: Subject::Workflow,
    severity: Some(Severity::Warning),
    repairs: Some("with `--unsafe`: declares the format that the name says"),
    page: page!("uni3c-fp8-undeclared"),
    check: Check::Class(&["WanVideoUni3C_ControlnetLoader"], check),
};

fn check(workflow: &Workflow<'_>, id: NodeId) -> Judged {
    let inputs = workflow.analysis.inputs(id);
    let (file, quantization) = (inputs.text("model")?, inputs.text("quantization")?);
    let lower = file.to_lowercase();
    let format = match () {
        () if &*quantization != "disabled" => return Ok(None),
        () if lower.contains("e5m2") => "fp8_e5m2",
        () if lower.contains("fp8") || lower.contains("e4m3") => "fp8_e4m3fn",
        () => return Ok(None),
    };
    let message =
        format!("{file:?} is in fp8 by its name, and `quantization` is disabled: its layers do not convert");
    let mut finding = workflow.at(&RULE, id, "quantization", message);
    finding.fix = workflow.rewrite(id, "quantization", &Value::Str(format.into()), false);
    Ok(Some(finding.help(format!("set `quantization` to {format}"))))
}
