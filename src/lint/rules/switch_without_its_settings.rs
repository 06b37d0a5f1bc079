//! A switch between base and distilled weights that leaves the settings as they are.

use crate::analysis::Sampler;
use crate::diag::Severity;
use crate::ir::{Argument, NodeId};
use crate::lint::workflow::Workflow;
use crate::lint::{Check, Group, Judged, Rule, Subject, page};
use rustc_hash::FxHashSet;

pub(super) static RULE: Rule = Rule {
    name: "switch-without-its-settings",
    summary: "a switch that changes between base and distilled weights, and not cfg and steps, or the other way round",
    group: Group::Correctness,
    subject: Subject::Workflow,
    severity: Some(Severity::Warning),
    repairs: None,
    page: page!("switch-without-its-settings"),
    check: Check::Sampler(check),
};

const SWITCH: &str = "ComfySwitchNode";

fn check(workflow: &Workflow<'_>, sampler: &Sampler) -> Judged {
    let settings =
        [("cfg", sampler.cfg.node, sampler.cfg.input), ("steps", sampler.steps.node, sampler.steps.input)];
    let chosen_by = |node, input, choice| depends(workflow, node, input, choice);
    if let Some((switch, choice)) = model_switch(workflow, sampler) {
        // A guider without guidance has no cfg to set.
        let fixed: Vec<_> = settings
            .into_iter()
            .filter(|(_, node, input)| *input != "conditioning" && !chosen_by(*node, input, choice))
            .collect();
        let Some((_, node, input)) = fixed.first() else { return Ok(None) };
        let names: Vec<&str> = fixed.iter().map(|(name, ..)| *name).collect();
        let stays = if names.len() == 1 { "stays as it is" } else { "stay as they are" };
        let (key, names) = (&workflow.node(switch).key, names.join(" and "));
        let message = format!("`{key}` switches between base and distilled weights, and {names} {stays}");
        let help =
            "give each a switch with the same `switch`: distilled weights need few steps and a cfg of 1";
        return Ok(Some(workflow.at(&RULE, *node, input, message).help(help)));
    }
    let Some(switch) = switch_at(workflow, sampler.cfg.node, sampler.cfg.input) else { return Ok(None) };
    let Some(choice) = workflow.analysis.source(switch, "switch") else { return Ok(None) };
    let inputs = workflow.analysis.inputs(switch);
    let is_one = |input| inputs.float(input).map(|cfg| (cfg - 1.0).abs() < 1e-6);
    if is_one("on_true")? == is_one("on_false")? || chosen_by(sampler.model.node, "model", choice) {
        return Ok(None);
    }
    // Without knowing the model, the switch may be for something else.
    sampler.model.value.clone()?;
    let key = &workflow.node(switch).key;
    let message = format!("`{key}` switches between guidance and none, and the model stays the same");
    let help = "let the same `switch` choose between the model with and without the distilling LoRA";
    Ok(Some(workflow.at(&RULE, sampler.model.node, "model", message).help(help)))
}

/// The switch node that gives an input its value.
fn switch_at(workflow: &Workflow<'_>, node: NodeId, input: &str) -> Option<NodeId> {
    let from = workflow.analysis.source(node, input)?;
    (&*workflow.node(from).class_type == SWITCH).then_some(from)
}

/// The switch that decides whether the model is distilled, and what decides the switch.
fn model_switch(workflow: &Workflow<'_>, sampler: &Sampler) -> Option<(NodeId, NodeId)> {
    let (mut node, mut seen) = (sampler.model.node, FxHashSet::default());
    while seen.insert(node) {
        node = workflow.analysis.source(node, "model")?;
        if &*workflow.node(node).class_type != SWITCH {
            continue;
        }
        let inputs = workflow.analysis.inputs(node);
        let is_distilled = |input| inputs.model(input).ok()?.is_distilled();
        let differ = is_distilled("on_true")? != is_distilled("on_false")?;
        return Some((node, workflow.analysis.source(node, "switch")?)).filter(|_| differ);
    }
    None
}

/// True if the value of an input depends on a node.
fn depends(workflow: &Workflow<'_>, node: NodeId, input: &str, on: NodeId) -> bool {
    let mut stack: Vec<NodeId> = workflow.analysis.source(node, input).into_iter().collect();
    let mut seen: FxHashSet<NodeId> = FxHashSet::default();
    while let Some(at) = stack.pop() {
        if at == on {
            return true;
        }
        if seen.insert(at) {
            let links = workflow.node(at).inputs().iter().filter_map(|input| match input.value {
                Argument::Link { from, .. } => Some(from),
                Argument::Literal(_) => None,
            });
            stack.extend(links);
        }
    }
    false
}
