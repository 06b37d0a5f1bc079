//! Presets, graphs and projects, which are checked one after the other, and repaired together: a finding of a preset
//! may be repaired in its graph file.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use super::fix::{self, MAX_ROUNDS, Repairs};
use super::{Overrides, file};
use crate::cli::session::{Found, Session};
use crate::cli::{ToolError, output};
use crate::diag::{Diagnostic, Diagnostics, Fix};
use crate::front::toml;
use crate::report::FileReport;
use crate::source;

/// What is left of the files' problems, and what was repaired.
pub(super) struct Results {
    pub(super) reports: Vec<(usize, FileReport)>,
    pub(super) repaired: usize,
    /// What the repairs change, where they are only shown; by the order of the files.
    pub(super) diffs: Vec<(usize, String)>,
}

/// Checks files, and repairs them if asked: those that are given, and no others.
pub(super) fn run(
    files: &[(usize, (PathBuf, Found))],
    session: &mut Session,
    overrides: &Overrides,
    repairs: Repairs,
) -> Result<Results, ToolError> {
    let mut results = Results { reports: Vec::new(), repaired: 0, diffs: Vec::new() };
    let mut revised: BTreeMap<PathBuf, Revised> = BTreeMap::new();
    results.reports = check(files, session, overrides)?;
    for _ in 0..MAX_ROUNDS {
        let count =
            if repairs.any() { repair(files, session, &results.reports, repairs, &mut revised) } else { 0 };
        if count == 0 {
            break;
        }
        results.repaired += count;
        results.reports = check(files, session, overrides)?;
    }
    for (order, (path, _)) in files {
        let Some(Revised { before, after }) = revised.get(&source::identity(path)) else { continue };
        if repairs.diff {
            results.diffs.push((*order, fix::diff(path, before, after)));
        } else if let Err(error) = output::write_atomic(path, after.as_bytes()) {
            let problem = Diagnostic::format("unwritable-file", error.to_string());
            let report = results.reports.iter_mut().find(|(at, _)| at == order);
            if let Some((_, report)) = report {
                report.diagnostics.insert(0, problem);
            }
        }
    }
    Ok(results)
}

/// The text of a file before and after its repairs.
struct Revised {
    before: Arc<str>,
    after: Arc<str>,
}

fn check(
    files: &[(usize, (PathBuf, Found))],
    session: &mut Session,
    overrides: &Overrides,
) -> Result<Vec<(usize, FileReport)>, ToolError> {
    let mut reports = Vec::new();
    for (order, (path, found)) in files {
        let mut diagnostics = Diagnostics::new();
        let Some(kind) = file(path, *found, session, &mut diagnostics)? else { continue };
        overrides.apply(&mut diagnostics);
        let report = FileReport { path: path.clone(), kind, diagnostics: diagnostics.into_sorted() };
        reports.push((*order, report));
    }
    Ok(reports)
}

/// Makes the repairs of one round, in memory; gives how many findings that repairs.
fn repair(
    files: &[(usize, (PathBuf, Found))],
    session: &mut Session,
    reports: &[(usize, FileReport)],
    repairs: Repairs,
    revised: &mut BTreeMap<PathBuf, Revised>,
) -> usize {
    let given: BTreeMap<PathBuf, &PathBuf> =
        files.iter().map(|(_, (path, _))| (source::identity(path), path)).collect();
    // A file is read anew for each preset that uses it; its text is the same.
    let mut fixes: BTreeMap<PathBuf, (Arc<str>, Vec<&Fix>)> = BTreeMap::new();
    for fix in repairs.of(reports.iter().flat_map(|(_, report)| &report.diagnostics)) {
        let Some(first) = fix.edits.first() else { continue };
        let in_one_file = fix.edits.iter().all(|edit| edit.span.file == first.span.file);
        let file = session.sources.file(first.span.file);
        let path = source::identity(file.path());
        if in_one_file && file.is_read() && given.contains_key(&path) {
            let (_, fixes) = fixes.entry(path).or_insert_with(|| (file.text().clone(), Vec::new()));
            // Two presets may find the same in the graph that they share.
            let is_known = |known: &&Fix| known.edits.iter().map(range).eq(fix.edits.iter().map(range));
            if !fixes.iter().any(|known| is_known(known)) {
                fixes.push(fix);
            }
        }
    }
    let mut count = 0;
    for (path, (text, fixes)) in fixes {
        let Some((after, repaired)) = fix::repaired(&text, fixes) else { continue };
        // A repair that breaks the file is none.
        let scratch = session.sources.add(given[&path].as_path(), after.as_str());
        if toml::parse(scratch, &after, &mut Diagnostics::new()).is_none() {
            continue;
        }
        count += repaired;
        session.sources.revise(&path, after.as_str());
        let after: Arc<str> = after.into();
        let before = revised.remove(&path).map_or(text, |revised| revised.before);
        revised.insert(path, Revised { before, after });
    }
    count
}

fn range(edit: &crate::diag::Edit) -> (u32, u32, &str) {
    (edit.span.start, edit.span.end, &edit.text)
}
