//! The verdicts of a real server, where they are there.

use std::collections::BTreeSet;
use std::io::Read as _;
use std::sync::Arc;

use serde_json::Value as Json;
use wfc::catalog::{ImportOptions, read_catalog};
use wfc::compile::Compiler;

use super::verdict;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/corpus");

/// Least part of the prompts on which all errors are the same, in percent. It cannot be all of them: when a
/// node makes the server fail, what it had not looked at yet is not reported, and its order is random.
const SAME_ERRORS: f64 = 99.5;

/// An error: node, type, input. The server names a failure at an input of the node that follows, and a failed
/// check of a class once for each input; those are compared without their inputs, as are errors of whole nodes.
type Error = (Option<String>, String, Option<String>);

fn unpacked(name: &str) -> Option<Vec<u8>> {
    let file = std::fs::File::open(format!("{FOLDER}/{name}")).ok()?;
    let mut bytes = Vec::new();
    flate2::read::GzDecoder::new(file).read_to_end(&mut bytes).unwrap();
    Some(bytes)
}

fn error(node: Option<&str>, kind: &str, input: Option<&str>) -> Error {
    let kind = if kind.starts_with("exception") { "exception" } else { kind };
    let whole = ["exception", "custom_validation_failed", "dependency_cycle", "missing_node_type"];
    let input = input.filter(|_| !whole.contains(&kind));
    (node.map(str::to_owned), kind.to_owned(), input.map(str::to_owned))
}

/// What the server said.
fn theirs(verdict: &Json) -> BTreeSet<Error> {
    let errors = verdict["errors"].as_array().unwrap();
    let row = |row: &Json| {
        let [node, kind, input] = [0, 1, 2].map(|at| row[at].as_str());
        // For a missing class the node stands in the place of the input.
        let node = if kind == Some("missing_node_type") { input } else { node };
        error(node, kind.unwrap(), input)
    };
    errors.iter().map(row).collect()
}

#[test]
fn every_prompt_of_the_corpus_gets_the_verdict_of_the_server() {
    let (Some(rows), Some(classes)) = (unpacked("prompts.jsonl.gz"), unpacked("object_info.json.gz")) else {
        println!("skipped: there is no corpus in ../shared/corpus");
        return;
    };
    let catalog = read_catalog(&classes, &ImportOptions::default()).unwrap();
    let compiler = Compiler::new(Arc::new(catalog));
    let (mut prompts, mut same, mut wrong, mut different) = (0, 0, Vec::new(), Vec::new());
    for row in String::from_utf8(rows).unwrap().lines() {
        let row: Json = serde_json::from_str(row).unwrap();
        let found = verdict(&compiler, &row["prompt"].to_string());
        let ours: BTreeSet<Error> = found
            .iter()
            .map(|found| {
                let node = found.node.as_ref();
                let kind = found.server_type.unwrap_or(found.rule);
                error(node.map(|node| node.key.as_str()), kind, node.and_then(|node| node.input.as_deref()))
            })
            .collect();
        let theirs = theirs(&row["verdict"]);
        prompts += 1;
        if ours == theirs {
            same += 1;
        } else {
            different.push(format!("{}\n    ours {ours:?}\n    theirs {theirs:?}", row["id"]));
        }
        let accepted = row["verdict"]["ok"] == true && theirs.is_empty();
        if accepted != ours.is_empty() {
            wrong.push(row["id"].to_string());
        }
    }
    let percent = 100.0 * f64::from(same) / f64::from(prompts);
    println!("{prompts} prompts, {} other verdicts, the same errors on {percent:.2} %", wrong.len());
    assert!(wrong.is_empty(), "{} other verdicts: {}", wrong.len(), wrong.join(", "));
    assert!(percent >= SAME_ERRORS, "{percent:.2} %:\n{}", different.join("\n"));
}
