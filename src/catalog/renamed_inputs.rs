//! Which inputs have another name in another version of their pack, or in a class that is easily confused.

use std::sync::LazyLock;

/// The table that comes with the tool. Its head says where the names come from.
const EMBEDDED: &str = include_str!("../../schemas/renamed_inputs.csv");

/// The lines of the table.
static ROWS: LazyLock<Vec<Renamed>> = LazyLock::new(|| rows().collect());

/// The head line of the table.
const HEAD: &str = "class,old,new,change,source";

/// What an input is called now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Renamed {
    /// The class.
    pub class: &'static str,
    /// The name that workflows have.
    pub old: &'static str,
    /// The name that the class has.
    pub now: &'static str,
    /// What else changed with the name; nothing where a value means the same as before.
    pub change: Option<&'static str>,
}

/// The name that `class` has for what a workflow calls `input`, if it is known to have another.
#[must_use]
pub fn renamed_input(class: &str, input: &str) -> Option<Renamed> {
    ROWS.iter().find(|row| row.class == class && row.old == input).copied()
}

fn rows() -> impl Iterator<Item = Renamed> {
    let row = |line: &'static str| {
        let mut fields = line.split(',');
        let mut field = || fields.next();
        let (class, old, now, change) = (field()?, field()?, field()?, field()?);
        Some(Renamed { class, old, now, change: Some(change).filter(|change| !change.is_empty()) })
    };
    EMBEDDED.lines().filter(|line| !line.starts_with('#') && *line != HEAD).filter_map(row)
}

#[cfg(test)]
mod tests {
    use super::super::Catalog;
    use super::*;

    #[test]
    fn every_line_names_an_input_that_the_class_has_and_one_that_it_has_not() {
        let catalog = Catalog::embedded();
        let lines: Vec<&str> =
            EMBEDDED.lines().filter(|line| !line.starts_with('#') && *line != HEAD).collect();
        assert!(lines.is_sorted());
        assert_eq!(rows().count(), lines.len());
        for line in lines {
            assert_eq!(line.split(',').count(), 5, "{line}");
        }
        let nothing_chosen = |_: &str| None;
        for row in rows() {
            let class = catalog.class(row.class).unwrap_or_else(|| panic!("no class {}", row.class));
            assert!(class.find_input(row.now, &nothing_chosen).is_some(), "{row:?}");
            assert!(class.input(row.old).is_none(), "{row:?}");
        }
    }
}
