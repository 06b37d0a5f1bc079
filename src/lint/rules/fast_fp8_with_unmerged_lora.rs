//! Fast fp8 arithmetic with a LoRA beside the weights.

use crate::diag::Severity;
use crate::ir::Value;
use crate::lint::workflow::{Findings, Workflow};
use crate::lint::{Check, Group, Rule, Subject, page};
use rustc_hash::FxHashSet;

pub(super) static RULE: Rule = Rule {
    name: "fast-fp8-with-unmerged-lora",
    summary: "a quantization ending in `_fast` with a LoRA that is not merged: the loader or the sampler fails",
    group: Group::Correctness,
    subject: Subject::Workflow,
    severity: Some(Severity::Error),
    repairs: Some("with `--unsafe`: takes the quantization without `_fast`"),
    page: page!("fast-fp8-with-unmerged-lora"),
    check: Check::Workflow(check),
};

fn check(workflow: &Workflow<'_>, findings: &mut Findings) {
    let mut seen = FxHashSet::default();
    for sampler in workflow.analysis.samplers().iter().filter(|sampler| workflow.runs(sampler.node)) {
        let Ok(model) = &sampler.model.value else { continue };
        let loader = workflow.analysis.inputs(model.loader);
        if &*loader.node().class_type != "WanVideoModelLoader" || !seen.insert(model.loader) {
            continue;
        }
        let Some(quantization) = findings.known(model.loader, loader.text("quantization")) else { continue };
        let Some(slower) = quantization.strip_suffix("_fast") else { continue };
        // WanVideoSetLoRAs never merges; the loader merges all if any is to be merged.
        let at_loader =
            if loader.has("lora") { loader.loras("lora").map_or(0, |loras| loras.len()) } else { 0 };
        let of_loader = model.loras.get(..at_loader).unwrap_or_default();
        let merges = of_loader.iter().any(|lora| lora.merged.is_none_or(|merged| merged.unwrap_or(true)));
        let set = model.loras.get(at_loader..).unwrap_or_default();
        let Some(lora) = set.first().or_else(|| of_loader.first().filter(|_| !merges)) else { continue };
        if lora.strength.is_ok_and(|strength| strength == 0.0) {
            continue;
        }
        let file = lora.model.file_name();
        let message =
            format!("`quantization` is {quantization}, and `{file}` is not merged into the weights");
        let mut finding = workflow
            .at(&RULE, model.loader, "quantization", message)
            .at_opt(workflow.node(lora.node).origin.span(), "the LoRA")
            .help(format!("take {slower}, or merge the LoRA at the loader"));
        finding.fix = workflow.rewrite(model.loader, "quantization", &Value::Str(slower.into()), false);
        findings.push(finding);
    }
}
