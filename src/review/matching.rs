//! Which node of one workflow is which of another.
//!
//! Up to three matchings are made and the cheapest one counts: one trusts keys, so that a node stays itself whatever
//! became of it; one looks at structure alone, so that ids that were given anew are no change; and where titles differ,
//! one looks at structure without titles. Each is mended where it costs something (`refine`). The cost is what a reader would
//! have to look at: inputs that differ, and nodes without a partner.
//!
//! Structure is compared by colours, hashes of what a node is with what surrounds it: in `colors`, from all that it
//! depends on and that depends on it down to its class alone. Where a colour occurs once on either side it is a pair,
//! and pairs lead to further ones along their links (`spread`). Effort is linear in nodes and links: nothing compares
//! all with all. Where many nodes have a colour in common and no link tells them apart, so many candidates are
//! weighed and no more: there, and only there, the matching may not be the cheapest.

pub(super) mod colors;
mod refine;
mod spread;

use rustc_hash::FxHashMap;

use crate::ir::{Argument, Graph, Input, Node, NodeId, Value};

pub(super) use colors::own_title;
use colors::{View, Wire, in_common, wired};
use refine::{Partners, Refiner};
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
        let views = |titles_count| (View::new(old, titles_count), View::new(new, titles_count));
        let (one, other) = views(true);
        let by_key = Self::of(&one, &other, true);
        if by_key.cost(old, new) == 0 {
            return Self { approximate: false, ..by_key };
        }
        let cheaper =
            |this: Self, that: Self| if that.cost(old, new) < this.cost(old, new) { that } else { this };
        let mut best = cheaper(by_key, Self::of(&one, &other, false));
        if best.cost(old, new) > 0 && one.sorted_titles() != other.sorted_titles() {
            let (one, other) = views(false);
            best = cheaper(best, Self::of(&one, &other, false));
        }
        // Nothing is less than nothing.
        best.approximate &= best.cost(old, new) > 0;
        best
    }

    fn of(old: &View<'_>, new: &View<'_>, by_key: bool) -> Self {
        let (forward, backward, approximate) = matched(old, new, by_key).finish();
        let (forward, backward, is_done) = Refiner::new(old, new, forward, backward).run();
        let (forward, backward) = replaced(old, new, forward, backward);
        let ids = |partners: Partners| partners.into_iter().map(|partner| partner.map(NodeId::new)).collect();
        Self { forward: ids(forward), backward: ids(backward), approximate: approximate || !is_done }
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
fn matched<'v>(old: &'v View<'v>, new: &'v View<'v>, by_key: bool) -> Matcher<'v> {
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
    matcher
}

/// Pairs nodes of other classes: those with the same key, and those that give the same input its value.
fn replaced(
    old: &View<'_>,
    new: &View<'_>,
    mut forward: Partners,
    mut backward: Partners,
) -> (Partners, Partners) {
    // What is used comes after what uses it, so that a chain is followed.
    for one in old.order.iter().rev().copied() {
        if forward[one].is_some() {
            continue;
        }
        let key = &old.graph.node(NodeId::new(one)).key;
        // Numbers are given by editors, and say nothing of what a node is for.
        let is_name = key.contains(|c: char| c.is_alphabetic());
        let by_key = new.graph.find(key).map(NodeId::index).filter(|_| is_name);
        let by_target = old.targets[one].iter().find_map(|wire| {
            let partner = forward[wire.end]?;
            let source = new.sources[partner].iter().find(|theirs| theirs.input == wire.input)?;
            Some(source.end)
        });
        let is_free = |other: &usize| backward[*other].is_none();
        let by_target =
            by_target.filter(|other| is_free(other) && takes_its_place(old, new, (one, *other), &forward));
        if let Some(other) = by_key.filter(is_free).or(by_target) {
            forward[one] = Some(other);
            backward[other] = Some(one);
        }
    }
    (forward, backward)
}

/// Of the inputs of both, so many times as many as are given the same.
const LIKENESS: usize = 6;

/// Whether a node of another class is more than another node in that place: enough of what both are given is the same,
/// or neither depends on anything.
fn takes_its_place(
    old: &View<'_>,
    new: &View<'_>,
    (one, other): (usize, usize),
    forward: &[Option<usize>],
) -> bool {
    let (sources, theirs) = (&old.sources[one], &new.sources[other]);
    let is_same =
        |wire: &&Wire| wired(theirs, wire.port).is_some_and(|theirs| forward[wire.end] == Some(theirs.end));
    let same = sources.iter().filter(is_same).count() + in_common(&old.literals[one], &new.literals[other]);
    let (names, their_names) = (&old.names[one], &new.names[other]);
    let inputs = names.len() + their_names.len() - in_common(names, their_names);
    sources.is_empty() && theirs.is_empty() || same > 0 && same * LIKENESS >= inputs
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
