//! Uni3C for one half of the noise levels.

use crate::analysis::{Content, Role, Sampler};
use crate::diag::Severity;
use crate::ir::NodeId;
use crate::lint::workflow::Workflow;
use crate::lint::{Check, Group, Judged, Rule, Subject, page};

pub(super) static RULE: Rule = Rule {
    name: "uni3c-on-one-expert",
    summary: "Uni3C on only one of the two experts that render a video in turn",
    group: Group::Order,
    subject: Subject::Workflow,
    severity: Some(Severity::Warning),
    repairs: None,
    page: page!("uni3c-on-one-expert"),
    check: Check::Sampler(check),
};

fn check(workflow: &Workflow<'_>, sampler: &Sampler) -> Judged {
    if !workflow.analysis.has_role(Role::Uni3c) {
        return Ok(None);
    }
    let stages = workflow.analysis.stages();
    if stages.uni3c.is_empty() {
        return Ok(None);
    }
    let Content::Sampled(first) = sampler.latent.value?.content else { return Ok(None) };
    let before = workflow.analysis.inputs(first).model("model")?;
    let after = sampler.model.value.clone()?;
    let (Some(one), Some(other)) = (before.expert(), after.expert()) else { return Ok(None) };
    let with = (stages.with_uni3c.known(first)?, stages.with_uni3c.known(sampler.node)?);
    if one == other || with.0 == with.1 {
        return Ok(None);
    }
    let (has, lacks, expert) = match with {
        (true, _) => (first, sampler.node, other),
        _ => (sampler.node, first, one),
    };
    let path = workflow.analysis.link(first, sampler.node);
    let key = |id: NodeId| &workflow.node(id).key;
    let message = format!(
        "of {}, Uni3C conditions `{}` and not `{}`, the {} expert",
        workflow.way(&path),
        key(has),
        key(lacks),
        expert.name()
    );
    let finding = workflow.at_node(&RULE, lacks, message).help(format!(
        "give `{}` the same `uni3c_embeds` as `{}`",
        key(lacks),
        key(has)
    ));
    Ok(Some(workflow.along(finding, &path)))
}
