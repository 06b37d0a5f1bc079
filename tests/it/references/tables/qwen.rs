//! Qwen-Image and its two editing models, each with and without lightning.

use super::{Difference, Is, Reference};

const SWITCHES: &[&str] = &["PrimitiveInt", "PrimitiveFloat", "PrimitiveBoolean", "ComfySwitchNode"];

const UNSCALED: &str = "the template has the node for it, but nothing takes its result";

const SCALED: &[Difference] = &[
    Difference::Added {
        id: "93",
        class: "ImageScaleToTotalPixels",
        inputs: &[
            ("image", Is::Link("78", 0)),
            ("upscale_method", Is::Text("lanczos")),
            ("megapixels", Is::Float(1.5)),
            ("resolution_steps", Is::Whole(16)),
        ],
        reason: UNSCALED,
    },
    Difference::Input {
        class: "TextEncodeQwenImageEdit",
        input: "image",
        theirs: Is::Link("78", 0),
        ours: Is::Link("93", 0),
        reason: UNSCALED,
    },
    Difference::Input {
        class: "VAEEncode",
        input: "pixels",
        theirs: Is::Link("78", 0),
        ours: Is::Link("93", 0),
        reason: UNSCALED,
    },
];

const COMPLETE_FORMAT: &[Difference] = &[
    Difference::Input {
        class: "SaveImageAdvanced",
        input: "format.bit_depth",
        theirs: Is::Nothing,
        ours: Is::Text("8-bit"),
        reason: "the catalog's version asks for it",
    },
    Difference::Input {
        class: "SaveImageAdvanced",
        input: "format.input_color_space",
        theirs: Is::Nothing,
        ours: Is::Text("sRGB"),
        reason: "the catalog's version asks for it",
    },
];

pub(super) const REFERENCES: &[Reference] = &[
    Reference {
        file: "H_qwen_image",
        preset: "qwen-image",
        set: &[],
        switches: None,
        graph: "qwen-image",
        settled: SWITCHES,
        differences: &[],
    },
    Reference {
        file: "H_qwen_image",
        preset: "qwen-image",
        set: &["lightning=true"],
        switches: Some(true),
        graph: "qwen-image",
        settled: SWITCHES,
        differences: &[],
    },
    Reference {
        file: "I_qwen_image_edit",
        preset: "qwen-image-edit",
        set: &[],
        switches: None,
        graph: "qwen-image-edit",
        settled: SWITCHES,
        differences: SCALED,
    },
    Reference {
        file: "I_qwen_image_edit",
        preset: "qwen-image-edit",
        set: &["lightning=true"],
        switches: Some(true),
        graph: "qwen-image-edit",
        settled: SWITCHES,
        differences: SCALED,
    },
    Reference {
        file: "J_qwen_image_edit_2509",
        preset: "qwen-image-edit-2509",
        set: &[],
        switches: None,
        graph: "qwen-image-edit-2509",
        settled: SWITCHES,
        differences: COMPLETE_FORMAT,
    },
    Reference {
        file: "J_qwen_image_edit_2509",
        preset: "qwen-image-edit-2509",
        set: &["lightning=false"],
        switches: Some(false),
        graph: "qwen-image-edit-2509",
        settled: SWITCHES,
        differences: COMPLETE_FORMAT,
    },
];
