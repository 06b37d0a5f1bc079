//! A cache with the coefficients of another model.

use crate::analysis::{Model, Sampler};
use crate::diag::Severity;
use crate::lint::workflow::Workflow;
use crate::lint::{Check, Group, Judged, Rule, Subject, page};

pub(super) static RULE: Rule = Rule {
    name: "cache-of-other-model",
    summary: "a cache that guesses the model from its file name, and guesses wrong",
    group: Group::Correctness,
    subject: Subject::Workflow,
    severity: Some(Severity::Warning),
    repairs: None,
    page: page!("cache-of-other-model"),
    check: Check::Sampler(check),
};

fn check(workflow: &Workflow<'_>, sampler: &Sampler) -> Judged {
    let cache = sampler.argument(&workflow.analysis, "cache_args")?;
    let name = match &*workflow.node(cache).class_type {
        "WanVideoTeaCache" if workflow.analysis.inputs(cache).bool("use_coefficients")? => "TeaCache",
        "WanVideoMagCache" => "MagCache",
        _ => return Ok(None),
    };
    let model = sampler.model.value.clone()?;
    let file = model.file.clone()?;
    let Some(right) = right(&model) else { return Ok(None) };
    let guess = guess(&model, &file.to_ascii_lowercase());
    if guess == right {
        return Ok(None);
    }
    let (message, help) = if right == "5B" {
        (
            format!("{name} has no coefficients for the 5B model and takes those of {guess}"),
            "take WanVideoEasyCache, which needs none",
        )
    } else {
        (
            format!("{name} takes the coefficients of {guess} for `{file}`, by its name; it is {right}"),
            "name the file, and its folder, as it was published; or take WanVideoEasyCache",
        )
    };
    Ok(Some(workflow.at_node(&RULE, cache, message).help(help)))
}

/// The coefficients that fit the model, if there are some.
fn right(model: &Model) -> Option<&'static str> {
    Some(match model.family.as_deref()? {
        "wan21-t2v-1.3b" => "Wan 2.1 1.3B",
        "wan21-t2v-14b" => "Wan 2.1 T2V 14B",
        "wan21-i2v-14b-480p" => "Wan 2.1 I2V 480p",
        "wan21-i2v-14b-720p" => "Wan 2.1 I2V 720p",
        "wan22-t2v-14b-high" | "wan22-t2v-14b-low" => "Wan 2.2 T2V 14B",
        "wan22-i2v-14b-high" | "wan22-i2v-14b-low" => "Wan 2.2 I2V 14B",
        "wan22-ti2v-5b" => "5B",
        _ => return None,
    })
}

/// The coefficients that the loader picks: nodes_model_loading.py:1373-1393.
fn guess(model: &Model, file: &str) -> &'static str {
    let has = |word: &str| file.contains(word);
    let is_i2v = model.facts().is_some_and(|facts| facts.task == "i2v");
    if has("high") || has("low") {
        return if has("i2v") { "Wan 2.2 I2V 14B" } else { "Wan 2.2 T2V 14B" };
    }
    if model.is_of("wan21-t2v-1.3b") {
        return "Wan 2.1 1.3B";
    }
    match is_i2v {
        true if has("480") || has("fun") || has("a2") || has("540") => "Wan 2.1 I2V 480p",
        true if has("720") => "Wan 2.1 I2V 720p",
        _ => "Wan 2.1 T2V 14B",
    }
}
