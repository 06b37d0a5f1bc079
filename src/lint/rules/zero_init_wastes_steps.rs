//! Steps that do nothing because their prediction is zero.

use crate::analysis::Sampler;
use crate::diag::Severity;
use crate::ir::Value;
use crate::lint::workflow::Workflow;
use crate::lint::{Check, Group, Judged, Rule, Subject, page};

pub(super) static RULE: Rule = Rule {
    name: "zero-init-wastes-steps",
    summary: "`use_zero_init` with few steps: the first ones change nothing",
    group: Group::Correctness,
    subject: Subject::Workflow,
    severity: Some(Severity::Warning),
    repairs: Some("with `--unsafe`: switches it off"),
    page: page!("zero-init-wastes-steps"),
    check: Check::Sampler(check),
};

fn check(workflow: &Workflow<'_>, sampler: &Sampler) -> Judged {
    let guidance = sampler.argument(&workflow.analysis, "experimental_args")?;
    let inputs = workflow.analysis.inputs(guidance);
    if !inputs.bool("cfg_zero_star")? || !inputs.bool("use_zero_init")? {
        return Ok(None);
    }
    let part = sampler.part()?;
    let (zeros, steps) = (inputs.int("zero_star_steps")? + 1, part.last - part.first);
    // The method was published with one step in 25.
    if zeros * 10 <= steps {
        return Ok(None);
    }
    let message = if zeros == 1 {
        format!("the first of {steps} steps predicts nothing and leaves the noise as it is")
    } else {
        format!("the first {zeros} of {steps} steps predict nothing and leave the noise as it is")
    };
    let help = "switch `use_zero_init` off: it is for schedules of 25 steps and more";
    let mut finding = workflow.at(&RULE, guidance, "use_zero_init", message).help(help);
    finding.fix = workflow.rewrite(guidance, "use_zero_init", &Value::Bool(false), false);
    Ok(Some(finding))
}
