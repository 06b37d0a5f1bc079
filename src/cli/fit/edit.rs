//! Values put into the text of a preset: as edits of its bytes, so that all else stays as it was written.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use toml_writer::TomlWrite as _;

use crate::front::toml::batch::model_slot;
use crate::front::toml::preset::Preset;
use crate::lower::fit::Change;
use crate::source::{FileId, Span};

/// The text of a preset with changes made. Nothing if it has no place for one; the caller proves that the text says what is
/// meant.
pub(super) fn edited(text: &str, file: FileId, preset: &Preset, changes: &[Change]) -> Option<String> {
    let params: Vec<(&str, Span)> =
        spans(preset.params.iter().map(|(key, item)| (&*key.value, item.span)), file);
    let models = spans(preset.models.iter().map(|(key, model)| (&*key.value, model.span())), file);
    // By their place: what is replaced, and by what.
    let mut edits: BTreeMap<(usize, usize), String> = BTreeMap::new();
    for (table, known) in [("params", &params), ("models", &models)] {
        let is_here = |change: &&Change| model_slot(&change.key).is_some() == (table == "models");
        let mut lines = String::new();
        for change in changes.iter().filter(is_here) {
            let key = model_slot(&change.key).unwrap_or(&change.key);
            if let Some((_, span)) = known.iter().find(|(name, _)| *name == key) {
                edits.insert((span.range().start, span.range().end), change.to.clone());
            } else {
                let mut written = String::new();
                written.key(toml_writer::TomlKeyBuilder::new(key).as_default()).ok()?;
                let _ = writeln!(lines, "{written} = {}", change.to);
            }
        }
        if !lines.is_empty() {
            let (at, lines) = place(text, table, known, lines);
            edits.entry((at, at)).or_default().push_str(&lines);
        }
    }
    let mut better = String::with_capacity(text.len());
    let mut kept = 0;
    for ((start, end), with) in &edits {
        better.push_str(text.get(kept..*start)?);
        better.push_str(with);
        kept = *end;
    }
    better.push_str(text.get(kept..)?);
    Some(better)
}

/// The keys that stand in this file, and their values' places.
fn spans<'k>(all: impl Iterator<Item = (&'k str, Span)>, file: FileId) -> Vec<(&'k str, Span)> {
    all.filter(|(_, span)| span.file == file).collect()
}

/// Where new lines of a table go, and what is written there: after its last line, after its head, or in a table of their own
/// at the end.
fn place(text: &str, table: &str, known: &[(&str, Span)], lines: String) -> (usize, String) {
    let line_end = |at: usize| text.get(at..).and_then(|rest| rest.find('\n')).map(|length| at + length + 1);
    let last = known.iter().map(|(_, span)| span.range().end).max();
    let head = || {
        let head = format!("\n[{table}]");
        let start = if text.starts_with(&head[1..]) { 0 } else { text.find(&head)? + 1 };
        Some(start + head.len() - 1)
    };
    let Some(at) = last.or_else(head) else {
        let gap = if text.ends_with('\n') || text.is_empty() { "" } else { "\n" };
        return (text.len(), format!("{gap}\n[{table}]\n{lines}"));
    };
    match line_end(at) {
        Some(end) => (end, lines),
        None => (text.len(), format!("\n{lines}")),
    }
}
