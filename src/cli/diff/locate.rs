//! What `wfc diff` is given: files, files of revisions, ranges of revisions.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::cli::ToolError;
use crate::cli::git::{Checkout, Repository, Tree};
use crate::report::FileReport;
use crate::source::{self, Sources};

/// A file to compare.
pub(in crate::cli) struct Located {
    /// Where it is read.
    pub(in crate::cli) path: PathBuf,
    /// Where it belongs: whose project and lint file count. Mostly where it is read.
    pub(in crate::cli) home: PathBuf,
    /// What it is called.
    pub(in crate::cli) shown: String,
    /// The files of its revision, which go away with this.
    checkout: Option<Arc<Checkout>>,
}

/// Finds both files.
///
/// # Errors
/// When there is no such file, revision or repository.
pub(super) fn both(old: &str, new: &str) -> Result<[Located; 2], ToolError> {
    if let Some((from, to, is_forked)) = range(old) {
        let repository = Repository::find(old)?;
        let path = repository.path_from_here(new)?;
        let base = if is_forked { repository.merge_base(from, to)? } else { from.to_owned() };
        let [old, new] = [repository.tree(&base, from)?, repository.tree(to, to)?];
        return Ok([in_tree(&repository, &old, &path)?, in_tree(&repository, &new, &path)?]);
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
        return Ok(Located::on_disk(path));
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
    in_tree(&repository, &repository.tree(at, at)?, path)
}

fn in_tree(repository: &Repository, tree: &Tree, path: &str) -> Result<Located, ToolError> {
    let blob = repository.file(tree, path)?;
    let checkout = Checkout::new(repository, tree, &[blob])?;
    Ok(Located::in_checkout(&Arc::new(checkout), &blob.path, tree.shown(&blob.path)))
}

impl Located {
    /// A file on the disk.
    pub(in crate::cli) fn on_disk(path: &Path) -> Self {
        Self::elsewhere(path, path, path.display().to_string())
    }

    /// A file of a tree, by its path there and what it is called.
    pub(in crate::cli) fn in_checkout(checkout: &Arc<Checkout>, path: &str, shown: String) -> Self {
        let path = checkout.path(path);
        Self { home: path.clone(), path, shown, checkout: Some(Arc::clone(checkout)) }
    }

    /// A file that belongs elsewhere than it is read.
    pub(in crate::cli) fn elsewhere(path: &Path, home: &Path, shown: String) -> Self {
        Self { path: path.to_owned(), home: home.to_owned(), shown, checkout: None }
    }

    /// Gives files of a revision the names that its user knows them by.
    pub(in crate::cli) fn disguise(&self, sources: &mut Sources, reports: &mut [FileReport]) {
        if let Some(checkout) = &self.checkout {
            checkout.disguise(sources, reports);
        }
    }
}
