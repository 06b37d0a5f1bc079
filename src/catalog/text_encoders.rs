//! The text encoders that models were trained with, and the type under which ComfyUI loads them for each.

use std::sync::LazyLock;

/// The table that comes with the tool. Its head says what the columns are.
const TABLE: &str = include_str!("../../schemas/text_encoders.csv");

/// The text encoder of a line of models.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TextEncoder {
    /// The line, as in [`Family::line`](super::Family::line).
    pub line: &'static str,
    /// The encoder's family.
    pub encoder: &'static str,
    /// The type for `CLIPLoader`.
    pub kind: &'static str,
    /// The types that give the same; after `!`, those that do not.
    works: &'static str,
}

static ROWS: LazyLock<Vec<TextEncoder>> = LazyLock::new(|| rows().filter_map(TextEncoder::parse).collect());

fn rows() -> impl Iterator<Item = &'static str> {
    TABLE.lines().filter(|line| !line.starts_with('#')).skip(1)
}

impl TextEncoder {
    fn parse(row: &'static str) -> Option<Self> {
        let fields: Vec<&str> = row.split(',').collect();
        let [line, encoder, kind, works, _source] = fields[..] else { return None };
        Some(Self { line, encoder, kind, works })
    }

    /// The text encoder of a line of models.
    #[must_use]
    pub fn of(line: &str) -> Option<Self> {
        ROWS.iter().find(|row| row.line == line).copied()
    }

    /// True if the encoder works for the models when it is loaded as `kind`.
    #[must_use]
    pub fn works_as(&self, kind: &str) -> bool {
        let listed = |list: &str| list.split('|').any(|listed| listed == kind);
        kind == self.kind
            || match self.works.strip_prefix('!') {
                Some(others) => !listed(others),
                None => listed(self.works),
            }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_reads() {
        assert!(rows().is_sorted());
        assert_eq!(rows().count(), ROWS.len());
    }

    #[test]
    fn types_that_choose_another_network_do_not_work() {
        let z_image = TextEncoder::of("z-image").unwrap();
        assert!(z_image.works_as("lumina2") && z_image.works_as("qwen_image") && !z_image.works_as("flux2"));
        let klein = TextEncoder::of("flux2-klein-4b").unwrap();
        assert!(klein.works_as("flux2") && !klein.works_as("lumina2"));
        assert!(TextEncoder::of("flux2").unwrap().works_as("sd3"));
        assert_eq!(TextEncoder::of("sdxl"), None);
    }
}
