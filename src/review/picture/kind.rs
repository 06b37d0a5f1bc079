//! What links carry.

use std::sync::LazyLock;

/// The table that comes with the tool. Its head says what it is from.
const TABLE: &str = include_str!("../../../schemas/link_kinds.csv");

/// What a link carries, in a word: many types are one kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A network that denoises, and what is put on it.
    Model,
    /// A text or picture encoder.
    Clip,
    /// A VAE.
    Vae,
    /// Latents.
    Latent,
    /// Pictures and videos.
    Image,
    /// Masks and boxes.
    Mask,
    /// What a sampler is conditioned on.
    Conditioning,
    /// Sound.
    Sound,
    /// How a sampler works: noise, schedules, options.
    Sampling,
    /// Poses and motion.
    Pose,
    /// Numbers, texts and switches.
    Value,
    /// Anything else.
    Other,
}

/// Types and their kinds, in the order of the table.
static ROWS: LazyLock<Vec<(&str, Kind)>> = LazyLock::new(|| {
    let rows = TABLE.lines().filter(|line| !line.starts_with('#')).skip(1);
    rows.filter_map(|row| row.split_once(','))
        .filter_map(|(types, kind)| Some((types, Kind::named(kind)?)))
        .collect()
});

impl Kind {
    /// All, in the order of legends.
    pub const ALL: [Self; 12] = [
        Self::Model,
        Self::Clip,
        Self::Vae,
        Self::Conditioning,
        Self::Latent,
        Self::Image,
        Self::Mask,
        Self::Sound,
        Self::Pose,
        Self::Sampling,
        Self::Value,
        Self::Other,
    ];

    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Model => "model",
            Self::Clip => "clip",
            Self::Vae => "vae",
            Self::Latent => "latent",
            Self::Image => "image",
            Self::Mask => "mask",
            Self::Conditioning => "conditioning",
            Self::Sound => "sound",
            Self::Sampling => "sampling",
            Self::Pose => "pose",
            Self::Value => "value",
            Self::Other => "other",
        }
    }

    fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// The kind of a type in ComfyUI's spelling; of a union, that of the first member that has one.
    #[must_use]
    pub fn of(types: &str) -> Self {
        let of_one = |one: &str| ROWS.iter().find(|(pattern, _)| fits(pattern, one)).map(|(_, kind)| *kind);
        types.split(',').find_map(|one| of_one(one.trim())).unwrap_or(Self::Other)
    }
}

/// `*` in front stands for any text.
fn fits(pattern: &str, types: &str) -> bool {
    pattern.strip_prefix('*').map_or(pattern == types, |end| types.ends_with(end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_the_table_has_a_kind() {
        let rows = TABLE.lines().filter(|line| !line.starts_with('#')).count() - 1;
        assert_eq!(rows, ROWS.len());
        assert_eq!(Kind::of("WANVAE"), Kind::Vae);
        assert_eq!(Kind::of("UNI3C_EMBEDS"), Kind::Conditioning);
        assert_eq!(Kind::of("IMAGE,MASK"), Kind::Image);
        assert_eq!(Kind::of("*"), Kind::Other);
    }
}
