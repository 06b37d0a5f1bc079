//! The files that lie in model folders.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::cli::ToolError;

/// So many files are looked at; a models folder has thousands at most.
const MAX_FILES: usize = 1_000_000;

/// Files by their names in lower case, each group in order of its paths.
#[derive(Debug, Default)]
pub(super) struct Inventory {
    by_name: BTreeMap<String, Vec<PathBuf>>,
    /// Links that lead nowhere.
    pub(super) dead_links: Vec<PathBuf>,
    /// Folders that could not be looked into, and why.
    pub(super) unreadable: Vec<(PathBuf, String)>,
}

impl Inventory {
    /// Looks through folders and all below them. Links are followed, as ComfyUI does.
    ///
    /// # Errors
    /// When there are far more files than models folders have.
    pub(super) fn of(roots: &[PathBuf]) -> Result<Self, ToolError> {
        let mut inventory = Self::default();
        let Some((first, others)) = roots.split_first() else { return Ok(inventory) };
        let mut walk = ignore::WalkBuilder::new(first);
        for root in others {
            walk.add(root);
        }
        walk.standard_filters(false).follow_links(true).sort_by_file_path(Path::cmp);
        walk.filter_entry(|entry| entry.file_name() != ".git");
        for (count, entry) in walk.build().enumerate() {
            if count == MAX_FILES {
                return Err(ToolError::new(format!(
                    "more than {MAX_FILES} files lie in {}; name ComfyUI's models folder",
                    first.display()
                )));
            }
            match entry {
                Ok(entry) if entry.file_type().is_some_and(|kind| kind.is_file()) => {
                    let name = entry.file_name().to_string_lossy().to_lowercase();
                    inventory.by_name.entry(name).or_default().push(entry.into_path());
                }
                Ok(_) => {}
                Err(error) => inventory.blame(&error),
            }
        }
        Ok(inventory)
    }

    fn blame(&mut self, error: &ignore::Error) {
        match blamed(error) {
            // A link in a circle is no file; the folder that it leads to is looked into all the same.
            Some((path, _)) if path.is_symlink() && path.exists() => {}
            Some((path, _)) if path.is_symlink() => self.dead_links.push(path.to_owned()),
            Some((path, reason)) => self.unreadable.push((path.to_owned(), reason)),
            None => {}
        }
    }

    /// The files of this name, in whatever case.
    pub(super) fn called(&self, name: &str) -> &[PathBuf] {
        self.by_name.get(&name.to_lowercase()).map_or(&[], Vec::as_slice)
    }

    /// All files, by name.
    pub(super) fn files(&self) -> impl Iterator<Item = &Path> {
        self.by_name.values().flatten().map(PathBuf::as_path)
    }
}

/// The path that an error is about, and what the system says.
fn blamed(error: &ignore::Error) -> Option<(&Path, String)> {
    match error {
        ignore::Error::WithPath { path, err } => Some((path, err.to_string())),
        ignore::Error::WithDepth { err, .. } | ignore::Error::WithLineNumber { err, .. } => blamed(err),
        _ => None,
    }
}
