//! Tests of [`super::diff`] with catalogs made by hand.

use serde_json::{Value, json};

use super::super::{ImportOptions, import};
use super::*;

fn catalog(classes: &Value) -> Catalog {
    let captured = import(classes.to_string().as_bytes(), &ImportOptions::default()).unwrap();
    Catalog::from_captured(&captured).unwrap()
}

/// A catalog of one class `X` with these required inputs.
fn with_inputs(inputs: &Value) -> Catalog {
    catalog(&json!({ "X": { "input": { "required": inputs } } }))
}

/// The lines for the changes of the only class.
fn changes(old: &Catalog, new: &Catalog) -> Vec<String> {
    let lines = diff(old, new).lines();
    assert!(lines.first().is_none_or(|line| line.ends_with(" X")), "{lines:?}");
    lines.into_iter().skip(1).collect()
}

fn input_changes(old: &Value, new: &Value) -> Vec<String> {
    changes(&with_inputs(old), &with_inputs(new))
}

#[test]
fn equal_catalogs_do_not_differ() {
    let embedded = Catalog::embedded();
    assert!(diff(&embedded, &Catalog::embedded()).is_empty());
}

#[test]
fn classes_come_and_go() {
    let old = catalog(&json!({ "Kept": { "input": {} }, "Gone": { "input": {}, "output": ["MASK"] } }));
    let new = catalog(&json!({ "Kept": { "input": {} }, "Brand": { "input": {}, "output": ["MASK"] } }));
    let found = diff(&old, &new);
    assert_eq!((&found.removed[..], &found.added[..]), (&["Gone".to_owned()][..], &["Brand".to_owned()][..]));
    assert!(found.is_breaking());
    assert_eq!(found.lines(), ["! Gone is gone", "  Brand is new"]);
    assert!(!diff(&catalog(&json!({ "Kept": { "input": {} } })), &new).is_breaking());
}

#[test]
fn a_class_may_have_a_new_name() {
    let class = |inputs: Value| json!({ "input": { "required": inputs }, "output": ["MODEL"] });
    let old = catalog(&json!({
        "WanVideoLoader": class(json!({ "a": ["INT"], "b": ["INT"], "c": ["VAE"], "d": ["VAE"] })),
        "Resize": class(json!({ "p": ["INT"], "q": ["INT"] })),
    }));
    let new = catalog(&json!({
        "WanVideoModelLoader": class(json!({ "a": ["INT"], "b": ["INT"], "c": ["VAE"], "d": ["VAE"], "e": ["VAE"] })),
        "Restyle": class(json!({ "x": ["INT"], "y": ["INT"] })),
    }));
    assert_eq!(
        diff(&old, &new).lines(),
        [
            "! Resize is gone",
            "! WanVideoLoader is gone, probably renamed to WanVideoModelLoader (high confidence)",
            "!   new required input `e`",
            "  Restyle is new",
        ]
    );
}

#[test]
fn the_drift_of_wan_video_encode_and_render_nlf_poses() {
    let encode = |image: &str| {
        let mut inputs = serde_json::Map::new();
        inputs.insert("vae".to_owned(), json!(["WANVAE"]));
        inputs.insert(image.to_owned(), json!(["IMAGE"]));
        inputs.insert("enable_vae_tiling".to_owned(), json!(["BOOLEAN"]));
        Value::Object(inputs)
    };
    assert_eq!(
        input_changes(&encode("image"), &encode("driving_video")),
        ["!   input `image` is gone, probably renamed to `driving_video` (medium confidence)"]
    );
    let old = json!({ "nlf_poses": ["NLFPRED"], "width": ["INT", { "max": 4096 }], "height": ["INT"] });
    let new = json!({ "nlf_poses": ["NLFPRED"], "render_width": ["INT", { "max": 8192 }], "render_height": ["INT"] });
    assert_eq!(
        input_changes(&old, &new),
        [
            "!   input `width` is gone, probably renamed to `render_width` (high confidence)",
            "    input `render_width`: range ..4096 -> ..8192",
            "!   input `height` is gone, probably renamed to `render_height` (high confidence)",
        ]
    );
}

#[test]
fn renames_are_not_guessed_without_reason() {
    let old = json!({ "a": ["INT"], "old": ["INT"], "b": ["INT"], "c": ["VAE"] });
    let new = json!({ "c": ["VAE"], "first": ["MASK"], "a": ["INT"], "b": ["INT"], "x": ["VAE"], "fresh": ["INT"] });
    assert_eq!(
        input_changes(&old, &new),
        [
            "!   input `old` is gone, probably renamed to `fresh` (low confidence)",
            "!   new required input `first`",
            "!   new required input `x`",
        ]
    );
    let two = json!({ "c": ["VAE"], "a": ["INT"], "b": ["INT"], "p": ["VAE"], "q": ["INT"], "r": ["MASK"], "s": ["INT"] });
    assert!(input_changes(&old, &two).contains(&"!   input `old` is gone".to_owned()));
}

#[test]
fn inputs_become_required_or_optional() {
    let class = |required: Value, optional: Value| {
        catalog(&json!({ "X": { "input": { "required": required, "optional": optional } } }))
    };
    let one = class(json!({ "a": ["INT"] }), json!({ "b": ["VAE"] }));
    let other = class(json!({ "b": ["VAE"] }), json!({ "a": ["INT"], "c": ["MASK"] }));
    assert_eq!(
        changes(&one, &other),
        ["    input `a` is optional now", "!   input `b` is required now", "    new optional input `c`",]
    );
}

#[test]
fn types_ranges_and_defaults() {
    let old = json!({ "t": ["INT"], "l": ["IMAGE"], "r": ["INT", { "min": 0, "max": 9 }],
                      "f": ["FLOAT", { "min": 0.5, "default": 1.0 }] });
    let new = json!({ "t": ["FLOAT"], "l": ["IMAGE,MASK"], "r": ["INT", { "min": 1, "max": 10 }],
                      "f": ["FLOAT", { "default": 2.0 }] });
    assert_eq!(
        input_changes(&old, &new),
        [
            "!   input `t`: type INT -> FLOAT",
            "    input `l`: type IMAGE -> IMAGE,MASK",
            "!   input `r`: range 0..9 -> 1..10",
            "    input `f`: range 0.5.. -> ..",
            "    input `f`: default 1.0 -> 2.0",
        ]
    );
    assert_eq!(
        input_changes(&json!({ "l": ["IMAGE,MASK"] }), &json!({ "l": ["IMAGE"] })),
        ["!   input `l`: type IMAGE,MASK -> IMAGE"]
    );
}

#[test]
fn choices_come_and_go_but_files_do_not_count() {
    let old = json!({ "m": [["a", "b", 1]], "n": ["COMBO", { "options": ["x"] }], "u": [["a"]] });
    let new = json!({ "m": ["COMBO", { "options": ["b", "c", 1] }], "n": ["COMBO", {}], "u": [["a"]] });
    assert_eq!(
        input_changes(&old, &new),
        ["!   input `m`: lost choices \"a\"", "    input `m`: new choices \"c\"",]
    );
    let files =
        |list: Value| catalog(&json!({ "VAELoader": { "input": { "required": { "vae_name": [list] } } } }));
    assert!(diff(&files(json!(["a.pt"])), &files(json!(["b.pt"]))).is_empty());
}

#[test]
fn dynamic_inputs_are_compared_inside() {
    let pick = |inner: &str, choices: &[&str]| {
        let option = |key: &&str| json!({ "key": key, "inputs": { "required": { inner: ["INT"] } } });
        let options: Vec<_> = choices.iter().map(option).collect();
        json!({ "pick": ["COMFY_DYNAMICCOMBO_V3", { "options": options }] })
    };
    assert_eq!(
        input_changes(&pick("crf", &["a", "b"]), &pick("crf_value", &["b", "c"])),
        [
            "!   input `pick`: lost choices \"a\"",
            "    input `pick`: new choices \"c\"",
            "!   input `pick[b].crf` is gone, probably renamed to `pick[b].crf_value` (high confidence)",
        ]
    );
    let grow = |kind: &str, max: usize| {
        let template =
            json!({ "input": { "required": { "i": [kind] } }, "prefix": "i", "min": 1, "max": max });
        json!({ "grow": ["COMFY_AUTOGROW_V3", { "template": template }] })
    };
    assert_eq!(
        input_changes(&grow("IMAGE", 9), &grow("MASK", 5)),
        ["!   input `grow`: range 1..9 -> 1..5", "!   input `grow.*`: type IMAGE -> MASK",]
    );
    let formats =
        |crf: u32| json!({ "format": [["v"], { "formats": { "v": [["crf", "INT", { "max": crf }]] } }] });
    assert_eq!(
        input_changes(&formats(100), &formats(51)),
        ["!   input `format[v].crf`: range ..100 -> ..51"]
    );
}

#[test]
fn outputs_by_slot_and_flags() {
    let class = |outputs: Value, names: Value, more: bool| {
        catalog(&json!({ "X": { "input": {}, "output": outputs, "output_name": names,
                                "output_node": !more, "deprecated": more } }))
    };
    let old = class(json!(["IMAGE", "MASK", "INT"]), json!(["image", "m", "n"]), false);
    let new = class(json!(["IMAGE", "IMAGE,MASK"]), json!(["frames", "m"]), true);
    assert_eq!(
        changes(&old, &new),
        [
            "    output 0: name `image` -> `frames`",
            "    output 1: type MASK -> IMAGE,MASK",
            "!   output 2 is gone: INT",
            "!   is no output node any more",
            "    is deprecated now",
        ]
    );
    assert_eq!(
        changes(&new, &old),
        [
            "    output 0: name `frames` -> `image`",
            "!   output 1: type IMAGE,MASK -> MASK",
            "    new output 2: INT",
            "    is an output node now",
        ]
    );
}
