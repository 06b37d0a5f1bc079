//! A step that certainly needs more memory than the card has.

use crate::diag::Severity;
use crate::lint::budget;
use crate::lint::workflow::{Findings, Workflow};
use crate::lint::{Check, Group, Rule, Subject, page};
use crate::plan::Verdict;

pub(super) static RULE: Rule = Rule {
    name: "vram-over-budget",
    summary: "a step that needs more memory than the card has, even by the lowest estimate",
    group: Group::Budget,
    subject: Subject::Workflow,
    severity: Some(Severity::Error),
    repairs: None,
    page: page!("vram-over-budget"),
    check: Check::Workflow(check),
};

fn check(workflow: &Workflow<'_>, findings: &mut Findings) {
    budget::check(workflow, &RULE, Verdict::DoesNotFit, findings);
}
