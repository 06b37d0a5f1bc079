//! Compiled fp8 weights on a card that cannot read them.

use crate::diag::Severity;
use crate::ir::NodeId;
use crate::lint::weights;
use crate::lint::workflow::Workflow;
use crate::lint::{Check, Group, Judged, Rule, Subject, page};

pub(super) static RULE: Rule = Rule {
    name: "fp8-compile-on-old-card",
    summary: "torch.compile with fp8_e4m3fn weights on a card below compute capability 8.9, where it may fail",
    group: Group::Correctness,
    subject: Subject::Workflow,
    severity: Some(Severity::Warning),
    repairs: None,
    page: page!("fp8-compile-on-old-card"),
    check: Check::Class(&["WanVideoModelLoader"], check),
};

fn check(workflow: &Workflow<'_>, id: NodeId) -> Judged {
    let Some((gpu, capability)) = workflow.target.and_then(|gpu| Some((gpu, weights::capability(gpu)?)))
    else {
        return Ok(None);
    };
    let inputs = workflow.analysis.inputs(id);
    if capability >= (8, 9) || !inputs.has("compile_args") {
        return Ok(None);
    }
    let quantization = inputs.text("quantization")?;
    let is_by_file = &*quantization == "disabled"
        && weights::loaded(workflow, id).is_some_and(|model| {
            let precision = weights::precision(&model);
            precision.contains("e4m3fn") || precision == "fp8_scaled"
        });
    if !quantization.contains("e4") && !is_by_file {
        return Ok(None);
    }
    let (name, has) = (&gpu.name, &gpu.compute_capability);
    let message =
        format!("fp8_e4m3fn weights are compiled for {name}, which has compute capability {has}, not 8.9");
    let help = "take an fp8_e5m2 or bf16 file, or disconnect `compile_args`";
    Ok(Some(workflow.at(&RULE, id, "compile_args", message).help(help)))
}
