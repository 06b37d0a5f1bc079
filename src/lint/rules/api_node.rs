//! A node that calls a paid service.

use crate::diag::{Diagnostic, Severity};
use crate::ir::NodeId;
use crate::lint::workflow::Workflow;
use crate::lint::{Check, Group, Rule, Subject, page};

pub(super) static RULE: Rule = Rule {
    name: "api-node",
    summary: "a node that calls a paid service each time it runs",
    group: Group::Cost,
    subject: Subject::Workflow,
    severity: Some(Severity::Info),
    repairs: None,
    page: page!("api-node"),
    check: Check::Node(check),
};

fn check(workflow: &Workflow<'_>, id: NodeId) -> Option<Diagnostic> {
    let node = workflow.graph.node(id);
    let class = node.class.as_ref().filter(|class| class.api_node && workflow.needed[id.index()])?;
    let message = format!("`{}` calls a service over the network and costs credits on each run", class.name);
    Some(
        workflow
            .at_node(&RULE, id, message)
            .help("the server needs an account with credits; a batch multiplies the costs"),
    )
}
