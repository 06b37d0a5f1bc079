//! Where the frames of a video come from, past nodes that keep their order and pace.

use crate::ir::{Argument, NodeId};
use crate::lint::workflow::Workflow;

/// Classes that hand frames on, and the input that they come in at.
const KEEPS: [(&str, &str); 22] = [
    ("ColorMatch", "image_target"),
    ("GetImageSizeAndCount", "image"),
    ("ImageFromBatch", "image"),
    ("ImageResizeKJv2", "image"),
    ("ImageScale", "image"),
    ("ImageScaleBy", "image"),
    ("KSampler", "latent_image"),
    ("KSamplerAdvanced", "latent_image"),
    ("LatentConcat", "samples1"),
    ("LatentCut", "samples"),
    ("SamplerCustom", "latent_image"),
    ("SamplerCustomAdvanced", "latent_image"),
    ("TrimVideoLatent", "samples"),
    ("VAEDecode", "samples"),
    ("VAEDecodeTiled", "samples"),
    ("CreateVideo", "images"),
    ("SaveVideo", "video"),
    ("SaveAnimatedPNG", "images"),
    ("SaveAnimatedWEBP", "images"),
    ("SaveImage", "images"),
    ("SaveWEBM", "images"),
    ("VHS_VideoCombine", "images"),
];

/// So many nodes are looked at on the way.
const MOST: usize = 256;

/// The nodes that the frames come from, the nearest first, with the output slot that the one before is linked to. It
/// ends where frames may be left out, doubled or made.
pub(super) fn way(workflow: &Workflow<'_>, from: NodeId) -> Vec<(NodeId, u32)> {
    let mut way = Vec::new();
    let mut at = from;
    while way.len() < MOST {
        let class = &*workflow.node(at).class_type;
        let Some((_, input)) = KEEPS.iter().find(|(keeps, _)| *keeps == class) else { break };
        let Some(given) = workflow.node(at).input(input) else { break };
        let Argument::Link { from, slot } = given.value else { break };
        way.push((from, slot));
        at = from;
    }
    way
}
