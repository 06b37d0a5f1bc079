//! Mistakes in the shape of a preset, and in the files that it names.

use insta::assert_snapshot;

use super::preset;
use crate::support::{Folder, PICTURE};

#[test]
fn toml_syntax() {
    assert_snapshot!(preset("graph = \"g\"\n[params]\ncount = = 5\n"), @"
    error[toml-syntax]: not valid TOML: extra `=`, expected nothing
       ╭─[p.toml:3:9]
     2 │ [params]
     3 │ count = = 5
       ·         ─
       ╰────

    error[toml-syntax]: not valid TOML: unexpected key or value, expected newline, `#`
       ╭─[p.toml:3:11]
     2 │ [params]
     3 │ count = = 5
       ·           ▲
       ╰────

    2 errors in 1 file
    ");
}

#[test]
fn an_unclosed_text() {
    assert_snapshot!(preset("graph = \"g\"\n[params]\nprompt = \"a fox\n"), @r#"
    error[toml-syntax]: not valid TOML: invalid basic string, expected `"`
       ╭─[p.toml:3:16]
     2 │ [params]
     3 │ prompt = "a fox
       ·                ▲
       ╰────

    1 error in 1 file
    "#);
}

#[test]
fn a_duplicate_key() {
    assert_snapshot!(preset("graph = \"g\"\n[params]\ncount = 5\ncount = 9\n"), @"
    error[toml-syntax]: not valid TOML: duplicate key
       ╭─[p.toml:4:1]
     3 │ count = 5
     4 │ count = 9
       · ─────
       ╰────

    1 error in 1 file
    ");
}

#[test]
fn a_duplicate_table() {
    assert_snapshot!(preset("graph = \"g\"\n[params]\ncount = 5\n[target]\n[params]\n"), @"
    error[toml-syntax]: not valid TOML: duplicate key
       ╭─[p.toml:5:2]
     4 │ [target]
     5 │ [params]
       ·  ──────
       ╰────

    1 error in 1 file
    ");
}

#[test]
fn an_unknown_key() {
    assert_snapshot!(preset("graph = \"g\"\ndescriptoin = \"x\"\n"), @r#"
    error[unknown-key]: unknown key `descriptoin` in a preset
       ╭─[p.toml:2:1]
     1 │ graph = "g"
     2 │ descriptoin = "x"
       · ───────────
       ╰────
      help: did you mean `description`?

    1 error in 1 file
    "#);
}

#[test]
fn an_unknown_key_that_resembles_none() {
    assert_snapshot!(preset("graph = \"g\"\nworkflow = \"x\"\n"), @r#"
    error[unknown-key]: unknown key `workflow` in a preset
       ╭─[p.toml:2:1]
     1 │ graph = "g"
     2 │ workflow = "x"
       · ────────
       ╰────
      help: the keys of a preset are: extends, graph, description, params, models, target, assume, matrix, ladder, request, policies, lint; parameters go under [params]

    1 error in 1 file
    "#);
}

#[test]
fn every_top_level_key_of_a_wrong_type() {
    let text = r#"extends = 1
graph = ["g"]
description = true
params = "x"
models = 1.5
target = "a100"
matrix = []
lint = 0x1F
"#;
    assert_snapshot!(preset(text), @r#"
    error[wrong-type]: expected a string, found an integer
       ╭─[p.toml:1:11]
     1 │ extends = 1
       ·           ─
     2 │ graph = ["g"]
       ╰────

    error[wrong-type]: expected a string, found an array
       ╭─[p.toml:2:9]
     1 │ extends = 1
     2 │ graph = ["g"]
       ·         ─────
     3 │ description = true
       ╰────

    error[wrong-type]: expected a string, found a boolean
       ╭─[p.toml:3:15]
     2 │ graph = ["g"]
     3 │ description = true
       ·               ────
     4 │ params = "x"
       ╰────

    error[wrong-type]: expected a table, found a string
       ╭─[p.toml:4:10]
     3 │ description = true
     4 │ params = "x"
       ·          ───
     5 │ models = 1.5
       ╰────

    error[wrong-type]: expected a table, found a float
       ╭─[p.toml:5:10]
     4 │ params = "x"
     5 │ models = 1.5
       ·          ───
     6 │ target = "a100"
       ╰────

    error[wrong-type]: expected a table ([target]), found a string
       ╭─[p.toml:6:10]
     5 │ models = 1.5
     6 │ target = "a100"
       ·          ──────
     7 │ matrix = []
       ╰────

    error[wrong-type]: expected a table, found an array
       ╭─[p.toml:7:10]
     6 │ target = "a100"
     7 │ matrix = []
       ·          ──
     8 │ lint = 0x1F
       ╰────

    error[wrong-type]: expected a table, found an integer
       ╭─[p.toml:8:8]
     7 │ matrix = []
     8 │ lint = 0x1F
       ·        ────
       ╰────

    8 errors in 1 file
    "#);
}

#[test]
fn a_value_that_no_workflow_can_hold_does_not_hide_the_rest() {
    let text = preset("graph = \"g\"\nauthor = \"me\"\n[params]\ncount = 80\nprompt = 1979-05-27\n");
    assert!(text.ends_with("\n3 errors in 1 file\n"), "{text}");
}

#[test]
fn values_of_a_wrong_type_inside_the_tables() {
    assert_snapshot!(
        preset(
            "graph = \"g\"\n[models]\nvae = 1\n[target]\ngpu = 5090\nheadroom = 2\n[matrix]\nseed = 7\n\
             [lint]\nsome-rule = \"off\"\nother-rule = { reason = \"x\" }\n"
        ),
        @r#"
    error[wrong-type]: expected a string, found an integer
       ╭─[p.toml:3:7]
     2 │ [models]
     3 │ vae = 1
       ·       ─
     4 │ [target]
       ╰────

    error[wrong-type]: expected a string, found an integer
       ╭─[p.toml:5:7]
     4 │ [target]
     5 │ gpu = 5090
       ·       ────
     6 │ headroom = 2
       ╰────

    error[wrong-type]: expected a size such as "24 GiB", found an integer
       ╭─[p.toml:6:12]
     5 │ gpu = 5090
     6 │ headroom = 2
       ·            ─
     7 │ [matrix]
       ╰────

    error[wrong-type]: expected an array or a range such as { from = 1, to = 100 }, found an integer
       ╭─[p.toml:8:8]
     7 │ [matrix]
     8 │ seed = 7
       ·        ─
     9 │ [lint]
       ╰────

    error[unknown-choice]: `off` is not one of: allow, warn, deny
        ╭─[p.toml:10:13]
      9 │ [lint]
     10 │ some-rule = "off"
        ·             ─────
     11 │ other-rule = { reason = "x" }
        ╰────

    error[missing-key]: a lint level needs the key `level`
        ╭─[p.toml:11:14]
     10 │ some-rule = "off"
     11 │ other-rule = { reason = "x" }
        ·              ────────────────
        ╰────

    6 errors in 1 file
    "#
    );
}

#[test]
fn no_graph() {
    assert_snapshot!(preset("[params]\ncount = 5\n"), @r#"
    error[missing-key]: the preset names no graph
       ╭─[p.toml:1:1]
     1 │ [params]
       · ▲
     2 │ count = 5
       ╰────
      help: add graph = "…"; built in are: GRAPHS

    1 error in 1 file
    "#);
}

#[test]
fn an_unknown_graph() {
    assert_snapshot!(preset("graph = \"scail-uni3c-wan2\"\n"), @r#"
    error[unknown-graph]: there is no graph `scail-uni3c-wan2`
       ╭─[p.toml:1:9]
     1 │ graph = "scail-uni3c-wan2"
       ·         ──────────────────
       ╰────
      help: did you mean `scail-uni3c-wan21` or `scail-uni3c-wan22`?

    1 error in 1 file
    "#);
    assert_snapshot!(preset("graph = \"portrait\"\n"), @r#"
    error[unknown-graph]: there is no graph `portrait`
       ╭─[p.toml:1:9]
     1 │ graph = "portrait"
       ·         ──────────
       ╰────
      help: a graph is a file beside the preset, in the project's `graphs/`, or built in: GRAPHS

    1 error in 1 file
    "#);
}

#[test]
fn a_missing_graph_path() {
    assert_snapshot!(preset("graph = \"graphs/g.toml\"\n"), @r#"
    error[unknown-graph]: no such file: graphs/g.toml
       ╭─[p.toml:1:9]
     1 │ graph = "graphs/g.toml"
       ·         ───────────────
       ╰────
      help: `graph` with a slash or `.toml` is a path from this file

    1 error in 1 file
    "#);
}

#[test]
fn a_graph_path_that_is_a_preset() {
    let folder =
        Folder::with([("other.toml", "graph = \"g\"\n[params]\n"), ("p.toml", "graph = \"other.toml\"\n")]);
    assert_snapshot!(folder.wfc(&["build", "p.toml"]).findings(), @r#"
    error[missing-key]: a graph needs the key `title`
       ╭─[other.toml:1:1]
     1 │ graph = "g"
       · ▲
     2 │ [params]
       ╰────
      file: p.toml

    error[missing-key]: a graph needs the key `nodes`
       ╭─[other.toml:1:1]
     1 │ graph = "g"
       · ▲
     2 │ [params]
       ╰────
      file: p.toml

    error[unknown-key]: unknown key `graph` in a graph
       ╭─[other.toml:1:1]
     1 │ graph = "g"
       · ─────
     2 │ [params]
       ╰────
      file: p.toml
      help: the keys of a graph are: title, description, default_titles, stages, models, params, constraints, assume, fit, nodes

    3 errors in 1 file
    "#);
}

#[test]
fn a_missing_ancestor() {
    assert_snapshot!(preset("extends = \"base.toml\"\n"), @r#"
    error[unreadable-file]: no such file: base.toml
       ╭─[p.toml:1:11]
     1 │ extends = "base.toml"
       ·           ───────────
       ╰────
      help: `extends` is a path from this file

    1 error in 1 file
    "#);
}

#[test]
fn a_circle_of_ancestors() {
    let folder = Folder::with([
        ("p.toml", "extends = \"b.toml\"\ngraph = \"g\"\n"),
        ("b.toml", "extends = \"sub/c.toml\"\n"),
        ("sub/c.toml", "extends = \"../p.toml\"\n"),
        ("g.toml", PICTURE),
    ]);
    assert_snapshot!(folder.wfc(&["build", "p.toml"]).findings(), @r#"
    error[extends-cycle]: `../p.toml` extends itself
       ╭─[sub/c.toml:1:11]
     1 │ extends = "../p.toml"
       ·           ───────────
       ╰────
      file: p.toml

    1 error in 1 file
    "#);
}

#[test]
fn an_unknown_card() {
    assert_snapshot!(preset("graph = \"g\"\n[target]\ngpu = \"a100\"\n"), @r#"
    error[unknown-gpu]: there is no card `a100` in the GPU catalog
       ╭─[p.toml:3:7]
     2 │ [target]
     3 │ gpu = "a100"
       ·       ──────
       ╰────
      help: did you mean `a100-40gb`, `a100-80gb` or `a100-pcie-80gb`?

    1 error in 1 file
    "#);
    assert_snapshot!(preset("graph = \"g\"\n[target]\ngpu = \"voodoo\"\n"), @r#"
    error[unknown-gpu]: there is no card `voodoo` in the GPU catalog
       ╭─[p.toml:3:7]
     2 │ [target]
     3 │ gpu = "voodoo"
       ·       ────────
       ╰────
      help: known cards: a100-40gb, a100-80gb, a100-pcie-80gb, a10g, a40, b200, b300, h100-80gb, h100-nvl-94gb, h100-pcie-80gb, h20-96gb, h200-141gb, h200-nvl-143gb, l4, l40, l40s, rtx-2000-ada, rtx-2080-ti, rtx-3060-12gb, rtx-3080-10gb, rtx-3090, rtx-3090-ti, rtx-4000-ada, rtx-4060-ti-16gb, rtx-4070-super, rtx-4070-ti, rtx-4080, rtx-4080-super, rtx-4090, rtx-5000-ada, rtx-5060, rtx-5060-ti-16gb, rtx-5070, rtx-5070-ti, rtx-5080, rtx-5090, rtx-6000-ada, rtx-a4000, rtx-a4500, rtx-a5000, rtx-a6000, rtx-pro-4500-blackwell, rtx-pro-6000-blackwell, t4, v100-16gb; or give vram = "24 GiB"

    1 error in 1 file
    "#);
}

#[test]
fn a_card_and_an_amount_of_memory() {
    assert_snapshot!(preset("graph = \"g\"\n[target]\ngpu = \"l40s\"\nvram = \"48 GiB\"\n"), @r#"
    error[conflicting-target]: the target names a card and an amount of memory; give one of them
       ╭─[p.toml:4:8]
     2 │ [target]
     3 │ gpu = "l40s"
       ·       ───┬──
       ·          ╰── the card
     4 │ vram = "48 GiB"
       ·        ────────
       ╰────

    1 error in 1 file
    "#);
}

#[test]
fn a_bad_size() {
    assert_snapshot!(preset("graph = \"g\"\n[target]\nvram = \"24 gigs\"\nheadroom = \"2\"\n"), @r#"
    error[wrong-type]: `24 gigs` is not a size
       ╭─[p.toml:3:8]
     2 │ [target]
     3 │ vram = "24 gigs"
       ·        ─────────
     4 │ headroom = "2"
       ╰────
      help: write a number and a unit: "24 GiB", "512 MiB", "32 GB"

    error[wrong-type]: `2` is not a size
       ╭─[p.toml:4:12]
     3 │ vram = "24 gigs"
     4 │ headroom = "2"
       ·            ───
       ╰────
      help: write a number and a unit: "24 GiB", "512 MiB", "32 GB"

    2 errors in 1 file
    "#);
}

#[test]
fn an_unknown_model_slot() {
    assert_snapshot!(preset("graph = \"g\"\n[models]\nvea = \"wan21-vae\"\n"), @r#"
    error[unknown-model]: the graph has no model slot `vea`
       ╭─[p.toml:3:1]
     2 │ [models]
     3 │ vea = "wan21-vae"
       · ───
       ╰────
      help: did you mean `vae`?

    1 error in 1 file
    "#);
}

#[test]
fn an_unknown_model() {
    assert_snapshot!(preset("graph = \"g\"\n[models]\nvae = \"wan21-vea\"\n"), @r#"
    error[unknown-model]: there is no model `wan21-vea`
       ╭─[p.toml:3:7]
     2 │ [models]
     3 │ vae = "wan21-vea"
       ·       ───────────
       ╰────
      help: did you mean `wan21-vae`?

    1 error in 1 file
    "#);
    assert_snapshot!(preset("graph = \"g\"\n[models]\nvae = \"my vae\"\n"), @r#"
    error[unknown-model]: there is no model `my vae`
       ╭─[p.toml:3:7]
     2 │ [models]
     3 │ vae = "my vae"
       ·       ────────
       ╰────
      help: what fits: wan21-vae, wan21-vae-bf16, wan21-vae-pth; or a file with its extension and forward slashes

    1 error in 1 file
    "#);
}

#[test]
fn a_model_with_backslashes() {
    assert_snapshot!(preset("graph = \"g\"\n[models]\nvae = 'wan\\vae.safetensors'\n"), @r"
    error[unknown-model]: there is no model `wan\vae.safetensors`
       ╭─[p.toml:3:7]
     2 │ [models]
     3 │ vae = 'wan\vae.safetensors'
       ·       ─────────────────────
       ╰────
      help: what fits: wan21-vae, wan21-vae-bf16, wan21-vae-pth; or a file with its extension and forward slashes

    1 error in 1 file
    ");
}

#[test]
fn an_unknown_key_of_a_project() {
    let folder = Folder::with([
        ("wfc.toml", "catlog = \"x.json\"\n[target]\ngpu = 1\n"),
        ("sub/g.toml", PICTURE),
        ("sub/p.toml", "graph = \"g\"\n"),
    ]);
    assert_snapshot!(folder.wfc(&["build", "sub/p.toml"]).findings(), @r#"
    error[unknown-key]: unknown key `catlog` in wfc.toml
       ╭─[FOLDER/wfc.toml:1:1]
     1 │ catlog = "x.json"
       · ──────
     2 │ [target]
       ╰────
      file: sub/p.toml
      help: did you mean `catalog`?

    error[wrong-type]: expected a string, found an integer
       ╭─[FOLDER/wfc.toml:3:7]
     2 │ [target]
     3 │ gpu = 1
       ·       ─
       ╰────
      file: sub/p.toml

    2 errors in 1 file
    "#);
}
