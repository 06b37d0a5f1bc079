//! Files that are broken: said for the file, and the others are converted.

use super::{exported, saved_by_the_editor};
use crate::lints::files::{broken, unreadable};
use crate::support::{Folder, Run};

/// What comes of a file and of another one behind it.
#[track_caller]
fn with_another(name: &str, bytes: &[u8], code: i32) -> (Folder, Run) {
    let folder = Folder::new();
    folder.write(name, bytes);
    folder.write("fine.json", saved_by_the_editor().to_string());
    for target in ["api", "toml"] {
        let run = folder.wfc(&["import", name, "fine.json", "--to", target, "-o", "out"]);
        assert_eq!((run.code, &*run.stdout), (Some(code), ""), "{name} to {target}: {}", run.stderr);
        assert!(run.stderr.len() < 20_000, "{name}: {} bytes", run.stderr.len());
    }
    assert_eq!(folder.json("out/fine.workflow_api.json"), exported(), "{name}");
    assert!(folder.path("out/fine.toml").exists(), "{name}");
    let run = folder.wfc(&["import", name, "-o", "alone"]);
    (folder, run)
}

#[test]
fn each_broken_file_has_a_message_of_its_own_and_the_others_are_converted() {
    for (name, bytes, rule) in broken() {
        let (folder, run) = with_another(name, &bytes, 1);
        assert!(run.stderr.contains(&format!("error[{rule}]")), "{name}: {}", run.stderr);
        // A node without a definition is exported, as the editor does.
        let written = usize::from(rule == "missing-subgraph");
        assert_eq!(folder.names().iter().filter(|name| name.starts_with("alone")).count(), written, "{name}");
    }
}

#[test]
fn what_cannot_be_read_makes_the_exit_code_2_and_the_others_are_converted() {
    for (name, bytes) in unreadable() {
        let (_, run) = with_another(name, &bytes, 2);
        assert_eq!(run.code, Some(2));
        assert!(run.stderr.starts_with("error[unreadable-file]: "), "{name}: {}", run.stderr);
        assert!(run.stderr.ends_with("0 files written\n"), "{name}: {}", run.stderr);
    }
}

#[test]
fn a_file_beyond_the_limit_is_not_read_whole() {
    let folder = Folder::new();
    std::fs::File::create(folder.path("big.json")).unwrap().set_len(70 << 20).unwrap();
    let run = folder.wfc(&["import", "big.json"]);
    assert_eq!((run.code, folder.names().len()), (Some(2), 1), "{}", run.stderr);
    assert!(run.stderr.contains("big.json is larger than 32 MiB"), "{}", run.stderr);
}

#[test]
fn an_object_without_nodes_is_no_workflow() {
    let run = Folder::with([("w.json", "{}")]).wfc(&["import", "w.json"]);
    assert_eq!(run.code, Some(1));
    insta::assert_snapshot!(run.stderr, @"
    error[not-a-workflow]: not a workflow: there is no node in it
      file: w.json
      help: give a workflow as ComfyUI's editor saves it or exports it for the API

    1 error in 1 file
    0 files written
    ");
}

#[test]
fn in_a_folder_a_workflow_that_is_cut_off_is_named() {
    let text = exported().to_string();
    let folder = Folder::with([("cut.json", &text[..150]), ("fine.json", &text), ("notes.json", "{")]);
    let run = folder.wfc(&["import", ".", "-o", "out"]);
    assert_eq!(run.code, Some(1));
    assert!(run.stderr.contains("cut.json:1:") && !run.stderr.contains("notes"), "{}", run.stderr);
    assert_eq!(folder.json("out/fine.workflow_api.json"), exported());
}
