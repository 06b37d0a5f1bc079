//! Model files, as rules see them.

use std::sync::Arc;

use super::Rule;
use super::workflow::Workflow;
use crate::analysis::{Confidence, Fact, Model};
use crate::catalog::Gpu;
use crate::diag::Diagnostic;
use crate::ir::NodeId;

/// Words in the names of Wan's published weights that say nothing about what they were trained for, or say it
/// as the patterns of names read it. A name with any other word may be that of a variant.
const PLAIN: &[&str] = &[
    "wan",
    "wan2",
    "wan21",
    "wan22",
    "1",
    "2",
    "3b",
    "1b",
    "3",
    "t2v",
    "i2v",
    "ti2v",
    "a14b",
    "14b",
    "5b",
    "480p",
    "720p",
    "high",
    "low",
    "noise",
    "bf16",
    "fp16",
    "fp32",
    "fp8",
    "e4m3fn",
    "e5m2",
    "scaled",
    "kj",
    "comfy",
    "q8",
    "q6",
    "q5",
    "q4",
    "q3",
    "q2",
    "k",
    "m",
    "s",
    "l",
    "0",
    "safetensors",
    "gguf",
];

/// True if it is sure what the file holds: the catalog of models has it, or its name has no word that could make
/// it a variant, such as `Fun` or `Phantom`.
pub(super) fn is_sure(model: &Model) -> bool {
    match model.confidence {
        Confidence::Catalog => true,
        Confidence::Name => model
            .file_name()
            .to_ascii_lowercase()
            .split(|c: char| !c.is_ascii_alphanumeric())
            .all(|word| word.is_empty() || PLAIN.contains(&word)),
        Confidence::None => false,
    }
}

/// True if the name of the file has this word, whatever its case.
pub(super) fn is_called(model: &Model, word: &str) -> bool {
    model.file_name().to_ascii_lowercase().contains(word)
}

/// What the file's numbers are: of the catalog, else of its name, in lower case.
pub(super) fn precision(model: &Model) -> String {
    let known = model.entry.as_ref().and_then(|entry| entry.dtype.clone());
    known.unwrap_or_else(|| model.file_name().to_ascii_lowercase())
}

/// A finding about a model file, marked where its loader is told to load it.
pub(super) fn at_file(
    workflow: &Workflow<'_>,
    rule: &Rule,
    model: &Model,
    message: impl Into<String>,
) -> Diagnostic {
    let inputs = workflow.analysis.inputs(model.loader);
    let is_file = |input: &&crate::ir::Input| {
        model.file.as_ref().is_ok_and(|file| inputs.text(&input.name).is_ok_and(|text| text == *file))
    };
    match workflow.node(model.loader).inputs().iter().find(is_file) {
        Some(input) => workflow.at(rule, model.loader, &input.name, message),
        None => workflow.at_node(rule, model.loader, message),
    }
}

/// The network that a loader gives.
pub(super) fn loaded(workflow: &Workflow<'_>, loader: NodeId) -> Option<Arc<Model>> {
    match workflow.analysis.output(loader, 0) {
        Ok(Fact::Model(model)) => Some(model.clone()),
        _ => None,
    }
}

/// The compute capability of a card as two numbers.
pub(super) fn capability(gpu: &Gpu) -> Option<(u32, u32)> {
    let (major, minor) = gpu.compute_capability.split_once('.')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}
