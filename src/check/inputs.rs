//! The inputs of one node: what is required, what links carry, what values are.

use std::sync::Arc;

use super::literal::{self, Outcome};
use super::{at_input, node_ref, own};
use crate::catalog::{Catalog, Combo, InputKind, InputSpec, NodeClass, OutputSpec, types_connect};
use crate::diag::Diagnostic;
use crate::ir::{Argument, Graph, Node, NodeId, Value};

/// What there is to say about a node by itself.
#[derive(Debug, Default)]
pub(super) struct Findings {
    /// What is wrong.
    pub(super) problems: Vec<Diagnostic>,
    /// If the server fails on the node: index of the input it looks at then, or one past the last. The
    /// problems are its failures then, the first one first.
    pub(super) fails_at: Option<usize>,
}

/// Looks at every declared input of a node. Where the server would fail, it reports that failure
/// and nothing else about the node. Adds the links that the server follows to `links`: index of the input,
/// and the node it leads to; in that order.
pub(super) fn check(
    graph: &Graph,
    id: NodeId,
    catalog: &Catalog,
    links: &mut Vec<(usize, NodeId)>,
) -> Findings {
    let links_before = links.len();
    let node = graph.node(id);
    let mut findings = Findings::default();
    let Some(class) = &node.class else { return findings };
    if node.lacks_inputs {
        findings.problems.push(
            Diagnostic::check(
                "missing-inputs",
                "exception",
                format!("`{}` ({}) has no `inputs`, on which ComfyUI fails", node.key, class.name),
            )
            .at_opt(node.origin.span(), "")
            .node(node_ref(node, None))
            .help("write `\"inputs\": {}` for a node without inputs"),
        );
        findings.fails_at = Some(0);
        return findings;
    }
    let selected = |name: &str| -> Option<Arc<str>> {
        match &node.input(name)?.value {
            Argument::Literal(Value::Str(text)) => Some(text.clone()),
            _ => None,
        }
    };
    let mut failures = Vec::new();
    let covered = |name: &str| class.own_check.as_ref().is_some_and(|check| check.covers(name));
    let any_type = class.own_check.as_ref().is_some_and(|check| check.types);
    let specs = class.expanded_inputs(&selected);
    for spec in specs.iter() {
        let found = node.inputs().iter().enumerate().find(|(_, input)| input.name == spec.name);
        let Some((index, input)) = found else {
            if spec.required {
                findings.problems.push(missing(node, spec));
            }
            continue;
        };
        let outcome = match &input.value {
            Argument::Literal(Value::List(items)) => not_a_link(graph, spec, items),
            Argument::Literal(value) => literal::check(value, spec, covered(&spec.name)),
            Argument::Link { from, slot } => {
                let outcome = link(graph, spec, (*from, *slot), any_type);
                if matches!(outcome, Outcome::Fine) {
                    links.push((index, *from));
                }
                outcome
            }
        };
        match outcome {
            Outcome::Fine => {}
            Outcome::Wrong(problem) => findings.problems.push(at_input(problem, node, input)),
            Outcome::Fails(problem) => failures.push((index, at_input(problem, node, input))),
        }
    }
    match own::check(graph, node, class, &specs, catalog) {
        Outcome::Fine => {}
        Outcome::Wrong(problem) => findings.problems.push(problem),
        Outcome::Fails(problem) => failures.push((node.inputs().len(), problem)),
    }
    links[links_before..].sort_unstable();
    failures.sort_by_key(|(index, _)| *index);
    if let Some((index, _)) = failures.first() {
        findings.fails_at = Some(*index);
        findings.problems = failures.into_iter().map(|(_, problem)| problem).collect();
    }
    findings
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

/// A list that is no link to an output of this workflow.
fn not_a_link(graph: &Graph, spec: &InputSpec, items: &[Value]) -> Outcome {
    let name = &spec.name;
    let [source, slot] = items else {
        let list = Value::List(items.to_vec());
        return Outcome::Wrong(
            Diagnostic::check(
                "bad-linked-input",
                "bad_linked_input",
                format!("`{name}` is {list}; ComfyUI takes a list for a link, and a link is [node, slot]"),
            )
            .help("a list that is meant as a value is written { \"__value__\": [...] }"),
        );
    };
    let fails = |rule, message: String, help: String| {
        Outcome::Fails(Diagnostic::check(rule, "exception", message).help(help))
    };
    let Value::Str(key) = source else {
        let message = format!("`{name}` links to the node {source}, which is not a text; ids are texts");
        let help = match source {
            Value::Int(id) if graph.find(&id.to_string()).is_some() => format!("write [\"{id}\", {slot}]"),
            _ => "write the id in quotes".to_owned(),
        };
        return fails("broken-link", message, help);
    };
    let Some(from) = graph.find(key) else {
        let keys = graph.nodes().map(|(_, node)| &*node.key);
        let help = crate::diag::did_you_mean(key, keys)
            .unwrap_or_else(|| "link it to a node of this workflow, or remove the input".into());
        return fails(
            "broken-link",
            format!("`{name}` links to the node `{key}`, which does not exist"),
            help,
        );
    };
    let node = graph.node(from);
    let help = node.class.as_deref().map(outputs).unwrap_or_default();
    let message = match slot {
        Value::Int(slot) => format!("`{key}` ({}) has no output slot {slot}", node.class_type),
        other => format!("`{name}` links to output slot {other} of `{key}`; a slot is a whole number"),
    };
    fails("output-slot-out-of-range", message, help)
}

fn link(graph: &Graph, spec: &InputSpec, (from, slot): (NodeId, u32), any_type: bool) -> Outcome {
    let source = graph.node(from);
    let Some(class) = &source.class else { return Outcome::Fine };
    let Some(output) = class.outputs.get(slot as usize) else {
        let problem = Diagnostic::check(
            "output-slot-out-of-range",
            "exception",
            format!("`{}` ({}) has no output slot {slot}", source.key, class.name),
        );
        return Outcome::Fails(problem.help(outputs(class)));
    };
    if any_type || carries(output, spec) {
        return Outcome::Fine;
    }
    let wanted = spec.link_types();
    let problem = Diagnostic::check(
        "return-type-mismatch",
        "return_type_mismatch",
        format!(
            "`{}` takes {wanted}, but `{}` ({}) gives {}",
            spec.name, source.key, class.name, output.types
        ),
    );
    Outcome::Wrong(problem.help_opt(other_output(class, wanted)))
}

/// True if the server lets the output go into the input.
fn carries(output: &OutputSpec, spec: &InputSpec) -> bool {
    // Types that follow the inputs are not looked at.
    if output.template.is_some() || matches!(spec.kind, InputKind::MatchType { .. }) {
        return true;
    }
    let any = |types: &str| types_connect(types, "*") && types.split(',').any(|member| member.trim() == "*");
    match (&output.choices, &spec.kind) {
        // A list of choices connects to an equal list, or to a V3 combo, which has no list type.
        (Some(choices), InputKind::Combo(Combo { options: Some(options), v3: false, .. })) => {
            choices == options
        }
        (Some(_), InputKind::Combo(_)) => true,
        (Some(_), kind) => any(kind.type_name()),
        // A V1 combo's type is its list, and a dynamic combo's a name of its own, to which no other is equal.
        (None, InputKind::Combo(Combo { v3: false, .. }) | InputKind::DynamicCombo(_)) => any(&output.types),
        _ => types_connect(&output.types, spec.link_types()),
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
