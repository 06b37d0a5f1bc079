//! Whether the server is the version that the workflow was checked with.

use crate::preflight::server::numbers;
use crate::preflight::{Compiled, Outcome, Planned, Server};

pub(super) fn look(compiled: &Compiled, _: &Planned, server: &Server) -> Outcome {
    let (Some(checked), Some(found)) = (&compiled.checked_with.comfyui, &server.comfyui) else {
        let who =
            if server.comfyui.is_none() { "the server does" } else { "the catalog of the workflow does" };
        return Outcome::skipped(format!("{who} not say its version"));
    };
    if checked == found {
        return Outcome::pass(format!("{found}, which the workflow was checked with"));
    }
    let said = format!("the server has {found}, and the workflow was checked with {checked}");
    match (numbers(found), numbers(checked)) {
        (Some(ours), Some(theirs)) if ours > theirs => {
            Outcome::pass(format!("{said}; what changed since shows below"))
        }
        _ => Outcome::warn(said)
            .fix("update ComfyUI, or compile against this server: `wfc catalog pull URL`, and `catalog` in wfc.toml"),
    }
}
