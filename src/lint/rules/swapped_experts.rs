//! Two experts in the wrong order, or one of them twice.

use crate::analysis::{Expert, Sampler};
use crate::diag::Severity;
use crate::lint::workflow::Workflow;
use crate::lint::{Check, Group, Judged, Rule, Subject, page};

pub(super) static RULE: Rule = Rule {
    name: "swapped-experts",
    summary: "a low-noise expert before a high-noise one, or one expert for both parts of a schedule",
    group: Group::Correctness,
    subject: Subject::Workflow,
    severity: Some(Severity::Error),
    repairs: None,
    page: page!("swapped-experts"),
    check: Check::Sampler(check),
};

fn check(workflow: &Workflow<'_>, second: &Sampler) -> Judged {
    let Some(first) = second.previous(&workflow.analysis) else { return Ok(None) };
    let models = (first.model.value.clone()?, second.model.value.clone()?);
    let (Some(one), Some(other)) = (models.0.expert(), models.1.expert()) else { return Ok(None) };
    if (one, other) == (Expert::High, Expert::Low) || !first.leaves_noise(&workflow.analysis)? {
        return Ok(None);
    }
    let (key, file) = (&workflow.node(first.node).key, models.1.file_name());
    let message = if one == other {
        // Three samplers may well have one expert twice, and one loader may be meant for both.
        let is_whole = first.part()?.first == 0 && !second.leaves_noise(&workflow.analysis)?;
        if !is_whole || models.0.loader == models.1.loader {
            return Ok(None);
        }
        format!("both parts of the schedule have the {} expert: `{file}` here and in `{key}`", one.name())
    } else {
        format!("`{file}` is the {} expert, and comes after the {} one in `{key}`", other.name(), one.name())
    };
    let help = "the high-noise expert takes the first steps and the low-noise expert the last";
    Ok(Some(workflow.at(&RULE, second.model.node, second.model.input, message).help(help)))
}
