//! A schedule of Flux.2 for a picture of another size.

use crate::analysis::{Inputs, Known, Sampler};
use crate::diag::{Fix, Severity};
use crate::ir::Value;
use crate::lint::workflow::Workflow;
use crate::lint::{Check, Group, Judged, Rule, Subject, page};

pub(super) static RULE: Rule = Rule {
    name: "flux2-schedule-for-other-size",
    summary: "a Flux2Scheduler for a picture of another size than the one that is made",
    group: Group::Correctness,
    subject: Subject::Workflow,
    severity: Some(Severity::Warning),
    repairs: Some("with `--unsafe`: gives the schedule the picture's size"),
    page: page!("flux2-schedule-for-other-size"),
    check: Check::Sampler(check),
};

fn check(workflow: &Workflow<'_>, sampler: &Sampler) -> Judged {
    let scheduler = sampler.steps.node;
    if &*workflow.node(scheduler).class_type != "Flux2Scheduler" {
        return Ok(None);
    }
    let inputs: Inputs<'_> = workflow.analysis.inputs(scheduler);
    let (width, height) = (inputs.int("width")?, inputs.int("height")?);
    let latent = sampler.latent.value?;
    let (latent_width, latent_height) = (latent.width?, latent.height?);
    // The schedule depends on how many tokens of 16 × 16 pixels there are; the latent has whole ones only.
    let tokens = |width: i64, height: i64| (width / 16).saturating_mul(height / 16);
    if tokens(width, height) == tokens(latent_width, latent_height) {
        return Ok(None);
    }
    let message =
        format!("the schedule is for {width}×{height}, and the picture is {latent_width}×{latent_height}");
    let help = "give both the same width and height: the schedule's noise levels depend on the size";
    let mut finding = workflow.at(&RULE, scheduler, "width", message).help(help);
    finding.fix = fix(workflow, sampler, latent_width, latent_height).ok().flatten();
    Ok(Some(finding))
}

fn fix(workflow: &Workflow<'_>, sampler: &Sampler, width: i64, height: i64) -> Known<Option<Fix>> {
    let inputs = workflow.analysis.inputs(sampler.steps.node);
    let mut edits = Vec::new();
    for (name, side) in [("width", width), ("height", height)] {
        if inputs.int(name)? == side {
            continue;
        }
        let rewrite = workflow.rewrite(inputs.id(), name, &Value::Int(side.into()), false);
        let Some(rewrite) = rewrite else { return Ok(None) };
        edits.extend(rewrite.edits);
    }
    edits.sort_by_key(|edit| edit.span.start);
    Ok(Some(Fix { title: format!("write {width} and {height}"), edits, safe: false }))
}
