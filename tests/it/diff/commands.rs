//! What users see of `wfc diff`.

use serde_json::{Value, json};

use crate::support::{Folder, PICTURE, repository};

/// A graph in which Uni3C is a switch.
pub(crate) fn demonstration_graph() -> String {
    let graph = std::fs::read_to_string(repository("graphs/scail-uni3c-wan21.toml")).unwrap();
    let mut graph = graph.replacen(
        "[params.reference]",
        "[params.camera]\ntype = \"bool\"\ndefault = false\ndoc = \"Follow the camera.\"\n\n[params.reference]",
        1,
    );
    for node in ["uni3c_model", "render_latent", "uni3c"] {
        let head = format!("[nodes.{node}]\n");
        assert!(graph.contains(&head), "{node}");
        graph = graph.replace(&head, &format!("{head}when = \"camera\"\n"));
    }
    graph
}

/// A preset of it.
pub(crate) fn demonstration_preset(graph: &str, models: &str, values: &str, colour: &str) -> String {
    format!(
        "graph = \"{graph}\"\n{models}[params]\nreference = \"a.png\"\ndriving = \"a.mp4\"\nprompt = \"a woman in a \
         {colour} coat dances on a roof at dusk, film grain, 35 mm\"\n{values}[target]\ngpu = \"rtx-5090\"\n"
    )
}

/// A preset that changes cfg and the prompt, swaps the model, and puts Uni3C in: `before.toml` and `after.toml`, with one
/// graph file.
fn demonstration() -> Folder {
    let preset = |models, values, colour| demonstration_preset("./dance.graph.toml", models, values, colour);
    let folder = Folder::with([("dance.graph.toml", &*demonstration_graph())]);
    folder.write("before.toml", preset("", "", "red"));
    let models = "[models]\nscail = \"scail-14b-fp8\"\n";
    folder.write("after.toml", preset(models, "cfg = 3.0\ncamera = true\n", "blue"));
    folder
}

/// Compares a text with a file of this repository; `WFC_UPDATE_DIFFS=1` writes it anew.
#[track_caller]
pub(crate) fn is_committed(name: &str, text: &str) {
    let path = repository(&format!("tests/it/{name}"));
    if std::env::var_os("WFC_UPDATE_DIFFS").is_some() {
        std::fs::write(&path, text).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(committed == text, "tests/it/{name} is not what is printed:\n{text}");
}

#[test]
fn the_demonstration_reads_as_committed() {
    let folder = demonstration();
    for (format, name) in [("human", "demonstration.txt"), ("markdown", "demonstration.md")] {
        let run = folder.wfc(&["diff", "before.toml", "after.toml", "--format", format]);
        assert_eq!((run.code, &*run.stderr), (Some(1), ""));
        is_committed(&format!("diff/{name}"), &run.stdout);
    }
    let run = folder.wfc(&["diff", "before.toml", "after.toml", "--format", "json"]);
    let diff: Value = serde_json::from_str(&run.stdout).unwrap();
    let schema = std::fs::read_to_string(repository("schemas/diff.schema.json")).unwrap();
    let schema: Value = serde_json::from_str(&schema).unwrap();
    jsonschema::validate(&schema, &diff).unwrap();
    let changes = diff["changes"].as_array().unwrap();
    let of = |kind: &str| changes.iter().filter(|change| change["change"] == kind).collect::<Vec<_>>();
    assert_eq!(of("model").len(), 1);
    let added: Vec<&Value> = of("added").iter().map(|change| &change["node"]["new"]).collect();
    assert_eq!(added, ["uni3c_model", "render_latent", "uni3c"]);
    let cfg = of("parameter").into_iter().find(|change| change["param"] == "cfg").unwrap();
    assert_eq!((&cfg["old"], &cfg["new"], &cfg["direction"]), (&json!(1.0), &json!(3.0), &json!("up")));
}

#[test]
fn a_preset_is_the_workflow_that_it_compiles_to() {
    let folder = Folder::new();
    for preset in ["scail-uni3c-wan22", "ltx2-t2v", "z-image-turbo"] {
        let path = |end: &str| repository(&format!("presets/{preset}.{end}")).to_string_lossy().into_owned();
        let run = folder.wfc(&["diff", &path("toml"), &path("workflow_api.json")]).succeeded();
        assert_eq!(run.stdout.lines().nth(1), Some("the same workflow"), "{}", run.stdout);
        assert_eq!(run.stdout.lines().count(), 2, "{}", run.stdout);
    }
}

const API: &str = r#"{
  "3": {"class_type": "EmptyImage", "inputs": {"width": 64, "height": 64, "batch_size": 1, "color": 0}},
  "7": {"class_type": "SaveImage", "inputs": {"images": ["3", 0], "filename_prefix": "x"}}
}"#;

#[test]
fn other_ids_are_no_change_and_are_said_in_one_line() {
    let renumbered = API.replace("\"3\"", "\"70\"").replace("\"7\"", "\"3\"");
    let folder = Folder::with([("a.json", API), ("b.json", &renumbered)]);
    insta::assert_snapshot!(folder.wfc(&["diff", "a.json", "b.json"]).succeeded().stdout, @"
    a.json → b.json
    the same workflow
    2 nodes have other ids; nothing of that changes what runs
    ");
}

#[test]
fn numbers_that_the_class_reads_alike_are_no_change() {
    let api = |cfg: &str| {
        format!(
            r#"{{"1": {{"class_type": "FluxGuidance", "inputs": {{"guidance": {cfg}}}}},
                "2": {{"class_type": "SaveImage", "inputs": {{"images": ["1", 0], "filename_prefix": "x"}}}}}}"#
        )
    };
    let folder = Folder::with([("a.json", &*api("4")), ("b.json", &*api("4.0")), ("c.json", &*api("5"))]);
    folder.wfc(&["diff", "a.json", "b.json"]).succeeded();
    assert_eq!(folder.wfc(&["diff", "a.json", "c.json"]).code, Some(1));
}

fn ui(x: i32, width: i32, version: &str) -> String {
    json!({
        "version": version.parse::<f64>().unwrap(),
        "nodes": [
            {"id": 3, "type": "EmptyImage", "pos": [x, 10], "size": [210, 80], "mode": 0, "inputs": [],
             "outputs": [{"name": "IMAGE", "type": "IMAGE", "links": [1]}], "widgets_values": [width, 64, 1, 0]},
            {"id": 7, "type": "SaveImage", "pos": [x + 300, 10], "size": [210, 80], "mode": 0,
             "inputs": [{"name": "images", "type": "IMAGE", "link": 1}], "outputs": [], "widgets_values": ["x"]},
            {"id": 8, "type": "Note", "pos": [0, 0], "size": [210, 80], "widgets_values": [format!("at {x}")]}
        ],
        "links": [[1, 3, 0, 7, 0, "IMAGE"]],
        "groups": [{"title": "all", "bounding": [x, 0, 600, 200]}]
    })
    .to_string()
}

#[test]
fn layout_of_the_editor_is_one_line() {
    let folder = Folder::with([("a.json", &*ui(10, 64, "0.4")), ("b.json", &*ui(500, 64, "0.4"))]);
    insta::assert_snapshot!(folder.wfc(&["diff", "a.json", "b.json"]).succeeded().stdout, @"
    a.json → b.json
    the same workflow
    2 nodes moved, 1 frame changed, 1 note changed; nothing of that changes what runs
    ");
    folder.write("api.json", API);
    assert_eq!(folder.wfc(&["diff", "a.json", "api.json"]).succeeded().stdout.lines().count(), 2);
    folder.write("c.json", ui(500, 128, "7"));
    let run = folder.wfc(&["diff", "a.json", "c.json"]);
    assert_eq!(run.code, Some(1));
    insta::assert_snapshot!(format!("{}{}", run.stderr, run.stdout), @"
    note: c.json is of version 7.0 of the editor's format; wfc knows 0.4 and 1, and what is new since may be missing here
    a.json → c.json
    1 value changed
    2 nodes moved, 1 frame changed, 1 note changed; nothing of that changes what runs

    Parameters
      EmptyImage 3.width  64 → 128  ↑ ×2
    ");
}

#[test]
fn what_breaks_callers_is_said() {
    let graph = |max: u32, rest: &str| {
        PICTURE
            .replace("max = 4096", &format!("max = {max}"))
            .replace("[params.name]", &format!("{rest}[params.name]"))
    };
    let depth = "[params.depth]\ntype = \"int\"\ndefault = 1\nmin = 1\nmax = 9\ndoc = \"Pictures.\"\n\n";
    let folder = Folder::with([
        (
            "old.graph.toml",
            &*graph(4096, depth).replace("batch_size = 1", "batch_size = { param = \"depth\" }"),
        ),
        ("new.graph.toml", &*graph(2048, "").replace("nodes.save]", "nodes.saved]")),
        ("old.toml", "graph = \"./old.graph.toml\"\n"),
        ("new.toml", "graph = \"./new.graph.toml\"\n"),
    ]);
    let run = folder.wfc(&["diff", "old.toml", "new.toml"]);
    insta::assert_snapshot!(run.stdout, @"
    old.toml → new.toml
    the same workflow
    1 node has another id; nothing of that changes what runs

    Interface (! breaks callers)
      ! width: the most it takes: 4096 → 2048
      ! depth: it is gone: a request that sets it is refused
      ! name: it stands elsewhere in the workflow: whoever writes it there without the manifest misses it
      ! save: no output node has this id any more
        saved: a new output node
    ");
    // A node with another name is the same node, but callers that name it have to know.
    assert_eq!(run.code, Some(1));
}

#[test]
fn findings_are_new_or_gone() {
    let folder =
        Folder::with([("a.json", API), ("b.json", &*API.replace("\"width\": 64", "\"width\": \"wide\""))]);
    let run = folder.wfc(&["diff", "a.json", "b.json"]);
    assert_eq!(run.code, Some(1));
    insta::assert_snapshot!(run.stdout, @r#"
    a.json → b.json
    1 value changed

    Parameters
      EmptyImage 3.width  64 → "wide"

    Findings
      + error[invalid-input-type] 3.width: `width` takes a whole number, and "wide" is not one
    "#);
    let back = folder.wfc(&["diff", "b.json", "a.json"]).stdout;
    assert!(back.contains("\n  - error["), "{back}");
}

#[test]
fn one_side_that_is_broken_does_not_hide_the_other() {
    let folder = Folder::with([
        ("good.toml", "graph = \"z-image-turbo\"\n[params]\nprompt = \"a fox\"\n"),
        ("bad.toml", "graph = \"z-image-turbo\"\n[params]\nprompt = 7\nsteps = \"many\"\n"),
        ("cut.json", "{\"1\": {\"class_type\": "),
        ("video.json", "\u{0}\u{1}\u{2}"),
        ("empty.json", "{}"),
    ]);
    let run = folder.wfc(&["diff", "good.toml", "bad.toml"]).failed();
    insta::assert_snapshot!(run, @r#"
    error[wrong-type]: `prompt` takes a string, found an integer
       ╭─[bad.toml:3:10]
     2 │ [params]
     3 │ prompt = 7
       ·          ─
     4 │ steps = "many"
       ╰────
      help: `prompt` (string): What the image shows.

    error[wrong-type]: `steps` takes an integer, found a string
       ╭─[bad.toml:4:9]
     3 │ prompt = 7
     4 │ steps = "many"
       ·         ──────
       ╰────
      help: `steps` (int, steps, 1 to 100): Sampling steps; the model is distilled for 8. The 9 steps of diffusers are these 8.

    2 errors in 1 file
    old: good.toml can be read: a preset with 10 nodes, 0 errors, 0 other findings
    new: bad.toml cannot be compared
    "#);
    for (name, said) in [
        ("cut.json", "json-syntax"),
        ("video.json", "json-syntax"),
        ("empty.json", "there is no node in it"),
        ("nothing.json", "no such file: nothing.json"),
        (".", "is a folder"),
    ] {
        let run = folder.wfc(&["diff", "good.toml", name]).failed();
        assert!(run.contains(said), "{name}: {run}");
    }
    folder.write("bytes.json", [0xff, 0xfe, 0x00]);
    assert!(folder.wfc(&["diff", "bytes.json", "good.toml"]).failed().contains("not UTF-8"));
    folder.write("plain.png", b"\x89PNG\r\n\x1a\nrest of it");
    folder.wfc(&["diff", "plain.png", "good.toml"]).failed();
}

#[test]
fn unrelated_workflows_differ_and_nothing_else_happens() {
    let folder = Folder::with([("a.json", API)]);
    let other = repository("presets/z-image-turbo.workflow_api.json");
    let run = folder.wfc(&["diff", "a.json", &other.to_string_lossy()]);
    assert_eq!(run.code, Some(1));
    assert!(run.stdout.contains("nodes added"), "{}", run.stdout);
}

#[test]
fn a_machine_that_does_not_exist_is_refused() {
    let folder = Folder::with([("a.json", API)]);
    let said = folder.wfc(&["diff", "a.json", "a.json", "--gpu", "rtx-509"]).failed();
    assert!(said.contains("did you mean `rtx-5090`?"), "{said}");
}
