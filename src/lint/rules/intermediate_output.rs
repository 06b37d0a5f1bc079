//! An output that saves what another one's picture is made from.

use rustc_hash::FxHashMap;

use crate::diag::{Diagnostic, Severity};
use crate::ir::{Argument, NodeId};
use crate::lint::workflow::{Findings, Workflow};
use crate::lint::{Check, Group, Rule, Subject, page};

pub(super) static RULE: Rule = Rule {
    name: "intermediate-output",
    summary: "an output that saves what another output is made from, so that a client may take it for the result",
    group: Group::Portability,
    subject: Subject::Workflow,
    severity: Some(Severity::Info),
    repairs: None,
    page: page!("intermediate-output"),
    check: Check::Workflow(check),
};

/// The types of what only sets something.
const SETTINGS: [&str; 5] = ["BOOLEAN", "COMBO", "FLOAT", "INT", "STRING"];

fn check(workflow: &Workflow<'_>, findings: &mut Findings) {
    let graph = workflow.graph;
    let saves: Vec<NodeId> = graph.nodes().map(|(id, _)| id).filter(|id| saves(workflow, *id)).collect();
    if saves.len() < 2 {
        return;
    }
    // By node: an output that its content arrives at. One way from the outputs upwards, so each node is met once.
    let mut result: Vec<Option<NodeId>> = vec![None; graph.len()];
    let mut stack = saves.clone();
    for &id in &saves {
        result[id.index()] = Some(id);
    }
    while let Some(id) = stack.pop() {
        for (from, _) in content(workflow, id) {
            if result[from.index()].is_none() {
                result[from.index()] = result[id.index()];
                stack.push(from);
            }
        }
    }
    // What is made from an output of a node, two of each: one may be the output itself that is judged.
    let mut made: FxHashMap<(NodeId, u32), [Option<NodeId>; 2]> = FxHashMap::default();
    for &id in &saves {
        let used_for = |source: (NodeId, u32)| {
            let made = made.entry(source).or_insert_with(|| made_from(workflow, source, &result));
            made.iter().flatten().copied().find(|other| *other != id)
        };
        let Some(other) = content(workflow, id).find_map(used_for) else { continue };
        findings.push(finding(workflow, id, other));
    }
}

/// Outputs that are made from what `from` gives; not those that save it as it is.
fn made_from(
    workflow: &Workflow<'_>,
    (from, slot): (NodeId, u32),
    result: &[Option<NodeId>],
) -> [Option<NodeId>; 2] {
    let users = workflow.graph.consumers(from).filter(|(_, link)| link.slot == slot);
    let mut others = users.filter_map(|(user, _)| result[user.index()].filter(|other| *other != user));
    let first = others.next();
    [first, others.find(|other| Some(*other) != first)]
}

fn finding(workflow: &Workflow<'_>, id: NodeId, other: NodeId) -> Diagnostic {
    let (node, other) = (workflow.node(id), workflow.node(other));
    let message = format!(
        "`{}` ({}) saves what `{}` ({}) is made from",
        node.key, node.class_type, other.key, other.class_type
    );
    let help = "let a preview show it, or tell whoever fetches the result which output it is";
    workflow.at_node(&RULE, id, message).help(help)
}

/// True for what saves a file to keep.
fn saves(workflow: &Workflow<'_>, id: NodeId) -> bool {
    let node = workflow.node(id);
    let is_output = node.class.as_ref().is_some_and(|class| class.output_node);
    is_output && super::only_temporary_outputs::kept(workflow, id) == Some(true)
}

/// Where the content that arrives at a node comes from.
fn content<'w>(workflow: &'w Workflow<'_>, id: NodeId) -> impl Iterator<Item = (NodeId, u32)> + 'w {
    workflow.node(id).inputs().iter().filter_map(|input| match input.value {
        Argument::Link { from, slot } => {
            let class = workflow.node(from).class.as_ref()?;
            let types = &class.outputs.get(slot as usize)?.types;
            (!SETTINGS.contains(&&**types)).then_some((from, slot))
        }
        Argument::Literal(_) => None,
    })
}
