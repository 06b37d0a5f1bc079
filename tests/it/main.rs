//! Behaviour of `wfc` as its users see it: the command line, the files it reads and writes, and the
//! library's public interface.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a test that is skipped says so, and one that measures says what"
)]

mod allowances;
mod analysis;
mod baseline;
mod bind;
mod build;
mod bypass;
mod catalog;
mod diff;
mod docs;
mod doctor;
mod dsl;
mod editor;
mod errors;
mod explain;
mod fit;
mod formats;
mod graph;
mod image_graphs;
mod import;
mod ladder;
mod levels;
mod limits;
mod lints;
mod models;
#[cfg(all(feature = "exec", feature = "sim"))]
mod network;
mod oom;
mod optimize;
mod outputs;
mod pictures;
mod plan;
mod properties;
mod real;
mod references;
mod repeats;
mod review;
mod round_trip;
mod run;
mod schemas;
#[cfg(all(feature = "exec", feature = "sim"))]
mod sim;
mod support;
mod tidy;
mod times;
mod ui;
mod verdicts;
mod video_graphs;
mod vram;
