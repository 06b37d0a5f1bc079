//! `wfc bind` as its users see it.

use std::io::Write as _;
use std::process::Stdio;

use serde_json::Value;

use crate::support::{EVERY_TYPE, Folder, PICTURE, Run, input, repository};

/// A compiled preset of [`EVERY_TYPE`] with a few constraints and aliases.
fn compiled() -> Folder {
    let graph = EVERY_TYPE.replace(
        "[nodes.count]",
        "[[constraints]]\nrule = \"count * strength <= 50\"\nmessage = \"too much at once\"\n\n[nodes.count]",
    );
    let folder = Folder::with([
        ("g.toml", &*graph),
        (
            "p.toml",
            "graph = \"g\"\n[request]\nimage_url = { param = \"image\", required = true }\nframe_count = \"count\"\nseed = \"seed\"\nstrength = \"strength\"\nsampler = \"sampler\"\nloras = \"loras\"\n",
        ),
    ]);
    folder.wfc(&["build", "p.toml"]).succeeded();
    folder
}

fn bind(folder: &Folder, request: &str) -> Run {
    folder.write("request.json", request);
    folder.wfc(&["bind", "p.wfc.json", "--input", "request.json", "-o", "out.json"])
}

#[track_caller]
fn refused(folder: &Folder, request: &str) -> String {
    let found = bind(folder, request).findings();
    assert!(!folder.path("out.json").exists(), "nothing is written");
    found
}

#[test]
fn a_request_becomes_what_a_build_of_its_values_gives() {
    let folder = compiled();
    let run = bind(
        &folder,
        "\u{feff}{\"frame_count\": 13.0, \"image_url\": \"b c.png\", \"seed\": 18446744073709551615, \"strength\": 2}",
    );
    assert_eq!(run.succeeded().stdout, "");
    let settings = ["count=13", "image_url=b c.png", "seed=18446744073709551615", "strength=2"];
    let arguments: Vec<&str> = settings.iter().flat_map(|setting| ["--set", setting]).collect();
    folder.wfc(&[&["build", "p.toml", "-o", "built"], &*arguments].concat()).succeeded();
    assert!(folder.read("out.json") == folder.read("built/p.workflow_api.json"));
}

#[test]
fn settings_win_over_the_request_and_may_stand_alone() {
    let folder = compiled();
    folder.write("r.json", "{\"image_url\": \"b.png\", \"frame_count\": 9}");
    let run = folder.wfc(&["bind", "p.wfc.json", "-i", "r.json", "--set", "frame_count=13"]).succeeded();
    let workflow: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(input(&workflow, "count", "source"), 13);
    assert_eq!(input(&workflow, "image", "source"), "b.png");
    let run = folder.wfc(&["bind", "p.wfc.json", "--set", "seed=7"]).succeeded();
    let workflow: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(input(&workflow, "noise", "noise_seed"), 7);
    assert_eq!(input(&workflow, "image", "source"), "a.png", "what is not set stays");
}

#[test]
fn a_request_comes_through_a_pipe() {
    let folder = compiled();
    let run = |text: &str| {
        let mut command = folder.command(&["bind", "p.wfc.json", "--input", "-"]);
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        (
            output.status.code(),
            String::from_utf8(output.stdout).unwrap(),
            String::from_utf8(output.stderr).unwrap(),
        )
    };
    let (code, out, _) = run("{\"image_url\": \"b.png\"}");
    assert_eq!(code, Some(0));
    assert_eq!(input(&serde_json::from_str(&out).unwrap(), "image", "source"), "b.png");
    let (code, out, error) = run("{}");
    assert_eq!((code, &*out), (Some(1), ""));
    assert!(error.contains("<standard input>:1:1"), "{error}");
}

#[test]
fn all_mistakes_are_said_at_once_and_at_their_places() {
    let folder = compiled();
    insta::assert_snapshot!(refused(&folder, r#"{
  "frame_count": 12,
  "sead": 7,
  "seed": "7",
  "sampler": "eulr",
  "strength": 11,
  "strength": 1,
  "prompt": "hidden",
  "count": 5,
  "loras": ["a.safetensors"]
}
"#), @r#"
    error[missing-field]: the request lacks the field `image_url`
       ╭─[request.json:1:1]
     1 │ {
       · ─
     2 │   "frame_count": 12,
       ╰────
      help: add `image_url` (image, -9223372036854775808 to 18446744073709551615): The picture.

    error[not-of-the-form]: `frame_count` is 12; it must be of the form 4n+1
       ╭─[request.json:2:18]
     1 │ {
     2 │   "frame_count": 12,
       ·                  ──
     3 │   "sead": 7,
       ╰────
      help: the nearest are 9 and 13

    error[unknown-field]: a request has no field `sead`
       ╭─[request.json:3:3]
     2 │   "frame_count": 12,
     3 │   "sead": 7,
       ·   ──────
     4 │   "seed": "7",
       ╰────
      help: did you mean `seed`?

    error[wrong-type]: `seed` takes an integer, found a string
       ╭─[request.json:4:11]
     3 │   "sead": 7,
     4 │   "seed": "7",
       ·           ───
     5 │   "sampler": "eulr",
       ╰────
      help: `seed` (seed, 0 to 18446744073709551615): Seed of the noise.

    error[unknown-choice]: `sampler` is "eulr"; it must be one of: euler, dpmpp_2m, heun
       ╭─[request.json:5:14]
     4 │   "seed": "7",
     5 │   "sampler": "eulr",
       ·              ──────
     6 │   "strength": 11,
       ╰────
      help: did you mean `euler`?

    error[out-of-range]: `strength` is 11; the largest value is 10.0
       ╭─[request.json:6:15]
     5 │   "sampler": "eulr",
     6 │   "strength": 11,
       ·               ──
     7 │   "strength": 1,
       ╰────
      help: `strength` (float, 0.0 to 10.0): How strong.

    error[duplicate-field]: the field `strength` is given twice
       ╭─[request.json:7:3]
     5 │   "sampler": "eulr",
     6 │   "strength": 11,
       ·   ─────┬────
       ·        ╰── the other one
     7 │   "strength": 1,
       ·   ──────────
     8 │   "prompt": "hidden",
       ╰────
      help: keep one of them

    error[unknown-field]: a request has no field `prompt`
       ╭─[request.json:8:3]
     7 │   "strength": 1,
     8 │   "prompt": "hidden",
       ·   ────────
     9 │   "count": 5,
       ╰────
      help: it is a parameter of the graph that requests may not set; `wfc build --set` does, or the preset lists it under [request]

    error[unknown-field]: a request has no field `count`
        ╭─[request.json:9:3]
      8 │   "prompt": "hidden",
      9 │   "count": 5,
        ·   ───────
     10 │   "loras": ["a.safetensors"]
        ╰────
      help: the field for it is called `frame_count`

    error[needs-build]: `loras` decides which nodes there are, so a compiled workflow cannot take another value
        ╭─[request.json:10:12]
      9 │   "count": 5,
     10 │   "loras": ["a.safetensors"]
        ·            ─────────────────
     11 │ }
        ╰────
      help: leave it out, or build the preset anew with --set loras=…

    10 errors in 1 file
    "#);
}

#[test]
fn constraints_hold_after_a_request() {
    let folder = compiled();
    insta::assert_snapshot!(
        refused(&folder, "{\"image_url\": \"b.png\", \"frame_count\": 13, \"strength\": 4.5}"), @r#"
    error[constraint-violated]: too much at once
       ╭─[request.json:1:39]
     1 │ {"image_url": "b.png", "frame_count": 13, "strength": 4.5}
       ·                                       ─┬              ─┬─
       ·                                        │               ╰── `strength` is 4.5
       ·                                        ╰── `frame_count` is 13
       ╰────
       ╭─[p.wfc.json#/interface/constraints/0/rule:1:1]
     1 │ count * strength <= 50
       · ───────────┬──────────
       ·            ╰── this must hold
       ╰────
      help: `frame_count` is 13, `strength` is 4.5

    1 error in 1 file
    "#);
    bind(&folder, "{\"image_url\": \"b.png\", \"frame_count\": 13, \"strength\": 3.5}").succeeded();
}

#[test]
fn what_is_computed_stays_within_what_its_input_takes() {
    let graph = PICTURE.replace("width // 2", "width * 8 if name == 'big' else width");
    let folder = Folder::with([("g.toml", &*graph), ("p.toml", "graph = \"g\"\n")]);
    folder.wfc(&["build", "p.toml"]).succeeded();
    folder.write("r.json", "{\"name\": \"big\", \"width\": 2064}");
    insta::assert_snapshot!(folder.wfc(&["bind", "p.wfc.json", "-i", "r.json"]).findings(), @r#"
    error[computed-value-wrong]: at /empty/inputs/height, `height` is 16512; the largest value is 16384
       ╭─[r.json:1:10]
     1 │ {"name": "big", "width": 2064}
       ·          ──┬──           ──┬─
       ·            │               ╰── `width` is 2064
       ·            ╰── `name` is "big"
       ╰────
       ╭─[p.wfc.json#/interface/computed/0/expr:1:1]
     1 │ width * 8 if name == 'big' else width
       · ──────────────────┬──────────────────
       ·                   ╰── computed here
       ╰────
      help: `name` is "big", `width` is 2064

    1 error in 1 file
    "#);
}

#[test]
fn what_is_no_request_is_refused() {
    let folder = compiled();
    for (text, message) in [
        ("", "not valid JSON"),
        ("{\"seed\": 1", "not valid JSON"),
        ("{\"seed\": 1}}", "not valid JSON"),
        ("[]", "a request is an object with fields, found a list"),
        ("null", "a request is an object with fields, found null"),
        ("{\"input\": {\"seed\": 1}}", "the fields of this request stand under `input`"),
        (
            "{\"image_url\": \"b.png\", \"strength\": NaN}",
            "`strength` takes a number, found a number that JSON",
        ),
        ("{\"image_url\": NaN}", "`image_url` takes a file name, a string, found a number that JSON"),
        ("{\"image_url\": null}", "`image_url` takes a file name, a string, found null"),
        ("{\"image_url\": {\"a\": 1}}", "`image_url` takes a file name, a string, found a table"),
        ("{\"image_url\": \"https://example.com/b.png\"}", "`image_url` is an address"),
        ("{\"image_url\": \"../b.png\"}", "`image_url` is not a name inside a folder of ComfyUI"),
        ("{\"image_url\": \"/b.png\"}", "`image_url` is not a name inside a folder of ComfyUI"),
        ("{\"image_url\": \"b.png\", \"seed\": 18446744073709551616}", "a seed is between 0 and"),
        ("{\"image_url\": \"b.png\", \"seed\": 1.5}", "`seed` takes an integer, found a float"),
        ("{\"image_url\": \"b.png\", \"loras\": [{}]}", "`loras` decides which nodes there are"),
        ("{\"image_url\": \"b.png\", \"frame_count\": 100}", "the nearest is 97"),
    ] {
        let found = refused(&folder, text);
        assert!(found.contains(message), "{text}:\n{found}");
    }
    let found = refused(&folder, &"[".repeat(100_000));
    assert!(found.contains("recursion limit"), "{found}");
    let fields: Vec<String> = (0..50_000).map(|number| format!("\"f{number}\": 1")).collect();
    let found = refused(&folder, &format!("{{{}}}", fields.join(", ")));
    assert!(found.contains("10001 errors"), "so many problems are kept");
    bind(&folder, "{\"image_url\": \"b.png\", \"loras\": []}").succeeded();
}

#[test]
fn programs_get_the_findings_as_json() {
    let folder = compiled();
    let run = folder.wfc(&["bind", "p.wfc.json", "--set", "seed=-1", "--format", "json"]);
    assert_eq!((run.code, &*run.stderr), (Some(1), ""));
    let report: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(report["files"][0]["kind"], "request");
    assert_eq!(report["files"][0]["diagnostics"][0]["rule"], "out-of-range");
    let run = folder.wfc(&["bind", "p.wfc.json", "--set", "seed=1", "--format", "json"]).succeeded();
    let workflow: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(input(&workflow, "noise", "noise_seed"), 1, "the workflow alone");
}

#[test]
fn only_a_manifest_and_its_own_workflow_are_taken() {
    let folder = compiled();
    let failed = |arguments: &[&str]| folder.wfc(&[&["bind"], arguments].concat()).failed();
    let seed = ["--set", "seed=1"];
    let with = |first: &'static str| [&[first], &seed[..]].concat();
    assert!(failed(&with("p.workflow_api.json")).contains("is no manifest"));
    assert!(failed(&with("p.toml")).contains("is no manifest"));
    assert!(failed(&with("q.wfc.json")).contains("no such file"));
    assert!(failed(&["p.wfc.json"]).contains("--input"), "a request or a setting is needed");
    for output in ["p.wfc.json", "./p.workflow_api.json"] {
        assert!(failed(&["p.wfc.json", "--set", "seed=1", "-o", output]).contains("is read here"));
    }
    folder.write("b.toml", "graph = \"g\"\n[matrix]\nseed = [1, 2]\n");
    folder.wfc(&["build", "b.toml"]).succeeded();
    assert!(failed(&with("b.wfc.json")).contains("is the manifest of a batch"));
    let manifest = folder.json("p.wfc.json").to_string();
    for (name, from, to, message) in [
        ("old.wfc.json", "\"version\":2", "\"version\":1", "this wfc knows version 2"),
        (
            "torn.wfc.json",
            "\"bindings\":{",
            "\"bindings\":{\"x\":1},\"b\":{",
            "fields and bindings do not go together",
        ),
        (
            "odd.wfc.json",
            "\"x-type\":\"seed\"",
            "\"x-type\":\"sead\"",
            "fields and bindings do not go together",
        ),
        ("lost.wfc.json", "/noise/inputs/noise_seed", "/nose/inputs/noise_seed", "has no value at /nose/"),
        ("link.wfc.json", "/noise/inputs/noise_seed", "/seed/inputs/source", "has no value at /seed/"),
    ] {
        assert!(manifest.contains(from), "{from}");
        folder.write(name, manifest.replacen(from, to, 1));
        assert!(failed(&with(name)).contains(message), "{name}: {}", failed(&with(name)));
    }
    let mut workflow = folder.read("p.workflow_api.json");
    workflow.push(b'\n');
    folder.write("p.workflow_api.json", workflow);
    assert!(failed(&with("p.wfc.json")).contains("is not the workflow that p.wfc.json was written for"));
}

#[test]
fn the_endpoint_presets_take_the_requests_of_their_endpoints() {
    let folder = Folder::new();
    let cases = [
        (
            "endpoint-ltx2-t2v",
            r#"{"prompt": "a fox sings", "width": 1280, "height": 704, "frame_count": 121, "seed": 42,
            "negative_prompt": "blurry"}"#,
        ),
        (
            "endpoint-dance-scail",
            r#"{"image_url": "me.png", "video_url": "dance.mp4", "prompt": "a dancer", "width": 416, "height": 672,
            "steps": 6, "cfg": 1.0, "seed": 42, "fps": 24}"#,
        ),
    ];
    for (name, request) in cases {
        let manifest = repository(&format!("presets/{name}.wfc.json"));
        folder.write("r.json", request);
        folder.wfc(&["bind", manifest.to_str().unwrap(), "-i", "r.json", "-o", "out.json"]).succeeded();
        let manifest: Value = serde_json::from_slice(&std::fs::read(manifest).unwrap()).unwrap();
        let request: Value = serde_json::from_str(request).unwrap();
        let fields = manifest["interface"]["inputs"]["properties"].as_object().unwrap();
        assert_eq!(
            fields.keys().collect::<Vec<_>>(),
            request.as_object().unwrap().keys().collect::<Vec<_>>(),
            "{name} takes these fields and no others"
        );
        for (field, binding) in manifest["interface"]["bindings"].as_object().unwrap() {
            for pointer in binding["set"].as_array().unwrap() {
                let value = folder.json("out.json").pointer(pointer.as_str().unwrap()).unwrap().clone();
                assert_eq!(value.as_f64(), request[field].as_f64(), "{name}: {field}");
                assert_eq!(value.as_str(), request[field].as_str(), "{name}: {field}");
            }
        }
    }
}
