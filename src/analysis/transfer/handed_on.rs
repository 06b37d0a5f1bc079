//! Outputs that are what arrives at an input, as `schemas/handed_on.csv` lists them.

use std::sync::LazyLock;

use rustc_hash::FxHashMap;

use crate::analysis::fact::{Fact, Known, Why};
use crate::analysis::inputs::Inputs;

/// The table that comes with the tool. Its head says what the columns are.
const TABLE: &str = include_str!("../../../schemas/handed_on.csv");

/// A slot, and the input that arrives there; none for what only a run can tell.
type Slot = (usize, Option<&'static str>);

static BY_CLASS: LazyLock<FxHashMap<&str, Vec<Slot>>> = LazyLock::new(|| {
    let mut by_class: FxHashMap<&str, Vec<Slot>> = FxHashMap::default();
    for (class, slot, input) in rows() {
        by_class.entry(class).or_default().push((slot, (input != "-").then_some(input)));
    }
    by_class
});

fn rows() -> impl Iterator<Item = (&'static str, usize, &'static str)> {
    let row = |row: &'static str| match row.split(',').collect::<Vec<_>>()[..] {
        [class, slot, input, _source] => Some((class, slot.parse().ok()?, input)),
        _ => None,
    };
    TABLE.lines().filter(|line| !line.starts_with('#')).filter_map(row)
}

/// What the output is, if the table has it.
pub(super) fn output(inputs: Inputs<'_>, slot: usize) -> Option<Known<Fact>> {
    let slots = BY_CLASS.get(&*inputs.node().class_type)?;
    let (_, input) = slots.iter().find(|(known, _)| *known == slot)?;
    Some(match input {
        Some(input) => inputs.fact(input),
        None => Err(inputs.unknown(Why::AtRunTime)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::Catalog;

    #[test]
    fn every_line_names_an_output_and_an_input_of_the_same_type() {
        let lines = || TABLE.lines().filter(|line| !line.starts_with('#')).skip(1);
        assert!(lines().is_sorted());
        assert_eq!(lines().count(), rows().count());
        let catalog = Catalog::embedded();
        for (name, slot, input) in rows() {
            let class = catalog.class(name).unwrap_or_else(|| panic!("no class {name}"));
            let output = class.outputs.get(slot).unwrap_or_else(|| panic!("{name}: no output {slot}"));
            if input != "-" {
                let input = class.input(input).unwrap_or_else(|| panic!("{name}: no input {input}"));
                let pictures = ["IMAGE", "MASK"];
                let types = (input.kind.type_name(), &*output.types);
                let both = pictures.contains(&types.0) && pictures.contains(&types.1);
                assert!(types.0 == types.1 || both || types == ("COMBO", "STRING"), "{name}: {types:?}");
            }
        }
    }
}
