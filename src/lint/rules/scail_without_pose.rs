//! Context windows on SCAIL without poses.

use crate::analysis::Sampler;
use crate::diag::Severity;
use crate::lint::workflow::Workflow;
use crate::lint::wrapper_args;
use crate::lint::{Check, Group, Judged, Rule, Subject, page};

pub(super) static RULE: Rule = Rule {
    name: "scail-without-pose",
    summary: "context windows on a sampler that SCAIL gives a reference and no poses: it fails",
    group: Group::Correctness,
    subject: Subject::Workflow,
    severity: Some(Severity::Error),
    repairs: None,
    page: page!("scail-without-pose"),
    check: Check::Sampler(check),
};

fn check(workflow: &Workflow<'_>, sampler: &Sampler) -> Judged {
    let class = "WanVideoContextOptions";
    let Some(context) = wrapper_args::of_class(workflow, sampler, "context_options", class) else {
        return Ok(None);
    };
    let embeds = sampler.embeds.value.clone()?;
    let added =
        |class: &str| embeds.added.iter().copied().find(|id| &*workflow.node(*id).class_type == class);
    let Some(reference) = added("WanVideoAddSCAILReferenceEmbeds") else { return Ok(None) };
    if added("WanVideoAddSCAILPoseEmbeds").is_some() {
        return Ok(None);
    }
    // Windows as long as the video or longer are switched off.
    let (window, frames) = (context.int("context_frames")?, embeds.frames?);
    if window > frames {
        return Ok(None);
    }
    let message = format!(
        "`{}` renders {frames} frames in windows of {window}, and SCAIL gives it no poses to cut: it fails",
        workflow.node(sampler.node).key
    );
    let finding = workflow.at_node(&RULE, sampler.node, message);
    let finding = finding.at_opt(workflow.node(reference).origin.span(), "SCAIL's reference alone");
    Ok(Some(finding.help("add the poses with WanVideoAddSCAILPoseEmbeds, or leave `context_options` out")))
}
