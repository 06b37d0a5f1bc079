//! A control network of the other kind.

use crate::diag::Severity;
use crate::ir::NodeId;
use crate::lint::workflow::Workflow;
use crate::lint::{Check, Group, Judged, Rule, Subject, page};

pub(super) static RULE: Rule = Rule {
    name: "controlnet-of-other-kind",
    summary: "Uni3C given to WanVideoControlnet, or another control network to Uni3C: it fails",
    group: Group::Correctness,
    subject: Subject::Workflow,
    severity: Some(Severity::Error),
    repairs: None,
    page: page!("controlnet-of-other-kind"),
    check: Check::Class(&["WanVideoUni3C_embeds", "WanVideoControlnet"], check),
};

fn check(workflow: &Workflow<'_>, id: NodeId) -> Judged {
    let loader = workflow.analysis.inputs(id).model("controlnet")?.loader;
    let (node, loader) = (workflow.node(id), workflow.node(loader));
    let wanted = match (&*node.class_type, &*loader.class_type) {
        ("WanVideoUni3C_embeds", "WanVideoControlnetLoader") => "WanVideoUni3C_ControlnetLoader",
        ("WanVideoControlnet", "WanVideoUni3C_ControlnetLoader") => "WanVideoControlnetLoader",
        _ => return Ok(None),
    };
    let message = format!(
        "`{}` ({}) is given what `{}` ({}) loads: another network of the same type, with which it fails",
        node.key, node.class_type, loader.key, loader.class_type
    );
    let finding = workflow.at(&RULE, id, "controlnet", message);
    let finding = finding.at_opt(loader.origin.span(), "loaded here");
    Ok(Some(finding.help(format!("load the file with {wanted}"))))
}
