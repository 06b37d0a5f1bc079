//! Poses for SCAIL in another size than half of the video's.

use crate::diag::Severity;
use crate::ir::NodeId;
use crate::ir::Value;
use crate::lint::scail_sizes;
use crate::lint::workflow::Workflow;
use crate::lint::{Check, Group, Judged, Rule, Subject, page};

pub(super) static RULE: Rule = Rule {
    name: "pose-not-half-size",
    summary: "poses for SCAIL that have neither half of the video's size nor all of it",
    group: Group::Correctness,
    subject: Subject::Workflow,
    severity: Some(Severity::Error),
    repairs: Some(
        "with `--unsafe`: gives `RenderNLFPoses` the video's size, where both sides are written as numbers",
    ),
    page: page!("pose-not-half-size"),
    check: Check::Class(&["WanVideoAddSCAILPoseEmbeds"], check),
};

fn check(workflow: &Workflow<'_>, id: NodeId) -> Judged {
    let sizes = scail_sizes::of(workflow, id)?;
    let finding = if let (Some(pose), Some(video)) = (sizes.pose.exact(), sizes.video.exact()) {
        let is_half = |pose: i64, video: i64| pose * 2 == video;
        if pose == video || (is_half(pose.0, video.0) && is_half(pose.1, video.1)) {
            return Ok(None);
        }
        let message = format!(
            "the poses have {}×{}, and half of the video's {}×{} is {}×{}",
            pose.0,
            pose.1,
            video.0,
            video.1,
            video.0 / 2,
            video.1 / 2
        );
        (message, video)
    } else if let (Some(pose), Some(video)) = (sizes.pose.exact(), sizes.video.target()) {
        // The picture keeps its proportions, so one side at least has the size that is asked for.
        let is_possible = |pose: i64, video: i64| pose * 2 == video || pose == video;
        if is_possible(pose.0, video.0) || is_possible(pose.1, video.1) {
            return Ok(None);
        }
        let message = format!(
            "the poses have {}×{}; the video is {} wide or {} high, and half of that is {} or {}",
            pose.0,
            pose.1,
            video.0,
            video.1,
            video.0 / 2,
            video.1 / 2
        );
        (message, video)
    } else {
        return Ok(None);
    };
    let (message, video) = finding;
    let (at, [width, height]) = sizes.place;
    let message = if sizes.halves && width == "width" {
        format!(
            "`width` and `height` are `render_width` and `render_height` here; with the same values {message}"
        )
    } else {
        message
    };
    let finding = workflow.at(&RULE, at, width, message);
    if !sizes.halves {
        return Ok(Some(finding.help(format!("give the poses {}×{}", video.0 / 2, video.1 / 2))));
    }
    let help = format!(
        "`RenderNLFPoses` of this pack takes the video's size as `render_width` and `render_height`, {}×{}, and \
         halves it itself",
        video.0, video.1
    );
    let mut finding = finding.help(help);
    let write = |input: &str, side: i64| workflow.rewrite(at, input, &Value::Int(side.into()), false);
    if sizes.video.exact().is_some()
        && let (Some(mut fix), Some(other)) = (write(width, video.0), write(height, video.1))
    {
        fix.title = format!("write {} and {}", video.0, video.1);
        fix.edits.extend(other.edits);
        fix.edits.sort_by_key(|edit| edit.span);
        finding.fix = Some(fix);
    }
    Ok(Some(finding))
}
