//! Sound from a video that may have none.

use crate::diag::Severity;
use crate::lint::workflow::{Findings, Workflow};
use crate::lint::{Check, Group, Rule, Subject, page};

pub(super) static RULE: Rule = Rule {
    name: "sound-may-be-missing",
    summary: "the sound of a loaded video, which may have none: the result is silent, or the workflow fails",
    group: Group::Correctness,
    subject: Subject::Workflow,
    severity: Some(Severity::Info),
    repairs: None,
    page: page!("sound-may-be-missing"),
    check: Check::Workflow(check),
};

/// The classes that load a video together with its sound, which they read when it is used.
const LOADERS: [&str; 4] =
    ["VHS_LoadVideo", "VHS_LoadVideoFFmpeg", "VHS_LoadVideoFFmpegPath", "VHS_LoadVideoPath"];

/// The slot of their sound.
const SOUND: u32 = 2;

fn check(workflow: &Workflow<'_>, findings: &mut Findings) {
    for &loader in LOADERS.iter().flat_map(|class| workflow.analysis.of_class(class)) {
        for (user, link) in workflow.graph.consumers(loader).filter(|(_, link)| link.slot == SOUND) {
            let node = workflow.node(user);
            let Some(input) = node.inputs().get(link.input as usize).filter(|_| workflow.runs(user)) else {
                continue;
            };
            let from = &workflow.node(loader).key;
            let (becomes, help) = if &*node.class_type == "VHS_VideoCombine" {
                (
                    "is silent then",
                    "tell whoever sends videos that they need sound; current versions of the pack write the video without, older ones write none",
                )
            } else {
                ("fails then", "send videos with sound only, or take the sound from a file of its own")
            };
            let message = format!(
                "the sound comes from the video of `{from}`, which may have none; `{}` {becomes}",
                node.key
            );
            findings.push(workflow.at(&RULE, user, &input.name, message).help(help));
        }
    }
}
