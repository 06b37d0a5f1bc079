//! Pairs of nodes, and how one leads to others.

use rustc_hash::FxHashMap;

use super::colors::{Colors, View, Wire, mix, wired};
use super::refine::Partners;
use crate::ir::{Graph, NodeId};

/// So many candidates for a node are weighed.
const CANDIDATES: usize = 24;
/// So many nodes of one colour, multiplied, are all weighed against one another.
const SMALL: usize = 144;
/// So many nodes, multiplied, are weighed anew after every pair.
const TINY: usize = 36;
/// So many links of a node are looked at where candidates are weighed.
const LINKS: usize = 16;

/// How many nodes, and which one if it is one: the exclusive or of all of them.
#[derive(Clone, Copy, Debug, Default)]
struct Few {
    count: usize,
    which: usize,
}

impl Few {
    fn toggle(&mut self, node: usize, count: usize) {
        self.count = count;
        self.which ^= node;
    }
}

/// Nodes of both sides that have something in common.
#[derive(Clone, Copy, Debug, Default)]
struct Both {
    old: Few,
    new: Few,
}

impl Both {
    fn of(&mut self, side: usize) -> &mut Few {
        if side == 0 { &mut self.old } else { &mut self.new }
    }

    /// The pair, if there is one on either side.
    fn pair(&self) -> Option<(usize, usize)> {
        (self.old.count == 1 && self.new.count == 1).then_some((self.old.which, self.new.which))
    }
}

pub(super) struct Matcher<'v> {
    old: &'v View<'v>,
    new: &'v View<'v>,
    forward: Partners,
    backward: Partners,
    /// Pairs whose links were not followed yet.
    waiting: Vec<(usize, usize)>,
    approximate: bool,
}

/// What one colour tells of the nodes that have no partner yet.
struct Stage<'c> {
    old: &'c Colors,
    new: &'c Colors,
    buckets: FxHashMap<u64, Both>,
    /// By source, port and colour: the nodes that are linked with the source.
    groups: [FxHashMap<u64, Few>; 2],
}

impl<'v> Matcher<'v> {
    pub(super) fn new(old: &'v View<'v>, new: &'v View<'v>) -> Self {
        let (forward, backward) = (vec![None; old.graph.len()], vec![None; new.graph.len()]);
        Self { old, new, forward, backward, waiting: Vec::new(), approximate: false }
    }

    /// Pairs nodes that have the same key and class.
    pub(super) fn pair_keys(&mut self) {
        for (id, node) in self.old.graph.nodes() {
            let Some(other) = self.new.graph.find(&node.key) else { continue };
            if self.new.graph.node(other).class_type == node.class_type {
                self.forward[id.index()] = Some(other.index());
                self.backward[other.index()] = Some(id.index());
            }
        }
    }

    /// Pairs nodes of the same colour, where the colour and links alone tell them apart. Those left are weighed against
    /// others that are also alike in one of the colours of `among`, one after the other.
    pub(super) fn stage(&mut self, old: &Colors, new: &Colors, among: &[(&Colors, &Colors)]) {
        if self.forward.iter().all(Option::is_some) || self.backward.iter().all(Option::is_some) {
            return;
        }
        let mut stage = Stage { old, new, buckets: FxHashMap::default(), groups: Default::default() };
        self.fill(&mut stage);
        self.waiting = self.forward.iter().enumerate().filter_map(|(at, to)| Some((at, (*to)?))).collect();
        for (node, color) in old.iter().enumerate() {
            if let Some((one, other)) = stage.buckets.get(color).and_then(Both::pair)
                && one == node
            {
                self.pair(one, other, &mut stage);
            }
        }
        self.spread(&mut stage);
        for (one, other) in among {
            self.weigh(&mut stage, one, other);
        }
    }

    fn fill(&self, stage: &mut Stage<'_>) {
        let sides = [(self.old, stage.old, &self.forward), (self.new, stage.new, &self.backward)];
        for (side, (view, colors, partners)) in sides.into_iter().enumerate() {
            for (node, color) in colors.iter().enumerate().filter(|(node, _)| partners[*node].is_none()) {
                let few = stage.buckets.entry(*color).or_default().of(side);
                few.toggle(node, few.count + 1);
                for wire in &view.sources[node] {
                    let few = stage.groups[side].entry(group(wire.end, wire.port, *color)).or_default();
                    few.toggle(node, few.count + 1);
                }
            }
        }
    }

    /// Makes two nodes a pair, if both are free and of one colour.
    fn pair(&mut self, one: usize, other: usize, stage: &mut Stage<'_>) -> bool {
        let is_free = self.forward.get(one) == Some(&None) && self.backward.get(other) == Some(&None);
        if !is_free || stage.old[one] != stage.new[other] {
            return false;
        }
        self.forward[one] = Some(other);
        self.backward[other] = Some(one);
        let color = stage.old[one];
        for (side, view, node) in [(0, self.old, one), (1, self.new, other)] {
            if let Some(both) = stage.buckets.get_mut(&color) {
                let few = both.of(side);
                few.toggle(node, few.count.saturating_sub(1));
            }
            for wire in &view.sources[node] {
                if let Some(few) = stage.groups[side].get_mut(&group(wire.end, wire.port, color)) {
                    few.toggle(node, few.count.saturating_sub(1));
                }
            }
        }
        self.waiting.push((one, other));
        true
    }

    /// Follows the links of all pairs, and those of the pairs that this gives.
    fn spread(&mut self, stage: &mut Stage<'_>) {
        while let Some((one, other)) = self.waiting.pop() {
            let color = stage.old[one];
            if let Some((one, other)) = stage.buckets.get(&color).and_then(Both::pair) {
                self.pair(one, other, stage);
            }
            let (old, new) = (self.old, self.new);
            for wire in &old.sources[one] {
                if let Some(source) = wired(&new.sources[other], wire.port) {
                    self.pair(wire.end, source.end, stage);
                }
                // With this target out of the way, another one may be the only one left.
                if let Some(partner) = self.forward[wire.end] {
                    self.pair_targets(wire.end, partner, wire.port, color, stage);
                }
            }
            for wire in &old.targets[one] {
                if self.forward[wire.end].is_none() {
                    self.pair_targets(one, other, wire.port, stage.old[wire.end], stage);
                }
            }
        }
    }

    fn pair_targets(&mut self, one: usize, other: usize, port: u64, color: u64, stage: &mut Stage<'_>) {
        let few = |side: usize, node| stage.groups[side].get(&group(node, port, color)).copied();
        if let (Some(old), Some(new)) = (few(0, one), few(1, other))
            && old.count == 1
            && new.count == 1
        {
            self.pair(old.which, new.which, stage);
        }
    }

    /// Pairs what is left, colour by colour: those that have most in common first.
    fn weigh(&mut self, stage: &mut Stage<'_>, old: &Colors, new: &Colors) {
        let mut left: FxHashMap<u64, (Vec<usize>, Vec<usize>)> = FxHashMap::default();
        let mut colors = Vec::new();
        for (node, color) in old.iter().enumerate().filter(|(node, _)| self.forward[*node].is_none()) {
            let entry = left.entry(*color).or_insert_with(|| {
                colors.push(*color);
                Default::default()
            });
            entry.0.push(node);
        }
        for (node, color) in new.iter().enumerate().filter(|(node, _)| self.backward[*node].is_none()) {
            if let Some(entry) = left.get_mut(color) {
                entry.1.push(node);
            }
        }
        for color in colors {
            let Some((ones, others)) = left.remove(&color) else { continue };
            if others.is_empty() {
            } else if ones.len().saturating_mul(others.len()) <= SMALL {
                self.weigh_all(&ones, &others, stage);
            } else {
                self.weigh_some(&ones, &others, stage);
            }
        }
    }

    fn weigh_all(&mut self, ones: &[usize], others: &[usize], stage: &mut Stage<'_>) {
        let rounds = if ones.len() * others.len() <= TINY { ones.len() } else { 1 };
        for _ in 0..rounds {
            let free = ones.iter().filter(|one| self.forward[**one].is_none());
            let pairs = free.flat_map(|one| {
                let free = others.iter().filter(|other| self.backward[**other].is_none());
                free.map(|other| (self.likeness(*one, *other), *one, *other))
            });
            let mut pairs: Vec<_> = pairs.collect();
            pairs.sort_by_key(|(likeness, one, other)| (std::cmp::Reverse(*likeness), *one, *other));
            let Some((best, ..)) = pairs.first().copied() else { break };
            // A pair may lead to others, and so change what the rest has in common.
            for (_, one, other) in
                pairs.into_iter().take_while(|(likeness, ..)| rounds == 1 || *likeness == best)
            {
                self.pair(one, other, stage);
                self.spread(stage);
            }
        }
    }

    fn weigh_some(&mut self, ones: &[usize], others: &[usize], stage: &mut Stage<'_>) {
        let mut first = 0;
        for &one in ones {
            while others.get(first).is_some_and(|other| self.backward[*other].is_some()) {
                first += 1;
            }
            if self.forward[one].is_some() {
                continue;
            }
            let by_key = self.new.graph.find(&self.old.graph.node(NodeId::new(one)).key).map(NodeId::index);
            let by_key = by_key.filter(|other| stage.new[*other] == stage.old[one]);
            let by_link = self.candidates_by_link(one, stage);
            let next = others.get(first..).unwrap_or_default();
            self.approximate |= next.len() > CANDIDATES;
            let candidates = by_key.into_iter().chain(by_link).chain(next.iter().copied().take(CANDIDATES));
            let free = candidates.filter(|other| self.backward[*other].is_none());
            let best = free.map(|other| (self.likeness(one, other), std::cmp::Reverse(other))).max();
            if let Some((_, std::cmp::Reverse(other))) = best {
                self.pair(one, other, stage);
                self.spread(stage);
            }
        }
    }

    /// Nodes that are linked with the partners of what a node is linked with.
    fn candidates_by_link(&self, one: usize, stage: &Stage<'_>) -> Vec<usize> {
        let mut found = Vec::new();
        for wire in self.old.sources[one].iter().take(LINKS) {
            let Some(partner) = self.forward[wire.end] else { continue };
            let targets = self.new.targets[partner].iter().take(4 * LINKS);
            found.extend(targets.filter(|theirs| theirs.port == wire.port).map(|theirs| theirs.end));
        }
        for wire in self.old.targets[one].iter().take(LINKS) {
            let Some(partner) = self.forward[wire.end] else { continue };
            let sources = self.new.sources[partner].iter().take(4 * LINKS);
            found.extend(sources.filter(|theirs| theirs.port == wire.port).map(|theirs| theirs.end));
        }
        found.retain(|other| stage.new[*other] == stage.old[one] && self.backward[*other].is_none());
        found.truncate(CANDIDATES);
        found
    }

    /// How much two nodes have in common: links that lead to partners most, then their own values, then the values of
    /// what they are linked with.
    fn likeness(&self, one: usize, other: usize) -> usize {
        let (old, new) = (self.old, self.new);
        let mut links = 0;
        let mut around = 0;
        let sources = (&old.sources[one], &new.sources[other]);
        for (wires, theirs) in [sources, (&old.targets[one], &new.targets[other])] {
            for wire in wires.iter().take(LINKS) {
                let Some(their) = theirs.iter().take(LINKS).find(|their| their.port == wire.port) else {
                    continue;
                };
                match self.forward[wire.end] {
                    Some(partner) => {
                        let same = |their: &Wire| their.port == wire.port && their.end == partner;
                        links += usize::from(theirs.iter().take(LINKS).any(same));
                    }
                    None => around += common(&old.literals[wire.end], &new.literals[their.end]),
                }
            }
        }
        let key = |graph: &Graph, node| graph.node(NodeId::new(node)).key.clone();
        let has_key = usize::from(key(old.graph, one) == key(new.graph, other));
        16 * links + 8 * common(&old.literals[one], &new.literals[other]) + 2 * around + has_key
    }

    /// The partners, and whether there were more candidates than were weighed.
    pub(super) fn finish(self) -> (Partners, Partners, bool) {
        (self.forward, self.backward, self.approximate)
    }
}

/// How many values two nodes have in common.
fn common(one: &[u64], other: &[u64]) -> usize {
    let other = other.get(..LINKS).unwrap_or(other);
    one.iter().take(LINKS).filter(|literal| other.contains(literal)).count()
}

fn group(source: usize, port: u64, color: u64) -> u64 {
    mix(mix(source as u64, port), color)
}
