//! `wfc git-diff`, called by git itself.

use std::process::Command;

use crate::support::Folder;

const WORKFLOW: &str = r#"{"1": {"class_type": "EmptyImage", "inputs": {"width": 64, "height": 64, "batch_size": 1, "color": 0}},
"2": {"class_type": "SaveImage", "inputs": {"images": ["1", 0], "filename_prefix": "x"}}}
"#;

/// A repository with workflows and other files, in a folder and with names that shells trip over, that knows the driver.
fn repository() -> Folder {
    let folder = Folder::new();
    folder.write("my repo/work flows/it's.json", WORKFLOW);
    folder.write("my repo/package.json", "{\n  \"name\": \"x\"\n}\n");
    folder.write("my repo/x.png", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR");
    folder.write("my repo/.gitattributes", "*.json diff=wfc\n*.png diff=wfc\n");
    folder.git("my repo", &["init", "-q", "-b", "main"]);
    folder.git("my repo", &["add", "."]);
    folder.git("my repo", &["commit", "-q", "-m", "one"]);
    let mut install = folder.command(&["git-diff", "--install"]);
    install.current_dir(folder.path("my repo"));
    folder.finish(&mut install).succeeded();
    folder
}

/// What git prints without the driver, but for the line with ids, which has others for files that are in no repository.
fn without_ids(text: &str) -> String {
    // git ends names that have blanks with a tab.
    let lines = text.lines().filter(|line| !line.starts_with("index ")).map(str::trim_end);
    lines.flat_map(|line| [line, "\n"]).collect()
}

#[test]
fn git_shows_what_changes_do() {
    if Folder::is_without_git() {
        return;
    }
    let folder = repository();
    folder.write("my repo/work flows/it's.json", WORKFLOW.replace("\"batch_size\": 1", "\"batch_size\": 4"));
    let shown = without_ids(&folder.git("my repo", &["diff"]));
    insta::assert_snapshot!(shown, @"
    diff --wfc a/work flows/it's.json b/work flows/it's.json
    1 value changed

    Parameters
      EmptyImage 1.batch_size  1 → 4  ↑ ×4
    ");
    folder.git("my repo", &["commit", "-q", "-a", "-m", "two"]);
    // `git log -p` takes no other program's diff unless it is told to, and compares texts.
    let log = without_ids(&folder.git("my repo", &["log", "-p", "-1", "--format=%s"]));
    insta::assert_snapshot!(log, @r#"
    two

    diff --git a/work flows/it's.json b/work flows/it's.json
    --- a/work flows/it's.json
    +++ b/work flows/it's.json
    @@ -1,2 +1,2 @@
    -EmptyImage#1(height=64, width=64)
    +EmptyImage#1(batch_size=4, height=64, width=64)
     SaveImage#1(images=EmptyImage#1, filename_prefix="x")
    "#);
    let told = folder.git("my repo", &["log", "-p", "-1", "--ext-diff", "--format=%s"]);
    assert!(told.contains("EmptyImage 1.batch_size  1 → 4"), "{told}");
    // Numbers and layout are no lines at all.
    let renumbered = WORKFLOW
        .replace("\"batch_size\": 1", "\"batch_size\": 4")
        .replace("\"1\"", "\"51\"")
        .replace("\"2\":", "\"9\":");
    folder.write("my repo/work flows/it's.json", renumbered);
    let texts = without_ids(&folder.git("my repo", &["diff", "--no-ext-diff"]));
    assert!(!texts.contains("@@"), "{texts}");
    assert!(folder.git("my repo", &["diff"]).contains("the same workflow"), "{texts}");
}

#[test]
fn files_that_come_go_and_move() {
    if Folder::is_without_git() {
        return;
    }
    let folder = repository();
    folder.write("my repo/new.json", WORKFLOW);
    folder.git("my repo", &["add", "."]);
    let shown = without_ids(&folder.git("my repo", &["diff", "--cached"]));
    insta::assert_snapshot!(shown, @r#"
    diff --wfc a/new.json b/new.json
    new file mode 100644
    new: a workflow with 2 nodes, 0 errors, 0 other findings
    +EmptyImage#1(height=64, width=64)
    +SaveImage#1(images=EmptyImage#1, filename_prefix="x")
    "#);
    folder.git("my repo", &["commit", "-q", "-m", "two"]);
    folder.git("my repo", &["mv", "new.json", "newer.json"]);
    folder.write("my repo/newer.json", WORKFLOW.replace("\"x\"", "\"y\""));
    folder.git("my repo", &["rm", "-q", "work flows/it's.json"]);
    folder.git("my repo", &["add", "."]);
    let shown = without_ids(&folder.git("my repo", &["diff", "--cached", "-M"]));
    assert!(shown.contains("deleted file mode 100644\nno longer there: a workflow with 2 nodes"), "{shown}");
    let renamed = "diff --wfc a/new.json b/newer.json\nsimilarity index ";
    assert!(
        shown.contains(renamed) && shown.contains("rename from new.json\nrename to newer.json"),
        "{shown}"
    );
    assert!(shown.contains("filename_prefix  \"x\" → \"y\""), "{shown}");
}

#[test]
fn what_is_no_workflow_is_shown_as_git_shows_it() {
    if Folder::is_without_git() {
        return;
    }
    let folder = repository();
    folder.write("my repo/package.json", "{\n  \"name\": \"y\"\n}\n");
    folder.write("my repo/x.png", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR1");
    folder.write("my repo/work flows/other.json", "[]\n");
    folder.git("my repo", &["rm", "-q", "--cached", "package.json"]);
    folder.git("my repo", &["add", "."]);
    let is_like_git = || {
        let with = folder.git("my repo", &["diff", "HEAD"]);
        let without = folder.git("my repo", &["diff", "HEAD", "--no-ext-diff", "--no-textconv"]);
        assert_eq!(without_ids(&with), without_ids(&without));
        with
    };
    let shown = is_like_git();
    assert!(shown.contains("Binary files a/x.png and b/x.png differ"), "{shown}");
    folder.git("my repo", &["commit", "-q", "-m", "two"]);
    folder.git("my repo", &["rm", "-q", "work flows/other.json"]);
    let shown = is_like_git();
    assert!(shown.contains("deleted file mode 100644"), "{shown}");
    folder.git("my repo", &["commit", "-q", "-m", "gone"]);
    // A workflow that is broken now.
    folder.write("my repo/work flows/it's.json", &WORKFLOW[1..]);
    let with = folder.git("my repo", &["diff"]);
    assert!(with.contains("-{\"1\": {\"class_type\"") && with.contains("+\"1\": {\"class_type\""), "{with}");
    folder.git("my repo", &["commit", "-q", "-a", "-m", "three"]);
    let texts = folder.git("my repo", &["log", "-p", "--format=%s"]);
    assert!(texts.contains("+\"1\": {\"class_type\""), "{texts}");
    assert!(texts.contains("binary file of 16 bytes"), "{texts}");
    folder.git("my repo", &["log", "-p", "--ext-diff"]);
}

#[test]
fn shallow_clones_have_what_they_have() {
    if Folder::is_without_git() {
        return;
    }
    let folder = repository();
    for batch in ["2", "3", "4"] {
        let changed = WORKFLOW.replace("\"batch_size\": 1", &format!("\"batch_size\": {batch}"));
        folder.write("my repo/work flows/it's.json", changed);
        folder.git("my repo", &["commit", "-q", "-a", "-m", batch]);
    }
    let url = format!("file://{}", folder.path("my repo").display());
    folder.git("", &["clone", "-q", "--depth=2", &url, "shallow"]);
    let mut install = folder.command(&["git-diff", "--install"]);
    install.current_dir(folder.path("shallow"));
    let said = folder.finish(&mut install).succeeded().stdout;
    assert!(said.contains("workflows are shown by it"), "{said}");
    let log = folder.git("shallow", &["log", "-p", "--ext-diff", "--format=%s"]);
    assert!(log.starts_with("4\n") && log.contains("batch_size  3 → 4"), "{log}");
    // Of the last commit that is there, everything is new.
    assert!(log.contains("\n3\n") && log.contains("new: a workflow with 2 nodes"), "{log}");
}

#[test]
fn installing_says_what_it_did() {
    if Folder::is_without_git() {
        return;
    }
    let folder = Folder::new();
    let outside = folder.wfc(&["git-diff", "--install"]).failed();
    assert_eq!(
        outside,
        "wfc: this is not a git repository\n  help: run it in the repository whose diffs you look at\n"
    );
    folder.git("", &["init", "-q"]);
    folder.git("", &["config", "diff.wfc.command", "another"]);
    let program = env!("CARGO_BIN_EXE_wfc").replace('\\', "/");
    let said = folder.wfc(&["git-diff", "--install"]).succeeded().stdout.replace(&program, "PROGRAM");
    insta::assert_snapshot!(said, @"
    diff.wfc.command is now 'PROGRAM' git-diff (it was another)
    diff.wfc.textconv is now 'PROGRAM' git-diff --textconv
    both are in .git/config, for this repository alone; `git config --local --remove-section diff.wfc` removes them
    one step is left: a line in .gitattributes that says which files are workflows:
      *.json diff=wfc
    ");
    folder.write(".gitattributes", "*.json diff=wfc\n");
    let said = folder.wfc(&["git-diff", "--install"]).succeeded().stdout.replace(&program, "PROGRAM");
    insta::assert_snapshot!(said, @"
    diff.wfc.command is 'PROGRAM' git-diff already
    diff.wfc.textconv is 'PROGRAM' git-diff --textconv already
    both are in .git/config, for this repository alone; `git config --local --remove-section diff.wfc` removes them
    workflows are shown by it: .gitattributes says so
    ");
    // By name where the name leads here.
    let mut command = folder.command(&["git-diff", "--install"]);
    let here = std::path::Path::new(env!("CARGO_BIN_EXE_wfc")).parent().unwrap();
    let paths = std::env::var_os("PATH").unwrap_or_default();
    let paths = std::iter::once(here.to_owned()).chain(std::env::split_paths(&paths));
    command.env("PATH", std::env::join_paths(paths).unwrap());
    let said = folder.finish(&mut command).succeeded().stdout;
    assert!(said.contains("diff.wfc.textconv is now wfc git-diff --textconv (it was '"), "{said}");
}

#[test]
fn called_by_hand_it_says_who_should() {
    let folder = Folder::with([("a.json", WORKFLOW), ("b.txt", "text\n")]);
    let said = folder.wfc(&["git-diff", "a.json", "b.txt"]).failed();
    assert!(said.contains("git-diff takes 1, 7 or 9 arguments, not 2"), "{said}");
    assert_eq!(folder.wfc(&["git-diff", "a.json"]).succeeded().stdout, "* Unmerged path a.json\n");
    assert_eq!(folder.wfc(&["git-diff", "--textconv", "b.txt"]).succeeded().stdout, "text\n");
    let text = folder.wfc(&["git-diff", "--textconv", "a.json"]).succeeded().stdout;
    insta::assert_snapshot!(text, @r#"
    EmptyImage#1(height=64, width=64)
    SaveImage#1(images=EmptyImage#1, filename_prefix="x")
    "#);
    assert_eq!(
        folder.wfc(&["git-diff", "--textconv", "none.json"]).succeeded().stdout,
        "no such file: none.json\n"
    );
    // git stops when a driver fails, so it does not: not without git either.
    let mut command = folder.command(&["git-diff", "b.txt", "b.txt", "1", "100644", "none", "2", "100644"]);
    let run = folder.finish(command.env("PATH", ""));
    assert_eq!((run.code, &*run.stdout), (Some(0), ""));
    assert!(
        Command::new(env!("CARGO_BIN_EXE_wfc")).args(["git-diff"]).output().unwrap().status.code() == Some(2)
    );
}
