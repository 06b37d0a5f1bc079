//! What ComfyUI would accept and should not: rules with levels.
//!
//! A rule is a file in `lint/` and a line in [`RULES`]. Rules look at a graph that the server would
//! take; some are found by readers, `lower` and `compile` on their way and are only listed here.
//! Levels are applied at the end. Rules never change what is compiled.

mod api_node;
mod coerced_value;
mod deprecated_class;
mod dropped_output;
mod float_noise;
mod levels;
mod literal_for_link;
mod off_step;
mod unknown_input;
mod unknown_model_file;
mod unreachable_node;
mod windows_separator;

use std::sync::Arc;

use rustc_hash::FxHashSet;

use crate::catalog::{Catalog, InputSpec, Models, NodeClass};
use crate::check::Verdict;
use crate::diag::{Diagnostic, Diagnostics, NodeRef, Severity};
use crate::ir::{Argument, Graph, Input, Node, NodeId, Value};

pub use levels::{Levels, apply};

/// One rule.
#[derive(Debug)]
pub struct Rule {
    /// Kebab-case; states the defect.
    pub name: &'static str,
    /// What it reports.
    pub summary: &'static str,
    /// What it looks at.
    pub subject: Subject,
    /// How bad it is where nobody says otherwise; `None`: it is off.
    pub severity: Option<Severity>,
    /// What `--fix` repairs of what it finds; `None`: nothing.
    pub repairs: Option<&'static str>,
    check: Check,
}

/// What a rule looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// Any workflow, also one that is compiled from a preset.
    Workflow,
    /// The text of a workflow in API format.
    Api,
    /// A workflow as the editor saves it.
    Ui,
    /// Presets and graph files.
    Source,
}

#[derive(Clone, Copy, Debug)]
enum Check {
    /// Looks at one input.
    Input(fn(&At<'_>) -> Option<Diagnostic>),
    /// Looks at one node.
    Node(fn(&Workflow<'_>, NodeId) -> Option<Diagnostic>),
    /// Found while a file is read or compiled.
    Elsewhere,
}

/// All rules, sorted by name.
pub static RULES: &[&Rule] = &[
    &api_node::RULE,
    &coerced_value::RULE,
    &elsewhere(
        "date-in-file-name",
        Subject::Ui,
        "a `%date%` in a file name, which the editor replaces when it exports",
    ),
    &elsewhere("declared-extra", Subject::Source, "an input under `extra` that the class declares"),
    &deprecated_class::RULE,
    &dropped_output::RULE,
    &elsewhere("duplicate-input", Subject::Api, "an input that stands twice in a workflow"),
    &elsewhere("duplicate-node-id", Subject::Api, "two nodes of a workflow with the same id"),
    &elsewhere(
        "duplicate-set-name",
        Subject::Ui,
        "two SetNodes of a name, of which every GetNode takes the first",
    ),
    &elsewhere(
        "dynamic-prompt",
        Subject::Ui,
        "a choice `{a|b}` in a prompt, which the editor makes at random when it exports",
    ),
    &float_noise::RULE,
    &elsewhere(
        "link-from-nowhere",
        Subject::Ui,
        "a link of the editor that starts at a node or slot that does not exist",
    ),
    &elsewhere("link-mismatch", Subject::Ui, "a link whose two ends disagree about where it leads"),
    &elsewhere("link-to-nowhere", Subject::Ui, "a link of the editor that ends at nothing"),
    &literal_for_link::RULE,
    &elsewhere(
        "made-in-editor",
        Subject::Ui,
        "a value that only the editor can make, such as a picture of a 3D view",
    ),
    &elsewhere("missing-link", Subject::Ui, "an input of the editor with a link that does not exist"),
    &unknown_model_file::MISSPELT,
    &elsewhere(
        "negative-slot",
        Subject::Api,
        "a link to an output slot below 0, which Python counts from the end",
    ),
    &elsewhere("odd-link", Subject::Ui, "an entry of the editor's links that is none"),
    &off_step::RULE,
    &elsewhere(
        "param-without-effect",
        Subject::Source,
        "a value in a preset without which the workflow would be the same",
    ),
    &unknown_input::RULE,
    &unknown_model_file::RULE,
    &unreachable_node::RULE,
    &elsewhere("unused-model", Subject::Source, "a model slot of a graph that no input uses"),
    &elsewhere("unused-param", Subject::Source, "a parameter of a graph that nothing uses"),
    &elsewhere(
        "widget-count-mismatch",
        Subject::Ui,
        "a node saved by the editor with more or fewer widget values than its class has",
    ),
    &windows_separator::RULE,
];

const fn elsewhere(name: &'static str, subject: Subject, summary: &'static str) -> Rule {
    Rule { name, summary, subject, severity: Some(Severity::Warning), repairs: None, check: Check::Elsewhere }
}

/// The rule called `name`.
#[must_use]
pub fn rule(name: &str) -> Option<&'static Rule> {
    let at = RULES.binary_search_by(|rule| rule.name.cmp(name)).ok()?;
    RULES.get(at).copied()
}

/// What rules know besides the workflow.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'f> {
    /// The node classes.
    pub catalog: &'f Catalog,
    /// The model files.
    pub models: &'f Models,
}

/// A workflow, as rules see it.
struct Workflow<'w> {
    graph: &'w Graph,
    verdict: &'w Verdict,
    /// By node: whether an output depends on it, through whatever link.
    needed: Vec<bool>,
    /// The outputs that the server leaves out while it runs others.
    dropped: FxHashSet<NodeId>,
}

/// An input, as rules see it.
struct At<'a> {
    facts: &'a Facts<'a>,
    node: &'a Node,
    class: &'a NodeClass,
    input: &'a Input,
    /// Its declaration, if the class has one.
    spec: Option<&'a InputSpec>,
}

impl At<'_> {
    /// The literal that the input is given, without a wrapping.
    fn literal(&self) -> Option<&Value> {
        match &self.input.value {
            Argument::Literal(value) => Some(value),
            Argument::Link { .. } => None,
        }
    }

    /// A finding of `rule` here.
    fn finding(&self, rule: &Rule, message: String) -> Diagnostic {
        let used = self.input.origin.span();
        let diagnostic = found(rule, message);
        let diagnostic = match self.input.given {
            Some(given) => diagnostic.at(given, "").at_opt(used, "used here"),
            None => diagnostic.at_opt(used, ""),
        };
        diagnostic.node(node_ref(self.node, Some(&self.input.name)))
    }
}

/// A finding of `rule` about a whole node.
fn at_node(rule: &Rule, node: &Node, message: String) -> Diagnostic {
    found(rule, message).at_opt(node.origin.span(), "").node(node_ref(node, None))
}

fn found(rule: &Rule, message: String) -> Diagnostic {
    Diagnostic {
        severity: rule.severity.unwrap_or(Severity::Warning),
        ..Diagnostic::lint(rule.name, message)
    }
}

fn node_ref(node: &Node, input: Option<&str>) -> NodeRef {
    NodeRef {
        key: node.key.to_string(),
        class_type: node.class_type.to_string(),
        input: input.map(str::to_owned),
    }
}

/// Reports what is wrong with a workflow although the server takes it. Rules that `levels` switches
/// off are not run.
pub fn workflow(
    graph: &Graph,
    verdict: &Verdict,
    facts: &Facts<'_>,
    levels: &Levels,
    diagnostics: &mut Diagnostics,
) {
    let rules = || RULES.iter().enumerate().filter(|(at, _)| levels.is_on(*at)).map(|(_, rule)| rule.check);
    let inputs: Vec<_> = rules()
        .filter_map(|check| match check {
            Check::Input(check) => Some(check),
            _ => None,
        })
        .collect();
    let nodes: Vec<_> = rules()
        .filter_map(|check| match check {
            Check::Node(check) => Some(check),
            _ => None,
        })
        .collect();
    let outputs = verdict.outputs.iter().map(|(id, _)| *id);
    let runs = verdict.outputs.iter().any(|(_, valid)| *valid);
    let dropped = verdict.outputs.iter().filter(|(_, valid)| runs && !valid).map(|(id, _)| *id);
    let workflow = Workflow { graph, verdict, needed: graph.ancestors(outputs), dropped: dropped.collect() };
    for (id, node) in graph.nodes() {
        diagnostics.extend(nodes.iter().filter_map(|check| check(&workflow, id)));
        let Some(class) = &node.class else { continue };
        let selected = |name: &str| -> Option<Arc<str>> {
            match &node.input(name)?.value {
                Argument::Literal(Value::Str(text)) => Some(text.clone()),
                _ => None,
            }
        };
        let specs = class.known_inputs(&selected);
        for input in node.inputs() {
            let spec = specs.iter().find(|spec| spec.name == input.name);
            let at = At { facts, node, class, input, spec };
            diagnostics.extend(inputs.iter().filter_map(|check| check(&at)));
        }
    }
}
