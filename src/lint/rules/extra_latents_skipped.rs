//! A first picture that a late start leaves out.

use crate::analysis::{Sampler, SamplerKind};
use crate::diag::Severity;
use crate::ir::NodeId;
use crate::lint::workflow::Workflow;
use crate::lint::{Check, Group, Judged, Rule, Subject, page};

pub(super) static RULE: Rule = Rule {
    name: "extra-latents-skipped",
    summary: "`extra_latents` in a sampler that starts after step 0: they are left out",
    group: Group::Correctness,
    subject: Subject::Workflow,
    severity: Some(Severity::Warning),
    repairs: None,
    page: page!("extra-latents-skipped"),
    check: Check::Sampler(check),
};

fn check(workflow: &Workflow<'_>, sampler: &Sampler) -> Judged {
    // The second version of the sampler does not know where its schedule starts.
    let is_v2 = &*workflow.node(sampler.node).class_type == "WanVideoSamplerv2";
    if sampler.kind != SamplerKind::Wrapper || is_v2 {
        return Ok(None);
    }
    let embeds = sampler.embeds.value.clone()?;
    let is_extra = |id: &&NodeId| &*workflow.node(**id).class_type == "WanVideoAddExtraLatent";
    let has_own = workflow.analysis.inputs(embeds.source).has("extra_latents");
    let extra = if has_own { Some(&embeds.source) } else { embeds.added.iter().find(is_extra) };
    let Some(extra) = extra else { return Ok(None) };
    let first = sampler.part()?.first;
    // The sampler before has put them in.
    if first == 0 || sampler.previous(&workflow.analysis).is_some() {
        return Ok(None);
    }
    let key = &workflow.node(*extra).key;
    let message =
        format!("it starts at step {first}, and the extra latents of `{key}` are put in only at step 0");
    let help = "start at step 0, or encode a video that begins with that picture and give it as `samples`";
    let is_denoise = sampler.denoise.value.is_ok_and(|denoise| denoise < 1.0);
    let (node, input) = if is_denoise {
        (sampler.denoise.node, sampler.denoise.input)
    } else {
        (sampler.start.node, sampler.start.input)
    };
    Ok(Some(workflow.at(&RULE, node, input, message).help(help)))
}
