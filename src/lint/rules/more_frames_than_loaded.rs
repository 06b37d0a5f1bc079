//! More frames to render than the video that leads them has.

use crate::diag::Severity;
use crate::ir::{Argument, NodeId};
use crate::lint::workflow::{Findings, Workflow};
use crate::lint::{Check, Group, Rule, Subject, page};

pub(super) static RULE: Rule = Rule {
    name: "more-frames-than-loaded",
    summary: "a written number of frames that is more than the loaded video may have, in place of its count",
    group: Group::Correctness,
    subject: Subject::Workflow,
    severity: Some(Severity::Warning),
    repairs: None,
    page: page!("more-frames-than-loaded"),
    check: Check::Workflow(check),
};

/// The loaders that have a limit.
const LOADERS: [&str; 2] = ["VHS_LoadVideo", "VHS_LoadVideoPath"];

/// The classes whose frames a video leads: the class that renders, its input, and the inputs of videos.
const LED: [(&str, &str, &[&str]); 2] = [
    ("WanVideoAnimateEmbeds", "num_frames", &["pose_images", "face_images"]),
    ("WanAnimateToVideo", "length", &["pose_video", "face_video"]),
];

/// Where videos are added to embeds that were made before.
const ADDED: (&str, &str) = ("WanVideoAddSCAILPoseEmbeds", "pose_images");

/// What makes one picture of each that it is given, and the input that it is given them at.
const EACH: [(&str, &str); 9] = [
    ("DrawViTPose", "pose_data"),
    ("GetImageSizeAndCount", "image"),
    ("ImageResizeKJv2", "image"),
    ("ImageScale", "image"),
    ("ImageScaleBy", "image"),
    ("NLFPredict", "images"),
    ("PoseAndFaceDetection", "images"),
    ("PoseDetectionVitPoseToDWPose", "images"),
    ("RenderNLFPoses", "nlf_poses"),
];

/// So many nodes a video is followed through.
const HOPS: usize = 16;

fn check(workflow: &Workflow<'_>, findings: &mut Findings) {
    for (class, frames, videos) in LED {
        for &id in workflow.analysis.of_class(class) {
            for video in videos {
                judge(workflow, findings, (id, frames), (id, video));
            }
        }
    }
    let (class, video) = ADDED;
    for &id in workflow.analysis.of_class(class) {
        if let Ok(embeds) = workflow.analysis.inputs(id).embeds("embeds") {
            judge(workflow, findings, (embeds.source, "num_frames"), (id, video));
        }
    }
}

fn judge(
    workflow: &Workflow<'_>,
    findings: &mut Findings,
    (made, frames): (NodeId, &str),
    (led, video): (NodeId, &str),
) {
    let Some(loader) = loader(workflow, led, video).filter(|_| workflow.runs(led)) else { return };
    let inputs = workflow.analysis.inputs(loader);
    // Who links the count of what was loaded does not know it, and is right.
    let Ok(asked) = workflow.analysis.inputs(made).int(frames) else { return };
    let Some(cap) = findings.known(made, inputs.int("frame_load_cap")) else { return };
    if cap < 1 || asked <= cap {
        return;
    }
    let loader = &workflow.node(loader).key;
    let message = format!(
        "{asked} frames are rendered, and `{loader}` loads {cap} frames of the video that leads them at most"
    );
    let help = format!("link the frame count of `{loader}`, its output 1, in place of a number");
    findings.push(workflow.at(&RULE, made, frames, message).help(help));
}

/// The loader of a video that arrives at an input, each of whose frames became one.
fn loader(workflow: &Workflow<'_>, id: NodeId, input: &str) -> Option<NodeId> {
    let link = |node: NodeId, input: &str| match workflow.node(node).input(input)?.value {
        Argument::Link { from, .. } => Some(from),
        Argument::Literal(_) => None,
    };
    let mut at = link(id, input)?;
    for _ in 0..HOPS {
        let class = &*workflow.node(at).class_type;
        if LOADERS.contains(&class) {
            return Some(at);
        }
        let (_, input) = EACH.iter().find(|(known, _)| *known == class)?;
        at = link(at, input)?;
    }
    None
}
