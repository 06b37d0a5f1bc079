//! SCAIL behind what was rendered with Uni3C.

use crate::analysis::{Arrives, Role, Step};
use crate::diag::Severity;
use crate::ir::NodeId;
use crate::lint::path::MOST;
use crate::lint::workflow::{Findings, Workflow};
use crate::lint::{Check, Group, Rule, Subject, page};
use rustc_hash::FxHashSet;

pub(super) static RULE: Rule = Rule {
    name: "scail-after-uni3c",
    summary: "SCAIL fed with what a sampler rendered with Uni3C: the order is the other way round",
    group: Group::Order,
    subject: Subject::Workflow,
    severity: Some(Severity::Error),
    repairs: None,
    page: page!("scail-after-uni3c"),
    check: Check::Workflow(check),
};

/// The ways by which what a sampler rendered with Uni3C arrives at SCAIL.
pub(super) fn ways(workflow: &Workflow<'_>) -> Vec<Vec<NodeId>> {
    if !workflow.analysis.has_role(Role::Uni3c) {
        return Vec::new();
    }
    let stages = workflow.analysis.stages();
    if stages.scail.is_empty() || stages.uni3c.is_empty() {
        return Vec::new();
    }
    // A later part of a long video begins with what an earlier one rendered: that had SCAIL before it.
    let is_early: FxHashSet<NodeId> = stages
        .wan
        .iter()
        .copied()
        .filter(|id| stages.with_uni3c.at(*id) == Arrives::Yes && stages.after_scail.at(*id) == Arrives::No)
        .collect();
    if is_early.is_empty() {
        return Vec::new();
    }
    let is_scail: FxHashSet<NodeId> = stages.scail.iter().copied().collect();
    let reach = workflow.analysis.reach(|id| match id {
        id if is_early.contains(&id) => Step::Source,
        id if is_scail.contains(&id) => Step::Ends,
        _ => Step::Passes,
    });
    let late = |id: &NodeId| workflow.runs(*id) && reach.at(*id) == Arrives::Yes;
    stages.scail.iter().copied().filter(late).take(MOST).map(|id| reach.path(id)).collect()
}

fn check(workflow: &Workflow<'_>, findings: &mut Findings) {
    for path in ways(workflow) {
        let (Some(first), Some(last)) = (path.first().copied(), path.last().copied()) else { continue };
        let message = format!(
            "`{}` conditions on what `{}` rendered with Uni3C: {}",
            workflow.node(last).key,
            workflow.node(first).key,
            workflow.way(&path)
        );
        let finding = workflow.at_node(&RULE, last, message).help(
            "SCAIL comes first: it gives the motion, Uni3C then holds the camera while Wan renders; feed SCAIL \
             with the reference picture and the driving video",
        );
        findings.push(workflow.along(finding, &path));
    }
}
