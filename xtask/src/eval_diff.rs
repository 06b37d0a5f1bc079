//! `cargo xtask eval-diff [CASES]`: whether `wfc diff` tells edits that are known.
//!
//! Workflows are edited at random, their nodes get other ids and another order, and what the diff says is compared with
//! what was done: which node is which, and how many changes it takes to tell it.

mod edits;
mod workflows;

#[cfg(test)]
mod tests;

use std::fmt::Write as _;

use wfc::catalog::Models;
use wfc::ir::{Argument, Graph, NodeId};
use wfc::plan::Assume;
use wfc::review::changes::Change;
use wfc::review::matching::Matching;
use wfc::review::{Side, diff};

use edits::{Draft, Ids, Kind, Made, Random};

/// So many edited workflows are made of each, and for each line of the table.
const CASES: usize = 3;

/// What was found in many cases.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tally {
    pub(crate) cases: usize,
    /// Pairs of nodes: those that are true, those that were found, and those that were found and are true.
    pub(crate) pairs: usize,
    pub(crate) found: usize,
    pub(crate) right: usize,
    /// Changes of the true pairs, and those that were told.
    pub(crate) changes: usize,
    pub(crate) told: usize,
    /// Cases in which more changes were told than it takes.
    pub(crate) longer: usize,
    /// The most that were told too many, and where.
    pub(crate) worst: (usize, String),
}

impl Tally {
    fn add(&mut self, name: &str, old: &Graph, made: &Made, models: &Models) {
        let matching = Matching::new(old, &made.graph);
        let twins = edits::interchangeable(old);
        self.cases += 1;
        for (new, old) in made.origins.iter().enumerate() {
            let found = matching.old_of(NodeId::new(new)).map(NodeId::index);
            self.pairs += usize::from(old.is_some());
            self.found += usize::from(found.is_some());
            let is_right = found.zip(*old).is_some_and(|(found, old)| twins[found] == twins[old]);
            self.right += usize::from(is_right);
        }
        let (changes, told) = (changes(old, made), told(old, &made.graph, models));
        self.changes += changes;
        self.told += told;
        self.longer += usize::from(told > changes);
        let more = told.saturating_sub(changes);
        if more > self.worst.0 {
            self.worst = (more, format!("{name}: {told} for {changes}"));
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "counts of nodes")]
    pub(crate) fn share(part: usize, whole: usize) -> f64 {
        if whole == 0 { 1.0 } else { part as f64 / whole as f64 }
    }

    fn row(&self, what: &str, out: &mut String) {
        let percent = |part, whole| 100.0 * Self::share(part, whole);
        let _ = writeln!(
            out,
            "| {what} | {:.2} % | {:.2} % | {:.3} | {:.1} % | {} |",
            percent(self.right, self.found),
            percent(self.right, self.pairs),
            Self::share(self.told, self.changes),
            percent(self.longer, self.cases),
            self.worst.0,
        );
    }
}

/// How many changes it takes to tell what was done, by the true pairs.
fn changes(old: &Graph, made: &Made) -> usize {
    let mut count = 0;
    let mut stays = vec![false; old.len()];
    for (new, origin) in made.origins.iter().enumerate() {
        let Some(before) = *origin else {
            count += 1;
            continue;
        };
        stays[before] = true;
        let (was, now) = (old.node(NodeId::new(before)), made.graph.node(NodeId::new(new)));
        count += usize::from(was.class_type != now.class_type);
        let is_same = |was: &Argument, now: &Argument| match (was, now) {
            (Argument::Link { from, slot }, Argument::Link { from: other, slot: of_other }) => {
                slot == of_other && made.origins[other.index()] == Some(from.index())
            }
            (Argument::Literal(was), Argument::Literal(now)) => was == now,
            _ => false,
        };
        let given = now.inputs().iter().filter(|input| {
            !was.input(&input.name).is_some_and(|before| is_same(&before.value, &input.value))
        });
        count += given.count();
        count += was.inputs().iter().filter(|input| now.input(&input.name).is_none()).count();
    }
    count + stays.iter().filter(|stays| !**stays).count()
}

/// How many changes are told, without those that follow from others.
fn told(old: &Graph, new: &Graph, models: &Models) -> usize {
    let found = diff(&side(old, models), &side(new, models));
    let follows = |change: &&Change| {
        matches!(change, Change::Reordered { .. } | Change::PackNeeded { .. } | Change::PackUnneeded { .. })
    };
    found.changes.iter().filter(|change| !follows(change)).count()
}

fn side<'s>(graph: &'s Graph, models: &'s Models) -> Side<'s> {
    Side {
        name: String::new(),
        kind: "api",
        graph,
        models,
        findings: None,
        manifest: None,
        workflows: None,
        looks: None,
        machine: None,
        budget: None,
        assume: Assume::default(),
    }
}

/// What is done to workflows: how many edits of which kind, and what becomes of ids.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Script {
    pub(crate) kind: Kind,
    pub(crate) edits: usize,
    pub(crate) ids: Ids,
}

impl Script {
    const fn new(kind: Kind, edits: usize, ids: Ids) -> Self {
        Self { kind, edits, ids }
    }

    fn all() -> Vec<Self> {
        let mut all = vec![Self::new(Kind::Nothing, 0, Ids::New)];
        let kinds =
            [Kind::Value, Kind::Swap, Kind::Rewire, Kind::Insert, Kind::Copy, Kind::Remove, Kind::Class];
        all.extend(kinds.map(|kind| Self::new(kind, 1, Ids::New)));
        for edits in [1, 3, 10] {
            all.extend([Ids::New, Ids::Kept, Ids::Half].map(|ids| Self::new(Kind::Any, edits, ids)));
        }
        all.push(Self::new(Kind::Untitled, 3, Ids::New));
        all
    }

    fn name(self) -> String {
        let edits = match (self.kind, self.edits) {
            (Kind::Nothing, _) => "none".to_owned(),
            (Kind::Any, 1) => "1, of any kind".to_owned(),
            (Kind::Any, edits) => format!("{edits}, of any kind"),
            (Kind::Untitled, edits) => format!("{edits}, and no title stays"),
            (kind, _) => kind.name().to_owned(),
        };
        format!("{edits} | {}", self.ids.name())
    }

    pub(crate) fn run(self, workflows: &[(String, Graph)], cases: usize) -> Tally {
        let models = Models::embedded();
        let mut tally = Tally::default();
        for (name, graph) in workflows {
            for case in 0..cases {
                let mut random = Random::new(name, case);
                let mut draft = Draft::of(graph);
                for _ in 0..self.edits {
                    draft.edit(self.kind, &mut random);
                }
                if self.kind == Kind::Untitled {
                    draft.forget_titles();
                }
                tally.add(name, graph, &draft.finish(self.ids, &mut random), &models);
            }
        }
        tally
    }
}

/// The tables, for the repository's presets and for the corpus if it is there.
pub(crate) fn run(arguments: &[&str], root: &std::path::Path) -> Result<String, String> {
    let cases = match arguments {
        [] => CASES,
        [count] => count.parse().map_err(|_| format!("{count} is no number of cases"))?,
        _ => return Err("usage: cargo xtask eval-diff [CASES]".to_owned()),
    };
    let mut out = String::new();
    let presets = workflows::presets(root)?;
    table("presets", &presets, cases, &mut out);
    match workflows::corpus(root)? {
        Some(corpus) => table("workflows of the corpus", &corpus, cases, &mut out),
        None => out.push_str("\nThere is no corpus in ../shared/corpus.\n"),
    }
    Ok(out)
}

fn table(what: &str, workflows: &[(String, Graph)], cases: usize, out: &mut String) {
    let nodes: usize = workflows.iter().map(|(_, graph)| graph.len()).sum();
    let _ = writeln!(out, "\n{} {what}, {nodes} nodes, {cases} cases of each:\n", workflows.len());
    out.push_str("| edits | ids | pairs that are true | true pairs found | changes told / made | cases told longer | most too many |\n");
    out.push_str("| --- | --- | --- | --- | --- | --- | --- |\n");
    for script in Script::all() {
        let tally = script.run(workflows, cases);
        tally.row(&script.name(), out);
        if std::env::var_os("WFC_WORST").is_some() && tally.worst.0 > 0 {
            let _ = writeln!(out, "    worst: {}", tally.worst.1);
        }
    }
}
