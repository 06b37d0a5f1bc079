//! Two text encoders that share one cache of prompts.

use crate::diag::Severity;
use crate::ir::{NodeId, Value};
use crate::lint::workflow::{Findings, Workflow};
use crate::lint::{Check, Group, Rule, Subject, page};
use std::sync::Arc;

pub(super) static RULE: Rule = Rule {
    name: "shared-prompt-cache",
    summary: "a cache of prompts on disk that two text encoders share: it does not know which of them encoded a prompt",
    group: Group::Reproducibility,
    subject: Subject::Workflow,
    severity: Some(Severity::Warning),
    repairs: Some("with `--unsafe`: switches the cache off"),
    page: page!("shared-prompt-cache"),
    check: Check::Workflow(check),
};

fn check(workflow: &Workflow<'_>, findings: &mut Findings) {
    let mut first: Option<(NodeId, Arc<str>)> = None;
    for (id, node) in workflow.graph.nodes().filter(|(id, _)| workflow.runs(*id)) {
        let inputs = workflow.analysis.inputs(id);
        let file = match &*node.class_type {
            "WanVideoTextEncodeCached" => inputs.text("model_name"),
            "WanVideoTextEncode" if inputs.has("t5") => {
                inputs.model("t5").and_then(|model| model.file.clone())
            }
            _ => continue,
        };
        let (Some(is_cached), Some(file)) =
            (findings.known(id, inputs.bool("use_disk_cache")), findings.known(id, file))
        else {
            continue;
        };
        match &first {
            _ if !is_cached => {}
            None => first = Some((id, file)),
            Some((_, other)) if *other == file => {}
            Some((before, other)) => {
                let key = &workflow.node(*before).key;
                let message = format!("prompts of `{file}` share a cache with those of `{other}` (`{key}`)");
                let mut finding = workflow.at(&RULE, id, "use_disk_cache", message).help(
                    "switch the cache off for one of them: it is looked up by the prompt alone, and the first wins",
                );
                finding.fix = workflow.rewrite(id, "use_disk_cache", &Value::Bool(false), false);
                findings.push(finding);
            }
        }
    }
}
