//! More blocks to swap than the model has.

use crate::analysis::{Fact, Model};
use crate::diag::Severity;
use crate::ir::{NodeId, Value};
use crate::lint::workflow::{Findings, Workflow};
use crate::lint::{Check, Group, Rule, Subject, page};
use rustc_hash::FxHashSet;

pub(super) static RULE: Rule = Rule {
    name: "too-many-blocks-to-swap",
    summary: "`blocks_to_swap` above the number of blocks that the model has",
    group: Group::Correctness,
    subject: Subject::Workflow,
    severity: Some(Severity::Warning),
    repairs: Some("with `--unsafe`: writes the number of blocks"),
    page: page!("too-many-blocks-to-swap"),
    check: Check::Workflow(check),
};

fn check(workflow: &Workflow<'_>, findings: &mut Findings) {
    let mut seen = FxHashSet::default();
    for class in ["WanVideoModelLoader", "WanVideoSetBlockSwap"] {
        for id in workflow.analysis.of_class(class).iter().filter(|id| workflow.runs(**id)) {
            let Ok(Fact::Model(model)) = workflow.analysis.output(*id, 0) else { continue };
            let Ok(swap) = workflow.analysis.inputs(*id).settings("block_swap_args") else { continue };
            if seen.insert((swap, model.loader)) {
                judge(workflow, findings, swap, model);
            }
        }
    }
}

/// `nodes_model_loading.py`: 40 blocks for the width of 14B, 30 for those of 5B and 1.3B.
fn layers(model: &Model) -> Option<i64> {
    if let Some(&[layers]) = model.entry.as_ref().map(|entry| &*entry.dims.layers) {
        return Some(layers.into());
    }
    match model.facts()?.line {
        "wan21-1.3b" | "wan22-5b" => Some(30),
        line if line.starts_with("wan") => Some(40),
        _ => None,
    }
}

fn judge(workflow: &Workflow<'_>, findings: &mut Findings, swap: NodeId, model: &Model) {
    let inputs = workflow.analysis.inputs(swap);
    let Some(swapped) = findings.known(swap, inputs.int("blocks_to_swap")) else { return };
    let Some(layers) = layers(model).filter(|layers| swapped > *layers) else { return };
    let message = format!("`blocks_to_swap` is {swapped}, and `{}` has {layers} blocks", model.file_name());
    let mut finding = workflow
        .at(&RULE, swap, "blocks_to_swap", message)
        .help(format!("{layers} swaps all of them; fewer are faster where the memory allows"));
    finding.fix = workflow.rewrite(swap, "blocks_to_swap", &Value::Int(layers.into()), false);
    findings.push(finding);
}
