//! A workflow, written as a graph file and a preset and compiled, is the same workflow.
//!
//! The published workflows and the prompts of a real server lie beside the repository; without them those
//! tests say so and are skipped.

mod corpus;
mod small;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::Value as Json;
use wfc::back::toml::{Imported, Options, imported};
use wfc::catalog::{Catalog, InputKind};
use wfc::compile::Compiler;
use wfc::diag::{Diagnostic, Diagnostics};
use wfc::front::toml::graph::GraphFile;
use wfc::front::{json, toml};
use wfc::ir::{Argument, Graph};
use wfc::lower::load;
use wfc::source::Sources;

use crate::support::Folder;

/// The graph of a workflow in API format, which must be readable.
#[track_caller]
fn graph(workflow: &Json, catalog: &Catalog) -> Graph {
    let mut sources = Sources::new();
    let mut diagnostics = Diagnostics::new();
    let text = workflow.to_string();
    let file = sources.add("workflow.json", &*text);
    let arena = json::Arena::new();
    let tree = json::parse(file, &text, &arena, &mut diagnostics);
    let graph = tree.and_then(|tree| json::Document::of(tree).read(file, catalog, &mut diagnostics));
    graph.filter(|_| !diagnostics.has_errors()).unwrap_or_else(|| panic!("{diagnostics:#?}"))
}

/// The files for a workflow.
fn files(workflow: &Json, catalog: &Catalog) -> Result<Imported, Vec<Diagnostic>> {
    let models = wfc::catalog::Models::embedded();
    imported(&graph(workflow, catalog), &Options::new("graph.toml"), &models)
}

/// The workflow that the files give, in API format. `proved`: what is written after the proof; otherwise what is
/// filled in before it.
fn compiled(files: &Imported, compiler: &Compiler, proved: bool) -> Result<Json, String> {
    let folder = Folder::with([("graph.toml", &*files.graph), ("preset.toml", &*files.preset)]);
    let mut sources = Sources::new();
    let mut diagnostics = Diagnostics::new();
    let preset = sources.load(&folder.path("preset.toml")).unwrap();
    let loaded = load::preset(preset, None, &mut sources, &mut diagnostics);
    let job = loaded.as_ref().and_then(|loaded| compiler.job(loaded, &sources, &mut diagnostics));
    let workflow = job.and_then(|mut job| {
        if proved {
            let checked = job.compile(0, &mut diagnostics)?;
            let bytes = wfc::compile::workflow_bytes(
                &checked,
                wfc::back::api::Ids::Names,
                wfc::back::api::Layout::Compact,
            );
            serde_json::from_slice(&bytes).ok()
        } else {
            job.graph(0, &mut diagnostics).map(|graph| api(&graph))
        }
    });
    let said: Vec<String> = diagnostics.iter().map(|it| format!("{}: {}", it.rule, it.message)).collect();
    match workflow {
        Some(workflow) if said.is_empty() => Ok(workflow),
        _ => Err(said.join("\n")),
    }
}

/// What linting the graph file says, as lines.
fn lint(files: &Imported, compiler: &Compiler) -> Vec<String> {
    let mut sources = Sources::new();
    let mut diagnostics = Diagnostics::new();
    let file = sources.add("graph.toml", &*files.graph);
    let graph = toml::read::<GraphFile>(file, &files.graph, &mut diagnostics);
    if let Some(graph) = graph {
        compiler.check_graph(&Arc::new(graph), &sources, &mut diagnostics);
    }
    diagnostics.iter().map(|it| format!("{}: {}", it.rule, it.message)).collect()
}

/// A graph in API format, proved or not.
fn api(graph: &Graph) -> Json {
    let mut workflow = serde_json::Map::new();
    for (_, node) in graph.nodes() {
        let value = |argument: &Argument| match argument {
            Argument::Literal(value) => value.to_json(),
            Argument::Link { from, slot } => serde_json::json!([&*graph.node(*from).key, slot]),
        };
        let inputs: serde_json::Map<_, _> =
            node.inputs().iter().map(|input| (input.name.to_string(), value(&input.value))).collect();
        let mut body = serde_json::json!({"class_type": &*node.class_type, "inputs": inputs});
        if let Some(title) = &node.title {
            body["_meta"] = serde_json::json!({"title": &**title});
        }
        workflow.insert(node.key.to_string(), body);
    }
    Json::Object(workflow)
}

/// What differs between a workflow and what its files gave. `1` and `1.0` are the same for a FLOAT.
fn differences(workflow: &Json, files: &Imported, given: &Json, catalog: &Catalog) -> Vec<String> {
    let names: BTreeMap<&str, &str> = files.names.iter().map(|(id, name)| (&**id, &**name)).collect();
    let distinct: BTreeSet<&str> = names.values().copied().collect();
    let workflow = workflow.as_object().unwrap();
    let mut found = Vec::new();
    if distinct.len() != workflow.len() || given.as_object().unwrap().len() != workflow.len() {
        found.push("the nodes are not as many".to_owned());
    }
    for (id, node) in workflow {
        let Some(&name) = names.get(&**id) else {
            found.push(format!("{id} has no name"));
            continue;
        };
        let class = catalog.class(node["class_type"].as_str().unwrap());
        let other = &given[name];
        if other["class_type"] != node["class_type"] {
            found.push(format!("{id}: the class is {}", other["class_type"]));
        }
        if other["_meta"]["title"] != node["_meta"]["title"] {
            found.push(format!("{id}: the title is {}", other["_meta"]["title"]));
        }
        let inputs = node["inputs"].as_object().unwrap();
        let other = other["inputs"].as_object().unwrap();
        for input in other.keys().filter(|input| !inputs.contains_key(*input)) {
            found.push(format!("{id}: a new input {input}"));
        }
        for (input, value) in inputs {
            let is_float = class.as_ref().is_some_and(|class| {
                let selected = |name: &str| inputs.get(name).and_then(Json::as_str).map(Arc::from);
                let spec = class.find_input(input, &selected);
                spec.is_some_and(|(_, spec)| matches!(spec.kind, InputKind::Float { .. }))
            });
            let expected = match value.as_array().map(Vec::as_slice) {
                Some([Json::String(source), slot]) if names.contains_key(&**source) => {
                    serde_json::json!([names[&**source], slot])
                }
                _ => value.clone(),
            };
            let same = match (other.get(input), is_float) {
                (Some(given), true) if given.is_number() => given.as_f64() == expected.as_f64(),
                (given, _) => given == Some(&expected),
            };
            if !same {
                found.push(format!("{id}: {input} is {:?} for {value}", other.get(input)));
            }
        }
    }
    found
}
