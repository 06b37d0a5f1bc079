//! `wfc diff` of folders: every preset and workflow in them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::locate::{Located, Place};
use super::open::{self, Opened, Unopened};
use super::{Format, Stream, Terminal};
use crate::catalog::Machine;
use crate::cli::git::{Blob, Checkout};
use crate::cli::session::{self, Session};
use crate::cli::workflow_file::{self, has_extension};
use crate::cli::{Exit, ToolError, print};
use crate::diag::Diagnostics;
use crate::front::toml::Kind;
use crate::report::{FileReport, Format as Report};
use crate::review::folders::{FileChange, FoldersDiff};
use crate::review::{self, Style};
use crate::source::{self, MAX_WORKFLOW_BYTES};

/// One of the two folders: what it is called, and its files by their paths from it.
struct Folder {
    shown: String,
    files: BTreeMap<String, Located>,
    checkout: Option<Arc<Checkout>>,
}

/// A file of one of the folders.
enum Side {
    /// It is not there, or none of wfc's.
    Nothing,
    Opened(Box<Opened>, String),
    Broken(FileReport),
}

/// Compares two folders.
pub(super) fn run(
    places: &[Place; 2],
    format: Format,
    machine: Option<&Machine>,
    session: &mut Session,
    terminal: &Terminal,
) -> Result<Exit, ToolError> {
    if format == Format::Html {
        return Err(ToolError::new(
            "--format html shows two files, not folders\n  help: `--format markdown` shows folders, and `wfc review --base \
             REVISION --html FILE` makes a page of all that changed",
        ));
    }
    let [old, new] = [Folder::of(&places[0])?, Folder::of(&places[1])?];
    let paths: BTreeSet<&String> = old.files.keys().chain(new.files.keys()).collect();
    let presets: BTreeSet<&str> = paths.iter().filter_map(|path| path.strip_suffix(".toml")).collect();
    let mut compare = Compare {
        session,
        machine,
        files: Vec::new(),
        reports: Vec::new(),
        unchanged: 0,
        texts: Texts::default(),
    };
    for path in paths.iter().filter(|path| !is_output(path, &presets)) {
        compare.file(path, old.files.get(*path), new.files.get(*path))?;
    }
    compare.renames();
    let Compare { files, mut reports, unchanged, .. } = compare;
    let diff = FoldersDiff::new(old.shown, new.shown, files, unchanged);
    for checkout in [old.checkout, new.checkout].iter().flatten() {
        checkout.disguise(&mut session.sources, &mut reports);
    }
    print(&match format {
        Format::Human => diff.human(Style { color: terminal.options(Stream::Output).color }),
        Format::Markdown => diff.markdown(),
        Format::Json | Format::Html => diff.json(),
    })?;
    if !reports.is_empty() {
        terminal.report(Report::Human, Stream::Error, &session.sources, &reports)?;
        return Ok(Exit::Failed);
    }
    Ok(if diff.files.is_empty() { Exit::Clean } else { Exit::Findings })
}

impl Folder {
    fn of(place: &Place) -> Result<Self, ToolError> {
        match place {
            Place::Disk(folder) => Self::on_disk(folder),
            Place::Tree { repository, tree, path } => {
                let Some(folder) = repository.folder(tree, path) else {
                    let shown = tree.shown(path.trim_end_matches('/'));
                    return Ok(Self { shown, files: BTreeMap::new(), checkout: None });
                };
                let is_wanted = |blob: &&Blob| !blob.is_link && is_wanted(Path::new(&blob.path));
                let blobs: Vec<&Blob> = tree.below(&folder).filter(is_wanted).collect();
                let checkout = Arc::new(Checkout::new(repository, tree, &blobs)?);
                let located = blobs.into_iter().map(|blob| {
                    let below = blob.path.strip_prefix(&folder).unwrap_or(&blob.path).to_owned();
                    (below, Located::in_checkout(&checkout, &blob.path, tree.shown(&blob.path)))
                });
                let shown = tree.shown(folder.trim_end_matches('/'));
                Ok(Self { shown, files: located.collect(), checkout: Some(checkout) })
            }
        }
    }

    fn on_disk(folder: &Path) -> Result<Self, ToolError> {
        let found = session::expand(&[folder.to_owned()], is_wanted)?;
        let files = found.into_iter().map(|(path, _)| {
            let below = path.strip_prefix(folder).unwrap_or(&path);
            let names: Vec<_> = below.iter().map(|name| name.to_string_lossy()).collect();
            (names.join("/"), Located::on_disk(&path))
        });
        Ok(Self { shown: folder.display().to_string(), files: files.collect(), checkout: None })
    }
}

/// Pictures are results of workflows, and are compared only where they are named.
fn is_wanted(path: &Path) -> bool {
    session::is_source(path)
        && !session::is_lint_file(path)
        && has_extension(path, &["toml", "json"])
        && !path.to_string_lossy().ends_with(".wfc.json")
}

/// Whether a workflow is what a preset beside it compiles to: the preset tells what changes.
fn is_output(path: &str, presets: &BTreeSet<&str>) -> bool {
    let Some(stem) = path.strip_suffix(".workflow_api.json") else { return false };
    let without_number = stem.trim_end_matches(|c: char| c.is_ascii_digit()).strip_suffix('-');
    presets.contains(stem) || without_number.is_some_and(|stem| presets.contains(stem))
}

/// The texts of workflows that are on one side alone, by which renamed ones are found.
#[derive(Default)]
struct Texts {
    added: BTreeMap<String, String>,
    removed: BTreeMap<String, String>,
}

struct Compare<'c> {
    session: &'c mut Session,
    machine: Option<&'c Machine>,
    files: Vec<FileChange>,
    reports: Vec<FileReport>,
    unchanged: usize,
    texts: Texts,
}

impl Compare<'_> {
    fn file(&mut self, path: &str, old: Option<&Located>, new: Option<&Located>) -> Result<(), ToolError> {
        let path = path.to_owned();
        if let (Some(old), Some(new)) = (old, new)
            && !session::is_toml(&old.path)
            && is_same_content(&old.path, &new.path)
        {
            // Only what is a workflow counts.
            self.unchanged += usize::from(matches!(self.open(Some(new))?, Side::Opened(..)));
            return Ok(());
        }
        match (self.open(old)?, self.open(new)?) {
            (Side::Nothing, Side::Nothing) => {}
            (Side::Opened(before, from), Side::Opened(after, to)) => {
                let diff = review::diff(&before.side(from, self.machine), &after.side(to, self.machine));
                let breaks = diff.consequences.interface.iter().any(|change| change.breaks);
                if diff.same && !breaks {
                    self.unchanged += 1;
                } else {
                    self.files.push(FileChange::Changed { path, diff: Box::new(diff) });
                }
            }
            (Side::Nothing, Side::Opened(after, _)) => {
                self.texts.added.insert(path.clone(), review::text(after.graph()));
                self.files.push(FileChange::Added { path, what: after.about() });
            }
            (Side::Opened(before, _), Side::Nothing) => {
                self.texts.removed.insert(path.clone(), review::text(before.graph()));
                self.files.push(FileChange::Removed { path, what: before.about() });
            }
            (one, other) => {
                let mut about = None;
                for side in [one, other] {
                    match side {
                        Side::Opened(opened, _) => about = Some(opened.about()),
                        Side::Broken(report) => self.reports.push(report),
                        Side::Nothing => {}
                    }
                }
                self.files.push(FileChange::Unreadable { path, other: about });
            }
        }
        Ok(())
    }

    fn open(&mut self, located: Option<&Located>) -> Result<Side, ToolError> {
        let Some(located) = located else { return Ok(Side::Nothing) };
        if session::is_toml(&located.path) && !self.is_preset(located) {
            return Ok(Side::Nothing);
        }
        let Unopened { kind, diagnostics } = match open::open(located, self.session)? {
            Ok(opened) => return Ok(Side::Opened(Box::new(opened), located.shown.clone())),
            Err(unopened) => unopened,
        };
        let is_meant = session::is_toml(&located.path) || {
            let text = source::read_text(&located.path, MAX_WORKFLOW_BYTES);
            text.is_ok_and(|text| workflow_file::looks_like_workflow(&text))
        };
        let path = PathBuf::from(&located.shown);
        Ok(if is_meant { Side::Broken(FileReport { path, kind, diagnostics }) } else { Side::Nothing })
    }

    /// True for presets, and for TOML that cannot be read.
    fn is_preset(&mut self, located: &Located) -> bool {
        let mut found = Diagnostics::new();
        let Ok(file) = self.session.sources.load(&located.path) else { return true };
        matches!(self.session.kind(file, &mut found), Some(Kind::Preset)) || found.has_errors()
    }

    /// Turns what was removed here and added there, and does the same, into one line.
    fn renames(&mut self) {
        let mut by_text: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for (path, text) in self.texts.removed.iter().rev() {
            by_text.entry(text).or_default().push(path);
        }
        let mut pairs: Vec<(String, String)> = Vec::new();
        for (path, text) in &self.texts.added {
            let same_kind = |from: &&&str| Path::new(from).extension() == Path::new(path).extension();
            let from = by_text.get_mut(&**text).and_then(|all| all.pop_if(|from| same_kind(&&*from)));
            pairs.extend(from.map(|from| (from.to_owned(), path.clone())));
        }
        for (from, path) in pairs {
            self.files.retain(|file| match file {
                FileChange::Added { path: added, .. } => *added != path,
                FileChange::Removed { path: removed, .. } => *removed != from,
                _ => true,
            });
            self.files.push(FileChange::Renamed { from, path });
        }
    }
}

fn is_same_content(one: &Path, other: &Path) -> bool {
    let read = |path| source::read_capped(path, MAX_WORKFLOW_BYTES).ok();
    read(one).zip(read(other)).is_some_and(|(one, other)| one == other)
}
