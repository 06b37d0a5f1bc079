//! A node that no output depends on.

use crate::diag::{Diagnostic, Severity};
use crate::ir::NodeId;
use crate::lint::workflow::Workflow;
use crate::lint::{Check, Group, Rule, Subject, page};

pub(super) static RULE: Rule = Rule {
    name: "unreachable-node",
    summary: "a node that no output depends on: ComfyUI neither checks nor runs it",
    group: Group::Correctness,
    subject: Subject::Workflow,
    severity: Some(Severity::Warning),
    repairs: None,
    page: page!("unreachable-node"),
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
    Some(workflow.at_node(&RULE, id, message).help("link what it gives to where it is needed, or remove it"))
}
