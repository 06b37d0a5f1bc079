//! The steps of a generation: SCAIL, Uni3C, samplers, outputs, and what comes before what.

use super::reach::{Arrives, Reach, Step};
use crate::analysis::{Analysis, Role};
use crate::ir::NodeId;

/// Types of the links by which Uni3C's embeds come to a sampler.
const UNI3C: [&str; 3] = ["UNI3C_EMBEDS", "WANVIDSAMPLEREXTRAARGS", "SAMPLER_ARGS"];

/// What comes before what.
#[derive(Clone, Debug)]
pub struct Stages {
    /// The nodes of SCAIL.
    pub scail: Vec<NodeId>,
    /// The nodes that make Uni3C's embeds.
    pub uni3c: Vec<NodeId>,
    /// The samplers of Wan's families.
    pub wan: Vec<NodeId>,
    /// Where what SCAIL conditions arrives, through samplers too.
    pub after_scail: Reach,
    /// Where what a sampler rendered with SCAIL arrives.
    pub after_scail_sampler: Reach,
    /// Which samplers Uni3C conditions.
    pub with_uni3c: Reach,
    /// Where pictures and videos that are loaded arrive.
    pub pictures: Reach,
    /// Where what a sampler rendered arrives; at samplers of unknown kinds too.
    pub rendered: Reach,
    /// By node: whether what it gives goes on to a sampler.
    feeds_sampler: Vec<Arrives>,
    /// By node: the next one towards the nearest output.
    towards_output: Vec<Option<NodeId>>,
}

impl Stages {
    pub(super) fn of(analysis: &Analysis<'_>) -> Self {
        let graph = analysis.graph;
        let roles: Vec<Option<Role>> = graph.nodes().map(|(_, node)| Role::of(&node.class_type)).collect();
        let role = |node: NodeId| roles[node.index()];
        let with = |wanted: Role| -> Vec<NodeId> {
            graph.nodes().map(|(id, _)| id).filter(|id| role(*id) == Some(wanted)).collect()
        };
        let from = |is_source: bool| if is_source { Step::Source } else { Step::Passes };
        let after_scail = analysis.reach(|node| from(role(node) == Some(Role::Scail)));
        let is_sampler = |node: NodeId| role(node) == Some(Role::Sampler);
        let after_scail_sampler =
            analysis.reach(|node| from(is_sampler(node) && after_scail.at(node) == Arrives::Yes));
        let with_uni3c = analysis.reach_through(&UNI3C, |node| match role(node) {
            Some(Role::Uni3c) => Step::Source,
            Some(Role::Sampler) => Step::Ends,
            _ => Step::Passes,
        });
        let mut loads = vec![false; graph.len()];
        for (id, node) in graph.nodes() {
            let shows = |kind: &str| kind.split(',').any(|kind| matches!(kind.trim(), "IMAGE" | "VIDEO"));
            let is_picture =
                node.class.as_ref().is_some_and(|class| class.outputs.iter().any(|it| shows(&it.types)));
            loads[id.index()] = is_picture && analysis.contents(id).next().is_none();
        }
        Self {
            scail: with(Role::Scail),
            uni3c: with(Role::Uni3c),
            wan: analysis.samplers().iter().filter(|it| it.is_wan()).map(|it| it.node).collect(),
            pictures: analysis.reach(|node| from(loads[node.index()])),
            rendered: analysis.reach(|node| from(is_sampler(node))),
            after_scail,
            after_scail_sampler,
            with_uni3c,
            feeds_sampler: feeds(analysis, is_sampler),
            towards_output: towards_output(analysis),
        }
    }

    /// Whether what the node gives goes on to a sampler.
    #[must_use]
    pub fn feeds_sampler(&self, node: NodeId) -> Arrives {
        self.feeds_sampler[node.index()]
    }

    /// The way from the node to the nearest output; the node alone if it leads to none.
    #[must_use]
    pub fn path_to_output(&self, node: NodeId) -> Vec<NodeId> {
        let mut path = vec![node];
        let mut at = node;
        while let Some(next) = self.towards_output[at.index()] {
            path.push(next);
            at = next;
        }
        path
    }
}

/// By node: whether what it gives goes on to a sampler.
fn feeds(analysis: &Analysis<'_>, is_sampler: impl Fn(NodeId) -> bool) -> Vec<Arrives> {
    let mut feeds: Vec<Option<Arrives>> = vec![None; analysis.graph.len()];
    for node in analysis.graph.dependencies_first().into_iter().rev() {
        let mut best = Arrives::No;
        for target in analysis.content_consumers(node) {
            let next = match feeds[target.index()] {
                _ if is_sampler(target) => Arrives::Yes,
                _ if analysis.graph.node(target).class.is_none() => Arrives::Maybe,
                Some(next) => next,
                None => Arrives::Maybe,
            };
            best = best.max(next);
        }
        feeds[node.index()] = Some(best);
    }
    feeds.into_iter().map(|feeds| feeds.unwrap_or(Arrives::Maybe)).collect()
}

/// By node: the next one towards the nearest output.
fn towards_output(analysis: &Analysis<'_>) -> Vec<Option<NodeId>> {
    let graph = analysis.graph;
    let mut distance: Vec<Option<u32>> = vec![None; graph.len()];
    let mut next = vec![None; graph.len()];
    for node in graph.dependencies_first().into_iter().rev() {
        if graph.node(node).class.as_ref().is_some_and(|class| class.output_node) {
            distance[node.index()] = Some(0);
            continue;
        }
        for target in analysis.content_consumers(node) {
            let Some(far) = distance[target.index()] else { continue };
            let far = far.saturating_add(1);
            if distance[node.index()].is_none_or(|known| far < known) {
                distance[node.index()] = Some(far);
                next[node.index()] = Some(target);
            }
        }
    }
    next
}
