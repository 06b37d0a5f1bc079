//! More frames to render than the video that leads them has.

use crate::catalog::Grid;
use crate::diag::Severity;
use crate::ir::NodeId;
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
    if !workflow.runs(led) {
        return;
    }
    let Ok(image) = workflow.analysis.inputs(led).image(video) else { return };
    // Where the number is known, no loader's limit decides it.
    let (Err(open), Some(most)) = (image.frames, image.most) else { return };
    if !LOADERS.contains(&&*workflow.node(open.node).class_type) {
        return;
    }
    // Who links the count of what was loaded does not know it, and is right.
    let Ok(asked) = workflow.analysis.inputs(made).int(frames) else { return };
    let grids = Grid::of(&workflow.node(made).class_type);
    let rendered = |asked: i64| {
        let grid = grids.iter().find(|grid| grid.input == frames);
        grid.and_then(|grid| grid.made_of(asked)).unwrap_or(asked)
    };
    if rendered(asked) <= most {
        return;
    }
    let loader = &workflow.node(open.node).key;
    let message = format!(
        "{asked} frames are rendered, and `{loader}` gives at most {most} frames of the video that leads them"
    );
    let help = format!("link the frame count of `{loader}`, its output 1, in place of a number");
    findings.push(workflow.at(&RULE, made, frames, message).help(help));
}
