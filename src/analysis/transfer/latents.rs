//! Latents: makers, encoders, decoders, cutting and joining.

use super::{Outputs, Table};
use crate::analysis::fact::{Content, Fact, Image, Known, Latent, LatentFamily, Why};
use crate::analysis::inputs::Inputs;

pub(super) const TABLE: Table = &[
    ("EmptyLatentImage", |inputs| vec![empty(inputs, LatentFamily::SD, None)]),
    ("EmptySD3LatentImage", |inputs| vec![empty(inputs, LatentFamily::FLUX1, None)]),
    ("EmptyFlux2LatentImage", |inputs| vec![empty(inputs, LatentFamily::FLUX2, None)]),
    ("EmptyHunyuanLatentVideo", |inputs| vec![empty(inputs, LatentFamily::WAN21, Some("length"))]),
    ("EmptyLTXVLatentVideo", |inputs| vec![empty(inputs, LatentFamily::LTX, Some("length"))]),
    ("Wan22ImageToVideoLatent", |inputs| vec![empty(inputs, LatentFamily::WAN22, Some("length"))]),
    ("WanImageToVideo", wan_conditioned),
    ("WanSoundImageToVideo", wan_conditioned),
    ("WanSCAILToVideo", wan_conditioned),
    ("VAEEncode", |inputs| vec![encoded(inputs, "pixels")]),
    ("VAEDecode", |inputs| vec![decoded(inputs)]),
    ("VAEDecodeTiled", |inputs| vec![decoded(inputs)]),
    ("LTXVConcatAVLatent", |inputs| vec![inputs.fact("video_latent")]),
    ("LTXVSeparateAVLatent", separate),
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
) -> Latent {
    Latent {
        family: Ok(family),
        width: width.map(|side| family.side(side)),
        height: height.map(|side| family.side(side)),
        frames: frames.map(|frames| family.frames(frames)),
        content,
    }
}

fn empty(inputs: Inputs<'_>, family: LatentFamily, length: Option<&str>) -> Known<Fact> {
    let frames = length.map_or(Ok(1), |length| inputs.int(length));
    Ok(Fact::Latent(sized(family, inputs.int("width"), inputs.int("height"), frames, Content::Empty)))
}

/// Nodes that give positive, negative and a latent of Wan's 16 channels: comfy_extras/nodes_wan.py.
fn wan_conditioned(inputs: Inputs<'_>) -> Outputs {
    let slots = inputs.node().class.as_ref().map_or(3, |class| class.outputs.len());
    let mut outputs = vec![Err(inputs.unknown(Why::NoTransfer)); slots.max(3)];
    outputs[0] = inputs.fact("positive");
    outputs[1] = inputs.fact("negative");
    outputs[2] = empty(inputs, LatentFamily::WAN21, Some("length"));
    outputs
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
        Err(unknown) => Latent {
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
    Ok(Fact::Image(Image { width: latent.width, height: latent.height, frames: latent.frames, fps }))
}

fn separate(inputs: Inputs<'_>) -> Outputs {
    vec![inputs.fact("av_latent"), Err(inputs.unknown(Why::NoTransfer))]
}

/// The upscaler that LTX-2 has doubles both sides.
fn upsampled(inputs: Inputs<'_>) -> Known<Fact> {
    let latent = inputs.latent("samples")?;
    let doubled = |side: Known<i64>| side.map(|side| side.saturating_mul(2));
    Ok(Fact::Latent(Latent {
        width: doubled(latent.width),
        height: doubled(latent.height),
        content: Content::Unknown,
        ..latent
    }))
}

/// comfy_extras/nodes_wan.py, `TrimVideoLatent`: whole latent frames are taken from the beginning.
fn trimmed(inputs: Inputs<'_>) -> Known<Fact> {
    let latent = inputs.latent("samples")?;
    let frames = || {
        let (cells, stride) = (inputs.int("trim_amount")?, i64::from(latent.family?.temporal));
        Ok(latent.frames?.saturating_sub(cells.saturating_mul(stride)))
    };
    Ok(Fact::Latent(Latent { frames: frames(), ..latent }))
}
