//! The defects that are known of workflows as people have deployed them, and those of their history.

use serde_json::{Value, json};

use crate::support::{Folder, repository};

/// File below `../shared/pipelines`, rule, node.
const KNOWN: [(&str, &str, &str); 9] = [
    // The base weights of Klein 9B with the recipe of the distilled ones.
    ("D_klein9b_xicon.src.json", "base-model-with-distilled-recipe", "75:62"),
    // 1280x720 in two stages: the first one halves it.
    ("C_ltx2_xicon.src.json", "size-off-grid", "92:43"),
    // The fork's node halves by itself what is half of the video's size already.
    ("B_dance_scail_bplan.src.json", "pose-not-half-size", "362"),
    ("B_dance_scail_xicon.src.json", "pose-not-half-size", "362"),
    // 80 frames are no whole number of latent frames.
    ("B_dance_scail_bplan.src.json", "context-frames-off-grid", "355"),
    ("B_dance_scail_bplan.src.json", "renamed-input", "371"),
    ("B_dance_scail_xicon.src.json", "float-noise", "349"),
    ("B_dance_scail_xicon.src.json", "sound-may-be-missing", "139"),
    ("F_multiangle_xicon.src.json", "repeated-node", "110"),
];

/// The rules that report something of each node.
fn found(folder: &Folder, file: &str) -> Vec<(String, String)> {
    let run = folder.wfc(&["lint", file, "--format", "json"]);
    let report: Value = serde_json::from_str(&run.stdout).unwrap_or_else(|_| panic!("{}", run.stderr));
    let found = report["files"][0]["diagnostics"].as_array().unwrap();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    found.iter().map(|found| (text(&found["rule"]), text(&found["node"]))).collect()
}

#[test]
fn known_defects_of_deployed_workflows_are_found() {
    let pipelines = repository("../shared/pipelines");
    if !pipelines.exists() {
        println!("skipped: there are no deployed workflows in ../shared/pipelines");
        return;
    }
    let mut missing = Vec::new();
    for (file, rule, node) in KNOWN {
        let folder = Folder::new();
        folder.write(file, std::fs::read(pipelines.join(file)).unwrap());
        if !found(&folder, file).contains(&(rule.to_owned(), node.to_owned())) {
            missing.push(format!("{file}: {rule} at {node}"));
        }
    }
    assert!(missing.is_empty(), "{}", missing.join("\n"));
}

/// A workflow that a preset compiles to.
fn compiled(name: &str) -> Value {
    let path = repository(&format!("presets/{name}.workflow_api.json"));
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

#[test]
fn sigmas_under_their_old_name_are_found_and_renamed() {
    let mut workflow = compiled("ltx2-t2v");
    let (node, _) = workflow
        .as_object()
        .unwrap()
        .iter()
        .find(|(_, node)| node["class_type"] == "ManualSigmas")
        .map(|(key, node)| (key.clone(), node.clone()))
        .unwrap();
    let inputs = workflow[&node]["inputs"].as_object_mut().unwrap();
    let sigmas = inputs.remove("sigmas").unwrap();
    inputs.insert("sigmas_string".to_owned(), sigmas);
    let folder = Folder::with([("w.json", &*serde_json::to_string_pretty(&workflow).unwrap())]);
    assert!(found(&folder, "w.json").contains(&("renamed-input".to_owned(), node.clone())));
    folder.wfc(&["lint", "w.json", "--fix"]);
    assert_eq!(folder.json("w.json"), compiled("ltx2-t2v"));
}

#[test]
fn a_node_that_scales_for_nobody_is_found() {
    let mut workflow = compiled("qwen-image-edit");
    let (image, _) = workflow
        .as_object()
        .unwrap()
        .iter()
        .find(|(_, node)| node["class_type"] == "LoadImage")
        .map(|(key, node)| (key.clone(), node.clone()))
        .unwrap();
    workflow["93"] = json!({
        "class_type": "ImageScaleToTotalPixels",
        "inputs": {"image": [image, 0], "upscale_method": "lanczos", "megapixels": 1.5, "resolution_steps": 1},
    });
    let folder = Folder::with([("w.json", &*workflow.to_string())]);
    assert!(found(&folder, "w.json").contains(&("unreachable-node".to_owned(), "93".to_owned())));
}
