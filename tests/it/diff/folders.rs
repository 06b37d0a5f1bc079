//! `wfc diff` of folders, of the index, and of the working tree.

use crate::support::{Folder, PICTURE, Run};

const HAND: &str = r#"{"1": {"class_type": "EmptyImage", "inputs": {"width": 64, "height": 64, "batch_size": 1, "color": 0}},
"2": {"class_type": "SaveImage", "inputs": {"images": ["1", 0], "filename_prefix": "x"}}}"#;

fn preset(width: u32) -> String {
    format!("graph = \"g\"\n[params]\nwidth = {width}\n")
}

/// A repository with a commit on `main` and one on `work`.
fn repository() -> Folder {
    let folder = Folder::new();
    for (name, width) in [("same", 64), ("changed", 128), ("gone", 32), ("old", 96)] {
        folder.write(&format!("repo/presets/{name}.toml"), preset(width));
    }
    folder.write("repo/presets/hand.json", HAND);
    folder.write("repo/presets/package.json", "{\"name\": \"no workflow\"}");
    folder.write("repo/graphs/g.toml", PICTURE);
    folder.write("repo/wfc.toml", "graphs = \"graphs\"\n");
    folder.git("repo", &["init", "-q", "-b", "main"]);
    folder.git("repo", &["add", "."]);
    folder.git("repo", &["commit", "-q", "-m", "one"]);
    folder.git("repo", &["checkout", "-q", "-b", "work"]);
    folder.write("repo/presets/changed.toml", preset(256));
    folder.git("repo", &["mv", "presets/old.toml", "presets/new.toml"]);
    folder.git("repo", &["rm", "-q", "presets/gone.toml"]);
    folder.write("repo/presets/deep/er/added.toml", preset(512));
    // What a preset compiles to is told by the preset.
    folder.write("repo/presets/changed.workflow_api.json", HAND);
    folder.write("repo/presets/package.json", "{\"name\": \"still none\"}");
    folder.git("repo", &["add", "."]);
    folder.git("repo", &["commit", "-q", "-m", "two"]);
    folder
}

fn wfc(folder: &Folder, below: &str, arguments: &[&str]) -> Run {
    let mut command = folder.command(arguments);
    command.current_dir(folder.path(below));
    folder.finish(&mut command)
}

#[test]
fn every_preset_and_workflow_below_is_compared() {
    if Folder::is_without_git() {
        return;
    }
    let folder = repository();
    let run = wfc(&folder, "repo", &["diff", "main..work", "presets"]);
    assert_eq!((run.code, &*run.stderr), (Some(1), ""));
    insta::assert_snapshot!(run.stdout, @"
    main:presets/changed.toml → work:presets/changed.toml
    2 values changed

    Parameters
      width         128 px → 256 px  ↑ ×2  empty.width
      empty.height  64 → 128         ↑ ×2

    + deep/er/added.toml  a preset with 2 nodes, 0 errors, 0 other findings

    - gone.toml  a preset with 2 nodes, 0 errors, 0 other findings

    old.toml → new.toml  the same

    main:presets → work:presets: 1 changed, 1 added, 1 removed, 1 renamed, 2 unchanged
    ");
    // From elsewhere, in other words, and on the disk, the same.
    let last =
        |run: &Run| run.stdout.lines().last().unwrap_or_default().split_once(": ").map(|it| it.1.to_owned());
    for (below, arguments) in [
        ("repo/presets", ["diff", "main..work", "."]),
        ("repo", ["diff", "main:presets", "work:presets/"]),
        ("repo", ["diff", "main", "presets"]),
        ("repo", ["diff", "main:presets", ":presets"]),
        ("repo/graphs", ["diff", "main...", "../presets"]),
    ] {
        let other = wfc(&folder, below, &arguments);
        assert_eq!(last(&other), last(&run), "{arguments:?}: {}", other.stderr);
    }
    let markdown = wfc(&folder, "repo", &["diff", "main..work", "presets", "--format", "markdown"]).stdout;
    insta::assert_snapshot!(markdown.lines().take(7).collect::<Vec<_>>().join("\n"), @"
    ## `main:presets` → `work:presets`

    1 changed, 1 added, 1 removed, 1 renamed, 2 unchanged

    - **added** `deep/er/added.toml`: a preset with 2 nodes, 0 errors, 0 other findings
    - **removed** `gone.toml`: a preset with 2 nodes, 0 errors, 0 other findings
    - **renamed** `old.toml` → `new.toml`
    ");
    let none = wfc(&folder, "repo", &["diff", "work:presets", "presets"]).succeeded();
    assert_eq!(none.stdout, "work:presets → presets: 5 unchanged\n");
}

#[test]
fn the_json_of_folders_is_what_its_schema_says() {
    let folder = Folder::new();
    for (name, width) in [("a/p.toml", 64), ("b/p.toml", 128), ("b/q.toml", 128)] {
        folder.write(name, preset(width));
    }
    folder.write("a/g.toml", PICTURE);
    folder.write("b/g.toml", PICTURE);
    let run = folder.wfc(&["diff", "a", "b", "--format", "json"]);
    assert_eq!(run.code, Some(1), "{}", run.stderr);
    let document: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    let schema: serde_json::Value =
        serde_json::from_str(&folder.wfc(&["schema", "folders-diff"]).succeeded().stdout).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let errors: Vec<String> = validator.iter_errors(&document).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{errors:?}");
    assert_eq!((&document["version"], &document["summary"]["changed"]), (&1.into(), &1.into()));
}

#[test]
fn what_cannot_be_read_stops_nothing_else() {
    let folder = Folder::new();
    for name in ["a/p.toml", "a/q.toml", "b/q.toml"] {
        folder.write(name, preset(64));
    }
    folder.write("a/g.toml", PICTURE);
    folder.write("b/g.toml", PICTURE);
    folder.write("b/p.toml", "graph = \"g\"\n[params]\nwidht = 64\n");
    let broken = HAND.replace("\"inputs\": {\"images\"", "\"inputs\" {\"images\"");
    folder.write("b/w.json", broken);
    let run = folder.wfc(&["diff", "a", "b"]);
    assert_eq!(run.code, Some(2));
    insta::assert_snapshot!(run.stdout, @"
    ? p.toml  cannot be compared; the other side is a preset with 2 nodes, 0 errors, 0 other findings

    ? w.json  cannot be compared

    a → b: 2 unreadable, 1 unchanged
    ");
    assert!(run.stderr.contains("unknown-param") && run.stderr.contains("b/w.json:2:"), "{}", run.stderr);
}

#[test]
fn the_index_and_the_working_tree_are_sides_like_others() {
    if Folder::is_without_git() {
        return;
    }
    let folder = repository();
    folder.write("repo/presets/same.toml", preset(80));
    folder.git("repo", &["add", "presets/same.toml"]);
    folder.write("repo/presets/same.toml", preset(160));
    let shown = |arguments: &[&str]| {
        let run = wfc(&folder, "repo", arguments);
        assert_eq!((run.code, &*run.stderr), (Some(1), ""), "{arguments:?}");
        run.stdout.lines().filter(|line| line.contains(" px")).map(str::trim).collect::<Vec<_>>().join("\n")
    };
    assert_eq!(
        shown(&["diff", ":presets/same.toml", "presets/same.toml"]),
        "width         80 px → 160 px  ↑ ×2  empty.width"
    );
    assert!(shown(&["diff", "HEAD:presets/same.toml", ":presets/same.toml"]).contains("64 px → 80 px"));
    assert!(shown(&["diff", "HEAD", "presets/same.toml"]).contains("64 px → 160 px"));
    for (arguments, expected) in [
        (["diff", "HAED", "presets/same.toml"], "no such file: HAED, and there is no revision `HAED`"),
        (
            ["diff", ":presets/none.toml", "presets/same.toml"],
            "there is no file `presets/none.toml` in the index",
        ),
        (["diff", ":", "presets/same.toml"], "`:` names no file"),
        (
            ["diff", "main:presets", "presets/same.toml"],
            "main:presets is a folder, and presets/same.toml is a file",
        ),
        (["diff", "presets", "main:presets/none.toml"], "there is no file `presets/none.toml` in `main`"),
        (["diff", "main..work", "nowhere"], "there is no file `nowhere` in `main`"),
        (["diff", "main", "nowhere.toml"], "no such file: nowhere.toml"),
    ] {
        let said = wfc(&folder, "repo", &arguments).failed();
        assert!(said.contains(expected), "{arguments:?}: {said}");
    }
    // A bare repository has no index; revisions are there all the same.
    folder.git("", &["clone", "-q", "--bare", "repo", "bare"]);
    let said = wfc(&folder, "bare", &["diff", ":presets/same.toml", "HEAD:presets/same.toml"]).failed();
    assert!(said.contains("a bare repository has none"), "{said}");
    assert_eq!(wfc(&folder, "bare", &["diff", "main..work", "presets"]).code, Some(1));
}

#[test]
fn without_git_files_can_be_compared_and_nothing_else() {
    let folder = Folder::with([("p.toml", "graph = \"g\"\n"), ("g.toml", PICTURE)]);
    let run = |arguments: &[&str]| {
        let mut command = folder.command(arguments);
        command.env("PATH", "");
        folder.finish(&mut command)
    };
    run(&["diff", "p.toml", "p.toml"]).succeeded();
    let said = run(&["diff", "main:p.toml", "p.toml"]).failed();
    assert!(said.contains("cannot run git") && said.contains("install it"), "{said}");
    let said = run(&["diff", "main..work", "p.toml"]).failed();
    assert!(said.contains("cannot run git"), "{said}");
}

#[test]
fn binary_files_are_called_that() {
    let folder = Folder::with([("p.toml", "graph = \"g\"\n"), ("g.toml", PICTURE)]);
    for name in ["x.bin", "x.json", "x.toml", "x.png"] {
        folder.write(name, b"\0\x01\xff\xfe binary");
        let said = folder.wfc(&["diff", "p.toml", name]).failed();
        assert!(
            said.contains("this is a binary file, and no picture with a workflow in it"),
            "{name}: {said}"
        );
        assert!(said.contains("old: p.toml can be read: a preset with 2 nodes"), "{name}: {said}");
    }
    // Latin-1 is text all the same.
    folder.write("x.json", b"{\"a\": \"\xe9\"}");
    let said = folder.wfc(&["diff", "p.toml", "x.json"]).failed();
    assert!(said.contains("is not UTF-8 text (byte 7); save it as UTF-8"), "{said}");
}
