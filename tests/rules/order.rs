//! The order of SCAIL, Uni3C and Wan where not everything is known, and in workflows that are very large.

use serde_json::{Value, json};
use wfc::lint::{Group, RULES};

use crate::support::{Folder, repository};

fn preset(name: &str) -> Value {
    let text = std::fs::read_to_string(repository(&format!("presets/{name}.workflow_api.json"))).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// The findings of the rules about order.
fn found(workflow: &Value) -> Vec<Value> {
    let folder = Folder::with([("w.json", &*workflow.to_string())]);
    let run = folder.wfc(&["lint", "w.json", "--format", "json"]);
    let report: Value = serde_json::from_str(&run.stdout).unwrap_or_else(|_| panic!("{}", run.stderr));
    let is_order =
        |found: &&Value| RULES.iter().any(|rule| rule.group == Group::Order && found["rule"] == rule.name);
    report["files"][0]["diagnostics"].as_array().unwrap().iter().filter(is_order).cloned().collect()
}

fn rules(workflow: &Value) -> Vec<String> {
    found(workflow).iter().map(|found| found["rule"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn the_presets_are_in_order() {
    for name in
        ["dance-scail", "scail-uni3c-wan22", "scail-uni3c-wan22-i2v", "wan22-t2v", "wan22-animate-mix"]
    {
        assert_eq!(rules(&preset(name)), [""; 0], "{name}");
    }
    // One sampler has both, so Uni3C cannot follow what it renders.
    assert_eq!(rules(&preset("scail-uni3c-wan21")), ["uni3c-past-scail"]);
}

#[test]
fn a_way_is_named_node_by_node() {
    let found = found(&preset("scail-uni3c-wan21"));
    assert_eq!(found[0]["path"], json!(["driving", "driving_resized", "render_latent", "uni3c"]));
    let message = found[0]["message"].as_str().unwrap();
    assert!(message.contains("`driving → driving_resized → render_latent → uni3c`"), "{message}");
    assert_eq!(found[0]["labels"].as_array().unwrap().len(), 5);
}

#[test]
fn what_an_unknown_class_hands_on_is_nothing_to_report() {
    for (from, to, input) in [
        ("scail_pose", "scail_sampler", "image_embeds"),
        ("scail_sampler", "wan_high_sampler", "samples"),
        ("scail_sampler", "uni3c", "render_latent"),
        ("uni3c", "wan_low_sampler", "uni3c_embeds"),
        ("wan_high_sampler", "wan_low_sampler", "samples"),
        ("decoded", "video", "images"),
    ] {
        let mut workflow = preset("scail-uni3c-wan22");
        workflow["mystery"] = json!({"class_type": "NobodyKnows", "inputs": {"any": [from, 0]}});
        workflow[to]["inputs"][input] = json!(["mystery", 0]);
        assert_eq!(rules(&workflow), [""; 0], "between {from} and {to}");
        // Nor what it might give by itself.
        workflow["mystery"]["inputs"] = json!({});
        let errors: Vec<String> =
            rules(&workflow).into_iter().filter(|rule| rule != "uni3c-on-one-expert").collect();
        assert_eq!(errors, [""; 0], "before {to}");
    }
}

#[test]
fn circles_are_nothing_to_report() {
    for (to, input, from) in [
        ("scail_sampler", "samples", "wan_low_sampler"),
        ("wan_high_sampler", "samples", "wan_low_sampler"),
        ("scail_pose", "pose_images", "decoded"),
        ("scail_reference", "embeds", "scail_pose"),
        ("wan_embeds_t2v", "num_frames", "wan_embeds_t2v"),
    ] {
        let mut workflow = preset("scail-uni3c-wan22");
        workflow[to]["inputs"][input] = json!([from, 0]);
        assert_eq!(rules(&workflow), [""; 0], "{to} is given {from}");
    }
}

#[test]
fn a_hundred_thousand_nodes_take_no_longer_than_their_number() {
    let count = 100_000;
    let mut workflow = preset("scail-uni3c-wan22");
    let nodes = workflow.as_object_mut().unwrap();
    let mut before = "driving_resized".to_owned();
    for at in 0..count {
        let key = format!("inverted-{at}");
        nodes.insert(key.clone(), json!({"class_type": "ImageInvert", "inputs": {"image": [before, 0]}}));
        before = key;
    }
    nodes.insert(
        "render".into(),
        json!({"class_type": "WanVideoEncode", "inputs": {
            "vae": ["vae", 0], "driving_video": [before, 0], "enable_vae_tiling": false, "tile_x": 272,
            "tile_y": 272, "tile_stride_x": 144, "tile_stride_y": 128}}),
    );
    workflow["uni3c"]["inputs"]["render_latent"] = json!(["render", 0]);
    let found = found(&workflow);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0]["rule"], "uni3c-past-scail");
    assert_eq!(found[0]["path"].as_array().unwrap().len(), count + 4);
    assert!(found[0]["message"].as_str().unwrap().len() < 400);

    // Very many samplers, each of them the last one.
    let mut workflow = preset("scail-uni3c-wan22");
    workflow["scail_sampler"]["inputs"]["image_embeds"] = json!(["empty_embeds", 0]);
    let last = workflow["wan_low_sampler"].clone();
    for at in 0..20_000 {
        let (sampled, saved) = (format!("low-{at}"), format!("saved-{at}"));
        workflow[&saved] = json!({"class_type": "SaveLatent", "inputs": {
            "samples": [&*sampled, 0], "filename_prefix": format!("x{at}")}});
        workflow[&sampled] = last.clone();
    }
    let found = rules(&workflow);
    assert!(found.iter().all(|rule| rule == "render-without-scail"), "{found:?}");
    assert!(!found.is_empty() && found.len() < 100);
}
