//! Uni3C that conditions no sampler.

use crate::analysis::Role;
use crate::diag::Severity;
use crate::ir::NodeId;
use crate::lint::workflow::{Findings, Workflow};
use crate::lint::{Check, Group, Rule, Subject, page};

pub(super) static RULE: Rule = Rule {
    name: "render-without-uni3c",
    summary: "Uni3C's embeds that reach no sampler: the workflow renders without them",
    group: Group::Order,
    subject: Subject::Workflow,
    severity: Some(Severity::Error),
    repairs: None,
    page: page!("render-without-uni3c"),
    check: Check::Workflow(check),
};

fn check(workflow: &Workflow<'_>, findings: &mut Findings) {
    if !workflow.analysis.has_role(Role::Uni3c) {
        return;
    }
    let stages = workflow.analysis.stages();
    let samplers: Vec<NodeId> = stages.wan.iter().copied().filter(|id| workflow.runs(*id)).collect();
    let (Some(uni3c), Some(sampler)) = (stages.uni3c.first().copied(), samplers.last().copied()) else {
        return;
    };
    for id in samplers {
        match findings.known(id, stages.with_uni3c.known(id)) {
            Some(false) => {}
            Some(true) | None => return,
        }
    }
    let path = stages.path_to_output(sampler);
    let message = format!(
        "`{}` conditions no sampler: Uni3C takes no part in {}",
        workflow.node(uni3c).key,
        workflow.way(&path)
    );
    let finding = workflow.at_node(&RULE, uni3c, message).help(
        "link it to `uni3c_embeds` of WanVideoSampler, or to that of WanVideoSamplerExtraArgs, whose output \
         WanVideoSamplerv2 takes as `extra_args`",
    );
    findings.push(workflow.along(finding, &path));
}
