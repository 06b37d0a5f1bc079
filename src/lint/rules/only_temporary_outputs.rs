//! A workflow that keeps nothing.

use crate::catalog::output_files;
use crate::ir::NodeId;
use crate::lint::workflow::{Findings, Workflow};
use crate::lint::{Check, Group, Rule, Subject, page};

pub(super) static RULE: Rule = Rule {
    name: "only-temporary-outputs",
    summary: "a workflow whose outputs are all previews: ComfyUI keeps no file of it",
    group: Group::Portability,
    subject: Subject::Workflow,
    severity: None,
    repairs: None,
    page: page!("only-temporary-outputs"),
    check: Check::Workflow(check),
};

/// So many outputs are named.
const SHOWN: usize = 3;

fn check(workflow: &Workflow<'_>, findings: &mut Findings) {
    let outputs: Vec<NodeId> = workflow.verdict.outputs.iter().map(|(id, _)| *id).collect();
    let Some(&first) = outputs.first() else { return };
    if outputs.iter().any(|id| kept(workflow, *id) != Some(false)) {
        return;
    }
    let name = |id: &NodeId| {
        let node = workflow.node(*id);
        format!("`{}` ({})", node.key, node.class_type)
    };
    let mut names: Vec<String> = outputs.iter().take(SHOWN).map(name).collect();
    if outputs.len() > SHOWN {
        names.push("…".to_owned());
    }
    let message = format!("nothing is kept: the only outputs are previews, {}", names.join(", "));
    let help = match &*workflow.node(first).class_type {
        "VHS_VideoCombine" => "set `save_output` to true",
        _ => {
            "add a node that saves: previews go into a folder that is emptied when the server starts, and clients leave them out"
        }
    };
    findings.push(workflow.at_node(&RULE, first, message).help(help));
}

/// Whether an output saves files that stay; nothing if that is not known.
pub(super) fn kept(workflow: &Workflow<'_>, id: NodeId) -> Option<bool> {
    // Texts and scenes are in the answer itself.
    let files = output_files(&workflow.node(id).class_type).filter(|files| !files.key.is_empty())?;
    match files.kept {
        "yes" => Some(true),
        "no" => Some(false),
        input => workflow.analysis.inputs(id).bool(input).ok(),
    }
}
