//! Which workflows a change touches, and what is said of those that cannot be compared.

use crate::diff::revisions::{git, is_without_git, wfc};
use crate::support::{Folder, PICTURE, Run};

/// A repository with a graph, two presets of it, and one of another graph.
fn repository() -> Option<Folder> {
    if is_without_git() {
        eprintln!("skipped: there is no git");
        return None;
    }
    let folder = Folder::new();
    folder.write("repo/wfc.toml", "graphs = \"graphs\"\n");
    folder.write("repo/graphs/g.toml", PICTURE);
    folder.write("repo/presets/base.toml", "graph = \"g\"\n[params]\nwidth = 128\n");
    folder.write("repo/presets/child.toml", "extends = \"base.toml\"\n[params]\nname = \"child\"\n");
    folder.write("repo/presets/fox.toml", "graph = \"z-image-turbo\"\n[params]\nprompt = \"a fox\"\n");
    folder.write("repo/Cargo.toml", "[package]\nname = \"x\"\n");
    folder.write("repo/package.json", "{\"name\": \"x\"}\n");
    git(&folder, "repo", &["init", "-q", "-b", "main"]);
    commit(&folder);
    Some(folder)
}

fn commit(folder: &Folder) {
    git(folder, "repo", &["add", "-A"]);
    git(folder, "repo", &["commit", "-q", "-m", "x"]);
}

fn review(folder: &Folder, arguments: &[&str]) -> Run {
    wfc(folder, "repo", &[&["review", "--base", "main"], arguments].concat())
}

/// The lines that say which workflows changed.
#[track_caller]
fn touched(run: &Run) -> String {
    assert_eq!((run.code, &*run.stderr), (Some(1), ""), "{}", run.stdout);
    let is_name = |line: &&str| line.get(1..2) == Some(" ") && !line.starts_with(' ');
    run.stdout.lines().skip(2).filter(is_name).collect::<Vec<_>>().join("\n")
}

#[test]
fn nothing_changed_is_said() {
    let Some(folder) = repository() else { return };
    folder.write("repo/README.md", "words\n");
    folder.write("repo/package.json", "{\"name\": \"y\"}\n");
    let run = review(&folder, &[]).succeeded();
    insta::assert_snapshot!(run.stdout, @"
    main → files on the disk
    3 workflows, nothing changed
    ");
    assert!(review(&folder, &["--html", "-"]).succeeded().stdout.contains("Nothing that runs has changed."));
    assert!(
        review(&folder, &["--markdown", "-"])
            .succeeded()
            .stdout
            .starts_with("## 3 workflows, nothing changed")
    );
    // A comment in a preset is no change of what it does.
    folder.write("repo/presets/base.toml", "# words\ngraph = \"g\"\n[params]\nwidth = 128\n");
    review(&folder, &[]).succeeded();
}

#[test]
fn a_change_shows_wherever_it_arrives() {
    let Some(folder) = repository() else { return };
    let both = "~ presets/base.toml\n~ presets/child.toml";
    folder.write("repo/graphs/g.toml", PICTURE.replace("batch_size = 1", "batch_size = 3"));
    assert_eq!(touched(&review(&folder, &[])), both);
    folder.write("repo/graphs/g.toml", PICTURE);
    folder.write("repo/presets/base.toml", "graph = \"g\"\n[params]\nwidth = 256\n");
    assert_eq!(touched(&review(&folder, &[])), both);
    assert_eq!(touched(&review(&folder, &["presets/child.toml"])), "~ presets/child.toml");
    // The project: a card that is too small for one of them.
    folder.write("repo/presets/base.toml", "graph = \"g\"\n[params]\nwidth = 128\n");
    folder.write("repo/wfc.toml", "graphs = \"graphs\"\n[target]\nvram = \"2 GiB\"\n");
    let run = review(&folder, &[]);
    assert!(touched(&run).contains("~ presets/fox.toml"), "{}", run.stdout);
    let page = review(&folder, &["--html", "-", "presets/fox.toml"]).stdout;
    // Lines of files that workflows are made from stand once on the page.
    assert!(page.contains("<code>wfc.toml</code>") && page.contains("+vram = &quot;2 GiB&quot;"), "{page}");
    // From a folder below, with paths from there.
    let below = wfc(&folder, "repo/presets", &["review", "--base", "main", "fox.toml"]);
    assert_eq!(touched(&below), "~ presets/fox.toml");
}

#[test]
fn both_sides_may_be_revisions() {
    let Some(folder) = repository() else { return };
    git(&folder, "repo", &["checkout", "-q", "-b", "work"]);
    folder.write("repo/presets/base.toml", "graph = \"g\"\n[params]\nwidth = 256\n");
    commit(&folder);
    // What happens to main meanwhile is not part of the change.
    git(&folder, "repo", &["checkout", "-q", "main"]);
    folder.write("repo/presets/fox.toml", "graph = \"z-image-turbo\"\n[params]\nprompt = \"two foxes\"\n");
    commit(&folder);
    folder.write("repo/presets/base.toml", "not on the disk");
    let run = review(&folder, &["--head", "work"]);
    assert_eq!(touched(&run), "~ presets/base.toml\n~ presets/child.toml");
    assert!(run.stdout.contains("note: main has gone on since: compared with "), "{}", run.stdout);
    // Without a revision in common, the base itself is compared.
    let url = format!("file://{}", folder.path("repo").display());
    git(&folder, "", &["clone", "-q", "--depth=1", "--branch=work", &url, "shallow"]);
    git(&folder, "shallow", &["fetch", "-q", "--depth=1", "origin", "main"]);
    let run = wfc(&folder, "shallow", &["review", "--base", "FETCH_HEAD", "--head", "HEAD"]);
    assert!(touched(&run).contains("~ presets/fox.toml"));
    assert!(run.stdout.contains("compared with FETCH_HEAD itself"), "{}", run.stdout);
}

#[test]
fn what_is_new_gone_renamed_or_broken_is_shown_as_far_as_it_can_be() {
    let Some(folder) = repository() else { return };
    folder.write("repo/presets/old-broken.toml", "graph = \"g\"\n[params]\nwidth = \"wide\"\n");
    folder.write("repo/presets/still.toml", "graph = \"g\"\n[params]\nwidth = \"wide\"\n");
    folder.write("repo/presets/gone.toml", "graph = \"g\"\n");
    folder.write("repo/presets/named.toml", "graph = \"g\"\n[params]\nwidth = 512\nname = \"a name\"\n");
    commit(&folder);
    git(&folder, "repo", &["tag", "start"]);
    folder.write("repo/presets/old-broken.toml", "graph = \"g\"\n[params]\nwidth = 64\n");
    std::fs::remove_file(folder.path("repo/presets/gone.toml")).unwrap();
    git(&folder, "repo", &["mv", "presets/named.toml", "presets/other-name.toml"]);
    folder.write("repo/presets/new.toml", "graph = \"qwen-image\"\n[params]\nprompt = \"a house\"\n");
    folder.write("repo/presets/fox.toml", "graph = \"z-image-turbo\"\n[params\n");
    commit(&folder);
    let run = wfc(&folder, "repo", &["review", "--base", "start"]);
    assert_eq!((run.code, &*run.stderr), (Some(1), ""));
    insta::assert_snapshot!(run.stdout, @r#"
    start → files on the disk
    7 workflows: 1 new, 1 gone, 1 broken now, 1 repaired
    note: presets/named.toml is called presets/other-name.toml now
    note: presets/still.toml cannot be compiled, before or after; `wfc lint` says why

    ! presets/fox.toml
      it cannot be compiled any more
      after:
        error[toml-syntax]: not valid TOML: unclosed table, expected `]`
           ╭─[presets/fox.toml:2:8]
         1 │ graph = "z-image-turbo"
         2 │ [params
           ·        ▲
           ╰────

    - presets/gone.toml
      no longer there

    + presets/new.toml
      a new workflow

    + presets/old-broken.toml
      it could not be compiled before
      before:
        error[wrong-type]: `width` takes an integer, found a string
           ╭─[start:presets/old-broken.toml:3:9]
         2 │ [params]
         3 │ width = "wide"
           ·         ──────
           ╰────
          help: `width` (int, px, 16 to 4096, a multiple of 16): Width of the picture.
    "#);
    for format in ["--html", "--markdown"] {
        let run = wfc(&folder, "repo", &["review", "--base", "start", "--head", "HEAD", format, "-"]);
        assert_eq!((run.code, &*run.stderr), (Some(1), ""));
        for said in ["unclosed table", "presets/new.toml", "presets/gone.toml", "broken now", "repaired"] {
            assert!(run.stdout.contains(said), "{format}: {said}");
        }
    }
    let page = wfc(&folder, "repo", &["review", "--base", "start", "--html", "-"]).stdout;
    // The new, the gone, the broken and the repaired one each have the picture that there is.
    assert_eq!(page.matches("data-picture").count() - page.matches("\"[data-picture]\"").count(), 4);
}

#[test]
fn workflows_in_json_are_compared_and_outputs_of_presets_are_not() {
    let Some(folder) = repository() else { return };
    let api = |width: u32| {
        format!(
            r#"{{"a": {{"class_type": "EmptyImage", "inputs": {{"width": {width}, "height": 64, "batch_size": 1, "color": 0}}}},
                "b": {{"class_type": "SaveImage", "inputs": {{"images": ["a", 0], "filename_prefix": "x"}}}}}}"#
        )
    };
    folder.write("repo/exported.json", api(64));
    folder.write("repo/same.json", api(64));
    folder.write("repo/presets/base.workflow_api.json", api(64));
    commit(&folder);
    for name in ["exported.json", "presets/base.workflow_api.json", "new.json"] {
        folder.write(&format!("repo/{name}"), api(128));
    }
    folder.write("repo/cut.json", "{\"a\": ");
    assert_eq!(touched(&review(&folder, &[])), "~ exported.json\n+ new.json");
    // A workflow that is none any more.
    folder.write("repo/exported.json", "{\"a\": ");
    let run = review(&folder, &[]);
    assert!(touched(&run).contains("! exported.json"), "{}", run.stdout);
}

#[test]
fn what_is_missing_is_named() {
    let Some(folder) = repository() else { return };
    let failed = |below: &str, arguments: &[&str]| wfc(&folder, below, arguments).failed();
    for (below, arguments, said) in [
        ("repo", &["review", "--base", "mian"][..], "there is no revision `mian` in this repository"),
        ("repo", &["review", "--base", "main", "--head", "wrok"], "there is no revision `wrok`"),
        (
            "repo",
            &["review", "--base", "main", "presets/none.toml"],
            "there is no `presets/none.toml` on either side",
        ),
        ("repo", &["review", "--base", "main", "../x"], "lies outside"),
        ("", &["review", "--base", "main"], "there is no git repository here"),
        ("repo", &["review"], "--base <REV>"),
        ("repo", &["review", "--base", "main", "--gpu", "rtx-509"], "did you mean `rtx-5090`?"),
        ("repo", &["review", "--base", "main", "--html", "-", "--markdown", "-"], "cannot both"),
        ("repo", &["review", "--base", "main", "--html", "presets"], "presets is a folder"),
        ("repo", &["review", "--base", "--html"], "a value is required"),
    ] {
        let text = failed(below, arguments);
        assert!(text.contains(said), "{arguments:?}: {text}");
    }
}
