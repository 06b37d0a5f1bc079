//! Levels of lint rules, in presets and in projects, and checks of models and files by their folder.

use crate::support::{Folder, PICTURE};

/// [`PICTURE`] with a parameter that nothing uses.
fn idle() -> String {
    PICTURE.replace(
        "[params.name]",
        "[params.idle]\ntype = \"bool\"\ndefault = true\ndoc = \"Idle.\"\n[params.name]",
    )
}

fn preset(lint: &str) -> Folder {
    let folder = Folder::with([("p.toml", &*format!("graph = \"g\"\n[lint]\n{lint}\n"))]);
    folder.write("g.toml", idle());
    folder
}

#[test]
fn a_rule_warns_unless_its_level_is_set() {
    let warned = preset("").wfc(&["build", "p.toml"]);
    assert_eq!(warned.code, Some(0));
    assert!(
        warned.stderr.contains("warning[unused-param]: the parameter `idle` is used nowhere"),
        "{}",
        warned.stderr
    );
    let denied = preset("unused-param = \"deny\"").wfc(&["build", "p.toml"]).findings();
    assert!(denied.starts_with("error[unused-param]"), "{denied}");
    let allowed = preset("unused-param = { level = \"allow\", reason = \"kept\" }").wfc(&["build", "p.toml"]);
    assert_eq!((allowed.code, &*allowed.stderr), (Some(0), ""));
}

#[test]
fn allowing_needs_a_reason_and_a_rule_that_exists() {
    let said = preset("unused-param = \"allow\"").wfc(&["build", "p.toml"]).findings();
    assert!(said.contains("error[missing-reason]: `allow` needs a reason"), "{said}");
    let said = preset("unusd-param = \"deny\"").wfc(&["build", "p.toml"]).findings();
    assert!(said.contains("error[unknown-rule]") && said.contains("did you mean `unused-param`?"), "{said}");
}

#[test]
fn a_projects_levels_hold_for_its_graphs_and_presets() {
    let folder = preset("");
    folder.write("wfc.toml", "[lint]\nunused-param = \"deny\"\n");
    assert_eq!(folder.wfc(&["lint", "g.toml"]).code, Some(1));
    assert_eq!(folder.wfc(&["build", "p.toml"]).code, Some(1));
}

/// [`PICTURE`] with a node that nothing needs.
fn dangling() -> String {
    let node = "[nodes.dangling]\nclass = \"EmptyImage\"\nstage = \"save\"\n\
                inputs = { width = 64, height = 64, batch_size = 1, color = 0 }\n\n[nodes.save]";
    PICTURE.replace("[nodes.save]", node)
}

#[test]
fn what_a_preset_denies_of_a_workflow_is_not_built() {
    let folder = Folder::with([("g.toml", &*dangling()), ("p.toml", "graph = \"g\"\n")]);
    folder.wfc(&["build", "p.toml"]).succeeded();
    std::fs::remove_file(folder.path("p.workflow_api.json")).unwrap();
    folder.write("p.toml", "graph = \"g\"\n[lint]\nunreachable-node = \"deny\"\n");
    let said = folder.wfc(&["build", "p.toml"]).findings();
    assert!(said.starts_with("error[unreachable-node]: no output depends on `dangling`"), "{said}");
    assert!(!folder.path("p.workflow_api.json").exists());
    let said = folder.wfc(&["lint", "p.toml"]).stdout;
    assert!(said.contains("1 error in 1 file"), "said once: {said}");
}

#[test]
fn a_graph_by_itself_is_linted_as_its_workflow() {
    let said = Folder::with([("g.toml", &*dangling())]).wfc(&["lint", "g.toml"]).stdout;
    assert!(said.starts_with("warning[unreachable-node]: no output depends on `dangling`"), "{said}");
}

#[test]
fn a_model_that_no_node_loads_is_chosen_in_vain() {
    let graph = "title = \"G\"\n[models]\na = \"wan21-vae\"\nb = \"wan21-vae\"\n[params.on]\ntype = \"bool\"\n\
                 default = false\ndoc = \"B.\"\n[nodes.a]\nclass = \"VAELoader\"\nwhen = \"not on\"\n\
                 inputs = { vae_name = { model = \"a\" } }\n[nodes.b]\nclass = \"VAELoader\"\nwhen = \"on\"\n\
                 inputs = { vae_name = { model = \"b\" } }\n[nodes.image]\nclass = \"EmptyImage\"\n\
                 inputs = { width = 64, height = 64, batch_size = 1, color = 0 }\n[nodes.latent]\n\
                 class = \"VAEEncode\"\ninputs = { pixels = { node = \"image\" }, vae = { first_of = \
                 [{ node = \"a\" }, { node = \"b\" }] } }\n[nodes.shown]\nclass = \"PreviewAny\"\n\
                 inputs = { source = { node = \"latent\" } }\n";
    let preset = "graph = \"g\"\n[models]\na = \"my.safetensors\"\nb = \"mine.safetensors\"\n";
    let folder = Folder::with([("g.toml", graph), ("p.toml", preset)]);
    let said = folder.wfc(&["build", "p.toml"]).stderr;
    assert!(
        said.starts_with(
            "warning[param-without-effect]: the model of `b` has no effect here: no node loads it"
        ),
        "{said}"
    );
    assert!(said.contains("p.toml:4:5") && said.ends_with("1 warning in 1 file\n"), "{said}");
}

#[test]
fn a_model_of_another_folder_is_refused_where_it_is_chosen() {
    let graph = "title = \"G\"\n[models]\nvae = \"clip-vision-h\"\n[nodes.vae]\nclass = \"VAELoader\"\n\
                 inputs = { vae_name = { model = \"vae\" } }\n";
    let said = Folder::with([("g.toml", graph)]).wfc(&["lint", "g.toml"]).stdout;
    assert!(
        said.starts_with(
            "error[wrong-model-folder]: `clip-vision-h` is a file of the folder clip_vision, but `vae_name` of \
             `VAELoader` takes one of vae\n   ╭─[g.toml:3:7]"
        ),
        "{said}"
    );
}

#[test]
fn file_names_that_cannot_work_are_refused() {
    for name in [
        "C:\\\\cat.png",
        "C:/cat.png",
        "data:image/png;base64,AAAA",
        "/pictures/cat.png",
        "../cat.png",
        "cats/",
        ".",
        "https://x/cat.png",
        " cat.png",
        "cat\\u0000.png",
        "a\\nb.png",
        "",
    ] {
        let preset = format!("graph = \"wan22-a14b\"\n[params]\nprompt = \"x\"\nimage = \"{name}\"\n");
        let said = Folder::with([("p.toml", &*preset)]).wfc(&["build", "p.toml"]).findings();
        assert!(said.starts_with("error[bad-file-name]: `image`"), "{name}: {said}");
    }
    let preset = "graph = \"wan22-a14b\"\n[params]\nprompt = \"x\"\nloras_high = ['sub\\x.safetensors']\n";
    let said = Folder::with([("p.toml", preset)]).wfc(&["build", "p.toml"]).findings();
    assert!(said.contains("has a backslash"), "{said}");
}

#[test]
fn a_file_with_a_typing_error_is_not_passed_over() {
    let folder = Folder::with([
        ("a.toml", "grph = \"wan22-a14b\"\n[params]\nprompt = \"x\"\n"),
        ("b.toml", "title = \"B\"\nstages = []\n[node.a]\nclass = \"LoadImage\"\n"),
        ("c.workflow_api.json", "{\"1\": {\"class_typ\": \"LoadImage\"}}"),
        ("Cargo.toml", "[package]\nname = \"x\"\n"),
        ("package.json", "{\"note\": \"class_type\"}"),
    ]);
    let run = folder.wfc(&["lint", "."]);
    assert_eq!(run.code, Some(1));
    let said = run.stdout;
    for name in ["./a.toml", "./b.toml", "./c.workflow_api.json"] {
        assert!(said.contains(name), "{name}: {said}");
    }
    assert!(said.ends_with("in 3 files\n"), "{said}");
}

#[test]
fn a_value_in_vain_is_named() {
    let preset = |lightning: bool| {
        format!("graph = \"wan22-a14b\"\n[params]\nprompt = \"x\"\nsteps = 30\nlightning = {lightning}\n")
    };
    let folder = Folder::with([("vain.toml", &*preset(true)), ("fine.toml", &*preset(false))]);
    let said = folder.wfc(&["build", "vain.toml"]).stderr;
    assert!(
        said.starts_with(
            "warning[param-without-effect]: `steps` has no effect here: the workflow is the same with its default 20\n   \
             ╭─[vain.toml:4:9]"
        ),
        "{said}"
    );
    assert_eq!(folder.wfc(&["build", "fine.toml"]).stderr, "");
}
