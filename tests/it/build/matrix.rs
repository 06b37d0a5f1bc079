//! `[matrix]`: one workflow for every combination.

use serde_json::{Value, json};

use crate::support::{EVERY_TYPE, Folder, PICTURE, input};

const THREE_BY_FOUR: &str = r#"graph = "g"
[params]
name = "fixed"
[matrix]
count = [1, 5, 9]
prompt = ["a", "b", "c", "d"]
"#;

#[test]
fn the_last_axis_varies_fastest_and_numbers_have_the_same_length() {
    let preset = THREE_BY_FOUR.replace("[params]\nname = \"fixed\"\n", "");
    let folder = Folder::with([("g.toml", EVERY_TYPE), ("p.toml", &preset)]);
    let said = folder.wfc(&["build", "p.toml", "-o", "out"]).succeeded().stdout;
    assert_eq!(said, "12 workflows: out/p-*.workflow_api.json\n");
    let files: Vec<String> = folder.names().into_iter().filter(|name| name.starts_with("out/")).collect();
    let expected = (1..=12).map(|number| format!("out/p-{number:02}.workflow_api.json"));
    assert_eq!(files, expected.chain(["out/p.wfc.json".to_owned()]).collect::<Vec<_>>());
    let values = |number: usize| {
        let workflow = folder.json(&format!("out/p-{number:02}.workflow_api.json"));
        (input(&workflow, "count", "source").clone(), input(&workflow, "prompt", "source").clone())
    };
    let all: Vec<(Value, Value)> = (1..=12).map(values).collect();
    let expected: Vec<(Value, Value)> = [1, 5, 9]
        .into_iter()
        .flat_map(|count| ["a", "b", "c", "d"].map(|prompt| (count.into(), prompt.into())))
        .collect();
    assert_eq!(all, expected);
}

#[test]
fn each_combination_is_what_settings_of_its_values_give() {
    let preset = THREE_BY_FOUR.replace("[params]\nname = \"fixed\"\n", "[params]\nseed = 5\n");
    let folder = Folder::with([("g.toml", EVERY_TYPE), ("p.toml", &preset)]);
    let batch = folder.workflows("p.toml", &[]);
    let mut single = Vec::new();
    for count in ["count=1", "count=5", "count=9"] {
        for prompt in ["prompt=a", "prompt=b", "prompt=c", "prompt=d"] {
            single.push(folder.workflow("p.toml", &["--set", count, "--set", prompt]));
        }
    }
    assert_eq!(batch, single);
}

#[test]
fn a_parameter_without_default_may_be_given_by_the_matrix_alone() {
    let folder = Folder::with([("p.toml", "graph = \"g\"\n[matrix]\nwidth = [16, 32]\n")]);
    folder.write("g.toml", PICTURE.replace("default = 64\n", ""));
    let widths: Vec<Value> = folder
        .workflows("p.toml", &[])
        .iter()
        .map(|workflow| input(workflow, "empty", "width").clone())
        .collect();
    assert_eq!(widths, [16, 32]);
}

#[test]
fn a_list_of_loras_is_one_value_of_an_axis() {
    let preset =
        "graph = \"g\"\n[matrix]\nloras = [[], [\"a.pt\"], [\"a.pt\", { file = \"b.pt\", strength = 2 }]]\n";
    let folder = Folder::with([("g.toml", EVERY_TYPE), ("p.toml", preset)]);
    let has = |workflow: &Value, key: &str| workflow.get(key).is_some();
    let lengths: Vec<usize> = folder
        .workflows("p.toml", &[])
        .iter()
        .map(|workflow| (1..=3).filter(|n| has(workflow, &format!("lora-{n}"))).count())
        .collect();
    assert_eq!(lengths, [0, 1, 2]);
}

#[test]
fn the_manifest_of_a_batch_tells_its_axes_and_the_hash_of_all_files() {
    let preset = THREE_BY_FOUR.replace("[params]\nname = \"fixed\"\n", "");
    let folder = Folder::with([("g.toml", EVERY_TYPE), ("p.toml", &preset)]);
    folder.wfc(&["build", "p.toml"]).succeeded();
    let batch = &folder.json("p.wfc.json")["batch"];
    let all: Vec<u8> =
        (1..=12).flat_map(|number| folder.read(&format!("p-{number:02}.workflow_api.json"))).collect();
    let workflows: Vec<Value> = [1, 5, 9]
        .into_iter()
        .flat_map(|count| ["a", "b", "c", "d"].map(|prompt| json!({"count": count, "prompt": prompt})))
        .zip(1..)
        .map(|(values, n)| json!({"file": format!("p-{n:02}.workflow_api.json"), "values": values}))
        .collect();
    assert_eq!(
        *batch,
        json!({
            "count": 12,
            "files": "p-{n}.workflow_api.json",
            "axes": [
                {"param": "count", "values": [1, 5, 9]},
                {"param": "prompt", "values": ["a", "b", "c", "d"]},
            ],
            "hash": format!("blake3:{}", blake3::hash(&all)),
            "workflows": workflows,
        })
    );
    folder.wfc(&["build", "p.toml", "--check"]).succeeded();
}

#[test]
fn a_matrix_is_inherited_axis_by_axis() {
    let folder = Folder::with([
        ("g.toml", EVERY_TYPE),
        ("base.toml", "graph = \"g\"\n[matrix]\ncount = [1, 5]\nseed = [1, 2, 3]\n"),
        ("p.toml", "extends = \"base.toml\"\n[matrix]\ncount = [9]\n"),
    ]);
    let counts: Vec<Value> = folder
        .workflows("p.toml", &[])
        .iter()
        .map(|workflow| input(workflow, "count", "source").clone())
        .collect();
    assert_eq!(counts, [9, 9, 9]);
}

#[test]
fn the_manifest_of_a_batch_requires_what_any_of_its_workflows_needs() {
    let preset = "graph = \"wan22-a14b\"\n[params]\nprompt = \"x\"\nimage = \"a.png\"\n[matrix]\nmode = [\"t2v\", \"i2v\"]\n";
    let folder = Folder::with([("p.toml", preset)]);
    folder.wfc(&["build", "p.toml"]).succeeded();
    let requires = folder.json("p.wfc.json")["requires"].to_string();
    for needed in ["wan22-t2v-a14b-high-fp8", "wan22-i2v-a14b-high-fp8", "WanImageToVideo"] {
        assert!(requires.contains(needed), "{needed} is not in {requires}");
    }
}

#[test]
fn what_is_wrong_in_every_combination_is_said_once() {
    let rule = "[[constraints]]\nrule = \"width < 64\"\nmessage = \"too wide\"\n[nodes.empty]";
    let folder = Folder::with([
        ("g.toml", &*PICTURE.replace("[nodes.empty]", rule)),
        ("p.toml", "graph = \"g\"\n[params]\nwidth = 64\n[matrix]\nname = [\"a\", \"b\", \"c\"]\n"),
    ]);
    let said = folder.wfc(&["build", "p.toml"]).findings();
    assert!(
        said.contains("in combination 1: name = \"a\"") && said.ends_with("\n1 error in 1 file\n"),
        "{said}"
    );
}

/// The values of one parameter of [`EVERY_TYPE`] through a matrix of this text.
fn varied(matrix: &str, node: &str, name: &str) -> Vec<Value> {
    let preset = format!("graph = \"g\"\n[matrix]\n{matrix}\n");
    let folder = Folder::with([("g.toml", EVERY_TYPE), ("p.toml", &preset)]);
    folder.workflows("p.toml", &[]).iter().map(|workflow| input(workflow, node, name).clone()).collect()
}

#[test]
fn a_range_of_whole_numbers_ends_with_the_last_that_is_reached() {
    assert_eq!(varied("seed = { from = 3, to = 6 }", "noise", "noise_seed"), [3, 4, 5, 6]);
    assert_eq!(varied("seed = { from = 3, to = 8, step = 2 }", "noise", "noise_seed"), [3, 5, 7]);
    assert_eq!(varied("seed = { from = 3, to = 3, step = -1 }", "noise", "noise_seed"), [3]);
    assert_eq!(varied("count = { from = 9, step = -4, count = 3 }", "count", "source"), [9, 5, 1]);
    let largest = u64::MAX;
    let matrix = format!("seed = {{ from = {}, to = {largest} }}", largest - 1);
    assert_eq!(varied(&matrix, "noise", "noise_seed"), [largest - 1, largest]);
}

#[test]
fn a_range_of_floats_gives_the_numbers_that_one_would_write() {
    let values = varied("strength = { from = 0.1, to = 1.0, step = 0.1 }", "strength_value", "value");
    let written = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0];
    assert_eq!(values, written.map(Value::from));
    assert_eq!(
        varied("strength = { from = 1, step = -0.35, count = 3 }", "strength_value", "value"),
        [1.0, 0.65, 0.3].map(Value::from)
    );
    // Whole numbers of a float parameter are floats.
    assert_eq!(
        varied("strength = { from = 1, to = 2 }", "strength_value", "value"),
        [1.0, 2.0].map(Value::from)
    );
    let many = varied("strength = { from = 0.0, to = 9.999, step = 0.001 }", "strength_value", "value");
    let exact = (0..10_000).map(|n| Value::from(format!("{n}e-3").parse::<f64>().unwrap()));
    assert_eq!(many, exact.collect::<Vec<_>>());
}

#[test]
fn the_rows_of_a_zipped_axis_set_several_parameters_together() {
    let preset = "graph = \"g\"\n[matrix]\ncount = [1, 5]\n\
                  shots = [ { prompt = \"a\", seed = 7 }, { seed = 8, prompt = \"b\" } ]\n";
    let folder = Folder::with([("g.toml", EVERY_TYPE), ("p.toml", preset)]);
    let values = |workflow: &Value| {
        let value = |node: &str, name: &str| input(workflow, node, name).clone();
        json!([value("count", "source"), value("prompt", "source"), value("noise", "noise_seed")])
    };
    let all: Vec<Value> = folder.workflows("p.toml", &[]).iter().map(values).collect();
    assert_eq!(json!(all), json!([[1, "a", 7], [1, "b", 8], [5, "a", 7], [5, "b", 8]]));
    folder.wfc(&["build", "p.toml"]).succeeded();
    let batch = &folder.json("p.wfc.json")["batch"];
    assert_eq!(
        batch["axes"],
        json!([
            {"param": "count", "values": [1, 5]},
            {"param": "prompt", "zip": "shots", "values": ["a", "b"]},
            {"param": "seed", "zip": "shots", "values": [7, 8]},
        ])
    );
    assert_eq!(
        batch["workflows"][3],
        json!({"file": "p-4.workflow_api.json", "values": {"count": 5, "prompt": "b", "seed": 8}})
    );
    // A setting ends the variation of its parameter alone.
    let set: Vec<Value> = folder.workflows("p.toml", &["--set", "prompt=c"]).iter().map(values).collect();
    assert_eq!(json!(set), json!([[1, "c", 7], [1, "c", 8], [5, "c", 7], [5, "c", 8]]));
}

#[test]
fn model_slots_vary_like_parameters() {
    let (one, other) = (crate::support::model_file("wan21-vae"), "other.safetensors".to_owned());
    let inline = "[matrix]\nmodels.vae = [\"wan21-vae\", \"other.safetensors\"]\nseed = [1, 2]\n";
    let table = "[matrix]\nseed = [1, 2]\n[matrix.models]\nvae = [\"wan21-vae\", \"other.safetensors\"]\n";
    for (matrix, expected) in [(inline, [&one, &one, &other, &other]), (table, [&one, &other, &one, &other])]
    {
        let folder = Folder::with([("g.toml", EVERY_TYPE), ("p.toml", &format!("graph = \"g\"\n{matrix}"))]);
        let workflows = folder.workflows("p.toml", &[]);
        let files: Vec<&Value> =
            workflows.iter().map(|workflow| input(workflow, "vae_file", "vae_name")).collect();
        assert_eq!(files, expected.map(|file| Value::from(file.as_str())).each_ref());
        folder.wfc(&["build", "p.toml"]).succeeded();
        let manifest = folder.json("p.wfc.json");
        assert_eq!(manifest["requires"]["models"].as_array().unwrap().len(), 2);
        let last = &manifest["batch"]["workflows"][3]["values"];
        assert_eq!(*last, json!({"seed": 2, "models.vae": "other.safetensors"}));
        let set = folder.workflows("p.toml", &["--set", "models.vae=wan21-vae"]);
        assert_eq!(set.len(), 2);
    }
}

#[test]
fn rows_may_choose_models() {
    let preset = "graph = \"g\"\n[matrix]\n\
                  kind = [ { models.vae = \"wan21-vae\", seed = 1 }, { models.vae = \"b.pt\", seed = 2 } ]\n";
    let folder = Folder::with([("g.toml", EVERY_TYPE), ("p.toml", preset)]);
    let both: Vec<(Value, Value)> = folder
        .workflows("p.toml", &[])
        .iter()
        .map(|w| (input(w, "vae_file", "vae_name").clone(), input(w, "noise", "noise_seed").clone()))
        .collect();
    let first = crate::support::model_file("wan21-vae");
    assert_eq!(both, [(first.into(), 1.into()), ("b.pt".into(), 2.into())]);
}

#[test]
fn an_axis_of_an_extending_preset_wins_over_the_same_parameter_in_inherited_rows() {
    let folder = Folder::with([
        ("g.toml", EVERY_TYPE),
        (
            "base.toml",
            "graph = \"g\"\n[matrix]\nshots = [ { prompt = \"a\", seed = 1 }, { prompt = \"b\", seed = 2 } ]\n",
        ),
        ("p.toml", "extends = \"base.toml\"\n[matrix]\nseed = [9]\n"),
    ]);
    let seeds: Vec<Value> =
        folder.workflows("p.toml", &[]).iter().map(|w| input(w, "noise", "noise_seed").clone()).collect();
    assert_eq!(seeds, [9, 9]);
}

#[test]
fn the_first_and_last_of_a_million_are_what_the_axes_say() {
    // One more would be too many; no axis is ever listed.
    let preset = "graph = \"g\"\n[matrix]\nseed = { from = 1, to = 1000 }\nname = { from = 1, to = 2 }\n";
    let wrong =
        Folder::with([("g.toml", EVERY_TYPE), ("p.toml", preset)]).wfc(&["build", "p.toml"]).findings();
    assert!(wrong.contains("unknown-param"), "{wrong}");
    let preset = "graph = \"g\"\n[matrix]\nseed = { from = 1, to = 18446744073709551615 }\n";
    let large =
        Folder::with([("g.toml", EVERY_TYPE), ("p.toml", preset)]).wfc(&["build", "p.toml"]).findings();
    assert!(
        large.contains("the matrix has 18446744073709551615 combinations; the limit is 1000000"),
        "{large}"
    );
}
