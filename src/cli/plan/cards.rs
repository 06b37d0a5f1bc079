//! The cards that a plan is compared with.

use super::Args;
use crate::catalog::{Gpu, Gpus};
use crate::cli::ToolError;
use crate::diag::did_you_mean;
use crate::front::toml::types::{Size, Target};
use crate::plan::{Budget, size};

const MIB: f64 = 1024.0 * 1024.0;
/// Cards are sold by gigabytes that are gibibytes.
const SOLD: f64 = 1024.0 * 1024.0 * 1024.0 / 1e9;

/// A card, or an amount of memory.
#[derive(Clone, Debug)]
pub(super) struct Card {
    /// None for an amount of memory.
    pub(super) gpu: Option<Gpu>,
    pub(super) name: String,
    pub(super) budget: Budget,
}

/// What was asked about.
#[derive(Clone, Debug, Default)]
pub(super) struct Cards {
    /// The one card; none: the target of each preset.
    one: Option<Card>,
    /// Cards to compare.
    pub(super) many: Vec<Card>,
    headroom: Option<f64>,
    reserved: f64,
}

impl Card {
    fn of(gpu: Gpu, headroom: f64) -> Self {
        let budget = Budget { total: gpu.vram_mib() * MIB, headroom };
        Self { name: gpu.name.clone(), gpu: Some(gpu), budget }
    }

    fn memory(total: f64, headroom: f64) -> Self {
        Self { gpu: None, name: format!("a card of {}", size(total)), budget: Budget { total, headroom } }
    }
}

impl Cards {
    /// What the arguments ask about.
    ///
    /// # Errors
    /// All that is wrong with them: cards that do not exist, sizes that are none.
    pub(super) fn of(args: &Args) -> Result<Self, ToolError> {
        let mut mistakes = Vec::new();
        let headroom = args.headroom.as_deref().and_then(|text| bytes("--headroom", text, &mut mistakes));
        let reserved = args.reserve_vram.as_deref();
        let reserved = reserved.and_then(|text| bytes("--reserve-vram", text, &mut mistakes));
        let mut cards = Self { headroom, reserved: reserved.unwrap_or_default(), ..Self::default() };
        let free = cards.headroom(0.0);
        if let Some(text) = &args.vram {
            let sold = if text.ends_with("GB") { SOLD } else { 1.0 };
            cards.one = bytes("--vram", text, &mut mistakes).map(|bytes| Card::memory(bytes * sold, free));
        }
        let gpus = Gpus::embedded();
        let mut all = Vec::new();
        for id in &args.gpu {
            if id == "all" {
                all.extend(gpus.ids().iter().filter_map(|id| gpus.gpu(id)));
            } else if let Some(gpu) = gpus.gpu(id) {
                all.push(gpu);
            } else {
                let ids = gpus.ids();
                let near = did_you_mean(id, ids.iter().map(AsRef::as_ref));
                let help = near
                    .unwrap_or_else(|| format!("known cards: {}; or give `--vram 24GiB`", ids.join(", ")));
                mistakes.push(format!("there is no card `{id}` in the GPU catalog\n  help: {help}"));
            }
        }
        if !mistakes.is_empty() {
            return Err(ToolError::new(mistakes.join("\nwfc: ")));
        }
        all.sort_by(|one, other| one.id.cmp(&other.id));
        all.dedup_by(|one, other| one.id == other.id);
        let mut all: Vec<Card> = all.into_iter().map(|gpu| Card::of(gpu, free)).collect();
        if all.len() == 1 && args.gpu.first().is_some_and(|id| id != "all") {
            cards.one = all.pop();
        } else {
            cards.many = all;
        }
        Ok(cards)
    }

    fn headroom(&self, of_target: f64) -> f64 {
        self.headroom.unwrap_or(of_target).max(self.reserved)
    }

    /// The one card to compare with: that which was asked about, or a preset's target.
    pub(super) fn one(&self, target: Option<&Target>) -> Option<Card> {
        let of_target = target.and_then(|target| target.headroom.as_ref());
        let headroom = self.headroom(of_target.map_or(0.0, |headroom| headroom.get().mib() * MIB));
        if let Some(card) = &self.one {
            return Some(Card { budget: Budget { headroom, ..card.budget }, ..card.clone() });
        }
        if !self.many.is_empty() {
            return None;
        }
        let target = target?;
        if let Some(vram) = &target.vram {
            return Some(Card::memory(vram.get().mib() * MIB, headroom));
        }
        Some(Card::of(Gpus::embedded().gpu(target.gpu.as_ref()?.get())?, headroom))
    }
}

/// Bytes of a size.
fn bytes(option: &str, text: &str, mistakes: &mut Vec<String>) -> Option<f64> {
    let size = Size::parse(text.trim());
    if size.is_none() {
        mistakes.push(format!("`{text}` of {option} is not a size\n  help: {}", Size::HELP));
    }
    size.map(|size| size.mib() * MIB)
}
