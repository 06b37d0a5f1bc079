//! Outputs that the worker of `RunPod` does not return.

use crate::catalog::output_files;
use crate::diag::Severity;
use crate::front::toml::types::Platform;
use crate::ir::NodeId;
use crate::lint::workflow::{Findings, Workflow};
use crate::lint::{Check, Group, Rule, Subject, page};

use super::only_temporary_outputs::kept;

pub(super) static RULE: Rule = Rule {
    name: "runpod-returns-nothing",
    summary: "for the platform `runpod`: a workflow of whose outputs worker-comfyui returns none",
    group: Group::Portability,
    subject: Subject::Workflow,
    severity: Some(Severity::Error),
    repairs: None,
    page: page!("runpod-returns-nothing"),
    check: Check::Workflow(check),
};

/// The only key of a node's answer that the worker looks at.
const READ: &str = "images";

fn check(workflow: &Workflow<'_>, findings: &mut Findings) {
    if workflow.platform != Some(Platform::Runpod) {
        return;
    }
    let outputs: Vec<NodeId> = workflow.verdict.outputs.iter().map(|(id, _)| *id).collect();
    let mut dropped = Vec::with_capacity(outputs.len());
    for &id in &outputs {
        // What is not known may be returned.
        let Some(why) = why_dropped(workflow, id) else { return };
        dropped.push((id, why));
    }
    let Some((first, why)) = dropped.first() else { return };
    let node = workflow.node(*first);
    let others = match dropped.len() {
        1 => String::new(),
        count => format!(", nor one of the other {}", count - 1),
    };
    let message = format!(
        "worker-comfyui on RunPod returns nothing of `{}` ({}){others}: {why}",
        node.key, node.class_type
    );
    let help = "save pictures with SaveImage, and videos with CreateVideo and SaveVideo";
    findings.push(workflow.at_node(&RULE, *first, message).help(help));
}

/// Why the worker leaves an output out; nothing if it returns it, or may.
fn why_dropped(workflow: &Workflow<'_>, id: NodeId) -> Option<String> {
    let files = output_files(&workflow.node(id).class_type)?;
    match kept(workflow, id) {
        _ if files.key.is_empty() => Some("it writes no file".to_owned()),
        _ if files.key != READ => {
            Some(format!("its files are listed as `{}`, and the worker reads `{READ}`", files.key))
        }
        Some(false) => Some("its files are temporary, and the worker skips those".to_owned()),
        _ => None,
    }
}
