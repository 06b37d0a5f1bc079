//! What must hold for any input: no panic, places inside the files, nothing written beside an error, the
//! same bytes each time.

mod generate;
mod harness;

use proptest::collection::vec;
use proptest::prelude::*;
use wfc::diag::Diagnostics;
use wfc::front::toml;
use wfc::front::toml::graph::GraphFile;
use wfc::lower::library;
use wfc::source::Sources;

use crate::support::{EVERY_TYPE, PICTURE, repository, toml_files};
use generate::{expressions, mutated, mutations, preset_within_ranges};
use harness::{check_graph, check_workflow, compile};

/// So many cases, or as many as `PROPTEST_CASES` says. No file remembers failures: what fails becomes a
/// test of its own.
fn cases(count: u32) -> ProptestConfig {
    let default = ProptestConfig { failure_persistence: None, ..ProptestConfig::default() };
    if std::env::var_os("PROPTEST_CASES").is_some() {
        return default;
    }
    ProptestConfig { cases: count, ..default }
}

/// Any text, and texts of TOML's own characters.
fn texts() -> impl Strategy<Value = String> {
    prop_oneof![
        vec(any::<u8>(), 0..200).prop_map(|bytes| String::from_utf8_lossy(&bytes).into_owned()),
        "[a-z\\[\\]{}=.,'\"# \n0-9é\\\\-]{0,120}",
        "(graph|params|nodes|models|target|matrix|ladder|extends|title) = [\\[\\]{}=.,'\"a-z0-9 \n]{0,60}",
    ]
}

/// Every kind of axis, and a ladder.
const BATCH: &str = r#"graph = "g"
[params]
prompt = "p"
[matrix]
seed = { from = 1, to = 3 }
strength = { from = 0.1, count = 2, step = 0.1 }
shots = [ { prompt = "a", image = "a.png" }, { prompt = "b", image = "b.png" } ]
models.vae = ["wan21-vae", "b.safetensors"]
[[ladder]]
name = "draft"
params = { count = 1, tiled = true }
[[ladder]]
name = "final"
params.count = 5
"#;

fn graph_file(text: &str) -> GraphFile {
    let mut sources = Sources::new();
    let file = sources.add("g.toml", text);
    toml::read(file, text, &mut Diagnostics::new()).expect("the built-in graphs are read")
}

proptest! {
    #![proptest_config(cases(300))]

    #[test]
    fn any_text_may_be_a_preset(text in texts()) {
        compile(&text, Some(PICTURE), &[]);
    }

    #[test]
    fn any_text_may_be_a_graph(text in texts()) {
        compile("graph = 'g'\n", Some(&text), &[]);
        check_graph(&text);
    }

    #[test]
    fn any_text_may_be_a_workflow(text in prop_oneof![texts(), "[\\[\\]{}:,\"a-z0-9_\\\\ ]{0,80}"]) {
        check_workflow(&text);
    }

    #[test]
    fn any_text_may_be_a_setting(
        settings in vec(
            prop_oneof![".{0,30}", "(count|strength|prompt|seed|loras|models.vae|é) ?= ?[\\[\\]{}'\"a-z0-9.,é= ]{0,20}"],
            1..3,
        )
    ) {
        let settings: Vec<&str> = settings.iter().map(String::as_str).collect();
        compile("graph = 'g'\n", Some(EVERY_TYPE), &settings);
    }

    #[test]
    fn small_files_with_mistakes_are_reported_or_compiled(
        changes in mutations(), graph in prop::sample::select(&[PICTURE, EVERY_TYPE][..])
    ) {
        let graph = mutated(graph, &changes);
        let outcome = compile("graph = 'g'\n", Some(&graph), &[]);
        prop_assert_eq!(outcome.workflow.is_none(), !outcome.errors().is_empty(), "{}", outcome.report);
        check_graph(&graph);
    }
}

proptest! {
    #![proptest_config(cases(200))]

    #[test]
    fn batches_with_mistakes_are_reported_or_compiled(changes in mutations()) {
        let outcome = compile(&mutated(BATCH, &changes), Some(EVERY_TYPE), &[]);
        prop_assert_eq!(outcome.workflow.is_none(), !outcome.errors().is_empty(), "{}", outcome.report);
    }

    #[test]
    fn presets_with_mistakes_are_reported_or_compiled(changes in mutations(), pick in any::<prop::sample::Index>()) {
        let files = toml_files("presets");
        let (_, text) = &files[pick.index(files.len())];
        let outcome = compile(&mutated(text, &changes), None, &[]);
        prop_assert_eq!(outcome.workflow.is_none(), !outcome.errors().is_empty(), "{}", outcome.report);
    }
}

proptest! {
    #![proptest_config(cases(100))]

    #[test]
    fn graphs_with_mistakes_are_reported_or_compiled(changes in mutations(), pick in any::<prop::sample::Index>()) {
        let presets = toml_files("presets");
        let presets: Vec<&String> = presets.iter().map(|(_, text)| text).filter(|text| text.contains("\ngraph =")).collect();
        let preset = presets[pick.index(presets.len())];
        let (_, graph) = library::GRAPHS
            .iter()
            .find(|(name, _)| preset.contains(&format!("\ngraph = \"{name}\"\n")))
            .expect("presets name built-in graphs");
        let outcome = compile(preset, Some(&mutated(graph, &changes)), &[]);
        prop_assert_eq!(outcome.workflow.is_none(), !outcome.errors().is_empty(), "{}", outcome.report);
    }

    #[test]
    fn workflows_with_mistakes_are_reported_or_accepted(changes in mutations(), pick in any::<prop::sample::Index>()) {
        let files = toml_files("presets");
        let (name, _) = &files[pick.index(files.len())];
        let text = std::fs::read_to_string(repository(&format!("presets/{name}.workflow_api.json"))).unwrap();
        let outcome = check_workflow(&mutated(&text, &changes));
        prop_assert_eq!(outcome.workflow.is_none(), !outcome.errors().is_empty(), "{}", outcome.report);
    }

    #[test]
    fn values_within_the_declared_ranges_compile_unless_a_constraint_forbids(
        choices in vec(any::<u64>(), 97), pick in any::<prop::sample::Index>()
    ) {
        let (name, text) = library::GRAPHS[pick.index(library::GRAPHS.len())];
        let preset = preset_within_ranges(name, &graph_file(text), &choices);
        let outcome = compile(&preset, None, &[]);
        let unexpected = outcome.errors().into_iter().any(|rule| rule != "constraint-violated");
        prop_assert!(!unexpected, "{preset}\n{}", outcome.report);
        prop_assert_eq!(outcome.workflow.is_some(), outcome.errors().is_empty());
    }
}

proptest! {
    #![proptest_config(cases(1000))]

    #[test]
    fn any_expression_gives_a_value_or_a_reason(text in expressions()) {
        let graph = EXPRESSION.replace("EXPRESSION", &serde_json::to_string(&text).unwrap());
        let outcome = compile("graph = 'g'\n", Some(&graph), &[]);
        prop_assert_eq!(outcome.workflow.is_none(), !outcome.errors().is_empty(), "{}", outcome.report);
    }
}

/// A graph with an expression in every place that takes one.
const EXPRESSION: &str = r#"title = "Expression"
[params.width]
type = "int"
default = 64
doc = "A number."
[params.name]
type = "string"
default = "é漢"
doc = "A text."
[params.on]
type = "bool"
default = true
doc = "A switch."
[params.ratio]
type = "float"
default = -0.5
doc = "A fraction."
[params.loras]
type = "lora-list"
default = ["é.safetensors"]
doc = "A list."
[nodes.value]
class = "PreviewAny"
inputs = { source = { expr = EXPRESSION } }
[nodes.switched]
class = "PreviewAny"
when = EXPRESSION
inputs = { source = 1 }
"#;

#[test]
fn an_unexpected_character_is_marked_whole() {
    let outcome = check_graph(&PICTURE.replace("width // 2", "width § 2"));
    assert_eq!(outcome.errors(), ["bad-expression"]);
}

#[test]
fn chains_of_operators_of_any_length_are_safe_in_a_thread() {
    for (begin, link, end) in [
        ("", "-", "1"),
        ("", "not ", "on"),
        ("1", "+1", ""),
        ("1", "**1", ""),
        ("1", "|abs", ""),
        ("(", "(", ""),
        ("", "1 if on else ", "1"),
    ] {
        let text = format!("{begin}{}{end}", link.repeat(4090 / link.len()));
        let graph = PICTURE.replace("width // 2", &text).replace(
            "[params.name]",
            "[params.on]\ntype = \"bool\"\ndefault = true\ndoc = \"On.\"\n[params.name]",
        );
        compile("graph = 'g'\n", Some(&graph), &[]);
    }
}
