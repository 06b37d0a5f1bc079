//! Samples of another size or length than what is to be rendered.

use crate::analysis::{Content, Sampler, SamplerKind};
use crate::diag::Severity;
use crate::lint::workflow::Workflow;
use crate::lint::{Check, Group, Judged, Rule, Subject, page};

pub(super) static RULE: Rule = Rule {
    name: "samples-of-other-size",
    summary: "`samples` of another size or length than the embeds: the sampler fails, or repeats the first frame",
    group: Group::Correctness,
    subject: Subject::Workflow,
    severity: Some(Severity::Error),
    repairs: None,
    page: page!("samples-of-other-size"),
    check: Check::Sampler(check),
};

/// Embeds that measure what the sampler renders, and add nothing to it.
const PLAIN: [&str; 2] = ["WanVideoEmptyEmbeds", "WanVideoImageToVideoEncode"];

fn check(workflow: &Workflow<'_>, sampler: &Sampler) -> Judged {
    if sampler.kind != SamplerKind::Wrapper {
        return Ok(None);
    }
    let (latent, embeds) = (sampler.latent.value?, sampler.embeds.value.clone()?);
    let source = workflow.analysis.inputs(embeds.source);
    let is_plain = PLAIN.contains(&&*source.node().class_type) && !source.has("end_image");
    if !is_plain || matches!(latent.content, Content::Empty | Content::Unknown) {
        return Ok(None);
    }
    let key = &workflow.node(embeds.source).key;
    let cells = |side: i64| side.div_euclid(16);
    if let (Ok(width), Ok(height), Ok(own_width), Ok(own_height)) =
        (embeds.width, embeds.height, latent.width, latent.height)
        && (cells(width), cells(height)) != (cells(own_width), cells(own_height))
    {
        let message = format!(
            "`samples` are {own_width}x{own_height} and the embeds of `{key}` {width}x{height}: the sampler fails"
        );
        let help = "give both the same size";
        return Ok(Some(workflow.at(&RULE, sampler.latent.node, sampler.latent.input, message).help(help)));
    }
    // A latent frame has one frame at the beginning, and four after it.
    let (frames, own) = (embeds.frames?, latent.frames?);
    let (wanted, given) = ((frames - 1).div_euclid(4) + 1, (own + 3).div_euclid(4));
    if wanted == given {
        return Ok(None);
    }
    let then = if given > wanted { "the sampler fails" } else { "their beginning is repeated" };
    let message = format!("`samples` have {own} frames and the embeds of `{key}` {frames}: {then}");
    let help = "give both the same number of frames";
    Ok(Some(workflow.at(&RULE, sampler.latent.node, sampler.latent.input, message).help(help)))
}
