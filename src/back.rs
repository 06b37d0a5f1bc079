//! Writers: from a checked graph to the files that leave the compiler.
//!
//! Those that write what leaves the compiler accept [`Checked`](crate::check::Checked) only, so they cannot
//! fail; [`toml`] writes sources of a graph that nobody has proved. All give text or bytes and touch no
//! file. The same graph gives the same bytes, always.

pub mod api;
pub mod manifest;
pub mod stages;
pub mod toml;
pub mod ui;
