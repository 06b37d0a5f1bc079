//! What a preset says about its requests: `[request]` in presets, and the schema in manifests.

use serde_json::{Value, json};

use crate::support::{EVERY_TYPE, Folder, PICTURE, input};

/// The interface of a preset of [`PICTURE`] with these lines in it.
fn interface(lines: &str) -> Value {
    let folder = Folder::with([("g.toml", PICTURE), ("p.toml", &*format!("graph = \"g\"\n{lines}"))]);
    folder.wfc(&["build", "p.toml"]).succeeded();
    folder.json("p.wfc.json")["interface"].clone()
}

#[track_caller]
fn findings(lines: &str) -> String {
    let folder = Folder::with([("g.toml", PICTURE), ("p.toml", &*format!("graph = \"g\"\n{lines}"))]);
    let found = folder.wfc(&["build", "p.toml"]).findings();
    assert_eq!(folder.names(), ["g.toml", "p.toml"], "nothing is written");
    found
}

#[test]
fn without_a_request_table_every_parameter_is_a_field() {
    let interface = interface("[params]\nname = \"x\"\n");
    assert_eq!(
        interface,
        json!({
            "inputs": {
                "$schema": "https://json-schema.org/draft/2020-12/schema",
                "type": "object",
                "properties": {
                    "width": {
                        "type": "integer", "x-type": "int", "description": "Width of the picture.",
                        "minimum": 16, "maximum": 4096, "multipleOf": 16, "x-unit": "px", "default": 64,
                    },
                    "name": {
                        "type": "string", "x-type": "string", "description": "Begin of the file's name.",
                        "default": "x",
                    },
                },
                "required": [],
                "additionalProperties": false,
            },
            "bindings": {
                "width": {
                    "set": ["/empty/inputs/width"], "computed": ["/empty/inputs/height"], "change": "bind",
                },
                "name": {"set": ["/save/inputs/filename_prefix"], "change": "set"},
            },
            "values": {"width": 64, "name": "x"},
            "computed": [{
                "at": ["/empty/inputs/height"], "expr": "width // 2",
                "input": ["INT", {"min": 1, "max": 16384}],
            }],
        })
    );
}

#[test]
fn a_request_table_names_all_fields_there_are() {
    let interface = interface("[request]\nsize = \"width\"\n");
    assert_eq!(interface["inputs"]["properties"].as_object().unwrap().keys().collect::<Vec<_>>(), ["size"]);
    assert_eq!(interface["bindings"]["size"]["param"], "width");
    assert_eq!(interface["values"], json!({"width": 64, "name": "picture"}), "expressions read them");
}

#[test]
fn a_field_is_required_where_the_graph_has_no_default_or_the_preset_says_so() {
    let graph = PICTURE.replace("default = \"picture\"\n", "");
    let required = |request: &str| {
        let preset = format!("graph = \"g\"\n[params]\nname = \"x\"\n{request}");
        let folder = Folder::with([("g.toml", &*graph), ("p.toml", &*preset)]);
        folder.wfc(&["build", "p.toml"]).succeeded();
        folder.json("p.wfc.json")["interface"]["inputs"]["required"].clone()
    };
    assert_eq!(required(""), json!(["name"]));
    assert_eq!(
        required("[request]\nwidth = \"width\"\n"),
        json!([]),
        "what no request can set is not missing"
    );
    assert_eq!(
        required("[request]\nid = \"name\"\nw = { param = \"width\", required = true }\n"),
        json!(["id", "w"])
    );
    assert_eq!(required("[request]\nid = { param = \"name\", required = false }\n"), json!([]));
}

#[test]
fn a_preset_that_extends_another_replaces_its_fields_as_a_whole() {
    let folder = Folder::with([
        ("g.toml", PICTURE),
        ("base.toml", "graph = \"g\"\n[request]\nsize = \"width\"\nid = \"name\"\n"),
        ("same.toml", "extends = \"base.toml\"\n"),
        ("own.toml", "extends = \"base.toml\"\n[request]\nwide = \"width\"\n"),
    ]);
    folder.wfc(&["build", "same.toml", "own.toml"]).succeeded();
    let fields = |name: &str| {
        let manifest = folder.json(name);
        manifest["interface"]["bindings"].as_object().unwrap().keys().cloned().collect::<Vec<_>>()
    };
    assert_eq!(fields("same.wfc.json"), ["size", "id"]);
    assert_eq!(fields("own.wfc.json"), ["wide"]);
}

#[test]
fn a_setting_of_a_build_may_use_the_fields_name() {
    let folder = Folder::with([
        ("g.toml", PICTURE),
        ("p.toml", "graph = \"g\"\n[request]\nsize = \"width\"\n[matrix]\nwidth = [16, 32]\n"),
    ]);
    let workflow = folder.workflow("p.toml", &["--set", "size=48", "--set", "name=a b"]);
    assert_eq!(input(&workflow, "empty", "width"), 48);
    assert_eq!(input(&workflow, "save", "filename_prefix"), "a b");
}

#[test]
fn a_request_table_that_names_nothing_does_not_open_everything() {
    let said = findings("[request]\n");
    assert!(
        said.starts_with("error[missing-key]: a request could set nothing: the table names no field"),
        "{said}"
    );
}

#[test]
fn mistakes_in_a_request_table_are_shown_where_they_are() {
    insta::assert_snapshot!(
        findings("[request]\nsize = \"widht\"\nname = \"width\"\nwide = \"width\"\nid = { para = 1 }\nx = 1\n"),
        @r#"
    error[unknown-param]: the graph has no parameter `widht`
       ╭─[p.toml:3:8]
     2 │ [request]
     3 │ size = "widht"
       ·        ───────
     4 │ name = "width"
       ╰────
      help: did you mean `width`?

    error[conflicting-field]: `name` is a parameter of the graph, and this field of the same name would set `width`
       ╭─[p.toml:4:1]
     3 │ size = "widht"
     4 │ name = "width"
       · ────
     5 │ wide = "width"
       ╰────
      help: name the field as its parameter, or as no parameter at all

    error[conflicting-field]: `name` and `wide` both set `width`
       ╭─[p.toml:5:1]
     3 │ size = "widht"
     4 │ name = "width"
       · ──┬─
       ·   ╰── the other one
     5 │ wide = "width"
       · ────
     6 │ id = { para = 1 }
       ╰────
      help: keep one of them: of two values in one request neither would be the right one

    error[missing-key]: a field of a request needs the key `param`
       ╭─[p.toml:6:6]
     5 │ wide = "width"
     6 │ id = { para = 1 }
       ·      ────────────
     7 │ x = 1
       ╰────

    error[unknown-key]: unknown key `para` in a field of a request
       ╭─[p.toml:6:8]
     5 │ wide = "width"
     6 │ id = { para = 1 }
       ·        ────
     7 │ x = 1
       ╰────
      help: did you mean `param`?

    error[wrong-type]: expected a table (a field of a request), found an integer
       ╭─[p.toml:7:5]
     6 │ id = { para = 1 }
     7 │ x = 1
       ·     ─
       ╰────

    6 errors in 1 file
    "#
    );
}

#[test]
fn every_form_of_number_is_in_the_schema() {
    let schema = |declaration: &str| {
        let graph = EVERY_TYPE.replace("min = 1\nmax = 99\nform = \"4n+1\"", declaration);
        let folder = Folder::with([("g.toml", &*graph), ("p.toml", "graph = \"g\"\n")]);
        folder.wfc(&["build", "p.toml"]).succeeded();
        let mut schema = folder.json("p.wfc.json")["interface"]["inputs"]["properties"]["count"].clone();
        schema.as_object_mut().unwrap().retain(|key, _| {
            ["minimum", "maximum", "multipleOf", "enum", "allOf", "x-form"].contains(&key.as_str())
        });
        schema
    };
    assert_eq!(
        schema("min = 2\nmax = 17\nform = \"4n+1\""),
        json!({"minimum": 2, "maximum": 17, "x-form": "4n+1", "enum": [5, 9, 13, 17]})
    );
    assert_eq!(
        schema("max = 30\nform = \"4n+1\"\nmultiple_of = 5"),
        json!({"minimum": 1, "maximum": 30, "multipleOf": 5, "x-form": "4n+1", "enum": [5, 25]})
    );
    assert_eq!(
        schema("max = 30\nform = \"5n+5\""),
        json!({"minimum": 5, "maximum": 30, "x-form": "5n+5", "allOf": [{"multipleOf": 5}]})
    );
    assert_eq!(
        schema("form = \"4n+1\""),
        json!({"minimum": 1, "maximum": u64::MAX, "x-form": "4n+1"}),
        "too many to list"
    );
    assert_eq!(schema(""), json!({"minimum": i64::MIN, "maximum": u64::MAX}), "what a workflow can hold");
}

#[test]
fn the_schema_takes_no_more_than_the_nodes_that_a_value_reaches() {
    let graph = PICTURE
        .replace("min = 16\nmax = 4096\n", "")
        .replace("{ expr = \"width // 2\" }", "{ param = \"width\" }")
        .replace("batch_size = 1", "batch_size = { param = \"width\" }");
    let folder = Folder::with([("g.toml", &*graph), ("p.toml", "graph = \"g\"\n")]);
    folder.wfc(&["build", "p.toml"]).succeeded();
    let schema = &folder.json("p.wfc.json")["interface"]["inputs"]["properties"]["width"];
    assert_eq!(
        (&schema["minimum"], &schema["maximum"]),
        (&json!(1), &json!(4096)),
        "batch_size goes to 4096"
    );
}

#[test]
fn values_that_would_change_the_nodes_are_not_in_the_schema_where_they_are_few() {
    let graph = PICTURE
        .replace("[nodes.save]", "[params.tint]\ntype = \"choice\"\nchoices = [\"none\", \"inverted\", \"off\"]\ndefault = \"none\"\ndoc = \"Tint.\"\n[nodes.invert]\nclass = \"ImageInvert\"\nstage = \"make\"\nwhen = \"tint == 'inverted'\"\ninputs = { image = { node = \"empty\" } }\n[nodes.save]")
        .replace("{ node = \"empty\" }, filename", "{ node = \"invert\" }, filename");
    let folder = Folder::with([("g.toml", &*graph), ("p.toml", "graph = \"g\"\n")]);
    folder.wfc(&["build", "p.toml"]).succeeded();
    let interface = &folder.json("p.wfc.json")["interface"];
    assert_eq!(interface["inputs"]["properties"]["tint"]["allOf"], json!([{"enum": ["none", "off"]}]));
    assert_eq!(interface["bindings"]["tint"], json!({"set": [], "change": "bind"}));
    folder.wfc(&["bind", "p.wfc.json", "--set", "tint=off"]).succeeded();
    let refused = folder.wfc(&["bind", "p.wfc.json", "--set", "tint=inverted"]).findings();
    assert!(refused.contains("error[needs-build]") && refused.contains("--set tint="), "{refused}");
}
