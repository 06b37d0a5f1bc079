//! Small workflows of every kind, and what becomes of them.

use insta::assert_snapshot;
use serde_json::{Value as Json, json};

use super::{exported, folder, made_picture, saved_by_the_editor, wrote};
use crate::support::{Folder, repository};

#[test]
fn the_editors_workflow_becomes_what_the_editor_exports() {
    let folder = folder(&[("w.json", &saved_by_the_editor())]);
    wrote(&folder.wfc(&["import", "w.json"]), 1);
    assert_eq!(folder.json("w.workflow_api.json"), exported());
    assert_snapshot!(String::from_utf8(folder.read("w.workflow_api.json")).unwrap(), @r#"
    {
      "2": {
        "class_type": "ImageInvert",
        "inputs": {
          "image": ["1:7", 0]
        },
        "_meta": {
          "title": "Invert Image Colors"
        }
      },
      "3": {
        "class_type": "SaveImage",
        "inputs": {
          "filename_prefix": "fox",
          "images": ["2", 0]
        },
        "_meta": {
          "title": "The result"
        }
      },
      "1:7": {
        "class_type": "EmptyImage",
        "inputs": {
          "width": 640,
          "height": 480,
          "batch_size": 1,
          "color": 0
        },
        "_meta": {
          "title": "Empty Image"
        }
      }
    }
    "#);
    assert_eq!(folder.wfc(&["lint", "w.workflow_api.json"]).succeeded().stdout, "no problems in 1 file\n");
}

#[test]
fn standard_output_takes_the_workflow_and_nothing_else() {
    let folder = folder(&[("w.json", &saved_by_the_editor())]);
    let run = folder.wfc(&["import", "w.json", "-o", "-"]).succeeded();
    assert_eq!(serde_json::from_str::<Json>(&run.stdout).unwrap(), exported());
    assert_eq!(folder.names(), ["w.json"]);
    let run = folder.wfc(&["import", "w.json", "-o", "-", "--format", "json"]).succeeded();
    assert_eq!(serde_json::from_str::<Json>(&run.stdout).unwrap(), exported());
    // What is said goes elsewhere.
    folder.write("w.json", saved_by_the_editor().to_string().replace("fox", "%date:yyyy%"));
    let run = folder.wfc(&["import", "w.json", "-o", "-"]);
    assert!(run.stderr.starts_with("warning[date-in-file-name]"), "{}", run.stderr);
    assert_eq!(
        serde_json::from_str::<Json>(&run.stdout).unwrap()["3"]["inputs"]["filename_prefix"],
        "%date:yyyy%"
    );
    assert_eq!(run.code, Some(0));
}

#[test]
fn an_export_stays_as_it_is() {
    for (name, content) in
        [("a.json", exported()), ("b.json", json!({"prompt": exported(), "client_id": "x"}))]
    {
        let folder = folder(&[(name, &content)]);
        wrote(&folder.wfc(&["import", name, "-o", "out.json"]), 1);
        assert_eq!(folder.json("out.json"), exported());
    }
}

#[test]
fn what_the_server_would_refuse_is_converted_as_it_is() {
    let odd = json!({
        "1": {"class_type": "EmptyImage", "inputs": {"width": "64", "height": null, "batch_size": 1.0, "color": {"a": []}}},
        "2": {"class_type": "SaveImage", "inputs": {"images": [1, 0], "filename_prefix": ["9", 0], "more": ["1", -7]}},
        "3": {"class_type": "PreviewImage", "inputs": {"images": ["3", 0]}},
    });
    let folder = folder(&[("odd.json", &odd)]);
    wrote(&folder.wfc(&["import", "odd.json"]), 1);
    assert_eq!(folder.json("odd.workflow_api.json"), odd);
}

#[test]
fn of_two_nodes_with_one_id_the_last_is_converted() {
    let text = exported().to_string();
    let twice = text.replacen('{', r#"{"2":{"class_type":"EmptyImage","inputs":{}},"#, 1);
    let folder = Folder::with([("w.json", &twice)]);
    let run = folder.wfc(&["import", "w.json"]);
    assert_eq!(run.code, Some(0));
    assert!(run.stderr.starts_with("warning[duplicate-node-id]"), "{}", run.stderr);
    assert_eq!(folder.json("w.workflow_api.json"), exported());
}

#[test]
fn a_picture_gives_the_workflow_that_made_it() {
    let folder = Folder::new();
    folder.write("ComfyUI_00001_.png", made_picture());
    wrote(&folder.wfc(&["import", "ComfyUI_00001_.png"]), 1);
    assert_eq!(folder.json("ComfyUI_00001_.workflow_api.json"), exported());
    // The name does not tell.
    folder.write("picture.json", made_picture());
    wrote(&folder.wfc(&["import", "picture.json"]), 1);
    assert_eq!(folder.json("picture.workflow_api.json"), exported());
}

#[test]
fn a_class_that_nobody_knows_is_exported_as_the_editor_does() {
    let mut workflow = saved_by_the_editor();
    workflow["nodes"][1]["type"] = "ImageInvertt".into();
    let folder = folder(&[("w.json", &workflow)]);
    let run = folder.wfc(&["import", "w.json"]);
    assert_eq!((run.code, &*run.stdout), (Some(1), ""));
    assert_snapshot!(run.stderr, @r#"
    error[unknown-class]: there is no node class `ImageInvertt`
       ╭─[w.json:1:151]
     1 │ …"IMAGE","links":[1]}]},{"id":2,"type":"ImageInvertt","inputs":[{"name":"image","type":"IMA…
       ·                                        ──────────────
       ╰────
      node: `2` (ImageInvertt)
      help: did you mean `ImageInvert`? If not, install its node pack, or use a catalog that knows it; its class and values are left out, as by the editor

    1 error in 1 file
    1 file written
    "#);
    let node = &folder.json("w.workflow_api.json")["2"];
    assert_eq!(node["inputs"], json!({"image": ["1:7", 0]}));
    assert!(node.get("class_type").is_none(), "{node}");
    // An export names it, so it is kept.
    let mut workflow = exported();
    workflow["2"]["class_type"] = "ImageInvertt".into();
    folder.write("a.json", workflow.to_string());
    assert_eq!(folder.wfc(&["import", "a.json"]).code, Some(1));
    assert_eq!(folder.json("a.workflow_api.json"), workflow);
}

#[test]
fn a_graph_file_and_a_preset_build_the_same_prompt() {
    let folder = folder(&[("wf/fox.json", &saved_by_the_editor())]);
    wrote(&folder.wfc(&["import", "wf/fox.json", "--to", "toml", "-o", "out"]), 2);
    assert_eq!(folder.names(), ["out/fox.graph.toml", "out/fox.toml", "wf/fox.json"]);
    assert_snapshot!(String::from_utf8(folder.read("out/fox.toml")).unwrap(), @r#"
    graph = "fox.graph.toml"

    [params]
    width = 640
    height = 480
    filename_prefix = "fox"
    "#);
    assert_snapshot!(String::from_utf8(folder.read("out/fox.graph.toml")).unwrap(), @r#"
    title = "fox"
    default_titles = true
    stages = ["output"]

    # --- Parameters -------------------------------------------------------------------------------

    [params.width]
    type = "int"
    unit = "px"
    default = 640
    min = 1
    max = 16384
    doc = "Width."

    [params.height]
    type = "int"
    unit = "px"
    default = 480
    min = 1
    max = 16384
    doc = "Height."

    [params.filename_prefix]
    type = "string"
    default = "fox"
    doc = "Begin of the output file's name."

    # --- Nodes ------------------------------------------------------------------------------------

    [nodes.empty_image]
    class = "EmptyImage"
    inputs = { width = { param = "width" }, height = { param = "height" }, batch_size = 1, color = 0 }

    [nodes.image_invert]
    class = "ImageInvert"
    inputs = { image = { node = "empty_image" } }

    [nodes.the_result]
    class = "SaveImage"
    stage = "output"
    title = "The result"
    inputs = { filename_prefix = { param = "filename_prefix" }, images = { node = "image_invert" } }
    "#);
    let built = folder.workflow("out/fox.toml", &[]);
    // The ids are names now.
    let mut text = exported().to_string();
    for (id, name) in [("1:7", "grey"), ("2", "inverted"), ("3", "the_result")] {
        let name = built
            .as_object()
            .unwrap()
            .iter()
            .find(|(_, node)| node["class_type"] == exported()[id]["class_type"])
            .map_or(name, |(name, _)| name);
        text = text.replace(&format!("\"{id}\""), &format!("\"{name}\""));
    }
    assert_eq!(built, serde_json::from_str::<Json>(&text).unwrap());
    folder.wfc(&["lint", "out"]).succeeded();
}

#[test]
fn noise_is_kept_unless_it_is_to_be_rounded() {
    let workflow = json!({
        "1": {"class_type": "EmptyImage", "inputs": {"width": 64, "height": 64, "batch_size": 1, "color": 0}},
        "2": {"class_type": "ImageScaleBy", "inputs": {"image": ["1", 0], "upscale_method": "area", "scale_by": 1.5}},
        "3": {"class_type": "SaveImage", "inputs": {"images": ["2", 0], "filename_prefix": "x"}},
    });
    let text = workflow.to_string().replace("1.5", "1.5000000000000002");
    let scale = |arguments: &[&str]| {
        let folder = Folder::with([("w.json", &text)]);
        wrote(&folder.wfc(&[&["import", "w.json", "--to", "toml"], arguments].concat()), 2);
        let built = folder.wfc(&["build", "w.toml", "-o", "-"]).succeeded().stdout;
        assert!(built.contains("scale_by"), "{built}");
        built.contains("1.5000000000000002")
    };
    assert!(scale(&[]));
    assert!(!scale(&["--round"]));
}

#[test]
fn programs_read_the_report_as_json() {
    let folder = folder(&[("w.json", &saved_by_the_editor())]);
    folder.write("bad.json", "[]");
    let run = folder.wfc(&["import", "w.json", "bad.json", "-o", "out", "--format", "json"]);
    assert_eq!((run.code, &*run.stderr), (Some(1), "1 file written\n"));
    let report: Json = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(report["files"][0], json!({"path": "w.json", "kind": "ui", "diagnostics": []}));
    assert_eq!(report["files"][1]["diagnostics"][0]["rule"], "not-a-workflow");
    assert_eq!(report["summary"]["errors"], 1);
}

#[test]
fn the_example_of_the_documentation_is_what_comes_out() {
    let page = std::fs::read_to_string(repository("docs/workflows.md")).unwrap();
    let blocks = |kind: &str| -> Vec<String> {
        let fence = format!("```{kind}\n");
        let starts = page.split(&fence).skip(1);
        starts.map(|rest| rest.split("```").next().unwrap().to_owned()).collect()
    };
    let ([saved, exported], [graph, preset]) = (&blocks("json")[..], &blocks("toml")[..]) else {
        panic!("the page has other examples");
    };
    let folder = Folder::with([("shrink.json", saved)]);
    wrote(&folder.wfc(&["import", "shrink.json"]), 1);
    wrote(&folder.wfc(&["import", "shrink.json", "--to", "toml", "--round"]), 2);
    for (name, shown) in
        [("shrink.workflow_api.json", exported), ("shrink.graph.toml", graph), ("shrink.toml", preset)]
    {
        assert_eq!(&String::from_utf8(folder.read(name)).unwrap(), shown, "{name}");
    }
    folder.wfc(&["build", "shrink.toml", "-o", "-"]).succeeded();
}
