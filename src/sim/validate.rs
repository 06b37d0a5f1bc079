//! What `POST /prompt` says of a prompt: our check gate, in the server's words.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::{Map, Value, json};

use super::{Config, Version};
use super::{errors, not_numbers};
use crate::catalog::{Catalog, InputKind};
use crate::check::{self, ServerVersion};
use crate::diag::{Diagnostic, Diagnostics, Gate, NodeRef};
use crate::front::json::{self as reader, Arena, Document};
use crate::ir::{Argument, Graph, Input, Node, NodeId, Value as Literal};
use crate::source::Sources;

/// A prompt that will run, at least in part.
#[derive(Debug)]
pub(super) struct Accepted {
    /// With the conversions that validation makes.
    pub(super) prompt: Value,
    /// The output nodes that will run, in the prompt's order.
    pub(super) outputs: Vec<String>,
    pub(super) node_errors: Map<String, Value>,
}

/// Why a prompt does not run.
#[derive(Debug)]
pub(super) enum Refusal {
    /// An error of the answer, and those of the nodes.
    Error(Box<(Value, Map<String, Value>)>),
    /// The server fails on it: 500.
    Fails,
}

/// A prompt as a graph; nothing if it is no object of nodes.
pub(super) fn graph(prompt: &Value, catalog: &Catalog) -> Option<(Graph, Diagnostics)> {
    let text = not_numbers::spoil(prompt.to_string());
    let mut sources = Sources::new();
    let file = sources.add(Path::new("prompt"), "");
    let arena = Arena::new();
    let mut problems = Diagnostics::new();
    let tree = reader::parse(file, &text, &arena, &mut problems)?;
    let graph = Document::of(tree).read(file, catalog, &mut problems)?;
    Some((graph, problems))
}

/// Looks at a prompt as the server does.
pub(super) fn validate(
    mut prompt: Value,
    partial: Option<&Value>,
    config: &Config,
    has_input: &dyn Fn(&str) -> bool,
) -> Result<Accepted, Refusal> {
    let catalog = &config.catalog;
    let is_old = config.version == Version::V0_3_64;
    if is_old && prompt.as_array().is_some_and(Vec::is_empty) {
        return Err(refused(errors::no_outputs()));
    }
    let Some(nodes) = prompt.as_object() else { return Err(Refusal::Fails) };
    // Nodes that were replaced by others are looked for before all else, and that takes objects.
    let is_readable = |node: &Value| node.is_object() && node.get("inputs").is_none_or(Value::is_object);
    if !is_old && !nodes.values().all(is_readable) {
        return Err(Refusal::Fails);
    }
    let mut outputs: Vec<String> = Vec::new();
    for (id, node) in nodes {
        let class_type = node.get("class_type");
        if node.is_null() || node.is_boolean() || node.is_number() {
            return Err(Refusal::Fails);
        }
        let names_it = is_old || node.get("_meta").is_none_or(Value::is_object);
        let Some(class_type) = class_type.filter(|name| !name.is_array() && !name.is_object()) else {
            if class_type.is_some() || !names_it {
                return Err(Refusal::Fails);
            }
            return Err(refused(errors::no_class_type(id, node, config.version)));
        };
        let class = class_type.as_str().and_then(|name| catalog.class(name));
        let Some(class) = class else {
            if !names_it {
                return Err(Refusal::Fails);
            }
            return Err(refused(errors::missing_class(id, node, class_type, config.version)));
        };
        if class.output_node && is_wanted(id, partial)? {
            outputs.push(id.clone());
        }
    }
    if outputs.is_empty() {
        return Err(refused(errors::no_outputs()));
    }
    let Some((graph, _)) = graph(&prompt, catalog) else { return Err(Refusal::Fails) };
    let mut problems = Diagnostics::new();
    check::validate(&graph, catalog, ServerVersion::default(), &mut problems);
    let problems = with_inputs(&graph, problems.into_sorted(), has_input);
    let mut found = Found::new(&graph, &problems, &outputs);
    let seen = found.seen.clone();
    convert(&mut prompt, &graph, &seen);
    let node_errors = found.node_errors(&prompt, catalog, config);
    let good: Vec<String> = outputs.iter().filter(|id| found.is_good(id)).cloned().collect();
    if good.is_empty() {
        let error = errors::all_failed(&found.bad_outputs(), &node_errors);
        return Err(Refusal::Error(Box::new((error, node_errors))));
    }
    Ok(Accepted { prompt, outputs: good, node_errors })
}

/// The findings, with what the server says of files in its input folder: those that it has are fine, whatever the catalog
/// lists, and others are missing.
fn with_inputs(graph: &Graph, found: Vec<Diagnostic>, has_input: &dyn Fn(&str) -> bool) -> Vec<Diagnostic> {
    let is_file = |node: &Node, input: &Input| {
        let spec = node.class.as_ref().and_then(|class| class.input(&input.name));
        spec.and_then(|spec| spec.kind.folder()).is_some_and(|folder| folder == "input")
    };
    let file = |node: &Node, name: &str| {
        let input = node.input(name).filter(|input| is_file(node, input))?;
        match &input.value {
            Argument::Literal(Literal::Str(file)) => Some(file.to_string()),
            Argument::Literal(_) | Argument::Link { .. } => None,
        }
    };
    let is_there = |found: &Diagnostic| {
        let node = found.node.as_ref();
        let named = node.and_then(|node| Some((graph.find(&node.key)?, node.input.as_deref()?)));
        named.and_then(|(id, input)| file(graph.node(id), input)).is_some_and(|file| has_input(&file))
    };
    let mut found: Vec<Diagnostic> = found.into_iter().filter(|found| !is_there(found)).collect();
    let mut missing = Vec::new();
    for (_, node) in graph.nodes() {
        for input in node.inputs() {
            let Some(name) = file(node, &input.name).filter(|name| !has_input(name)) else { continue };
            let spec = node.class.as_ref().and_then(|class| class.input(&input.name));
            let listed = spec.is_some_and(|spec| match &spec.kind {
                InputKind::Combo(combo) => combo.options.is_some(),
                _ => false,
            });
            if listed {
                // The gate has looked.
                continue;
            }
            let kinds = [("Video", "video"), ("Audio", "audio")].into_iter();
            let mut kinds = kinds.filter(|(word, _)| node.class_type.contains(word)).map(|(_, kind)| kind);
            let kind = kinds.next().unwrap_or("image");
            let place = NodeRef {
                key: node.key.to_string(),
                class_type: node.class_type.to_string(),
                input: Some(input.name.to_string()),
            };
            let message = format!("Invalid {kind} file: {name}");
            missing.push(Diagnostic::check("missing-input-file", CUSTOM, message).node(place));
        }
    }
    found.append(&mut missing);
    found
}

/// The type of errors of checks that classes have themselves.
const CUSTOM: &str = "custom_validation_failed";

fn refused(error: Value) -> Refusal {
    Refusal::Error(Box::new((error, Map::new())))
}

/// Python's `x in partial_execution_targets`.
fn is_wanted(id: &str, partial: Option<&Value>) -> Result<bool, Refusal> {
    match partial {
        None | Some(Value::Null) => Ok(true),
        Some(Value::Array(items)) => Ok(items.iter().any(|item| item == id)),
        Some(Value::Object(entries)) => Ok(entries.contains_key(id)),
        Some(Value::String(text)) => Ok(text.contains(id)),
        Some(Value::Bool(_) | Value::Number(_)) => Err(Refusal::Fails),
    }
}

/// What the gate has found, by node.
struct Found<'g> {
    graph: &'g Graph,
    /// The problems of each node that the server's answer has.
    problems: BTreeMap<usize, Vec<&'g Diagnostic>>,
    /// The output nodes, and by index which nodes they depend on.
    outputs: Vec<(NodeId, Vec<bool>)>,
    /// By index: nodes that some output depends on.
    seen: Vec<bool>,
}

impl<'g> Found<'g> {
    fn new(graph: &'g Graph, problems: &'g [Diagnostic], outputs: &[String]) -> Self {
        let ids = outputs.iter().filter_map(|id| graph.find(id));
        let outputs: Vec<_> = ids.map(|id| (id, graph.ancestors([id]))).collect();
        let mut seen = vec![false; graph.len()];
        for (_, ancestors) in &outputs {
            for (seen, is_ancestor) in seen.iter_mut().zip(ancestors) {
                *seen |= *is_ancestor;
            }
        }
        let mut by_node: BTreeMap<usize, Vec<&Diagnostic>> = BTreeMap::new();
        for problem in problems.iter().filter(|problem| problem.gate == Gate::Check) {
            let node = problem.node.as_ref().and_then(|node| graph.find(&node.key));
            if let Some(node) = node.filter(|node| seen.get(node.index()) == Some(&true)) {
                by_node.entry(node.index()).or_default().push(problem);
            }
        }
        Self { graph, problems: by_node, outputs, seen }
    }

    fn is_good(&self, output: &str) -> bool {
        let found = self.outputs.iter().find(|(id, _)| &*self.graph.node(*id).key == output);
        found.is_some_and(|(_, ancestors)| {
            !self.problems.keys().any(|node| ancestors.get(*node) == Some(&true))
        })
    }

    fn bad_outputs(&self) -> Vec<&str> {
        let keys = self.outputs.iter().map(|(id, _)| &*self.graph.node(*id).key);
        keys.filter(|key| !self.is_good(key)).collect()
    }

    fn node_errors(&mut self, prompt: &Value, catalog: &Catalog, config: &Config) -> Map<String, Value> {
        let mut all = Map::new();
        let bad: Vec<NodeId> = self
            .outputs
            .iter()
            .filter(|(id, _)| !self.is_good(&self.graph.node(*id).key))
            .map(|(id, _)| *id)
            .collect();
        // The server goes from output to output; a bad one takes all that is known to be wrong by then.
        let mut known: BTreeSet<usize> = BTreeSet::new();
        for output in bad {
            let ancestors = self.graph.ancestors([output]);
            known.extend(self.problems.keys().filter(|node| ancestors.get(**node) == Some(&true)));
            for node in &known {
                let id = NodeId::new(*node);
                let key = self.graph.node(id).key.to_string();
                if !all.contains_key(&key) {
                    let problems = self.problems.get(node).map_or(&[][..], Vec::as_slice);
                    let errors: Vec<Value> = problems
                        .iter()
                        .flat_map(|problem| errors::of(problem, self.graph, prompt, catalog, config))
                        .collect();
                    if errors.is_empty() {
                        continue;
                    }
                    let class_type = &*self.graph.node(id).class_type;
                    all.insert(
                        key.clone(),
                        json!({ "errors": errors, "dependent_outputs": [], "class_type": class_type }),
                    );
                }
                if let Some(outputs) = all.get_mut(&key).and_then(|entry| entry.get_mut("dependent_outputs"))
                    && let Some(outputs) = outputs.as_array_mut()
                {
                    outputs.push((&*self.graph.node(output).key).into());
                }
            }
        }
        all
    }
}

/// Python's conversions: validation puts what it has converted into the prompt.
fn convert(prompt: &mut Value, graph: &Graph, seen: &[bool]) {
    for (id, node) in graph.nodes() {
        let Some(class) = node.class.as_ref().filter(|_| seen.get(id.index()) == Some(&true)) else {
            continue;
        };
        let inputs = prompt.get_mut(&*node.key).and_then(|node| node.get_mut("inputs"));
        let Some(inputs) = inputs.and_then(Value::as_object_mut) else { continue };
        for input in node.inputs() {
            let Argument::Literal(_) = &input.value else { continue };
            let Some(spec) = class.input(&input.name) else { continue };
            let Some(value) = inputs.get_mut(&*input.name) else { continue };
            if let Some(inner) = value.get_mut("__value__") {
                *value = inner.take();
            } else if value.is_array() {
                continue;
            }
            let converted = match &spec.kind {
                InputKind::Int { .. } => errors::int(value),
                InputKind::Float { .. } => errors::float(value),
                InputKind::String { .. } => Some(super::python::text(value).into()),
                InputKind::Boolean => Some(super::python::truth(value).into()),
                _ => None,
            };
            if let Some(converted) = converted {
                *value = converted;
            }
        }
    }
}
