//! `--optimize`: fewer nodes that give every output what it was given before.

mod same;

use serde_json::{Value, json};

use crate::support::{Folder, input};

/// Two branches that are the same but for what they save, and a node that nothing needs.
const TWO_BRANCHES: &str = r#"title = "Two pictures"

[params.color]
type = "int"
default = 7
doc = "The colour."

[params.other]
type = "int"
default = 7
doc = "Another colour."

[nodes.left_empty]
class = "EmptyImage"
inputs = { width = 64, height = 64, batch_size = 1, color = { param = "color" } }
[nodes.left_inverted]
class = "ImageInvert"
inputs = { image = { node = "left_empty" } }
[nodes.left]
class = "SaveImage"
inputs = { images = { node = "left_inverted" }, filename_prefix = "same" }

[nodes.right_empty]
class = "EmptyImage"
inputs = { width = 64, height = 64, batch_size = 1, color = { param = "color" } }
[nodes.right_inverted]
class = "ImageInvert"
inputs = { image = { node = "right_empty" } }
[nodes.right]
class = "SaveImage"
inputs = { images = { node = "right_inverted" }, filename_prefix = "same" }

[nodes.unneeded]
class = "EmptyImage"
inputs = { width = 16, height = 16, batch_size = 1, color = { param = "other" } }
"#;

fn two_branches(graph: &str) -> Folder {
    Folder::with([("g.toml", graph), ("p.toml", "graph = \"g\"\n")])
}

fn nodes(workflow: &Value) -> Vec<&str> {
    workflow.as_object().unwrap().keys().map(String::as_str).collect()
}

#[test]
fn identical_branches_become_one_and_outputs_stay() {
    let folder = two_branches(TWO_BRANCHES);
    let said = folder.wfc(&["build", "p.toml", "--optimize"]).succeeded().stdout;
    assert_eq!(said, "p.workflow_api.json (4 nodes, 3 fewer)\n");
    let workflow = folder.json("p.workflow_api.json");
    assert_eq!(nodes(&workflow), ["left_empty", "left_inverted", "left", "right"]);
    assert_eq!(*input(&workflow, "right", "images"), json!(["left_inverted", 0]));
    let manifest = folder.json("p.wfc.json");
    assert_eq!(
        manifest["optimized"],
        json!([{
            "first": "p.workflow_api.json",
            "count": 1,
            "merged": [
                {"kept": "left_empty", "gone": ["right_empty"]},
                {"kept": "left_inverted", "gone": ["right_inverted"]},
            ],
            "removed": ["unneeded"],
        }])
    );
    let bindings = &manifest["interface"]["bindings"];
    assert_eq!(bindings["color"]["set"], json!(["/left_empty/inputs/color"]));
    assert_eq!(bindings["other"]["set"], json!([]));
    folder.wfc(&["build", "p.toml", "--optimize", "--check"]).succeeded();
    folder.wfc(&["build", "p.toml", "--check"]).findings();
}

#[test]
fn nothing_is_done_unless_asked_for() {
    let folder = two_branches(TWO_BRANCHES);
    assert_eq!(nodes(&folder.workflow("p.toml", &[])).len(), 7);
    folder.wfc(&["build", "p.toml"]).succeeded();
    assert_eq!(folder.json("p.wfc.json")["optimized"], Value::Null);
}

#[test]
fn values_that_are_equal_today_by_other_parameters_stay_apart() {
    let right = "color = { param = \"color\" } }\n[nodes.right_inverted]";
    for other in ["{ param = \"other\" }", "7", "{ expr = \"color\" }", "{ expr = \"color + 0\" }"] {
        let graph = TWO_BRANCHES.replace(right, &format!("color = {other} }}\n[nodes.right_inverted]"));
        let workflow = two_branches(&graph).workflow("p.toml", &["--optimize"]);
        assert_eq!(*input(&workflow, "right", "images"), json!(["right_inverted", 0]), "{other}");
        assert_eq!(*input(&workflow, "right_empty", "color"), 7, "{other}");
    }
}

#[test]
fn what_is_computed_stays_apart_and_a_request_gives_what_building_gives() {
    let color = "color = { param = \"color\" } }\n[nodes.";
    let graph = TWO_BRANCHES.replacen(color, "color = { expr = \"color * 2\" } }\n[nodes.", 1).replacen(
        color,
        "color = { expr = \"color + 7\" } }\n[nodes.",
        1,
    );
    for graph in [TWO_BRANCHES, &graph] {
        let folder = two_branches(graph);
        folder.wfc(&["build", "p.toml", "--optimize"]).succeeded();
        folder.write("r.json", "{\"color\": 9}");
        folder.wfc(&["bind", "p.wfc.json", "--input", "r.json", "-o", "bound.json"]).succeeded();
        folder.wfc(&["build", "p.toml", "--optimize", "--set", "color=9", "-o", "built"]).succeeded();
        let text = |name: &str| String::from_utf8(folder.read(name)).unwrap();
        assert_eq!(text("bound.json"), text("built/p.workflow_api.json"));
    }
}

#[test]
fn what_draws_noise_or_loads_pictures_is_not_merged() {
    let graph = r#"title = "Noise"
[nodes.noise_a]
class = "RandomNoise"
inputs = { noise_seed = 1 }
[nodes.noise_b]
class = "RandomNoise"
inputs = { noise_seed = 1 }
[nodes.picture_a]
class = "LoadImage"
inputs = { image = "a.png" }
[nodes.picture_b]
class = "LoadImage"
inputs = { image = "a.png" }
[nodes.a]
class = "PreviewAny"
inputs = { source = { node = "noise_a" } }
[nodes.b]
class = "PreviewAny"
inputs = { source = { node = "noise_b" } }
[nodes.c]
class = "PreviewImage"
inputs = { images = { node = "picture_a", out = "IMAGE" } }
[nodes.d]
class = "PreviewImage"
inputs = { images = { node = "picture_b", out = "IMAGE" } }
"#;
    let workflow = two_branches(graph).workflow("p.toml", &["--optimize"]);
    assert_eq!(nodes(&workflow).len(), 8);
}

#[test]
fn the_manifest_of_a_batch_counts_what_was_done_to_how_many() {
    let folder = two_branches(TWO_BRANCHES);
    folder.write("p.toml", "graph = \"g\"\n[matrix]\ncolor = { from = 0, to = 4 }\n");
    folder.wfc(&["build", "p.toml", "--optimize"]).succeeded();
    let optimized = &folder.json("p.wfc.json")["optimized"];
    assert_eq!(optimized.as_array().unwrap().len(), 1);
    assert_eq!(
        (&optimized[0]["first"], &optimized[0]["count"]),
        (&json!("p-1.workflow_api.json"), &json!(5))
    );
}

#[test]
fn an_imported_workflow_is_optimized_as_well() {
    let folder = two_branches(TWO_BRANCHES);
    folder.write("w.json", folder.workflow("p.toml", &[]).to_string());
    let run = folder.wfc(&["import", "w.json", "--optimize"]);
    assert_eq!((run.code, &*run.stdout), (Some(0), ""));
    assert_eq!(
        run.stderr,
        "w.json: 3 nodes merged or removed, 4 left\n  left_empty stands for right_empty\n  left_inverted stands for \
         right_inverted\n  no output depends on unneeded\n1 file written\n"
    );
    assert_eq!(folder.json("w.workflow_api.json"), folder.workflow("p.toml", &["--optimize"]));
}

#[test]
fn a_workflow_with_unknown_classes_and_circles_loses_nothing_of_them() {
    let node = |class: &str, from: &str| json!({"class_type": class, "inputs": {"image": [from, 0]}});
    let workflow = json!({
        "a": node("ImageInvert", "b"),
        "b": node("ImageInvert", "a"),
        "c": node("ImageInvert", "b"),
        "d": node("ImageInvert", "b"),
        "x": node("SomethingElse", "d"),
        "y": node("SomethingElse", "c"),
    });
    let folder = Folder::with([("w.json", &*workflow.to_string())]);
    let run = folder.wfc(&["import", "w.json", "--optimize", "-o", "-"]);
    assert_eq!(serde_json::from_str::<Value>(&run.stdout).unwrap(), workflow);
}

#[test]
fn the_reference_of_eight_camera_angles_drops_from_78_nodes_to_43() {
    let path = crate::support::repository("../shared/pipelines/F_multiangle_xicon.src.json");
    let Ok(text) = std::fs::read(&path) else {
        eprintln!("skipped: {} is not there", path.display());
        return;
    };
    let folder = Folder::new();
    folder.write("w.json", &text);
    let run = folder.wfc(&["import", "w.json", "--optimize"]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    assert_eq!(nodes(&folder.json("w.json")).len(), 78);
    let optimized = folder.json("w.workflow_api.json");
    assert_eq!(nodes(&optimized).len(), 43);
    // Each angle keeps its prompt, its sampler, its decoder and its file.
    for class in ["KSampler", "VAEDecode", "SaveImage"] {
        let of_class = optimized.as_object().unwrap().values().filter(|node| node["class_type"] == class);
        assert_eq!(of_class.count(), 8, "{class}");
    }
}
