//! A render latent in another size than the video.

use crate::analysis::{LatentFamily, Sampler};
use crate::diag::Severity;
use crate::lint::workflow::Workflow;
use crate::lint::wrapper_args;
use crate::lint::{Check, Group, Judged, Rule, Subject, page};

pub(super) static RULE: Rule = Rule {
    name: "uni3c-render-size",
    summary: "Uni3C's render latent in another size or length than the video: it is stretched to fit",
    group: Group::Correctness,
    subject: Subject::Workflow,
    severity: Some(Severity::Warning),
    repairs: None,
    page: page!("uni3c-render-size"),
    check: Check::Sampler(check),
};

fn check(workflow: &Workflow<'_>, sampler: &Sampler) -> Judged {
    let Some(uni3c) = wrapper_args::of_class(workflow, sampler, "uni3c_embeds", "WanVideoUni3C_embeds")
    else {
        return Ok(None);
    };
    let (render, embeds) = (uni3c.latent("render_latent")?, sampler.embeds.value.clone()?);
    // The sampler works on cells of 16 pixels and 4 frames.
    let side = |pixels: i64| pixels.div_euclid(16);
    let frames = |frames: i64| LatentFamily::WAN21.frames(frames);
    let pairs = [
        ("wide", render.width, embeds.width, side as fn(i64) -> i64),
        ("high", render.height, embeds.height, side),
        ("frames long", render.frames, embeds.frames, frames),
    ];
    let differs = pairs.into_iter().find_map(|(what, of, wanted, cells)| match (of, wanted) {
        (Ok(of), Ok(wanted)) if cells(of) != cells(wanted) => Some((what, of, wanted)),
        _ => None,
    });
    let Some((what, of, wanted)) = differs else { return Ok(None) };
    let message = format!(
        "the render latent is {of} {what}, and the video of `{}` {wanted}: it is stretched to fit",
        workflow.node(sampler.node).key
    );
    let finding = workflow.at(&RULE, uni3c.id(), "render_latent", message);
    let finding = finding.at_opt(workflow.node(embeds.source).origin.span(), "the video's size");
    Ok(Some(finding.help("render or encode it in the video's size and length")))
}
