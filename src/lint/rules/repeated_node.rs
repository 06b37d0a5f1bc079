//! Nodes that give what others give too.

use crate::diag::Severity;
use crate::ir::NodeId;
use crate::lint::workflow::{Findings, Workflow};
use crate::lint::{Check, Group, Rule, Subject, page};
use crate::optimize;

pub(super) static RULE: Rule = Rule {
    name: "repeated-node",
    summary: "nodes of the same class with the same inputs, of which one would do",
    group: Group::Style,
    subject: Subject::Workflow,
    severity: Some(Severity::Info),
    repairs: None,
    page: page!("repeated-node"),
    check: Check::Workflow(check),
};

/// So many of the nodes are named.
const SHOWN: usize = 4;

fn check(workflow: &Workflow<'_>, findings: &mut Findings) {
    let mut repeated = optimize::repeated(workflow.graph);
    repeated.retain(|(kept, others)| is_worth_it(workflow, *kept, others.len()));
    let Some((first, _)) = repeated.first() else { return };
    let count: usize = repeated.iter().map(|(_, others)| others.len()).sum();
    let name = |(kept, others): &(_, Vec<_>)| {
        let node = workflow.node(*kept);
        let other = others.first().map(|id| &*workflow.node(*id).key).unwrap_or_default();
        let more = match others.len() {
            0 | 1 => String::new(),
            more => format!(" and {} more", more - 1),
        };
        format!("`{}` ({}) by `{other}`{more}", node.key, node.class_type)
    };
    let mut named: Vec<String> = repeated.iter().take(SHOWN).map(name).collect();
    if repeated.len() > SHOWN {
        named.push("…".to_owned());
    }
    let repeat = if count == 1 { "repeats" } else { "repeat" };
    let message = format!(
        "{count} of {} nodes {repeat} what another gives: {}",
        workflow.graph.len(),
        named.join("; ")
    );
    let help =
        "link to the first one; `wfc import --optimize` merges them, and `wfc build --optimize` in presets";
    findings.push(workflow.at_node(&RULE, *first, message).help(help));
}

/// The types of what is small: values, and settings of samplers.
const SMALL: [&str; 6] = ["BOOLEAN", "COMBO", "FLOAT", "INT", "SAMPLER", "STRING"];

/// False for values, which are written twice so that they can be changed apart, and for a prompt and its
/// opposite that happen to be the same.
fn is_worth_it(workflow: &Workflow<'_>, kept: NodeId, others: usize) -> bool {
    let Some(class) = &workflow.node(kept).class else { return false };
    let is_of = |types: &[&str]| class.outputs.iter().all(|output| types.contains(&&*output.types));
    !(is_of(&SMALL) || others == 1 && is_of(&["CONDITIONING"]))
}
