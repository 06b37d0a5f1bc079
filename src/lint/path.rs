//! Ways through a workflow, node by node, as findings show them.

use super::workflow::Workflow;
use crate::diag::Diagnostic;
use crate::ir::NodeId;

/// So many nodes of a way are named in a message, and marked; the way itself has them all.
const NAMED: usize = 6;

/// A rule names so many ways at most: who mends one often mends all.
pub(super) const MOST: usize = 16;

impl Workflow<'_> {
    /// `a → b → c`, without the middle of a long way.
    pub(super) fn way(&self, path: &[NodeId]) -> String {
        let keys = |nodes: &[NodeId]| -> Vec<String> {
            nodes.iter().map(|id| self.node(*id).key.to_string()).collect()
        };
        let (first, last) = ends(path);
        let mut named = keys(first);
        if first.len() + last.len() < path.len() {
            named.push("…".to_owned());
        }
        named.extend(keys(last));
        format!("`{}`", named.join(" → "))
    }

    /// The same with the way that the finding is about, marked at its nodes.
    pub(super) fn along(&self, finding: Diagnostic, path: &[NodeId]) -> Diagnostic {
        let (first, last) = ends(path);
        let marked = first.iter().enumerate().chain((path.len() - last.len()..).zip(last));
        let mut finding = marked.fold(finding, |finding, (at, id)| {
            let text = match at {
                0 => "from here".to_owned(),
                at if at + 1 == path.len() => "to here".to_owned(),
                at => format!("step {at} of {}", path.len() - 1),
            };
            let span = self.node(*id).origin.span();
            let is_marked = span.is_none() || finding.span() == span;
            if is_marked { finding } else { finding.at_opt(span, text) }
        });
        finding.path = path.iter().map(|id| self.node(*id).key.to_string()).collect();
        finding
    }
}

/// The first and the last nodes of a way, all of a short one.
fn ends(path: &[NodeId]) -> (&[NodeId], &[NodeId]) {
    if path.len() <= NAMED {
        return (path, &[]);
    }
    let (first, rest) = path.split_at(NAMED / 2);
    (first, rest.split_at(rest.len() - NAMED / 2).1)
}
