//! The way of the server through a graph: from the outputs upwards, depth first, each node once.

use super::{Verdict, at_input, inputs, node_ref};
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
struct Visit {
    node: NodeId,
    /// The links to follow: index of the input, and the node it leads to. The next one is the last.
    links: Vec<(usize, NodeId)>,
    valid: bool,
}

/// Visits everything that `outputs` depend on and reports what is wrong there.
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
        diagnostics,
    };
    let outputs = outputs
        .into_iter()
        .map(|output| {
            walk.visit(output);
            (output, walk.states[output.index()] == State::Valid)
        })
        .collect();
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
    diagnostics: &'d mut Diagnostics,
}

impl Walk<'_, '_> {
    fn visit(&mut self, output: NodeId) {
        if self.states[output.index()] == State::Unseen {
            self.enter(output);
        }
        while let Some(visit) = self.way.last_mut() {
            let Some((input, from)) = visit.links.pop() else {
                self.leave();
                continue;
            };
            match self.states[from.index()] {
                State::Unseen => {
                    visit.links.push((input, from));
                    self.enter(from);
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

    /// Looks at a node's own inputs.
    fn enter(&mut self, node: NodeId) {
        self.states[node.index()] = State::OnTheWay;
        let findings = inputs::check(self.graph, node, self.catalog);
        let valid = findings.problems.is_empty();
        self.diagnostics.extend(findings.problems);
        let mut links = findings.links;
        links.reverse();
        self.way.push(Visit { node, links, valid });
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
        let members: Vec<NodeId> = self.way[start..].iter().map(|visit| visit.node).collect();
        let mut names: Vec<&str> = members.iter().map(|&id| &*self.graph.node(id).key).collect();
        names.push(&self.graph.node(first).key);
        let path = names.join(" -> ");
        for (at, &member) in members.iter().enumerate() {
            if std::mem::replace(&mut self.in_circle[member.index()], true) {
                continue;
            }
            let next = members.get(at + 1).copied().unwrap_or(first);
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
            self.diagnostics.push(match link {
                Some(input) => at_input(problem, node, input).node(node_ref(node, None)),
                None => problem.at_opt(node.origin.span(), "").node(node_ref(node, None)),
            });
        }
    }
}
