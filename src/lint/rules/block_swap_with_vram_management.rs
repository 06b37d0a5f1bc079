//! Two ways of sparing memory at once.

use crate::diag::Severity;
use crate::ir::NodeId;
use crate::lint::workflow::Workflow;
use crate::lint::{Check, Group, Judged, Rule, Subject, page};

pub(super) static RULE: Rule = Rule {
    name: "block-swap-with-vram-management",
    summary: "`block_swap_args` and `vram_management_args` on one loader: it takes only one of them and fails",
    group: Group::Correctness,
    subject: Subject::Workflow,
    severity: Some(Severity::Error),
    repairs: None,
    page: page!("block-swap-with-vram-management"),
    check: Check::Class(&["WanVideoModelLoader"], check),
};

#[expect(clippy::unnecessary_wraps, reason = "the signature of checks by class")]
fn check(workflow: &Workflow<'_>, id: NodeId) -> Judged {
    let inputs = workflow.analysis.inputs(id);
    if !inputs.has("block_swap_args") || !inputs.has("vram_management_args") {
        return Ok(None);
    }
    let message = "the loader is given `block_swap_args` and `vram_management_args`, and takes one of them";
    let help = "disconnect one: swapping blocks is faster, management goes down to less memory";
    Ok(Some(workflow.at(&RULE, id, "vram_management_args", message).help(help)))
}
