//! Which node of one workflow is which of another.
//!
//! Two matchings are made and the cheaper one counts: one trusts keys, so that a node stays itself whatever became of
//! it; one looks at structure alone, so that ids that were given anew are no change. The cost is what a reader would
//! have to look at: inputs that differ, and nodes without a partner.
//!
//! Structure is compared by colours, hashes of what a node is with what surrounds it: in `colors`, from all that it
//! depends on and that depends on it down to its class alone. Where a colour occurs once on either side it is a pair,
//! and pairs lead to further ones along their links (`spread`). Effort is linear in nodes and links: nothing compares
//! all with all. Where many nodes have a colour in common and no link tells them apart, so many candidates are
//! weighed and no more: there, and only there, the matching may not be the cheapest.

pub(super) mod colors;
mod spread;

use rustc_hash::FxHashMap;

use crate::ir::{Argument, Graph, Input, Node, NodeId, Value};

use colors::View;
pub(super) use colors::own_title;
use spread::Matcher;

/// What a node without a partner costs, in inputs that differ.
const ALONE: usize = 3;

/// Which node of the old workflow is which of the new one.
#[derive(Clone, Debug, Default)]
pub struct Matching {
    forward: Vec<Option<NodeId>>,
    backward: Vec<Option<NodeId>>,
    /// True if there were more candidates somewhere than were weighed: there may be a matching with fewer changes.
    pub approximate: bool,
}

impl Matching {
    /// Matches the nodes of two workflows; the same for the same workflows.
    #[must_use]
    pub fn new(old: &Graph, new: &Graph) -> Self {
        let (one, other) = (View::new(old), View::new(new));
        let by_key = matched(&one, &other, true);
        let cost = by_key.cost(old, new);
        if cost == 0 {
            return by_key;
        }
        let by_structure = matched(&one, &other, false);
        if by_structure.cost(old, new) < cost { by_structure } else { by_key }
    }

    /// The node of the new workflow that an old one has become.
    #[must_use]
    pub fn new_of(&self, old: NodeId) -> Option<NodeId> {
        self.forward.get(old.index()).copied().flatten()
    }

    /// The node of the old workflow that a new one was.
    #[must_use]
    pub fn old_of(&self, new: NodeId) -> Option<NodeId> {
        self.backward.get(new.index()).copied().flatten()
    }

    /// Whether an input of a node is given the same on both sides.
    #[must_use]
    pub fn is_same(&self, old: (&Node, &Argument), new: (&Node, &Argument), input: &str) -> bool {
        match (old.1, new.1) {
            (Argument::Link { from, slot }, Argument::Link { from: other, slot: of_other }) => {
                slot == of_other && self.new_of(*from) == Some(*other)
            }
            (Argument::Literal(one), Argument::Literal(other)) if one == other => true,
            (Argument::Literal(one), Argument::Literal(other)) => {
                let is_float = || colors::is_float(old.0, input) && colors::is_float(new.0, input);
                same_number(one, other) && is_float()
            }
            _ => false,
        }
    }

    fn cost(&self, old: &Graph, new: &Graph) -> usize {
        let alone = self.forward.iter().chain(&self.backward).filter(|partner| partner.is_none()).count();
        let pairs = old.nodes().filter_map(|(id, node)| Some((node, new.node(self.new_of(id)?))));
        let differing = pairs.map(|(old, new)| {
            let (was, now) = (Inputs::of(old), Inputs::of(new));
            let changed = old.inputs().iter().filter(|input| {
                let now = now.get(&input.name);
                !now.is_some_and(|now| self.is_same((old, &input.value), (new, &now.value), &input.name))
            });
            let added = new.inputs().iter().filter(|input| was.get(&input.name).is_none());
            changed.count() + added.count() + usize::from(old.class_type != new.class_type)
        });
        alone * ALONE + differing.sum::<usize>()
    }
}

/// The inputs of a node by name.
pub struct Inputs<'n> {
    all: &'n [Input],
    /// Made where there are so many that looking through them takes longer.
    by_name: Option<FxHashMap<&'n str, &'n Input>>,
}

/// So few inputs are looked through one by one.
const FEW: usize = 32;

impl<'n> Inputs<'n> {
    /// Those of a node.
    #[must_use]
    pub fn of(node: &'n Node) -> Self {
        let all = node.inputs();
        let by_name =
            (all.len() > FEW).then(|| all.iter().rev().map(|input| (&*input.name, input)).collect());
        Self { all, by_name }
    }

    /// The one of this name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&'n Input> {
        match &self.by_name {
            Some(by_name) => by_name.get(name).copied(),
            None => self.all.iter().find(|input| *input.name == *name),
        }
    }
}

/// Whether two values are the same where a class reads floats: `1` is `1.0`.
fn same_number(one: &Value, other: &Value) -> bool {
    let number = |value: &Value| value.as_f64().map(f64::to_bits);
    number(one).is_some_and(|one| number(other) == Some(one))
}

/// Makes one matching: by key first, or by structure alone.
fn matched(old: &View<'_>, new: &View<'_>, by_key: bool) -> Matching {
    let mut matcher = Matcher::new(old, new);
    if by_key {
        matcher.pair_keys();
    }
    // Whole surroundings first: where nothing changed, this is all.
    for (one, other) in [(&old.whole, &new.whole), (&old.context, &new.context)] {
        matcher.stage(one, other, &[(one, other)]);
    }
    for (one, other) in [(&old.up, &new.up), (&old.down, &new.down)] {
        matcher.stage(one, other, &[]);
    }
    // From here on a pair leads to others of its kind, whatever their values are, before the next one is weighed.
    let colors = [
        (&old.both, &new.both),
        (&old.up, &new.up),
        (&old.down, &new.down),
        (&old.own, &new.own),
        (&old.near, &new.near),
        (&old.beside, &new.beside),
        (&old.kind, &new.kind),
    ];
    matcher.stage(&old.kind, &new.kind, &colors);
    matcher.stage(&old.class, &new.class, &[(&old.class, &new.class)]);
    matcher.replaced();
    matcher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_the_same_where_the_class_reads_floats() {
        assert!(same_number(&Value::Int(1), &Value::Float(1.0)));
        assert!(!same_number(&Value::Int(1), &Value::Int(2)));
        assert!(!same_number(&Value::Null, &Value::Null));
    }
}
