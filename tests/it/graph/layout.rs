//! What must hold for the picture of any graph.

use std::sync::LazyLock;

use proptest::collection::vec;
use proptest::prelude::*;
use roxmltree::Document;
use wfc::catalog::{Catalog, Models};
use wfc::ir::{Argument, Graph, Input, Node, NodeId, Origin, TextPlace, Value};
use wfc::review::layout::{Area, Layout};
use wfc::review::picture::{Mark, Options, Picture};
use wfc::review::{dot, drawing, listing, mermaid};

static CATALOG: LazyLock<Catalog> = LazyLock::new(Catalog::embedded);
static MODELS: LazyLock<Models> = LazyLock::new(Models::embedded);

const CLASSES: [&str; 8] = [
    "LoadImage",
    "VAELoader",
    "VAEEncode",
    "KSampler",
    "WanVideoSampler",
    "ImageBatch",
    "SaveImage",
    "Nobody's <Node>",
];
const STAGES: [&str; 5] = ["input", "wan", "decode", "output", "my \"own\""];

/// A node: class, stage, and for each input the node and slot that it is linked to, or a text.
type Plan = (usize, usize, Vec<(u8, usize, String)>);

fn plans() -> impl Strategy<Value = Vec<Plan>> {
    let text = prop_oneof!["\\PC{0,60}", "[\"<>&'`#|\\[\\]{}\\\\\n\t ]{0,20}", any::<String>()];
    vec((0..CLASSES.len(), 0..STAGES.len() * 2, vec((any::<u8>(), any::<usize>(), text), 0..5)), 0..40)
}

/// Links lead anywhere: in circles, to the node itself, to slots that do not exist.
fn graph(plans: &[Plan]) -> Graph {
    let mut graph = Graph::new();
    let ids: Vec<NodeId> = plans
        .iter()
        .enumerate()
        .map(|(at, (class, stage, _))| {
            let name = CLASSES[*class];
            let key = format!("n{at}").into();
            let mut node = Node::new(key, name.into(), CATALOG.class(name), Origin::Unknown);
            node.stage = STAGES.get(*stage).map(|stage| (*stage).into());
            graph.add(node).unwrap()
        })
        .collect();
    for (at, (_, _, inputs)) in plans.iter().enumerate() {
        for (number, (kind, pick, text)) in inputs.iter().enumerate() {
            let reach = if kind % 7 == 0 { plans.len() } else { at };
            let value = match kind % 3 {
                0 | 1 if reach > 0 => Argument::Link { from: ids[pick % reach], slot: u32::from(kind % 5) },
                _ => Argument::Literal(Value::Str(text.as_str().into())),
            };
            let name = format!("in{number}").into();
            graph.push_input(ids[at], Input { name, value, origin: Origin::Unknown, text: TextPlace::Here });
        }
    }
    graph
}

fn picture(graph: &Graph) -> Picture {
    Picture::of(graph, &Options { title: "any", stages: &[], models: &MODELS })
}

fn overlap(one: &Area, other: &Area) -> bool {
    one.x < other.x + other.width
        && other.x < one.x + one.width
        && one.y < other.y + other.height
        && other.y < one.y + one.height
}

/// What must hold for where things are.
fn check(picture: &Picture, layout: &Layout) {
    assert_eq!(layout.boxes.len(), picture.blocks.len());
    assert_eq!(layout.ways.len(), picture.links.len());
    let (whole, boxes) = (&layout.size, &layout.boxes);
    for (at, one) in boxes.iter().enumerate() {
        assert!(one.width > 0 && one.height > 0 && one.x >= 0 && one.y >= 0, "{one:?}");
        assert!(
            one.x + one.width <= whole.width && one.y + one.height <= whole.height,
            "{one:?} of {whole:?}"
        );
        for other in &boxes[at + 1..] {
            assert!(!overlap(one, other), "{one:?} and {other:?}");
        }
    }
    let mut placed: Vec<usize> = layout.columns.concat();
    placed.sort_unstable();
    assert_eq!(placed, (0..boxes.len()).collect::<Vec<_>>());
    for (link, way) in picture.links.iter().zip(&layout.ways) {
        let (from, to) = (&boxes[link.from], &boxes[link.to]);
        let (start, end) = (way.first().unwrap(), way.last().unwrap());
        assert!(start.x == from.x + from.width && start.y > from.y && start.y < from.y + from.height);
        assert!(end.x == to.x && end.y > to.y && end.y < to.y + to.height);
        // On its way to the right it touches no box.
        if start.x < end.x {
            for pair in way.windows(2).filter(|pair| pair[0].y == pair[1].y) {
                let line = Area { x: pair[0].x, y: pair[0].y, width: pair[1].x - pair[0].x, height: 1 };
                let met = boxes.iter().find(|area| overlap(&line, area));
                assert!(met.is_none(), "{line:?} through {met:?}");
            }
        }
    }
    for pair in layout.bands.windows(2) {
        assert!(pair[0].stage < pair[1].stage, "stages from left to right, each once");
        assert!(!overlap(&pair[0].area, &pair[1].area));
    }
    for (block, area) in boxes.iter().enumerate() {
        let band = layout.bands.iter().find(|band| band.stage == layout.band_of[block]).unwrap();
        assert!(area.x > band.area.x && area.x + area.width < band.area.x + band.area.width);
        assert!(layout.band_of[block] <= picture.blocks[block].stage);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_graph_has_a_picture(plans in plans(), marks in vec(0..4_usize, 40), found in vec(any::<bool>(), 40)) {
        let graph = graph(&plans);
        let mut picture = picture(&graph);
        prop_assert_eq!(picture.blocks.len(), graph.len());
        prop_assert_eq!(picture.links.len(), graph.petgraph().edge_count());
        for (block, (mark, found)) in picture.blocks.iter_mut().zip(marks.iter().zip(&found)) {
            block.mark = [Mark::Same, Mark::Added, Mark::Removed, Mark::Changed][*mark];
            block.found.extend(found.then(|| "a-rule".to_owned()));
        }
        check(&picture, &Layout::of(&picture));
        let text = drawing::write(&picture, &drawing::Options::default());
        prop_assert_eq!(&text, &drawing::write(&picture.clone(), &drawing::Options::default()));
        let document = Document::parse(&text).unwrap();
        let keys = document.descendants().filter(|it| it.has_attribute("data-node")).count();
        let links = document.descendants().filter(|it| it.has_attribute("data-from")).count();
        prop_assert_eq!((keys, links), (graph.len(), picture.links.len()));
        for text in [dot::write(&picture), mermaid::write(&picture), listing::write(&picture)] {
            prop_assert!(text.ends_with('\n') && !text.contains('\0'));
        }
        prop_assert_eq!(dot::write(&picture).matches(" -> ").count() >= links, true);
        for line in mermaid::write(&picture).lines() {
            prop_assert!([0, 2].contains(&line.matches('"').count()), "{}", line);
        }
    }
}

/// So many nodes in rows that are linked with one another, as large workflows are.
fn large(count: usize) -> Graph {
    let plans: Vec<Plan> = (0..count)
        .map(|at| {
            let link = |back: usize| (1, at.saturating_sub(back).min(at.saturating_sub(1)), String::new());
            let links =
                if at == 0 { Vec::new() } else { vec![link(1 + at % 7), link(10 + at % 30), link(at % 400)] };
            (at % CLASSES.len(), at * 4 / count.max(1), links)
        })
        .collect();
    graph(&plans)
}

#[test]
fn eighty_nodes_have_straight_ways_and_room() {
    let picture = picture(&large(80));
    let layout = Layout::of(&picture);
    check(&picture, &layout);
    let space = i64::from(layout.size.width) * i64::from(layout.size.height);
    let filled: i64 = layout.boxes.iter().map(|area| i64::from(area.width) * i64::from(area.height)).sum();
    assert!(filled * 25 > space, "the picture is mostly empty: {filled} of {space}");
}

#[test]
fn a_thousand_nodes_are_drawn() {
    let picture = picture(&large(1000));
    check(&picture, &Layout::of(&picture));
    let text = drawing::write(&picture, &drawing::Options::default());
    Document::parse(&text).unwrap();
}
