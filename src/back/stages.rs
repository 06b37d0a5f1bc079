//! The generation steps of a workflow: which step a node belongs to, their order, and their colours. What a colour says is
//! written beside it as well.

use std::sync::Arc;

use super::toml;
use crate::ir::{Argument, Graph};

/// The stage of nodes of which nobody knows it.
const NO_STAGE: &str = "other";

/// The stage of each node: its own, what its class tells, `output` for what ends a workflow, or that of a neighbour.
#[must_use]
pub fn of(graph: &Graph) -> Vec<Arc<str>> {
    let told = toml::stages(graph);
    let mut stages: Vec<Option<Arc<str>>> = graph
        .nodes()
        .map(|(id, node)| {
            let is_output = node.class.as_ref().is_some_and(|class| class.output_node);
            let told = told.get(id.index()).copied().flatten().or(is_output.then_some("output"));
            node.stage.clone().or_else(|| told.map(Arc::from))
        })
        .collect();
    let order = graph.dependencies_first();
    for &id in &order {
        if stages[id.index()].is_none() {
            let mut sources = graph.node(id).inputs().iter().filter_map(|input| match input.value {
                Argument::Link { from, .. } => stages[from.index()].clone(),
                Argument::Literal(_) => None,
            });
            stages[id.index()] = sources.next_back();
        }
    }
    for &id in order.iter().rev() {
        if stages[id.index()].is_none() {
            let first = graph.consumers(id).find_map(|(to, _)| stages[to.index()].clone());
            stages[id.index()] = first;
        }
    }
    stages.into_iter().map(|stage| stage.unwrap_or_else(|| NO_STAGE.into())).collect()
}

/// Each stage once: those of `said` first, then those in the order of generation, then others as they come. What is
/// said of `output` and `decode` holds for those that nobody said: they come before.
#[must_use]
pub fn ordered(stage_of: &[Arc<str>], said: &[Arc<str>]) -> Vec<Arc<str>> {
    let mut order: Vec<Arc<str>> = said.to_vec();
    let mut add = |stage: &Arc<str>| {
        if !order.contains(stage) {
            let ends = ["decode", "output"];
            let end = order.iter().position(|known| ends.contains(&&**known));
            let at = if said.is_empty() || ends.contains(&&**stage) { None } else { end };
            order.insert(at.unwrap_or(order.len()), stage.clone());
        }
    };
    for name in toml::stage_names() {
        if let Some(stage) = stage_of.iter().find(|stage| ***stage == *name) {
            add(stage);
        }
    }
    stage_of.iter().for_each(add);
    order.retain(|stage| stage_of.contains(stage));
    order
}

/// A colour on light and on dark paper.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Colour {
    /// On light paper.
    pub light: &'static str,
    /// On dark paper.
    pub dark: &'static str,
}

const fn new(light: &'static str, dark: &'static str) -> Colour {
    Colour { light, dark }
}

/// Edge and filling of a stage's boxes: one for each stage that is known, three for others.
pub const COLOURS: [(Colour, Colour); 10] = [
    (new("#2c8a4b", "#5fbf80"), new("#e2f2e8", "#1c3527")),
    (new("#5661d6", "#8f98ff"), new("#e6e8fb", "#25294a")),
    (new("#b0379a", "#f08fdc"), new("#f7e3f2", "#3f2039")),
    (new("#a86200", "#f2b14d"), new("#fdeed6", "#3f2f18")),
    (new("#c4472b", "#ff9478"), new("#fbe4de", "#43251e")),
    (new("#147a9c", "#63c7e8"), new("#dcf0f7", "#16323d")),
    (new("#5b6270", "#aeb6c2"), new("#eaebed", "#303339")),
    (new("#85704a", "#cdb588"), new("#f0e9dc", "#383124")),
    (new("#5f7a12", "#a9cf53"), new("#e6f2cf", "#2c3916")),
    (new("#3f6ea8", "#86b4ee"), new("#e1ebf6", "#203146")),
];

/// The colours of a stage of `stages`, as an index in [`COLOURS`]. A stage that is known has the same in every workflow.
#[must_use]
pub fn colour(stages: &[Arc<str>], stage: usize) -> usize {
    let names = toml::stage_names();
    let known = |name: &str| names.iter().position(|known| *known == name);
    let Some(name) = stages.get(stage) else { return names.len() };
    known(name).unwrap_or_else(|| {
        let others = stages.iter().take(stage).filter(|name| known(name).is_none()).count();
        names.len() + others % (COLOURS.len() - names.len())
    })
}

/// The colours of a node in ComfyUI's editor, and of the group around it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EditorColour {
    /// The bar with a node's title.
    pub title: &'static str,
    /// The node itself.
    pub body: &'static str,
    /// A group.
    pub group: &'static str,
}

const fn editor(title: &'static str, body: &'static str, group: &'static str) -> EditorColour {
    EditorColour { title, body, group }
}

/// For each of [`COLOURS`], the one of the editor's own that comes nearest (`LGraphCanvas.node_colors`): the editor adapts
/// these to light and dark themes and has them in its menu.
const IN_EDITOR: [EditorColour; 10] = [
    editor("#232", "#353", "#8A8"),
    editor("#223", "#335", "#88A"),
    editor("#323", "#535", "#a1309b"),
    editor("#432", "#653", "#b58b2a"),
    editor("#322", "#533", "#A88"),
    editor("#233", "#355", "#8AA"),
    editor("#2a363b", "#3f5159", "#3f789e"),
    editor("#332922", "#593930", "#b06634"),
    editor("#232", "#353", "#8A8"),
    editor("#222", "#000", "#444"),
];

/// The colours of a stage of `stages` in the editor.
#[must_use]
pub fn editor_colour(stages: &[Arc<str>], stage: usize) -> &'static EditorColour {
    &IN_EDITOR[colour(stages, stage) % IN_EDITOR.len()]
}
