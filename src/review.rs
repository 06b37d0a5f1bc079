//! What a change does to a workflow: which node is which, what differs, and what follows from that.
//!
//! Data flows one way: two [`Side`]s → a [`Matching`](matching::Matching) → a [`Diff`](changes::Diff), which is plain
//! data → one renderer a format. [`apply`](apply::apply) makes the new workflow from the old one and the changes, which
//! proves that nothing is left out.

pub mod apply;
pub mod changes;
mod compare;
mod consequences;
mod human;
mod interface;
mod json;
pub mod looks;
mod markdown;
pub mod matching;
mod side;
mod words;

pub use compare::diff;
pub use human::{Style, human};
pub use json::json;
pub use markdown::markdown;
pub use side::Side;
