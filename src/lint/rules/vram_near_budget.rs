//! A step that may need more memory than the card has.

use crate::diag::Severity;
use crate::lint::budget;
use crate::lint::workflow::{Findings, Workflow};
use crate::lint::{Check, Group, Rule, Subject, page};
use crate::plan::Verdict;

pub(super) static RULE: Rule = Rule {
    name: "vram-near-budget",
    summary: "a step that may need more memory than the card has, by the highest estimate",
    group: Group::Budget,
    subject: Subject::Workflow,
    severity: Some(Severity::Warning),
    repairs: None,
    page: page!("vram-near-budget"),
    check: Check::Workflow(check),
};

fn check(workflow: &Workflow<'_>, findings: &mut Findings) {
    budget::check(workflow, &RULE, Verdict::MayNotFit, findings);
}
