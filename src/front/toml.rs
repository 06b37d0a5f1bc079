//! The TOML formats: presets, graphs, projects, policies, and what is said of findings.
//!
//! [`decode`] turns parsed TOML into declared structures and reports every mistake at once;
//! the declarations in [`preset`], [`graph`], [`project`], [`policy`], [`lint`] and [`baseline`] are at the same
//! time the reader, the JSON Schema and the documentation of the formats. [`comments`] reads what comments allow.

pub mod baseline;
pub mod batch;
pub mod comments;
pub mod decode;
pub mod fit;
pub mod graph;
pub mod lint;
pub mod policy;
pub mod preset;
pub mod project;
pub mod types;
mod value;

use crate::diag::{Diagnostic, Diagnostics};
use crate::source::{FileId, Span};

use decode::{Decode, Reader};
pub use value::{Item, Raw};

/// What a TOML file is, judged by its keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Has `graph`, `extends`, `params`, `matrix` or `ladder`.
    Preset,
    /// Has `nodes`, `stages` or `constraints`.
    Graph,
    /// Called `wfc.toml`.
    Project,
    /// Has `limits`.
    Policy,
    /// Called `NAME.lint.toml`.
    LintFile,
}

impl Kind {
    /// The name shown to people and in JSON output.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Preset => "preset",
            Self::Graph => "graph",
            Self::Project => "project",
            Self::Policy => "policy",
            Self::LintFile => "lint-file",
        }
    }
}

/// Parses TOML text. Gives nothing after a syntax error, since the rest of such a file misleads.
pub fn parse(file: FileId, text: &str, diagnostics: &mut Diagnostics) -> Option<Item> {
    let (table, errors) = ::toml::de::DeTable::parse_recoverable(text);
    for error in &errors {
        let range = error.span().unwrap_or(0..0);
        diagnostics.push(
            Diagnostic::format("toml-syntax", format!("not valid TOML: {}", error.message().trim_end()))
                .at(Span::new(file, range), ""),
        );
    }
    if !errors.is_empty() {
        return None;
    }
    let span = Span::new(file, 0..0);
    Some(Item::new(Raw::from_table(file, table.get_ref(), diagnostics), span))
}

/// Parses and decodes one of the formats; gives nothing if a part that cannot be left out is wrong.
pub fn read<T: Decode>(file: FileId, text: &str, diagnostics: &mut Diagnostics) -> Option<T> {
    let root = parse(file, text, diagnostics)?;
    T::decode(&root, &mut Reader::new(diagnostics))
}

/// Guesses which format a parsed file has.
#[must_use]
pub fn kind_of(root: &Item) -> Option<Kind> {
    let Raw::Table(entries) = &root.value else { return None };
    let has = |wanted: &str| entries.iter().any(|(key, _)| &*key.value == wanted);
    // A key of one format alone tells, so that a file with a typing error is not passed over.
    if has("nodes") || has("stages") || has("constraints") {
        Some(Kind::Graph)
    } else if ["graph", "extends", "params", "matrix", "ladder"].into_iter().any(has) {
        Some(Kind::Preset)
    } else if has("limits") {
        Some(Kind::Policy)
    } else {
        None
    }
}
