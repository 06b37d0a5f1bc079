//! A sampler that starts late in the schedule and from nothing.

use crate::analysis::{Content, Sampler, SamplerKind};
use crate::diag::Severity;
use crate::lint::workflow::Workflow;
use crate::lint::{Check, Group, Judged, Rule, Subject, page};

pub(super) static RULE: Rule = Rule {
    name: "late-start-on-empty-latent",
    summary: "a denoise below 1, or a late start, on an empty latent: what is missing is not noise",
    group: Group::Correctness,
    subject: Subject::Workflow,
    severity: Some(Severity::Warning),
    repairs: None,
    page: page!("late-start-on-empty-latent"),
    check: Check::Sampler(check),
};

/// Above this noise level the picture is all but noise, and the difference does not show.
const ALL_NOISE: f64 = 0.95;

fn check(workflow: &Workflow<'_>, sampler: &Sampler) -> Judged {
    let part = sampler.part()?;
    let is_wrapper = sampler.kind == SamplerKind::Wrapper;
    if part.first < 1 || part.first >= part.last {
        return Ok(None);
    }
    if is_wrapper {
        // Some embeds bring what it starts from.
        sampler.embeds.value.clone()?;
        if workflow.analysis.inputs(sampler.model.node).has("samples") {
            return Ok(None);
        }
    } else if sampler.latent.value?.content != Content::Empty || !sampler.adds_noise.value? {
        return Ok(None);
    }
    let level = sampler.level(part.first);
    let harmless = level.map_or(part.first * 10 < part.of, |level| level >= ALL_NOISE);
    if harmless {
        return Ok(None);
    }
    let is_denoise = sampler.denoise.value.is_ok_and(|denoise| denoise < 1.0);
    let level = level.map(|level| format!(", sigma {level:.3}")).unwrap_or_default();
    let from = if is_wrapper { "without `samples`" } else { "from an empty latent" };
    let by = match sampler.denoise.value {
        Ok(denoise) if is_denoise => format!("`{}` {denoise} starts", sampler.denoise.input),
        _ => "it starts".to_owned(),
    };
    let message = format!(
        "{by} at step {} of {}{level}, {from}: the steps before have not been taken",
        part.first, part.of
    );
    let help = if is_denoise {
        "set it to 1; a smaller value is for pictures and videos that are changed"
    } else {
        "start at step 0, or give it the result of the sampler that takes the steps before"
    };
    let (node, input) = if is_denoise {
        (sampler.denoise.node, sampler.denoise.input)
    } else {
        (sampler.start.node, sampler.start.input)
    };
    Ok(Some(workflow.at(&RULE, node, input, message).help(help)))
}
