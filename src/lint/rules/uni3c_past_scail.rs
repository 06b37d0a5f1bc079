//! Uni3C that follows something else than what SCAIL rendered.

use super::scail_after_uni3c;
use crate::analysis::{Arrives, Role};
use crate::diag::Severity;
use crate::lint::path::MOST;
use crate::lint::workflow::{Findings, Workflow};
use crate::lint::{Check, Group, Rule, Subject, page};

pub(super) static RULE: Rule = Rule {
    name: "uni3c-past-scail",
    summary: "Uni3C's render latent that is not made of what a sampler rendered with SCAIL",
    group: Group::Order,
    subject: Subject::Workflow,
    severity: Some(Severity::Warning),
    repairs: None,
    page: page!("uni3c-past-scail"),
    check: Check::Workflow(check),
};

fn check(workflow: &Workflow<'_>, findings: &mut Findings) {
    if !workflow.analysis.has_role(Role::Uni3c) {
        return;
    }
    let stages = workflow.analysis.stages();
    // Where SCAIL stands behind Uni3C altogether, that is what is to be mended.
    let has_scail = stages.scail.iter().any(|id| workflow.runs(*id));
    if !has_scail || !scail_after_uni3c::ways(workflow).is_empty() {
        return;
    }
    for id in stages.uni3c.iter().copied().filter(|id| workflow.runs(*id)) {
        let Some(follows) = findings.known(id, stages.after_scail_sampler.known(id)) else { continue };
        // Without a render latent the sampler fails, which another rule says.
        if follows || !workflow.analysis.inputs(id).has("render_latent") {
            continue;
        }
        if findings.len() == MOST {
            return;
        }
        let path = match workflow.analysis.source(id, "render_latent") {
            Some(latent) if stages.pictures.at(latent) != Arrives::Yes => vec![latent, id],
            _ => stages.pictures.path(id),
        };
        let message = format!(
            "`{}` controls the camera by {}, not by what was rendered with SCAIL",
            workflow.node(id).key,
            workflow.way(&path)
        );
        let finding = workflow.at(&RULE, id, "render_latent", message).help(
            "for the order SCAIL, Uni3C, Wan link what the sampler with SCAIL gives to `render_latent`; if the \
             camera is meant to follow the driving video, allow this rule and say so",
        );
        findings.push(workflow.along(finding, &path));
    }
}
