//! The check gate answers as a real ComfyUI 0.27.0 did.
//!
//! [`corpus`] compares with the verdicts of a server on thousands of prompts, where they lie beside
//! the repository; [`cases`] states each rule on a prompt of its own, always.

mod cases;
mod corpus;

use wfc::compile::{Compiler, WorkflowOptions};
use wfc::diag::{Diagnostic, Diagnostics, Severity};
use wfc::source::Sources;

/// What the check gate reports on a prompt.
fn verdict(compiler: &Compiler, prompt: &str) -> Vec<Diagnostic> {
    let mut diagnostics = Diagnostics::new();
    let file = Sources::new().add("prompt.json", prompt);
    compiler.workflow(file, prompt, &WorkflowOptions::default(), &mut diagnostics);
    let found = diagnostics.into_sorted();
    assert!(found.iter().all(|problem| problem.severity == Severity::Error), "{found:#?}");
    found
}
