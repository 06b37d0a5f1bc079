//! What a VAE needs of a card's memory: whole, in tiles, and in parts.

use super::amount::Amount;
use super::coefficients::Basis;
use super::need::{Calculator, Engine, Kind, Need, Torch};

/// A VAE at work.
#[derive(Clone, Copy, Debug)]
pub struct Vae<'a> {
    /// What runs it.
    pub engine: Engine,
    /// Its family, as in the catalog of models; `ltx2-vae` for LTX-2.
    pub family: &'a str,
    /// True for latents to pictures.
    pub is_decode: bool,
    /// In pixels.
    pub width: f64,
    /// In pixels.
    pub height: f64,
    /// Frames; 1 for a picture.
    pub frames: f64,
    /// Width and height of a tile in pixels, if it works in tiles.
    pub tile: Option<(f64, f64)>,
    /// Bytes of a number it computes with.
    pub itemsize: f64,
    /// Bytes of its weights.
    pub weights: Amount,
}

impl Vae<'_> {
    /// True if it is one of videos.
    pub(super) fn is_three_dimensional(&self) -> bool {
        !self.family.starts_with("flux")
    }
}

impl Calculator<'_> {
    /// What a VAE needs for pictures or frames of this size; tiles in pixels.
    #[must_use]
    pub fn vae(&self, of: &Vae<'_>) -> Need {
        let (width, height) = of.tile.unwrap_or((of.width, of.height));
        let pixels = width.min(of.width) * height.min(of.height);
        let word = if of.is_decode { "decode" } else { "encode" };
        let mut notes = vec![format!("{} x {} x {}", of.width, of.height, of.frames)];
        if of.tile.is_some() {
            notes.push(format!("tiles of {width} x {height}"));
        }
        let (activations, basis) = if of.family.starts_with("ltx2") {
            self.ltx(of, pixels)
        } else {
            let row = self.coefficients.by_frames("vae", of.engine.key(), of.family, word, of.frames);
            row.map_or((Amount::ZERO, Basis::Assumed), |row| {
                let per_byte = self.copied(of, row.amount) + Amount::exact(row.per_frame * of.frames);
                let one = per_byte * (pixels * of.itemsize) + Amount::exact(row.fixed);
                (self.assembled(of, one), row.basis)
            })
        };
        let convolutions = self.convolutions(of);
        if convolutions.high > 1.0 {
            let torch = self.setup.torch.map(Torch::case).unwrap_or_default();
            notes.push(format!("three-dimensional convolutions as in torch {torch}"));
        }
        let activations = activations * convolutions;
        Need {
            kind: if of.is_decode { Kind::VaeDecode } else { Kind::VaeEncode },
            engine: of.engine,
            weights: of.weights,
            resident: of.weights,
            buffers: Amount::ZERO,
            activations,
            roomy: activations,
            basis,
            notes,
            model: String::new(),
            family: of.family.to_owned(),
            units: of.width * of.height * of.frames,
        }
    }

    /// Live tensors and what convolutions copy of them: not all cards copy all of it.
    fn copied(&self, of: &Vae<'_>, amount: Amount) -> Amount {
        let generation = self.setup.capability.map_or_else(String::new, |of| format!("{:.0}", of.floor()));
        let share = self.number("copied", of.engine, &generation, "").unwrap_or(1.0);
        Amount { typical: (amount.typical - amount.low).mul_add(share, amount.low), ..amount }
    }

    /// Where tiles stay on the card until all are there, their sum: while the last is decoded, or when they are put together.
    fn assembled(&self, of: &Vae<'_>, one: Amount) -> Amount {
        let find = |kind| self.find(kind, of.engine, of.family, "").filter(|_| of.tile.is_some());
        let clip = 3.0 * of.width * of.height * of.frames * of.itemsize;
        let (Some(held), Some(whole)) = (find("tiles"), find("assembled")) else { return one };
        (one + held.amount * clip).max(whole.amount * clip)
    }

    /// What a version of torch makes of three-dimensional convolutions in 16 bits.
    fn convolutions(&self, of: &Vae<'_>) -> Amount {
        let is_wide = of.itemsize > 2.0 || !of.is_three_dimensional();
        let row = self.setup.torch.filter(|_| !is_wide);
        let row = row.and_then(|torch| self.find("conv3d", of.engine, "*", &torch.case()));
        row.map_or(Amount::exact(1.0), |row| row.amount)
    }

    /// LTX-2's VAE works in parts, so its peak is not proportional to anything: the table's points, and lines between them.
    fn ltx(&self, of: &Vae<'_>, pixels: f64) -> (Amount, Basis) {
        let kind = if of.is_decode { "ltx_decode" } else { "ltx_encode" };
        let points = self.coefficients.rows().iter().filter(|row| row.kind == kind);
        let points: Vec<(f64, f64, Amount)> = points
            .filter_map(|row| {
                let (area, frames) = row.case.split_once('x')?;
                Some((area.parse().ok()?, frames.parse().ok()?, row.amount * (1024.0 * 1024.0)))
            })
            .collect();
        // By how much a point is off, in doublings of area and frames.
        let distance =
            |point: &(f64, f64, Amount)| (point.0 / pixels).log2().abs() + (point.1 / of.frames).log2().abs();
        if let Some(exact) = points.iter().find(|point| distance(point) < 1e-9) {
            return (exact.2, Basis::Tracked);
        }
        let mut near: Vec<_> = points.iter().map(|point| (distance(point), point)).collect();
        near.sort_by(|one, other| one.0.total_cmp(&other.0));
        near.truncate(3);
        let Some((nearest, _)) = near.first().copied() else { return (Amount::ZERO, Basis::Assumed) };
        // Between points it grows with the area, and slowly with the frames.
        let growth = |case| self.number("growth", Engine::Native, "ltx2-vae", case).unwrap_or_default();
        let scaled = |point: &(f64, f64, Amount)| {
            let area = (pixels / point.0).powf(growth("area"));
            point.2.typical * area * (of.frames / point.1).powf(growth("frames"))
        };
        let weight: f64 = near.iter().map(|(distance, _)| 1.0 / distance).sum();
        let typical = near.iter().map(|(distance, point)| scaled(point) / distance).sum::<f64>() / weight;
        let spread = nearest.mul_add(growth("spread by doubling"), growth("spread").max(1.0));
        (
            Amount { low: typical / spread, typical, high: typical * spread },
            if nearest < 1.0 { Basis::Tracked } else { Basis::Counted },
        )
    }
}
