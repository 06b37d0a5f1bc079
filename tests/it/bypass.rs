//! Nodes that are switched off, and nodes that stand for a list: what their consumers get.
//!
//! A node whose `when` is false is what ComfyUI's editor calls bypassed: the input at the output's own
//! position takes the output's place if it fits, else the first input of exactly the wanted type, else
//! the first that connects, else nothing.

use serde_json::{Value, json};

use crate::support::Folder;

/// Sources of every type that the tests link, and switches.
const SOURCES: &str = r#"title = "Bypass"

[params.on]
type = "bool"
default = false
doc = "Switches nodes on."

[params.list]
type = "lora-list"
default = []
doc = "Repeats nodes."

[nodes.switch]
class = "PreviewAny"
inputs = { source = { param = "on" } }

[nodes.items]
class = "PreviewAny"
for_each = "list"
inputs = { source = { item = "file" } }

[nodes.model]
class = "UNETLoader"
inputs = { unet_name = "m.safetensors", weight_dtype = "default" }

[nodes.clip]
class = "CLIPLoader"
inputs = { clip_name = "c.safetensors", type = "wan" }

[nodes.good]
class = "CLIPTextEncode"
inputs = { text = "good", clip = { node = "clip" } }

[nodes.bad]
class = "CLIPTextEncode"
inputs = { text = "bad", clip = { node = "clip" } }

[nodes.image]
class = "EmptyImage"
inputs = { width = 64, height = 64, batch_size = 1, color = 0 }

[nodes.number]
class = "PrimitiveInt"
inputs = { value = 7 }
"#;

/// A folder with a graph of the sources and these nodes, and a preset for it.
fn folder(nodes: &str) -> Folder {
    Folder::with([("g.toml", &format!("{SOURCES}\n{nodes}")), ("p.toml", "graph = \"g\"\n")])
}

/// The workflow of these nodes with `on = false`.
fn off(nodes: &str) -> Value {
    folder(nodes).workflow("p.toml", &[])
}

/// The workflow of these nodes with `on = true`.
fn on(nodes: &str) -> Value {
    folder(nodes).workflow("p.toml", &["--set", "on=true"])
}

/// The workflow of these nodes with a list of so many items.
fn listed(nodes: &str, count: usize) -> Value {
    let files: Vec<String> = (1..=count).map(|number| format!("\"{number}.safetensors\"")).collect();
    folder(nodes).workflow("p.toml", &["--set", &format!("list=[{}]", files.join(","))])
}

/// What an input is given; null if it is not given.
fn given(workflow: &Value, node: &str, input: &str) -> Value {
    assert!(workflow.get(node).is_some(), "no `{node}` in {workflow:#}");
    workflow[node]["inputs"][input].clone()
}

const LORA: &str = r#"
[nodes.lora]
class = "LoraLoader"
when = "on"
inputs = { model = { node = "model" }, clip = { node = "clip" }, lora_name = "l.safetensors", strength_model = 1, strength_clip = 1 }
[nodes.shifted]
class = "ModelSamplingSD3"
inputs = { model = { node = "lora", out = "MODEL" }, shift = 1 }
[nodes.text]
class = "CLIPTextEncode"
inputs = { text = "x", clip = { node = "lora", out = "CLIP" } }
[nodes.show]
class = "PreviewAny"
inputs = { source = { node = "shifted" } }
"#;

#[test]
fn a_node_that_is_on_is_linked() {
    let workflow = on(LORA);
    assert_eq!(given(&workflow, "shifted", "model"), json!(["lora", 0]));
    assert_eq!(given(&workflow, "text", "clip"), json!(["lora", 1]));
}

#[test]
fn each_output_is_replaced_by_the_input_at_its_position() {
    let workflow = off(LORA);
    assert!(workflow.get("lora").is_none());
    assert_eq!(given(&workflow, "shifted", "model"), json!(["model", 0]));
    assert_eq!(given(&workflow, "text", "clip"), json!(["clip", 0]));
}

/// A node with two inputs and two outputs of one type, and a consumer of its second output.
const PASS: &str = r#"
[nodes.pass]
class = "CondPassThrough"
when = "on"
inputs = { positive = { node = "good" }, negative = { node = "bad" } }
[nodes.zero]
class = "ConditioningZeroOut"
inputs = { conditioning = { node = "pass", out = 1 } }
[nodes.show]
class = "PreviewAny"
inputs = { source = { node = "zero" } }
"#;

#[test]
fn the_own_position_comes_before_the_first_input_of_the_type() {
    assert_eq!(given(&off(PASS), "zero", "conditioning"), json!(["bad", 0]));
}

#[test]
fn the_order_in_the_file_does_not_matter() {
    let swapped = PASS.replace(
        "positive = { node = \"good\" }, negative = { node = \"bad\" }",
        "negative = { node = \"bad\" }, positive = { node = \"good\" }",
    );
    assert_eq!(given(&off(&swapped), "zero", "conditioning"), json!(["bad", 0]));
}

#[test]
fn an_input_that_is_not_given_keeps_its_position() {
    let nodes = PASS.replace("positive = { node = \"good\" }, ", "").replace("out = 1", "out = 0");
    let said = folder(&nodes).wfc(&["build", "p.toml"]).findings();
    assert!(said.starts_with("error[required-input-lost]"), "{said}");
}

#[test]
fn the_first_input_of_exactly_the_type_comes_before_one_that_connects() {
    // The output's own position is `image_pass`, which no INT connects to; `any_input` takes everything.
    let debug = |inputs: &str, out: u32| {
        format!(
            "[nodes.debug]\nclass = \"VRAM_Debug\"\nwhen = \"on\"\n\
             inputs = {{ empty_cache = true, gc_collect = true, unload_all_models = false, {inputs} }}\n\
             [nodes.shifted]\nclass = \"ModelSamplingSD3\"\n\
             inputs = {{ model = {{ node = \"debug\", out = {out} }}, shift = 1 }}\n\
             [nodes.show]\nclass = \"PreviewAny\"\ninputs = {{ source = {{ node = \"shifted\" }} }}\n"
        )
    };
    let all = "any_input = { node = \"number\" }, image_pass = { node = \"image\" }, model_pass = { node = \"model\" }";
    assert_eq!(given(&off(&debug(all, 2)), "shifted", "model"), json!(["model", 0]));
    let merged = "[nodes.merge]\nclass = \"ModelMergeSimple\"\nwhen = \"on\"\n\
                  inputs = { model1 = { node = \"model\" }, model2 = { node = \"model\" }, ratio = 1 }\n";
    let through = debug("any_input = { node = \"merge\" }, model_pass = { node = \"merge\" }", 2);
    assert_eq!(given(&off(&format!("{merged}{through}")), "shifted", "model"), json!(["model", 0]));
}

#[test]
fn the_first_input_that_connects_comes_last() {
    let nodes = r#"
[nodes.debug]
class = "VRAM_Debug"
when = "on"
inputs = { empty_cache = true, gc_collect = true, unload_all_models = false, any_input = { node = "number" }, image_pass = { node = "image" }, model_pass = { node = "model" } }
[nodes.latent]
class = "EmptyLatentImage"
inputs = { width = { node = "debug", out = "freemem_before" }, height = 64, batch_size = 1 }
[nodes.show]
class = "PreviewAny"
inputs = { source = { node = "latent" } }
"#;
    assert_eq!(given(&off(nodes), "latent", "width"), json!(["number", 0]));
}

#[test]
fn a_consumer_of_any_type_gets_the_own_position() {
    let nodes = PASS.replace("ConditioningZeroOut", "PreviewAny").replace("conditioning =", "source =");
    let nodes = &nodes[..nodes.find("[nodes.show]").unwrap()];
    assert_eq!(given(&off(nodes), "zero", "source"), json!(["bad", 0]));
}

#[test]
fn an_optional_input_is_dropped_where_nothing_fits() {
    let nodes = r#"
[nodes.second]
class = "EmptyImage"
when = "on"
inputs = { width = 1, height = 1, batch_size = 1, color = 0 }
[nodes.stitch]
class = "ImageStitch"
inputs = { image1 = { node = "image" }, direction = "right", match_image_size = true, spacing_width = 0, spacing_color = "white", image2 = { node = "second" } }
[nodes.save]
class = "SaveImage"
inputs = { images = { node = "stitch" }, filename_prefix = "x" }
"#;
    assert_eq!(given(&on(nodes), "stitch", "image2"), json!(["second", 0]));
    assert_eq!(given(&off(nodes), "stitch", "image2"), Value::Null);
}

#[test]
fn a_required_input_is_an_error_where_nothing_fits() {
    let nodes = "[nodes.other]\nclass = \"EmptyImage\"\nwhen = \"on\"\n\
                 inputs = { width = 1, height = 1, batch_size = 1, color = 0 }\n\
                 [nodes.save]\nclass = \"SaveImage\"\ninputs = { images = { node = \"other\" }, filename_prefix = \"x\" }\n";
    let said = folder(nodes).wfc(&["build", "p.toml"]).findings();
    assert!(said.starts_with("error[required-input-lost]: `save` needs the input `images`"), "{said}");
}

#[test]
fn a_literal_does_not_take_the_place_of_an_output() {
    // The own position of the text is the widget `string_a`, which holds a literal.
    let nodes = "[nodes.joined]\nclass = \"StringConcatenate\"\nwhen = \"on\"\n\
                 inputs = { string_a = \"a\", string_b = \"b\", delimiter = \"\" }\n\
                 [nodes.show]\nclass = \"PreviewAny\"\ninputs = { source = { node = \"joined\" } }\n";
    let said = folder(nodes).wfc(&["build", "p.toml"]).findings();
    assert!(said.starts_with("error[required-input-lost]"), "{said}");
}

/// A chain of so many nodes on a MODEL, the named ones switched off, and a consumer at its end.
fn chain(length: usize, switched_off: impl Fn(usize) -> bool) -> Value {
    let node = |name: &str, class: &str, rest: &str| format!("[nodes.{name}]\nclass = \"{class}\"\n{rest}\n");
    let mut nodes = Vec::new();
    let mut last = "model".to_owned();
    for number in 1..=length {
        let when = if switched_off(number) { "when = \"on\"\n" } else { "" };
        let inputs = format!("{when}inputs = {{ model = {{ node = \"{last}\" }}, shift = 1 }}");
        last = format!("link{number}");
        nodes.push(node(&last, "ModelSamplingSD3", &inputs));
    }
    nodes.push(node("end", "PreviewAny", &format!("inputs = {{ source = {{ node = \"{last}\" }} }}")));
    let nodes = nodes.concat();
    off(&nodes)
}

#[test]
fn a_chain_of_nodes_that_are_off_is_followed_to_its_begin() {
    assert_eq!(given(&chain(5, |_| true), "end", "source"), json!(["model", 0]));
    assert_eq!(given(&chain(5, |number| number > 2), "end", "source"), json!(["link2", 0]));
    let workflow = chain(5, |number| number % 2 == 0);
    assert_eq!(given(&workflow, "link3", "model"), json!(["link1", 0]));
    assert_eq!(given(&workflow, "link5", "model"), json!(["link3", 0]));
}

#[test]
fn a_circle_of_nodes_that_are_off_gives_nothing() {
    let nodes = "[nodes.a]\nclass = \"ImageInvert\"\nwhen = \"on\"\ninputs = { image = { node = \"b\" } }\n\
                 [nodes.b]\nclass = \"ImageInvert\"\nwhen = \"on\"\ninputs = { image = { node = \"a\" } }\n\
                 [nodes.save]\nclass = \"SaveImage\"\ninputs = { images = { node = \"a\" }, filename_prefix = \"x\" }\n";
    let said = folder(nodes).wfc(&["build", "p.toml"]).findings();
    assert!(said.starts_with("error[required-input-lost]"), "{said}");
}

/// A chain of LoRAs on a model, one for each item.
const LORAS: &str = r#"
[nodes.lora]
class = "LoraLoaderModelOnly"
for_each = "list"
inputs = { model = { prev = { node = "model" } }, lora_name = { item = "file" }, strength_model = { item = "strength" } }
[nodes.show]
class = "PreviewAny"
inputs = { source = { node = "lora" } }
"#;

#[test]
fn a_list_makes_one_node_for_each_item_and_its_end_is_what_others_link_to() {
    let none = listed(LORAS, 0);
    assert_eq!(given(&none, "show", "source"), json!(["model", 0]));
    assert!(!none.as_object().unwrap().keys().any(|key| key.starts_with("lora")));
    let one = listed(LORAS, 1);
    assert_eq!(given(&one, "lora-1", "model"), json!(["model", 0]));
    assert_eq!(given(&one, "show", "source"), json!(["lora-1", 0]));
    let three = listed(LORAS, 3);
    let links = ["lora-1", "lora-2", "lora-3"].map(|node| given(&three, node, "model"));
    assert_eq!(links, [json!(["model", 0]), json!(["lora-1", 0]), json!(["lora-2", 0])]);
    assert_eq!(given(&three, "lora-2", "lora_name"), "2.safetensors");
    assert_eq!(given(&three, "show", "source"), json!(["lora-3", 0]));
}

#[test]
fn the_first_item_of_a_list_without_an_initial_link_gets_none() {
    let nodes = r#"
[nodes.lora]
class = "WanVideoLoraSelect"
for_each = "list"
inputs = { lora = { item = "file" }, strength = { item = "strength" }, prev_lora = { prev = true } }
[nodes.loader]
class = "WanVideoModelLoader"
inputs = { model = "m.safetensors", base_precision = "bf16", quantization = "disabled", load_device = "offload_device", lora = { node = "lora" } }
[nodes.show]
class = "PreviewAny"
inputs = { source = { node = "loader" } }
"#;
    let three = listed(nodes, 3);
    let links = ["lora-1", "lora-2", "lora-3"].map(|node| given(&three, node, "prev_lora"));
    assert_eq!(links, [Value::Null, json!(["lora-1", 0]), json!(["lora-2", 0])]);
    assert_eq!(given(&three, "loader", "lora"), json!(["lora-3", 0]));
    assert_eq!(given(&listed(nodes, 0), "loader", "lora"), Value::Null);
}

#[test]
fn prev_names_an_output_where_there_are_several() {
    let nodes = r#"
[nodes.lora]
class = "LoraLoader"
for_each = "list"
inputs = { model = { prev = { node = "model" }, out = "MODEL" }, clip = { prev = { node = "clip" }, out = "CLIP" }, lora_name = { item = "file" }, strength_model = 1, strength_clip = 1 }
[nodes.text]
class = "CLIPTextEncode"
inputs = { text = "x", clip = { node = "lora", out = "CLIP" } }
[nodes.show]
class = "PreviewAny"
inputs = { source = { node = "text" } }
"#;
    let two = listed(nodes, 2);
    assert_eq!(given(&two, "lora-1", "clip"), json!(["clip", 0]));
    assert_eq!(given(&two, "lora-2", "model"), json!(["lora-1", 0]));
    assert_eq!(given(&two, "lora-2", "clip"), json!(["lora-1", 1]));
    assert_eq!(given(&two, "text", "clip"), json!(["lora-2", 1]));
    assert_eq!(given(&listed(nodes, 0), "text", "clip"), json!(["clip", 0]));
}

/// Three nodes over one list, each linked to the one before.
const PARALLEL: &str = r#"
[nodes.a]
class = "EmptyImage"
for_each = "list"
inputs = { width = 1, height = 1, batch_size = 1, color = 0 }
[nodes.b]
class = "ImageInvert"
for_each = "list"
when = "on"
inputs = { image = { node = "a" } }
[nodes.c]
class = "PreviewImage"
for_each = "list"
inputs = { images = { node = "b" } }
"#;

#[test]
fn nodes_over_one_list_link_item_by_item() {
    let workflow = listed(&PARALLEL.replace("when = \"on\"\n", ""), 3);
    for number in 1..=3 {
        assert_eq!(given(&workflow, &format!("b-{number}"), "image"), json!([format!("a-{number}"), 0]));
        assert_eq!(given(&workflow, &format!("c-{number}"), "images"), json!([format!("b-{number}"), 0]));
    }
}

#[test]
fn nodes_over_one_list_link_item_by_item_past_one_that_is_off() {
    let workflow = listed(PARALLEL, 3);
    for number in 1..=3 {
        assert_eq!(given(&workflow, &format!("c-{number}"), "images"), json!([format!("a-{number}"), 0]));
    }
}

#[test]
fn nodes_over_different_lists_link_to_the_last_item() {
    let nodes =
        PARALLEL.replace("when = \"on\"\n", "").replacen("for_each = \"list\"", "for_each = \"other\"", 1);
    let graph = format!(
        "[params.other]\ntype = \"lora-list\"\ndefault = [\"x.pt\", \"y.pt\"]\ndoc = \"Another.\"\n{nodes}"
    );
    let workflow = listed(&graph, 3);
    for number in 1..=3 {
        assert_eq!(given(&workflow, &format!("b-{number}"), "image"), json!(["a-2", 0]));
    }
}

#[test]
fn a_list_that_is_off_is_passed_like_a_node_that_is_off() {
    let nodes = LORAS.replace("for_each = \"list\"\n", "for_each = \"list\"\nwhen = \"on\"\n");
    assert_eq!(given(&listed(&nodes, 3), "show", "source"), json!(["model", 0]));
}

#[test]
fn the_first_alternative_that_is_there_is_linked() {
    let nodes = r#"
[nodes.big]
class = "EmptyImage"
when = "on"
inputs = { width = 1024, height = 1024, batch_size = 1, color = 0 }
[nodes.save]
class = "SaveImage"
inputs = { images = { first_of = [{ node = "big" }, { node = "image" }] }, filename_prefix = "x" }
"#;
    assert_eq!(given(&on(nodes), "save", "images"), json!(["big", 0]));
    assert_eq!(given(&off(nodes), "save", "images"), json!(["image", 0]));
}

#[test]
fn a_node_that_is_off_hands_on_the_alternative_that_is_there() {
    let nodes = r#"
[nodes.big]
class = "EmptyImage"
when = "on"
inputs = { width = 1024, height = 1024, batch_size = 1, color = 0 }
[nodes.invert]
class = "ImageInvert"
when = "on"
inputs = { image = { first_of = [{ node = "big" }, { node = "image" }] } }
[nodes.save]
class = "SaveImage"
inputs = { images = { node = "invert" }, filename_prefix = "x" }
"#;
    assert_eq!(given(&off(nodes), "save", "images"), json!(["image", 0]));
}

#[test]
fn where_no_alternative_is_there_nothing_is_linked() {
    let nodes = "[nodes.a]\nclass = \"ImageInvert\"\nwhen = \"on\"\ninputs = { image = { node = \"image\" } }\n\
                 [nodes.save]\nclass = \"SaveImage\"\n\
                 inputs = { images = { first_of = [{ node = \"a\" }] }, filename_prefix = \"x\" }\n";
    let said = folder(nodes).wfc(&["build", "p.toml"]).findings();
    assert!(said.starts_with("error[required-input-lost]: `save` needs the input `images`"), "{said}");
    assert_eq!(given(&on(nodes), "save", "images"), json!(["a", 0]));
}
