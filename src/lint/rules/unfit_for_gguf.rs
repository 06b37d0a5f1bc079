//! Settings that a GGUF file does not allow.

use crate::analysis::Known;
use crate::diag::Severity;
use crate::ir::{NodeId, Value};
use crate::lint::workflow::Workflow;
use crate::lint::{Check, Group, Judged, Rule, Subject, page};
use std::sync::Arc;

pub(super) static RULE: Rule = Rule {
    name: "unfit-for-gguf",
    summary: "a GGUF model with a quantization, with LoRAs to merge or with VRAM management, or beside a file of another format: the loader fails",
    group: Group::Correctness,
    subject: Subject::Workflow,
    severity: Some(Severity::Error),
    repairs: Some("with `--unsafe`: switches off what the file does not allow"),
    page: page!("unfit-for-gguf"),
    check: Check::Class(&["WanVideoModelLoader"], check),
};

fn check(workflow: &Workflow<'_>, id: NodeId) -> Judged {
    let inputs = workflow.analysis.inputs(id);
    let model = inputs.text("model")?;
    let is_gguf = |file: &str| file.to_ascii_lowercase().ends_with(".gguf");
    let is_main = is_gguf(&model);
    if is_main
        && let Ok(quantization) = inputs.text("quantization")
        && &*quantization != "disabled"
    {
        let message = format!("`quantization` is {quantization}, and `{model}` is quantized already");
        let mut finding = workflow.at(&RULE, id, "quantization", message).help("set it to disabled");
        finding.fix = workflow.rewrite(id, "quantization", &Value::Str("disabled".into()), false);
        return Ok(Some(finding));
    }
    if is_main && inputs.has("vram_management_args") {
        let message = format!("`vram_management_args` with `{model}`: a GGUF model does not support it");
        return Ok(Some(workflow.at(&RULE, id, "vram_management_args", message).help("swap blocks instead")));
    }
    if is_main
        && inputs.has("lora")
        && let Ok(loras) = inputs.loras("lora")
        && let Some(lora) = loras.iter().find(|lora| matches!(lora.merged, Some(Ok(true))))
    {
        let file = lora.model.file_name();
        let message = format!("`{file}` is to be merged into `{model}`: a GGUF model cannot take it in");
        let finding = workflow.at(&RULE, lora.node, "merge_loras", message);
        let mut finding = finding.help("set `merge_loras` to false");
        finding.fix = workflow.rewrite(lora.node, "merge_loras", &Value::Bool(false), false);
        return Ok(Some(finding));
    }
    let Some(extra) = workflow.analysis.source(id, "extra_model") else { return Ok(None) };
    let file = extra_file(workflow, extra)?;
    if is_gguf(&file) == is_main {
        return Ok(None);
    }
    let message = format!("`{model}` and `{file}`: both must be GGUF, or neither");
    Ok(Some(workflow.at(&RULE, id, "extra_model", message).help("take both files in one format")))
}

fn extra_file(workflow: &Workflow<'_>, id: NodeId) -> Known<Arc<str>> {
    let inputs = workflow.analysis.inputs(id);
    if inputs.has("vace_model") { inputs.text("vace_model") } else { inputs.text("extra_model") }
}
