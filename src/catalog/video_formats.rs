//! What the formats of VideoHelperSuite's video loaders make of sizes and frame counts.

use std::sync::LazyLock;

/// The table that comes with the tool. Its head says what the columns are.
const TABLE: &str = include_str!("../../schemas/video_formats.csv");

/// A value of the input `format`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VideoFormat {
    /// Its name.
    pub name: &'static str,
    /// Sides are rounded to multiples of it.
    pub side: i64,
    /// The distance between two numbers of frames, and the smallest one; nothing if all numbers are left as they are.
    pub frames: Option<(i64, i64)>,
}

static ROWS: LazyLock<Vec<VideoFormat>> = LazyLock::new(|| rows().filter_map(VideoFormat::parse).collect());

fn rows() -> impl Iterator<Item = &'static str> {
    TABLE.lines().filter(|line| !line.starts_with('#')).skip(1)
}

impl VideoFormat {
    fn parse(row: &'static str) -> Option<Self> {
        let fields: Vec<&str> = row.split(',').collect();
        let [name, side, step, rest] = fields[..] else { return None };
        let side = side.parse().ok().filter(|side| *side > 0)?;
        let frames = step.parse().ok().filter(|step| *step > 0).zip(rest.parse().ok());
        Some(Self { name, side, frames })
    }

    /// The format of this name. What other packs add is not known.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        ROWS.iter().find(|format| format.name == name).copied()
    }

    /// What a side becomes. `target_size` rounds halves up.
    #[must_use]
    pub const fn side(self, pixels: i64) -> i64 {
        (pixels.saturating_mul(2).saturating_add(self.side)).div_euclid(self.side * 2) * self.side
    }

    /// What is left of so many frames.
    #[must_use]
    pub const fn frames(self, frames: i64) -> i64 {
        match self.frames {
            Some((step, rest)) => (frames - rest).div_euclid(step) * step + rest,
            None => frames,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Catalog;
    use super::*;
    use crate::catalog::InputKind;

    #[test]
    fn the_loaders_have_these_formats() {
        assert!(rows().is_sorted());
        assert_eq!(rows().count(), ROWS.len());
        let class = Catalog::embedded().class("VHS_LoadVideo").unwrap();
        let InputKind::Combo(choices) = &class.input("format").unwrap().kind else { panic!("{class:?}") };
        let choices = format!("{choices:?}");
        for format in ROWS.iter() {
            assert!(choices.contains(&format!("\"{}\"", format.name)), "{choices}: {}", format.name);
        }
    }

    #[test]
    fn sides_and_frames_are_rounded_as_the_loader_does() {
        let named = |name| VideoFormat::named(name).unwrap();
        assert_eq!([720, 832, 15, 16].map(|side| named("LTXV").side(side)), [736, 832, 0, 32]);
        assert_eq!(named("None").side(723), 723);
        assert_eq!([1, 80, 81, 84, 85].map(|frames| named("Wan").frames(frames)), [1, 77, 81, 81, 85]);
        assert_eq!(named("AnimateDiff").frames(80), 80);
        assert_eq!(VideoFormat::named("wan"), None);
    }
}
