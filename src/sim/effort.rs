//! How long nodes take and what of the card they need: the plan of a workflow, node by node.

use std::time::Duration;

use serde_json::Value;

use super::Config;
use crate::analysis::Analysis;
use crate::ir::{Argument, Graph, NodeId, Value as Literal};
use crate::plan::{Options, Plan, Session, Step, Storage, Timer, Verdict};

/// A node that runs a network of which the plan cannot tell the time takes so long.
pub(super) const UNKNOWN: Duration = Duration::from_secs(10);

/// A node that runs no network takes so long.
pub(super) const LIGHT: Duration = Duration::from_millis(10);

/// What a node takes.
#[derive(Clone, Debug, Default)]
pub(super) struct Effort {
    /// Models that it needs in the host's memory, and how long reading each one takes.
    pub(super) models: Vec<(String, Duration)>,
    /// All that follows.
    pub(super) work: Duration,
    /// Into how many ticks of progress it is divided; 0 for a node that tells of no progress.
    pub(super) ticks: u32,
    /// True if it shows a preview at every tick.
    pub(super) previews: bool,
    /// Bytes of the card.
    pub(super) bytes: f64,
    /// Weights among them, and what does not fit: how much is to be allocated when it fails.
    pub(super) lack: Option<Lack>,
}

/// What there is too little of.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lack {
    /// Live tensors at the moment, in bytes.
    pub(super) allocated: f64,
    /// What was to be allocated, in bytes.
    pub(super) wanted: f64,
}

/// The time of nodes of a class, as it was given: `CLASS=SECONDS[/TICKS]`, each a number or the name of an input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClassTime {
    /// The class.
    pub class: String,
    /// Seconds.
    pub seconds: String,
    /// Ticks of progress.
    pub ticks: Option<String>,
}

impl std::str::FromStr for ClassTime {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || {
            format!(
                "`{text}` gives no time; write CLASS=SECONDS or CLASS=SECONDS/TICKS, such as `KSampler=12/20`; each may \
                 be the name of an input of the node"
            )
        };
        let (class, time) = text.split_once('=').ok_or_else(wrong)?;
        let (seconds, ticks) = match time.split_once('/') {
            Some((seconds, ticks)) => (seconds, Some(ticks)),
            None => (time, None),
        };
        if class.is_empty() || seconds.is_empty() || ticks.is_some_and(str::is_empty) {
            return Err(wrong());
        }
        Ok(Self { class: class.to_owned(), seconds: seconds.to_owned(), ticks: ticks.map(str::to_owned) })
    }
}

/// What all nodes of a workflow take, by index.
pub(super) fn efforts(graph: &Graph, analysis: &Analysis<'_>, config: &Config) -> Vec<Effort> {
    let mut efforts = vec![Effort { work: LIGHT, ..Effort::default() }; graph.len()];
    let plan = Plan::new(graph, analysis, &Options::default());
    let session = Session::first(config.storage.unwrap_or_else(storage));
    let timer = Timer {
        machine: &config.machine,
        coefficients: session.coefficients,
        headroom: config.budget.headroom,
    };
    let mut before: Option<&str> = None;
    for step in &plan.steps {
        let Some(effort) = efforts.get_mut(step.node.index()) else { continue };
        let is_there = before == Some(&*step.need.model) && !step.need.model.is_empty();
        before = Some(&step.need.model);
        let seconds = timer.step(step, is_there);
        effort.work += seconds.map_or(UNKNOWN, |seconds| duration(seconds.amount.typical));
        if !step.need.model.is_empty() {
            let reading = step.need.weights.typical / session.storage.speed.typical;
            effort.models.push((step.need.model.clone(), duration(reading)));
        }
        effort.bytes = effort.bytes.max(step.least.device.typical.min(config.budget.total));
        effort.lack = effort.lack.or_else(|| lack(step, config));
        if let Some(sampler) = analysis.sampler(step.node) {
            let part = sampler.part().map_or(0, |part| part.last - part.first);
            effort.ticks = u32::try_from(part).unwrap_or_default();
            effort.previews = true;
        }
    }
    for gap in &plan.gaps {
        if let Some(effort) = efforts.get_mut(gap.node.index()) {
            effort.work += UNKNOWN;
        }
    }
    for (id, node) in graph.nodes() {
        let given = config.times.iter().rev().find(|given| *given.class == *node.class_type);
        if let (Some(given), Some(effort)) = (given, efforts.get_mut(id.index())) {
            effort.models.clear();
            effort.work = duration(number(graph, id, &given.seconds).unwrap_or_default());
            let ticks = given.ticks.as_deref().and_then(|ticks| number(graph, id, ticks)).unwrap_or_default();
            effort.ticks = count(ticks);
            effort.previews = effort.ticks > 0;
        }
    }
    efforts
}

/// A disk of the machine, unless something else is said.
fn storage() -> Storage {
    Storage::called("local").or_else(|| Storage::of_speed(1e9)).unwrap_or(Storage {
        name: "own",
        speed: crate::plan::Amount::exact(1e9),
        basis: crate::plan::Basis::Exact,
    })
}

fn lack(step: &Step, config: &Config) -> Option<Lack> {
    if step.verdict(config.budget) != Verdict::DoesNotFit {
        return None;
    }
    let peak = step.least.allocated.typical.max(config.budget.total * 1.01);
    let allocated = config.budget.total * 0.93;
    Some(Lack { allocated, wanted: peak - allocated })
}

/// A number as it is written, or the value of an input.
fn number(graph: &Graph, id: NodeId, text: &str) -> Option<f64> {
    if let Ok(number) = text.parse::<f64>() {
        return Some(number);
    }
    match &graph.node(id).input(text)?.value {
        Argument::Literal(Literal::Str(text)) => text.parse().ok(),
        Argument::Literal(value) => value.as_f64(),
        Argument::Link { .. } => None,
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped before")]
fn count(number: f64) -> u32 {
    if number.is_finite() { number.clamp(0.0, 1e6) as u32 } else { 0 }
}

fn duration(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds.clamp(0.0, 1e7)).unwrap_or_default()
}

/// What the client set in `extra_data`: whether it wants previews.
pub(super) fn wants_previews(extra_data: &Value) -> bool {
    extra_data.get("preview_method").is_none_or(|method| method != "none")
}
