//! What snapshots are kept of, and where.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::text;
use crate::cli::build::outputs::Place;
use crate::cli::diff::locate::Located;
use crate::cli::diff::open;
use crate::cli::session::{self, Found, Ready, Session};
use crate::cli::workflow_file::{self, has_extension};
use crate::cli::{Exit, ToolError, build};
use crate::diag::{Diagnostic, Diagnostics};
use crate::front::toml::Kind;
use crate::ir::Graph;
use crate::report::FileReport;
use crate::source::{self, MAX_SOURCE_BYTES};

/// What the names of texts end in.
const SUFFIX: &str = ".graph.txt";

/// A preset or a workflow of which a snapshot is kept.
pub(super) struct Source {
    pub(super) path: PathBuf,
    pub(super) place: Place,
    pub(super) content: Content,
    /// What was found when it was read.
    pub(super) found: Diagnostics,
}

/// What a source is.
pub(super) enum Content {
    /// A preset; nothing if it cannot be read, which is reported.
    Preset(Option<Box<Ready>>),
    /// A workflow that no preset makes.
    Workflow(Graph),
}

impl Source {
    pub(super) const fn kind(&self) -> &'static str {
        match self.content {
            Content::Preset(_) => "preset",
            Content::Workflow(_) => "api",
        }
    }

    /// The file of its text.
    pub(super) fn text_path(&self) -> PathBuf {
        self.place.path(&format!("{}{SUFFIX}", self.place.stem))
    }
}

/// Finds the presets and workflows in what was given. What cannot be read is reported, and makes the exit code worse.
///
/// # Errors
/// When the only file that was named cannot be read, or there is nothing to keep.
pub(super) fn sources(
    paths: &[PathBuf],
    session: &mut Session,
    reports: &mut Vec<FileReport>,
) -> Result<(Vec<Source>, Exit), ToolError> {
    let mut exit = Exit::Clean;
    let (mut sources, mut workflows) = (Vec::new(), Vec::new());
    for (path, found) in session::expand(paths, session::is_source)? {
        if !session::is_toml(&path) {
            // A picture is the result of a workflow, and kept only when it is named.
            if found == Found::Named || has_extension(&path, &["json"]) {
                workflows.push((path, found));
            }
            continue;
        }
        match preset(&path, found, session) {
            Ok(source) => sources.extend(source),
            Err(error) if found == Found::Named && paths.len() == 1 => return Err(error),
            Err(ToolError(message)) => {
                exit = Exit::Failed;
                let diagnostics = vec![Diagnostic::format("unreadable-file", message)];
                reports.push(FileReport { path, kind: "unknown", diagnostics });
            }
        }
    }
    for (path, found) in workflows {
        if found == Found::Walked && is_output(&path, &sources) {
            continue;
        }
        match workflow(&path, found, session)? {
            Ok(source) => sources.extend(source),
            Err(report) => {
                exit = Exit::Failed;
                reports.push(report);
            }
        }
    }
    if sources.is_empty() && exit == Exit::Clean {
        return Err(ToolError::new(
            "there is neither a preset nor a workflow in what was given\n  help: a preset is a .toml file with \
             `graph = \"…\"`, a workflow what ComfyUI's editor saves or exports",
        ));
    }
    sources.sort_by(|one, other| one.path.cmp(&other.path));
    Ok((sources, exit))
}

fn preset(path: &Path, found: Found, session: &mut Session) -> Result<Option<Source>, ToolError> {
    let file = session.sources.load(path)?;
    let mut diagnostics = Diagnostics::new();
    let kind = session.kind(file, &mut diagnostics);
    if kind != Some(Kind::Preset) && diagnostics.is_empty() {
        if found == Found::Walked {
            return Ok(None);
        }
        let what = kind.map_or("no file of wfc", Kind::name);
        return Err(ToolError::new(format!(
            "{} is no preset: it is {what}\n  help: snapshots are kept of presets and workflows",
            path.display()
        )));
    }
    let ready = if diagnostics.has_errors() { None } else { session.preset(file, &[], &mut diagnostics)? };
    let folder = folder(path, session)?;
    let place = build::place_in(folder, None, path, ready.as_ref());
    Ok(Some(Source {
        path: path.to_owned(),
        place,
        content: Content::Preset(ready.map(Box::new)),
        found: diagnostics,
    }))
}

/// A workflow; nothing for a file met in a folder that is none.
fn workflow(
    path: &Path,
    found: Found,
    session: &mut Session,
) -> Result<Result<Option<Source>, FileReport>, ToolError> {
    let graph = match open::read(&Located::on_disk(path), session)? {
        Ok(read) => read.graph,
        Err(unopened) => {
            let is_meant = || {
                let text = source::read_text(path, MAX_SOURCE_BYTES);
                text.is_ok_and(|text| workflow_file::looks_like_workflow(&text))
            };
            if found == Found::Walked && !is_meant() {
                return Ok(Ok(None));
            }
            let (kind, diagnostics) = (unopened.kind, unopened.diagnostics);
            return Ok(Err(FileReport { path: path.to_owned(), kind, diagnostics }));
        }
    };
    let place = build::place_in(folder(path, session)?, None, path, None);
    let content = Content::Workflow(graph);
    Ok(Ok(Some(Source { path: path.to_owned(), place, content, found: Diagnostics::new() })))
}

/// Whether a workflow is what a preset compiles to.
fn is_output(path: &Path, presets: &[Source]) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let folder = path.parent().map(source::identity);
    let is_of = |preset: &Source| {
        let kept = Some(source::identity(&preset.place.folder)) == folder;
        (kept || preset.path.parent().map(source::identity) == folder) && preset.place.has(&name)
    };
    let stem = name.strip_suffix(".workflow_api.json");
    let has = |ending: &str| {
        stem.is_some_and(|stem| source::exists(&path.with_file_name(format!("{stem}.{ending}"))))
    };
    // What has a manifest was compiled, whatever became of its preset.
    has("toml") || has("wfc.json") || presets.iter().any(is_of)
}

/// The folder in which the snapshot of a file is kept.
fn folder(path: &Path, session: &mut Session) -> Result<PathBuf, ToolError> {
    let beside = path.parent().unwrap_or(Path::new("")).to_owned();
    // What is wrong with the project is said where presets are read.
    let Some(root) = session.root(path, &mut Diagnostics::new())? else { return Ok(beside) };
    let Some(folder) = root.project.snapshots.as_ref() else { return Ok(beside) };
    let real = source::identity(if beside.as_os_str().is_empty() { Path::new(".") } else { &beside });
    let top = source::identity(&root.folder);
    let below = real.strip_prefix(&top).unwrap_or(Path::new(""));
    Ok(from_here(&top.join(&**folder.get()).join(below)))
}

/// A path as it is shown: from this process's folder, if it lies below.
fn from_here(path: &Path) -> PathBuf {
    let here = source::identity(Path::new("."));
    path.strip_prefix(here).unwrap_or(path).to_owned()
}

/// Fails if two sources have the same text file.
pub(super) fn refuse_same_text(sources: &[Source]) -> Result<(), ToolError> {
    let mut owners: BTreeMap<PathBuf, &Path> = BTreeMap::new();
    for source in sources {
        let path = source.text_path();
        if let Some(owner) = owners.insert(path.clone(), &source.path) {
            return Err(ToolError::new(format!(
                "{} and {} would both be kept as {}\n  help: rename one of them",
                owner.display(),
                source.path.display(),
                path.display()
            )));
        }
    }
    Ok(())
}

/// The texts in these folders that are nobody's.
pub(super) fn left_over(
    paths: &[PathBuf],
    sources: &[Source],
    session: &mut Session,
) -> Result<Vec<PathBuf>, ToolError> {
    let mut folders = Vec::new();
    for path in paths.iter().filter(|path| path.is_dir()) {
        folders.push(path.clone());
        let kept = folder(&path.join("x"), session)?;
        if kept != *path && kept.is_dir() {
            folders.push(kept);
        }
    }
    let is_text = |path: &Path| path.file_name().unwrap_or_default().to_string_lossy().ends_with(SUFFIX);
    let owned: Vec<PathBuf> = sources.iter().map(|source| source::identity(&source.text_path())).collect();
    let found =
        session::expand(&folders, is_text)?.into_iter().map(|(path, _)| path).filter(|path| is_text(path));
    let found = found.filter(|path| !owned.contains(&source::identity(path)));
    let is_ours = |path: &PathBuf| {
        let text = source::read_text(path, MAX_SOURCE_BYTES);
        text.is_ok_and(|text| text.starts_with(text::HEADER))
    };
    Ok(found.filter(is_ours).collect())
}
