//! Uni3C on a model that it does not fit.

use crate::analysis::Sampler;
use crate::diag::Severity;
use crate::lint::workflow::Workflow;
use crate::lint::wrapper_args;
use crate::lint::{Check, Group, Judged, Rule, Subject, page};

pub(super) static RULE: Rule = Rule {
    name: "uni3c-on-small-model",
    summary: "Uni3C on a model of 5 or 1.3 billion weights: it is made for those of 14",
    group: Group::Correctness,
    subject: Subject::Workflow,
    severity: Some(Severity::Error),
    repairs: None,
    page: page!("uni3c-on-small-model"),
    check: Check::Sampler(check),
};

fn check(workflow: &Workflow<'_>, sampler: &Sampler) -> Judged {
    if wrapper_args::of_class(workflow, sampler, "uni3c_embeds", "WanVideoUni3C_embeds").is_none() {
        return Ok(None);
    }
    let model = sampler.model.value.clone()?;
    let width = match model.family.as_deref() {
        Some("wan22-ti2v-5b") => 3072,
        Some("wan21-t2v-1.3b") => 1536,
        _ => return Ok(None),
    };
    let message = format!(
        "Uni3C needs a model 5120 wide, as those of 14 billion weights are, and `{}` is {width} wide: it fails",
        model.file_name()
    );
    let finding = workflow.at_node(&RULE, sampler.node, message);
    let finding = finding.at_opt(workflow.node(model.loader).origin.span(), "the model");
    Ok(Some(finding.help("load a model of 14 billion weights, or render without Uni3C")))
}
