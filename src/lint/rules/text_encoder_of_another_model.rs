//! A text encoder that the model was not trained with.

use crate::analysis::Sampler;
use crate::catalog::TextEncoder;
use crate::diag::Severity;
use crate::lint::weights;
use crate::lint::workflow::Workflow;
use crate::lint::{Check, Group, Judged, Rule, Subject, page};

pub(super) static RULE: Rule = Rule {
    name: "text-encoder-of-another-model",
    summary: "a text encoder that the model was not trained with: the sampler fails, or ignores the prompt",
    group: Group::Correctness,
    subject: Subject::Workflow,
    severity: Some(Severity::Error),
    repairs: None,
    page: page!("text-encoder-of-another-model"),
    check: Check::Sampler(check),
};

fn check(workflow: &Workflow<'_>, sampler: &Sampler) -> Judged {
    let model = sampler.model.value.clone()?;
    let prompt = sampler.positive.value.clone()?;
    let encoder = workflow.analysis.inputs(prompt.node).model("clip")?;
    let is_alone = &*workflow.node(encoder.loader).class_type == "CLIPLoader";
    let wanted = model.facts().and_then(|facts| TextEncoder::of(facts.line));
    let (Some(wanted), Some(family), true) = (wanted, encoder.family.as_deref(), is_alone) else {
        return Ok(None);
    };
    // Another rule is about the files of one encoder for two packs.
    let is_other_format = family.starts_with("umt5") && wanted.encoder.starts_with("umt5");
    if family == wanted.encoder || is_other_format || encoder.role.as_deref() != Some("text_encoder") {
        return Ok(None);
    }
    let (file, model_file) = (encoder.file_name(), model.file_name());
    let message = format!("`{file}` is {family}, and `{model_file}` was trained with {}", wanted.encoder);
    let models = workflow.facts.models;
    let fits = |file: &&str| {
        models
            .by_file(file)
            .is_some_and(|model| model.family == wanted.encoder && model.role == "text_encoder")
    };
    let files: Vec<String> = models.files().filter(fits).map(|file| format!("`{file}`")).collect();
    let help =
        if files.is_empty() { "take that one".to_owned() } else { format!("take {}", files.join(" or ")) };
    Ok(Some(weights::at_file(workflow, &RULE, &encoder, message).help(help)))
}
