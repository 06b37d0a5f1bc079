//! Rules about single values.

use insta::assert_snapshot;

use super::{PICTURE, SAVED, classes, linted, rules, rules_in, said, silent, workflow};
use crate::support::Folder;

/// Node 3, which shows node 4.
const SHOWN: &str = r#""3": {"class_type": "PreviewAny", "inputs": {"source": ["4", 0]}}"#;

fn primitive(class: &str, value: &str) -> String {
    format!(r#""4": {{"class_type": "{class}", "inputs": {{"value": {value}}}}}"#)
}

#[test]
fn a_value_of_another_type_is_converted_as_python_does() {
    let node = r#""1": {"class_type": "EmptyImage", "inputs": {
  "width": "64",
  "height": 64.5,
  "batch_size": true,
  "color": 0
}}"#;
    assert_snapshot!(said(&[node, SAVED]), @r#"
    warning[coerced-value]: `width` takes INT, and ComfyUI turns "64" into 64
       ╭─[w.json:3:12]
     2 │ "1": {"class_type": "EmptyImage", "inputs": {
     3 │   "width": "64",
       ·            ────
     4 │   "height": 64.5,
       ╰────
      node: `1` (EmptyImage), input `width`
      help: write 64
      fix: write 64 (--fix)

    warning[coerced-value]: `height` takes INT, and ComfyUI turns 64.5 into 64
       ╭─[w.json:4:13]
     3 │   "width": "64",
     4 │   "height": 64.5,
       ·             ────
     5 │   "batch_size": true,
       ╰────
      node: `1` (EmptyImage), input `height`
      help: write 64
      fix: write 64 (--fix --unsafe)

    warning[coerced-value]: `batch_size` takes INT, and ComfyUI turns true into 1
       ╭─[w.json:5:17]
     4 │   "height": 64.5,
     5 │   "batch_size": true,
       ·                 ────
     6 │   "color": 0
       ╰────
      node: `1` (EmptyImage), input `batch_size`
      help: write 1
      fix: write 1 (--fix --unsafe)

    3 warnings in 1 file
    "#);
    assert_snapshot!(said(&[&primitive("PrimitiveBoolean", r#""false""#), SHOWN]), @r#"
    warning[coerced-value]: `value` takes BOOLEAN, and ComfyUI turns "false" into true
       ╭─[w.json:2:61]
     1 │ {
     2 │ "4": {"class_type": "PrimitiveBoolean", "inputs": {"value": "false"}},
       ·                                                             ───────
     3 │ "3": {"class_type": "PreviewAny", "inputs": {"source": ["4", 0]}}
       ╰────
      node: `4` (PrimitiveBoolean), input `value`
      help: every text but the empty one is true in Python; write true or false
      fix: write true (--fix --unsafe)

    1 warning in 1 file
    "#);
    assert_snapshot!(said(&[&primitive("PrimitiveFloat", r#"" 7.5 ""#), SHOWN]), @r#"
    warning[coerced-value]: `value` takes FLOAT, and ComfyUI turns " 7.5 " into 7.5
       ╭─[w.json:2:59]
     1 │ {
     2 │ "4": {"class_type": "PrimitiveFloat", "inputs": {"value": " 7.5 "}},
       ·                                                           ───────
     3 │ "3": {"class_type": "PreviewAny", "inputs": {"source": ["4", 0]}}
       ╰────
      node: `4` (PrimitiveFloat), input `value`
      help: write 7.5
      fix: write 7.5 (--fix)

    1 warning in 1 file
    "#);
    assert_snapshot!(said(&[&primitive("PrimitiveString", "null"), SHOWN]), @r#"
    warning[deprecated-class]: ComfyUI declares `PrimitiveString` deprecated
       ╭─[w.json:2:1]
     1 │ {
     2 │ "4": {"class_type": "PrimitiveString", "inputs": {"value": null}},
       · ───
     3 │ "3": {"class_type": "PreviewAny", "inputs": {"source": ["4", 0]}}
       ╰────
      node: `4` (PrimitiveString)
      help: it still runs; replace it before a later version of ComfyUI drops it

    warning[coerced-value]: `value` takes STRING, and ComfyUI turns null into "None"
       ╭─[w.json:2:60]
     1 │ {
     2 │ "4": {"class_type": "PrimitiveString", "inputs": {"value": null}},
       ·                                                            ────
     3 │ "3": {"class_type": "PreviewAny", "inputs": {"source": ["4", 0]}}
       ╰────
      node: `4` (PrimitiveString), input `value`
      help: write "None"
      fix: write "None" (--fix --unsafe)

    2 warnings in 1 file
    "#);
}

#[test]
fn what_python_takes_as_it_is_stays_silent() {
    for (class, values) in [
        ("PrimitiveInt", ["1", "1.0", "-0"]),
        ("PrimitiveFloat", ["1", "1.5", "-0.0"]),
        ("PrimitiveBoolean", ["true", "0", "1"]),
    ] {
        for value in values {
            silent(&[&primitive(class, value), SHOWN]);
        }
    }
    silent(&[
        r#""4": {"class_type": "CLIPTextEncode", "inputs": {"text": "64", "clip": ["5", 0]}}"#,
        SHOWN,
        r#""5": {"class_type": "CLIPLoader", "inputs": {"clip_name": "mine.safetensors", "type": "wan"}}"#,
    ]);
}

#[test]
fn what_python_does_not_convert_is_an_error_and_no_lint() {
    for (class, value) in [
        ("PrimitiveInt", r#""1__0""#),
        ("PrimitiveInt", r#""_1""#),
        ("PrimitiveInt", r#""7.5""#),
        ("PrimitiveFloat", r#""1_e5""#),
        ("PrimitiveFloat", r#""wide""#),
    ] {
        assert_eq!(rules(&[&primitive(class, value), SHOWN]), ["invalid-input-type"], "{class} {value}");
    }
    assert_eq!(rules(&[&primitive("PrimitiveInt", r#""1_0""#), SHOWN]), ["coerced-value"]);
}

#[test]
fn a_number_between_the_steps() {
    let latent = |width: &str| {
        format!(
            r#""4": {{"class_type": "EmptyLatentImage", "inputs": {{"width": {width}, "height": 512, "batch_size": 1}}}}"#
        )
    };
    assert_snapshot!(said(&[&latent("513"), SHOWN]), @r#"
    warning[off-step]: `width` is 513; it goes in steps of 8 from 16
       ╭─[w.json:2:61]
     1 │ {
     2 │ …": "EmptyLatentImage", "inputs": {"width": 513, "height": 512, "batch_size": 1}},
       ·                                             ───
     3 │ "3": {"class_type": "PreviewAny", "inputs": {"source": ["4", 0]}}
       ╰────
      node: `4` (EmptyLatentImage), input `width`
      help: the nearest are 512 and 520

    1 warning in 1 file
    "#);
    // The largest value is no step.
    assert_snapshot!(said(&[&latent("16383"), SHOWN]), @r#"
    warning[off-step]: `width` is 16383; it goes in steps of 8 from 16
       ╭─[w.json:2:61]
     1 │ {
     2 │ …: "EmptyLatentImage", "inputs": {"width": 16383, "height": 512, "batch_size": 1}},
       ·                                            ─────
     3 │ "3": {"class_type": "PreviewAny", "inputs": {"source": ["4", 0]}}
       ╰────
      node: `4` (EmptyLatentImage), input `width`
      help: the nearest are 16376 and 16384

    1 warning in 1 file
    "#);
    silent(&[&latent("520"), SHOWN]);
}

#[test]
fn steps_count_from_the_smallest_value_or_from_0() {
    let folder = Folder::with([("classes.json", &classes())]);
    for (size, found) in [(512, false), (514, false), (2, false), (513, true), (511, true)] {
        let grid = format!(r#""4": {{"class_type": "Grid", "inputs": {{"size": {size}}}}}"#);
        let shown = r#""3": {"class_type": "Show", "inputs": {"source": ["4", 0]}}"#;
        folder.write("w.json", workflow(&[&grid, shown]));
        let rules = rules_in(&folder, &["--catalog", "classes.json"]);
        assert_eq!(rules, if found { vec!["off-step"] } else { vec![] }, "{size}");
    }
}

#[test]
fn the_default_of_a_class_is_no_mistake() {
    let encode = |stride: &str| {
        format!(
            r#""4": {{"class_type": "WanVideoEncode", "inputs": {{"vae": ["5", 0], "driving_video": ["1", 0],
 "enable_vae_tiling": false, "tile_x": 272, "tile_y": 272, "tile_stride_x": {stride}, "tile_stride_y": 128}}}}"#
        )
    };
    let vae = r#""5": {"class_type": "WanVideoVAELoader", "inputs": {"model_name": "own.safetensors"}}"#;
    silent(&[PICTURE, &encode("144"), vae, SHOWN]);
    assert_eq!(rules(&[PICTURE, &encode("145"), vae, SHOWN]), ["off-step"]);
}

#[test]
fn noise_of_an_editors_arithmetic() {
    assert_snapshot!(said(&[&primitive("PrimitiveFloat", "5.000000000000001"), SHOWN]), @r#"
    warning[float-noise]: `value` is 5.000000000000001, which is 5.0 with a rounding error
       ╭─[w.json:2:59]
     1 │ {
     2 │ "4": {"class_type": "PrimitiveFloat", "inputs": {"value": 5.000000000000001}},
       ·                                                           ─────────────────
     3 │ "3": {"class_type": "PreviewAny", "inputs": {"source": ["4", 0]}}
       ╰────
      node: `4` (PrimitiveFloat), input `value`
      help: write 5.0: editors leave such digits when they calculate
      fix: write 5.0 (--fix)

    1 warning in 1 file
    "#);
    assert_eq!(rules(&[&primitive("PrimitiveFloat", "0.30000000000000004"), SHOWN]), ["float-noise"]);
    assert_eq!(rules(&[&primitive("PrimitiveFloat", "-1.1999999999999997"), SHOWN]), ["float-noise"]);
    for honest in ["0.123456789012", "0.1", "5.0001", "1e-300", "3.141592653589793", "0.3333333333333333"] {
        silent(&[&primitive("PrimitiveFloat", honest), SHOWN]);
    }
}

#[test]
fn a_value_where_only_a_link_makes_sense() {
    let sampler =
        r#""4": {"class_type": "VAEDecode", "inputs": {"samples": ["5", 0], "vae": "ae.safetensors"}}"#;
    let latent = r#""5": {"class_type": "EmptyLatentImage", "inputs": {"width": 512, "height": 512, "batch_size": 1}}"#;
    assert_snapshot!(said(&[sampler, latent, SHOWN]), @r#"
    error[literal-for-link]: `vae` takes VAE from another node, and is given a string
       ╭─[w.json:2:73]
     1 │ {
     2 │ …nputs": {"samples": ["5", 0], "vae": "ae.safetensors"}},
       ·                                       ────────────────
     3 │ "5": {"class_type": "EmptyLatentImage", "inpu…
       ╰────
      node: `4` (VAEDecode), input `vae`
      help: link it to an output of type VAE: ComfyUI takes the value, and the node fails when it runs

    1 error in 1 file
    "#);
}

#[test]
fn types_with_a_widget_of_their_own_take_values() {
    silent(&[r##""4": {"class_type": "ColorToRGBInt", "inputs": {"color": "#00ff00"}}"##, SHOWN]);
    // Nothing on an optional input is how Python says so, and what takes anything takes a text.
    silent(&[
        PICTURE,
        r#""2": {"class_type": "ImageCompare", "inputs": {"compare_view": {"__value__": []}, "image_a": ["1", 0], "image_b": null}}"#,
    ]);
    silent(&[r#""3": {"class_type": "PreviewAny", "inputs": {"source": "a text"}}"#]);
    // What the editor takes from the browser is a text, such as the name of a picture.
    silent(&[r#""4": {"class_type": "RecordAudio", "inputs": {"audio": "record.webm [temp]"}}"#, SHOWN]);
}

#[test]
fn a_path_as_only_windows_writes_it() {
    let loader = r#""4": {"class_type": "VAELoader", "inputs": {"vae_name": "wan\\mine.safetensors"}}"#;
    assert_snapshot!(said(&[loader, SHOWN]), @r#"
    warning[windows-separator]: `vae_name` is "wan\\mine.safetensors", a path as only Windows writes it
       ╭─[w.json:2:57]
     1 │ {
     2 │ "4": {"class_type": "VAELoader", "inputs": {"vae_name": "wan\\mine.safetensors"}},
       ·                                                         ───────────────────────
     3 │ "3": {"class_type": "PreviewAny", "inputs": {"source": ["4", 0]}}
       ╰────
      node: `4` (VAELoader), input `vae_name`
      help: write "wan/mine.safetensors": servers on Linux list it so
      fix: write "wan/mine.safetensors" (--fix)

    1 warning in 1 file
    "#);
}

#[test]
fn a_server_with_windows_lists_such_paths() {
    let folder = Folder::with([("classes.json", &classes())]);
    let lora = |name: &str| {
        let loader =
            format!(r#""4": {{"class_type": "LoraLoaderModelOnly", "inputs": {{"lora_name": "{name}"}}}}"#);
        workflow(&[&loader, r#""3": {"class_type": "Show", "inputs": {"source": ["4", 0]}}"#])
    };
    folder.write("w.json", lora(r"sd\\old.safetensors"));
    assert_eq!(rules_in(&folder, &["--catalog", "classes.json"]), [""; 0]);
    folder.write("w.json", lora(r"wan\\mine.safetensors"));
    assert_snapshot!(linted(&folder, &["--catalog", "classes.json"]), @r#"
    error[value-not-in-list]: `lora_name` is "wan\\mine.safetensors", which is not a choice
       ╭─[w.json:2:68]
     1 │ {
     2 │ …elOnly", "inputs": {"lora_name": "wan\\mine.safetensors"}},
       ·                                   ───────────────────────
     3 │ "3": {"class_type": "Show", "inputs": {"source": ["4", 0]}}
       ╰────
      node: `4` (LoraLoaderModelOnly), input `lora_name`
      help: did you mean `wan/mine.safetensors`?

    warning[windows-separator]: `lora_name` is "wan\\mine.safetensors", a path as only Windows writes it
       ╭─[w.json:2:68]
     1 │ {
     2 │ …elOnly", "inputs": {"lora_name": "wan\\mine.safetensors"}},
       ·                                   ───────────────────────
     3 │ "3": {"class_type": "Show", "inputs": {"source": ["4", 0]}}
       ╰────
      node: `4` (LoraLoaderModelOnly), input `lora_name`
      help: write "wan/mine.safetensors": servers on Linux list it so
      fix: write "wan/mine.safetensors" (--fix)

    1 error, 1 warning in 1 file
    "#);
}

#[test]
fn a_backslash_in_a_text_is_no_path() {
    silent(&[
        r#""4": {"class_type": "CLIPTextEncode", "inputs": {"text": "a\\b.png \\(masterpiece\\)", "clip": ["5", 0]}}"#,
        SHOWN,
        r#""5": {"class_type": "CLIPLoader", "inputs": {"clip_name": "mine.safetensors", "type": "wan"}}"#,
    ]);
}
