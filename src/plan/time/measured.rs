//! What was measured: `schemas/times.csv`.

use std::sync::LazyLock;

use crate::plan::Work;
use crate::plan::need::Engine;
use crate::plan::network::{Network, Precision};

const TABLE: &str = include_str!("../../../schemas/times.csv");

/// What a measured time is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Includes {
    /// One step of a sampler.
    Step,
    /// All steps of a sampler.
    Sampling,
    /// Everything, from the prompt to the picture, with the models read before.
    Prompt,
    /// Everything, with reading the models.
    First,
}

impl Includes {
    fn parse(word: &str) -> Option<Self> {
        Some(match word {
            "step" => Self::Step,
            "sampling" => Self::Sampling,
            "prompt" => Self::Prompt,
            "first" => Self::First,
            _ => return None,
        })
    }
}

/// A measured time.
#[derive(Clone, Debug, PartialEq)]
pub struct Measured {
    /// Its name, such as `t1`.
    pub id: &'static str,
    /// The card, as the catalog calls it; empty if the source does not say, or if the catalog lacks it.
    pub gpu: &'static str,
    /// How many of them.
    pub cards: u32,
    /// What ran.
    pub engine: Option<Engine>,
    /// The network, as `schemas/networks.csv` calls it.
    pub network: &'static str,
    /// How its weights were stored.
    pub precision: &'static str,
    /// True if weights in fp8 were multiplied as they are.
    pub multiplies_fp8: Option<bool>,
    /// In pixels.
    pub width: f64,
    /// In pixels.
    pub height: f64,
    /// Frames.
    pub frames: f64,
    /// Steps.
    pub steps: f64,
    /// Passes of a step: 2 with guidance.
    pub passes: f64,
    /// The time.
    pub seconds: f64,
    /// What it is the time of.
    pub includes: Includes,
    /// Why nothing is fitted on it; empty if something is.
    pub refused: &'static str,
    /// Where it was published.
    pub source: &'static str,
}

static ALL: LazyLock<Vec<Measured>> = LazyLock::new(|| lines().filter_map(parse).collect());

fn lines() -> impl Iterator<Item = &'static str> {
    TABLE.lines().filter(|line| !line.starts_with('#')).skip(1)
}

fn parse(line: &'static str) -> Option<Measured> {
    let fields: Vec<&str> = line.split(',').collect();
    let [
        id,
        gpu,
        cards,
        engine,
        network,
        precision,
        multiplies,
        width,
        height,
        frames,
        steps,
        passes,
        seconds,
        includes,
        refused,
        source,
    ] = fields[..]
    else {
        return None;
    };
    let number = |text: &str| text.parse().ok();
    Some(Measured {
        id,
        gpu,
        cards: cards.parse().ok()?,
        engine: Engine::ALL.into_iter().find(|known| known.key() == engine),
        network,
        precision,
        multiplies_fp8: match multiplies {
            "yes" => Some(true),
            "no" => Some(false),
            _ => None,
        },
        width: number(width)?,
        height: number(height)?,
        frames: number(frames)?,
        steps: number(steps)?,
        passes: number(passes)?,
        seconds: number(seconds)?,
        includes: Includes::parse(includes)?,
        refused,
        source,
    })
}

impl Measured {
    /// All of them, in the order of the table.
    #[must_use]
    pub fn all() -> &'static [Self] {
        &ALL
    }

    /// What was computed: in a step, or in all of them. Nothing if the network is not known.
    #[must_use]
    pub fn work(&self) -> Option<Work> {
        let network = Network::called(self.network)?;
        let tokens = network.tokens(self.width, self.height, self.frames) + network.text;
        let steps = if self.includes == Includes::Step { 1.0 } else { self.steps };
        Some(Work {
            network,
            flops: network.flops(tokens),
            attention: network.attention(tokens),
            passes: steps * self.passes,
            tokens,
            precision: Precision::told_by(self.precision),
            multiplies_fp8: self.multiplies_fp8,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::Gpus;

    #[test]
    fn every_row_reads_and_names_what_there_is() {
        assert_eq!(Measured::all().len(), lines().count());
        let mut ids: Vec<&str> = Measured::all().iter().map(|row| row.id).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), Measured::all().len(), "ids are unique");
        let gpus = Gpus::embedded();
        for row in Measured::all() {
            assert!(row.seconds > 0.0 && row.cards > 0, "{}", row.id);
            assert!(row.gpu.is_empty() || gpus.gpu(row.gpu).is_some(), "{}: {}", row.id, row.gpu);
            if row.refused.is_empty() {
                assert!(row.work().is_some() && row.engine.is_some() && !row.gpu.is_empty(), "{}", row.id);
            }
        }
    }
}
