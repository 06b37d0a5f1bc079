//! Two outputs that write under one name.

use rustc_hash::FxHashMap;

use crate::diag::Severity;
use crate::ir::NodeId;
use crate::lint::workflow::{Findings, Workflow};
use crate::lint::{Check, Group, Rule, Subject, page};

pub(super) static RULE: Rule = Rule {
    name: "shared-file-name-prefix",
    summary: "two outputs with the same `filename_prefix`, whose files only a counter tells apart",
    group: Group::Style,
    subject: Subject::Workflow,
    severity: Some(Severity::Info),
    repairs: None,
    page: page!("shared-file-name-prefix"),
    check: Check::Workflow(check),
};

fn check(workflow: &Workflow<'_>, findings: &mut Findings) {
    let mut first: FxHashMap<String, NodeId> = FxHashMap::default();
    for (id, node) in workflow.graph.nodes() {
        let is_output = node.class.as_ref().is_some_and(|class| class.output_node);
        if !is_output || node.input("filename_prefix").is_none() {
            continue;
        }
        let prefix = workflow.analysis.inputs(id).text("filename_prefix");
        let Some(prefix) = findings.known(id, prefix) else { continue };
        let Some(other) = first.get(&*prefix) else {
            first.insert(prefix.to_string(), id);
            continue;
        };
        let other = &workflow.node(*other).key;
        let message = format!("`{}` saves under {prefix:?}, as `{other}` does", node.key);
        findings.push(
            workflow.at(&RULE, id, "filename_prefix", message).help(
                "give each output a prefix of its own, so that whoever fetches them can tell them apart",
            ),
        );
    }
}
