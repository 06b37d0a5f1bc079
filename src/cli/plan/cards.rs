//! The cards that a plan is compared with.

use std::collections::BTreeMap;

use super::Args;
use crate::catalog::{Machine, Machines};
use crate::cli::ToolError;
use crate::diag::did_you_mean;
use crate::front::toml::decode::{At, Named};
use crate::front::toml::types::{Dollars, Size, Target};
use crate::plan::{Budget, Calculator, Plan, Session, Setup, Storage, Times, size, times};

const MIB: f64 = 1024.0 * 1024.0;
/// Cards are sold by gigabytes that are gibibytes.
const SOLD: f64 = 1024.0 * 1024.0 * 1024.0 / 1e9;

/// A card, or an amount of memory.
#[derive(Clone, Debug)]
pub(super) struct Card {
    /// None for an amount of memory.
    pub(super) machine: Option<Machine>,
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
    /// Where the model files are.
    storage: Option<Storage>,
    /// Prices of a project by the id of the machine, in US dollars an hour.
    prices: BTreeMap<String, f64>,
}

impl Card {
    /// What one card of a machine has: `ComfyUI` uses one.
    fn of(machine: Machine, headroom: f64) -> Self {
        let budget = Budget { total: machine.gpu.vram_mib() * MIB, headroom };
        Self { name: machine.name.clone(), machine: Some(machine), budget }
    }

    /// It with what runs on it, as far as that is known.
    pub(super) fn setup(&self, torch: Option<&str>) -> Setup {
        Setup::of(self.machine.as_ref().map(|machine| &machine.gpu), torch)
    }

    /// True if its attention may keep its scores.
    pub(super) fn keeps_scores(&self) -> bool {
        Calculator { setup: self.setup(None), ..Calculator::default() }.keeps_scores()
    }

    fn price(&mut self, prices: &BTreeMap<String, f64>) {
        let Some(machine) = self.machine.take() else { return };
        self.machine = Some(machine.priced_by(|id| prices.get(id).copied()));
    }

    fn memory(total: f64, headroom: f64) -> Self {
        Self { machine: None, name: format!("a card of {}", size(total)), budget: Budget { total, headroom } }
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
        let storage = storage(&args.storage, &mut mistakes);
        let reserved = reserved.unwrap_or_default();
        let mut cards = Self { headroom, reserved, storage, ..Self::default() };
        let free = cards.headroom(0.0);
        if let Some(text) = &args.vram {
            let sold = if text.ends_with("GB") { SOLD } else { 1.0 };
            cards.one = bytes("--vram", text, &mut mistakes).map(|bytes| Card::memory(bytes * sold, free));
        }
        let machines = Machines::embedded();
        let mut all = Vec::new();
        for id in &args.gpu {
            if id == "all" {
                all.extend(machines.ids().iter().filter_map(|id| machines.machine(id)));
            } else if let Some(machine) = machines.machine(id) {
                all.push(machine);
            } else {
                let ids = machines.ids();
                let near = did_you_mean(id, ids.iter().map(AsRef::as_ref));
                let help =
                    near.unwrap_or_else(|| format!("known are {}; or give `--vram 24GiB`", ids.join(", ")));
                mistakes
                    .push(format!("there is no card or machine `{id}` in the GPU catalog\n  help: {help}"));
            }
        }
        if !mistakes.is_empty() {
            return Err(ToolError::new(mistakes.join("\nwfc: ")));
        }
        all.sort_by(|one, other| one.id.cmp(&other.id));
        all.dedup_by(|one, other| one.id == other.id);
        let mut all: Vec<Card> = all.into_iter().map(|machine| Card::of(machine, free)).collect();
        if all.len() == 1 && args.gpu.first().is_some_and(|id| id != "all") {
            cards.one = all.pop();
        } else {
            cards.many = all;
        }
        Ok(cards)
    }

    /// The same at the prices of a project, in US dollars an hour.
    pub(super) fn at(&self, prices: &Named<At<Dollars>>) -> Self {
        let mut cards = self.clone();
        cards.prices = prices.iter().map(|(id, price)| (id.value.to_string(), price.get().0)).collect();
        let own = cards.prices.clone();
        cards.one.iter_mut().chain(&mut cards.many).for_each(|card| card.price(&own));
        cards
    }

    /// How long a plan takes on a card; nothing for an amount of memory.
    pub(super) fn times(&self, plan: &Plan, card: &Card) -> Option<Times> {
        let session = Session { headroom: card.budget.headroom, ..Session::first(self.storage?) };
        Some(times(plan, card.machine.as_ref()?, &session))
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
        let mut card = Card::of(Machines::embedded().machine(target.gpu.as_ref()?.get())?, headroom);
        card.price(&self.prices);
        Some(card)
    }
}

/// A storage of the table, or its speed in gigabytes a second.
fn storage(text: &str, mistakes: &mut Vec<String>) -> Option<Storage> {
    let number = text.parse::<f64>().ok().and_then(|speed| Storage::of_speed(speed * 1e9));
    let found = number.or_else(|| Storage::called(text));
    if found.is_none() {
        let help = did_you_mean(text, Storage::names()).unwrap_or_else(|| {
            let names: Vec<&str> = Storage::names().collect();
            format!("it is {}, or a number of gigabytes a second, such as 1.5", names.join(", "))
        });
        mistakes
            .push(format!("`{text}` of --storage is no place of model files and no speed\n  help: {help}"));
    }
    found
}

/// Bytes of a size.
fn bytes(option: &str, text: &str, mistakes: &mut Vec<String>) -> Option<f64> {
    let size = Size::parse(text.trim());
    if size.is_none() {
        mistakes.push(format!("`{text}` of {option} is not a size\n  help: {}", Size::HELP));
    }
    size.map(|size| size.mib() * MIB)
}
