//! A reference picture that only one of two predictions sees.

use crate::analysis::Sampler;
use crate::diag::Severity;
use crate::lint::workflow::Workflow;
use crate::lint::{Check, Group, Judged, Rule, Subject, page};

pub(super) static RULE: Rule = Rule {
    name: "reference-only-on-positive",
    summary: "ReferenceLatent on the positive conditioning alone while guidance compares it with the negative one",
    group: Group::Correctness,
    subject: Subject::Workflow,
    severity: Some(Severity::Warning),
    repairs: None,
    page: page!("reference-only-on-positive"),
    check: Check::Sampler(check),
};

fn check(workflow: &Workflow<'_>, sampler: &Sampler) -> Judged {
    let positive = sampler.positive.value.clone()?;
    if positive.references.is_empty() {
        return Ok(None);
    }
    let negative = sampler.negative.value.clone()?;
    let (cfg, model) = (sampler.cfg.value?, sampler.model.value.clone()?);
    let guided = (cfg - 1.0).abs() > 1e-6;
    let (given, missing) = (positive.references.len(), negative.references.len());
    if missing >= given || !guided || !model.is_of("flux2") {
        return Ok(None);
    }
    let (pictures, has) = match given {
        1 => (
            "reference picture".to_owned(),
            if missing == 0 { "none".to_owned() } else { missing.to_string() },
        ),
        _ => (
            format!("{given} reference pictures"),
            if missing == 0 { "none".to_owned() } else { missing.to_string() },
        ),
    };
    let message = format!(
        "the positive conditioning has {}{pictures} and the negative one {has}, with a cfg of {cfg}",
        if given == 1 { "a " } else { "" }
    );
    let help = "add the same ReferenceLatent to the negative conditioning: guidance takes away what only one of them has";
    Ok(Some(workflow.at(&RULE, sampler.negative.node, sampler.negative.input, message).help(help)))
}
