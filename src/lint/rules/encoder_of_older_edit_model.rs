//! The edit encoder of the first Qwen-Image-Edit with the weights of a later one.

use crate::analysis::Sampler;
use crate::diag::Severity;
use crate::lint::workflow::Workflow;
use crate::lint::{Check, Group, Judged, Rule, Subject, page};

pub(super) static RULE: Rule = Rule {
    name: "encoder-of-older-edit-model",
    summary: "TextEncodeQwenImageEdit with Qwen-Image-Edit-2509 or 2511, which were trained on the prompts of another encoder",
    group: Group::Correctness,
    subject: Subject::Workflow,
    severity: Some(Severity::Warning),
    repairs: None,
    page: page!("encoder-of-older-edit-model"),
    check: Check::Sampler(check),
};

/// The families that number their pictures.
const LATER: [&str; 2] = ["qwen-image-edit-2509", "qwen-image-edit-2511"];

fn check(workflow: &Workflow<'_>, sampler: &Sampler) -> Judged {
    let (model, positive) = (sampler.model.value.clone()?, sampler.positive.value.clone()?);
    let node = workflow.node(positive.node);
    let is_later = model.family.as_deref().is_some_and(|family| LATER.contains(&family));
    if !is_later || &*node.class_type != "TextEncodeQwenImageEdit" {
        return Ok(None);
    }
    let message = format!(
        "`{}` encodes for the first Qwen-Image-Edit, and the model is `{}`",
        node.key,
        model.file_name()
    );
    let help = "use TextEncodeQwenImageEditPlus for both prompts; its input for the first picture is image1";
    Ok(Some(workflow.at_node(&RULE, positive.node, message).help(help)))
}
