//! The verdicts of a real server, where they are there.

use std::collections::BTreeSet;
use std::io::Read as _;
use std::sync::Arc;

use serde_json::{Map, Value as Json};
use wfc::catalog::{ImportOptions, read_catalog};
use wfc::compile::Compiler;
use wfc::diag::Diagnostic;

use super::verdict;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/corpus");

/// Least part of the prompts on which all errors are the same, in percent, if the server may have taken the
/// nodes and inputs in any order.
const SAME_ERRORS: f64 = 99.5;

/// The same, if it took them in the order of the file. It takes them as Python's sets have them, which is another
/// way after each start, and where a node makes it fail, its answer shows which way: as much as this differs
/// between two starts of the server itself.
const SAME_IN_ORDER: f64 = 99.0;

/// So many orders of a prompt's nodes and inputs are tried to find one that leads to the server's answer.
const ORDERS: u64 = 300;

/// An error: node, type, input.
type Error = (Option<String>, String, Option<String>);

fn unpacked(name: &str) -> Option<Vec<u8>> {
    let file = std::fs::File::open(format!("{FOLDER}/{name}")).ok()?;
    let mut bytes = Vec::new();
    flate2::read::GzDecoder::new(file).read_to_end(&mut bytes).unwrap();
    Some(bytes)
}

/// What the server said.
fn theirs(verdict: &Json) -> BTreeSet<Error> {
    let text = |value: &Json| value.as_str().map(str::to_owned);
    let errors = verdict["errors"].as_array().unwrap();
    let row = |row: &Json| {
        let (node, kind, input) = (text(&row[0]), text(&row[1]).unwrap(), text(&row[2]));
        // For a missing class, which is an error of the whole prompt, the node stands in the place of the input.
        if kind == "missing_node_type" { (input, kind, None) } else { (node, kind, input) }
    };
    errors.iter().map(row).collect()
}

/// What wfc says that the server says.
fn ours(compiler: &Compiler, prompt: &Json) -> BTreeSet<Error> {
    let found = verdict(compiler, &prompt.to_string());
    let errors = found.iter().flat_map(Diagnostic::server_errors);
    errors.map(|(node, kind, input)| (node.map(Into::into), kind.into(), input.map(Into::into))).collect()
}

/// The same prompt with its nodes, and the inputs of each, in another order.
fn reordered(prompt: &Json, order: u64) -> Json {
    let mut state = order;
    let mut shuffled = |map: &Map<String, Json>| -> Map<String, Json> {
        let mut entries: Vec<(&String, &Json)> = map.iter().collect();
        entries.sort_by_cached_key(|_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            state >> 33
        });
        entries.into_iter().map(|(key, value)| (key.clone(), value.clone())).collect()
    };
    let mut nodes = shuffled(prompt.as_object().unwrap());
    for node in nodes.values_mut() {
        if let Some(inputs) = node.get_mut("inputs").and_then(Json::as_object_mut) {
            *inputs = shuffled(inputs);
        }
    }
    nodes.into()
}

#[test]
fn every_prompt_of_the_corpus_gets_the_verdict_of_the_server() {
    let (Some(rows), Some(classes)) = (unpacked("prompts.jsonl.gz"), unpacked("object_info.json.gz")) else {
        println!("skipped: there is no corpus in ../shared/corpus");
        return;
    };
    let catalog = read_catalog(&classes, &ImportOptions::default()).unwrap();
    let compiler = Compiler::new(Arc::new(catalog));
    let (mut prompts, mut same, mut in_order) = (0, 0, 0);
    let (mut wrong, mut different) = (Vec::new(), Vec::new());
    for row in String::from_utf8(rows).unwrap().lines() {
        let row: Json = serde_json::from_str(row).unwrap();
        let (prompt, theirs) = (&row["prompt"], theirs(&row["verdict"]));
        let ours = ours(&compiler, prompt);
        prompts += 1;
        let accepted = row["verdict"]["ok"] == true && theirs.is_empty();
        if accepted != ours.is_empty() {
            wrong.push(row["id"].to_string());
        }
        in_order += u32::from(ours == theirs);
        let in_another = |order| self::ours(&compiler, &reordered(prompt, order)) == theirs;
        if ours == theirs || (0..ORDERS).any(in_another) {
            same += 1;
        } else {
            different.push(format!("{}\n    ours {ours:?}\n    theirs {theirs:?}", row["id"]));
        }
    }
    if let Some(orders) = std::env::var("WFC_ORDERS").ok().and_then(|orders| orders.parse::<u64>().ok()) {
        let depends = String::from_utf8(unpacked("prompts.jsonl.gz").unwrap()).unwrap();
        let depends = depends.lines().filter(|row| {
            let row: Json = serde_json::from_str(row).unwrap();
            let first = ours(&compiler, &row["prompt"]);
            (0..orders).any(|order| ours(&compiler, &reordered(&row["prompt"], order)) != first)
        });
        println!("the answer to {} prompts depends on the order ({orders} tried)", depends.count());
    }
    let percent = |count: u32| 100.0 * f64::from(count) / f64::from(prompts);
    println!(
        "{prompts} prompts, {} other verdicts, the same errors on {:.2} %, in the order of the file on {:.2} %",
        wrong.len(),
        percent(same),
        percent(in_order),
    );
    assert!(wrong.is_empty(), "{} other verdicts: {}", wrong.len(), wrong.join(", "));
    assert!(percent(same) >= SAME_ERRORS, "{:.2} %:\n{}", percent(same), different.join("\n"));
    assert!(percent(in_order) >= SAME_IN_ORDER, "{:.2} % in the order of the file", percent(in_order));
}
