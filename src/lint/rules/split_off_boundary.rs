//! Two experts that change over at another noise level than they were trained for.

use crate::analysis::{Expert, Sampler, sigma};
use crate::diag::Severity;
use crate::ir::Value;
use crate::lint::workflow::Workflow;
use crate::lint::{Check, Group, Judged, Rule, Subject, page};

pub(super) static RULE: Rule = Rule {
    name: "split-off-boundary",
    summary: "two experts that change over far from the noise level that divides their training",
    group: Group::Correctness,
    subject: Subject::Workflow,
    severity: Some(Severity::Warning),
    repairs: Some("with `--unsafe`: moves the change, where one value says it to both"),
    page: page!("split-off-boundary"),
    check: Check::Sampler(check),
};

fn check(workflow: &Workflow<'_>, second: &Sampler) -> Judged {
    let Some(first) = second.previous(&workflow.analysis) else { return Ok(None) };
    let (high, low) = (first.model.value.clone()?, second.model.value.clone()?);
    if (high.expert(), low.expert()) != (Some(Expert::High), Some(Expert::Low)) {
        return Ok(None);
    }
    if second.renoises()? || !first.leaves_noise(&workflow.analysis)? {
        return Ok(None);
    }
    // The boundaries of Wan 2.2 A14B.
    let (task, boundary) = match high.facts().map(|facts| facts.task) {
        Some("t2v") => ("text to video", 0.875),
        Some("i2v") => ("image to video", 0.9),
        _ => return Ok(None),
    };
    let part = first.part()?;
    let (level, shift) = (first.level(part.last)?, first.shift.value?);
    let best = sigma::first_below(shift, part.of, boundary);
    // Published workflows are off by two steps of twenty.
    if (part.last - best).abs() <= (part.of / 10).max(1) {
        return Ok(None);
    }
    let message = format!(
        "the experts change over at step {} of {}, sigma {level:.3}; they were trained for {task} to do so at {boundary}",
        part.last, part.of
    );
    let help = format!(
        "change over at step {best}, sigma {:.3}, in both samplers; or set a shift that fits the step",
        sigma::at(shift, part.of, best)
    );
    let setting = &first.end;
    let mut finding = workflow.at(&RULE, setting.node, setting.input, message).help(help);
    // Only where one value says it to both.
    let start = workflow.analysis.written(second.start.node, second.start.input);
    if start.is_some() && start == workflow.analysis.written(setting.node, setting.input) {
        finding.fix = workflow.rewrite(setting.node, setting.input, &Value::Int(best.into()), false);
    }
    Ok(Some(finding))
}
