//! A LoRA that is to be merged at a node that does not merge.

use crate::diag::Severity;
use crate::ir::{NodeId, Value};
use crate::lint::workflow::Workflow;
use crate::lint::{Check, Group, Judged, Rule, Subject, page};

pub(super) static RULE: Rule = Rule {
    name: "merged-lora-in-set-loras",
    summary: "`merge_loras` on, which is its default, for a LoRA that goes to WanVideoSetLoRAs: the node fails",
    group: Group::Correctness,
    subject: Subject::Workflow,
    severity: Some(Severity::Error),
    repairs: Some("with `--unsafe`: switches the merging off, where it is written"),
    page: page!("merged-lora-in-set-loras"),
    check: Check::Class(&["WanVideoSetLoRAs"], check),
};

/// The setting of the last LoRA in the chain decides for all.
fn check(workflow: &Workflow<'_>, id: NodeId) -> Judged {
    let loras = workflow.analysis.inputs(id).loras("lora")?;
    let Some(last) = loras.last() else { return Ok(None) };
    let Some(merged) = last.merged else { return Ok(None) };
    if !merged? {
        return Ok(None);
    }
    let select = workflow.node(last.node);
    let (key, file) = (&select.key, last.model.file_name());
    let by_default = if select.input("merge_loras").is_none() { ", as it does by default" } else { "" };
    let message =
        format!("`{key}` merges `{file}` into the weights{by_default}, and WanVideoSetLoRAs cannot");
    let mut finding = workflow
        .at(&RULE, last.node, "merge_loras", message)
        .at_opt(workflow.node(id).origin.span(), "goes to this node")
        .help("set `merge_loras` to false, or give the LoRA to the model loader");
    finding.fix = workflow.rewrite(last.node, "merge_loras", &Value::Bool(false), false);
    Ok(Some(finding))
}
