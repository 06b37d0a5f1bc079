//! Problems of a file of the editor, with their places.

use crate::diag::{Diagnostic, Diagnostics, NodeRef};
use crate::ir::Origin;
use crate::source::{FileId, Span};

use super::super::Place;

/// Where problems of one file go.
pub(super) struct Problems<'d> {
    file: FileId,
    diagnostics: &'d mut Diagnostics,
}

impl<'d> Problems<'d> {
    pub(super) const fn new(file: FileId, diagnostics: &'d mut Diagnostics) -> Self {
        Self { file, diagnostics }
    }

    /// The place in the file, if the tree has places.
    pub(super) fn span(&self, place: Option<Place>) -> Option<Span> {
        place.map(|(start, end)| Span::new(self.file, start as usize..end.get() as usize))
    }

    /// The same as an origin.
    pub(super) fn origin(&self, place: Option<Place>) -> Origin {
        self.span(place).map_or(Origin::Unknown, Origin::Source)
    }

    /// An error of the file's structure.
    pub(super) fn error(
        &mut self,
        rule: &'static str,
        message: impl Into<String>,
        place: Option<Place>,
        more: impl FnOnce(Diagnostic) -> Diagnostic,
    ) {
        let diagnostic = Diagnostic::format(rule, message).at_opt(self.span(place), "");
        self.diagnostics.push(more(diagnostic));
    }

    /// Something that the editor passes over, and so does the conversion.
    pub(super) fn warning(
        &mut self,
        rule: &'static str,
        message: impl Into<String>,
        place: Option<Place>,
        more: impl FnOnce(Diagnostic) -> Diagnostic,
    ) {
        let diagnostic = Diagnostic::lint(rule, message).at_opt(self.span(place), "");
        self.diagnostics.push(more(diagnostic));
    }

    /// A finding about a node.
    pub(super) fn push(&mut self, diagnostic: Diagnostic, place: Option<Place>, key: &str, class: &str) {
        let node = NodeRef { key: key.to_owned(), class_type: class.to_owned(), input: None };
        self.diagnostics.push(diagnostic.at_opt(self.span(place), "").node(node));
    }
}
