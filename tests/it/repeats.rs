//! Nodes that are repeated: over lists whose items a graph declares, a number of times, and in chains
//! that run through several nodes.

use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::support::Folder;

/// Parameters to repeat over, and a source to begin with.
const SOURCES: &str = r#"title = "Repeats"

[params.shots]
type = "list"
default = []
doc = "What to show."

[params.shots.fields.prompt]
type = "string"
doc = "The text."

[params.shots.fields.seed]
type = "seed"
default = 7
doc = "The seed."

[params.chunks]
type = "int"
default = 2
min = 0
max = 100000
doc = "How often."

[params.on]
type = "bool"
default = true
doc = "Switches nodes on."

[nodes.first]
class = "PrimitiveString"
inputs = { value = "first" }

[nodes.used]
class = "PreviewAny"
inputs = { source = { expr = "on and (shots | length) + chunks > 0" } }
"#;

fn folder(nodes: &str) -> Folder {
    Folder::with([("g.toml", &format!("{SOURCES}\n{nodes}")), ("p.toml", "graph = \"g\"\n")])
}

fn workflow(nodes: &str, set: &[&str]) -> Value {
    let arguments: Vec<&str> = set.iter().flat_map(|setting| ["--set", *setting]).collect();
    folder(nodes).workflow("p.toml", &arguments)
}

fn problems(nodes: &str, set: &[&str]) -> String {
    let arguments: Vec<&str> = set.iter().flat_map(|setting| ["--set", *setting]).collect();
    folder(nodes).wfc(&[&["build", "p.toml"], &arguments[..]].concat()).findings()
}

const SHOTS: &str = r#"
[nodes.text]
class = "PrimitiveString"
for_each = "shots"
inputs = { value = { expr = "item.index ~ ': ' ~ item.prompt ~ ' ' ~ (item.seed + 1)" } }

[nodes.shown]
class = "PreviewAny"
for_each = "shots"
inputs = { source = { node = "text" } }

[nodes.plain]
class = "PreviewAny"
for_each = "shots"
inputs = { source = { item = "prompt" } }
"#;

#[test]
fn items_of_a_list_are_seen_field_by_field_and_by_expressions() {
    let set = r#"shots=["a fox", { prompt = "a hare", seed = 41 }]"#;
    let workflow = workflow(SHOTS, &[set]);
    assert_eq!(workflow["text-1"]["inputs"]["value"], json!("0: a fox 8"));
    assert_eq!(workflow["text-2"]["inputs"]["value"], json!("1: a hare 42"));
    assert_eq!(workflow["shown-2"]["inputs"]["source"], json!(["text-2", 0]));
    assert_eq!(workflow["plain-1"]["inputs"]["source"], json!("a fox"));
    assert!(workflow.get("text-3").is_none());
}

/// Pieces that are made one after the other; each continues what was joined before.
const CHUNKS: &str = r#"
[nodes.piece]
class = "StringConcatenate"
for_each = "chunks"
[nodes.piece.inputs]
string_a = { prev = { node = "first" }, of = "joined" }
string_b = { expr = "item.index * 10" }
delimiter = ""

[nodes.joined]
class = "StringConcatenate"
for_each = "chunks"
inputs = { string_a = { prev = { node = "first" } }, string_b = { node = "piece" }, delimiter = "+" }

[nodes.result]
class = "PreviewAny"
inputs = { source = { node = "joined" } }
"#;

fn chunks() -> String {
    CHUNKS.replace("\"item.index * 10\"", "\"(item.index * 10) | string\"")
}

#[test]
fn a_chain_runs_through_several_nodes() {
    let workflow = workflow(&chunks(), &["chunks=3"]);
    let given = |node: &str, input: &str| workflow[node]["inputs"][input].clone();
    assert_eq!(given("piece-1", "string_a"), json!(["first", 0]));
    assert_eq!(given("piece-2", "string_a"), json!(["joined-1", 0]));
    assert_eq!(given("piece-3", "string_a"), json!(["joined-2", 0]));
    assert_eq!(given("piece-3", "string_b"), json!("20"));
    assert_eq!(given("joined-1", "string_a"), json!(["first", 0]));
    assert_eq!(given("joined-3", "string_a"), json!(["joined-2", 0]));
    assert_eq!(given("joined-3", "string_b"), json!(["piece-3", 0]));
    assert_eq!(given("result", "source"), json!(["joined-3", 0]));
}

#[test]
fn a_chain_passes_by_a_node_that_is_switched_off() {
    let nodes = r#"
[nodes.base]
class = "UNETLoader"
inputs = { unet_name = "m.safetensors", weight_dtype = "default" }

[nodes.patched]
class = "ModelSamplingSD3"
for_each = "chunks"
when = "on"
inputs = { shift = 5.0, model = { prev = { node = "base" }, of = "patched_again" } }

[nodes.patched_again]
class = "ModelSamplingSD3"
for_each = "chunks"
inputs = { shift = 6.0, model = { node = "patched" } }

[nodes.shown]
class = "PreviewAny"
inputs = { source = { node = "patched_again" } }
"#;
    let off = workflow(nodes, &["chunks=3", "on=false"]);
    assert_eq!(off["patched_again-1"]["inputs"]["model"], json!(["base", 0]));
    assert_eq!(off["patched_again-3"]["inputs"]["model"], json!(["patched_again-2", 0]));
    let on = workflow(nodes, &["chunks=3"]);
    assert_eq!(on["patched_again-3"]["inputs"]["model"], json!(["patched-3", 0]));
    assert_eq!(on["patched-3"]["inputs"]["model"], json!(["patched_again-2", 0]));
}

#[test]
fn a_long_chain_of_nodes_that_are_off_ends() {
    let nodes = r#"
[nodes.base]
class = "UNETLoader"
inputs = { unet_name = "m.safetensors", weight_dtype = "default" }

[nodes.a]
class = "ModelSamplingSD3"
for_each = "chunks"
when = "on"
inputs = { shift = 5.0, model = { prev = { node = "base" }, of = "b" } }

[nodes.b]
class = "ModelSamplingSD3"
for_each = "chunks"
when = "on"
inputs = { shift = 6.0, model = { node = "a" } }

[nodes.shown]
class = "PreviewAny"
for_each = "chunks"
inputs = { source = { node = "b" } }
"#;
    let off = workflow(nodes, &["chunks=500", "on=false"]);
    assert_eq!(off["shown-500"]["inputs"]["source"], json!(["base", 0]));
}

#[test]
fn nothing_is_repeated_for_zero_times() {
    let nodes = chunks()
        .replace("{ node = \"joined\" }", "{ first_of = [{ node = \"joined\" }, { node = \"first\" }] }");
    let workflow = workflow(&nodes, &["chunks=0"]);
    assert_eq!(workflow["result"]["inputs"]["source"], json!(["first", 0]));
    assert!(workflow.get("piece-1").is_none());
}

#[test]
fn wrong_items_are_all_reported() {
    assert_snapshot!(
        problems(SHOTS, &[r#"shots=[{ promt = "a", seed = -1 }, 5, { prompt = "c" }]"#]), @r#"
    error[missing-key]: an item of `shots` needs the key `prompt`
       ╭─[--set:1:8]
     1 │ shots=[{ promt = "a", seed = -1 }, 5, { prompt = "c" }]
       ·        ──────────────────────────
       ╰────
      file: p.toml
      help: `prompt` (string): The text.

    error[unknown-key]: an item of `shots` has no key `promt`
       ╭─[--set:1:10]
     1 │ shots=[{ promt = "a", seed = -1 }, 5, { prompt = "c" }]
       ·          ─────
       ╰────
      file: p.toml
      help: did you mean `prompt`?

    error[out-of-range]: `shots.seed` is -1; a seed is between 0 and 18446744073709551615
       ╭─[--set:1:30]
     1 │ shots=[{ promt = "a", seed = -1 }, 5, { prompt = "c" }]
       ·                              ──
       ╰────
      file: p.toml

    error[wrong-type]: `shots.prompt` takes a string, found an integer
       ╭─[--set:1:36]
     1 │ shots=[{ promt = "a", seed = -1 }, 5, { prompt = "c" }]
       ·                                    ─
       ╰────
      file: p.toml
      help: `shots.prompt` (string): The text.

    4 errors in 1 file
    "#);
}

#[test]
fn an_expression_that_gives_no_number_of_times() {
    assert_snapshot!(problems(&chunks().replace("for_each = \"chunks\"", "for_each = \"chunks / 2\""), &[]), @r#"
    error[expression-failed]: this gives 1.0; `for_each` needs a whole number from 0
        ╭─[g.toml:40:12]
     39 │ class = "StringConcatenate"
     40 │ for_each = "chunks / 2"
        ·            ────────────
     41 │ [nodes.piece.inputs]
        ╰────
      file: p.toml

    1 error in 1 file
    "#);
}

#[test]
fn too_many_times() {
    assert_snapshot!(problems(&chunks(), &["chunks=100000"]), @"
    error[too-many-nodes]: the workflow would have 200003 nodes; the limit is 20000
       ╭─[--set:1:8]
     1 │ chunks=100000
       ·        ───┬──
       ·           ╰── most of them come from here
       ╰────
      file: p.toml
      help: repeat fewer times

    1 error in 1 file
    ");
}

#[test]
fn fields_that_there_are_not() {
    let nodes = SHOTS.replace("item.seed", "item.sede").replace("\"prompt\" }", "\"promt\" }");
    assert_snapshot!(problems(&nodes, &[]), @r#"
    error[unknown-key]: the items have no field `sede`
        ╭─[g.toml:41:76]
     40 │ for_each = "shots"
     41 │ inputs = { value = { expr = "item.index ~ ': ' ~ item.prompt ~ ' ' ~ (item.sede + 1)" } }
        ·                                                                            ────
        ╰────
      file: p.toml
      help: did you mean `seed`?

    error[unknown-key]: the items have no field `promt`
        ╭─[g.toml:51:30]
     50 │ for_each = "shots"
     51 │ inputs = { source = { item = "promt" } }
        ·                              ───────
        ╰────
      file: p.toml
      help: did you mean `prompt`?

    2 errors in 1 file
    "#);
}

#[test]
fn a_wrong_for_each_makes_no_further_problems() {
    let nodes = SHOTS.replace("for_each = \"shots\"", "for_each = \"shosts\"");
    let problems = problems(&nodes, &[]);
    assert!(problems.ends_with("3 errors in 1 file\n"), "one for each `for_each`: {problems}");
}

#[test]
fn an_item_outside() {
    let nodes = "[nodes.shown]\nclass = \"PreviewAny\"\ninputs = { source = { expr = \"item.index\" } }\n";
    assert_snapshot!(problems(nodes, &[]), @r#"
    error[unknown-param]: `item` is not a parameter of this graph
        ╭─[g.toml:39:31]
     38 │ class = "PreviewAny"
     39 │ inputs = { source = { expr = "item.index" } }
        ·                               ────
        ╰────
      file: p.toml
      help: there is an item in the inputs of a node with `for_each`, and nowhere else

    1 error in 1 file
    "#);
}

#[test]
fn a_companion_that_is_repeated_elsewhere() {
    let nodes = chunks().replace("of = \"joined\"", "of = \"first\"");
    assert_snapshot!(problems(&nodes, &[]), @r#"
    error[item-outside-for-each]: `first` is not repeated in the same `for_each`
        ╭─[g.toml:42:46]
     39 │ class = "StringConcatenate"
     40 │ for_each = "chunks"
        ·            ────┬───
        ·                ╰── repeated here
     41 │ [nodes.piece.inputs]
     42 │ string_a = { prev = { node = "first" }, of = "first" }
        ·                                              ───────
     43 │ string_b = { expr = "(item.index * 10) | string" }
        ╰────
      file: p.toml
      help: the node before this one is known only among nodes that are repeated together

    1 error in 1 file
    "#);
}

#[test]
fn lists_that_are_declared_wrongly() {
    let list = |fields: &str| {
        let declared = SOURCES.replace(
            "[params.shots.fields.prompt]\ntype = \"string\"\ndoc = \"The text.\"\n\n[params.shots.fields.seed]\ntype = \"seed\"\ndefault = 7\ndoc = \"The seed.\"\n",
            fields,
        );
        Folder::with([("g.toml", &*declared), ("p.toml", "graph = \"g\"\n")])
            .wfc(&["build", "p.toml"])
            .findings()
    };
    assert_snapshot!(list(""), @r#"
    error[missing-key]: the list `shots` needs the key `fields`
       ╭─[g.toml:3:9]
     3 │ [params.shots]
       ·         ─────
     4 │ type = "list"
       ╰────
      file: p.toml
      help: declare what an item holds: [params.NAME.fields.KEY]

    1 error in 1 file
    "#);
    assert_snapshot!(list("[params.shots.fields.index]\ntype = \"lora-list\"\ndoc = \"LoRAs.\"\n"), @r#"
    error[reserved-name]: a field cannot be called `index`
       ╭─[g.toml:8:22]
     8 │ [params.shots.fields.index]
       ·                      ─────
     9 │ type = "lora-list"
       ╰────
      file: p.toml
      help: every item has that field already: which one it is, counted from 0

    error[wrong-type]: a field of a list cannot be a list
        ╭─[g.toml:9:8]
      8 │ [params.shots.fields.index]
      9 │ type = "lora-list"
        ·        ───────────
     10 │ doc = "LoRAs."
        ╰────
      file: p.toml

    2 errors in 1 file
    "#);
}
