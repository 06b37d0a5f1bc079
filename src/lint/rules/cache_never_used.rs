//! A cache that would begin after the last step.

use crate::analysis::Sampler;
use crate::diag::Severity;
use crate::lint::workflow::Workflow;
use crate::lint::{Check, Group, Judged, Rule, Subject, page};

pub(super) static RULE: Rule = Rule {
    name: "cache-never-used",
    summary: "a cache whose steps lie behind the last one: it saves nothing",
    group: Group::Cost,
    subject: Subject::Workflow,
    severity: Some(Severity::Warning),
    repairs: None,
    page: page!("cache-never-used"),
    check: Check::Sampler(check),
};

fn check(workflow: &Workflow<'_>, sampler: &Sampler) -> Judged {
    let cache = sampler.argument(&workflow.analysis, "cache_args")?;
    let inputs = workflow.analysis.inputs(cache);
    let (start, end) = (inputs.int("start_step")?, inputs.int("end_step")?);
    let part = sampler.part()?;
    // The cache counts the steps of this sampler.
    let steps = part.last - part.first;
    let (input, message) = if start >= steps {
        (
            "start_step",
            format!(
                "the cache begins at step {start}, and the sampler takes {steps} steps: nothing is saved"
            ),
        )
    } else if end >= 0 && end < start {
        (
            "end_step",
            format!("the cache ends at step {end}, before it begins at step {start}: nothing is saved"),
        )
    } else {
        return Ok(None);
    };
    let help =
        "with few steps every one counts: leave the cache out; else begin after about a fifth of the steps";
    Ok(Some(workflow.at(&RULE, cache, input, message).help(help)))
}
