//! `wfc lint --baseline`, and how much is reported: `--quiet`, `--verbose`, `--statistics`.

use serde_json::Value;

use crate::schemas;
use crate::support::Folder;

/// A workflow that the server takes, with two inputs too many and a node that nothing needs.
const EXTRA: &str = r#"{
"1": {"class_type": "EmptyImage", "inputs": {"width": 64, "height": 64, "batch_size": 1, "color": "0", "more": 1}},
"2": {"class_type": "SaveImage", "inputs": {"images": ["1", 0], "filename_prefix": "x", "more": 1}},
"3": {"class_type": "EmptyImage", "inputs": {"width": 64, "height": 64, "batch_size": 1, "color": 0}}
}
"#;

/// One that the server refuses.
const REFUSED: &str = r#"{"1": {"class_type": "SaveImage", "inputs": {"filename_prefix": "x"}}}"#;

const BASELINE: [&str; 3] = ["lint", "--baseline", "known.toml"];

fn known(folder: &Folder, arguments: &[&str]) -> crate::support::Run {
    folder.wfc(&[&BASELINE, arguments].concat())
}

#[test]
fn what_is_known_is_not_reported() {
    let folder = Folder::with([("a/w.json", EXTRA), ("a/r.json", REFUSED)]);
    let said = known(&folder, &["a"]).failed();
    assert!(said.contains("there is no baseline known.toml; --update-baseline writes it"), "{said}");
    let run = known(&folder, &["a", "--update-baseline"]);
    assert_eq!((run.code, &*run.stdout), (Some(0), "no problems in 2 files\n"));
    assert_eq!(run.stderr, "5 findings in known.toml\n");
    let text = String::from_utf8(folder.read("known.toml")).unwrap();
    assert_eq!(
        text,
        "# Findings that `wfc lint --baseline` does not report; written by `--update-baseline`.\n\
         version = 1\nfindings = [\n  \
         { path = \"a/r.json\", rule = \"required-input-missing\", node = \"1\", input = \"images\" },\n  \
         { path = \"a/w.json\", rule = \"coerced-value\", node = \"1\", input = \"color\" },\n  \
         { path = \"a/w.json\", rule = \"unknown-input\", node = \"1\", input = \"more\" },\n  \
         { path = \"a/w.json\", rule = \"unknown-input\", node = \"2\", input = \"more\" },\n  \
         { path = \"a/w.json\", rule = \"unreachable-node\", node = \"3\" },\n]\n"
    );
    let errors = schemas::errors(&schemas::schema("baseline"), &schemas::json_of(&text));
    assert!(errors.is_empty(), "{errors:#?}");
    assert_eq!(known(&folder, &["a"]).succeeded().stdout, "no problems in 2 files\n");
    // From elsewhere, and with other names for the same files.
    let folder_path = folder.path("a");
    let mut command = folder.command(&["lint", "--baseline", "../known.toml", "w.json", "r.json"]);
    folder.finish(command.current_dir(folder_path)).succeeded();
}

#[test]
fn lines_may_move_and_what_is_new_is_reported() {
    let folder = Folder::with([("w.json", EXTRA)]);
    known(&folder, &["w.json", "--update-baseline"]);
    let moved = EXTRA.replace("{\n\"1\"", "{\n\n\n\"1\"");
    folder.write("w.json", &moved);
    known(&folder, &["w.json"]).succeeded();
    folder.write("w.json", moved.replace("\"filename_prefix\"", "\"other\": 2, \"filename_prefix\""));
    let run = known(&folder, &["w.json"]);
    assert_eq!((run.code, &*run.stderr), (Some(0), ""));
    assert!(
        run.stdout.starts_with("warning[unknown-input]") && run.stdout.contains("other"),
        "{}",
        run.stdout
    );
    assert!(run.stdout.ends_with("1 warning in 1 file\n"), "{}", run.stdout);
    folder.write("w.json", "{");
    let run = known(&folder, &["w.json"]);
    assert_eq!((run.code, &*run.stderr), (Some(1), ""), "nobody knows what is in there");
}

#[test]
fn stale_entries_are_said_and_removed() {
    let folder = Folder::with([("w.json", EXTRA), ("gone.json", EXTRA), ("other.json", EXTRA)]);
    known(&folder, &[".", "--update-baseline"]);
    folder.write("w.json", EXTRA.replace(", \"more\": 1", ""));
    std::fs::remove_file(folder.path("gone.json")).unwrap();
    let run = known(&folder, &["w.json"]);
    assert_eq!(
        run.stderr,
        "6 entries of known.toml are stale: what they stand for is gone; --update-baseline removes them\n"
    );
    assert_eq!(known(&folder, &["w.json", "--gate", "check"]).stderr, "", "rules were not run");
    let run = known(&folder, &["w.json", "--update-baseline"]);
    assert_eq!(run.stderr, "6 findings in known.toml\n", "what is known of other files stays");
    known(&folder, &["."]).succeeded();
}

#[test]
fn a_baseline_that_cannot_be_read_stops_the_run() {
    let folder = Folder::with([("w.json", EXTRA), ("known.toml", "version = 1\nfindings = [{}]\n")]);
    let said = known(&folder, &["w.json"]).failed();
    assert!(said.starts_with("wfc: the baseline known.toml:2: "), "{said}");
    folder.write("known.toml", "version = 9\nfindings = []\n");
    let said = known(&folder, &["w.json", "--update-baseline"]).failed();
    assert!(said.contains("reads baselines of version 1"), "{said}");
    folder.wfc(&["lint", "w.json", "--update-baseline"]).failed();
    let said = known(&folder, &["w.json", "--update-baseline", "--gate", "check"]).failed();
    assert!(said.contains("goes neither with --gate check nor --diff"), "{said}");
}

#[test]
fn quiet_shows_what_fails_and_nothing_else() {
    let folder = Folder::with([("w.json", EXTRA), ("r.json", REFUSED)]);
    let run = folder.wfc(&["lint", "w.json", "--quiet"]).succeeded();
    assert_eq!(run.stdout, "");
    let run = folder.wfc(&["lint", "w.json", "-q", "--fail-on", "warning"]);
    assert_eq!(run.code, Some(1));
    assert!(run.stdout.ends_with("4 warnings in 1 file\n"), "{}", run.stdout);
    let run = folder.wfc(&["lint", ".", "-q", "--fix"]);
    assert_eq!((run.code, &*run.stderr), (Some(1), ""));
    assert!(
        run.stdout.starts_with("error[") && run.stdout.ends_with("1 error in 2 files\n"),
        "{}",
        run.stdout
    );
    let run = folder.wfc(&["lint", "w.json", "-q", "--format", "json"]).succeeded();
    assert!(run.stdout.starts_with("{\"version\":"), "{}", run.stdout);
}

#[test]
fn statistics_count_what_rules_find() {
    let folder = Folder::with([("v.json", EXTRA), ("w.json", EXTRA), ("r.json", REFUSED)]);
    let run = folder.wfc(&["lint", ".", "--statistics"]);
    assert_eq!((run.code, &*run.stderr), (Some(1), ""));
    assert_eq!(
        run.stdout,
        "4 warning[unknown-input] in 2 files\n\
         2 warning[coerced-value] in 2 files, --fix repairs them\n\
         2 warning[unreachable-node] in 2 files\n\
         1 error[required-input-missing] in 1 file\n\n1 error, 8 warnings in 3 files\n"
    );
    let run = folder.wfc(&["lint", ".", "--statistics", "--format", "json"]);
    let report: Value = serde_json::from_str(&run.stdout).unwrap();
    schemas::schema("diagnostics").validate(&report).unwrap();
    assert_eq!(report["statistics"][0]["rule"], "unknown-input");
    assert_eq!(report["statistics"][0]["count"], 4);
    assert_eq!(report["statistics"].as_array().unwrap().len(), 4);
}

#[test]
fn verbose_says_what_could_not_be_judged() {
    let sampler = r#"{
"1": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "mine.safetensors"}},
"2": {"class_type": "CLIPTextEncode", "inputs": {"clip": ["1", 1], "text": "x"}},
"3": {"class_type": "EmptyLatentImage", "inputs": {"width": 512, "height": 512, "batch_size": 1}},
"4": {"class_type": "KSampler", "inputs": {"model": ["6", 0], "positive": ["2", 0], "negative": ["2", 0], "latent_image": ["3", 0], "seed": 1, "steps": 20, "cfg": 7.0, "sampler_name": "euler", "scheduler": "normal", "denoise": 1.0}},
"6": {"class_type": "ModelMergeSimple", "inputs": {"model1": ["1", 0], "model2": ["1", 0], "ratio": 0.5}},
"5": {"class_type": "SaveLatent", "inputs": {"samples": ["4", 0], "filename_prefix": "x"}}
}
"#;
    let folder = Folder::with([("w.json", sampler)]);
    assert_eq!(folder.wfc(&["lint", "w.json"]).succeeded().stdout, "no problems in 1 file\n");
    let run = folder.wfc(&["lint", "w.json", "--verbose"]).succeeded();
    assert!(run.stdout.starts_with("info[not-evaluated]: `"), "{}", run.stdout);
    let run = known(&folder, &["w.json", "--verbose", "--update-baseline"]);
    assert_eq!(run.stderr, "0 findings in known.toml\n");
    folder.wfc(&["lint", "w.json", "-v", "-q"]).failed();
}
