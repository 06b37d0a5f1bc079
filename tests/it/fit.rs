//! `wfc fit`, the budget as a lint rule, and what graphs let change.

use crate::support::{Folder, Run, repository, toml_files};

/// A preset of a built-in graph for a card.
fn preset(graph: &str, params: &str, target: &str) -> String {
    format!("graph = \"{graph}\"\n\n[params] # of the clip\n{params}\n[target]\n{target}\n")
}

const T2V: &str = "mode = \"t2v\" # no picture\nprompt = \"a fox\"\nwidth = 832\nheight = 480\nframes = 81\nblock_swap = 0\n";

fn fit(folder: &Folder, arguments: &[&str]) -> Run {
    folder.wfc(&[&["fit", "p.toml"], arguments].concat())
}

fn json(folder: &Folder, arguments: &[&str]) -> serde_json::Value {
    let run = fit(folder, &[arguments, &["--format", "json"]].concat());
    assert_eq!(run.stderr, "");
    serde_json::from_str(&run.stdout).unwrap()
}

fn change<'j>(report: &'j serde_json::Value, key: &str) -> Option<&'j str> {
    let changes = report["changes"].as_array().unwrap();
    changes.iter().find(|change| change["key"] == key)?["to"].as_str()
}

fn wrapper() -> Folder {
    Folder::with([("p.toml", &preset("wan22-a14b-wrapper", T2V, "gpu = \"rtx-4090\""))])
}

#[test]
fn a_change_is_proposed_made_and_then_it_fits() {
    let folder = wrapper();
    assert_eq!(fit(&folder, &[]).code, Some(0));
    let report = json(&folder, &["--vram", "16GB"]);
    assert_eq!(report["outcome"], "change");
    let usable = report["memory"].as_f64().unwrap();
    assert!(report["before"]["device"]["high"].as_f64().unwrap() > usable);
    assert!(report["after"]["device"]["high"].as_f64().unwrap() <= usable);
    let swap: u32 = change(&report, "block_swap").unwrap().parse().unwrap();

    // One block fewer would not do.
    let tight =
        fit(&folder, &["--vram", "16GB", "--set", &format!("block_swap={}", swap - 1), "--format", "json"]);
    assert_eq!(tight.code, Some(1), "{}", tight.stdout);

    let before = String::from_utf8(folder.read("p.toml")).unwrap();
    let run = fit(&folder, &["--vram", "16GB"]);
    assert_eq!((run.code, &*run.stderr), (Some(1), ""));
    assert!(run.stdout.contains("-block_swap = 0\n") && run.stdout.contains("slower"), "{}", run.stdout);
    assert_eq!(folder.read("p.toml"), before.as_bytes());

    assert_eq!(fit(&folder, &["--vram", "16GB", "--apply"]).code, Some(0));
    let after = String::from_utf8(folder.read("p.toml")).unwrap();
    assert_eq!(after, before.replace("block_swap = 0", &format!("block_swap = {swap}")));
    assert_eq!(json(&folder, &["--vram", "16GB"])["outcome"], "fits");
    assert_eq!(folder.wfc(&["build", "p.toml"]).code, Some(0));
}

#[test]
fn earlier_changes_come_first_and_later_ones_are_only_made_where_needed() {
    let folder = wrapper();
    let long = ["--set", "frames=161", "--set", "width=1280", "--set", "height=720"];
    let report = json(&folder, &[&["--vram", "24GB"][..], &long].concat());
    assert!(change(&report, "block_swap").is_some(), "{report:#}");
    // What is set on the command line stays.
    assert_eq!(change(&report, "frames").or_else(|| change(&report, "width")), None, "{report:#}");
}

#[test]
fn sizes_keep_their_ratio_and_their_grid() {
    let params = "prompt = \"a fox\"\nwidth = 4096\nheight = 2048\n";
    let folder = Folder::with([("p.toml", &preset("z-image-turbo", params, "vram = \"10 GiB\""))]);
    let report = json(&folder, &[]);
    let side = |key| change(&report, key).unwrap().parse::<u32>().unwrap();
    let (width, height) = (side("width"), side("height"));
    assert!(width % 16 == 0 && height % 16 == 0, "{report:#}");
    assert!(width.abs_diff(2 * height) <= 16, "{report:#}");
}

#[test]
fn it_says_when_nothing_fits() {
    let folder = wrapper();
    let run = fit(&folder, &["--vram", "4GB"]);
    assert_eq!((run.code, &*run.stderr), (Some(1), ""));
    assert!(run.stdout.contains("Nothing fits"), "{}", run.stdout);
    assert_eq!(json(&folder, &["--vram", "4GB"])["outcome"], "nothing-fits");
    assert_eq!(fit(&folder, &["--vram", "4GB", "--apply"]).code, Some(1));
}

#[test]
fn new_values_find_a_place_in_any_layout() {
    for text in [
        "graph = \"wan22-a14b-wrapper\"\nparams = { mode = \"t2v\", prompt = \"a\", frames = 81, block_swap = 0 }\n",
        "graph = \"wan22-a14b-wrapper\"\nparams.mode = \"t2v\"\nparams.prompt = \"a\"\nparams.block_swap = 0",
        "graph = \"wan22-a14b-wrapper\"\n[params]\nmode = \"t2v\"\nprompt = \"\"\"\n[params]\n\"\"\"\nblock_swap=0#off",
    ] {
        let folder = Folder::with([("p.toml", text)]);
        let run = fit(&folder, &["--vram", "16GB", "--apply"]);
        assert_eq!((run.code, &*run.stderr), (Some(0), ""), "{text}\n{}", run.stdout);
        assert_eq!(json(&folder, &["--vram", "16GB"])["outcome"], "fits");
    }
    // The graph's default is no swap for a file of the smaller precision: a key that the preset does not have.
    let text = "graph = \"scail-uni3c-wan21\"\n[params]\nreference = \"a.png\"\ndriving = \"b.mp4\"\nprompt = \"a\" # what\n# end\n";
    let folder = Folder::with([("p.toml", text)]);
    assert_eq!(fit(&folder, &["--gpu", "rtx-4090", "--apply"]).code, Some(0));
    let after = String::from_utf8(folder.read("p.toml")).unwrap();
    assert!(after.starts_with(text.trim_end_matches("# end\n")) && after.contains("# end\n"), "{after}");
    assert!(after.contains("[models]\nscail = \"scail-14b-fp8\"\n"), "{after}");
}

#[test]
fn bad_input_is_told() {
    let folder = wrapper();
    assert!(fit(&folder, &["--gpu", "rtx-4900"]).failed().contains("rtx-4090"));
    assert!(fit(&folder, &["--vram", "lots"]).failed().contains("`lots` is not the memory of a card"));
    assert!(fit(&folder, &["--vram", "99999999999999999999GB"]).failed().contains("is not the memory"));
    assert!(folder.wfc(&["fit", "none.toml", "--gpu", "rtx-4090"]).failed().contains("none.toml"));
    let plain = Folder::with([("p.toml", "graph = \"z-image-turbo\"\n[params]\nprompt = \"a\"\n")]);
    assert!(fit(&plain, &[]).failed().contains("give --gpu or --vram"));
    let wrong = Folder::with([("p.toml", "graph = \"z-image-turbo\"\n[params]\nwidht = 64\n")]);
    assert!(fit(&wrong, &["--gpu", "rtx-4090"]).findings().contains("unknown-param"));
}

#[test]
fn what_a_graph_lets_change_is_checked() {
    let graph = std::fs::read_to_string(repository("graphs/z-image-turbo.toml")).unwrap();
    let at = graph.find("[[fit]]").unwrap();
    let entries = [
        "[[fit]]\nparam = \"widht\"\nto = \"min\"\nreason = \"r\"\n",
        "[[fit]]\nparam = \"weight_dtype\"\nto = \"min\"\nreason = \"r\"\n",
        "[[fit]]\nparam = \"weight_dtype\"\nvalues = [\"fp7\"]\nreason = \"r\"\n",
        "[[fit]]\nparam = \"width\"\nmodel = \"base\"\nto = \"min\"\nreason = \"r\"\n",
        "[[fit]]\nmodel = \"bass\"\nreason = \"r\"\n",
        "[[fit]]\nparam = \"width\"\nreason = \"r\"\n",
    ];
    let text = format!("{}{}\n{}", &graph[..at], entries.join("\n"), &graph[at..]);
    let run = Folder::with([("g.toml", &text)]).wfc(&["lint", "g.toml"]);
    assert_eq!(run.code, Some(1), "{}", run.stderr);
    for said in [
        "the graph has no parameter `widht`",
        "only a number has a direction: `weight_dtype`",
        "fp7",
        "an entry of [[fit]] changes one thing",
        "the graph has no model slot `bass`",
        "it is not said which values there are to try: `width`",
    ] {
        assert!(run.stdout.contains(said), "{said}\n{}", run.stdout);
    }
}

#[test]
fn a_preset_over_its_budget_does_not_build() {
    let over = preset("wan22-a14b-wrapper", T2V, "vram = \"16 GiB\"\nheadroom = \"2 GiB\"");
    let folder = Folder::with([("p.toml", &over)]);
    let found = folder.wfc(&["build", "p.toml"]).findings();
    assert!(found.contains("vram-over-budget"), "{found}");
    assert!(found.contains("beside the 2.0 GiB that stay free"), "{found}");
    assert_eq!(folder.names(), ["p.toml"]);
    folder.write("p.toml", format!("{over}\n[lint]\nvram-over-budget = \"warn\"\n"));
    assert_eq!(folder.wfc(&["build", "p.toml"]).code, Some(0));

    // The target of a project holds for presets without one, and for workflows.
    let folder = Folder::with([
        ("p.toml", &over[..over.find("[target]").unwrap()]),
        ("wfc.toml", "[target]\nvram = \"16 GiB\"\n"),
    ]);
    let found = folder.wfc(&["build", "p.toml"]).findings();
    assert!(found.contains("vram-over-budget"), "{found}");
    folder.write("wfc.toml", "");
    assert_eq!(folder.wfc(&["build", "p.toml"]).code, Some(0));
    folder.write("wfc.toml", "[target]\nvram = \"16 GiB\"\n");
    let run = folder.wfc(&["lint", "p.workflow_api.json"]);
    assert!(run.stdout.contains("error[vram-over-budget]"), "{}", run.stdout);
}

#[test]
fn rules_about_a_card_know_the_target_and_are_silent_for_an_amount() {
    let params = format!("{T2V}quantization = \"fp8_e4m3fn_scaled_fast\"\nattention = \"sageattn_3\"\n");
    let found = |target: &str| {
        let folder = Folder::with([("p.toml", &preset("wan22-a14b-wrapper", &params, target))]);
        let run = folder.wfc(&["lint", "p.toml"]);
        ["fast-fp8-on-old-card", "sageattn3-off-blackwell"].map(|rule| run.stdout.contains(rule))
    };
    assert_eq!(found("gpu = \"a100-80gb\""), [true, true]);
    assert_eq!(found("gpu = \"rtx-5090\""), [false, false]);
    assert_eq!(found("vram = \"24 GiB\""), [false, false]);
    let project = Folder::with([
        ("p.toml", &preset("wan22-a14b-wrapper", &params, "")[..]),
        ("wfc.toml", "[target]\ngpu = \"a100-80gb\"\n"),
    ]);
    project.write("p.toml", preset("wan22-a14b-wrapper", &params, "").replace("[target]\n", ""));
    let run = project.wfc(&["lint", "p.toml"]);
    assert!(run.stdout.contains("fast-fp8-on-old-card"), "{}", run.stdout);
}

/// What people report to run must not be called too large.
#[test]
fn presets_do_not_exceed_the_cards_they_are_known_to_run_on() {
    let folder = Folder::new();
    for (name, text) in toml_files("presets") {
        folder.write(&format!("{name}.toml"), text);
    }
    let errors = |preset: &str, gpu: &str| {
        let run = folder.wfc(&["fit", &format!("{preset}.toml"), "--gpu", gpu, "--format", "json"]);
        let report: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
        report["before"]["verdict"] == "does-not-fit"
    };
    for (preset, gpu) in [
        ("qwen-image", "rtx-3090"),
        ("qwen-image-edit", "rtx-3090"),
        ("z-image-turbo", "rtx-3090"),
        ("flux2-klein-4b", "rtx-a4500"),
        ("ltx2-t2v", "rtx-4090"),
        ("wan22-i2v", "rtx-3060-12gb"),
        ("dance-scail", "rtx-4090"),
        ("dance-scail-rtx5090", "rtx-5090"),
        ("scail-uni3c-wan22", "a100-80gb"),
    ] {
        assert!(!errors(preset, gpu), "{preset} on {gpu}");
    }
}
