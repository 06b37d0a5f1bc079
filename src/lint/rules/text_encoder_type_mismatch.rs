//! A text encoder that is loaded for another kind of model.

use crate::analysis::Sampler;
use crate::catalog::TextEncoder;
use crate::diag::Severity;
use crate::ir::Value;
use crate::lint::workflow::Workflow;
use crate::lint::{Check, Group, Judged, Rule, Subject, page};

pub(super) static RULE: Rule = Rule {
    name: "text-encoder-type-mismatch",
    summary: "a `type` of CLIPLoader for another kind of model: the prompt is encoded in another way than the model knows",
    group: Group::Correctness,
    subject: Subject::Workflow,
    severity: Some(Severity::Error),
    repairs: Some("with `--unsafe`: writes the type of the model"),
    page: page!("text-encoder-type-mismatch"),
    check: Check::Sampler(check),
};

fn check(workflow: &Workflow<'_>, sampler: &Sampler) -> Judged {
    let model = sampler.model.value.clone()?;
    let prompt = sampler.positive.value.clone()?;
    let encoder = workflow.analysis.inputs(prompt.node).model("clip")?;
    let is_alone = &*workflow.node(encoder.loader).class_type == "CLIPLoader";
    let Some(wanted) = model.facts().and_then(|facts| TextEncoder::of(facts.line)).filter(|_| is_alone)
    else {
        return Ok(None);
    };
    let kind = workflow.analysis.inputs(encoder.loader).text("type")?;
    if encoder.family.as_deref() != Some(wanted.encoder) || wanted.works_as(&kind) {
        return Ok(None);
    }
    let (file, right) = (model.file_name(), wanted.kind);
    let message = format!("`type` is {kind}, and the prompt goes to `{file}`, for which it is {right}");
    let help = format!(
        "set it to {right}; with another type the same file becomes another encoder, without an error"
    );
    let mut finding = workflow.at(&RULE, encoder.loader, "type", message).help(help);
    finding.fix = workflow.rewrite(encoder.loader, "type", &Value::Str(right.into()), false);
    Ok(Some(finding))
}
