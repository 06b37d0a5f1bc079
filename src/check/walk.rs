//! The way of the server through a graph: from the outputs upwards, depth first, each node once.

use super::inputs::{self, Findings};
use super::{Verdict, at_input, node_ref};
use crate::catalog::Catalog;
use crate::diag::{Diagnostic, Diagnostics};
use crate::ir::{Graph, NodeId};

/// What is known of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Unseen,
    /// On the way from an output to where the walk is now.
    OnTheWay,
    Valid,
    Invalid,
}

/// A node on the way.
#[derive(Clone, Copy)]
struct Visit {
    node: NodeId,
    /// How many of the links to follow are those of nodes before it.
    links_before: usize,
    valid: bool,
    /// True if the server fails on it.
    fails: bool,
}

/// Visits everything that `outputs` depend on and reports what is wrong there.
///
/// The server takes outputs and inputs in an order that changes from start to start; here it is the order of the
/// graph. What comes behind an input on which the server fails is visited at last: its problems are not in the
/// server's answer.
pub(super) fn from_outputs(
    graph: &Graph,
    outputs: Vec<NodeId>,
    catalog: &Catalog,
    diagnostics: &mut Diagnostics,
) -> Verdict {
    let mut walk = Walk {
        graph,
        catalog,
        states: vec![State::Unseen; graph.len()],
        in_circle: vec![false; graph.len()],
        way: Vec::new(),
        links: Vec::new(),
        left: Vec::new(),
        is_answered: false,
        diagnostics,
    };
    let outputs = outputs
        .into_iter()
        .map(|output| {
            walk.visit(output);
            (output, walk.states[output.index()] == State::Valid)
        })
        .collect();
    walk.visit_left();
    Verdict { outputs }
}

struct Walk<'g, 'd> {
    graph: &'g Graph,
    catalog: &'g Catalog,
    states: Vec<State>,
    /// The nodes that were reported as part of a circle.
    in_circle: Vec<bool>,
    /// The nodes between an output and here. No recursion: a chain may be as long as the file.
    way: Vec<Visit>,
    /// The links to follow of all nodes on the way: index of the input, and the node it leads to. The next
    /// one is the last.
    links: Vec<(usize, NodeId)>,
    /// The nodes on which the server fails, with the links that it does not come to.
    left: Vec<(Visit, Vec<(usize, NodeId)>)>,
    /// True once the server has its answer.
    is_answered: bool,
    diagnostics: &'d mut Diagnostics,
}

impl Walk<'_, '_> {
    fn visit(&mut self, output: NodeId) {
        if self.states[output.index()] == State::Unseen {
            self.enter(output, None);
        }
        self.follow();
    }

    /// Visits what the server does not come to.
    fn visit_left(&mut self) {
        self.is_answered = true;
        while let Some((visit, links)) = self.left.pop() {
            self.states[visit.node.index()] = State::OnTheWay;
            self.way.push(Visit { links_before: self.links.len(), ..visit });
            self.links.extend(links);
            self.follow();
        }
    }

    /// Follows the links of the nodes on the way, until there are no more.
    fn follow(&mut self) {
        while let Some(visit) = self.way.last_mut() {
            if self.links.len() == visit.links_before {
                self.leave();
                continue;
            }
            let Some((input, from)) = self.links.pop() else { break };
            match self.states[from.index()] {
                State::Unseen => {
                    self.links.push((input, from));
                    let consumer = self.graph.node(visit.node);
                    self.enter(from, consumer.inputs().get(input).map(|input| &*input.name));
                }
                // The server knows a node of a circle for wrong as soon as it has found the circle.
                State::OnTheWay if self.in_circle[from.index()] => visit.valid = false,
                State::OnTheWay => {
                    visit.valid = false;
                    self.circle(from);
                }
                State::Invalid => visit.valid = false,
                State::Valid => {}
            }
        }
    }

    /// Looks at a node's own inputs. `through` is the input that led to it, if it is no output to begin with.
    fn enter(&mut self, node: NodeId, through: Option<&str>) {
        self.states[node.index()] = State::OnTheWay;
        let links_before = self.links.len();
        let Findings { mut problems, fails_at } =
            inputs::check(self.graph, node, self.catalog, &mut self.links);
        let visit = Visit { node, links_before, valid: problems.is_empty(), fails: fails_at.is_some() };
        let links = &mut self.links[links_before..];
        links.reverse();
        if let Some(fails_at) = fails_at {
            // The first failure ends it; whoever asked for the node reports that, at its own input.
            let kind = through.map_or("exception_during_validation", |_| "exception_during_inner_validation");
            let mut error = vec![through.map(str::to_owned)];
            for problem in &mut problems {
                problem.server_type = Some(kind);
                problem.set_server_inputs(std::mem::take(&mut error));
            }
            let left = links.partition_point(|(input, _)| *input >= fails_at);
            let left = self.links.drain(links_before..links_before + left).collect();
            self.left.push((visit, left));
        }
        if self.is_answered {
            for problem in &mut problems {
                problem.set_server_inputs(Vec::new());
            }
        }
        self.diagnostics.extend(problems);
        self.way.push(visit);
    }

    fn leave(&mut self) {
        if let Some(visit) = self.way.pop() {
            let valid = visit.valid && !self.in_circle[visit.node.index()];
            self.states[visit.node.index()] = if valid { State::Valid } else { State::Invalid };
        }
    }

    /// Reports the circle that a link to `first`, a node on the way, closes: once for each node in it.
    fn circle(&mut self, first: NodeId) {
        let start = self.way.iter().position(|visit| visit.node == first).unwrap_or_default();
        let members: Vec<(NodeId, bool)> =
            self.way[start..].iter().map(|visit| (visit.node, visit.fails)).collect();
        let mut names: Vec<&str> = members.iter().map(|&(id, _)| &*self.graph.node(id).key).collect();
        names.push(&self.graph.node(first).key);
        let path = names.join(" -> ");
        for (at, &(member, fails)) in members.iter().enumerate() {
            if std::mem::replace(&mut self.in_circle[member.index()], true) {
                continue;
            }
            let next = members.get(at + 1).map_or(first, |(next, _)| *next);
            let node = self.graph.node(member);
            let link = node
                .inputs()
                .iter()
                .find(|input| matches!(input.value, crate::ir::Argument::Link { from, .. } if from == next));
            let problem = Diagnostic::check(
                "dependency-cycle",
                "dependency_cycle",
                format!("`{}` depends on itself: {path}", node.key),
            )
            .help("remove one of the links of this circle");
            let mut problem = match link {
                Some(input) => at_input(problem, node, input).node(node_ref(node, None)),
                None => problem.at_opt(node.origin.span(), "").node(node_ref(node, None)),
            };
            // A failure takes the place of what the server has said of the node before.
            if fails || self.is_answered {
                problem.set_server_inputs(Vec::new());
            }
            self.diagnostics.push(problem);
        }
    }
}
