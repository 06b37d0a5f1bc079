//! Two workflows in one picture.

use proptest::prelude::*;

use wfc::catalog::Models;
use wfc::review::changes::Change;
use wfc::review::compose::{around_marks, compose};
use wfc::review::matching::Matching;
use wfc::review::picture::{Mark, Picture};
use wfc::review::report::{Entry, NodeDetails, Read};
use wfc::review::{diff, drawing, mermaid};

use crate::diff::generate::{edit, edited, graph, recipe, shuffled};
use crate::diff::{cases, side};

/// How many links of a graph there are, counted by its inputs.
fn links(graph: &wfc::ir::Graph) -> usize {
    let inputs = graph.nodes().flat_map(|(_, node)| node.inputs());
    inputs.filter(|input| matches!(input.value, wfc::ir::Argument::Link { .. })).count()
}

fn count(picture: &Picture, mark: Mark) -> usize {
    picture.blocks.iter().filter(|block| block.mark == mark).count()
}

proptest! {
    #![proptest_config(cases(120))]

    #[test]
    fn every_node_and_link_of_both_is_there_once(
        old in recipe(), other in recipe(), edits in proptest::collection::vec(edit(), 0..6),
        is_other in any::<bool>(), seed in any::<u64>(),
    ) {
        let new = if is_other { other } else { edited(&old, &edits) };
        let (old, new) = (graph(&old), shuffled(&graph(&new), seed));
        let models = Models::embedded();
        let (before, after) = (side("old", &old, &models), side("new", &new, &models));
        let matching = Matching::new(&old, &new);
        let picture = compose(&before, &after, &matching, "both");
        let found = diff(&before, &after);
        let of = |is: fn(&Change) -> bool| found.changes.iter().filter(|change| is(change)).count();
        // What the picture marks is what the changes say.
        prop_assert_eq!(count(&picture, Mark::Added), of(|change| matches!(change, Change::Added { .. })));
        prop_assert_eq!(count(&picture, Mark::Removed), of(|change| matches!(change, Change::Removed { .. })));
        let mut changed: Vec<&str> = found.changes.iter().filter_map(|change| match change {
            Change::Parameter { node, .. } | Change::Model { node, .. } | Change::Link { node, .. }
            | Change::Replaced { node, .. } => node.new.as_deref(),
            _ => None,
        }).collect();
        changed.sort_unstable();
        changed.dedup();
        let mut marked: Vec<&str> = picture.blocks.iter().filter(|block| block.mark == Mark::Changed)
            .map(|block| &*block.key).collect();
        marked.sort_unstable();
        prop_assert_eq!(&marked, &changed);
        // Links: those of the new workflow, and those of the old one that are gone.
        let linked = |mark| picture.links.iter().filter(|link| link.mark == mark).count();
        prop_assert_eq!(linked(Mark::Same) + linked(Mark::Added), links(&new));
        prop_assert_eq!(linked(Mark::Same) + linked(Mark::Removed), links(&old));
        // Keys are unique, so that each node can be looked at.
        let mut keys: Vec<&str> = picture.blocks.iter().map(|block| &*block.key).collect();
        keys.sort_unstable();
        keys.dedup();
        prop_assert_eq!(keys.len(), picture.blocks.len());
        prop_assert_eq!(picture.blocks.len(), new.len() + count(&picture, Mark::Removed));
        // It can be drawn, and the part with the marks as well.
        let (part, left_out) = around_marks(&picture);
        prop_assert_eq!(part.blocks.len() + left_out, picture.blocks.len());
        for picture in [&picture, &part] {
            let drawn = drawing::write(picture, &drawing::Options::default());
            let svg = roxmltree::Document::parse(&drawn).unwrap();
            let nodes = svg.descendants().filter(|node| node.attribute("data-node").is_some());
            prop_assert_eq!(nodes.count(), picture.blocks.len());
            prop_assert!(mermaid::write(picture).starts_with("flowchart LR\n"));
        }
        // What is said of nodes stands in the order of the picture.
        let entry = Entry::of("w", &Read::Workflow(&before), &Read::Workflow(&after));
        if let Some(picture) = &entry.picture {
            let said: Vec<(&str, Option<&str>)> =
                entry.nodes.iter().map(|NodeDetails { key, mark, .. }| (&**key, *mark)).collect();
            let drawn: Vec<(&str, Option<&str>)> =
                picture.blocks.iter().map(|block| (&*block.key, block.mark.name())).collect();
            prop_assert_eq!(said, drawn);
        }
        prop_assert_eq!(compose(&before, &after, &matching, "both"), picture);
    }

    #[test]
    fn the_same_workflow_has_no_marks(recipe in recipe(), seed in any::<u64>()) {
        let old = graph(&recipe);
        let new = shuffled(&old, seed);
        let models = Models::embedded();
        let (before, after) = (side("old", &old, &models), side("new", &new, &models));
        let picture = compose(&before, &after, &Matching::new(&old, &new), "both");
        prop_assert_eq!(count(&picture, Mark::Same), new.len());
        prop_assert!(picture.links.iter().all(|link| link.mark == Mark::Same));
        prop_assert_eq!(around_marks(&picture).0.blocks.len(), 0);
    }
}
