//! The server's folders for inputs, outputs and temporary files, in memory.
//!
//! What nodes "made" is kept as a description, and its bytes are made when somebody asks for them.

use std::collections::BTreeMap;
use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::media::{Made, Still};

/// One of the three folders.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Folder {
    Input,
    Output,
    Temp,
}

impl Folder {
    pub(super) fn called(name: &str) -> Option<Self> {
        match name {
            "input" => Some(Self::Input),
            "output" => Some(Self::Output),
            "temp" => Some(Self::Temp),
            _ => None,
        }
    }

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Input => "input",
            Self::Output => "output",
            Self::Temp => "temp",
        }
    }
}

/// A file.
#[derive(Clone, Debug)]
pub(super) enum Content {
    /// As it was uploaded.
    Bytes(Arc<[u8]>),
    /// As a node would have made it.
    Made(Arc<Made>),
}

impl Content {
    pub(super) fn bytes(&self) -> Arc<[u8]> {
        match self {
            Self::Bytes(bytes) => Arc::clone(bytes),
            Self::Made(made) => made.bytes().into(),
        }
    }

    /// The picture that it is, if it is one.
    pub(super) fn still(&self) -> Option<Still> {
        match self {
            Self::Bytes(bytes) => Still::read(bytes),
            Self::Made(made) => Still::made(made),
        }
    }
}

/// A file and when it was written, in seconds since 1970.
#[derive(Clone, Debug)]
pub(super) struct File {
    pub(super) content: Content,
    pub(super) written: i64,
    /// Another one for every time that it is written.
    pub(super) version: u64,
}

/// The folders.
#[derive(Debug, Default)]
pub(super) struct Files {
    /// By folder and path below it, with `/`.
    by_path: BTreeMap<(Folder, String), File>,
    /// The last number of each prefix.
    numbers: FxHashMap<(Folder, String), u64>,
    /// How many files have been written.
    version: u64,
}

/// The path below a folder; nothing if it leads out of it. An empty one is the folder itself.
pub(super) fn normal(path: &str) -> Option<String> {
    if path.starts_with('/') {
        return None;
    }
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

/// A file's path in a folder below another.
pub(super) fn join(subfolder: &str, name: &str) -> String {
    if subfolder.is_empty() { name.to_owned() } else { format!("{subfolder}/{name}") }
}

/// The name without the folder that may stand behind it: `x.png [input]`.
pub(super) fn annotation(name: &str) -> (&str, Option<Folder>) {
    let end = name.strip_suffix(']').and_then(|rest| rest.rsplit_once('['));
    match end.and_then(|(name, folder)| Some((name.trim_end(), Folder::called(folder)?))) {
        Some((name, folder)) => (name, Some(folder)),
        None => (name, None),
    }
}

impl Files {
    pub(super) fn get(&self, folder: Folder, path: &str) -> Option<&File> {
        self.by_path.get(&(folder, path.to_owned()))
    }

    pub(super) fn put(&mut self, folder: Folder, path: String, content: Content, written: i64) {
        self.version += 1;
        self.by_path.insert((folder, path), File { content, written, version: self.version });
    }

    /// True if there is a file that an input may name: `x.png`, or `x.png [output]` for one in another folder.
    pub(super) fn has_input(&self, name: &str) -> bool {
        let (name, folder) = annotation(name);
        let path = normal(name).unwrap_or_default();
        self.get(folder.unwrap_or(Folder::Input), &path).is_some()
    }

    /// True if there is a folder of this path: one with a file in it.
    pub(super) fn has_folder(&self, folder: Folder, path: &str) -> bool {
        let begin = format!("{path}/");
        path.is_empty() || self.by_path.keys().any(|(of, file)| *of == folder && file.starts_with(&begin))
    }

    /// The number that follows the last one of a prefix, which is a path.
    pub(super) fn next_number(&mut self, folder: Folder, prefix: &str) -> u64 {
        let number = self.numbers.entry((folder, prefix.to_owned())).or_default();
        *number += 1;
        *number
    }

    /// The name under which an upload is kept, which is another one if a different file has that one, and whether the same
    /// file is there already. `subfolder` is below the folder.
    pub(super) fn free_name(
        &self,
        folder: Folder,
        subfolder: &str,
        name: &str,
        bytes: &[u8],
    ) -> (String, bool) {
        let (stem, extension) = match name.rfind('.').filter(|at| *at > 0) {
            Some(at) => name.split_at(at),
            None => (name, ""),
        };
        let mut used = name.to_owned();
        let mut number = 0_u64;
        while let Some(file) = self.get(folder, &join(subfolder, &used)) {
            if *file.content.bytes() == *bytes {
                return (used, true);
            }
            number += 1;
            used = format!("{stem} ({number}){extension}");
        }
        (used, false)
    }

    /// The paths of all files of a folder, ascending.
    pub(super) fn names(&self, folder: Folder) -> impl Iterator<Item = &str> {
        self.by_path.keys().filter(move |(in_folder, _)| *in_folder == folder).map(|(_, path)| &**path)
    }
}
