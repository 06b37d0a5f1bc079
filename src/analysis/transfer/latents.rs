//! Latents: makers, encoders, decoders, cutting and joining.

use super::{Outputs, Table};
use crate::analysis::fact::{Content, Fact, ImageFact, Known, LatentFact, LatentFamily, Why};
use crate::analysis::inputs::Inputs;

pub(super) const TABLE: Table = &[
    ("EmptyLatentImage", |inputs| vec![empty(inputs, LatentFamily::SD, None)]),
    ("EmptySD3LatentImage", |inputs| vec![empty(inputs, LatentFamily::FLUX1, None)]),
    ("EmptyFlux2LatentImage", |inputs| vec![empty(inputs, LatentFamily::FLUX2, None)]),
    ("EmptyHunyuanLatentVideo", |inputs| vec![empty(inputs, LatentFamily::WAN21, Some("length"))]),
    ("EmptyLTXVLatentVideo", |inputs| vec![empty(inputs, LatentFamily::LTX, Some("length"))]),
    ("Wan22ImageToVideoLatent", |inputs| vec![Ok(begun(inputs, LatentFamily::WAN22))]),
    ("WanImageToVideo", wan_conditioned),
    ("WanSoundImageToVideo", wan_conditioned),
    ("WanSCAILToVideo", wan_conditioned),
    ("WanAnimateToVideo", wan_conditioned),
    ("WanFirstLastFrameToVideo", wan_conditioned),
    ("WanFunControlToVideo", wan_conditioned),
    ("WanVaceToVideo", wan_conditioned),
    ("WanSoundImageToVideoExtend", wan_extended),
    ("LatentConcat", |inputs| vec![joined(inputs)]),
    ("LatentCut", |inputs| vec![cut(inputs)]),
    ("VAEEncode", |inputs| vec![encoded(inputs, "pixels")]),
    ("VAEDecode", |inputs| vec![decoded(inputs)]),
    ("VAEDecodeTiled", |inputs| vec![decoded(inputs)]),
    ("LTXVConcatAVLatent", |inputs| vec![inputs.fact("video_latent")]),
    ("LTXVSeparateAVLatent", separate),
    ("LTXVImgToVideoInplace", |inputs| vec![inputs.fact("latent")]),
    ("LTXVLatentUpsampler", |inputs| vec![upsampled(inputs)]),
    ("TrimVideoLatent", |inputs| vec![trimmed(inputs)]),
];

impl LatentFamily {
    /// The pixels that a side of so many really gives.
    #[must_use]
    pub fn side(self, pixels: i64) -> i64 {
        pixels - pixels.rem_euclid(i64::from(self.spatial))
    }

    /// The frames that so many really give: one, and whole cells after it.
    #[must_use]
    pub fn frames(self, frames: i64) -> i64 {
        if frames < 1 { frames } else { frames - (frames - 1).rem_euclid(i64::from(self.temporal)) }
    }
}

fn sized(
    family: LatentFamily,
    width: Known<i64>,
    height: Known<i64>,
    frames: Known<i64>,
    content: Content,
) -> LatentFact {
    LatentFact {
        family: Ok(family),
        width: width.map(|side| family.side(side)),
        height: height.map(|side| family.side(side)),
        frames: frames.map(|frames| family.frames(frames)),
        content,
    }
}

#[expect(clippy::unnecessary_wraps, reason = "as the other functions of the table's lines")]
fn empty(inputs: Inputs<'_>, family: LatentFamily, length: Option<&str>) -> Known<Fact> {
    let frames = length.map_or(Ok(1), |length| inputs.int(length));
    Ok(Fact::Latent(sized(family, inputs.int("width"), inputs.int("height"), frames, Content::Empty)))
}

/// `comfy_extras/nodes_wan.py`, `Wan22ImageToVideoLatent`: a picture to begin with is encoded into the latent.
fn begun(inputs: Inputs<'_>, family: LatentFamily) -> Fact {
    let content = if inputs.has("start_image") { Content::Unknown } else { Content::Empty };
    let (width, height) = (inputs.int("width"), inputs.int("height"));
    Fact::Latent(sized(family, width, height, inputs.int("length"), content))
}

/// Nodes that give positive, negative and a latent of Wan's 16 channels: `comfy_extras/nodes_wan.py`.
fn wan_conditioned(inputs: Inputs<'_>) -> Outputs {
    let slots = inputs.node().class.as_ref().map_or(3, |class| class.outputs.len());
    let mut outputs = vec![Err(inputs.unknown(Why::NoTransfer)); slots.max(3)];
    outputs[0] = inputs.fact("positive");
    outputs[1] = inputs.fact("negative");
    let latent = empty(inputs, LatentFamily::WAN21, Some("length"));
    // Some put reference frames before the video, and say how many cells to trim.
    let trims = inputs.node().class.as_ref().is_some_and(|class| class.output_slot("trim_latent").is_some());
    outputs[2] = latent.map(|latent| match latent {
        Fact::Latent(latent) if trims => {
            Fact::Latent(LatentFact { frames: Err(inputs.unknown(Why::NoTransfer)), ..latent })
        }
        latent => latent,
    });
    outputs
}

/// Goes on from a latent, in its size.
fn wan_extended(inputs: Inputs<'_>) -> Outputs {
    let mut outputs = wan_conditioned(inputs);
    outputs[2] = inputs.latent("video_latent").map(|before| {
        let frames = inputs.int("length").map(|frames| LatentFamily::WAN21.frames(frames));
        Fact::Latent(LatentFact { frames, content: Content::Empty, ..before })
    });
    outputs
}

/// `comfy_extras/nodes_latent.py`, `LatentConcat`: of what is joined in time, the cells are added; of a picture's
/// sides nothing is said.
fn joined(inputs: Inputs<'_>) -> Known<Fact> {
    let (one, other) = (inputs.latent("samples1")?, inputs.latent("samples2")?);
    let frames = || {
        if !matches!(&*inputs.text("dim")?, "t" | "-t") {
            return Err(inputs.unknown(Why::NoTransfer));
        }
        // The first cell of each is one frame, and of the second becomes a whole cell.
        let temporal = i64::from(one.family?.temporal);
        Ok(one.frames?.saturating_add(other.frames?).saturating_add(temporal - 1))
    };
    Ok(Fact::Latent(LatentFact { frames: frames(), content: Content::Unknown, ..one }))
}

/// Of a latent that is cut in time, the size stays.
fn cut(inputs: Inputs<'_>) -> Known<Fact> {
    let latent = inputs.latent("samples")?;
    let frames = || {
        if &*inputs.text("dim")? != "t" {
            return Err(inputs.unknown(Why::NoTransfer));
        }
        let temporal = i64::from(latent.family?.temporal);
        Ok((inputs.int("amount")?.max(1) - 1).saturating_mul(temporal).saturating_add(1))
    };
    let side = |side: Known<i64>| match inputs.text("dim").as_deref() {
        Ok("t") => side,
        _ => Err(inputs.unknown(Why::NoTransfer)),
    };
    Ok(Fact::Latent(LatentFact {
        width: side(latent.width),
        height: side(latent.height),
        frames: frames(),
        ..latent
    }))
}

/// The family of the VAE decides; how many frames there are, its kind.
fn encoded(inputs: Inputs<'_>, pixels: &str) -> Known<Fact> {
    let image = inputs.image(pixels)?;
    let family = inputs.model("vae").and_then(|vae| vae.latent().ok_or(inputs.unknown(Why::NoTransfer)));
    Ok(Fact::Latent(match family {
        Ok(family) => {
            // A VAE of pictures makes one latent of each.
            let frames = if family.temporal == 1 { Ok(1) } else { image.frames };
            sized(family, image.width, image.height, frames, Content::Encoded)
        }
        Err(unknown) => LatentFact {
            family: Err(unknown),
            width: image.width,
            height: image.height,
            frames: image.frames,
            content: Content::Encoded,
        },
    }))
}

fn decoded(inputs: Inputs<'_>) -> Known<Fact> {
    let latent = inputs.latent("samples")?;
    let fps = Err(inputs.unknown(Why::Absent));
    Ok(Fact::Image(ImageFact { width: latent.width, height: latent.height, frames: latent.frames, fps }))
}

fn separate(inputs: Inputs<'_>) -> Outputs {
    vec![inputs.fact("av_latent"), Err(inputs.unknown(Why::NoTransfer))]
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

/// `comfy_extras/nodes_wan.py`, `TrimVideoLatent`: whole latent frames are taken from the beginning.
fn trimmed(inputs: Inputs<'_>) -> Known<Fact> {
    let latent = inputs.latent("samples")?;
    let frames = || {
        let (cells, stride) = (inputs.int("trim_amount")?, i64::from(latent.family?.temporal));
        Ok(latent.frames?.saturating_sub(cells.saturating_mul(stride)))
    };
    Ok(Fact::Latent(LatentFact { frames: frames(), ..latent }))
}
