//! One of the two workflows that are compared, with what is known of it.

use crate::back::manifest::Manifest;
use crate::catalog::{Machine, Models};
use crate::diag::Diagnostic;
use crate::ir::Graph;
use crate::plan::{Assume, Budget};

use super::looks::Looks;

/// One of the two workflows that are compared.
pub struct Side<'s> {
    /// What it is called: its path, with the revision it is of.
    pub name: String,
    /// `preset`, `api` or `ui`.
    pub kind: &'static str,
    /// The workflow.
    pub graph: &'s Graph,
    /// What is known of model files.
    pub models: &'s Models,
    /// What is wrong with it; nothing if that was not asked.
    pub findings: Option<&'s [Diagnostic]>,
    /// What is known of a compiled preset.
    pub manifest: Option<&'s Manifest>,
    /// How many workflows its preset stands for, if several.
    pub workflows: Option<u64>,
    /// How the editor shows it.
    pub looks: Option<&'s Looks>,
    /// The machine that it is for, if that is known.
    pub machine: Option<Machine>,
    /// The memory that it may use, if that is known.
    pub budget: Option<Budget>,
    /// Sizes for what only its input files tell.
    pub assume: Assume,
}
