//! A LoRA on the other one of two experts, or for another task.

use crate::analysis::{Expert, Lora, Model};
use crate::diag::Severity;
use crate::lint::workflow::{Findings, Workflow};
use crate::lint::{Check, Group, Rule, Subject, page};
use rustc_hash::FxHashSet;

pub(super) static RULE: Rule = Rule {
    name: "lora-of-other-expert",
    summary: "a LoRA whose name says another expert or task than the model it is applied to",
    group: Group::Correctness,
    subject: Subject::Workflow,
    severity: Some(Severity::Warning),
    repairs: None,
    page: page!("lora-of-other-expert"),
    check: Check::Workflow(check),
};

fn check(workflow: &Workflow<'_>, findings: &mut Findings) {
    let mut seen = FxHashSet::default();
    for sampler in workflow.analysis.samplers().iter().filter(|sampler| workflow.runs(sampler.node)) {
        let Some(model) = findings.known(sampler.node, sampler.model.value.clone()) else { continue };
        let Some(expert) = model.expert() else { continue };
        for lora in &model.loras {
            let Some((said, is)) = contradiction(lora, &model, expert) else { continue };
            if !seen.insert(lora.node) {
                continue;
            }
            let message =
                format!("`{}` is for {said}, and `{}` is {is}", lora.model.file_name(), model.file_name());
            let input = if workflow.node(lora.node).input("lora").is_some() { "lora" } else { "lora_name" };
            let help = "take the LoRA that was published for this model";
            findings.push(workflow.at(&RULE, lora.node, input, message).help(help));
        }
    }
}

/// What the LoRA's name says, and what the model is, where that is something else.
fn contradiction(lora: &Lora, model: &Model, expert: Expert) -> Option<(&'static str, &'static str)> {
    if lora.strength.is_ok_and(|strength| strength == 0.0) {
        return None;
    }
    let name = lora.model.file_name().to_ascii_lowercase();
    let has = |word: &str| name.split(|c: char| !c.is_ascii_alphanumeric()).any(|part| part == word);
    match (has("high") || has("highnoise"), has("low") || has("lownoise"), expert) {
        (true, false, Expert::Low) => return Some(("the high-noise expert", "the low-noise one")),
        (false, true, Expert::High) => return Some(("the low-noise expert", "the high-noise one")),
        _ => {}
    }
    match (has("t2v"), has("i2v"), model.facts()?.task) {
        (true, false, "i2v") => Some(("text to video", "for image to video")),
        (false, true, "t2v") => Some(("image to video", "for text to video")),
        _ => None,
    }
}
