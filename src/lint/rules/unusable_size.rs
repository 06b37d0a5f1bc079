//! A width or height with which the sampler fails.

use crate::catalog::{Grid, Unit};
use crate::diag::Severity;
use crate::lint::grid;
use crate::lint::workflow::{Findings, Workflow};
use crate::lint::{Check, Group, Rule, Subject, page};

pub(super) static RULE: Rule = Rule {
    name: "unusable-size",
    summary: "a width or height with which the sampler fails when it comes to its first step",
    group: Group::Correctness,
    subject: Subject::Workflow,
    severity: Some(Severity::Error),
    repairs: Some("with `--unsafe`: writes the nearest side that fits"),
    page: page!("unusable-size"),
    check: Check::Workflow(check),
};

fn check(workflow: &Workflow<'_>, findings: &mut Findings) {
    grid::check(workflow, findings, &RULE, |grid| grid.unit == Unit::Size && grid.fails, explain);
}

fn explain(grid: &Grid, _: i64) -> String {
    let by = grid.multiple;
    format!("the pose is half the size, and the sampler fails where that is not whole blocks: {by} pixels")
}
