//! A frame rate that Wan S2V does not speak at.

use crate::diag::Severity;
use crate::ir::NodeId;
use crate::ir::Value;
use crate::lint::frames_of;
use crate::lint::workflow::Workflow;
use crate::lint::{Check, Group, Judged, Rule, Subject, page};

pub(super) static RULE: Rule = Rule {
    name: "s2v-frame-rate",
    summary: "a video of Wan S2V at another rate than 16 frames a second: lips and sound drift apart",
    group: Group::Correctness,
    subject: Subject::Workflow,
    severity: Some(Severity::Error),
    repairs: Some("with `--unsafe`: writes 16"),
    page: page!("s2v-frame-rate"),
    check: Check::Class(&["CreateVideo", "VHS_VideoCombine"], check),
};

fn check(workflow: &Workflow<'_>, id: NodeId) -> Judged {
    let class = |id: NodeId| &*workflow.node(id).class_type;
    let input = if class(id) == "CreateVideo" { "fps" } else { "frame_rate" };
    let is_s2v =
        |(from, slot): &(NodeId, u32)| *slot == 2 && class(*from).starts_with("WanSoundImageToVideo");
    let way = frames_of::way(workflow, id);
    let Some((maker, _)) = way.iter().find(|step| is_s2v(step)) else { return Ok(None) };
    let rate = workflow.analysis.inputs(id).float(input)?;
    if (rate - RATE).abs() < 1e-6 {
        return Ok(None);
    }
    let message = format!(
        "`{}` plays {rate} frames a second, and `{}` fits the lips to the sound at {RATE}",
        workflow.node(id).key,
        workflow.node(*maker).key
    );
    let mut finding = workflow.at(&RULE, id, input, message);
    finding.fix = workflow.rewrite(id, input, &Value::Float(RATE), false);
    Ok(Some(
        finding
            .help("write 16; for a smoother video make frames between those that there are, at their pace"),
    ))
}

/// Frames a second.
const RATE: f64 = 16.0;
