//! What `wfc explain-oom` says: the document, and the text made from it.

use std::fmt::Write as _;

use schemars::JsonSchema;
use serde::Serialize;

use crate::plan::{Amount, Kind, grouped, size};

/// The version of the format.
pub(super) const VERSION: u32 = 1;
/// Other programs that have less of a card than so many bytes are not worth a word.
const OTHERS: f64 = 512.0 * 1024.0 * 1024.0;

/// A log in which memory ran out, beside what a preset is expected to need. All amounts are bytes.
#[derive(Clone, Debug, Default, Serialize, JsonSchema)]
pub(crate) struct Explained {
    /// The version of this format.
    pub(super) version: u32,
    /// The log; `-` is standard input.
    pub(super) log: String,
    /// The preset.
    pub(super) preset: String,
    /// False if the log has nothing of memory that is known.
    pub(super) is_understood: bool,
    /// The messages that memory ran out, each once.
    pub(super) lacks: Vec<LackReport>,
    /// The peaks that were printed, in their order.
    pub(super) peaks: Vec<PeakReport>,
    /// Tokens of a pass, as the log has them.
    pub(super) tokens: Option<f64>,
    /// Whether the preset's samplers have as many.
    pub(super) is_sequence_of_preset: Option<bool>,
    /// Transformer blocks in main memory.
    pub(super) blocks_off_card: Option<f64>,
    /// Transformer blocks on the card.
    pub(super) blocks_on_card: Option<f64>,
    /// The models that ComfyUI loaded, in their order.
    pub(super) loads: Vec<LoadReport>,
    /// Steps that cannot be estimated, each of which may be the one.
    pub(super) not_estimated: usize,
    /// What to change for the card of the log, as `wfc fit --format json` says it.
    pub(super) fit: Option<serde_json::Value>,
}

/// A message that memory ran out.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(super) struct LackReport {
    /// What was to be allocated.
    pub(super) wanted: Option<f64>,
    /// What was free of the card.
    pub(super) free: Option<f64>,
    /// All of the card.
    pub(super) total: Option<f64>,
    /// Live tensors.
    pub(super) allocated: Option<f64>,
    /// What torch had reserved, live tensors included.
    pub(super) reserved: Option<f64>,
    /// What other processes had.
    pub(super) others: Option<f64>,
    /// What the step needs at least, by the log: what was allocated, and what was wanted.
    pub(super) needed: Option<f64>,
    /// The step that it most likely was.
    pub(super) step: Option<StepReport>,
    /// What it means that the step needed so much.
    pub(super) meaning: Option<Meaning>,
    /// True if torch had more unused than was wanted, but in pieces.
    pub(super) is_in_pieces: bool,
}

/// How what was needed lies to what was expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Meaning {
    /// As expected: the card is too small.
    AsExpected,
    /// More than the least and no more than with all weights on the card: weights were there that could have been streamed.
    WeightsKept,
    /// More than that: the run was not as the preset says, or other models stayed.
    More,
}

impl Meaning {
    /// What it means that a step needs so much at least.
    pub(super) fn of(expected: Amount, whole: Amount, needed: f64) -> Self {
        if needed <= expected.high {
            Self::AsExpected
        } else if needed <= whole.high {
            Self::WeightsKept
        } else {
            Self::More
        }
    }

    const fn text(self) -> &'static str {
        match self {
            Self::AsExpected => "That is as expected: the card is too small for it.",
            Self::WeightsKept => {
                "That lies between what it needs at least and what it takes with all weights: weights were on the card that \
                 could have been streamed."
            }
            Self::More => {
                "That is more than expected. Then the run was not as the preset says (its size, its LoRAs, an older version \
                 of the pack), or other models stayed on the card."
            }
        }
    }
}

/// How a step was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(super) enum FoundBy {
    /// By the node that failed.
    Node,
    /// By the traceback.
    Traceback,
    /// By the amounts.
    Amounts,
}

impl FoundBy {
    const fn text(self) -> &'static str {
        match self {
            Self::Node => "by the node that failed",
            Self::Traceback => "by the traceback",
            Self::Amounts => "by the amounts",
        }
    }
}

/// A step of the preset.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(super) struct StepReport {
    /// What it does.
    pub(super) kind: Kind,
    /// Its node.
    pub(super) node: String,
    /// The node's class.
    pub(super) class: String,
    /// How it was found.
    pub(super) found_by: FoundBy,
    /// What it is expected to allocate at its peak, with everything off the card that the settings allow.
    pub(super) expected: Amount,
    /// The same with all its weights on the card, where ComfyUI lays there what has room.
    pub(super) without_streaming: Option<Amount>,
    /// What decides it: tokens, blocks that are swapped, tiles.
    pub(super) notes: Vec<String>,
}

/// A peak that was printed, and the step that it fits best.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(super) struct PeakReport {
    /// Live tensors at the peak.
    pub(super) allocated: f64,
    /// What torch had reserved.
    pub(super) reserved: Option<f64>,
    /// The step.
    pub(super) step: Option<StepReport>,
}

/// A model that ComfyUI loaded.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(super) struct LoadReport {
    /// Its class, if it is said.
    pub(super) model: Option<String>,
    /// What it laid on the card.
    pub(super) loaded: Option<f64>,
    /// What it left in main memory.
    pub(super) offloaded: Option<f64>,
}

fn limits(amount: Amount) -> String {
    format!("{} ({} to {})", size(amount.typical), size(amount.low), size(amount.high))
}

impl StepReport {
    fn name(&self) -> String {
        format!("{} in `{}` ({})", self.kind.name(), self.node, self.class)
    }
}

impl Explained {
    /// For people, without what to change.
    pub(super) fn human(&self) -> String {
        let mut text = String::new();
        for lack in &self.lacks {
            lack.human(&mut text);
        }
        for peak in &self.peaks {
            peak.human(&mut text);
        }
        self.settings(&mut text);
        if self.not_estimated > 0 {
            let _ = writeln!(
                text,
                "\n{} of the steps cannot be estimated and may be the one; `wfc plan` says why, and `--assume` helps.",
                self.not_estimated
            );
        }
        text
    }

    /// Settings that the log tells, where the preset's differ.
    fn settings(&self, text: &mut String) {
        if let Some(tokens) = self.tokens {
            let _ = writeln!(text, "The log has a sequence of {} tokens.", grouped(tokens));
            if self.is_sequence_of_preset == Some(false) {
                text.push_str(
                    "  The preset's is another: size, frames or window were not those of the preset.\n",
                );
            }
        }
        if let (Some(off), Some(on)) = (self.blocks_off_card, self.blocks_on_card) {
            let _ =
                writeln!(text, "Transformer blocks: {} in main memory, {} on the card.", size(off), size(on));
        }
        for load in &self.loads {
            let model = load.model.as_deref().unwrap_or("a model");
            let _ = match (load.loaded, load.offloaded) {
                (Some(loaded), Some(off)) => writeln!(
                    text,
                    "ComfyUI laid {} of {model} on the card and left {} in main memory.",
                    size(loaded),
                    size(off)
                ),
                (Some(loaded), None) => writeln!(text, "ComfyUI laid {model} on the card: {}.", size(loaded)),
                _ => writeln!(text, "ComfyUI loaded {model}."),
            };
        }
    }
}

impl LackReport {
    fn human(&self, text: &mut String) {
        text.push_str("Memory ran out");
        if let Some(wanted) = self.wanted {
            let _ = write!(text, ": {} more were wanted", size(wanted));
            if let (Some(free), Some(total)) = (self.free, self.total) {
                let _ = write!(text, ", {} of {} were free", size(free), size(total));
            }
        }
        text.push_str(".\n");
        let Some(step) = &self.step else {
            text.push_str("  The preset has no step that is estimated.\n");
            return;
        };
        let _ = writeln!(text, "  Most likely {}, {}.", step.name(), step.found_by.text());
        let _ = writeln!(text, "  Expected at its peak, allocated by torch: {}", limits(step.expected));
        if let Some(whole) = step.without_streaming {
            let _ = writeln!(
                text,
                "    with all weights on the card, as far as they have room: {}",
                limits(whole)
            );
        }
        if let (Some(allocated), Some(needed)) = (self.allocated, self.needed) {
            let _ = writeln!(
                text,
                "  In the log: {} allocated, so it needs {} at least.",
                size(allocated),
                size(needed)
            );
        }
        if let Some(meaning) = self.meaning {
            let _ = writeln!(text, "  {}", meaning.text());
        }
        if !step.notes.is_empty() {
            let _ = writeln!(text, "  Expected with {}.", step.notes.join(", "));
        }
        if let (true, Some(reserved), Some(allocated)) = (self.is_in_pieces, self.reserved, self.allocated) {
            let _ = writeln!(
                text,
                "  Fragmentation: torch had {} reserved and unused, more than was wanted, but in pieces. Set \
                 PYTORCH_CUDA_ALLOC_CONF=expandable_segments:True, or start ComfyUI with --cuda-malloc.",
                size(reserved - allocated)
            );
        }
        if let Some(others) = self.others.filter(|others| *others > OTHERS) {
            let _ = writeln!(
                text,
                "  Other processes had {} of the card; `nvidia-smi` lists them.",
                size(others)
            );
        }
    }
}

impl PeakReport {
    fn human(&self, text: &mut String) {
        let reserved =
            self.reserved.map(|reserved| format!(", {} reserved", size(reserved))).unwrap_or_default();
        let _ = writeln!(text, "A step had its peak at {} allocated{reserved}.", size(self.allocated));
        if let Some(step) = &self.step {
            let percent = (step.expected.typical / self.allocated - 1.0) * 100.0;
            let _ = writeln!(
                text,
                "  By the amounts {}: expected {}, {percent:+.0} %.",
                step.name(),
                limits(step.expected)
            );
        }
    }
}
