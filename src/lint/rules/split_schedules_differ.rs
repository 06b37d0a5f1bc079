//! Two samplers that share a schedule and do not agree about it.

use std::sync::Arc;

use crate::analysis::{Known, Part, Sampler, SamplerKind, Unknown, Why};
use crate::diag::Severity;
use crate::ir::Value;
use crate::lint::workflow::Workflow;
use crate::lint::{Check, Group, Judged, Rule, Subject, page};

pub(super) static RULE: Rule = Rule {
    name: "split-schedules-differ",
    summary: "two samplers of one schedule, of which the second does not go on where the first stops",
    group: Group::Correctness,
    subject: Subject::Workflow,
    severity: Some(Severity::Error),
    repairs: Some("with `--unsafe`: starts the second where the first one stops"),
    page: page!("split-schedules-differ"),
    check: Check::Sampler(check),
};

/// Noise levels this far apart are not the same.
const SAME: f64 = 0.005;

fn check(workflow: &Workflow<'_>, second: &Sampler) -> Judged {
    let Some(first) = second.previous(&workflow.analysis) else { return Ok(None) };
    if first.kind != second.kind || second.renoises()? || !first.leaves_noise(&workflow.analysis)? {
        return Ok(None);
    }
    let (stop, start) = (first.part()?, second.part()?);
    if start.first >= start.last {
        return Ok(None);
    }
    let key = &workflow.node(first.node).key;
    if let Some((one, other)) = schedules(first, second)? {
        let message =
            format!("`{key}` follows the schedule `{one}`, and this sampler goes on with `{other}`");
        let help = "give both the same scheduler: their noise levels at a step differ";
        let setting = if second.kind == SamplerKind::Wrapper { &second.method } else { &second.scheduler };
        return Ok(Some(workflow.at(&RULE, setting.node, setting.input, message).help(help)));
    }
    let levels = (first.level(stop.last), second.level(start.first));
    let (apart, said) = match levels {
        (Ok(one), Ok(other)) => ((one - other).abs() > SAME, Some((one, other))),
        _ if stop.of == start.of => (stop.last != start.first, None),
        _ => return Err(Unknown { node: second.node, why: Why::NoTransfer }),
    };
    if !apart {
        return Ok(None);
    }
    let sigma = |level: Option<f64>| level.map(|level| format!(", sigma {level:.3}")).unwrap_or_default();
    let place = |at: i64, part: Part| format!("step {at} of {}", part.of);
    let message = format!(
        "it starts at {}{}, and `{key}` stops at {}{}",
        place(start.first, start),
        sigma(said.map(|said| said.1)),
        place(stop.last, stop),
        sigma(said.map(|said| said.0)),
    );
    let same_steps = stop.of == start.of && stop.last != start.first;
    let help = if same_steps {
        "let the second start at the step before which the first one stops"
    } else {
        "give both the same steps and the same shift"
    };
    let setting = &second.start;
    let mut finding = workflow.at(&RULE, setting.node, setting.input, message).help(help);
    if same_steps {
        finding.fix = workflow.rewrite(setting.node, setting.input, &Value::Int(stop.last.into()), false);
    }
    Ok(Some(finding))
}

/// Two names.
type Pair = (Arc<str>, Arc<str>);

/// The names of the schedules, if they differ.
fn schedules(first: &Sampler, second: &Sampler) -> Known<Option<Pair>> {
    let name = |sampler: &Sampler| match sampler.kind {
        SamplerKind::Wrapper => sampler.method.value.clone(),
        _ => sampler.scheduler.value.clone(),
    };
    let (one, other) = (name(first)?, name(second)?);
    // The wrapper's methods have one schedule in common, besides those with a name of their own.
    let kind = |name: &str| match name.rsplit_once('/') {
        Some((_, kind)) => kind.to_owned(),
        None if first.kind == SamplerKind::Wrapper && COMMON.contains(&name) => String::new(),
        None => name.to_owned(),
    };
    Ok((kind(&one) != kind(&other)).then_some((one, other)))
}

/// The wrapper's methods that differ in how they step, and not in their noise levels.
const COMMON: [&str; 8] =
    ["deis", "dpm++", "dpm++_sde", "euler", "lcm", "res_multistep", "sa_ode_stable", "unipc"];
