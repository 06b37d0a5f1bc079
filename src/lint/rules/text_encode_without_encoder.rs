//! A text that nothing encodes.

use crate::diag::Severity;
use crate::ir::NodeId;
use crate::lint::workflow::Workflow;
use crate::lint::{Check, Group, Judged, Rule, Subject, page};

pub(super) static RULE: Rule = Rule {
    name: "text-encode-without-encoder",
    summary: "WanVideoTextEncode without a text encoder and without its cache: the node fails",
    group: Group::Correctness,
    subject: Subject::Workflow,
    severity: Some(Severity::Error),
    repairs: None,
    page: page!("text-encode-without-encoder"),
    check: Check::Class(&["WanVideoTextEncode"], check),
};

fn check(workflow: &Workflow<'_>, id: NodeId) -> Judged {
    let inputs = workflow.analysis.inputs(id);
    if inputs.has("t5") || inputs.bool("use_disk_cache")? {
        return Ok(None);
    }
    let message =
        "`t5` is not connected, and `use_disk_cache` is off: there is nothing to encode the prompt with";
    let help =
        "connect LoadWanVideoT5TextEncoder; the cache alone serves only prompts that were encoded before";
    Ok(Some(workflow.at(&RULE, id, "t5", message).help(help)))
}
