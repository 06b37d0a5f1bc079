//! A list of noise levels with as many levels as its title has steps.

use crate::analysis::Fact;
use crate::diag::Severity;
use crate::ir::NodeId;
use crate::lint::workflow::Workflow;
use crate::lint::{Check, Group, Judged, Rule, Subject, page};

pub(super) static RULE: Rule = Rule {
    name: "sigmas-count-off-by-one",
    summary: "a list of as many noise levels as its title has steps: it makes one step less",
    group: Group::Correctness,
    subject: Subject::Workflow,
    severity: Some(Severity::Warning),
    repairs: None,
    page: page!("sigmas-count-off-by-one"),
    check: Check::Class(&["ManualSigmas"], check),
};

fn check(workflow: &Workflow<'_>, id: NodeId) -> Judged {
    let Some(said) = workflow.node(id).title.as_deref().and_then(steps_in) else { return Ok(None) };
    let Ok(Fact::Sigmas(sigmas)) = workflow.analysis.output(id, 0) else { return Ok(None) };
    let steps = sigmas.steps?;
    if said != steps + 1 {
        return Ok(None);
    }
    let message = format!("the title says {said} steps, and {said} noise levels make {steps}");
    let help = "add a level, or correct the title: the levels are the ends of the steps, one more than there are steps";
    Ok(Some(workflow.at(&RULE, id, "sigmas", message).help(help)))
}

/// The number before the word: `4 steps`, `8-step`.
fn steps_in(title: &str) -> Option<i64> {
    let title = title.to_ascii_lowercase();
    let before = title.split_once("step")?.0.trim_end_matches([' ', '-', '_']);
    let digits = before.rfind(|c: char| !c.is_ascii_digit()).map_or(0, |at| at + 1);
    before.get(digits..)?.parse().ok()
}
