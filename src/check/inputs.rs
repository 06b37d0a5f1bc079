//! The inputs of one node: what is required, what links carry, what values are.

use std::sync::Arc;

use super::{at_input, literal, node_ref};
use crate::catalog::{Combo, InputKind, InputSpec, NodeClass, OutputSpec, types_connect};
use crate::diag::{self, Diagnostic, Diagnostics};
use crate::ir::{Argument, Graph, Input, Node, NodeId, Value};

/// Checks every declared input of a node.
pub(super) fn check(graph: &Graph, node: &Node, class: &NodeClass, diagnostics: &mut Diagnostics) {
    let selected = |name: &str| -> Option<Arc<str>> {
        match &node.input(name)?.value {
            Argument::Literal(Value::Str(text)) => Some(text.clone()),
            _ => None,
        }
    };
    for spec in class.expanded_inputs(&selected).iter() {
        match node.input(&spec.name) {
            None if spec.required => diagnostics.push(missing(node, spec)),
            None => {}
            Some(input) => match &input.value {
                Argument::Link { from, slot } => link(graph, node, spec, input, (*from, *slot), diagnostics),
                Argument::Literal(value) => {
                    if let Some(problem) = literal::check(value, spec) {
                        diagnostics.push(at_input(problem, node, input));
                    }
                }
            },
        }
    }
}

fn missing(node: &Node, spec: &InputSpec) -> Diagnostic {
    let kind = spec.kind.type_name();
    let help = match &spec.default {
        Some(default) if !default.is_null() => {
            format!(
                "give it a value ({kind}); the editor would start with {default}, the server has no default"
            )
        }
        _ if spec.kind.is_widget() => format!("give it a value ({kind})"),
        _ => format!("link it to an output of type {kind}"),
    };
    Diagnostic::check(
        "required-input-missing",
        "required_input_missing",
        format!("`{}` needs the input `{}`", node.class_type, spec.name),
    )
    .at_opt(node.origin.span(), "")
    .node(node_ref(node, Some(&spec.name)))
    .help(help)
}

fn link(
    graph: &Graph,
    node: &Node,
    spec: &InputSpec,
    input: &Input,
    (from, slot): (NodeId, u32),
    diagnostics: &mut Diagnostics,
) {
    let source = graph.node(from);
    let Some(class) = &source.class else { return };
    let Some(output) = class.outputs.get(slot as usize) else {
        let problem = Diagnostic::check(
            "output-slot-out-of-range",
            "exception",
            format!("`{}` ({}) has no output slot {slot}", source.key, class.name),
        )
        .help(outputs(class));
        diagnostics.push(at_input(problem, node, input));
        return;
    };
    if carries(output, spec) {
        return;
    }
    let wanted = spec.kind.type_name();
    let problem = Diagnostic::check(
        "return-type-mismatch",
        "return_type_mismatch",
        format!(
            "`{}` takes {wanted}, but `{}` ({}) gives {}",
            spec.name, source.key, class.name, output.types
        ),
    )
    .help_opt(other_output(class, wanted));
    diagnostics.push(at_input(problem, node, input));
}

/// True if the output's type may go into the input.
fn carries(output: &OutputSpec, spec: &InputSpec) -> bool {
    if output.template.is_some() {
        // The type of a template output follows its inputs; the server does not look at it.
        return true;
    }
    match (&output.choices, &spec.kind) {
        // A list of choices connects to an equal list, or to a V3 combo, which has no list type.
        (Some(choices), InputKind::Combo(Combo { options: Some(options), v3: false, .. })) => {
            choices == options
        }
        _ => types_connect(&output.types, spec.kind.type_name()),
    }
}

fn other_output(class: &NodeClass, wanted: &str) -> Option<String> {
    let fitting = class.outputs.iter().enumerate().find(|(_, output)| types_connect(&output.types, wanted));
    fitting.map(|(slot, output)| {
        format!("its output `{}` (slot {slot}) is of type {}", output.name, output.types)
    })
}

fn outputs(class: &NodeClass) -> String {
    let all = class.outputs.iter().enumerate();
    let all =
        all.map(|(slot, output)| format!("{} ({slot}, {})", output.name, output.types)).collect::<Vec<_>>();
    if all.is_empty() { "it has no outputs".into() } else { format!("its outputs are: {}", all.join(", ")) }
}

/// `did you mean`, among the choices of a list.
pub(super) fn near_choice(value: &Value, options: &[serde_json::Value]) -> Option<String> {
    let text = value.as_str()?;
    let choices = options.iter().filter_map(serde_json::Value::as_str);
    let base = |path: &str| path.rsplit(['/', '\\']).next().unwrap_or(path).to_owned();
    let same_file = choices.clone().find(|choice| base(choice) == base(text));
    same_file.map(|choice| format!("did you mean `{choice}`?")).or_else(|| diag::did_you_mean(text, choices))
}
