//! What `wfc diff` is given: files and folders, on the disk, of revisions and of the index, and ranges of revisions.

use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;

use crate::cli::ToolError;
use crate::cli::git::{self, Checkout, Repository, Tree};
use crate::report::FileReport;
use crate::source::{self, Sources};

/// Where a file or a folder is.
pub(super) enum Place {
    /// On the disk.
    Disk(PathBuf),
    /// In a revision, or in the index.
    Tree { repository: Rc<Repository>, tree: Rc<Tree>, path: String },
}

/// What is compared.
pub(super) enum Pair {
    Files([Located; 2]),
    Folders([Place; 2]),
}

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

/// Finds both sides.
///
/// # Errors
/// When there is no such file, folder, revision or repository, or one side is a file and the other a folder.
pub(super) fn both(old: &str, new: &str) -> Result<Pair, ToolError> {
    let places = match range(old) {
        Some((from, to, is_forked)) => in_range(old, (from, to, is_forked), new)?,
        None => [old_place(old, new)?, place(new)?],
    };
    match [places[0].is_folder(), places[1].is_folder()] {
        [true, true] => Ok(Pair::Folders(places)),
        [false, false] => Ok(Pair::Files([places[0].file()?, places[1].file()?])),
        [is_folder, _] => {
            let (folder, file) = if is_folder { (&places[0], &places[1]) } else { (&places[1], &places[0]) };
            // What is not there is worth more than what does not go together.
            file.file()?;
            let (folder, file) = (folder.shown(), file.shown());
            Err(ToolError::new(format!(
                "{folder} is a folder, and {file} is a file\n  help: compare two files, or two folders"
            )))
        }
    }
}

/// A file or folder in both revisions of a range.
fn in_range(old: &str, range: (&str, &str, bool), path: &str) -> Result<[Place; 2], ToolError> {
    let (from, to, is_forked) = range;
    let repository = Rc::new(Repository::find(old)?);
    let path = repository.path_from_here(path)?;
    let base = if is_forked { repository.merge_base(from, to)? } else { from.to_owned() };
    let trees = [repository.tree(&base, from)?, repository.tree(to, to)?];
    let is_folder =
        trees.iter().any(|tree| tree.is_folder(&path)) && trees.iter().all(|tree| tree.file(&path).is_none());
    Ok(trees.map(|tree| Place::Tree {
        repository: Rc::clone(&repository),
        // A folder that is in one of the two is empty in the other.
        path: if is_folder { format!("{path}/") } else { path.clone() },
        tree: Rc::new(tree),
    }))
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

/// The old side, which may be a revision alone: then the other side's path is meant, as it was there.
fn old_place(old: &str, new: &str) -> Result<Place, ToolError> {
    let is_path = source::exists(Path::new(old)) || old.contains(':') || old.starts_with('-');
    if is_path || new.contains(':') && !source::exists(Path::new(new)) {
        return place(old);
    }
    let Ok(repository) = Repository::find(old) else { return place(old) };
    if !git::is_revision(old)? {
        let Err(ToolError(why)) = repository.tree(old, old) else { return place(old) };
        return Err(ToolError::new(format!("no such file: {old}, and {why}")));
    }
    let path = repository.path_from_here(new)?;
    let tree = repository.tree(old, old)?;
    let path = if Path::new(new).is_dir() { format!("{path}/") } else { path };
    Ok(Place::Tree { repository: Rc::new(repository), tree: Rc::new(tree), path })
}

fn place(text: &str) -> Result<Place, ToolError> {
    let path = Path::new(text);
    if source::exists(path) {
        return Ok(Place::Disk(path.to_owned()));
    }
    // One letter before a colon is a drive of Windows.
    let Some((at, path)) = text.split_once(':').filter(|(at, _)| at.len() != 1) else {
        return Err(ToolError::new(format!(
            "no such file: {text}\n  help: a file of a git revision is written as `main:{text}`"
        )));
    };
    if path.is_empty() {
        return Err(ToolError::new(format!(
            "`{text}` names no file\n  help: write a revision and a file: `main:presets/dance.toml`; `{at}:.` is all of it"
        )));
    }
    let repository = Repository::find(text)?;
    let tree = if at.is_empty() { repository.index()? } else { repository.tree(at, at)? };
    Ok(Place::Tree { repository: Rc::new(repository), tree: Rc::new(tree), path: path.to_owned() })
}

impl Place {
    fn is_folder(&self) -> bool {
        match self {
            Self::Disk(path) => path.is_dir(),
            Self::Tree { repository, tree, path } => {
                path.ends_with('/')
                    || repository.file(tree, path).is_err() && repository.folder(tree, path).is_some()
            }
        }
    }

    fn shown(&self) -> String {
        match self {
            Self::Disk(path) => path.display().to_string(),
            Self::Tree { tree, path, .. } => tree.shown(path),
        }
    }

    fn file(&self) -> Result<Located, ToolError> {
        match self {
            Self::Disk(path) => Ok(Located::on_disk(path)),
            Self::Tree { repository, tree, path } => {
                let blob = repository.file(tree, path)?;
                let checkout = Checkout::new(repository, tree, &[blob])?;
                Ok(Located::in_checkout(&Arc::new(checkout), &blob.path, tree.shown(&blob.path)))
            }
        }
    }
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
