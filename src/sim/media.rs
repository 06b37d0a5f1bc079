//! Files as nodes would have made them: small, valid, and of the size that the workflow asks for.

mod jpeg;
mod picture;

use std::sync::Arc;

use serde_json::Value;

pub(super) use jpeg::preview;

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
    /// The prompt, and what the client sent beside it for pictures.
    pub(super) prompt: Arc<Value>,
    pub(super) extra: Arc<Value>,
}

/// A kind of file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Png,
    /// Of anything else there is a text that says so.
    Other(&'static str),
}

impl Kind {
    /// The kind of files whose names end so, without a dot.
    pub(super) fn of(extension: &'static str) -> Self {
        match extension {
            "png" => Self::Png,
            other => Self::Other(other),
        }
    }
}

impl Made {
    /// The bytes of the file.
    pub(super) fn bytes(&self) -> Vec<u8> {
        match self.kind {
            Kind::Png => picture::png(self),
            Kind::Other(extension) => {
                format!("wfc sim does not make files of the kind .{extension}\n").into_bytes()
            }
        }
    }
}
