//! `wfc snapshot`: what presets compile to, kept as text.

use crate::support::{Folder, PICTURE, repository};

const WORKFLOW: &str = r#"{"1": {"class_type": "EmptyImage", "inputs": {"width": 64, "height": 64, "batch_size": 1, "color": 0}},
"2": {"class_type": "SaveImage", "inputs": {"images": ["1", 0], "filename_prefix": "x"}}}
"#;

fn preset(width: u32) -> String {
    format!("graph = \"g\"\n[params]\nwidth = {width}\n")
}

fn project() -> Folder {
    Folder::with([
        ("presets/p.toml", &preset(128)),
        ("graphs/g.toml", PICTURE),
        ("wfc.toml", "graphs = \"graphs\"\n"),
        ("workflows/hand.json", WORKFLOW),
        ("package.json", "{\"name\": \"no workflow\"}"),
    ])
}

fn text(folder: &Folder, name: &str) -> String {
    String::from_utf8(folder.read(name)).unwrap()
}

#[test]
fn what_is_kept_is_compared_and_brought_up_to_date() {
    let folder = project();
    let missing = folder.wfc(&["snapshot", "presets", "workflows"]).findings();
    assert!(missing.contains("presets/p.graph.txt is missing"), "{missing}");
    assert!(missing.contains("run `wfc snapshot --update`"), "{missing}");
    let written = folder.wfc(&["snapshot", "--update"]).succeeded().stdout;
    insta::assert_snapshot!(written, @"
    ./presets/p.workflow_api.json (2 nodes)
    ./presets/p.graph.txt (2 nodes)
    ./workflows/hand.graph.txt (2 nodes)
    ");
    insta::assert_snapshot!(text(&folder, "presets/p.graph.txt"), @r#"
    # Graph of a workflow, one node a line, sources first; format 1. `wfc snapshot --update` writes it.
    empty: EmptyImage(height=64, width=128)
    save: SaveImage(images=empty, filename_prefix="picture")
    "#);
    assert_eq!(folder.wfc(&["snapshot"]).succeeded().stdout, "2 of 2 are up to date\n");
    // What is kept of a preset is what is built.
    folder.wfc(&["build", "--check", "presets"]).succeeded();
    let again = folder.wfc(&["snapshot", "--update", "presets"]).succeeded().stdout;
    assert!(again.lines().all(|line| line.ends_with("unchanged)")), "{again}");

    folder.write("presets/p.toml", preset(256));
    folder.write("workflows/hand.json", WORKFLOW.replace("\"batch_size\": 1", "\"batch_size\": 4"));
    let before = folder.names();
    let run = folder.wfc(&["snapshot", "presets", "workflows"]);
    assert_eq!(run.code, Some(1));
    insta::assert_snapshot!(run.stdout, @"
    presets/p.workflow_api.json → presets/p.toml
    2 values changed

    Parameters
      width         128 px → 256 px  ↑ ×2  empty.width
      empty.height  64 → 128         ↑ ×2

    workflows/hand.graph.txt
    -EmptyImage#1(height=64, width=64)
    +EmptyImage#1(batch_size=4, height=64, width=64)
    ");
    assert!(run.stderr.contains("presets/p.graph.txt is not what the preset gives now"), "{}", run.stderr);
    assert!(
        run.stderr.contains("workflows/hand.graph.txt is not what the workflow gives now"),
        "{}",
        run.stderr
    );
    assert_eq!(folder.names(), before);
    folder.wfc(&["snapshot", "--update"]).succeeded();
    folder.wfc(&["snapshot"]).succeeded();
}

#[test]
fn other_numbers_are_no_change_of_a_workflow() {
    let folder = project();
    folder.wfc(&["snapshot", "--update"]).succeeded();
    let renumbered = WORKFLOW.replace("\"1\"", "\"17\"").replace("\"2\":", "\"5\":");
    folder.write("workflows/hand.json", renumbered);
    folder.wfc(&["snapshot"]).succeeded();
}

#[test]
fn a_folder_of_the_project_can_take_them() {
    let folder = project();
    folder.write("wfc.toml", "graphs = \"graphs\"\nsnapshots = \"kept/here\"\n");
    folder.wfc(&["snapshot", "--update"]).succeeded();
    let kept: Vec<String> = folder.names().into_iter().filter(|name| name.starts_with("kept")).collect();
    assert_eq!(
        kept,
        [
            "kept/here/presets/p.graph.txt",
            "kept/here/presets/p.wfc.json",
            "kept/here/presets/p.workflow_api.json",
            "kept/here/workflows/hand.graph.txt",
        ]
    );
    assert!(!folder.path("presets/p.wfc.json").exists());
    // From anywhere, and for one file alone.
    folder.wfc(&["snapshot"]).succeeded();
    let mut command = folder.command(&["snapshot", "p.toml"]);
    folder.finish(command.current_dir(folder.path("presets"))).succeeded();
    std::fs::remove_file(folder.path("presets/p.toml")).unwrap();
    let said = folder.wfc(&["snapshot"]).findings();
    assert!(said.contains("kept/here/presets/p.graph.txt is left over"), "{said}");
    assert!(folder.path("kept/here/presets/p.graph.txt").exists());
}

#[test]
fn of_many_workflows_the_first_is_whole() {
    let folder = project();
    let batch = "[matrix]\nwidth = [64, 128, 64]\nname = [\"a\", \"b\"]\n";
    folder.write("presets/p.toml", format!("graph = \"g\"\n{batch}"));
    folder.wfc(&["snapshot", "--update", "presets"]).succeeded();
    insta::assert_snapshot!(text(&folder, "presets/p.graph.txt"), @r#"
    # Graph of a workflow, one node a line, sources first; format 1. `wfc snapshot --update` writes it.

    ## p-1.workflow_api.json, the first of 6

    empty: EmptyImage(height=32, width=64)
    save: SaveImage(images=empty, filename_prefix="a")

    ## p-2.workflow_api.json, where it differs from the first

    save: SaveImage(images=empty, filename_prefix="b")

    ## p-3.workflow_api.json, where it differs from the first

    empty: EmptyImage(height=64, width=128)

    ## p-4.workflow_api.json, where it differs from the first

    empty: EmptyImage(height=64, width=128)
    save: SaveImage(images=empty, filename_prefix="b")

    ## p-5.workflow_api.json, where it differs from the first

    nothing

    ## p-6.workflow_api.json, where it differs from the first

    save: SaveImage(images=empty, filename_prefix="b")
    "#);
    // Of very many, the rest is told apart by a hash.
    let widths: Vec<String> = (1..=70).map(|width| (width * 16).to_string()).collect();
    folder.write("presets/p.toml", format!("graph = \"g\"\n[matrix]\nwidth = [{}]\n", widths.join(", ")));
    folder.wfc(&["snapshot", "--update", "presets"]);
    let kept = text(&folder, "presets/p.graph.txt");
    assert!(kept.contains("\n## 6 more, blake3 "), "{kept}");
    let other = [&widths[..69], &["16".to_owned()]].concat().join(", ");
    folder.write("presets/p.toml", format!("graph = \"g\"\n[matrix]\nwidth = [{other}]\n"));
    let run = folder.wfc(&["snapshot", "presets"]);
    assert!(run.stdout.contains("-## 6 more, blake3 ") && run.code == Some(1), "{}", run.stdout);
}

#[test]
fn an_error_writes_nothing_and_hides_nothing() {
    let folder = project();
    folder.write("presets/q.toml", preset(100));
    folder.write("presets/broken.toml", "graph = \"g\"\n[params\n");
    folder.write("workflows/broken.json", &WORKFLOW[..60]);
    let run = folder.wfc(&["snapshot", "--update"]);
    assert_eq!(run.code, Some(2));
    for expected in ["presets/q.toml:3:9", "presets/broken.toml:2:", "workflows/broken.json:1:"] {
        assert!(run.stderr.contains(expected), "{expected}: {}", run.stderr);
    }
    let names = folder.names();
    assert!(names.contains(&"presets/p.graph.txt".to_owned()), "{names:?}");
    assert!(
        !names.iter().any(|name| name.starts_with("presets/q.") && name != "presets/q.toml"),
        "{names:?}"
    );

    let json = folder.wfc(&["snapshot", "--format", "json"]);
    let document: serde_json::Value = serde_json::from_str(&json.stdout).unwrap();
    assert!(document["summary"]["errors"].as_u64() > Some(2), "{document:#}");

    let none = Folder::with([("x.json", "{}"), ("a/graphs/g.toml", PICTURE)]);
    for path in [".", "a"] {
        let said = none.wfc(&["snapshot", path]).failed();
        assert!(said.contains("there is neither a preset nor a workflow in what was given"), "{said}");
    }
    let said = none.wfc(&["snapshot", "a/graphs/g.toml"]).failed();
    assert!(said.contains("a/graphs/g.toml is no preset: it is graph"), "{said}");
    let said = none.wfc(&["snapshot", "nowhere.toml"]).failed();
    assert!(said.contains("no such file: nowhere.toml"), "{said}");
}

#[test]
fn two_sources_never_share_a_text() {
    let folder = project();
    folder.write("presets/p.json", WORKFLOW);
    let said = folder.wfc(&["snapshot", "--update"]).failed();
    assert!(
        said.contains("presets/p.json and ./presets/p.toml would both be kept as ./presets/p.graph.txt"),
        "{said}"
    );
    assert!(!folder.path("presets/p.graph.txt").exists());
}

#[test]
fn texts_of_presets_read_as_committed() {
    let folder = Folder::new();
    for name in ["scail-uni3c-wan22", "z-image-turbo"] {
        folder.write(
            &format!("{name}.toml"),
            std::fs::read(repository(&format!("presets/{name}.toml"))).unwrap(),
        );
        folder.wfc(&["snapshot", "--update", &format!("{name}.toml")]).succeeded();
        super::commands::is_committed(
            &format!("diff/{name}.graph.txt"),
            &text(&folder, &format!("{name}.graph.txt")),
        );
    }
}
