//! Node classes that start another program.

use std::sync::LazyLock;

/// The table that comes with the tool. Its head says what the columns are.
const TABLE: &str = include_str!("../../schemas/class_programs.csv");

/// A program that a class starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClassProgram {
    /// The class.
    pub class: &'static str,
    /// Only where this input's value begins with that text.
    pub when: Option<(&'static str, &'static str)>,
    /// Only where this output is used.
    pub output: Option<&'static str>,
    /// The program.
    pub program: &'static str,
    /// What for: `write video`.
    pub purpose: &'static str,
    /// The Python package that brings another one, if one does.
    pub otherwise: Option<&'static str>,
}

static ROWS: LazyLock<Vec<ClassProgram>> = LazyLock::new(|| rows().filter_map(ClassProgram::parse).collect());

fn rows() -> impl Iterator<Item = &'static str> {
    TABLE.lines().filter(|line| !line.starts_with('#')).skip(1)
}

impl ClassProgram {
    fn parse(row: &'static str) -> Option<Self> {
        let fields: Vec<&str> = row.split(',').collect();
        let [class, input, value, output, program, purpose, otherwise, _source] = fields[..] else {
            return None;
        };
        let some = |text: &'static str| Some(text).filter(|text| !text.is_empty());
        let when = some(input).map(|input| (input, value));
        Some(Self { class, when, output: some(output), program, purpose, otherwise: some(otherwise) })
    }

    /// The programs that classes start, each once.
    pub fn programs() -> impl Iterator<Item = &'static str> {
        let all: std::collections::BTreeSet<&'static str> = ROWS.iter().map(|row| row.program).collect();
        all.into_iter()
    }

    /// What a class starts.
    pub fn of(class: &str) -> impl Iterator<Item = Self> {
        ROWS.iter().filter(move |row| row.class == class).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::super::Catalog;
    use super::*;

    #[test]
    fn every_line_names_what_a_class_has() {
        let catalog = Catalog::embedded();
        assert!(rows().is_sorted());
        assert_eq!(rows().count(), ROWS.len());
        for row in ROWS.iter() {
            let class = catalog.class(row.class).unwrap_or_else(|| panic!("no class {}", row.class));
            assert!(row.when.is_none_or(|(input, _)| class.input(input).is_some()), "{row:?}");
            let has = |name: &str| class.outputs.iter().any(|output| *output.name == *name);
            assert!(row.output.is_none_or(has), "{row:?}");
        }
    }
}
