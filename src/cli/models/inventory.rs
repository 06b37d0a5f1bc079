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
        // A link that leads nowhere, or in a circle, is no file.
        let Some((path, reason)) = blamed(error).filter(|(path, _)| !path.is_symlink()) else { return };
        self.unreadable.push((path.to_owned(), reason));
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
