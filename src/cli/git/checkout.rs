//! Files of a tree in a folder of their own.
//!
//! A preset needs its graph, its project, its policies and the presets it extends, and these name one another by path. So
//! all small TOML files of the tree are put there too, and nothing is looked up elsewhere.

use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::{Blob, Repository, Tree};
use crate::cli::ToolError;
use crate::cli::session;
use crate::cli::workflow_file::has_extension;
use crate::front::toml::project;
use crate::report::FileReport;
use crate::source::{self, MAX_SOURCE_BYTES, MAX_WORKFLOW_BYTES, Sources};

/// So many files of a revision are read beside those that are wanted.
const MAX_FILES: usize = 20_000;
/// So many bytes of them.
const MAX_BYTES: u64 = 64 << 20;

/// Some files of a tree, in a folder that goes away with this.
pub(in crate::cli) struct Checkout {
    _folder: TempDir,
    path: PathBuf,
    /// What stands before its files' names: `main:`.
    prefix: String,
}

impl Checkout {
    /// Puts files of a tree, and what they may refer to, into a folder.
    ///
    /// # Errors
    /// When one of them is a link, or cannot be read or written.
    pub(in crate::cli) fn new(
        repository: &Repository,
        tree: &Tree,
        wanted: &[&Blob],
    ) -> Result<Self, ToolError> {
        if let Some(link) = wanted.iter().find(|blob| blob.is_link) {
            let shown = tree.shown(&link.path);
            return Err(ToolError::new(format!("{shown} is a link\n  help: name the file that it leads to")));
        }
        let folder = tempfile::tempdir()?;
        let path = source::identity(folder.path());
        let checkout = Self { _folder: folder, path, prefix: tree.shown("") };
        checkout.write(repository, wanted.iter().copied())?;
        let is_beside = |blob: &&Blob| !blob.is_link && !wanted.iter().any(|wanted| wanted.path == blob.path);
        let beside = tree.files.iter().filter(|blob| session::is_toml(Path::new(&blob.path)));
        let beside = beside.filter(|blob| blob.bytes <= MAX_SOURCE_BYTES).filter(is_beside);
        let mut sum = 0;
        let beside = beside.take(MAX_FILES).take_while(|blob| {
            sum += blob.bytes;
            sum <= MAX_BYTES
        });
        let projects = checkout.write(repository, beside)?;
        // A project may name a catalog.
        let catalogs = tree.files.iter().filter(|blob| blob.bytes <= MAX_WORKFLOW_BYTES).filter(is_beside);
        let catalogs = catalogs.filter(|blob| {
            let name = blob.path.rsplit('/').next().unwrap_or(&blob.path);
            has_extension(Path::new(name), &["json", "gz"])
                && projects.iter().any(|project| project.contains(&format!("{name}\"")))
        });
        checkout.write(repository, catalogs)?;
        Ok(checkout)
    }

    /// Where a file of the tree is, if it was wanted.
    pub(in crate::cli) fn path(&self, path: &str) -> PathBuf {
        self.path.join(path)
    }

    /// Gives its files the names that its user knows them by.
    pub(in crate::cli) fn disguise(&self, sources: &mut Sources, reports: &mut [FileReport]) {
        sources.show_as(&self.path, &self.prefix);
        let real = format!("{}{}", self.path.display(), std::path::MAIN_SEPARATOR);
        for diagnostic in reports.iter_mut().flat_map(|report| &mut report.diagnostics) {
            diagnostic.message = diagnostic.message.replace(&real, &self.prefix);
            if let Some(help) = &mut diagnostic.help {
                *help = help.replace(&real, &self.prefix);
            }
        }
    }

    /// Writes files; gives the texts of the projects among them.
    fn write<'b>(
        &self,
        repository: &Repository,
        files: impl IntoIterator<Item = &'b Blob>,
    ) -> Result<Vec<String>, ToolError> {
        let mut projects = Vec::new();
        repository.read(files, |blob, content| {
            let path = self.path(&blob.path);
            if let Some(folder) = path.parent() {
                std::fs::create_dir_all(folder)?;
            }
            std::fs::write(&path, content)?;
            if path.file_name().is_some_and(|name| name == project::FILE_NAME) {
                projects.push(String::from_utf8_lossy(content).into_owned());
            }
            Ok(())
        })?;
        Ok(projects)
    }
}
