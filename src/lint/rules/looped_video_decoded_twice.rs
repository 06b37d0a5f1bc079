//! A video that a sampler of the wrapper has decoded itself, decoded by two nodes.

use rustc_hash::FxHashMap;

use crate::analysis::{Embeds, Sampler};
use crate::diag::Severity;
use crate::ir::{Argument, NodeId};
use crate::lint::workflow::{Findings, Workflow};
use crate::lint::{Check, Group, Rule, Subject, page};

pub(super) static RULE: Rule = Rule {
    name: "looped-video-decoded-twice",
    summary: "two decoders on a video that its sampler made in windows: the second changes the first one's picture",
    group: Group::Correctness,
    subject: Subject::Workflow,
    severity: Some(Severity::Warning),
    repairs: None,
    page: page!("looped-video-decoded-twice"),
    check: Check::Workflow(check),
};

fn check(workflow: &Workflow<'_>, findings: &mut Findings) {
    let mut first: FxHashMap<NodeId, NodeId> = FxHashMap::default();
    let mut samplers: Option<FxHashMap<NodeId, &Sampler>> = None;
    for &decoder in workflow.analysis.of_class("WanVideoDecode") {
        let link = workflow.node(decoder).input("samples").map(|input| &input.value);
        let Some(&Argument::Link { from, slot: 0 }) = link else { continue };
        if !workflow.runs(decoder) {
            continue;
        }
        let Some(other) = first.get(&from) else {
            first.insert(from, decoder);
            continue;
        };
        let all = || workflow.analysis.samplers().iter().map(|sampler| (sampler.node, sampler)).collect();
        let Some(sampler) = samplers.get_or_insert_with(all).get(&from) else { continue };
        let Some(embeds) = findings.known(decoder, sampler.embeds.value.clone()) else { continue };
        let Some(how) = findings.known(decoder, windows(workflow, &embeds)).flatten() else { continue };
        let (node, other) = (workflow.node(from), &workflow.node(*other).key);
        let message = format!(
            "`{}` ({}) makes {how} and gives pictures, which `{other}` decodes as well; each decoder changes them in place",
            node.key, node.class_type
        );
        let help = "decode once, and link what needs the frames to that decoder";
        findings.push(workflow.at(&RULE, decoder, "samples", message).help(help));
    }
}

/// How the sampler makes a video in several windows, if it does.
fn windows(workflow: &Workflow<'_>, embeds: &Embeds) -> crate::analysis::Known<Option<String>> {
    for added in &embeds.added {
        let is_s2v = &*workflow.node(*added).class_type == "WanVideoAddS2VEmbeds";
        if is_s2v && workflow.analysis.inputs(*added).bool("enable_framepack")? {
            return Ok(Some("the video with framepack".to_owned()));
        }
    }
    if &*workflow.node(embeds.source).class_type != "WanVideoAnimateEmbeds" {
        return Ok(None);
    }
    let (frames, window) =
        (embeds.frames?, workflow.analysis.inputs(embeds.source).int("frame_window_size")?);
    Ok((frames > window).then(|| format!("{frames} frames in windows of {window}")))
}
