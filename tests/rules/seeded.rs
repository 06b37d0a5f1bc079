//! Seeded defects: real sources, each made wrong in one way that a rule must find. `tests/seeded/RULE.json` has at least
//! three for each rule:
//!
//! ```json
//! [
//!   {"workflow": "wan22-t2v", "set": {"high.cfg": 3.5}, "remove": ["low.end_at_step"],
//!    "add": {"extra": {"class_type": "…", "inputs": {}}}, "target": "a100-80gb"},
//!   {"file": "graphs/wan22-a14b.toml", "replace": {"{ param = \"steps\" }": "20"}, "with": ["presets/wan22-t2v.toml"]}
//! ]
//! ```
//!
//! `workflow` is `presets/NAME.workflow_api.json`, and `file` any file of this repository: a preset, a graph, or a workflow
//! as the editor saves it, of which `tests/seeded/editor/` has some. `replace` puts another text where the old one stands,
//! which must be at one place of the file; so it makes what JSON's structure does not hold, such as two equal keys. In
//! workflows in API format, `add` adds nodes, `remove` takes away inputs (`node.input`) or nodes, and `set` gives inputs
//! another value (a link is `["node", 0]`).
//!
//! The file is linted, at its own path, in a folder with those that `with` names, which are linted in the same run.
//! `target` (the card), `platform` and `policies` stand in its `wfc.toml`.
//! The rule must report more with the defect than without it.

use std::fmt::Write as _;

use serde_json::Value;
use wfc::lint::{RULES, Rule};

use crate::support::{Folder, repository};

/// The least number of defects for a rule.
const ENOUGH: usize = 3;

/// All defects of a rule.
fn defects(rule: &Rule) -> Vec<Value> {
    let path = repository(&format!("tests/seeded/{}.json", rule.name));
    let text = std::fs::read_to_string(path).unwrap_or_else(|_| "[]".to_owned());
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", rule.name))
}

fn entries<'d>(defect: &'d Value, key: &str) -> impl Iterator<Item = (&'d String, &'d Value)> {
    defect[key].as_object().into_iter().flatten()
}

fn texts<'d>(defect: &'d Value, key: &str) -> impl Iterator<Item = &'d str> {
    defect[key].as_array().into_iter().flatten().map(|text| text.as_str().unwrap())
}

fn source(path: &str) -> String {
    std::fs::read_to_string(repository(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The path of what a defect changes.
fn changed_file(defect: &Value) -> String {
    for key in defect.as_object().unwrap().keys() {
        let known =
            ["file", "workflow", "replace", "add", "remove", "set", "with", "target", "platform", "policies"];
        assert!(known.contains(&&**key), "{key} means nothing here");
    }
    let workflow = defect["workflow"].as_str().map(|name| format!("presets/{name}.workflow_api.json"));
    workflow.unwrap_or_else(|| defect["file"].as_str().unwrap().to_owned())
}

fn set(workflow: &mut Value, place: &str, value: Value) {
    let (node, input) = place.split_once('.').unwrap_or_else(|| panic!("{place} is not node.input"));
    assert!(workflow[node].is_object(), "there is no node {node}");
    workflow[node]["inputs"][input] = value;
}

fn remove(workflow: &mut Value, place: &str) {
    let removed = match place.split_once('.') {
        Some((node, input)) => workflow[node]["inputs"].as_object_mut().and_then(|node| node.remove(input)),
        None => workflow.as_object_mut().and_then(|nodes| nodes.remove(place)),
    };
    assert!(removed.is_some(), "there is no {place}");
}

/// The text of a file with the defect.
fn seeded(file: &str, mut text: String, defect: &Value) -> String {
    for (old, new) in entries(defect, "replace") {
        assert_eq!(text.matches(&**old).count(), 1, "not at one place of {file}: {old}");
        text = text.replace(&**old, new.as_str().unwrap());
    }
    if ["add", "remove", "set"].iter().all(|key| defect[key].is_null()) {
        return text;
    }
    let mut workflow: Value = serde_json::from_str(&text).unwrap();
    for (node, content) in entries(defect, "add") {
        workflow[node] = content.clone();
    }
    for place in texts(defect, "remove") {
        remove(&mut workflow, place);
    }
    for (place, value) in entries(defect, "set") {
        set(&mut workflow, place, value.clone());
    }
    serde_json::to_string_pretty(&workflow).unwrap()
}

/// How often the rule reports something where the defect's file is `text`, and all that is reported.
fn count(rule: &Rule, file: &str, text: &str, defect: &Value) -> (usize, String) {
    let folder = Folder::new();
    folder.write(file, text);
    let mut arguments = vec!["lint", file];
    for other in texts(defect, "with") {
        folder.write(other, source(other));
        arguments.push(other);
    }
    let mut project = String::new();
    if !defect["policies"].is_null() {
        let _ = writeln!(project, "policies = {}", defect["policies"]);
    }
    if !(defect["target"].is_null() && defect["platform"].is_null()) {
        project += "[target]\n";
    }
    for (of, key) in [("target", "gpu"), ("platform", "platform")] {
        if !defect[of].is_null() {
            let _ = writeln!(project, "{key} = {}", defect[of]);
        }
    }
    folder.write("wfc.toml", project);
    arguments.extend(["--format", "json"]);
    if rule.severity.is_none() {
        arguments.extend(["--warn", rule.name]);
    }
    let run = folder.wfc(&arguments);
    let report: Value = serde_json::from_str(&run.stdout).unwrap_or_else(|_| panic!("{}", run.stderr));
    let files = report["files"].as_array().unwrap().iter();
    let found: Vec<&Value> = files.flat_map(|file| file["diagnostics"].as_array().unwrap()).collect();
    let all: Vec<String> =
        found.iter().map(|found| format!("{}: {}", found["rule"], found["message"])).collect();
    (found.iter().filter(|found| found["rule"] == rule.name).count(), all.join("\n"))
}

#[test]
fn every_seeded_defect_is_found() {
    let mut wrong = Vec::new();
    for rule in crate::rules() {
        let defects = defects(rule);
        if defects.len() < ENOUGH {
            wrong.push(format!("{}: {} defects in tests/seeded", rule.name, defects.len()));
        }
        for (number, defect) in defects.iter().enumerate() {
            let file = changed_file(defect);
            let before = source(&file);
            let after = seeded(&file, before.clone(), defect);
            let (unseeded, _) = count(rule, &file, &before, defect);
            let (seeded, all) = count(rule, &file, &after, defect);
            if seeded <= unseeded {
                wrong.push(format!("{}, defect {number} in {file}: not found; found is\n{all}", rule.name));
            }
        }
    }
    assert!(wrong.is_empty(), "{} problems:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn the_documents_count_the_defects() {
    let count: usize = RULES.iter().map(|rule| defects(rule).len()).sum();
    for (document, said) in [
        ("README.md", format!("each of {count} seeded defects")),
        ("docs/lint-precision.md", format!("{count} defects for {} rules", RULES.len())),
    ] {
        assert!(source(document).contains(&said), "{document} does not say: {said}");
    }
}

#[test]
fn the_editors_workflows_are_clean_before_a_defect_is_seeded() {
    for entry in std::fs::read_dir(repository("tests/seeded/editor")).unwrap() {
        let path = entry.unwrap().path();
        let run = Folder::new().wfc(&["lint", path.to_str().unwrap(), "--format", "json"]);
        let report: Value = serde_json::from_str(&run.stdout).unwrap_or_else(|_| panic!("{}", run.stderr));
        assert_eq!(report["files"][0]["diagnostics"], Value::Array(Vec::new()), "{}", path.display());
    }
}
