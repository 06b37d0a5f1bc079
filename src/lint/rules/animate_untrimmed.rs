//! A video of Wan Animate that begins with its reference.

use crate::diag::Severity;
use crate::ir::NodeId;
use crate::lint::frames_of;
use crate::lint::workflow::Workflow;
use crate::lint::{Check, Group, Judged, Rule, Subject, page};

pub(super) static RULE: Rule = Rule {
    name: "animate-untrimmed",
    summary: "a video of Wan Animate whose first latent frame, the reference picture, is not cut off",
    group: Group::Correctness,
    subject: Subject::Workflow,
    severity: Some(Severity::Error),
    repairs: None,
    page: page!("animate-untrimmed"),
    check: Check::Class(
        &["CreateVideo", "SaveAnimatedPNG", "SaveAnimatedWEBP", "SaveImage", "SaveWEBM", "VHS_VideoCombine"],
        check,
    ),
};

#[expect(clippy::unnecessary_wraps, reason = "the signature of checks by class")]
fn check(workflow: &Workflow<'_>, id: NodeId) -> Judged {
    let class = |id: NodeId| &*workflow.node(id).class_type;
    let cuts = ["ImageFromBatch", "LatentConcat", "LatentCut", "TrimVideoLatent"];
    let way = frames_of::way(workflow, id);
    let uncut = way.iter().take_while(|(from, _)| !cuts.contains(&class(*from)));
    let is_animate = |(from, slot): &&(NodeId, u32)| *slot == 2 && class(*from) == "WanAnimateToVideo";
    let Some((animate, _)) = uncut.clone().find(is_animate).copied() else { return Ok(None) };
    let path: Vec<NodeId> = uncut.map(|(from, _)| *from).collect();
    let mut path: Vec<NodeId> = path.into_iter().rev().skip_while(|from| *from != animate).collect();
    path.push(id);
    let message = format!(
        "`{}` puts the reference picture before the video, and nothing cuts it off: {}",
        workflow.node(animate).key,
        workflow.way(&path)
    );
    let finding = workflow.at_node(&RULE, id, message).help(
        "decode what TrimVideoLatent leaves: link its `trim_amount` to `trim_latent`, output 3 of WanAnimateToVideo",
    );
    Ok(Some(workflow.along(finding, &path)))
}
