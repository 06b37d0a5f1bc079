//! What outlives the simulated process: the faults that are to come, chance, and its end.

use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::mpsc;

use super::faults::{Fault, FaultKind};

/// Where lines about requests and jobs go.
pub type Log = Box<dyn Fn(&str) + Send + Sync>;

/// Why a life ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// The process dies of this, and is started again.
    Crash(&'static str),
    /// Nobody needs the server any more.
    Stop,
}

/// A fault, and how many of what it counts have been seen.
#[derive(Clone, Copy, Debug)]
struct Active {
    fault: Fault,
    seen: u64,
}

impl Active {
    /// True if the next one is hit.
    fn next(&mut self) -> bool {
        self.seen = self.seen.saturating_add(1);
        let last = self.fault.times.map(|times| self.fault.first.saturating_add(times - 1));
        self.seen >= self.fault.first && last.is_none_or(|last| self.seen <= last)
    }
}

/// What outlives the process.
pub(super) struct Control {
    faults: Mutex<Vec<Active>>,
    /// The state of the generator.
    chance: Mutex<u64>,
    /// How to end the life that is.
    end: Mutex<Option<mpsc::UnboundedSender<End>>>,
    log: Log,
}

impl fmt::Debug for Control {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Control").field("faults", &self.faults).finish_non_exhaustive()
    }
}

impl Control {
    pub(super) fn new(faults: &[Fault], seed: u64, log: Log) -> Self {
        let faults = faults.iter().map(|fault| Active { fault: *fault, seen: 0 }).collect();
        Self { faults: Mutex::new(faults), chance: Mutex::new(seed), end: Mutex::default(), log }
    }

    fn active(&self) -> MutexGuard<'_, Vec<Active>> {
        self.faults.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One more of what faults of this kind count: the value of the fault, if it is hit.
    pub(super) fn hit(&self, kind: FaultKind) -> Option<f64> {
        let mut hit = None;
        for active in self.active().iter_mut().filter(|active| active.fault.kind == kind) {
            if active.next() {
                hit = hit.or(Some(active.fault.value));
            }
        }
        if hit.is_some() {
            self.log(&format!("fault {}", kind.info().name));
        }
        hit
    }

    /// The faults, and how many of what they count have been seen.
    pub(super) fn faults(&self) -> Vec<(Fault, u64)> {
        self.active().iter().map(|active| (active.fault, active.seen)).collect()
    }

    /// Adds a fault, which counts from now on.
    pub(super) fn add(&self, fault: Fault) {
        self.active().push(Active { fault, seen: 0 });
    }

    /// No more faults.
    pub(super) fn clear(&self) {
        self.active().clear();
    }

    /// Milliseconds that the clock of a new life is fast.
    #[expect(clippy::cast_possible_truncation, reason = "values are at most 1e9 seconds")]
    pub(super) fn skew_ms(&self) -> i64 {
        self.hit(FaultKind::Skew).map_or(0, |seconds| (seconds * 1000.0) as i64)
    }

    /// Sixty-four random bits, as the generator `SplitMix64` makes them.
    pub(super) fn random(&self) -> u64 {
        let mut state = self.chance.lock().unwrap_or_else(PoisonError::into_inner);
        *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = *state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// True with this probability.
    #[expect(clippy::cast_precision_loss, reason = "53 bits are exact")]
    pub(super) fn chance(&self, probability: f64) -> bool {
        ((self.random() >> 11) as f64) < probability * (1_u64 << 53) as f64
    }

    /// A random UUID, version 4: with hyphens or without.
    pub(super) fn uuid(&self, with_hyphens: bool) -> String {
        let high = (self.random() & 0xFFFF_FFFF_FFFF_0FFF) | 0x4000;
        let low = (self.random() & 0x3FFF_FFFF_FFFF_FFFF) | 0x8000_0000_0000_0000;
        let digits = format!("{high:016x}{low:016x}");
        if !with_hyphens {
            return digits;
        }
        let parts = [0..8, 8..12, 12..16, 16..20, 20..32].map(|range| digits.get(range).unwrap_or_default());
        parts.join("-")
    }

    /// Begins a life: what ends it comes out of the channel.
    pub(super) fn live(&self) -> mpsc::UnboundedReceiver<End> {
        let (sender, receiver) = mpsc::unbounded_channel();
        *self.end.lock().unwrap_or_else(PoisonError::into_inner) = Some(sender);
        receiver
    }

    /// Ends the life that is.
    pub(super) fn end(&self, end: End) {
        if let Some(sender) = &*self.end.lock().unwrap_or_else(PoisonError::into_inner) {
            let _ = sender.send(end);
        }
    }

    pub(super) fn log(&self, line: &str) {
        (self.log)(line);
    }
}
