//! The built-in graphs give the workflows that they were made from.
//!
//! The workflows lie beside the repository; without them the comparison is skipped. Where ours
//! differs on purpose, its table in [`tables`] says so, the comment in the graph file says why, and nothing
//! else may differ.

mod compare;
mod tables;
mod workflow;

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use serde_json::{Value as Json, json};
use wfc::catalog::Catalog;
use wfc::lower::library;

use workflow::{Input, Node, Workflow};

/// Where the published workflows are.
const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/pipelines");

/// A published workflow and the preset that reproduces it.
struct Reference {
    /// Its file, without `.api.json`; for one that was found as it is deployed, without `.json`.
    file: &'static str,
    /// The preset.
    preset: &'static str,
    /// Settings on top of the preset.
    set: &'static [&'static str],
    /// What its switches are set to, if not as they are.
    switches: Option<bool>,
    /// The preset's graph.
    graph: &'static str,
    /// Classes whose nodes are settled when the graph is compiled: constants, switches, expressions.
    settled: &'static [&'static str],
    /// Where ours differs on purpose.
    differences: &'static [Difference],
}

/// An intended difference.
enum Difference {
    /// Every node of `class` whose `input` is `theirs` has `ours` instead.
    Input { class: &'static str, input: &'static str, theirs: Is, ours: Is, reason: &'static str },
    /// The node with this id in the reference has `ours` instead.
    At { node: &'static str, input: &'static str, ours: Is, reason: &'static str },
    /// Nodes of these classes that give the same are one node.
    Merged { classes: &'static [&'static str], reason: &'static str },
    /// The nodes of `class` have nothing left to do once the inputs differ.
    Gone { class: &'static str, reason: &'static str },
    /// Ours has a node more; `id` is what other differences link to.
    Added {
        id: &'static str,
        class: &'static str,
        inputs: &'static [(&'static str, Is)],
        reason: &'static str,
    },
}

/// What an input is in a table of differences.
enum Is {
    Nothing,
    Text(&'static str),
    TextFrom(&'static str),
    Whole(i64),
    Float(f64),
    Bool(bool),
    /// Slot of a node, by its id in the reference.
    Link(&'static str, u64),
}

impl Is {
    fn matches(&self, input: Option<&Input>) -> bool {
        match (self, input) {
            (Self::TextFrom(start), Some(Input::Literal(Json::String(text)))) => text.starts_with(start),
            _ => self.input().as_ref() == input,
        }
    }

    fn input(&self) -> Option<Input> {
        match *self {
            Self::Nothing => None,
            Self::Text(text) | Self::TextFrom(text) => Some(Input::Literal(json!(text))),
            Self::Whole(number) => Some(Input::Literal(json!(number))),
            Self::Float(number) => Some(Input::Literal(json!(number))),
            Self::Bool(flag) => Some(Input::Literal(json!(flag))),
            Self::Link(from, slot) => Some(Input::Link(from.to_owned(), slot)),
        }
    }
}

/// What `wfc build` gives for a preset.
fn build(preset: &str, set: &[&str]) -> Workflow {
    let output = Command::new(env!("CARGO_BIN_EXE_wfc"))
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .args(["build", "--output", "-", "--color", "never"])
        .arg(format!("presets/{preset}.toml"))
        .args(set.iter().flat_map(|setting| ["--set", *setting]))
        .output()
        .expect("wfc runs");
    let messages = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{preset} does not compile:\n{messages}");
    workflow::read(std::str::from_utf8(&output.stdout).expect("a workflow is UTF-8"))
}

/// What a reference becomes with its intended differences, and what is wrong with their list.
fn with_differences(
    reference: &Reference,
    published: &Workflow,
    is_output: &dyn Fn(&str) -> bool,
) -> (Workflow, Vec<String>) {
    let mut problems = Vec::new();
    for class in reference.settled {
        if !published.values().any(|node| node.class == *class) {
            problems.push(format!("{class}: listed as settled, but there is none in the reference"));
        }
    }
    let mut expected = workflow::fold(published, reference.settled, reference.switches);
    let before = workflow::live(&expected, is_output);
    for difference in reference.differences {
        let Difference::Added { id, class, inputs, reason } = difference else { continue };
        let inputs = inputs.iter().filter_map(|(name, is)| Some(((*name).to_owned(), is.input()?)));
        let node = Node { class: (*class).to_owned(), inputs: inputs.collect() };
        if expected.insert((*id).to_owned(), node).is_some() {
            problems.push(format!("{class}: listed as added, but `{id}` is in the reference ({reason})"));
        }
    }
    for difference in reference.differences {
        let (class, input, theirs, ours, reason) = match difference {
            Difference::Input { class, input, theirs, ours, reason } => (class, input, theirs, ours, reason),
            Difference::At { node, input, ours, reason } => {
                let node = expected.get_mut(*node).expect("the node is in the reference");
                if node.inputs.get(*input) == ours.input().as_ref() {
                    problems.push(format!(
                        "{}.{input}: listed as different, but the same ({reason})",
                        node.class
                    ));
                }
                node.inputs.remove(*input);
                node.inputs.extend(ours.input().map(|value| ((*input).to_owned(), value)));
                continue;
            }
            Difference::Merged { .. } | Difference::Gone { .. } | Difference::Added { .. } => continue,
        };
        let mut changed = 0;
        for node in expected.values_mut().filter(|node| node.class == *class) {
            if theirs.matches(node.inputs.get(*input)) {
                node.inputs.remove(*input);
                node.inputs.extend(ours.input().map(|value| ((*input).to_owned(), value)));
                changed += 1;
            }
        }
        if changed == 0 {
            problems.push(format!(
                "{class}.{input}: listed as different from {}, which no longer occurs ({reason})",
                compare::show(theirs.input().as_ref())
            ));
        }
    }
    let after = workflow::live(&expected, is_output);
    let gone: BTreeSet<_> = before.difference(&after).map(|id| expected[id].class.as_str()).collect();
    let mut listed = BTreeSet::new();
    for difference in reference.differences {
        let Difference::Gone { class, reason } = difference else { continue };
        listed.insert(*class);
        if !gone.contains(class) {
            problems.push(format!("{class}: listed as gone, which no longer is so ({reason})"));
        }
    }
    for difference in reference.differences {
        let Difference::Added { id, class, reason, .. } = difference else { continue };
        if !after.contains(*id) {
            problems
                .push(format!("{class}: listed as added, but nothing takes what `{id}` gives ({reason})"));
        }
    }
    problems.extend(gone.difference(&listed).map(|class| format!("{class}: gone, but not listed")));
    expected.retain(|id, _| after.contains(id));
    for difference in reference.differences {
        let Difference::Merged { classes, reason } = difference else { continue };
        for class in workflow::merge(&mut expected, classes) {
            problems.push(format!("{class}: listed as merged, but no two nodes are the same ({reason})"));
        }
    }
    (expected, problems)
}

/// Everything that is not as the table says.
fn problems(
    reference: &Reference,
    published: &Workflow,
    ours: &Workflow,
    is_output: &dyn Fn(&str) -> bool,
) -> Vec<String> {
    let (expected, mut problems) = with_differences(reference, published, is_output);
    let ours = workflow::fold(ours, reference.settled, None);
    problems.extend(compare::differences(&expected, &ours, is_output));
    problems
}

#[test]
fn presets_give_their_reference_workflows() {
    if !Path::new(FOLDER).is_dir() {
        eprintln!("skipped: there are no reference workflows beside the repository");
        return;
    }
    let catalog = Catalog::embedded();
    let is_output = |class: &str| catalog.class(class).is_some_and(|class| class.output_node);
    let mut failed = Vec::new();
    for reference in tables::all() {
        let file = format!("{FOLDER}/{}.json", reference.file);
        let text = std::fs::read_to_string(file.replace(".json", ".api.json"))
            .or_else(|_| std::fs::read_to_string(&file))
            .expect("the reference is there");
        let ours = build(reference.preset, reference.set);
        for problem in problems(reference, &workflow::read(&text), &ours, &is_output) {
            let preset = [&[reference.preset], reference.set].concat().join(" --set ");
            failed.push(format!("{} from {preset}: {problem}", reference.file));
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

#[test]
fn the_cascades_are_reproduced_without_exception() {
    for reference in tables::all().filter(|reference| reference.file.starts_with("pipelineA_")) {
        assert!(reference.settled.is_empty() && reference.differences.is_empty(), "{}", reference.file);
    }
}

/// The lines of a TOML text that have a comment.
fn comment_lines(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter(|line| {
        let mut quote = None;
        line.chars().any(|c| {
            match (quote, c) {
                (None, '"' | '\'') => quote = Some(c),
                (Some(open), _) if open == c => quote = None,
                _ => {}
            }
            quote.is_none() && c == '#'
        })
    })
}

#[test]
fn intended_differences_are_in_the_comments_of_the_graph() {
    let mut failed = BTreeSet::new();
    for reference in tables::all() {
        let text = library::find(reference.graph).expect("the graph is built in");
        let is_word = |c: char| c.is_alphanumeric() || c == '_';
        let words: BTreeSet<&str> =
            comment_lines(text).flat_map(|line| line.split(move |c| !is_word(c))).collect();
        for difference in reference.differences {
            let (names, reason) = match difference {
                Difference::Input { class, input, reason, .. } => (vec![*input, *class], reason),
                Difference::At { input, reason, .. } => (vec![*input], reason),
                Difference::Merged { classes, reason } => (classes.to_vec(), reason),
                Difference::Gone { class, reason } | Difference::Added { class, reason, .. } => {
                    (vec![*class], reason)
                }
            };
            if !names.iter().any(|name| words.contains(name)) {
                failed.insert(format!(
                    "graphs/{}.toml: no comment mentions {} ({reason})",
                    reference.graph,
                    names.join(" or ")
                ));
            }
        }
    }
    assert!(failed.is_empty(), "{}", failed.into_iter().collect::<Vec<_>>().join("\n"));
}

/// A small workflow of classes that do not exist: `Save` is the output.
fn sample() -> Workflow {
    workflow::read(
        r#"{
            "1": {"class_type": "Load", "inputs": {"file": "a.png", "scale": 1}},
            "2": {"class_type": "Blur", "inputs": {"image": ["1", 0], "radius": 5, "seed": 18446744073709551615}},
            "3": {"class_type": "Save", "inputs": {"image": ["2", 0], "mask": ["1", 1]}}
        }"#,
    )
}

fn is_save(class: &str) -> bool {
    class == "Save"
}

fn changed(change: impl FnOnce(&mut Workflow)) -> Vec<String> {
    let mut ours = sample();
    change(&mut ours);
    compare::differences(&sample(), &ours, &is_save)
}

fn set(workflow: &mut Workflow, id: &str, input: &str, value: Input) {
    workflow.get_mut(id).expect("the node").inputs.insert(input.to_owned(), value);
}

#[test]
fn one_changed_literal_link_slot_class_or_input_is_found() {
    let literal = |value: Json| Input::Literal(value);
    let link = |from: &str, slot| Input::Link(from.to_owned(), slot);
    let cases: [(&str, Vec<String>); 8] = [
        (
            r#"Load.file: "a.png" in the reference (`1`), "b.png" in ours (`1`)"#,
            changed(|w| set(w, "1", "file", literal(json!("b.png")))),
        ),
        (
            "Blur.radius: 5 in the reference (`2`), \"5\" in ours (`2`)",
            changed(|w| set(w, "2", "radius", literal(json!("5")))),
        ),
        (
            "Blur.seed: 18446744073709551615 in the reference (`2`), 18446744073709551614 in ours (`2`)",
            changed(|w| set(w, "2", "seed", literal(json!(u64::MAX - 1)))),
        ),
        (
            "class: `1` of the reference is a Load, our `2` a Blur",
            changed(|w| set(w, "3", "mask", link("2", 1))),
        ),
        (
            "Save.image: output 0 of `2` in the reference (`3`), output 1 of `2` in ours (`3`)",
            changed(|w| set(w, "3", "image", link("2", 1))),
        ),
        (
            "class: `2` of the reference is a Blur, our `2` a Sharpen",
            changed(|w| "Sharpen".clone_into(&mut w.get_mut("2").expect("the node").class)),
        ),
        (
            "Load.extra: nothing in the reference (`1`), null in ours (`1`)",
            changed(|w| set(w, "1", "extra", literal(Json::Null))),
        ),
        (
            "`1` of the reference stands for several nodes: 1, 4",
            changed(|w| {
                w.insert("4".to_owned(), w["1"].clone());
                set(w, "3", "mask", link("4", 1));
            }),
        ),
    ];
    for (expected, found) in cases {
        assert!(found.iter().any(|line| line == expected), "{expected}\n{found:#?}");
    }
}

#[test]
fn ids_order_and_spelling_of_numbers_do_not_count() {
    let ours = workflow::read(
        r#"{
            "save": {"class_type": "Save", "inputs": {"mask": ["load", 1], "image": ["blur", 0]}, "_meta": {}},
            "blur": {"class_type": "Blur", "inputs": {"seed": 18446744073709551615, "radius": 5.000000000000001, "image": ["load", 0]}},
            "load": {"class_type": "Load", "inputs": {"scale": 1.0, "file": "a.png"}}
        }"#,
    );
    assert_eq!(compare::differences(&sample(), &ours, &is_save), Vec::<String>::new());
}

#[test]
fn a_list_of_differences_may_not_be_out_of_date() {
    let reference = |settled, differences| Reference {
        file: "",
        preset: "",
        set: &[],
        switches: None,
        graph: "",
        settled,
        differences,
    };
    let stale = reference(
        &["INTConstant"],
        &[
            Difference::Input {
                class: "Blur",
                input: "radius",
                theirs: Is::Whole(7),
                ours: Is::Whole(8),
                reason: "r",
            },
            Difference::Gone { class: "Load", reason: "g" },
            Difference::Added { id: "9", class: "Sharpen", inputs: &[], reason: "a" },
        ],
    );
    assert_eq!(
        problems(&stale, &sample(), &sample(), &is_save),
        [
            "INTConstant: listed as settled, but there is none in the reference",
            "Blur.radius: listed as different from 7, which no longer occurs (r)",
            "Load: listed as gone, which no longer is so (g)",
            "Sharpen: listed as added, but nothing takes what `9` gives (a)",
        ]
    );
    let undone = reference(
        &[],
        &[Difference::Input {
            class: "Save",
            input: "image",
            theirs: Is::Link("2", 0),
            ours: Is::Link("1", 0),
            reason: "r",
        }],
    );
    let found = problems(&undone, &sample(), &sample(), &is_save);
    assert_eq!(found[0], "Blur: gone, but not listed");
    assert!(found.len() > 1, "{found:?}");
}

#[test]
fn constants_switches_and_expressions_are_settled() {
    let published = workflow::read(
        r#"{
            "on": {"class_type": "PrimitiveBoolean", "inputs": {"value": false}},
            "a": {"class_type": "PrimitiveFloat", "inputs": {"value": 5}},
            "b": {"class_type": "PrimitiveFloat", "inputs": {"value": 16.5}},
            "count": {"class_type": "ComfyMathExpression",
                      "inputs": {"expression": "floor (a * b + 1)", "values.a": ["a", 0], "values.b": ["b", 0]}},
            "fast": {"class_type": "Fast", "inputs": {}},
            "slow": {"class_type": "Slow", "inputs": {}},
            "way": {"class_type": "ComfySwitchNode",
                    "inputs": {"switch": ["on", 0], "on_true": ["fast", 0], "on_false": ["slow", 0]}},
            "out": {"class_type": "Save", "inputs": {"way": ["way", 0], "frames": ["count", 1]}}
        }"#,
    );
    for (switches, way) in [(None, "slow"), (Some(true), "fast")] {
        let folded = workflow::fold(&published, tables::TEMPLATE, switches);
        assert_eq!(folded["out"].inputs["way"], Input::Link(way.to_owned(), 0));
        assert_eq!(folded["out"].inputs["frames"], Input::Literal(json!(83.0)));
        let live = workflow::live(&folded, &is_save);
        assert_eq!(live, BTreeSet::from(["out", way].map(str::to_owned)));
    }
    let value = workflow::evaluate("floor(a*b)+1 - 6/(2+1)", &|name| if name == "a" { 2.5 } else { 3.0 });
    assert!((value - 6.0).abs() < 1e-12, "{value}");
}
