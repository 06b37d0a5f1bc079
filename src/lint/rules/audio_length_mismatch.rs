//! Sound and pictures of LTX-2 of different lengths.

use crate::analysis::LatentFamily;
use crate::diag::Severity;
use crate::ir::{NodeId, Value};
use crate::lint::workflow::Workflow;
use crate::lint::{Check, Group, Judged, Rule, Subject, page};

pub(super) static RULE: Rule = Rule {
    name: "audio-length-mismatch",
    summary: "a sound latent of LTX-2 for another number of frames than the video that it is joined with",
    group: Group::Correctness,
    subject: Subject::Workflow,
    severity: Some(Severity::Error),
    repairs: Some("with `--unsafe`: gives the sound the video's frames"),
    page: page!("audio-length-mismatch"),
    check: Check::Class(&["LTXVConcatAVLatent"], check),
};

fn check(workflow: &Workflow<'_>, id: NodeId) -> Judged {
    let inputs = workflow.analysis.inputs(id);
    let Some(audio) = workflow.analysis.source(id, "audio_latent") else { return Ok(None) };
    if &*workflow.node(audio).class_type != "LTXVEmptyLatentAudio" {
        return Ok(None);
    }
    let frames = inputs.latent("video_latent")?.frames?;
    let sound = workflow.analysis.inputs(audio).int("frames_number")?;
    // The video has whole cells of 8 frames only; what is lost to that is another matter.
    if LatentFamily::LTX.frames(sound) == frames {
        return Ok(None);
    }
    let message = format!("the sound is made for {sound} frames, and the video has {frames}");
    let help = "set both with one number: the sound ends before the video does, or after it";
    let mut finding = workflow.at(&RULE, audio, "frames_number", message).help(help);
    finding.fix = workflow.rewrite(audio, "frames_number", &Value::Int(frames.into()), false);
    Ok(Some(finding))
}
