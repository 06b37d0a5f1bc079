//! Wan 2.2 Animate-14B: ComfyUI's own nodes and the wrapper's.

use super::{Difference, Is, PLAIN, Reference};

const MASK_GIVEN: &str =
    "the mask is given as a video, since the pack of the SAM 2 nodes is not in the catalog";

const BUTTON: Difference = Difference::Input {
    class: "VHS_LoadVideo",
    input: "choose video to upload",
    theirs: Is::Text("image"),
    ours: Is::Nothing,
    reason: "a button of the editor",
};

const FORMAT: Difference = Difference::Input {
    class: "VHS_LoadVideo",
    input: "format",
    theirs: Is::Text("AnimateDiff"),
    ours: Is::Text("Wan"),
    reason: "gives 4n+1 frames",
};

const DRAW_HEAD: Difference = Difference::Input {
    class: "DrawViTPose",
    input: "draw_head",
    theirs: Is::Text("True"),
    ours: Is::Bool(true),
    reason: "a text in place of the flag",
};

const MASK_VIDEO: Difference = Difference::Added {
    id: "mask video",
    class: "VHS_LoadVideo",
    inputs: &[
        ("video", Is::Text("raw_mask.mp4")),
        ("force_rate", Is::Whole(16)),
        ("custom_width", Is::Whole(832)),
        ("custom_height", Is::Whole(480)),
        ("frame_load_cap", Is::Whole(0)),
        ("skip_first_frames", Is::Whole(0)),
        ("select_every_nth", Is::Whole(1)),
        ("format", Is::Text("Wan")),
    ],
    reason: MASK_GIVEN,
};

const MASK: Difference = Difference::Added {
    id: "mask",
    class: "ImageToMask",
    inputs: &[("image", Is::Link("mask video", 0)), ("channel", Is::Text("red"))],
    reason: MASK_GIVEN,
};

const GROWN: Difference = Difference::Input {
    class: "GrowMaskWithBlur",
    input: "mask",
    theirs: Is::Link("104", 0),
    ours: Is::Link("mask", 0),
    reason: MASK_GIVEN,
};

const DEPRECATED: &str = "the class is deprecated";

const NO_SAM2_MODEL: Difference = Difference::Gone { class: "DownloadAndLoadSAM2Model", reason: MASK_GIVEN };

const NO_SAM2: Difference = Difference::Gone { class: "Sam2Segmentation", reason: MASK_GIVEN };

pub(super) const REFERENCES: &[Reference] = &[
    Reference {
        file: "M_animate_native",
        preset: "wan22-animate-mix",
        set: &["comparison=true"],
        switches: None,
        graph: "wan22-animate",
        settled: &["INTConstant"],
        differences: &[
            Difference::Input {
                class: "OnnxDetectionModelLoader",
                input: "yolo_model",
                theirs: Is::Text("onnx\\yolov10m.onnx"),
                ours: Is::Text("yolov10m.onnx"),
                reason: PLAIN,
            },
            BUTTON,
            FORMAT,
            DRAW_HEAD,
            MASK_VIDEO,
            MASK,
            GROWN,
            NO_SAM2_MODEL,
            NO_SAM2,
            Difference::Added {
                id: "compiled",
                class: "TorchCompileModelAdvanced",
                inputs: &[
                    ("model", Is::Link("191", 0)),
                    ("backend", Is::Text("inductor")),
                    ("fullgraph", Is::Bool(false)),
                    ("mode", Is::Text("default")),
                    ("dynamic", Is::Text("false")),
                    ("compile_transformer_blocks_only", Is::Bool(true)),
                    ("dynamo_cache_size_limit", Is::Whole(64)),
                    ("debug_compile_keys", Is::Bool(false)),
                ],
                reason: DEPRECATED,
            },
            Difference::Input {
                class: "CFGGuider",
                input: "model",
                theirs: Is::Link("192", 0),
                ours: Is::Link("compiled", 0),
                reason: DEPRECATED,
            },
            Difference::Input {
                class: "BasicScheduler",
                input: "model",
                theirs: Is::Link("192", 0),
                ours: Is::Link("compiled", 0),
                reason: DEPRECATED,
            },
            Difference::Gone { class: "TorchCompileModelWanVideoV2", reason: DEPRECATED },
            Difference::Input {
                class: "VAELoader",
                input: "vae_name",
                theirs: Is::Text("wanvideo\\Wan2_1_VAE_bf16.safetensors"),
                ours: Is::Text("Wan2_1_VAE_bf16.safetensors"),
                reason: PLAIN,
            },
            Difference::Input {
                class: "DiffusionModelLoaderKJ",
                input: "model_name",
                theirs: Is::Text("WanVideo\\2_2\\Wan2_2-Animate-14B_high_fp8_e4m3fn_native_KJ.safetensors"),
                ours: Is::Text("Wan2_2-Animate-14B_fp8_e4m3fn_scaled_KJ.safetensors"),
                reason: "a file of the author's own; this one is published",
            },
            Difference::Input {
                class: "DiffusionModelLoaderKJ",
                input: "weight_dtype",
                theirs: Is::Text("fp16"),
                ours: Is::Text("default"),
                reason: "the published file is scaled and brings its types",
            },
            Difference::Input {
                class: "LoraLoaderModelOnly",
                input: "lora_name",
                theirs: Is::Text("WanVideo\\wan2.2_animate_14B_relight_lora_bf16.safetensors"),
                ours: Is::Text("wan2.2_animate_14B_relight_lora_bf16.safetensors"),
                reason: PLAIN,
            },
            Difference::Input {
                class: "LoraLoaderModelOnly",
                input: "lora_name",
                theirs: Is::Text(
                    "WanVideo\\Lightx2v\\lightx2v_I2V_14B_480p_cfg_step_distill_rank64_bf16.safetensors",
                ),
                ours: Is::Text("lightx2v_I2V_14B_480p_cfg_step_distill_rank64_bf16.safetensors"),
                reason: PLAIN,
            },
        ],
    },
    Reference {
        file: "M_animate_wrapper",
        preset: "wan22-animate-mix-wrapper",
        set: &["comparison=true"],
        switches: None,
        graph: "wan22-animate-wrapper",
        settled: &["INTConstant"],
        differences: &[
            Difference::Input {
                class: "OnnxDetectionModelLoader",
                input: "yolo_model",
                theirs: Is::Text("onnx\\yolov10m.onnx"),
                ours: Is::Text("yolov10m.onnx"),
                reason: PLAIN,
            },
            BUTTON,
            FORMAT,
            DRAW_HEAD,
            MASK_VIDEO,
            MASK,
            GROWN,
            NO_SAM2_MODEL,
            NO_SAM2,
            Difference::Input {
                class: "WanVideoVAELoader",
                input: "model_name",
                theirs: Is::Text("wanvideo\\Wan2_1_VAE_bf16.safetensors"),
                ours: Is::Text("Wan2_1_VAE_bf16.safetensors"),
                reason: PLAIN,
            },
            Difference::Input {
                class: "WanVideoModelLoader",
                input: "model",
                theirs: Is::Text("WanVideo\\2_2\\Wan2_2-Animate-14B_fp8_e4m3fn_scaled_KJ.safetensors"),
                ours: Is::Text("Wan2_2-Animate-14B_fp8_e4m3fn_scaled_KJ.safetensors"),
                reason: PLAIN,
            },
            Difference::Input {
                class: "WanVideoLoraSelectMulti",
                input: "lora_0",
                theirs: Is::Text("WanVideo\\WanAnimate_relight_lora_fp16.safetensors"),
                ours: Is::Text("WanAnimate_relight_lora_fp16.safetensors"),
                reason: PLAIN,
            },
            Difference::Input {
                class: "WanVideoLoraSelectMulti",
                input: "lora_1",
                theirs: Is::Text(
                    "WanVideo\\Lightx2v\\lightx2v_I2V_14B_480p_cfg_step_distill_rank64_bf16.safetensors",
                ),
                ours: Is::Text("lightx2v_I2V_14B_480p_cfg_step_distill_rank64_bf16.safetensors"),
                reason: PLAIN,
            },
            Difference::Input {
                class: "WanVideoSampler",
                input: "batched_cfg",
                theirs: Is::Text(""),
                ours: Is::Bool(false),
                reason: "the editor saved an empty text in place of the flag",
            },
        ],
    },
];
