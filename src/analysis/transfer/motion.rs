//! Poses for SCAIL, and the long videos of Wan S2V and Wan Animate, which are made in parts.

use super::{Outputs, Table};
use crate::analysis::fact::{Content, Fact, Image, Known, Latent, LatentFamily, Why};
use crate::analysis::inputs::Inputs;

pub(super) const TABLE: Table = &[
    ("RenderNLFPoses", poses),
    ("WanSoundImageToVideoExtend", extended),
    ("WanAnimateToVideo", animated),
    ("LatentConcat", |inputs| vec![joined(inputs)]),
    ("LatentCut", |inputs| vec![cut(inputs)]),
];

/// ComfyUI-SCAIL-Pose2 nodes.py:812-897: the picture has half the size that is given. Other packs draw at the size
/// that they are given, and call it `width` and `height`.
fn poses(inputs: Inputs<'_>) -> Outputs {
    let open = Err(inputs.unknown(Why::AtRunTime));
    let halves = inputs.node().class.as_ref().is_some_and(|class| class.input("render_width").is_some());
    let side = |name: &str| {
        if halves {
            inputs.int(&format!("render_{name}")).map(|side| (side / 2).max(1))
        } else {
            inputs.int(name)
        }
    };
    let image = Image { width: side("width"), height: side("height"), frames: open, fps: open_fps(inputs) };
    vec![Ok(Fact::Image(image)); 2]
}

fn open_fps(inputs: Inputs<'_>) -> Known<f64> {
    Err(inputs.unknown(Why::Absent))
}

/// The latent of a node that gives positive, negative and latent, in Wan's 16 channels.
fn conditioned(inputs: Inputs<'_>, latent: Latent) -> Outputs {
    let slots = inputs.node().class.as_ref().map_or(3, |class| class.outputs.len()).max(3);
    let mut outputs = vec![Err(inputs.unknown(Why::NoTransfer)); slots];
    outputs[0] = inputs.fact("positive");
    outputs[1] = inputs.fact("negative");
    outputs[2] = Ok(Fact::Latent(latent));
    outputs
}

/// comfy_extras/nodes_wan.py, `WanSoundImageToVideoExtend`: the size of what it goes on from.
fn extended(inputs: Inputs<'_>) -> Outputs {
    let before = inputs.latent("video_latent");
    let frames = inputs.int("length").map(|length| LatentFamily::WAN21.frames(length));
    let (width, height) = (before.and_then(|it| it.width), before.and_then(|it| it.height));
    let family = Ok(LatentFamily::WAN21);
    conditioned(inputs, Latent { family, width, height, frames, content: Content::Empty })
}

/// comfy_extras/nodes_wan.py, `WanAnimateToVideo`: one more latent frame, for the reference, comes first.
fn animated(inputs: Inputs<'_>) -> Outputs {
    let family = LatentFamily::WAN21;
    let side = |name: &str| inputs.int(name).map(|side| family.side(side));
    let frames = inputs.int("length").map(|length| family.frames(length).saturating_add(4));
    let (width, height) = (side("width"), side("height"));
    conditioned(inputs, Latent { family: Ok(family), width, height, frames, content: Content::Empty })
}

/// Latent frames of a video.
fn cells(latent: Latent) -> Known<i64> {
    Ok((latent.frames? - 1).div_euclid(i64::from(latent.family?.temporal)) + 1)
}

/// The same latent with so many latent frames.
fn with_cells(latent: Latent, cells: Known<i64>) -> Latent {
    let frames = || {
        let temporal = i64::from(latent.family?.temporal);
        Ok((cells?.max(1) - 1).saturating_mul(temporal).saturating_add(1))
    };
    Latent { frames: frames(), ..latent }
}

fn joined(inputs: Inputs<'_>) -> Known<Fact> {
    let (first, second) = (inputs.latent("samples1")?, inputs.latent("samples2")?);
    let both = match &*inputs.text("dim")? {
        "t" | "-t" => {
            with_cells(first, cells(first).and_then(|many| Ok(many.saturating_add(cells(second)?))))
        }
        _ => return Err(inputs.unknown(Why::NoTransfer)),
    };
    let content = if first.content == second.content { first.content } else { Content::Unknown };
    Ok(Fact::Latent(Latent { content, ..both }))
}

fn cut(inputs: Inputs<'_>) -> Known<Fact> {
    let latent = inputs.latent("samples")?;
    if &*inputs.text("dim")? != "t" {
        return Err(inputs.unknown(Why::NoTransfer));
    }
    let kept = || {
        let (there, index, amount) = (cells(latent)?, inputs.int("index")?, inputs.int("amount")?);
        let start = if index < 0 { there.saturating_add(index).max(0) } else { index.min(there - 1) };
        Ok(amount.clamp(1, (there - start).max(1)))
    };
    Ok(Fact::Latent(with_cells(latent, kept())))
}
