//! A later part of a video of Wan Animate that moves as the first one did.

use crate::diag::Severity;
use crate::ir::{Argument, NodeId};
use crate::lint::workflow::{Findings, Workflow};
use crate::lint::{Check, Group, Rule, Subject, page};
use rustc_hash::FxHashMap;

pub(super) static RULE: Rule = Rule {
    name: "animate-part-from-start",
    summary: "a later part of a video of Wan Animate whose motion begins at frame 0 again",
    group: Group::Correctness,
    subject: Subject::Workflow,
    severity: Some(Severity::Error),
    repairs: None,
    page: page!("animate-part-from-start"),
    check: Check::Workflow(check),
};

fn check(workflow: &Workflow<'_>, findings: &mut Findings) {
    let parts = workflow.analysis.of_class("WanAnimateToVideo");
    let motion = |id: NodeId| {
        let link = |input: &str| match workflow.node(id).input(input)?.value {
            Argument::Link { from, slot } => Some((from, slot)),
            Argument::Literal(_) => None,
        };
        link("pose_video").or_else(|| link("face_video"))
    };
    let mut first: FxHashMap<(NodeId, u32), NodeId> = FxHashMap::default();
    for id in parts.iter().copied().filter(|id| !workflow.analysis.inputs(*id).has("continue_motion")) {
        if let Some(motion) = motion(id) {
            first.entry(motion).or_insert(id);
        }
    }
    for id in parts.iter().copied().filter(|id| workflow.runs(*id)) {
        let inputs = workflow.analysis.inputs(id);
        if !inputs.has("continue_motion") {
            continue;
        }
        let Some(before) = motion(id).and_then(|motion| first.get(&motion).copied()) else { continue };
        let Some(offset) = findings.known(id, inputs.int("video_frame_offset")) else { continue };
        if offset != 0 {
            continue;
        }
        let (key, before) = (&workflow.node(id).key, workflow.node(before));
        let message = format!(
            "`{key}` goes on from other frames, and its motion begins at frame 0, as that of `{}`",
            before.key
        );
        let help = "link `video_frame_offset` to output 5 of the part before, which counts the frames so far";
        let finding = workflow.at(&RULE, id, "video_frame_offset", message).help(help);
        findings.push(finding.at_opt(before.origin.span(), "the first part"));
    }
}
