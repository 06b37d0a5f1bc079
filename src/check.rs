//! The gate that answers as ComfyUI itself would.
//!
//! [`check`] is the only maker of [`Checked`], and the writers in `back` accept nothing else for a
//! compiled workflow, so writing cannot fail. What ComfyUI accepts but should not is no business of
//! this room: that is a lint.
//!
//! The room follows the server's own steps: every class must exist, there must be an output, and
//! then the nodes are visited from the outputs upwards, through declared inputs whose types fit.
//! A node that is not visited is not looked at. Unlike the server, which drops a bad output and
//! runs the rest, [`check`] lets nothing pass unless every output is valid.

mod inputs;
mod literal;
mod own;
mod python;
mod server;
mod walk;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::catalog::{Catalog, InputSpec};
use crate::diag::{Diagnostic, Diagnostics, Gate, NodeRef};
use crate::ir::{Graph, Input, Node, NodeId, Value};

pub use server::ServerVersion;

/// A graph that ComfyUI would accept whole.
#[derive(Clone, Debug)]
pub struct Checked {
    graph: Graph,
}

impl Checked {
    /// The graph.
    #[must_use]
    pub const fn graph(&self) -> &Graph {
        &self.graph
    }

    /// What the server would do with it: run every output.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        Verdict { outputs: outputs(&self.graph).map(|id| (id, true)).collect() }
    }
}

/// What the server would do with a graph.
#[derive(Clone, Debug, Default)]
pub struct Verdict {
    /// The output nodes, and whether each one would run. Empty if the server refuses to look at them.
    pub outputs: Vec<(NodeId, bool)>,
}

/// Checks a graph as ComfyUI 0.27.0 checks a prompt. Gives nothing if there is a problem; every
/// problem is reported.
pub fn check(graph: Graph, catalog: &Catalog, diagnostics: &mut Diagnostics) -> Option<Checked> {
    let before = diagnostics.error_count();
    let verdict = validate(&graph, catalog, ServerVersion::default(), diagnostics);
    // Without outputs there was no verdict, even where a reader has said why already.
    let is_proved = diagnostics.error_count() == before && !verdict.outputs.is_empty();
    is_proved.then_some(Checked { graph })
}

/// Says what a server of some version would do with a graph, and reports every problem it has.
pub fn validate(
    graph: &Graph,
    catalog: &Catalog,
    server: ServerVersion,
    diagnostics: &mut Diagnostics,
) -> Verdict {
    let mut outputs = Vec::new();
    let mut is_missing = false;
    for (id, node) in graph.nodes() {
        match &node.class {
            Some(class) if class.output_node => outputs.push(id),
            Some(_) => {}
            None => is_missing = true,
        }
    }
    if is_missing {
        classes(graph, catalog, server, diagnostics);
        return Verdict::default();
    }
    if outputs.is_empty() {
        diagnostics.push(
            Diagnostic::check("prompt-no-outputs", "prompt_no_outputs", "the workflow has no output node")
                .help("add a node that saves or previews something, such as VHS_VideoCombine or SaveImage"),
        );
    }
    walk::from_outputs(graph, outputs, catalog, diagnostics)
}

/// Notes that a server of some version, which looks no further than the first node without a class, says nothing
/// of the other problems of that workflow.
pub fn stop_at_missing_class(server: ServerVersion, diagnostics: &mut Diagnostics) {
    let mut found: Vec<&mut Diagnostic> =
        diagnostics.as_mut_slice().iter_mut().filter(|found| found.gate == Gate::Check).collect();
    let is_missing = |found: &Diagnostic| found.server_type == Some(server.missing_class());
    let missing = found.iter().enumerate().filter(|(_, found)| is_missing(found));
    if let Some((first, _)) = missing.min_by_key(|(_, found)| found.span()) {
        for (_, other) in found.iter_mut().enumerate().filter(|(at, _)| *at != first) {
            other.set_server_inputs(Vec::new());
        }
    }
}

/// What the server would say about a value that an input is given, if anything; lists aside, which it takes
/// for links.
#[must_use]
pub fn literal(value: &Value, input: &InputSpec) -> Option<Diagnostic> {
    match literal::check(value, input, false) {
        literal::Outcome::Fine => None,
        literal::Outcome::Wrong(problem) | literal::Outcome::Fails(problem) => Some(problem),
    }
}

fn outputs(graph: &Graph) -> impl Iterator<Item = NodeId> {
    let is_output = |node: &Node| node.class.as_ref().is_some_and(|class| class.output_node);
    graph.nodes().filter(move |(_, node)| is_output(node)).map(|(id, _)| id)
}

/// Reports every class that a server with this catalog would not have.
pub fn missing_classes(graph: &Graph, catalog: &Catalog, diagnostics: &mut Diagnostics) {
    classes(graph, catalog, ServerVersion::default(), diagnostics);
}

/// Of so many classes that do not exist, each gets a suggestion.
const MAX_SUGGESTIONS: usize = 200;

/// Every class must exist, whether an output depends on the node or not.
fn classes(graph: &Graph, catalog: &Catalog, server: ServerVersion, diagnostics: &mut Diagnostics) {
    // A reader may know better why there is no class.
    let is_known = |found: &&Diagnostic| found.server_type == Some(server.missing_class());
    let known =
        diagnostics.iter().filter(is_known).filter_map(|found| Some(found.node.as_ref()?.key.clone()));
    let known: BTreeSet<String> = known.collect();
    let is_missing = |node: &Node| node.class.is_none() && !known.contains(&*node.key);
    let mut suggestions: BTreeMap<Arc<str>, Option<String>> = BTreeMap::new();
    for (_, node) in graph.nodes().filter(|(_, node)| is_missing(node)) {
        let name = &node.class_type;
        let is_new = !suggestions.contains_key(name) && suggestions.len() < MAX_SUGGESTIONS;
        if is_new {
            suggestions.insert(name.clone(), catalog.suggest(name));
        }
        let near = suggestions.get(name).and_then(Option::as_deref);
        let help = near.map_or_else(
            || "no node pack of this catalog has it: install the pack, or use a catalog that knows it".into(),
            |near| {
                format!(
                    "did you mean `{near}`? If not, install its node pack, or use a catalog that knows it"
                )
            },
        );
        diagnostics.push(
            Diagnostic::check(
                "unknown-class",
                server.missing_class(),
                format!("there is no node class `{name}`"),
            )
            .at_opt(node.origin.span(), "")
            .node(node_ref(node, None))
            .help(help),
        );
    }
}

fn node_ref(node: &Node, input: Option<&str>) -> NodeRef {
    NodeRef {
        key: node.key.to_string(),
        class_type: node.class_type.to_string(),
        input: input.map(str::to_owned),
    }
}

/// The same problem, at an input: where its value was given, and where it is used.
fn at_input(diagnostic: Diagnostic, node: &Node, input: &Input) -> Diagnostic {
    let used = input.origin.span();
    let diagnostic = match input.given() {
        Some(given) => diagnostic.at(given, "").at_opt(used, "used here"),
        None => diagnostic.at_opt(used, ""),
    };
    diagnostic.node(node_ref(node, Some(&input.name)))
}
