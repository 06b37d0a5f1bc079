//! Mistakes in the links between nodes.

use insta::assert_snapshot;

use super::{graph, picture};

#[test]
fn an_unknown_node() {
    assert_snapshot!(picture("{ node = \"empty\" }", "{ node = \"emty\" }"), @r#"
    error[unknown-node]: the graph has no node `emty`
        ╭─[g.toml:26:30]
     25 │ stage = "save"
     26 │ inputs = { images = { node = "emty" }, filename_prefix = { param = "name" } }
        ·                              ──────
        ╰────
      help: did you mean `empty`?

    1 error in 1 file
    "#);
}

#[test]
fn an_unknown_output() {
    assert_snapshot!(picture("{ node = \"empty\" }", "{ node = \"empty\", out = \"IMAGES\" }"), @r#"
    error[unknown-output]: `EmptyImage` has no output `IMAGES`
        ╭─[g.toml:26:45]
     25 │ stage = "save"
     26 │ …uts = { images = { node = "empty", out = "IMAGES" }, filename_prefix = { param = "name" } …
        ·                                           ────────
        ╰────
      help: did you mean `IMAGE`?

    1 error in 1 file
    "#);
    assert_snapshot!(picture("{ node = \"empty\" }", "{ node = \"empty\", out = 1 }"), @r#"
    error[output-slot-out-of-range]: `empty` (EmptyImage) has no output slot 1
        ╭─[g.toml:26:21]
     25 │ stage = "save"
     26 │ inputs = { images = { node = "empty", out = 1 }, filename_prefix = { param = "name" } }
        ·                     ───────────────────────────
        ╰────
      node: `save` (SaveImage), input `images`
      help: its outputs are: IMAGE (0, IMAGE)

    1 error in 1 file
    "#);
}

#[test]
fn a_negative_output() {
    assert_snapshot!(picture("{ node = \"empty\" }", "{ node = \"empty\", out = -1 }"), @r#"
    error[wrong-type]: expected an output slot, counted from 0, found an integer
        ╭─[g.toml:26:45]
     25 │ stage = "save"
     26 │ inputs = { images = { node = "empty", out = -1 }, filename_prefix = { param = "name" } }
        ·                                             ──
        ╰────

    1 error in 1 file
    "#);
}

#[test]
fn an_ambiguous_output() {
    assert_snapshot!(picture("\"EmptyImage\"\nstage = \"make\"\ninputs = { width = { param = \"width\" }, height = { expr = \"width // 2\" }, batch_size = 1, color = 0 }",
        "\"LoadImage\"\ninputs = { image = \"a.png\" }"), @r#"
    error[unknown-output]: `LoadImage` has 2 outputs: say which one with `out`
        ╭─[g.toml:25:30]
     24 │ stage = "save"
     25 │ inputs = { images = { node = "empty" }, filename_prefix = { param = "name" } }
        ·                              ───────
        ╰────
      help: its outputs are: IMAGE (0, IMAGE), MASK (1, MASK)

    1 error in 1 file
    "#);
}

#[test]
fn a_node_without_outputs() {
    let text = "title = \"None\"\n[nodes.audio]\nclass = \"LoadAudio\"\ninputs = { audio = \"a.wav\" }\n\
                [nodes.save]\nclass = \"SaveAudio\"\ninputs = { audio = { node = \"audio\" }, filename_prefix = \"x\" }\n\
                [nodes.show]\nclass = \"PreviewAny\"\ninputs = { source = { node = \"combine\" } }\n\
                [nodes.combine]\nclass = \"SaveVideo\"\n\
                inputs = { video = { node = \"audio\" }, filename_prefix = \"x\", format = \"auto\", codec = \"auto\" }\n";
    assert_snapshot!(graph(text), @r#"
    error[return-type-mismatch]: `video` takes VIDEO, but `audio` (LoadAudio) gives AUDIO
        ╭─[g.toml:13:20]
     12 │ class = "SaveVideo"
     13 │ inputs = { video = { node = "audio" }, filename_prefix = "x", format = "a…
        ·                    ──────────────────
        ╰────
      node: `combine` (SaveVideo), input `video`

    1 error in 1 file
    "#);
}

#[test]
fn an_output_of_another_type() {
    assert_snapshot!(
        picture("[nodes.save]", "[nodes.mask]\nclass = \"MaskToImage\"\ninputs = { mask = { node = \"empty\" } }\n[nodes.other]\nclass = \"SaveImage\"\ninputs = { images = { node = \"mask\" }, filename_prefix = \"x\" }\n[nodes.save]"),
        @r#"
    error[return-type-mismatch]: `mask` takes MASK, but `empty` (EmptyImage) gives IMAGE
        ╭─[g.toml:25:19]
     24 │ class = "MaskToImage"
     25 │ inputs = { mask = { node = "empty" } }
        ·                   ──────────────────
     26 │ [nodes.other]
        ╰────
      node: `mask` (MaskToImage), input `mask`

    1 error in 1 file
    "#
    );
}

#[test]
fn another_output_of_the_same_node_that_would_fit() {
    assert_snapshot!(
        graph("title = \"Mask\"\n[nodes.load]\nclass = \"LoadImage\"\ninputs = { image = \"a.png\" }\n[nodes.save]\nclass = \"SaveImage\"\n\
               inputs = { images = { node = \"load\", out = \"MASK\" }, filename_prefix = \"x\" }\n"),
        @r#"
    error[return-type-mismatch]: `images` takes IMAGE, but `load` (LoadImage) gives MASK
       ╭─[g.toml:7:21]
     6 │ class = "SaveImage"
     7 │ inputs = { images = { node = "load", out = "MASK" }, filename_prefix = "x" }
       ·                     ───────────────────────────────
       ╰────
      node: `save` (SaveImage), input `images`
      help: its output `IMAGE` (slot 0) is of type IMAGE

    1 error in 1 file
    "#
    );
}

#[test]
fn a_literal_where_only_a_link_fits() {
    assert_snapshot!(picture("{ node = \"empty\" }", "\"empty\""), @r#"
    error[wrong-type]: the input `images` of `SaveImage` takes a link to an output of type IMAGE, found "empty"
        ╭─[g.toml:26:21]
     25 │ stage = "save"
     26 │ inputs = { images = "empty", filename_prefix = { param = "name" } }
        ·                     ───────
        ╰────
      node: `save` (SaveImage), input `images`

    1 error in 1 file
    "#);
}

#[test]
fn a_circle_of_nodes() {
    assert_snapshot!(
        graph("title = \"Circle\"\n[nodes.a]\nclass = \"ImageInvert\"\ninputs = { image = { node = \"b\" } }\n\
               [nodes.b]\nclass = \"ImageInvert\"\ninputs = { image = { node = \"a\" } }\n[nodes.save]\nclass = \"SaveImage\"\n\
               inputs = { images = { node = \"b\" }, filename_prefix = \"x\" }\n"),
        @r#"
    error[dependency-cycle]: `a` depends on itself: b -> a -> b
       ╭─[g.toml:4:20]
     3 │ class = "ImageInvert"
     4 │ inputs = { image = { node = "b" } }
       ·                    ──────────────
     5 │ [nodes.b]
       ╰────
      node: `a` (ImageInvert)
      help: remove one of the links of this circle

    error[dependency-cycle]: `b` depends on itself: b -> a -> b
       ╭─[g.toml:7:20]
     6 │ class = "ImageInvert"
     7 │ inputs = { image = { node = "a" } }
       ·                    ──────────────
     8 │ [nodes.save]
       ╰────
      node: `b` (ImageInvert)
      help: remove one of the links of this circle

    2 errors in 1 file
    "#
    );
}

#[test]
fn a_node_linked_to_itself() {
    assert_snapshot!(
        graph("title = \"Self\"\n[nodes.a]\nclass = \"ImageInvert\"\ninputs = { image = { node = \"a\" } }\n[nodes.save]\nclass = \"SaveImage\"\n\
               inputs = { images = { node = \"a\" }, filename_prefix = \"x\" }\n"),
        @r#"
    error[dependency-cycle]: `a` depends on itself: a -> a
       ╭─[g.toml:4:20]
     3 │ class = "ImageInvert"
     4 │ inputs = { image = { node = "a" } }
       ·                    ──────────────
     5 │ [nodes.save]
       ╰────
      node: `a` (ImageInvert)
      help: remove one of the links of this circle

    1 error in 1 file
    "#
    );
}

#[test]
fn no_output_node() {
    assert_snapshot!(
        graph("title = \"None\"\n[nodes.empty]\nclass = \"EmptyImage\"\ninputs = { width = 1, height = 1, batch_size = 1, color = 0 }\n"),
        @"
    error[prompt-no-outputs]: the workflow has no output node
      file: g.toml
      help: add a node that saves or previews something, such as VHS_VideoCombine or SaveImage

    1 error in 1 file
    "
    );
}

#[test]
fn no_nodes_at_all() {
    assert_snapshot!(graph("title = \"None\"\n[nodes]\n"), @"
    error[prompt-no-outputs]: the workflow has no output node
      file: g.toml
      help: add a node that saves or previews something, such as VHS_VideoCombine or SaveImage

    1 error in 1 file
    ");
}

#[test]
fn a_required_input_that_is_missing() {
    assert_snapshot!(picture("images = { node = \"empty\" }, ", ""), @r#"
    error[required-input-missing]: `SaveImage` needs the input `images`
        ╭─[g.toml:23:8]
     23 │ [nodes.save]
        ·        ────
     24 │ class = "SaveImage"
        ╰────
      node: `save` (SaveImage), input `images`
      help: link it to an output of type IMAGE

    1 error in 1 file
    "#);
    assert_snapshot!(picture("batch_size = 1, ", ""), @r#"
    error[required-input-missing]: `EmptyImage` needs the input `batch_size`
        ╭─[g.toml:18:8]
     18 │ [nodes.empty]
        ·        ─────
     19 │ class = "EmptyImage"
        ╰────
      node: `empty` (EmptyImage), input `batch_size`
      help: give it a value (INT); the editor would start with 1, the server has no default

    1 error in 1 file
    "#);
}
