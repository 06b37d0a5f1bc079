//! The cache of outputs: a node's signature is its class, its values, and the signatures of what it needs.

use serde_json::Value;

use super::files::{Content, Files, Folder, annotation, normal};
use crate::catalog::NodeClass;
use crate::ir::{Argument, Graph, Input, NodeId};

/// A signature.
pub(super) type Signature = [u8; 32];

/// The signatures of all nodes, by index.
pub(super) fn signatures(graph: &Graph, prompt: &Value, files: &Files) -> Vec<Signature> {
    let mut all = vec![Signature::default(); graph.len()];
    for id in graph.dependencies_first() {
        let signature = signature(graph, id, prompt, files, &all);
        if let Some(place) = all.get_mut(id.index()) {
            *place = signature;
        }
    }
    all
}

fn signature(graph: &Graph, id: NodeId, prompt: &Value, files: &Files, all: &[Signature]) -> Signature {
    let node = graph.node(id);
    let mut hasher = blake3::Hasher::new();
    hasher.update(node.class_type.as_bytes());
    let class = node.class.as_deref();
    if class.is_some_and(|class| class.hidden.iter().any(|name| &**name == "unique_id")) {
        hasher.update(node.key.as_bytes());
    }
    let values = prompt.get(&*node.key).and_then(|node| node.get("inputs"));
    let mut inputs: Vec<&Input> = node.inputs().iter().collect();
    inputs.sort_by(|one, other| one.name.cmp(&other.name));
    for input in inputs {
        hasher.update(&[0]);
        hasher.update(input.name.as_bytes());
        match input.value {
            Argument::Link { from, slot } => {
                hasher.update(&[1]);
                hasher.update(all.get(from.index()).map_or(&[][..], |signature| signature));
                hasher.update(&slot.to_le_bytes());
            }
            Argument::Literal(_) => {
                hasher.update(&[2]);
                let value = values.and_then(|values| values.get(&*input.name));
                hasher.update(value.map(Value::to_string).unwrap_or_default().as_bytes());
                // Classes that read files of the input folder look whether these have changed.
                if let Some(bytes) = value.and_then(|value| input_file(class, input, value, files)) {
                    hasher.update(blake3::hash(&bytes).as_bytes());
                }
            }
        }
    }
    *hasher.finalize().as_bytes()
}

fn input_file(
    class: Option<&NodeClass>,
    input: &Input,
    value: &Value,
    files: &Files,
) -> Option<std::sync::Arc<[u8]>> {
    let folder = class?.input(&input.name)?.kind.folder()?;
    if folder != "input" {
        return None;
    }
    let (name, folder) = annotation(value.as_str()?);
    match &files.get(folder.unwrap_or(Folder::Input), &normal(name)?)?.content {
        Content::Bytes(bytes) => Some(std::sync::Arc::clone(bytes)),
        Content::Made(_) => None,
    }
}
