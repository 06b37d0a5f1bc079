//! The JSON document of a plan, from which everything else is drawn.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value as Json};

use super::advice;
use super::cards::{Card, Cards};
use crate::analysis::Analysis;
use crate::catalog::{Machine, Rent};
use crate::ir::{Graph, NodeId};
use crate::plan::{
    Amount, Basis, Engine, Gap, Kind, Open, Peak, Plan, Residency, Seconds, Step, Times, Verdict, dollars,
};

/// The version of the format; it grows when something is removed or changes its meaning.
const VERSION: u32 = 2;

/// What workflows will need. All amounts are bytes, within the limits that are expected.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct Document {
    /// The version of this format.
    version: u32,
    /// The plans, in the order of the files.
    pub(super) plans: Vec<PlanEntry>,
    /// What the workflows of a file need together, where it stands for several.
    pub(super) batches: Vec<Batch>,
}

/// What a workflow will need, and with it all workflows of its batch that need the same.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub(super) struct PlanEntry {
    /// The file, as it was given or found.
    pub(super) file: String,
    /// The rung of the preset's ladder.
    pub(super) rung: Option<String>,
    /// What this workflow has of the preset's matrix.
    pub(super) values: Map<String, Json>,
    /// How many workflows of the batch need what this one needs, itself among them.
    pub(super) workflows: u64,
    /// How ComfyUI was started.
    pub(super) residency: Residency,
    /// Sizes that were assumed because only a run can tell them.
    pub(super) assumed: Vec<Assumption>,
    /// The nodes that run networks, in the order in which they can run.
    pub(super) steps: Vec<StepEntry>,
    /// Nodes of which it cannot be told what they need.
    pub(super) gaps: Vec<GapEntry>,
    /// The least that a card must have, with everything off it that the settings allow: the greatest of the steps'.
    pub(super) least: Peak,
    /// What it takes to stream no weights: the greatest of the steps'.
    pub(super) without_streaming: Peak,
    /// Which of the steps decides `least`, counted from 0.
    pub(super) decides: Option<usize>,
    /// The host's memory for weights and pictures.
    pub(super) ram: Amount,
    /// All model files together, once each.
    pub(super) files: Amount,
    /// The card that was asked about: `--gpu`, `--vram`, or the preset's target.
    pub(super) target: Option<Fit>,
    /// Cards compared with `--gpu all` or several ids: cheapest that fits first.
    pub(super) machines: Vec<Fit>,
    /// What can be changed so that the deciding step needs less.
    pub(super) changes: Vec<String>,
    /// What else is to be known of this plan.
    pub(super) notes: Vec<String>,
}

/// A size that was assumed.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub(super) struct Assumption {
    /// `width`, `height`, `frames` or `steps`.
    pub(super) what: &'static str,
    /// In pixels, frames or steps.
    pub(super) value: f64,
    /// Who says so: `graph`, `preset`, `command line`.
    pub(super) by: &'static str,
}

/// A node that runs a network.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub(super) struct StepEntry {
    /// The node's key in the workflow.
    pub(super) node: String,
    /// Its class.
    pub(super) class: String,
    /// The generation step that it belongs to, if the graph file says so.
    pub(super) stage: Option<String>,
    /// What it does, as far as memory is concerned.
    pub(super) kind: Kind,
    /// What runs the network.
    pub(super) engine: Engine,
    /// The model's file.
    pub(super) model: String,
    /// All weights of what runs.
    pub(super) weights: Amount,
    /// The weights that are on the card at least.
    pub(super) resident: Amount,
    /// What streaming the other weights takes beside.
    pub(super) buffers: Amount,
    /// Live tensors while it runs.
    pub(super) activations: Amount,
    /// Weights of other models that stay on the card meanwhile.
    pub(super) others: Amount,
    /// Its least peak.
    pub(super) least: Peak,
    /// Its peak with all its weights on the card.
    pub(super) without_streaming: Peak,
    /// The worst that its numbers rest on.
    pub(super) basis: Basis,
    /// What decides it, in words: tokens, blocks that are swapped, tiles.
    pub(super) notes: Vec<String>,
    /// Whether it fits the target.
    pub(super) verdict: Option<Verdict>,
    /// Its time on the target.
    pub(super) seconds: Option<Seconds>,
}

/// A node of which it cannot be told what it needs.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub(super) struct GapEntry {
    /// The node's key in the workflow.
    pub(super) node: String,
    /// Its class.
    pub(super) class: String,
    /// The node where knowledge ends.
    pub(super) decided_by: String,
    /// Why, as a sentence.
    pub(super) reason: String,
    /// The name to give `--assume`, if that would tell.
    pub(super) assume: Option<&'static str>,
}

/// A plan compared with a card.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub(super) struct Fit {
    /// The card's id; none for an amount of memory.
    pub(super) gpu: Option<String>,
    /// Its name.
    pub(super) name: String,
    /// Its memory, as its driver reports it.
    pub(super) memory: f64,
    /// What must stay free of it.
    pub(super) headroom: f64,
    /// Whether the plan fits.
    pub(super) verdict: Verdict,
    /// What is left of the card by the least peak; below zero, it lacks that much.
    pub(super) margin: Amount,
    /// What is left without streaming weights.
    pub(super) margin_without_streaming: Amount,
    /// Weights of the step that streams the most, which go over the bus in each pass; zero if nothing is streamed.
    pub(super) streamed: f64,
    /// How long it takes; none where the speed of the card is not known.
    pub(super) time: Option<Time>,
    /// What that costs in US dollars; none where the machine has no price.
    pub(super) dollars: Option<Amount>,
    /// The price that is counted with.
    pub(super) price: Option<PriceEntry>,
    /// What must hold for the verdict, where it is not known of the machine.
    pub(super) conditions: Vec<String>,
}

/// How long a plan takes, in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, JsonSchema)]
pub(super) struct Time {
    /// Starting the program.
    pub(super) start: Amount,
    /// Reading the model files, once each.
    pub(super) load: Amount,
    /// The steps, with reading and writing pictures: another run on a warm machine.
    pub(super) run: Amount,
    /// All of it: the first run on a machine that was off.
    pub(super) total: Amount,
    /// The worst that it rests on.
    pub(super) basis: Basis,
    /// Steps whose time is not known: with any, the sums are too small.
    pub(super) unknown: usize,
}

/// What a machine costs.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub(super) struct PriceEntry {
    /// US dollars an hour.
    pub(super) per_hour: f64,
    /// How it is rented.
    pub(super) kind: Rent,
    /// The day, month or year of the price; empty for one of `wfc.toml`.
    pub(super) date: String,
    /// Where the price comes from.
    pub(super) source: String,
}

/// The workflows of one file together.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub(super) struct Batch {
    /// The file.
    pub(super) file: String,
    /// How many workflows it stands for.
    pub(super) workflows: u64,
    /// The plan that needs the most memory, counted from 0 in `plans`.
    pub(super) worst: usize,
    /// How long all of them take on the target one after another, in seconds, with one start and one loading.
    pub(super) seconds: Option<Amount>,
    /// What that costs, in US dollars.
    pub(super) dollars: Option<Amount>,
}

/// What is planned, and how.
pub(super) struct Subject<'a> {
    pub(super) file: String,
    pub(super) rung: Option<String>,
    pub(super) values: Map<String, Json>,
    pub(super) workflows: u64,
    pub(super) residency: Residency,
    pub(super) graph: &'a Graph,
    pub(super) analysis: &'a Analysis<'a>,
    /// On the target.
    pub(super) plan: &'a Plan,
    /// On cards whose attention keeps its scores, if there are such among those to compare.
    pub(super) old: Option<&'a Plan>,
    /// What must hold for the target's verdict.
    pub(super) conditions: Vec<String>,
    pub(super) assumed: Vec<Assumption>,
    pub(super) notes: Vec<String>,
    pub(super) target: Option<&'a Card>,
    pub(super) cards: &'a Cards,
}

impl Document {
    pub(super) fn new(plans: Vec<PlanEntry>) -> Self {
        let mut first = 0;
        let mut batches = Vec::new();
        for group in plans.chunk_by(|one, other| one.file == other.file) {
            batches.extend(Batch::new(group, first));
            first += group.len();
        }
        Self { version: VERSION, plans, batches }
    }

    /// The plan that needs the most.
    pub(super) fn worst(&self) -> Option<&PlanEntry> {
        let need = |plan: &PlanEntry| plan.least.device.typical;
        // Of plans alike the first.
        self.plans.iter().rev().max_by(|one, other| need(one).total_cmp(&need(other)))
    }
}

impl Batch {
    fn new(group: &[PlanEntry], first: usize) -> Option<Self> {
        let workflows: u64 = group.iter().map(|plan| plan.workflows).sum();
        if workflows < 2 {
            return None;
        }
        let need = |plan: &PlanEntry| plan.least.device.typical;
        let worst =
            group.iter().enumerate().rev().max_by(|(_, one), (_, other)| need(one).total_cmp(&need(other)));
        let mut seconds = Some(Amount::ZERO);
        let mut once = Amount::ZERO;
        for plan in group {
            let time = plan.target.as_ref().and_then(|fit| fit.time).filter(|time| time.unknown == 0);
            #[expect(
                clippy::cast_precision_loss,
                reason = "batches are far below what a float holds exactly"
            )]
            let times = plan.workflows as f64;
            seconds = seconds.zip(time).map(|(sum, time)| sum + time.run * times);
            once = time.map_or(once, |time| once.max(time.start + time.load));
        }
        let seconds = seconds.map(|seconds| seconds + once);
        let price = group.iter().find_map(|plan| plan.target.as_ref()?.price.as_ref());
        Some(Self {
            file: group.first()?.file.clone(),
            workflows,
            worst: first + worst?.0,
            seconds,
            dollars: seconds.zip(price).map(|(seconds, price)| dollars(seconds, price.per_hour)),
        })
    }
}

impl PlanEntry {
    pub(super) fn new(subject: Subject<'_>) -> Self {
        let Subject { graph, plan, target, .. } = subject;
        let tightest = plan.tightest().map(|step| step.node);
        let decides =
            plan.steps.iter().enumerate().filter(|(_, step)| Some(step.node) == tightest).max_by(
                |(_, one), (_, other)| one.least.device.typical.total_cmp(&other.least.device.typical),
            );
        let cards = subject.cards;
        let times = target.and_then(|card| cards.times(plan, card));
        let seconds = |at: usize| times.as_ref().and_then(|times| *times.steps.get(at)?);
        let fit = |card: &Card| {
            // Cards whose attention takes more have a plan of their own.
            let plan = subject.old.filter(|_| card.keeps_scores()).unwrap_or(plan);
            Fit::new(plan, card, cards.times(plan, card).as_ref(), Vec::new())
        };
        let mut machines: Vec<Fit> = cards.many.iter().map(fit).collect();
        super::machines::sort(&mut machines);
        Self {
            decides: decides.map(|(at, _)| at),
            changes: decides.map_or_else(Vec::new, |(_, step)| advice::of(graph, subject.analysis, step)),
            file: subject.file,
            rung: subject.rung,
            values: subject.values,
            workflows: subject.workflows,
            residency: subject.residency,
            assumed: subject.assumed,
            steps: plan
                .steps
                .iter()
                .enumerate()
                .map(|(at, step)| StepEntry { seconds: seconds(at), ..StepEntry::new(graph, step, target) })
                .collect(),
            gaps: plan.gaps.iter().map(|gap| GapEntry::new(graph, gap)).collect(),
            least: rounded(plan.least),
            without_streaming: rounded(plan.without_streaming),
            ram: whole(plan.ram),
            files: whole(plan.files),
            target: target.map(|card| Fit::new(plan, card, times.as_ref(), subject.conditions)),
            machines,
            notes: subject.notes,
        }
    }

    /// The step that decides the least peak.
    pub(super) fn deciding(&self) -> Option<&StepEntry> {
        self.steps.get(self.decides?)
    }

    /// True if the other needs the same, whatever it is called.
    pub(super) fn is_alike(&self, other: &Self) -> bool {
        let needs = |plan: &Self| Self {
            file: String::new(),
            rung: None,
            values: Map::new(),
            workflows: 0,
            ..plan.clone()
        };
        self.file == other.file && self.rung == other.rung && needs(self) == needs(other)
    }
}

impl StepEntry {
    fn new(graph: &Graph, step: &Step, target: Option<&Card>) -> Self {
        let node = graph.node(step.node);
        Self {
            node: node.key.to_string(),
            class: node.class_type.to_string(),
            stage: node.stage.as_ref().map(ToString::to_string),
            kind: step.need.kind,
            engine: step.need.engine,
            model: step.need.model.clone(),
            weights: whole(step.need.weights),
            resident: whole(step.need.resident),
            buffers: whole(step.need.buffers),
            activations: whole(step.need.activations),
            others: whole(step.others),
            least: rounded(step.least),
            without_streaming: rounded(step.without_streaming),
            basis: step.need.basis,
            notes: step.need.notes.clone(),
            verdict: target.map(|card| step.verdict(card.budget)),
            seconds: None,
        }
    }
}

impl GapEntry {
    fn new(graph: &Graph, gap: &Gap) -> Self {
        let node = graph.node(gap.node);
        let at = |id: NodeId| graph.node(id);
        let decided_by = at(gap.open.node());
        let (key, class) = (&decided_by.key, &decided_by.class_type);
        let (reason, assume) = match &gap.open {
            Open::Size { unknown, what } => {
                let are = if what.ends_with('s') { "are" } else { "is" };
                (format!("its {what} {are} not known: `{key}` ({class}) {}", unknown.why.text()), Some(*what))
            }
            Open::Model(unknown) => {
                (format!("its model is not known: `{key}` ({class}) {}", unknown.why.text()), None)
            }
            Open::NoData { file, .. } => {
                (format!("nothing is known of the network in `{file}`, which `{key}` loads"), None)
            }
        };
        Self {
            node: node.key.to_string(),
            class: node.class_type.to_string(),
            decided_by: key.to_string(),
            reason,
            assume,
        }
    }
}

impl Fit {
    fn new(plan: &Plan, card: &Card, times: Option<&Times>, conditions: Vec<String>) -> Self {
        let usable = card.budget.usable();
        // The more is needed, the less is left.
        let left = |need: Amount| {
            whole(Amount { low: usable - need.high, typical: usable - need.typical, high: usable - need.low })
        };
        let price = card.machine.as_ref().and_then(Machine::price);
        let streamed = plan.steps.iter().map(|step| streamed(step, usable)).fold(0.0, f64::max);
        Self {
            gpu: card.machine.as_ref().map(|machine| machine.id.clone()),
            name: card.name.clone(),
            memory: card.budget.total.round(),
            headroom: card.budget.headroom.round(),
            verdict: plan.verdict(card.budget),
            margin: left(plan.least.device),
            margin_without_streaming: left(plan.without_streaming.device),
            streamed: streamed.round(),
            // A part of the time would be a part of the cost.
            dollars: times
                .filter(|times| times.unknown == 0)
                .zip(price)
                .map(|(times, price)| dollars(times.total, price.per_hour())),
            time: times.map(Time::of),
            price: price.map(|price| PriceEntry {
                per_hour: price.per_hour(),
                kind: price.kind,
                date: price.date.clone(),
                source: price.source.clone(),
            }),
            conditions,
        }
    }
}

impl Time {
    fn of(times: &Times) -> Self {
        Self {
            start: times.start,
            load: times.load,
            run: times.run,
            total: times.total,
            basis: times.basis,
            unknown: times.unknown,
        }
    }
}

/// Weights that go over the bus in each pass: what ComfyUI has no room for, or what the wrapper is told to swap.
fn streamed(step: &Step, usable: f64) -> f64 {
    let off = (step.need.weights.typical - step.need.resident.typical).max(0.0);
    match step.need.engine {
        Engine::Wrapper if step.need.buffers.typical > 0.0 => off,
        Engine::Native => (step.without_streaming.device.typical - usable).clamp(0.0, off),
        _ => 0.0,
    }
}

fn whole(amount: Amount) -> Amount {
    amount.map(f64::round)
}

fn rounded(peak: Peak) -> Peak {
    Peak { allocated: whole(peak.allocated), reserved: whole(peak.reserved), device: whole(peak.device) }
}
