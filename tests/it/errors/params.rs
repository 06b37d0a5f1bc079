//! Mistakes in the values of parameters, of a matrix and of constraints.

use insta::assert_snapshot;

use super::{param, preset};
use crate::support::{Folder, PICTURE};

#[test]
fn an_unknown_parameter() {
    assert_snapshot!(param("promt = \"x\""), @r#"
    error[unknown-param]: the graph has no parameter `promt`
       ╭─[p.toml:3:1]
     2 │ [params]
     3 │ promt = "x"
       · ─────
       ╰────
      help: did you mean `prompt`?

    1 error in 1 file
    "#);
    assert_snapshot!(param("guidance = 1"), @"
    error[unknown-param]: the graph has no parameter `guidance`
       ╭─[p.toml:3:1]
     2 │ [params]
     3 │ guidance = 1
       · ────────
       ╰────
      help: its parameters are: count, strength, tiled, prompt, sampler, seed, image, video, audio, model, loras

    1 error in 1 file
    ");
}

#[test]
fn a_missing_parameter() {
    let folder = Folder::with([("p.toml", "graph = \"g\"\n")]);
    folder.write("g.toml", PICTURE.replace("default = 64\n", ""));
    assert_snapshot!(folder.wfc(&["build", "p.toml"]).findings(), @r#"
    error[missing-param]: the parameter `width` has no value
       ╭─[p.toml:1:9]
     1 │ graph = "g"
       ·         ─┬─
       ·          ╰── this graph needs it
       ╰────
       ╭─[g.toml:4:9]
     4 │ [params.width]
       ·         ──┬──
       ·           ╰── declared here without a default
     5 │ type = "int"
       ╰────
      help: add it under [params]: `width` (int, px, 16 to 4096, a multiple of 16): Width of the picture.

    1 error in 1 file
    "#);
}

#[test]
fn a_wrong_type() {
    assert_snapshot!(param("count = 5.0"), @"
    error[wrong-type]: `count` takes an integer, found a float
       ╭─[p.toml:3:9]
     2 │ [params]
     3 │ count = 5.0
       ·         ───
       ╰────
      help: `count` (int, 1 to 99, of the form 4n+1): How many.

    1 error in 1 file
    ");
    assert_snapshot!(param("tiled = \"yes\""), @r#"
    error[wrong-type]: `tiled` takes true or false, found a string
       ╭─[p.toml:3:9]
     2 │ [params]
     3 │ tiled = "yes"
       ·         ─────
       ╰────
      help: `tiled` (bool): In tiles.

    1 error in 1 file
    "#);
    assert_snapshot!(param("prompt = [\"a\"]"), @r#"
    error[wrong-type]: `prompt` takes a string, found an array
       ╭─[p.toml:3:10]
     2 │ [params]
     3 │ prompt = ["a"]
       ·          ─────
       ╰────
      help: `prompt` (string): What to show.

    1 error in 1 file
    "#);
}

#[test]
fn out_of_range() {
    assert_snapshot!(param("count = 101"), @"
    error[out-of-range]: `count` is 101; the largest value is 99
       ╭─[p.toml:3:9]
     2 │ [params]
     3 │ count = 101
       ·         ───
       ╰────
      help: `count` (int, 1 to 99, of the form 4n+1): How many.

    1 error in 1 file
    ");
    assert_snapshot!(param("strength = -0.5"), @"
    error[out-of-range]: `strength` is -0.5; the smallest value is 0.0
       ╭─[p.toml:3:12]
     2 │ [params]
     3 │ strength = -0.5
       ·            ────
       ╰────
      help: `strength` (float, 0.0 to 10.0): How strong.

    1 error in 1 file
    ");
}

#[test]
fn not_a_multiple() {
    let folder = Folder::with([("g.toml", PICTURE), ("p.toml", "graph = \"g\"\n[params]\nwidth = 100\n")]);
    assert_snapshot!(folder.wfc(&["build", "p.toml"]).findings(), @"
    error[not-a-multiple]: `width` is 100; it must be a multiple of 16
       ╭─[p.toml:3:9]
     2 │ [params]
     3 │ width = 100
       ·         ───
       ╰────
      help: the nearest are 96 and 112

    1 error in 1 file
    ");
}

#[test]
fn not_of_the_form() {
    assert_snapshot!(param("count = 80"), @"
    error[not-of-the-form]: `count` is 80; it must be of the form 4n+1
       ╭─[p.toml:3:9]
     2 │ [params]
     3 │ count = 80
       ·         ──
       ╰────
      help: the nearest are 77 and 81

    1 error in 1 file
    ");
}

#[test]
fn not_a_choice() {
    assert_snapshot!(param("sampler = \"dpmp_2m\""), @r#"
    error[unknown-choice]: `sampler` is "dpmp_2m"; it must be one of: euler, dpmpp_2m, heun
       ╭─[p.toml:3:11]
     2 │ [params]
     3 │ sampler = "dpmp_2m"
       ·           ─────────
       ╰────
      help: did you mean `dpmpp_2m`?

    1 error in 1 file
    "#);
    assert_snapshot!(param("sampler = \"fast\""), @r#"
    error[unknown-choice]: `sampler` is "fast"; it must be one of: euler, dpmpp_2m, heun
       ╭─[p.toml:3:11]
     2 │ [params]
     3 │ sampler = "fast"
       ·           ──────
       ╰────

    1 error in 1 file
    "#);
}

#[test]
fn seeds_beyond_64_bits() {
    assert_snapshot!(param("seed = -1"), @"
    error[out-of-range]: `seed` is -1; a seed is between 0 and 18446744073709551615
       ╭─[p.toml:3:8]
     2 │ [params]
     3 │ seed = -1
       ·        ──
       ╰────

    1 error in 1 file
    ");
    assert_snapshot!(param("seed = 18446744073709551616"), @"
    error[out-of-range]: `seed` is 18446744073709551616; a seed is between 0 and 18446744073709551615
       ╭─[p.toml:3:8]
     2 │ [params]
     3 │ seed = 18446744073709551616
       ·        ────────────────────
       ╰────

    1 error in 1 file
    ");
    assert_snapshot!(param("seed = 999999999999999999999999999999999999999999"), @"
    error[wrong-type]: the integer 999999999999999999999999999999999999999999 is too large
       ╭─[p.toml:3:8]
     2 │ [params]
     3 │ seed = 999999999999999999999999999999999999999999
       ·        ──────────────────────────────────────────
       ╰────

    1 error in 1 file
    ");
}

#[test]
fn numbers_that_no_workflow_can_hold() {
    assert_snapshot!(param("strength = nan"), @"
    error[wrong-type]: nan is not a number that a workflow can hold
       ╭─[p.toml:3:12]
     2 │ [params]
     3 │ strength = nan
       ·            ───
       ╰────

    1 error in 1 file
    ");
    assert_snapshot!(param("strength = 1e999"), @"
    error[wrong-type]: 1e999 is not a number that a workflow can hold
       ╭─[p.toml:3:12]
     2 │ [params]
     3 │ strength = 1e999
       ·            ─────
       ╰────

    1 error in 1 file
    ");
    assert_snapshot!(param("prompt = 1979-05-27"), @"
    error[wrong-type]: a date is not a value here; put it in quotes to make it a string
       ╭─[p.toml:3:10]
     2 │ [params]
     3 │ prompt = 1979-05-27
       ·          ──────────
       ╰────

    1 error in 1 file
    ");
}

#[test]
fn an_empty_file_name() {
    assert_snapshot!(param("image = \" \""), @r#"
    error[bad-file-name]: `image` begins or ends with a blank
       ╭─[p.toml:3:9]
     2 │ [params]
     3 │ image = " "
       ·         ───
       ╰────
      help: write the name as ComfyUI shows it, relative to its folder, with forward slashes

    1 error in 1 file
    "#);
}

#[test]
fn a_wrong_lora() {
    assert_snapshot!(param("loras = \"x.safetensors\""), @r#"
    error[wrong-type]: `loras` takes a list of LoRAs, found a string
       ╭─[p.toml:3:9]
     2 │ [params]
     3 │ loras = "x.safetensors"
       ·         ───────────────
       ╰────
      help: `loras` (lora-list): The LoRAs.

    1 error in 1 file
    "#);
    assert_snapshot!(
        param("loras = [1, { strength = 1.0 }, { file = \"x.pt\", weight = 1.0 }, { file = \"x.pt\", strength = \"1\" }]"),
        @r#"
    error[wrong-type]: a LoRA cannot be an integer
       ╭─[p.toml:3:10]
     2 │ [params]
     3 │ loras = [1, { strength = 1.0 }, { file = "x.pt", weigh…
       ·          ─
       ╰────
      help: a LoRA is a file name or { file = "…", strength = 1.0 }

    error[wrong-type]: a LoRA needs the key `file`
       ╭─[p.toml:3:13]
     2 │ [params]
     3 │ loras = [1, { strength = 1.0 }, { file = "x.pt", weight = 1.0 }, {…
       ·             ──────────────────
       ╰────
      help: a LoRA is a file name or { file = "…", strength = 1.0 }

    error[wrong-type]: unknown key `weight` in a LoRA
       ╭─[p.toml:3:50]
     2 │ [params]
     3 │ … [1, { strength = 1.0 }, { file = "x.pt", weight = 1.0 }, { file = "x.pt", strength = "1" …
       ·                                            ──────
       ╰────
      help: a LoRA is a file name or { file = "…", strength = 1.0 }

    error[wrong-type]: `strength` cannot be a string
       ╭─[p.toml:3:94]
     2 │ [params]
     3 │ …eight = 1.0 }, { file = "x.pt", strength = "1" }]
       ·                                             ───
       ╰────
      help: a LoRA is a file name or { file = "…", strength = 1.0 }

    4 errors in 1 file
    "#
    );
}

#[test]
fn an_empty_axis() {
    assert_snapshot!(preset("graph = \"g\"\n[matrix]\nseed = []\n"), @"
    error[empty-matrix]: the list of `seed` is empty, so nothing would be built
       ╭─[p.toml:3:8]
     2 │ [matrix]
     3 │ seed = []
       ·        ──
       ╰────

    1 error in 1 file
    ");
}

#[test]
fn an_unknown_axis() {
    assert_snapshot!(preset("graph = \"g\"\n[matrix]\nseeds = [1, 2]\n"), @"
    error[unknown-param]: the graph has no parameter `seeds`
       ╭─[p.toml:3:1]
     2 │ [matrix]
     3 │ seeds = [1, 2]
       · ─────
       ╰────
      help: did you mean `seed`?

    1 error in 1 file
    ");
}

#[test]
fn a_wrong_value_in_an_axis() {
    assert_snapshot!(preset("graph = \"g\"\n[matrix]\ncount = [1, 4, 5]\n"), @"
    error[not-of-the-form]: `count` is 4; it must be of the form 4n+1
       ╭─[p.toml:3:13]
     2 │ [matrix]
     3 │ count = [1, 4, 5]
       ·             ─
       ╰────
      help: the nearest are 1 and 5

    1 error in 1 file
    ");
}

#[test]
fn two_mistakes_in_the_first_value_of_an_axis_are_reported_once() {
    let folder =
        Folder::with([("g.toml", PICTURE), ("p.toml", "graph = \"g\"\n[matrix]\nwidth = [7, 32]\n")]);
    let text = folder.wfc(&["build", "p.toml"]).findings();
    assert!(text.ends_with("\n2 errors in 1 file\n"), "{text}");
}

/// [`PICTURE`] with a condition on two parameters.
fn constrained() -> String {
    let rule = "[[constraints]]\nrule = \"width <= 1024 or name != 'picture'\"\n\
                message = \"a wide picture needs a name of its own\"\n\n[nodes.empty]";
    PICTURE.replace("[nodes.empty]", rule)
}

#[test]
fn a_violated_constraint() {
    let folder = Folder::with([("p.toml", "graph = \"g\"\n[params]\nwidth = 2048\n")]);
    folder.write("g.toml", constrained());
    assert_snapshot!(folder.wfc(&["build", "p.toml"]).findings(), @r#"
    error[constraint-violated]: a wide picture needs a name of its own
       ╭─[p.toml:3:9]
     2 │ [params]
     3 │ width = 2048
       ·         ──┬─
       ·           ╰── `width` is 2048
       ╰────
        ╭─[g.toml:19:8]
     18 │ [[constraints]]
     19 │ rule = "width <= 1024 or name != 'picture'"
        ·        ──────────────────┬─────────────────
        ·                          ╰── this must hold
     20 │ message = "a wide picture needs a name of its own"
        ╰────
      help: `name` is "picture", `width` is 2048

    1 error in 1 file
    "#);
}

#[test]
fn a_constraint_violated_by_some_combinations() {
    let folder = Folder::with([(
        "p.toml",
        "graph = \"g\"\n[matrix]\nwidth = [64, 2048]\nname = [\"a\", \"picture\"]\n",
    )]);
    folder.write("g.toml", constrained());
    assert_snapshot!(folder.wfc(&["build", "p.toml"]).findings(), @r#"
    error[constraint-violated]: a wide picture needs a name of its own
       ╭─[p.toml:4:14]
     2 │ [matrix]
     3 │ width = [64, 2048]
       ·              ──┬─
       ·                ╰── `width` is 2048
     4 │ name = ["a", "picture"]
       ·              ────┬────
       ·                  ╰── `name` is "picture"
       ╰────
        ╭─[g.toml:19:8]
     18 │ [[constraints]]
     19 │ rule = "width <= 1024 or name != 'picture'"
        ·        ──────────────────┬─────────────────
        ·                          ╰── this must hold
     20 │ message = "a wide picture needs a name of its own"
        ╰────
      help: `name` is "picture", `width` is 2048; in combination 4: width = 2048, name = "picture"

    1 error in 1 file
    "#);
}
