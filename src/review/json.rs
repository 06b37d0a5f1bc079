//! A diff as JSON: the data as it is. `schemas/diff.schema.json` describes it.

use super::changes::Diff;

/// A diff as JSON, on several lines.
#[must_use]
pub fn json(diff: &Diff) -> String {
    // Plain data always becomes JSON.
    let mut text = serde_json::to_string_pretty(diff).unwrap_or_default();
    text.push('\n');
    text
}
