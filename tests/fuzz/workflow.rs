//! Workflows in any JSON format: reading, checking, writing and reporting.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use wfc::back::api::{Ids, Layout};
use wfc::catalog::Catalog;
use wfc::compile::workflow_bytes;
use wfc::diag::Diagnostics;
use wfc::front::json;
use wfc::ir::Graph;
use wfc::report::{FileReport, Format, HumanOptions};
use wfc::source::{FileId, Sources};

/// One for all inputs: it reads each class once.
static CATALOG: LazyLock<Catalog> = LazyLock::new(Catalog::embedded);

fn read(file: FileId, text: &str, diagnostics: &mut Diagnostics) -> Option<Graph> {
    let arena = json::Arena::new();
    let tree = json::parse(file, text, &arena, diagnostics)?;
    json::Document::of(tree).read(file, &CATALOG, diagnostics)
}

fuzz_target!(|text: &str| {
    let mut sources = Sources::new();
    let mut diagnostics = Diagnostics::new();
    let file = sources.add("w.json", text);
    let graph = read(file, text, &mut diagnostics);
    assert!(graph.is_some() || diagnostics.has_errors(), "what is not read is explained");
    let checked = graph.and_then(|graph| wfc::check::check(graph, &CATALOG, &mut diagnostics));
    if let Some(checked) = checked.filter(|_| !diagnostics.has_errors()) {
        let bytes = workflow_bytes(&checked, Ids::Names, Layout::Pretty);
        let text = String::from_utf8(bytes).expect("JSON is text");
        let mut diagnostics = Diagnostics::new();
        let again = read(file, &text, &mut diagnostics).expect("what wfc writes, it reads");
        assert_eq!(again.len(), checked.graph().len());
    }
    let diagnostics = diagnostics.into_sorted();
    let files = [FileReport { path: "w.json".into(), kind: "api", diagnostics }];
    for format in [Format::Human, Format::Json, Format::Sarif, Format::Github, Format::Junit] {
        assert!(!format.render(&sources, &files, HumanOptions::default()).is_empty());
    }
});
