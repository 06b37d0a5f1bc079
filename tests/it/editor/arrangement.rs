//! What must hold for the file of any graph: it is consistent, no two nodes overlap, and groups hold their nodes alone.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::Value as Json;
use wfc::catalog::Catalog;
use wfc::ir::{Argument, Graph, Input, Node, NodeId, Origin, TextPlace, Value};

use super::{parsed, read, written};
use crate::support::{repository, toml_files};

static CATALOG: LazyLock<Catalog> = LazyLock::new(Catalog::embedded);

const CLASSES: [&str; 9] = [
    "LoadImage",
    "VAELoader",
    "KSampler",
    "WanVideoSampler",
    "VHS_VideoCombine",
    "CLIPTextEncode",
    "CustomCombo",
    "SaveImage",
    "Nobody's <Node>",
];
const STAGES: [&str; 5] = ["input", "wan", "decode", "output", "my \"own\""];

/// A node: class, stage, title, and for each input a name, and the node and slot that it is linked to, or a text.
type Plan = (usize, usize, String, Vec<(u8, usize, String)>);

fn plans() -> impl Strategy<Value = Vec<Plan>> {
    let text = || prop_oneof!["\\PC{0,80}", "[\"<>&'`#|\\[\\]{}\\\\/*%\n\t ]{0,20}", any::<String>()];
    let inputs = vec((any::<u8>(), any::<usize>(), text()), 0..6);
    vec((0..CLASSES.len(), 0..STAGES.len() * 2, text(), inputs), 0..40)
}

/// Links lead anywhere: in circles, to the node itself, to slots that do not exist.
fn graph(plans: &[Plan]) -> Graph {
    let mut graph = Graph::new();
    let add = |(at, (class, stage, title, _)): (usize, &Plan)| {
        let name = CLASSES[*class];
        let key = if at % 3 == 0 { format!("{}", at + 1) } else { format!("n{at}") };
        let mut node = Node::new(key.into(), name.into(), CATALOG.class(name), Origin::Unknown);
        node.stage = STAGES.get(*stage).map(|stage| (*stage).into());
        node.title = (title.len() % 2 == 0 && !title.is_empty()).then(|| title.as_str().into());
        graph.add(node).unwrap()
    };
    let ids: Vec<NodeId> = plans.iter().enumerate().map(add).collect();
    for (at, (class, .., inputs)) in plans.iter().enumerate() {
        let declared = CATALOG.class(CLASSES[*class]);
        for (number, (kind, pick, text)) in inputs.iter().enumerate() {
            let names: Vec<_> = declared.iter().flat_map(|class| &class.inputs).map(|it| &it.name).collect();
            let own = names.get(number * 2 + usize::from(kind % 2)).filter(|_| kind % 5 > 0);
            let name = own.map_or_else(|| format!("in{number}").into(), |name| (*name).clone());
            let value = match kind % 3 {
                0 | 1 => Argument::Link { from: ids[pick % plans.len()], slot: u32::from(kind % 5) },
                _ => Argument::Literal(Value::Str(text.as_str().into())),
            };
            graph.push_input(ids[at], Input { name, value, origin: Origin::Unknown, text: TextPlace::Here });
        }
    }
    graph
}

type Area = [f64; 4];

fn numbers(json: &Json) -> Vec<f64> {
    json.as_array().unwrap().iter().map(|number| number.as_f64().unwrap()).collect()
}

/// Where a node is, with its title.
fn area(node: &Json) -> Area {
    let (place, size) = (numbers(&node["pos"]), numbers(&node["size"]));
    [place[0], place[1] - 30.0, size[0], size[1] + 30.0]
}

fn overlap(one: &Area, other: &Area) -> bool {
    (0..2).all(|at| one[at] < other[at] + other[at + 2] && other[at] < one[at] + one[at + 2])
}

fn encloses(outer: &Area, inner: &Area) -> bool {
    (0..2).all(|at| outer[at] < inner[at] && inner[at] + inner[at + 2] < outer[at] + outer[at + 2])
}

/// What must hold for a file.
fn check(file: &Json) {
    let nodes = file["nodes"].as_array().unwrap();
    let ids: BTreeSet<u64> = nodes.iter().map(|node| node["id"].as_u64().unwrap()).collect();
    assert_eq!(ids.len(), nodes.len());
    assert_eq!(file["last_node_id"].as_u64().unwrap(), ids.last().copied().unwrap_or_default());
    let areas: Vec<Area> = nodes.iter().map(area).collect();
    let groups: Vec<Area> = file["groups"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| numbers(&it["bounding"]).try_into().unwrap())
        .collect();
    for (at, one) in areas.iter().enumerate() {
        assert!(areas[at + 1..].iter().all(|other| !overlap(one, other)), "{}", nodes[at]);
        assert_eq!(groups.iter().filter(|group| encloses(group, one)).count(), 1, "{}", nodes[at]);
        assert_eq!(groups.iter().filter(|group| overlap(group, one)).count(), 1, "{}", nodes[at]);
    }
    for (at, one) in groups.iter().enumerate() {
        assert!(groups[at + 1..].iter().all(|other| !overlap(one, other)));
        assert!(areas.iter().any(|area| encloses(one, area)), "an empty group");
    }
    // Links, inputs and outputs say the same.
    let by_id: BTreeMap<u64, &Json> = nodes.iter().map(|node| (node["id"].as_u64().unwrap(), node)).collect();
    let links = file["links"].as_array().unwrap();
    for link in links {
        let [number, from, slot, to, input] = [0, 1, 2, 3, 4].map(|at| link[at].as_u64().unwrap());
        assert_eq!(by_id[&to]["inputs"][usize::try_from(input).unwrap()]["link"], number);
        let starts = &by_id[&from]["outputs"][usize::try_from(slot).unwrap()]["links"];
        assert!(starts.as_array().unwrap().iter().any(|link| link.as_u64() == Some(number)));
    }
    let inputs = nodes.iter().flat_map(|node| node["inputs"].as_array().unwrap());
    assert_eq!(inputs.filter(|input| !input["link"].is_null()).count(), links.len());
    let orders: BTreeSet<u64> = nodes.iter().map(|node| node["order"].as_u64().unwrap()).collect();
    assert_eq!(orders, (0..nodes.len() as u64).collect());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn any_graph_can_be_opened(plans in plans()) {
        let file = written(&graph(&plans), &CATALOG);
        check(&parsed(&file));
        let (back, _) = read(std::str::from_utf8(&file.bytes).unwrap(), &CATALOG);
        prop_assert_eq!(back.len(), plans.len());
        let one = graph(&plans);
        for ((_, node), (_, read)) in one.nodes().zip(back.nodes()) {
            prop_assert_eq!(&node.key, &read.key);
            prop_assert_eq!(&node.class_type, &read.class_type);
        }
    }
}

#[test]
fn every_preset_is_arranged() {
    for (name, _) in toml_files("presets") {
        let path = repository("presets").join(format!("{name}.workflow_api.json"));
        let Ok(text) = std::fs::read_to_string(path) else { continue };
        let (graph, _) = read(&text, &CATALOG);
        check(&parsed(&written(&graph, &CATALOG)));
    }
}
