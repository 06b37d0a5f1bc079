//! Files that are wrong: no panic, and every mistake is told.

use proptest::prelude::*;
use serde_json::{Value as Json, json};
use wfc::front::json::{Arena, Json as Tree};

use super::{catalog, convert, convert_tree, converted, input, link, node, problems, workflow};

#[test]
fn something_else_is_not_a_workflow() {
    let converted = convert(r#"{"1": {"class_type": "Load"}}"#, &catalog());
    assert!(converted.graph.is_none());
    assert_eq!(
        problems(&converted.diagnostics),
        "not-a-workflow: not a workflow of ComfyUI's editor: it has no list of nodes"
    );
}

#[test]
fn nodes_ids_and_links_that_make_no_sense() {
    let nodes = json!([
        7,
        {"id": 1.5, "type": "Load"},
        {"id": "x".repeat(101), "type": "Load"},
        {"id": "one", "type": "Load"},
        node(2, "Save", json!({"inputs": [link("image", 99)]})),
        node(2, "Load", json!({})),
        node(3, "Save", json!({"inputs": [link("image", 10)]})),
        node(4, "Save", json!({"inputs": [link("image", 11)]})),
        node(5, "Save", json!({"inputs": [link("image", 12)]})),
        {"id": 6},
    ]);
    let links =
        json!([[10, "one", 0, 5, 0, "IMAGE"], [11, 55, 0, 4, 0, "IMAGE"], [12, "one", -1, 5, 0], {}, null]);
    let (exported, diagnostics) = converted(&workflow(nodes, links));
    assert_eq!(
        problems(&diagnostics),
        "not-a-node: an entry of `nodes` is no object\n\
         odd-node-id: a node's id must be a whole number or a short text\n\
         odd-node-id: a node's id must be a whole number or a short text\n\
         duplicate-node-id: two nodes have the id 2\n\
         odd-link: a link has no id and is ignored\n\
         missing-link: `image` of node 2 (Save) has a link that does not exist\n\
         link-mismatch: `image` of node 3 (Save) has a link that is written to end elsewhere\n\
         link-from-nowhere: `image` of node 4 (Save) has a link that starts at a node that does not exist\n\
         link-from-nowhere: `image` of node 5 (Save) has a link that starts at an output that does not exist\n\
         node-without-type: a node has no type"
    );
    assert_eq!(input(&exported, "3", "image"), json!(["one", 0]));
    assert_eq!(input(&exported, "4", "image"), Json::Null);
    assert_eq!(input(&exported, "5", "image"), Json::Null);
}

#[test]
fn get_without_set_and_two_sets_of_a_name() {
    let set = |id: u32| node(id, "SetNode", json!({"widgets_values": ["a"]}));
    let nodes = json!([
        set(1),
        set(2),
        node(3, "GetNode", json!({"widgets_values": ["b"]})),
        node(4, "Save", json!({"inputs": [link("image", 10), link("name", 11)]})),
    ]);
    let diagnostics = converted(&workflow(nodes, json!([[10, 3, 0, 4, 0], [11, 3, 0, 4, 1]]))).1;
    assert_eq!(
        problems(&diagnostics),
        "duplicate-set-name: two SetNodes are called `a`\nget-without-set: there is no SetNode called `b`"
    );
}

#[test]
fn reroutes_may_not_go_around() {
    let nodes = json!([
        node(1, "Reroute", json!({"inputs": [link("", 10)]})),
        node(2, "Reroute", json!({"inputs": [link("", 11)]})),
        node(3, "Save", json!({"inputs": [link("image", 12)]})),
    ]);
    let links = json!([[10, 2, 0, 1, 0], [11, 1, 0, 2, 0], [12, 2, 0, 3, 0]]);
    let diagnostics = converted(&workflow(nodes, links)).1;
    assert_eq!(
        problems(&diagnostics),
        "link-cycle: node 2 (Reroute) is linked to itself through nodes that only pass on"
    );
}

#[test]
fn ids_inside_and_outside_may_not_meet() {
    let mut workflow = workflow(json!([{"id": "1:6", "type": "Load"}, node(1, "S", json!({}))]), json!([]));
    workflow["definitions"] = json!({"subgraphs": [{"id": "S", "nodes": [node(6, "Load", json!({}))]}]});
    assert_eq!(problems(&converted(&workflow).1), "duplicate-node-id: two nodes come to have the id 1:6");
}

#[test]
fn a_long_chain_is_no_recursion() {
    const LENGTH: u32 = 100_000;
    let mut nodes = vec![node(0, "Load", json!({}))];
    let mut links = Vec::new();
    for id in 1..=LENGTH {
        nodes.push(json!({"id": id, "type": "Reroute", "inputs": [{"link": id}]}));
        links.push(json!([id, id - 1, 0, id, 0, "IMAGE"]));
    }
    nodes.push(node(LENGTH + 1, "Save", json!({"inputs": [link("image", LENGTH + 1)]})));
    links.push(json!([LENGTH + 1, LENGTH, 0, LENGTH + 1, 0, "IMAGE"]));
    let exported = converted(&workflow(nodes.into(), links.into())).0;
    assert_eq!(input(&exported, "100001", "image"), json!(["0", 0]));
}

/// JSON made of the words that such files are made of.
fn any_part() -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::from),
        (-21..40_i64).prop_map(Json::from),
        any::<f64>().prop_map(Json::from),
        prop::sample::select(vec![
            "Load",
            "Save",
            "Noise",
            "Chooser",
            "Reroute",
            "SetNode",
            "GetNode",
            "S",
            "workflow>G",
            "image",
            "fine",
            "1"
        ])
        .prop_map(Json::from),
    ];
    let keys = prop::sample::select(vec![
        "nodes",
        "links",
        "id",
        "type",
        "mode",
        "inputs",
        "outputs",
        "link",
        "linkIds",
        "name",
        "widget",
        "widgets_values",
        "origin_id",
        "origin_slot",
        "target_id",
        "target_slot",
        "definitions",
        "subgraphs",
        "extra",
        "groupNodes",
        "G",
        "properties",
        "title",
        "external",
        "config",
    ]);
    leaf.prop_recursive(6, 80, 8, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Json::from),
            prop::collection::vec((keys.clone(), inner), 0..8).prop_map(|entries| entries
                .into_iter()
                .map(|(key, value)| (key.to_owned(), value))
                .collect()),
        ]
    })
}

/// A workflow in which everything but the outer shape may be wrong.
fn any_workflow() -> impl Strategy<Value = Json> {
    let id = || -3..6_i64;
    let class = prop::sample::select(vec![
        "Load",
        "Save",
        "Noise",
        "Blend",
        "Chooser",
        "Reroute",
        "SetNode",
        "GetNode",
        "PrimitiveNode",
        "S",
        "T",
        "workflow>G",
        "CustomCombo",
        "VHS_LoadVideo",
    ]);
    let slot = (prop::sample::select(vec!["image", "amount", "codec.mask", "images.image1", "x"]), 0..6_i64)
        .prop_map(
            |(name, link)| json!({"name": name, "type": "IMAGE", "link": link, "widget": {"name": name}}),
        );
    let node = (id(), class, prop::collection::vec(slot, 0..4), any_part(), 0..5_u8).prop_map(
        |(id, class, inputs, values, mode)| {
            json!({"id": id, "type": class, "inputs": inputs, "outputs": [{"links": [0, 1, 2]}],
                "widgets_values": values, "mode": mode})
        },
    );
    let link =
        (0..6_i64, -20..6_i64, 0..3_i64, -20..6_i64, 0..3_i64).prop_map(|(id, origin, from, target, to)| {
            json!([id, if origin < -2 { -10 } else { origin }, from, target, to, "*"])
        });
    let sheet = (prop::collection::vec(node, 0..6), prop::collection::vec(link, 0..8), any_part());
    prop::collection::vec(sheet, 3).prop_map(|sheets| {
        let [root, one, other] = &sheets[..] else { unreachable!() };
        let port = json!([{"name": "image", "type": "IMAGE", "linkIds": [0, 1]}, {"name": "x", "linkIds": [2]}]);
        let definition = |id: &str, sheet: &(Vec<Json>, Vec<Json>, Json)| {
            json!({"id": id, "nodes": sheet.0, "links": sheet.1, "inputs": port, "outputs": port})
        };
        json!({
            "nodes": root.0, "links": root.1,
            "definitions": {"subgraphs": [definition("S", one), definition("T", other)]},
            "extra": {"groupNodes": {"G": {"nodes": one.0, "links": other.1, "config": other.2, "external": one.1}}},
        })
    })
}

proptest! {
    #[test]
    fn no_part_makes_it_panic(nodes in any_part(), links in any_part(), rest in any_part()) {
        let mut workflow = json!({"nodes": [nodes], "links": links});
        if let Some(entries) = rest.as_object() {
            workflow.as_object_mut().unwrap().extend(entries.clone());
        }
        convert(&workflow.to_string(), &catalog());
    }

    #[test]
    fn no_workflow_makes_it_panic_and_places_change_nothing(workflow in any_workflow()) {
        let text = workflow.to_string();
        let fast = convert(&text, &catalog());
        let placed = convert_tree(&Tree::parse(&text, &Arena::new()).unwrap(), &text, &catalog());
        prop_assert_eq!(problems(&fast.diagnostics), problems(&placed.diagnostics));
        for diagnostic in &placed.diagnostics {
            for label in &diagnostic.labels {
                prop_assert!(text.get(label.span.range()).is_some());
            }
        }
        let exported = |graph: Option<wfc::ir::Graph>| graph.map(|graph| super::exported(&graph));
        prop_assert_eq!(exported(fast.graph), exported(placed.graph));
    }
}
