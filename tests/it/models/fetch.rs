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
fn there_is_no_script_for_half_of_the_files() {
    let folder = Folder::with([
        ("p.toml", "graph = \"wan22-a14b\"\n[params]\nprompt = \"x\"\n"),
        ("bad.toml", "graph = \"wan22-a14b\"\n[params]\nprompt = \"x\"\nwidth = 417\n"),
    ]);
    assert!(folder.wfc(&["models", "fetch-script", "."]).findings().contains("error[not-a-multiple]"));
    assert!(folder.wfc(&["models", "fetch-script", "p.toml", "none.toml"]).failed().contains("none.toml"));
}
