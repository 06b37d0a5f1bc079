//! The time of one step on a machine: the formulas.

use crate::catalog::{Gpu, Machine};
use crate::plan::amount::Amount;
use crate::plan::coefficients::{Basis, Coefficient, Coefficients};
use crate::plan::need::{Engine, Kind, Need, Peak};
use crate::plan::network::Network;
use crate::plan::verdict::Budget;
use crate::plan::{Step, Work};

use super::{Pace, Seconds, streamed};

const MIB: f64 = 1024.0 * 1024.0;
/// Of TFLOPS, and of TB.
const TERA: f64 = 1e12;
const GIGA: f64 = 1e9;

/// Computes times on a machine.
#[derive(Clone, Copy, Debug)]
pub struct Timer<'t> {
    /// The machine.
    pub machine: &'t Machine,
    /// The table.
    pub coefficients: &'t Coefficients,
    /// Bytes of the card that must stay free.
    pub headroom: f64,
}

/// Attention heads that cannot be divided among the cards.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Uneven {
    /// The network's heads.
    pub heads: f64,
    /// The cards.
    pub cards: u32,
}

/// An amount by a speed: fast is soon. Nothing where the speed is not positive.
pub(super) fn divide(amount: Amount, speed: Amount) -> Amount {
    let by = |amount: f64, speed: f64| if speed > 0.0 { amount / speed } else { 0.0 };
    Amount {
        low: by(amount.low, speed.high),
        typical: by(amount.typical, speed.typical),
        high: by(amount.high, speed.low),
    }
}

impl Timer<'_> {
    fn gpu(&self) -> &Gpu {
        &self.machine.gpu
    }

    /// The row for this card, else for its architecture, else for any; and how well it is known here.
    pub(super) fn of_card(&self, kind: &str, engine: Engine, case: &str) -> Option<(&Coefficient, Basis)> {
        let find = |subject| self.coefficients.find(kind, engine.key(), subject, case, None);
        let own = find(&self.gpu().id).filter(|row| row.subject != "*").map(|row| (row, row.basis));
        // What was measured on another card of the architecture is concluded for this one.
        own.or_else(|| find(&self.gpu().arch).map(|row| (row, row.basis.max(Basis::Counted))))
    }

    fn amount(&self, kind: &str, engine: Engine, subject: &str, case: &str) -> Amount {
        let row = self.coefficients.find(kind, engine.key(), subject, case, None);
        row.map_or(Amount::ZERO, |row| row.amount)
    }

    /// Bytes a second from the host to the card.
    fn bus(&self, engine: Engine) -> Amount {
        self.amount("pcie", engine, "*", "") * GIGA
    }

    /// The heads of attention that each card has where Wan's own runner divides them.
    ///
    /// # Errors
    /// When they cannot be divided evenly: the runner refuses to start.
    pub fn heads_per_card(&self, network: &Network) -> Result<f64, Uneven> {
        let channels = self.amount("head", Engine::Reference, network.name, "").typical.max(1.0);
        let heads = (network.hidden / channels).round();
        let cards = f64::from(self.machine.count.max(1));
        let share = heads / cards;
        if share.fract() == 0.0 { Ok(share) } else { Err(Uneven { heads, cards: self.machine.count }) }
    }

    /// How many times faster the cards are than one of them.
    fn scaling(&self, engine: Engine) -> Amount {
        let cards = f64::from(self.machine.count.max(1));
        if engine != Engine::Reference || cards < 2.0 {
            return Amount::exact(1.0);
        }
        let lost = self.of_card("scaling", engine, "").map_or(Amount::ZERO, |(row, _)| row.amount);
        let faster = |lost: f64| cards / lost.mul_add(cards - 1.0, 1.0);
        Amount { low: faster(lost.high), typical: faster(lost.typical), high: faster(lost.low) }
    }

    /// Seconds that all passes would take if nothing were lost, which is less than they ever take; nothing if the speed of
    /// the card is not known.
    #[must_use]
    pub fn ideal(&self, work: &Work, engine: Engine) -> Option<(Amount, Basis)> {
        let gpu = self.gpu();
        let full = gpu.bf16_tflops? * TERA;
        let name = work.precision.map_or("bf16", |precision| precision.name);
        let fp8 = gpu.fp8_tflops.filter(|_| gpu.computes_in("fp8")).map(|speed| speed * TERA);
        let (low, typical, high, basis) = match (name, fp8, work.multiplies_fp8) {
            ("fp8", Some(fast), Some(true)) => (fast, fast, fast, Basis::Exact),
            ("fp8", Some(fast), None) => (fast, full, full, Basis::Counted),
            ("nvfp4", Some(fast), _) if gpu.computes_in("fp4") => (fast * 2.0, fast, full, Basis::Assumed),
            _ => (full, full, full, Basis::Exact),
        };
        let products = (work.flops - work.attention).max(0.0);
        let seconds = |speed: f64| (products / speed + work.attention / full) * work.passes;
        let ideal = Amount { low: seconds(low), typical: seconds(typical), high: seconds(high) };
        let (converting, converted) = self.converting(work, engine, fp8.is_some());
        Some((ideal * converting, basis.max(converted)))
    }

    /// What turning stored weights into those that are multiplied makes of the time.
    fn converting(&self, work: &Work, engine: Engine, has_fp8: bool) -> (Amount, Basis) {
        let name = work.precision.map_or("bf16", |precision| precision.name);
        let case = match name {
            "bf16" | "fp16" | "fp32" => return (Amount::exact(1.0), Basis::Exact),
            "fp8" if has_fp8 && work.multiplies_fp8 == Some(true) => {
                return (Amount::exact(1.0), Basis::Exact);
            }
            "fp8" => "fp8",
            _ => "packed",
        };
        let row = self.coefficients.find("convert", engine.key(), "*", case, None);
        row.map_or((Amount::exact(1.0), Basis::Assumed), |row| (row.amount, row.basis))
    }

    /// The time of all passes of a sampler, of which so many bytes are streamed in each; nothing if the speed of the card is
    /// not known, or if the runner cannot divide the heads among the cards.
    #[must_use]
    pub fn sampling(
        &self,
        work: &Work,
        engine: Engine,
        weights: Amount,
        streamed: Amount,
    ) -> Option<Seconds> {
        if engine == Engine::Reference && self.heads_per_card(work.network).is_err() {
            return None;
        }
        let (ideal, basis) = self.ideal(work, engine)?;
        let (row, known) = self.of_card("efficiency", engine, "sampling")?;
        let scaling = self.scaling(engine);
        let computing = divide(divide(ideal, row.amount), scaling);
        let bandwidth = self.gpu().bandwidth_gb_s.unwrap_or_default() * GIGA;
        let reading = divide(weights * work.passes, Amount::exact(bandwidth));
        let reading = divide(reading, Amount::exact(scaling.typical));
        let times = self.amount("stream", engine, "*", "");
        let streaming = divide(streamed * times * work.passes, self.bus(engine));
        let least = computing.max(reading);
        let amount = Amount {
            // Streaming and computing overlap at best, and follow each other at worst.
            low: least.low.max(streaming.low),
            typical: least.typical + streaming.typical,
            high: least.high + streaming.high,
        };
        let pace = if streaming.typical > least.typical {
            Pace::Streaming
        } else if reading.typical > computing.typical {
            Pace::Bandwidth
        } else {
            Pace::Computing
        };
        let shared = if scaling.high > 1.0 { self.of_card("scaling", engine, "") } else { None };
        // What streaming costs is not calibrated; a little of it does not matter.
        let streams = if streaming.high > 0.05 * least.typical { Basis::Assumed } else { Basis::Exact };
        let basis = [basis, known, streams].into_iter().max().unwrap_or_default();
        Some(Seconds { amount, basis: shared.map_or(basis, |(_, shared)| basis.max(shared)), pace })
    }

    /// The time of a VAE's or encoder's operations.
    fn computing(&self, need: &Need) -> Option<(Amount, Basis)> {
        let gpu = self.gpu();
        let full = Amount::exact(gpu.bf16_tflops? * TERA);
        let (case, work) = match need.kind {
            Kind::VaeDecode | Kind::VaeEncode => {
                let case = if need.kind == Kind::VaeDecode { "decode" } else { "encode" };
                ("vae", self.amount("work", need.engine, &need.family, case) * need.units)
            }
            // Two operations for each parameter and token; a parameter takes from half a byte to two.
            _ => ("text", Amount { low: 1.0, typical: 1.5, high: 4.0 } * need.weights * need.units),
        };
        let row = self.coefficients.find("efficiency", need.engine.key(), "*", case, None)?;
        Some((divide(work, full * row.amount), row.basis))
    }

    /// The time of a step. `is_there` says that its model is on the card already.
    #[must_use]
    pub fn step(&self, step: &Step, is_there: bool) -> Option<Seconds> {
        self.need(&step.need, step.work.as_ref(), &step.without_streaming, is_there)
    }

    /// The time of what a step or stage needs, with the work of a sampler and the peak with all weights on the card.
    #[must_use]
    pub fn need(
        &self,
        need: &Need,
        work: Option<&Work>,
        without_streaming: &Peak,
        is_there: bool,
    ) -> Option<Seconds> {
        let moved = divide(need.weights, self.bus(need.engine));
        // The model may have stayed from the run before.
        let moving =
            Amount { low: 0.0, typical: if is_there { 0.0 } else { moved.typical }, high: moved.high };
        let seconds = match need.kind {
            Kind::Sampling => {
                let budget = Budget { total: self.gpu().vram_mib() * MIB, headroom: self.headroom };
                let streamed = streamed(need, without_streaming, budget);
                self.sampling(work?, need.engine, need.weights, streamed)?
            }
            Kind::Other | Kind::AudioDecode => {
                let case = if need.kind == Kind::Other { "other" } else { "audio" };
                let amount = self.amount("seconds", need.engine, "*", case);
                Seconds { amount, basis: Basis::Assumed, pace: Pace::Assumed }
            }
            _ => {
                let (amount, basis) = self.computing(need)?;
                Seconds { amount, basis, pace: Pace::Computing }
            }
        };
        let pace = if moving.typical > seconds.amount.typical { Pace::Moving } else { seconds.pace };
        Some(Seconds { amount: seconds.amount + moving, pace, ..seconds })
    }
}
