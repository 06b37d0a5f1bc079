//! What the built-in video graphs promise beside their references: every parameter reaches all the places
//! that it must agree in, and what a mode leaves out is left out.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::support::{Folder, input, model_file, repository};

/// The workflow of a preset of this repository with settings on top.
fn built(preset: &str, settings: &[&str]) -> Value {
    let file = repository(&format!("presets/{preset}.toml"));
    let settings: Vec<&str> = settings.iter().flat_map(|setting| ["--set", setting]).collect();
    Folder::new().workflow(&file.to_string_lossy(), &settings)
}

/// What `wfc` says to settings that a preset's graph does not allow.
fn refused(preset: &str, setting: &str) -> String {
    let file = repository(&format!("presets/{preset}.toml"));
    let run = Folder::new().wfc(&["build", &file.to_string_lossy(), "-o", "-", "--set", setting]);
    run.findings()
}

/// The values that all nodes of a class have in an input.
fn all<'w>(workflow: &'w Value, class: &str, input: &str) -> Vec<&'w Value> {
    let nodes = workflow.as_object().unwrap().values().filter(|node| node["class_type"] == class);
    nodes.map(|node| &node["inputs"][input]).collect()
}

/// All texts in a workflow's inputs.
fn texts(workflow: &Value) -> BTreeSet<&str> {
    let nodes = workflow.as_object().unwrap().values();
    nodes.flat_map(|node| node["inputs"].as_object().unwrap().values()).filter_map(Value::as_str).collect()
}

#[test]
fn ltx2_sound_and_picture_agree_in_length_and_rate() {
    for preset in ["ltx2-t2v", "ltx2-t2v-distilled"] {
        let workflow = built(preset, &["frames=49", "fps=25"]);
        assert_eq!(all(&workflow, "EmptyLTXVLatentVideo", "length"), [49]);
        assert_eq!(all(&workflow, "LTXVEmptyLatentAudio", "frames_number"), [49]);
        assert_eq!(all(&workflow, "LTXVEmptyLatentAudio", "frame_rate"), [25]);
        assert_eq!(all(&workflow, "LTXVConditioning", "frame_rate"), [25.0]);
        assert_eq!(all(&workflow, "CreateVideo", "fps"), [25.0]);
    }
}

#[test]
fn ltx2_recipes_are_not_mixed_up() {
    let (dev, distilled) = (model_file("ltx2-19b-dev-fp8"), model_file("ltx2-19b-distilled-fp8"));
    let lora = model_file("ltx2-19b-distilled-lora-384");
    let plain = built("ltx2-t2v", &[]);
    assert!(texts(&plain).contains(&*dev) && !texts(&plain).contains(&*distilled));
    assert_eq!(*input(&plain, "guider", "model"), json!(["checkpoint", 0]), "no distilled LoRA at cfg 4");
    assert_eq!(*input(&plain, "refine_guider", "model"), json!(["distill_lora", 0]));
    let fast = built("ltx2-t2v-distilled", &["cfg=4", "loras=[\"pan.safetensors\"]"]);
    assert!(texts(&fast).contains(&*distilled));
    assert!(!texts(&fast).contains(&*dev) && !texts(&fast).contains(&*lora));
    for guider in ["guider", "refine_guider"] {
        assert_eq!(*input(&fast, guider, "cfg"), 1.0);
        assert_eq!(*input(&fast, guider, "model"), json!(["lora_distilled-1", 0]));
    }
}

#[test]
fn ltx2_without_sound_samples_the_same() {
    let mut expected = built("ltx2-t2v", &[]);
    expected.as_object_mut().unwrap().remove("decoded_audio");
    expected["video"]["inputs"].as_object_mut().unwrap().remove("audio");
    assert_eq!(built("ltx2-t2v", &["audio=false"]), expected);
}

#[test]
fn ltx2_takes_only_sizes_and_noise_levels_that_it_can_keep() {
    assert!(refused("ltx2-t2v", "height=720").contains("the nearest are 704 and 768"));
    assert!(refused("ltx2-t2v", "frames=120").contains("the nearest are 113 and 121"));
    for levels in ["0.9, 0.5", "0.9, 0.05", "0.9, 10.0", "0.5, 0.9, 0.0", "hello, 0.0"] {
        for param in ["refine_sigmas", "distilled_sigmas"] {
            let message = refused("ltx2-t2v-distilled", &format!("{param}={levels}"));
            assert!(message.contains("must fall from number to number and end in 0"), "{message}");
            assert!(message.contains(&format!("`{param}` is")), "{message}");
        }
    }
    for levels in ["0.9, 0", "0.9,0.5,0", "0.9, 0.5, 0.0"] {
        built("ltx2-t2v", &[&format!("refine_sigmas={levels}")]);
    }
}

#[test]
fn the_small_wan_starts_at_a_picture_or_at_none() {
    let with = built("wan22-5b-i2v", &[]);
    assert_eq!(*input(&with, "latent", "start_image"), json!(["image", 0]));
    let without = built("wan22-5b-t2v", &[]);
    assert!(without["latent"]["inputs"].get("start_image").is_none() && without.get("image").is_none());
    let wrapper = built("wan22-5b-i2v-wrapper", &["image=none", "width=1280", "height=704"]);
    assert!(all(&wrapper, "WanVideoEncode", "vae").is_empty());
    assert!(all(&wrapper, "LoadImage", "image").is_empty());
    assert_eq!(*input(&wrapper, "sampler", "image_embeds"), json!(["embeds_t2v", 0]));
    assert_eq!(*input(&wrapper, "embeds_t2v", "width"), 1280);
}

#[test]
fn animate_moves_without_mask_background_and_relighting() {
    for (graph, node, background, mask, relight) in [
        ("", "animate_to_video", "background_video", "character_mask", "wan22-animate-relight-bf16"),
        ("-wrapper", "embeds", "bg_images", "mask", "wan22-animate-relight-fp16"),
    ] {
        let relight = model_file(relight);
        let moving = built(&format!("wan22-animate-move{graph}"), &["previews=true", "comparison=true"]);
        assert!(
            moving[node]["inputs"].get(background).is_none(),
            "a switched-off node would hand on the video"
        );
        assert!(moving[node]["inputs"].get(mask).is_none());
        assert!(!texts(&moving).contains(&*relight));
        assert_eq!(all(&moving, "VHS_LoadVideo", "video").len(), 1);
        let mixing = built(&format!("wan22-animate-mix{graph}"), &[]);
        assert_eq!(*input(&mixing, node, background), json!(["background", 0]));
        assert_eq!(*input(&mixing, node, mask), json!(["mask_coarse", 0]));
        assert!(texts(&mixing).contains(&*relight));
        let message = refused(&format!("wan22-animate-mix{graph}"), "mask=none");
        assert!(message.contains("needs a mask video"), "{message}");
    }
}

#[test]
fn animate_reads_and_writes_at_one_rate_and_size() {
    for graph in ["", "-wrapper"] {
        let settings = ["fps=24", "width=480", "height=832", "frames=81", "skip_frames=5"];
        let workflow = built(&format!("wan22-animate-mix{graph}"), &settings);
        for (input, value) in [
            ("force_rate", json!(24.0)),
            ("custom_width", json!(480)),
            ("custom_height", json!(832)),
            ("frame_load_cap", json!(81)),
            ("skip_first_frames", json!(5)),
        ] {
            assert_eq!(all(&workflow, "VHS_LoadVideo", input), [&value, &value], "video and mask: {input}");
        }
        assert!(all(&workflow, "VHS_VideoCombine", "frame_rate").iter().all(|rate| **rate == 24.0));
        assert_eq!(all(&workflow, "ImageResizeKJv2", "width"), [480]);
    }
}

#[test]
fn animate_drops_the_picture_that_stands_before_the_video() {
    for settings in [&[][..], &["vae_tiling=true"]] {
        let workflow = built("wan22-animate-move", settings);
        let decoder = if settings.is_empty() { "decoded" } else { "decoded_in_tiles" };
        assert_eq!(*input(&workflow, decoder, "samples"), json!(["trimmed", 0]));
        assert_eq!(*input(&workflow, "trimmed", "trim_amount"), json!(["animate_to_video", 3]));
    }
}

#[test]
fn tiles_take_the_place_of_every_decoder() {
    for preset in ["wan22-t2v", "wan22-i2v", "wan22-i2v-long", "wan22-s2v", "wan22-5b-t2v"] {
        let whole = built(preset, &[]);
        let tiled = built(preset, &["vae_tiling=true"]);
        let samples =
            |workflow, class| all(workflow, class, "samples").into_iter().cloned().collect::<Vec<_>>();
        assert_eq!(samples(&tiled, "VAEDecodeTiled"), samples(&whole, "VAEDecode"), "{preset}");
        assert_eq!(samples(&tiled, "VAEDecode"), Vec::<Value>::new(), "{preset}");
    }
    let long = built("wan22-i2v-long", &["vae_tiling=true"]);
    assert_eq!(*input(&long, "first_frames", "image"), json!(["first_decoded_in_tiles", 0]));
    for (node, name) in [("segment_start-1", "image"), ("joined-1", "images.image0")] {
        assert_eq!(*input(&long, node, name), json!(["first_frames", 0]));
    }
    assert_eq!(*input(&long, "segment_new-2", "image"), json!(["segment_decoded_in_tiles-2", 0]));
    let one = built("wan22-i2v-long", &["vae_tiling=true", "seconds=5", "prompts=[]"]);
    assert_eq!(*input(&one, "frames", "image"), json!(["first_frames", 0]));
}

#[test]
fn a_clip_is_more_than_a_picture() {
    assert!(refused("wan22-t2v", "seconds=0").contains("the smallest value is 0.1"));
    assert!(refused("wan22-t2v", "seconds=0.2").contains("at least 5 frames"));
    assert_eq!(all(&built("wan22-t2v", &["seconds=0.25"]), "EmptyHunyuanLatentVideo", "length"), [5]);
}

#[test]
fn a_long_video_continues_with_its_last_prompt() {
    let texts = |prompts: &str| {
        let long = built("wan22-i2v-long", &["seconds=20", "prompt=first", prompts]);
        ["positive", "segment_text-1", "segment_text-2", "segment_text-3", "segment_text-4"]
            .map(|node| input(&long, node, "text").as_str().unwrap().to_owned())
    };
    assert_eq!(texts("prompts=[]"), ["first"; 5]);
    assert_eq!(texts("prompts=['second']"), ["first", "second", "second", "second", "second"]);
    assert_eq!(texts("prompts=['second', 'third']"), ["first", "second", "third", "third", "third"]);
    assert_eq!(texts("prompts=['2', '3', '4', '5']"), ["first", "2", "3", "4", "5"]);
}
