//! A negative prompt that no sampler looks at.

use crate::analysis::Sampler;
use crate::diag::Severity;
use crate::ir::NodeId;
use crate::lint::workflow::{Findings, Workflow};
use crate::lint::{Check, Group, Rule, Subject, page};
use rustc_hash::{FxHashMap, FxHashSet};
use std::collections::VecDeque;

pub(super) static RULE: Rule = Rule {
    name: "negative-prompt-without-effect",
    summary: "a negative prompt that only samplers with a cfg of 1 are given: they do not look at it",
    group: Group::Pedantic,
    subject: Subject::Workflow,
    severity: Some(Severity::Info),
    repairs: None,
    page: page!("negative-prompt-without-effect"),
    check: Check::Workflow(check),
};

/// Types of links by which a text comes to a sampler.
const CARRIERS: [&str; 3] = ["CONDITIONING", "WANVIDEOTEXTEMBEDS", "GUIDER"];

/// Nodes by which a negative prompt works without guidance.
const ATTENTION: [&str; 2] = ["NAGuidance", "WanVideoApplyNAG"];

fn check(workflow: &Workflow<'_>, findings: &mut Findings) {
    let analysis = &workflow.analysis;
    if ATTENTION.iter().any(|class| !analysis.of_class(class).is_empty()) {
        return;
    }
    let mut users: FxHashMap<NodeId, Vec<&Sampler>> = FxHashMap::default();
    let mut positive: FxHashSet<NodeId> = FxHashSet::default();
    let mut known: FxHashSet<NodeId> = FxHashSet::default();
    for sampler in analysis.samplers().iter().filter(|sampler| workflow.runs(sampler.node)) {
        known.extend([sampler.node, sampler.cfg.node, sampler.model.node]);
        if let Ok(text) = &sampler.negative.value {
            users.entry(text.node).or_default().push(sampler);
        }
        if let Ok(text) = &sampler.positive.value {
            positive.insert(text.node);
        }
    }
    let mut encoders: Vec<_> = users.into_iter().collect();
    encoders.sort_unstable_by_key(|(encoder, _)| *encoder);
    for (encoder, samplers) in encoders {
        let Some(first) = samplers.first() else { continue };
        let Ok(conditioning) = &first.negative.value else { continue };
        let is_pair = first.negative.node == encoder;
        let is_empty = conditioning.text.as_ref().is_ok_and(|text| text.trim().is_empty());
        if is_empty || conditioning.is_zeroed || (!is_pair && positive.contains(&encoder)) {
            continue;
        }
        let Some(_) = findings.known(encoder, conditioning.text.clone()) else { continue };
        let is_inert = |sampler: &&Sampler| sampler.cfg.value.is_ok_and(|cfg| (cfg - 1.0).abs() < 1e-6);
        if !samplers.iter().all(is_inert) || !only_leads_to(workflow, encoder, &known) {
            continue;
        }
        let input = ["negative_prompt", "text", "prompt"];
        let input = input.into_iter().find(|name| workflow.node(encoder).input(name).is_some());
        let key = &workflow.node(first.node).key;
        let message =
            format!("the negative prompt has no effect: `{key}` has a cfg of 1 and does not look at it");
        let finding = workflow.at(&RULE, encoder, input.unwrap_or("text"), message);
        findings.push(finding.help("leave it empty, or give the model a cfg above 1 if it is not distilled"));
    }
}

/// True if nothing else than samplers that are known is given what `encoder` makes.
fn only_leads_to(workflow: &Workflow<'_>, encoder: NodeId, samplers: &FxHashSet<NodeId>) -> bool {
    let mut seen: FxHashSet<NodeId> = FxHashSet::from_iter([encoder]);
    let mut queue = VecDeque::from([encoder]);
    while let Some(at) = queue.pop_front() {
        for (next, _) in workflow.graph.consumers(at) {
            if samplers.contains(&next) || !workflow.runs(next) || !seen.insert(next) {
                continue;
            }
            let class = &workflow.node(next).class;
            let carries = class
                .as_ref()
                .is_some_and(|class| class.outputs.iter().any(|output| CARRIERS.contains(&&*output.types)));
            if !carries {
                return false;
            }
            queue.push_back(next);
        }
    }
    true
}
