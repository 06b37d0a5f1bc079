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
