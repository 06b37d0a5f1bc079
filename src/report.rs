//! Renderers of diagnostics: pure functions from plain data to text.
//!
//! A format is a file in `report/` and a variant of [`Format`]. Nothing outside this room knows miette.

mod human;
mod json;
mod snippet;

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Serialize;

pub use human::HumanOptions;
pub use json::diagnostics_schema;

use crate::diag::{Diagnostic, Severity};
use crate::source::Sources;

/// What was found in one input file.
#[derive(Clone, Debug)]
pub struct FileReport {
    /// The file, as the user named it or as it was found in a folder.
    pub path: PathBuf,
    /// What the file was taken for: `preset`, `graph`, `project`, `api`…
    pub kind: &'static str,
    /// The problems, in the order they are shown. Their labels may lie in other files.
    pub diagnostics: Vec<Diagnostic>,
}

/// How many problems a run found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Summary {
    /// Files that were looked at, clean ones included.
    pub files: usize,
    /// Diagnostics of severity `error`.
    pub errors: usize,
    /// Diagnostics of severity `warning`.
    pub warnings: usize,
}

impl Summary {
    /// Counts what `files` hold.
    #[must_use]
    pub fn of(files: &[FileReport]) -> Self {
        let count = |severity| {
            let all = files.iter().flat_map(|file| &file.diagnostics);
            all.filter(|diagnostic| diagnostic.severity == severity).count()
        };
        Self { files: files.len(), errors: count(Severity::Error), warnings: count(Severity::Warning) }
    }
}

/// The formats that diagnostics can be written in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// Marked excerpts of the files, for a terminal.
    #[default]
    Human,
    /// One JSON document, described by schemas/diagnostics.schema.json.
    Json,
}

impl Format {
    /// The whole report of a run; it ends with a line break. `options` are for [`Format::Human`] only.
    #[must_use]
    pub fn render(self, sources: &Sources, files: &[FileReport], options: HumanOptions) -> String {
        match self {
            Self::Human => human::render(sources, files, options),
            Self::Json => json::render(sources, files),
        }
    }
}
