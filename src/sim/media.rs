//! Files as nodes would have made them: small, valid, and of the size that the workflow asks for.

mod bits;
mod jpeg;
mod picture;
mod small;
mod still;
#[cfg(test)]
mod tests;
mod video;

use std::sync::Arc;

use serde_json::Value;

use super::{not_numbers, python};
pub(super) use jpeg::preview;
pub(super) use still::{Channel, Still};

/// A file that a node "made".
#[derive(Clone, Debug)]
pub(super) struct Made {
    pub(super) kind: Kind,
    /// In pixels.
    pub(super) width: u32,
    /// In pixels.
    pub(super) height: u32,
    /// Pictures of a video.
    pub(super) frames: u32,
    /// Pictures a second.
    pub(super) rate: f64,
    /// Red, green and blue of all pixels.
    pub(super) color: [u8; 3],
    /// What is written into pictures.
    pub(super) texts: Arc<Texts>,
}

/// Texts of a picture, by their names: the prompt as JSON, and what the client sent beside it for this.
pub(super) type Texts = [(Box<str>, Box<str>)];

/// The texts that ComfyUI writes into pictures.
pub(super) fn texts(prompt: &Value, extra_data: &Value) -> Arc<Texts> {
    let extra = extra_data.get("extra_pnginfo").and_then(Value::as_object);
    let extra = extra.into_iter().flatten().map(|(key, value)| (&**key, value));
    let all = std::iter::once(("prompt", prompt)).chain(extra);
    let written = |value| not_numbers::spoil(python::dumps(value));
    all.map(|(key, value)| (key.into(), written(value).into())).collect()
}

/// A kind of file, by the end of its name.
pub(super) type Kind = &'static str;

impl Made {
    /// The bytes of the file; of a kind that is not made, a text that says so.
    pub(super) fn bytes(&self) -> Vec<u8> {
        match self.kind {
            "png" => picture::png(self),
            "mp4" => video::mp4(self, *b"isom"),
            "mov" => video::mp4(self, *b"qt  "),
            "webp" => small::webp(self),
            "gif" => small::gif(self),
            "flac" => small::flac(),
            "mp3" => small::mp3(),
            "latent" => small::latent(self),
            "glb" => small::glb(),
            other => format!("wfc sim does not make files of the kind .{other}\n").into_bytes(),
        }
    }
}
