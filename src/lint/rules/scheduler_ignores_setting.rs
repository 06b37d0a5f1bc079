//! A setting that a scheduler of the wrapper does not look at.

use crate::diag::Severity;
use crate::ir::NodeId;
use crate::lint::workflow::Workflow;
use crate::lint::{Check, Group, Judged, Rule, Subject, page};

pub(super) static RULE: Rule = Rule {
    name: "scheduler-ignores-setting",
    summary: "a shift, steps or `sigmas` that the chosen scheduler does not look at",
    group: Group::Correctness,
    subject: Subject::Workflow,
    severity: Some(Severity::Info),
    repairs: None,
    page: page!("scheduler-ignores-setting"),
    check: Check::Class(
        &["WanVideoSampler", "WanVideoSamplerSettings", "WanVideoScheduler", "WanVideoSchedulerv2"],
        check,
    ),
};

/// The shift that a new node has.
const DEFAULT_SHIFT: f64 = 5.0;

/// The noise levels that `flowmatch_causvid` has for models of 14 billion weights.
const CAUSVID_STEPS: i64 = 9;

fn check(workflow: &Workflow<'_>, id: NodeId) -> Judged {
    let inputs = workflow.analysis.inputs(id);
    let scheduler = inputs.text("scheduler")?;
    let ignores_shift = matches!(&*scheduler, "flowmatch_causvid" | "rcm");
    let (input, message) = if matches!(&*scheduler, "longcat_distill_euler" | "vibt_unipc")
        && inputs.has("sigmas")
    {
        ("sigmas", format!("`{scheduler}` makes its own noise levels and does not look at `sigmas`"))
    } else if &*scheduler == "flowmatch_causvid" && inputs.int("steps")? > CAUSVID_STEPS {
        let steps = inputs.int("steps")?;
        (
            "steps",
            format!(
                "`{scheduler}` has {CAUSVID_STEPS} noise levels, and `steps` is {steps}: it takes {CAUSVID_STEPS}"
            ),
        )
    } else if ignores_shift && inputs.float("shift").is_ok_and(|shift| (shift - DEFAULT_SHIFT).abs() > 1e-6) {
        let shift = inputs.float("shift")?;
        (
            "shift",
            format!("`{scheduler}` has fixed noise levels and does not look at the shift, which is {shift}"),
        )
    } else {
        return Ok(None);
    };
    let help = "take another scheduler if it should count";
    Ok(Some(workflow.at(&RULE, id, input, message).help(help)))
}
