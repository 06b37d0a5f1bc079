//! Machines: a card, or several cards that are rented together.

use std::borrow::Cow;

use serde::Deserialize;

use super::data::DataFile;
use super::gpus::{Gpu, Gpus, Per, Price, Rent};
use super::lines::LineFileError;

/// The machines that come with the tool. Each entry names the sources of its facts.
const EMBEDDED: &str = include_str!("../../schemas/machines.json");

/// The most cards that one machine may have.
const MOST_CARDS: u32 = 64;

/// A card, or several of one kind that are rented together.
#[derive(Clone, Debug, PartialEq)]
pub struct Machine {
    /// What it was asked for as: `rtx-5090`, `4xh100-80gb`, `p5.48xlarge`.
    pub id: String,
    /// Its name for people.
    pub name: String,
    /// Its cards.
    pub gpu: Gpu,
    /// How many of them; at least 1.
    pub count: u32,
    /// Memory of the host in GiB, where it is known.
    pub ram_gib: Option<f64>,
    /// What the whole machine costs.
    pub prices: Vec<Price>,
    /// What to mind.
    pub note: String,
}

/// An entry of the file.
#[derive(Deserialize)]
struct Entry {
    name: String,
    gpu: String,
    count: u32,
    ram_gib: Option<f64>,
    #[serde(default)]
    prices: Vec<Price>,
    #[serde(default)]
    note: String,
}

/// Machines by id, parsed on demand.
#[derive(Debug)]
pub struct Machines {
    /// None if there are no machines at all.
    data: Option<DataFile>,
    gpus: Gpus,
}

impl Machines {
    /// The machines that come with the tool.
    #[must_use]
    pub fn embedded() -> Self {
        // A test proves that the embedded file is a data file.
        Self { data: DataFile::parse(EMBEDDED, "machines").ok(), gpus: Gpus::embedded() }
    }

    /// Machines from the text of a data file, whose cards are among `gpus`.
    ///
    /// # Errors
    /// When the frame or the first line are not those of such a file.
    pub fn from_text(text: impl Into<Cow<'static, str>>, gpus: Gpus) -> Result<Self, LineFileError> {
        Ok(Self { data: Some(DataFile::parse(text, "machines")?), gpus })
    }

    /// The machine called `id`: one of the file, a card (`rtx-5090`), or several (`4xrtx-5090`).
    #[must_use]
    pub fn machine(&self, id: &str) -> Option<Machine> {
        if let Some(gpu) = self.gpus.gpu(id) {
            return Some(Machine::of(gpu));
        }
        if let Some(entry) = self.data.as_ref().and_then(|data| data.entry::<Entry>(id)) {
            let Entry { name, gpu, count, ram_gib, prices, note } = entry;
            let gpu = self.gpus.gpu(&gpu)?;
            return Some(Machine {
                id: id.to_owned(),
                name,
                gpu,
                count: count.max(1),
                ram_gib,
                prices,
                note,
            });
        }
        let (count, gpu) = id.split_once('x')?;
        let count = count.parse().ok().filter(|count| (1..=MOST_CARDS).contains(count))?;
        Some(Machine::of(self.gpus.gpu(gpu)?).times(count))
    }

    /// The ids of all cards, then those of the machines with several, each ascending.
    #[must_use]
    pub fn ids(&self) -> Vec<Cow<'_, str>> {
        let mut ids = self.gpus.ids();
        ids.extend(self.data.as_ref().map(DataFile::names).unwrap_or_default());
        ids
    }
}

impl Machine {
    /// One card as a machine.
    #[must_use]
    pub fn of(gpu: Gpu) -> Self {
        Self {
            id: gpu.id.clone(),
            name: gpu.name.clone(),
            count: 1,
            ram_gib: None,
            prices: gpu.prices.clone(),
            note: gpu.note.clone(),
            gpu,
        }
    }

    /// So many of a card.
    fn times(mut self, count: u32) -> Self {
        if count > 1 {
            self.id = format!("{count}x{}", self.id);
            self.name = format!("{count} x {}", self.name);
            self.prices.iter_mut().for_each(|price| price.usd *= f64::from(count));
            self.count = count;
        }
        self
    }

    /// The same machine at a price of one's own, in US dollars an hour. What is not a positive number is left out.
    #[must_use]
    pub fn priced(mut self, per_hour: f64) -> Self {
        if per_hour.is_finite() && per_hour >= 0.0 {
            let (date, source) = (String::new(), "wfc.toml".to_owned());
            self.prices.insert(0, Price { kind: Rent::Own, usd: per_hour, per: Per::Hour, date, source });
        }
        self
    }

    /// The same machine at its own of some prices in US dollars an hour, else, where it is several of one card, at so many
    /// times the card's.
    #[must_use]
    pub fn priced_by(self, price: impl Fn(&str) -> Option<f64>) -> Self {
        let of_cards = || {
            let rest = self.id.strip_suffix(&*self.gpu.id)?;
            price(&self.gpu.id).filter(|_| rest.ends_with('x')).map(|price| price * f64::from(self.count))
        };
        match price(&self.id).or_else(of_cards) {
            Some(own) => self.priced(own),
            None => self,
        }
    }

    /// The price to count with: one's own, else that of an instance or pod on demand, else of what is cheaper because it may be
    /// taken away, else of serverless workers.
    #[must_use]
    pub fn price(&self) -> Option<&Price> {
        self.prices.iter().min_by_key(|price| price.kind)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_embedded_machine_reads() {
        let machines = Machines::from_text(EMBEDDED, Gpus::embedded()).unwrap();
        machines.data.as_ref().unwrap().verify().unwrap();
        for id in machines.ids() {
            let machine = machines.machine(&id).unwrap_or_else(|| panic!("{id}"));
            assert_eq!(machine.id, *id);
            assert!((1..=8).contains(&machine.count), "{id}");
        }
    }

    #[test]
    fn a_machine_is_a_card_or_several() {
        let machines = Machines::embedded();
        let told = |id: &str| {
            let machine = machines.machine(id)?;
            let price = machine.price().map(|price| (price.per_hour() * 100.0).round() / 100.0);
            Some((machine.gpu.id.clone(), machine.count, price))
        };
        assert_eq!(told("rtx-5090"), Some(("rtx-5090".to_owned(), 1, Some(0.89))));
        assert_eq!(told("4xrtx-5090"), Some(("rtx-5090".to_owned(), 4, Some(3.56))));
        assert_eq!(told("p5.48xlarge"), Some(("h100-80gb".to_owned(), 8, Some(55.04))));
        assert_eq!(told("p4d.24xlarge"), Some(("a100-40gb".to_owned(), 8, Some(21.96))));
        for absurd in
            ["", "x", "0xrtx-5090", "-1xrtx-5090", "99999999999xrtx-5090", "2xnothing", "2x2xrtx-5090"]
        {
            assert_eq!(told(absurd), None, "{absurd}");
        }
        let by_project = |id: &str| {
            let own = |id: &str| {
                [("rtx-5090", 0.5), ("p5.48xlarge", 48.0)].iter().find(|own| own.0 == id).map(|own| own.1)
            };
            machines.machine(id).unwrap().priced_by(own).price().map(Price::per_hour)
        };
        assert_eq!(by_project("rtx-5090"), Some(0.5));
        assert_eq!(by_project("4xrtx-5090"), Some(2.0));
        assert_eq!(by_project("p5.48xlarge"), Some(48.0));
        assert_eq!(by_project("h100-80gb"), Some(2.99));
        let own = machines.machine("rtx-5090").unwrap().priced(0.5);
        assert_eq!(own.price().map(Price::per_hour), Some(0.5));
        let absurd = machines.machine("rtx-5090").unwrap().priced(f64::NAN);
        assert_eq!(absurd.price().map(Price::per_hour), Some(0.89));
    }
}
