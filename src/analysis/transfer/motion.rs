//! Poses for SCAIL.

use super::{Outputs, Table};
use crate::analysis::fact::{Fact, ImageFact, Known, Why};
use crate::analysis::inputs::Inputs;

pub(super) const TABLE: Table = &[("RenderNLFPoses", poses)];

/// ComfyUI-SCAIL-Pose2 nodes.py:812-897: the picture has half the size that is given. Other packs draw at the size
/// that they are given, and call it `width` and `height`.
fn poses(inputs: Inputs<'_>) -> Outputs {
    let open = Err(inputs.unknown(Why::AtRunTime));
    let halves = inputs.node().class.as_ref().is_some_and(|class| class.input("render_width").is_some());
    let side = |name: &str| {
        if halves {
            inputs.int(&format!("render_{name}")).map(|side| (side / 2).max(1))
        } else {
            inputs.int(name)
        }
    };
    let image =
        ImageFact { width: side("width"), height: side("height"), frames: open, fps: open_fps(inputs) };
    vec![Ok(Fact::Image(image)); 2]
}

fn open_fps(inputs: Inputs<'_>) -> Known<f64> {
    Err(inputs.unknown(Why::Absent))
}
