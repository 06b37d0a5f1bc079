//! A video that is saved at another frame rate than it was made for.

use crate::analysis::Known;
use crate::diag::{Diagnostic, Severity};
use crate::ir::{NodeId, Value};
use crate::lint::workflow::{Findings, Workflow};
use crate::lint::{Check, Group, Rule, Subject, page};

pub(super) static RULE: Rule = Rule {
    name: "frame-rate-mismatch",
    summary: "a video that is saved at another frame rate than its frames were loaded at or made for",
    group: Group::Correctness,
    subject: Subject::Workflow,
    severity: Some(Severity::Warning),
    repairs: Some("with `--unsafe`: writes the rate of the frames"),
    page: page!("frame-rate-mismatch"),
    check: Check::Workflow(check),
};

/// What joins frames to a video: class, its frames, its rate and its sound.
const JOINERS: [(&str, &str, &str); 2] =
    [("CreateVideo", "images", "fps"), ("VHS_VideoCombine", "images", "frame_rate")];

/// So many such nodes are looked at, since each is followed to where its frames come from.
const MANY: usize = 32;

/// Parts of the names of classes that make more frames out of some, or fewer.
const RESAMPLERS: [&str; 7] = ["Interpol", "RIFE", "VFI", "FILM", "SelectEveryNth", "Video Slice", "Speed"];

fn check(workflow: &Workflow<'_>, findings: &mut Findings) {
    let conditioned = conditioned(workflow);
    for (class, images, rate) in JOINERS {
        for &id in workflow.analysis.of_class(class).iter().take(MANY).filter(|id| workflow.runs(**id)) {
            let inputs = workflow.analysis.inputs(id);
            let Some(saved) = findings.known(id, inputs.float(rate)) else { continue };
            let made = of_loader(workflow, id, images).or_else(|| {
                let (node, made) = conditioned?;
                let is_its = sound_is_made(workflow, id);
                is_its.then(|| (made, format!("`{}` tells the model {made}", workflow.node(node).key)))
            });
            let Some((made, why)) = made.filter(|(made, _)| differs(*made, saved)) else { continue };
            findings.push(finding(workflow, id, rate, (saved, made), &why));
        }
    }
    let Some((node, made)) = conditioned else { return };
    for &id in workflow.analysis.of_class("LTXVEmptyLatentAudio").iter().filter(|id| workflow.runs(**id)) {
        let Some(rate) = findings.known(id, workflow.analysis.inputs(id).float("frame_rate")) else {
            continue;
        };
        if differs(made, rate) {
            let why = format!("`{}` tells the model {made}", workflow.node(node).key);
            findings.push(finding(workflow, id, "frame_rate", (rate, made), &why));
        }
    }
}

/// Sound takes whole numbers only, so 23.976 and 24 are the same.
fn differs(a: f64, b: f64) -> bool {
    (a - b).abs() > 0.5
}

fn finding(
    workflow: &Workflow<'_>,
    id: NodeId,
    rate: &str,
    (given, made): (f64, f64),
    why: &str,
) -> Diagnostic {
    let key = &workflow.node(id).key;
    let message = format!("`{key}` takes {given} frames for a second, and {why}");
    let help = format!(
        "give it {made} as well, best by the same link: movements change their speed, and sound and picture drift apart"
    );
    let finding = workflow.at(&RULE, id, rate, message).help(help);
    #[expect(clippy::cast_possible_truncation, reason = "whole and small")]
    let value = if made.fract() == 0.0 { Value::Int(made as i128) } else { Value::Float(made) };
    let fix = workflow.rewrite(id, rate, &value, false);
    Diagnostic { fix, ..finding }
}

/// The rate that the frames were loaded at, if frames and sound come from one loader with a rate of its own.
fn of_loader(workflow: &Workflow<'_>, id: NodeId, images: &str) -> Option<(f64, String)> {
    let inputs = workflow.analysis.inputs(id);
    let loader = inputs.audio("audio").ok()?.may_be_silent?;
    let made: Known<f64> = (|| {
        let its = workflow.analysis.inputs(loader);
        let nth = if its.has("select_every_nth") { its.int("select_every_nth")?.max(1) } else { 1 };
        #[expect(clippy::cast_precision_loss, reason = "small")]
        let nth = nth as f64;
        Ok(its.float("force_rate")? / nth)
    })();
    let made = made.ok().filter(|made| *made > 0.0)?;
    let through = workflow.analysis.content_of(id, Some(&[images]));
    let resamples = |id: &NodeId| {
        let class = &workflow.node(*id).class_type;
        workflow.node(*id).class.is_none() || RESAMPLERS.iter().any(|part| class.contains(part))
    };
    let is_led = through.contains(&loader) && !through.iter().any(resamples);
    is_led.then(|| (made, format!("`{}` loads {made}", workflow.node(loader).key)))
}

/// The rate that all conditionings of LTX name, and one of them; nothing if they differ.
fn conditioned(workflow: &Workflow<'_>) -> Option<(NodeId, f64)> {
    let mut found: Option<(NodeId, f64)> = None;
    for &id in workflow.analysis.of_class("LTXVConditioning").iter().filter(|id| workflow.runs(**id)) {
        let rate = workflow.analysis.inputs(id).float("frame_rate").ok()?;
        match found {
            Some((_, other)) if differs(rate, other) => return None,
            Some(_) => {}
            None => found = Some((id, rate)),
        }
    }
    found
}

/// True if the sound of a video is made by the model that makes its frames.
fn sound_is_made(workflow: &Workflow<'_>, id: NodeId) -> bool {
    let source = workflow.analysis.source(id, "audio");
    source.is_some_and(|source| &*workflow.node(source).class_type == "LTXVAudioVAEDecode")
}
