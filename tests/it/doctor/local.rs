//! What is looked at on this machine.

use std::process::Command;

use insta::assert_snapshot;
use serde_json::json;

use super::{Comfy, doctor, loads, picture, shown, vaes};
use crate::support::Folder;

/// A safetensors file with one tensor of four bytes; `missing` of its bytes are not there.
fn safetensors(missing: usize) -> Vec<u8> {
    let header = json!({"a": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}).to_string();
    let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
    bytes.extend_from_slice(header.as_bytes());
    bytes.extend_from_slice(&[0; 4]);
    bytes.truncate(bytes.len() - missing);
    bytes
}

#[test]
fn without_a_server_this_machine_is_looked_at() {
    let folder = Folder::with([("w.json", &*loads(&["here.png", "nowhere.png"]))]);
    folder.write("here.png", "");
    let run = folder.wfc(&["doctor", "w.json"]).succeeded();
    assert_snapshot!(run.stdout, @"
    w.json
      ✓ compiles     4 nodes
      ! inputs       1 of 2 input files is missing
                     · nowhere.png is not here
                     · here.png is empty
                     → put them beside the preset or below the current folder, or name others: `--set
                       NAME=FILE`; or ask the server that may have them: `--on URL`
      - skipped      model-files, disk: no models folder was named: `--models DIR`, or `models` in
                     wfc.toml
      ✓ programs     no node starts another program

    Nothing failed: 1 warning, 2 skipped.
    ");
}

#[test]
fn model_files_are_looked_for_and_into() {
    let folder = Folder::with([("w.json", &*vaes(&["mine.safetensors", "other.safetensors"]))]);
    folder.write("models/vae/mine.safetensors", safetensors(0));
    folder.write("models/vae/other.safetensors", safetensors(0));
    let said = |name: &str| {
        let run = folder.wfc(&["doctor", "w.json", "--models", "models", "--format", "json"]);
        let document = serde_json::from_str(&run.stdout).unwrap();
        format!("{} {}", run.code.unwrap(), shown(&document, name))
    };
    assert_snapshot!(said("model-files"), @"0 pass: 2 model files in place, of the right length and with a header that fits");
    assert!(said("disk").starts_with("0 pass: "), "{}", said("disk"));
    folder.write("models/vae/other.safetensors", safetensors(2));
    folder.write("models/loras/mine.safetensors", safetensors(0));
    std::fs::remove_file(folder.path("models/vae/mine.safetensors")).unwrap();
    assert_snapshot!(said("model-files"), @"
    1 fail: 2 of 2 model files are not as they should be
      `mine.safetensors` lies in `loras`, where ComfyUI does not look for vae; move it to models/vae/mine.safetensors
      `other.safetensors` is truncated: it has 64 of 66 bytes; the download broke off; remove it and download it again
    ");
    std::fs::remove_file(folder.path("models/loras/mine.safetensors")).unwrap();
    assert_snapshot!(said("model-files"), @"
    1 fail: 2 of 2 model files are not as they should be
      `mine.safetensors` is missing; the model catalog does not know it; copy it to models/vae/mine.safetensors
      `other.safetensors` is truncated: it has 64 of 66 bytes; the download broke off; remove it and download it again
      fix: `wfc models fetch-script w.json` prints a script that downloads what has an address
    ");
    let missing = folder.wfc(&["doctor", "w.json", "--models", "none"]).failed();
    assert_snapshot!(missing, @"wfc: none is no folder; --models takes ComfyUI's folder or its models folder");
}

#[cfg(unix)]
#[test]
fn programs_that_classes_start_are_looked_for() {
    use std::os::unix::fs::PermissionsExt as _;
    let video = json!({
        "load": {"class_type": "LoadImage", "inputs": {"image": "here.png"}},
        "video": {"class_type": "VHS_VideoCombine", "inputs": {
            "images": ["load", 0], "frame_rate": 16, "loop_count": 0, "filename_prefix": "v", "format": "video/h264-mp4",
            "pingpong": false, "save_output": true,
        }},
    });
    let folder = Folder::with([("w.json", &*video.to_string())]);
    folder.write("here.png", "x");
    folder.write("bin/other", "");
    let said = |command: &mut Command| {
        let run = folder.finish(command.env("PATH", folder.path("bin")));
        shown(&serde_json::from_str(&run.stdout).unwrap(), "programs")
    };
    let local = || folder.command(&["doctor", "w.json", "--format", "json"]);
    assert_snapshot!(said(&mut local()), @"
    warn: not on this machine's PATH: ffmpeg, with which VHS_VideoCombine can write video
      fix: install it; or `pip install imageio-ffmpeg` where ComfyUI's Python is, which brings one of its own
    ");
    folder.write("bin/ffmpeg", "#!/bin/sh\n");
    assert!(said(&mut local()).starts_with("warn: "), "it cannot be run");
    std::fs::set_permissions(folder.path("bin/ffmpeg"), std::fs::Permissions::from_mode(0o755)).unwrap();
    assert_snapshot!(said(&mut local()), @"pass: ffmpeg at FOLDER/bin/ffmpeg");
    // Of another machine it cannot be known. This address is one of this machine that does not say so.
    let url = Comfy::new().start().url.replace("127.0.0.1", "0.0.0.0");
    let mut remote = folder.command(&["doctor", "w.json", "--format", "json", "--on", &url]);
    assert_snapshot!(said(&mut remote), @"skipped: a server does not say whether it has ffmpeg, with which VHS_VideoCombine can write video");
    folder.write("w.json", video.to_string().replace("video/h264-mp4", "image/gif"));
    assert_snapshot!(said(&mut local()), @"pass: no node starts another program");
}

#[test]
fn what_does_not_compile_is_told_and_the_rest_goes_on() {
    let folder = picture();
    folder.write("bad.toml", "graph = \"g\"\n[params]\nwidth = 7\nheigth = 3\n");
    let run = folder.wfc(&["doctor", "bad.toml", "p.toml"]);
    assert_eq!((run.code, &*run.stderr), (Some(1), ""));
    assert_snapshot!(run.stdout, @"
    bad.toml
      ✗ compiles     3 errors; nothing else can be checked
                     · bad.toml:3: `width` is 7; the smallest value is 16
                     · bad.toml:3: `width` is 7; it must be a multiple of 16
                     · bad.toml:4: the graph has no parameter `heigth`
                     → `wfc lint bad.toml` shows where

    p.toml
      ✓ compiles     2 nodes
      ✓ inputs       the workflow takes no input files
      - skipped      model-files, disk: no models folder was named: `--models DIR`, or `models` in
                     wfc.toml
      ✓ programs     no node starts another program

    1 check failed, 2 skipped.
    ");
}

#[test]
fn the_models_folder_is_that_of_the_command_of_the_server_or_of_the_project() {
    let folder = Folder::with([("w.json", &*vaes(&["mine.safetensors"]))]);
    folder.write("project/models/vae/mine.safetensors", safetensors(0));
    folder.write("pod/vae/mine.safetensors", safetensors(2));
    folder.write("empty/vae/readme.txt", "none");
    let server = Comfy::new().start();
    let servers = format!(
        "[servers.here]\nurl = \"{0}\"\n[servers.pod]\nurl = \"{0}\"\nmodels = \"pod\"\n",
        server.url
    );
    folder.write("wfc.toml", format!("models = \"project\"\n{servers}"));
    let said = |more: &[&str]| {
        let run = folder.wfc(&[&["doctor", "w.json", "--format", "json"], more].concat());
        let document = serde_json::from_str(&run.stdout).unwrap();
        shown(&document, "model-files").lines().next().unwrap().to_owned()
    };
    let good = "pass: 1 model file in place, of the right length and with a header that fits";
    assert_eq!(said(&[]), good);
    assert_eq!(said(&["--on", "here"]), good);
    let broken = "fail: 1 of 1 model file is not as it should be";
    assert_eq!(said(&["--on", "pod"]), broken);
    assert_eq!(said(&["--on", "pod", "--models", "project"]), good);
    assert_eq!(said(&["--models", "empty"]), broken);
    folder.wfc(&["models", "check", "w.json"]).succeeded();
    assert_eq!(folder.wfc(&["models", "check", "w.json", "--dir", "pod"]).code, Some(1));
    folder.write("wfc.toml", "models = \"nowhere\"\n");
    for command in [&["doctor", "w.json"][..], &["models", "check", "w.json"]] {
        let said = folder.wfc(command).failed();
        assert!(
            said.ends_with(
                "nowhere is no folder; `models` in wfc.toml takes ComfyUI's folder or its models folder\n"
            ),
            "{said}"
        );
    }
    folder.write("wfc.toml", servers);
    let none = folder.wfc(&["models", "check", "w.json"]).failed();
    assert_snapshot!(none, @r#"wfc: no models folder is named; write `--dir DIR`, or `models = "DIR"` in wfc.toml"#);
}

#[test]
fn what_cannot_be_read_is_no_finding() {
    let folder = picture();
    folder.write("p.wfc.json", "{}");
    let run = folder.wfc(&["doctor", "none.toml", "g.toml", "p.wfc.json", "p.toml"]);
    assert_eq!(run.code, Some(2));
    assert!(run.stdout.contains("p.toml\n  ✓ compiles"), "{}", run.stdout);
    assert_snapshot!(run.stderr, @r#"
    wfc: no such file: none.toml; check the path, which counts from the current folder
    wfc: g.toml is no preset; a preset is a .toml file with `graph = "…"`
    wfc: p.wfc.json is a manifest; name the workflow beside it, or the preset
    "#);
    folder.wfc(&["doctor", "."]).succeeded();
    let empty = Folder::new();
    assert_snapshot!(empty.wfc(&["doctor", "."]).failed(), @r#"wfc: there is no preset in what was given; a preset is a .toml file with `graph = "…"`, and workflows are named one by one"#);
}

#[test]
fn a_batch_is_checked_as_one() {
    let folder = picture();
    folder.write("many.toml", "graph = \"g\"\n[matrix]\nwidth = [64, 128, 256]\nname = [\"a\", \"b\"]\n");
    let server = Comfy::new().start();
    let (code, document) = doctor(&folder, &server.url, &["many.toml"]);
    assert_eq!((code, document["workflows"][0]["workflows"].as_u64()), (Some(0), Some(6)));
    assert_snapshot!(shown(&document, "compiles"), @"pass: 6 workflows, the first with 2 nodes");
}
