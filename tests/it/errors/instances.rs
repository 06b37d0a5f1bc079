//! Mistakes with `when` and `for_each`.

use insta::assert_snapshot;

use super::{graph, picture};
use crate::support::{Folder, PICTURE};

/// [`PICTURE`] with a list of LoRAs, and nodes before the one that saves.
fn with_loras(nodes: &str) -> String {
    let list = "[params.loras]\ntype = \"lora-list\"\ndefault = []\ndoc = \"The LoRAs.\"\n";
    PICTURE.replace("[nodes.save]", &format!("{list}\n{nodes}\n[nodes.save]"))
}

#[test]
fn item_outside_for_each() {
    assert_snapshot!(picture("{ param = \"name\" }", "{ item = \"file\" }"), @r#"
    error[item-outside-for-each]: `item` has a meaning only in a node with `for_each`
        ╭─[g.toml:26:59]
     25 │ stage = "save"
     26 │ inputs = { images = { node = "empty" }, filename_prefix = { item = "file" } }
        ·                                                           ─────────────────
        ╰────

    1 error in 1 file
    "#);
    assert_snapshot!(picture("{ node = \"empty\" }", "{ prev = true }"), @r#"
    error[item-outside-for-each]: `prev` has a meaning only in a node with `for_each`
        ╭─[g.toml:26:21]
     25 │ stage = "save"
     26 │ inputs = { images = { prev = true }, filename_prefix = { param = "name" } }
        ·                     ───────────────
        ╰────

    1 error in 1 file
    "#);
}

#[test]
fn for_each_over_no_list() {
    assert_snapshot!(picture("class = \"SaveImage\"", "class = \"SaveImage\"\nfor_each = \"name\""), @r#"
    error[wrong-type]: `for_each` needs a list or a whole number, and `name` is neither
        ╭─[g.toml:25:12]
     24 │ class = "SaveImage"
     25 │ for_each = "name"
        ·            ──────
     26 │ stage = "save"
        ╰────
        ╭─[g.toml:14:8]
     13 │ [params.name]
     14 │ type = "string"
        ·        ────┬───
        ·            ╰── declared here
     15 │ default = "picture"
        ╰────

    1 error in 1 file
    "#);
    assert_snapshot!(picture("class = \"SaveImage\"", "class = \"SaveImage\"\nfor_each = \"lora\""), @r#"
    error[unknown-param]: the graph has no parameter `lora`
        ╭─[g.toml:25:12]
     24 │ class = "SaveImage"
     25 │ for_each = "lora"
        ·            ──────
     26 │ stage = "save"
        ╰────
      help: its parameters are: width, name

    1 error in 1 file
    "#);
}

#[test]
fn an_unknown_field_of_an_item() {
    let nodes = "[nodes.lora]\nclass = \"PreviewAny\"\nfor_each = \"loras\"\ninputs = { source = { item = \"name\" } }\n";
    assert_snapshot!(graph(&with_loras(nodes)), @r#"
    error[unknown-key]: the items have no field `name`
        ╭─[g.toml:31:30]
     30 │ for_each = "loras"
     31 │ inputs = { source = { item = "name" } }
        ·                              ──────
        ╰────
      help: their fields are: file, strength, index

    1 error in 1 file
    "#);
}

#[test]
fn a_node_with_the_name_of_an_instance() {
    let nodes = "[nodes.lora]\nclass = \"PreviewAny\"\nfor_each = \"loras\"\ninputs = { source = { item = \"file\" } }\n\
                 [nodes.lora-2]\nclass = \"PreviewAny\"\ninputs = { source = \"x\" }\n";
    assert_snapshot!(graph(&with_loras(nodes)), @r#"
    error[duplicate-node]: two nodes would be called `lora-2`
        ╭─[g.toml:32:8]
     31 │ inputs = { source = { item = "file" } }
     32 │ [nodes.lora-2]
        ·        ──────
     33 │ class = "PreviewAny"
        ╰────
      help: rename one of them: the nodes of a `for_each` are called name-1, name-2, …; this happens with loras = [{"file":"example.safetensors","strength":1.0},{"file":"example.safetensors","strength":1.0}]

    1 error in 1 file
    "#);
}

#[test]
fn an_instance_with_the_name_of_a_node() {
    let nodes = "[nodes.lora-1]\nclass = \"PreviewAny\"\ninputs = { source = \"x\" }\n\
                 [nodes.lora]\nclass = \"PreviewAny\"\nfor_each = \"loras\"\ninputs = { source = { item = \"file\" } }\n";
    let text = graph(&with_loras(nodes));
    assert!(text.starts_with("error[duplicate-node]: two nodes would be called `lora-1`"), "{text}");
}

#[test]
fn a_required_input_lost_by_when() {
    let optional = PICTURE
        .replace("[nodes.empty]", "[params.made]\ntype = \"bool\"\ndefault = true\ndoc = \"Make it.\"\n\n[nodes.empty]\nwhen = \"made\"");
    let folder =
        Folder::with([("g.toml", &*optional), ("p.toml", "graph = \"g\"\n[params]\nmade = false\n")]);
    assert_snapshot!(folder.wfc(&["build", "p.toml"]).findings(), @r#"
    error[required-input-lost]: `save` needs the input `images`, but `empty` is switched off
        ╭─[g.toml:32:21]
     31 │ stage = "save"
     32 │ inputs = { images = { node = "empty" }, filename_prefix = { param = "name" } }
        ·                     ─────────┬────────
        ·                              ╰── links to `empty`
        ╰────
        ╭─[g.toml:24:8]
     23 │ [nodes.empty]
     24 │ when = "made"
        ·        ───┬──
        ·           ╰── switched off here
     25 │ class = "EmptyImage"
        ╰────
      file: p.toml
      node: `save` (SaveImage), input `images`
      help: switch `save` off as well, or give an alternative with { first_of = [...] }; `empty` has no linked input of type IMAGE to pass on

    1 error in 1 file
    "#);
    // Checking the graph alone tries both positions of the switch.
    assert_snapshot!(graph(&optional), @r#"
    error[required-input-lost]: `save` needs the input `images`, but `empty` is switched off
        ╭─[g.toml:32:21]
     31 │ stage = "save"
     32 │ inputs = { images = { node = "empty" }, filename_prefix = { param = "name" } }
        ·                     ─────────┬────────
        ·                              ╰── links to `empty`
        ╰────
        ╭─[g.toml:24:8]
     23 │ [nodes.empty]
     24 │ when = "made"
        ·        ───┬──
        ·           ╰── switched off here
     25 │ class = "EmptyImage"
        ╰────
      node: `save` (SaveImage), input `images`
      help: switch `save` off as well, or give an alternative with { first_of = [...] }; `empty` has no linked input of type IMAGE to pass on; this happens with made = false

    1 error in 1 file
    "#);
}

#[test]
fn a_required_input_lost_by_an_empty_list() {
    let nodes = "[nodes.lora]\nclass = \"StringConcatenate\"\nfor_each = \"loras\"\n\
                 inputs = { string_a = { prev = true }, string_b = { item = \"file\" }, delimiter = \"\" }\n\
                 [nodes.show]\nclass = \"PreviewAny\"\ninputs = { source = { node = \"lora\" } }\n";
    assert_snapshot!(graph(&with_loras(nodes)), @r#"
    error[required-input-missing]: `StringConcatenate` needs the input `string_a`
        ╭─[g.toml:28:8]
     28 │ [nodes.lora]
        ·        ────
     29 │ class = "StringConcatenate"
        ╰────
      node: `lora-1` (StringConcatenate), input `string_a`
      help: give it a value (STRING); this happens with loras = [{"file":"example.safetensors","strength":1.0},{"file":"example.safetensors","strength":1.0}]

    error[required-input-lost]: `show` needs the input `source`, but the list `loras` of `lora` is empty
        ╭─[g.toml:34:21]
     33 │ class = "PreviewAny"
     34 │ inputs = { source = { node = "lora" } }
        ·                     ────────┬────────
        ·                             ╰── links to `lora`
        ╰────
        ╭─[g.toml:28:8]
     28 │ [nodes.lora]
        ·        ──┬─
        ·          ╰── repeated here
     29 │ class = "StringConcatenate"
        ╰────
      node: `show` (PreviewAny), input `source`
      help: switch `show` off as well, or give an alternative with { first_of = [...] }; `lora` has no linked input of type * to pass on

    2 errors in 1 file
    "#);
}

#[test]
fn prev_of_a_wrong_kind() {
    let nodes = "[nodes.lora]\nclass = \"PreviewAny\"\nfor_each = \"loras\"\ninputs = { source = { prev = false } }\n";
    assert_snapshot!(graph(&with_loras(nodes)), @r#"
    error[wrong-type]: expected true, or { node = … } for the first one, found a boolean
        ╭─[g.toml:31:30]
     30 │ for_each = "loras"
     31 │ inputs = { source = { prev = false } }
        ·                              ─────
        ╰────

    1 error in 1 file
    "#);
}

#[test]
fn alternatives_of_a_wrong_kind() {
    assert_snapshot!(picture("{ node = \"empty\" }", "{ first_of = \"empty\" }"), @r#"
    error[wrong-type]: expected an array of { node = … }, found a string
        ╭─[g.toml:26:34]
     25 │ stage = "save"
     26 │ inputs = { images = { first_of = "empty" }, filename_prefix = { param = "name" } }
        ·                                  ───────
        ╰────

    1 error in 1 file
    "#);
    assert_snapshot!(picture("{ node = \"empty\" }", "{ first_of = [{ param = \"empty\" }, \"empty\"] }"), @r#"
    error[missing-key]: the key `node` is missing
        ╭─[g.toml:26:35]
     25 │ stage = "save"
     26 │ inputs = { images = { first_of = [{ param = "empty" }, "empty"] }, filename_prefix = { p…
        ·                                   ───────────────────
        ╰────

    error[wrong-type]: expected { node = … }, found a string
        ╭─[g.toml:26:56]
     25 │ stage = "save"
     26 │ …ges = { first_of = [{ param = "empty" }, "empty"] }, filename_prefix = { param = "name" }…
        ·                                           ───────
        ╰────

    2 errors in 1 file
    "#);
}

#[test]
fn an_unknown_key_of_an_alternative() {
    let text = picture("{ node = \"empty\" }", "{ first_of = [{ node = \"empty\", slot = 5 }] }");
    assert!(text.starts_with("error[unknown-key]"), "{text}");
}

#[test]
fn no_alternatives() {
    assert_snapshot!(picture("{ node = \"empty\" }", "{ first_of = [] }"), @r#"
    error[required-input-missing]: `SaveImage` needs the input `images`
        ╭─[g.toml:23:8]
     23 │ [nodes.save]
        ·        ────
     24 │ class = "SaveImage"
        ╰────
      node: `save` (SaveImage), input `images`
      help: link it to an output of type IMAGE

    1 error in 1 file
    "#);
}

#[test]
fn too_long_a_list_is_named() {
    let nodes = "[nodes.lora]\nclass = \"PreviewAny\"\nfor_each = \"loras\"\ninputs = { source = { item = \"file\" } }\n";
    let list = "\"x.pt\",".repeat(20_001);
    let folder = Folder::with([
        ("g.toml", &*with_loras(nodes)),
        ("p.toml", &format!("graph = \"g\"\n[params]\nloras = [{list}]\n")),
    ]);
    assert_snapshot!(folder.wfc(&["build", "p.toml"]).findings(), @r#"
    error[too-many-nodes]: the workflow would have 20003 nodes; the limit is 20000
       ╭─[p.toml:3:9]
     2 │ [params]
     3 │ loras = ["x.pt","x.pt","x.pt",…"x.pt","x.pt","x.pt",]
       ·         ──────────────────────┬──────────────────────
       ·                               ╰── most of them come from here
       ╰────
      help: repeat fewer times

    1 error in 1 file
    "#);
}

#[test]
fn a_bad_value_of_an_item() {
    let text = "title = \"LoRAs\"\n[params.loras]\ntype = \"lora-list\"\ndefault = []\ndoc = \"The LoRAs.\"\n\
                [nodes.model]\nclass = \"UNETLoader\"\ninputs = { unet_name = \"x.safetensors\", weight_dtype = \"default\" }\n\
                [nodes.lora]\nclass = \"LoraLoaderModelOnly\"\nfor_each = \"loras\"\n\
                inputs = { model = { prev = { node = \"model\" } }, lora_name = { item = \"file\" }, strength_model = { item = \"strength\" } }\n\
                [nodes.show]\nclass = \"PreviewAny\"\ninputs = { source = { node = \"lora\" } }\n";
    let preset = "graph = \"g\"\n[params]\nloras = [\n  \"a.safetensors\",\n  { file = \"b.safetensors\", strength = 200 },\n]\n";
    let folder = Folder::with([("g.toml", text), ("p.toml", preset)]);
    assert_snapshot!(folder.wfc(&["build", "p.toml"]).findings(), @r#"
    error[value-bigger-than-max]: `strength_model` is 200.0; the largest value is 100
       ╭─[p.toml:3:9]
     2 │ [params]
     3 │ loras = [
       ·         ─
     4 │   "a.safetensors",
       ╰────
        ╭─[g.toml:12:99]
     11 │ for_each = "loras"
     12 │ …item = "file" }, strength_model = { item = "strength" } }
        ·                                    ──────────┬──────────
        ·                                              ╰── used here
     13 │ [nodes.show]
        ╰────
      node: `lora-2` (LoraLoaderModelOnly), input `strength_model`

    1 error in 1 file
    "#);
}
