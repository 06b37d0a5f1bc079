//! `wfc models list`: what presets, graphs, workflows and manifests need.

use insta::assert_snapshot;
use serde_json::Value;

use super::manifest;
use crate::support::Folder;

/// A graph with a node that downloads its model itself.
pub(super) const NLF_GRAPH: &str = r#"
title = "NLF"
[nodes.nlf]
class = "DownloadAndLoadNLFModel"
inputs = { url = "https://github.com/isarandi/nlf/releases/download/v0.3.2/nlf_l_multi_0.3.2.torchscript" }
[nodes.show]
class = "PreviewAny"
inputs = { source = { node = "nlf" } }
"#;

const PRESET: &str =
    "graph = \"wan22-a14b\"\n[params]\nprompt = \"x\"\n[models]\nvae = \"wan/my-vae.safetensors\"\n";

fn names(list: &Value) -> Vec<&str> {
    let models = list["models"].as_array().unwrap();
    models.iter().map(|model| model["name"].as_str().or(model["file"].as_str()).unwrap()).collect()
}

#[test]
fn a_preset_needs_what_its_workflow_names() {
    let folder = Folder::with([("p.toml", PRESET)]);
    let run = folder.wfc(&["models", "list", "p.toml"]).succeeded();
    assert_snapshot!(run.stdout, @"
    MODEL                    FOLDER               SIZE  FILE
    wan22-t2v-a14b-high-fp8  diffusion_models  14.3 GB  wan2.2_t2v_high_noise_14B_fp8_scaled.safetensors
    wan22-t2v-a14b-low-fp8   diffusion_models  14.3 GB  wan2.2_t2v_low_noise_14B_fp8_scaled.safetensors
    umt5-xxl-fp8             text_encoders      6.7 GB  umt5_xxl_fp8_e4m3fn_scaled.safetensors
    -                        vae                     ?  wan/my-vae.safetensors

    4 files, ~35.3 GB
    size not known, not counted: wan/my-vae.safetensors
    not in the model catalog: wan/my-vae.safetensors
    ");
}

#[test]
fn presets_workflows_and_manifests_agree() {
    let folder = Folder::with([("p.toml", PRESET), ("g.toml", NLF_GRAPH)]);
    folder.wfc(&["build", "p.toml"]).succeeded();
    let list = |arguments: &[&str]| -> Value {
        let run = folder.wfc(&[&["models", "list", "--format", "json"], arguments].concat()).succeeded();
        serde_json::from_str(&run.stdout).unwrap()
    };
    let preset = list(&["p.toml"]);
    for file in ["p.workflow_api.json", "p.wfc.json"] {
        assert_eq!(names(&list(&[file])), names(&preset), "{file}");
    }
    assert_eq!(preset["version"], 1);
    assert_eq!(preset["total"]["unknown"], 1);
    assert_eq!(preset["total"]["files"], names(&preset).len());
    let vae = preset["models"].as_array().unwrap().iter().find(|model| model["folder"] == "vae").unwrap();
    assert_eq!((&vae["name"], &vae["file"]), (&Value::Null, &Value::from("wan/my-vae.safetensors")));
    assert_eq!(vae["used_by"], serde_json::json!(["p.toml"]));

    let graph = list(&["g.toml"]);
    assert_eq!(names(&graph), ["nlf-l-multi"]);
    assert_eq!(graph["models"][0]["downloaded_by_node"], true);

    // A manifest that was met in a folder repeats its preset.
    let all = list(&["."]);
    assert_eq!(all["models"].as_array().unwrap().len(), names(&preset).len() + 1);
    assert!(
        all["models"].as_array().unwrap().iter().all(|model| model["used_by"].as_array().unwrap().len() == 1)
    );
}

#[test]
fn a_manifest_carries_what_an_installer_needs() {
    let folder = Folder::with([("g.toml", NLF_GRAPH), ("n.toml", "graph = \"g\"\n")]);
    folder.wfc(&["build", "n.toml"]).succeeded();
    let manifest: Value = serde_json::from_slice(&folder.read("n.wfc.json")).unwrap();
    let nlf = &manifest["requires"]["models"][0];
    assert_eq!((&nlf["folder"], &nlf["downloaded_by_node"]), (&Value::from("nlf"), &Value::from(true)));
    let run = folder.wfc(&["models", "list", "--format", "json", "n.wfc.json"]).succeeded();
    let listed: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(listed["models"][0]["downloaded_by_node"], true);

    let path = crate::support::repository("presets/flux2-klein-9b-edit-base.wfc.json");
    let manifest: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let models = manifest["requires"]["models"].as_array().unwrap();
    let klein = models.iter().find(|model| model["name"] == "flux2-klein-base-9b-fp8").unwrap();
    assert_eq!((&klein["gated"], klein.get("downloaded_by_node")), (&Value::from(true), None));
    assert!(
        models.iter().all(|model| model.get("sha256").is_none_or(|hash| hash.as_str().unwrap().len() == 64))
    );
}

#[test]
fn a_graph_needs_what_any_of_its_variants_does() {
    let path = crate::support::repository("graphs/wan22-a14b.toml");
    let run = Folder::new().wfc(&["models", "list", path.to_str().unwrap()]).succeeded();
    for name in
        ["wan22-t2v-a14b-high-fp8", "wan22-i2v-a14b-high-fp8", "lightx2v-wan22-i2v-low-4steps", "wan21-vae"]
    {
        assert!(run.stdout.contains(&format!("{name} ")), "{name}: {}", run.stdout);
    }
}

#[test]
fn a_word_in_place_of_a_file_is_no_model() {
    let folder = Folder::with([(
        "w.json",
        r#"{"1": {"class_type": "VAELoader", "inputs": {"vae_name": "pixel_space"}}}"#,
    )]);
    assert!(folder.wfc(&["models", "list", "w.json"]).succeeded().stdout.contains("0 files, 0 bytes"));
    let list = |file: &str| {
        let path = crate::support::repository(&format!("presets/ltx2-t2v-distilled.{file}"));
        let run = folder.wfc(&["models", "list", "--format", "json", path.to_str().unwrap()]).succeeded();
        let list: Value = serde_json::from_str(&run.stdout).unwrap();
        names(&list).into_iter().map(str::to_owned).collect::<std::collections::BTreeSet<_>>()
    };
    assert_eq!(list("toml"), list("wfc.json"));
}

#[test]
fn models_that_must_lie_beside_others_are_needed_too() {
    let folder = Folder::new();
    manifest(&folder, &[("detection", "pose/vitpose_h_wholebody_model.onnx", 1)]);
    let said = folder.wfc(&["models", "list", "m.wfc.json"]).succeeded().stdout;
    assert!(said.contains("pose/vitpose_h_wholebody_data.bin"), "{said}");
    assert!(said.contains("420.3 kB"), "what the catalog knows wins: {said}");
}

#[test]
fn licences_are_mentioned() {
    let folder = Folder::new();
    manifest(&folder, &[("diffusion_models", "flux-2-klein-9b-fp8.safetensors", 1)]);
    let said = folder.wfc(&["models", "list", "m.wfc.json"]).succeeded().stdout;
    assert!(said.contains("needs an accepted licence and a token to download: flux2-klein-9b-fp8"), "{said}");
}

#[test]
fn what_is_wrong_is_said_and_the_rest_is_listed() {
    let folder = Folder::with([
        ("p.toml", PRESET),
        ("bad.toml", "graph = \"wan22-a14b\"\n[models]\nvae = \"wan22-vae\"\n"),
    ]);
    let run = folder.wfc(&["models", "list", "bad.toml", "p.toml"]);
    assert_eq!(run.code, Some(1));
    assert!(run.stderr.contains("error[wrong-model-family]"), "{}", run.stderr);
    assert!(run.stdout.contains("umt5-xxl-fp8"), "{}", run.stdout);
    let run = folder.wfc(&["models", "list", "none.toml"]);
    assert_eq!(run.code, Some(2));
    for (name, text) in
        [("x.json", "{}"), ("y.json", "[1"), ("z.wfc.json", "{\"requires\": 1}"), ("c.toml", "a = 1\n")]
    {
        folder.write(name, text);
        let run = folder.wfc(&["models", "list", name]);
        assert_eq!(run.code, Some(1), "{name}: {run:?}");
        assert!(run.stderr.starts_with("error["), "{name}: {}", run.stderr);
    }
    folder
        .write("class.json", r#"{"1": {"class_type": "NoSuchLoader", "inputs": {"lora": "a.safetensors"}}}"#);
    let run = folder.wfc(&["models", "list", "class.json"]);
    assert_eq!(run.code, Some(0));
    assert!(
        run.stderr.contains("warning[unknown-class]: what `NoSuchLoader` needs is not known"),
        "{}",
        run.stderr
    );
    let said = Folder::new().wfc(&["models", "list", "."]).failed();
    assert!(said.contains("there is no preset, graph, workflow or manifest"), "{said}");
}
