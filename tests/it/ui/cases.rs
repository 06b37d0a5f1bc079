//! One small workflow for each thing that the editor's export does.

use serde_json::{Value as Json, json};
use wfc::diag::Diagnostics;

use super::{converted, input, inputs, link, node, problems, workflow};

#[test]
fn values_go_by_position_and_links_replace_them() {
    let nodes = json!([
        node(1, "Load", json!({"widgets_values": ["a.png", "image"]})),
        node(
            2,
            "Noise",
            json!({
                "inputs": [link("image", 10), link("amount", 11)],
                "widgets_values": [u64::MAX, "randomize", 0.5, [1, 2], "x"]
            })
        ),
        node(3, "Amount", json!({"widgets_values": [0.25]})),
    ]);
    let workflow = workflow(nodes, json!([[10, 1, 0, 2, 0, "IMAGE"], [11, 3, 0, 2, 1, "FLOAT"]]));
    let (exported, diagnostics) = converted(&workflow);
    assert_eq!(
        exported,
        json!({
            "1": {"inputs": {"file": "a.png"}, "class_type": "Load"},
            "2": {
                "inputs": {
                    "seed": u64::MAX, "amount": ["3", 0], "points": {"__value__": [1, 2]}, "mode": "x",
                    "image": ["1", 0]
                },
                "class_type": "Noise"
            },
            "3": {"inputs": {"value": 0.25}, "class_type": "Amount"},
        })
    );
    assert_eq!(problems(&diagnostics), "");
    let names: Vec<_> = exported["2"]["inputs"].as_object().unwrap().keys().collect();
    assert_eq!(names, ["seed", "amount", "points", "mode", "image"]);
}

#[test]
fn short_lists_leave_defaults_and_other_counts_are_told() {
    let case = |values: Json| {
        let workflow = workflow(json!([node(2, "Noise", json!({"widgets_values": values}))]), json!([]));
        let (exported, diagnostics) = converted(&workflow);
        (exported["2"]["inputs"].clone(), problems(&diagnostics))
    };
    let defaults = json!({"seed": 7, "amount": 0.0, "points": "", "mode": "soft"});
    assert_eq!(case(json!(null)), (defaults.clone(), String::new()));
    assert_eq!(case(json!([])), (defaults, String::new()));
    let (short, told) = case(json!([9, "fixed"]));
    assert_eq!(short, json!({"seed": 9, "amount": 0.0, "points": "", "mode": "soft"}));
    assert_eq!(
        told,
        "widget-count-mismatch: node 2 (Noise) has 2 widget values in the file, but its class has 5"
    );
    let (_, told) = case(json!([9, "fixed", 1.0, "p", "soft", "more"]));
    assert!(told.contains("has 6 widget values in the file, but its class has 5"), "{told}");
    // Buttons and previews of scripts leave empty values behind.
    assert_eq!(case(json!([9, "fixed", 1.0, "p", "soft", "", null])).1, "");
    // A list without a value gets its first choice, a name gives a value where there is an object.
    assert_eq!(case(json!([9, "fixed", 1.0, "p", null])).0["mode"], "soft");
    assert_eq!(case(json!({"mode": "hard", "seed": 1})).0, json!({"seed": 1, "mode": "hard"}));
}

#[test]
fn values_of_inputs_without_a_widget_are_left_out() {
    let forced =
        |values: Json| inputs(json!([node(1, "Forced", json!({"widgets_values": values}))]), json!([]), "1");
    assert_eq!(forced(json!([4, "kept"])), json!({"text": "kept"}));
    assert_eq!(forced(json!(["kept"])), json!({"text": "kept"}));
}

#[test]
fn a_selector_brings_its_branch_and_families_grow() {
    let nodes = |choice: Json| {
        json!([
            node(1, "Load", json!({})),
            node(
                2,
                "Chooser",
                json!({
                    "inputs": [
                        link("images.image0", 10), link("images.image1", 11),
                        link("codec.extra", 12), link("codec.mask", 13)
                    ],
                    "widgets_values": choice
                })
            ),
        ])
    };
    let links =
        json!([[10, 1, 0, 2, 0, "*"], [11, 1, 0, 2, 1, "*"], [12, 1, 0, 2, 2, "*"], [13, 1, 0, 2, 3, "*"]]);
    assert_eq!(
        inputs(nodes(json!(["fine", 3, "deep", 8, true])), links.clone(), "2"),
        json!({
            "codec": "fine", "codec.crf": 3, "codec.more": "deep", "codec.more.level": 8, "last": true,
            "codec.extra": ["1", 0], "images.image0": ["1", 0], "images.image1": ["1", 0]
        })
    );
    assert_eq!(
        inputs(nodes(json!(["rough", false])), links, "2"),
        json!({
            "codec": "rough", "last": false, "codec.mask": ["1", 0],
            "images.image0": ["1", 0], "images.image1": ["1", 0]
        })
    );
}

#[test]
fn nodes_of_the_editor_are_seen_through() {
    let nodes = json!([
        node(1, "Load", json!({})),
        node(2, "Reroute", json!({"inputs": [link("", 10)], "outputs": [{"type": "*"}]})),
        node(3, "Reroute", json!({"inputs": [link("", 11)], "outputs": [{"type": "*"}]})),
        node(4, "Save", json!({"inputs": [link("image", 12), link("name", 13)], "widgets_values": ["old"]})),
        node(5, "PrimitiveNode", json!({"outputs": [{"links": [13]}], "widgets_values": ["new", "fixed"]})),
        node(6, "Note", json!({"widgets_values": ["read me"]})),
        node(7, "MarkdownNote", json!({"widgets_values": ["read me"]})),
    ]);
    let links = json!([
        [10, 1, 0, 2, 0, "IMAGE"],
        [11, 2, 0, 3, 0, "IMAGE"],
        [12, 3, 0, 4, 0, "IMAGE"],
        [13, 5, 0, 4, 1, "STRING"]
    ]);
    let (exported, diagnostics) = converted(&workflow(nodes, links));
    assert_eq!(
        exported,
        json!({
            "1": {"inputs": {"file": "first.png"}, "class_type": "Load"},
            "4": {"inputs": {"name": "new", "image": ["1", 0]}, "class_type": "Save"},
        })
    );
    assert_eq!(problems(&diagnostics), "");
}

#[test]
fn muted_nodes_give_nothing_and_bypassed_ones_what_fits() {
    let with = |mode: u8| {
        let nodes = json!([
            node(1, "Load", json!({})),
            node(2, "Amount", json!({})),
            node(
                3,
                "Blend",
                json!({
                    "mode": mode, "inputs": [link("mask", 10), link("other", 11), link("amount", 12)]
                })
            ),
            node(4, "Save", json!({"inputs": [link("image", 13)]})),
            node(5, "Noise", json!({"inputs": [link("amount", 14)], "widgets_values": [1, "fixed", 0.75]})),
        ]);
        let links = json!([
            [10, 1, 1, 3, 0, "MASK"],
            [11, 1, 0, 3, 1, "IMAGE"],
            [12, 2, 0, 3, 2, "FLOAT"],
            [13, 3, 0, 4, 0, "IMAGE"],
            [14, 3, 1, 5, 0, "FLOAT"]
        ]);
        let exported = converted(&workflow(nodes, links)).0;
        assert_eq!(exported.get("3").is_some(), mode == 0);
        (input(&exported, "4", "image"), input(&exported, "5", "amount"))
    };
    assert_eq!(with(0), (json!(["3", 0]), json!(["3", 1])));
    // The image's slot has a mask on the other side, so the first input of its type is taken.
    assert_eq!(with(4), (json!(["1", 0]), json!(["2", 0])));
    // Without a link the widget's own value counts.
    assert_eq!(with(2), (Json::Null, json!(0.75)));
}

#[test]
fn a_bypassed_node_without_a_fitting_input_gives_nothing() {
    let nodes = json!([
        node(1, "Load", json!({})),
        node(2, "Count", json!({"mode": 4, "inputs": [link("image", 10)]})),
        node(3, "Noise", json!({"inputs": [link("seed", 11)], "widgets_values": [5]})),
        node(4, "Save", json!({"inputs": [link("any", 12)]})),
    ]);
    let links = json!([[10, 1, 0, 2, 0, "IMAGE"], [11, 2, 0, 3, 0, "INT"], [12, 2, 0, 4, 0, "*"]]);
    let exported = converted(&workflow(nodes, links)).0;
    assert_eq!(input(&exported, "3", "seed"), json!(5));
    // What takes anything takes the input at the same position.
    assert_eq!(input(&exported, "4", "any"), json!(["1", 0]));
}

#[test]
fn set_and_get_are_links_also_into_subgraphs() {
    let inner = json!({
        "id": "S", "name": "Saver", "inputs": [], "outputs": [],
        "nodes": [
            node(20, "GetNode", json!({"widgets_values": ["picture"], "outputs": [{"type": "IMAGE"}]})),
            node(21, "Save", json!({"inputs": [link("image", 1)]})),
        ],
        "links": [{"id": 1, "origin_id": 20, "origin_slot": 0, "target_id": 21, "target_slot": 0, "type": "IMAGE"}],
    });
    let nodes = json!([
        node(1, "Load", json!({})),
        node(2, "SetNode", json!({"inputs": [link("IMAGE", 10)], "widgets_values": ["picture"]})),
        node(3, "GetNode", json!({"outputs": [{"type": "IMAGE"}], "widgets_values": ["picture"]})),
        node(4, "Save", json!({"inputs": [link("image", 11)]})),
        node(5, "S", json!({})),
    ]);
    let mut workflow = workflow(nodes, json!([[10, 1, 0, 2, 0, "IMAGE"], [11, 3, 0, 4, 0, "IMAGE"]]));
    workflow["definitions"] = json!({"subgraphs": [inner]});
    let (exported, diagnostics) = converted(&workflow);
    assert_eq!(input(&exported, "4", "image"), json!(["1", 0]));
    assert_eq!(input(&exported, "5:21", "image"), json!(["1", 0]));
    assert_eq!(problems(&diagnostics), "");
}

#[test]
fn classes_that_nobody_knows_keep_their_links_only() {
    let nodes = json!([
        node(1, "Load", json!({})),
        node(2, "Lod", json!({"inputs": [link("in", 10)], "widgets_values": ["x", 1]})),
        node(3, "Lod", json!({"mode": 2})),
    ]);
    let (exported, diagnostics) = converted(&workflow(nodes, json!([[10, 1, 0, 2, 0, "IMAGE"]])));
    assert_eq!(exported["2"], json!({"inputs": {"in": ["1", 0]}}));
    assert_eq!(problems(&diagnostics), "unknown-class: there is no node class `Lod`");
    assert_eq!(
        diagnostics.iter().next().unwrap().help.as_deref(),
        Some("did you mean `Load`? If not, install its node pack, or use a catalog that knows it")
    );
}

#[test]
fn texts_are_sent_as_the_editor_rewrites_them() {
    let nodes = json!([
        node(1, "Prompt", json!({"widgets_values": ["a {red|blue} fox // or a wolf\n\\{b\\} /* c */end"]})),
        node(2, "SaveImage", json!({"widgets_values": ["x/%Amount.value%_%Mine.file%_%date:yyyy%_%no%"]})),
        node(3, "Amount", json!({"widgets_values": [2.5], "properties": {"Node name for S&R": "Amount"}})),
        node(4, "Load", json!({"title": "Mine", "widgets_values": ["a/b.png"]})),
    ]);
    let (exported, diagnostics) = converted(&workflow(nodes, json!([])));
    assert_eq!(input(&exported, "1", "text"), "a red fox \n{b} end");
    assert_eq!(input(&exported, "2", "filename_prefix"), "x/2.5_a_b.png_%date:yyyy%_%no%");
    assert_eq!(
        problems(&diagnostics),
        "dynamic-prompt: the first of the choices in `text` is taken\n\
         date-in-file-name: `filename_prefix` has a date, which only the editor fills in"
    );
}

#[test]
fn a_list_of_the_users_own_and_its_number() {
    let custom = |values: Json| {
        inputs(json!([node(1, "CustomCombo", json!({"widgets_values": values}))]), json!([]), "1")
    };
    assert_eq!(
        custom(json!(["b", 9, "a", "b", ""])),
        json!({"choice": "b", "index": 1, "option1": "a", "option2": "b", "option3": ""})
    );
    assert_eq!(
        custom(json!(["z", 9, "a", ""])),
        json!({"choice": "z", "index": -1, "option1": "a", "option2": ""})
    );
}

#[test]
fn lists_of_videohelpersuite_go_by_its_old_names() {
    let values = json!([8, 0, "clip", "video/x", false, true]);
    let nodes = json!([node(1, "VHS_VideoCombine", json!({"widgets_values": values}))]);
    assert_eq!(
        inputs(nodes, json!([]), "1"),
        json!({
            "frame_rate": 8, "loop_count": 0, "filename_prefix": "clip", "format": "video/x",
            "crf": 19, "pingpong": false, "save_output": true
        })
    );
    let values = json!({"video": "a.mp4", "force_size": "512x?"});
    let nodes = json!([node(1, "VHS_LoadVideo", json!({"widgets_values": values}))]);
    assert_eq!(
        inputs(nodes, json!([]), "1"),
        json!({"video": "a.mp4", "custom_width": 512, "custom_height": 0})
    );
}

#[test]
fn splines_end_where_their_last_point_is() {
    let store = r#"[{"points":[{"x":0,"y":0},{"x":9,"y":7.25}]}]"#;
    let values = json!([store, r#"[[{"x":0,"y":0},{"x":8.5,"y":7.2}]]"#, "path"]);
    let nodes = json!([node(1, "SplineEditor", json!({"widgets_values": values}))]);
    assert_eq!(inputs(nodes, json!([]), "1")["coordinates"], r#"[[{"x":0,"y":0},{"x":8.5,"y":7.25}]]"#);
}

#[test]
fn sockets_of_lost_widgets_go_and_the_one_behind_stays() {
    let stale =
        |name: &str, id: u32| json!({"name": name, "type": "INT", "link": id, "widget": {"name": name}});
    let nodes = json!([
        node(1, "Count", json!({})),
        node(2, "Save", json!({"inputs": [stale("gone", 10), stale("kept", 11), link("extra", 12)]})),
    ]);
    let links = json!([[10, 1, 0, 2, 0, "INT"], [11, 1, 0, 2, 1, "INT"], [12, 1, 0, 2, 2, "INT"]]);
    assert_eq!(inputs(nodes, links, "2"), json!({"name": "out", "kept": ["1", 0], "extra": ["1", 0]}));
}

#[test]
fn places_are_those_of_the_values_and_slots() {
    let nodes = json!([
        node(1, "Load", json!({"widgets_values": ["a.png", "image"]})),
        node(2, "Save", json!({"inputs": [link("image", 10)]})),
    ]);
    let text = workflow(nodes, json!([[10, 1, 0, 2, 0, "IMAGE"]])).to_string();
    let arena = wfc::front::json::Arena::new();
    let tree = wfc::front::json::Json::parse(&text, &arena).unwrap();
    let graph = super::convert_tree(&tree, &text, &super::catalog()).graph.unwrap();
    let at = |span: wfc::source::Span| &text[span.range()];
    let place = |key: &str, name: &str| {
        at(graph.node(graph.find(key).unwrap()).input(name).unwrap().origin.span().unwrap())
    };
    assert_eq!(place("1", "file"), r#""a.png""#);
    assert_eq!(serde_json::from_str::<Json>(place("2", "image")).unwrap(), link("image", 10));
    assert_eq!(at(graph.node(graph.find("1").unwrap()).origin.span().unwrap()), r#""Load""#);
    // A default is written nowhere.
    assert_eq!(graph.node(graph.find("2").unwrap()).input("name").unwrap().origin.span(), None);
    let mut fast = Diagnostics::new();
    fast.append(&mut super::convert(&text, &super::catalog()).diagnostics);
    assert!(fast.is_empty());
}
