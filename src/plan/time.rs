//! How long a plan takes on a machine, and what that costs. All times are seconds.
//!
//! A pass of a network takes its floating-point operations by the speed of the card's tensor cores and an efficiency, and
//! not less than reading its weights once takes; weights that are streamed come on top. What the efficiency and all else is
//! was fitted on `schemas/times.csv` or is assumed, and stands in `schemas/coefficients.csv` with its basis.

mod measured;
mod timer;

use super::Plan;
use super::amount::Amount;
use super::coefficients::{Basis, Coefficients};
use super::need::{Engine, Need, Peak};
use super::verdict::Budget;
use crate::catalog::Machine;

pub use measured::{Includes, Measured};
pub use timer::{Timer, Uneven};

/// What a step waits for most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Pace {
    /// The tensor cores.
    Computing,
    /// Reading the weights from the card's memory.
    Bandwidth,
    /// Weights that come from the host during every pass.
    Streaming,
    /// The model's way from the host's memory to the card, once.
    Moving,
    /// Nobody knows: a time that is assumed.
    Assumed,
}

/// The time of a step.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, schemars::JsonSchema)]
pub struct Seconds {
    /// Seconds.
    pub amount: Amount,
    /// The worst that it rests on.
    pub basis: Basis,
    /// What takes most of it.
    pub pace: Pace,
}

/// Where model files are when the work begins.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Storage {
    /// `memory`, `local`, `network`, `download`, or `own` for a speed that was given.
    pub name: &'static str,
    /// Bytes that come from there a second.
    pub speed: Amount,
    /// Where the speed comes from.
    pub basis: Basis,
}

impl Storage {
    /// The storages that the table of coefficients knows.
    pub fn names() -> impl Iterator<Item = &'static str> {
        Coefficients::embedded().rows().iter().filter(|row| row.kind == "storage").map(|row| row.case)
    }

    /// A storage of the table: `local` for a disk of the machine, `network` for a volume, `download` for fetching the files
    /// first, `memory` for files that the host has read before.
    #[must_use]
    pub fn called(name: &str) -> Option<Self> {
        let row = Coefficients::embedded().find("storage", "*", "*", name, None)?;
        Some(Self { name: row.case, speed: row.amount * 1e9, basis: row.basis })
    }

    /// A storage of so many bytes a second; nothing if that is not a positive number.
    #[must_use]
    pub fn of_speed(bytes_per_second: f64) -> Option<Self> {
        let is_speed = bytes_per_second.is_finite() && bytes_per_second > 0.0;
        is_speed.then(|| Self { name: "own", speed: Amount::exact(bytes_per_second), basis: Basis::Exact })
    }
}

/// How a plan is session.
#[derive(Clone, Copy, Debug)]
pub struct Session<'r> {
    /// Where the model files are.
    pub storage: Storage,
    /// True if the program that runs it has been started already.
    pub is_started: bool,
    /// Bytes of the card that must stay free.
    pub headroom: f64,
    /// The table of coefficients.
    pub coefficients: &'r Coefficients,
}

impl Session<'static> {
    /// A first run of files in this storage, on a machine where nothing runs yet.
    #[must_use]
    pub fn first(storage: Storage) -> Self {
        Self { storage, is_started: false, headroom: 0.0, coefficients: Coefficients::embedded() }
    }
}

/// How long a plan takes.
#[derive(Clone, Debug, Default)]
pub struct Times {
    /// For every step of the plan, in its order; nothing where it cannot be told.
    pub steps: Vec<Option<Seconds>>,
    /// Reading the model files, once each.
    pub load: Amount,
    /// Starting the program.
    pub start: Amount,
    /// The steps that can be told, with reading and writing pictures and videos: another run with all models in the host's
    /// memory.
    pub run: Amount,
    /// Start, load and session.
    pub total: Amount,
    /// The worst basis of the steps.
    pub basis: Basis,
    /// Cards that work; of a machine with several, `ComfyUI` uses one.
    pub cards: u32,
    /// Steps whose time, and gaps of the plan of which nothing can be told: with any, the sums are too small.
    pub unknown: usize,
}

/// How long a plan takes on a machine, as if it fits: whether it does, [`Plan::verdict`] tells.
#[must_use]
pub fn times(plan: &Plan, machine: &Machine, session: &Session<'_>) -> Times {
    let timer = Timer { machine, coefficients: session.coefficients, headroom: session.headroom };
    let mut before: Option<&str> = None;
    let mut steps = Vec::with_capacity(plan.steps.len());
    let mut sum = Amount::ZERO;
    let mut basis = Basis::Exact;
    for step in &plan.steps {
        let is_there = before == Some(&*step.need.model) && !step.need.model.is_empty();
        let seconds = timer.step(step, is_there);
        if let Some(seconds) = seconds {
            sum += seconds.amount;
            basis = basis.max(seconds.basis);
        }
        before = Some(&step.need.model);
        steps.push(seconds);
    }
    let engine = plan.steps.iter().map(|step| step.need.engine).next().unwrap_or(Engine::Native);
    let row =
        |kind, case| session.coefficients.find(kind, engine.key(), "*", case, None).map(|row| row.amount);
    let ran = sum + row("seconds", "prompt").unwrap_or_default();
    let load = timer::divide(plan.files, session.storage.speed);
    let start = if session.is_started { Amount::ZERO } else { row("seconds", "start").unwrap_or_default() };
    let is_shared = plan.steps.iter().any(|step| step.need.engine == Engine::Reference);
    Times {
        unknown: steps.iter().filter(|step| step.is_none()).count() + plan.gaps.len(),
        steps,
        load,
        start,
        run: ran,
        total: start + load + ran,
        basis,
        cards: if is_shared { machine.count } else { 1 },
    }
}

/// How long so many bytes take from a storage, in seconds.
#[must_use]
pub fn reading(bytes: Amount, storage: &Storage) -> Amount {
    timer::divide(bytes, storage.speed)
}

/// How long so many bytes take to a server over the internet, in seconds; nothing if the table has no row for it.
#[must_use]
pub fn sending(bytes: f64) -> Option<Amount> {
    let row = Coefficients::embedded().find("upload", "*", "*", "internet", None)?;
    Some(timer::divide(Amount::exact(bytes), row.amount * 1e6))
}

/// What so many seconds cost at so many dollars an hour. A price that is negative or no number counts as nothing.
#[must_use]
pub fn dollars(seconds: Amount, per_hour: f64) -> Amount {
    let per_hour = if per_hour.is_finite() { per_hour.max(0.0) } else { 0.0 };
    seconds * (per_hour / 3600.0)
}

/// Weights that come from the host in every pass, in bytes.
fn streamed(need: &Need, without_streaming: &Peak, budget: Budget) -> Amount {
    if need.engine == Engine::Native {
        // It keeps on the card what there is room for.
        let wanted = without_streaming.device;
        let over = |limit: f64| (limit - budget.usable()).clamp(0.0, need.weights.high);
        return Amount { low: over(wanted.low), typical: over(wanted.typical), high: over(wanted.high) };
    }
    // The others keep what they are told to, whatever the room.
    let off = |all: f64, kept: f64| (all - kept).max(0.0);
    let typical = off(need.weights.typical, need.resident.typical);
    Amount {
        low: off(need.weights.low, need.resident.high).min(typical),
        typical,
        high: off(need.weights.high, need.resident.low).max(typical),
    }
}
