//! Tiles that do not overlap.

use crate::diag::Severity;
use crate::ir::NodeId;
use crate::lint::workflow::Workflow;
use crate::lint::{Check, Group, Judged, Rule, Subject, page};

pub(super) static RULE: Rule = Rule {
    name: "tile-not-larger-than-stride",
    summary: "encoding in tiles that do not overlap: it fails, or leaves holes in the video",
    group: Group::Correctness,
    subject: Subject::Workflow,
    severity: Some(Severity::Error),
    repairs: None,
    page: page!("tile-not-larger-than-stride"),
    check: Check::Class(&["WanVideoEncode", "WanVideoEncodeLatentBatch"], check),
};

fn check(workflow: &Workflow<'_>, id: NodeId) -> Judged {
    let inputs = workflow.analysis.inputs(id);
    if !inputs.bool("enable_vae_tiling")? {
        return Ok(None);
    }
    for (tile, stride) in [("tile_x", "tile_stride_x"), ("tile_y", "tile_stride_y")] {
        let (size, step) = (inputs.int(tile)?, inputs.int(stride)?);
        if size <= step {
            let message = format!("`{tile}` is {size} and `{stride}` is {step}: the tiles do not overlap");
            let help = "make the tile larger than the stride: at twice its size the seams hardly show";
            return Ok(Some(workflow.at(&RULE, id, tile, message).help(help)));
        }
    }
    Ok(None)
}
