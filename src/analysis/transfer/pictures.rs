//! Pictures, masks, videos and sounds: loaders, resizers, selections.

use std::f64;

use super::{Outputs, Table, passed};
use crate::analysis::fact::{AudioFact, Fact, ImageFact, Known, VideoFact, Why};
use crate::analysis::inputs::Inputs;

pub(super) const TABLE: Table = &[
    ("LoadImage", |inputs| loaded(inputs, 2)),
    ("LoadImageMask", |inputs| loaded(inputs, 1)),
    ("LoadImageOutput", |inputs| loaded(inputs, 2)),
    ("EmptyImage", empty_image),
    ("ImageScale", scaled),
    ("ImageScaleBy", scaled_by),
    ("ImageScaleToTotalPixels", scaled_to_pixels),
    ("FluxKontextImageScale", unknown_size),
    ("ImageResizeKJv2", resized_kj),
    ("ImageFromBatch", from_batch),
    ("ImageInvert", |inputs| passed(inputs, "image")),
    ("RepeatImageBatch", repeated),
    ("VHS_LoadVideo", vhs_load_video),
    ("VHS_LoadVideoPath", vhs_load_video),
    ("LoadVideo", load_video),
    ("GetVideoComponents", video_components),
    ("CreateVideo", create_video),
    ("LoadAudio", load_audio),
    ("TrimAudioDuration", trim_audio),
];

impl ImageFact {
    /// Of the same length and rate, in another size.
    fn sized(self, width: Known<i64>, height: Known<i64>) -> Self {
        Self { width, height, ..self }
    }
}

/// What a file holds shows when it is loaded.
fn loaded(inputs: Inputs<'_>, slots: usize) -> Outputs {
    let file = Err(inputs.unknown(Why::AtRunTime));
    // An animated picture gives all its frames.
    let image = ImageFact { width: file, height: file, frames: file, fps: Err(inputs.unknown(Why::Absent)) };
    vec![Ok(Fact::Image(image)); slots]
}

fn empty_image(inputs: Inputs<'_>) -> Outputs {
    vec![Ok(Fact::Image(ImageFact {
        width: inputs.int("width"),
        height: inputs.int("height"),
        frames: inputs.int("batch_size"),
        fps: Err(inputs.unknown(Why::Absent)),
    }))]
}

fn one(image: Known<ImageFact>) -> Outputs {
    vec![image.map(Fact::Image)]
}

/// 0 for one side keeps the proportion: comfy/utils.py, `common_upscale` as `ImageScale` calls it.
fn scaled(inputs: Inputs<'_>) -> Outputs {
    one(inputs.image("image").map(|image| {
        let (width, height) = (inputs.int("width"), inputs.int("height"));
        let other = |side: Known<i64>, own: Known<i64>, other: Known<i64>| {
            Ok(rounded(to_float(side?) * to_float(own?) / to_float(other?)).max(1))
        };
        match (width, height) {
            (Ok(0), Ok(0)) => image,
            (Ok(0), _) => image.sized(other(height, image.width, image.height), height),
            (_, Ok(0)) => image.sized(width, other(width, image.height, image.width)),
            _ => image.sized(width, height),
        }
    }))
}

fn scaled_by(inputs: Inputs<'_>) -> Outputs {
    one(inputs.image("image").map(|image| {
        let by = inputs.float("scale_by");
        let side = |side: Known<i64>| Ok(rounded(to_float(side?) * by?));
        image.sized(side(image.width), side(image.height))
    }))
}

/// `comfy_extras/nodes_post_processing.py`, `ImageScaleToTotalPixels`: both sides by one factor, each rounded to
/// `resolution_steps`. A mebipixel is 1024 × 1024.
fn scaled_to_pixels(inputs: Inputs<'_>) -> Outputs {
    one(inputs.image("image").map(|image| {
        let side = |side: Known<i64>| {
            let (width, height) = (to_float(image.width?), to_float(image.height?));
            let steps = to_float(inputs.int("resolution_steps")?.max(1));
            let factor = (inputs.float("megapixels")? * 1024.0 * 1024.0 / (width * height)).sqrt();
            Ok(rounded(rounded_float(to_float(side?) * factor / steps) * steps))
        };
        image.sized(side(image.width), side(image.height))
    }))
}

/// A size that is chosen by the proportions of what arrives.
fn unknown_size(inputs: Inputs<'_>) -> Outputs {
    let open = Err(inputs.unknown(Why::AtRunTime));
    one(inputs.image("image").map(|image| image.sized(open, open)))
}

/// ComfyUI-KJNodes `nodes/image_nodes.py`, `ImageResizeKJv2`.
fn resized_kj(inputs: Inputs<'_>) -> Outputs {
    let image = inputs.image("image");
    let size = image.map(|image| kj_size(inputs, image));
    let of = |side: fn(&ImageFact) -> Known<i64>| size.and_then(|image| side(&image)).map(Fact::int);
    vec![size.map(Fact::Image), of(|image| image.width), of(|image| image.height), size.map(Fact::Image)]
}

fn kj_size(inputs: Inputs<'_>, image: ImageFact) -> ImageFact {
    let open = inputs.unknown(Why::AtRunTime);
    let divisible = inputs.int("divisible_by");
    let aligned = |side: Known<i64>| {
        let (side, by) = (side?, divisible?);
        Ok(if by > 1 { side - side.rem_euclid(by) } else { side })
    };
    let (width, height) = (inputs.int("width"), inputs.int("height"));
    let kept = inputs.text("keep_proportion");
    let (width, height) = match kept.as_deref() {
        Ok("stretch" | "crop" | "pad" | "pad_edge" | "pad_edge_pixel" | "pillarbox_blur") => {
            let or_own = |side: Known<i64>, own: Known<i64>| match side {
                Ok(0) => own,
                side => side,
            };
            (or_own(width, image.width), or_own(height, image.height))
        }
        Ok("resize") => {
            let factor = || {
                let (own_width, own_height) = (to_float(image.width?), to_float(image.height?));
                Ok(match (width?, height?) {
                    (0, 0) => 1.0,
                    (0, height) => to_float(height) / own_height,
                    (width, 0) => to_float(width) / own_width,
                    (width, height) => (to_float(width) / own_width).min(to_float(height) / own_height),
                })
            };
            let side = |own: Known<i64>| Ok(rounded(to_float(own?) * factor()?));
            (side(image.width), side(image.height))
        }
        Ok(_) => (Err(open), Err(open)),
        Err(unknown) => (Err(*unknown), Err(*unknown)),
    };
    image.sized(aligned(width), aligned(height))
}

/// nodes/`ImageFromBatch`: both ends stay within what is there.
fn from_batch(inputs: Inputs<'_>) -> Outputs {
    one(inputs.image("image").map(|image| {
        let frames = || {
            let (start, length) = (inputs.int("batch_index")?, inputs.int("length")?);
            let there = image.frames?;
            let start = start.clamp(0, (there - 1).max(0));
            Ok(length.clamp(1, (there - start).max(1)))
        };
        ImageFact { frames: frames(), ..image }
    }))
}

fn repeated(inputs: Inputs<'_>) -> Outputs {
    one(inputs.image("image").map(|image| {
        let frames = || Ok(image.frames?.saturating_mul(inputs.int("amount")?));
        ImageFact { frames: frames(), ..image }
    }))
}

/// The frames that a loader of VideoHelperSuite asks for: the file may have fewer. Its `format` rounds sizes
/// and counts: `videohelpersuite/load_video_nodes.py`.
fn vhs_load_video(inputs: Inputs<'_>) -> Outputs {
    let open = inputs.unknown(Why::AtRunTime);
    let side = |name: &str| match inputs.int(name) {
        Ok(0) => Err(open),
        side => side,
    };
    let fps = match inputs.float("force_rate") {
        Ok(0.0) => Err(open),
        fps => fps,
    };
    let image =
        ImageFact { width: side("custom_width"), height: side("custom_height"), frames: Err(open), fps };
    let audio = AudioFact { seconds: Err(open), may_be_silent: Some(inputs.id()) };
    vec![Ok(Fact::Image(image)), Err(open), Ok(Fact::Audio(audio)), Err(open)]
}

fn load_video(inputs: Inputs<'_>) -> Outputs {
    let file = inputs.unknown(Why::AtRunTime);
    let image = ImageFact { width: Err(file), height: Err(file), frames: Err(file), fps: Err(file) };
    vec![Ok(Fact::Video(VideoFact { image, audio: Err(file) }))]
}

fn video_components(inputs: Inputs<'_>) -> Outputs {
    let video = inputs.video("video");
    let audio = video.and_then(|video| video.audio?.ok_or(inputs.unknown(Why::Absent)));
    vec![
        video.map(|video| Fact::Image(video.image)),
        audio.map(Fact::Audio),
        video.and_then(|video| video.image.fps).map(Fact::float),
        Err(inputs.unknown(Why::AtRunTime)),
    ]
}

fn create_video(inputs: Inputs<'_>) -> Outputs {
    vec![inputs.image("images").map(|image| {
        let audio = if inputs.has("audio") { inputs.audio("audio").map(Some) } else { Ok(None) };
        Fact::Video(VideoFact { image: ImageFact { fps: inputs.float("fps"), ..image }, audio })
    })]
}

fn load_audio(inputs: Inputs<'_>) -> Outputs {
    vec![Ok(Fact::Audio(AudioFact { seconds: Err(inputs.unknown(Why::AtRunTime)), may_be_silent: None }))]
}

/// The sound may be shorter than what is asked for.
fn trim_audio(inputs: Inputs<'_>) -> Outputs {
    vec![inputs.audio("audio").map(|audio| {
        let seconds = audio.seconds.and_then(|there| Ok(there.min(inputs.float("duration")?)));
        Fact::Audio(AudioFact { seconds, ..audio })
    })]
}

#[expect(clippy::cast_precision_loss, reason = "sizes and counts are far below 2^53")]
const fn to_float(int: i64) -> f64 {
    int as f64
}

/// Python's `round`.
const fn rounded_float(float: f64) -> f64 {
    float.round_ties_even()
}

#[expect(clippy::cast_possible_truncation, reason = "`as` saturates, and sizes are small")]
const fn rounded(float: f64) -> i64 {
    rounded_float(float) as i64
}
