//! Several mistakes are reported together, in the order of the text.

use insta::assert_snapshot;

use super::{built, graph, preset};
use crate::support::PICTURE;

#[test]
fn all_mistakes_of_a_preset() {
    assert_snapshot!(
        preset(
            "graph = \"g\"\nauthor = \"me\"\n[params]\ncount = 80\npromt = \"x\"\nsampler = 3\nseed = -1\n\
             loras = [{ flie = \"x.pt\" }]\n[models]\nvae = \"nothing\"\nclip = \"wan21-vae\"\n[target]\n\
             gpu = \"nope\"\nheadroom = \"much\"\n[matrix]\nstrength = [1.0, 20.0]\n"
        ),
        @r#"
    error[unknown-key]: unknown key `author` in a preset
       ╭─[p.toml:2:1]
     1 │ graph = "g"
     2 │ author = "me"
       · ──────
     3 │ [params]
       ╰────
      help: the keys of a preset are: extends, graph, description, params, models, target, assume, matrix, ladder, request, policies, lint; parameters go under [params]

    error[not-of-the-form]: `count` is 80; it must be of the form 4n+1
       ╭─[p.toml:4:9]
     3 │ [params]
     4 │ count = 80
       ·         ──
     5 │ promt = "x"
       ╰────
      help: the nearest are 77 and 81

    error[unknown-param]: the graph has no parameter `promt`
       ╭─[p.toml:5:1]
     4 │ count = 80
     5 │ promt = "x"
       · ─────
     6 │ sampler = 3
       ╰────
      help: did you mean `prompt`?

    error[wrong-type]: `sampler` takes a string, found an integer
       ╭─[p.toml:6:11]
     5 │ promt = "x"
     6 │ sampler = 3
       ·           ─
     7 │ seed = -1
       ╰────
      help: `sampler` (choice: euler, dpmpp_2m, heun): The sampler.

    error[out-of-range]: `seed` is -1; a seed is between 0 and 18446744073709551615
       ╭─[p.toml:7:8]
     6 │ sampler = 3
     7 │ seed = -1
       ·        ──
     8 │ loras = [{ flie = "x.pt" }]
       ╰────

    error[wrong-type]: unknown key `flie` in a LoRA
       ╭─[p.toml:8:12]
     7 │ seed = -1
     8 │ loras = [{ flie = "x.pt" }]
       ·            ────
     9 │ [models]
       ╰────
      help: a LoRA is a file name or { file = "…", strength = 1.0 }

    error[unknown-model]: there is no model `nothing`
        ╭─[p.toml:10:7]
      9 │ [models]
     10 │ vae = "nothing"
        ·       ─────────
     11 │ clip = "wan21-vae"
        ╰────
      help: what fits: wan21-vae, wan21-vae-bf16, wan21-vae-pth; or a file with its extension and forward slashes

    error[unknown-model]: the graph has no model slot `clip`
        ╭─[p.toml:11:1]
     10 │ vae = "nothing"
     11 │ clip = "wan21-vae"
        · ────
     12 │ [target]
        ╰────
      help: its model slots are: vae

    error[unknown-gpu]: there is no card `nope` in the GPU catalog
        ╭─[p.toml:13:7]
     12 │ [target]
     13 │ gpu = "nope"
        ·       ──────
     14 │ headroom = "much"
        ╰────
      help: known cards: a100-40gb, a100-80gb, a100-pcie-80gb, a10g, a40, b200, b300, h100-80gb, h100-nvl-94gb, h100-pcie-80gb, h20-96gb, h200-141gb, h200-nvl-143gb, l4, l40, l40s, rtx-2000-ada, rtx-2080-ti, rtx-3060-12gb, rtx-3080-10gb, rtx-3090, rtx-3090-ti, rtx-4000-ada, rtx-4060-ti-16gb, rtx-4070-super, rtx-4070-ti, rtx-4080, rtx-4080-super, rtx-4090, rtx-5000-ada, rtx-5060, rtx-5060-ti-16gb, rtx-5070, rtx-5070-ti, rtx-5080, rtx-5090, rtx-6000-ada, rtx-a4000, rtx-a4500, rtx-a5000, rtx-a6000, rtx-pro-4500-blackwell, rtx-pro-6000-blackwell, t4, v100-16gb; or give vram = "24 GiB"

    error[wrong-type]: `much` is not a size
        ╭─[p.toml:14:12]
     13 │ gpu = "nope"
     14 │ headroom = "much"
        ·            ──────
     15 │ [matrix]
        ╰────
      help: write a number and a unit: "24 GiB", "512 MiB", "32 GB"

    error[out-of-range]: `strength` is 20.0; the largest value is 10.0
        ╭─[p.toml:16:18]
     15 │ [matrix]
     16 │ strength = [1.0, 20.0]
        ·                  ────
        ╰────
      help: `strength` (float, 0.0 to 10.0): How strong.

    11 errors in 1 file
    "#
    );
}

#[test]
fn all_mistakes_of_a_graph() {
    let text = PICTURE
        .replace("multiple_of = 16", "multiple_of = \"16\"")
        .replace("batch_size = 1", "batch_sze = 1")
        .replace("\"width // 2\"", "\"wide // 2\"")
        .replace("stage = \"save\"", "stage = \"sav\"")
        .replace("\"empty\" }", "\"emty\" }");
    assert_snapshot!(graph(&text), @r#"
    error[wrong-type]: expected a positive integer, found a string
        ╭─[g.toml:10:15]
      9 │ max = 4096
     10 │ multiple_of = "16"
        ·               ────
     11 │ doc = "Width of the picture."
        ╰────

    error[unknown-param]: `wide` is not a parameter of this graph
        ╭─[g.toml:21:60]
     20 │ stage = "make"
     21 │ … = { param = "width" }, height = { expr = "wide // 2" }, batch_sze = 1, color = 0 }
        ·                                             ────
        ╰────
      help: expressions see the graph's parameters and nothing else; texts go in quotes

    error[unknown-input]: `EmptyImage` has no input `batch_sze`
        ╭─[g.toml:21:74]
     20 │ stage = "make"
     21 │ …th" }, height = { expr = "wide // 2" }, batch_sze = 1, color = 0 }
        ·                                          ─────────
        ╰────
      node: `empty` (EmptyImage), input `batch_sze`
      help: did you mean `batch_size`?

    error[unknown-stage]: the graph has no stage `sav`
        ╭─[g.toml:25:9]
     24 │ class = "SaveImage"
     25 │ stage = "sav"
        ·         ─────
     26 │ inputs = { images = { node = "emty" }, filename_prefix = { param = "name" } }
        ╰────
      help: did you mean `save`?

    error[unknown-node]: the graph has no node `emty`
        ╭─[g.toml:26:30]
     25 │ stage = "sav"
     26 │ inputs = { images = { node = "emty" }, filename_prefix = { param = "name" } }
        ·                              ──────
        ╰────
      help: did you mean `empty`?

    5 errors in 1 file
    "#);
}

#[test]
fn a_wrong_title_does_not_hide_the_rest() {
    let text = PICTURE.replace("title = \"A picture\"", "title = 1").replace("batch_size", "batch_sze");
    let text = graph(&text);
    assert!(text.ends_with("\n2 errors in 1 file\n"), "{text}");
}

#[test]
fn all_syntax_errors() {
    assert_snapshot!(preset("graph = \"g\nx = 1 2\n[params\ncount = 5\n"), @r#"
    error[toml-syntax]: not valid TOML: invalid basic string, expected `"`
       ╭─[p.toml:1:11]
     1 │ graph = "g
       ·           ▲
     2 │ x = 1 2
       ╰────

    error[toml-syntax]: not valid TOML: string values must be quoted, expected literal string
       ╭─[p.toml:2:5]
     1 │ graph = "g
     2 │ x = 1 2
       ·     ───
     3 │ [params
       ╰────

    error[toml-syntax]: not valid TOML: unclosed table, expected `]`
       ╭─[p.toml:3:8]
     2 │ x = 1 2
     3 │ [params
       ·        ▲
     4 │ count = 5
       ╰────

    3 errors in 1 file
    "#);
}

#[test]
fn mistakes_of_several_presets_and_their_sum() {
    let folder = crate::support::Folder::with([
        ("g.toml", PICTURE),
        ("a.toml", "graph = \"g\"\n[params]\nwidth = 1\n"),
        ("b.toml", "graph = \"g\"\n"),
        ("c.toml", "graph = \"g\"\n[params]\nwidht = 16\n"),
    ]);
    let run = folder.wfc(&["build", "."]);
    assert_eq!((run.code, &*run.stdout), (Some(1), "./b.workflow_api.json (2 nodes)\n"));
    assert_snapshot!(run.stderr, @"
    error[out-of-range]: `width` is 1; the smallest value is 16
       ╭─[./a.toml:3:9]
     2 │ [params]
     3 │ width = 1
       ·         ─
       ╰────
      help: `width` (int, px, 16 to 4096, a multiple of 16): Width of the picture.

    error[not-a-multiple]: `width` is 1; it must be a multiple of 16
       ╭─[./a.toml:3:9]
     2 │ [params]
     3 │ width = 1
       ·         ─
       ╰────
      help: the nearest is 16

    error[unknown-param]: the graph has no parameter `widht`
       ╭─[./c.toml:3:1]
     2 │ [params]
     3 │ widht = 16
       · ─────
       ╰────
      help: did you mean `width`?

    3 errors in 3 files
    ");
    assert!(folder.path("b.wfc.json").exists() && !folder.path("a.wfc.json").exists());
}

#[test]
fn a_rule_about_a_parameter_that_cannot_be_read_is_silent() {
    let text = PICTURE.replace("multiple_of = 16", "multiple_of = \"16\"").replace(
        "[params.width]",
        "[[constraints]]\nrule = \"width < 1\"\nmessage = \"too wide\"\n\n[params.width]",
    );
    assert_snapshot!(built(&text), @r#"
    error[wrong-type]: expected a positive integer, found a string
        ╭─[g.toml:14:15]
     13 │ max = 4096
     14 │ multiple_of = "16"
        ·               ────
     15 │ doc = "Width of the picture."
        ╰────
      file: p.toml

    1 error in 1 file
    "#);
}
