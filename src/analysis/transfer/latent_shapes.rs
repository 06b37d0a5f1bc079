//! What changes the shape of latents: scaling, cutting, joining, repeating. Lengths are counted in cells, of which the
//! first is one frame.

use super::Table;
use super::resizes::{rounded, to_float};
use crate::analysis::fact::{Content, Fact, Known, LatentFact, Why};
use crate::analysis::inputs::Inputs;

pub(super) const TABLE: Table = &[
    ("LTXVLatentUpsampler", |inputs| vec![upsampled(inputs)]),
    ("LatentBatch", |inputs| vec![batched(inputs)]),
    ("LatentConcat", |inputs| vec![joined(inputs)]),
    ("LatentCut", |inputs| vec![cut(inputs)]),
    ("LatentFromBatch", |inputs| vec![from_batch(inputs)]),
    ("LatentRotate", |inputs| vec![rotated(inputs)]),
    ("LatentUpscale", |inputs| vec![upscaled(inputs)]),
    ("LatentUpscaleBy", |inputs| vec![upscaled_by(inputs)]),
    ("RepeatLatentBatch", |inputs| vec![repeated(inputs)]),
    ("TrimVideoLatent", |inputs| vec![trimmed(inputs)]),
];

impl LatentFact {
    /// With so many cells more in time, or less.
    pub(super) fn longer(self, cells: i64) -> Self {
        let more = self.family.map(|family| cells.saturating_mul(family.temporal.into()));
        let longer = |frames: i64| Some(frames.saturating_add(more.ok()?));
        Self {
            frames: self.frames.and_then(|frames| Ok(frames.saturating_add(more?))),
            most: self.most.and_then(longer),
            ..self
        }
    }

    /// Both sides as functions of their cells.
    fn in_cells(self, width: impl Fn(i64) -> Known<i64>, height: impl Fn(i64) -> Known<i64>) -> Self {
        let side = |side: Known<i64>, of: &dyn Fn(i64) -> Known<i64>| {
            let cell = i64::from(self.family?.spatial);
            Ok(of(side? / cell)?.saturating_mul(cell))
        };
        Self { width: side(self.width, &width), height: side(self.height, &height), ..self }
    }
}

/// The upscaler that LTX-2 has doubles both sides.
fn upsampled(inputs: Inputs<'_>) -> Known<Fact> {
    let latent = inputs.latent("samples")?;
    let doubled = |side: Known<i64>| side.map(|side| side.saturating_mul(2));
    Ok(Fact::Latent(LatentFact {
        width: doubled(latent.width),
        height: doubled(latent.height),
        content: Content::Unknown,
        ..latent
    }))
}

/// `nodes.py`, `LatentUpscale`: sides in units of 8 pixels, whatever a cell has, and at least 8 of them. 0 for one side
/// keeps the proportion, 0 for both all.
fn upscaled(inputs: Inputs<'_>) -> Known<Fact> {
    let latent = inputs.latent("samples")?;
    let (width, height) = (inputs.int("width")?, inputs.int("height")?);
    let cells = |side: i64| Ok(side.max(64) / 8);
    let scaled = match (width, height) {
        (0, 0) => return Ok(Fact::Latent(latent)),
        (0, _) | (_, 0) => {
            let proportion = |own: Known<i64>, other: Known<i64>, side: i64| {
                Ok(rounded(to_float(own?) * to_float(side.max(64)) / to_float(other?)))
            };
            let (own, other) = (latent.width, latent.height);
            latent.in_cells(
                |_| cells(if width == 0 { proportion(own, other, height)? } else { width }),
                |_| cells(if height == 0 { proportion(other, own, width)? } else { height }),
            )
        }
        _ => latent.in_cells(|_| cells(width), |_| cells(height)),
    };
    Ok(Fact::Latent(LatentFact { content: Content::Unknown, ..scaled }))
}

/// `nodes.py`, `LatentUpscaleBy`: whole cells.
fn upscaled_by(inputs: Inputs<'_>) -> Known<Fact> {
    let latent = inputs.latent("samples")?;
    let by = inputs.float("scale_by");
    let scaled = |cells: i64| Ok(rounded(to_float(cells) * by?));
    Ok(Fact::Latent(LatentFact { content: Content::Unknown, ..latent.in_cells(scaled, scaled) }))
}

/// `nodes.py`, `LatentRotate`.
fn rotated(inputs: Inputs<'_>) -> Known<Fact> {
    let latent = inputs.latent("samples")?;
    let rotation = inputs.text("rotation")?;
    if rotation.starts_with("90") || rotation.starts_with("270") {
        return Ok(Fact::Latent(LatentFact { width: latent.height, height: latent.width, ..latent }));
    }
    Ok(Fact::Latent(latent))
}

/// `nodes.py`, `RepeatLatentBatch`.
fn repeated(inputs: Inputs<'_>) -> Known<Fact> {
    let latent = inputs.latent("samples")?;
    let batch = latent.batch.and_then(|batch| Ok(batch.saturating_mul(inputs.int("amount")?)));
    Ok(Fact::Latent(LatentFact { batch, ..latent }))
}

/// `nodes.py`, `LatentFromBatch`: both ends stay within what is there.
fn from_batch(inputs: Inputs<'_>) -> Known<Fact> {
    let latent = inputs.latent("samples")?;
    let batch = || {
        let (at, length, there) = (inputs.int("batch_index")?, inputs.int("length")?, latent.batch?);
        Ok(length.min(there - at.min(there - 1)))
    };
    Ok(Fact::Latent(LatentFact { batch: batch(), ..latent }))
}

/// `comfy_extras/nodes_latent.py`, `LatentBatch`: the second is made to fit the first.
fn batched(inputs: Inputs<'_>) -> Known<Fact> {
    let (one, other) = (inputs.latent("samples1")?, inputs.latent("samples2")?);
    let batch = one.batch.and_then(|batch| Ok(batch.saturating_add(other.batch?)));
    Ok(Fact::Latent(LatentFact { batch, content: Content::Unknown, ..one }))
}

/// `comfy_extras/nodes_latent.py`, `LatentConcat`: cells are added in one direction.
fn joined(inputs: Inputs<'_>) -> Known<Fact> {
    let (one, other) = (inputs.latent("samples1")?, inputs.latent("samples2")?);
    let sum = |one: Known<i64>, other: Known<i64>| Ok(one?.saturating_add(other?));
    let dim = inputs.text("dim");
    let joined = match dim.as_deref().map(|dim| dim.trim_start_matches('-')) {
        Ok("x") => LatentFact { width: sum(one.width, other.width), ..one },
        Ok("y") => LatentFact { height: sum(one.height, other.height), ..one },
        Ok("t") => {
            // The first cell of each is one frame, and of the second becomes a whole cell.
            let rest = one.family.map(|family| i64::from(family.temporal) - 1);
            let most = || one.at_most()?.checked_add(other.at_most()?)?.checked_add(rest.ok()?);
            LatentFact { frames: sum(sum(one.frames, other.frames), rest), most: most(), ..one }
        }
        _ => {
            let open = Err(inputs.unknown(Why::NoTransfer));
            LatentFact { width: open, height: open, frames: open, most: None, ..one }
        }
    };
    Ok(Fact::Latent(LatentFact { content: Content::Unknown, ..joined }))
}

/// `comfy_extras/nodes_latent.py`, `LatentCut`: at most so many cells, as far as there are any from `index` on.
fn cut(inputs: Inputs<'_>) -> Known<Fact> {
    let latent = inputs.latent("samples")?;
    let (index, amount) = (inputs.int("index"), inputs.int("amount"));
    let left = |cells: i64| {
        let (index, amount) = (index?, amount?);
        let there = if index >= 0 { cells - index.min(cells - 1) } else { (-index).min(cells) };
        Ok(amount.min(there))
    };
    let dim = inputs.text("dim");
    Ok(Fact::Latent(match dim.as_deref() {
        Ok("x") => LatentFact { width: latent.in_cells(left, left).width, ..latent },
        Ok("y") => LatentFact { height: latent.in_cells(left, left).height, ..latent },
        Ok("t") => {
            let stride = latent.family.map(|family| i64::from(family.temporal));
            let of_cells = |cells: i64| Ok((cells - 1).saturating_mul(stride?).saturating_add(1));
            let frames = || of_cells(left((latent.frames? - 1) / stride? + 1)?);
            let most = amount.and_then(of_cells).ok();
            LatentFact { frames: frames(), most, ..latent }
        }
        _ => {
            let open = Err(inputs.unknown(Why::NoTransfer));
            LatentFact { width: open, height: open, frames: open, most: None, ..latent }
        }
    }))
}

/// `comfy_extras/nodes_wan.py`, `TrimVideoLatent`: whole cells are taken from the beginning.
fn trimmed(inputs: Inputs<'_>) -> Known<Fact> {
    let latent = inputs.latent("samples")?;
    Ok(Fact::Latent(match inputs.int("trim_amount") {
        Ok(cells) => latent.longer(-cells),
        Err(unknown) => LatentFact { frames: Err(unknown), most: latent.at_most(), ..latent },
    }))
}
