//! Wan 2.2 A14B: ComfyUI's own nodes and the wrapper's.

use super::{BIT_DEPTH, Difference, Is, PLAIN, Reference, TEMPLATE};

pub(super) const REFERENCES: &[Reference] = &[
    Reference {
        file: "N_t2v",
        preset: "wan22-t2v",
        set: &[],
        switches: None,
        graph: "wan22-a14b",
        settled: TEMPLATE,
        differences: &[],
    },
    Reference {
        file: "N_t2v",
        preset: "wan22-t2v",
        set: &["lightning=true"],
        switches: Some(true),
        graph: "wan22-a14b",
        settled: TEMPLATE,
        differences: &[],
    },
    Reference {
        file: "N_i2v",
        preset: "wan22-i2v",
        set: &[],
        switches: None,
        graph: "wan22-a14b",
        settled: TEMPLATE,
        differences: &[BIT_DEPTH],
    },
    Reference {
        file: "N_i2v",
        preset: "wan22-i2v",
        set: &["lightning=true"],
        switches: Some(true),
        graph: "wan22-a14b",
        settled: TEMPLATE,
        differences: &[BIT_DEPTH],
    },
    Reference {
        file: "N_i2v_wrapper",
        preset: "wan22-i2v-wrapper",
        set: &["save_output=false"],
        switches: None,
        graph: "wan22-a14b-wrapper",
        settled: &["INTConstant"],
        differences: &[
            Difference::Input {
                class: "WanVideoVAELoader",
                input: "model_name",
                theirs: Is::Text("wanvideo\\Wan2_1_VAE_bf16.safetensors"),
                ours: Is::Text("Wan2_1_VAE_bf16.safetensors"),
                reason: PLAIN,
            },
            Difference::Input {
                class: "WanVideoLoraSelect",
                input: "lora",
                theirs: Is::Text(
                    "WanVideo\\Lightx2v\\lightx2v_I2V_14B_480p_cfg_step_distill_rank64_bf16.safetensors",
                ),
                ours: Is::Text("lightx2v_I2V_14B_480p_cfg_step_distill_rank64_bf16.safetensors"),
                reason: PLAIN,
            },
            Difference::Input {
                class: "WanVideoModelLoader",
                input: "model",
                theirs: Is::Text("WanVideo\\2_2\\Wan2_2-I2V-A14B-HIGH_fp8_e4m3fn_scaled_KJ.safetensors"),
                ours: Is::Text("Wan2_2-I2V-A14B-HIGH_fp8_e4m3fn_scaled_KJ.safetensors"),
                reason: PLAIN,
            },
            Difference::Input {
                class: "WanVideoModelLoader",
                input: "model",
                theirs: Is::Text("WanVideo\\2_2\\Wan2_2-I2V-A14B-LOW_fp8_e4m3fn_scaled_KJ.safetensors"),
                ours: Is::Text("Wan2_2-I2V-A14B-LOW_fp8_e4m3fn_scaled_KJ.safetensors"),
                reason: PLAIN,
            },
            Difference::Input {
                class: "WanVideoSampler",
                input: "add_noise_to_samples",
                theirs: Is::Text(""),
                ours: Is::Bool(false),
                reason: "the editor saved an empty text in place of the flag",
            },
        ],
    },
];
