//! Seeded defects: real workflows, each made wrong in one way that a rule must find. `tests/seeded/RULE.json` has at
//! least three for each rule that looks at workflows:
//!
//! ```json
//! [
//!   {"workflow": "wan22-t2v", "set": {"high.cfg": 3.5}, "remove": ["low.end_at_step"],
//!    "add": {"extra": {"class_type": "…", "inputs": {}}}, "target": "a100-80gb"}
//! ]
//! ```
//!
//! `workflow` is `presets/NAME.workflow_api.json`. `add` adds nodes, `remove` takes away inputs (`node.input`) or nodes,
//! `set` gives inputs another value (a link is `["node", 0]`), and `target` (the card), `platform` and
//! `policies` stand in `wfc.toml`.
//! The rule must report more in the changed workflow than in the unchanged one.

use std::fmt::Write as _;

use serde_json::Value;
use wfc::lint::{Rule, Subject};

use crate::support::{Folder, repository};

/// The least number of defects for a rule.
const ENOUGH: usize = 3;

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

/// How often the rule reports something in a workflow, and all that is reported.
fn count(rule: &Rule, workflow: &Value, defect: &Value) -> (usize, String) {
    let folder = Folder::new();
    folder.write("w.json", serde_json::to_string_pretty(workflow).unwrap());
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
    let mut arguments = vec!["lint", "w.json", "--format", "json"];
    if rule.severity.is_none() {
        arguments.extend(["--warn", rule.name]);
    }
    let run = folder.wfc(&arguments);
    let report: Value = serde_json::from_str(&run.stdout).unwrap_or_else(|_| panic!("{}", run.stderr));
    let found = report["files"][0]["diagnostics"].as_array().unwrap();
    let all: Vec<String> =
        found.iter().map(|found| format!("{}: {}", found["rule"], found["message"])).collect();
    (found.iter().filter(|found| found["rule"] == rule.name).count(), all.join("\n"))
}

#[test]
fn every_seeded_defect_is_found() {
    let mut wrong = Vec::new();
    for rule in crate::rules().into_iter().filter(|rule| rule.subject == Subject::Workflow) {
        let Ok(text) = std::fs::read_to_string(repository(&format!("tests/seeded/{}.json", rule.name)))
        else {
            wrong.push(format!("{}: no file in tests/seeded", rule.name));
            continue;
        };
        let defects: Vec<Value> =
            serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", rule.name));
        if defects.len() < ENOUGH {
            wrong.push(format!("{}: {} defects", rule.name, defects.len()));
        }
        for (number, defect) in defects.iter().enumerate() {
            let name = defect["workflow"].as_str().unwrap();
            let path = repository(&format!("presets/{name}.workflow_api.json"));
            let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{name}: {error}"));
            let before: Value = serde_json::from_str(&text).unwrap();
            let mut after = before.clone();
            let entries = |key: &str| defect[key].as_object().into_iter().flatten();
            for (node, content) in entries("add") {
                after[node] = content.clone();
            }
            for place in defect["remove"].as_array().into_iter().flatten() {
                remove(&mut after, place.as_str().unwrap());
            }
            for (place, value) in entries("set") {
                set(&mut after, place, value.clone());
            }
            let (unseeded, _) = count(rule, &before, defect);
            let (seeded, all) = count(rule, &after, defect);
            if seeded <= unseeded {
                wrong.push(format!("{}, defect {number} in {name}: not found; found is\n{all}", rule.name));
            }
        }
    }
    assert!(wrong.is_empty(), "{} problems:\n{}", wrong.len(), wrong.join("\n"));
}
