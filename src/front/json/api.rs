//! Workflows in ComfyUI's API format.

use std::sync::Arc;

use serde_json::Value as Json;

use crate::catalog::Catalog;
use crate::diag::{Diagnostic, Diagnostics, NodeRef};
use crate::ir::{Argument, Graph, Input, Node, NodeId, Origin, Value};
use crate::source::{FileId, Span};

/// Reads a workflow in API format: an object of nodes, or such an object under the key `prompt`.
/// Gives nothing if it is something else; the reason is reported.
pub fn read(file: FileId, text: &str, catalog: &Catalog, diagnostics: &mut Diagnostics) -> Option<Graph> {
    let place = Span::new(file, 0..0);
    let json: Json = match serde_json::from_str(text) {
        Ok(json) => json,
        Err(error) => {
            let offset = offset(text, error.line(), error.column());
            diagnostics.push(
                Diagnostic::format("json-syntax", format!("not valid JSON: {error}"))
                    .at(Span::new(file, offset..offset), ""),
            );
            return None;
        }
    };
    let prompt = json.get("prompt").filter(|prompt| prompt.is_object()).unwrap_or(&json);
    let Some(nodes) = prompt.as_object() else {
        diagnostics.push(not_a_workflow("it is not an object of nodes", place));
        return None;
    };
    if nodes.get("nodes").is_some_and(Json::is_array) {
        diagnostics.push(
            not_a_workflow("it is a workflow as ComfyUI's editor saves it", place)
                .help("export it for the API in ComfyUI: Workflow > Export (API)"),
        );
        return None;
    }
    let mut reader = Reader { graph: Graph::new(), diagnostics };
    let complete =
        nodes.iter().fold(true, |complete, (key, body)| reader.node(key, body, catalog) && complete);
    if !complete {
        return None;
    }
    for (key, body) in nodes {
        reader.inputs(key, body);
    }
    Some(reader.graph)
}

/// True if `text` is a workflow in API format, or nearly one: an object with a node in it.
#[must_use]
pub fn is_workflow(text: &str) -> bool {
    let Ok(json) = serde_json::from_str::<Json>(text) else { return false };
    let prompt = json.get("prompt").unwrap_or(&json);
    prompt.as_object().is_some_and(|nodes| nodes.values().any(|node| node.get("class_type").is_some()))
}

fn not_a_workflow(why: &str, place: Span) -> Diagnostic {
    Diagnostic::format("not-a-workflow", format!("not a workflow in API format: {why}")).at(place, "")
}

/// The byte at a line and column as `serde_json` counts them.
fn offset(text: &str, line: usize, column: usize) -> usize {
    let start: usize = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    let mut offset = (start + column.saturating_sub(1)).min(text.len());
    while !text.is_char_boundary(offset) {
        offset -= 1;
    }
    offset
}

struct Reader<'d> {
    graph: Graph,
    diagnostics: &'d mut Diagnostics,
}

impl Reader<'_> {
    fn node(&mut self, key: &str, body: &Json, catalog: &Catalog) -> bool {
        let Some(class_type) = body.get("class_type").and_then(Json::as_str) else {
            self.diagnostics.push(
                Diagnostic::check("unknown-class", "missing_node_type", format!("`{key}` has no class_type"))
                    .help("every key of a workflow must be a node"),
            );
            return false;
        };
        let mut node = Node::new(key.into(), class_type.into(), catalog.class(class_type), Origin::Unknown);
        node.title = body.pointer("/_meta/title").and_then(Json::as_str).map(Arc::from);
        self.graph.add(node).is_ok()
    }

    fn inputs(&mut self, key: &str, body: &Json) {
        let (Some(id), Some(inputs)) = (self.graph.find(key), body.get("inputs").and_then(Json::as_object))
        else {
            return;
        };
        for (name, json) in inputs {
            let value = match self.link(id, name, json) {
                Link::Is(from, slot) => Argument::Link { from, slot },
                Link::Broken => continue,
                Link::IsNone => Argument::Literal(Value::from_json(json)),
            };
            let origin = Origin::Unknown;
            self.graph.push_input(id, Input { name: name.as_str().into(), value, origin, given: None });
        }
    }

    /// ComfyUI takes a list of a text and a number for a link.
    fn link(&mut self, id: NodeId, input: &str, json: &Json) -> Link {
        let Some([Json::String(source), Json::Number(slot)]) = json.as_array().map(Vec::as_slice) else {
            return Link::IsNone;
        };
        let node = self.graph.node(id);
        let problem = |message: String| {
            Diagnostic::check("broken-link", "exception", message).node(NodeRef {
                key: node.key.to_string(),
                class_type: node.class_type.to_string(),
                input: Some(input.to_owned()),
            })
        };
        let Some(from) = self.graph.find(source) else {
            let problem = problem(format!("`{input}` links to the node `{source}`, which does not exist"));
            self.diagnostics.push(problem);
            return Link::Broken;
        };
        let Some(slot) = slot.as_u64().and_then(|slot| u32::try_from(slot).ok()) else {
            let problem =
                problem(format!("`{input}` links to output slot {slot} of `{source}`; slots count from 0"));
            self.diagnostics.push(problem);
            return Link::Broken;
        };
        Link::Is(from, slot)
    }
}

enum Link {
    Is(NodeId, u32),
    Broken,
    IsNone,
}
