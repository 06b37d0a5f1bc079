//! Where a preset's graph is found, and what `wfc.toml` decides.

use crate::support::{Folder, PICTURE};

/// [`PICTURE`] with another title.
fn graph(title: &str) -> String {
    PICTURE.replace("A picture", title)
}

/// The title of the graph that `preset` was compiled from.
fn title(folder: &Folder, preset: &str) -> String {
    folder.wfc(&["build", preset]).succeeded();
    let manifest = folder.json(&preset.replace(".toml", ".wfc.json"));
    manifest["graph"]["title"].as_str().unwrap().to_owned()
}

#[test]
fn a_graph_is_looked_up_beside_the_preset_then_in_the_project_then_among_the_built_in() {
    let name = "wan22-a14b";
    let folder = Folder::with([("wfc.toml", ""), ("presets/p.toml", "graph = \"wan22-a14b\"\n[params]\n")]);
    folder.write("graphs/wan22-a14b.toml", graph("of the project"));
    folder.write("presets/wan22-a14b.toml", graph("beside"));
    assert_eq!(title(&folder, "presets/p.toml"), "beside");
    std::fs::remove_file(folder.path(&format!("presets/{name}.toml"))).unwrap();
    assert_eq!(title(&folder, "presets/p.toml"), "of the project");
    std::fs::remove_file(folder.path(&format!("graphs/{name}.toml"))).unwrap();
    folder.write("presets/p.toml", "graph = \"wan22-a14b\"\n[params]\nprompt = \"x\"\n");
    assert!(title(&folder, "presets/p.toml").starts_with("Wan 2.2"));
}

#[test]
fn a_preset_is_not_taken_for_its_own_graph() {
    let folder = Folder::with([("wfc.toml", ""), ("presets/x.toml", "graph = \"x\"\n")]);
    folder.write("graphs/x.toml", graph("of the project"));
    assert_eq!(title(&folder, "presets/x.toml"), "of the project");
}

#[test]
fn another_preset_of_the_graphs_name_is_passed_over() {
    let folder = Folder::with([
        ("wfc.toml", ""),
        ("presets/x.toml", "graph = \"x\"\n"),
        ("presets/y.toml", "extends = \"x.toml\"\ngraph = \"x\"\n"),
    ]);
    folder.write("graphs/x.toml", graph("of the project"));
    assert_eq!(title(&folder, "presets/y.toml"), "of the project");
}

#[test]
fn a_graph_may_be_given_as_a_path() {
    let folder = Folder::with([("presets/p.toml", "graph = \"../other/y.toml\"\n")]);
    folder.write("other/y.toml", graph("elsewhere"));
    assert_eq!(title(&folder, "presets/p.toml"), "elsewhere");
}

#[test]
fn an_inherited_graph_is_looked_up_beside_the_preset_that_names_it() {
    let folder = Folder::with([
        ("base/base.toml", "graph = \"g\"\n"),
        ("own/p.toml", "extends = \"../base/base.toml\"\n"),
    ]);
    folder.write("base/g.toml", graph("beside the base"));
    folder.write("own/g.toml", graph("beside the heir"));
    assert_eq!(title(&folder, "own/p.toml"), "beside the base");
}

#[test]
fn a_project_names_the_folder_of_its_graphs() {
    let folder =
        Folder::with([("wfc.toml", "graphs = \"pipelines/ours\"\n"), ("a/b/p.toml", "graph = \"g\"\n")]);
    folder.write("pipelines/ours/g.toml", graph("ours"));
    assert_eq!(title(&folder, "a/b/p.toml"), "ours");
}

#[test]
fn a_project_gives_the_target_that_a_preset_leaves_open() {
    let folder = Folder::with([
        ("wfc.toml", "[target]\ngpu = \"l40s\"\nheadroom = \"1 GiB\"\n"),
        ("g.toml", PICTURE),
        ("open.toml", "graph = \"g\"\n"),
        ("own.toml", "graph = \"g\"\n[target]\nvram = \"8 GiB\"\n"),
    ]);
    folder.wfc(&["build", "."]).succeeded();
    assert_eq!(folder.json("open.wfc.json")["target"]["gpu"], "l40s");
    assert_eq!(folder.json("own.wfc.json")["target"]["vram_mib"], 8192.0);
    assert!(folder.json("own.wfc.json")["target"].get("gpu").is_none());
}

#[test]
fn a_projects_target_is_overridden_key_by_key() {
    let folder = Folder::with([
        ("wfc.toml", "[target]\ngpu = \"l40s\"\nheadroom = \"1 GiB\"\n"),
        ("g.toml", PICTURE),
        ("p.toml", "graph = \"g\"\n[target]\nheadroom = \"4 GiB\"\n"),
    ]);
    folder.wfc(&["build", "p.toml"]).succeeded();
    let target = &folder.json("p.wfc.json")["target"];
    assert_eq!((&target["gpu"], &target["headroom_mib"]), (&"l40s".into(), &4096.0.into()));
}

#[test]
fn a_project_pins_the_catalog_and_the_command_line_overrides_it() {
    let classes = r#"{"Show": {"input": {"required": {"text": ["STRING", {}]}}, "output": [],
        "output_node": true, "python_module": "custom_nodes.ComfyUI-Show"}}"#;
    let graph = "title = \"Show\"\n[nodes.show]\nclass = \"Show\"\ninputs = { text = \"x\" }\n";
    let folder = Folder::with([
        ("project/wfc.toml", "catalog = \"server.json\"\n"),
        ("project/g.toml", graph),
        ("project/p.toml", "graph = \"g\"\n"),
        ("object_info.json", classes),
    ]);
    folder
        .wfc(&["catalog", "import", "object_info.json", "--comfyui", "9.9", "-o", "project/server.json"])
        .succeeded();
    folder.wfc(&["build", "project/p.toml"]).succeeded();
    let manifest = folder.json("project/p.wfc.json");
    assert_eq!(manifest["catalog"]["comfyui"], "9.9");
    assert_eq!(manifest["requires"]["packs"][0]["name"], "ComfyUI-Show");
    // A saved /object_info works as it is, too.
    folder.write("project/wfc.toml", "catalog = \"../object_info.json\"\n");
    folder.wfc(&["build", "project/p.toml"]).succeeded();
    let refused = folder.wfc(&["build", "project/p.toml", "--catalog", "embedded"]).findings();
    assert!(refused.starts_with("error[unknown-class]: there is no node class `Show`"), "{refused}");
    folder.wfc(&["build", "project/p.toml", "--catalog", "object_info.json"]).succeeded();
}
