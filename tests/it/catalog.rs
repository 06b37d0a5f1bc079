//! `wfc catalog`: show, import, pull and diff, with a small catalog made by hand.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;

use insta::assert_snapshot;

use crate::support::{Folder, PICTURE};

/// An answer of `/object_info` with both spellings of a list, numbers that only Python writes, and a class
/// that saves.
const OBJECT_INFO: &str = r#"{
    "Maker": {
        "input": {
            "required": {
                "size": ["INT", {"default": 64, "min": 16, "max": 1024, "step": 16}],
                "gain": ["FLOAT", {"default": NaN, "min": -Infinity, "max": 8.0}],
                "mode": [["fast", "good"], {"default": "good"}],
                "tone": ["COMBO", {"options": ["warm", "cold"]}]
            },
            "optional": {"mask": ["MASK"]},
            "hidden": {"unique_id": "UNIQUE_ID"}
        },
        "output": ["IMAGE", "MASK"], "output_name": ["picture", "mask"], "output_node": false,
        "display_name": "Make it", "category": "test", "description": "prose", "python_module": "custom_nodes.Makers"
    },
    "Saver": {
        "input": {"required": {"images": ["IMAGE"], "quality": ["INT", {"min": 1, "max": 100}]}},
        "output": [], "output_node": true, "display_name": "Save it", "category": "test", "python_module": "nodes"
    }
}"#;

/// A graph for it.
const GRAPH: &str = r#"title = "Make and save"
[nodes.made]
class = "Maker"
inputs = { size = 64, gain = 1.0, mode = "fast", tone = "cold" }
[nodes.saved]
class = "Saver"
inputs = { images = { node = "made", out = "picture" }, quality = 90 }
"#;

/// A folder with a catalog `old.json`, and a graph and a preset for it.
fn imported() -> Folder {
    let folder = Folder::with([("info.json", OBJECT_INFO), ("g.toml", GRAPH), ("p.toml", "graph = \"g\"\n")]);
    folder.wfc(&["catalog", "import", "info.json", "--comfyui", "0.27.0", "-o", "old.json"]).succeeded();
    folder
}

/// What `wfc catalog diff old.json new.json …` says, where `new.json` comes of a changed answer; its exit code.
fn diff(folder: &Folder, changes: &[(&str, &str)], workflows: &[&str]) -> (Option<i32>, String) {
    let mut answer = OBJECT_INFO.to_owned();
    for (part, replacement) in changes {
        assert!(answer.contains(part), "{part}");
        answer = answer.replace(part, replacement);
    }
    folder.write("new_info.json", answer);
    folder.wfc(&["catalog", "import", "new_info.json", "--comfyui", "0.28.0", "-o", "new.json"]).succeeded();
    let run = folder.wfc(&[&["catalog", "diff", "old.json", "new.json"], workflows].concat());
    assert_eq!(run.stderr, "");
    (run.code, run.stdout)
}

fn gzip(text: &str) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn show_tells_all_about_a_class() {
    let folder = imported();
    assert_snapshot!(folder.wfc(&["catalog", "show", "Maker", "--catalog", "old.json"]).succeeded().stdout, @r#"
    Maker (Makers)
      shown as Make it, under test
    required inputs:
      size: INT 16 to 1024 step 16 (default 64)
      gain: FLOAT to 8
      mode: COMBO "fast", "good" (default "good")
      tone: COMBO "warm", "cold"
    optional inputs:
      mask: MASK
    outputs:
      0 picture: IMAGE
      1 mask: MASK
    "#);
    assert_snapshot!(folder.wfc(&["catalog", "show", "SaveImage"]).succeeded().stdout, @r#"
    SaveImage (ComfyUI)
      shown as Save Image, under image
      an output node: a workflow needs at least one
    required inputs:
      images: IMAGE
      filename_prefix: STRING (default "ComfyUI")
    outputs:
      0 images: IMAGE
    "#);
}

#[test]
fn show_suggests_a_near_name() {
    assert_snapshot!(Folder::new().wfc(&["catalog", "show", "SaveImages"]).failed(), @"wfc: there is no node class `SaveImages` in this catalog; did you mean `SaveImage`?");
    assert_snapshot!(Folder::new().wfc(&["catalog", "show", "Frobnicator"]).failed(), @"wfc: there is no node class `Frobnicator` in this catalog");
}

#[test]
fn import_writes_one_file_that_presets_compile_against() {
    let folder = Folder::with([("info.json", OBJECT_INFO), ("g.toml", GRAPH), ("p.toml", "graph = \"g\"\n")]);
    let run = folder.wfc(&[
        "catalog",
        "import",
        "info.json",
        "--comfyui",
        "0.27.0",
        "--pack-version",
        "Makers=1.2",
    ]);
    assert_snapshot!(run.succeeded().stdout, @"
    comfyui-catalog.json
    2 classes of 2 packs, ComfyUI 0.27.0
    ");
    folder.wfc(&["build", "p.toml", "--catalog", "comfyui-catalog.json"]).succeeded();
    let manifest = folder.json("p.wfc.json");
    assert_eq!(manifest["catalog"]["comfyui"], "0.27.0");
    assert_eq!(manifest["requires"]["packs"][1]["version"], "1.2");
}

#[test]
fn import_of_gzip_and_of_a_second_time_gives_the_same_bytes() {
    let folder = imported();
    folder.write("info.json.gz", gzip(OBJECT_INFO));
    folder.wfc(&["catalog", "import", "info.json.gz", "--comfyui", "0.27.0", "-o", "again.json"]).succeeded();
    assert!(folder.read("old.json") == folder.read("again.json"));
    let text = String::from_utf8(folder.read("old.json")).unwrap();
    assert!(!text.contains("NaN") && !text.contains("Infinity") && !text.contains("prose"), "{text}");
    assert_eq!(text.lines().filter(|line| line.starts_with("\"Maker\":")).count(), 1, "one class a line");
}

#[test]
fn import_into_a_folder_writes_one_file_a_pack() {
    let folder = imported();
    folder.wfc(&["catalog", "import", "info.json", "-o", "packs/"]).succeeded();
    let names: Vec<String> = folder.names().into_iter().filter(|name| name.starts_with("packs/")).collect();
    assert_eq!(names, ["packs/comfyui.json", "packs/makers.json"]);
}

#[test]
fn a_catalog_may_be_given_in_every_form() {
    let folder = imported();
    folder.write("info.json.gz", gzip(OBJECT_INFO));
    for catalog in ["old.json", "info.json", "info.json.gz"] {
        folder.wfc(&["build", "p.toml", "-o", "-", "--catalog", catalog]).succeeded();
    }
    folder.wfc(&["build", "p.toml", "--catalog", "embedded"]).findings();
    let embedded = Folder::with([("g.toml", PICTURE), ("p.toml", "graph = \"g\"\n")]);
    embedded.wfc(&["build", "p.toml", "--catalog", "comfyui,kjnodes"]).succeeded();
    embedded.wfc(&["build", "p.toml", "--catalog", "gguf"]).findings();
}

#[test]
fn damage_is_told_where_it_counts() {
    let folder = imported();
    let workflow = r#"{"1": {"class_type": "Maker", "inputs": {"size": 64, "gain": 1.0, "mode": "fast", "tone": "cold"}},
        "2": {"class_type": "Saver", "inputs": {"images": ["1", 0], "quality": 90}}}"#;
    folder.write("w.json", workflow);
    let lint = |text: &str| {
        folder.write("other.json", text);
        folder.wfc(&["lint", "w.json", "--catalog", "other.json"])
    };
    let captured = String::from_utf8(folder.read("old.json")).unwrap();
    lint(&captured).succeeded();
    lint(OBJECT_INFO).succeeded();
    assert_snapshot!(lint(&captured.replace("\"Saver\":{", "\"Saver\":{{")).failed(), @"wfc: the catalog other.json: not a wfc catalog: line 4: `Saver`: key must be a string at line 1 column 2");
    let mut lines: Vec<&str> = captured.lines().collect();
    lines.swap(2, 3);
    assert_snapshot!(lint(&lines.join("\n")).failed(), @"wfc: the catalog other.json: not a wfc catalog: line 3: a comma is needed between entries and only there");
    assert_snapshot!(lint(&OBJECT_INFO.replace("\"Saver\": {\n", "\"Saver\": {\n7")).failed(), @"wfc: the catalog other.json: not valid JSON at line 17, column 1: key must be a string");
    // A class that nobody asks for may be as it is, but a manifest names the whole catalog.
    lint(&captured.replace("}\n}}", "},\n\"Z\":{7}\n}}")).succeeded();
    assert_snapshot!(folder.wfc(&["build", "p.toml", "--catalog", "other.json"]).failed(), @"wfc: the catalog other.json: not a wfc catalog: line 5: `Z`: key must be a string at line 1 column 2");
}

#[test]
fn import_says_what_a_wrong_file_is() {
    let folder = Folder::with([
        ("page.html", "<!DOCTYPE html><html></html>"),
        ("ui.json", r#"{"nodes": [], "links": []}"#),
        ("api.json", r#"{"1": {"class_type": "X", "inputs": {}}}"#),
        ("cut.json", &OBJECT_INFO[..200]),
        ("empty.json", ""),
    ]);
    let import = |name: &str| folder.wfc(&["catalog", "import", name]).failed();
    assert_snapshot!(import("page.html"), @"wfc: page.html: not an /object_info answer: it looks like an HTML page");
    assert_snapshot!(import("ui.json"), @"wfc: ui.json: not an /object_info answer: it looks like a workflow in UI format");
    assert_snapshot!(import("api.json"), @"wfc: api.json: not an /object_info answer: it looks like a workflow in API format");
    assert_snapshot!(import("cut.json"), @"wfc: cut.json: not valid JSON at line 6, column 52: EOF while parsing a string");
    assert_snapshot!(import("empty.json"), @"wfc: empty.json: not an /object_info answer: it looks like an empty file");
    assert!(import("missing.json").starts_with("wfc: cannot read missing.json: "));
    assert!(!folder.path("comfyui-catalog.json").exists());
}

#[test]
fn odd_classes_are_left_out_with_a_warning() {
    let odd = r#"{"A": {"input": {"required": {"x": []}}, "output": []}, "b": 5}"#;
    let folder = Folder::with([("info.json", odd)]);
    let run = folder.wfc(&["catalog", "import", "info.json"]);
    assert_eq!(run.code, Some(0));
    assert_snapshot!(run.stderr, @"
    warning: A: input `x` has no type and was left out
    warning: b: not a node class; left out
    ");
}

#[test]
fn an_import_beyond_its_limit_is_refused() {
    let folder = Folder::new();
    folder.write("big.json", format!("{{\"A\": \"{}\"}}", "x".repeat(1 << 20)));
    assert_snapshot!(folder.wfc(&["catalog", "import", "big.json", "--limit", "1"]).failed(), @"wfc: big.json: larger than 1 MiB, the limit for a node catalog");
    folder.write("bomb.json.gz", gzip(&format!("{{\"A\": \"{}\"}}", "x".repeat(1 << 20))));
    assert_snapshot!(folder.wfc(&["catalog", "import", "bomb.json.gz", "--limit", "1"]).failed(), @"wfc: bomb.json.gz: larger than 1 MiB, the limit for a node catalog");
}

#[test]
fn equal_catalogs_do_not_differ() {
    assert_eq!(diff(&imported(), &[], &[]), (Some(0), "the catalogs are the same\n".to_owned()));
}

#[test]
fn harmless_changes_leave_the_exit_code_at_zero() {
    let (code, text) = diff(&imported(), &[("\"max\": 1024", "\"max\": 2048")], &[]);
    assert_eq!(code, Some(0));
    assert_snapshot!(text, @"
    Maker
      input `size`: range 16..1024 -> 16..2048
    ");
}

/// Everything that can happen to the classes of [`OBJECT_INFO`].
const BREAKING: [(&str, &str); 3] = [
    ("\"images\": [\"IMAGE\"]", "\"pictures\": [\"IMAGE\"]"),
    ("\"max\": 100}", "\"max\": 50}"),
    ("[\"fast\", \"good\"]", "[\"quick\", \"good\"]"),
];

#[test]
fn breaking_changes_set_the_exit_code() {
    let (code, text) = diff(&imported(), &BREAKING, &[]);
    assert_eq!(code, Some(1));
    assert_snapshot!(text, @r#"
    ! Maker
    !   input `mode`: lost choices "fast"
        input `mode`: new choices "quick"
    ! Saver
    !   input `images` is gone, probably renamed to `pictures` (medium confidence)
    !   input `quality`: range 1..100 -> 1..50
    "#);
}

#[test]
fn a_preset_that_breaks_is_reported_with_the_new_names() {
    let (code, text) = diff(&imported(), &BREAKING, &["p.toml"]);
    assert_eq!(code, Some(1));
    assert_snapshot!(text, @r#"
    ! Maker
    !   input `mode`: lost choices "fast"
        input `mode`: new choices "quick"
    ! Saver
    !   input `images` is gone, probably renamed to `pictures` (medium confidence)
    !   input `quality`: range 1..100 -> 1..50
    error[unknown-input]: `Saver` has no input `images`
       ╭─[g.toml:7:12]
     6 │ class = "Saver"
     7 │ inputs = { images = { node = "made", out = "picture" }, quality = 90 }
       ·            ──────
       ╰────
      file: p.toml
      node: `saved` (Saver), input `images`
      help: `images` is probably called `pictures` now (medium confidence)

    1 error in 1 file
    "#);
}

#[test]
fn a_class_of_another_name_is_suggested() {
    let (code, text) = diff(&imported(), &[("\"Maker\"", "\"MakerV2\"")], &["p.toml"]);
    assert_eq!(code, Some(1));
    assert_snapshot!(text, @r#"
    ! Maker is gone, probably renamed to MakerV2 (high confidence)
    error[unknown-class]: there is no node class `Maker`
       ╭─[g.toml:3:9]
     2 │ [nodes.made]
     3 │ class = "Maker"
       ·         ───────
     4 │ inputs = { size = 64, gain = 1.0, mode = "fast", tone = "cold" }
       ╰────
      file: p.toml
      node: `made` (Maker)
      help: `Maker` is probably called `MakerV2` now (high confidence)

    1 error in 1 file
    "#);
}

#[test]
fn a_workflow_that_breaks_is_reported_and_one_that_does_not_is_not() {
    let folder = imported();
    folder.wfc(&["build", "p.toml", "--catalog", "old.json"]).succeeded();
    let (code, text) =
        diff(&folder, &[("\"max\": 1024", "\"max\": 2048")], &["p.workflow_api.json", "p.toml"]);
    assert_eq!(code, Some(0));
    assert!(text.ends_with("no problems in 2 files\n"), "{text}");
    let (code, text) = diff(&folder, &BREAKING, &["p.workflow_api.json"]);
    assert_eq!(code, Some(1));
    assert_snapshot!(text, @r#"
    ! Maker
    !   input `mode`: lost choices "fast"
        input `mode`: new choices "quick"
    ! Saver
    !   input `images` is gone, probably renamed to `pictures` (medium confidence)
    !   input `quality`: range 1..100 -> 1..50
    error[unknown-input]: `Saver` no longer has the input `images`, whose value would be ignored
      file: p.workflow_api.json
      node: `saved` (Saver), input `images`
      help: `images` is probably called `pictures` now (medium confidence)

    error[required-input-missing]: `Saver` needs the input `pictures`
        ╭─[p.workflow_api.json:11:3]
     10 │   },
     11 │   "saved": {
        ·   ───────
     12 │     "class_type": "Saver",
        ╰────
      node: `saved` (Saver), input `pictures`
      help: `images` is probably called `pictures` now (medium confidence)

    error[value-bigger-than-max]: `quality` is 90; the largest value is 50
        ╭─[p.workflow_api.json:15:18]
     14 │       "images": ["made", 0],
     15 │       "quality": 90
        ·                  ──
     16 │     }
        ╰────
      node: `saved` (Saver), input `quality`

    3 errors in 1 file
    "#);
}

/// A server that gives each of so many requests the answer of `answers` to its path, and the server's address.
fn serve(requests: usize, answers: impl Fn(&str) -> (u16, Vec<u8>) + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming().take(requests) {
            let mut stream = stream.unwrap();
            let mut lines = BufReader::new(stream.try_clone().unwrap()).lines().map_while(Result::ok);
            let request = lines.next().unwrap_or_default();
            lines.take_while(|line| !line.is_empty()).for_each(drop);
            let (status, body) = answers(request.split(' ').nth(1).unwrap_or_default());
            let length = body.len();
            let head =
                format!("HTTP/1.1 {status} X\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n");
            // The other side may have seen enough.
            let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&body));
        }
    });
    address
}

/// A server with a ComfyUI of version 9.9, and the classes of [`OBJECT_INFO`].
fn comfyui(requests: usize) -> String {
    serve(requests, |path| match path {
        "/object_info" => (200, OBJECT_INFO.into()),
        "/system_stats" => (200, br#"{"system": {"comfyui_version": "9.9"}, "devices": []}"#.to_vec()),
        _ => (404, b"no".to_vec()),
    })
}

#[test]
fn pull_captures_a_running_server_with_its_version() {
    let folder = imported();
    let run = folder.wfc(&["catalog", "pull", &comfyui(2), "-o", "pulled.json"]).succeeded();
    assert_snapshot!(run.stdout, @"
    pulled.json
    2 classes of 2 packs, ComfyUI 9.9
    ");
    folder.wfc(&["build", "p.toml", "--catalog", "pulled.json"]).succeeded();
    assert_eq!(folder.json("p.wfc.json")["catalog"]["comfyui"], "9.9");
}

#[test]
fn pull_takes_an_address_with_a_slash_or_a_path() {
    let folder = imported();
    for end in ["/", "/object_info"] {
        folder.wfc(&["catalog", "pull", &format!("{}{end}", comfyui(2)), "-o", "pulled.json"]).succeeded();
    }
}

#[test]
fn a_server_may_be_a_catalog() {
    let folder = imported();
    folder.wfc(&["build", "p.toml", "-o", "-", "--catalog", &comfyui(2)]).succeeded();
}

#[test]
fn a_server_without_a_version_is_captured_all_the_same() {
    let server = serve(2, |path| match path {
        "/object_info" => (200, gzip(OBJECT_INFO)),
        _ => (500, Vec::new()),
    });
    let run = Folder::new().wfc(&["catalog", "pull", &server, "-o", "pulled.json"]).succeeded();
    assert!(run.stdout.ends_with("2 classes of 2 packs, ComfyUI of an unknown version\n"), "{}", run.stdout);
}

/// What pulling from `server` fails with, without the server's address and the system's own words.
fn pull_failure(server: &str, arguments: &[&str]) -> String {
    let folder = Folder::new();
    let said = folder.wfc(&[&["catalog", "pull", server], arguments].concat()).failed();
    assert!(folder.names().is_empty());
    said.replace(server, "SERVER")
}

#[test]
fn a_server_that_is_down_is_an_error() {
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let said = pull_failure(&format!("http://{nobody}"), &[]);
    assert_eq!(
        said,
        "wfc: SERVER: nothing listens there; start ComfyUI (with --listen if it runs on another machine), or check \
         the port\n"
    );
}

#[test]
fn a_web_page_is_no_catalog() {
    let server = serve(2, |_| (200, b"<!DOCTYPE html><html><body>Log in</body></html>".to_vec()));
    assert_snapshot!(pull_failure(&server, &[]), @"wfc: SERVER: not an /object_info answer: it looks like an HTML page");
}

#[test]
fn a_server_without_object_info_is_an_error() {
    assert_snapshot!(pull_failure(&serve(2, |_| (404, Vec::new())), &[]), @"wfc: SERVER/object_info: there is no such route (status 404); is this ComfyUI's address, with the whole path?");
}

#[test]
fn an_answer_beyond_the_limit_is_refused() {
    let answer = |_: &str| (200, format!("{{\"A\": \"{}\"}}", "x".repeat(2 << 20)).into_bytes());
    assert_snapshot!(pull_failure(&serve(2, answer), &["--limit", "1"]), @"wfc: SERVER: larger than 1 MiB, the limit for a node catalog");
}

#[test]
fn an_address_that_is_none_is_an_error() {
    assert_snapshot!(pull_failure("not an address", &[]), @"wfc: `SERVER` is not the address of a server; write http://HOST:PORT, such as http://127.0.0.1:8188");
}
