//! Makes the new workflow from the old one and the changes.

use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use super::changes::{Change, Given, NodeName};
use crate::catalog::Catalog;
use crate::ir::{Argument, Graph, Input, Node, NodeId, Origin, TextPlace, Value};

/// What an input of the new workflow is given, before its nodes have handles.
enum Wanted<'c> {
    Value(Value),
    /// A node that stays, by its handle in the old workflow.
    Kept(NodeId, u32),
    Named(&'c NodeName, u32),
}

/// A node of the new workflow.
struct Planned<'c> {
    node: Node,
    inputs: Vec<(Arc<str>, Wanted<'c>)>,
}

/// Applies changes to the workflow that they were found in. Gives the new one, up to ids and titles; nothing if they
/// name nodes that the workflow does not have.
#[must_use]
pub fn apply(old: &Graph, changes: &[Change], catalog: &Catalog) -> Option<Graph> {
    let mut removed = FxHashSet::default();
    for change in changes {
        if let Change::Removed { node, .. } = change {
            removed.insert(old.find(node.old.as_deref()?)?);
        }
    }
    let mut planned: Vec<Planned<'_>> = Vec::new();
    // Where nodes are in `planned`: those that stay by their old handle, new ones by their new id.
    let (mut kept, mut added) = (FxHashMap::default(), FxHashMap::default());
    for (id, node) in old.nodes().filter(|(id, _)| !removed.contains(id)) {
        kept.insert(id, planned.len());
        let inputs = node.inputs().iter().map(|input| {
            let wanted = match &input.value {
                Argument::Literal(value) => Wanted::Value(value.clone()),
                Argument::Link { from, slot } => Wanted::Kept(*from, *slot),
            };
            (input.name.clone(), wanted)
        });
        planned.push(Planned { node: node.without_inputs(), inputs: inputs.collect() });
    }
    for change in changes {
        match change {
            Change::Added { node, inputs, .. } => {
                let key: Arc<str> = node.new.as_deref()?.into();
                added.insert(key.clone(), planned.len());
                let class: Arc<str> = node.class_type.as_str().into();
                let mut made = Node::new(key, class.clone(), catalog.class(&class), Origin::Unknown);
                made.title = node.title.as_deref().map(Into::into);
                let inputs = inputs.iter().map(|input| (input.input.as_str().into(), wanted(&input.given)));
                planned.push(Planned { node: made, inputs: inputs.collect() });
            }
            Change::Replaced { node, new, .. } => {
                let at = *kept.get(&old.find(node.old.as_deref()?)?)?;
                let planned = planned.get_mut(at)?;
                planned.node.class_type = new.as_str().into();
                planned.node.class = catalog.class(new);
            }
            _ => {}
        }
    }
    for change in changes {
        let (node, input, value) = match change {
            Change::Parameter { node, input, new, .. } => (node, input, new.clone().map(Wanted::Value)),
            Change::Model { node, input, new, .. } => {
                (node, input, Some(Wanted::Value(Value::Str(new.file.as_str().into()))))
            }
            Change::Link { node, input, new, .. } => (node, input, new.as_ref().map(wanted)),
            _ => continue,
        };
        let at = *kept.get(&old.find(node.old.as_deref()?)?)?;
        set(&mut planned.get_mut(at)?.inputs, input, value);
    }
    build(planned, |wanted| match wanted {
        Wanted::Value(_) => None,
        Wanted::Kept(id, _) => kept.get(id).copied(),
        Wanted::Named(name, _) => match &name.old {
            Some(key) => kept.get(&old.find(key)?).copied(),
            None => added.get(name.new.as_deref()?).copied(),
        },
    })
}

fn wanted(given: &Given) -> Wanted<'_> {
    match given {
        Given::Value(value) => Wanted::Value(value.clone()),
        Given::Output { node, slot, .. } => Wanted::Named(node, *slot),
    }
}

fn set<'c>(inputs: &mut Vec<(Arc<str>, Wanted<'c>)>, input: &str, value: Option<Wanted<'c>>) {
    let at = inputs.iter().position(|(name, _)| **name == *input);
    match (at.and_then(|at| inputs.get_mut(at)), value) {
        (Some((_, given)), Some(value)) => *given = value,
        (None, Some(value)) => inputs.push((input.into(), value)),
        (_, None) => inputs.retain(|(name, _)| **name != *input),
    }
}

/// Makes the graph; `place` says which node a link leads from.
fn build(planned: Vec<Planned<'_>>, place: impl Fn(&Wanted<'_>) -> Option<usize>) -> Option<Graph> {
    let mut graph = Graph::with_capacity(planned.len());
    let mut ids = Vec::with_capacity(planned.len());
    let mut inputs = Vec::with_capacity(planned.len());
    for (number, planned) in planned.into_iter().enumerate() {
        let mut node = planned.node;
        // An id of the new workflow may be that of another node of the old one.
        while graph.find(&node.key).is_some() {
            node.key = format!("{}-{number}", node.key).into();
        }
        ids.push(graph.add(node).ok()?);
        inputs.push(planned.inputs);
    }
    for (id, inputs) in ids.iter().zip(inputs) {
        for (name, wanted) in inputs {
            let from = place(&wanted).and_then(|at| ids.get(at).copied());
            let value = match (wanted, from) {
                (Wanted::Value(value), _) => Argument::Literal(value),
                (Wanted::Kept(_, slot) | Wanted::Named(_, slot), Some(from)) => Argument::Link { from, slot },
                // A node that is gone and whose link no change takes away.
                (Wanted::Kept(..) | Wanted::Named(..), None) => return None,
            };
            graph.push_input(*id, Input { name, value, origin: Origin::Unknown, text: TextPlace::Nowhere });
        }
    }
    Some(graph)
}
