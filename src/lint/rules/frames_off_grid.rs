//! A number of frames that the class rounds to another.

use crate::catalog::{Grid, Unit};
use crate::diag::Severity;
use crate::lint::grid;
use crate::lint::workflow::{Findings, Workflow};
use crate::lint::{Check, Group, Rule, Subject, page};

pub(super) static RULE: Rule = Rule {
    name: "frames-off-grid",
    summary: "a number of frames that a video model cannot make: the node makes fewer",
    group: Group::Correctness,
    subject: Subject::Workflow,
    severity: Some(Severity::Warning),
    repairs: Some("with `--unsafe`: writes the nearest number that fits"),
    page: page!("frames-off-grid"),
    check: Check::Workflow(check),
};

fn check(workflow: &Workflow<'_>, findings: &mut Findings) {
    grid::check(workflow, findings, &RULE, |grid| grid.unit == Unit::Frames, explain);
}

fn explain(grid: &Grid, value: i64) -> String {
    match grid.made_of(value) {
        Some(made) => format!("the node makes {made} of it"),
        None => format!("one latent frame holds {}, after a first one of its own", grid.multiple),
    }
}
