//! Qwen-Image-Edit from several camera angles.

use super::{Difference, Is, Reference};

/// One seed serves all angles.
const fn one_seed(node: &'static str, seed: i64) -> Difference {
    Difference::At { node, input: "seed", ours: Is::Whole(seed), reason: "one seed serves all angles" }
}

/// A prompt without the blanks and line ends around it.
const fn clean_prompt(node: &'static str, prompt: &'static str) -> Difference {
    Difference::At {
        node,
        input: "prompt",
        ours: Is::Text(prompt),
        reason: "blanks and line ends around a prompt say nothing",
    }
}

const ONCE: &str = "what is the same for every angle is made once";

const ANGLES_2511: &[Difference] = &[
    one_seed("427:246:242", 345_666_571_704_709),
    one_seed("427:271:267", 345_666_571_704_709),
    one_seed("427:296:292", 345_666_571_704_709),
    one_seed("427:321:317", 345_666_571_704_709),
    one_seed("427:346:342", 345_666_571_704_709),
    one_seed("427:371:367", 345_666_571_704_709),
    one_seed("427:423:419", 345_666_571_704_709),
    clean_prompt("427:221:151", "Turn the camera to a close-up."),
    clean_prompt("427:246:228", "Rotate the camera 45 degrees to the right."),
    clean_prompt("427:321:303", "Rotate the camera 90 degrees to the right."),
    Difference::At {
        node: "374",
        input: "filename_prefix",
        ours: Is::Text("ComfyUI-45_right"),
        reason: "the name of another angle",
    },
    Difference::At {
        node: "380",
        input: "filename_prefix",
        ours: Is::Text("ComfyUI-90_right"),
        reason: "the name of another angle",
    },
    Difference::Merged {
        classes: &[
            "UNETLoader",
            "LoraLoaderModelOnly",
            "ModelSamplingAuraFlow",
            "CFGNorm",
            "CLIPLoader",
            "VAELoader",
            "FluxKontextImageScale",
            "VAEEncode",
            "TextEncodeQwenImageEditPlus",
            "FluxKontextMultiReferenceLatentMethod",
        ],
        reason: ONCE,
    },
];

/// What the templates switch while they run.
const SETTLED: &[&str] = &["PrimitiveInt", "PrimitiveFloat", "PrimitiveBoolean", "ComfySwitchNode"];

pub(super) const REFERENCES: &[Reference] = &[
    Reference {
        file: "F_multiangle_xicon.src",
        preset: "qwen-multi-angle-2509",
        set: &[],
        switches: None,
        graph: "qwen-multi-angle-2509",
        settled: &[],
        differences: &[
            Difference::Input {
                class: "ImageScaleToTotalPixels",
                input: "upscale_method",
                theirs: Is::Text("nearest-exact"),
                ours: Is::Text("lanczos"),
                reason: "nearest-exact gives photographs jagged edges",
            },
            Difference::Input {
                class: "ImageScaleToTotalPixels",
                input: "resolution_steps",
                theirs: Is::Whole(1),
                ours: Is::Whole(16),
                reason: "the model works in cells of 16 pixels",
            },
            one_seed("126", 2_582_668_243),
            one_seed("136", 2_582_668_243),
            one_seed("146", 2_582_668_243),
            one_seed("156", 2_582_668_243),
            one_seed("166", 2_582_668_243),
            one_seed("176", 2_582_668_243),
            one_seed("186", 2_582_668_243),
            clean_prompt("114", "Turn the camera to a close-up."),
            clean_prompt("124", "Turn the camera to a wide-angle lens."),
            clean_prompt("134", "Rotate the camera 45 degrees to the right."),
            clean_prompt("144", "Rotate the camera 90 degrees to the right."),
            Difference::Merged {
                classes: &[
                    "ModelSamplingAuraFlow",
                    "CFGNorm",
                    "ImageScaleToTotalPixels",
                    "VAEEncode",
                    "TextEncodeQwenImageEditPlus",
                ],
                reason: ONCE,
            },
        ],
    },
    Reference {
        file: "F_multi_char_angles",
        preset: "qwen-multi-angle-2511",
        set: &[],
        switches: None,
        graph: "qwen-multi-angle-2511",
        settled: SETTLED,
        differences: ANGLES_2511,
    },
    Reference {
        file: "F_multi_char_angles",
        preset: "qwen-multi-angle-2511",
        set: &["lightning=false"],
        switches: Some(false),
        graph: "qwen-multi-angle-2511",
        settled: SETTLED,
        differences: ANGLES_2511,
    },
    Reference {
        file: "F_multiangle_2511",
        preset: "qwen-multi-angle-2511",
        set: &[
            "image=cyber_genesis.png",
            "cameras=[{ name = 'front', prompt = 'Turn the camera to a close-up.' }]",
            "models.base=qwen-image-edit-2511-int8",
            "seed=174022977952515",
        ],
        switches: None,
        graph: "qwen-multi-angle-2511",
        settled: SETTLED,
        differences: &[
            Difference::Input {
                class: "TextEncodeQwenImageEditPlus",
                input: "prompt",
                theirs: Is::Link("221", 1),
                ours: Is::Text("Turn the camera to a close-up."),
                reason: "an angle's prompt takes the place of the class CameraAngle, which is newer than the server",
            },
            Difference::Gone { class: "CameraAngle", reason: "an angle's prompt takes its place" },
            Difference::Input {
                class: "CFGNorm",
                input: "pre_cfg",
                theirs: Is::Bool(false),
                ours: Is::Nothing,
                reason: "false is what leaving it out means",
            },
            Difference::Input {
                class: "SaveImage",
                input: "filename_prefix",
                theirs: Is::Text("Qwen_Edit_2511"),
                ours: Is::Text("ComfyUI-front"),
                reason: "the angle's name ends the name of the file",
            },
        ],
    },
];
