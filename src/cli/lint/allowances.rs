//! Which allowances of a run's files allowed something. What a graph allows may be found only in the workflow of a
//! preset, so this is known at the end of the run.

use std::collections::BTreeSet;
use std::path::PathBuf;

use crate::diag::{Diagnostic, Diagnostics, Gate, Severity};
use crate::lint::Settings;
use crate::report::FileReport;
use crate::source::{self, FileId, Sources, Span};

/// What the check of one file says of allowances.
#[derive(Debug, Default)]
pub(super) struct Noted {
    /// Where something is allowed that was found.
    used: Vec<Span>,
    /// The findings that an allowance is not used, should no other file use it.
    unused: Vec<Diagnostic>,
}

impl Noted {
    /// What became of the allowances that stand in `file`, after `settings` judged all that was found. Nothing is
    /// said of those that are not used if errors kept rules from being run.
    pub(super) fn of(diagnostics: &Diagnostics, settings: &Settings, file: FileId) -> Self {
        let is_stopped =
            diagnostics.iter().any(|found| found.gate != Gate::Lint && found.severity == Severity::Error);
        let unused = if is_stopped {
            Vec::new()
        } else {
            settings.allowances.unused(file, &settings.levels, diagnostics).into_sorted()
        };
        Self { used: diagnostics.allowed().collect(), unused }
    }
}

/// What the checks of all files say of allowances.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    used: BTreeSet<(PathBuf, u32)>,
    unused: Vec<(usize, Diagnostic)>,
}

impl Ledger {
    /// What the checks of the files of these numbers say.
    pub(super) fn of(noted: Vec<(usize, Noted)>, sources: &Sources) -> Self {
        let mut ledger = Self::default();
        for (order, noted) in noted {
            ledger.used.extend(noted.used.into_iter().map(|span| place(span, sources)));
            ledger.unused.extend(noted.unused.into_iter().map(|finding| (order, finding)));
        }
        ledger
    }

    /// Adds to the reports the findings that an allowance is not used.
    pub(super) fn close(mut self, reports: &mut [(usize, FileReport)], sources: &Sources) {
        for (order, finding) in self.unused {
            let Some(span) = finding.span() else { continue };
            let report = reports.iter_mut().find(|(number, _)| *number == order);
            if let Some((_, report)) = report
                && self.used.insert(place(span, sources))
            {
                // In the order of places; what stands in a lint file comes behind what the workflow says.
                let is_own = sources.file(span.file).path() == report.path;
                let behind = report.diagnostics.iter().position(|found| is_own && found.span() > Some(span));
                report.diagnostics.insert(behind.unwrap_or(report.diagnostics.len()), finding);
            }
        }
    }
}

/// A place, by whatever way its file was found.
fn place(span: Span, sources: &Sources) -> (PathBuf, u32) {
    (source::identity(sources.file(span.file).path()), span.start)
}
