//! What is known about classes and inputs when a workflow becomes a graph file: two tables of data.

use std::sync::LazyLock;

use crate::ir::Value;

/// The tables that come with the tool. Their heads name their sources.
static FACTS: LazyLock<Facts> = LazyLock::new(|| Facts {
    classes: rows(include_str!("../../../schemas/import_classes.csv")).filter_map(class_fact).collect(),
    tunables: rows(include_str!("../../../schemas/import_params.csv"))
        .enumerate()
        .filter_map(tunable)
        .collect(),
});

struct Facts {
    classes: Vec<ClassFact>,
    tunables: Vec<Tunable>,
}

/// What is known about some classes.
#[derive(Debug)]
pub(super) struct ClassFact {
    class: Pattern,
    /// The generation step.
    pub(super) stage: Option<&'static str>,
    /// What a node is called.
    pub(super) name: Option<&'static str>,
}

/// An input that people change.
#[derive(Debug)]
pub(super) struct Tunable {
    input: &'static str,
    class: Pattern,
    /// The parameter's name, or what is put behind the node's name if it begins with `_`.
    pub(super) param: &'static str,
    /// The parameter's type, if it does not follow from the input's.
    pub(super) kind: Option<&'static str>,
    pub(super) unit: Option<&'static str>,
    /// Numbers that do nothing, separated by blanks.
    unless: &'static str,
    /// True if it stands beside the other parameters of its node.
    pub(super) is_of_node: bool,
    /// A sentence without its end.
    pub(super) doc: &'static str,
    /// Its place in the table.
    pub(super) rank: usize,
}

impl Tunable {
    /// True if the value does nothing.
    pub(super) fn is_idle(&self, value: &Value) -> bool {
        let idle = |number: f64| value.as_f64().is_some_and(|value| value.total_cmp(&number).is_eq());
        self.unless.split_whitespace().filter_map(|number| number.parse().ok()).any(idle)
    }
}

/// The stages in the order of generation.
pub(super) const STAGES: [&str; 7] = ["input", "scail", "uni3c", "wan", "sample", "decode", "output"];

/// What is known about a class.
pub(super) fn of_class(class: &str) -> Option<&'static ClassFact> {
    FACTS.classes.iter().find(|fact| fact.class.fits(class))
}

/// What is known about an input of a class.
pub(super) fn of_input(class: &str, input: &str) -> Option<&'static Tunable> {
    FACTS.tunables.iter().find(|fact| fact.input == input && fact.class.fits(class))
}

/// The row for parameters called `name`.
pub(super) fn of_param(name: &str) -> Option<&'static Tunable> {
    FACTS.tunables.iter().find(|fact| fact.param == name)
}

/// The row for what avoids things, which takes the place of the row for the prompt.
pub(super) fn negative_prompt() -> Option<&'static Tunable> {
    of_param("negative")
}

/// A text in which `*` stands for any text.
#[derive(Debug)]
struct Pattern(&'static str);

impl Pattern {
    fn fits(&self, text: &str) -> bool {
        let Some((head, rest)) = self.0.split_once('*') else { return text == self.0 };
        let Some(mut text) = text.strip_prefix(head) else { return false };
        let (middle, tail) = rest.rsplit_once('*').unwrap_or(("", rest));
        for part in middle.split('*').filter(|part| !part.is_empty()) {
            let Some(at) = text.find(part) else { return false };
            text = &text[at + part.len()..];
        }
        text.ends_with(tail)
    }
}

fn rows(text: &'static str) -> impl Iterator<Item = &'static str> {
    // The first row is the head of the table.
    text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).skip(1)
}

fn class_fact(row: &'static str) -> Option<ClassFact> {
    let [class, stage, name] = fields(row)?;
    Some(ClassFact { class: Pattern(class), stage: given(stage), name: given(name) })
}

fn tunable(row: (usize, &'static str)) -> Option<Tunable> {
    let (rank, row) = row;
    let [input, class, param, kind, unit, unless, by, doc] = fields(row)?;
    let (class, kind, unit, is_of_node) = (Pattern(class), given(kind), given(unit), by == "node");
    Some(Tunable { input, class, param, kind, unit, unless, is_of_node, doc, rank })
}

/// The fields of a row; the last one may have commas.
fn fields<const N: usize>(row: &'static str) -> Option<[&'static str; N]> {
    row.splitn(N, ',').map(str::trim).collect::<Vec<_>>().try_into().ok()
}

fn given(field: &'static str) -> Option<&'static str> {
    Some(field).filter(|field| !field.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::Catalog;
    use crate::front::toml::decode::Word as _;
    use crate::front::toml::graph::ParamType;

    #[test]
    fn every_row_reads_and_says_something_possible() {
        let count = |text| rows(text).count();
        assert_eq!(FACTS.classes.len(), count(include_str!("../../../schemas/import_classes.csv")));
        assert_eq!(FACTS.tunables.len(), count(include_str!("../../../schemas/import_params.csv")));
        for fact in &FACTS.classes {
            assert!(fact.stage.is_none_or(|stage| STAGES.contains(&stage)), "{fact:?}");
        }
        for fact in &FACTS.tunables {
            let known = |kind: &str| ParamType::WORDS.iter().any(|(word, ..)| *word == kind);
            assert!(fact.kind.is_none_or(known) && !fact.doc.is_empty(), "{fact:?}");
        }
    }

    #[test]
    fn every_row_about_classes_is_the_first_for_some_class() {
        let catalog = Catalog::embedded();
        let names = catalog.class_names();
        let used: Vec<_> = names.iter().filter_map(|name| of_class(name)).map(std::ptr::from_ref).collect();
        let unused: Vec<_> =
            FACTS.classes.iter().filter(|fact| !used.contains(&std::ptr::from_ref(*fact))).collect();
        assert!(unused.is_empty(), "{unused:#?}");
    }

    #[test]
    fn a_star_stands_for_any_text() {
        for (pattern, fits, fails) in [
            ("a", "a", "ab"),
            ("a*", "abc", "ba"),
            ("*a", "ba", "ab"),
            ("*b*", "abc", "ac"),
            ("a*c", "abc", "ab"),
        ] {
            assert!(Pattern(pattern).fits(fits) && !Pattern(pattern).fits(fails), "{pattern}");
        }
        assert!(!Pattern("ab*ba").fits("aba"));
    }
}
