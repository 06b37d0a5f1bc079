//! What is known of a workflow without running it.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};
use wfc::analysis::{Analysis, Content, Fact, Known, LatentFamily, Sampler, Why};
use wfc::catalog::{Catalog, Models};
use wfc::diag::Diagnostics;
use wfc::front::json::{self, Arena, Document};
use wfc::ir::Graph;
use wfc::source::Sources;

use crate::support::repository;

/// The graph of a workflow in API format.
fn graph(workflow: &Json) -> Graph {
    let text = workflow.to_string();
    let mut sources = Sources::new();
    let file = sources.add("w.json", text.as_str());
    let (arena, mut problems) = (Arena::new(), Diagnostics::new());
    let tree = json::parse(file, &text, &arena, &mut problems).unwrap();
    Document::of(tree).read(file, &Catalog::embedded(), &mut problems).unwrap()
}

/// Runs `check` with what is known of a workflow.
fn analysed(workflow: &Json, check: impl FnOnce(&Graph, &Analysis<'_>)) {
    let graph = graph(workflow);
    let models = Models::embedded();
    check(&graph, &Analysis::new(&graph, &models));
}

fn preset(name: &str) -> Json {
    let path = repository(&format!("presets/{name}.workflow_api.json"));
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

#[test]
fn numbers_flow_through_primitives_calculators_and_switches() {
    let workflow = json!({
        "w": {"class_type": "INTConstant", "inputs": {"value": 832}},
        "half": {"class_type": "SimpleCalculatorKJ", "inputs": {"expression": "a / 2", "variables.a": ["w", 0]}},
        "on": {"class_type": "PrimitiveBoolean", "inputs": {"value": false}},
        "h": {"class_type": "ComfySwitchNode", "inputs": {"switch": ["on", 0], "on_true": 1, "on_false": ["w", 0]}},
        "picture": {"class_type": "EmptyImage", "inputs": {"width": ["half", 1], "height": ["h", 0], "batch_size": 3, "color": 0}},
        "scaled": {"class_type": "ImageScaleBy", "inputs": {"image": ["picture", 0], "upscale_method": "area", "scale_by": 0.5}},
        "size": {"class_type": "GetImageSize", "inputs": {"image": ["scaled", 0]}},
        "save": {"class_type": "SaveImage", "inputs": {"images": ["scaled", 0], "filename_prefix": "x"}},
    });
    analysed(&workflow, |graph, analysis| {
        let size = graph.find("size").unwrap();
        let numbers: Vec<_> = (0..3).map(|slot| analysis.output(size, slot)).collect();
        let value = |known: &Known<&Fact>| match known {
            Ok(Fact::Scalar(scalar)) => scalar.value.to_string(),
            other => format!("{other:?}"),
        };
        assert_eq!(numbers.iter().map(value).collect::<Vec<_>>(), ["208", "416", "3"]);
        // The height is written at the constant, the width is nowhere written as it is.
        let picture = graph.find("picture").unwrap();
        let written = analysis.written(picture, "height").unwrap();
        assert_eq!(&*graph.node(written.node).key, "w");
        assert_eq!(analysis.written(picture, "width"), None);
    });
}

#[test]
fn what_is_not_known_says_why_and_where() {
    let workflow = json!({
        "file": {"class_type": "LoadImage", "inputs": {"image": "a.png"}},
        "scaled": {"class_type": "ImageScaleBy", "inputs": {"image": ["file", 0], "upscale_method": "area", "scale_by": 0.5}},
        "odd": {"class_type": "NobodyKnowsThis", "inputs": {}},
        "around": {"class_type": "ImageScaleBy", "inputs": {"image": ["back", 0], "upscale_method": "area", "scale_by": 0.5}},
        "back": {"class_type": "ImageInvert", "inputs": {"image": ["around", 0]}},
        "after": {"class_type": "ImageInvert", "inputs": {"image": ["odd", 0]}},
        "save": {"class_type": "SaveImage", "inputs": {"images": ["scaled", 0]}},
    });
    analysed(&workflow, |graph, analysis| {
        let find = |key| graph.find(key).unwrap();
        let image = |key| analysis.inputs(find(key)).image("image");
        let width = analysis.inputs(find("save")).image("images").unwrap().width.unwrap_err();
        assert_eq!((width.node, width.why), (find("file"), Why::AtRunTime));
        assert_eq!(image("after").unwrap_err().why, Why::UnknownClass);
        assert_eq!(image("back").unwrap_err().why, Why::Cycle);
        let prefix = analysis.inputs(find("save")).int("no_such_input").unwrap_err();
        assert_eq!((prefix.node, prefix.why), (find("save"), Why::Absent));
    });
}

#[test]
fn a_model_is_known_with_its_loras_and_its_shift() {
    analysed(&preset("wan22-t2v-lightning"), |graph, analysis| {
        let sampler = analysis.sampler(graph.find("sampler_high").unwrap()).unwrap();
        let model = sampler.model.value.clone().unwrap();
        assert_eq!(model.family.as_deref(), Some("wan22-t2v-14b-high"));
        assert_eq!(model.is_distilled(), Some(true));
        assert_eq!(model.latent(), Some(LatentFamily::WAN21));
        assert_eq!(sampler.shift.value, Ok(5.0));
        let latent = sampler.latent.value.unwrap();
        assert_eq!((latent.family, latent.content), (Ok(LatentFamily::WAN21), Content::Empty));
    });
    analysed(&preset("wan22-t2v"), |graph, analysis| {
        let sampler = analysis.sampler(graph.find("sampler_low").unwrap()).unwrap();
        assert_eq!(sampler.model.value.clone().unwrap().is_distilled(), Some(false));
        let before = graph.find("sampler_high").unwrap();
        assert_eq!(sampler.latent.value.unwrap().content, Content::Sampled(before));
    });
}

/// What a rule may want to know of a sampler, and whether it is known.
fn questions(sampler: &Sampler) -> [(&'static str, bool); 6] {
    let size = sampler.latent.value.is_ok_and(|latent| latent.width.is_ok() && latent.height.is_ok())
        || sampler.embeds.value.as_ref().is_ok_and(|embeds| embeds.width.is_ok() && embeds.height.is_ok());
    let model = sampler.model.value.as_ref();
    [
        ("steps", sampler.steps.value.is_ok()),
        ("cfg", sampler.cfg.value.is_ok()),
        ("method", sampler.method.value.is_ok()),
        ("model", model.is_ok_and(|model| model.family.is_some())),
        ("distilled", model.is_ok_and(|model| model.is_distilled().is_some())),
        ("size", size),
    ]
}

#[test]
fn of_every_sampler_of_every_preset_everything_is_known_but_the_size_of_files() {
    let mut unknown: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    let folder = std::fs::read_dir(repository("presets")).unwrap();
    let names = folder.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned());
    for name in names.filter_map(|name| Some(name.strip_suffix(".workflow_api.json")?.to_owned())) {
        analysed(&preset(&name), |graph, analysis| {
            assert_eq!(analysis.samplers().is_empty(), name == "smoke", "{name}");
            for sampler in analysis.samplers() {
                for (question, is_known) in questions(sampler) {
                    if !is_known {
                        let node = &graph.node(sampler.node).key;
                        unknown.entry(question).or_default().push(format!("{name}: {node}"));
                    }
                }
            }
        });
    }
    // Pictures have the size that their files have, and a cfg may be a list with a value for each step.
    let expected = |name: &str| name.contains("edit") || name.contains("multi-angle");
    unknown.entry("size").or_default().retain(|name| !expected(name));
    let lists = ["wan22-i2v-wrapper: sampler_high", "wan22-t2v-wrapper: sampler_high"];
    unknown.entry("cfg").or_default().retain(|name| !lists.contains(&&**name));
    unknown.retain(|_, names| !names.is_empty());
    assert_eq!(unknown, BTreeMap::new());
}

/// What is known of the pictures of a node, as `width x height x frames`, with `<=` for what is known from above.
fn shape(graph: &Graph, analysis: &Analysis<'_>, node: &str, slot: u32) -> String {
    let show = |known: Known<i64>| known.map_or_else(|_| "?".to_owned(), |number| number.to_string());
    let frames = |known: Known<i64>, most: Option<i64>| match (known, most) {
        (Err(_), Some(most)) => format!("<={most}"),
        _ => show(known),
    };
    match analysis.output(graph.find(node).unwrap(), slot) {
        Ok(Fact::Image(image)) => {
            format!("{}x{}x{}", show(image.width), show(image.height), frames(image.frames, image.most))
        }
        Ok(Fact::Latent(latent)) => {
            format!("{}x{}x{}", show(latent.width), show(latent.height), frames(latent.frames, latent.most))
        }
        Ok(Fact::AtMost(number)) => format!("<={}", number.most),
        Ok(Fact::Scalar(scalar)) => scalar.value.to_string(),
        Ok(other) => format!("{other:?}"),
        Err(unknown) => format!("{:?}", unknown.why),
    }
}

#[test]
fn a_video_is_rounded_by_the_format_of_its_loader_and_known_from_above() {
    let loader = |format: &str, width: i64, height: i64, cap: i64, nth: i64| {
        json!({"class_type": "VHS_LoadVideo", "inputs": {"video": "a.mp4", "force_rate": 30, "custom_width": width,
            "custom_height": height, "frame_load_cap": cap, "skip_first_frames": 0, "select_every_nth": nth, "format": format}})
    };
    let mut bare = loader("Wan", 723, 0, 1, 1);
    bare["inputs"].as_object_mut().unwrap().remove("format");
    let workflow = json!({
        "wan": loader("Wan", 836, 480, 80, 2),
        "ltx": loader("LTXV", 720, 0, 0, 1),
        "bare": bare,
        "other": loader("Somebody's", 720, 480, 80, 1),
        "info": {"class_type": "VHS_VideoInfoLoaded", "inputs": {"video_info": ["wan", 3]}},
        "size": {"class_type": "GetImageSizeAndCount", "inputs": {"image": ["wan", 0]}},
        "cut": {"class_type": "ImageFromBatch", "inputs": {"image": ["wan", 0], "batch_index": 4, "length": 20}},
        "twice": {"class_type": "RepeatImageBatch", "inputs": {"image": ["wan", 0], "amount": 2}},
        "embeds": {"class_type": "WanVideoEmptyEmbeds", "inputs": {"width": 832, "height": 480, "num_frames": ["wan", 1]}},
        "folder": {"class_type": "VHS_LoadImagesPath", "inputs": {"directory": "x", "image_load_cap": 16}},
    });
    analysed(&workflow, |graph, analysis| {
        let shape = |node, slot| shape(graph, analysis, node, slot);
        assert_eq!(shape("wan", 0), "840x480x<=77");
        assert_eq!(shape("wan", 1), "<=77");
        // The height follows the file.
        assert_eq!(shape("ltx", 0), "736x?x?");
        // Without the input, nothing is rounded; and there is a frame, or the loader fails.
        assert_eq!(shape("bare", 0), "723x?x1");
        assert_eq!(shape("other", 0), "?x?x<=80");
        let info: Vec<String> = (0..5).map(|slot| shape("info", slot)).collect();
        assert_eq!(info, ["15.0", "<=77", "AtRunTime", "840", "480"]);
        assert_eq!(shape("size", 3), "<=77");
        assert_eq!(shape("cut", 0), "840x480x<=20");
        assert_eq!(shape("twice", 0), "840x480x<=154");
        assert_eq!(shape("folder", 0), "?x?x<=16");
        let Ok(Fact::Embeds(embeds)) = analysis.output(graph.find("embeds").unwrap(), 0) else { panic!() };
        assert_eq!((embeds.frames.unwrap_err().why, embeds.at_most()), (Why::AtRunTime, Some(77)));
        // A rule that asks for the number is told where it is decided.
        let count = analysis.inputs(graph.find("embeds").unwrap()).int("num_frames").unwrap_err();
        assert_eq!((count.node, count.why), (graph.find("wan").unwrap(), Why::AtRunTime));
    });
}

#[test]
fn resizers_round_as_their_classes_do() {
    let picture = |width: i64, height: i64, count: i64| json!({"class_type": "EmptyImage", "inputs": {"width": width, "height": height, "batch_size": count, "color": 0}});
    let resize = |kind: &str, more: Json| {
        let mut inputs = json!({"input": ["a", 0], "resize_type": kind, "scale_method": "area"});
        inputs.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json!({"class_type": "ResizeImageMaskNode", "inputs": inputs})
    };
    let stitch = |matched: bool, direction: &str| {
        json!({"class_type": "ImageStitch", "inputs": {"image1": ["a", 0], "image2": ["b", 0], "direction": direction,
            "match_image_size": matched, "spacing_width": 3, "spacing_color": "white"}})
    };
    let workflow = json!({
        "a": picture(1000, 563, 5), "b": picture(300, 500, 2),
        "sides": resize("scale dimensions", json!({"resize_type.width": 640, "resize_type.height": 0, "resize_type.crop": "center"})),
        "by": resize("scale by multiplier", json!({"resize_type.multiplier": 0.5})),
        "longer": resize("scale longer dimension", json!({"resize_type.longer_size": 512})),
        "shorter": resize("scale shorter dimension", json!({"resize_type.shorter_size": 512})),
        "pixels": resize("scale total pixels", json!({"resize_type.megapixels": 1.0})),
        "like": resize("match size", json!({"resize_type.match": ["b", 0], "resize_type.crop": "center"})),
        "whole": resize("scale to multiple", json!({"resize_type.multiple": 16})),
        "edge": {"class_type": "ResizeImagesByLongerEdge", "inputs": {"images": ["a", 0], "longer_edge": 512}},
        "row": stitch(true, "right"), "column": stitch(false, "down"),
        "both": {"class_type": "ImageBatch", "inputs": {"image1": ["a", 0], "image2": ["b", 0]}},
        "last": {"class_type": "ImageFromBatch", "inputs": {"image": ["a", 0], "batch_index": -2, "length": 9}},
        "smooth": {"class_type": "FrameInterpolate", "inputs": {"interp_model": ["none", 0], "images": ["a", 0], "multiplier": 3}},
        "box": {"class_type": "PrimitiveBoundingBox", "inputs": {"x": 900, "y": 0, "width": 200, "height": 200}},
        "crop": {"class_type": "ImageCropV2", "inputs": {"image": ["a", 0], "crop_region": ["box", 0]}},
        "even": {"class_type": "LTXVPreprocess", "inputs": {"image": ["a", 0], "img_compression": 35}},
        "grey": {"class_type": "ImageToMask", "inputs": {"image": ["a", 0], "channel": "red"}},
    });
    analysed(&workflow, |graph, analysis| {
        let shape = |node| shape(graph, analysis, node, 0);
        let expected = [
            ("sides", "640x360x5"),
            ("by", "500x282x5"),
            ("longer", "512x288x5"),
            ("shorter", "909x512x5"),
            ("pixels", "1365x768x5"),
            ("like", "300x500x5"),
            ("whole", "992x560x5"),
            ("edge", "512x288x5"),
            ("row", "1341x563x5"),
            ("column", "1000x1067x5"),
            ("both", "1000x563x7"),
            ("last", "1000x563x2"),
            ("smooth", "1000x563x13"),
            ("crop", "100x200x5"),
            ("even", "1000x562x5"),
            ("grey", "1000x563x5"),
        ];
        for (node, known) in expected {
            assert_eq!(shape(node), known, "{node}");
        }
    });
}

#[test]
fn latents_are_counted_in_cells_and_decoded_one_after_the_other() {
    let workflow = json!({
        "video": {"class_type": "EmptyHunyuanLatentVideo", "inputs": {"width": 832, "height": 480, "length": 81, "batch_size": 2}},
        "vae": {"class_type": "VAELoader", "inputs": {"vae_name": "wan_2.1_vae.safetensors"}},
        "frames": {"class_type": "VAEDecode", "inputs": {"samples": ["video", 0], "vae": ["vae", 0]}},
        "cut": {"class_type": "LatentCut", "inputs": {"samples": ["video", 0], "dim": "t", "index": 1, "amount": 30}},
        "wide": {"class_type": "LatentConcat", "inputs": {"samples1": ["video", 0], "samples2": ["video", 0], "dim": "x"}},
        "long": {"class_type": "LatentConcat", "inputs": {"samples1": ["video", 0], "samples2": ["cut", 0], "dim": "t"}},
        "larger": {"class_type": "LatentUpscaleBy", "inputs": {"samples": ["video", 0], "upscale_method": "area", "scale_by": 1.5}},
        "vace": {"class_type": "WanVaceToVideo", "inputs": {"width": 832, "height": 480, "length": 81, "batch_size": 1, "strength": 1.0, "reference_image": ["frames", 0]}},
        "trimmed": {"class_type": "TrimVideoLatent", "inputs": {"samples": ["vace", 2], "trim_amount": ["vace", 3]}},
    });
    analysed(&workflow, |graph, analysis| {
        let shape = |node, slot| shape(graph, analysis, node, slot);
        assert_eq!(shape("frames", 0), "832x480x162");
        assert_eq!(shape("cut", 0), "832x480x77");
        assert_eq!(shape("wide", 0), "1664x480x81");
        assert_eq!(shape("long", 0), "832x480x161");
        assert_eq!(shape("larger", 0), "1248x720x81");
        assert_eq!(shape("vace", 2), "832x480x85");
        assert_eq!(shape("trimmed", 0), "832x480x81");
    });
}
