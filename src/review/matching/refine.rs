//! Mends a matching: where something differs, it tries other partners and keeps what costs less.
//!
//! One trial gives a node another partner, gives that one's old partner away, and follows the links of both: a branch
//! that took the place of another one moves as a whole. Effort is bounded in proportion to nodes and links.

use std::collections::VecDeque;

use rustc_hash::FxHashMap;

use super::ALONE;
use super::colors::{View, in_common, wired};
use crate::ir::NodeId;

/// So many nodes move in one trial.
const MOVES: usize = 64;
/// So many partners are tried for a node.
const CANDIDATES: usize = 16;
/// So many links of a node are followed.
const LINKS: usize = 16;
/// So many links of a partner are looked through.
const THEIRS: usize = 64;
/// So much is looked at for each node and link.
const EFFORT: usize = 192;
/// And for the smallest workflow.
const LEAST_EFFORT: usize = 200_000;
/// A first move that costs more changes than this leads nowhere.
const HOPELESS: usize = 16;
/// A change, beside which titles and ids only decide where nothing else does.
const CHANGE: i64 = 1 << 16;

/// Partners of old and of new nodes.
pub(super) type Partners = Vec<Option<usize>>;

/// What is mended.
pub(super) struct Refiner<'v> {
    old: &'v View<'v>,
    new: &'v View<'v>,
    forward: Partners,
    backward: Partners,
    /// What may still be looked at.
    left: usize,
    /// Old nodes that moved in this trial, with the partners that they had.
    moved: Vec<(usize, Option<usize>)>,
    waiting: VecDeque<usize>,
    is_waiting: Vec<bool>,
}

/// Nodes of which something differs, by what they have in common.
#[derive(Debug, Default)]
struct Differing {
    old: FxHashMap<u64, Vec<usize>>,
    new: FxHashMap<u64, Vec<usize>>,
}

impl Differing {
    /// New nodes near the place that an old one has among its like.
    fn near(&self, color: u64, old: usize, count: usize) -> impl Iterator<Item = usize> {
        let rank = self.old.get(&color).map_or(0, |all| all.partition_point(|other| *other < old));
        let all = self.new.get(&color).map(Vec::as_slice).unwrap_or_default();
        let start = rank.saturating_sub(count / 2).min(all.len().saturating_sub(count));
        all.iter().copied().skip(start).take(count)
    }
}

impl<'v> Refiner<'v> {
    pub(super) fn new(old: &'v View<'v>, new: &'v View<'v>, forward: Partners, backward: Partners) -> Self {
        let links = old.sources.iter().chain(&new.sources).map(Vec::len).sum::<usize>();
        let left = (old.sources.len() + new.sources.len() + links) * EFFORT;
        Self {
            old,
            new,
            is_waiting: vec![false; forward.len()],
            forward,
            backward,
            left: left.max(LEAST_EFFORT),
            moved: Vec::new(),
            waiting: VecDeque::new(),
        }
    }

    /// Gives the partners, and false if there was more to try.
    pub(super) fn run(mut self) -> (Partners, Partners, bool) {
        let differing = self.differing();
        while let Some(node) = self.waiting.pop_front() {
            if self.left == 0 {
                break;
            }
            self.is_waiting[node] = false;
            if self.own(node) >= CHANGE {
                self.mend(node, &differing);
            }
        }
        let is_done = self.waiting.is_empty();
        (self.forward, self.backward, is_done)
    }

    /// Finds the nodes of which something differs; the old ones wait to be mended.
    fn differing(&mut self) -> Differing {
        let mut differing = Differing::default();
        let mut is_same = vec![false; self.backward.len()];
        for node in 0..self.forward.len() {
            let cost = self.own(node);
            if let Some(partner) = self.forward[node].filter(|_| cost < CHANGE) {
                is_same[partner] = true;
                continue;
            }
            self.wait(node);
            for color in [self.old.own[node], self.old.class[node]] {
                differing.old.entry(color).or_default().push(node);
            }
        }
        for node in (0..is_same.len()).filter(|node| !is_same[*node]) {
            for color in [self.new.own[node], self.new.class[node]] {
                differing.new.entry(color).or_default().push(node);
            }
        }
        differing
    }

    fn wait(&mut self, node: usize) {
        if !std::mem::replace(&mut self.is_waiting[node], true) {
            self.waiting.push_back(node);
        }
    }

    /// Tries other partners for an old node until one is better.
    fn mend(&mut self, node: usize, differing: &Differing) {
        for partner in self.candidates(node, differing) {
            if self.left == 0 {
                return;
            }
            if self.forward[node] != Some(partner)
                && self.is_allowed(node, partner)
                && self.attempt(node, Some(partner))
            {
                return;
            }
        }
        if self.forward[node].is_some() && self.own(node) > 2 * change(ALONE) && self.attempt(node, None) {
            return;
        }
        self.mend_sources(node);
    }

    /// Where a node's links lead elsewhere in its partner, those that they come from may have the wrong partners.
    fn mend_sources(&mut self, node: usize) {
        let (old, new) = (self.old, self.new);
        for wire in old.sources[node].iter().take(LINKS) {
            let Some(partner) = self.forward[node].filter(|_| self.left > 0) else { return };
            let Some(theirs) = wired(&new.sources[partner], wire.port) else { continue };
            if self.forward[wire.end] != Some(theirs.end) && self.is_allowed(wire.end, theirs.end) {
                self.attempt(wire.end, Some(theirs.end));
            }
        }
    }

    /// Nodes of other classes become partners only where both have none.
    fn is_allowed(&self, node: usize, partner: usize) -> bool {
        self.old.class[node] == self.new.class[partner]
            || self.forward[node].is_none() && self.backward[partner].is_none()
    }

    fn candidates(&mut self, node: usize, differing: &Differing) -> Vec<usize> {
        let mut found = Vec::new();
        for wire in self.old.sources[node].iter().take(LINKS) {
            // What many depend on says nothing of each of them.
            let partner = self.forward[wire.end].filter(|partner| self.new.targets[*partner].len() <= THEIRS);
            let Some(partner) = partner else { continue };
            let theirs = self.new.targets[partner].iter();
            found.extend(
                theirs
                    .filter(|theirs| theirs.port == wire.port)
                    .map(|theirs| theirs.end)
                    .take(CANDIDATES / 2),
            );
        }
        for wire in self.old.targets[node].iter().take(LINKS) {
            let Some(partner) = self.forward[wire.end] else { continue };
            let theirs = self.new.sources[partner].iter().take(THEIRS);
            found.extend(theirs.filter(|theirs| theirs.input == wire.input).map(|theirs| theirs.end));
        }
        found.extend(differing.near(self.old.own[node], node, CANDIDATES / 2));
        found.extend(differing.near(self.old.class[node], node, CANDIDATES));
        self.spend(found.len() + LINKS);
        let mut seen = rustc_hash::FxHashSet::default();
        found.retain(|partner| seen.insert(*partner));
        // Those that have something in common first.
        let class = self.old.class[node];
        found.sort_by_key(|partner| std::cmp::Reverse(usize::from(self.new.class[*partner] == class)));
        found.truncate(2 * CANDIDATES);
        found
    }

    /// Gives a node another partner, and what follows from that; takes it back unless it is better.
    fn attempt(&mut self, node: usize, partner: Option<usize>) -> bool {
        self.moved.clear();
        let mut cost = self.change(node, partner);
        let mut next = 0;
        while cost <= change(HOPELESS) && next < self.moved.len() && self.moved.len() < MOVES && self.left > 0
        {
            let (node, _) = self.moved[next];
            next += 1;
            if let Some(partner) = self.forward[node] {
                cost += self.follow(node, partner);
            }
        }
        if cost >= 0 {
            self.take_back(0);
            return false;
        }
        for at in 0..self.moved.len() {
            let (moved, _) = self.moved[at];
            self.wait(moved);
            let targets = &self.old.targets[moved];
            for wire in targets.iter().take(THEIRS) {
                self.wait(wire.end);
            }
            for wire in self.old.sources[moved].iter().take(THEIRS) {
                self.wait(wire.end);
            }
        }
        true
    }

    /// Moves what a pair is linked with, where that costs nothing.
    fn follow(&mut self, node: usize, partner: usize) -> i64 {
        let (old, new) = (self.old, self.new);
        let mut cost = 0;
        for wire in old.sources[node].iter().take(LINKS) {
            if let Some(theirs) = wired(&new.sources[partner], wire.port) {
                cost += self.move_along(wire.end, theirs.end);
            }
        }
        for wire in old.targets[node].iter().take(LINKS) {
            let color = (old.class[wire.end], old.own[wire.end]);
            let theirs = new.targets[partner].iter().take(THEIRS).filter(|theirs| theirs.port == wire.port);
            let mut best: Option<usize> = None;
            for their in theirs {
                if self.forward[wire.end] == Some(their.end) {
                    best = None;
                    break;
                }
                if new.class[their.end] == color.0 && (best.is_none() || new.own[their.end] == color.1) {
                    best = Some(their.end);
                    if new.own[their.end] == color.1 {
                        break;
                    }
                }
            }
            self.spend(THEIRS.min(new.targets[partner].len()));
            if let Some(best) = best {
                cost += self.move_along(wire.end, best);
            }
        }
        cost
    }

    fn move_along(&mut self, node: usize, partner: usize) -> i64 {
        let is_other = self.forward[node] != Some(partner) && self.old.class[node] == self.new.class[partner];
        let has_moved =
            |of: usize, moved: &[(usize, Option<usize>)]| moved.iter().any(|(node, _)| *node == of);
        let is_free = !has_moved(node, &self.moved)
            && self.backward[partner].is_none_or(|before| !has_moved(before, &self.moved));
        if !is_other || !is_free || self.moved.len() >= MOVES {
            return 0;
        }
        let before = self.moved.len();
        let cost = self.change(node, Some(partner));
        if cost > 0 {
            self.take_back(before);
            return 0;
        }
        cost
    }

    /// Gives a node another partner, and that one's the node's old one if it is of the same class. Says how much more
    /// it costs.
    fn change(&mut self, node: usize, partner: Option<usize>) -> i64 {
        let was = self.forward[node];
        let other = partner.and_then(|partner| self.backward[partner]);
        let before = self.cost_of(node, other);
        self.moved.push((node, was));
        if let Some(was) = was {
            self.backward[was] = None;
        }
        self.forward[node] = partner;
        if let Some(partner) = partner {
            self.backward[partner] = Some(node);
        }
        if let Some(other) = other {
            self.moved.push((other, partner));
            let given = was.filter(|was| self.old.class[other] == self.new.class[*was]);
            self.forward[other] = given;
            if let Some(given) = given {
                self.backward[given] = Some(other);
            }
        }
        self.cost_of(node, other) - before
    }

    /// Undoes the moves of this trial but for so many.
    fn take_back(&mut self, keep: usize) {
        for (node, _) in &self.moved[keep..] {
            if let Some(partner) = self.forward[*node]
                && self.backward[partner] == Some(*node)
            {
                self.backward[partner] = None;
            }
        }
        // A node moves once in a trial, but for the first one, which may lose what it was given.
        for (node, was) in self.moved[keep..].iter().rev() {
            self.forward[*node] = *was;
        }
        for (node, _) in &self.moved[keep..] {
            if let Some(partner) = self.forward[*node] {
                self.backward[partner] = Some(*node);
            }
        }
        self.moved.truncate(keep);
    }

    /// What two old nodes cost, and the links out of them.
    fn cost_of(&mut self, node: usize, other: Option<usize>) -> i64 {
        let mut cost = self.own(node) + self.links_of(node, other);
        if let Some(other) = other {
            cost += self.own(other) + self.links_of(other, Some(node));
        }
        cost
    }

    /// Links to partners, but those of this one and another one, that lead elsewhere in the new workflow.
    fn links_of(&mut self, node: usize, other: Option<usize>) -> i64 {
        let (old, new) = (self.old, self.new);
        self.spend(old.targets[node].len());
        let differ = old.targets[node].iter().filter(|wire| {
            let is_counted = wire.end != node && Some(wire.end) != other;
            let theirs = self.forward[wire.end].filter(|_| is_counted);
            theirs.is_some_and(|theirs| {
                wired(&new.sources[theirs], wire.port).map(|wire| wire.end) != self.forward[node]
                    || self.forward[node].is_none()
            })
        });
        change(differ.count())
    }

    /// What differs of an old node from its partner.
    fn own(&mut self, node: usize) -> i64 {
        let (old, new) = (self.old, self.new);
        let Some(partner) = self.forward[node] else { return change(2 * ALONE) };
        self.spend(old.names[node].len() + new.names[partner].len());
        let mut same = in_common(&old.literals[node], &new.literals[partner]);
        for wire in &old.sources[node] {
            let theirs = wired(&new.sources[partner], wire.port);
            same += usize::from(theirs.is_some_and(|theirs| self.forward[wire.end] == Some(theirs.end)));
        }
        let names = in_common(&old.names[node], &new.names[partner]);
        let differ = (old.names[node].len() + new.names[partner].len()).saturating_sub(names + same);
        let (was, now) = (old.graph.node(NodeId::new(node)), new.graph.node(NodeId::new(partner)));
        change(differ + usize::from(old.class[node] != new.class[partner]))
            + 2 * i64::from(old.title[node] != new.title[partner])
            + i64::from(was.key != now.key)
    }

    fn spend(&mut self, effort: usize) {
        self.left = self.left.saturating_sub(effort + 1);
    }
}

fn change(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX / CHANGE).min(i64::MAX / CHANGE / 4) * CHANGE
}
