//! Whether a plan fits a card.

use super::need::{Engine, Kind, Need, Peak};
use super::{Plan, Step};

/// A card's memory, in bytes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Budget {
    /// All of it, as the driver reports it.
    pub total: f64,
    /// What must stay free.
    pub headroom: f64,
}

impl Budget {
    /// What a plan may use.
    #[must_use]
    pub fn usable(self) -> f64 {
        (self.total - self.headroom).max(0.0)
    }
}

/// Whether a plan fits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// With all weights on the card.
    Fits,
    /// With a part of the weights streamed from the host.
    Streams,
    /// Perhaps: the expected amount fits, the most that is expected does not, or the other way round.
    MayNotFit,
    /// Not even the least that is expected.
    DoesNotFit,
    /// A step that samples, encodes or decodes cannot be told.
    Unknown,
}

impl Verdict {
    /// For people.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::Fits => "fits",
            Self::Streams => "fits, streaming weights",
            Self::MayNotFit => "may not fit",
            Self::DoesNotFit => "does not fit",
            Self::Unknown => "cannot be told",
        }
    }

    /// True if it is expected to run.
    #[must_use]
    pub const fn runs(self) -> bool {
        matches!(self, Self::Fits | Self::Streams)
    }
}

/// Whether something with these peaks fits; `is_streamed` if a part of the weights stays off the card because of how
/// it is set.
#[must_use]
pub(super) fn compare(least: &Peak, without_streaming: &Peak, is_streamed: bool, budget: Budget) -> Verdict {
    let usable = budget.usable();
    if least.device.low > usable {
        Verdict::DoesNotFit
    } else if least.device.high > usable {
        Verdict::MayNotFit
    } else if without_streaming.device.typical > usable || is_streamed {
        Verdict::Streams
    } else {
        Verdict::Fits
    }
}

impl Need {
    /// True if the settings keep a part of the weights off the card, whatever room there is. ComfyUI's own nodes stream
    /// only what has no room.
    #[must_use]
    pub(super) fn is_streamed(&self) -> bool {
        self.buffers.low > 0.0 && self.engine != Engine::Native
    }
}

impl Need {
    /// True for VAEs of ComfyUI's own nodes: when the memory runs out they begin anew in tiles (`comfy/sd.py`), so that they
    /// never fail for sure.
    #[must_use]
    pub fn retries_in_tiles(&self) -> bool {
        self.engine == Engine::Native && matches!(self.kind, Kind::VaeDecode | Kind::VaeEncode)
    }
}

impl Step {
    /// Whether this step fits.
    #[must_use]
    pub fn verdict(&self, budget: Budget) -> Verdict {
        let verdict = compare(&self.least, &self.without_streaming, self.need.is_streamed(), budget);
        if verdict == Verdict::DoesNotFit && self.need.retries_in_tiles() {
            return Verdict::MayNotFit;
        }
        verdict
    }
}

impl Plan {
    /// Whether it fits: the worst of its steps. What cannot be told keeps it from fitting for sure, and not from being too
    /// large for sure.
    #[must_use]
    pub fn verdict(&self, budget: Budget) -> Verdict {
        let worst = self.steps.iter().map(|step| step.verdict(budget)).max().unwrap_or(Verdict::Fits);
        if worst != Verdict::DoesNotFit && !self.gaps.is_empty() { Verdict::Unknown } else { worst }
    }
}
