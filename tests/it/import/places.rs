//! Where files are written, and what is never written over.

use insta::assert_snapshot;
use serde_json::json;

use super::{exported, folder, made_picture, saved_by_the_editor, wrote};
use crate::support::Folder;

#[test]
fn a_folder_keeps_its_structure() {
    let folder = folder(&[
        ("wf/a.json", &saved_by_the_editor()),
        ("wf/sub/b.json", &saved_by_the_editor()),
        ("wf/sub/c.workflow_api.json", &exported()),
        ("wf/package.json", &json!({"name": "x"})),
        ("wf/d.wfc.json", &exported()),
    ]);
    folder.write("wf/sub/p.png", made_picture());
    folder.write("wf/photo.png", b"no picture at all");
    folder.write("wf/.gitignore", "ignored.json\n");
    folder.write("wf/ignored.json", exported().to_string());
    let given = folder.names();
    std::fs::remove_file(folder.path("wf/photo.png")).unwrap();
    wrote(&folder.wfc(&["import", "wf", "-o", "out"]), 4);
    let written: Vec<_> = folder.names().into_iter().filter(|name| !given.contains(name)).collect();
    assert_eq!(
        written,
        [
            "out/a.workflow_api.json",
            "out/sub/b.workflow_api.json",
            "out/sub/c.workflow_api.json",
            "out/sub/p.workflow_api.json"
        ]
    );
    for name in written {
        assert_eq!(folder.json(&name), exported(), "{name}");
    }
}

#[test]
fn a_folder_converted_in_place_is_converted_again_without_a_word() {
    let folder = folder(&[("a.json", &saved_by_the_editor()), ("sub/b.api.json", &exported())]);
    wrote(&folder.wfc(&["import", "."]), 2);
    let names = folder.names();
    assert_eq!(names, ["a.json", "a.workflow_api.json", "sub/b.api.json", "sub/b.workflow_api.json"]);
    wrote(&folder.wfc(&["import", "."]), 2);
    assert_eq!(folder.names(), names);
}

#[test]
fn a_folder_for_the_results_is_none_of_the_sources() {
    let folder = folder(&[("a.json", &saved_by_the_editor())]);
    for _ in 0..2 {
        wrote(&folder.wfc(&["import", ".", "-o", "out"]), 1);
        assert_eq!(folder.names(), ["a.json", "out/a.workflow_api.json"]);
    }
    // Unless it is what was asked for, or holds it.
    wrote(&folder.wfc(&["import", "out", "--to", "toml", "-o", "out"]), 2);
    wrote(&folder.wfc(&["import", "out", "-o", "."]), 1);
    assert_eq!(folder.json("a.workflow_api.json"), exported());
}

#[test]
fn a_file_can_be_named() {
    let folder = folder(&[("w.json", &saved_by_the_editor())]);
    wrote(&folder.wfc(&["import", "w.json", "-o", "new/x.json"]), 1);
    assert_eq!(folder.json("new/x.json"), exported());
    wrote(&folder.wfc(&["import", "w.json", "--to", "toml", "-o", "new/y.toml"]), 2);
    assert_eq!(folder.names(), ["new/x.json", "new/y.graph.toml", "new/y.toml", "w.json"]);
}

#[test]
fn a_file_for_several_or_of_another_kind_is_refused() {
    let folder = folder(&[("a.json", &saved_by_the_editor()), ("b.json", &saved_by_the_editor())]);
    let said = |arguments: &[&str]| folder.wfc(&[&["import"], arguments].concat()).failed();
    assert_snapshot!(said(&["a.json", "b.json", "-o", "x.json"]), @"wfc: x.json is no folder: `-o` names a folder, or for one workflow a .json file");
    assert_snapshot!(said(&["a.json", "--to", "toml", "-o", "x.json"]), @"wfc: x.json is no folder: `-o` names a folder, or for one workflow a .toml file");
    assert_snapshot!(said(&["a.json", "-o", "x.toml"]), @"wfc: x.toml is no folder: `-o` names a folder, or for one workflow a .json file");
    assert_snapshot!(said(&["a.json", "b.json", "-o", "-"]), @"wfc: `-o -` takes one workflow, and `--to api` or `--to ui`");
    assert_snapshot!(said(&["a.json", "--to", "toml", "-o", "-"]), @"wfc: `-o -` takes one workflow, and `--to api` or `--to ui`");
    assert_snapshot!(said(&["."; 0]), @"
    error: the following required arguments were not provided:
      <PATH>...

    Usage: wfc import <PATH>...

    For more information, try '--help'.
    ");
    assert_eq!(folder.names(), ["a.json", "b.json"]);
    // A folder may be called so.
    folder.write("x.json/c.txt", "");
    wrote(&folder.wfc(&["import", "a.json", "b.json", "-o", "x.json"]), 2);
}

#[test]
fn another_file_is_not_written_over_unless_forced() {
    let folder = folder(&[("w.json", &saved_by_the_editor())]);
    folder.write("w.workflow_api.json", "mine");
    let run = folder.wfc(&["import", "w.json"]);
    assert_eq!(run.code, Some(1));
    assert_snapshot!(run.stderr, @"
    error[output-in-the-way]: w.workflow_api.json is there and differs; remove it, choose another place with -o, or give --force
      file: w.json

    1 error in 1 file
    0 files written
    ");
    assert_eq!(folder.read("w.workflow_api.json"), b"mine");
    wrote(&folder.wfc(&["import", "w.json", "--force"]), 1);
    assert_eq!(folder.json("w.workflow_api.json"), exported());
    wrote(&folder.wfc(&["import", "w.json"]), 1);
}

#[test]
fn of_two_files_both_are_written_or_none() {
    let folder = folder(&[("w.json", &saved_by_the_editor())]);
    folder.write("w.toml", "mine");
    assert_eq!(folder.wfc(&["import", "w.json", "--to", "toml"]).code, Some(1));
    assert_eq!(folder.names(), ["w.json", "w.toml"]);
}

#[test]
fn the_source_is_never_written_over() {
    let folder = folder(&[("w.json", &saved_by_the_editor()), ("a.workflow_api.json", &exported())]);
    let before = folder.read("w.json");
    let run = folder.wfc(&["import", "w.json", "-o", "./sub/../w.json", "--force"]);
    assert_eq!(run.code, Some(1));
    assert_snapshot!(run.stderr, @"
    error[output-in-the-way]: ./sub/../w.json is the file that is read; name another with -o
      file: w.json

    1 error in 1 file
    0 files written
    ");
    assert_eq!(folder.read("w.json"), before);
    assert_eq!(folder.wfc(&["import", "a.workflow_api.json", "--force"]).code, Some(1));
}

#[test]
fn two_sources_do_not_share_a_target() {
    let folder = folder(&[("a/w.json", &saved_by_the_editor()), ("b/w.json", &exported())]);
    folder.write("b/w.png", made_picture());
    let run = folder.wfc(&["import", "a/w.json", "b/w.json", "b/w.png", "-o", "x/../out", "--force"]);
    assert_eq!(run.code, Some(1));
    assert_snapshot!(run.stderr, @"
    error[output-in-the-way]: x/../out/w.workflow_api.json was written for another workflow; convert the two to different folders
      file: b/w.json

    error[output-in-the-way]: x/../out/w.workflow_api.json was written for another workflow; convert the two to different folders
      file: b/w.png

    2 errors in 3 files
    1 file written
    ");
    assert_eq!(folder.json("out/w.workflow_api.json"), exported());
}

#[test]
fn a_target_that_cannot_be_written_stops_no_other() {
    let folder = folder(&[("a.json", &saved_by_the_editor()), ("b.json", &saved_by_the_editor())]);
    folder.write("out/a.workflow_api.json/file", "a folder is in the way");
    let run = folder.wfc(&["import", "a.json", "b.json", "-o", "out"]);
    assert_eq!(run.code, Some(2));
    assert_snapshot!(run.stderr, @"
    error[unwritable-file]: out/a.workflow_api.json is a folder; name a file in it, or another file
      file: a.json

    1 error in 2 files
    1 file written
    ");
    assert_eq!(folder.json("out/b.workflow_api.json"), exported());
}

#[test]
fn nothing_to_convert_is_said() {
    let folder = Folder::with([("notes.txt", "x"), ("package.json", "{}")]);
    assert_snapshot!(folder.wfc(&["import", "."]).failed(), @"wfc: there is no workflow in what was given");
    assert_snapshot!(folder.wfc(&["import", "missing.json"]).stderr, @"
    error[unreadable-file]: no such file: missing.json
      file: missing.json
      help: check the path, which counts from the current folder

    1 error in 1 file
    0 files written
    ");
}
