//! Where nodes stand: by stage from left to right, each stage in a group.

use std::sync::Arc;

use super::{Saved, size};
use crate::back::stages;
use crate::ir::{Argument, Graph};
use crate::layout::{Area, Chart, Layout, Link, Spacing};

/// The distances in the editor. Above a group's nodes stands its title.
const SPACING: Spacing = Spacing {
    margin: 40,
    padding: 30,
    between: 40,
    head: 80,
    gap: 90,
    gap_per_link: 2,
    widest_gap: 180,
    space: 40,
};

/// Where everything stands, and in which colours.
pub(super) struct Arrangement {
    /// By node: its place with its title.
    pub(super) boxes: Vec<Area>,
    /// By node: its colours in the editor.
    pub(super) colours: Vec<&'static stages::EditorColour>,
    /// The groups, from left to right.
    pub(super) groups: Vec<Group>,
}

/// The nodes of a stage.
pub(super) struct Group {
    pub(super) title: Arc<str>,
    pub(super) area: Area,
    pub(super) colour: &'static stages::EditorColour,
}

/// Arranges the nodes of a graph.
pub(super) fn arrange(graph: &Graph, nodes: &[Saved<'_>], said: &[Arc<str>]) -> Arrangement {
    let stage_of = stages::of(graph);
    let names = stages::ordered(&stage_of, said);
    let stage = |of: &Arc<str>| names.iter().position(|name| name == of).unwrap_or_default();
    let own: Vec<usize> = stage_of.iter().map(stage).collect();
    let boxes = nodes.iter().zip(&own).map(|(saved, stage)| size::of(saved, *stage)).collect();
    let chart = Chart { stages: names.len(), boxes, links: links(graph, nodes), spacing: SPACING };
    let layout = Layout::of(chart);
    let colour = |stage: usize| stages::editor_colour(&names, stage);
    let groups = layout.bands.iter().map(|band| Group {
        title: names.get(band.stage).cloned().unwrap_or_else(|| "".into()),
        area: band.area,
        colour: colour(band.stage),
    });
    Arrangement {
        groups: groups.collect(),
        colours: own.iter().map(|stage| colour(*stage)).collect(),
        boxes: layout.boxes,
    }
}

fn links(graph: &Graph, nodes: &[Saved<'_>]) -> Vec<Link> {
    let mut links = Vec::new();
    for ((id, node), saved) in graph.nodes().zip(nodes) {
        for (input, socket) in saved.laid.sockets.iter().enumerate() {
            let link = socket.link.and_then(|at| node.inputs().get(at));
            if let Some(Argument::Link { from, slot }) = link.map(|input| &input.value) {
                links.push(Link { from: from.index(), output: *slot as usize, to: id.index(), input });
            }
        }
    }
    links
}
