//! The part of the manifest that says what a workflow will need of a machine.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a workflow needs before it runs, by the values of its preset, in ComfyUI as it starts by default. `wfc plan` tells
/// more. Of a batch it is what the most demanding of its workflows needs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PlanInfo {
    /// The memory that a card must have, as `nvidia-smi` shows it, with everything off the card that the settings allow.
    pub least_gib: Limits,
    /// The memory that it takes to keep all weights of a step on the card.
    pub without_streaming_gib: Limits,
    /// The host's memory for weights and pictures.
    pub ram_gib: Limits,
    /// The node that needs the most of the card; nothing if none needs any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decides: Option<String>,
    /// What its amount rests on: `exact`, `measured`, `tracked`, `counted`, or `assumed` where nobody has measured it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub basis: Option<String>,
    /// Nodes of which it cannot be told what they need: with any, the amounts may be too small.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unknown: Vec<String>,
}

/// An amount in GiB with the limits that it is expected to lie within.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Limits {
    /// The least that is expected.
    pub low: f64,
    /// The most likely one.
    pub typical: f64,
    /// The most that is expected.
    pub high: f64,
}

impl Limits {
    const fn max(self, other: Self) -> Self {
        Self {
            low: self.low.max(other.low),
            typical: self.typical.max(other.typical),
            high: self.high.max(other.high),
        }
    }
}

impl PlanInfo {
    /// What is enough for both: amount by amount the greater one, and the node of that which needs more of the card.
    #[must_use]
    pub fn max(self, other: Self) -> Self {
        let needs_more = other.least_gib.typical > self.least_gib.typical;
        let (decides, basis) =
            if needs_more { (other.decides, other.basis) } else { (self.decides, self.basis) };
        let mut unknown = self.unknown;
        unknown.extend(other.unknown);
        unknown.sort();
        unknown.dedup();
        Self {
            least_gib: self.least_gib.max(other.least_gib),
            without_streaming_gib: self.without_streaming_gib.max(other.without_streaming_gib),
            ram_gib: self.ram_gib.max(other.ram_gib),
            decides,
            basis,
            unknown,
        }
    }
}
