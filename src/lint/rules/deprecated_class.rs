//! A node of a class that its pack declares deprecated.

use crate::diag::{Diagnostic, Severity};
use crate::ir::NodeId;
use crate::lint::workflow::Workflow;
use crate::lint::{Check, Group, Rule, Subject, page};

pub(super) static RULE: Rule = Rule {
    name: "deprecated-class",
    summary: "a node of a class that its node pack declares deprecated",
    group: Group::Portability,
    subject: Subject::Workflow,
    severity: Some(Severity::Warning),
    repairs: None,
    page: page!("deprecated-class"),
    check: Check::Node(check),
};

fn check(workflow: &Workflow<'_>, id: NodeId) -> Option<Diagnostic> {
    let node = workflow.graph.node(id);
    let class = node.class.as_ref().filter(|class| class.deprecated)?;
    let message = format!("{} declares `{}` deprecated", class.pack, class.name);
    let help = format!("it still runs; replace it before a later version of {} drops it", class.pack);
    Some(workflow.at_node(&RULE, id, message).help(help))
}
