//! `wfc build --to ui` and `wfc import --to ui`.

use insta::assert_snapshot;
use serde_json::{Value as Json, json};

use super::differences;
use crate::support::{Folder, PICTURE, repository, toml_files};

#[test]
fn every_preset_comes_back_from_the_editors_format() {
    let folder = Folder::new();
    let presets = repository("presets");
    let presets = presets.to_str().unwrap();
    folder.wfc(&["build", "--to", "ui", presets, "-o", "editor"]).succeeded();
    folder.wfc(&["build", "--to", "ui", presets, "-o", "editor", "--check"]).succeeded();
    let run = folder.wfc(&["import", "editor", "-o", "back"]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    let mut count = 0;
    for name in folder.names() {
        let Some(stem) = name.strip_prefix("editor/").and_then(|name| name.strip_suffix(".workflow.json"))
        else {
            continue;
        };
        count += 1;
        let file = format!("{stem}.workflow_api.json");
        let committed = std::fs::read(repository("presets").join(&file)).unwrap();
        let committed: Json = serde_json::from_slice(&committed).unwrap();
        let found = differences(&committed, &folder.json(&format!("back/{file}")));
        assert!(found.is_empty(), "{stem}:\n{}", found.join("\n"));
    }
    assert!(count >= toml_files("presets").len(), "{count} workflows");
}

const PRESET: &str = "graph = \"picture.graph.toml\"\n[params]\nwidth = 128\n";

fn picture(preset: &str) -> Folder {
    Folder::with([("picture.graph.toml", PICTURE), ("picture.toml", preset)])
}

#[test]
fn a_preset_for_the_editor() {
    let folder = picture(PRESET);
    let run = folder.wfc(&["build", "picture.toml", "--format", "ui"]).succeeded();
    assert_snapshot!(run.stdout, @"picture.workflow.json (2 nodes)");
    assert_snapshot!(String::from_utf8(folder.read("picture.workflow.json")).unwrap(), @r##"
{
  "revision": 0,
  "last_node_id": 2,
  "last_link_id": 1,
  "nodes": [
    {"id":1,"type":"EmptyImage","pos":[70,150],"size":[240,130],"flags":{},"order":0,"mode":0,"inputs":[{"name":"width","type":"INT","widget":{"name":"width"},"link":null},{"name":"height","type":"INT","widget":{"name":"height"},"link":null},{"name":"batch_size","type":"INT","widget":{"name":"batch_size"},"link":null},{"name":"color","type":"INT","widget":{"name":"color"},"link":null}],"outputs":[{"name":"IMAGE","type":"IMAGE","slot_index":0,"links":[1]}],"properties":{"Node name for S&R":"EmptyImage","cnr_id":"comfy-core","ver":"0.27.0","wfc_key":"empty"},"widgets_values":[128,64,1,0],"color":"#332922","bgcolor":"#593930"},
    {"id":2,"type":"SaveImage","pos":[502,150],"size":[240,320],"flags":{},"order":1,"mode":0,"inputs":[{"name":"images","type":"IMAGE","link":1},{"name":"filename_prefix","type":"STRING","widget":{"name":"filename_prefix"},"link":null}],"outputs":[{"name":"images","type":"IMAGE","slot_index":0,"links":null}],"properties":{"Node name for S&R":"SaveImage","cnr_id":"comfy-core","ver":"0.27.0","wfc_key":"save"},"widgets_values":["picture"],"color":"#232","bgcolor":"#353"}
  ],
  "links": [
    [1,1,0,2,0,"IMAGE"]
  ],
  "groups": [
    {"id":1,"title":"make","bounding":[40,40,300,460],"color":"#b06634","font_size":24,"flags":{}},
    {"id":2,"title":"save","bounding":[472,40,300,460],"color":"#8A8","font_size":24,"flags":{}}
  ],
  "config": {},
  "extra": {},
  "version": 0.4
}
"##);
    let printed = folder.workflow("picture.toml", &["--to", "ui"]);
    assert_eq!(printed, folder.json("picture.workflow.json"));
    // It stands beside the others and touches none of them.
    folder.wfc(&["build", "picture.toml"]).succeeded();
    let names = ["picture.graph.toml", "picture.toml", "picture.wfc.json", "picture.workflow.json"];
    assert_eq!(folder.names(), [&names[..], &["picture.workflow_api.json"]].concat());
}

#[test]
fn what_is_on_disk_is_compared() {
    let folder = picture(PRESET);
    folder.wfc(&["build", "picture.toml", "--to", "ui"]).succeeded();
    folder.wfc(&["build", "picture.toml", "--to", "ui", "--check"]).succeeded();
    folder.write("picture.toml", PRESET.replace("128", "256"));
    let said = folder.wfc(&["build", "picture.toml", "--to", "ui", "--check"]).findings();
    assert!(said.contains("picture.workflow.json is not what the preset gives now"), "{said}");
}

#[test]
fn a_matrix_gives_a_file_for_each_combination() {
    let folder = picture(&format!("{PRESET}[matrix]\nname = [\"a\", \"b\"]\n"));
    folder.wfc(&["build", "picture.toml", "--to", "ui"]).succeeded();
    let names = folder.names();
    let made: Vec<&String> = names.iter().filter(|name| name.contains(".json")).collect();
    assert_eq!(made, ["picture-1.workflow.json", "picture-2.workflow.json"]);
    let lines = folder.workflows("picture.toml", &["--to", "ui"]);
    assert_eq!(lines[1], folder.json("picture-2.workflow.json"));
}

#[test]
fn numbers_as_ids_are_refused() {
    let folder = picture(PRESET);
    let said = folder.wfc(&["build", "picture.toml", "--to", "ui", "--ids", "numeric"]).failed();
    assert_snapshot!(said, @"wfc: --ids numeric does not go with --to ui: the editor numbers nodes itself, and their names are kept beside");
}

#[test]
fn a_workflow_in_api_format_for_the_editor() {
    let workflow = json!({
        "92:1": {"class_type": "LoadImage", "inputs": {"image": "cat.png"}},
        "7": {"class_type": "PreviewImage", "inputs": {"images": ["92:1", 0]}},
    });
    let folder = Folder::new();
    folder.write("cat.json", workflow.to_string());
    let run = folder.wfc(&["import", "cat.json", "--to", "ui"]);
    assert_eq!((run.code, &*run.stderr), (Some(0), "1 file written\n"));
    let written = folder.json("cat.workflow.json");
    assert_eq!((&written["nodes"][0]["id"], &written["nodes"][1]["id"]), (&json!(1), &json!(7)));
    let run = folder.wfc(&["import", "cat.workflow.json", "-o", "back.json"]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    let found = differences(&workflow, &folder.json("back.json"));
    assert!(found.is_empty(), "{found:#?}");
    // The file that is read is never written.
    let said = folder.wfc(&["import", "cat.workflow.json", "--to", "ui", "--force"]);
    assert!(said.stderr.contains("is the file that is read"), "{}", said.stderr);
}

#[test]
fn what_has_no_place_in_the_editor_is_said() {
    let workflow = json!({
        "text": {"class_type": "PreviewAny", "inputs": {"source": "a text"}},
        "odd": {"class_type": "Nobody's", "inputs": {"value": 1, "text": ["text", 0]}},
        "prompt": {"class_type": "CLIPTextEncode", "inputs": {"text": "a \\{ b", "clip": ["odd", 0]}},
    });
    let folder = Folder::new();
    folder.write("odd.json", workflow.to_string());
    let run = folder.wfc(&["import", "odd.json", "--to", "ui"]);
    assert_snapshot!(run.stderr, @r#"
warning[not-in-editor]: `source` of text (PreviewAny) has no place in the editor, and is not in the file
   ╭─[odd.json:1:55]
 1 │ …ss_type":"PreviewAny","inputs":{"source":"a text"}},"odd":{"class_type":"Nobody's","inputs…
   ·                                           ────────
   ╰────
  node: `text` (PreviewAny), input `source`
  help: the editor has a socket there and no widget: link a node that gives the value

error[unknown-class]: there is no node class `Nobody's`
   ╭─[odd.json:1:66]
 1 │ …PreviewAny","inputs":{"source":"a text"}},"odd":{"class_type":"Nobody's","inputs":{"value…
   ·                                            ─────
   ╰────
  node: `odd` (Nobody's)
  help: no node pack of this catalog has it: install the pack, or use a catalog that knows it; its links are written, and its values are left out

warning[not-in-editor]: the editor will send `text` of prompt (CLIPTextEncode) without some of its backslashes
   ╭─[odd.json:1:194]
 1 │ …type":"CLIPTextEncode","inputs":{"text":"a \\{ b","clip":["odd",0]}}}
   ·                                          ─────────
   ╰────
  node: `prompt` (CLIPTextEncode), input `text`
  help: the editor takes a backslash before a brace or at the end for an escape; write the text without it

1 error, 2 warnings in 1 file
1 file written
"#);
    assert_eq!(run.code, Some(1));
    // What can be written is written, links of unknown classes too.
    let written = folder.json("odd.workflow.json");
    assert_eq!(written["nodes"][1]["inputs"][0]["link"], 1);
}
