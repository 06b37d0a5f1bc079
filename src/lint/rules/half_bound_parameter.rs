//! A parameter that reaches one of two inputs that belong together.

use rustc_hash::FxHashMap;

use crate::diag::Severity;
use crate::ir::{Argument, NodeId};
use crate::lint::workflow::{Findings, Workflow};
use crate::lint::{Check, Group, Rule, Subject, page};

pub(super) static RULE: Rule = Rule {
    name: "half-bound-parameter",
    summary: "a parameter of a graph that reaches one input, while another that needs the same value has a fixed one",
    group: Group::Correctness,
    subject: Subject::Source,
    severity: Some(Severity::Warning),
    repairs: None,
    page: page!("half-bound-parameter"),
    check: Check::Workflow(check),
};

/// Inputs that need the same value in any workflow: what they hold, and their classes and names.
const TOGETHER: [(&str, &[(&str, &str)]); 4] = [
    ("width", &[("EmptyFlux2LatentImage", "width"), ("Flux2Scheduler", "width")]),
    ("height", &[("EmptyFlux2LatentImage", "height"), ("Flux2Scheduler", "height")]),
    ("number of frames", &[("EmptyLTXVLatentVideo", "length"), ("LTXVEmptyLatentAudio", "frames_number")]),
    (
        "frame rate",
        &[("CreateVideo", "fps"), ("LTXVConditioning", "frame_rate"), ("LTXVEmptyLatentAudio", "frame_rate")],
    ),
];

fn check(workflow: &Workflow<'_>, findings: &mut Findings) {
    let bindings = workflow.graph.bindings().iter();
    let bindings: FxHashMap<(NodeId, u32), &str> =
        bindings.map(|binding| ((binding.node, binding.input), &*binding.param)).collect();
    if bindings.is_empty() {
        return;
    }
    for (what, inputs) in TOGETHER {
        // A frame rate belongs to LTX only where there is a conditioning that has one.
        let is_there = |(class, _): &(&str, &str)| !workflow.analysis.of_class(class).is_empty();
        if inputs.iter().filter(|input| is_there(input)).count() < 2
            || (inputs.len() > 2 && !is_there(&("LTXVConditioning", "")))
        {
            continue;
        }
        let mut bound: Option<(NodeId, &str, &str)> = None;
        let mut fixed: Vec<(NodeId, &str)> = Vec::new();
        for (class, name) in inputs {
            for &id in workflow.analysis.of_class(class).iter().filter(|id| workflow.runs(**id)) {
                let Some(at) = workflow.analysis.written(id, name) else { continue };
                let input = workflow.node(at.node).inputs().get(at.input as usize);
                if !input.is_some_and(|input| matches!(input.value, Argument::Literal(_))) {
                    continue;
                }
                match bindings.get(&(at.node, at.input)) {
                    Some(param) => bound = bound.or(Some((id, name, param))),
                    None => fixed.push((id, name)),
                }
            }
        }
        let Some((by, its, param)) = bound else { continue };
        for (id, name) in fixed {
            let message = format!(
                "`{name}` of `{}` is fixed, and `{param}` sets `{its}` of `{}`: both are the {what}",
                workflow.node(id).key,
                workflow.node(by).key
            );
            let help =
                format!("give both the parameter `{param}`: another value of it leaves this one behind");
            findings.push(workflow.at(&RULE, id, name, message).help(help));
        }
    }
}
