//! Frames and sizes beside the values that a class can use: what two rules have in common.

use super::Rule;
use super::workflow::{Findings, Workflow};
use crate::analysis::{Fact, Inputs, Known};
use crate::catalog::{Grid, Unit};
use crate::diag::Diagnostic;
use crate::ir::{NodeId, Value};

/// A number that a grid is about, and the input where it stands.
struct Measured {
    name: String,
    value: Known<i64>,
    node: NodeId,
    input: String,
}

/// Adds a finding for every number that does not fit a grid of the rule.
pub(super) fn check(
    workflow: &Workflow<'_>,
    findings: &mut Findings,
    rule: &Rule,
    is_ours: fn(&Grid) -> bool,
    explain: fn(&Grid, i64) -> String,
) {
    for (id, node) in workflow.graph.nodes().filter(|(id, _)| workflow.runs(*id)) {
        for grid in Grid::of(&node.class_type).iter().filter(|grid| is_ours(grid)) {
            let inputs = workflow.analysis.inputs(id);
            if !concerns(inputs, grid) {
                continue;
            }
            for measured in measured(inputs, grid.input) {
                let Some(value) = findings.known(id, measured.value) else { continue };
                if !grid.fits(value) {
                    findings.push(finding(workflow, rule, grid, &measured, value, explain));
                }
            }
        }
    }
}

/// False for a grid of models or VAEs that take another kind of latent.
fn concerns(inputs: Inputs<'_>, grid: &Grid) -> bool {
    let is_of = |input| {
        inputs.model(input).is_ok_and(|model| model.facts().is_some_and(|facts| facts.latent == grid.latent))
    };
    grid.latent.is_empty() || is_of("model") || is_of("vae")
}

/// The numbers of an input: one, or both sides of what arrives there.
fn measured(inputs: Inputs<'_>, input: &str) -> Vec<Measured> {
    let number = |name: &str, value: Known<i64>, node: NodeId, input: &str| Measured {
        name: name.to_owned(),
        value,
        node,
        input: input.to_owned(),
    };
    match inputs.fact(input) {
        Ok(Fact::Embeds(embeds)) => vec![
            number("`width`", embeds.width, embeds.source, "width"),
            number("`height`", embeds.height, embeds.source, "height"),
        ],
        Ok(Fact::Scalar(_) | Fact::AtMost(_)) => {
            vec![number(&format!("`{input}`"), inputs.int(input), inputs.id(), input)]
        }
        Ok(Fact::Image(image)) => vec![
            number("the width of what arrives", image.width, inputs.id(), input),
            number("the height of what arrives", image.height, inputs.id(), input),
        ],
        Ok(_) => Vec::new(),
        Err(unknown) => vec![number(input, Err(unknown), inputs.id(), input)],
    }
}

fn finding(
    workflow: &Workflow<'_>,
    rule: &Rule,
    grid: &Grid,
    measured: &Measured,
    value: i64,
    explain: fn(&Grid, i64) -> String,
) -> Diagnostic {
    let (name, node, input) = (&measured.name, measured.node, &measured.input);
    let message = format!("{name} is {value}: {}", explain(grid, value));
    let near: Vec<String> = grid.near(value).iter().map(ToString::to_string).collect();
    let by = grid.multiple;
    let kind = match (grid.unit, grid.offset) {
        (Unit::Frames, more) => format!("take {more} more than a multiple of {by}"),
        (Unit::Size, _) => format!("take a multiple of {by}"),
    };
    let mut finding =
        workflow.at(rule, node, input, message).help(format!("{kind}; the nearest: {}", near.join(" and ")));
    let nearest = grid.nearest(value);
    finding.fix = nearest.and_then(|near| workflow.rewrite(node, input, &Value::Int(near.into()), false));
    finding
}
