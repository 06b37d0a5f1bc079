//! Fast fp8 arithmetic on a card that has none.

use crate::diag::Severity;
use crate::ir::{NodeId, Value};
use crate::lint::weights;
use crate::lint::workflow::Workflow;
use crate::lint::{Check, Group, Judged, Rule, Subject, page};

pub(super) static RULE: Rule = Rule {
    name: "fast-fp8-on-old-card",
    summary: "a quantization ending in `_fast` on a card without fp8 arithmetic: the sampler fails",
    group: Group::Correctness,
    subject: Subject::Workflow,
    severity: Some(Severity::Error),
    repairs: Some("with `--unsafe`: takes the quantization without `_fast`"),
    page: page!("fast-fp8-on-old-card"),
    check: Check::Class(&["WanVideoModelLoader"], check),
};

fn check(workflow: &Workflow<'_>, id: NodeId) -> Judged {
    let Some((gpu, capability)) = workflow.target.and_then(|gpu| Some((gpu, weights::capability(gpu)?)))
    else {
        return Ok(None);
    };
    let quantization = workflow.analysis.inputs(id).text("quantization")?;
    let Some(slower) = quantization.strip_suffix("_fast").filter(|_| capability < (8, 9)) else {
        return Ok(None);
    };
    let (name, has) = (&gpu.name, &gpu.compute_capability);
    let message = format!(
        "`quantization` is {quantization}: {name} has compute capability {has}, fp8 arithmetic needs 8.9"
    );
    let help = format!("take {slower}: the weights are as small, and are widened before they are multiplied");
    let mut finding = workflow.at(&RULE, id, "quantization", message).help(help);
    finding.fix = workflow.rewrite(id, "quantization", &Value::Str(slower.into()), false);
    Ok(Some(finding))
}
