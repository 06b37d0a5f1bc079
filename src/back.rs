//! Writers: from a checked graph to the files that leave the compiler.
//!
//! They accept [`Checked`](crate::check::Checked) only, so they cannot fail; they give bytes and
//! touch no file. The same graph gives the same bytes, always.

pub mod api;
pub mod manifest;
