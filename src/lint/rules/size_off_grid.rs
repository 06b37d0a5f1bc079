//! A width or height that the class or the model rounds to another.

use crate::catalog::{Grid, Unit};
use crate::diag::Severity;
use crate::lint::grid;
use crate::lint::workflow::{Findings, Workflow};
use crate::lint::{Check, Group, Rule, Subject, page};

pub(super) static RULE: Rule = Rule {
    name: "size-off-grid",
    summary: "a width or height between the blocks of pixels in which the model works: it is rounded or padded",
    group: Group::Correctness,
    subject: Subject::Workflow,
    severity: Some(Severity::Warning),
    repairs: Some("with `--unsafe`: writes the nearest side that fits"),
    page: page!("size-off-grid"),
    check: Check::Workflow(check),
};

fn check(workflow: &Workflow<'_>, findings: &mut Findings) {
    grid::check(workflow, findings, &RULE, |grid| grid.unit == Unit::Size && !grid.fails, explain);
}

fn explain(grid: &Grid, value: i64) -> String {
    match grid.made_of(value) {
        Some(made) if made != value => format!("the node makes {made} of it"),
        _ => format!("the model works in blocks of {} pixels, and one is cut", grid.multiple),
    }
}
