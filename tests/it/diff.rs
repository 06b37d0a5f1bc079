//! `wfc diff`: what is the same, what differs, and what can be shown of what cannot be read.

pub(crate) mod commands;
mod driver;
mod folders;
pub(crate) mod generate;
pub(crate) mod revisions;
mod snapshots;
mod text;

use proptest::prelude::*;
use proptest::strategy::ValueTree as _;

use wfc::catalog::{Catalog, Models};
use wfc::ir::Graph;
use wfc::plan::Assume;
use wfc::review::apply::apply;
use wfc::review::changes::Diff;
use wfc::review::{Side, diff, human, json as to_json, markdown};

use generate::{Recipe, graph, recipe, shuffled};

pub(crate) fn side<'s>(name: &str, graph: &'s Graph, models: &'s Models) -> Side<'s> {
    Side {
        name: name.to_owned(),
        kind: "api",
        graph,
        models,
        findings: None,
        manifest: None,
        workflows: None,
        looks: None,
        machine: None,
        budget: None,
        assume: Assume::default(),
    }
}

fn compared(old: &Graph, new: &Graph) -> Diff {
    let models = Models::embedded();
    diff(&side("old", old, &models), &side("new", new, &models))
}

/// What a workflow does, whatever its nodes are called: each node with all that it depends on, in order. An
/// independent measure: it knows nothing of matching.
fn meaning(graph: &Graph) -> Vec<u64> {
    use std::hash::{Hash as _, Hasher as _};
    use wfc::ir::Argument;
    let mut meanings = vec![0; graph.len()];
    for id in graph.dependencies_first() {
        let node = graph.node(id);
        let mut inputs: Vec<String> = node
            .inputs()
            .iter()
            .map(|input| match &input.value {
                Argument::Literal(value) => format!("{} = {value}", input.name),
                Argument::Link { from, slot } => {
                    format!("{} <- {} {slot}", input.name, meanings[from.index()])
                }
            })
            .collect();
        inputs.sort();
        let mut hasher = std::hash::DefaultHasher::new();
        (&node.class_type, inputs).hash(&mut hasher);
        meanings[id.index()] = hasher.finish();
    }
    meanings.sort_unstable();
    meanings
}

/// So many cases, or as many as `PROPTEST_CASES` says.
pub(crate) fn cases(count: u32) -> ProptestConfig {
    let default = ProptestConfig { failure_persistence: None, ..ProptestConfig::default() };
    if std::env::var_os("PROPTEST_CASES").is_some() {
        return default;
    }
    ProptestConfig { cases: count, ..default }
}

proptest! {
    #![proptest_config(cases(200))]

    #[test]
    fn a_workflow_whose_nodes_have_other_ids_and_another_order_is_the_same(
        recipe in recipe(), seed in any::<u64>(),
    ) {
        let old = graph(&recipe);
        let new = shuffled(&old, seed);
        let found = compared(&old, &new);
        prop_assert!(found.same, "{}", to_json(&found));
    }

    #[test]
    fn the_changes_applied_to_the_old_workflow_give_the_new_one(
        old in recipe(), new in recipe(), edits in proptest::collection::vec(generate::edit(), 0..6),
        is_other in any::<bool>(), seed in any::<u64>(), is_shuffled in any::<bool>(),
    ) {
        let edited = if is_other { new } else { generate::edited(&old, &edits) };
        let (old, mut new) = (graph(&old), graph(&edited));
        if is_shuffled {
            new = shuffled(&new, seed);
        }
        let found = compared(&old, &new);
        let applied = apply(&old, &found.changes, &Catalog::embedded()).expect("the changes fit the workflow");
        prop_assert_eq!(meaning(&applied), meaning(&new), "{}", to_json(&found));
        prop_assert!(compared(&applied, &new).same);
        prop_assert_eq!(found.same, found.changes.is_empty());
        // Every format says it, and twice the same.
        for render in [to_json, markdown, |diff: &Diff| human(diff, wfc::review::Style::default())] {
            prop_assert_eq!(render(&found), render(&compared(&old, &new)));
        }
    }
}

#[test]
fn few_edits_are_few_changes() {
    // A change that is told by many others is of no use to a reader.
    let mut config = proptest::test_runner::TestRunner::deterministic();
    let mut worst = 0;
    for _ in 0..200 {
        let tree = recipe().new_tree(&mut config).unwrap();
        let old: Recipe = tree.current();
        if old.nodes.is_empty() {
            continue;
        }
        let edits = vec![generate::edit().new_tree(&mut config).unwrap().current()];
        let (before, after) = (graph(&old), graph(&generate::edited(&old, &edits)));
        worst = worst.max(compared(&before, &shuffled(&after, 7)).changes.len());
    }
    assert!(worst <= 12, "one edit became {worst} changes");
}
