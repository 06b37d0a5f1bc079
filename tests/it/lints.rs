//! The rules about what ComfyUI takes and should not, as users read them, and their near misses. New rules have
//! their cases in their pages instead, which `tests/rules` runs.

mod editor;
pub(crate) mod files;
mod fixes;
mod inputs;
mod names;
mod nodes;
mod severities;
mod values;

use serde_json::json;

use crate::support::Folder;

/// Node 1: a picture.
const PICTURE: &str = r#""1": {"class_type": "EmptyImage", "inputs": {"width": 64, "height": 64, "batch_size": 1, "color": 0}}"#;
/// Node 2: an output that saves node 1.
const SAVED: &str =
    r#""2": {"class_type": "SaveImage", "inputs": {"images": ["1", 0], "filename_prefix": "x"}}"#;

/// A workflow in API format with these nodes, one a line.
fn workflow(nodes: &[&str]) -> String {
    format!("{{\n{}\n}}\n", nodes.join(",\n"))
}

/// What `wfc lint` says about a workflow with these nodes.
#[track_caller]
fn said(nodes: &[&str]) -> String {
    said_with(nodes, &[])
}

#[track_caller]
fn said_with(nodes: &[&str], arguments: &[&str]) -> String {
    linted(&Folder::with([("w.json", &workflow(nodes))]), arguments)
}

/// Rules that find something in nearly every workflow of two nodes, and have their cases in their pages.
const QUIET: [&str; 4] = ["--allow", "only-temporary-outputs", "--allow", "repeated-node"];

/// What `wfc lint` says about the file `w.json`, which it must find something in.
#[track_caller]
fn linted(folder: &Folder, arguments: &[&str]) -> String {
    let run = folder.wfc(&[&["lint", "w.json"], &QUIET[..], arguments].concat());
    assert_eq!(run.stderr, "", "{}", run.stdout);
    let has_errors = run.stdout.contains("error[");
    assert_eq!(run.code, Some(i32::from(has_errors)), "{}", run.stdout);
    assert!(!run.stdout.is_empty(), "nothing was found");
    run.stdout
}

/// Nothing must be found in a workflow with these nodes.
#[track_caller]
fn silent(nodes: &[&str]) {
    let folder = Folder::with([("w.json", &workflow(nodes))]);
    assert_eq!(
        folder.wfc(&[&["lint", "w.json"], &QUIET[..]].concat()).succeeded().stdout,
        "no problems in 1 file\n"
    );
}

/// The rules that report something, in the order of the places.
#[track_caller]
fn rules(nodes: &[&str]) -> Vec<String> {
    rules_in(&Folder::with([("w.json", &workflow(nodes))]), &[])
}

#[track_caller]
fn rules_in(folder: &Folder, arguments: &[&str]) -> Vec<String> {
    let run = folder.wfc(&[&["lint", "w.json", "--format", "json"], &QUIET[..], arguments].concat());
    let report: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    let found = report["files"][0]["diagnostics"].as_array().unwrap();
    found.iter().map(|found| found["rule"].as_str().unwrap().to_owned()).collect()
}

/// A server's classes that name its files, and one whose values go in steps from 2.
fn classes() -> String {
    let class = |inputs: serde_json::Value, outputs: serde_json::Value, is_output: bool| json!({"input": {"required": inputs}, "output": outputs, "output_name": outputs, "output_node": is_output});
    json!({
        "LoraLoaderModelOnly": class(
            json!({"lora_name": [["wan/mine.safetensors", "sd\\old.safetensors"]]}), json!(["MODEL"]), false),
        "Grid": class(json!({"size": ["INT", {"default": 2, "min": 2, "max": 4096, "step": 8}]}), json!(["GRID"]), false),
        "Show": class(json!({"source": ["*"]}), json!([]), true),
    })
    .to_string()
}
