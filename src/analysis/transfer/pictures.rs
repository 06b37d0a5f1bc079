//! Pictures and sounds: loaders and makers.

use super::{Outputs, Table};
use crate::analysis::fact::{AudioFact, Fact, ImageFact, Known, Why};
use crate::analysis::inputs::Inputs;

pub(super) const TABLE: Table = &[
    ("LoadImage", |inputs| loaded(inputs, 2)),
    ("LoadImageMask", |inputs| loaded(inputs, 1)),
    ("LoadImageOutput", |inputs| loaded(inputs, 2)),
    ("EmptyImage", |inputs| vec![Ok(made(inputs, inputs.int("batch_size")))]),
    ("SolidMask", |inputs| vec![Ok(made(inputs, Ok(1)))]),
    ("ImageCompositeMasked", |inputs| vec![inputs.fact("destination")]),
    ("JoinImageWithAlpha", |inputs| vec![shorter(inputs).map(Fact::Image)]),
    ("PrimitiveBoundingBox", super::settings),
    ("LoadAudio", |inputs| {
        vec![Ok(Fact::Audio(AudioFact { seconds: Err(inputs.unknown(Why::AtRunTime)), may_be_silent: None }))]
    }),
    ("EmptyAudio", |inputs| {
        vec![Ok(Fact::Audio(AudioFact { seconds: inputs.float("duration"), may_be_silent: None }))]
    }),
    ("TrimAudioDuration", trim_audio),
];

/// What a file holds shows when it is loaded. An animated picture gives all its frames.
fn loaded(inputs: Inputs<'_>, slots: usize) -> Outputs {
    let file = ImageFact::unknown(inputs.unknown(Why::AtRunTime));
    vec![Ok(Fact::Image(ImageFact { fps: Err(inputs.unknown(Why::Absent)), ..file })); slots]
}

/// In the size that is asked for.
fn made(inputs: Inputs<'_>, frames: Known<i64>) -> Fact {
    Fact::Image(ImageFact {
        width: inputs.int("width"),
        height: inputs.int("height"),
        frames,
        most: None,
        fps: Err(inputs.unknown(Why::Absent)),
    })
}

/// `comfy_extras/nodes_compositing.py`, `JoinImageWithAlpha`: in the size of the picture, as many as both have.
fn shorter(inputs: Inputs<'_>) -> Known<ImageFact> {
    let image = inputs.image("image")?;
    let Ok(alpha) = inputs.image("alpha") else {
        return Ok(ImageFact { frames: inputs.image("alpha").map(|_| 0), most: image.at_most(), ..image });
    };
    let most = image.at_most().into_iter().chain(alpha.at_most()).min();
    Ok(ImageFact { frames: image.frames.and_then(|frames| Ok(frames.min(alpha.frames?))), most, ..image })
}

/// The sound may be shorter than what is asked for.
fn trim_audio(inputs: Inputs<'_>) -> Outputs {
    vec![inputs.audio("audio").map(|audio| {
        let seconds = audio.seconds.and_then(|there| Ok(there.min(inputs.float("duration")?)));
        Fact::Audio(AudioFact { seconds, ..audio })
    })]
}
