//! Inputs of WanVideoWrapper's samplers that some of them are given through another node.

use crate::analysis::{Inputs, Sampler};
use crate::ir::{Argument, NodeId};
use crate::lint::workflow::Workflow;

/// The node that gives a sampler such an input: `context_options`, `uni3c_embeds` and the like.
pub(super) fn given(workflow: &Workflow<'_>, sampler: &Sampler, input: &str) -> Option<NodeId> {
    let at = |id: NodeId| -> Option<NodeId> { workflow.analysis.source(id, input) };
    let through = ["extra_args", "sampler_inputs"]
        .into_iter()
        .find_map(|name| workflow.analysis.source(sampler.node, name));
    at(sampler.node).or_else(|| at(through?))
}

/// The inputs of the node that gives a sampler such an input, if it is of the class.
pub(super) fn of_class<'w>(
    workflow: &'w Workflow<'_>,
    sampler: &Sampler,
    input: &str,
    class: &str,
) -> Option<Inputs<'w>> {
    let node = given(workflow, sampler, input)?;
    (&*workflow.node(node).class_type == class).then(|| workflow.analysis.inputs(node))
}

/// True if the node is linked to the first or second output of a node of one of these classes.
pub(super) fn is_linked(
    workflow: &Workflow<'_>,
    id: NodeId,
    input: &str,
    classes: &[&str],
) -> Option<NodeId> {
    match workflow.node(id).input(input)?.value {
        Argument::Link { from, slot: 0 | 1 } if classes.contains(&&*workflow.node(from).class_type) => {
            Some(from)
        }
        _ => None,
    }
}
