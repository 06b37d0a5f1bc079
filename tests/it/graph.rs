//! `wfc graph`: pictures of workflows in every format.

mod layout;

use roxmltree::Document;

use crate::support::{Folder, PICTURE, Run, repository, toml_files};

/// What no format may take for its own, and what no reader should see as more than a text.
const NASTY: &str = "a \"quoted\" <script>alert(1)</script> & [b] {c} |d| `e` %%{init: {}}%% \\N \\ ; #1; end\nsecond line\u{7}\u{202e}";

/// A workflow with links, an unknown class, a circle, and a prompt that means something in other languages.
fn nasty() -> String {
    serde_json::json!({
        "1": { "class_type": "CheckpointLoaderSimple", "inputs": { "ckpt_name": "a/b/\"x\".safetensors" } },
        "2": { "class_type": "CLIPTextEncode", "inputs": { "clip": ["1", 1], "text": NASTY }, "_meta": { "title": NASTY } },
        "k\"]-->n0": { "class_type": "No<b>body's", "inputs": { "a\"b": ["2", 0], "c": ["k\"]-->n0", 7], "d": NASTY } },
        "4": { "class_type": "PreviewAny", "inputs": { "source": ["5", 0] } },
        "5": { "class_type": "PreviewAny", "inputs": { "source": ["4", 0] } },
    })
    .to_string()
}

fn drawn(folder: &Folder, arguments: &[&str]) -> String {
    folder.wfc(&[&["graph"][..], arguments].concat()).succeeded().stdout
}

fn of_preset(name: &str, format: &str) -> String {
    let path = repository(&format!("presets/{name}.toml"));
    drawn(&Folder::new(), &[path.to_str().unwrap(), "--format", format])
}

#[test]
fn pictures_of_presets_are_those_that_are_committed() {
    // `WFC_UPDATE_PICTURES=1` writes them anew; look at them.
    let update = std::env::var_os("WFC_UPDATE_PICTURES").is_some();
    let mut differing = Vec::new();
    for (preset, format, file) in [
        ("z-image-turbo", "svg", "tests/it/graph/z-image-turbo.svg"),
        ("z-image-turbo", "dot", "tests/it/graph/z-image-turbo.dot"),
        ("z-image-turbo", "mermaid", "tests/it/graph/z-image-turbo.mmd"),
        ("z-image-turbo", "ascii", "tests/it/graph/z-image-turbo.txt"),
        ("scail-uni3c-wan22", "ascii", "tests/it/graph/scail-uni3c-wan22.txt"),
        ("scail-uni3c-wan22", "svg", "docs/images/scail-uni3c-wan22.svg"),
    ] {
        let (text, path) = (of_preset(preset, format), repository(file));
        if update {
            std::fs::write(path, text).unwrap();
        } else if std::fs::read_to_string(path).ok().as_deref() != Some(&*text) {
            differing.push(file);
        }
    }
    assert_eq!(differing, [""; 0], "WFC_UPDATE_PICTURES=1 cargo test --test it graph writes them anew");
}

#[test]
fn every_node_and_every_link_of_a_preset_is_in_its_picture() {
    let mut count = 0;
    for (name, _) in toml_files("presets").into_iter().step_by(4) {
        let svg = of_preset(&name, "svg");
        let document = Document::parse(&svg).unwrap_or_else(|error| panic!("{name}: {error}"));
        let bytes = std::fs::read(repository(&format!("presets/{name}.workflow_api.json"))).unwrap();
        let workflow: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
        let nodes = workflow.as_object().unwrap();
        let links = nodes.values().flat_map(|node| node["inputs"].as_object().unwrap().values());
        let links = links.filter(|value| value.is_array()).count();
        let keys: Vec<&str> = document.descendants().filter_map(|it| it.attribute("data-node")).collect();
        assert_eq!(keys, nodes.keys().collect::<Vec<_>>(), "{name}");
        let paths = document.descendants().filter(|it| it.has_attribute("data-from")).count();
        assert_eq!(paths, links, "{name}");
        count += 1;
    }
    assert!(count > 5);
}

#[test]
fn a_picture_says_what_it_shows_and_needs_nothing_else() {
    let svg = of_preset("z-image-turbo", "svg");
    let document = Document::parse(&svg).unwrap();
    let root = document.root_element();
    let named = root.attribute("aria-labelledby").unwrap().split(' ').collect::<Vec<_>>();
    let text =
        |id: &str| document.descendants().find(|it| it.attribute("id") == Some(id)).unwrap().text().unwrap();
    assert_eq!(text(named[0]), "z-image-turbo.toml");
    assert_eq!(
        text(named[1]),
        "A workflow with 10 nodes and 10 links. Stages from left to right: model, sample, decode, output."
    );
    assert!(svg.contains("prefers-color-scheme:dark"));
    for outside in ["href", "url(", "@import", "http://", "https://", "<image", "<foreignObject"] {
        assert_eq!(svg.replace("http://www.w3.org/2000/svg", "").find(outside), None, "{outside}");
    }
    // Texts are texts.
    let texts: Vec<&str> = document
        .descendants()
        .filter(|it| it.has_tag_name(("http://www.w3.org/2000/svg", "text")))
        .filter_map(|it| it.text())
        .collect();
    for shown in ["sampler", "KSampler", "steps 8", "cfg 1.0", "latent_image", "seed 0", "width 1024"] {
        assert!(texts.contains(&shown), "{shown}: {texts:?}");
    }
}

#[test]
fn what_a_prompt_says_stays_a_text_in_every_format() {
    let folder = Folder::with([("w.json", &*nasty())]);
    let svg = drawn(&folder, &["w.json", "--format", "svg"]);
    let document = Document::parse(&svg).unwrap();
    assert!(!document.descendants().any(|it| it.tag_name().name() == "script"));
    let said = |text: &str| document.descendants().any(|it| it.text().is_some_and(|it| it.contains(text)));
    assert!(said("<script>alert(1)") && said("No<b>body's (unknown class)"));
    assert!(document.descendants().any(|it| it.attribute("data-node") == Some("k\"]-->n0")));

    let mermaid = drawn(&folder, &["w.json", "--format", "mermaid"]);
    for line in mermaid.lines() {
        // Nothing but the two quotes around a text.
        assert!([0, 2].contains(&line.matches('"').count()), "{line}");
        assert!(!line.contains("%%") && !line.contains('`') && !line.contains("<script"), "{line}");
    }
    assert_eq!(mermaid.matches("subgraph").count(), mermaid.lines().filter(|line| *line == "  end").count());

    let dot = drawn(&folder, &["w.json", "--format", "dot"]);
    for line in dot.lines() {
        // Without escaped signs, quotes come in pairs, and no bracket is open.
        let bare = line.replace("\\\\", "").replace("\\\"", "");
        assert_eq!(bare.matches('"').count() % 2, 0, "{line}");
    }
    assert_eq!(dot.matches(" -> ").count(), 5, "{dot}");
    assert!(dot.contains("&amp; [b]"), "{dot}");

    let listing = drawn(&folder, &["w.json"]);
    assert!(!listing.contains(['\u{7}', '\u{202e}', '\u{1b}']));
    insta::assert_snapshot!(listing, @r##"
    w.json

    [sample]
      1                                 CheckpointLoaderSimple
          ckpt_name "x".safetensors
      2: a "quoted" <script>alert(1)</script> &…  CLIPTextEncode
          text a "quoted" <script>alert(1)</script> & [b] {c…
          clip <- 1
      k"]-->n0                          No<b>body's (unknown class)
          d a "quoted" <script>alert(1)</script> & [b] {c} |…
          a"b <- 2 | c <- k"]-->n0

    [output]
      4  PreviewAny
          source <- 5
      5  PreviewAny
          source <- 4
    "##);
}

#[test]
fn nodes_without_stages_get_those_of_their_classes_and_neighbours() {
    let workflow = r#"{
        "1": {"class_type": "LoadImage", "inputs": {"image": "a.png"}},
        "2": {"class_type": "Nobody", "inputs": {"x": ["1", 0], "strength": 0.5}},
        "3": {"class_type": "VAEEncode", "inputs": {"pixels": ["2", 0], "vae": ["4", 0]}},
        "4": {"class_type": "VAELoader", "inputs": {"vae_name": "ae.safetensors"}},
        "5": {"class_type": "VAEDecode", "inputs": {"samples": ["3", 0], "vae": ["4", 0]}},
        "6": {"class_type": "SaveImage", "inputs": {"images": ["5", 0], "filename_prefix": "a"}}
    }"#;
    let folder = Folder::with([("w.json", workflow)]);
    insta::assert_snapshot!(drawn(&folder, &["w.json"]), @r#"
    w.json

    [input]
      1  LoadImage
          image a.png
      2  Nobody (unknown class)
          strength 0.5
          x <- 1

    [sample]
      4  VAELoader
          vae_name ae.safetensors (320 MiB)
      3  VAEEncode
          pixels <- 2 | vae <- 4

    [decode]
      5  VAEDecode
          samples <- 3 | vae <- 4

    [output]
      6  SaveImage
          filename_prefix a
          images <- 5
    "#);
}

#[test]
fn a_node_is_marked_by_its_key() {
    let folder = Folder::with([("g.toml", PICTURE), ("p.toml", "graph = \"g\"\n")]);
    let listing = drawn(&folder, &["p.toml", "--highlight", "empty"]);
    assert!(listing.contains("  ! empty  EmptyImage"), "{listing}");
    assert!(!listing.contains("! save"), "{listing}");
    let svg = drawn(&folder, &["p.toml", "--format", "svg", "--highlight", "empty", "--highlight", "save"]);
    assert_eq!(svg.matches(" found\" data-node=").count(), 2);
    assert!(svg.contains("Highlighted: empty, save."));
}

#[test]
fn what_a_rule_finds_is_marked_and_said() {
    let workflow = r#"{
        "1": {"class_type": "EmptyImage", "inputs": {"width": 64, "height": 64, "batch_size": 1, "color": 0}},
        "2": {"class_type": "PreviewImage", "inputs": {"images": ["1", 0]}},
        "3": {"class_type": "EmptyImage", "inputs": {"width": 64, "height": 64, "batch_size": 1, "color": 0}}
    }"#;
    let folder = Folder::with([("w.json", workflow)]);
    let run: Run =
        folder.wfc(&["graph", "w.json", "--highlight", "unreachable-node", "--highlight", "size-off-grid"]);
    assert_eq!(run.stderr, "unreachable-node: 1 found, at 3\nsize-off-grid: nothing found\n");
    assert!(run.stdout.contains("! unreachable-node"), "{}", run.stdout);
    assert!(run.stdout.contains("  ! 3  EmptyImage") && !run.stdout.contains("! 1"), "{}", run.stdout);
    // What ComfyUI refuses has no level, and is found as well.
    folder.write("b.json", workflow.replace("[\"1\", 0]", "[\"9\", 0]"));
    let run = folder.wfc(&["graph", "b.json", "--highlight", "broken-link"]);
    assert_eq!(run.stderr, "broken-link: 1 found, at 2\n", "{}", run.stdout);
    // All rules of a group.
    let run = folder.wfc(&["graph", "w.json", "--highlight", "correctness"]);
    assert!(run.stderr.starts_with("correctness: "), "{run:?}");
    assert!(run.stdout.contains("! unreachable-node"), "{run:?}");
}

#[test]
fn a_name_that_is_neither_node_nor_rule_is_refused() {
    let folder = Folder::with([("g.toml", PICTURE), ("p.toml", "graph = \"g\"\n")]);
    let said = |name: &str| folder.wfc(&["graph", "p.toml", "--highlight", name]).failed();
    assert_eq!(said("emty"), "wfc: there is no node and no rule `emty`; did you mean `empty`?\n");
    assert_eq!(
        said("xyzzyxyzzy"),
        "wfc: there is no node and no rule `xyzzyxyzzy`; `wfc rules` lists the rules, and the picture has the keys of nodes\n"
    );
}

#[test]
fn the_format_follows_the_name_of_the_output() {
    let folder = Folder::with([("g.toml", PICTURE), ("p.toml", "graph = \"g\"\n")]);
    for (file, start) in [
        ("a.svg", "<svg "),
        ("a.dot", "digraph "),
        ("a.gv", "digraph "),
        ("a.mmd", "flowchart LR"),
        ("a.txt", "p.toml"),
    ] {
        assert_eq!(drawn(&folder, &["p.toml", "-o", file]), "");
        assert!(String::from_utf8(folder.read(file)).unwrap().starts_with(start), "{file}");
    }
    let run = folder.wfc(&["graph", "p.toml", "-o", "a.pdf"]);
    assert_eq!(run.code, Some(2));
    assert_eq!(
        run.stderr,
        "wfc: the name a.pdf does not tell the format; name a .svg, .dot, .mmd or .txt file, or give --format\n"
    );
    assert!(drawn(&folder, &["p.toml", "-o", "-", "--format", "dot"]).starts_with("digraph"));
}

#[test]
fn graph_files_editor_workflows_and_batches_are_drawn() {
    let folder = Folder::with([
        ("g.toml", PICTURE),
        ("p.toml", "graph = \"g\"\n[matrix]\nwidth = [64, 128]\n"),
        (
            "ui.json",
            r#"{"nodes": [{"id": 7, "type": "EmptyImage", "inputs": [], "outputs": [], "widgets_values": [96, 64, 1, 0], "mode": 0}], "links": [], "version": 0.4}"#,
        ),
    ]);
    let run = folder.wfc(&["graph", "g.toml"]);
    assert!(run.stdout.contains("empty  EmptyImage"), "{}", run.stdout);
    assert_eq!(run.stderr, "the graph is drawn with its defaults; what they switch off is left out\n");
    let run = folder.wfc(&["graph", "p.toml"]);
    assert_eq!(run.stderr, "the first of 2 workflows of this preset is drawn\n");
    let run = folder.wfc(&["graph", "p.toml", "--set", "name=x"]);
    assert!(run.stdout.contains("filename_prefix x"), "{run:?}");
    assert!(drawn(&folder, &["ui.json"]).contains("width 96"));
}

#[test]
fn an_empty_workflow_is_refused_or_drawn_but_never_a_crash() {
    let folder =
        Folder::with([("e.json", "{}"), ("u.json", r#"{"nodes": [], "links": [], "version": 0.4}"#)]);
    for name in ["e.json", "u.json"] {
        for format in ["svg", "dot", "mermaid", "ascii"] {
            let run = folder.wfc(&["graph", name, "--format", format]);
            assert!(run.code.is_some_and(|code| code < 3), "{run:?}");
        }
    }
}

#[test]
fn what_cannot_be_drawn_is_said() {
    let folder = Folder::with([
        ("g.toml", PICTURE),
        ("bad.toml", "graph = \"g\"\n[params]\nwidth = 17\n"),
        ("cut.json", "{\"1\": {\"class_type\": "),
        ("no.png", "not a picture"),
        ("wfc.toml", ""),
    ]);
    let of = |arguments: &[&str]| {
        let run = folder.wfc(&[&["graph"][..], arguments].concat());
        assert_eq!(run.stdout, "");
        (run.code.unwrap(), run.stderr)
    };
    let (code, said) = of(&["bad.toml"]);
    assert!(code == 1 && said.contains("16"), "{said}");
    let (code, said) = of(&["cut.json"]);
    assert!(code == 1 && said.contains("not valid JSON"), "{said}");
    let (code, said) = of(&["missing.json"]);
    assert!(code == 2 && said.contains("missing.json"), "{said}");
    let (code, said) = of(&["wfc.toml"]);
    assert!(code == 1 && said.contains("this file is a project"), "{said}");
    let (code, said) = of(&["."]);
    assert_eq!((code, &*said), (2, "wfc: . is a folder; name one preset, graph or workflow\n"));
    let (code, said) = of(&["g.toml", "--set", "width=64"]);
    assert_eq!((code, &*said), (2, "wfc: --set goes with presets; this file is none\n"));
    assert_ne!(of(&["no.png"]).0, 0);
}
