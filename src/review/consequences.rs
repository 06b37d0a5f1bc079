//! What follows from the changes: findings, memory, time, and what requests may set.

use std::collections::BTreeMap;

use super::changes::{BeforeAfter, Consequences, Finding, Findings, Memory, SeverityName, Time};
use super::interface;
use super::matching::Matching;
use super::side::Side;
use crate::analysis::Analysis;
use crate::catalog::Price;
use crate::diag::Diagnostic;
use crate::plan::{self, Options, Plan, Session, Storage};

/// What a workflow will need.
pub(super) fn plan_of(side: &Side<'_>) -> Plan {
    let analysis = Analysis::new(side.graph, side.models);
    Plan::new(side.graph, &analysis, &Options { assume: side.assume, ..Options::default() })
}

/// Looks at both workflows, each with its plan.
pub(super) fn consequences(
    (old, before): (&Side<'_>, &Plan),
    (new, after): (&Side<'_>, &Plan),
    matching: &Matching,
) -> Consequences {
    let is_planned = |plan: &Plan| !plan.steps.is_empty() || !plan.gaps.is_empty();
    let is_planned = is_planned(before) || is_planned(after);
    Consequences {
        findings: old.findings.zip(new.findings).map(|(was, now)| findings((old, was), (new, now), matching)),
        memory: is_planned.then(|| memory((old, before), (new, after))),
        time: is_planned.then(|| time((old, before), (new, after))).flatten(),
        interface: old
            .manifest
            .zip(new.manifest)
            .map(|(before, after)| interface::changes(before, after))
            .unwrap_or_default(),
    }
}

/// What a finding is about: two of the same rule at the same place are one, whatever values they name.
type Subject<'f> = (&'f str, Option<String>, Option<&'f str>);

fn findings(
    (old, was): (&Side<'_>, &[Diagnostic]),
    (new, now): (&Side<'_>, &[Diagnostic]),
    matching: &Matching,
) -> Findings {
    let mut known: BTreeMap<Subject<'_>, Vec<usize>> = BTreeMap::new();
    for (at, finding) in was.iter().enumerate() {
        let partner = |key: &str| matching.new_of(old.graph.find(key)?);
        let key = finding.node.as_ref().map(|node| {
            // A node that is gone has a name that no node of the new workflow has.
            partner(&node.key)
                .map_or_else(|| format!("\0{}", node.key), |id| new.graph.node(id).key.to_string())
        });
        let input = finding.node.as_ref().and_then(|node| node.input.as_deref());
        known.entry((finding.rule, key, input)).or_default().push(at);
    }
    let mut all = Findings::default();
    for finding in now {
        let key = finding.node.as_ref().map(|node| node.key.clone());
        let input = finding.node.as_ref().and_then(|node| node.input.as_deref());
        let same = known.get_mut(&(finding.rule, key, input)).filter(|same| !same.is_empty());
        match same {
            Some(same) => {
                let at = same.iter().position(|at| was[*at].message == finding.message).unwrap_or_default();
                same.swap_remove(at);
                all.kept += 1;
            }
            None => all.new.push(found(finding)),
        }
    }
    let mut gone: Vec<usize> = known.into_values().flatten().collect();
    gone.sort_unstable();
    all.gone = gone.into_iter().filter_map(|at| was.get(at)).map(found).collect();
    all
}

fn found(diagnostic: &Diagnostic) -> Finding {
    Finding {
        rule: diagnostic.rule.to_owned(),
        severity: SeverityName(diagnostic.severity),
        message: diagnostic.message.clone(),
        node: diagnostic.node.as_ref().map(|node| node.key.clone()),
        input: diagnostic.node.as_ref().and_then(|node| node.input.clone()),
    }
}

fn memory((old, before): (&Side<'_>, &Plan), (new, after): (&Side<'_>, &Plan)) -> Memory {
    let least = BeforeAfter { old: before.least.device, new: after.least.device };
    let without_streaming =
        BeforeAfter { old: before.without_streaming.device, new: after.without_streaming.device };
    let fits = old.budget.zip(new.budget).map(|(was, now)| (before.verdict(was), after.verdict(now)));
    Memory { least, without_streaming, unknown: (before.gaps.len(), after.gaps.len()), fits }
}

fn time((old, before): (&Side<'_>, &Plan), (new, after): (&Side<'_>, &Plan)) -> Option<Time> {
    let (was, now) = (old.machine.as_ref()?, new.machine.as_ref()?);
    let session = Session::first(Storage::called("memory")?);
    let (before, after) = (plan::times(before, was, &session), plan::times(after, now, &session));
    if before.steps.iter().chain(&after.steps).all(Option::is_none) {
        return None;
    }
    let price = |machine: &crate::catalog::Machine| machine.price().map(Price::per_hour);
    let dollars = price(was).zip(price(now)).map(|(was, now)| BeforeAfter {
        old: plan::dollars(before.run, was),
        new: plan::dollars(after.run, now),
    });
    let machine = if was.id == now.id { now.name.clone() } else { format!("{} → {}", was.name, now.name) };
    let seconds = BeforeAfter { old: before.run, new: after.run };
    Some(Time { machine, seconds, dollars, unknown: (before.unknown, after.unknown) })
}
