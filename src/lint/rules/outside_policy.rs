//! A value outside of the ranges that the team works in.

use std::sync::Arc;

use crate::analysis::{Content, Known, Model, Sampler, Setting};
use crate::diag::{Diagnostic, Severity};
use crate::front::toml::policy::{Limits, Policy, Range};
use crate::lint::workflow::{Findings, Workflow};
use crate::lint::{Check, Group, Rule, Subject, page};

pub(super) static RULE: Rule = Rule {
    name: "outside-policy",
    summary: "a value outside of the ranges that a policy of the project or preset sets",
    group: Group::Cost,
    subject: Subject::Workflow,
    severity: Some(Severity::Warning),
    repairs: None,
    page: page!("outside-policy"),
    check: Check::Workflow(check),
};

fn check(workflow: &Workflow<'_>, findings: &mut Findings) {
    for (policy, limits) in all(workflow) {
        for sampler in workflow.analysis.samplers().iter().filter(|sampler| workflow.runs(sampler.node)) {
            let Some(model) = findings.known(sampler.node, sampler.model.value.clone()) else { continue };
            if holds_for(limits, &model) == Some(true) {
                Judge { workflow, policy, limits, sampler, model: &model }.all(findings);
            }
        }
    }
}

/// Every limit of every policy.
pub(super) fn all<'w>(workflow: &Workflow<'w>) -> impl Iterator<Item = (&'w Policy, &'w Limits)> {
    workflow.policies.iter().flat_map(|policy| policy.limits.iter().map(move |limits| (&**policy, limits)))
}

/// True if limits are meant for a model; nothing if too little is known of the model to tell.
pub(super) fn holds_for(limits: &Limits, model: &Model) -> Option<bool> {
    let facts = model.facts();
    let is_task = |task: &Arc<str>| facts.map(|facts| facts.task == &**task);
    let is_family = |family: &Arc<str>| model.family.as_ref().map(|own| own.starts_with(&**family));
    let any = |of: Vec<Option<bool>>| of.into_iter().try_fold(false, |any, is| Some(any || is?));
    let task = limits.tasks.is_empty() || any(limits.tasks.iter().map(is_task).collect())?;
    let family = limits.families.is_empty() || any(limits.families.iter().map(is_family).collect())?;
    let distilled = match limits.distilled {
        Some(wanted) => model.is_distilled()? == wanted,
        None => true,
    };
    Some(task && family && distilled)
}

/// True where the model decides about guidance, whatever a policy says: it was distilled to do without.
pub(super) fn model_wins(range: Range, model: &Model) -> bool {
    model.is_distilled() == Some(true) && !range.contains(1.0)
}

/// A sampler under the limits of a policy.
struct Judge<'a> {
    workflow: &'a Workflow<'a>,
    policy: &'a Policy,
    limits: &'a Limits,
    sampler: &'a Sampler,
    model: &'a Model,
}

impl Judge<'_> {
    fn all(&self, findings: &mut Findings) {
        let (limits, sampler) = (self.limits, self.sampler);
        #[expect(clippy::cast_precision_loss, reason = "steps and counts are small")]
        let steps = sampler.steps.value.map(|steps| steps as f64);
        self.range(limits.steps, steps, place(&sampler.steps), findings);
        let cfg = limits.cfg.filter(|cfg| !model_wins(*cfg, self.model));
        self.range(cfg, sampler.cfg.value, place(&sampler.cfg), findings);
        let starts_from_something = sampler
            .latent
            .value
            .is_ok_and(|latent| matches!(latent.content, Content::Encoded | Content::Sampled(_)));
        let denoise = limits.denoise.filter(|_| starts_from_something);
        self.denoise(denoise, findings);
        self.method(findings);
        self.loras(findings);
        self.megapixels(findings);
    }

    fn range(
        &self,
        range: Option<Range>,
        value: Known<f64>,
        (node, input): (crate::ir::NodeId, &str),
        findings: &mut Findings,
    ) {
        let Some(range) = range else { return };
        let Some(value) = findings.known(node, value) else { return };
        if !range.contains(value) {
            let message =
                format!("`{input}` is {value}; the policy `{}` has {}", self.policy.title, range.describe());
            findings.push(self.because(self.workflow.at(&RULE, node, input, message)));
        }
    }

    /// What a denoise means is not linear, so the noise level that it begins at is said.
    fn denoise(&self, range: Option<Range>, findings: &mut Findings) {
        let Some(range) = range else { return };
        let (node, input) = place(&self.sampler.denoise);
        let Some(value) = findings.known(node, self.sampler.denoise.value) else { return };
        if range.contains(value) {
            return;
        }
        let begins = self.sampler.part().and_then(|part| self.sampler.level(part.first));
        let level = begins.map(|level| format!(", which begins at sigma {level:.3}")).unwrap_or_default();
        let message = format!(
            "`{input}` is {value}{level}; the policy `{}` has {}",
            self.policy.title,
            range.describe()
        );
        findings.push(self.because(self.workflow.at(&RULE, node, input, message)));
    }

    fn method(&self, findings: &mut Findings) {
        let Some(methods) = &self.limits.samplers else { return };
        let (node, input) = place(&self.sampler.method);
        let Some(method) = findings.known(node, self.sampler.method.value.clone()) else { return };
        // The wrapper's names end in the schedule: `dpm++/beta`.
        let bare = method.split('/').next().unwrap_or(&method);
        if !methods.iter().any(|known| **known == *bare) {
            let all = methods.iter().map(|method| format!("`{method}`")).collect::<Vec<_>>().join(", ");
            let message = format!("the sampler is `{method}`; the policy `{}` has {all}", self.policy.title);
            findings.push(self.because(self.workflow.at(&RULE, node, input, message)));
        }
    }

    fn loras(&self, findings: &mut Findings) {
        let Some(range) = self.limits.loras else { return };
        let distills = |role: Option<&str>| role == Some("distill_lora");
        let count = self.model.loras.iter().filter(|lora| !distills(lora.model.role.as_deref())).count();
        #[expect(clippy::cast_precision_loss, reason = "few LoRAs")]
        if !range.contains(count as f64) {
            let message = format!(
                "`{}` has {count} LoRAs; the policy `{}` has {}",
                self.model.file_name(),
                self.policy.title,
                range.describe()
            );
            let last = self.model.loras.last().map_or(self.model.loader, |lora| lora.node);
            findings.push(self.because(self.workflow.at_node(&RULE, last, message)));
        }
    }

    fn megapixels(&self, findings: &mut Findings) {
        let Some(range) = self.limits.megapixels else { return };
        let latent = self.sampler.latent.value;
        let embeds = self.sampler.embeds.value.as_ref();
        let size = match (latent, embeds) {
            (_, Ok(embeds)) => embeds.width.and_then(|width| Ok((width, embeds.height?))),
            (latent, Err(_)) => latent.and_then(|latent| Ok((latent.width?, latent.height?))),
        };
        let Some((width, height)) = findings.known(self.sampler.node, size) else { return };
        #[expect(clippy::cast_precision_loss, reason = "sizes are far below 2^53")]
        let megapixels = width.saturating_mul(height) as f64 / 1e6;
        if !range.contains(megapixels) {
            let message = format!(
                "{width} x {height} are {megapixels:.2} megapixels; the policy `{}` has {}",
                self.policy.title,
                range.describe()
            );
            findings.push(self.because(self.workflow.at_node(&RULE, self.sampler.node, message)));
        }
    }

    fn because(&self, finding: Diagnostic) -> Diagnostic {
        finding.help(format!("{}; change it, or say in [lint] why this one differs", self.limits.reason))
    }
}

fn place<T>(setting: &Setting<T>) -> (crate::ir::NodeId, &'static str) {
    (setting.node, setting.input)
}
