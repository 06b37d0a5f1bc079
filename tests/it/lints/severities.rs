//! Which rules are on and what their findings count: options, projects, gates.

use insta::assert_snapshot;

use super::{PICTURE, SAVED, rules_in, workflow};
use crate::support::{Folder, Run};

/// A node that nothing needs, and one that costs credits.
const LONE: &str = r#""3": {"class_type": "ImageInvert", "inputs": {"image": ["1", 0]}}"#;
const PAID: &str = r#""4": {"class_type": "RecraftRemoveBackgroundNode", "inputs": {"image": ["1", 0]}}"#;
const PAID_OUTPUT: &str = r#""5": {"class_type": "PreviewImage", "inputs": {"images": ["4", 0]}}"#;

fn folder() -> Folder {
    Folder::with([("w.json", &workflow(&[PICTURE, SAVED, LONE]))])
}

/// The level of the one finding, and the exit code.
#[track_caller]
fn level(folder: &Folder, arguments: &[&str]) -> (Option<String>, Option<i32>) {
    let run = folder.wfc(&[&["lint", "w.json"], arguments].concat());
    (run.stdout.split_once('[').map(|(level, _)| level.to_owned()), run.code)
}

fn is(level: &str, code: i32) -> (Option<String>, Option<i32>) {
    (Some(level.to_owned()).filter(|level| !level.is_empty()), Some(code))
}

#[test]
fn options_set_levels_and_the_last_one_of_the_gravest_kind_counts() {
    let folder = folder();
    assert_eq!(level(&folder, &[]), is("warning", 0));
    assert_eq!(level(&folder, &["--deny", "unreachable-node"]), is("error", 1));
    assert_eq!(level(&folder, &["--warn", "unreachable-node"]), is("warning", 0));
    assert_eq!(level(&folder, &["--allow", "unreachable-node"]), is("", 0));
    assert_eq!(
        level(&folder, &["--deny", "unreachable-node", "--allow", "unreachable-node"]),
        is("error", 1)
    );
    assert_eq!(level(&folder, &["--allow", "float-noise"]), is("warning", 0));
}

#[test]
fn a_projects_levels_hold_for_workflows_below_it() {
    let folder = folder();
    folder.write("wfc.toml", "[lint]\nunreachable-node = \"deny\"\n");
    assert_eq!(level(&folder, &[]), is("error", 1));
    assert_eq!(level(&folder, &["--warn", "unreachable-node"]), is("warning", 0));
    folder.write("wfc.toml", "[lint]\nunreachable-node = { level = \"allow\", reason = \"sketches\" }\n");
    assert_eq!(level(&folder, &[]), is("", 0));
    assert_eq!(level(&folder, &["--deny", "unreachable-node"]), is("error", 1));
    folder.write("sub/w.json", workflow(&[PICTURE, SAVED, LONE]));
    assert_eq!(folder.wfc(&["lint", "sub/w.json"]).stdout, "no problems in 1 file\n");
    folder.write("sub/wfc.toml", "");
    assert!(folder.wfc(&["lint", "sub/w.json"]).stdout.starts_with("warning[unreachable-node]"));
}

#[test]
fn rules_of_files_and_of_workflows_have_levels_too() {
    let twice = format!("{{\n{PICTURE},\n{PICTURE},\n{SAVED}\n}}");
    let folder = Folder::with([("w.json", &twice)]);
    assert_eq!(level(&folder, &[]), is("warning", 0));
    assert_eq!(level(&folder, &["--deny", "duplicate-node-id"]), is("error", 1));
    assert_eq!(level(&folder, &["--allow", "duplicate-node-id"]), is("", 0));
}

#[test]
fn a_rule_that_does_not_exist_is_refused_before_anything_is_read() {
    let folder = folder();
    let said = |arguments: &[&str]| folder.wfc(&[&["lint", "w.json"], arguments].concat()).failed();
    assert_snapshot!(said(&["--deny", "unreachable-nodes"]), @"wfc: there is no lint rule `unreachable-nodes`; did you mean `unreachable-node`?");
    assert_snapshot!(said(&["--allow", "unknown"]), @"wfc: there is no lint rule `unknown`; did you mean `unknown-input` or `unknown-model-file`?");
    let unknown = said(&["--warn", "everything"]);
    let start = "wfc: there is no lint rule `everything`; what ComfyUI refuses cannot be switched off; `wfc rules` lists the rules; the groups are correctness, ";
    assert!(unknown.starts_with(start), "{unknown}");
    // What ComfyUI refuses has no level.
    assert!(said(&["--allow", "unknown-class"]).starts_with("wfc: there is no lint rule `unknown-class`"));
}

#[test]
fn a_project_that_names_no_rule_is_told_so() {
    let folder = folder();
    folder.write("wfc.toml", "[lint]\nunreachable-nod = \"deny\"\n");
    let run = folder.wfc(&["lint", "."]);
    assert_eq!(run.code, Some(1));
    assert!(run.stdout.contains("did you mean `unreachable-node`?"), "{}", run.stdout);
}

#[test]
fn the_gate_of_the_server_hides_lints() {
    let folder = folder();
    assert_eq!(level(&folder, &["--gate", "check"]), is("", 0));
    assert_eq!(level(&folder, &["--gate", "check", "--deny", "unreachable-node"]), is("", 0));
    let broken = r#""3": {"class_type": "SaveImage", "inputs": {"filename_prefix": "y"}}"#;
    folder.write("w.json", workflow(&[PICTURE, SAVED, broken]));
    assert_eq!(rules_in(&folder, &["--gate", "check"]), ["required-input-missing"]);
    assert_eq!(rules_in(&folder, &[]), ["required-input-missing", "dropped-output"]);
    folder.write("w.json", "[]");
    assert_eq!(rules_in(&folder, &["--gate", "check"]), ["not-a-workflow"]);
}

#[test]
fn what_is_merely_worth_knowing_fails_nothing() {
    let folder = Folder::with([("w.json", &workflow(&[PICTURE, PAID, PAID_OUTPUT]))]);
    assert_eq!(level(&folder, &["--fail-on", "warning"]), is("info", 0));
    assert_eq!(level(&folder, &["--fail-on", "warning", "--warn", "api-node"]), is("warning", 1));
    assert_eq!(level(&folder, &["--warn", "api-node"]), is("warning", 0));
    folder.write("w.json", workflow(&[PICTURE, SAVED, LONE]));
    assert_eq!(level(&folder, &["--fail-on", "warning"]), is("warning", 1));
}

#[test]
fn the_version_of_the_server_is_known_or_refused() {
    let folder = folder();
    folder.wfc(&["lint", "w.json", "--server-version", "0.27.0"]).succeeded();
    let Run { code, stderr, .. } = folder.wfc(&["lint", "w.json", "--server-version", "0.1.0"]);
    assert_eq!(code, Some(2));
    assert_snapshot!(stderr, @"
    error: invalid value '0.1.0' for '--server-version <VERSION>': no validator of that version is known; known: 0.27.0

    For more information, try '--help'.
    ");
}
