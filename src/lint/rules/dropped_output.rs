//! An output that the server would leave out, running the rest.

use crate::diag::{Diagnostic, Severity};
use crate::ir::NodeId;
use crate::lint::workflow::Workflow;
use crate::lint::{Check, Group, Rule, Subject, page};

pub(super) static RULE: Rule = Rule {
    name: "dropped-output",
    summary: "an output with errors that ComfyUI leaves out without failing, because another output is valid",
    group: Group::Correctness,
    subject: Subject::Workflow,
    severity: Some(Severity::Warning),
    repairs: None,
    page: page!("dropped-output"),
    check: Check::Node(check),
};

fn check(workflow: &Workflow<'_>, id: NodeId) -> Option<Diagnostic> {
    if !workflow.dropped.contains(&id) {
        return None;
    }
    let node = workflow.graph.node(id);
    let message =
        format!("ComfyUI would run this workflow without the output `{}` ({})", node.key, node.class_type);
    Some(
        workflow
            .at_node(&RULE, id, message)
            .help("the server answers with success; repair what the output depends on, or remove it"),
    )
}
