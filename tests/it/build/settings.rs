//! `extends` and `--set`: values from elsewhere, overridden key by key.

use serde_json::Value;

use crate::support::{EVERY_TYPE, Folder, PICTURE, input, model_file};

/// The `source` of a node that shows a parameter.
fn shown(workflow: &Value, node: &str) -> Value {
    input(workflow, node, "source").clone()
}

#[test]
fn a_preset_overrides_what_it_extends_key_by_key() {
    let folder = Folder::with([
        ("g.toml", EVERY_TYPE),
        ("base.toml", "graph = \"g\"\n[params]\ncount = 9\nprompt = \"base\"\n[models]\nvae = \"a.pt\"\n"),
        ("p.toml", "extends = \"base.toml\"\n[params]\nprompt = \"own\"\nseed = 3\n"),
    ]);
    let workflow = folder.workflow("p.toml", &[]);
    assert_eq!([shown(&workflow, "count"), shown(&workflow, "prompt")], [Value::from(9), Value::from("own")]);
    assert_eq!(input(&workflow, "noise", "noise_seed"), 3);
    assert_eq!(input(&workflow, "vae_file", "vae_name"), "a.pt");
}

#[test]
fn a_chain_of_three_is_followed_through_folders() {
    let folder = Folder::with([
        ("shared/g.toml", EVERY_TYPE),
        ("shared/base.toml", "graph = \"g\"\n[params]\ncount = 9\nprompt = \"base\"\nimage = \"base.png\"\n"),
        (
            "team/middle.toml",
            "extends = \"../shared/base.toml\"\n[params]\nprompt = \"middle\"\nimage = \"m.png\"\n",
        ),
        ("own/p.toml", "extends = \"../team/middle.toml\"\n[params]\nimage = \"own.png\"\n"),
    ]);
    let workflow = folder.workflow("own/p.toml", &[]);
    let values = ["count", "prompt", "image"].map(|node| shown(&workflow, node));
    assert_eq!(values, [Value::from(9), Value::from("middle"), Value::from("own.png")]);
}

#[test]
fn naming_a_card_replaces_an_inherited_amount_of_memory() {
    let folder = Folder::with([
        ("g.toml", PICTURE),
        ("base.toml", "graph = \"g\"\n[target]\nvram = \"24 GiB\"\nheadroom = \"2 GiB\"\n"),
        ("p.toml", "extends = \"base.toml\"\n[target]\ngpu = \"a100-80gb\"\n"),
    ]);
    folder.wfc(&["build", "p.toml"]).succeeded();
    let target = &folder.json("p.wfc.json")["target"];
    assert_eq!(*target, serde_json::json!({"gpu": "a100-80gb", "vram_mib": 81920.0, "headroom_mib": 2048.0}));
}

#[test]
fn a_setting_of_every_type_wins_over_the_preset() {
    let preset = "graph = \"g\"\n[params]\ncount = 1\nprompt = \"preset\"\n[matrix]\nseed = [1, 2]\n";
    let folder = Folder::with([("g.toml", EVERY_TYPE), ("p.toml", preset)]);
    let settings = [
        "count=13",
        "strength=2.5",
        "tiled=true",
        "prompt=a fox, \"quoted\" = fine",
        "sampler=dpmpp_2m",
        "seed=18446744073709551615",
        "image=b.png",
        "video='b c.mp4'",
        "audio=\"b.wav\"",
        "model=wan21-vae",
        "loras=[\"x.safetensors\", { file = \"y.safetensors\", strength = 0.25 }]",
        "models.vae=other.safetensors",
    ];
    let arguments: Vec<&str> = settings.iter().flat_map(|setting| ["--set", setting]).collect();
    let workflow = folder.workflow("p.toml", &arguments);
    let show = |node: &str| shown(&workflow, node);
    assert_eq!((show("count"), show("tiled")), (13.into(), true.into()));
    assert_eq!(input(&workflow, "strength_value", "value"), 2.5);
    assert_eq!(show("prompt"), "a fox, \"quoted\" = fine");
    assert_eq!(show("sampler"), "dpmpp_2m");
    assert_eq!(input(&workflow, "noise", "noise_seed"), u64::MAX);
    assert_eq!([show("image"), show("video"), show("audio")], ["b.png", "b c.mp4", "b.wav"]);
    assert_eq!(show("model"), model_file("wan21-vae"));
    assert_eq!([show("lora-1"), show("lora-2")], ["x.safetensors", "y.safetensors"]);
    assert_eq!([show("lora_strength-1"), show("lora_strength-2")], [1.0, 0.25]);
    assert_eq!(input(&workflow, "vae_file", "vae_name"), "other.safetensors");
}

#[test]
fn the_last_of_several_settings_counts() {
    let folder = Folder::with([("g.toml", PICTURE), ("p.toml", "graph = \"g\"\n")]);
    let workflow = folder.workflow("p.toml", &["--set", "width=16", "--set", "width = 32"]);
    assert_eq!(input(&workflow, "empty", "width"), 32);
}

#[test]
fn a_setting_of_a_matrix_parameter_ends_its_variation() {
    let folder =
        Folder::with([("g.toml", PICTURE), ("p.toml", "graph = \"g\"\n[matrix]\nwidth = [16, 32]\n")]);
    folder.wfc(&["build", "p.toml", "--set", "width=48"]).succeeded();
    assert_eq!(folder.names(), ["g.toml", "p.toml", "p.wfc.json", "p.workflow_api.json"]);
}
