//! What users read when they make a mistake: the rendered text, whole.
//!
//! Every text must say what is wrong, where (line and column), why, and what to do.

mod batch;
mod expressions;
mod extra;
mod graph_file;
mod instances;
mod links;
mod params;
mod preset_file;
mod settings;
mod several;

use crate::support::{EVERY_TYPE, Folder, PICTURE};

/// What `wfc build` says about a preset for [`EVERY_TYPE`].
#[track_caller]
fn preset(text: &str) -> String {
    Folder::with([("g.toml", EVERY_TYPE), ("p.toml", text)]).wfc(&["build", "p.toml"]).findings()
}

/// What `wfc build` says about a parameter's value; the parameter is on line 3.
#[track_caller]
fn param(line: &str) -> String {
    preset(&format!("graph = \"g\"\n[params]\n{line}\n"))
}

/// What `wfc lint` says about [`PICTURE`] with a part of its text replaced.
#[track_caller]
fn picture(part: &str, replacement: &str) -> String {
    assert!(PICTURE.contains(part), "the graph has no `{part}`");
    graph(&PICTURE.replacen(part, replacement, 1))
}

/// What `wfc lint` says about a graph.
#[track_caller]
fn graph(text: &str) -> String {
    let run = Folder::with([("g.toml", text)]).wfc(&["lint", "g.toml"]);
    assert_eq!((run.code, &*run.stderr), (Some(1), ""), "{}", run.stdout);
    run.stdout
}

/// What `wfc build` says about an empty preset for a graph.
#[track_caller]
fn built(graph: &str) -> String {
    Folder::with([("g.toml", graph), ("p.toml", "graph = \"g\"\n")]).wfc(&["build", "p.toml"]).findings()
}
