//! What the references are and where ours differs on purpose: one file a pipeline, one line here.

mod flux2;
mod ltx2;
mod qwen;
mod qwen_multi_angle;
mod scail;
mod wan22_5b;
mod wan22_a14b;
mod wan22_animate;
mod wan22_s2v;
mod z_image;

use super::{Difference, Is, Reference};

/// All references.
pub(super) fn all() -> impl Iterator<Item = &'static Reference> {
    [
        flux2::REFERENCES,
        ltx2::REFERENCES,
        qwen::REFERENCES,
        qwen_multi_angle::REFERENCES,
        scail::REFERENCES,
        wan22_5b::REFERENCES,
        wan22_a14b::REFERENCES,
        wan22_animate::REFERENCES,
        wan22_s2v::REFERENCES,
        z_image::REFERENCES,
    ]
    .into_iter()
    .flatten()
}

/// What the templates compute while they run.
pub(super) const TEMPLATE: &[&str] =
    &["PrimitiveInt", "PrimitiveFloat", "PrimitiveBoolean", "ComfySwitchNode", "ComfyMathExpression"];

const PLAIN: &str = "a folder of the author's machine in Windows spelling; plain names work on every server";

const BIT_DEPTH: Difference = Difference::Input {
    class: "CreateVideo",
    input: "bit_depth",
    theirs: Is::Whole(8),
    ours: Is::Nothing,
    reason: "8 is what leaving it out means",
};
