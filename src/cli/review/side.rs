//! One side of a review: which presets and workflows it has, and what they compile to.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::is_in;
use crate::cli::ToolError;
use crate::cli::diff::locate::Located;
use crate::cli::diff::open::{self, Opened};
use crate::cli::git::{Blob, ChangedPath, Checkout, Repository, Tree};
use crate::cli::session::{self, Session};
use crate::cli::workflow_file::has_extension;
use crate::diag::Diagnostics;
use crate::front::toml::Kind;
use crate::report::{FileReport, Format, HumanOptions};
use crate::source::{self, MAX_SOURCE_BYTES, MAX_WORKFLOW_BYTES};

/// How wide messages are that go into a report.
const WIDTH: usize = 100;

/// One side.
pub(super) struct Side {
    /// Where its files are, by path from the repository's top; those that may be presets or workflows.
    files: BTreeMap<String, Located>,
    /// Where all its files are.
    place: Place,
    session: Session,
    /// True if the command line names a catalog, which has to be there.
    has_catalog: bool,
    /// What there is at each path.
    pub(super) found: BTreeMap<String, Found>,
}

enum Place {
    Checkout(Arc<Checkout>),
    /// The folder that paths begin at.
    Disk(PathBuf),
}

/// What a file is.
pub(super) enum Found {
    /// A workflow, with the files that it was made from.
    Workflow(Box<Opened>, Vec<String>),
    /// What is none, and why: a preset with mistakes, or any JSON.
    Broken(String),
    /// Something else.
    Nothing,
}

impl Side {
    /// The files of a revision.
    ///
    /// # Errors
    /// When they cannot be read.
    pub(super) fn of_tree(
        tree: &Tree,
        repository: &Repository,
        folders: &[String],
        changed: &[ChangedPath],
        catalog: Option<&str>,
    ) -> Result<Self, ToolError> {
        let changed: BTreeSet<&str> =
            changed.iter().flat_map(|path| [&path.old, &path.new]).flatten().map(|it| &**it).collect();
        let is_wanted = |blob: &&Blob| {
            is_workflow(&blob.path) && changed.contains(&*blob.path) && blob.bytes <= MAX_WORKFLOW_BYTES
        };
        let plain = || {
            tree.files
                .iter()
                .filter(|blob| !blob.is_link && is_in(folders, &blob.path) && !is_hidden(&blob.path))
        };
        let presets = plain().filter(|blob| is_source(&blob.path) && blob.bytes <= MAX_SOURCE_BYTES);
        let presets: Vec<&Blob> = presets.collect();
        let workflows: Vec<&Blob> = plain().filter(is_wanted).collect();
        let checkout = Arc::new(Checkout::new(repository, tree, &workflows)?);
        let files = presets.into_iter().chain(workflows);
        let files = files.map(|blob| {
            (blob.path.clone(), Located::in_checkout(&checkout, &blob.path, tree.shown(&blob.path)))
        });
        Ok(Self {
            files: files.collect(),
            place: Place::Checkout(Arc::clone(&checkout)),
            session: Session::new(catalog.map(str::to_owned)),
            has_catalog: catalog.is_some(),
            found: BTreeMap::new(),
        })
    }

    /// The files on the disk.
    ///
    /// # Errors
    /// When a folder cannot be looked into.
    pub(super) fn on_disk(
        repository: &Repository,
        folders: &[String],
        changed: &[ChangedPath],
        catalog: Option<&str>,
    ) -> Result<Self, ToolError> {
        let top = repository.way_to_top();
        // The path of the folder of this process is `.`, not the empty one.
        let root = |folder: &String| Path::new(".").join(&top).join(folder);
        let roots: Vec<PathBuf> = folders.iter().map(root).filter(|root| source::exists(root)).collect();
        let found = session::expand(&roots, |path| is_source(&path.to_string_lossy()))?;
        let start = Path::new(".").join(&top);
        let found = found.iter().filter_map(|(path, _)| path.strip_prefix(&start).ok());
        let mut paths: BTreeSet<String> = found.map(slashed).collect();
        // What git knows counts, even where it is told to ignore it.
        let known = changed.iter().filter_map(|path| path.new.as_deref());
        let known = known.filter(|path| is_source(path) || is_workflow(path));
        paths.extend(known.filter(|path| is_in(folders, path)).map(str::to_owned));
        paths.retain(|path| !is_hidden(path) && (is_source(path) || is_workflow(path)));
        let files = paths.into_iter().map(|path| {
            let located = Located::on_disk(&top.join(&path));
            (path, located)
        });
        Ok(Self {
            files: files.filter(|(_, located)| located.path.is_file()).collect(),
            place: Place::Disk(top),
            session: Session::new(catalog.map(str::to_owned)),
            has_catalog: catalog.is_some(),
            found: BTreeMap::new(),
        })
    }

    /// The text of any of its TOML files, or of a workflow that was looked for; nothing if there is none.
    pub(super) fn text(&self, path: &str) -> Option<String> {
        let path = match &self.place {
            Place::Checkout(checkout) => checkout.path(path),
            Place::Disk(top) => top.join(path),
        };
        source::read_text(&path, MAX_WORKFLOW_BYTES).ok()
    }

    /// Opens everything.
    fn open(&mut self) -> Result<(), ToolError> {
        let folder = self.place.folder();
        let mut broken = Vec::new();
        for (path, located) in &self.files {
            let mark = self.session.sources.len();
            let is_preset = is_source(path);
            if is_preset && !is_preset_file(located, &mut self.session) {
                self.found.insert(path.clone(), Found::Nothing);
                continue;
            }
            let opened = match open::open(located, &mut self.session) {
                Err(ToolError(message)) if !self.has_catalog => {
                    // Such as a catalog that the project of this revision names.
                    self.found.insert(path.clone(), Found::Broken(message));
                    continue;
                }
                opened => opened?,
            };
            let found = match opened {
                Ok(opened) => {
                    let read = self.session.sources.paths_since(mark).map(source::identity);
                    let read = read.filter_map(|path| Some(slashed(path.strip_prefix(&folder).ok()?)));
                    Found::Workflow(Box::new(opened), read.collect())
                }
                Err(unopened) => {
                    let path = path.clone();
                    broken.push((path, located.shown.clone(), unopened));
                    continue;
                }
            };
            self.found.insert(path.clone(), found);
        }
        let mut reports: Vec<FileReport> = Vec::new();
        let mut paths = Vec::new();
        for (path, shown, unopened) in broken {
            reports.push(FileReport {
                path: shown.into(),
                kind: unopened.kind,
                diagnostics: unopened.diagnostics,
            });
            paths.push(path);
        }
        if let Place::Checkout(checkout) = &self.place {
            checkout.disguise(&mut self.session.sources, &mut reports);
        }
        let options = HumanOptions { color: false, unicode: true, width: WIDTH };
        for (path, report) in paths.into_iter().zip(reports) {
            let text = Format::Human.render(&self.session.sources, &[report], options);
            // The last line counts what is above it.
            let text = text.trim_end().rsplit_once("\n\n").map_or(&*text, |(text, _)| text).to_owned();
            self.found.insert(path, Found::Broken(text));
        }
        Ok(())
    }
}

impl Place {
    fn folder(&self) -> PathBuf {
        source::identity(&match self {
            Self::Checkout(checkout) => checkout.path(""),
            Self::Disk(top) => Path::new(".").join(top),
        })
    }
}

/// A path with `/`, whatever the system has.
fn slashed(path: &Path) -> String {
    let parts: Vec<_> = path.components().map(|part| part.as_os_str().to_string_lossy()).collect();
    parts.join("/")
}

/// Opens both sides at once.
///
/// # Errors
/// When a catalog or a project cannot be read.
pub(super) fn open_both(old: &mut Side, new: &mut Side) -> Result<(), ToolError> {
    let (one, other) = std::thread::scope(|scope| {
        let one = scope.spawn(|| old.open());
        let other = new.open();
        (one.join(), other)
    });
    one.unwrap_or_else(|_| Err(ToolError::new("the old side cannot be compiled")))?;
    other
}

/// True if a file is a preset, or was to be one: what is wrong with it, opening it says.
fn is_preset_file(located: &Located, session: &mut Session) -> bool {
    let Ok(id) = session.sources.load(&located.path) else { return false };
    let mut problems = Diagnostics::new();
    if let Some(kind) = session.kind(id, &mut problems) {
        return kind == Kind::Preset;
    }
    // A file with a syntax error has no kind.
    let text = session.sources.file(id).text().clone();
    let names_graph = |line: &str| {
        let key = line.split('=').next().unwrap_or_default().trim();
        line.contains('=') && ["graph", "extends"].contains(&key)
    };
    !problems.is_empty() && text.lines().any(names_graph)
}

/// True for the names that presets have.
pub(super) fn is_source(path: &str) -> bool {
    let path = Path::new(path);
    session::is_toml(path) && !session::is_lint_file(path)
}

/// True for the names that workflows have.
fn is_workflow(path: &str) -> bool {
    let path = Path::new(path);
    has_extension(path, &["json"]) && session::is_workflow(path)
}

fn is_hidden(path: &str) -> bool {
    path.split('/').any(|part| part.starts_with('.'))
}
