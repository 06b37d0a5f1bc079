//! Poses for SCAIL as large as the video.

use crate::diag::Severity;
use crate::ir::NodeId;
use crate::lint::scail_sizes;
use crate::lint::workflow::Workflow;
use crate::lint::{Check, Group, Judged, Rule, Subject, page};

pub(super) static RULE: Rule = Rule {
    name: "pose-at-full-size",
    summary: "poses for SCAIL as large as the video: four times the tokens that half of it costs",
    group: Group::Cost,
    subject: Subject::Workflow,
    severity: Some(Severity::Warning),
    repairs: None,
    page: page!("pose-at-full-size"),
    check: Check::Class(&["WanVideoAddSCAILPoseEmbeds"], check),
};

fn check(workflow: &Workflow<'_>, id: NodeId) -> Judged {
    let sizes = scail_sizes::of(workflow, id)?;
    let (Some(pose), Some(video)) = (sizes.pose.exact(), sizes.video.exact()) else { return Ok(None) };
    if pose != video {
        return Ok(None);
    }
    let (at, [width, _]) = sizes.place;
    let message =
        format!("the poses have {}×{}, the video's whole size; SCAIL was trained with half", pose.0, pose.1);
    let help = if sizes.halves {
        format!("give `RenderNLFPoses` the video's size, {}×{}: it halves it itself", video.0, video.1)
    } else {
        format!("give the poses {}×{}", video.0 / 2, video.1 / 2)
    };
    Ok(Some(workflow.at(&RULE, at, width, message).help(help)))
}
