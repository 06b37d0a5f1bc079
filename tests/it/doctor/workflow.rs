//! Whether a workflow would run on a server.

use insta::assert_snapshot;
use serde_json::{Value, json};

use super::{Comfy, Sim, check_of, doctor, loads, picture, shown, vaes};
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
    assert_snapshot!(said("0.27.0".into()), @"");
    assert_snapshot!(said("0.28.1".into()), @"");
    assert_snapshot!(said("0.3.64".into()), @"");
    assert_snapshot!(said("nightly".into()), @"");
    assert_snapshot!(said(Value::Null), @"");
}

#[test]
fn missing_classes_are_told_with_their_packs_and_where_these_are() {
    let folder = preset("scail-uni3c-wan22");
    let sim = Sim::start(&folder, &["--catalog", "comfyui,kjnodes"]);
    let (code, document) = doctor(&folder, &sim.url, &["p.toml"]);
    assert_eq!(code, Some(1));
    assert_snapshot!(shown(&document, "classes"), @"");
    assert_snapshot!(shown(&document, "values"), @"");
}

#[test]
fn classes_that_a_pack_that_is_there_lacks_need_an_update() {
    let folder = picture();
    let mut comfy = Comfy::new();
    comfy.classes.as_object_mut().unwrap().remove("SaveImage");
    assert_snapshot!(check_of(&folder, &comfy, "p.toml", "classes"), @"");
    folder.write(
        "w.json",
        r#"{"1": {"class_type": "Mystery", "inputs": {}}, "2": {"class_type": "SaveImage", "inputs": {}}}"#,
    );
    assert_snapshot!(check_of(&folder, &Comfy::new(), "w.json", "classes"), @"");
    comfy.classes = json!("no list");
    assert_snapshot!(check_of(&folder, &comfy, "p.toml", "classes"), @"");
    assert_snapshot!(check_of(&folder, &comfy, "p.toml", "models"), @"");
}

#[test]
fn values_that_the_server_would_refuse_are_told() {
    let folder = picture();
    assert_snapshot!(check_of(&folder, &Comfy::new(), "p.toml", "values"), @"");
    let mut comfy = Comfy::new();
    comfy.classes["EmptyImage"]["input"]["required"]["width"][1]["max"] = json!(32);
    comfy.classes["SaveImage"]["input"]["required"]["quality"] = json!(["INT", {"min": 1, "max": 100}]);
    let (code, document) = doctor(&folder, &comfy.start().url, &["p.toml"]);
    assert_eq!(code, Some(1));
    assert_snapshot!(shown(&document, "values"), @"");
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
    assert_snapshot!(said(&["mine.safetensors"], &linux), @"");
    assert_snapshot!(said(&["pixel_space"], &linux), @"");
    let windows = Comfy::new().system("os", "win32");
    assert_snapshot!(said(&["other/ours.safetensors", "ours.safetensors", "wan_2.1_vae.safetensors"], &windows), @"");
}

#[test]
fn a_simulated_windows_calls_files_otherwise() {
    let folder = preset("z-image-turbo");
    let sim = Sim::start(&folder, &["--fault", "windows"]);
    let (code, document) = doctor(&folder, &sim.url, &["p.toml"]);
    assert_eq!(code, Some(0));
    assert!(shown(&document, "reachable").contains("on win32"));
    assert_snapshot!(shown(&document, "models"), @"");
}

#[test]
fn the_plan_is_compared_with_the_card() {
    let folder = preset("z-image-turbo");
    let said = |arguments: &[&str]| {
        let sim = Sim::start(&folder, arguments);
        let (code, document) = doctor(&folder, &sim.url, &["p.toml"]);
        format!("{} {}", code.unwrap(), shown(&document, "vram"))
    };
    assert_snapshot!(said(&[]), @"");
    assert_snapshot!(said(&["--vram", "1GiB"]), @"");
}

#[test]
fn a_card_that_is_in_use_a_processor_and_a_silent_server_are_told_apart() {
    let folder = preset("z-image-turbo");
    let all = Comfy::with_all_classes(&folder).classes;
    let comfy = || Comfy { classes: all.clone(), ..Comfy::new() };
    let said = |comfy: &Comfy| check_of(&folder, comfy, "p.toml", "vram");
    // ComfyUI's own models are no obstacle, others are.
    let own = comfy().device("vram_free", 2.0 * GIB).device("torch_vram_total", 21.0 * GIB);
    assert_snapshot!(said(&own), @"");
    assert_snapshot!(said(&comfy().device("vram_free", 0.5 * GIB)), @"");
    assert_snapshot!(said(&comfy().device("type", "cpu").device("name", "cpu")), @"");
    let mut silent = comfy();
    silent.stats["devices"] = json!([]);
    assert_snapshot!(said(&silent), @"");
    assert_snapshot!(check_of(&picture(), &Comfy::new(), "p.toml", "vram"), @"");
}

#[test]
fn what_cannot_be_told_of_the_memory_is_said() {
    let folder = preset("qwen-image-edit");
    let said = check_of(&folder, &Comfy::with_all_classes(&folder), "p.toml", "vram");
    assert!(said.starts_with("warn: ") || said.starts_with("fail: "), "{said}");
}

#[test]
fn the_hosts_memory_is_compared_with_weights_and_pictures() {
    let folder = preset("z-image-turbo");
    let all = Comfy::with_all_classes(&folder).classes;
    let said = |total: f64, free: f64| {
        let comfy = Comfy { classes: all.clone(), ..Comfy::new() };
        let comfy = comfy.system("ram_total", total * GIB).system("ram_free", free * GIB);
        check_of(&folder, &comfy, "p.toml", "ram")
    };
    assert_snapshot!(said(64.0, 60.0), @"");
    assert_snapshot!(said(64.0, 4.0), @"");
    assert_snapshot!(said(8.0, 4.0), @"");
    let silent = Comfy::new().system("ram_total", Value::Null);
    assert_snapshot!(check_of(&picture(), &silent, "p.toml", "ram"), @"");
    assert_snapshot!(check_of(&picture(), &Comfy::new(), "p.toml", "ram"), @"");
}

#[test]
fn input_files_are_compared_with_what_the_server_takes() {
    let folder = Folder::with([("w.json", &*loads(&["a.png", "b.png"]))]);
    folder.write("a.png", vec![0; 3 << 20]);
    folder.write("b.png", vec![0; 1 << 20]);
    let said =
        |features: Option<Value>| check_of(&folder, &Comfy { features, ..Comfy::new() }, "w.json", "upload");
    assert_snapshot!(said(Some(json!({"max_upload_size": 104_857_600}))), @"");
    assert_snapshot!(said(Some(json!({"max_upload_size": 2_097_152}))), @"");
    assert_snapshot!(said(None), @"");
    assert_snapshot!(check_of(&picture(), &Comfy::new(), "p.toml", "upload"), @"");
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
    assert_snapshot!(said(&["here.png"]), @"");
    assert_snapshot!(said(&["there.png", "there.png [input]"]), @"");
    assert_snapshot!(said(&["here.png", "there.png"]), @"");
    assert_snapshot!(said(&["here.png", "nowhere.png", "../here.png", "x.png [output]"]), @"");
    folder.write("empty.png", "");
    assert_snapshot!(said(&["here.png", "empty.png"]), @"");
    let sim = Sim::start(&folder, &[]);
    folder.write("w.json", loads(&["nowhere.png"]));
    let (code, document) = doctor(&folder, &sim.url, &["w.json"]);
    assert_eq!(code, Some(0));
    assert_snapshot!(shown(&document, "inputs"), @"");
}

#[test]
fn the_time_until_it_is_ready_is_an_estimate_with_its_limits() {
    let folder = preset("z-image-turbo");
    let sim = Sim::start(&folder, &[]);
    let run = folder.wfc(&["doctor", "p.toml", "--on", &sim.url, "--storage", "network"]).succeeded();
    let ready: Vec<&str> = run.stdout.lines().skip_while(|line| !line.contains(" ready ")).collect();
    assert_snapshot!(ready.join("\n"), @"");
    let said = folder.wfc(&["doctor", "p.toml", "--storage", "attic"]).failed();
    assert_snapshot!(said, @"");
}
