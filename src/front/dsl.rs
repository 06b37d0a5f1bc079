//! Workflows written in Rust: a graph whose ports are types.
//!
//! [`Workflow`] collects nodes. A node is a value of a generated type ([`nodes`]) or a [`Custom`] one;
//! adding it gives its outputs as [`Out`], and only an output of a fitting type goes into an input
//! ([`Feeds`]). The rest is as for every reader: this room gives a [`Graph`](crate::ir::Graph) with
//! places, and knows nothing of ComfyUI's rules.

mod assemble;
mod generated;
mod macros;
mod node;
mod pipeline;
mod ports;
mod workflow;

/// The node classes that the built-in graphs use, one type each, named as the class without `_`.
///
/// `new` takes the inputs that a node must have and that have no default (the first seven, where a class has
/// more); the other inputs are methods.
/// What is required and not set gets the value that ComfyUI's editor starts with; what is optional and
/// not set is left out.
pub mod nodes {
    pub use super::generated::nodes::*;
}

/// ComfyUI's types, as types.
pub mod types {
    pub use super::generated::types::*;
}

pub use node::{Custom, Draft, Node, Outputs, default_value, takes_argument};
pub use pipeline::{Pipeline, after, step};
pub use ports::{Connects, Feeds, Given, ModelFile, Out, Type, model};
pub use workflow::Workflow;
