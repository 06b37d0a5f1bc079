//! Rules about which inputs there are, and about files of models.

use insta::assert_snapshot;

use super::{PICTURE, SAVED, rules, said, said_with, silent};

#[test]
fn an_input_that_the_class_does_not_have() {
    let saved = r#""2": {"class_type": "SaveImage", "inputs": {
  "images": ["1", 0],
  "filename_prefix": "x",
  "filename_prefx": "y",
  "quality": 95,
  "prompt": "{}"
}}"#;
    assert_snapshot!(said(&[PICTURE, saved]), @r#"
    warning[unknown-input]: `SaveImage` has no input `filename_prefx`; ComfyUI ignores it
       ╭─[w.json:6:21]
     5 │   "filename_prefix": "x",
     6 │   "filename_prefx": "y",
       ·                     ───
     7 │   "quality": 95,
       ╰────
      node: `2` (SaveImage), input `filename_prefx`
      help: remove it; `wfc catalog show SaveImage` lists what the class takes

    warning[unknown-input]: `SaveImage` has no input `quality`; ComfyUI ignores it
       ╭─[w.json:7:14]
     6 │   "filename_prefx": "y",
     7 │   "quality": 95,
       ·              ──
     8 │   "prompt": "{}"
       ╰────
      node: `2` (SaveImage), input `quality`
      help: remove it; `wfc catalog show SaveImage` lists what the class takes

    warning[unknown-input]: `SaveImage` has no input `prompt`; ComfyUI ignores it
       ╭─[w.json:8:13]
     7 │   "quality": 95,
     8 │   "prompt": "{}"
       ·             ────
     9 │ }}
       ╰────
      node: `2` (SaveImage), input `prompt`
      help: the server fills it in itself; remove it

    3 warnings in 1 file
    "#);
}

#[test]
fn a_misspelt_input_is_the_one_that_is_missing() {
    let saved = r#""2": {"class_type": "SaveImage", "inputs": {"images": ["1", 0], "filename_prefx": "x"}}"#;
    assert_snapshot!(said(&[PICTURE, saved]), @r#"
    error[required-input-missing]: `SaveImage` needs the input `filename_prefix`
       ╭─[w.json:3:1]
     2 │ "1": {"class_type": "EmptyImage", "inputs": {…
     3 │ "2": {"class_type": "SaveImage", "inputs": {"images": ["1", 0], "filename_prefx": "x"}}
       · ───
     4 │ }
       ╰────
      node: `2` (SaveImage), input `filename_prefix`
      help: give it a value (STRING); the editor would start with "ComfyUI", the server has no default

    warning[unknown-input]: `SaveImage` has no input `filename_prefx`; ComfyUI ignores it
       ╭─[w.json:3:83]
     2 │ "1": {"class_type": "EmptyImage", "inputs": {…
     3 │ "2": {"class_type": "SaveImage", "inputs": {"images": ["1", 0], "filename_prefx": "x"}}
       ·                                                                                   ───
     4 │ }
       ╰────
      node: `2` (SaveImage), input `filename_prefx`
      help: did you mean `filename_prefix`?

    1 error, 1 warning in 1 file
    "#);
}

#[test]
fn other_branches_of_a_dynamic_input_are_left_behind_by_the_editor() {
    silent(&[
        PICTURE,
        r#""3": {"class_type": "ResizeImageMaskNode", "inputs": {"input": ["1", 0], "resize_type": "scale width",
 "resize_type.width": 512, "resize_type.multiplier": 2.0, "scale_method": "area"}}"#,
        r#""2": {"class_type": "SaveImage", "inputs": {"images": ["3", 0], "filename_prefix": "x"}}"#,
    ]);
}

#[test]
fn widgets_of_a_format_of_videohelpersuite_are_inputs() {
    let video = |more: &str| {
        format!(
            r#""2": {{"class_type": "VHS_VideoCombine", "inputs": {{"images": ["1", 0], "frame_rate": 16, "loop_count": 0,
 "filename_prefix": "x", "format": "video/h264-mp4", "pix_fmt": "yuv420p", "crf": 19, "save_metadata": true,
 "trim_to_audio": false, "pingpong": false, "save_output": true{more}}}}}"#
        )
    };
    silent(&[PICTURE, &video("")]);
    silent(&[PICTURE, &video(r#", "videopreview": {"hidden": false}"#)]);
    // Of another format's widgets the server does not know.
    assert_eq!(rules(&[PICTURE, &video(r#", "dither": "none""#)]), ["unknown-input"]);
}

#[test]
fn families_that_grow_with_a_number_are_inputs() {
    let concat = |inputs: &str| {
        format!(
            r#""3": {{"class_type": "ImageConcatMulti", "inputs": {{"inputcount": 3, "image_1": ["1", 0], "image_2": ["1", 0],
 "image_3": ["1", 0], "direction": "right", "match_image_size": false{inputs}}}}}"#
        )
    };
    let saved = r#""2": {"class_type": "SaveImage", "inputs": {"images": ["3", 0], "filename_prefix": "x"}}"#;
    silent(&[PICTURE, &concat(""), saved]);
    silent(&[PICTURE, &concat(r#", "Update inputs": null"#), saved]);
}

#[test]
fn blank_buttons_are_no_inputs() {
    silent(&[
        r#""1": {"class_type": "LoadImage", "inputs": {"image": "a.png", "upload": "image", "refresh": "", "button": null}}"#,
        SAVED,
    ]);
}

#[test]
fn an_input_that_stands_twice() {
    let saved = r#""2": {"class_type": "SaveImage", "inputs": {
  "images": ["1", 0],
  "filename_prefix": "x",
  "filename_prefix": "y"
}}"#;
    assert_snapshot!(said(&[PICTURE, saved]), @r#"
    warning[duplicate-input]: `filename_prefix` stands twice; ComfyUI takes the last one
       ╭─[w.json:6:3]
     5 │   "filename_prefix": "x",
     6 │   "filename_prefix": "y"
       ·   ─────────────────
     7 │ }}
       ╰────
      node: `2` (SaveImage), input `filename_prefix`
      help: remove one of them

    1 warning in 1 file
    "#);
}

#[test]
fn a_slot_that_counts_from_the_end() {
    let saved =
        r#""2": {"class_type": "SaveImage", "inputs": {"images": ["1", -1], "filename_prefix": "x"}}"#;
    assert_snapshot!(said(&[PICTURE, saved]), @r#"
    warning[negative-slot]: `images` links to output slot -1 of `1`, which ComfyUI counts from the end
       ╭─[w.json:3:55]
     2 │ "1": {"class_type": "EmptyImage", "inputs": {…
     3 │ "2": {"class_type": "SaveImage", "inputs": {"images": ["1", -1], "filename_prefix": "x"}}
       ·                                                       ─────────
     4 │ }
       ╰────
      node: `2` (SaveImage), input `images`
      help: write the slot as 0: other tools take a slot below 0 for an error

    1 warning in 1 file
    "#);
    // Before the first one there is none: an error, and no lint.
    let saved =
        r#""2": {"class_type": "SaveImage", "inputs": {"images": ["1", -2], "filename_prefix": "x"}}"#;
    assert!(!rules(&[PICTURE, saved]).contains(&"negative-slot".to_owned()));
}

fn vae(file: &str) -> [String; 2] {
    [
        format!(r#""1": {{"class_type": "VAELoader", "inputs": {{"vae_name": "{file}"}}}}"#),
        r#""2": {"class_type": "PreviewAny", "inputs": {"source": ["1", 0]}}"#.to_owned(),
    ]
}

#[test]
fn a_model_file_that_is_nearly_a_known_one() {
    let [loader, shown] = vae("wan/wan_2.1_vea.safetensors");
    assert_snapshot!(said(&[&loader, &shown]), @r#"
    warning[misspelt-model-file]: there is no known model file "wan_2.1_vea.safetensors"
       ╭─[w.json:2:57]
     1 │ {
     2 │ "1": {"class_type": "VAELoader", "inputs": {"vae_name": "wan/wan_2.1_vea.safetensors"}},
       ·                                                         ─────────────────────────────
     3 │ "2": {"class_type": "PreviewAny", "inputs": {"source": ["1", 0]}}
       ╰────
      node: `1` (VAELoader), input `vae_name`
      help: did you mean "wan_2.1_vae.safetensors"?

    1 warning in 1 file
    "#);
    // Another version is another file, and so is one of the user's own.
    for file in [
        "wan_2.2_vae.safetensors",
        "mine.safetensors",
        "wan_2.1_vae.safetensors",
        "sub/wan_2.1_vae.safetensors",
    ] {
        let [loader, shown] = vae(file);
        silent(&[&loader, &shown]);
    }
}

#[test]
fn a_model_file_that_nobody_knows() {
    let [loader, shown] = vae("mine.safetensors");
    assert_snapshot!(said_with(&[&loader, &shown], &["--warn", "unknown-model-file"]), @r#"
    warning[unknown-model-file]: the model file "mine.safetensors" is not in the catalog of models
       ╭─[w.json:2:57]
     1 │ {
     2 │ "1": {"class_type": "VAELoader", "inputs": {"vae_name": "mine.safetensors"}},
       ·                                                         ──────────────────
     3 │ "2": {"class_type": "PreviewAny", "inputs": {"source": ["1", 0]}}
       ╰────
      node: `1` (VAELoader), input `vae_name`
      help: check that the machine that runs the workflow has it

    1 warning in 1 file
    "#);
}

#[test]
fn an_input_that_got_another_name_is_found_by_what_is_missing() {
    let saved = r#""2": {"class_type": "SaveImage", "inputs": {"images": ["1", 0], "prefix": "x"}}"#;
    let text = said(&[PICTURE, saved]);
    let help = "the class needs `filename_prefix`, which is missing: is it called that now?";
    assert!(text.contains(help), "{text}");
}
