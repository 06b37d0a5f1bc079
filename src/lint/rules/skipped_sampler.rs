//! A Wan sampler whose result no output shows.

use crate::analysis::{Arrives, Role, Step};
use crate::diag::Severity;
use crate::ir::NodeId;
use crate::lint::path::MOST;
use crate::lint::workflow::{Findings, Workflow};
use crate::lint::{Check, Group, Rule, Subject, page};
use rustc_hash::FxHashSet;

pub(super) static RULE: Rule = Rule {
    name: "skipped-sampler",
    summary: "an output that shows something from before a Wan sampler, whose own result no output shows",
    group: Group::Order,
    subject: Subject::Workflow,
    severity: Some(Severity::Error),
    repairs: None,
    page: page!("skipped-sampler"),
    check: Check::Workflow(check),
};

fn check(workflow: &Workflow<'_>, findings: &mut Findings) {
    let samplers = workflow.analysis.samplers();
    if samplers.iter().all(|sampler| workflow.runs(sampler.node) || !sampler.is_wan()) {
        return;
    }
    let stages = workflow.analysis.stages();
    let is_video = |id: &NodeId| Role::of(&workflow.node(*id).class_type) == Some(Role::Video);
    let outputs: Vec<NodeId> = workflow.outputs().collect();
    let idle: FxHashSet<NodeId> = stages.wan.iter().copied().filter(|id| !workflow.runs(*id)).collect();
    if idle.is_empty() {
        return;
    }
    let shows = |id: &NodeId| stages.rendered.at(*id) != Arrives::No;
    if outputs.iter().any(shows) {
        stage_left_out(workflow, &idle, findings);
        return;
    }
    let Some(output) = outputs.into_iter().find(is_video) else { return };
    let Some(sampler) = stages.wan.last() else { return };
    let has_picture = stages.pictures.at(output) == Arrives::Yes;
    let path = if has_picture { stages.pictures.path(output) } else { vec![output] };
    let message = format!(
        "no output shows what `{}` renders; `{}` shows {}",
        workflow.node(*sampler).key,
        workflow.node(output).key,
        workflow.way(&path)
    );
    let finding = workflow
        .at_node(&RULE, output, message)
        .help("link what the sampler gives to a decoder, and its pictures to the output");
    findings.push(workflow.along(finding, &path));
}

/// A sampler behind one that renders, in a workflow with SCAIL.
fn stage_left_out(workflow: &Workflow<'_>, idle: &FxHashSet<NodeId>, findings: &mut Findings) {
    let stages = workflow.analysis.stages();
    if !stages.scail.iter().any(|id| workflow.runs(*id)) {
        return;
    }
    let samplers = stages.wan.iter().copied().filter(|id| workflow.runs(*id));
    let renders: FxHashSet<NodeId> = samplers.collect();
    let reach = workflow.analysis.reach(|id| match id {
        id if renders.contains(&id) => Step::Source,
        id if idle.contains(&id) => Step::Ends,
        _ => Step::Passes,
    });
    let behind = |id: &NodeId| idle.contains(id) && reach.at(*id) == Arrives::Yes;
    for id in stages.wan.iter().copied().filter(behind).take(MOST) {
        let Some(before) = reach.path(id).first().copied() else { return };
        let path = stages.path_to_output(before);
        let message = format!(
            "the output shows what `{}` renders, past `{}`, which comes after it: {}",
            workflow.node(before).key,
            workflow.node(id).key,
            workflow.way(&path)
        );
        let finding = workflow
            .at_node(&RULE, id, message)
            .help("decode what the last sampler gives; or remove the samplers whose result is not wanted");
        findings.push(workflow.along(finding, &path));
    }
}
