//! The sizes of a video and of the poses that SCAIL moves it by.

use crate::analysis::Known;
use crate::ir::{Argument, NodeId};
use crate::lint::workflow::Workflow;

/// What is known of a size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Size {
    /// The size.
    Exact(i64, i64),
    /// What fits into a size and keeps the proportions of a picture: the node that scales it, and the size.
    Kept(NodeId, i64, i64),
    /// Nothing.
    Open,
}

impl Size {
    pub(super) const fn exact(self) -> Option<(i64, i64)> {
        match self {
            Self::Exact(width, height) => Some((width, height)),
            _ => None,
        }
    }

    /// The size that it fits into.
    pub(super) const fn target(self) -> Option<(i64, i64)> {
        match self {
            Self::Kept(_, width, height) => Some((width, height)),
            _ => None,
        }
    }
}

/// What is known of SCAIL's sizes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sizes {
    /// Of the poses.
    pub(super) pose: Size,
    /// Of the video.
    pub(super) video: Size,
    /// The node and the inputs that decide the size of the poses.
    pub(super) place: (NodeId, [&'static str; 2]),
    /// True if that node makes the poses half as large as it is told.
    pub(super) halves: bool,
}

/// The sizes at a `WanVideoAddSCAILPoseEmbeds`.
pub(super) fn of(workflow: &Workflow<'_>, id: NodeId) -> Known<Sizes> {
    let inputs = workflow.analysis.inputs(id);
    let embeds = inputs.embeds("embeds")?;
    let video = match (embeds.width, embeds.height) {
        (Ok(width), Ok(height)) => Size::Exact(width, height),
        _ => kept(workflow, embeds.source, ["width", "height"]),
    };
    let renderer = workflow.analysis.source(id, "pose_images");
    let renderer = renderer.filter(|node| &*workflow.node(*node).class_type == "RenderNLFPoses");
    let Some(renderer) = renderer else {
        let image = inputs.image("pose_images")?;
        let pose = match (image.width, image.height) {
            (Ok(width), Ok(height)) => Size::Exact(width, height),
            _ => Size::Open,
        };
        return Ok(Sizes { pose, video, place: (id, ["pose_images"; 2]), halves: false });
    };
    let node = workflow.node(renderer);
    let halves = node.class.as_ref().is_some_and(|class| class.input("render_width").is_some());
    // A file for another pack gives `width` and `height`, which become the new inputs once it is mended.
    let names = match () {
        () if halves && node.input("render_width").is_some() => ["render_width", "render_height"],
        () => ["width", "height"],
    };
    let given = workflow.analysis.inputs(renderer);
    let by = if halves { 2 } else { 1 };
    let pose = match (given.int(names[0]), given.int(names[1])) {
        (Ok(width), Ok(height)) => Size::Exact(width / by, height / by),
        _ => match kept(workflow, renderer, names) {
            Size::Kept(node, width, height) => Size::Kept(node, width / by, height / by),
            size => size,
        },
    };
    Ok(Sizes { pose, video, place: (renderer, names), halves })
}

/// The size that comes from a node that scales a picture and keeps its proportions.
fn kept(workflow: &Workflow<'_>, id: NodeId, names: [&str; 2]) -> Size {
    let scaler = |name: &str, slot: u32| match workflow.node(id).input(name)?.value {
        Argument::Link { from, slot: at } if at == slot => Some(from),
        _ => None,
    };
    let (Some(scaler), Some(other)) = (scaler(names[0], 1), scaler(names[1], 2)) else { return Size::Open };
    if scaler != other || &*workflow.node(scaler).class_type != "ImageResizeKJv2" {
        return Size::Open;
    }
    let inputs = workflow.analysis.inputs(scaler);
    let keeps = inputs.text("keep_proportion").is_ok_and(|kept| &*kept == "resize");
    let by = inputs.int("divisible_by").unwrap_or(1).max(1);
    match (inputs.int("width"), inputs.int("height")) {
        (Ok(width), Ok(height)) if keeps && width > 0 && height > 0 => {
            Size::Kept(scaler, width - width % by, height - height % by)
        }
        _ => Size::Open,
    }
}
