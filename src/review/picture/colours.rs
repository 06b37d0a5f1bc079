//! The colours of pictures, for light and for dark paper. What a colour says is written beside it as well.

use super::{Kind, Mark, Picture};
use crate::back::stages;
pub use crate::back::stages::{COLOURS as STAGES, Colour};

const fn colour(light: &'static str, dark: &'static str) -> Colour {
    Colour { light, dark }
}

impl Kind {
    /// The colour of its links.
    #[must_use]
    pub const fn colour(self) -> Colour {
        match self {
            Self::Model => colour("#7450c4", "#b39ddb"),
            Self::Clip => colour("#8f7200", "#f2cf1d"),
            Self::Vae => colour("#d1332e", "#ff6e6e"),
            Self::Conditioning => colour("#b85900", "#ffa931"),
            Self::Latent => colour("#c2379b", "#ff9cf9"),
            Self::Image => colour("#1f70c1", "#64b5f6"),
            Self::Mask => colour("#2c8a4b", "#81c784"),
            Self::Sound => colour("#007c88", "#4dd0e1"),
            Self::Pose => colour("#5d6b00", "#c5d86d"),
            Self::Sampling => colour("#8a4b2a", "#d7a17a"),
            Self::Value => colour("#6b7280", "#9aa4b2"),
            Self::Other => colour("#3d4653", "#d0d7de"),
        }
    }
}

impl Mark {
    /// All that have a name.
    pub const NAMED: [Self; 3] = [Self::Added, Self::Removed, Self::Changed];

    /// The colour of what has it.
    #[must_use]
    pub const fn colour(self) -> Colour {
        match self {
            Self::Same => colour("#57606a", "#9aa4b2"),
            Self::Added => colour("#1a7f37", "#3fb950"),
            Self::Removed => colour("#cf222e", "#ff7b72"),
            Self::Changed => colour("#9a6700", "#e3b341"),
        }
    }
}

/// The colour of what is highlighted.
pub const FOUND: Colour = colour("#c2185b", "#ff79b0");

impl Picture {
    /// The colours of a stage, as an index in [`STAGES`]. A stage that is known has the same in every picture.
    #[must_use]
    pub fn stage_colour(&self, stage: usize) -> usize {
        stages::colour(&self.stages, stage)
    }
}
