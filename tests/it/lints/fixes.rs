//! Repairs: what they change, and what they leave alone.

use insta::assert_snapshot;
use proptest::prelude::*;
use serde_json::Value as Json;

use super::{PICTURE, QUIET, SAVED, rules_in, workflow};
use crate::support::Folder;

/// A workflow with a finding that is repaired and one that only a person can decide.
fn broken() -> String {
    let picture = r#""1": {"class_type": "EmptyImage", "inputs": {"width": "64", "height": 64.5, "batch_size": 1, "color": 0}}"#;
    workflow(&[picture, SAVED])
}

/// Repairs `w.json` and gives what is said; a second time nothing changes.
#[track_caller]
fn fixed(folder: &Folder, arguments: &[&str]) -> String {
    let arguments = [&["lint", "w.json", "--fix"], &QUIET[..], arguments].concat();
    let run = folder.wfc(&arguments);
    let text = folder.read("w.json");
    let again = folder.wfc(&arguments);
    assert_eq!(folder.read("w.json"), text, "a second repair changed the file");
    assert_eq!(again.stderr, "0 findings repaired\n");
    assert_eq!(again.stdout, run.stdout, "what is left differs");
    run.stderr + &run.stdout
}

#[test]
fn what_is_safe_is_repaired_and_the_rest_is_shown() {
    let folder = Folder::with([("w.json", &broken())]);
    assert_snapshot!(fixed(&folder, &[]), @r#"
    1 finding repaired
    warning[coerced-value]: `height` takes INT, and ComfyUI turns 64.5 into 64
       ╭─[w.json:2:69]
     1 │ {
     2 │ …yImage", "inputs": {"width": 64, "height": 64.5, "batch_size": 1, "color": 0}},
       ·                                             ────
     3 │ "2": {"class_type": "SaveImage", "inputs": {"images": ["1", 0], "filename_prefix": "x"}}
       ╰────
      node: `1` (EmptyImage), input `height`
      help: write 64
      fix: write 64 (--fix --unsafe)

    1 warning in 1 file
    "#);
    assert_eq!(String::from_utf8(folder.read("w.json")).unwrap(), broken().replace(r#""64""#, "64"));
}

#[test]
fn repairs_have_a_level_too() {
    let folder = Folder::with([("w.json", &broken())]);
    let run = folder.wfc(&["lint", "w.json", "--fix", "--allow", "coerced-value"]);
    assert_eq!((&*run.stderr, &*run.stdout), ("0 findings repaired\n", "no problems in 1 file\n"));
    let run = folder.wfc(&["lint", "w.json", "--fix", "--gate", "check"]);
    assert_eq!((&*run.stderr, &*run.stdout), ("0 findings repaired\n", "no problems in 1 file\n"));
    assert_eq!(folder.read("w.json"), broken().into_bytes());
    // What is repaired fails nothing.
    let folder = Folder::with([("w.json", &broken().replace("64.5", "64"))]);
    let run = folder.wfc(&["lint", "w.json", "--fix", "--deny", "coerced-value"]);
    assert_eq!((run.code, &*run.stderr), (Some(0), "1 finding repaired\n"));
}

#[test]
fn marks_and_line_breaks_of_windows_stay() {
    let text = format!("\u{feff}{}", broken().replace('\n', "\r\n"));
    let folder = Folder::with([("w.json", &text)]);
    fixed(&folder, &[]);
    assert_eq!(String::from_utf8(folder.read("w.json")).unwrap(), text.replace(r#""64""#, "64"));
}

#[test]
fn what_a_repair_brings_to_light_is_repaired_too() {
    let text = workflow(&[
        r#""3": {"class_type": "PrimitiveFloat", "inputs": {"value": "0.30000000000000004"}}"#,
        r#""4": {"class_type": "PreviewAny", "inputs": {"source": ["3", 0]}}"#,
    ]);
    let folder = Folder::with([("w.json", &text)]);
    assert_eq!(fixed(&folder, &[]), "2 findings repaired\nno problems in 1 file\n");
    let text = text.replace(r#""0.30000000000000004""#, "0.3");
    assert_eq!(String::from_utf8(folder.read("w.json")).unwrap(), text);
}

#[test]
fn a_value_of_a_subgraph_used_twice_is_repaired_once() {
    let text = r#"{"version": 0.4, "nodes": [
{"id": 1, "type": "11111111-1111-1111-1111-111111111111", "outputs": [{"name": "IMAGE", "type": "IMAGE", "links": [1]}]},
{"id": 2, "type": "11111111-1111-1111-1111-111111111111", "outputs": [{"name": "IMAGE", "type": "IMAGE", "links": [2]}]},
{"id": 3, "type": "PreviewImage", "inputs": [{"name": "images", "type": "IMAGE", "link": 1}]},
{"id": 4, "type": "PreviewImage", "inputs": [{"name": "images", "type": "IMAGE", "link": 2}]}
], "links": [[1, 1, 0, 3, 0, "IMAGE"], [2, 2, 0, 4, 0, "IMAGE"]], "definitions": {"subgraphs": [
{"id": "11111111-1111-1111-1111-111111111111", "name": "Grey", "inputs": [], "outputs": [{"name": "IMAGE", "type": "IMAGE", "linkIds": [9]}],
 "nodes": [{"id": 7, "type": "EmptyImage", "outputs": [{"name": "IMAGE", "type": "IMAGE", "links": [9]}], "widgets_values": ["64", 64, 1, 0]}],
 "links": [{"id": 9, "origin_id": 7, "origin_slot": 0, "target_id": -20, "target_slot": 0, "type": "IMAGE"}]}
]}}
"#;
    let folder = Folder::with([("w.json", text)]);
    let arguments = ["--allow", "repeated-node"];
    assert_eq!(rules_in(&folder, &arguments), ["coerced-value"; 2]);
    assert_eq!(fixed(&folder, &arguments).lines().last(), Some("no problems in 1 file"));
    assert_eq!(String::from_utf8(folder.read("w.json")).unwrap(), text.replace(r#""64""#, "64"));
}

#[test]
fn a_value_of_a_primitive_node_is_repaired_where_it_stands() {
    let text = r#"{"version": 0.4, "nodes": [
{"id": 1, "type": "EmptyImage", "inputs": [{"name": "width", "type": "INT", "link": 1, "widget": {"name": "width"}}, {"name": "height", "type": "INT", "link": 2, "widget": {"name": "height"}}],
 "outputs": [{"name": "IMAGE", "type": "IMAGE", "links": [3]}], "widgets_values": [64, 64, 1, 0]},
{"id": 2, "type": "PrimitiveNode", "outputs": [{"name": "INT", "type": "INT", "links": [1, 2], "widget": {"name": "width"}}], "widgets_values": ["32", "fixed"]},
{"id": 3, "type": "PreviewImage", "inputs": [{"name": "images", "type": "IMAGE", "link": 3}]}
], "links": [[1, 2, 0, 1, 0, "INT"], [2, 2, 0, 1, 1, "INT"], [3, 1, 0, 3, 0, "IMAGE"]]}
"#;
    let folder = Folder::with([("w.json", text)]);
    assert_eq!(rules_in(&folder, &[]), ["coerced-value"; 2]);
    assert_eq!(fixed(&folder, &[]).lines().last(), Some("no problems in 1 file"));
    assert_eq!(String::from_utf8(folder.read("w.json")).unwrap(), text.replace(r#""32""#, "32"));
}

#[test]
fn a_file_that_may_not_be_written_is_named_and_the_others_are_repaired() {
    let folder = Folder::with([("a.json", &broken()), ("b.json", &broken())]);
    let path = folder.path("a.json");
    let mut permissions = std::fs::metadata(&path).unwrap().permissions();
    permissions.set_readonly(true);
    std::fs::set_permissions(&path, permissions).unwrap();
    let run = folder.wfc(&["lint", ".", "--fix"]);
    assert_eq!((run.code, &*run.stderr), (Some(2), "1 finding repaired\n"));
    assert!(run.stdout.contains("error[unwritable-file]: no permission to write ./a.json"), "{}", run.stdout);
    assert_eq!(run.stdout.matches("coerced-value").count(), 3, "{}", run.stdout);
    assert_eq!(folder.read("a.json"), broken().into_bytes());
    assert_eq!(folder.read("b.json"), broken().replace(r#""64""#, "64").into_bytes());
}

#[test]
fn presets_and_broken_files_are_left_alone() {
    let preset = "graph = \"wan22-a14b\"\n[params]\nprompt = \"x\"\nsteps = 30\nlightning = true\n";
    let folder = Folder::with([("p.toml", preset), ("bad.json", "{\"1\": "), ("list.json", "[]")]);
    let run = folder.wfc(&["lint", "p.toml", "bad.json", "list.json", "--fix"]);
    assert_eq!((run.code, &*run.stderr), (Some(1), "0 findings repaired\n"));
    assert_eq!(folder.read("p.toml"), preset.as_bytes());
    assert_eq!(folder.read("bad.json"), b"{\"1\": ");
}

/// A value that is safe to repair, one that is not, or none to repair, as JSON.
fn any_value() -> impl Strategy<Value = String> {
    prop_oneof![
        (-9..99_i64).prop_map(|number| format!("\" {number} \"")),
        (1..999_u32).prop_map(|number| format!("\"{number}.5\"")),
        (1..999_u32).prop_map(|number| format!("\"{:?}\"", f64::from(number) * 0.1)),
        (1..999_u32).prop_map(|number| format!("{:?}", f64::from(number) * 0.1 + 1e-15 * f64::from(number))),
        prop::sample::select(vec![
            "\"True\"",
            "\"false\"",
            "\"\"",
            "null",
            "true",
            "7",
            "0.1",
            r#""1_000""#,
            "[]",
            "{}"
        ])
        .prop_map(str::to_owned),
        any::<f64>().prop_map(|number| serde_json::json!(number).to_string()),
    ]
}

fn any_workflow() -> impl Strategy<Value = String> {
    let class = prop::sample::select(vec![
        "PrimitiveInt",
        "PrimitiveFloat",
        "PrimitiveBoolean",
        "PrimitiveStringMultiline",
    ]);
    let file = prop::sample::select(vec![r"a\\b.safetensors", "a/b.safetensors", r"\\", r"é\\ü.pth"]);
    (prop::collection::vec((class, any_value()), 1..8), file).prop_map(|(nodes, file)| {
        let mut lines = vec![
            PICTURE.to_owned(),
            SAVED.to_owned(),
            format!(r#""vae": {{"class_type": "VAELoader", "inputs": {{"vae_name": "{file}"}}}}"#),
        ];
        for (number, (class, value)) in nodes.iter().enumerate() {
            lines
                .push(format!(r#""n{number}": {{"class_type": "{class}", "inputs": {{"value": {value}}}}}"#));
            lines.push(format!(
                r#""s{number}": {{"class_type": "PreviewAny", "inputs": {{"source": ["n{number}", 0]}}}}"#
            ));
        }
        workflow(&lines.iter().map(String::as_str).collect::<Vec<_>>())
    })
}

/// The findings of a workflow: those with a repair that is safe, and the others.
fn findings(folder: &Folder) -> (usize, Vec<Json>) {
    let run = folder.wfc(&["lint", "w.json", "--format", "json"]);
    let mut report: Json = serde_json::from_str(&run.stdout).unwrap();
    let found = report["files"][0]["diagnostics"].as_array_mut().unwrap();
    // Places move.
    let mut rest: Vec<Json> = found.iter().filter(|found| found["fix"]["safe"] != true).cloned().collect();
    for found in &mut rest {
        for places in ["span", "labels", "fix"] {
            found[places] = Json::Null;
        }
    }
    (found.len() - rest.len(), rest)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_safe_repair_removes_its_finding_and_no_other(workflow in any_workflow()) {
        let folder = Folder::with([("w.json", &workflow)]);
        let (safe, others) = findings(&folder);
        let run = folder.wfc(&["lint", "w.json", "--fix"]);
        let repaired: usize = run.stderr.split(' ').next().unwrap().parse().unwrap();
        prop_assert!(repaired >= safe && (repaired == 0) == (safe == 0), "{} of {}", repaired, safe);
        prop_assert_eq!(findings(&folder), (0, others));
        prop_assert!(serde_json::from_slice::<Json>(&folder.read("w.json")).is_ok());
        fixed(&folder, &[]);
    }
}

/// A graph whose two loaders have a file as only Windows writes it, in the graph and as a parameter.
const LOADERS: &str = r#"title = "Loaders"
stages = ["input"]

[params.file]
type = "string"
default = "c.safetensors"
doc = "The file."

[nodes.one]
class = "VAELoader"
inputs = { vae_name = { param = "file" } }   # the parameter

[nodes.two]
class = "VAELoader"
inputs = { vae_name = 'wan\b.safetensors' } # its own

[nodes.first]
class = "PreviewAny"
inputs = { source = { node = "one" } }

[nodes.second]
class = "PreviewAny"
inputs = { source = { node = "two" } }
"#;

#[test]
fn presets_and_graphs_are_repaired_where_the_value_stands_and_keep_all_else() {
    let preset = "graph = \"g.toml\"\r\n\r\n[params]\r\nfile = 'a\\c.safetensors'   # mine\r\n";
    let folder = Folder::with([("g.toml", LOADERS), ("p.toml", preset)]);
    // The graph is not given, so it stays.
    let run = folder.wfc(&["lint", "p.toml", "--fix"]);
    assert_eq!(run.stderr, "1 finding repaired\n", "{}", run.stdout);
    assert_eq!(folder.read("g.toml"), LOADERS.as_bytes());
    let expected = preset.replace(r"'a\c.safetensors'", "\"a/c.safetensors\"");
    assert_eq!(String::from_utf8(folder.read("p.toml")).unwrap(), expected);
    let run = folder.wfc(&["lint", "p.toml", "g.toml", "--fix"]);
    assert_eq!((&*run.stderr, &*run.stdout), ("1 finding repaired\n", "no problems in 2 files\n"));
    let expected = LOADERS.replace(r"'wan\b.safetensors'", "\"wan/b.safetensors\"");
    assert_eq!(String::from_utf8(folder.read("g.toml")).unwrap(), expected);
}

#[test]
fn every_combination_of_a_matrix_is_looked_at_and_repaired() {
    let preset = "graph = \"g.toml\"\n[matrix]\nfile = ['a/x.pth', 'a\\y.pth', 'a\\z.pth']\n";
    let folder = Folder::with([("g.toml", &*LOADERS.replace('\\', "/")), ("p.toml", preset)]);
    let run = folder.wfc(&["lint", "p.toml", "--fix"]);
    assert_eq!((&*run.stderr, &*run.stdout), ("2 findings repaired\n", "no problems in 1 file\n"));
    let expected = preset.replace(r"'a\y.pth', 'a\z.pth'", "\"a/y.pth\", \"a/z.pth\"");
    assert_eq!(String::from_utf8(folder.read("p.toml")).unwrap(), expected);
}

#[test]
fn a_default_of_a_graph_is_not_repaired_at_the_place_where_it_is_used() {
    let graph = LOADERS.replace("c.safetensors", r"d\\c.safetensors").replace(r"wan\b", "wan/b");
    let folder = Folder::with([("g.toml", &*graph)]);
    let run = folder.wfc(&["lint", "g.toml", "--fix"]);
    assert_eq!(run.stderr, "0 findings repaired\n");
    assert!(run.stdout.contains("warning[windows-separator]"), "{}", run.stdout);
    assert_eq!(folder.read("g.toml"), graph.as_bytes());
}

#[test]
fn a_diff_shows_what_would_change_and_changes_nothing() {
    let preset = "graph = \"g.toml\"\n[params]\nfile = 'a\\c.safetensors'\n";
    let folder = Folder::with([("g.toml", LOADERS), ("p.toml", preset), ("w.json", &broken())]);
    let before = ["g.toml", "p.toml", "w.json"].map(|name| folder.read(name));
    let run = folder.wfc(&["lint", ".", "--diff"]);
    assert_eq!((run.code, &*run.stderr), (Some(1), "3 findings would be repaired\n"));
    assert_snapshot!(run.stdout.replace(" \n", "\n"), @r#"
    --- a/g.toml
    +++ b/g.toml
    @@ -12,7 +12,7 @@

     [nodes.two]
     class = "VAELoader"
    -inputs = { vae_name = 'wan\b.safetensors' } # its own
    +inputs = { vae_name = "wan/b.safetensors" } # its own

     [nodes.first]
     class = "PreviewAny"
    --- a/p.toml
    +++ b/p.toml
    @@ -1,3 +1,3 @@
     graph = "g.toml"
     [params]
    -file = 'a\c.safetensors'
    +file = "a/c.safetensors"
    --- a/w.json
    +++ b/w.json
    @@ -1,4 +1,4 @@
     {
    -"1": {"class_type": "EmptyImage", "inputs": {"width": "64", "height": 64.5, "batch_size": 1, "color": 0}},
    +"1": {"class_type": "EmptyImage", "inputs": {"width": 64, "height": 64.5, "batch_size": 1, "color": 0}},
     "2": {"class_type": "SaveImage", "inputs": {"images": ["1", 0], "filename_prefix": "x"}}
     }
    "#);
    assert_eq!(["g.toml", "p.toml", "w.json"].map(|name| folder.read(name)), before);
    let clean = Folder::with([("g.toml", &*LOADERS.replace('\\', "/"))]);
    let run = clean.wfc(&["lint", ".", "--diff"]);
    assert_eq!((run.code, &*run.stdout, &*run.stderr), (Some(0), "", "0 findings would be repaired\n"));
}

#[test]
fn what_may_change_the_meaning_is_repaired_only_if_that_is_said() {
    let nodes = [
        r#""1": {"class_type": "WanVideoModelLoader", "inputs": {"model": "x.safetensors", "base_precision": "bf16", "quantization": "disabled", "load_device": "offload_device"}}"#,
        r#""2": {"class_type": "WanVideoEmptyEmbeds", "inputs": {"width": 832, "height": 480, "num_frames": 81}}"#,
        r#""3": {"class_type": "WanVideoSampler", "inputs": {"model": ["1", 0], "image_embeds": ["2", 0], "steps": 30, "cfg": 6.0, "shift": 5.0, "seed": 1, "force_offload": true, "scheduler": "unipc", "riflex_freq_index": 0, "batched_cfg": true}}"#,
        r#""4": {"class_type": "SaveLatent", "inputs": {"samples": ["3", 0], "filename_prefix": "x"}}"#,
    ];
    let folder = Folder::with([("w.json", &workflow(&nodes))]);
    let run = folder.wfc(&["lint", "w.json", "--fix"]);
    assert_eq!(run.stderr, "0 findings repaired\n");
    assert!(run.stdout.contains("fix: write false (--fix --unsafe)"), "{}", run.stdout);
    let run = folder.wfc(&["lint", "w.json", "--fix", "--unsafe"]);
    assert_eq!(run.stderr, "1 finding repaired\n");
    assert!(String::from_utf8(folder.read("w.json")).unwrap().contains(r#""batched_cfg": false"#));
    let run = folder.wfc(&["lint", "w.json", "--unsafe"]);
    assert_eq!((run.code, &*run.stdout), (Some(2), ""));
}
