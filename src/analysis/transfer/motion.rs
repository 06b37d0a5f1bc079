//! Poses: found in pictures, one in each, and drawn.

use super::{Outputs, Table};
use crate::analysis::fact::{Fact, ImageFact, Known, Why};
use crate::analysis::inputs::Inputs;

pub(super) const TABLE: Table = &[
    ("DrawViTPose", |inputs| {
        vec![Ok(drawn(inputs, "pose_data", (inputs.int("width"), inputs.int("height"))))]
    }),
    ("NLFPredict", |inputs| vec![inputs.fact("images"), Err(inputs.unknown(Why::AtRunTime))]),
    ("PoseAndFaceDetection", found),
    ("PoseDetectionVitPoseToDWPose", |inputs| vec![inputs.fact("images")]),
    ("RenderNLFPoses", poses),
];

/// ComfyUI-SCAIL-Pose2 nodes.py:812-897: the picture has half the size that is given. Other packs draw at the size
/// that they are given, and call it `width` and `height`.
fn poses(inputs: Inputs<'_>) -> Outputs {
    let halves = inputs.node().class.as_ref().is_some_and(|class| class.input("render_width").is_some());
    let side = |name: &str| {
        if halves {
            inputs.int(&format!("render_{name}")).map(|side| (side / 2).max(1))
        } else {
            inputs.int(name)
        }
    };
    vec![Ok(drawn(inputs, "nlf_poses", (side("width"), side("height")))); 2]
}

/// One picture of each pose, in a size that is asked for.
fn drawn(inputs: Inputs<'_>, poses: &str, (width, height): (Known<i64>, Known<i64>)) -> Fact {
    let image = inputs.image(poses).unwrap_or_else(ImageFact::unknown);
    Fact::Image(image.sized(width, height))
}

/// ComfyUI-WanAnimatePreprocess `nodes.py`, `PoseAndFaceDetection`: a pose and a face of each picture, the face in a
/// square of 512 pixels.
fn found(inputs: Inputs<'_>) -> Outputs {
    let open = Err(inputs.unknown(Why::AtRunTime));
    let faces = inputs.image("images").map(|image| Fact::Image(image.sized(Ok(512), Ok(512))));
    vec![inputs.fact("images"), faces, open.clone(), open.clone(), open]
}
