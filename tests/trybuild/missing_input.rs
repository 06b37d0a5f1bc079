//! A detector of poses without pictures.

use wfc::dsl::Workflow;
use wfc::dsl::nodes::{OnnxDetectionModelLoader, PoseDetectionVitPoseToDWPose};

fn main() {
    let w = Workflow::new("x");
    let detector = w.add(OnnxDetectionModelLoader::new("vitpose.onnx", "yolo.onnx"));
    w.add(PoseDetectionVitPoseToDWPose::new(detector));
}
