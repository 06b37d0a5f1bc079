//! Whether the server takes input files of their sizes.

use super::{count, lines};
use crate::plan::size;
use crate::preflight::{Compiled, Outcome, Planned, Server};

/// What ComfyUI takes where it does not say, in bytes: the default of its `--max-upload-size`.
const DEFAULT: f64 = 104_857_600.0;

/// What a request has beside the file, in bytes.
const FRAME: f64 = 1024.0;

const MIB: f64 = 1024.0 * 1024.0;

pub(super) fn look(compiled: &Compiled, _: &Planned, server: &Server) -> Outcome {
    let here =
        compiled.inputs.iter().filter_map(|input| Some((&*input.value, bytes(input.here.as_ref()?.1))));
    let here: Vec<(&str, f64)> = here.collect();
    if here.is_empty() {
        return Outcome::pass("there is nothing to upload");
    }
    let limit = server.max_upload.unwrap_or(DEFAULT);
    let all: f64 = here.iter().map(|(_, bytes)| bytes).sum();
    let large: Vec<_> = here.iter().filter(|(_, bytes)| bytes + FRAME > limit).collect();
    let guess = if server.max_upload.is_none() { " (ComfyUI's default: it does not say)" } else { "" };
    let (files, limit_text) = (count(here.len(), "file"), format!("{} at once{guess}", size(limit)));
    if large.is_empty() {
        return Outcome::pass(format!("{files}, {}; the server takes {limit_text}", size(all)));
    }
    let most = large.iter().map(|(_, bytes)| bytes + FRAME).fold(0.0, f64::max);
    Outcome::fail(format!(
        "{} of {files} {} larger than the server takes: {limit_text}",
        large.len(),
        if large.len() == 1 { "is" } else { "are" }
    ))
    .details(lines(large.iter().map(|(value, bytes)| format!("{value}: {}", size(*bytes))).collect(), 5))
    .fix(format!(
        "start ComfyUI with --max-upload-size {:.0}, or copy them to its input folder",
        (most / MIB).ceil()
    ))
}

#[expect(clippy::cast_precision_loss, reason = "files are far below what a float holds exactly")]
fn bytes(length: u64) -> f64 {
    length as f64
}
