//! Readers of ComfyUI's own formats.
//!
//! The kind of a file is told by its content, never by its name.

mod api;
mod embedded;
mod tree;
pub mod ui;

use crate::catalog::Catalog;
use crate::diag::{Diagnostic, Diagnostics};
use crate::ir::Graph;
use crate::source::{FileId, Span};

pub use embedded::{Embedded, EmbeddedError, MAX_EMBEDDED, PictureKind};
pub use tree::{Arena, Entry, Json, JsonError, JsonKind, Place};

/// What a JSON text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A workflow in API format, bare or under the key `prompt`.
    Api,
    /// A workflow as ComfyUI's editor saves it.
    Ui,
}

impl Kind {
    /// The name used in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Api => "api",
            Self::Ui => "ui",
        }
    }
}

/// Parses a JSON text. Gives nothing if it is not JSON, which is reported.
pub fn parse<'t>(
    file: FileId,
    text: &'t str,
    arena: &'t Arena,
    diagnostics: &mut Diagnostics,
) -> Option<Json<'t>> {
    match Json::parse(text, arena) {
        Ok(json) => Some(json),
        Err(error) => {
            diagnostics.push(
                Diagnostic::format("json-syntax", format!("not valid JSON: {}", error.message))
                    .at(Span::new(file, error.offset..error.offset), "")
                    .help_opt(looks_like(text)),
            );
            None
        }
    }
}

/// What a text that is not JSON may be.
fn looks_like(text: &str) -> Option<String> {
    let text = text.trim_start_matches('\u{feff}').trim_start();
    let what = match text.as_bytes() {
        [] => "the file is empty",
        [b'<', ..] => "it looks like a web page: save the workflow itself",
        _ => return None,
    };
    Some(what.to_owned())
}

/// A JSON tree, and what it is.
#[derive(Clone, Copy, Debug)]
pub struct Document<'t> {
    /// What it is; nothing for JSON that is no workflow at all.
    pub kind: Option<Kind>,
    /// What holds the nodes: the whole, or what stands under `prompt`, as in the body of `POST /prompt`.
    root: Json<'t>,
}

impl<'t> Document<'t> {
    /// Looks at what `json` is.
    #[must_use]
    pub fn of(json: Json<'t>) -> Self {
        if ui::is_ui_workflow(&json) {
            return Self { kind: Some(Kind::Ui), root: json };
        }
        let is_wrapped =
            |prompt: &&Json<'_>| prompt.entries().is_some() && prompt.get("class_type").is_none();
        let root = match json.get("prompt").filter(is_wrapped) {
            Some(prompt) => *prompt,
            None => json,
        };
        let is_node = |entry: &Entry<'_>| {
            let inputs = || entry.value.get("inputs").is_some_and(|inputs| inputs.entries().is_some());
            entry.value.get("class_type").is_some() || inputs()
        };
        let is_api = root.entries().is_some_and(|entries| entries.iter().any(is_node));
        Self { kind: is_api.then_some(Kind::Api), root }
    }

    /// Reads it as a workflow. Gives nothing if it is none; the reason is reported.
    pub fn read(&self, file: FileId, catalog: &Catalog, diagnostics: &mut Diagnostics) -> Option<Graph> {
        match self.kind {
            Some(Kind::Ui) => ui::read(file, &self.root, catalog, diagnostics),
            Some(Kind::Api) | None => api::read(file, &self.root, catalog, diagnostics),
        }
    }
}
