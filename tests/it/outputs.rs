//! What is written, what is never written, and what the exit code says.

use std::process::Stdio;

use insta::assert_snapshot;

use crate::support::{Folder, PICTURE};

const WORKFLOW: &str = "p.workflow_api.json";

/// A folder with [`PICTURE`] and a preset for it, built.
fn built() -> Folder {
    let folder = Folder::with([("g.toml", PICTURE), ("p.toml", "graph = \"g\"\n")]);
    folder.wfc(&["build", "p.toml"]).succeeded();
    folder
}

/// The message without what the operating system says in its own words.
#[track_caller]
fn refused(said: &str, expected: &str) {
    assert!(said.starts_with(expected), "{said}");
}

#[test]
fn a_refusal_ends_with_the_advice() {
    let folder = built();
    let said = folder.wfc(&["build", "p.toml", "-o", "g.toml"]).failed();
    assert!(said.ends_with("remove it or choose another folder\n"), "{said}");
}

#[test]
fn nothing_is_left_beside_the_outputs() {
    let folder = built();
    assert_eq!(folder.names(), ["g.toml", "p.toml", "p.wfc.json", WORKFLOW]);
    folder.wfc(&["build", "p.toml", "-o", "a/b"]).succeeded();
    assert_eq!(folder.names()[..2], ["a/b/p.wfc.json", "a/b/p.workflow_api.json"]);
}

#[test]
fn an_error_keeps_the_old_outputs_byte_for_byte() {
    let folder = built();
    let old = (folder.read(WORKFLOW), folder.read("p.wfc.json"));
    for mistake in ["graph = \"g\"\n[params]\nwidth = 17\n", "graph = \"g\"\n[params", ""] {
        folder.write("p.toml", mistake);
        folder.wfc(&["build", "p.toml"]).findings();
        assert!((folder.read(WORKFLOW), folder.read("p.wfc.json")) == old, "{mistake}");
    }
    assert_eq!(folder.names().len(), 4);
}

#[test]
fn a_batch_with_one_bad_combination_writes_nothing() {
    let rule = "[[constraints]]\nrule = \"width != 48\"\nmessage = \"not 48\"\n[nodes.empty]";
    let folder = Folder::with([("p.toml", "graph = \"g\"\n[matrix]\nwidth = [16, 32, 48]\n")]);
    folder.write("g.toml", PICTURE.replace("[nodes.empty]", rule));
    let said = folder.wfc(&["build", "p.toml"]).findings();
    assert!(said.contains("in combination 3: width = 48"), "{said}");
    assert_eq!(folder.names(), ["g.toml", "p.toml"]);
}

#[test]
fn check_compares_and_writes_nothing() {
    let folder = built();
    assert_eq!(folder.wfc(&["build", "--check", "p.toml"]).succeeded().stdout, "");
    std::fs::remove_file(folder.path("p.wfc.json")).unwrap();
    folder.write(WORKFLOW, "{}");
    assert_snapshot!(folder.wfc(&["build", "--check", "p.toml"]).findings(), @"
    error[output-out-of-date]: p.workflow_api.json is not what the preset gives now
      file: p.toml
      help: run `wfc build` without --check and commit the result

    error[output-out-of-date]: p.wfc.json is missing
      file: p.toml
      help: run `wfc build` without --check and commit the result

    2 errors in 1 file
    ");
    assert_eq!((folder.read(WORKFLOW), folder.names().len()), (b"{}".to_vec(), 3));
}

#[test]
fn check_of_a_batch_finds_each_file_that_differs() {
    let folder =
        Folder::with([("g.toml", PICTURE), ("p.toml", "graph = \"g\"\n[matrix]\nwidth = [16, 32, 48]\n")]);
    folder.wfc(&["build", "p.toml"]).succeeded();
    folder.write("p-2.workflow_api.json", "");
    std::fs::remove_file(folder.path("p-3.workflow_api.json")).unwrap();
    let said = folder.wfc(&["build", "--check", "p.toml"]).findings();
    assert_eq!(said.matches("error[output-out-of-date]").count(), 2, "{said}");
}

#[test]
fn check_of_a_batch_finds_files_too_many() {
    let folder =
        Folder::with([("g.toml", PICTURE), ("p.toml", "graph = \"g\"\n[matrix]\nwidth = [16, 32, 48]\n")]);
    folder.wfc(&["build", "p.toml"]).succeeded();
    folder.write("p.toml", "graph = \"g\"\n[matrix]\nwidth = [16, 32]\n");
    assert_eq!(folder.wfc(&["build", "p.toml"]).code, Some(0));
    let said = folder.wfc(&["build", "--check", "p.toml"]).findings();
    assert!(said.contains("p-3.workflow_api.json"), "{said}");
}

#[test]
fn a_folder_in_the_place_of_an_output_is_refused() {
    let folder = Folder::with([("g.toml", PICTURE), ("p.toml", "graph = \"g\"\n"), ("p.wfc.json/x", "")]);
    refused(
        &folder.wfc(&["build", "p.toml"]).failed(),
        "wfc: p.wfc.json is a folder; name a file in it, or another file",
    );
    assert_eq!(folder.names(), ["g.toml", "p.toml", "p.wfc.json/x"]);
}

#[test]
fn a_file_in_the_place_of_the_output_folder_is_refused() {
    let folder = built();
    refused(
        &folder.wfc(&["build", "p.toml", "-o", "g.toml"]).failed(),
        "wfc: cannot write g.toml/p.workflow_api.json: g.toml is a file, not a folder; remove it or choose another folder",
    );
    refused(
        &folder.wfc(&["build", "p.toml", "-o", "g.toml/deeper"]).failed(),
        "wfc: cannot write g.toml/deeper/p.workflow_api.json: g.toml is a file, not a folder; remove it or choose another folder",
    );
    assert_eq!(folder.names().len(), 4);
}

#[test]
fn a_read_only_output_is_refused_and_kept() {
    let folder = built();
    let path = folder.path(WORKFLOW);
    let mut permissions = std::fs::metadata(&path).unwrap().permissions();
    permissions.set_readonly(true);
    std::fs::set_permissions(&path, permissions.clone()).unwrap();
    let old = folder.read(WORKFLOW);
    folder.wfc(&["build", "p.toml"]).succeeded();
    folder.write("p.toml", "graph = \"g\"\n[params]\nwidth = 32\n");
    refused(
        &folder.wfc(&["build", "p.toml"]).failed(),
        "wfc: no permission to write p.workflow_api.json; make the file and its folder writable or choose another folder",
    );
    assert!(folder.read(WORKFLOW) == old);
    assert_eq!(folder.names().len(), 4);
}

#[test]
fn two_presets_of_one_name_are_not_written_over_each_other() {
    let folder = Folder::with([
        ("a/p.toml", "graph = \"../g.toml\"\n"),
        ("b/p.toml", "graph = \"../g.toml\"\n[params]\nwidth = 32\n"),
        ("g.toml", PICTURE),
    ]);
    assert_snapshot!(folder.wfc(&["build", "a/p.toml", "b/p.toml", "-o", "out"]).failed(), @"wfc: a/p.toml and b/p.toml would write the same file in out; build them apart, with another -o, or rename one");
    folder.wfc(&["build", "a", "b"]).succeeded();
    assert!(folder.read("a/p.workflow_api.json") != folder.read("b/p.workflow_api.json"));
}

#[test]
fn a_graph_of_the_presets_name_is_no_second_preset() {
    let folder =
        Folder::with([("wfc.toml", ""), ("graphs/p.toml", PICTURE), ("presets/p.toml", "graph = \"p\"\n")]);
    folder.wfc(&["build", ".", "-o", "out"]).succeeded();
}

#[test]
fn a_batch_and_another_preset_are_not_written_over_each_other() {
    let folder = Folder::with([
        ("g.toml", PICTURE),
        ("p.toml", "graph = \"g\"\n[matrix]\nwidth = [16, 32]\n"),
        ("p-1.toml", "graph = \"g\"\n"),
    ]);
    assert_eq!(folder.wfc(&["build", "."]).code, Some(2));
}

#[test]
fn a_closed_pipe_is_no_error() {
    let folder = Folder::with([("g.toml", PICTURE)]);
    let widths: Vec<String> = (1..=256).map(|n| (n * 16).to_string()).collect();
    let names: Vec<String> = (0..100).map(|n| format!("'{n}'")).collect();
    let matrix =
        format!("graph = \"g\"\n[matrix]\nwidth = [{}]\nname = [{}]\n", widths.join(","), names.join(","));
    folder.write("p.toml", matrix);
    let mut child = folder
        .command(&["build", "p.toml", "-o", "-"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), &*String::from_utf8_lossy(&output.stderr)), (Some(0), ""));
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_an_error() {
    let folder = built();
    let full = || std::fs::File::options().write(true).open("/dev/full").unwrap();
    for arguments in [
        &["build", "p.toml", "-o", "-"][..],
        &["schema", "preset"],
        &["lint", "p.toml"],
        &["build", "p.toml"],
    ] {
        let run = folder.finish(folder.command(arguments).stdout(full()));
        // `finish` captures what is left: standard error.
        assert_eq!(run.code, Some(2), "{arguments:?}: {}", run.stderr);
        assert!(run.stderr.starts_with("wfc: cannot write to standard output: "), "{}", run.stderr);
    }
    std::os::unix::fs::symlink("/dev/full", folder.path("out.workflow_api.json")).unwrap();
    std::fs::rename(folder.path("p.toml"), folder.path("out.toml")).unwrap();
    let said = folder.wfc(&["build", "out.toml"]).failed();
    let expected =
        "wfc: cannot write out.workflow_api.json: the disk is full; free some space and run this again";
    refused(&said, expected);
}

#[test]
fn the_exit_code_tells_findings_from_failures() {
    let folder = built();
    folder.write("bad.toml", "graph = \"g\"\n[params]\nwidth = 1\n");
    let code = |arguments: &[&str]| folder.wfc(arguments).code;
    assert_eq!(code(&["build", "p.toml"]), Some(0));
    assert_eq!(code(&["build", "p.toml", "bad.toml"]), Some(1));
    assert_eq!(code(&["build", "missing.toml"]), Some(2));
    assert_eq!(code(&["build"]), Some(2));
    assert_eq!(code(&["build", "p.toml", "--colour", "never"]), Some(2));
    assert_eq!(code(&["biuld", "p.toml"]), Some(2));
    assert_eq!(code(&["lint", "p.toml"]), Some(0));
    assert_eq!(code(&["lint", "."]), Some(1));
    assert_eq!(code(&["--version"]), Some(0));
    assert_eq!(code(&["completions", "bash"]), Some(0));
}

#[test]
fn findings_as_json_have_the_shape_of_their_schema() {
    let folder =
        Folder::with([("g.toml", PICTURE), ("p.toml", "graph = \"g\"\nx = 1\n[params]\nwidth = 1\n")]);
    let run = folder.wfc(&["build", "p.toml", "--format", "json"]);
    assert_eq!((run.code, &*run.stderr), (Some(1), ""));
    let document: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    let schema = serde_json::from_str(&folder.wfc(&["schema", "diagnostics"]).succeeded().stdout).unwrap();
    jsonschema::validator_for(&schema).unwrap().validate(&document).unwrap();
    assert_eq!(document["summary"], serde_json::json!({"files": 1, "errors": 3, "warnings": 0, "infos": 0}));
    let found = document["files"][0]["diagnostics"].as_array().unwrap().iter();
    let places: Vec<String> = found
        .map(|found| format!("{} {}:{}", found["rule"], found["span"]["line"], found["span"]["column"]))
        .collect();
    assert_eq!(places, ["\"unknown-key\" 2:1", "\"out-of-range\" 4:9", "\"not-a-multiple\" 4:9"]);
}

#[test]
fn standard_output_with_json_is_json_alone() {
    let folder = built();
    let run = folder.wfc(&["build", "p.toml", "--format", "json"]).succeeded();
    serde_json::from_str::<serde_json::Value>(&run.stdout).unwrap();
}

#[test]
fn colours_are_used_only_where_they_are_asked_for() {
    let folder = Folder::with([("g.toml", PICTURE), ("p.toml", "graph = \"g\"\nx = 1\n")]);
    assert!(!folder.wfc(&["build", "p.toml"]).stderr.contains('\u{1b}'));
    assert!(folder.wfc(&["build", "p.toml", "--color", "always"]).stderr.contains('\u{1b}'));
}

#[test]
fn a_folder_stands_for_the_presets_in_it_that_git_does_not_ignore() {
    let folder = Folder::with([
        (".gitignore", "old/\n"),
        ("g.toml", PICTURE),
        ("sub/p.toml", "graph = \"../g.toml\"\n"),
        ("old/q.toml", "graph = \"no-such-graph\"\n"),
        ("sub/Cargo.toml", "[package]\nname = \"x\"\n"),
        ("sub/notes.txt", "graph = \"g\"\n"),
    ]);
    let said = folder.wfc(&["build", "."]).succeeded().stdout;
    assert_eq!(said, "./sub/p.workflow_api.json (2 nodes)\n");
}

#[test]
fn printing_and_comparing_exclude_each_other() {
    assert_eq!(built().wfc(&["build", "p.toml", "-o", "-", "--check"]).code, Some(2));
}
