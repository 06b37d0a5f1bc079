//! The gate that answers as ComfyUI itself would.
//!
//! [`check`] is the only maker of [`Checked`], and the writers in `back` accept nothing else, so
//! writing cannot fail. What ComfyUI accepts but should not is no business of this room: that is a
//! lint. Like the server, it demands that every class exists, and looks at the inputs of those
//! nodes only that an output depends on. Unlike the server, which drops a bad output and runs the
//! rest, it lets nothing pass unless every output is valid.

mod inputs;
mod literal;

use std::collections::BTreeSet;

use petgraph::algo::tarjan_scc;
use petgraph::visit::{Dfs, Reversed};

use crate::catalog::Catalog;
use crate::diag::{Diagnostic, Diagnostics, NodeRef};
use crate::ir::{Graph, Input, Node, NodeId};

/// A graph that ComfyUI would accept whole.
#[derive(Clone, Debug)]
pub struct Checked {
    graph: Graph,
}

impl Checked {
    /// The graph.
    #[must_use]
    pub const fn graph(&self) -> &Graph {
        &self.graph
    }
}

/// Checks a graph as ComfyUI 0.27.0 checks a prompt. Gives nothing if there is a problem; every
/// problem is reported.
pub fn check(graph: Graph, catalog: &Catalog, diagnostics: &mut Diagnostics) -> Option<Checked> {
    let before = diagnostics.error_count();
    classes(&graph, catalog, diagnostics);
    if diagnostics.error_count() > before {
        return None;
    }
    let reachable = reachable(&graph, diagnostics)?;
    cycles(&graph, &reachable, diagnostics);
    for (_, node) in graph.nodes().filter(|(id, _)| reachable[id.index()]) {
        if let Some(class) = &node.class {
            inputs::check(&graph, node, class, diagnostics);
        }
    }
    (diagnostics.error_count() == before).then_some(Checked { graph })
}

/// Every class must exist, whether an output depends on the node or not.
fn classes(graph: &Graph, catalog: &Catalog, diagnostics: &mut Diagnostics) {
    for (_, node) in graph.nodes().filter(|(_, node)| node.class.is_none()) {
        let name = &node.class_type;
        let help = catalog.suggest(name).map_or_else(
            || "no node pack of this catalog has it: install the pack, or use a catalog that knows it".into(),
            |near| format!("did you mean `{near}`?"),
        );
        diagnostics.push(
            Diagnostic::check(
                "unknown-class",
                "missing_node_type",
                format!("there is no node class `{name}`"),
            )
            .at_opt(node.origin.span(), "")
            .node(node_ref(node, None))
            .help(help),
        );
    }
}

/// The nodes that some output depends on, by index.
fn reachable(graph: &Graph, diagnostics: &mut Diagnostics) -> Option<Vec<bool>> {
    let mut seen = vec![false; graph.len()];
    let reversed = Reversed(graph.petgraph());
    let outputs =
        graph.nodes().filter(|(_, node)| node.class.as_ref().is_some_and(|class| class.output_node));
    let mut walk = Dfs::empty(reversed);
    let mut any = false;
    for (id, _) in outputs {
        any = true;
        walk.move_to(id);
        while let Some(next) = walk.next(reversed) {
            seen[next.index()] = true;
        }
    }
    if !any {
        diagnostics.push(
            Diagnostic::check("prompt-no-outputs", "prompt_no_outputs", "the workflow has no output node")
                .at_opt(graph.nodes().next().and_then(|(_, node)| node.origin.span()), "")
                .help("add a node that saves or previews something, such as VHS_VideoCombine or SaveImage"),
        );
        return None;
    }
    Some(seen)
}

/// A workflow must not depend on itself.
fn cycles(graph: &Graph, reachable: &[bool], diagnostics: &mut Diagnostics) {
    for group in tarjan_scc(graph.petgraph()) {
        let members: BTreeSet<NodeId> = group.into_iter().collect();
        let Some(&first) = members.first() else { continue };
        let cyclic = members.len() > 1 || graph.petgraph().contains_edge(first, first);
        if !cyclic || !reachable[first.index()] {
            continue;
        }
        let path = cycle_path(graph, first, &members);
        let node = graph.node(first);
        let mut diagnostic = Diagnostic::check(
            "dependency-cycle",
            "dependency_cycle",
            format!("the nodes depend on each other in a circle: {path}"),
        );
        for &member in &members {
            let inputs = graph.node(member).inputs();
            let inside = inputs.iter().find(|input| {
                matches!(input.value, crate::ir::Argument::Link { from, .. } if members.contains(&from))
            });
            diagnostic =
                diagnostic.at_opt(inside.and_then(|input| input.origin.span()), "part of the circle");
        }
        diagnostics.push(diagnostic.node(node_ref(node, None)).help("remove one of these links"));
    }
}

/// One way around a cycle, in words.
fn cycle_path(graph: &Graph, first: NodeId, members: &BTreeSet<NodeId>) -> String {
    let mut path = vec![first];
    let mut at = first;
    while let Some((next, _)) =
        graph.consumers(at).find(|(next, _)| members.contains(next) && !path.contains(next))
    {
        path.push(next);
        at = next;
    }
    path.push(first);
    path.iter().map(|&id| &*graph.node(id).key).collect::<Vec<_>>().join(" -> ")
}

fn node_ref(node: &Node, input: Option<&str>) -> NodeRef {
    NodeRef {
        key: node.key.to_string(),
        class_type: node.class_type.to_string(),
        input: input.map(str::to_owned),
    }
}

/// The same problem, at an input: where its value was given, and where it is used.
fn at_input(diagnostic: Diagnostic, node: &Node, input: &Input) -> Diagnostic {
    let used = input.origin.span();
    let diagnostic = match input.given {
        Some(given) => diagnostic.at(given, "").at_opt(used, "used here"),
        None => diagnostic.at_opt(used, ""),
    };
    diagnostic.node(node_ref(node, Some(&input.name)))
}
