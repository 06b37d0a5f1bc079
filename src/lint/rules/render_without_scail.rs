//! A sampler that SCAIL does not reach, in a workflow that uses SCAIL.

use crate::analysis::{Arrives, Role};
use crate::diag::Severity;
use crate::ir::NodeId;
use crate::lint::path::MOST;
use crate::lint::workflow::{Findings, Workflow};
use crate::lint::{Check, Group, Rule, Subject, page};

pub(super) static RULE: Rule = Rule {
    name: "render-without-scail",
    summary: "a Wan sampler at the end of a workflow with SCAIL, where nothing that SCAIL conditions arrives",
    group: Group::Order,
    subject: Subject::Workflow,
    severity: Some(Severity::Error),
    repairs: None,
    page: page!("render-without-scail"),
    check: Check::Workflow(check),
};

fn check(workflow: &Workflow<'_>, findings: &mut Findings) {
    if !workflow.analysis.has_role(Role::Scail) {
        return;
    }
    let stages = workflow.analysis.stages();
    if stages.scail.is_empty() {
        return;
    }
    let last: Vec<NodeId> = stages
        .wan
        .iter()
        .copied()
        .filter(|id| workflow.runs(*id) && stages.feeds_sampler(*id) == Arrives::No)
        .collect();
    // A sampler without SCAIL may stand beside one with it, to compare them; with Uni3C it is the last step.
    let reaches_another = last.iter().any(|id| stages.after_scail.at(*id) != Arrives::No);
    for id in last {
        let is_meant = !reaches_another || stages.with_uni3c.at(id) == Arrives::Yes;
        let Some(arrives) = findings.known(id, stages.after_scail.known(id)) else { continue };
        if arrives || !is_meant {
            continue;
        }
        if findings.len() == MOST {
            return;
        }
        let sampler = &workflow.node(id).key;
        let has_picture = stages.pictures.at(id) == Arrives::Yes;
        let (path, what) = if has_picture {
            (stages.pictures.path(id), "what arrives there comes past it")
        } else {
            (stages.path_to_output(id), "it renders without a driving motion")
        };
        let way = workflow.way(&path);
        let message = format!("nothing of SCAIL arrives at `{sampler}`; {what}: {way}");
        let finding = workflow.at_node(&RULE, id, message).help(
            "link SCAIL's embeds to the sampler's `image_embeds`, or what a sampler renders with them to its \
             `samples`",
        );
        findings.push(workflow.along(finding, &path));
    }
}
