//! One set of SCAIL's embeds for two branches.

use crate::diag::Severity;
use crate::ir::NodeId;
use crate::lint::workflow::Workflow;
use crate::lint::{Check, Group, Judged, Rule, Subject, page};

pub(super) static RULE: Rule = Rule {
    name: "shared-scail-embeds",
    summary: "embeds of SCAIL that two branches go on from: each changes what the other sees",
    group: Group::Correctness,
    subject: Subject::Workflow,
    severity: Some(Severity::Warning),
    repairs: None,
    page: page!("shared-scail-embeds"),
    check: Check::Class(&FIRST, check),
};

const FIRST: [&str; 2] = ["WanVideoAddSCAILPoseEmbeds", "WanVideoAddSCAILReferenceEmbeds"];

#[expect(clippy::unnecessary_wraps, reason = "the signature of checks by class")]
fn check(workflow: &Workflow<'_>, id: NodeId) -> Judged {
    let (mut changes, mut uses): (Option<NodeId>, Option<NodeId>) = (None, None);
    for (target, _) in workflow.graph.consumers(id).filter(|(target, _)| workflow.runs(*target)) {
        let class = &*workflow.node(target).class_type;
        if changes == Some(target) || !class.starts_with("WanVideo") {
            continue;
        }
        if changes.is_none() && FIRST.contains(&class) {
            changes = Some(target);
        } else {
            uses = Some(target);
        }
    }
    let (Some(changes), Some(uses)) = (changes, uses) else { return Ok(None) };
    let key = |id: NodeId| &workflow.node(id).key;
    let message = format!(
        "`{}` changes the embeds of `{}`, and `{}` sees the change",
        key(changes),
        key(id),
        key(uses)
    );
    let span = |id: NodeId| workflow.node(id).origin.span();
    let finding = workflow
        .at_node(&RULE, id, message)
        .at_opt(span(changes), "changes them")
        .at_opt(span(uses), "is given them too")
        .help(
            "give each branch a chain of SCAIL's nodes of its own; they may begin at one WanVideoEmptyEmbeds",
        );
    Ok(Some(finding))
}
