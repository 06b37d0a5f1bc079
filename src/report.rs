//! Renderers of diagnostics: pure functions from plain data to text.
//!
//! A format is a file in `report/` and a variant of [`Format`]. Nothing outside this room knows miette.

mod github;
mod human;
mod json;
mod junit;
mod place;
mod sarif;
mod snippet;
mod statistics;

use std::fmt;
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Serialize;

pub use human::HumanOptions;
pub(crate) use human::Paint;
pub use json::diagnostics_schema;

use crate::diag::{Diagnostic, Problems, Severity};
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

impl FileReport {
    /// True if the file could not be read or written at all, so that there is no verdict on it.
    #[must_use]
    pub fn has_failed(&self) -> bool {
        let failed = |found: &Diagnostic| ["unreadable-file", "unwritable-file"].contains(&found.rule);
        self.diagnostics.iter().any(|found| failed(found) && found.labels.is_empty())
    }
}

/// What a rule is about, for formats that explain what they report.
#[derive(Clone, Copy, Debug)]
pub struct RuleText {
    /// What it reports.
    pub summary: &'static str,
    /// What kind of damage it prevents, in one word.
    pub group: &'static str,
    /// How bad what it finds is; `None`: it is off unless somebody switches it on.
    pub severity: Option<Severity>,
    /// Its page, in Markdown.
    pub page: &'static str,
}

/// Finds what a rule is about by its name.
pub type RuleTexts = fn(&str) -> Option<RuleText>;

/// How many problems a run found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Summary {
    /// Files that were looked at, clean ones included.
    pub files: usize,
    /// Diagnostics of severity `error`.
    pub errors: usize,
    /// Diagnostics of severity `warning`.
    pub warnings: usize,
    /// Diagnostics of severity `info`.
    pub infos: usize,
}

impl Summary {
    /// Counts what `files` hold.
    #[must_use]
    pub fn of(files: &[FileReport]) -> Self {
        let count = |severity| {
            let all = files.iter().flat_map(|file| &file.diagnostics);
            all.filter(|diagnostic| diagnostic.severity == severity).count()
        };
        Self {
            files: files.len(),
            errors: count(Severity::Error),
            warnings: count(Severity::Warning),
            infos: count(Severity::Info),
        }
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
    /// One JSON document in SARIF 2.1.0, for code scanning.
    Sarif,
    /// Commands for GitHub Actions, which shows them beside the changed lines.
    Github,
    /// Test results in XML, for GitLab, Jenkins and others that show such.
    Junit,
}

impl Format {
    /// The whole report of a run; it ends with a line break. `options` are for [`Format::Human`] only.
    #[must_use]
    pub fn render(self, sources: &Sources, files: &[FileReport], options: HumanOptions) -> String {
        self.render_explained(sources, files, options, |_| None)
    }

    /// The same with what is known of the rules, for the formats that have room for it.
    #[must_use]
    pub fn render_explained(
        self,
        sources: &Sources,
        files: &[FileReport],
        options: HumanOptions,
        texts: RuleTexts,
    ) -> String {
        match self {
            Self::Human => human::render(sources, files, options),
            Self::Json => json::render(sources, files),
            Self::Sarif => sarif::render(sources, files, texts),
            Self::Github => github::render(sources, files),
            Self::Junit => junit::render(sources, files),
        }
    }
}

impl Format {
    /// How often each rule found something: instead of the findings for people, beside them in JSON. Nothing for
    /// formats that have no place for it.
    #[must_use]
    pub fn render_statistics(
        self,
        sources: &Sources,
        files: &[FileReport],
        options: HumanOptions,
    ) -> Option<String> {
        match self {
            Self::Human => Some(human::render_statistics(files, options)),
            Self::Json => Some(json::render_with_statistics(sources, files)),
            Self::Sarif | Self::Github | Self::Junit => None,
        }
    }
}

impl Problems {
    /// The problems as a run's report: one entry for each file that has some.
    #[must_use]
    pub fn render(&self, format: Format, options: HumanOptions) -> String {
        let path = |diagnostic: &Diagnostic| {
            let span = diagnostic.span()?;
            Some(self.sources.file(span.file).path().to_owned())
        };
        let mut files: Vec<FileReport> = Vec::new();
        for diagnostic in &self.diagnostics {
            // What has no place is shown with what stands before it.
            let path = path(diagnostic).or_else(|| Some(files.last()?.path.clone())).unwrap_or_default();
            let at = files.iter().position(|file| file.path == path).unwrap_or_else(|| {
                files.push(FileReport { path, kind: "rust", diagnostics: Vec::new() });
                files.len() - 1
            });
            files[at].diagnostics.push(diagnostic.clone());
        }
        format.render(&self.sources, &files, options)
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.render(Format::Human, HumanOptions::default()).trim_end())
    }
}

/// As it is displayed: this is what a program shows whose `main` gives the problems back.
impl fmt::Debug for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\n{self}")
    }
}
