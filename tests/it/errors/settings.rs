//! Mistakes on the command line.

use insta::assert_snapshot;

use crate::support::{EVERY_TYPE, Folder};

/// What `wfc build --set …` says.
#[track_caller]
fn set(setting: &str) -> String {
    let folder = Folder::with([("g.toml", EVERY_TYPE), ("p.toml", "graph = \"g\"\n")]);
    folder.wfc(&["build", "p.toml", "--set", setting]).findings()
}

#[test]
fn a_setting_without_a_value() {
    assert_snapshot!(set("seed"), @"
    error[toml-syntax]: `seed` has no value
       ╭─[--set:1:1]
     1 │ seed
       · ────
       ╰────
      file: p.toml
      help: write --set key=value

    1 error in 1 file
    ");
}

#[test]
fn a_setting_that_is_not_toml() {
    assert_snapshot!(set("seed=1 2"), @"
    error[wrong-type]: `seed` takes an integer, found a string
       ╭─[--set:1:6]
     1 │ seed=1 2
       ·      ───
       ╰────
      file: p.toml
      help: `seed` (seed): Seed of the noise.

    1 error in 1 file
    ");
    assert_snapshot!(set("loras=[x.safetensors]"), @"
    error[wrong-type]: `loras` takes a list of LoRAs, found a string
       ╭─[--set:1:7]
     1 │ loras=[x.safetensors]
       ·       ───────────────
       ╰────
      file: p.toml
      help: `loras` (lora-list): The LoRAs.

    1 error in 1 file
    ");
}

#[test]
fn a_setting_of_a_wrong_type() {
    assert_snapshot!(set("count=many"), @"
    error[wrong-type]: `count` takes an integer, found a string
       ╭─[--set:1:7]
     1 │ count=many
       ·       ────
       ╰────
      file: p.toml
      help: `count` (int, 1 to 99, of the form 4n+1): How many.

    1 error in 1 file
    ");
    assert_snapshot!(set("count=\"5\""), @r#"
    error[wrong-type]: `count` takes an integer, found a string
       ╭─[--set:1:7]
     1 │ count="5"
       ·       ───
       ╰────
      file: p.toml
      help: `count` (int, 1 to 99, of the form 4n+1): How many.

    1 error in 1 file
    "#);
}

#[test]
fn a_setting_out_of_range() {
    assert_snapshot!(set("count = 101"), @"
    error[out-of-range]: `count` is 101; the largest value is 99
       ╭─[--set:1:9]
     1 │ count = 101
       ·         ───
       ╰────
      file: p.toml
      help: `count` (int, 1 to 99, of the form 4n+1): How many.

    1 error in 1 file
    ");
}

#[test]
fn a_setting_of_an_unknown_parameter() {
    assert_snapshot!(set("promt=\"a fox\""), @r#"
    error[unknown-param]: the graph has no parameter `promt`
       ╭─[--set:1:1]
     1 │ promt="a fox"
       · ─────
       ╰────
      file: p.toml
      help: did you mean `prompt`?

    1 error in 1 file
    "#);
}

#[test]
fn a_text_for_an_unknown_parameter() {
    let text = set("promt=a fox");
    assert!(text.ends_with("\n1 error in 1 file\n"), "{text}");
}

#[test]
fn a_setting_with_a_second_setting_in_it() {
    let text = set("count=5\nstrength=99");
    assert!(text.starts_with("error[wrong-type]: `count` takes an integer"), "{text}");
}

#[test]
fn a_setting_of_an_unknown_model_slot() {
    assert_snapshot!(set("models.vea=wan21-vae"), @"
    error[unknown-model]: the graph has no model slot `vea`
       ╭─[--set:1:1]
     1 │ models.vea=wan21-vae
       · ──────────
       ╰────
      file: p.toml
      help: did you mean `vae`?

    1 error in 1 file
    ");
}

#[test]
fn a_preset_that_does_not_exist() {
    assert_snapshot!(Folder::new().wfc(&["build", "p.toml"]).failed(), @"wfc: no such file: p.toml; check the path, which counts from the current folder");
}

#[test]
fn a_folder_without_presets() {
    assert_snapshot!(Folder::with([("g.toml", EVERY_TYPE)]).wfc(&["build", "."]).failed(), @r#"wfc: there is no preset in what was given; a preset is a .toml file with `graph = "…"`"#);
}

#[test]
fn a_graph_instead_of_a_preset() {
    assert_snapshot!(Folder::with([("g.toml", EVERY_TYPE)]).wfc(&["build", "g.toml"]).failed(), @"wfc: g.toml is a graph, not a preset; `wfc lint` checks it");
}

#[test]
fn an_unknown_catalog() {
    let folder = Folder::with([("g.toml", EVERY_TYPE), ("p.toml", "graph = \"g\"\n")]);
    assert_snapshot!(folder.wfc(&["build", "p.toml", "--catalog", "comfui"]).failed(), @"wfc: no such file: comfui; check the path, which counts from the current folder");
}
