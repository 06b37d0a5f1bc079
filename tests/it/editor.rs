//! Workflows written for ComfyUI's editor: they open, look right, and give the same workflow when they are imported.

mod arrangement;
mod commands;
mod corpus;
mod small;

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json, json};
use wfc::back::api::Layout;
use wfc::back::ui::{self, Options, Written};
use wfc::catalog::Catalog;
use wfc::diag::Diagnostics;
use wfc::front::json::{Arena, Document, parse};
use wfc::ir::{Argument, Graph};
use wfc::source::Sources;

/// The graph of a workflow in any format, and what is said about it.
fn read(text: &str, catalog: &Catalog) -> (Graph, Diagnostics) {
    let file = Sources::new().add("workflow.json", text);
    let mut diagnostics = Diagnostics::new();
    let arena = Arena::new();
    let tree = parse(file, text, &arena, &mut diagnostics);
    let graph = tree.and_then(|tree| Document::of(tree).read(file, catalog, &mut diagnostics));
    (graph.unwrap_or_else(|| panic!("{diagnostics:#?}")), diagnostics)
}

fn written(graph: &Graph, catalog: &Catalog) -> Written {
    let options = Options { stages: &[], identity: &catalog.identity(), layout: Layout::Pretty };
    ui::write_converted(graph, &options)
}

fn parsed(written: &Written) -> Json {
    serde_json::from_slice(&written.bytes).unwrap()
}

/// A graph in API format.
fn api(graph: &Graph) -> Json {
    let node = |node: &wfc::ir::Node| {
        let value = |argument: &Argument| match argument {
            Argument::Literal(value) => value.to_json(),
            Argument::Link { from, slot } => json!([&*graph.node(*from).key, slot]),
        };
        let inputs: Map<_, _> =
            node.inputs().iter().map(|input| (input.name.to_string(), value(&input.value))).collect();
        json!({"class_type": &*node.class_type, "inputs": inputs, "title": node.title.as_deref()})
    };
    Json::Object(graph.nodes().map(|(_, it)| (it.key.to_string(), node(it))).collect())
}

/// What differs between a workflow and what came back, by node and input.
fn differences(one: &Json, other: &Json) -> Vec<String> {
    let (one, other) = (one.as_object().unwrap(), other.as_object().unwrap());
    let mut found = Vec::new();
    if one.keys().ne(other.keys()) {
        found.push(format!("the nodes are {:?} for {:?}", other.keys(), one.keys()));
    }
    for (key, node) in one {
        let Some(back) = other.get(key) else { continue };
        for part in ["class_type", "title", "_meta"] {
            if node.get(part) != back.get(part) {
                found.push(format!("{key}: {part} is {:?} for {:?}", back.get(part), node.get(part)));
            }
        }
        let inputs = |node: &Json| -> BTreeMap<String, Json> {
            node["inputs"].as_object().unwrap().clone().into_iter().collect()
        };
        let (inputs, back) = (inputs(node), inputs(back));
        let names = inputs.keys().chain(back.keys().filter(|name| !inputs.contains_key(*name)));
        for name in names.filter(|name| inputs.get(*name) != back.get(*name)) {
            found.push(format!(
                "{key} ({}): {name} is {:?} for {:?}",
                node["class_type"],
                back.get(name),
                inputs.get(name)
            ));
        }
    }
    found
}
