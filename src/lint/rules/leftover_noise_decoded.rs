//! A result with noise left in it that goes to a decoder.

use crate::analysis::{Known, Sampler, SamplerKind};
use crate::diag::Severity;
use crate::ir::NodeId;
use crate::lint::workflow::Workflow;
use crate::lint::{Check, Group, Judged, Rule, Subject, page};

pub(super) static RULE: Rule = Rule {
    name: "leftover-noise-decoded",
    summary: "a sampler whose noise levels do not end at 0, and whose noisy output is decoded",
    group: Group::Correctness,
    subject: Subject::Workflow,
    severity: Some(Severity::Warning),
    repairs: None,
    page: page!("leftover-noise-decoded"),
    check: Check::Sampler(check),
};

/// The classes that decode.
const DECODERS: [&str; 3] = ["LTXVAudioVAEDecode", "VAEDecode", "VAEDecodeTiled"];

/// The classes that hand a latent on to a decoder as it is.
const PASSES: [&str; 2] = ["LTXVCropGuides", "LTXVSeparateAVLatent"];

/// So many nodes a latent is followed through.
const HOPS: usize = 4;

fn check(workflow: &Workflow<'_>, sampler: &Sampler) -> Judged {
    if sampler.kind != SamplerKind::Custom {
        return Ok(None);
    }
    let Some(left) = left(workflow, sampler)? else { return Ok(None) };
    let Some(decoder) = decoder(workflow, sampler.node, Some(0), HOPS) else { return Ok(None) };
    let (node, decoder) = (workflow.node(sampler.node), workflow.node(decoder));
    let message = format!(
        "{left}, so output 0 of `{}` still has noise in it, and `{}` ({}) decodes that",
        node.key, decoder.key, decoder.class_type
    );
    let help = "end the noise levels with 0, or decode output 1, which is the picture without the noise";
    Ok(Some(workflow.at(&RULE, sampler.node, "sigmas", message).help(help)))
}

/// What is left of the noise, if any is.
fn left(workflow: &Workflow<'_>, sampler: &Sampler) -> Known<Option<String>> {
    let inputs = workflow.analysis.inputs(sampler.node);
    let sigmas = inputs.sigmas("sigmas")?;
    if let Some(levels) = &sigmas.levels {
        let last = levels.last().copied().filter(|last| *last > 0.0);
        return Ok(last.map(|last| format!("the noise levels end at {last}")));
    }
    // All schedules end at 0, and the first part of one does not.
    let Some(split) = workflow.analysis.source(sampler.node, "sigmas") else { return Ok(None) };
    let takes_first = workflow
        .node(sampler.node)
        .input("sigmas")
        .is_some_and(|input| matches!(input.value, crate::ir::Argument::Link { slot: 0, .. }));
    if !takes_first || &*workflow.node(split).class_type != "SplitSigmas" {
        return Ok(None);
    }
    let (whole, step) = (
        workflow.analysis.inputs(split).sigmas("sigmas")?.steps?,
        workflow.analysis.inputs(split).int("step")?,
    );
    Ok((step < whole).then(|| format!("only {step} of {whole} steps are taken")))
}

/// A decoder that an output arrives at.
fn decoder(workflow: &Workflow<'_>, id: NodeId, slot: Option<u32>, hops: usize) -> Option<NodeId> {
    let hops = hops.checked_sub(1)?;
    let users = workflow.graph.consumers(id).filter(|(_, link)| slot.is_none_or(|slot| link.slot == slot));
    users.filter(|(user, _)| workflow.runs(*user)).find_map(|(user, _)| {
        let class = &*workflow.node(user).class_type;
        match class {
            class if DECODERS.contains(&class) => Some(user),
            class if PASSES.contains(&class) => decoder(workflow, user, None, hops),
            _ => None,
        }
    })
}
