//! Wan 2.2 TI2V-5B: ComfyUI's own nodes and the wrapper's.

use super::{Difference, Is, PLAIN, Reference};

const NEWER: &str = "the class has these inputs now, and they are off";
const EMPTY: &str = "the editor saved an empty text in place of the flag";

pub(super) const REFERENCES: &[Reference] = &[
    Reference {
        file: "K_wan22_5b",
        preset: "wan22-5b-t2v",
        set: &[],
        switches: None,
        graph: "wan22-5b",
        settled: &[],
        differences: &[],
    },
    Reference {
        file: "K_wan22_5b_wrapper",
        preset: "wan22-5b-i2v-wrapper",
        set: &["save_output=false"],
        switches: None,
        graph: "wan22-5b-wrapper",
        settled: &[],
        differences: &[
            Difference::Input {
                class: "WanVideoVAELoader",
                input: "model_name",
                theirs: Is::Text("wanvideo\\Wan2_2_VAE_bf16.safetensors"),
                ours: Is::Text("Wan2_2_VAE_bf16.safetensors"),
                reason: PLAIN,
            },
            Difference::Input {
                class: "WanVideoModelLoader",
                input: "model",
                theirs: Is::Text("WanVideo\\2_2\\wan2.2_ti2v_5B_fp16.safetensors"),
                ours: Is::Text("wan2.2_ti2v_5B_fp16.safetensors"),
                reason: PLAIN,
            },
            Difference::Input {
                class: "WanVideoTextEncode",
                input: "negative_prompt",
                theirs: Is::Text(
                    "Bright tones, overexposed, static, blurred details, subtitles, style, works, paintings, images, \
                     static, overall gray, worst quality, low quality, JPEG compression residue, ugly, incomplete, \
                     extra fingers, poorly drawn hands, poorly drawn faces, deformed, disfigured, misshapen limbs, \
                     fused fingers, still picture, messy background, three legs, many people in the background, \
                     walking backwards\"",
                ),
                ours: Is::Text(
                    "Bright tones, overexposed, static, blurred details, subtitles, style, works, paintings, images, \
                     static, overall gray, worst quality, low quality, JPEG compression residue, ugly, incomplete, \
                     extra fingers, poorly drawn hands, poorly drawn faces, deformed, disfigured, misshapen limbs, \
                     fused fingers, still picture, messy background, three legs, many people in the background, \
                     walking backwards",
                ),
                reason: "a lone quotation mark at the end",
            },
            Difference::Input {
                class: "WanVideoEncode",
                input: "image",
                theirs: Is::Link("71", 0),
                ours: Is::Nothing,
                reason: "the input is called driving_video now",
            },
            Difference::Input {
                class: "WanVideoEncode",
                input: "driving_video",
                theirs: Is::Nothing,
                ours: Is::Link("71", 0),
                reason: "the input was called image",
            },
            Difference::Input {
                class: "WanVideoExperimentalArgs",
                input: "raag_alpha",
                theirs: Is::Nothing,
                ours: Is::Whole(0),
                reason: NEWER,
            },
            Difference::Input {
                class: "WanVideoExperimentalArgs",
                input: "bidirectional_sampling",
                theirs: Is::Nothing,
                ours: Is::Bool(false),
                reason: NEWER,
            },
            Difference::Input {
                class: "WanVideoExperimentalArgs",
                input: "temporal_score_rescaling",
                theirs: Is::Nothing,
                ours: Is::Bool(false),
                reason: NEWER,
            },
            Difference::Input {
                class: "WanVideoExperimentalArgs",
                input: "tsr_k",
                theirs: Is::Nothing,
                ours: Is::Float(0.95),
                reason: NEWER,
            },
            Difference::Input {
                class: "WanVideoExperimentalArgs",
                input: "tsr_sigma",
                theirs: Is::Nothing,
                ours: Is::Whole(1),
                reason: NEWER,
            },
            Difference::Input {
                class: "WanVideoSampler",
                input: "batched_cfg",
                theirs: Is::Text(""),
                ours: Is::Bool(false),
                reason: EMPTY,
            },
            Difference::Input {
                class: "WanVideoSampler",
                input: "add_noise_to_samples",
                theirs: Is::Text(""),
                ours: Is::Bool(false),
                reason: EMPTY,
            },
        ],
    },
];
