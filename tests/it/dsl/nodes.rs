//! Nodes: keys, defaults, stages, the escape hatch, the generated files, the examples.

use std::collections::BTreeSet;
use std::process::Command;

use serde_json::{Value, json};
use wfc::dsl::nodes::{
    CLIPLoader, CLIPTextEncode, EmptyHunyuanLatentVideo, LoadImage, UNETLoader, VAEDecode, VAELoader,
    VHSLoadVideo, VHSVideoCombine,
};
use wfc::dsl::types::{Conditioning, Image};
use wfc::dsl::{Custom, Node as _, Out, Workflow, model};

use crate::support::repository;

fn compiled(w: &Workflow) -> Value {
    serde_json::from_slice(&w.compile().unwrap().json()).unwrap()
}

fn keys(workflow: &Value) -> Vec<&str> {
    workflow.as_object().unwrap().keys().map(String::as_str).collect()
}

#[test]
fn a_model_of_another_folder_is_refused_as_in_a_graph_file() {
    let w = Workflow::new("x");
    let latent = w.add(EmptyHunyuanLatentVideo::new());
    let vae = w.add(VAELoader::new(model("qwen3-4b-bf16")));
    w.add(
        Custom::new("SaveImage")
            .input("images", w.add(VAEDecode::new(latent, vae)))
            .input("filename_prefix", "x"),
    );
    let problems = w.compile().expect_err("a text encoder is no VAE");
    assert_eq!(problems.diagnostics[0].rule, "wrong-model-folder");
}

#[test]
fn keys_are_chosen_or_read_like_the_class() {
    let w = Workflow::new("keys");
    let vae = w.add(VAELoader::new(model("wan21-vae")));
    let latent = w.add(EmptyHunyuanLatentVideo::new().key("vae_decode-2").title("Empty \"latent\""));
    for _ in 0..3 {
        let pictures = w.add(VAEDecode::new(latent, vae));
        w.add(VHSVideoCombine::new(pictures));
    }
    let workflow = compiled(&w);
    assert_eq!(
        keys(&workflow),
        [
            "vae_loader",
            "vae_decode-2",
            "vae_decode",
            "vhs_video_combine",
            "vae_decode-3",
            "vhs_video_combine-2",
            "vae_decode-4",
            "vhs_video_combine-3",
        ]
    );
    assert_eq!(workflow["vae_decode-2"]["_meta"]["title"], "Empty \"latent\"");
    assert_eq!(
        workflow["vae_decode-4"]["inputs"],
        json!({"samples": ["vae_decode-2", 0], "vae": ["vae_loader", 0]})
    );
}

#[test]
fn required_inputs_get_the_editors_defaults_and_optional_ones_are_left_out() {
    let w = Workflow::new("defaults");
    let video = w.add(VHSLoadVideo::new("a.mp4").force_rate(16).force_rate(24));
    w.add(VHSVideoCombine::new(video.image).frame_rate(16.5).format("video/h264-mp4").crf(19));
    let workflow = compiled(&w);
    assert_eq!(
        workflow["vhs_load_video"]["inputs"].to_string(),
        r#"{"video":"a.mp4","force_rate":24.0,"custom_width":0,"custom_height":0,"frame_load_cap":0,"skip_first_frames":0,"select_every_nth":1}"#
    );
    assert_eq!(
        workflow["vhs_video_combine"]["inputs"].to_string(),
        r#"{"images":["vhs_load_video",0],"frame_rate":16.5,"loop_count":0,"filename_prefix":"AnimateDiff","format":"video/h264-mp4","crf":19,"pingpong":false,"save_output":true}"#
    );
}

#[test]
fn a_custom_node_is_the_same_as_a_typed_one() {
    let typed = Workflow::new("typed");
    let clip = typed.add(CLIPLoader::new("a.safetensors").type_("wan"));
    typed.add(CLIPTextEncode::new("a fox", clip));
    let custom = Workflow::new("custom");
    let clip = custom.add(Custom::new("CLIPLoader").input("type", "wan").input("clip_name", "a.safetensors"));
    let text: Out<Conditioning> = custom
        .add(
            Custom::new("CLIPTextEncode")
                .input("clip", clip.named::<wfc::dsl::types::Clip>("CLIP"))
                .input("text", "a fox"),
        )
        .out(0);
    for w in [&typed, &custom] {
        w.add(Custom::new("PreviewAny").input("source", 1));
    }
    let _ = text;
    assert_eq!(compiled(&typed), compiled(&custom));
}

#[test]
fn inputs_that_grow_and_values_of_any_shape_have_a_way_in() {
    let w = Workflow::new("escape");
    let sum = w.add(
        Custom::new("ComfyMathExpression")
            .input("expression", "a + b")
            .input("values.b", 2)
            .input("values.a", 1.5)
            .extra("note", json!({"why": ["shown", 1]}))
            .extra("list", json!([1, 2])),
    );
    w.add(Custom::new("PreviewAny").input("source", sum.out::<wfc::dsl::types::Float>(0)));
    let workflow = compiled(&w);
    assert_eq!(
        workflow["comfy_math_expression"]["inputs"].to_string(),
        r#"{"expression":"a + b","values.a":1.5,"values.b":2,"note":{"why":["shown",1]},"list":{"__value__":[1,2]}}"#
    );
}

#[test]
fn stages_and_links_survive() {
    let w = Workflow::new("stages");
    w.stage("input");
    let picture = w.add(LoadImage::new("a.png"));
    w.stage("output");
    w.add(Custom::new("SaveImage").input("images", picture.image));
    w.add(Custom::new("MaskPreview").input("mask", picture.mask).stage("preview"));
    let program = w.compile().unwrap();
    assert_eq!(program.manifest("x.json").graph.stages, ["input", "output", "preview"]);
    let workflow = compiled(&w);
    assert_eq!(workflow["mask_preview"]["inputs"]["mask"], json!(["load_image", 1]));
}

#[test]
fn programs_with_unused_parts_compile_with_a_warning() {
    let w = Workflow::new("unused");
    let _ = w.add(UNETLoader::new(model("wan22-t2v-a14b-high-fp8")));
    let picture: Out<Image> = w.add(LoadImage::new("a.png")).image;
    w.add(Custom::new("SaveImage").input("images", picture));
    let program = w.compile().unwrap();
    let rules: Vec<&str> = program.warnings.diagnostics.iter().map(|found| found.rule).collect();
    assert_eq!(rules, ["unreachable-node"]);
}

/// `cargo xtask generate` writes and never removes.
#[test]
fn no_generated_file_is_left_over() {
    const FOLDER: &str = "src/front/dsl/generated";
    let generated: BTreeSet<String> = wfc::cli::reference::files()
        .into_iter()
        .map(|(name, _)| name)
        .filter(|name| name.starts_with(FOLDER))
        .collect();
    let mut present: BTreeSet<String> = std::fs::read_dir(repository(FOLDER))
        .unwrap()
        .map(|entry| format!("{FOLDER}/{}", entry.unwrap().file_name().to_string_lossy()))
        .collect();
    present.insert(format!("{FOLDER}.rs"));
    assert_eq!(present, generated);
}

fn example(name: &str) -> String {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["run", "--quiet", "--locked", "--example", name]).current_dir(repository(""));
    let output = cargo.output().unwrap();
    assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn the_examples_run() {
    for (name, preset) in [("cascade", "scail-uni3c-wan22"), ("z_image", "z-image-turbo")] {
        let golden = repository(&format!("presets/{preset}.workflow_api.json"));
        assert_eq!(example(name), std::fs::read_to_string(golden).unwrap());
    }
    let sweep = example("sweep");
    let sweep: BTreeSet<&str> = sweep.lines().collect();
    assert_eq!(sweep.len(), 6);
    assert!(sweep.iter().all(|line| serde_json::from_str::<Value>(line).is_ok()));
}
