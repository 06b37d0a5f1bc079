//! What classes check about their inputs themselves (`VALIDATE_INPUTS`), which `/object_info` does not tell.

use std::sync::LazyLock;

use rustc_hash::FxHashMap;

/// The table that comes with the tool. Its head explains the columns; each line names its source.
const EMBEDDED: &str = include_str!("../../schemas/own_checks.csv");

/// The head line of the table.
const HEAD: &str = "class,inputs,optional_inputs,kwargs,input_types,check,linked,source";

/// A class's own check. The server leaves ranges and lists of the inputs that it names to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnCheck {
    /// Inputs that it needs: a node without one of them makes it raise.
    pub needs: Vec<String>,
    /// Further inputs that it looks at.
    pub also: Vec<String>,
    /// True if it takes all inputs of the node.
    pub takes_all: bool,
    /// True if the server leaves the types of the node's links to it.
    pub types: bool,
    /// True if it raises on an input that is linked.
    pub raises_on_link: bool,
    /// What it demands.
    pub demand: Demand,
}

/// What a class's own check demands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Demand {
    /// Nothing.
    Nothing,
    /// The name of a file or folder in the server's input folder.
    InputFile,
    /// The same, or nothing at all.
    InputFileOrNone,
    /// The same without the spaces and quotes around it; no folder.
    InputPathFile,
    /// A folder in the server's input folder with something in it.
    InputDirectory,
    /// A file anywhere on the server, or an address.
    PathFile,
    /// A folder anywhere on the server.
    PathDirectory,
    /// `tile_x > tile_stride_x`, `tile_y > tile_stride_y`.
    TileLargerThanStride,
    /// One of the inputs is not 0.
    NotAllZero,
    /// `X:Y` between 1:4 and 4:1.
    AspectRatio,
    /// A link to an output with the id of a task.
    TaskId,
}

impl Demand {
    const ALL: [(&str, Self); 11] = [
        ("none", Self::Nothing),
        ("input-file", Self::InputFile),
        ("input-file-or-none", Self::InputFileOrNone),
        ("input-path-file", Self::InputPathFile),
        ("input-directory", Self::InputDirectory),
        ("path-file", Self::PathFile),
        ("path-directory", Self::PathDirectory),
        ("tile-larger-than-stride", Self::TileLargerThanStride),
        ("not-all-zero", Self::NotAllZero),
        ("aspect-ratio-1-4", Self::AspectRatio),
        ("task-id-type", Self::TaskId),
    ];

    /// True if it is about files in the server's input folder.
    #[must_use]
    pub const fn is_input_file(self) -> bool {
        matches!(self, Self::InputFile | Self::InputFileOrNone | Self::InputPathFile)
    }
}

impl OwnCheck {
    /// The check of the class `name`, if it has one.
    #[must_use]
    pub fn of(name: &str) -> Option<Self> {
        Self::read(BY_CLASS.get(name)?)
    }

    /// True if the server leaves range and list of the input `name` to it.
    #[must_use]
    pub fn covers(&self, name: &str) -> bool {
        self.takes_all || self.names().any(|named| named == name)
    }

    /// The inputs that it names.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.needs.iter().chain(&self.also).map(String::as_str)
    }

    /// The classes that check files in the input folder, with the first input that names one.
    pub(super) fn of_input_files() -> impl Iterator<Item = (&'static str, String)> {
        rows().filter_map(|row| {
            let check = Self::read(row).filter(|check| check.demand.is_input_file())?;
            Some((row.split(',').next()?, check.needs.first()?.clone()))
        })
    }

    fn read(row: &str) -> Option<Self> {
        let fields: Vec<&str> = row.splitn(8, ',').collect();
        let [_, needs, also, takes_all, types, demand, linked, _] = fields[..] else { return None };
        let list =
            |names: &str| names.split('|').filter(|name| !name.is_empty()).map(str::to_owned).collect();
        let (_, demand) = Demand::ALL.into_iter().find(|(word, _)| *word == demand)?;
        Some(Self {
            needs: list(needs),
            also: list(also),
            takes_all: takes_all == "yes",
            types: types == "yes",
            raises_on_link: linked == "raises",
            demand,
        })
    }
}

/// The lines by class.
static BY_CLASS: LazyLock<FxHashMap<&str, &str>> =
    LazyLock::new(|| rows().filter_map(|row| Some((row.split(',').next()?, row))).collect());

fn rows() -> impl Iterator<Item = &'static str> {
    EMBEDDED.lines().filter(|line| !line.starts_with('#') && *line != HEAD)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_the_table_is_read_and_has_a_source() {
        assert!(EMBEDDED.lines().any(|line| line == HEAD));
        for row in rows() {
            assert!(OwnCheck::read(row).is_some(), "{row}");
            assert!(row.rsplit(',').next().is_some_and(|source| source.len() > 10), "{row}");
        }
        assert!(rows().is_sorted());
    }

    #[test]
    fn checks_name_inputs_or_take_all() {
        let image = OwnCheck::of("LoadImage").unwrap();
        assert!(image.covers("image") && !image.covers("upload"));
        assert_eq!((image.demand, image.raises_on_link), (Demand::InputFile, true));
        assert!(OwnCheck::of("Load3D").unwrap().covers("width"));
        assert!(OwnCheck::of("VHS_Unbatch").unwrap().types);
        assert!(OwnCheck::of("Load").is_none() && OwnCheck::of("KSampler").is_none());
    }
}
