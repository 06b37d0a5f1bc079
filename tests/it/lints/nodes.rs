//! Rules about whole nodes.

use insta::assert_snapshot;

use super::{PICTURE, SAVED, said, silent};

#[test]
fn a_node_that_costs_credits() {
    let removed = r#""3": {"class_type": "RecraftRemoveBackgroundNode", "inputs": {"image": ["1", 0]}}"#;
    let saved = r#""2": {"class_type": "SaveImage", "inputs": {"images": ["3", 0], "filename_prefix": "x"}}"#;
    assert_snapshot!(said(&[PICTURE, removed, saved]), @r#"
    info[api-node]: `RecraftRemoveBackgroundNode` calls a service over the network and costs credits on each run
       ╭─[w.json:3:1]
     2 │ "1": {"class_type": "EmptyImage", "inputs": {…
     3 │ "3": {"class_type": "RecraftRemoveBackgroundNode", "inputs": {"image": ["1", 0]}},
       · ───
     4 │ "2": {"class_type": "SaveImage", "inputs": {"images": ["3", 0], "filename_prefix": "x"}}
       ╰────
      node: `3` (RecraftRemoveBackgroundNode)
      help: the server needs an account with credits; a batch multiplies the costs

    1 info in 1 file
    "#);
    // One that does not run costs nothing.
    assert_snapshot!(said(&[PICTURE, removed, SAVED]), @r#"
    warning[unreachable-node]: no output depends on `3` (RecraftRemoveBackgroundNode); ComfyUI does not run it
       ╭─[w.json:3:1]
     2 │ "1": {"class_type": "EmptyImage", "inputs": {…
     3 │ "3": {"class_type": "RecraftRemoveBackgroundNode", "inputs": {"image": ["1", 0]}},
       · ───
     4 │ "2": {"class_type": "SaveImage", "inputs": {"images": ["1", 0], "filename_prefix": "x"}}
       ╰────
      node: `3` (RecraftRemoveBackgroundNode)
      help: link what it gives to where it is needed, or remove it

    1 warning in 1 file
    "#);
}

#[test]
fn a_class_that_is_on_its_way_out() {
    let batch = r#""3": {"class_type": "ImageBatch", "inputs": {"image1": ["1", 0], "image2": ["1", 0]}}"#;
    let saved = r#""2": {"class_type": "SaveImage", "inputs": {"images": ["3", 0], "filename_prefix": "x"}}"#;
    assert_snapshot!(said(&[PICTURE, batch, saved]), @r#"
    warning[deprecated-class]: ComfyUI declares `ImageBatch` deprecated
       ╭─[w.json:3:1]
     2 │ "1": {"class_type": "EmptyImage", "inputs": {…
     3 │ "3": {"class_type": "ImageBatch", "inputs": {"image1": ["1", 0], "image2": ["1", 0]}},
       · ───
     4 │ "2": {"class_type": "SaveImage", "inputs": {"images": ["3", 0], "filename_prefix": "x"}}
       ╰────
      node: `3` (ImageBatch)
      help: it still runs; replace it before a later version of ComfyUI drops it

    1 warning in 1 file
    "#);
}

#[test]
fn an_output_that_the_server_leaves_out() {
    let broken = r#""3": {"class_type": "SaveImage", "inputs": {"filename_prefix": "y"}}"#;
    assert_snapshot!(said(&[PICTURE, SAVED, broken]), @r#"
    error[required-input-missing]: `SaveImage` needs the input `images`
       ╭─[w.json:4:1]
     3 │ "2": {"class_type": "SaveImage", "inputs": {"images": ["1", 0], "filename_prefix": "x"}},
     4 │ "3": {"class_type": "SaveImage", "inputs": {"filename_prefix": "y"}}
       · ───
     5 │ }
       ╰────
      node: `3` (SaveImage), input `images`
      help: link it to an output of type IMAGE

    warning[dropped-output]: ComfyUI would run this workflow without the output `3` (SaveImage)
       ╭─[w.json:4:1]
     3 │ "2": {"class_type": "SaveImage", "inputs": {"images": ["1", 0], "filename_prefix": "x"}},
     4 │ "3": {"class_type": "SaveImage", "inputs": {"filename_prefix": "y"}}
       · ───
     5 │ }
       ╰────
      node: `3` (SaveImage)
      help: the server answers with success; repair what the output depends on, or remove it

    1 error, 1 warning in 1 file
    "#);
    // Without any other output the whole is refused.
    assert!(!said(&[broken]).contains("dropped-output"));
}

#[test]
fn a_node_that_nothing_needs() {
    let lone = r#""3": {"class_type": "ImageInvert", "inputs": {"image": ["1", 0]}}"#;
    assert_snapshot!(said(&[PICTURE, SAVED, lone]), @r#"
    warning[unreachable-node]: no output depends on `3` (ImageInvert); ComfyUI does not run it
       ╭─[w.json:4:1]
     3 │ "2": {"class_type": "SaveImage", "inputs": {"images": ["1", 0], "filename_prefix": "x"}},
     4 │ "3": {"class_type": "ImageInvert", "inputs": {"image": ["1", 0]}}
       · ───
     5 │ }
       ╰────
      node: `3` (ImageInvert)
      help: link what it gives to where it is needed, or remove it

    1 warning in 1 file
    "#);
    // Without an output that is said, and not of every node.
    assert!(!said(&[PICTURE, lone]).contains("unreachable-node"));
    silent(&[PICTURE, SAVED]);
}

#[test]
fn two_nodes_with_one_id() {
    let other = r#""1": {"class_type": "EmptyImage", "inputs": {"width": 32, "height": 32, "batch_size": 1, "color": 0}}"#;
    assert_snapshot!(said(&[PICTURE, SAVED, other]), @r#"
    warning[duplicate-node-id]: two nodes have the id `1`; ComfyUI runs the last one only
       ╭─[w.json:4:1]
     1 │ {
     2 │ "1": {"class_type": "EmptyImage", "inputs": {"…
       · ─┬─
       ·  ╰── this one is lost
     3 │ "2": {"class_type": "SaveImage", "inputs": {"images": ["1", 0], "filename_prefix": "x"}},
     4 │ "1": {"class_type": "EmptyImage", "inputs": {"…
       · ───
     5 │ }
       ╰────
      help: give one of them another id

    1 warning in 1 file
    "#);
}
