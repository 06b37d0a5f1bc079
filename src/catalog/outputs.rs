//! What output nodes do with their files, which `/object_info` does not tell.

/// The table that comes with the tool. Its head says what its columns mean.
const EMBEDDED: &str = include_str!("../../schemas/output_files.csv");

/// The head line of the table.
const HEAD: &str = "class,kept,key,source";

/// What an output node does with what it is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutputFiles {
    /// `yes`, `no`, or the input that decides whether its files stay.
    pub kept: &'static str,
    /// The key under which the server's answer lists its files; empty if it lists none.
    pub key: &'static str,
}

/// What output nodes of a class do, if that is known.
#[must_use]
pub fn output_files(class: &str) -> Option<OutputFiles> {
    let mut rows = EMBEDDED.lines().filter(|line| !line.starts_with('#') && *line != HEAD);
    rows.find_map(|row| {
        let mut fields = row.split(',');
        if fields.next()? != class {
            return None;
        }
        Some(OutputFiles { kept: fields.next()?, key: fields.next()? })
    })
}

#[cfg(test)]
mod tests {
    use super::super::Catalog;
    use super::*;

    #[test]
    fn every_line_names_an_output_class_and_what_decides() {
        let catalog = Catalog::embedded();
        let rows: Vec<&str> =
            EMBEDDED.lines().filter(|line| !line.starts_with('#') && *line != HEAD).collect();
        assert!(rows.is_sorted());
        for row in rows {
            let fields: Vec<&str> = row.split(',').collect();
            let [name, kept, _, _] = fields[..] else { panic!("{row}") };
            let class = catalog.class(name).unwrap_or_else(|| panic!("no class: {row}"));
            assert!(class.output_node, "{row}");
            assert!(matches!(kept, "yes" | "no") || class.input(kept).is_some(), "{row}");
        }
    }
}
