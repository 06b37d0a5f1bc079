//! What ComfyUI's editor would send otherwise than the workflow has it.

use crate::back::ui::{Fate, Remark};
use crate::diag::{Diagnostic, NodeRef};
use crate::ir::Graph;

/// A remark as people see it.
pub(super) fn remark(found: &Remark, graph: &Graph) -> Diagnostic {
    let Remark { key, class, input, fate } = found;
    let (message, help) = match fate {
        Fate::Lost => (
            format!("`{input}` of {key} ({class}) has no place in the editor, and is not in the file"),
            "the editor has a socket there and no widget: link a node that gives the value",
        ),
        Fate::Changed => (
            format!("the editor will send `{input}` of {key} ({class}) without some of its backslashes"),
            "the editor takes a backslash before a brace or at the end for an escape; write the text without it",
        ),
    };
    let node = graph.find(key).map(|id| graph.node(id));
    let written = node.and_then(|node| node.inputs().iter().find(|given| given.name == *input));
    let span = written.and_then(|input| input.origin.span()).or_else(|| node?.origin.span());
    let node =
        NodeRef { key: key.to_string(), class_type: class.to_string(), input: Some(input.to_string()) };
    Diagnostic::format("not-in-editor", message).warning().at_opt(span, "").node(node).help(help)
}
