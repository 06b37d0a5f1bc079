//! A node of a class that its pack declares deprecated.

use super::{Check, Rule, Subject, Workflow, at_node};
use crate::diag::{Diagnostic, Severity};
use crate::ir::NodeId;

pub(super) static RULE: Rule = Rule {
    name: "deprecated-class",
    summary: "a node of a class that its node pack declares deprecated",
    subject: Subject::Workflow,
    severity: Some(Severity::Warning),
    repairs: None,
    check: Check::Node(check),
};

fn check(workflow: &Workflow<'_>, id: NodeId) -> Option<Diagnostic> {
    let node = workflow.graph.node(id);
    let class = node.class.as_ref().filter(|class| class.deprecated)?;
    let message = format!("{} declares `{}` deprecated", class.pack, class.name);
    let help = format!("it still runs; replace it before a later version of {} drops it", class.pack);
    Some(at_node(&RULE, node, message).help(help))
}
