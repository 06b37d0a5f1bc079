//! Making repairs: as edits of the bytes of a text, so that all else stays as it was written.

use std::collections::BTreeMap;
use std::path::Path;

use similar::TextDiff;

use crate::diag::{Diagnostic, Edit, Fix};

/// So often what repairs bring to light is repaired too.
pub(super) const MAX_ROUNDS: usize = 4;

/// Lines around a change in a diff.
const CONTEXT: usize = 3;

/// Which repairs are made, and whether files change.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Repairs {
    /// Make the safe repairs.
    pub(super) safe: bool,
    /// Make those too that may change what the author meant.
    pub(super) r#unsafe: bool,
    /// Show what would change, and write nothing.
    pub(super) diff: bool,
}

impl Repairs {
    /// True if any repair is made.
    pub(super) const fn any(self) -> bool {
        self.safe || self.r#unsafe
    }

    fn wants(self, fix: &Fix) -> bool {
        if fix.safe { self.safe } else { self.r#unsafe }
    }

    /// The repairs of these findings that are to be made.
    pub(super) fn of<'d>(
        self,
        found: impl IntoIterator<Item = &'d Diagnostic>,
    ) -> impl Iterator<Item = &'d Fix> {
        found.into_iter().filter_map(|found| found.fix.as_ref()).filter(move |fix| self.wants(fix))
    }
}

/// The text with repairs made, and how many findings that repairs; nothing if there is none. Of two that
/// touch the same bytes in different ways, the first is made.
pub(super) fn repaired<'d>(text: &str, fixes: impl IntoIterator<Item = &'d Fix>) -> Option<(String, usize)> {
    // By their start; no two overlap.
    let mut edits: BTreeMap<u32, &Edit> = BTreeMap::new();
    let mut count = 0;
    for fix in fixes {
        // What two nodes share, such as a node of a subgraph that is used twice, is repaired for both.
        let clashes = |edit: &Edit| {
            let before = edits.range(..edit.span.end).next_back();
            before.is_some_and(|(_, other)| *other != edit && edit.span.start < other.span.end)
        };
        if !fix.edits.iter().any(clashes) {
            edits.extend(fix.edits.iter().map(|edit| (edit.span.start, edit)));
            count += 1;
        }
    }
    let mut better = String::with_capacity(text.len());
    let mut kept = 0;
    for edit in edits.values() {
        let range = edit.span.range();
        better.push_str(text.get(kept..range.start)?);
        better.push_str(&edit.text);
        kept = range.end;
    }
    better.push_str(text.get(kept..)?);
    (count > 0).then_some((better, count))
}

/// What repairs change in a file, as a unified diff.
pub(in crate::cli) fn diff(path: &Path, before: &str, after: &str) -> String {
    let name = path.strip_prefix(".").unwrap_or(path).display();
    let (old, new) = (format!("a/{name}"), format!("b/{name}"));
    TextDiff::from_lines(before, after).unified_diff().context_radius(CONTEXT).header(&old, &new).to_string()
}
