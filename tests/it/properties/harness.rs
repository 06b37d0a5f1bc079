//! Compiles texts that are in memory, and checks what must hold for whatever they say.

use std::sync::{Arc, LazyLock};

use wfc::back::api::{Ids, Layout};
use wfc::catalog::Catalog;
use wfc::compile::{Compiler, WorkflowOptions, workflow_bytes};
use wfc::diag::{Diagnostic, Diagnostics, Severity};
use wfc::front::json;
use wfc::front::toml;
use wfc::front::toml::graph::GraphFile;
use wfc::front::toml::preset::Preset;
use wfc::lint::Levels;
use wfc::lower::load::{self, Loaded};
use wfc::report::{FileReport, Format, HumanOptions};
use wfc::source::{Sources, Span};

/// One compiler for all cases: its catalog reads each class once.
static COMPILER: LazyLock<Compiler> = LazyLock::new(|| Compiler::new(Arc::new(Catalog::embedded())));

/// Most combinations of a batch that are compiled.
const MAX_COMBINATIONS: u64 = 4;

/// What compiling gave.
#[derive(Debug)]
pub(super) struct Outcome {
    /// The first workflow.
    pub(super) workflow: Option<Vec<u8>>,
    /// The problems, sorted.
    pub(super) diagnostics: Vec<Diagnostic>,
    /// What a user would read.
    pub(super) report: String,
}

/// Compiles a preset against a graph, or against the built-in one that it names, after applying settings.
pub(super) fn compile(preset: &str, graph: Option<&str>, settings: &[&str]) -> Outcome {
    let mut sources = Sources::new();
    let mut diagnostics = Diagnostics::new();
    let loaded = load(preset, graph, &mut sources, &mut diagnostics).map(|mut loaded| {
        for setting in settings {
            load::set(&mut loaded, setting, &mut sources, &mut diagnostics);
        }
        loaded
    });
    let mut workflow = None;
    if let Some(loaded) = &loaded {
        workflow = workflows(loaded, &sources, &mut diagnostics);
    }
    finish(workflow, &sources, diagnostics)
}

/// Checks a graph by itself.
pub(super) fn check_graph(text: &str) -> Outcome {
    let mut sources = Sources::new();
    let mut diagnostics = Diagnostics::new();
    let file = sources.add("g.toml", text);
    if let Some(graph) = toml::read::<GraphFile>(file, text, &mut diagnostics) {
        COMPILER.check_graph(&Arc::new(graph), &sources, &mut diagnostics);
    }
    finish(None, &sources, diagnostics)
}

/// Reads a workflow in API format, and checks it.
pub(super) fn check_workflow(text: &str) -> Outcome {
    let mut sources = Sources::new();
    let mut diagnostics = Diagnostics::new();
    let file = sources.add("w.json", text);
    let arena = json::Arena::new();
    let tree = json::parse(file, text, &arena, &mut diagnostics);
    let graph =
        tree.and_then(|tree| json::Document::of(tree).read(file, &COMPILER.catalog, &mut diagnostics));
    let checked = graph.and_then(|graph| wfc::check::check(graph, &COMPILER.catalog, &mut diagnostics));
    let checked = checked.filter(|_| !diagnostics.has_errors());
    let workflow = checked.map(|checked| workflow_bytes(&checked, Ids::Names, Layout::Pretty));
    lint_workflow(text);
    finish(workflow, &sources, diagnostics)
}

/// Checks and lints a workflow in whatever format: places lie in the text, and both readings agree.
fn lint_workflow(text: &str) {
    let mut sources = Sources::new();
    let mut diagnostics = Diagnostics::new();
    let file = sources.add("w.json", text);
    let options = WorkflowOptions { lint: Some(Levels::default().into()), ..WorkflowOptions::default() };
    COMPILER.workflow(file, text, &options, &mut diagnostics);
    for found in &diagnostics {
        assert!(found.span().is_some() || found.rule == "prompt-no-outputs", "no place: {found:?}");
    }
    finish(None, &sources, diagnostics);
}

fn load(
    preset: &str,
    graph: Option<&str>,
    sources: &mut Sources,
    diagnostics: &mut Diagnostics,
) -> Option<Loaded> {
    let file = sources.add("no-such-folder/p.toml", preset);
    let Some(graph) = graph else { return load::preset(file, None, sources, diagnostics) };
    let preset = toml::read::<Preset>(file, preset, diagnostics)?;
    let graph_file = sources.add("g.toml", graph);
    let graph = Arc::new(toml::read::<GraphFile>(graph_file, graph, diagnostics)?);
    Some(Loaded {
        preset,
        graph_name: "g".into(),
        graph_span: Span::new(file, 0..0),
        graph,
        policies: Vec::new(),
        comments: Vec::new(),
    })
}

/// The first workflow, if all is well; every one can be written, twice the same.
fn workflows(loaded: &Loaded, sources: &Sources, diagnostics: &mut Diagnostics) -> Option<Vec<u8>> {
    let mut job = COMPILER.job(loaded, sources, diagnostics)?;
    if diagnostics.has_errors() {
        return None;
    }
    let mut all = Vec::new();
    for number in 0..job.count().min(MAX_COMBINATIONS) {
        let checked = job.compile(number, diagnostics)?;
        for layout in [Layout::Pretty, Layout::Compact] {
            let bytes = workflow_bytes(&checked, Ids::Names, layout);
            let again = job.compile(number, diagnostics).expect("it compiled a moment ago");
            assert!(bytes == workflow_bytes(&again, Ids::Names, layout), "twice the same bytes");
            let json: serde_json::Value = serde_json::from_slice(&bytes).expect("valid JSON");
            assert_eq!(json.as_object().map(serde_json::Map::len), Some(checked.graph().len()));
            all.push(bytes);
        }
    }
    all.into_iter().next()
}

fn finish(workflow: Option<Vec<u8>>, sources: &Sources, diagnostics: Diagnostics) -> Outcome {
    for diagnostic in &diagnostics {
        assert_sound(diagnostic, sources);
    }
    let failed = diagnostics.has_errors();
    assert!(!(failed && workflow.is_some()), "nothing is written where there is an error");
    let diagnostics = diagnostics.into_sorted();
    let files = [FileReport { path: "p.toml".into(), kind: "preset", diagnostics }];
    let report = Format::Human.render(sources, &files, HumanOptions::default());
    for format in [Format::Json, Format::Sarif] {
        let json = format.render(sources, &files, HumanOptions::default());
        serde_json::from_str::<serde_json::Value>(&json).expect("the report is JSON");
    }
    let commands = Format::Github.render(sources, &files, HumanOptions::default());
    assert_eq!(
        commands.lines().count(),
        files[0].diagnostics.len() + 1,
        "a line for each problem: {commands}"
    );
    let suites = Format::Junit.render(sources, &files, HumanOptions::default());
    assert!(suites.ends_with("</testsuites>\n"), "{suites}");
    let [FileReport { diagnostics, .. }] = files;
    Outcome { workflow, diagnostics, report }
}

/// A diagnostic says something, and its places lie in their files.
fn assert_sound(diagnostic: &Diagnostic, sources: &Sources) {
    assert!(!diagnostic.message.trim().is_empty(), "{diagnostic:?}");
    assert!(
        diagnostic
            .rule
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
    );
    let edits = diagnostic.fix.iter().flat_map(|fix| &fix.edits).map(|edit| edit.span);
    for span in diagnostic.labels.iter().map(|label| label.span).chain(edits) {
        let text = sources.file(span.file).text();
        let range = span.range();
        assert!(range.start <= range.end && range.end <= text.len(), "{diagnostic:?}");
        assert!(text.is_char_boundary(range.start) && text.is_char_boundary(range.end), "{diagnostic:?}");
    }
}

impl Outcome {
    /// The rules of the errors, in order.
    pub(super) fn errors(&self) -> Vec<&str> {
        let errors = self.diagnostics.iter().filter(|diagnostic| diagnostic.severity == Severity::Error);
        errors.map(|diagnostic| diagnostic.rule).collect()
    }
}
