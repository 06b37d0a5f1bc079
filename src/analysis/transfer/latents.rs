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
    ("WanVaceToVideo", wan_vace),
    ("WanSoundImageToVideoExtend", wan_extended),
    ("VAEEncode", |inputs| vec![encoded(inputs)]),
    ("VAEEncodeForInpaint", |inputs| vec![encoded(inputs)]),
    ("VAEEncodeTiled", |inputs| vec![encoded(inputs)]),
    ("InpaintModelConditioning", |inputs| {
        vec![inputs.fact("positive"), inputs.fact("negative"), encoded(inputs)]
    }),
    ("VAEDecode", |inputs| vec![decoded(inputs)]),
    ("VAEDecodeTiled", |inputs| vec![decoded(inputs)]),
    ("LTXVConcatAVLatent", |inputs| vec![inputs.fact("video_latent")]),
    ("LTXVSeparateAVLatent", separate),
    ("LTXVImgToVideoInplace", |inputs| vec![inputs.fact("latent")]),
    ("LTXVAddGuide", |inputs| vec![inputs.fact("positive"), inputs.fact("negative"), guided(inputs)]),
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

pub(super) fn sized(
    family: LatentFamily,
    (width, height): (Known<i64>, Known<i64>),
    (frames, most): (Known<i64>, Option<i64>),
    content: Content,
) -> LatentFact {
    LatentFact {
        family: Ok(family),
        width: width.map(|side| family.side(side)),
        height: height.map(|side| family.side(side)),
        frames: frames.map(|frames| family.frames(frames)),
        most: most.map(|frames| family.frames(frames)),
        batch: Ok(1),
        content,
    }
}

/// How many latents a class makes: those that make one have no input for it.
fn batch(inputs: Inputs<'_>) -> Known<i64> {
    let has_batches = inputs.node().class.as_ref().is_some_and(|class| class.input("batch_size").is_some());
    if has_batches { inputs.int("batch_size") } else { Ok(1) }
}

#[expect(clippy::unnecessary_wraps, reason = "as the other functions of the table's lines")]
fn empty(inputs: Inputs<'_>, family: LatentFamily, length: Option<&str>) -> Known<Fact> {
    let frames = length.map_or((Ok(1), None), |length| (inputs.int(length), inputs.most(length)));
    let size = (inputs.int("width"), inputs.int("height"));
    Ok(Fact::Latent(LatentFact { batch: batch(inputs), ..sized(family, size, frames, Content::Empty) }))
}

/// `comfy_extras/nodes_wan.py`, `Wan22ImageToVideoLatent`: a picture to begin with is encoded into the latent.
fn begun(inputs: Inputs<'_>, family: LatentFamily) -> Fact {
    let content = if inputs.has("start_image") { Content::Unknown } else { Content::Empty };
    let size = (inputs.int("width"), inputs.int("height"));
    let frames = (inputs.int("length"), inputs.most("length"));
    Fact::Latent(LatentFact { batch: batch(inputs), ..sized(family, size, frames, content) })
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
            Fact::Latent(LatentFact { frames: Err(inputs.unknown(Why::NoTransfer)), most: None, ..latent })
        }
        latent => latent,
    });
    outputs
}

/// `comfy_extras/nodes_wan.py`, `WanVaceToVideo`: of the reference the first picture is put before the video, as a cell
/// of its own.
fn wan_vace(inputs: Inputs<'_>) -> Outputs {
    let cells = i64::from(inputs.has("reference_image"));
    let latent = empty(inputs, LatentFamily::WAN21, Some("length")).map(|latent| match latent {
        Fact::Latent(latent) => Fact::Latent(latent.longer(cells)),
        other => other,
    });
    vec![inputs.fact("positive"), inputs.fact("negative"), latent, Ok(Fact::int(cells))]
}

/// Goes on from a latent, in its size.
fn wan_extended(inputs: Inputs<'_>) -> Outputs {
    let mut outputs = wan_conditioned(inputs);
    outputs[2] = inputs.latent("video_latent").map(|before| {
        let frames = inputs.int("length").map(|frames| LatentFamily::WAN21.frames(frames));
        let most = inputs.most("length").map(|frames| LatentFamily::WAN21.frames(frames));
        Fact::Latent(LatentFact { frames, most, content: Content::Empty, ..before })
    });
    outputs
}

/// The family of the VAE decides; how many frames there are, its kind.
fn encoded(inputs: Inputs<'_>) -> Known<Fact> {
    let image = inputs.image("pixels")?;
    let family = inputs.model("vae").and_then(|vae| vae.latent().ok_or(inputs.unknown(Why::NoTransfer)));
    let size = (image.width, image.height);
    Ok(Fact::Latent(match family {
        // A VAE of pictures makes one latent of each.
        Ok(family) if family.temporal == 1 => {
            LatentFact { batch: image.frames, ..sized(family, size, (Ok(1), None), Content::Encoded) }
        }
        Ok(family) => sized(family, size, (image.frames, image.most), Content::Encoded),
        Err(unknown) => LatentFact {
            family: Err(unknown),
            width: image.width,
            height: image.height,
            frames: image.frames,
            most: image.most,
            batch: Err(unknown),
            content: Content::Encoded,
        },
    }))
}

/// `nodes.py`, `VAEDecode` and `VAEDecodeTiled`: the videos of a batch become one, one after the other.
fn decoded(inputs: Inputs<'_>) -> Known<Fact> {
    let latent = inputs.latent("samples")?;
    let all = |frames: i64| Some(frames.saturating_mul(latent.batch.ok()?));
    let frames = latent.frames.and_then(|frames| Ok(frames.saturating_mul(latent.batch?)));
    Ok(Fact::Image(ImageFact {
        width: latent.width,
        height: latent.height,
        frames,
        most: latent.most.and_then(all),
        fps: Err(inputs.unknown(Why::Absent)),
    }))
}

fn separate(inputs: Inputs<'_>) -> Outputs {
    vec![inputs.fact("av_latent"), Err(inputs.unknown(Why::NoTransfer))]
}

/// `comfy_extras/nodes_lt.py`, `LTXVAddGuide`: the guide is put behind the video; how many cells of it differs between
/// versions.
fn guided(inputs: Inputs<'_>) -> Known<Fact> {
    let latent = inputs.latent("latent")?;
    let frames = Err(inputs.unknown(Why::NoTransfer));
    Ok(Fact::Latent(LatentFact { frames, most: None, content: Content::Unknown, ..latent }))
}
