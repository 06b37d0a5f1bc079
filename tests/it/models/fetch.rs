//! `wfc models fetch-script`: what is printed. That the script works, its unit tests show.

use std::io::Write as _;
use std::process::{Command, Stdio};

use super::manifest;
use crate::support::Folder;

/// Whether a shell can read a script.
fn is_shell(script: &str) -> bool {
    let mut shell = Command::new("sh").arg("-n").stdin(Stdio::piped()).spawn().unwrap();
    shell.stdin.take().unwrap().write_all(script.as_bytes()).unwrap();
    shell.wait().unwrap().success()
}

#[test]
fn every_preset_has_a_script() {
    let presets = crate::support::repository("presets");
    let run = Folder::new()
        .wfc(&["models", "fetch-script", presets.to_str().unwrap(), "--dir", "it's"])
        .succeeded();
    assert!(is_shell(&run.stdout));
    assert!(run.stdout.contains("\ndefault='it'\\''s'\n"), "{}", &run.stdout[..1000]);
    let line = "    \"$1\" 'clip_vision' 'clip_vision_h.safetensors' '1264219396' '1264219396' \
                '64a7ef761bfccbadbaa3da77366aac4185a6c58fa5de5f589b42a65bcc21f161' '' \
                'https://huggingface.co/Comfy-Org/Wan_2.1_ComfyUI_repackaged/resolve/main/split_files/clip_vision/\
                clip_vision_h.safetensors'\n";
    assert!(run.stdout.contains(line), "{}", run.stdout);
}

#[test]
fn other_published_sizes_and_licences_are_in_the_script() {
    let folder = Folder::new();
    let files =
        [("vae", "flux2-vae.safetensors", 1), ("diffusion_models", "flux-2-klein-9b-fp8.safetensors", 1)];
    manifest(&folder, &files);
    let script = folder.wfc(&["models", "fetch-script", "m.wfc.json"]).succeeded().stdout;
    assert!(script.contains("'flux2-vae.safetensors' '336213556' '336213556 336211292' ''"), "{script}");
    assert!(
        script.contains("'flux-2-klein-9b-fp8.safetensors' '9433061528' '9433061528' '' 'yes' 'https"),
        "{script}"
    );
}

#[test]
fn nothing_in_a_name_becomes_a_command() {
    let folder = Folder::new();
    let name = "../../$(touch x)'; touch y; '\n`touch z`.safetensors";
    manifest(&folder, &[("loras", name, 5)]);
    folder.write("a\nb.wfc.json", folder.read("m.wfc.json"));
    let script = folder.wfc(&["models", "fetch-script", "a\nb.wfc.json"]).succeeded().stdout;
    assert!(is_shell(&script));
    assert!(script.lines().nth(1).unwrap().contains("a\u{fffd}b.wfc.json"), "{script}");
    std::fs::create_dir(folder.path("models")).unwrap();
    folder.write("fetch.sh", &script);
    let output = Command::new("sh")
        .args(["fetch.sh", "models"])
        .current_dir(folder.path(""))
        .env("PATH", std::env::var_os("PATH").unwrap())
        .output()
        .unwrap();
    assert!(!output.status.success());
    let names = folder.names();
    assert!(names.iter().all(|name| !["x", "y", "z"].contains(&&**name)), "{names:?}");
    assert!(names.iter().all(|name| !name.starts_with("..")), "{names:?}");
}

#[test]
fn the_head_says_what_is_not_downloaded_and_what_is_not_counted() {
    let folder = Folder::with([(
        "p.toml",
        "graph = \"scail-uni3c-wan22\"\n[params]\nreference = \"a.png\"\ndriving = \"v.mp4\"\nprompt = \"x\"\n[models]\nvae = \"my.safetensors\"\n",
    )]);
    let script = folder.wfc(&["models", "fetch-script", "p.toml"]).succeeded().stdout;
    insta::assert_snapshot!(script.lines().take(7).collect::<Vec<_>>().join("\n"), @"
    #!/bin/sh
    # Downloads 10 of the 11 model files of p.toml: ~48.7 GB.
    # Of unknown size, in neither the total nor the test of the disk's space: vitpose-l, wan22-t2v-a14b-high-fp8-kj, wan22-t2v-a14b-low-fp8-kj.
    # Not downloaded, since the model catalog does not know them: my.safetensors.
    # sh THIS_FILE [MODELS_FOLDER]; run it again to resume. HF_TOKEN is used where a licence must be accepted.
    # Written by `wfc models fetch-script`.
    ");
    // What cannot be downloaded needs no room on the disk.
    manifest(&folder, &[("loras", "mine.safetensors", 1 << 60)]);
    let text = String::from_utf8(folder.read("m.wfc.json")).unwrap();
    folder.write("m.wfc.json", text.replace("http://127", "gopher://127"));
    folder.write(
        "fetch.sh",
        folder.wfc(&["models", "fetch-script", "m.wfc.json", "--dir", "."]).succeeded().stdout,
    );
    let output = Command::new("sh").arg("fetch.sh").current_dir(folder.path("")).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.code() == Some(1) && said.contains("no address is known"), "{output:?}");
}

#[test]
fn there_is_no_script_for_half_of_the_files() {
    let folder = Folder::with([
        ("p.toml", "graph = \"wan22-a14b\"\n[params]\nprompt = \"x\"\n"),
        ("bad.toml", "graph = \"wan22-a14b\"\n[params]\nprompt = \"x\"\nwidth = 417\n"),
    ]);
    assert!(folder.wfc(&["models", "fetch-script", "."]).findings().contains("error[not-a-multiple]"));
    assert!(folder.wfc(&["models", "fetch-script", "p.toml", "none.toml"]).failed().contains("none.toml"));
}
