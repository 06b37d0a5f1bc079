//! Context windows for a video that is made in a loop already.

use crate::analysis::Sampler;
use crate::diag::Severity;
use crate::lint::workflow::Workflow;
use crate::lint::{Check, Group, Judged, Rule, Subject, page};

pub(super) static RULE: Rule = Rule {
    name: "context-windows-in-loop",
    summary: "context windows with embeds that make a long video in a loop: the sampler fails",
    group: Group::Correctness,
    subject: Subject::Workflow,
    severity: Some(Severity::Error),
    repairs: None,
    page: page!("context-windows-in-loop"),
    check: Check::Sampler(check),
};

fn check(workflow: &Workflow<'_>, sampler: &Sampler) -> Judged {
    let analysis = &workflow.analysis;
    let context = sampler.argument(analysis, "context_options")?;
    let embeds = sampler.embeds.value.clone()?;
    let source = analysis.inputs(embeds.source);
    let (loops, why) = match &*source.node().class_type {
        "WanVideoImageToVideoMultiTalk" => (embeds.source, "makes the video window by window".to_owned()),
        "WanVideoAnimateEmbeds" => {
            let (frames, window) = (source.int("num_frames")?, source.int("frame_window_size")?);
            let frames = frames - (frames - 1).rem_euclid(4);
            if frames <= window && !source.has("start_ref_image") {
                return Ok(None);
            }
            let why = format!("makes {frames} frames in windows of {window}");
            (embeds.source, why)
        }
        _ => {
            let framepack = embeds.added.iter().find(|id| {
                &*workflow.node(**id).class_type == "WanVideoAddS2VEmbeds"
                    && analysis.inputs(**id).bool("enable_framepack").unwrap_or(false)
            });
            let Some(framepack) = framepack else { return Ok(None) };
            // Windows longer than the video are switched off before.
            if analysis.inputs(context).int("context_frames")? > embeds.frames? {
                return Ok(None);
            }
            (*framepack, "packs the frames itself".to_owned())
        }
    };
    let message =
        format!("`{}` {why}, and context windows exclude that: the sampler fails", workflow.node(loops).key);
    let help = "take the link to `context_options` away";
    let at = sampler.arguments?;
    Ok(Some(workflow.at(&RULE, at, "context_options", message).help(help)))
}
