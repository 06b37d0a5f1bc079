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
            assert!(!analysis.samplers().is_empty(), "{name}");
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
