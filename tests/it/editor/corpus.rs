//! What is written against what the real editor saved, and prompts of a real server there and back, where the corpus is.

use std::collections::BTreeMap;
use std::io::BufRead as _;
use std::path::Path;

use flate2::read::GzDecoder;
use serde_json::Value as Json;
use wfc::catalog::{Catalog, ImportOptions, is_editor_input, read_catalog};

use super::{api, differences, parsed, read, written};

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/corpus");

fn lines(name: &str) -> impl Iterator<Item = Json> {
    let file = std::fs::File::open(Path::new(FOLDER).join(name)).unwrap();
    let lines = std::io::BufReader::new(GzDecoder::new(file)).lines();
    lines.map(|line| serde_json::from_str(&line.unwrap()).unwrap())
}

fn catalog() -> Option<Catalog> {
    let Ok(bytes) = std::fs::read(Path::new(FOLDER).join("object_info.json.gz")) else {
        println!("skipped: there is no corpus in ../shared/corpus");
        return None;
    };
    Some(read_catalog(&bytes, &ImportOptions::default()).unwrap())
}

/// The workflows of prompts that the server accepts whole, one of each kind, and of what the editor exports with all its
/// classes, by their names.
fn workflows() -> impl Iterator<Item = (String, Json)> {
    let accepted = lines("prompts.jsonl.gz").filter(|line| {
        let verdict = &line["verdict"];
        line["id"].as_str().is_some_and(|id| id.contains("#identity#"))
            && verdict["ok"] == true
            && verdict["errors"].as_array().is_some_and(Vec::is_empty)
    });
    let id = |line: &Json| line["id"].as_str().unwrap().to_owned();
    let prompts = accepted.map(move |line| (id(&line), line["prompt"].clone()));
    prompts.chain(exports().map(move |line| (id(&line), line["api"].clone())))
}

/// What the real editor saved and exported, where it knew all classes.
fn exports() -> impl Iterator<Item = Json> {
    lines("ui_to_api.jsonl.gz")
        .filter(|line| line["api"].as_object().unwrap().values().all(|node| node["class_type"].is_string()))
}

/// A workflow without what the editor adds to nodes and no server looks at: players, buttons.
fn without_editors_own(mut workflow: Json) -> Json {
    for node in workflow.as_object_mut().unwrap().values_mut() {
        let class = node["class_type"].as_str().unwrap().to_owned();
        node["inputs"].as_object_mut().unwrap().retain(|name, _| !is_editor_input(&class, name));
    }
    workflow
}

#[test]
fn every_accepted_prompt_comes_back_from_the_editors_format() {
    let Some(catalog) = catalog() else { return };
    let (mut count, mut remarks) = (0, 0);
    let mut found = Vec::new();
    let mut fates: BTreeMap<String, usize> = BTreeMap::new();
    for (id, workflow) in workflows() {
        let (graph, _) = read(&workflow.to_string(), &catalog);
        let file = written(&graph, &catalog);
        remarks += usize::from(!file.remarks.is_empty());
        let (back, _) = read(std::str::from_utf8(&file.bytes).unwrap(), &catalog);
        count += 1;
        let said = |problem: &String| {
            let is_of = |key: &str, input: &str| {
                problem.starts_with(&format!("{key} ")) && problem.contains(&format!(": {input} is "))
            };
            file.remarks.iter().any(|remark| is_of(&remark.key, &remark.input))
        };
        for remark in &file.remarks {
            *fates.entry(format!("{} {}: {:?}", remark.class, remark.input, remark.fate)).or_default() += 1;
        }
        let problems = differences(&without_editors_own(api(&graph)), &without_editors_own(api(&back)));
        found.extend(problems.into_iter().filter(|it| !said(it)).map(|it| format!("{id}: {it}")));
    }
    println!("{count} workflows there and back, {remarks} with remarks, {} differences", found.len());
    println!("{fates:#?}");
    let shown = found.iter().take(60).map(String::as_str).collect::<Vec<_>>().join("\n");
    assert!(found.is_empty(), "{} problems:\n{shown}", found.len());
    assert!(count > 400, "{count}");
}

/// The nodes of a file by the keys that an export gives them.
fn saved<'f>(
    file: &'f Json,
    sheet: &'f Json,
    prefix: &str,
    depth: usize,
    nodes: &mut BTreeMap<String, &'f Json>,
) {
    let definitions = file["definitions"]["subgraphs"].as_array();
    for node in sheet["nodes"].as_array().into_iter().flatten() {
        let key = format!("{prefix}{}", node["id"]);
        let of = |definition: &&Json| definition["id"] == node["type"];
        if let Some(definition) = definitions.and_then(|all| all.iter().find(of)).filter(|_| depth < 8) {
            saved(file, definition, &format!("{key}:"), depth + 1, nodes);
        }
        nodes.insert(key, node);
    }
}

/// Classes of which the corpus has a node that is not as the editor saves it now, and why.
const DIFFERENT: &[(&str, &str)] = &[
    ("Load3D", "the export has the picture that the editor takes as it sends the workflow"),
    ("LTXVAudioVAELoader", "a file from before an input was added in front"),
    ("LTXVImgToVideoInplace", "a switch whose value on the subgraph's node is a number"),
    ("LoadImage", "a file of an old editor that saved the upload button itself"),
];

fn kind(value: &Json) -> &'static str {
    match value {
        Json::Null => "nothing",
        Json::Bool(_) => "a boolean",
        Json::Number(_) => "a number",
        Json::String(_) => "a text",
        Json::Array(_) => "a list",
        Json::Object(_) => "an object",
    }
}

/// Values without what stands for buttons and views at the end.
fn trimmed(values: &Json) -> &[Json] {
    let values = values.as_array().map(Vec::as_slice).unwrap_or_default();
    let is_empty = |value: &Json| value.is_null() || value == "";
    let end = values.iter().rposition(|value| !is_empty(value)).map_or(0, |last| last + 1);
    &values[..end]
}

#[test]
fn values_stand_as_the_real_editor_saves_them() {
    let Some(catalog) = catalog() else { return };
    let (mut compared, mut drifted, mut equal) = (0, 0, 0);
    let mut classes = std::collections::BTreeSet::new();
    let mut found: BTreeMap<String, usize> = BTreeMap::new();
    for row in exports() {
        let (_, said) = read(&row["ui"].to_string(), &catalog);
        let is_drifted = |key: &str| {
            said.iter().any(|it| {
                let node = it.node.as_ref().map(|node| &*node.key);
                it.rule == "widget-count-mismatch" && node == Some(key.rsplit(':').next().unwrap())
            })
        };
        let mut nodes = BTreeMap::new();
        saved(&row["ui"], &row["ui"], "", 0, &mut nodes);
        let (graph, _) = read(&row["api"].to_string(), &catalog);
        let file = parsed(&written(&graph, &catalog));
        for ours in file["nodes"].as_array().unwrap() {
            let key = ours["properties"]["wfc_key"].as_str().unwrap();
            let Some(theirs) = nodes.get(key).filter(|node| node["type"] == ours["type"]) else { continue };
            let class = ours["type"].as_str().unwrap();
            let saved = &theirs["widgets_values"];
            let is_empty = |values: &Json| values.is_null() || values.as_array().is_some_and(Vec::is_empty);
            let has_none = is_empty(saved) && !is_empty(&ours["widgets_values"]);
            if catalog.class(class).is_none() || is_drifted(key) || has_none {
                drifted += 1;
                continue;
            }
            compared += 1;
            classes.insert(class.to_owned());
            let (ours, theirs) = (&ours["widgets_values"], &theirs["widgets_values"]);
            if theirs.is_object() || ours.is_object() {
                let same = ours.is_object() && theirs.is_object();
                if !same {
                    *found.entry(format!("{class}: {} for {}", kind(ours), kind(theirs))).or_default() += 1;
                }
                equal += usize::from(same);
                continue;
            }
            let list = |values: &Json| values.as_array().cloned().unwrap_or_default();
            let lists = (list(ours), list(theirs));
            let is_as_long = lists.0.len() == lists.1.len();
            let (our, their) =
                if is_as_long { (&lists.0[..], &lists.1[..]) } else { (trimmed(ours), trimmed(theirs)) };
            let fits =
                |one: &Json, other: &Json| kind(one) == kind(other) || one.is_null() || other.is_null();
            let is_alike =
                our.len() == their.len() && our.iter().zip(their).all(|(one, other)| fits(one, other));
            if !is_alike && !DIFFERENT.iter().any(|(different, _)| *different == class) {
                *found.entry(format!("{class}: {ours} for {theirs}")).or_default() += 1;
            }
            equal += usize::from(our == their);
        }
    }
    println!(
        "{compared} nodes of {} classes compared with the editor's files, {equal} with equal values, {drifted} left out \
         because they have no values, or their class has changed or is not known",
        classes.len()
    );
    let shown = found.keys().take(80).map(String::as_str).collect::<Vec<_>>().join("\n");
    assert!(found.is_empty(), "{} kinds of differences:\n{shown}", found.len());
    assert!(compared > 3_000, "{compared}");
}
