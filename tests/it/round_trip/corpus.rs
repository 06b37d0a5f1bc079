//! The prompts that a real server accepts, and what the real editor exports.

use std::io::BufRead as _;
use std::path::Path;

use flate2::read::GzDecoder;
use serde_json::Value as Json;
use wfc::catalog::{Catalog, ImportOptions, read_catalog};
use wfc::check::check;
use wfc::compile::Compiler;
use wfc::diag::Diagnostics;
use wfc::front::json;
use wfc::source::Sources;

use super::{compiled, differences, files, graph, lint};

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/corpus");

fn lines(name: &str) -> impl Iterator<Item = Json> {
    let file = std::fs::File::open(Path::new(FOLDER).join(name)).unwrap();
    let lines = std::io::BufReader::new(GzDecoder::new(file)).lines();
    lines.map(|line| serde_json::from_str(&line.unwrap()).unwrap())
}

/// A compiler against the server that judged the prompts, if its answers are there.
fn compiler() -> Option<Compiler> {
    let bytes = std::fs::read(Path::new(FOLDER).join("object_info.json.gz")).ok()?;
    Some(Compiler::new(read_catalog(&bytes, &ImportOptions::default()).unwrap().into()))
}

/// What is wrong with the files for a workflow, as lines. They must be proved if the workflow is.
fn problems(id: &str, workflow: &Json, compiler: &Compiler) -> Vec<String> {
    let catalog = &compiler.catalog;
    let proved = check(graph(workflow, catalog), catalog, &mut Diagnostics::new()).is_some();
    let found = match files(workflow, catalog) {
        Err(problems) => problems.iter().map(|problem| problem.message.clone()).collect(),
        Ok(files) => match compiled(&files, compiler, proved) {
            Err(said) => vec![said],
            Ok(given) => {
                let mut found = differences(workflow, &files, &given, catalog);
                found.extend(lint(&files, compiler).into_iter().filter(|_| proved));
                found
            }
        },
    };
    found.into_iter().map(|problem| format!("{id}: {problem}")).collect()
}

#[track_caller]
fn none(problems: &[String]) {
    let shown = problems.iter().take(40).map(String::as_str).collect::<Vec<_>>().join("\n");
    assert!(problems.is_empty(), "{} problems:\n{shown}", problems.len());
}

#[test]
fn every_prompt_that_a_server_accepts_comes_back() {
    let Some(compiler) = compiler() else {
        eprintln!("skipped: there is no corpus beside the repository");
        return;
    };
    let accepted = lines("prompts.jsonl.gz").filter(|line| {
        let verdict = &line["verdict"];
        line["id"].as_str().is_some_and(|id| id.contains("#identity#"))
            && verdict["ok"] == true
            && verdict["errors"].as_array().is_some_and(Vec::is_empty)
    });
    let mut count = 0;
    let mut found = Vec::new();
    for line in accepted {
        count += 1;
        found.extend(problems(line["id"].as_str().unwrap(), &line["prompt"], &compiler));
    }
    none(&found);
    println!("{count} accepted prompts came back from graph file and preset");
    assert!(count > 100, "{count} prompts");
}

#[test]
fn every_export_of_the_editor_comes_back_or_is_no_workflow() {
    let Some(compiler) = compiler() else {
        eprintln!("skipped: there is no corpus beside the repository");
        return;
    };
    let (mut count, mut refused) = (0, 0);
    let mut found = Vec::new();
    for line in lines("ui_to_api.jsonl.gz") {
        count += 1;
        let (id, workflow) = (line["id"].as_str().unwrap(), &line["api"]);
        let nodes = workflow.as_object().unwrap();
        let without_class: Vec<&String> =
            nodes.iter().filter(|(_, node)| node["class_type"].is_null()).map(|(id, _)| id).collect();
        if without_class.is_empty() {
            found.extend(problems(id, workflow, &compiler));
            continue;
        }
        refused += 1;
        let said = refusal(workflow, &compiler.catalog);
        found.extend(
            without_class
                .iter()
                .filter(|node| !said.contains(&format!("`{node}`")))
                .map(|node| format!("{id}: nothing is said about {node}: {said}")),
        );
    }
    none(&found);
    println!("{} of {count} exports came back, {refused} have nodes without a class", count - refused);
    assert!(count > 100 && refused > 0, "{count} exports, {refused} refused");
}

#[test]
fn every_published_workflow_comes_back_or_names_a_class_that_is_not_known() {
    let Ok(folder) = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/pipelines")) else {
        eprintln!("skipped: there are no reference workflows beside the repository");
        return;
    };
    let compiler = Compiler::new(Catalog::embedded().into());
    let mut found = Vec::new();
    for path in folder.map(|entry| entry.unwrap().path()) {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if name.ends_with(".api.json") {
            let workflow = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
            found.extend(problems(&name, &workflow, &compiler));
        }
    }
    found.retain(|problem| !problem.contains(": unknown-class: "));
    none(&found);
}

/// What is said about a workflow that no server accepts.
fn refusal(workflow: &Json, catalog: &Catalog) -> String {
    let text = workflow.to_string();
    let mut diagnostics = Diagnostics::new();
    let file = Sources::new().add("workflow.json", &*text);
    let arena = json::Arena::new();
    let tree = json::parse(file, &text, &arena, &mut diagnostics);
    let graph = tree.and_then(|tree| json::Document::of(tree).read(file, catalog, &mut diagnostics));
    assert!(graph.is_none() || diagnostics.has_errors());
    let said: Vec<&str> = diagnostics.iter().map(|problem| &*problem.message).collect();
    said.join("\n")
}
