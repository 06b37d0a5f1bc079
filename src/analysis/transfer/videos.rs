//! Videos: loaders, parts, and what is known of them in numbers.

use super::resizes::to_float;
use super::{Outputs, Table};
use crate::analysis::fact::{AudioFact, Fact, ImageFact, Known, Unknown, VideoFact, Why};
use crate::analysis::inputs::Inputs;
use crate::catalog::VideoFormat;

pub(super) const TABLE: Table = &[
    ("CreateVideo", create_video),
    ("GetVideoComponents", video_components),
    ("LoadVideo", load_video),
    ("VHS_LoadImages", load_folder),
    ("VHS_LoadImagesPath", load_folder),
    ("VHS_LoadVideo", |inputs| load_vhs(inputs, Reader::OpenCv)),
    ("VHS_LoadVideoFFmpeg", |inputs| load_vhs(inputs, Reader::Ffmpeg)),
    ("VHS_LoadVideoFFmpegPath", |inputs| load_vhs(inputs, Reader::Ffmpeg)),
    ("VHS_LoadVideoPath", |inputs| load_vhs(inputs, Reader::OpenCv)),
    ("VHS_VideoInfo", |inputs| {
        let mut outputs = vec![Err(inputs.unknown(Why::AtRunTime)); 5];
        outputs.extend(loaded_numbers(inputs));
        outputs
    }),
    ("VHS_VideoInfoLoaded", loaded_numbers),
    ("VHS_VideoInfoSource", |inputs| vec![Err(inputs.unknown(Why::AtRunTime)); 5]),
    ("Video Slice", slice),
];

/// What a loader of VideoHelperSuite reads files with.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reader {
    /// `cv_frame_generator`: every size is rounded.
    OpenCv,
    /// `ffmpeg_frame_generator`: a size is rounded where one is asked for.
    Ffmpeg,
}

/// The format of a loader. `load_video` has another default than the editor: without the input it changes nothing.
fn format(inputs: Inputs<'_>) -> Known<VideoFormat> {
    let name = if inputs.has("format") { inputs.text("format")? } else { "None".into() };
    VideoFormat::named(&name).ok_or(inputs.unknown(Why::NoTransfer))
}

/// `videohelpersuite/load_video_nodes.py`, `load_video`. Of the frames, it is known how many they are not more than; a
/// single one is there for certain, or the node fails.
fn load_vhs(inputs: Inputs<'_>, reader: Reader) -> Outputs {
    let open = inputs.unknown(Why::AtRunTime);
    let format = format(inputs);
    // `target_size`: a side that is asked for is rounded, the other follows the file.
    let side = |name: &str| match (inputs.int(name)?, format) {
        (0, _) => Err(open),
        (side, Ok(format)) => Ok(format.side(side)),
        (_, Err(unknown)) => Err(unknown),
    };
    let counted =
        |cap: i64| if cap > 0 { format.map(|format| format.frames(cap)).or(Ok(cap)) } else { Err(open) };
    let most = inputs.int("frame_load_cap").and_then(counted).ok();
    let image = ImageFact {
        width: side("custom_width"),
        height: side("custom_height"),
        frames: if most == Some(1) { Ok(1) } else { Err(open) },
        most,
        fps: rate(inputs, reader, open),
    };
    let audio = AudioFact { seconds: Err(open), may_be_silent: Some(inputs.id()) };
    let video = VideoFact { image, audio: Ok(Some(audio)) };
    // With a VAE, the frames are encoded as they are read.
    let frames =
        if inputs.has("vae") { Err(inputs.unknown(Why::NoTransfer)) } else { Ok(Fact::Image(image)) };
    let second = match reader {
        Reader::OpenCv => image.count(),
        // Without transparency the mask is a small one.
        Reader::Ffmpeg => Ok(Fact::Image(image.sized(Err(open), Err(open)))),
    };
    vec![frames, second, Ok(Fact::Audio(audio)), Ok(Fact::Video(video))]
}

/// Frames a second, after those that are left out.
fn rate(inputs: Inputs<'_>, reader: Reader, open: Unknown) -> Known<f64> {
    let rate = match inputs.float("force_rate")? {
        0.0 => return Err(open),
        rate => rate,
    };
    let nth = if reader == Reader::OpenCv { inputs.int("select_every_nth")?.max(1) } else { 1 };
    Ok(rate / to_float(nth))
}

/// `videohelpersuite/load_images_nodes.py`, `load_images`: all in the size that most of them have. Without
/// transparency the mask is a small one.
fn load_folder(inputs: Inputs<'_>) -> Outputs {
    let open = inputs.unknown(Why::AtRunTime);
    let most = inputs.int("image_load_cap").ok().filter(|cap| *cap > 0);
    let frames = if most == Some(1) { Ok(1) } else { Err(open) };
    let image = ImageFact { most, frames, fps: Err(inputs.unknown(Why::Absent)), ..ImageFact::unknown(open) };
    vec![Ok(Fact::Image(image)), Ok(Fact::Image(image)), image.count()]
}

/// `videohelpersuite/nodes.py`, `VideoInfoLoaded`: rate, frames, seconds, width and height of what was loaded.
fn loaded_numbers(inputs: Inputs<'_>) -> Outputs {
    let image = inputs.video("video_info").map(|video| video.image);
    let int = |of: fn(ImageFact) -> Known<i64>| image.and_then(of).map(Fact::int);
    vec![
        image.and_then(|image| image.fps).map(Fact::float),
        image.and_then(|image| image.count()),
        image.and_then(|image| Ok(Fact::float(to_float(image.frames?) / image.fps?))),
        int(|image| image.width),
        int(|image| image.height),
    ]
}

fn load_video(inputs: Inputs<'_>) -> Outputs {
    let file = inputs.unknown(Why::AtRunTime);
    vec![Ok(Fact::Video(VideoFact { image: ImageFact::unknown(file), audio: Err(file) }))]
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

/// `comfy_extras/nodes_video.py`, `Video Slice`: a part in time. Where it begins and ends in frames, only the file tells.
fn slice(inputs: Inputs<'_>) -> Outputs {
    let open = Err(inputs.unknown(Why::AtRunTime));
    vec![inputs.video("video").map(|video| {
        let image = ImageFact { frames: open, most: video.image.at_most(), ..video.image };
        let cut = |audio: Option<AudioFact>| {
            audio.map(|audio| AudioFact { seconds: Err(inputs.unknown(Why::AtRunTime)), ..audio })
        };
        Fact::Video(VideoFact { image, audio: video.audio.map(cut) })
    })]
}
