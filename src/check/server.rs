//! What differs between versions of ComfyUI's validator.

use std::fmt;
use std::str::FromStr;

/// A version of ComfyUI whose validator is known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ServerVersion {
    /// ComfyUI 0.27.0, measured against a real one.
    #[default]
    V0_27_0,
}

impl ServerVersion {
    /// All known versions, the newest first.
    pub const ALL: [Self; 1] = [Self::V0_27_0];

    /// The version as ComfyUI spells it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::V0_27_0 => "0.27.0",
        }
    }

    /// The type of the error for a class that does not exist.
    pub(super) const fn missing_class(self) -> &'static str {
        match self {
            Self::V0_27_0 => "missing_node_type",
        }
    }
}

impl fmt::Display for ServerVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for ServerVersion {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|version| version.name() == text).ok_or_else(|| {
            let known = Self::ALL.map(Self::name).join(", ");
            format!("no validator of that version is known; known: {known}")
        })
    }
}
