//! Subgraphs and group nodes.

use serde_json::{Value as Json, json};

use super::{converted, input, link, node, object, problems, workflow};

/// A subgraph with an image, a text that is shown on instances, and an output. Its nodes are 11 and 12.
fn blurring(id: &str) -> Json {
    let inner = |id: u32, origin: i32, slot: u32, target: i32, to: u32| json!({"id": id, "origin_id": origin, "origin_slot": slot, "target_id": target, "target_slot": to, "type": "*"});
    json!({
        "id": id, "name": "Blurring",
        "inputs": [
            {"name": "picture", "type": "IMAGE", "linkIds": [1]},
            {"name": "words", "type": "STRING", "linkIds": [2, 5]},
        ],
        "outputs": [{"name": "out", "type": "IMAGE", "linkIds": [4]}],
        "nodes": [
            node(11, "Prompted", json!({
                "inputs": [link("image", 1), widget("text", 2)], "widgets_values": ["inside"]
            })),
            node(12, "Prompted", json!({
                "inputs": [link("image", 3), widget("text", 5)], "widgets_values": ["other"]
            })),
        ],
        "links": [
            inner(1, -10, 0, 11, 0), inner(2, -10, 1, 11, 1), inner(3, 11, 0, 12, 0),
            inner(4, 12, 0, -20, 0), inner(5, -10, 1, 12, 1),
        ],
    })
}

fn widget(name: &str, id: u32) -> Json {
    json!({"name": name, "type": "STRING", "link": id, "widget": {"name": name}})
}

fn instance(id: u32, inputs: Json, mode: u8) -> Json {
    let outputs = json!([{"name": "out", "type": "IMAGE"}]);
    node(id, "B", object([("mode", mode.into()), ("inputs", inputs), ("outputs", outputs)]))
}

fn with(definitions: Json, nodes: Json, links: Json) -> Json {
    let mut workflow = workflow(nodes, links);
    workflow["definitions"] = object([("subgraphs", definitions)]);
    workflow
}

#[test]
fn instances_are_taken_apart_and_share_the_values_inside() {
    let nodes = json!([
        node(1, "Load", json!({})),
        instance(2, json!([link("picture", 10)]), 0),
        instance(3, json!([link("picture", 11), link("words", 13)]), 0),
        node(4, "Save", json!({"inputs": [link("image", 12)]})),
        node(5, "Words", json!({})),
    ]);
    let links = json!([
        [10, 1, 0, 2, 0, "IMAGE"],
        [11, 2, 0, 3, 0, "IMAGE"],
        [12, 3, 0, 4, 0, "IMAGE"],
        [13, 5, 0, 3, 1, "STRING"]
    ]);
    let (exported, diagnostics) = converted(&with(json!([blurring("B")]), nodes, links));
    let prompted =
        |text: Json, image: Json| json!({"inputs": {"text": text, "image": image}, "class_type": "Prompted"});
    assert_eq!(
        exported,
        json!({
            "1": {"inputs": {"file": "first.png"}, "class_type": "Load"},
            "4": {"inputs": {"name": "out", "image": ["3:12", 0]}, "class_type": "Save"},
            "5": {"inputs": {}, "class_type": "Words"},
            "2:11": prompted(json!("inside"), json!(["1", 0])),
            "2:12": prompted(json!("inside"), json!(["2:11", 0])),
            "3:11": prompted(json!(["5", 0]), json!(["2:12", 0])),
            "3:12": prompted(json!(["5", 0]), json!(["3:11", 0])),
        })
    );
    assert_eq!(problems(&diagnostics), "");
}

#[test]
fn instances_may_be_muted_and_bypassed() {
    let image = |mode: u8| {
        let nodes = json!([
            node(1, "Load", json!({})),
            instance(2, json!([link("picture", 10)]), mode),
            node(4, "Save", json!({"inputs": [link("image", 12)]})),
        ]);
        let links = json!([[10, 1, 0, 2, 0, "IMAGE"], [12, 2, 0, 4, 0, "IMAGE"]]);
        let exported = converted(&with(json!([blurring("B")]), nodes, links)).0;
        assert_eq!(exported.get("2:11").is_some(), mode == 0);
        input(&exported, "4", "image")
    };
    assert_eq!([image(0), image(2), image(4)], [json!(["2:12", 0]), Json::Null, json!(["1", 0])]);
}

#[test]
fn a_primitive_reaches_the_widgets_inside() {
    let nodes = json!([
        instance(2, json!([link("words", 10)]), 0),
        node(3, "PrimitiveNode", json!({"outputs": [{"links": [10]}], "widgets_values": ["from outside"]})),
    ]);
    let exported = converted(&with(json!([blurring("B")]), nodes, json!([[10, 3, 0, 2, 1, "STRING"]]))).0;
    assert_eq!(input(&exported, "2:11", "text"), "from outside");
    assert_eq!(input(&exported, "2:12", "text"), "from outside");
}

#[test]
fn subgraphs_may_be_in_subgraphs() {
    let outer = json!({
        "id": "O", "name": "Outer",
        "inputs": [{"name": "picture", "type": "IMAGE", "linkIds": [1]}, {"name": "words", "type": "STRING", "linkIds": [2]}],
        "outputs": [{"name": "out", "type": "IMAGE", "linkIds": [3]}],
        "nodes": [instance(20, json!([link("picture", 1), link("words", 2)]), 0)],
        "links": [
            {"id": 1, "origin_id": -10, "origin_slot": 0, "target_id": 20, "target_slot": 0},
            {"id": 2, "origin_id": -10, "origin_slot": 1, "target_id": 20, "target_slot": 1},
            {"id": 3, "origin_id": 20, "origin_slot": 0, "target_id": -20, "target_slot": 0},
        ],
    });
    let nodes = json!([
        node(1, "Load", json!({})),
        node(2, "O", json!({"inputs": [link("picture", 10)]})),
        node(4, "Save", json!({"inputs": [link("image", 12)]})),
    ]);
    let links = json!([[10, 1, 0, 2, 0, "IMAGE"], [12, 2, 0, 4, 0, "IMAGE"]]);
    let (exported, diagnostics) = converted(&with(json!([outer, blurring("B")]), nodes, links));
    assert_eq!(input(&exported, "4", "image"), json!(["2:20:12", 0]));
    assert_eq!(input(&exported, "2:20:11", "image"), json!(["1", 0]));
    assert_eq!(input(&exported, "2:20:12", "text"), "inside");
    assert_eq!(problems(&diagnostics), "");
}

#[test]
fn numbers_that_are_taken_are_given_anew() {
    let nodes = json!([
        node(11, "Load", json!({})),
        instance(2, json!([link("picture", 10)]), 0),
        node(4, "Save", json!({"inputs": [link("image", 12)]})),
    ]);
    let mut workflow =
        with(json!([blurring("B")]), nodes, json!([[10, 11, 0, 2, 0, "IMAGE"], [12, 2, 0, 4, 0, "IMAGE"]]));
    workflow["last_node_id"] = json!(40);
    let exported = converted(&workflow).0;
    assert_eq!(input(&exported, "2:41", "image"), json!(["11", 0]));
    assert_eq!(input(&exported, "2:12", "image"), json!(["2:41", 0]));
}

#[test]
fn group_nodes_are_taken_apart() {
    let group = json!({
        "nodes": [
            {"type": "Load", "inputs": []},
            {"type": "Noise", "inputs": [link("image", 77), widget("amount", 78)]},
            {"type": "Prompted", "inputs": [link("image", 79)]},
            {"type": "Prompted", "title": "Second", "inputs": [link("image", 80)]},
            {"type": "PrimitiveNode", "title": "How", "outputs": [{"type": "FLOAT", "widget": {"name": "amount"}}]},
        ],
        "links": [[0, 0, 1, 0, 5, "IMAGE"], [1, 0, 2, 0, 6, "IMAGE"], [4, 0, 1, 1, 9, "FLOAT"]],
        "external": [],
    });
    let nodes = json!([
        node(1, "Load", json!({})),
        node(
            7,
            "workflow>Pair",
            json!({
                "inputs": [link("image", 10)],
                "outputs": [{"name": "IMAGE", "type": "IMAGE"}, {"name": "Second IMAGE", "type": "IMAGE"}],
                "widgets_values": ["g.png", "image", 3, "fixed", "p", "soft", "one", "two", 0.5, "fixed"]
            })
        ),
        node(8, "Save", json!({"inputs": [link("image", 11)]})),
        node(9, "Save", json!({"inputs": [link("image", 12)]})),
    ]);
    let links = json!([[10, 1, 0, 7, 0, "IMAGE"], [11, 7, 1, 8, 0, "IMAGE"], [12, 7, 2, 9, 0, "IMAGE"]]);
    let mut workflow = workflow(nodes, links);
    workflow["extra"] = json!({"groupNodes": {"Pair": group}});
    let (exported, diagnostics) = converted(&workflow);
    assert_eq!(problems(&diagnostics), "");
    assert_eq!(input(&exported, "7:0", "file"), "g.png");
    assert_eq!(
        exported["7:1"]["inputs"],
        json!({"seed": 3, "amount": 0.5, "points": "p", "mode": "soft", "image": ["7:0", 0]})
    );
    assert_eq!(exported["7:2"]["inputs"], json!({"text": "one", "image": ["7:1", 0]}));
    assert_eq!(exported["7:3"]["inputs"], json!({"text": "two", "image": ["1", 0]}));
    // Output 0 of the group is the mask of the first node.
    assert_eq!(input(&exported, "8", "image"), json!(["7:2", 0]));
    assert_eq!(input(&exported, "9", "image"), json!(["7:3", 0]));
}

#[test]
fn what_a_file_lacks_is_told() {
    let nodes = json!([
        node(1, "00000000-0000-4000-8000-000000000000", json!({})),
        node(2, "workflow>Lost", json!({})),
    ]);
    assert_eq!(
        problems(&converted(&workflow(nodes, json!([]))).1),
        "missing-subgraph: the file does not define the subgraph `00000000-0000-4000-8000-000000000000`\n\
         missing-group: the group node `workflow>Lost` is not defined, or has nodes of unknown classes"
    );
}

#[test]
fn a_subgraph_may_not_contain_itself() {
    let own =
        json!({"id": "S", "name": "Snake", "nodes": [node(5, "S", json!({})), node(6, "Load", json!({}))]});
    let (exported, diagnostics) = converted(&with(json!([own]), json!([node(1, "S", json!({}))]), json!([])));
    assert_eq!(problems(&diagnostics), "recursive-subgraph: the subgraph `Snake` contains itself (node 5)");
    assert_eq!(exported, json!({"1:6": {"inputs": {"file": "first.png"}, "class_type": "Load"}}));
}

#[test]
fn growth_is_limited() {
    let definitions: Vec<Json> = (0..30)
        .map(|level: u32| {
            let inner = format!("L{}", level + 1);
            let id = format!("L{level}");
            json!({"id": id, "name": id, "nodes": [
                node(100 + 2 * level, &inner, json!({})), node(101 + 2 * level, &inner, json!({}))
            ]})
        })
        .chain([json!({"id": "L30", "name": "L30", "nodes": [node(6, "Load", json!({}))]})])
        .collect();
    let workflow = with(definitions.into(), json!([node(1, "L0", json!({}))]), json!([]));
    let converted = super::convert(&workflow.to_string(), &super::catalog());
    assert!(converted.graph.is_none());
    assert_eq!(
        problems(&converted.diagnostics),
        "too-many-nodes: with its subgraphs taken apart, this has more than 200000 nodes"
    );
}
