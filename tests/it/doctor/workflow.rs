//! Whether a workflow would run on a server.

use insta::assert_snapshot;
use serde_json::{Value, json};

use super::{Comfy, Sim, check_of, doctor, loads, picture, shown, vaes, without_amounts};
use crate::support::{Folder, repository};

const GIB: f64 = 1_073_741_824.0;

/// A folder with a preset of this repository.
fn preset(name: &str) -> Folder {
    let text = std::fs::read_to_string(repository(&format!("presets/{name}.toml"))).unwrap();
    Folder::with([("p.toml", &*text)])
}

#[test]
fn a_server_of_another_version_is_told() {
    let folder = picture();
    let said = |version: Value| {
        check_of(&folder, &Comfy::new().system("comfyui_version", version), "p.toml", "version")
    };
    assert_snapshot!(said("0.27.0".into()), @"pass: 0.27.0, which the workflow was checked with");
    assert_snapshot!(said("0.28.1".into()), @"pass: the server has 0.28.1, and the workflow was checked with 0.27.0; what changed since shows below");
    assert_snapshot!(said("0.3.64".into()), @"
    warn: the server has 0.3.64, and the workflow was checked with 0.27.0
      fix: update ComfyUI, or compile against this server: `wfc catalog pull URL`, and `catalog` in wfc.toml
    ");
    assert_snapshot!(said("nightly".into()), @"
    warn: the server has nightly, and the workflow was checked with 0.27.0
      fix: update ComfyUI, or compile against this server: `wfc catalog pull URL`, and `catalog` in wfc.toml
    ");
    assert_snapshot!(said(Value::Null), @"skipped: the server does not say its version");
}

#[test]
fn missing_classes_are_told_with_their_packs_and_where_these_are() {
    let folder = preset("scail-uni3c-wan22");
    let sim = Sim::start(&folder, &["--catalog", "comfyui,kjnodes"]);
    let (code, document) = doctor(&folder, &sim.url, &["p.toml"]);
    assert_eq!(code, Some(1));
    assert_snapshot!(shown(&document, "classes"), @"
    fail: 23 of 27 classes are missing on the server
      ComfyUI-SCAIL-Pose2 (https://github.com/rookiestar28/ComfyUI-SCAIL-Pose2): PoseDetectionVitPoseToDWPose, RenderNLFPoses
      ComfyUI-VideoHelperSuite (https://github.com/Kosinkadink/ComfyUI-VideoHelperSuite): VHS_LoadVideo, VHS_VideoCombine
      ComfyUI-WanAnimatePreprocess (https://github.com/kijai/ComfyUI-WanAnimatePreprocess): OnnxDetectionModelLoader
      ComfyUI-WanVideoWrapper 1.4.7 (https://github.com/kijai/ComfyUI-WanVideoWrapper): DownloadAndLoadNLFModel, NLFPredict, WanVideoAddSCAILPoseEmbeds, WanVideoAddSCAILReferenceEmbeds and 14 more
      fix: `git clone` these packs in custom_nodes, and install their requirements.txt; then restart ComfyUI; a pack that is there already failed to load, and ComfyUI's log says why
    ");
    assert_snapshot!(shown(&document, "values"), @"skipped: the server looks at values when all classes are there");
}

#[test]
fn classes_that_a_pack_that_is_there_lacks_need_an_update() {
    let folder = picture();
    let mut comfy = Comfy::new();
    comfy.classes.as_object_mut().unwrap().remove("SaveImage");
    assert_snapshot!(check_of(&folder, &comfy, "p.toml", "classes"), @"
    fail: 1 of 2 classes is missing on the server
      ComfyUI 0.27.0 (https://github.com/Comfy-Org/ComfyUI): SaveImage
      fix: update ComfyUI; then restart ComfyUI
    ");
    folder.write(
        "w.json",
        r#"{"1": {"class_type": "Mystery", "inputs": {}}, "2": {"class_type": "SaveImage", "inputs": {}}}"#,
    );
    assert_snapshot!(check_of(&folder, &Comfy::new(), "w.json", "classes"), @"
    fail: 1 of 2 classes is missing on the server
      of no pack that wfc knows: Mystery
      fix: find the pack of the unknown ones with ComfyUI-Manager; then restart ComfyUI
    ");
    comfy.classes = json!("no list");
    let server = comfy.start();
    let (_, document) = doctor(&folder, &server.url, &["p.toml"]);
    assert_snapshot!(shown(&document, "classes").replace(&server.url, "SERVER"), @"
    fail: the server does not list its classes: SERVER/object_info: not an /object_info answer: it looks like JSON that is not an object
      fix: see ComfyUI's log: a node pack may fail when its inputs are listed
    ");
    assert_snapshot!(shown(&document, "models"), @"skipped: the server does not list its files");
}

#[test]
fn values_that_the_server_would_refuse_are_told() {
    let folder = picture();
    assert_snapshot!(check_of(&folder, &Comfy::new(), "p.toml", "values"), @"pass: the server's validator would take links, types, ranges and choices");
    let mut comfy = Comfy::new();
    comfy.classes["EmptyImage"]["input"]["required"]["width"][1]["max"] = json!(32);
    comfy.classes["SaveImage"]["input"]["required"]["quality"] = json!(["INT", {"min": 1, "max": 100}]);
    let (code, document) = doctor(&folder, &comfy.start().url, &["p.toml"]);
    assert_eq!(code, Some(1));
    assert_snapshot!(shown(&document, "values"), @"
    fail: the server would refuse the workflow: 2 errors
      empty: `width` is 64; the largest value is 32
      save: `SaveImage` needs the input `quality`; give it a value (INT)
      fix: compile against this server: `--catalog URL` of `wfc build` and `wfc lint` shows where each is written
    ");
}

#[test]
fn model_files_are_looked_for_in_the_lists_of_the_server() {
    let folder = Folder::new();
    let said = |names: &[&str], comfy: &Comfy| {
        folder.write("w.json", vaes(names));
        let (_, document) = doctor(&folder, &comfy.start().url, &["w.json"]);
        assert!(shown(&document, "values").starts_with("pass"), "files are told once");
        shown(&document, "models")
    };
    let linux = Comfy::new();
    assert_snapshot!(said(&["mine.safetensors"], &linux), @"pass: 1 file in the server's lists");
    assert_snapshot!(said(&["pixel_space"], &linux), @"pass: the workflow names no model files");
    let windows = Comfy::new().system("os", "win32");
    assert_snapshot!(said(&["other/ours.safetensors", "ours.safetensors", "wan_2.1_vae.safetensors"], &windows), @r"
    fail: 3 of 3 files are not in the server's lists
      vae: the server calls `other/ours.safetensors` `other\ours.safetensors`
      vae: `ours.safetensors` is not there; there is `other\ours.safetensors`
      vae: `wan_2.1_vae.safetensors` is not there; https://huggingface.co/Comfy-Org/Wan_2.2_ComfyUI_Repackaged/resolve/main/split_files/vae/wan_2.1_vae.safetensors
      fix: put the files there; `wfc models fetch-script w.json` prints a script for what has an address; write names as the server does, with the separators of Windows, or put the files into the folder itself; name the file with its folder, as the server does
    ");
}

#[test]
fn a_simulated_windows_calls_files_otherwise() {
    let folder = preset("z-image-turbo");
    let sim = Sim::start(&folder, &["--fault", "windows"]);
    let (code, document) = doctor(&folder, &sim.url, &["p.toml"]);
    assert_eq!(code, Some(0));
    assert!(shown(&document, "reachable").contains("on win32"));
    assert_snapshot!(shown(&document, "models"), @"pass: 3 files in the server's lists");
}

#[test]
fn the_plan_is_compared_with_the_card() {
    let folder = preset("z-image-turbo");
    let said = |arguments: &[&str]| {
        let sim = Sim::start(&folder, arguments);
        let (code, document) = doctor(&folder, &sim.url, &["p.toml"]);
        format!("{} {}", code.unwrap(), without_amounts(&shown(&document, "vram")))
    };
    assert_snapshot!(said(&[]), @"0 pass: fits: it needs …, and 24.0 GiB are free of 24.0 GiB");
    assert_snapshot!(said(&["--vram", "1GiB"]), @"
    1 fail: it needs …, and the card has 1.0 GiB
      fix: `wfc fit p.toml --vram 1024MiB` finds the smallest change with which it fits; `wfc plan p.toml --gpu all` finds a card
    ");
}

#[test]
fn a_card_that_is_in_use_a_processor_and_a_silent_server_are_told_apart() {
    let folder = preset("z-image-turbo");
    let all = Comfy::with_all_classes(&folder).classes;
    let comfy = || Comfy { classes: all.clone(), ..Comfy::new() };
    let said = |comfy: &Comfy| without_amounts(&check_of(&folder, comfy, "p.toml", "vram"));
    // ComfyUI's own models are no obstacle, others are.
    let own = comfy().device("vram_free", 2.0 * GIB).device("torch_vram_total", 21.0 * GIB);
    assert_snapshot!(said(&own), @"pass: fits: it needs …, and 23.0 GiB are free of 23.6 GiB");
    assert_snapshot!(said(&comfy().device("vram_free", 0.5 * GIB)), @r#"
    warn: it needs …; the card has 23.6 GiB, and 23.1 GiB of that are in use
      fix: end what else uses the card (`nvidia-smi` lists it); what ComfyUI holds itself, it gives back: POST /free with {"unload_models": true, "free_memory": true}
    "#);
    assert_snapshot!(said(&comfy().device("type", "cpu").device("name", "cpu")), @"
    warn: the server computes on its processor, and has no card
      fix: networks of this size take hours there: start ComfyUI on a machine with a card, and without --cpu
    ");
    let mut silent = comfy();
    silent.stats["devices"] = json!([]);
    assert_snapshot!(said(&silent), @"skipped: the server does not say what it computes on");
    assert_snapshot!(check_of(&picture(), &Comfy::new(), "p.toml", "vram"), @"pass: no node is known to run a network on the card");
}

/// The workflow of the preset `z-image-turbo` with a picture of an unknown size in place of an empty latent.
fn of_unknown_size() -> String {
    let text = std::fs::read_to_string(repository("presets/z-image-turbo.workflow_api.json")).unwrap();
    let mut workflow: Value = serde_json::from_str(&text).unwrap();
    let vae = workflow["decoded"]["inputs"]["vae"].clone();
    workflow["picture"] = json!({"class_type": "LoadImage", "inputs": {"image": "a.png"}});
    workflow["latent"] = json!({"class_type": "VAEEncode", "inputs": {"pixels": ["picture", 0], "vae": vae}});
    workflow.to_string()
}

#[test]
fn what_cannot_be_told_of_the_memory_is_said() {
    let folder = Folder::with([("w.json", &*of_unknown_size())]);
    let comfy = Comfy::with_all_classes(&folder);
    assert_snapshot!(without_amounts(&check_of(&folder, &comfy, "w.json", "vram")), @"
    warn: it needs … at least; what 3 nodes can take is not known: latent, sampler, decoded
      fix: `wfc plan w.json` says why, and what to give `[assume]`
    ");
}

#[test]
fn the_hosts_memory_is_compared_with_weights_and_pictures() {
    let folder = preset("z-image-turbo");
    let all = Comfy::with_all_classes(&folder).classes;
    let said = |total: f64, free: f64| {
        let comfy = Comfy { classes: all.clone(), ..Comfy::new() };
        let comfy = comfy.system("ram_total", total * GIB).system("ram_free", free * GIB);
        without_amounts(&check_of(&folder, &comfy, "p.toml", "ram"))
    };
    assert_snapshot!(said(64.0, 60.0), @"pass: weights and pictures take about …; of 64.0 GiB 60.0 GiB are free");
    assert_snapshot!(said(64.0, 4.0), @"
    warn: weights and pictures take about …; of 64.0 GiB 4.0 GiB are free
      fix: what other programs hold must go, or files are read again and again
    ");
    assert_snapshot!(said(8.0, 4.0), @"
    warn: weights and pictures take about …, and the host has 8.0 GiB
      fix: files are read again and again, or the system ends ComfyUI: use a host with more memory, or fewer frames
    ");
    let silent = Comfy::new().system("ram_total", Value::Null);
    assert_snapshot!(check_of(&picture(), &silent, "p.toml", "ram"), @"skipped: the server does not say how much memory its host has");
    assert_snapshot!(check_of(&picture(), &Comfy::new(), "p.toml", "ram"), @"pass: weights and pictures take about 0 MiB; of 64.0 GiB 60.0 GiB are free");
}

#[test]
fn input_files_are_compared_with_what_the_server_takes() {
    let folder = Folder::with([("w.json", &*loads(&["a.png", "b.png"]))]);
    folder.write("a.png", vec![0; 3 << 20]);
    folder.write("b.png", vec![0; 1 << 20]);
    let said =
        |features: Option<Value>| check_of(&folder, &Comfy { features, ..Comfy::new() }, "w.json", "upload");
    assert_snapshot!(said(Some(json!({"max_upload_size": 104_857_600}))), @"pass: 2 files, 4 MiB; the server takes 100 MiB at once");
    assert_snapshot!(said(Some(json!({"max_upload_size": 2_097_152}))), @"
    fail: 1 of 2 files is larger than the server takes: 2 MiB at once
      a.png: 3 MiB
      fix: start ComfyUI with --max-upload-size 4, or copy them to its input folder
    ");
    assert_snapshot!(said(None), @"pass: 2 files, 4 MiB; the server takes 100 MiB at once (ComfyUI's default: it does not say)");
    assert_snapshot!(check_of(&picture(), &Comfy::new(), "p.toml", "upload"), @"pass: there is nothing to upload");
}

#[test]
fn inputs_may_be_here_or_on_the_server() {
    let folder = Folder::new();
    folder.write("here.png", "x");
    let said = |names: &[&str]| {
        folder.write("w.json", loads(names));
        let (code, document) = doctor(&folder, &Comfy::new().start().url, &["w.json"]);
        format!("{} {}", code.unwrap(), shown(&document, "inputs"))
    };
    assert_snapshot!(said(&["here.png"]), @"0 pass: 1 input file, here");
    assert_snapshot!(said(&["there.png", "there.png [input]"]), @"0 pass: 2 input files, on the server");
    assert_snapshot!(said(&["here.png", "there.png"]), @"0 pass: 2 input files, 1 here and 1 on the server");
    assert_snapshot!(said(&["here.png", "nowhere.png", "../here.png", "x.png [output]"]), @"
    1 fail: 2 of 3 input files are missing
      nowhere.png is neither here nor on the server
      ../here.png is neither here nor on the server
      fix: put them beside the preset or below the current folder, or name others: `--set NAME=FILE`
    ");
    folder.write("empty.png", "");
    assert_snapshot!(said(&["here.png", "empty.png"]), @"
    0 warn: of 2 input files 1 is empty
      empty.png is empty
      fix: was a copy or a download interrupted? put the whole file there
    ");
    let sim = Sim::start(&folder, &[]);
    folder.write("w.json", loads(&["nowhere.png"]));
    let (code, document) = doctor(&folder, &sim.url, &["w.json"]);
    assert_eq!(code, Some(0));
    assert_snapshot!(shown(&document, "inputs"), @"
    warn: 1 of 1 input file is missing
      nowhere.png is neither here nor on the server
      fix: put them beside the preset or below the current folder, or name others: `--set NAME=FILE`; to a server that only plays one, `wfc run` sends a picture of one pixel for each
    ");
}

#[test]
fn the_time_until_it_is_ready_is_an_estimate_with_its_limits() {
    let folder = preset("z-image-turbo");
    let sim = Sim::start(&folder, &[]);
    let run = folder.wfc(&["doctor", "p.toml", "--on", &sim.url, "--storage", "network"]).succeeded();
    let ready: Vec<&str> = run.stdout.lines().skip_while(|line| !line.contains(" ready ")).collect();
    assert_snapshot!(ready.join("\n"), @"
        ready        in 14 s to 3 min, 52 s expected: models 14 s to 3 min
                     · an estimate: models are read from a network volume, none of them is in memory
                       yet, and none is downloaded

    Nothing failed: 2 skipped.
    ");
    let said = folder.wfc(&["doctor", "p.toml", "--storage", "attic"]).failed();
    assert_snapshot!(said, @"wfc: `attic` of --storage is no place of model files and no speed; it is memory, local, network, download, or a number of gigabytes a second, such as 1.5");
}
