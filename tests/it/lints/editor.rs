//! Rules about workflows that the editor saved.

use insta::assert_snapshot;
use serde_json::{Value as Json, json};

use super::{linted, rules_in};
use crate::support::Folder;

/// A workflow of the editor with these nodes, one a line.
fn saved(nodes: &[&str], links: &Json) -> String {
    format!("{{\"version\": 0.4, \"nodes\": [\n{}\n], \"links\": {links}}}\n", nodes.join(",\n"))
}

/// A picture that is saved under this name.
fn saved_as(name: &str) -> String {
    saved(
        &[
            r#"{"id": 1, "type": "EmptyImage", "widgets_values": [64, 64, 1, 0]}"#,
            &format!(
                r#"{{"id": 2, "type": "SaveImage", "inputs": [{{"name": "images", "type": "IMAGE", "link": 1}}], "widgets_values": ["{name}"]}}"#
            ),
        ],
        &json!([[1, 1, 0, 2, 0, "IMAGE"]]),
    )
}

fn folder(text: &str) -> Folder {
    Folder::with([("w.json", text)])
}

#[test]
fn values_of_another_version_of_a_class() {
    let noise = |values: &str| {
        let nodes = [
            format!(
                r#"{{"id": 1, "type": "ImageScale", "inputs": [{{"name": "image", "type": "IMAGE", "link": 1}}], "widgets_values": {values}}}"#
            ),
            r#"{"id": 2, "type": "EmptyImage", "widgets_values": [64, 64, 1, 0]}"#.to_owned(),
            r#"{"id": 3, "type": "PreviewImage", "inputs": [{"name": "images", "type": "IMAGE", "link": 2}]}"#
                .to_owned(),
        ];
        let nodes: Vec<&str> = nodes.iter().map(String::as_str).collect();
        saved(&nodes, &json!([[1, 2, 0, 1, 0, "IMAGE"], [2, 1, 0, 3, 0, "IMAGE"]]))
    };
    assert_snapshot!(linted(&folder(&noise(r#"["bicubic", 512, 512]"#)), &[]), @r#"
    warning[widget-count-mismatch]: node 1 (ImageScale) has 3 widget values in the file, but its class has 4
       ╭─[w.json:2:110]
     1 │ {"version": 0.4, "nodes": [
     2 │ …", "link": 1}], "widgets_values": ["bicubic", 512, 512]},
       ·                                    ─────────────────────
     3 │ {"id": 2, "type": "EmptyImage", "widgets_values": [64, 64, 1, 0]},
       ╰────
      node: `1` (ImageScale)
      help: the class has new inputs, which take their defaults; values go by position, so check that they fit

    1 warning in 1 file
    "#);
    assert_snapshot!(linted(&folder(&noise(r#"["bicubic", 512, 512, "center", 7]"#)), &[]), @r#"
    warning[widget-count-mismatch]: node 1 (ImageScale) has 5 widget values in the file, but its class has 4
       ╭─[w.json:2:110]
     1 │ {"version": 0.4, "nodes": [
     2 │ …nk": 1}], "widgets_values": ["bicubic", 512, 512, "center", 7]},
       ·                              ──────────────────────────────────
     3 │ {"id": 2, "type": "EmptyImage", "widgets_values": [64, 64, 1, 0]},
       ╰────
      node: `1` (ImageScale)
      help: the class has lost inputs; values go by position, so check that they fit

    1 warning in 1 file
    "#);
    for fine in [r#"["bicubic", 512, 512, "center"]"#, r#"["bicubic", 512, 512, "center", "", null]"#] {
        assert_eq!(rules_in(&folder(&noise(fine)), &[]), [""; 0], "{fine}");
    }
}

#[test]
fn a_date_that_only_the_editor_fills_in() {
    assert_snapshot!(linted(&folder(&saved_as("day/%date:yyyy-MM-dd%/x")), &[]), @r#"
    warning[date-in-file-name]: `filename_prefix` has a date, which only the editor fills in
       ╭─[w.json:3:111]
     2 │ {"id": 1, "type": "EmptyImage", "widgets_values": [64, 64, 1, 0]},
     3 │ …"link": 1}], "widgets_values": ["day/%date:yyyy-MM-dd%/x"]}
       ·                                  ─────────────────────────
     4 │ ], "links": [[1,1,0,2,0,"IMAGE"]]}
       ╰────
      node: `2` (SaveImage)
      help: the server writes it as it stands; write a name without it

    1 warning in 1 file
    "#);
    for fine in ["x_%EmptyImage.width%", "100%", "%year%"] {
        assert_eq!(rules_in(&folder(&saved_as(fine)), &[]), [""; 0], "{fine}");
    }
}

#[test]
fn a_choice_that_the_editor_makes_at_random() {
    let prompt = |text: &str| {
        saved(
            &[
                r#"{"id": 1, "type": "CLIPLoader", "widgets_values": ["own.safetensors", "wan", "default"]}"#,
                &format!(
                    r#"{{"id": 2, "type": "CLIPTextEncode", "inputs": [{{"name": "clip", "type": "CLIP", "link": 1}}], "widgets_values": ["{text}"]}}"#
                ),
                r#"{"id": 3, "type": "PreviewAny", "inputs": [{"name": "source", "type": "*", "link": 2}]}"#,
            ],
            &json!([[1, 1, 0, 2, 0, "CLIP"], [2, 2, 0, 3, 0, "CONDITIONING"]]),
        )
    };
    assert_snapshot!(linted(&folder(&prompt("a {red|blue} fox")), &[]), @r#"
    warning[dynamic-prompt]: the first of the choices in `text` is taken
       ╭─[w.json:3:113]
     2 │ {"id": 1, "type": "CLIPLoader", "widgets_values": ["own.safetensors", "wan", "default"]},
     3 │ …P", "link": 1}], "widgets_values": ["a {red|blue} fox"]},
       ·                                      ──────────────────
     4 │ {"id": 3, "type": "PreviewAny", "inputs": [{"name": "source", "type": "*", "link": 2}]}
       ╰────
      node: `2` (CLIPTextEncode)
      help: write the one that is meant; the editor takes one at random each time

    1 warning in 1 file
    "#);
    for fine in ["a {red} fox", r"a \\{red\\|blue\\} fox", "a | b"] {
        assert_eq!(rules_in(&folder(&prompt(fine)), &[]), [""; 0], "{fine}");
    }
}

#[test]
fn a_picture_that_only_the_editor_takes() {
    let text = saved(
        &[
            r#"{"id": 1, "type": "Load3D", "widgets_values": ["none", "upload", "extra", "clear", "", 512, 512]}"#,
            r#"{"id": 2, "type": "PreviewImage", "inputs": [{"name": "images", "type": "IMAGE", "link": 1}]}"#,
        ],
        &json!([[1, 1, 0, 2, 0, "IMAGE"]]),
    );
    assert_snapshot!(linted(&folder(&text), &[]), @r#"
    warning[made-in-editor]: `image` is made by the editor as it sends the workflow
       ╭─[w.json:2:84]
     1 │ {"version": 0.4, "nodes": [
     2 │ …lues": ["none", "upload", "extra", "clear", "", 512, 512]},
       ·                                              ──
     3 │ {"id": 2, "type": "PreviewImage", "inputs": […
       ╰────
      node: `1` (Load3D)
      help: the saved value is kept; export from the editor if it must be made anew

    1 warning in 1 file
    "#);
}

#[test]
fn other_rules_look_at_what_the_editor_would_export() {
    let text = saved(
        &[
            r#"{"id": 1, "type": "EmptyImage", "widgets_values": ["64", 64, 1, 0]}"#,
            r#"{"id": 2, "type": "SaveImage", "inputs": [{"name": "images", "type": "IMAGE", "link": 1}], "widgets_values": ["x"]}"#,
            r#"{"id": 3, "type": "EmptyImage", "mode": 2, "widgets_values": ["64", 64, 1, 0]}"#,
            r#"{"id": 4, "type": "Note", "widgets_values": ["64"]}"#,
        ],
        &json!([[1, 1, 0, 2, 0, "IMAGE"]]),
    );
    assert_snapshot!(linted(&folder(&text), &[]), @r#"
    warning[coerced-value]: `width` takes INT, and ComfyUI turns "64" into 64
       ╭─[w.json:2:52]
     1 │ {"version": 0.4, "nodes": [
     2 │ {"id": 1, "type": "EmptyImage", "widgets_values": ["64", 64, 1, 0]},
       ·                                                    ────
     3 │ {"id": 2, "type": "SaveImage", "inputs": [{"n…
       ╰────
      node: `1` (EmptyImage), input `width`
      help: write 64
      fix: write 64 (--fix)

    1 warning in 1 file
    "#);
}

#[test]
fn links_that_lead_nowhere_and_names_that_are_taken() {
    let input = |link: u32| format!(r#""inputs": [{{"name": "images", "type": "IMAGE", "link": {link}}}]"#);
    let saver = |id: u32, link: u32| format!(r#"{{"id": {id}, "type": "PreviewImage", {}}}"#, input(link));
    let nodes = [
        r#"{"id": 1, "type": "EmptyImage", "widgets_values": [64, 64, 1, 0]}"#.to_owned(),
        saver(2, 1),
        saver(3, 77),
        saver(4, 2),
        saver(5, 3),
        r#"{"id": 6, "type": "SetNode", "widgets_values": ["a"]}"#.to_owned(),
        r#"{"id": 7, "type": "SetNode", "widgets_values": ["a"]}"#.to_owned(),
    ];
    let nodes: Vec<&str> = nodes.iter().map(String::as_str).collect();
    let links = json!([
        [1, 1, 0, 2, 0, "IMAGE"],
        [2, 1, 0, 2, 0, "IMAGE"],
        [3, 99, 0, 5, 0, "IMAGE"],
        [4, 1, 0, 98, 0],
        {}
    ]);
    let rules =
        ["required-input-missing", "unreachable-node", "dropped-output"].map(|rule| ["--allow", rule]);
    let folder = folder(&saved(&nodes, &links));
    let run = folder.wfc(&[&["lint", "w.json", "--gate", "all"][..], &rules[1..].concat()].concat());
    let warnings: Vec<&str> = run.stdout.split("\n\n").filter(|part| part.starts_with("warning")).collect();
    assert_snapshot!(warnings.join("\n\n"), @r#"
    warning[missing-link]: `images` of node 3 (PreviewImage) has a link that does not exist
       ╭─[w.json:4:90]
     3 │ {"id": 2, "type": "PreviewImage", "inputs": […
     4 │ …{"name": "images", "type": "IMAGE", "link": 77}]},
       ·                                              ──
     5 │ {"id": 4, "type": "PreviewImage", "inputs": […
       ╰────
      help: it counts as not linked; open the file in ComfyUI, link it anew and save it

    warning[link-mismatch]: `images` of node 4 (PreviewImage) has a link that is written to end elsewhere
       ╭─[w.json:5:46]
     4 │ {"id": 3, "type": "PreviewImage", "inputs": […
     5 │ …iewImage", "inputs": [{"name": "images", "ty…": "IMAGE", "link": 2}]},
       ·                        ─────────────────────────────────────────────
     6 │ {"id": 5, "type": "PreviewImage", "inputs": […
       ╰────
      help: the editor trusts the input, and so does this

    warning[link-from-nowhere]: `images` of node 5 (PreviewImage) has a link that starts at a node that does not exist
       ╭─[w.json:6:46]
     5 │ {"id": 4, "type": "PreviewImage", "inputs": […
     6 │ …iewImage", "inputs": [{"name": "images", "ty…": "IMAGE", "link": 3}]},
       ·                        ─────────────────────────────────────────────
     7 │ {"id": 6, "type": "SetNode", "widgets_values": ["a"]},
       ╰────
      help: it counts as not linked

    warning[duplicate-set-name]: two SetNodes are called `a`
       ╭─[w.json:8:19]
     7 │ {"id": 6, "type": "SetNode", "widgets_values": ["a"]},
     8 │ {"id": 7, "type": "SetNode", "widgets_values": ["a"]}
       ·                   ─────────
     9 │ ], "links": [[1,1,0,2,0,"IMAGE"],[2,1,0,2,0,"…
       ╰────
      node: `7` (SetNode)
      help: every GetNode takes the first one, node 6

    warning[link-to-nowhere]: link 4 ends at a node that does not exist, and is ignored
       ╭─[w.json:9:75]
     8 │ {"id": 7, "type": "SetNode", "widgets_values": ["a"]}
     9 │ …,1,0,2,0,"IMAGE"],[3,99,0,5,0,"IMAGE"],[4,1,0,98,0],{}]}
       ·                                         ────────────
       ╰────

    warning[odd-link]: a link has no id and is ignored
       ╭─[w.json:9:88]
     8 │ {"id": 7, "type": "SetNode", "widgets_values": ["a"]}
     9 │ …,"IMAGE"],[3,99,0,5,0,"IMAGE"],[4,1,0,98,0],{}]}
       ·                                              ──
       ╰────
    "#);
    let quiet = ["odd-link", "missing-link"].map(|rule| ["--allow", rule]).concat();
    let left = rules_in(&folder, &quiet);
    assert!(left.iter().any(|rule| rule == "link-mismatch") && !left.iter().any(|rule| rule == "odd-link"));
}
