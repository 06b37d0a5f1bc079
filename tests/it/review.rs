//! `wfc review`: which workflows a change of a repository touches, and how that is shown.

mod pictures;
mod sides;

use serde_json::Value;
use wfc::catalog::{Catalog, Models};
use wfc::diag::Diagnostics;
use wfc::front::json::{self, Arena, Document};
use wfc::ir::Graph;
use wfc::review::report::{Entry, Read, Report, comment, page};
use wfc::source::Sources;

use crate::diff::commands::{demonstration_graph, demonstration_preset, is_committed};
use crate::diff::revisions::{git, is_without_git, wfc};
use crate::support::{Folder, repository};

/// A repository whose `main` has a preset, and whose `dance` changes cfg and the prompt, swaps the model, and puts
/// Uni3C in.
fn demonstration() -> Folder {
    let folder = Folder::new();
    folder.write("repo/graphs/dance.toml", demonstration_graph());
    folder.write("repo/wfc.toml", "graphs = \"graphs\"\n");
    let preset = |models, values, colour| demonstration_preset("dance", models, values, colour);
    folder.write("repo/presets/dance.toml", preset("", "", "red"));
    folder.write("repo/presets/fox.toml", "graph = \"z-image-turbo\"\n[params]\nprompt = \"a fox\"\n");
    git(&folder, "repo", &["init", "-q", "-b", "main"]);
    git(&folder, "repo", &["add", "."]);
    git(&folder, "repo", &["commit", "-q", "-m", "one"]);
    git(&folder, "repo", &["checkout", "-q", "-b", "dance"]);
    let models = "[models]\nscail = \"scail-14b-fp8\"\n";
    folder.write("repo/presets/dance.toml", preset(models, "cfg = 3.0\ncamera = true\n", "blue"));
    git(&folder, "repo", &["commit", "-q", "-a", "-m", "two"]);
    folder
}

#[test]
fn the_demonstration_reads_as_committed() {
    if is_without_git() {
        eprintln!("skipped: there is no git");
        return;
    }
    let folder = demonstration();
    let review = ["review", "--base", "main", "--head", "dance"];
    let run = wfc(&folder, "repo", &review);
    assert_eq!((run.code, &*run.stderr), (Some(1), ""));
    is_committed("review/demonstration.txt", &run.stdout);
    let arguments = [&review[..], &["--html", "../page.html", "--markdown", "../comment.md"]].concat();
    let run = wfc(&folder, "repo", &arguments);
    assert_eq!((run.code, &*run.stderr), (Some(1), "wrote ../page.html\nwrote ../comment.md\n"));
    for (written, name) in [("page.html", "demonstration.html"), ("comment.md", "demonstration.md")] {
        is_committed(&format!("review/{name}"), &String::from_utf8(folder.read(written)).unwrap());
    }
    // The files on the disk are the same here, and the same bytes come out again.
    let again = wfc(&folder, "repo/presets", &["review", "--base", "main", "--html", "-"]);
    let named = again.stdout.replace("files on the disk", "dance");
    assert!(named.as_bytes() == folder.read("page.html"));
}

/// What the page says of each node, by its key.
fn nodes(page: &str) -> Vec<Value> {
    let start = "<script type=\"application/json\" data-nodes>";
    let lists = page.split(start).skip(1).map(|rest| rest.split("</script>").next().unwrap());
    lists.flat_map(|json| serde_json::from_str::<Vec<Value>>(json).unwrap()).collect()
}

#[test]
fn the_page_needs_nothing_and_says_all() {
    let folder = Folder::new();
    folder.write("dance.graph.toml", demonstration_graph());
    let preset = |models, values, colour| demonstration_preset("./dance.graph.toml", models, values, colour);
    folder.write("a.toml", preset("", "", "red"));
    folder.write(
        "b.toml",
        preset("", "cfg = 3.0\n", "<script>alert(1)</script><!-- & \\\"quoted\\\" --> 'blue'"),
    );
    let run = folder.wfc(&["diff", "a.toml", "b.toml", "--format", "html"]);
    assert_eq!((run.code, &*run.stderr), (Some(1), ""));
    let page = run.stdout;
    // Nothing is fetched from anywhere.
    for fetched in [" src=", "@import", "url(", "<link", "href=\"http", "fetch(", "XMLHttpRequest"] {
        assert!(!page.contains(fetched), "{fetched}");
    }
    // The only scripts are the page's own: its data and its program.
    assert_eq!(page.matches("<script").count(), 2);
    assert_eq!(page.matches("</script>").count(), 2);
    assert!(page.contains("&lt;script&gt;alert(1)&lt;&#x2f;script&gt;"));
    let nodes = nodes(&page);
    let of = |key: &str| nodes.iter().find(|node| node["key"] == key).unwrap();
    let prompt = &of("text")["inputs"][0];
    assert_eq!((prompt["name"].as_str(), prompt["same"].as_bool()), (Some("positive_prompt"), Some(false)));
    assert!(prompt["new"].as_str().unwrap().contains("<script>alert(1)</script><!-- & "));
    assert_eq!(of("sampler")["mark"], "changed");
    // Every node of the picture can be looked at.
    let drawn = page.matches("data-node=\"").count();
    assert_eq!(drawn, nodes.len());
    assert!(page.contains("data-theme-switch") && page.contains("id=\"node-details\""));
}

#[test]
fn names_of_a_workflow_are_text_wherever_they_stand() {
    let bad = "</script><b onload='x'>\\\"&amp;";
    let api = |width: u32| {
        format!(
            r#"{{"{bad}": {{"class_type": "{bad}", "inputs": {{"{bad}": {width}, "other": "{bad}{width}"}}, "_meta": {{"title": "{bad}"}}}},
                "save": {{"class_type": "SaveImage", "inputs": {{"images": ["{bad}", 0], "filename_prefix": "x"}}}}}}"#
        )
    };
    let folder = Folder::with([("a.json", &*api(1)), ("b.json", &*api(2))]);
    let page = folder.wfc(&["diff", "a.json", "b.json", "--format", "html"]).stdout;
    assert_eq!(page.matches("<script").count(), 2);
    assert_eq!(page.matches("</script>").count(), 2);
    assert!(!page.contains("<b onload") && page.contains("&lt;b onload"));
}

#[test]
fn the_same_workflow_is_a_page_as_well() {
    let folder = Folder::with([("a.toml", "graph = \"z-image-turbo\"\n[params]\nprompt = \"a fox\"\n")]);
    let run = folder.wfc(&["diff", "a.toml", "a.toml", "--format", "html"]).succeeded();
    assert!(run.stdout.contains("the same workflow"));
}

/// A workflow in API format, read.
fn graph(text: &str) -> Graph {
    let catalog = Catalog::embedded();
    let (arena, mut found) = (Arena::new(), Diagnostics::new());
    let mut sources = Sources::new();
    let file = sources.add("w.json", text);
    let tree = json::parse(file, text, &arena, &mut found).unwrap();
    Document::of(tree).read(file, &catalog, &mut found).unwrap()
}

#[test]
fn a_comment_is_never_longer_than_a_forge_takes() {
    let models = Models::embedded();
    let recipe = |width: usize| {
        let nodes = (0..40).map(|at| {
            format!(
                r#""n{at}": {{"class_type": "EmptyImage", "inputs": {{"width": {}, "height": 64, "batch_size": 1, "color": 0}}}}"#,
                width + at
            )
        });
        format!("{{{}}}", nodes.collect::<Vec<_>>().join(","))
    };
    let [old, new] = [64, 1064].map(|width| graph(&recipe(width)));
    let (before, after) = (crate::diff::side("old", &old, &models), crate::diff::side("new", &new, &models));
    let entry = |at: usize| {
        let name = format!("presets/with-a-long-name-{at}.toml");
        Entry::of(&name, &Read::Workflow(&before), &Read::Workflow(&after))
    };
    for count in [1, 3, 150] {
        let entries: Vec<Entry> = (0..count).map(entry).collect();
        let report = Report { old: "main".into(), new: "work".into(), entries, ..Report::default() };
        let text = comment(&report);
        assert!(text.len() <= 65_536, "{count}: {}", text.len());
        assert_eq!(text.contains("fit into a comment"), count == 150, "{count}");
        let folded = text.matches("<details>").count();
        assert_eq!(folded, text.matches("</details>").count());
        assert_eq!(text.matches("```mermaid").count() * 2, text.matches("```").count());
        // Each is at least in the table.
        assert!(count > 100 || count == 1 || (0..count).all(|at| text.contains(&format!("name-{at}.toml"))));
        assert!(page(&report, &|_| None).unwrap().len() < 2_000_000 || count == 150);
    }
}

#[test]
fn twenty_workflows_stay_below_two_megabytes() {
    if is_without_git() {
        eprintln!("skipped: there is no git");
        return;
    }
    let folder = Folder::new();
    let mut names: Vec<_> = std::fs::read_dir(repository("presets"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .filter(|name| name.ends_with(".workflow_api.json"))
        .collect();
    names.sort();
    let read = |name: &String| std::fs::read_to_string(repository(&format!("presets/{name}"))).unwrap();
    names.truncate(20);
    assert_eq!(names.len(), 20);
    for name in &names {
        folder.write(&format!("repo/{name}"), read(name));
    }
    git(&folder, "repo", &["init", "-q", "-b", "main"]);
    git(&folder, "repo", &["add", "."]);
    git(&folder, "repo", &["commit", "-q", "-m", "one"]);
    for name in &names {
        let text = read(name).replace("\"filename_prefix\": \"", "\"filename_prefix\": \"other/");
        folder.write(&format!("repo/{name}"), text);
    }
    let run = wfc(&folder, "repo", &["review", "--base", "HEAD", "--html", "-"]);
    assert_eq!((run.code, &*run.stderr), (Some(1), ""));
    assert_eq!(run.stdout.matches("<section class=\"entry\"").count(), 20);
    assert!(run.stdout.len() < 2_000_000, "{}", run.stdout.len());
    let text = wfc(&folder, "repo", &["review", "--base", "HEAD", "--markdown", "-"]).stdout;
    assert!(text.len() <= 65_536 && text.starts_with("## 20 of 20 workflows changed"), "{}", text.len());
}
