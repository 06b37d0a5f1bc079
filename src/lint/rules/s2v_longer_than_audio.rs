//! A part of a video of Wan S2V behind the end of the sound.

use crate::analysis::Known;
use crate::diag::Severity;
use crate::ir::NodeId;
use crate::lint::workflow::Workflow;
use crate::lint::{Check, Group, Judged, Rule, Subject, page};

pub(super) static RULE: Rule = Rule {
    name: "s2v-longer-than-audio",
    summary: "a part of a video of Wan S2V that begins where the sound has ended: nobody speaks",
    group: Group::Correctness,
    subject: Subject::Workflow,
    severity: Some(Severity::Warning),
    repairs: None,
    page: page!("s2v-longer-than-audio"),
    check: Check::Class(&["WanSoundImageToVideoExtend"], check),
};

fn check(workflow: &Workflow<'_>, id: NodeId) -> Judged {
    let inputs = workflow.analysis.inputs(id);
    let Some(encoder) = workflow.analysis.source(id, "audio_encoder_output") else { return Ok(None) };
    let seconds = sound(workflow, encoder)?;
    // The node counts 4 frames of sound for each latent frame that is there.
    let start = ((inputs.latent("video_latent")?.frames? - 1).div_euclid(4) + 1).saturating_mul(4);
    #[expect(clippy::cast_precision_loss, reason = "frames are far below 2^53")]
    let begins = start as f64 / RATE;
    if begins < seconds {
        return Ok(None);
    }
    let message = format!(
        "`{}` begins after {begins} seconds, at frame {start}, and the sound ends after {seconds}",
        workflow.node(id).key
    );
    let help = "leave this part out, or take a longer sound: the face has nothing to follow";
    Ok(Some(workflow.at(&RULE, id, "audio_encoder_output", message).help(help)))
}

/// Frames a second.
const RATE: f64 = 16.0;

/// How long a sound is at most that was encoded.
fn sound(workflow: &Workflow<'_>, encoder: NodeId) -> Known<f64> {
    let whole = workflow.analysis.inputs(encoder);
    let source = workflow.analysis.source(encoder, "audio").map(|id| workflow.analysis.inputs(id));
    match source.map(|source| (source, &*source.node().class_type)) {
        Some((source, "TrimAudioDuration" | "EmptyAudio")) => source.float("duration"),
        _ => whole.audio("audio")?.seconds,
    }
}
