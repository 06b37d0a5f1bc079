//! A second stage of LTX-2 that begins its sound anew.

use crate::diag::Severity;
use crate::ir::NodeId;
use crate::lint::workflow::Workflow;
use crate::lint::{Check, Group, Judged, Rule, Subject, page};

pub(super) static RULE: Rule = Rule {
    name: "second-stage-drops-sound",
    summary: "a second stage of LTX-2 that goes on with the first one's video and begins the sound anew",
    group: Group::Correctness,
    subject: Subject::Workflow,
    severity: Some(Severity::Warning),
    repairs: None,
    page: page!("second-stage-drops-sound"),
    check: Check::Class(&["LTXVConcatAVLatent"], check),
};

/// So many nodes the video is followed through.
const HOPS: usize = 16;

#[expect(clippy::unnecessary_wraps, reason = "what looks at classes may not know")]
fn check(workflow: &Workflow<'_>, id: NodeId) -> Judged {
    let source = |input: &str| workflow.analysis.source(id, input);
    let (Some(audio), Some(stage)) = (source("audio_latent"), first_stage(workflow, id)) else {
        return Ok(None);
    };
    if &*workflow.node(audio).class_type != "LTXVEmptyLatentAudio" {
        return Ok(None);
    }
    let message = format!(
        "the video goes on from `{}` ({}), and the sound begins anew in `{}`",
        workflow.node(stage).key,
        workflow.node(stage).class_type,
        workflow.node(audio).key
    );
    let help = "link the sound of the first stage, output 1 of its LTXVSeparateAVLatent: the few steps of the second \
                stage make none from noise, and it would not fit the picture";
    Ok(Some(workflow.at(&RULE, id, "audio_latent", message).help(help)))
}

/// The node that shows that the video of this latent was sampled before.
fn first_stage(workflow: &Workflow<'_>, id: NodeId) -> Option<NodeId> {
    let mut at = workflow.analysis.source(id, "video_latent")?;
    for _ in 0..HOPS {
        at = match &*workflow.node(at).class_type {
            "LTXVLatentUpsampler" | "LTXVSeparateAVLatent" => return Some(at),
            "LTXVCropGuides" | "LTXVImgToVideoInplace" | "LTXVAddGuide" => {
                workflow.analysis.source(at, "latent")?
            }
            _ => return None,
        };
    }
    None
}
