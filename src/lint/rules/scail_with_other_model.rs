//! SCAIL's embeds on a model that is none of SCAIL's.

use crate::analysis::Sampler;
use crate::diag::Severity;
use crate::ir::NodeId;
use crate::lint::workflow::Workflow;
use crate::lint::{Check, Group, Judged, Rule, Subject, page};

pub(super) static RULE: Rule = Rule {
    name: "scail-with-other-model",
    summary: "SCAIL's conditioning on a model that was not trained for it",
    group: Group::Correctness,
    subject: Subject::Workflow,
    severity: Some(Severity::Error),
    repairs: None,
    page: page!("scail-with-other-model"),
    check: Check::Sampler(check),
};

fn check(workflow: &Workflow<'_>, sampler: &Sampler) -> Judged {
    let Some((by, fits)) = conditioned_by(workflow, sampler) else { return Ok(None) };
    let model = sampler.model.value.clone()?;
    let is_known = model.role.as_deref().is_some_and(|role| role == "dit");
    let Some(family) = model.family.as_deref().filter(|_| is_known) else { return Ok(None) };
    if fits.iter().any(|fit| family.starts_with(fit)) {
        return Ok(None);
    }
    let (file, node) = (model.file_name(), workflow.node(by));
    let message = format!(
        "`{}` ({}) conditions on SCAIL, and `{file}` is no model of SCAIL",
        node.key, node.class_type
    );
    let help = match fits {
        [SCAIL2] => "load the weights of SCAIL-2",
        _ => {
            "load the weights of SCAIL, which exist for Wan 2.1 only; for Wan 2.2 let a sampler of SCAIL render \
             first, and link what it gives to `samples` of the next"
        }
    };
    let finding = workflow.at_node(&RULE, model.loader, message).help(help);
    let uses = workflow.node(sampler.node).origin.span();
    Ok(Some(finding.at_opt(uses, "used here")))
}

/// Families of SCAIL's two versions.
const SCAIL: &str = "wan21-scail-";
const SCAIL2: &str = "wan21-scail2";

/// The node of SCAIL that conditions a sampler, and the families that it is for.
fn conditioned_by(workflow: &Workflow<'_>, sampler: &Sampler) -> Option<(NodeId, &'static [&'static str])> {
    let class = |id: NodeId| &*workflow.node(id).class_type;
    if let Ok(embeds) = &sampler.embeds.value {
        return embeds.added.iter().find_map(|id| match class(*id) {
            "WanVideoAddSCAILPoseEmbeds" | "WanVideoAddSCAILReferenceEmbeds" => {
                Some((*id, &[SCAIL, SCAIL2] as &[_]))
            }
            "WanVideoAddSCAIL2ConditionEmbeds" => Some((*id, &[SCAIL2] as &[_])),
            _ => None,
        });
    }
    let by = workflow.analysis.source(sampler.positive.node, sampler.positive.input)?;
    (class(by) == "WanSCAILToVideo").then_some((by, &[SCAIL, SCAIL2]))
}
