//! What `wfc diff` is given: files, files of revisions, ranges of revisions.

use std::path::{Path, PathBuf};

use super::revision::{self, Checkout, Repository};
use crate::cli::ToolError;
use crate::report::FileReport;
use crate::source::{self, Sources};

/// A file to compare.
pub(super) struct Located {
    /// Where it is read.
    pub(super) path: PathBuf,
    /// What it is called.
    pub(super) shown: String,
    /// The files of its revision, which go away with this.
    checkout: Option<(Checkout, String)>,
}

/// Finds both files.
///
/// # Errors
/// When there is no such file, revision or repository.
pub(super) fn both(old: &str, new: &str) -> Result<[Located; 2], ToolError> {
    if let Some((from, to, is_forked)) = range(old) {
        let repository = Repository::find(old)?;
        let path = repository.path_from_here(new)?;
        let base = if is_forked { revision::fork(from, to)? } else { from.to_owned() };
        return Ok([in_revision(&repository, &base, from, &path)?, in_revision(&repository, to, to, &path)?]);
    }
    Ok([one(old)?, one(new)?])
}

/// The two revisions of a range, and whether it starts where the second left the first.
fn range(text: &str) -> Option<(&str, &str, bool)> {
    // A file may be called like that, and `../x.toml` is one.
    if source::exists(Path::new(text))
        || text.starts_with("..")
        || text.contains(['/', '\\']) && text.contains("../")
    {
        return None;
    }
    let (from, to) = text.split_once("..")?;
    let (to, is_forked) = to.strip_prefix('.').map_or((to, false), |to| (to, true));
    Some((or_head(from), or_head(to), is_forked))
}

/// What git takes an end of a range for that is left out.
fn or_head(revision: &str) -> &str {
    if revision.is_empty() { "HEAD" } else { revision }
}

fn one(text: &str) -> Result<Located, ToolError> {
    let path = Path::new(text);
    if source::exists(path) {
        if path.is_dir() {
            return Err(ToolError::new(format!(
                "{text} is a folder\n  help: name a preset or a workflow; folders have no workflow of their own"
            )));
        }
        return Ok(Located { path: path.to_owned(), shown: text.to_owned(), checkout: None });
    }
    // One letter before a colon is a drive of Windows.
    let Some((at, path)) = text.split_once(':').filter(|(at, _)| at.len() != 1) else {
        return Err(ToolError::new(format!(
            "no such file: {text}\n  help: a file of a git revision is written as `main:{text}`"
        )));
    };
    if at.is_empty() || path.is_empty() {
        return Err(ToolError::new(format!(
            "`{text}` names no {}\n  help: write a revision and a file: `main:presets/dance.toml`",
            if at.is_empty() { "revision" } else { "file" }
        )));
    }
    let repository = Repository::find(text)?;
    in_revision(&repository, at, at, path)
}

/// A file of a revision; `name` is what the user calls the revision.
fn in_revision(repository: &Repository, at: &str, name: &str, path: &str) -> Result<Located, ToolError> {
    let tree = revision::tree(at)?;
    let (path, checkout) = repository.check_out(&tree, name, path)?;
    let shown = format!("{name}:{path}");
    Ok(Located { path: checkout.folder().join(&path), shown, checkout: Some((checkout, name.to_owned())) })
}

impl Located {
    /// Gives files of a revision the names that its user knows them by.
    pub(super) fn disguise(&self, sources: &mut Sources, reports: &mut [FileReport]) {
        let Some((checkout, name)) = &self.checkout else { return };
        let folder = checkout.folder();
        let prefix = format!("{name}:");
        sources.show_as(folder, &prefix);
        let real = format!("{}{}", folder.display(), std::path::MAIN_SEPARATOR);
        for diagnostic in reports.iter_mut().flat_map(|report| &mut report.diagnostics) {
            diagnostic.message = diagnostic.message.replace(&real, &prefix);
            if let Some(help) = &mut diagnostic.help {
                *help = help.replace(&real, &prefix);
            }
        }
    }
}
