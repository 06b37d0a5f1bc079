//! A node that no output depends on.

use super::{Check, Rule, Subject, Workflow, at_node};
use crate::diag::{Diagnostic, Severity};
use crate::ir::NodeId;

pub(super) static RULE: Rule = Rule {
    name: "unreachable-node",
    summary: "a node that no output depends on: ComfyUI neither checks nor runs it",
    subject: Subject::Workflow,
    severity: Some(Severity::Warning),
    repairs: None,
    check: Check::Node(check),
};

fn check(workflow: &Workflow<'_>, id: NodeId) -> Option<Diagnostic> {
    let is_judged = !workflow.verdict.outputs.is_empty();
    if !is_judged || workflow.needed[id.index()] {
        return None;
    }
    let node = workflow.graph.node(id);
    let message =
        format!("no output depends on `{}` ({}); ComfyUI does not run it", node.key, node.class_type);
    Some(at_node(&RULE, node, message).help("link what it gives to where it is needed, or remove it"))
}
