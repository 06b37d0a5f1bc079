//! What is reported besides the lint rules: names, and what they mean.

use std::borrow::Cow;
use std::sync::LazyLock;

const TABLE: &str = include_str!("../../../schemas/findings.csv");

/// The head line of the table.
const HEAD: &str = "name,gate,server,says";

/// A name that reports show in brackets, and that is no rule.
#[derive(Debug)]
pub(super) struct Finding {
    pub(super) name: &'static str,
    /// `check`, `format` or `note`.
    pub(super) gate: &'static str,
    /// ComfyUI's own name; empty for other gates.
    pub(super) server: &'static str,
    pub(super) says: Cow<'static, str>,
}

impl Finding {
    fn read(row: &'static str) -> Option<Self> {
        let mut fields = row.splitn(4, ',');
        let (name, gate, server, says) = (fields.next()?, fields.next()?, fields.next()?, fields.next()?);
        let quoted = says.strip_prefix('"').and_then(|says| says.strip_suffix('"'));
        let says = quoted.map_or(Cow::Borrowed(says), |says| Cow::Owned(says.replace("\"\"", "\"")));
        Some(Self { name, gate, server, says })
    }
}

static FINDINGS: LazyLock<Vec<Finding>> = LazyLock::new(|| {
    let rows = TABLE.lines().filter(|line| !line.starts_with('#') && *line != HEAD);
    rows.filter_map(Finding::read).collect()
});

/// All of them, sorted by name.
pub(super) fn all() -> &'static [Finding] {
    &FINDINGS
}

/// The one called `name`.
pub(super) fn find(name: &str) -> Option<&'static Finding> {
    let at = FINDINGS.binary_search_by(|finding| finding.name.cmp(name)).ok()?;
    FINDINGS.get(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_and_whole() {
        let rows = TABLE.lines().filter(|line| !line.starts_with('#')).count();
        assert!(TABLE.lines().any(|line| line == HEAD) && all().len() + 1 == rows);
        assert!(all().is_sorted_by(|one, next| one.name < next.name));
        for finding in all() {
            assert!(["check", "format", "note"].contains(&finding.gate), "{finding:?}");
            assert_eq!(finding.gate == "check", !finding.server.is_empty(), "{finding:?}");
            // Quotes are part of one text, and otherwise a sign of a row that is broken.
            let is_read = !finding.says.contains('"') || finding.name == "bad-linked-input";
            assert!(finding.says.ends_with('.') && is_read, "{finding:?}");
        }
    }
}
