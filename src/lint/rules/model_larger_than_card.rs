//! A model that has to lie on the card whole, and does not fit.

use crate::analysis::Model;
use crate::diag::Severity;
use crate::lint::workflow::{Findings, Workflow};
use crate::lint::{Check, Group, Rule, Subject, page};
use crate::lint::{budget, weights};
use rustc_hash::FxHashSet;

pub(super) static RULE: Rule = Rule {
    name: "model-larger-than-card",
    summary: "a model of WanVideoWrapper without block swap whose weights alone exceed the memory of the card",
    group: Group::Budget,
    subject: Subject::Workflow,
    severity: Some(Severity::Warning),
    repairs: None,
    page: page!("model-larger-than-card"),
    check: Check::Workflow(check),
};

const GIB: f64 = 1_073_741_824.0;

fn check(workflow: &Workflow<'_>, findings: &mut Findings) {
    let Some(budget) = workflow.budget else { return };
    // Where sizes are known, `vram-over-budget` says what the whole step needs.
    let is_planned = |node| workflow.plan().steps.iter().any(|step| step.node == node);
    let mut seen = FxHashSet::default();
    for sampler in workflow.analysis.samplers().iter().filter(|sampler| workflow.runs(sampler.node)) {
        let Ok(model) = &sampler.model.value else { continue };
        let loader = workflow.analysis.inputs(model.loader);
        let swaps = |id: &crate::ir::NodeId| &*workflow.node(*id).class_type == "WanVideoSetBlockSwap";
        let is_whole = &*loader.node().class_type == "WanVideoModelLoader"
            && !loader.has("block_swap_args")
            && !loader.has("vram_management_args")
            && !model.changed_by.iter().any(swaps);
        let Some(bytes) = resident(workflow, model).filter(|_| is_whole && seen.insert(model.loader)) else {
            continue;
        };
        let needed = bytes / GIB;
        if bytes <= budget.usable() || is_planned(sampler.node) {
            continue;
        }
        let (file, has) = (model.file_name(), budget::holds(workflow.target, budget));
        let message = format!("`{file}` takes {needed:.1} GiB on the card, and {has}");
        let help = "swap blocks with WanVideoBlockSwap, or take weights of fewer bytes, such as fp8";
        findings.push(weights::at_file(workflow, &RULE, model, message).help(help));
    }
}

/// The bytes of the weights as the sampler lays them on the card.
#[expect(clippy::cast_precision_loss, reason = "gibibytes with one digit are shown")]
fn resident(workflow: &Workflow<'_>, model: &Model) -> Option<f64> {
    let inputs = workflow.analysis.inputs(model.loader);
    let entry = model.entry.as_ref()?;
    let quantization = inputs.text("quantization").ok()?;
    if quantization.starts_with("fp8") {
        return entry.params.map(|params| params as f64);
    }
    let width = match &*inputs.text("base_precision").ok()? {
        "fp32" => 4.0,
        _ => 2.0,
    };
    // What is quantized in the file stays so.
    if entry.dtype.as_deref()?.starts_with("fp8") {
        return entry.bytes.map(|bytes| bytes as f64);
    }
    ["bf16", "fp16", "fp32"].contains(&entry.dtype.as_deref()?).then_some(entry.params? as f64 * width)
}
