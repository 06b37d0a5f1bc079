//! A quantization for scaled weights on a file that has no scales.

use crate::analysis::Confidence;
use crate::diag::Severity;
use crate::ir::{NodeId, Value};
use crate::lint::weights;
use crate::lint::workflow::Workflow;
use crate::lint::{Check, Group, Judged, Rule, Subject, page};

pub(super) static RULE: Rule = Rule {
    name: "scaled-quantization-of-unscaled-file",
    summary: "a quantization with `_scaled` for a file without scales: the loader fails",
    group: Group::Correctness,
    subject: Subject::Workflow,
    severity: Some(Severity::Error),
    repairs: Some("with `--unsafe`: lets the loader see for itself"),
    page: page!("scaled-quantization-of-unscaled-file"),
    check: Check::Class(&["WanVideoModelLoader"], check),
};

fn check(workflow: &Workflow<'_>, id: NodeId) -> Judged {
    let inputs = workflow.analysis.inputs(id);
    let quantization = inputs.text("quantization")?;
    let Some(model) = workflow.analysis.output(id, 0).ok().and_then(|fact| match fact {
        crate::analysis::Fact::Model(model) => Some(model.clone()),
        _ => None,
    }) else {
        return Ok(None);
    };
    let precision = weights::precision(&model);
    let says_scaled =
        ["scaled", "mixed", "int8", "nvfp4", "gguf"].iter().any(|word| precision.contains(word));
    // A name may leave it out; one that names a precision without scales says enough.
    let is_unscaled = match model.confidence {
        Confidence::Catalog => {
            model.entry.as_ref().is_some_and(|entry| entry.dtype.is_some()) && !says_scaled
        }
        _ => {
            ["bf16", "fp16", "fp32"].iter().any(|word| precision.contains(word))
                && !precision.contains("fp8")
                && !says_scaled
        }
    };
    if !quantization.contains("scaled") || !is_unscaled {
        return Ok(None);
    }
    let message = format!("`quantization` is {quantization}, and `{}` has no scales", model.file_name());
    let help = "`disabled` takes the file as it is, scaled or not; fp8_e4m3fn and fp8_e5m2 quantize it";
    let mut finding = workflow.at(&RULE, id, "quantization", message).help(help);
    finding.fix = workflow.rewrite(id, "quantization", &Value::Str("disabled".into()), false);
    Ok(Some(finding))
}
