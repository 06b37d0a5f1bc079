//! Values of inputs that need a Python package which ComfyUI does not install.

use std::sync::LazyLock;

/// The table that comes with the tool. Its head says what the columns are.
const TABLE: &str = include_str!("../../schemas/optional_packages.csv");

/// What a value needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OptionalPackage {
    /// The class.
    pub class: &'static str,
    /// The input.
    pub input: &'static str,
    /// Its value.
    pub value: &'static str,
    /// A package, or a version of one.
    pub needs: &'static str,
    /// True if a missing one shows when the model is loaded, false if it does at the sampler's first step.
    pub at_load: bool,
}

static ROWS: LazyLock<Vec<OptionalPackage>> =
    LazyLock::new(|| rows().filter_map(OptionalPackage::parse).collect());

fn rows() -> impl Iterator<Item = &'static str> {
    TABLE.lines().filter(|line| !line.starts_with('#')).skip(1)
}

impl OptionalPackage {
    fn parse(row: &'static str) -> Option<Self> {
        let fields: Vec<&str> = row.split(',').collect();
        let [class, input, value, needs, when, _source] = fields[..] else { return None };
        Some(Self { class, input, value, needs, at_load: when == "load" })
    }

    /// What the values of a class's inputs need.
    pub fn of(class: &str) -> impl Iterator<Item = Self> {
        ROWS.iter().filter(move |row| row.class == class).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::super::Catalog;
    use super::*;

    #[test]
    fn every_line_names_an_input_of_a_class() {
        let catalog = Catalog::embedded();
        assert!(rows().is_sorted());
        assert_eq!(rows().count(), ROWS.len());
        for row in ROWS.iter() {
            let class = catalog.class(row.class).unwrap_or_else(|| panic!("no class {}", row.class));
            assert!(class.input(row.input).is_some(), "{}.{}", row.class, row.input);
        }
    }
}
