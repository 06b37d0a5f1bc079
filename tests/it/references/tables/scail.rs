//! The SCAIL pipelines.

use super::{Difference, Is, PLAIN, Reference};

const HALVED: &str = "the class takes the full size now and halves it itself";

pub(super) const REFERENCES: &[Reference] = &[
    Reference {
        file: "pipelineA_1",
        preset: "scail-uni3c-wan21",
        set: &[],
        switches: None,
        graph: "scail-uni3c-wan21",
        settled: &[],
        differences: &[],
    },
    Reference {
        file: "pipelineA_2",
        preset: "scail-uni3c-wan22",
        set: &[],
        switches: None,
        graph: "scail-uni3c-wan22",
        settled: &[],
        differences: &[],
    },
    Reference {
        file: "B_scail_upstream",
        preset: "dance-scail",
        set: &[],
        switches: None,
        graph: "dance-scail",
        settled: &[],
        differences: &[
            Difference::Input {
                class: "WanVideoVAELoader",
                input: "model_name",
                theirs: Is::Text("wanvideo\\Wan2_1_VAE_bf16.safetensors"),
                ours: Is::Text("Wan2_1_VAE_bf16.safetensors"),
                reason: PLAIN,
            },
            Difference::Input {
                class: "OnnxDetectionModelLoader",
                input: "yolo_model",
                theirs: Is::Text("onnx\\yolov10m.onnx"),
                ours: Is::Text("yolov10m.onnx"),
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
                theirs: Is::Text("WanVideo\\SCAIL\\Wan21-14B-SCAIL-preview_fp8_e4m3fn_scaled_KJ.safetensors"),
                ours: Is::Text("Wan21-14B-SCAIL-preview_fp8_e4m3fn_scaled_KJ.safetensors"),
                reason: PLAIN,
            },
            Difference::Input {
                class: "WanVideoSchedulerv2",
                input: "enhance_hf",
                theirs: Is::TextFrom("<img src='data:image/png;base64,"),
                ours: Is::Bool(false),
                reason: "the editor saved a preview in place of the flag",
            },
            Difference::Input {
                class: "RenderNLFPoses",
                input: "width",
                theirs: Is::Link("371", 1),
                ours: Is::Nothing,
                reason: HALVED,
            },
            Difference::Input {
                class: "RenderNLFPoses",
                input: "height",
                theirs: Is::Link("372", 1),
                ours: Is::Nothing,
                reason: HALVED,
            },
            Difference::Input {
                class: "RenderNLFPoses",
                input: "render_width",
                theirs: Is::Whole(512),
                ours: Is::Link("131", 1),
                reason: "the size of the resized video, which `divisible_by` may have changed",
            },
            Difference::Input {
                class: "RenderNLFPoses",
                input: "render_height",
                theirs: Is::Whole(896),
                ours: Is::Link("131", 2),
                reason: "the size of the resized video, which `divisible_by` may have changed",
            },
            Difference::Gone { class: "SimpleCalculatorKJ", reason: HALVED },
        ],
    },
];
