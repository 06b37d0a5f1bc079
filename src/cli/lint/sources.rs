//! Presets, graphs and projects, which are checked one after the other, and repaired together: a finding of a preset
//! may be repaired in its graph file.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use super::allowances::Noted;
use super::fix::{self, MAX_ROUNDS, Repairs};
use super::levels::Overrides;
use super::{Results, files};
use crate::cli::session::{Found, Session};
use crate::cli::{ToolError, output};
use crate::diag::{Diagnostic, Diagnostics, Fix};
use crate::front::toml;
use crate::report::FileReport;
use crate::source;

/// Checks files, and repairs them if asked: those that are given, and no others.
pub(super) fn run(
    files: &[(usize, (PathBuf, Found))],
    session: &mut Session,
    overrides: &Overrides,
    repairs: Repairs,
) -> Result<Results, ToolError> {
    let (reports, noted) = check(files, session, overrides)?;
    let mut results = Results { reports, noted, repaired: 0, diffs: Vec::new() };
    let mut revised: BTreeMap<PathBuf, Revised> = BTreeMap::new();
    for _ in 0..MAX_ROUNDS {
        let count =
            if repairs.any() { repair(files, session, &results.reports, repairs, &mut revised) } else { 0 };
        if count == 0 {
            break;
        }
        results.repaired += count;
        (results.reports, results.noted) = check(files, session, overrides)?;
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

/// What is wrong with each file, and what became of the allowances in it.
type Checked = (Vec<(usize, FileReport)>, Vec<(usize, Noted)>);

fn check(
    files: &[(usize, (PathBuf, Found))],
    session: &mut Session,
    overrides: &Overrides,
) -> Result<Checked, ToolError> {
    let (mut reports, mut all_noted) = (Vec::new(), Vec::new());
    for (order, (path, found)) in files {
        let mut diagnostics = Diagnostics::new();
        let checked = files::check(path, *found, session, overrides, &mut diagnostics)?;
        let Some((kind, noted)) = checked else { continue };
        let report = FileReport { path: path.clone(), kind, diagnostics: diagnostics.into_sorted() };
        reports.push((*order, report));
        all_noted.push((*order, noted));
    }
    Ok((reports, all_noted))
}

/// Makes the repairs of one round, in memory; gives how many findings that repairs.
fn repair(
    given: &[(usize, (PathBuf, Found))],
    session: &mut Session,
    reports: &[(usize, FileReport)],
    repairs: Repairs,
    revised: &mut BTreeMap<PathBuf, Revised>,
) -> usize {
    let by_identity: BTreeMap<PathBuf, &PathBuf> =
        given.iter().map(|(_, (path, _))| (source::identity(path), path)).collect();
    // A file is read anew for each preset that uses it; its text is the same.
    let mut fixes: BTreeMap<PathBuf, (Arc<str>, Vec<&Fix>)> = BTreeMap::new();
    for fix in repairs.of(reports.iter().flat_map(|(_, report)| &report.diagnostics)) {
        let Some(first) = fix.edits.first() else { continue };
        let in_one_file = fix.edits.iter().all(|edit| edit.span.file == first.span.file);
        let file = session.sources.file(first.span.file);
        let path = source::identity(file.path());
        if in_one_file && file.is_read() && by_identity.contains_key(&path) {
            let (_, fixes) = fixes.entry(path).or_insert_with(|| (file.text().clone(), Vec::new()));
            // Two presets may find the same in the graph that they share.
            let is_known = |known: &&Fix| known.edits.iter().map(range).eq(fix.edits.iter().map(range));
            if !fixes.iter().any(is_known) {
                fixes.push(fix);
            }
        }
    }
    let mut count = 0;
    for (path, (text, fixes)) in fixes {
        let Some((after, repaired)) = fix::repaired(&text, fixes) else { continue };
        // A repair that breaks the file is none.
        let scratch = session.sources.add(by_identity[&path].as_path(), after.as_str());
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
