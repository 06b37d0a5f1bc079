//! The baseline: the findings that a project had when it began to be checked.

use std::num::NonZeroU32;
use std::sync::Arc;

use super::decode::{At, table};

table! {
    /// Findings that `wfc lint --baseline` does not report, written by `--update-baseline`.
    pub struct BaselineFile ("a baseline") {
        /// The version of this shape.
        "version" => version: At<NonZeroU32>, required;
        /// The findings, sorted.
        "findings" => findings: Vec<Known>, required;
    }
}

table! {
    /// A finding that is known, without its line, so that lines may move.
    pub struct Known ("a finding") {
        /// The file, as a path from the baseline's folder.
        "path" => path: Arc<str>, required;
        /// The rule.
        "rule" => rule: Arc<str>, required;
        /// The id of the node that it is about.
        "node" => node: Arc<str>, optional;
        /// The input that it is about.
        "input" => input: Arc<str>, optional;
        /// What it says, where it is about no node.
        "message" => message: Arc<str>, optional;
        /// How often it is found, if more than once.
        "count" => count: NonZeroU32, optional;
    }
}
