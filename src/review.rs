//! What people look at to judge a workflow, and a change of one.
//!
//! What a change does: two [`Side`]s → a [`Matching`](matching::Matching) → a [`Diff`](changes::Diff), which is plain
//! data → one renderer a format. [`apply`](apply::apply) makes the new workflow from the old one and the changes, which
//! proves that nothing is left out.
//!
//! What a workflow looks like: a [`picture`] says what is shown, [`layout`] where, and there is a writer for each format:
//! [`drawing`] (SVG), [`dot`], [`mermaid`] and [`listing`]. Whatever compares two workflows sets marks in a picture;
//! writers show them. [`compose`] draws two workflows in one.
//!
//! A [`report`] puts all of it together for reviewers of a change: a page, a comment, a few lines.

pub mod apply;
pub mod changes;
mod compare;
pub mod compose;
mod consequences;
pub mod dot;
pub mod drawing;
pub mod folders;
mod human;
mod interface;
mod json;
pub mod layout;
pub mod listing;
pub mod looks;
mod markdown;
pub mod matching;
pub mod mermaid;
pub mod picture;
pub mod report;
mod side;
pub mod text;
mod words;

pub use compare::diff;
pub use human::{Style, human};
pub use json::json;
pub use markdown::markdown;
pub use side::Side;
pub use text::text;
pub use words::printable;
