//! Workflows in API format: an object of nodes by id.

use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use super::tree::{Entry, Json, JsonKind, Place};
use crate::catalog::{Catalog, NodeClass};
use crate::diag::{Diagnostic, Diagnostics, NodeRef};
use crate::ir::{Argument, Graph, Input, Node, NodeId, Origin, TextPlace};
use crate::source::{FileId, Span};

/// Up to so many entries of an object, looking for a key that stands twice needs no set.
const FEW: usize = 24;

/// Reads a workflow in API format. Gives nothing if it is something else; the reason is reported.
///
/// Everything that ComfyUI would look at is in the graph, right or wrong: what is wrong with a link
/// is for `check` to say, so a list that names no output of the workflow stays a literal.
pub(super) fn read(
    file: FileId,
    root: &Json<'_>,
    catalog: &Catalog,
    diagnostics: &mut Diagnostics,
) -> Option<Graph> {
    let Some(nodes) = root.entries() else {
        diagnostics.push(not_a_workflow(
            file,
            root,
            &format!("it is {}, not an object of nodes", root.what()),
        ));
        return None;
    };
    let before = diagnostics.error_count();
    let graph = Graph::with_capacity(nodes.len());
    let inputs = Vec::with_capacity(nodes.len());
    let mut reader = Reader { file, catalog, graph, classes: FxHashMap::default(), inputs, diagnostics };
    for entry in nodes {
        reader.node(entry);
    }
    if reader.diagnostics.error_count() > before {
        return None;
    }
    let inputs = std::mem::take(&mut reader.inputs);
    for (index, inputs) in inputs.into_iter().enumerate() {
        reader.inputs(NodeId::new(index), inputs);
    }
    Some(reader.graph)
}

fn not_a_workflow(file: FileId, json: &Json<'_>, why: &str) -> Diagnostic {
    let start = json.place.map_or(0, |(start, _)| start);
    Diagnostic::format("not-a-workflow", format!("not a workflow: {why}"))
        .at(Span::new(file, start as usize..start as usize), "")
        .help("a workflow in API format is { \"1\": { \"class_type\": …, \"inputs\": { … } }, … }; ComfyUI writes it with Workflow > Export (API)")
}

struct Reader<'r, 't> {
    file: FileId,
    catalog: &'r Catalog,
    graph: Graph,
    /// The classes that were looked up.
    classes: FxHashMap<&'t str, Option<Arc<NodeClass>>>,
    /// What the inputs of each node of the graph are read from.
    inputs: Vec<&'t [Entry<'t>]>,
    diagnostics: &'r mut Diagnostics,
}

impl<'t> Reader<'_, 't> {
    fn span(&self, place: Option<Place>) -> Option<Span> {
        place.map(|(start, end)| Span::new(self.file, start as usize..end.get() as usize))
    }

    fn origin(&self, place: Option<Place>) -> Origin {
        self.span(place).map_or(Origin::Unknown, Origin::Source)
    }

    fn node(&mut self, entry: &'t Entry<'t>) {
        let (key, body) = (entry.key, &entry.value);
        let Some(class_type) = body.get("class_type").and_then(Json::as_str) else {
            let what = match body.get("class_type") {
                Some(class) => format!("the class_type of `{key}` is {}, not a text", class.what()),
                None if body.entries().is_some() => format!("`{key}` has no class_type"),
                None => format!("`{key}` is {}, not a node", body.what()),
            };
            self.diagnostics.push(
                Diagnostic::check("not-a-node", "missing_node_type", what)
                    .at_opt(self.span(entry.place), "")
                    .node(NodeRef { key: key.to_owned(), ..NodeRef::default() })
                    .help("ComfyUI takes every key of a workflow for a node; notes go into a node's _meta"),
            );
            return;
        };
        let catalog = self.catalog;
        let class = self.classes.entry(class_type).or_insert_with(|| catalog.class(class_type)).clone();
        // Names that the catalog has are shared with it, here and at the inputs.
        let class_type = class.as_ref().map_or_else(|| class_type.into(), |class| class.name.clone());
        let title = body.get("_meta").and_then(|meta| meta.get("title")).and_then(Json::as_str);
        let inputs = body.get("inputs").and_then(Json::entries);
        let mut node = Node::new(key.into(), class_type, class, self.origin(entry.place));
        node.title = title.map(Into::into);
        node.lacks_inputs = inputs.is_none();
        self.doubled_parts(entry, &node.class_type);
        let inputs = inputs.unwrap_or_default();
        let Some(first) = self.graph.find(key) else {
            if self.graph.add(node).is_ok() {
                self.inputs.push(inputs);
            }
            return;
        };
        let first_place = self.graph.node(first).origin.span();
        self.diagnostics.push(
            Diagnostic::lint(
                "duplicate-node-id",
                format!("two nodes have the id `{key}`; ComfyUI runs the last one only"),
            )
            .at_opt(self.span(entry.place), "")
            .at_opt(first_place, "this one is lost")
            .help("give one of them another id"),
        );
        self.graph.replace(node);
        self.inputs[first.index()] = inputs;
    }

    /// Of a node's own keys the last one counts, too.
    fn doubled_parts(&mut self, entry: &Entry<'_>, class: &str) {
        let entries = entry.value.entries().unwrap_or_default();
        if !has_doubles(entries) {
            return;
        }
        let node = NodeRef { key: entry.key.to_owned(), class_type: class.to_owned(), input: None };
        let mut seen = FxHashSet::default();
        for double in entries.iter().filter(|entry| !seen.insert(entry.key)) {
            if matches!(double.key, "class_type" | "inputs") {
                self.diagnostics.push(twice(double.key, self.span(double.place)).node(node.clone()));
            }
        }
    }

    fn inputs(&mut self, id: NodeId, inputs: &[Entry<'_>]) {
        self.graph.reserve_inputs(id, inputs.len());
        if !has_doubles(inputs) {
            for entry in inputs {
                self.input(id, entry);
            }
            return;
        }
        self.doubled_inputs(id, inputs);
        // Of those with the same key the last one counts.
        let mut seen = FxHashSet::default();
        let mut counting: Vec<_> = inputs.iter().rev().filter(|entry| seen.insert(entry.key)).collect();
        counting.reverse();
        for entry in counting {
            self.input(id, entry);
        }
    }

    fn input(&mut self, id: NodeId, entry: &Entry<'_>) {
        let value = self.argument(id, entry);
        let origin = self.origin(entry.value.place);
        let class = self.graph.node(id).class.as_ref();
        let declared = class.and_then(|class| class.input(entry.key));
        let is_declared = declared.is_some();
        let name = declared.map_or_else(|| (*entry.key).into(), |input| input.name.clone());
        self.graph.push_input(id, Input { name, value, origin, text: TextPlace::Here });
        if let Some(span) = self.span(entry.place).filter(|_| !is_declared) {
            self.graph.name_at(id, span);
        }
    }

    fn doubled_inputs(&mut self, node: NodeId, inputs: &[Entry<'_>]) {
        let mut seen = FxHashSet::default();
        for entry in inputs.iter().filter(|entry| !seen.insert(entry.key)) {
            let problem = twice(entry.key, self.span(entry.place));
            self.diagnostics.push(problem.node(self.node_ref(node, entry.key)));
        }
    }

    fn node_ref(&self, node: NodeId, input: &str) -> NodeRef {
        let node = self.graph.node(node);
        NodeRef {
            key: node.key.to_string(),
            class_type: node.class_type.to_string(),
            input: Some(input.to_owned()),
        }
    }

    /// ComfyUI takes a list of two for a link: the id of a node, and the number of an output.
    /// Numbers below 0 count from the last output, as in any list of Python's.
    fn argument(&mut self, node: NodeId, entry: &Entry<'_>) -> Argument {
        let literal = || Argument::Literal(entry.value.to_value());
        let Some([source, slot]) = entry.value.items() else { return literal() };
        let Some(from) = source.as_str().and_then(|key| self.graph.find(key)) else { return literal() };
        let slot = match slot.kind {
            JsonKind::Int(slot) => i128::from(slot),
            JsonKind::Bool(slot) => i128::from(slot),
            _ => return literal(),
        };
        let outputs = || self.graph.node(from).class.as_ref().map_or(0, |class| class.outputs.len());
        let counted = if slot < 0 { slot + i128::try_from(outputs()).unwrap_or_default() } else { slot };
        let Ok(counted) = u32::try_from(counted) else { return literal() };
        if slot < 0 {
            let problem = Diagnostic::lint(
                "negative-slot",
                format!(
                    "`{}` links to output slot {slot} of `{}`, which ComfyUI counts from the end",
                    entry.key,
                    self.graph.node(from).key
                ),
            )
            .at_opt(self.span(entry.value.place), "")
            .node(self.node_ref(node, entry.key))
            .help(format!("write the slot as {counted}: other tools take a slot below 0 for an error"));
            self.diagnostics.push(problem);
        }
        Argument::Link { from, slot: counted }
    }
}

/// The finding that a key stands twice.
fn twice(key: &str, span: Option<Span>) -> Diagnostic {
    Diagnostic::lint("duplicate-input", format!("`{key}` stands twice; ComfyUI takes the last one"))
        .at_opt(span, "")
        .help("remove one of them")
}

/// True if a key stands twice.
fn has_doubles(entries: &[Entry<'_>]) -> bool {
    if entries.len() <= FEW {
        let stands_later =
            |(at, entry): (usize, &Entry<'_>)| entries[at + 1..].iter().any(|later| later.key == entry.key);
        return entries.iter().enumerate().any(stands_later);
    }
    let mut seen = FxHashSet::default();
    !entries.iter().all(|entry| seen.insert(entry.key))
}
