//! A guide picture added to a latent that has sound in it.

use crate::diag::Severity;
use crate::ir::NodeId;
use crate::lint::workflow::Workflow;
use crate::lint::{Check, Group, Judged, Rule, Subject, page};

pub(super) static RULE: Rule = Rule {
    name: "guide-on-av-latent",
    summary: "LTXVAddGuide on a latent that was joined with sound: the node fails",
    group: Group::Correctness,
    subject: Subject::Workflow,
    severity: Some(Severity::Error),
    repairs: None,
    page: page!("guide-on-av-latent"),
    check: Check::Class(&["LTXVAddGuide"], check),
};

/// So many samplers a latent is followed through.
const HOPS: usize = 8;

#[expect(clippy::unnecessary_wraps, reason = "what looks at classes may not know")]
fn check(workflow: &Workflow<'_>, id: NodeId) -> Judged {
    let Some(joined) = joined(workflow, id) else { return Ok(None) };
    let node = &workflow.node(joined).key;
    let message = format!(
        "the latent has sound in it since `{node}` (LTXVConcatAVLatent), and no guide can be added to it"
    );
    let help = "add guides before the sound is joined, or split it off with LTXVSeparateAVLatent first";
    Ok(Some(workflow.at(&RULE, id, "latent", message).help(help)))
}

/// Where the latent that arrives at a guide was joined with sound, if it was and is still.
fn joined(workflow: &Workflow<'_>, id: NodeId) -> Option<NodeId> {
    let mut at = workflow.analysis.source(id, "latent")?;
    for _ in 0..HOPS {
        at = match &*workflow.node(at).class_type {
            "LTXVConcatAVLatent" => return Some(at),
            "KSampler" | "KSamplerAdvanced" | "SamplerCustom" | "SamplerCustomAdvanced" => {
                workflow.analysis.source(at, "latent_image")?
            }
            _ => return None,
        };
    }
    None
}
