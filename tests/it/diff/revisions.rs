//! `wfc diff` of git revisions.

use crate::support::{Folder, PICTURE, Run};

/// Runs git in a folder below the test's own.
pub(crate) fn git(folder: &Folder, below: &str, arguments: &[&str]) {
    folder.git(below, arguments);
}

pub(crate) fn is_without_git() -> bool {
    Folder::is_without_git()
}

/// A repository in which `main` has a preset with its graph, and `work` changes the graph and adds to the preset.
fn repository() -> Folder {
    let folder = Folder::new();
    folder.write("repo/presets/p.toml", "graph = \"g\"\n[params]\nwidth = 128\n");
    folder.write("repo/graphs/g.toml", PICTURE);
    folder.write("repo/wfc.toml", "graphs = \"graphs\"\n");
    git(&folder, "repo", &["init", "-q", "-b", "main"]);
    git(&folder, "repo", &["add", "."]);
    git(&folder, "repo", &["commit", "-q", "-m", "one"]);
    git(&folder, "repo", &["checkout", "-q", "-b", "work"]);
    folder.write("repo/presets/p.toml", "graph = \"g\"\n[params]\nwidth = 256\n");
    folder.write("repo/graphs/g.toml", PICTURE.replace("batch_size = 1", "batch_size = 3"));
    git(&folder, "repo", &["commit", "-q", "-a", "-m", "two"]);
    // What is on the disk belongs to neither.
    folder.write("repo/graphs/g.toml", "this is no graph");
    folder
}

pub(crate) fn wfc(folder: &Folder, below: &str, arguments: &[&str]) -> Run {
    let mut command = folder.command(arguments);
    command.current_dir(folder.path(below));
    folder.finish(&mut command)
}

#[test]
fn a_preset_of_a_revision_has_the_graph_of_that_revision() {
    if Folder::is_without_git() {
        return;
    }
    let folder = repository();
    let run = wfc(&folder, "repo", &["diff", "main..work", "presets/p.toml"]);
    assert_eq!((run.code, &*run.stderr), (Some(1), ""));
    insta::assert_snapshot!(run.stdout, @"
    main:presets/p.toml → work:presets/p.toml
    3 values changed

    Parameters
      width             128 px → 256 px  ↑ ×2  empty.width
      empty.height      64 → 128         ↑ ×2
      empty.batch_size  1 → 3            ↑ ×3
    ");
    // From a folder below, with a path from the top, and with one from there.
    for (below, arguments) in [
        ("repo/presets", ["diff", "main..work", "p.toml"]),
        ("repo/presets", ["diff", "main:presets/p.toml", "work:p.toml"]),
        ("repo", ["diff", "main..", "./presets/p.toml"]),
        ("repo", ["diff", "main...work", "presets/../presets/p.toml"]),
    ] {
        let other = wfc(&folder, below, &arguments);
        let body = |run: &Run| run.stdout.split_once('\n').unwrap().1.to_owned();
        assert_eq!(body(&other), body(&run), "{arguments:?}: {}", other.stderr);
    }
    assert_eq!(wfc(&folder, "repo", &["diff", "main..main", "presets/p.toml"]).code, Some(0));
}

#[test]
fn what_is_wrong_in_a_revision_is_shown_where_its_reader_knows_it() {
    if Folder::is_without_git() {
        return;
    }
    let folder = repository();
    folder.write("repo/presets/p.toml", "graph = \"g\"\n[params]\nwidht = 256\n");
    git(&folder, "repo", &["commit", "-q", "-m", "three", "presets/p.toml"]);
    let run = wfc(&folder, "repo", &["diff", "main..HEAD", "presets/p.toml"]).failed();
    insta::assert_snapshot!(run, @"
    error[unknown-param]: the graph has no parameter `widht`
       ╭─[HEAD:presets/p.toml:3:1]
     2 │ [params]
     3 │ widht = 256
       · ─────
       ╰────
      help: did you mean `width`?

    1 error in 1 file
    old: main:presets/p.toml can be read: a preset with 2 nodes, 0 errors, 0 other findings
    new: HEAD:presets/p.toml cannot be compared
    ");
}

#[test]
fn revisions_and_files_that_are_not_there_are_named() {
    if Folder::is_without_git() {
        return;
    }
    let folder = repository();
    let said = |arguments: &[&str]| wfc(&folder, "repo", arguments).failed();
    for (arguments, expected) in [
        (["diff", "mian..work", "presets/p.toml"], "there is no revision `mian` in this repository"),
        (["diff", "main:presets/q.toml", "wfc.toml"], "there is no file `presets/q.toml` in `main`"),
        (["diff", "main:p.toml", "wfc.toml"], "there is `main:presets/p.toml`"),
        (["diff", "main:presets", "wfc.toml"], "main:presets is a folder, and wfc.toml is a file"),
        (["diff", "main:", "wfc.toml"], "names no file"),
        (["diff", "--", "-x:a"], "required arguments"),
        (["diff", "main..work", "../../x.toml"], "lies outside"),
        (["diff", "main:wfc.toml", "work:presets/p.toml"], "this file is a project"),
    ] {
        let said = said(&arguments);
        assert!(said.contains(expected), "{arguments:?}: {said}");
    }
    let outside = wfc(&folder, "", &["diff", "main..work", "presets/p.toml"]).failed();
    assert!(outside.contains("no git repository here"), "{outside}");
}

#[test]
fn shallow_clones_say_what_they_lack() {
    if Folder::is_without_git() {
        return;
    }
    let folder = repository();
    let url = format!("file://{}", folder.path("repo").display());
    git(&folder, "", &["clone", "-q", "--depth=1", "--branch=work", &url, "shallow"]);
    let said = wfc(&folder, "shallow", &["diff", "origin/main..HEAD", "presets/p.toml"]).failed();
    assert!(said.contains("`git fetch --depth=1 origin main` brings it"), "{said}");
    git(&folder, "shallow", &["fetch", "-q", "--depth=1", "origin", "main"]);
    let run = wfc(&folder, "shallow", &["diff", "FETCH_HEAD..HEAD", "presets/p.toml"]);
    assert_eq!(run.code, Some(1), "{}", run.stderr);
    let said = wfc(&folder, "shallow", &["diff", "FETCH_HEAD...HEAD", "presets/p.toml"]).failed();
    assert!(said.contains("no revision in common here"), "{said}");
}
