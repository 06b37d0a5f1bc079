//! Workflows as text: the same for the same workflow, another one for others, and steady under small changes.

use std::collections::BTreeMap;

use proptest::prelude::*;

use wfc::catalog::Catalog;
use wfc::ir::{Argument, Graph, Input, Node, NodeId, Origin, TextPlace, Value};
use wfc::review::text;

use super::generate::{self, Edit, graph, recipe, shuffled};
use super::{cases, compared};

/// The same workflow with names in the place of numbers.
fn named(graph: &Graph) -> Graph {
    let mut out = Graph::new();
    for (_, node) in graph.nodes() {
        let mut node = node.without_inputs();
        node.key = format!("n{}", node.key).into();
        out.add(node).unwrap();
    }
    for (id, node) in graph.nodes() {
        for input in node.inputs() {
            out.push_input(id, input.clone());
        }
    }
    out
}

/// The lines that one text has and the other one lacks, by name of the node.
fn differing(old: &str, new: &str) -> Vec<String> {
    let lines = |text: &str| text.lines().map(ToOwned::to_owned).collect::<Vec<_>>();
    let (old, new) = (lines(old), lines(new));
    new.into_iter().filter(|line| !old.contains(line)).collect()
}

proptest! {
    #![proptest_config(cases(400))]

    #[test]
    fn the_text_is_the_same_exactly_for_what_the_diff_calls_the_same(
        old in recipe(), new in recipe(), edits in proptest::collection::vec(generate::edit(), 0..3),
        is_other in any::<bool>(), seed in any::<u64>(),
    ) {
        let before = graph(&old);
        let edited = if is_other { new } else { generate::edited(&old, &edits) };
        let after = shuffled(&graph(&edited), seed);
        let is_same = text(&before) == text(&after);
        prop_assert_eq!(is_same, compared(&before, &after).same, "{}\n{}", text(&before), text(&after));
    }

    #[test]
    fn numbers_order_and_titles_are_not_in_the_text(recipe in recipe(), seed in any::<u64>()) {
        let one = graph(&recipe);
        let mut other = Graph::new();
        for (_, node) in shuffled(&one, seed).nodes() {
            let mut node = node.without_inputs();
            node.title = Some("another".into());
            other.add(node).unwrap();
        }
        for (id, node) in shuffled(&one, seed).nodes() {
            for input in node.inputs() {
                other.push_input(id, input.clone());
            }
        }
        prop_assert_eq!(text(&one), text(&other));
    }

    #[test]
    fn another_value_changes_its_line_alone(recipe in recipe(), at in any::<usize>(), value in 3..6) {
        let edited = generate::edited(&recipe, &[Edit::Value(at, value)]);
        let (old, new) = (text(&named(&graph(&recipe))), text(&named(&graph(&edited))));
        prop_assert!(differing(&old, &new).len() <= 1, "{old}\n{new}");
        let name = |line: &str| line.split_once(':').map(|(name, _)| name.to_owned());
        let names = |text: &str| text.lines().map(name).collect::<Vec<_>>();
        prop_assert_eq!(names(&old), names(&new));
    }

    #[test]
    fn every_node_stands_behind_what_it_is_linked_with(recipe in recipe()) {
        let text = text(&named(&graph(&recipe)));
        let places: BTreeMap<&str, usize> =
            text.lines().enumerate().filter_map(|(at, line)| Some((line.split_once(':')?.0, at))).collect();
        for (at, line) in text.lines().enumerate() {
            for word in line.split(['(', '=', ',', ')', '.']).filter_map(|word| places.get(word)) {
                prop_assert!(*word < at, "{text}");
            }
        }
    }
}

fn add(graph: &mut Graph, key: &str, class: &str, inputs: &[(&str, Argument)]) -> NodeId {
    let class_of = Catalog::embedded().class(class);
    let id = graph.add(Node::new(key.into(), class.into(), class_of, Origin::Unknown)).unwrap();
    for (name, value) in inputs {
        let (name, value) = ((*name).into(), value.clone());
        graph.push_input(id, Input { name, value, origin: Origin::Unknown, text: TextPlace::Nowhere });
    }
    id
}

#[test]
fn a_line_says_what_matters() {
    let literal = Argument::Literal;
    let mut graph = Graph::new();
    let loader = add(
        &mut graph,
        "7",
        "CheckpointLoaderSimple",
        &[("ckpt_name", literal(Value::Str("sd15.safetensors".into())))],
    );
    let link = |slot| Argument::Link { from: loader, slot };
    let says = literal(Value::Str("<b>\"a\"\n\u{202e}b\u{1b}[31m".into()));
    add(&mut graph, "positive", "CLIPTextEncode", &[("clip", link(1)), ("text", says)]);
    add(
        &mut graph,
        "my node",
        "Power Lora Loader (rgthree)",
        &[("model", link(0)), ("➕ Add", literal(Value::Map(vec![("on".into(), Value::Bool(true))])))],
    );
    // 8.0 is the default, and 1 is read as 1.0; `seed` has a default and is not given.
    add(
        &mut graph,
        "true",
        "KSampler",
        &[
            ("cfg", literal(Value::Int(8))),
            ("denoise", literal(Value::Float(0.5))),
            ("steps", literal(Value::Int(20))),
        ],
    );
    insta::assert_snapshot!(text(&graph), @r#"
    CheckpointLoaderSimple#1(ckpt_name="sd15.safetensors")
    @"my node": "Power Lora Loader (rgthree)"(model=CheckpointLoaderSimple#1, "➕ Add"={"on": true})
    positive: CLIPTextEncode(clip=CheckpointLoaderSimple#1.CLIP, text="<b>\"a\"\n\u202eb\u001b[31m")
    @"true": KSampler(denoise=0.5, seed=?)
    "#);
}

#[test]
fn circles_and_nothing_have_a_text_too() {
    assert_eq!(text(&Graph::new()), "");
    let mut graph = Graph::new();
    let one = add(&mut graph, "1", "LatentUpscale", &[]);
    let other = add(&mut graph, "2", "LatentUpscale", &[("samples", Argument::Link { from: one, slot: 0 })]);
    let link = Argument::Link { from: other, slot: 0 };
    let input =
        Input { name: "samples".into(), value: link, origin: Origin::Unknown, text: TextPlace::Nowhere };
    graph.push_input(one, input);
    assert_eq!(text(&graph).lines().count(), 2);
    assert_eq!(text(&graph), text(&shuffled(&graph, 1)));
}

#[test]
fn thousands_of_equal_ends_have_a_text() {
    let mut graph = Graph::new();
    for number in 0..3000 {
        let from = add(&mut graph, &(2 * number).to_string(), "EmptyLatentImage", &[]);
        add(
            &mut graph,
            &(2 * number + 1).to_string(),
            "VAEDecode",
            &[("samples", Argument::Link { from, slot: 0 })],
        );
    }
    assert_eq!(text(&graph).lines().count(), 6000);
}
