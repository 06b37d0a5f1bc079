//! Readers of ComfyUI's own formats.

mod api;
mod tree;

pub use api::{is_workflow, read};
pub use tree::{Entry, Json, JsonError, JsonKind, Place};
