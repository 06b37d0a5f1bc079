//! The conversions of a corpus against the exports of the real editor, where the corpus is there.
//!
//! What only a browser knows is left out of the comparison, as in the corpus' own tool.

use std::io::Read as _;

use serde_json::Value as Json;
use wfc::catalog::{Catalog, ImportOptions, read_catalog};

use super::{convert, exported};

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/corpus");

/// Rows that differ, and why. All others must be equal.
const DIFFERENT: &[(&str, &str)] = &[
    ("t/api_hunyuan3d_part", "pictures that the editor takes of a 3D view, named by the clock"),
    ("t/api_hunyuan3d_retopo_uv", "pictures that the editor takes of a 3D view, named by the clock"),
    (
        "t/template-multistyle-magazine-cover-nanobananapro",
        "the default of `system_prompt` is prose, which the corpus' catalog leaves out",
    ),
];

fn unpacked(name: &str) -> Option<String> {
    let file = std::fs::File::open(format!("{FOLDER}/{name}")).ok()?;
    let mut text = String::new();
    flate2::read::GzDecoder::new(file).read_to_string(&mut text).unwrap();
    Some(text)
}

#[test]
fn every_file_of_the_corpus_becomes_what_the_editor_exports() {
    let (Some(rows), Some(classes)) = (unpacked("ui_to_api.jsonl.gz"), unpacked("object_info.json.gz"))
    else {
        println!("skipped: there is no corpus in ../shared/corpus");
        return;
    };
    let catalog = read_catalog(classes.as_bytes(), &ImportOptions::default()).unwrap();
    let classes: Json = serde_json::from_str(&classes).unwrap();
    let mut wrong = Vec::new();
    let mut equal = 0;
    for row in rows.lines() {
        let row: Json = serde_json::from_str(row).unwrap();
        let id = row["id"].as_str().unwrap();
        let differences = differences(&row, &catalog, &classes);
        let listed = DIFFERENT.iter().any(|(different, _)| *different == id);
        equal += usize::from(differences.is_empty());
        if differences.is_empty() == listed {
            wrong.push(format!("{id} (listed: {listed})\n    {}", differences.join("\n    ")));
        }
    }
    println!("{equal} of {} conversions equal the editor's", rows.lines().count());
    assert!(wrong.is_empty(), "{} rows:\n{}", wrong.len(), wrong.join("\n"));
}

fn differences(row: &Json, catalog: &Catalog, classes: &Json) -> Vec<String> {
    let converted = convert(&row["ui"].to_string(), catalog);
    let Some(graph) = converted.graph else { return vec!["nothing".to_owned()] };
    let (ours, theirs) = (exported(&graph), &row["api"]);
    let mut found = Vec::new();
    let keys = ours.as_object().unwrap().keys().chain(theirs.as_object().unwrap().keys());
    let mut keys: Vec<&String> = keys.collect();
    keys.sort();
    keys.dedup();
    for key in keys {
        let (Some(our), Some(their)) = (ours.get(key), theirs.get(key)) else {
            let side = if ours.get(key).is_some() { "ours" } else { "theirs" };
            found.push(format!("{key}: only {side}"));
            continue;
        };
        let class = their.get("class_type");
        if our.get("class_type") != class {
            found.push(format!("{key}: class"));
        }
        let declared = class.and_then(|class| classes.get(class.as_str()?));
        let (our, their) = (kept(our, declared), kept(their, declared));
        for (name, value) in &our {
            match their.iter().find(|(other, _)| other == name) {
                Some((_, other)) if same(value, other) => {}
                Some((_, other)) => found.push(format!("{key} ({class:?}).{name}: {value} for {other}")),
                None => found.push(format!("{key} ({class:?}).{name}: {value} for nothing")),
            }
        }
        for (name, value) in their.iter().filter(|(name, _)| !our.iter().any(|(other, _)| other == name)) {
            found.push(format!("{key} ({class:?}).{name}: nothing for {value}"));
        }
    }
    found
}

/// The inputs that count.
fn kept<'j>(node: &'j Json, declared: Option<&Json>) -> Vec<(&'j str, &'j Json)> {
    let inputs = node["inputs"].as_object().into_iter().flatten();
    let counts = |(name, value): &(&String, &Json)| {
        let Some(class) = declared else { return is_link(value) };
        let is_declared = |name: &str| {
            ["required", "optional"].iter().any(|section| class["input"][section].get(name).is_some())
        };
        let of_browser = ["audioUI", "Update inputs"].contains(&name.as_str());
        is_declared(name)
            || is_declared(name.split('.').next().unwrap())
            || is_link(value)
            || (!of_browser && !value.is_null() && value.as_str() != Some(""))
    };
    inputs.filter(counts).map(|(name, value)| (name.as_str(), value)).collect()
}

fn is_link(value: &Json) -> bool {
    value.as_array().is_some_and(|items| items.len() == 2 && items[0].is_string())
}

/// Equality as Python sees it.
fn same(one: &Json, other: &Json) -> bool {
    match (one, other) {
        (Json::Number(one), Json::Number(other)) => one == other || one.as_f64() == other.as_f64(),
        (Json::Array(one), Json::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same(one, other))
        }
        (Json::Object(one), Json::Object(other)) => {
            one.len() == other.len()
                && one.iter().all(|(key, one)| other.get(key).is_some_and(|other| same(one, other)))
        }
        _ => one == other,
    }
}
