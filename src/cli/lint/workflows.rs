//! Workflows, which are independent of each other: on all cores, and their texts kept only where
//! there is something to show.

use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use super::Results;
use super::allowances::Noted;
use super::fix::{self, MAX_ROUNDS, Repairs};
use super::settings::{AllRules, Rules};
use crate::cli::session::{Found, Session};
use crate::cli::workflow_file::{self, WorkflowText};
use crate::cli::{ToolError, output};
use crate::diag::{Diagnostic, Diagnostics};
use crate::front::json;
use crate::report::FileReport;
use crate::source::FileId;

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

/// What came of a file; the text only if places in it are shown.
struct Outcome {
    task: usize,
    kind: &'static str,
    diagnostics: Vec<Diagnostic>,
    text: Option<String>,
    /// What became of the allowances in its lint file.
    noted: Noted,
    /// How many findings were repaired.
    repaired: usize,
    /// What that changes, where it is only shown.
    diff: Option<String>,
}

/// Checks workflows, and repairs them if asked. Files that were met in a folder and are none are left out.
pub(super) fn run(
    files: Vec<(usize, (PathBuf, Found))>,
    session: &mut Session,
    mut rules: AllRules<'_>,
    repairs: Repairs,
) -> Result<Results, ToolError> {
    let mut tasks = Vec::with_capacity(files.len());
    for (order, (path, found)) in files {
        let rules = rules.of(&path, session)?;
        let file = session.sources.add(path.clone(), "");
        tasks.push(Task { order, path, found, file, rules });
    }
    let reports = Vec::with_capacity(tasks.len());
    let mut results = Results { reports, noted: Vec::new(), repaired: 0, diffs: Vec::new() };
    for outcome in on_all_cores(&tasks, repairs) {
        let task = &tasks[outcome.task];
        if let Some(text) = outcome.text {
            session.sources.set_text(task.file, text);
        }
        let mut diagnostics = outcome.diagnostics;
        diagnostics.extend(task.rules.problems.iter().cloned());
        let report = FileReport { path: task.path.clone(), kind: outcome.kind, diagnostics };
        results.reports.push((task.order, report));
        results.noted.push((task.order, outcome.noted));
        results.repaired += outcome.repaired;
        results.diffs.extend(outcome.diff.map(|diff| (task.order, diff)));
    }
    Ok(results)
}

fn on_all_cores(tasks: &[Task], repairs: Repairs) -> Vec<Outcome> {
    let cores = if tasks.len() < FEW { 1 } else { thread::available_parallelism().map_or(1, usize::from) };
    let next = AtomicUsize::new(0);
    let outcomes = Mutex::new(Vec::with_capacity(tasks.len()));
    let work = || {
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(task) = tasks.get(at) else { break };
            if let Some(outcome) = check(at, task, repairs) {
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

/// Checks one file, and repairs it if asked; nothing if it was met in a folder and is no workflow.
fn check(at: usize, task: &Task, repairs: Repairs) -> Option<Outcome> {
    let (mut text, is_picture) = match workflow_file::read(&task.path) {
        Ok(WorkflowText { text, is_picture }) => (text, is_picture),
        Err(error) if task.found == Found::Walked && error.is_plain_picture() => return None,
        Err(error) => {
            let diagnostics = vec![error.finding()];
            return Some(Outcome {
                task: at,
                kind: "unknown",
                diagnostics,
                text: None,
                noted: Noted::default(),
                repaired: 0,
                diff: None,
            });
        }
    };
    let is_named = task.found == Found::Named || task.path.to_string_lossy().ends_with(".workflow_api.json");
    if !is_named && !MARKS.iter().any(|mark| text.contains(mark)) {
        return None;
    }
    let (kind, mut diagnostics, noted) = judged(task, &text);
    let is_cut = || {
        let is_json = diagnostics.iter().all(|found| found.rule != "json-syntax");
        !is_json && workflow_file::looks_like_workflow(&text)
    };
    if !is_named && kind.is_none() && !is_cut() {
        return None;
    }
    let mut repaired = 0;
    // The text of a workflow in a picture is not the text of the file.
    let mut diff = None;
    if repairs.any()
        && !is_picture
        && let Some(better) = repair(task, &text, &diagnostics, repairs)
    {
        if repairs.diff {
            diff = Some(fix::diff(&task.path, &text, &better.text));
            Repaired { text, diagnostics, count: repaired } = better;
        } else {
            match output::write_atomic(&task.path, better.text.as_bytes()) {
                // What is left is shown where it stands now.
                Ok(_) => Repaired { text, diagnostics, count: repaired } = better,
                Err(error) => diagnostics.insert(0, Diagnostic::format("unwritable-file", error.to_string())),
            }
        }
    }
    let shown = !diagnostics.is_empty();
    let kind = kind.map_or("unknown", json::Kind::name);
    Some(Outcome { task: at, kind, diagnostics, text: shown.then_some(text), noted, repaired, diff })
}

fn judged(task: &Task, text: &str) -> (Option<json::Kind>, Vec<Diagnostic>, Noted) {
    let mut diagnostics = Diagnostics::new();
    let rules = &task.rules;
    let kind = rules.compiler.workflow(task.file, text, &rules.options, &mut diagnostics);
    let noted = match rules.options.lint.as_ref().zip(rules.lint_file) {
        Some((settings, file)) => Noted::of(&diagnostics, settings, file),
        None => Noted::default(),
    };
    (kind, diagnostics.into_sorted(), noted)
}

/// A file after its repair.
struct Repaired {
    text: String,
    /// What is left.
    diagnostics: Vec<Diagnostic>,
    /// How many findings were repaired.
    count: usize,
}

/// Makes repairs; nothing if there are none. One may bring another to light: a number without its quotes may
/// have a rounding error.
fn repair(task: &Task, text: &str, diagnostics: &[Diagnostic], repairs: Repairs) -> Option<Repaired> {
    let mut done: Option<Repaired> = None;
    for _ in 0..MAX_ROUNDS {
        let (text, diagnostics, before) = match &done {
            Some(done) => (&*done.text, &*done.diagnostics, done.count),
            None => (text, diagnostics, 0),
        };
        let Some((text, count)) = fix::repaired(text, repairs.of(diagnostics)) else { break };
        let (_, diagnostics, _) = judged(task, &text);
        done = Some(Repaired { text, diagnostics, count: before + count });
    }
    done
}
