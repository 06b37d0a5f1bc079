//! Small workflows with everything that graph files have to say, and the files that they give.

use std::collections::BTreeMap;

use insta::assert_snapshot;
use proptest::prelude::*;
use serde_json::{Value as Json, json};
use wfc::back::toml::{Options, imported};
use wfc::catalog::{Catalog, Models};
use wfc::compile::Compiler;
use wfc::ir::{Argument, Graph, Input, Node, Origin, TextPlace, Value};

use super::{compiled, differences, files, graph};
use crate::schemas::{errors, json_of, schema};

fn compiler() -> Compiler {
    Compiler::new(Catalog::embedded().into())
}

/// The files for a workflow, which must give it again, proved.
#[track_caller]
fn round(workflow: &Json) -> wfc::back::toml::Imported {
    round_with(workflow, true)
}

#[track_caller]
fn round_with(workflow: &Json, proved: bool) -> wfc::back::toml::Imported {
    let compiler = compiler();
    let files = files(workflow, &compiler.catalog).unwrap();
    let given = compiled(&files, &compiler, proved)
        .unwrap_or_else(|said| panic!("{said}\n{}\n{}", files.graph, files.preset));
    let found = differences(workflow, &files, &given, &compiler.catalog);
    assert!(found.is_empty(), "{found:#?}\n{}\n{}", files.graph, files.preset);
    files
}

/// A picture that is saved, with other nodes besides.
fn with_picture(nodes: &Json) -> Json {
    let mut workflow = json!({
        "1": {"class_type": "EmptyImage", "inputs": {"width": 64, "height": 64, "batch_size": 1, "color": 0}},
        "2": {"class_type": "SaveImage", "inputs": {"images": ["1", 0], "filename_prefix": "x"}},
    });
    workflow.as_object_mut().unwrap().extend(nodes.as_object().unwrap().clone());
    workflow
}

/// A workflow as the editor exports it.
fn text_to_image() -> Json {
    json!({
        "3": {"class_type": "KSampler", "_meta": {"title": "KSampler"}, "inputs": {
            "seed": 18_446_744_073_709_551_615_u64, "steps": 9, "cfg": 1, "sampler_name": "euler",
            "scheduler": "simple", "denoise": 1, "model": ["16", 0], "positive": ["6", 0],
            "negative": ["7", 0], "latent_image": ["5", 0]}},
        "5": {"class_type": "EmptySD3LatentImage", "_meta": {"title": "EmptySD3LatentImage"},
            "inputs": {"width": 1024, "height": 768, "batch_size": 1}},
        "6": {"class_type": "CLIPTextEncode", "_meta": {"title": "CLIP Text Encode (Positive Prompt)"},
            "inputs": {"text": "a fox,\nin the \"snow\"", "clip": ["18", 0]}},
        "7": {"class_type": "ConditioningZeroOut", "_meta": {"title": "ConditioningZeroOut"},
            "inputs": {"conditioning": ["6", 0]}},
        "8": {"class_type": "VAEDecode", "_meta": {"title": "VAE Decode"},
            "inputs": {"samples": ["3", 0], "vae": ["17", 0]}},
        "9": {"class_type": "SaveImage", "_meta": {"title": "Save Image"},
            "inputs": {"filename_prefix": "fox", "images": ["8", 0]}},
        "16": {"class_type": "UNETLoader", "_meta": {"title": "Load Diffusion Model"},
            "inputs": {"unet_name": "z_image_turbo_bf16.safetensors", "weight_dtype": "default"}},
        "17": {"class_type": "VAELoader", "_meta": {"title": "Load VAE"}, "inputs": {"vae_name": "mine.safetensors"}},
        "18": {"class_type": "CLIPLoader", "_meta": {"title": "Load CLIP"}, "inputs": {
            "clip_name": "qwen_3_4b.safetensors", "type": "lumina2", "device": "default"}},
    })
}

#[test]
fn parameters_read_as_if_written_by_hand() {
    let files = round(&text_to_image());
    assert_snapshot!(files.graph.split("\n# --- Nodes").next().unwrap(), @r#"
    title = "graph"
    default_titles = true
    stages = ["sample", "decode", "output"]

    [models]
    model = "z-image-turbo-bf16"
    text_encoder = "qwen3-4b-bf16"

    # --- Parameters -------------------------------------------------------------------------------

    [params.prompt]
    type = "string"
    default = """
    a fox,
    in the "snow""""
    doc = "What the result shows."

    [params.width]
    type = "int"
    unit = "px"
    default = 1024
    min = 16
    max = 16384
    multiple_of = 16
    doc = "Width."

    [params.height]
    type = "int"
    unit = "px"
    default = 768
    min = 16
    max = 16384
    multiple_of = 16
    doc = "Height."

    [params.seed]
    type = "seed"
    default = 18446744073709551615
    doc = "Seed of the noise."

    [params.steps]
    type = "int"
    unit = "steps"
    default = 9
    min = 1
    max = 10000
    doc = "Sampling steps."

    [params.cfg]
    type = "float"
    default = 1.0
    min = 0.0
    max = 100.0
    doc = "How strongly the result follows the prompt."

    [params.denoise]
    type = "float"
    default = 1.0
    min = 0.0
    max = 1.0
    doc = "How much is made anew: 1 is everything."

    [params.filename_prefix]
    type = "string"
    default = "fox"
    doc = "Begin of the output file's name."
    "#);
    assert_snapshot!(files.preset, @r#"
    graph = "graph.toml"

    [params]
    prompt = """
    a fox,
    in the "snow""""
    width = 1024
    height = 768
    seed = 18446744073709551615
    steps = 9
    cfg = 1.0
    denoise = 1.0
    filename_prefix = "fox"
    "#);
}

#[test]
fn names_tell_experts_sides_of_switches_files_and_prompts() {
    let sampler = |model: &str| {
        json!({"class_type": "KSamplerAdvanced", "inputs": {
        "model": [model, 0], "positive": ["7", 0], "negative": ["8", 0], "steps": ["12", 0], "noise_seed": 1}})
    };
    let loader = |file: &str| json!({"class_type": "UNETLoader", "inputs": {"unet_name": file}});
    let text = json!({"class_type": "CLIPTextEncode", "inputs": {"text": "x"}});
    let steps =
        json!({"class_type": "PrimitiveInt", "_meta": {"title": "Int (Steps)"}, "inputs": {"value": 4}});
    let file = |title: &str| {
        json!({
        "class_type": "LoadImage", "_meta": {"title": title}, "inputs": {"image": "a.png"}})
    };
    let scale = |from: &str| json!({"class_type": "ImageScaleBy", "inputs": {"image": [from, 0]}});
    let files = round_with(
        &json!({
            "3": loader("wan2.2_high_noise.safetensors"), "4": loader("wan2.2_low_noise.safetensors"),
            "5": sampler("3"), "6": sampler("4"), "7": text, "8": text, "10": steps, "11": steps,
            "12": {"class_type": "ComfySwitchNode", "_meta": {"title": "Switch (Steps)"}, "inputs": {
                "on_true": ["10", 0], "on_false": ["11", 0], "switch": true}},
            "13": file("Load Face"), "14": file("Load Pose"), "15": scale("13"), "16": scale("14"),
        }),
        false,
    );
    let names: Vec<&str> = files.names.iter().map(|(_, name)| &**name).collect();
    assert_snapshot!(names.join(" "), @"model_high model_low sampler_high sampler_low positive negative steps_on steps_off switch_steps face pose scaled_face scaled_pose");
    let params: Vec<&str> =
        files.preset.lines().filter_map(|line| line.split_once(" = ")).map(|it| it.0).collect();
    assert_snapshot!(params.join(" "), @"graph face pose prompt negative sampler_high_seed sampler_low_seed steps_on steps_off");
}

#[test]
fn the_files_have_the_shape_of_their_schemas() {
    let strange = with_picture(&json!({
        "3": {"class_type": "PreviewAny", "inputs": {"source": null, "a": [1, 2, 3], "b": {"c": 1}, "d.e": ["1", 0]}},
    }));
    for workflow in [text_to_image(), strange] {
        let files = round(&workflow);
        for (name, text) in [("graph", &files.graph), ("preset", &files.preset)] {
            assert_eq!(errors(&schema(name), &json_of(text)), [""; 0], "{text}");
        }
    }
}

#[test]
fn nodes_read_as_if_written_by_hand() {
    let files = round(&text_to_image());
    assert_snapshot!(files.graph.split("\n# --- Nodes").nth(1).unwrap(), @r#"
     ------------------------------------------------------------------------------------

    [nodes.model]
    class = "UNETLoader"
    stage = "sample"
    inputs = { unet_name = { model = "model" }, weight_dtype = "default" }

    [nodes.text_encoder]
    class = "CLIPLoader"
    stage = "sample"
    inputs = { clip_name = { model = "text_encoder" }, type = "lumina2", device = "default" }

    [nodes.positive]
    class = "CLIPTextEncode"
    stage = "sample"
    title = "CLIP Text Encode (Positive Prompt)"
    inputs = { text = { param = "prompt" }, clip = { node = "text_encoder" } }

    [nodes.negative]
    class = "ConditioningZeroOut"
    stage = "sample"
    title = "ConditioningZeroOut"
    inputs = { conditioning = { node = "positive" } }

    [nodes.latent]
    class = "EmptySD3LatentImage"
    stage = "sample"
    inputs = { width = { param = "width" }, height = { param = "height" }, batch_size = 1 }

    [nodes.sampler]
    class = "KSampler"
    stage = "sample"
    [nodes.sampler.inputs]
    seed = { param = "seed" }
    steps = { param = "steps" }
    cfg = { param = "cfg" }
    sampler_name = "euler"
    scheduler = "simple"
    denoise = { param = "denoise" }
    model = { node = "model" }
    positive = { node = "positive" }
    negative = { node = "negative" }
    latent_image = { node = "latent" }

    [nodes.vae]
    class = "VAELoader"
    stage = "sample"
    inputs = { vae_name = "mine.safetensors" }

    [nodes.decoded]
    class = "VAEDecode"
    stage = "decode"
    inputs = { samples = { node = "sampler" }, vae = { node = "vae" } }

    [nodes.save]
    class = "SaveImage"
    stage = "output"
    inputs = { filename_prefix = { param = "filename_prefix" }, images = { node = "decoded" } }
    "#);
}

#[test]
fn what_a_class_does_not_declare_goes_under_extra() {
    let files = round(&with_picture(&json!({
        "3": {"class_type": "PreviewImage", "inputs": {"images": ["1", 0], "more": ["1", 0], "note": "x", "no": null}},
    })));
    let node = files.graph.split("[nodes.preview_image]").nth(1).unwrap();
    assert_snapshot!(node.trim(), @r#"
    class = "PreviewImage"
    stage = "output"
    inputs = { images = { node = "empty_image" } }
    extra = { more = { node = "empty_image" }, note = "x", no = { json = "null" } }
    "#);
}

#[test]
fn every_json_value_has_a_spelling() {
    let files = round(&with_picture(&json!({
        "3": {"class_type": "PreviewAny", "inputs": {
            "source": {"points": [[0, 0.5], [1, 1]], "none": null}, "a": {"points": [[0, 0.5], [1, 1]]},
            "b": {"__value__": ["", 1]}, "c": {"__value__": [null]}, "d": {}, "e": "", "f": -0.0, "g": 1e300,
            "h": [1, 2, 3], "i": -9_223_372_036_854_775_808_i64, "j": 18_446_744_073_709_551_615_u64,
            "odd \"key\".é": true, "": false,
        }},
    })));
    let node = files.graph.split("[nodes.preview_any]").nth(1).unwrap();
    assert_snapshot!(node.trim(), @r#"
    class = "PreviewAny"
    stage = "output"
    inputs = { source = { json = '{"points":[[0,0.5],[1,1]],"none":null}' } }
    [nodes.preview_any.extra]
    a = { literal = { points = [[0, 0.5], [1, 1]] } }
    b = { literal = ["", 1] }
    c = { json = '{"__value__":[null]}' }
    d = { literal = {} }
    e = ""
    f = -0.0
    g = 1e300
    h = { json = "[1,2,3]" }
    i = -9223372036854775808
    j = 18446744073709551615
    'odd "key".é' = true
    "" = false
    "#);
}

#[test]
fn values_of_another_type_stay_what_they_are() {
    let files = round_with(
        &json!({
            "1": {"class_type": "EmptyImage", "inputs": {"width": "64", "height": 64.0, "batch_size": true, "color": null}},
            "2": {"class_type": "ImageScaleBy", "inputs": {
                "image": "not a link", "upscale_method": "area", "scale_by": 1.000_000_000_000_000_2}},
        }),
        false,
    );
    assert_snapshot!(files.graph.split("# --- Nodes").nth(1).unwrap(), @r#"
     ------------------------------------------------------------------------------------

    [nodes.empty_image]
    class = "EmptyImage"
    [nodes.empty_image.inputs]
    width = { literal = "64" }
    height = { literal = 64.0 }
    batch_size = { literal = true }
    color = { json = "null" }

    [nodes.scaled]
    class = "ImageScaleBy"
    [nodes.scaled.inputs]
    image = { literal = "not a link" }
    upscale_method = "area"
    scale_by = { literal = 1.0000000000000002 }
    "#);
}

#[test]
fn noise_of_editors_goes_when_asked() {
    let workflow = with_picture(&json!({
        "3": {"class_type": "ImageScaleBy", "inputs": {
            "image": ["1", 0], "upscale_method": "area", "scale_by": 5.000_000_000_000_001}},
    }));
    let options = Options { exact: false, ..Options::new("x") };
    let catalog = Catalog::embedded();
    let files = imported(&graph(&workflow, &catalog), &options, &Models::embedded()).unwrap();
    assert!(files.graph.contains("scale_by = 5.0"), "{}", files.graph);
}

#[test]
fn ids_of_subgraphs_and_slots_that_are_not_there() {
    // ComfyUI does not look at nodes that no output depends on.
    let files = round(&with_picture(&json!({
        "92:11": {"class_type": "ImageInvert", "inputs": {"image": ["1", 7]}},
        "92:9": {"class_type": "ImageInvert", "inputs": {"image": ["92:11", 1]}},
        "a.b": {"class_type": "ImageInvert", "inputs": {"image": ["92:9", 0]}},
    })));
    let names: BTreeMap<_, _> = files.names.iter().map(|(id, name)| (&**id, &**name)).collect();
    assert_eq!(
        (names["92:9"], names["92:11"], names["a.b"]),
        ("image_invert", "image_invert_2", "image_invert_3")
    );
    assert!(files.graph.contains("out = 7") && files.graph.contains("out = 1"), "{}", files.graph);
}

#[test]
fn a_circle_is_written_and_refused_when_it_is_compiled() {
    let circle = json!({
        "1": {"class_type": "ImageInvert", "inputs": {"image": ["2", 0]}},
        "2": {"class_type": "ImageInvert", "inputs": {"image": ["1", 0]}},
        "3": {"class_type": "SaveImage", "inputs": {"images": ["2", 0], "filename_prefix": "x"}},
    });
    let files = round_with(&circle, false);
    let said = compiled(&files, &compiler(), true).unwrap_err();
    assert!(said.starts_with("dependency-cycle"), "{said}");
}

#[test]
fn nodes_of_unknown_classes_are_written_and_refused_when_they_are_compiled() {
    let compiler = compiler();
    let workflow =
        with_picture(&json!({"3": {"class_type": "Mine", "inputs": {"a": ["1", 0], "b": ["3", 2], "c": 1}}}));
    let files = files(&workflow, &compiler.catalog).unwrap();
    assert_snapshot!(files.graph.split("[nodes.mine]").nth(1).unwrap().trim(), @r#"
    class = "Mine"
    inputs = { a = { node = "empty_image" }, b = { node = "mine", out = 2 }, c = 1 }
    "#);
    assert_eq!(
        compiled(&files, &compiler, true).unwrap_err(),
        "unknown-class: there is no node class `Mine`"
    );
}

#[test]
fn what_no_graph_file_can_say_is_refused() {
    let catalog = Catalog::embedded();
    let said = |graph: &Graph| -> Vec<String> {
        let problems = imported(graph, &Options::new("x"), &Models::embedded()).unwrap_err();
        problems.into_iter().map(|problem| problem.message).collect()
    };
    assert_eq!(said(&Graph::new()), ["the workflow has no nodes"]);
    let mut graph = Graph::new();
    let node = Node::new("7".into(), "SaveImage".into(), catalog.class("SaveImage"), Origin::Unknown);
    let node = graph.add(node).unwrap();
    let link = Value::List(vec![Value::Str("8".into()), Value::Int(-1)]);
    let input = |name: &str, value| Input {
        name: name.into(),
        value,
        origin: Origin::Unknown,
        text: TextPlace::Here,
    };
    graph.push_input(node, input("images", Argument::Literal(link)));
    assert_eq!(said(&graph), ["`images` of `7` is a link that leads nowhere"]);
    // The id in it would no longer be the node's name.
    let link = Value::List(vec![Value::Str("7".into()), Value::Str("x".into())]);
    graph.push_input(node, input("filename_prefix", Argument::Literal(link)));
    assert_eq!(said(&graph).len(), 2);
    let mut graph = Graph::new();
    for id in 0..=wfc::lower::MAX_NODES {
        graph.add(Node::new(id.to_string().into(), "x".into(), None, Origin::Unknown)).unwrap();
    }
    assert_eq!(said(&graph), ["the workflow has 20001 nodes; the limit of a graph is 20000"]);
}

#[test]
fn a_long_chain_is_written_and_read() {
    let mut nodes = serde_json::Map::new();
    for at in 3..5_000 {
        let from = if at == 3 { 1 } else { at - 1 };
        nodes.insert(
            at.to_string(),
            json!({"class_type": "ImageInvert", "inputs": {"image": [from.to_string(), 0]}}),
        );
    }
    round(&with_picture(&Json::Object(nodes)));
}

#[test]
fn a_node_more_leaves_the_other_names_as_they_are() {
    let workflow = with_picture(&json!({
        "5": {"class_type": "ImageInvert", "inputs": {"image": ["1", 0]}},
        "9": {"class_type": "ImageInvert", "inputs": {"image": ["5", 0]}},
    }));
    let mut larger = json!({"12": {"class_type": "ImageInvert", "inputs": {"image": ["9", 0]}}});
    larger.as_object_mut().unwrap().extend(workflow.as_object().unwrap().clone());
    let (before, after) = (round(&workflow), round(&larger));
    let missing: Vec<_> = before.names.iter().filter(|name| !after.names.contains(name)).collect();
    assert!(missing.is_empty(), "{missing:?} in {:?}", after.names);
}

#[test]
fn the_same_workflow_gives_the_same_files() {
    let workflow =
        with_picture(&json!({"3": {"class_type": "PreviewImage", "inputs": {"images": ["1", 0]}}}));
    assert_eq!(round(&workflow), round(&workflow));
}

/// Any JSON value but a list that ComfyUI would take for a link.
fn any_value() -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::from),
        any::<i64>().prop_map(Json::from),
        any::<u64>().prop_map(Json::from),
        any::<f64>().prop_filter("finite", |float| float.is_finite()).prop_map(Json::from),
        any_text().prop_map(Json::from),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 3..5).prop_map(Json::from),
            prop::collection::btree_map(any_text(), inner, 0..3).prop_map(|map| json!(map)),
        ]
    })
}

/// Texts with what TOML has to escape.
fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[\"'\\\\\n\r\t \u{0}\u{7f}a.=#é🎥]{0,12}",
        any::<String>(),
        Just("width".to_owned()),
        Just("Int (Steps)".to_owned()),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn whatever_a_workflow_holds_comes_back(
        inputs in prop::collection::btree_map(any_text(), any_value(), 0..6),
        text in any_text(),
        title in any_text(),
        float in any::<f64>().prop_filter("finite", |float| float.is_finite()),
    ) {
        let workflow = with_picture(&json!({
            "3": {"class_type": "PreviewAny", "inputs": inputs, "_meta": {"title": title}},
            "4": {"class_type": "PrimitiveStringMultiline", "inputs": {"value": text}, "_meta": {"title": title}},
            "5": {"class_type": "PrimitiveFloat", "inputs": {"value": float}, "_meta": {"title": title}},
            "6": {"class_type": "CLIPTextEncode", "inputs": {"text": text, "clip": float}},
        }));
        round_with(&workflow, false);
    }
}
