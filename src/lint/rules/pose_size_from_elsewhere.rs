//! Poses whose size comes from elsewhere than the video's.

use crate::diag::Severity;
use crate::ir::NodeId;
use crate::lint::scail_sizes::{self, Size};
use crate::lint::workflow::Workflow;
use crate::lint::{Check, Group, Judged, Rule, Subject, page};

pub(super) static RULE: Rule = Rule {
    name: "pose-size-from-elsewhere",
    summary: "poses for SCAIL whose size fits the video's for pictures of one proportion only",
    group: Group::Correctness,
    subject: Subject::Workflow,
    severity: Some(Severity::Warning),
    repairs: None,
    page: page!("pose-size-from-elsewhere"),
    check: Check::Class(&["WanVideoAddSCAILPoseEmbeds"], check),
};

fn check(workflow: &Workflow<'_>, id: NodeId) -> Judged {
    let sizes = scail_sizes::of(workflow, id)?;
    let (scaler, reason) = match (sizes.pose, sizes.video) {
        (Size::Exact(width, height), Size::Kept(scaler, to_width, to_height))
            if width * 2 == to_width || height * 2 == to_height =>
        {
            (scaler, format!("the poses always have {width}×{height}"))
        }
        (Size::Kept(scaler, ..), Size::Exact(width, height)) => {
            (scaler, format!("the video always has {width}×{height}"))
        }
        (Size::Kept(scaler, ..), Size::Kept(other, ..)) if scaler != other => {
            let other = &workflow.node(other).key;
            (scaler, format!("`{other}` does so with another picture"))
        }
        _ => return Ok(None),
    };
    let key = &workflow.node(scaler).key;
    let message = format!("`{key}` keeps the proportions of what it scales, and {reason}");
    let help = "crop both to the size of the video, or take both sizes from one node: the poses must have half of \
                the video's size";
    Ok(Some(workflow.at(&RULE, scaler, "keep_proportion", message).help(help)))
}
