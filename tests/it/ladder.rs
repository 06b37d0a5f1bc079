//! `[[ladder]]`: the same preset at several qualities.

use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::support::{EVERY_TYPE, Folder, PICTURE, input, model_file};

const LADDER: &str = r#"graph = "g"
[params]
seed = 7
count = 9
[[ladder]]
name = "draft"
params = { count = 1, strength = 0.5 }
models = { vae = "draft.safetensors" }
[[ladder]]
name = "final"
description = "what is shown"
"#;

fn ladder() -> Folder {
    Folder::with([("g.toml", EVERY_TYPE), ("p.toml", LADDER)])
}

fn values(workflow: &Value) -> Value {
    let value = |node: &str, name: &str| input(workflow, node, name).clone();
    json!([
        value("noise", "noise_seed"),
        value("count", "source"),
        value("strength_value", "value"),
        value("vae_file", "vae_name")
    ])
}

#[test]
fn a_build_warns_about_files_of_a_larger_batch() {
    let folder = Folder::with([
        ("g.toml", PICTURE),
        ("p.toml", "graph = \"g\"\n[matrix]\nwidth = [64, 128, 256]\n"),
        ("wfc.toml", ""),
    ]);
    // The project's own file is no preset, and no mistake among others.
    folder.wfc(&["build", "p.toml", "wfc.toml"]).succeeded();
    folder.write("p.toml", "graph = \"g\"\n[matrix]\nwidth = [64, 128]\n");
    let run = folder.wfc(&["build", "p.toml"]);
    assert_eq!(run.code, Some(0));
    assert!(
        run.stderr.starts_with("warning[output-out-of-date]: p-3.workflow_api.json is left over"),
        "{}",
        run.stderr
    );
}

#[test]
fn every_rung_is_the_preset_with_its_own_values() {
    let folder = ladder();
    let said = folder.wfc(&["build", "p.toml"]).succeeded().stdout;
    assert_eq!(said, "2 workflows: p-*.workflow_api.json\n");
    assert_eq!(
        folder.names(),
        ["g.toml", "p-draft.workflow_api.json", "p-final.workflow_api.json", "p.toml", "p.wfc.json"]
    );
    let vae = model_file("wan21-vae");
    assert_eq!(values(&folder.json("p-draft.workflow_api.json")), json!([7, 1, 0.5, "draft.safetensors"]));
    assert_eq!(values(&folder.json("p-final.workflow_api.json")), json!([7, 9, 1.0, vae]));
    let batch = &folder.json("p.wfc.json")["batch"];
    assert_eq!(batch["files"], "p-{rung}.workflow_api.json");
    assert_eq!(
        batch["rungs"],
        json!([
            {
                "name": "draft",
                "params": {"count": 1, "strength": 0.5},
                "models": {"vae": "draft.safetensors"},
            },
            {"name": "final", "description": "what is shown", "params": {}},
        ])
    );
    assert_eq!(
        batch["workflows"],
        json!([
            {"file": "p-draft.workflow_api.json", "rung": "draft"},
            {"file": "p-final.workflow_api.json", "rung": "final"},
        ])
    );
    folder.wfc(&["build", "p.toml", "--check"]).succeeded();
}

#[test]
fn one_rung_alone_has_the_same_workflow_and_a_manifest_of_its_own() {
    let folder = ladder();
    folder.wfc(&["build", "p.toml", "-o", "all"]).succeeded();
    let said = folder.wfc(&["build", "p.toml", "-o", "one", "--rung", "draft"]).succeeded().stdout;
    assert_eq!(said, "one/p-draft.workflow_api.json (14 nodes)\n");
    assert_eq!(folder.read("one/p-draft.workflow_api.json"), folder.read("all/p-draft.workflow_api.json"));
    let manifest = folder.json("one/p-draft.wfc.json");
    assert_eq!(
        (&manifest["rung"], &manifest["workflow"]["file"]),
        (&json!("draft"), &json!("p-draft.workflow_api.json"))
    );
    assert_eq!(manifest["interface"]["inputs"]["properties"]["count"]["default"], 1);
    folder.wfc(&["build", "p.toml", "-o", "one", "--rung", "draft", "--check"]).succeeded();
    assert_eq!(folder.workflows("p.toml", &["--rung", "final"]).len(), 1);
}

#[test]
fn a_combination_has_the_same_number_on_every_rung() {
    let folder = ladder();
    folder.write("p.toml", format!("{LADDER}[matrix]\nprompt = [\"a\", \"b\", \"c\"]\n"));
    let said = folder.wfc(&["build", "p.toml"]).succeeded().stdout;
    assert_eq!(said, "6 workflows: p-*-*.workflow_api.json\n");
    for (number, prompt) in ["a", "b", "c"].iter().enumerate() {
        for rung in ["draft", "final"] {
            let workflow = folder.json(&format!("p-{rung}-{}.workflow_api.json", number + 1));
            assert_eq!(input(&workflow, "prompt", "source"), prompt);
        }
    }
    let batch = folder.json("p.wfc.json")["batch"].clone();
    assert_eq!(batch["count"], 6);
    assert_eq!(
        batch["workflows"][4],
        json!({"file": "p-final-2.workflow_api.json", "rung": "final", "values": {"prompt": "b"}})
    );
    folder.wfc(&["build", "p.toml", "--rung", "final"]).succeeded();
    let one = folder.json("p-final.wfc.json")["batch"].clone();
    assert_eq!((&one["count"], &one["files"]), (&json!(3), &json!("p-final-{n}.workflow_api.json")));
    assert_eq!(one["workflows"][1], batch["workflows"][4]);
    folder.wfc(&["build", "p.toml", "--check"]).succeeded();
}

#[test]
fn what_an_earlier_ladder_left_is_found() {
    let folder = ladder();
    folder.write("p.toml", format!("{LADDER}[matrix]\nprompt = [\"a\", \"b\"]\n"));
    folder.wfc(&["build", "p.toml"]).succeeded();
    folder.write("p.toml", LADDER);
    assert_eq!(folder.wfc(&["build", "p.toml"]).code, Some(0));
    let said = folder.wfc(&["build", "p.toml", "--check"]).findings();
    for left in ["p-draft-1", "p-draft-2", "p-final-1", "p-final-2"] {
        assert!(said.contains(&format!("{left}.workflow_api.json is left over")), "{said}");
    }
    assert!(said.ends_with("4 errors in 1 file\n"), "{said}");
}

#[test]
fn a_ladder_is_inherited_rung_by_rung() {
    let folder = ladder();
    folder.write(
        "q.toml",
        "extends = \"p.toml\"\n[params]\ncount = 13\n[[ladder]]\nname = \"draft\"\nparams = { count = 5 }\n\
         [[ladder]]\nname = \"more\"\n",
    );
    let vae = model_file("wan21-vae");
    let all: Vec<Value> = folder.workflows("q.toml", &[]).iter().map(values).collect();
    assert_eq!(json!(all), json!([[7, 5, 0.5, "draft.safetensors"], [7, 13, 1.0, vae], [7, 13, 1.0, vae]]));
}

#[test]
fn the_command_line_wins_over_the_rungs() {
    let all = ladder().workflows("p.toml", &["--set", "count=5", "--set", "models.vae=x.pt"]);
    let all: Vec<Value> = all.iter().map(values).collect();
    assert_eq!(json!(all), json!([[7, 5, 0.5, "x.pt"], [7, 5, 1.0, "x.pt"]]));
}

#[test]
fn a_parameter_may_be_given_by_the_rungs_alone() {
    let folder = Folder::with([("g.toml", PICTURE.replace("default = 64\n", "").as_str())]);
    let ladder = "graph = \"g\"\n[[ladder]]\nname = \"a\"\nparams.width = 16\n[[ladder]]\nname = \"b\"\n";
    folder.write("p.toml", format!("{ladder}params.width = 32\n"));
    assert_eq!(folder.workflows("p.toml", &[]).len(), 2);
    folder.write("p.toml", ladder);
    let said = folder.wfc(&["build", "p.toml", "--rung", "a"]).findings();
    assert!(said.contains("the parameter `width` has no value"), "{said}");
}

/// What is said of a ladder under a graph whose pictures are at most 1024 wide, unless they have a name.
fn wrong(ladder: &str, arguments: &[&str]) -> String {
    let rule = "[[constraints]]\nrule = \"width <= 1024 or name != 'picture'\"\n\
                message = \"a wide picture needs a name of its own\"\n\n\
                [params.seed]\ntype = \"seed\"\ndefault = 0\ndoc = \"S.\"\n\n\
                [nodes.noise]\nclass = \"RandomNoise\"\ninputs = { noise_seed = { param = \"seed\" } }\n\n[nodes.empty]";
    let folder = Folder::with([
        ("g.toml", &*PICTURE.replace("[nodes.empty]", rule)),
        ("p.toml", &format!("graph = \"g\"\n{ladder}")),
    ]);
    let said = folder.wfc(&[&["build", "p.toml"], arguments].concat()).findings();
    assert_eq!(folder.names(), ["g.toml", "p.toml"], "nothing is written");
    said
}

#[test]
fn a_rung_that_breaks_a_constraint_is_an_error_at_its_line_whichever_is_built() {
    let ladder = "[params]\nname = \"picture\"\n[[ladder]]\nname = \"draft\"\nparams = { width = 64 }\n\
                  [[ladder]]\nname = \"final\"\nparams = { width = 2048 }\n";
    let said = wrong(ladder, &["--rung", "draft"]);
    assert_eq!(said, wrong(ladder, &[]));
    assert_snapshot!(said, @r#"
    error[constraint-violated]: a wide picture needs a name of its own
       ╭─[p.toml:9:20]
     8 │ name = "final"
     9 │ params = { width = 2048 }
       ·                    ──┬─
       ·                      ╰── `width` is 2048
       ╰────
       ╭─[p.toml:3:8]
     2 │ [params]
     3 │ name = "picture"
       ·        ────┬────
       ·            ╰── `name` is "picture"
     4 │ [[ladder]]
       ╰────
        ╭─[g.toml:19:8]
     18 │ [[constraints]]
     19 │ rule = "width <= 1024 or name != 'picture'"
        ·        ──────────────────┬─────────────────
        ·                          ╰── this must hold
     20 │ message = "a wide picture needs a name of its own"
        ╰────
      help: `name` is "picture", `width` is 2048; on the rung `final`

    1 error in 1 file
    "#);
}

#[test]
fn a_rung_is_checked_with_every_combination() {
    let ladder = "[matrix]\nname = [\"a\", \"picture\"]\n[[ladder]]\nname = \"draft\"\n\
                  [[ladder]]\nname = \"final\"\nparams = { width = 2048 }\n";
    assert_snapshot!(wrong(ladder, &["--rung", "draft"]), @r#"
    error[constraint-violated]: a wide picture needs a name of its own
       ╭─[p.toml:8:20]
     7 │ name = "final"
     8 │ params = { width = 2048 }
       ·                    ──┬─
       ·                      ╰── `width` is 2048
       ╰────
       ╭─[p.toml:3:14]
     2 │ [matrix]
     3 │ name = ["a", "picture"]
       ·              ────┬────
       ·                  ╰── `name` is "picture"
     4 │ [[ladder]]
       ╰────
        ╭─[g.toml:19:8]
     18 │ [[constraints]]
     19 │ rule = "width <= 1024 or name != 'picture'"
        ·        ──────────────────┬─────────────────
        ·                          ╰── this must hold
     20 │ message = "a wide picture needs a name of its own"
        ╰────
      help: `name` is "picture", `width` is 2048; on the rung `final`, in combination 2: name = "picture"

    1 error in 1 file
    "#);
}

#[test]
fn mistakes_in_a_ladder_are_said_all_at_once() {
    let ladder = "[matrix]\nwidth = [16, 32]\n[[ladder]]\nname = \"draft\"\n\
                  params = { widht = 64, width = 32, seed = 3 }\nmodels = { vae = \"x.pt\" }\n\
                  [[ladder]]\nname = \"ALL\"\n[[ladder]]\nname = \"Draft\"\n[[ladder]]\nname = \"1st\"\n\
                  steps = 3\n[[ladder]]\nparams = { name = 1 }\n";
    assert_snapshot!(wrong(ladder, &[]), @r#"
    error[unknown-param]: the graph has no parameter `widht`
       ╭─[p.toml:6:12]
     5 │ name = "draft"
     6 │ params = { widht = 64, width = 32, seed = 3 }
       ·            ─────
     7 │ models = { vae = "x.pt" }
       ╰────
      help: did you mean `width`?

    error[duplicate-axis]: the rung `draft` sets `width`, which the matrix varies
       ╭─[p.toml:6:24]
     2 │ [matrix]
     3 │ width = [16, 32]
       · ──┬──
       ·   ╰── varied here
     4 │ [[ladder]]
     5 │ name = "draft"
     6 │ params = { widht = 64, width = 32, seed = 3 }
       ·                        ─────
     7 │ models = { vae = "x.pt" }
       ╰────
      help: remove one of them

    error[rung-changes-seed]: the rung `draft` changes `seed`, a seed
       ╭─[p.toml:6:36]
     5 │ name = "draft"
     6 │ params = { widht = 64, width = 32, seed = 3 }
       ·                                    ────
     7 │ models = { vae = "x.pt" }
       ╰────
      help: all rungs have the preset's seed, or the draft would not show what becomes final; set it in [params] or [matrix]

    error[unknown-model]: the graph has no model slot `vae`
       ╭─[p.toml:7:12]
     6 │ params = { widht = 64, width = 32, seed = 3 }
     7 │ models = { vae = "x.pt" }
       ·            ───
     8 │ [[ladder]]
       ╰────
      help: it has none

    error[bad-rung-name]: a rung cannot be called `ALL`: `--rung all` stands for the whole ladder
        ╭─[p.toml:9:8]
      8 │ [[ladder]]
      9 │ name = "ALL"
        ·        ─────
     10 │ [[ladder]]
        ╰────
      help: use letters, digits, `_` and `-`, beginning with a letter: draft, confirm, final

    error[duplicate-rung]: two rungs are called `Draft`
        ╭─[p.toml:11:8]
     10 │ [[ladder]]
     11 │ name = "Draft"
        ·        ───────
     12 │ [[ladder]]
        ╰────
       ╭─[p.toml:5:8]
     4 │ [[ladder]]
     5 │ name = "draft"
       ·        ───┬───
       ·           ╰── the other one
     6 │ params = { widht = 64, width = 32, seed = 3 }
       ╰────
      help: the files of a rung carry its name; rename one of them

    error[bad-rung-name]: a rung cannot be called `1st`: its files are named after it
        ╭─[p.toml:13:8]
     12 │ [[ladder]]
     13 │ name = "1st"
        ·        ─────
     14 │ steps = 3
        ╰────
      help: use letters, digits, `_` and `-`, beginning with a letter: draft, confirm, final

    error[unknown-key]: unknown key `steps` in a rung
        ╭─[p.toml:14:1]
     13 │ name = "1st"
     14 │ steps = 3
        · ─────
     15 │ [[ladder]]
        ╰────
      help: the keys of a rung are: name, description, params, models; parameters go under `params`

    error[missing-key]: a rung needs the key `name`
        ╭─[p.toml:15:1]
     14 │ steps = 3
     15 │ [[ladder]]
        · ──────────
     16 │ params = { name = 1 }
        ╰────

    9 errors in 1 file
    "#);
}

#[test]
fn a_mistake_of_the_preset_is_said_once_and_not_for_every_rung() {
    let said = wrong(
        "[params]\nwidth = 17\n[[ladder]]\nname = \"a\"\nparams = { name = \"x\" }\n[[ladder]]\nname = \"b\"\n",
        &[],
    );
    assert!(said.ends_with("1 error in 1 file\n"), "{said}");
}

#[test]
fn a_rung_that_is_not_there_is_an_error() {
    let two = "[[ladder]]\nname = \"draft\"\n[[ladder]]\nname = \"final\"\n";
    assert_snapshot!(wrong(two, &["--rung", "finale"]), @r#"
    error[unknown-rung]: the preset has no rung `finale`
       ╭─[p.toml:3:8]
     2 │ [[ladder]]
     3 │ name = "draft"
       ·        ───────
     4 │ [[ladder]]
       ╰────
      help: did you mean `final`?

    1 error in 1 file
    "#);
    assert_snapshot!(wrong("", &["--rung", "draft"]), @r#"
    error[unknown-rung]: the preset has no rung `draft`
       ╭─[p.toml:1:9]
     1 │ graph = "g"
       ·         ───
       ╰────
      help: it has no [[ladder]]; build it without --rung

    1 error in 1 file
    "#);
}

#[test]
fn two_presets_do_not_write_the_same_file() {
    let folder = ladder();
    folder.write("p-draft.toml", "graph = \"g\"\n");
    let said = folder.wfc(&["build", "p.toml", "p-draft.toml"]).failed();
    assert!(said.contains("would write the same file"), "{said}");
    folder.write("p-draft.toml", "graph = \"g\"\n[matrix]\nseed = [1, 2]\n");
    folder.wfc(&["build", "p.toml", "p-draft.toml"]).succeeded();
}
