//! Flux.2 Klein: the templates, and the files as two services have deployed them.

use super::{Difference, Is, Reference};

const MULTIPLE_OF_16: Difference = Difference::Input {
    class: "ImageScaleToTotalPixels",
    input: "resolution_steps",
    theirs: Is::Whole(1),
    ours: Is::Whole(16),
    reason: "the model works in cells of 16 pixels",
};

const LANCZOS: Difference = Difference::Input {
    class: "ImageScaleToTotalPixels",
    input: "upscale_method",
    theirs: Is::Text("nearest-exact"),
    ours: Is::Text("lanczos"),
    reason: "nearest-exact is not for photos",
};

pub(super) const REFERENCES: &[Reference] = &[
    Reference {
        file: "D_klein9b_edit_distilled",
        preset: "flux2-klein-9b-edit",
        set: &[],
        switches: None,
        graph: "flux2-klein-9b-edit",
        settled: &[],
        differences: &[MULTIPLE_OF_16, LANCZOS],
    },
    Reference {
        file: "D_klein9b_edit_base",
        preset: "flux2-klein-9b-edit-base",
        set: &[],
        switches: None,
        graph: "flux2-klein-9b-edit",
        settled: &[],
        differences: &[
            MULTIPLE_OF_16,
            Difference::Input {
                class: "SaveImage",
                input: "filename_prefix",
                theirs: Is::Text("Flux2-Klein-4b-base"),
                ours: Is::Text("Flux2-Klein-9b-base"),
                reason: "the model is the 9B one",
            },
        ],
    },
    Reference {
        file: "D_klein9b_xicon.src",
        preset: "flux2-klein-9b-edit",
        set: &[
            "image=reference_image.jpg",
            "prompt=Replace the background with a quiet coastal cliff at overcast sunset.",
            "seed=432262096973502",
            "models.vae=flux2-vae",
        ],
        switches: None,
        graph: "flux2-klein-9b-edit",
        settled: &[],
        differences: &[
            MULTIPLE_OF_16,
            LANCZOS,
            Difference::Input {
                class: "UNETLoader",
                input: "unet_name",
                theirs: Is::Text("flux-2-klein-base-9b-fp8.safetensors"),
                ours: Is::Text("flux-2-klein-9b-fp8.safetensors"),
                reason: "4 steps at cfg 1 are the distilled weights' recipe",
            },
        ],
    },
    Reference {
        file: "E_klein4b_t2i",
        preset: "flux2-klein-4b-base",
        set: &[],
        switches: None,
        graph: "flux2-klein-4b",
        settled: &["PrimitiveInt", "PrimitiveStringMultiline"],
        differences: &[],
    },
    Reference {
        file: "E_klein4b_xicon.src",
        preset: "flux2-klein-4b",
        set: &[
            "prompt=A K-pop Idol girl is wearing a tiny party hat surrounded by confetti, early digital camera style, \
             slight noise, flash photography, candid moment, 2000s digicam aesthetic, festive birthday celebration \
             atmosphere",
            "seed=76225724475847",
        ],
        switches: None,
        graph: "flux2-klein-4b",
        settled: &[],
        differences: &[],
    },
];
