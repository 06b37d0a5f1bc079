//! Embeds of both versions of SCAIL.

use crate::diag::Severity;
use crate::ir::NodeId;
use crate::lint::workflow::Workflow;
use crate::lint::{Check, Group, Judged, Rule, Subject, page};

pub(super) static RULE: Rule = Rule {
    name: "mixed-scail-versions",
    summary: "embeds of SCAIL and of SCAIL-2 in one chain, or of SCAIL-2 twice: it fails",
    group: Group::Correctness,
    subject: Subject::Workflow,
    severity: Some(Severity::Error),
    repairs: None,
    page: page!("mixed-scail-versions"),
    check: Check::Class(&[FIRST[0], FIRST[1], SECOND], check),
};

const FIRST: [&str; 2] = ["WanVideoAddSCAILPoseEmbeds", "WanVideoAddSCAILReferenceEmbeds"];
const SECOND: &str = "WanVideoAddSCAIL2ConditionEmbeds";

fn check(workflow: &Workflow<'_>, id: NodeId) -> Judged {
    let embeds = workflow.analysis.inputs(id).embeds("embeds")?;
    let is_second = &*workflow.node(id).class_type == SECOND;
    let clashes = |other: &&NodeId| {
        let class = &*workflow.node(**other).class_type;
        class == SECOND || (is_second && FIRST.contains(&class))
    };
    let Some(other) = embeds.added.iter().find(clashes) else { return Ok(None) };
    let (node, other) = (workflow.node(id), workflow.node(*other));
    let message = format!(
        "`{}` ({}) adds to embeds that have those of `{}` ({}): they cannot be combined",
        node.key, node.class_type, other.key, other.class_type
    );
    let finding = workflow.at_node(&RULE, id, message).at_opt(other.origin.span(), "added here");
    Ok(Some(finding.help("take the nodes of the version that the model is of, and leave out the other's")))
}
