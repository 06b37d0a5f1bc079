//! `--baseline`: findings that are known are not reported.

use std::path::{Path, PathBuf};

use crate::cli::{ToolError, output};
use crate::diag::{Diagnostic, Diagnostics, Gate, Severity};
use crate::front::toml;
use crate::front::toml::baseline::BaselineFile;
use crate::lint::baseline::Baseline;
use crate::report::FileReport;
use crate::source::{self, MAX_SOURCE_BYTES, Sources};

/// The known findings of a project, and their file.
pub(super) struct Known {
    path: PathBuf,
    /// The folder that paths count from.
    folder: PathBuf,
    baseline: Baseline,
}

impl Known {
    /// Reads a baseline; an empty one, if there is no file and `may_be_missing`.
    pub(super) fn open(path: &Path, may_be_missing: bool) -> Result<Self, ToolError> {
        let parent = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let folder = source::identity(parent.unwrap_or(Path::new(".")));
        let baseline = if source::exists(path) {
            read(path)?
        } else if may_be_missing {
            Baseline::default()
        } else {
            let message = format!("there is no baseline {}; --update-baseline writes it", path.display());
            return Err(ToolError::new(message));
        };
        Ok(Self { path: path.to_owned(), folder, baseline })
    }

    /// Drops the known findings; gives what to say of entries that are stale.
    pub(super) fn apply(&mut self, reports: &mut [FileReport]) -> Option<String> {
        let folder = &self.folder;
        let mut stale = self.baseline.retain_files(|path| source::exists(&folder.join(path)));
        for report in reports {
            let is_unread = is_unread(report);
            let old = self.baseline.retain_new(&self.name(&report.path), &mut report.diagnostics);
            stale += if is_unread { 0 } else { old };
        }
        let (noun, verb) = if stale == 1 { ("entry", "is") } else { ("entries", "are") };
        let path = self.path.display();
        (stale > 0).then(|| {
            format!("{stale} {noun} of {path} {verb} stale: what they stand for is gone; --update-baseline removes them\n")
        })
    }

    /// Takes what was found as known, and writes the file; gives what to say of it. What is known of files that
    /// were not looked at stays.
    pub(super) fn update(&mut self, reports: &mut [FileReport]) -> Result<String, ToolError> {
        let folder = self.folder.clone();
        self.baseline.retain_files(|path| source::exists(&folder.join(path)));
        for report in reports {
            let name = self.name(&report.path);
            if !is_unread(report) {
                self.baseline.set(&name, &report.diagnostics);
            }
            self.baseline.retain_new(&name, &mut report.diagnostics);
        }
        output::write_atomic(&self.path, self.baseline.to_text().as_bytes())?;
        let count = self.baseline.entries();
        let noun = if count == 1 { "finding" } else { "findings" };
        Ok(format!("{count} {noun} in {}\n", self.path.display()))
    }

    /// How the baseline calls a file: its path from the baseline's folder, with `/`.
    fn name(&self, path: &Path) -> String {
        let path = source::identity(path);
        let common = self.folder.ancestors().find(|folder| path.starts_with(folder)).unwrap_or(Path::new(""));
        let up = self.folder.components().count() - common.components().count();
        let rest = path.strip_prefix(common).unwrap_or(&path);
        let parts = rest.components().map(|part| part.as_os_str().to_string_lossy());
        let parts: Vec<_> = std::iter::repeat_n("..".into(), up).chain(parts).collect();
        parts.join("/")
    }
}

/// True if a file could not be read as what it is, so that nothing is known of what rules would find.
fn is_unread(report: &FileReport) -> bool {
    report.diagnostics.iter().any(|found| found.gate == Gate::Format && found.severity == Severity::Error)
}

fn read(path: &Path) -> Result<Baseline, ToolError> {
    let text = source::read_text(path, MAX_SOURCE_BYTES)?;
    let mut sources = Sources::new();
    let file = sources.add(path, text.as_str());
    let mut diagnostics = Diagnostics::new();
    let read = toml::read::<BaselineFile>(file, &text, &mut diagnostics);
    let baseline = read.map(|read| Baseline::read(&read, &mut diagnostics));
    let problem = diagnostics.into_sorted().into_iter().find(|found| found.severity == Severity::Error);
    match (baseline, problem) {
        (Some(baseline), None) => Ok(baseline),
        (_, problem) => {
            let place = problem.as_ref().and_then(Diagnostic::span);
            let line = place.map_or(1, |span| sources.line_column(span.file, span.start).line);
            let message = problem.map_or_else(String::new, |problem| problem.message);
            Err(ToolError::new(format!("the baseline {}:{line}: {message}", path.display())))
        }
    }
}
