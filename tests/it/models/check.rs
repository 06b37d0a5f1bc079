//! `wfc models check`: files that are missing, truncated, misplaced, or something else than a model.

use insta::assert_snapshot;

use super::{manifest, safetensors};
use crate::support::{Folder, Run};

/// A machine with a models folder; a manifest asks for `a.safetensors` and `b.safetensors` in `loras`.
fn machine() -> Folder {
    let folder = Folder::new();
    let bytes = safetensors(100).len() as u64;
    manifest(&folder, &[("loras", "a.safetensors", bytes), ("loras", "b.safetensors", bytes)]);
    folder.write("comfy/models/loras/a.safetensors", safetensors(100));
    folder.write("comfy/models/loras/b.safetensors", safetensors(100));
    folder
}

fn check(folder: &Folder, more: &[&str]) -> Run {
    folder.wfc(&[&["models", "check", "m.wfc.json", "--dir", "comfy"], more].concat())
}

#[test]
fn a_machine_that_has_everything_is_clean() {
    let folder = machine();
    for dir in ["comfy", "comfy/models", "comfy/models/"] {
        let run = folder.wfc(&["models", "check", "m.wfc.json", "--dir", dir]).succeeded();
        assert_eq!(run.stdout, "no problems in 2 files\n2 of 2 model files are in place\n");
    }
}

#[test]
fn truncated_missing_and_misplaced_files_are_found_at_once() {
    let folder = Folder::new();
    let bytes = safetensors(100).len() as u64;
    let names = ["short", "gone", "away", "below", "volume", "other", "page", "link"];
    let files = names.map(|name| format!("{name}.safetensors"));
    manifest(&folder, &files.each_ref().map(|file| ("loras", &**file, bytes)));
    let put = |path: &str, bytes: &[u8]| folder.write(&format!("models/{path}.safetensors"), bytes);
    put("loras/short", &safetensors(100)[..90]);
    put("vae/away", &safetensors(100));
    put("loras/wan/below", &safetensors(100));
    put("lora/volume", &safetensors(100)[..80]);
    put("loras/other", &safetensors(200));
    put("loras/page", b"<!doctype html>\n<title>401</title>");
    #[cfg(unix)]
    std::os::unix::fs::symlink("/nowhere/x", folder.path("models/loras/link.safetensors")).unwrap();
    #[cfg(not(unix))]
    put("loras/link", &safetensors(100));
    let run = folder.wfc(&["models", "check", "m.wfc.json", "--dir", "models"]);
    assert_eq!((run.code, &*run.stderr), (Some(1), ""));
    #[cfg(unix)]
    assert_snapshot!(run.stdout, @r#"
    error[truncated-model]: `short.safetensors` is truncated: it has 90 of 165 bytes
      file: models/loras/short.safetensors
      help: the download broke off; remove it and download it again: http://127.0.0.1:9/short.safetensors; or rename it to `short.safetensors.part` and run the script of `wfc models fetch-script`, which resumes

    error[missing-model]: `gone.safetensors` (165 bytes) is missing
      file: models/loras/gone.safetensors
      help: download http://127.0.0.1:9/gone.safetensors

    error[misplaced-model]: `away.safetensors` lies in `vae`, where ComfyUI does not look for loras
      file: models/vae/away.safetensors
      help: move it to models/loras/away.safetensors

    error[misplaced-model]: `below.safetensors` is called `wan/below.safetensors` there, and the workflow says `below.safetensors`
      file: models/loras/wan/below.safetensors
      help: move it to models/loras/below.safetensors, or name it in the preset as ComfyUI does: "wan/below.safetensors"

    error[misplaced-model]: `volume.safetensors` lies in `lora`, where ComfyUI does not look for loras
      file: models/lora/volume.safetensors
      help: move it to models/loras/volume.safetensors, or tell ComfyUI of the folder: `wfc models paths --dir models` prints the file for that

    error[truncated-model]: `volume.safetensors` is truncated: it has 80 of 165 bytes
      file: models/lora/volume.safetensors
      help: the download broke off; remove it and download it again: http://127.0.0.1:9/volume.safetensors; or rename it to `volume.safetensors.part` and run the script of `wfc models fetch-script`, which resumes

    error[wrong-model-size]: `other.safetensors` has 265 bytes; the file that is known by this name has 165
      file: models/loras/other.safetensors
      help: it is another version, or another model under this name; remove it and download it again: http://127.0.0.1:9/other.safetensors

    error[broken-model]: `page.safetensors` is a text and no model: "<!doctype html>"
      file: models/loras/page.safetensors
      help: it may be what a server answered instead of the file; remove it and download it again: http://127.0.0.1:9/page.safetensors

    error[missing-model]: `link.safetensors` is a link to /nowhere/x, which does not exist
      file: models/loras/link.safetensors
      help: the link's target was moved, or is not mounted

    9 errors in 8 files
    0 of 8 model files are in place
    2 are missing: 330 bytes; `wfc models fetch-script` prints a script that downloads what has an address
    "#);
}

#[test]
fn what_is_missing_is_summed_up_once() {
    let folder = Folder::with([("p.toml", "graph = \"wan22-a14b\"\n[params]\nprompt = \"x\"\n")]);
    std::fs::create_dir(folder.path("models")).unwrap();
    let run = folder.wfc(&["models", "check", "p.toml", "--dir", "models"]);
    assert_eq!(run.stdout.matches("fetch-script").count(), 1, "{}", run.stdout);
    assert_snapshot!(run.stdout.lines().rev().take(2).collect::<Vec<_>>().join("\n"), @"
    4 are missing: 35.6 GB; `wfc models fetch-script` prints a script that downloads what has an address
    0 of 4 model files are in place
    ");
}

#[test]
fn only_known_licences_are_advised_and_folders_are_named() {
    let folder = Folder::new();
    let files =
        [("vae", "wan_2.1_vae.safetensors", 1), ("diffusion_models", "flux-2-klein-9b-fp8.safetensors", 1)];
    manifest(&folder, &files);
    folder.write("models/vae/wan_2.1_vae.safetensors", "<html>\n403 Forbidden");
    folder.write("models/diffusion_models/flux-2-klein-9b-fp8.safetensors", "Access to it is restricted");
    let said = folder.wfc(&["models", "check", "m.wfc.json", "--dir", "models"]).stdout;
    assert!(said.contains("help: it may be what a server answered instead of the file; remove"), "{said}");
    assert!(said.contains("instead of the file, since its licence must be accepted first; remove"), "{said}");
    // A file outside of the models folder, and one directly in it.
    let folder = machine();
    std::fs::create_dir(folder.path("volume")).unwrap();
    std::fs::rename(folder.path("comfy/models/loras/a.safetensors"), folder.path("volume/a.safetensors"))
        .unwrap();
    std::fs::rename(
        folder.path("comfy/models/loras/b.safetensors"),
        folder.path("comfy/models/b.safetensors"),
    )
    .unwrap();
    folder.write("x.yaml", "mine:\n  vae: volume\n");
    let said = check(&folder, &["--extra-model-paths", "x.yaml"]).stdout;
    for place in ["`a.safetensors` lies in ./volume,", "`b.safetensors` lies in comfy/models,"] {
        assert!(said.contains(place), "{place}: {said}");
    }
}

#[test]
fn a_file_whose_name_differs_in_case_is_misplaced() {
    let folder = machine();
    std::fs::rename(folder.path("comfy/models/loras/b.safetensors"), folder.path("comfy/models/loras/x"))
        .unwrap();
    folder.write("comfy/models/loras/B.safetensors", safetensors(100));
    let said = check(&folder, &[]).stdout;
    assert!(
        said.contains("error[misplaced-model]: `b.safetensors` is called `B.safetensors` there"),
        "{said}"
    );
    assert!(said.contains("upper and lower case count"), "{said}");
}

#[test]
fn the_machines_own_extra_paths_are_read() {
    let folder = machine();
    std::fs::create_dir(folder.path("volume")).unwrap();
    std::fs::rename(folder.path("comfy/models/loras"), folder.path("volume/lora")).unwrap();
    let run = check(&folder, &[]);
    assert_eq!(run.code, Some(1));
    assert_eq!(run.stdout.matches("error[missing-model]").count(), 2, "{}", run.stdout);
    let yaml = "mine:\n  base_path: ../volume\n  loras: lora\n";
    folder.write("comfy/extra_model_paths.yaml", yaml);
    assert!(check(&folder, &[]).succeeded().stdout.contains("2 of 2 model files are in place"));
    // Another file takes its place; paths are relative to it.
    folder.write("other.yaml", "mine:\n  loras: |\n    none\n    volume/lora\n");
    let run = check(&folder, &["--extra-model-paths", "other.yaml"]).succeeded();
    assert!(
        run.stdout.contains("warning[missing-model-folder]: the folder ./none does not exist"),
        "{run:?}"
    );
    folder.write("other.yaml", "mine:\n  clip: volume/lora\n");
    assert_eq!(check(&folder, &["--extra-model-paths", "other.yaml"]).code, Some(1));
}

#[test]
fn what_is_wrong_with_the_extra_paths_is_said_at_its_line() {
    let folder = machine();
    folder.write("x.yaml", "a:\n  base_path: /nowhere/é\n  lora: x\n  lorsa: y\nb:\n  vae:\n    - z\n");
    let run = check(&folder, &["--extra-model-paths", "x.yaml"]);
    assert_eq!(run.code, Some(1));
    assert_snapshot!(run.stdout, @"
    warning[missing-model-folder]: the folder /nowhere/é does not exist
       ╭─[x.yaml:2:14]
     1 │ a:
     2 │   base_path: /nowhere/é
       ·              ──────────
     3 │   lora: x
       ╰────

    warning[unknown-model-folder]: `lora` is no model folder of ComfyUI's
       ╭─[x.yaml:3:9]
     2 │   base_path: /nowhere/é
     3 │   lora: x
       ·         ─
     4 │   lorsa: y
       ╰────
      help: did you mean `loras`?

    warning[unknown-model-folder]: `lorsa` is no model folder of ComfyUI's
       ╭─[x.yaml:4:10]
     3 │   lora: x
     4 │   lorsa: y
       ·          ─
     5 │ b:
       ╰────
      help: did you mean `loras`?

    error[bad-extra-model-paths]: `vae` takes a text; several folders stand one a line, after `|`
       ╭─[x.yaml:6:3]
     5 │ b:
     6 │   vae:
       ·   ───
     7 │     - z
       ╰────
      help: ComfyUI does not start with this file

    1 error, 3 warnings in 3 files
    2 of 2 model files are in place
    ");
}

#[test]
fn a_volumes_layout_is_mapped() {
    let folder = Folder::new();
    let bytes = safetensors(10).len() as u64;
    manifest(
        &folder,
        &[("diffusion_models", "w.safetensors", bytes), ("controlnet", "u.safetensors", bytes)],
    );
    folder.write("models/wan2.2/w.safetensors", safetensors(10));
    folder.write("models/uni3c/u.safetensors", safetensors(10));
    let run = folder.wfc(&["models", "check", "m.wfc.json", "--dir", "models"]);
    assert_eq!(run.code, Some(1));
    assert_eq!(run.stdout.matches("error[misplaced-model]").count(), 2, "{}", run.stdout);
    assert!(
        run.stdout.contains("`wfc models paths --dir models` prints the file for that"),
        "{}",
        run.stdout
    );
    let yaml = folder.wfc(&["models", "paths", "--dir", "models"]).succeeded().stdout;
    assert_eq!(
        yaml,
        "volume:\n  base_path: \"FOLDER/models\"\n  controlnet: \"uni3c\"\n  diffusion_models: \"wan2.2\"\n"
    );
    let real = folder.path("").canonicalize().unwrap();
    folder.write("extra_model_paths.yaml", yaml.replace("FOLDER", &real.to_string_lossy()));
    folder.wfc(&["models", "check", "m.wfc.json", "--dir", "models"]).succeeded();
}

#[test]
fn without_presets_everything_is_looked_at() {
    let folder = machine();
    folder.wfc(&["models", "check", "--dir", "comfy"]).succeeded();
    folder.write("comfy/models/loras/note.txt", "x");
    folder.write("comfy/models/vae/mine.safetensors", &safetensors(100)[..60]);
    folder.write("comfy/models/loras/clip_vision_h.safetensors", safetensors(100));
    let run = folder.wfc(&["models", "check", "--dir", "comfy"]);
    assert_eq!(run.code, Some(1));
    for expected in [
        "error[truncated-model]: `mine.safetensors` is truncated",
        "error[misplaced-model]: `clip-vision-h` lies in `loras`",
        "error[wrong-model-size]: `clip_vision_h.safetensors` has",
        "2 of 4 model files are as they should be",
    ] {
        assert!(run.stdout.contains(expected), "{expected}: {}", run.stdout);
    }
}

#[cfg(unix)]
#[test]
fn links_that_lead_nowhere_are_found_without_a_preset_too() {
    let folder = machine();
    let link = |to: &str, name: &str| {
        std::os::unix::fs::symlink(to, folder.path(&format!("comfy/models/{name}"))).unwrap();
    };
    link("/nowhere/x", "loras/wan_2.1_vae.safetensors");
    link("/nowhere/volume", "vae");
    link("/nowhere/note", "loras/readme.txt");
    link(".", "loras/circle");
    let run = folder.wfc(&["models", "check", "--dir", "comfy"]);
    assert_eq!(run.code, Some(1));
    assert_snapshot!(run.stdout, @"
    error[missing-model]: `wan21-vae` is a link to /nowhere/x, which does not exist
      file: comfy/models/loras/wan_2.1_vae.safetensors
      help: the link's target was moved, or is not mounted

    error[missing-model]: `vae` is a link to /nowhere/volume, which does not exist
      file: comfy/models/vae
      help: the link's target was moved, or is not mounted

    2 errors in 4 files
    2 of 4 model files are as they should be
    ");
}

#[test]
fn what_a_node_downloads_itself_may_be_missing_and_must_not_be_broken() {
    let folder = Folder::with([("g.toml", super::list::NLF_GRAPH)]);
    std::fs::create_dir(folder.path("models")).unwrap();
    let run = folder.wfc(&["models", "check", "g.toml", "--dir", "models"]).succeeded();
    assert!(
        run.stdout.contains("info[missing-model]: `nlf-l-multi` (493.1 MB) is not there yet"),
        "{}",
        run.stdout
    );
    folder.write("models/nlf/nlf_l_multi_0.3.2.torchscript", b"PK\x03\x04 and so on");
    let run = folder.wfc(&["models", "check", "g.toml", "--dir", "models"]);
    assert_eq!(run.code, Some(1));
    assert!(run.stdout.contains("is truncated: it has 14 of 493117974 bytes"), "{}", run.stdout);
}

#[test]
fn the_report_for_programs_names_every_file() {
    let folder = machine();
    std::fs::remove_file(folder.path("comfy/models/loras/b.safetensors")).unwrap();
    let run = check(&folder, &["--format", "json"]);
    assert_eq!(run.code, Some(1));
    let report: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    let files = report["files"].as_array().unwrap();
    let rules = files.iter().map(|file| file["diagnostics"][0]["rule"].as_str());
    assert_eq!(rules.collect::<Vec<_>>(), [None, Some("missing-model")]);
    assert_eq!(files[1]["path"], "comfy/models/loras/b.safetensors");
    let schema: serde_json::Value = serde_json::from_slice(
        &std::fs::read(crate::support::repository("schemas/diagnostics.schema.json")).unwrap(),
    )
    .unwrap();
    assert!(jsonschema::is_valid(&schema, &report));
}

#[test]
fn what_cannot_be_done_ends_with_two() {
    let folder = machine();
    let failed = |arguments: &[&str]| folder.wfc(&[&["models", "check"], arguments].concat());
    let run = failed(&["m.wfc.json", "--dir", "nowhere"]).failed();
    assert!(run.contains("nowhere is no folder; --dir takes ComfyUI's folder"), "{run}");
    std::fs::create_dir(folder.path("empty")).unwrap();
    assert!(failed(&["--dir", "empty"]).failed().contains("no model file lies in empty"));
    let run = failed(&["m.wfc.json", "--dir", "comfy", "--extra-model-paths", "none.yaml"]).failed();
    assert!(run.contains("no such file: none.yaml"), "{run}");
    let run = failed(&["none.toml", "--dir", "comfy"]);
    assert_eq!(run.code, Some(2), "{run:?}");
    assert!(run.stdout.contains("no such file: none.toml"), "{run:?}");
    folder.write("bad.toml", "graph = \"wan22-a14b\"\n[params]\nprompt = \"x\"\nwidth = 417\n");
    let run = failed(&["bad.toml", "m.wfc.json", "--dir", "comfy"]);
    assert_eq!(run.code, Some(1));
    assert!(run.stdout.contains("error[not-a-multiple]") && run.stdout.contains("2 of 2"), "{}", run.stdout);
}
