//! Workflows as ComfyUI's editor saves them: converting, checking and reporting.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use wfc::catalog::Catalog;
use wfc::diag::Diagnostics;
use wfc::front::json::{Arena, Json, ui};
use wfc::report::{FileReport, Format, HumanOptions};
use wfc::source::Sources;

/// One for all inputs: it reads each class once.
static CATALOG: LazyLock<Catalog> = LazyLock::new(Catalog::embedded);

fuzz_target!(|text: &str| {
    let arena = Arena::new();
    let Ok(root) = Json::parse(text, &arena) else { return };
    let mut sources = Sources::new();
    let mut diagnostics = Diagnostics::new();
    let file = sources.add("w.json", text);
    let graph = ui::read(file, &root, &CATALOG, &mut diagnostics);
    assert!(graph.is_some() || diagnostics.has_errors(), "what is not read is explained");
    let _ = graph.and_then(|graph| wfc::check::check(graph, &CATALOG, &mut diagnostics));
    let diagnostics = diagnostics.into_sorted();
    let files = [FileReport { path: "w.json".into(), kind: "ui", diagnostics }];
    for format in [Format::Human, Format::Json, Format::Sarif, Format::Github, Format::Junit] {
        assert!(!format.render(&sources, &files, HumanOptions::default()).is_empty());
    }
});
