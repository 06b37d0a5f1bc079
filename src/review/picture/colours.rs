//! The colours of pictures, for light and for dark paper. What a colour says is written beside it as well.

use super::{Kind, Mark, Picture};
use crate::back::toml;

/// A colour on light and on dark paper.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Colour {
    /// On light paper.
    pub light: &'static str,
    /// On dark paper.
    pub dark: &'static str,
}

const fn colour(light: &'static str, dark: &'static str) -> Colour {
    Colour { light, dark }
}

/// Edge and filling of a stage's boxes: one for each stage that is known, three for others.
pub const STAGES: [(Colour, Colour); 10] = [
    (colour("#2c8a4b", "#5fbf80"), colour("#e2f2e8", "#1c3527")),
    (colour("#5661d6", "#8f98ff"), colour("#e6e8fb", "#25294a")),
    (colour("#b0379a", "#f08fdc"), colour("#f7e3f2", "#3f2039")),
    (colour("#a86200", "#f2b14d"), colour("#fdeed6", "#3f2f18")),
    (colour("#c4472b", "#ff9478"), colour("#fbe4de", "#43251e")),
    (colour("#147a9c", "#63c7e8"), colour("#dcf0f7", "#16323d")),
    (colour("#5b6270", "#aeb6c2"), colour("#eaebed", "#303339")),
    (colour("#85704a", "#cdb588"), colour("#f0e9dc", "#383124")),
    (colour("#5f7a12", "#a9cf53"), colour("#e6f2cf", "#2c3916")),
    (colour("#3f6ea8", "#86b4ee"), colour("#e1ebf6", "#203146")),
];

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
        let names = toml::stage_names();
        let known = |name: &str| names.iter().position(|known| *known == name);
        let Some(name) = self.stages.get(stage) else { return names.len() };
        known(name).unwrap_or_else(|| {
            let others = self.stages.iter().take(stage).filter(|name| known(name).is_none()).count();
            names.len() + others % (STAGES.len() - names.len())
        })
    }
}
