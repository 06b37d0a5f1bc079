//! Frames and sizes that classes can use, which `/object_info` tells as steps of the editor's arrows at best.

use std::sync::LazyLock;

use rustc_hash::FxHashMap;

/// The table that comes with the tool. Its head says what the columns are.
const TABLE: &str = include_str!("../../schemas/size_grids.csv");

/// What a number counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Frames of a video.
    Frames,
    /// Pixels of a side.
    Size,
}

/// The values of an input that a class can use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grid {
    /// The input: a number, or something with two sides.
    pub input: &'static str,
    /// What it counts.
    pub unit: Unit,
    /// The distance between two values.
    pub multiple: i64,
    /// The smallest value.
    pub offset: i64,
    /// The unit to which the class rounds down without a word.
    pub floor: Option<i64>,
    /// True if the sampler fails with other values.
    pub fails: bool,
    /// The kind of latent of the models that need it; empty: all.
    pub latent: &'static str,
}

static GRIDS: LazyLock<FxHashMap<&str, Vec<Grid>>> = LazyLock::new(|| {
    let mut grids: FxHashMap<&str, Vec<Grid>> = FxHashMap::default();
    for row in rows() {
        if let Some((class, grid)) = Grid::parse(row) {
            grids.entry(class).or_default().push(grid);
        }
    }
    grids
});

fn rows() -> impl Iterator<Item = &'static str> {
    TABLE.lines().filter(|line| !line.starts_with('#')).skip(1)
}

impl Grid {
    fn parse(row: &'static str) -> Option<(&'static str, Self)> {
        let fields: Vec<&str> = row.split(',').collect();
        let [class, input, unit, multiple, offset, floor, effect, _source] = fields[..] else { return None };
        let unit = match unit {
            "frames" => Unit::Frames,
            "size" => Unit::Size,
            _ => return None,
        };
        let fails = effect == "fails";
        Some((
            class,
            Self {
                input,
                unit,
                multiple: multiple.parse().ok().filter(|multiple| *multiple > 0)?,
                offset: offset.parse().ok()?,
                floor: floor.parse().ok(),
                fails,
                latent: if fails { "" } else { effect },
            },
        ))
    }

    /// The inputs of a class that take only some values.
    #[must_use]
    pub fn of(class: &str) -> &'static [Self] {
        GRIDS.get(class).map_or(&[], Vec::as_slice)
    }

    /// True if the class can use the value.
    #[must_use]
    pub const fn fits(&self, value: i64) -> bool {
        value >= self.offset && (value - self.offset).rem_euclid(self.multiple) == 0
    }

    /// What the class makes of a value, where it rounds.
    #[must_use]
    pub const fn made_of(&self, value: i64) -> Option<i64> {
        match self.floor {
            Some(floor) if value > self.offset => Some(value - (value - self.offset).rem_euclid(floor)),
            _ => None,
        }
    }

    /// The nearest values on both sides; the lower one only if it is more than nothing.
    #[must_use]
    pub fn near(&self, value: i64) -> Vec<i64> {
        let below = value - (value - self.offset).rem_euclid(self.multiple);
        [below, below.saturating_add(self.multiple)].into_iter().filter(|near| *near > 0).collect()
    }

    /// The nearest value; of two equally near ones the greater.
    #[must_use]
    pub fn nearest(&self, value: i64) -> Option<i64> {
        self.near(value).into_iter().rev().min_by_key(|near| near.abs_diff(value))
    }
}

#[cfg(test)]
mod tests {
    use super::super::Catalog;
    use super::*;

    #[test]
    fn every_line_names_an_input_of_a_class() {
        let catalog = Catalog::embedded();
        assert!(rows().is_sorted());
        assert_eq!(rows().count(), grids().count());
        for (class, grid) in grids() {
            let class = catalog.class(class).unwrap_or_else(|| panic!("no class {class}"));
            assert!(class.input(grid.input).is_some(), "{}.{}", class.name, grid.input);
        }
    }

    fn grids() -> impl Iterator<Item = (&'static str, Grid)> {
        rows().filter_map(Grid::parse)
    }

    #[test]
    fn what_a_class_starts_with_fits() {
        let catalog = Catalog::embedded();
        for (class, grid) in grids() {
            let class = catalog.class(class).unwrap();
            let default = class.input(grid.input).unwrap().default.as_ref();
            let Some(default) = default.and_then(serde_json::Value::as_i64) else { continue };
            assert!(grid.fits(default), "{}.{} = {default}", class.name, grid.input);
        }
    }

    #[test]
    fn near_values() {
        let frames = Grid::of("WanImageToVideo").iter().find(|grid| grid.unit == Unit::Frames).unwrap();
        assert!(frames.fits(81) && frames.fits(1) && !frames.fits(80) && !frames.fits(0));
        assert_eq!(
            (frames.made_of(80), frames.near(80), frames.nearest(80)),
            (Some(77), vec![77, 81], Some(81))
        );
        assert_eq!((frames.near(0), frames.nearest(79)), (vec![1], Some(81)));
    }
}
