//! `wfc build`: what the committed presets give, and what each part of a preset does.

mod lookup;
mod manifest;
mod matrix;
mod plan;
mod settings;

use serde_json::{Value, json};
use wfc::catalog::Catalog;

use crate::support::{EVERY_TYPE, Folder, PICTURE, input, model_file, repository, toml_files};

/// The committed workflow of every preset: name, bytes.
fn goldens() -> Vec<(String, Vec<u8>)> {
    let read = |(name, _): (String, String)| {
        let bytes = std::fs::read(repository(&format!("presets/{name}.workflow_api.json")));
        (name, bytes.expect("the presets' outputs are committed"))
    };
    toml_files("presets").into_iter().map(read).collect()
}

#[test]
fn the_committed_outputs_are_what_the_presets_give() {
    let folder = Folder::new();
    let run = folder.finish(folder.command(&["build", "--check", "presets"]).current_dir(repository("")));
    assert_eq!(run.succeeded().stdout, "");
}

#[test]
fn every_preset_gives_the_same_bytes_each_time() {
    let folder = Folder::new();
    let presets = repository("presets");
    for output in ["one", "two"] {
        folder.wfc(&["build", presets.to_str().unwrap(), "-o", output]).succeeded();
    }
    let names = folder.names();
    assert_eq!(names.len(), 4 * toml_files("presets").len(), "a workflow and a manifest each, twice");
    for name in names.iter().filter(|name| name.starts_with("one/")) {
        assert!(folder.read(name) == folder.read(&name.replace("one/", "two/")), "{name}");
    }
    for (name, golden) in goldens() {
        assert!(folder.read(&format!("one/{name}.workflow_api.json")) == golden, "{name}");
    }
}

#[test]
fn every_link_leads_to_an_output_of_a_node() {
    let catalog = Catalog::embedded();
    for (name, golden) in goldens() {
        let workflow: Value = serde_json::from_slice(&golden).unwrap();
        let mut links = 0;
        for (key, node) in workflow.as_object().unwrap() {
            assert!(!key.contains(['.', ':']), "{name}: {key}");
            for (input, value) in node["inputs"].as_object().unwrap() {
                let Some(link) = value.as_array() else { continue };
                let place = format!("{name}: {key}.{input} = {value}");
                let [Value::String(source), Value::Number(slot)] = &link[..] else { panic!("{place}") };
                let class = catalog.class(workflow[source]["class_type"].as_str().expect(&place)).unwrap();
                assert!(slot.as_u64().unwrap() < class.outputs.len() as u64, "{place}");
                links += 1;
            }
        }
        assert!(links + 1 >= workflow.as_object().unwrap().len(), "{name} hangs together");
    }
}

#[test]
fn numeric_ids_give_the_same_workflow_under_other_names() {
    let folder = Folder::new();
    let presets = repository("presets");
    folder.wfc(&["build", presets.to_str().unwrap(), "-o", "out", "--ids", "numeric"]).succeeded();
    for (name, golden) in goldens() {
        let named: Value = serde_json::from_slice(&golden).unwrap();
        let numbered = folder.json(&format!("out/{name}.workflow_api.json"));
        let keys: Vec<&String> = named.as_object().unwrap().keys().collect();
        let number = |key: &str| (keys.iter().position(|known| *known == key).unwrap() + 1).to_string();
        let renamed: serde_json::Map<String, Value> = keys
            .iter()
            .map(|key| {
                let mut node = named[key.as_str()].clone();
                for value in node["inputs"].as_object_mut().unwrap().values_mut() {
                    if let Some([Value::String(source), _]) = value.as_array_mut().map(Vec::as_mut_slice) {
                        *source = number(source);
                    }
                }
                (number(key), node)
            })
            .collect();
        assert_eq!(Value::Object(renamed), numbered, "{name}");
        let manifest = folder.json(&format!("out/{name}.wfc.json"));
        for output in manifest["workflow"]["outputs"].as_array().unwrap() {
            assert!(numbered.get(output.as_str().unwrap()).is_some(), "{name}: output {output}");
        }
        for binding in manifest["interface"]["bindings"].as_object().unwrap().values() {
            for pointer in binding["set"].as_array().unwrap() {
                assert!(numbered.pointer(pointer.as_str().unwrap()).is_some(), "{name}: {pointer}");
            }
        }
    }
}

#[test]
fn a_hyphen_prints_each_workflow_on_one_line() {
    let folder =
        Folder::with([("g.toml", PICTURE), ("p.toml", "graph = \"g\"\n[matrix]\nwidth = [16, 32]\n")]);
    let run = folder.wfc(&["build", "p.toml", "-o", "-"]).succeeded();
    assert_eq!(
        run.stdout,
        r#"{"empty":{"class_type":"EmptyImage","inputs":{"width":16,"height":8,"batch_size":1,"color":0}},"save":{"class_type":"SaveImage","inputs":{"images":["empty",0],"filename_prefix":"picture"}}}
{"empty":{"class_type":"EmptyImage","inputs":{"width":32,"height":16,"batch_size":1,"color":0}},"save":{"class_type":"SaveImage","inputs":{"images":["empty",0],"filename_prefix":"picture"}}}
"#
    );
    assert_eq!(folder.names(), ["g.toml", "p.toml"]);
}

#[test]
fn a_file_has_one_input_a_line_and_links_on_one_line() {
    let folder = Folder::with([("g.toml", PICTURE), ("p.toml", "graph = \"g\"\n")]);
    assert_eq!(folder.wfc(&["build", "p.toml"]).succeeded().stdout, "p.workflow_api.json (2 nodes)\n");
    insta::assert_snapshot!(String::from_utf8(folder.read("p.workflow_api.json")).unwrap(), @r#"
    {
      "empty": {
        "class_type": "EmptyImage",
        "inputs": {
          "width": 64,
          "height": 32,
          "batch_size": 1,
          "color": 0
        }
      },
      "save": {
        "class_type": "SaveImage",
        "inputs": {
          "images": ["empty", 0],
          "filename_prefix": "picture"
        }
      }
    }
    "#);
    let again = folder.wfc(&["build", "p.toml"]).succeeded().stdout;
    assert_eq!(again, "p.workflow_api.json (2 nodes, unchanged)\n");
}

#[test]
fn a_title_becomes_meta() {
    let folder = Folder::with([("p.toml", "graph = \"g\"\n")]);
    folder.write(
        "g.toml",
        PICTURE.replace("stage = \"save\"", "stage = \"save\"\ntitle = \"Sävé \\\"it\\\"\""),
    );
    let workflow = folder.workflow("p.toml", &[]);
    assert_eq!(workflow["save"]["_meta"], json!({"title": "Sävé \"it\""}));
    assert!(workflow["empty"].get("_meta").is_none());
}

#[test]
fn all_64_bits_of_a_seed_survive() {
    let folder = Folder::with([("g.toml", EVERY_TYPE)]);
    for seed in [0, 1 << 53, (1 << 53) + 1, u64::MAX - 1, u64::MAX] {
        folder.write("p.toml", format!("graph = \"g\"\n[params]\nseed = {seed}\n"));
        let workflow = folder.workflow("p.toml", &[]);
        assert_eq!(input(&workflow, "noise", "noise_seed").as_u64(), Some(seed));
    }
    folder.wfc(&["build", "p.toml"]).succeeded();
    let text = String::from_utf8(folder.read("p.workflow_api.json")).unwrap();
    assert!(text.contains("\"noise_seed\": 18446744073709551615"), "{text}");
}

#[test]
fn floats_lose_the_noise_of_editors_and_keep_real_digits() {
    let folder = Folder::with([("g.toml", EVERY_TYPE)]);
    for (given, emitted) in [
        ("5.000000000000001", "5.0"),
        ("3.1000000000000005", "3.1"),
        ("0.30000000000000004", "0.3"),
        ("5", "5.0"),
        ("1e-7", "1e-7"),
        ("0.333333333333333", "0.333333333333333"),
        ("-0.0", "-0.0"),
        ("0.925926", "0.925926"),
    ] {
        folder.write("p.toml", format!("graph = \"g\"\n[params]\nstrength = {given}\n"));
        let run = folder.wfc(&["build", "p.toml", "-o", "-"]).succeeded();
        assert!(run.stdout.contains(&format!("{{\"value\":{emitted}}}")), "{given}: {}", run.stdout);
    }
}

#[test]
fn every_type_of_parameter_reaches_the_workflow() {
    let folder = Folder::with([("g.toml", EVERY_TYPE)]);
    folder.write(
        "p.toml",
        r#"graph = "g"
[params]
count = 9
strength = 2
tiled = true
prompt = """
two
lines, "quoted" 漢字 \u0007"""
sampler = "heun"
seed = 7
image = "sub/b.png"
video = "b.mp4"
audio = "b.wav"
model = "umt5-xxl-fp8"
loras = ["plain.safetensors", { file = "weak.safetensors", strength = 0.5 }, { file = "whole.safetensors" }]
[models]
vae = "my/vae.safetensors"
"#,
    );
    let workflow = folder.workflow("p.toml", &[]);
    let source = |node: &str| input(&workflow, node, "source").clone();
    assert_eq!(source("count"), 9);
    assert_eq!(input(&workflow, "strength_value", "value").to_string(), "2.0");
    assert_eq!(source("tiled"), true);
    assert_eq!(source("prompt"), "two\nlines, \"quoted\" 漢字 \u{7}");
    assert_eq!(source("sampler"), "heun");
    assert_eq!(input(&workflow, "noise", "noise_seed"), 7);
    assert_eq!([source("image"), source("video"), source("audio")], ["sub/b.png", "b.mp4", "b.wav"]);
    assert_eq!(source("model"), model_file("umt5-xxl-fp8"));
    assert_eq!(input(&workflow, "vae_file", "vae_name"), "my/vae.safetensors");
    let items: Vec<Value> = (1..=3).map(|n| source(&format!("lora-{n}"))).collect();
    assert_eq!(items, ["plain.safetensors", "weak.safetensors", "whole.safetensors"]);
    let items: Vec<Value> = (1..=3).map(|n| source(&format!("lora_strength-{n}"))).collect();
    assert_eq!(items, [1.0, 0.5, 1.0]);
}
