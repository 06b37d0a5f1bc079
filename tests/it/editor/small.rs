//! Nodes of every kind, one by one.

use std::sync::LazyLock;

use serde_json::{Value as Json, json};
use wfc::catalog::Catalog;

use super::{api, differences, parsed, read, written};

static CATALOG: LazyLock<Catalog> = LazyLock::new(Catalog::embedded);

/// The nodes that the editor opens for a workflow, which must come back.
#[track_caller]
fn nodes(workflow: &Json) -> Vec<Json> {
    let (graph, _) = read(&workflow.to_string(), &CATALOG);
    let file = written(&graph, &CATALOG);
    assert!(file.remarks.is_empty(), "{:#?}", file.remarks);
    let (back, said) = read(std::str::from_utf8(&file.bytes).unwrap(), &CATALOG);
    assert!(said.is_empty(), "{said:#?}");
    let found = differences(&api(&graph), &api(&back));
    assert!(found.is_empty(), "{found:#?}");
    parsed(&file)["nodes"].as_array().unwrap().clone()
}

fn values(node: &Json) -> String {
    node["widgets_values"].to_string()
}

#[test]
fn a_seed_is_followed_by_its_control_and_stays() {
    let workflow = json!({
        "noise": {"class_type": "RandomNoise", "inputs": {"noise_seed": 18_446_744_073_709_551_615_u64}},
    });
    assert_eq!(values(&nodes(&workflow)[0]), "[18446744073709551615,\"fixed\"]");
}

#[test]
fn a_linked_widget_keeps_its_place() {
    let workflow = json!({
        "steps": {"class_type": "PrimitiveInt", "inputs": {"value": 8}},
        "sampler": {"class_type": "KSampler", "inputs": {
            "seed": 1, "steps": ["steps", 0], "cfg": 1.5, "sampler_name": "euler", "scheduler": "simple", "denoise": 1.0,
        }},
    });
    let nodes = nodes(&workflow);
    assert_eq!(values(&nodes[1]), r#"[1,"fixed",20,1.5,"euler","simple",1.0]"#);
    let inputs = nodes[1]["inputs"].as_array().unwrap();
    let steps = inputs.iter().find(|input| input["name"] == "steps").unwrap();
    assert_eq!(*steps, json!({"name": "steps", "type": "INT", "widget": {"name": "steps"}, "link": 1}));
}

#[test]
fn upload_buttons_lists_and_dynamic_inputs() {
    let workflow = json!({
        "picture": {"class_type": "LoadImage", "inputs": {"image": "a.png"}},
        "sound": {"class_type": "LoadAudio", "inputs": {"audio": "a.wav"}},
        "batch": {"class_type": "BatchImagesNode", "inputs": {
            "images.image0": ["picture", 0], "images.image1": ["picture", 0], "images.image2": ["picture", 0],
        }},
        "resized": {"class_type": "ResizeImageMaskNode", "inputs": {
            "input": ["batch", 0], "resize_type": "scale dimensions", "resize_type.width": 64,
            "resize_type.height": 32, "resize_type.crop": "center", "scale_method": "area",
        }},
    });
    let nodes = nodes(&workflow);
    assert_eq!(values(&nodes[0]), r#"["a.png","image"]"#);
    assert_eq!(values(&nodes[1]), r#"["a.wav",null,null]"#);
    assert_eq!(values(&nodes[3]), r#"["scale dimensions",64,32,"center","area"]"#);
}

#[test]
fn video_helper_suite_saves_by_name() {
    let workflow = json!({
        "video": {"class_type": "VHS_LoadVideo", "inputs": {
            "video": "a.mp4", "force_rate": 0, "custom_width": 0, "custom_height": 0, "frame_load_cap": 81,
            "skip_first_frames": 0, "select_every_nth": 1, "format": "Wan",
        }},
        "saved": {"class_type": "VHS_VideoCombine", "inputs": {
            "images": ["video", 0], "frame_rate": 16, "loop_count": 0, "filename_prefix": "a",
            "format": "video/h264-mp4", "pix_fmt": "yuv420p", "crf": 19, "save_metadata": true,
            "trim_to_audio": false, "pingpong": false, "save_output": true,
        }},
    });
    let nodes = nodes(&workflow);
    assert_eq!(nodes[1]["widgets_values"]["crf"], 19);
    assert_eq!(nodes[0]["widgets_values"]["frame_load_cap"], 81);
}

#[test]
fn texts_that_the_editor_would_rewrite_are_escaped() {
    for text in ["a {red|blue} ball", "http://a.b/*c*/ // d", "two\nlines \\\\ and }{", ""] {
        let workflow = json!({"prompt": {"class_type": "CLIPTextEncode", "inputs": {"text": text}}});
        nodes(&workflow);
    }
}

#[test]
fn what_is_left_out_stays_out_until_somebody_changes_it() {
    let workflow = json!({"vae": {"class_type": "WanVideoVAELoader", "inputs": {"model_name": "a", "precision": "bf16"}}});
    let nodes = nodes(&workflow);
    assert_eq!(nodes[0]["properties"]["wfc_unset"]["verbose"], json!(false));
    let mut changed = nodes[0].clone();
    for value in changed["widgets_values"].as_array_mut().unwrap() {
        if *value == json!(false) {
            *value = json!(true);
        }
    }
    let file = json!({"nodes": [changed], "links": [], "version": 0.4});
    let (back, _) = read(&file.to_string(), &CATALOG);
    assert_eq!(api(&back)["vae"]["inputs"]["verbose"], json!(true));
}

#[test]
fn keys_and_titles_survive_and_a_copy_gets_a_number() {
    let workflow = json!({
        "one": {"class_type": "INTConstant", "inputs": {"value": 1}},
        "12": {"class_type": "INTConstant", "inputs": {"value": 2}, "_meta": {"title": "Width"}},
        "3:4": {"class_type": "PreviewAny", "inputs": {"source": ["one", 0]}},
    });
    let nodes = nodes(&workflow);
    let shown: Vec<_> = nodes.iter().map(|node| (node["id"].clone(), node.get("title").cloned())).collect();
    // Nodes of one class are told apart by their keys.
    let expected = [(json!(1), Some(json!("one"))), (json!(12), Some(json!("Width"))), (json!(2), None)];
    assert_eq!(shown, expected);
    let mut copy = nodes[0].clone();
    copy["id"] = json!(40);
    let file = json!({"nodes": [nodes[0], copy], "links": [], "version": 0.4});
    let (back, said) = read(&file.to_string(), &CATALOG);
    let keys: Vec<_> = back.nodes().map(|(_, node)| node.key.to_string()).collect();
    assert_eq!((keys, said.is_empty()), (vec!["one".to_owned(), "40".to_owned()], true));
}

#[test]
fn the_same_workflow_gives_the_same_bytes() {
    let text =
        std::fs::read_to_string(crate::support::repository("presets/scail-uni3c-wan22.workflow_api.json"));
    let (graph, _) = read(&text.unwrap(), &CATALOG);
    assert_eq!(written(&graph, &CATALOG), written(&graph, &CATALOG));
}
