//! Workflows, which are independent of each other: on all cores, and their texts kept only where
//! there is something to show.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use super::Overrides;
use crate::cli::session::{Found, Session};
use crate::cli::workflow_file::{self, WorkflowText};
use crate::cli::{ToolError, note, output};
use crate::compile::{Compiler, WorkflowOptions};
use crate::diag::{Diagnostic, Diagnostics, Edit};
use crate::front::json;
use crate::lint::Levels;
use crate::report::FileReport;
use crate::source::{FileId, Sources};

/// Below so many files a second thread costs more than it brings.
const FEW: usize = 8;

/// One of these is in every workflow.
const MARKS: [&str; 3] = ["\"class_type\"", "\"nodes\"", "\"inputs\""];

/// A file to check: where it stands among the given ones, and what it is checked with.
struct Task {
    order: usize,
    path: PathBuf,
    found: Found,
    file: FileId,
    rules: Arc<Rules>,
}

/// What all workflows of a folder are judged by.
struct Rules {
    compiler: Arc<Compiler>,
    options: WorkflowOptions,
}

/// What came of a file; the text only if places in it are shown.
struct Outcome {
    task: usize,
    kind: &'static str,
    diagnostics: Vec<Diagnostic>,
    text: Option<String>,
}

/// Checks workflows. Files that were met in a folder and are none are left out.
pub(super) fn run(
    files: Vec<(usize, (PathBuf, Found))>,
    session: &mut Session,
    overrides: &Overrides,
    lint: bool,
) -> Result<Vec<(usize, FileReport)>, ToolError> {
    let mut folders: BTreeMap<PathBuf, Arc<Rules>> = BTreeMap::new();
    let mut tasks = Vec::with_capacity(files.len());
    for (order, (path, found)) in files {
        let folder = path.parent().unwrap_or(Path::new("")).to_owned();
        let rules = if let Some(rules) = folders.get(&folder) {
            Arc::clone(rules)
        } else {
            let rules = Arc::new(rules_for(&path, session, overrides, lint)?);
            folders.insert(folder, Arc::clone(&rules));
            rules
        };
        let file = session.sources.add(path.clone(), "");
        tasks.push(Task { order, path, found, file, rules });
    }
    let mut reports = Vec::with_capacity(tasks.len());
    for outcome in on_all_cores(&tasks) {
        let task = &tasks[outcome.task];
        if let Some(text) = outcome.text {
            session.sources.set_text(task.file, text);
        }
        let report =
            FileReport { path: task.path.clone(), kind: outcome.kind, diagnostics: outcome.diagnostics };
        reports.push((task.order, report));
    }
    Ok(reports)
}

fn rules_for(
    path: &Path,
    session: &mut Session,
    overrides: &Overrides,
    lint: bool,
) -> Result<Rules, ToolError> {
    // What is wrong with the project is reported for the project.
    let mut silent = Diagnostics::new();
    let root = session.root(path, &mut silent)?;
    let compiler = session.compiler(root.as_ref())?;
    let levels = root.map_or_else(Levels::default, |root| Levels::of(&root.project.lint, &mut silent));
    let lint = lint.then(|| overrides.on(levels));
    Ok(Rules { compiler, options: WorkflowOptions { server: overrides.server, lint } })
}

fn on_all_cores(tasks: &[Task]) -> Vec<Outcome> {
    let cores = if tasks.len() < FEW { 1 } else { thread::available_parallelism().map_or(1, usize::from) };
    let next = AtomicUsize::new(0);
    let outcomes = Mutex::new(Vec::with_capacity(tasks.len()));
    let work = || {
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(task) = tasks.get(at) else { break };
            if let Some(outcome) = check(at, task) {
                outcomes.lock().unwrap_or_else(PoisonError::into_inner).push(outcome);
            }
        }
    };
    thread::scope(|scope| {
        for _ in 1..cores {
            scope.spawn(work);
        }
        work();
    });
    outcomes.into_inner().unwrap_or_else(PoisonError::into_inner)
}

/// Checks one file; nothing if it was met in a folder and is no workflow.
fn check(at: usize, task: &Task) -> Option<Outcome> {
    let mut diagnostics = Diagnostics::new();
    let text = match workflow_file::read(&task.path) {
        Ok(WorkflowText { text, .. }) => text,
        Err(error) if task.found == Found::Walked && error.is_plain_picture() => return None,
        Err(error) => {
            diagnostics.push(Diagnostic::format("unreadable-file", error.message()));
            let diagnostics = diagnostics.into_sorted();
            return Some(Outcome { task: at, kind: "unknown", diagnostics, text: None });
        }
    };
    let is_named = task.found == Found::Named || task.path.to_string_lossy().ends_with(".workflow_api.json");
    if !is_named && !MARKS.iter().any(|mark| text.contains(mark)) {
        return None;
    }
    let kind = task.rules.compiler.workflow(task.file, &text, &task.rules.options, &mut diagnostics);
    if !is_named && kind.is_none() {
        return None;
    }
    let shown = !diagnostics.is_empty();
    let kind = kind.map_or("unknown", json::Kind::name);
    Some(Outcome { task: at, kind, diagnostics: diagnostics.into_sorted(), text: shown.then_some(text) })
}

/// Applies the safe repairs to the files and drops what they repair from the reports.
pub(super) fn fix(reports: &mut [FileReport], sources: &Sources) -> Result<(), ToolError> {
    let mut repaired = 0_usize;
    for report in reports {
        let is_safe = |found: &Diagnostic| found.fix.as_ref().is_some_and(|fix| fix.safe);
        let mut edits: Vec<Edit> = Vec::new();
        let mut done = Vec::new();
        for (at, found) in report.diagnostics.iter().enumerate().filter(|(_, found)| is_safe(found)) {
            let wanted = found.fix.as_ref().map(|fix| fix.edits.clone()).unwrap_or_default();
            let overlaps = |edit: &Edit| {
                edits.iter().any(|other| other.span.start < edit.span.end && edit.span.start < other.span.end)
            };
            let is_here = |edit: &Edit| sources.file(edit.span.file).path() == report.path;
            if wanted.iter().all(|edit| is_here(edit) && !overlaps(edit)) {
                edits.extend(wanted);
                done.push(at);
            }
        }
        let Some(file) = edits.first().map(|edit| edit.span.file) else { continue };
        // The text of a workflow in a picture is not the text of the file.
        if workflow_file::read(&report.path).is_ok_and(|file| file.is_picture) {
            continue;
        }
        edits.sort_by_key(|edit| std::cmp::Reverse(edit.span.start));
        let mut text = sources.file(file).text().to_string();
        for edit in &edits {
            text.replace_range(edit.span.range(), &edit.text);
        }
        output::write_atomic(&report.path, text.as_bytes())?;
        repaired += done.len();
        let mut at = 0;
        report.diagnostics.retain(|_| {
            at += 1;
            !done.contains(&(at - 1))
        });
    }
    let noun = if repaired == 1 { "finding" } else { "findings" };
    note(&format!("{repaired} {noun} repaired\n"));
    Ok(())
}
