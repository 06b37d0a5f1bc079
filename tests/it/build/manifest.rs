//! The manifest: valid by its schema, true to the workflow, complete in what it requires.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use wfc::catalog::Catalog;

use crate::support::{EVERY_TYPE, Folder, PICTURE, repository, toml_files};

/// Every committed pair: name, workflow, manifest.
fn committed() -> impl Iterator<Item = (String, Value, Value)> {
    toml_files("presets").into_iter().map(|(name, _)| {
        let read = |end: &str| {
            let bytes = std::fs::read(repository(&format!("presets/{name}.{end}"))).unwrap();
            serde_json::from_slice(&bytes).unwrap()
        };
        let (workflow, manifest) = (read("workflow_api.json"), read("wfc.json"));
        (name, workflow, manifest)
    })
}

/// The classes of a workflow.
fn classes(workflow: &Value) -> BTreeSet<String> {
    let nodes = workflow.as_object().unwrap().values();
    nodes.map(|node| node["class_type"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn every_manifest_has_the_shape_of_its_schema() {
    let folder = Folder::with([("g.toml", EVERY_TYPE), ("b.toml", "graph = \"g\"\n[matrix]\nseed = [1]\n")]);
    let schema = folder.wfc(&["schema", "manifest"]).succeeded().stdout;
    let schema: Value = serde_json::from_str(&schema).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    folder.wfc(&["build", "b.toml"]).succeeded();
    let batch = ("a batch".to_owned(), Value::Null, folder.json("b.wfc.json"));
    for (name, _, manifest) in committed().chain([batch]) {
        let errors: Vec<String> = validator.iter_errors(&manifest).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{name}: {errors:?}");
        assert_eq!(manifest["version"], 2, "{name}");
    }
    assert!(!validator.is_valid(&serde_json::json!({"version": 2})));
}

#[test]
fn the_hash_is_that_of_the_workflow_file() {
    for (name, _, manifest) in committed() {
        let file = manifest["workflow"]["file"].as_str().unwrap();
        assert_eq!(file, format!("{name}.workflow_api.json"));
        let hash = blake3::hash(&std::fs::read(repository(&format!("presets/{file}"))).unwrap());
        assert_eq!(manifest["workflow"]["hash"], format!("blake3:{hash}"), "{name}");
    }
}

#[test]
fn the_outputs_are_the_nodes_that_give_something() {
    let catalog = Catalog::embedded();
    for (name, workflow, manifest) in committed() {
        let nodes = workflow.as_object().unwrap().iter();
        let is_output =
            |node: &Value| catalog.class(node["class_type"].as_str().unwrap()).unwrap().output_node;
        let expected: Vec<&str> =
            nodes.filter(|(_, node)| is_output(node)).map(|(key, _)| key.as_str()).collect();
        assert_eq!(manifest["workflow"]["outputs"], Value::from(expected), "{name}");
    }
}

#[test]
fn a_binding_points_to_the_parameters_value() {
    let mut checked = 0;
    for (name, workflow, manifest) in committed() {
        let inputs = &manifest["interface"]["inputs"]["properties"];
        let bindings = manifest["interface"]["bindings"].as_object().unwrap();
        let declared: Vec<&String> = inputs.as_object().unwrap().keys().collect();
        assert_eq!(bindings.keys().collect::<Vec<_>>(), declared, "{name}: every parameter, in its order");
        for (param, binding) in bindings {
            let value = &inputs[param]["default"];
            for pointer in binding["set"].as_array().unwrap() {
                let place = format!("{name}: {param} at {pointer}");
                let found = workflow.pointer(pointer.as_str().unwrap()).expect(&place);
                let equal = found == value || (value.is_number() && found.as_f64() == value.as_f64());
                assert!(equal, "{place}: {found}, not {value}");
                checked += 1;
            }
            for pointer in binding["computed"].as_array().into_iter().flatten() {
                assert!(
                    workflow.pointer(pointer.as_str().unwrap()).is_some(),
                    "{name}: {param} at {pointer}"
                );
                assert_ne!(binding["change"], "set", "{name}: {param} is computed with");
            }
        }
    }
    assert!(checked > 100, "{checked} bindings");
}

#[test]
fn a_binding_says_what_it_takes_to_change_it() {
    let graph = PICTURE.replace(
        "[nodes.save]",
        "[params.inverted]\ntype = \"bool\"\ndefault = false\ndoc = \"Invert.\"\n\
         [nodes.invert]\nclass = \"ImageInvert\"\nstage = \"make\"\nwhen = \"inverted\"\n\
         inputs = { image = { node = \"empty\" } }\n[nodes.save]",
    );
    let folder = Folder::with([("g.toml", &*graph), ("p.toml", "graph = \"g\"\n"), ("e.toml", EVERY_TYPE)]);
    folder.wfc(&["build", "p.toml"]).succeeded();
    let manifest = folder.json("p.wfc.json");
    let change = |param: &str| manifest["interface"]["bindings"][param]["change"].clone();
    assert_eq!([change("width"), change("name"), change("inverted")], ["bind", "set", "bind"]);
    assert_eq!(manifest["interface"]["switches"], serde_json::json!([{"rule": "inverted", "gives": false}]));
    folder.write("q.toml", "graph = \"e\"\n");
    folder.wfc(&["build", "q.toml"]).succeeded();
    assert_eq!(folder.json("q.wfc.json")["interface"]["bindings"]["loras"]["change"], "build");
}

#[test]
fn the_packs_and_classes_are_those_of_the_workflow() {
    let catalog = Catalog::embedded();
    for (name, workflow, manifest) in committed() {
        let mut expected: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for class in classes(&workflow) {
            let pack = catalog.class(&class).unwrap().pack.to_string();
            expected.entry(pack).or_default().insert(class);
        }
        let packs = manifest["requires"]["packs"].as_array().unwrap().iter().map(|pack| {
            let classes = pack["classes"].as_array().unwrap().iter();
            let classes = classes.map(|class| class.as_str().unwrap().to_owned()).collect();
            (pack["name"].as_str().unwrap().to_owned(), classes)
        });
        assert_eq!(packs.collect::<BTreeMap<_, BTreeSet<_>>>(), expected, "{name}");
    }
}

#[test]
fn every_model_file_is_required_with_its_folder() {
    for (name, workflow, manifest) in committed() {
        let is_model = |text: &str| {
            [".safetensors", ".onnx", ".gguf", ".pth", ".pt", ".ckpt"].iter().any(|end| text.ends_with(end))
        };
        let inputs =
            workflow.as_object().unwrap().values().flat_map(|node| node["inputs"].as_object().unwrap());
        let named: BTreeSet<&str> =
            inputs.filter_map(|(_, value)| value.as_str()).filter(|text| is_model(text)).collect();
        let required = manifest["requires"]["models"].as_array().unwrap();
        // No input names what a node downloads itself.
        let loaded = required.iter().filter(|model| model.get("downloaded_by_node").is_none());
        let files: BTreeSet<&str> = loaded.map(|model| model["file"].as_str().unwrap()).collect();
        assert_eq!(files, named, "{name}");
        for model in required {
            assert!(model["folder"].as_str().is_some_and(|folder| !folder.is_empty()), "{name}: {model}");
            assert!(model["name"].is_string(), "{name}: {model} is in the catalog of models");
        }
    }
}

#[test]
fn a_file_of_one_name_is_required_in_every_folder_that_it_is_loaded_from() {
    let graph = r#"title = "Two folders"
[nodes.vae]
class = "VAELoader"
inputs = { vae_name = "x.safetensors" }
[nodes.vae_shown]
class = "PreviewAny"
inputs = { source = { node = "vae" } }
[nodes.clip_vision]
class = "CLIPVisionLoader"
inputs = { clip_name = "x.safetensors" }
[nodes.clip_vision_shown]
class = "PreviewAny"
inputs = { source = { node = "clip_vision" } }
"#;
    let folder = Folder::with([("g.toml", graph), ("p.toml", "graph = \"g\"\n")]);
    folder.wfc(&["build", "p.toml"]).succeeded();
    let models = folder.json("p.wfc.json")["requires"]["models"].clone();
    let folders: Vec<&str> =
        models.as_array().unwrap().iter().map(|model| model["folder"].as_str().unwrap()).collect();
    assert_eq!(folders, ["vae", "clip_vision"]);
}

#[test]
fn the_request_schema_takes_the_presets_own_values_and_refuses_wrong_ones() {
    for (name, _, manifest) in committed() {
        let schema = &manifest["interface"]["inputs"];
        let validator = jsonschema::validator_for(schema).unwrap();
        let defaults: serde_json::Map<String, Value> = schema["properties"]
            .as_object()
            .unwrap()
            .iter()
            .map(|(param, schema)| (param.clone(), schema["default"].clone()))
            .collect();
        let request = Value::Object(defaults);
        let errors: Vec<String> = validator.iter_errors(&request).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{name}: {errors:?}");
        for (param, wrong) in
            [("prompt", Value::from(1)), ("width", Value::from("wide")), ("promt", "x".into())]
        {
            let mut request = request.clone();
            request[param] = wrong;
            assert!(!validator.is_valid(&request), "{name}: {param}");
        }
    }
}
