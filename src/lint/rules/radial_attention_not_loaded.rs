//! Settings of an attention that the model was not loaded with.

use crate::diag::Severity;
use crate::ir::{NodeId, Value};
use crate::lint::workflow::Workflow;
use crate::lint::{Check, Group, Judged, Rule, Subject, page};

pub(super) static RULE: Rule = Rule {
    name: "radial-attention-not-loaded",
    summary: "WanVideoSetRadialAttention on a model that was loaded with another attention: the node fails",
    group: Group::Correctness,
    subject: Subject::Workflow,
    severity: Some(Severity::Error),
    repairs: Some("with `--unsafe`: loads the model with radial_sage_attention"),
    page: page!("radial-attention-not-loaded"),
    check: Check::Class(&["WanVideoSetRadialAttention"], check),
};

fn check(workflow: &Workflow<'_>, id: NodeId) -> Judged {
    let model = workflow.analysis.inputs(id).model("model")?;
    let loader = workflow.analysis.inputs(model.loader);
    if &*loader.node().class_type != "WanVideoModelLoader" {
        return Ok(None);
    }
    let mode = loader.text("attention_mode")?;
    if mode.contains("radial") {
        return Ok(None);
    }
    let message = format!("`attention_mode` is {mode}, and radial attention is set up for this model");
    let mut finding = workflow
        .at(&RULE, model.loader, "attention_mode", message)
        .at_opt(workflow.node(id).origin.span(), "fails here")
        .help("load the model with radial_sage_attention, or take this node out");
    finding.fix =
        workflow.rewrite(model.loader, "attention_mode", &Value::Str("radial_sage_attention".into()), false);
    Ok(Some(finding))
}
