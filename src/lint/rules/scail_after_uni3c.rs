//! SCAIL behind what was rendered with Uni3C.

use crate::analysis::{Arrives, Step};
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

fn check(workflow: &Workflow<'_>, findings: &mut Findings) {
    let stages = workflow.analysis.stages();
    if stages.scail.is_empty() || stages.uni3c.is_empty() {
        return;
    }
    // A later part of a long video begins with what an earlier one rendered: that had SCAIL before it.
    let is_early: FxHashSet<NodeId> = stages
        .wan
        .iter()
        .copied()
        .filter(|id| stages.with_uni3c.at(*id) == Arrives::Yes && stages.after_scail.at(*id) == Arrives::No)
        .collect();
    if is_early.is_empty() {
        return;
    }
    let is_scail: FxHashSet<NodeId> = stages.scail.iter().copied().collect();
    let reach = workflow.analysis.reach(|id| match id {
        id if is_early.contains(&id) => Step::Source,
        id if is_scail.contains(&id) => Step::Ends,
        _ => Step::Passes,
    });
    let late = |id: &NodeId| workflow.runs(*id) && reach.at(*id) == Arrives::Yes;
    for id in stages.scail.iter().copied().filter(late).take(MOST) {
        let path = reach.path(id);
        let sampler = path.first().map_or("", |first| &*workflow.node(*first).key);
        let message = format!(
            "`{}` conditions on what `{sampler}` rendered with Uni3C: {}",
            workflow.node(id).key,
            workflow.way(&path)
        );
        let finding = workflow.at_node(&RULE, id, message).help(
            "SCAIL comes first: it gives the motion, Uni3C then holds the camera while Wan renders; feed SCAIL \
             with the reference picture and the driving video",
        );
        findings.push(workflow.along(finding, &path));
    }
}
