//! What a change of a repository does to its workflows, put together for reviewers: plain data, and a renderer for each
//! format. The texts of rules come from the caller, as do files and the names of revisions.

mod chart;
mod comment;
mod details;
mod page;
mod rows;
mod terminal;
mod view;

use super::changes::{Diff, Finding, SeverityName};
use super::compare::diff_with;
use super::compose::compose;
use super::consequences::plan_of;
use super::matching::Matching;
use super::picture::{Options, Picture};
use super::side::Side;

pub use chart::{Bar, Chart, ChartStep, PARTS};
pub use comment::{MAX_COMMENT, comment};
pub use details::{InputDetails, NodeDetails};
pub use page::page;
pub use rows::unified;
pub use terminal::terminal;
pub use view::Explain;

/// A change of a repository.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// What the old side is called: a revision, or a file.
    pub old: String,
    /// What the new side is called.
    pub new: String,
    /// What changed, in the order of the names.
    pub entries: Vec<Entry>,
    /// The names of what is the same on both sides.
    pub same: Vec<String>,
    /// What a reader should know of the comparison itself.
    pub notes: Vec<String>,
    /// Files that changed and that several workflows may be made from.
    pub files: Vec<FileDiff>,
}

/// A file that changed, line by line.
#[derive(Clone, Debug)]
pub struct FileDiff {
    /// Its path.
    pub name: String,
    /// The lines that changed, in the form of `diff -u`.
    pub text: String,
}

/// What became of a workflow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It is the same.
    Same,
    /// It does something else, or something else follows from it.
    Changed,
    /// It was not there.
    Added,
    /// It is no longer there.
    Removed,
    /// It cannot be compiled any more.
    Broken,
    /// It could not be compiled and now can.
    Repaired,
    /// It cannot be compiled on either side.
    Unreadable,
}

impl State {
    /// For people, in a word or two.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Same => "same",
            Self::Changed => "changed",
            Self::Added => "added",
            Self::Removed => "removed",
            Self::Broken => "broken now",
            Self::Repaired => "repaired",
            Self::Unreadable => "not compiled",
        }
    }
}

/// A workflow on one side of a comparison.
#[derive(Clone)]
pub enum Read<'s> {
    /// It could be read.
    Workflow(&'s Side<'s>),
    /// It is there, and gives no workflow: what is wrong with it, for people.
    Broken(String),
    /// It is not there.
    Missing,
}

/// A workflow, and what changed.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Its path.
    pub name: String,
    /// What became of it.
    pub state: State,
    /// What changed, if it can be read on both sides.
    pub diff: Option<Diff>,
    /// Both workflows in one picture, or the one that there is.
    pub picture: Option<Picture>,
    /// What its nodes are given, in the order of the picture's blocks.
    pub nodes: Vec<NodeDetails>,
    /// Memory of the card, step by step; nothing if no step can be told.
    pub chart: Option<Chart>,
    /// What the checks find in the only side that there is.
    pub findings: Vec<Finding>,
    /// What is wrong with the sides that give no workflow: `before` or `after`, and the text.
    pub problems: Vec<(&'static str, String)>,
    /// What changed in its own file, in the form of `diff -u`; empty if nothing.
    pub raw: String,
    /// The names of those of [`Report::files`] that it is made from.
    pub files: Vec<String>,
}

impl Entry {
    /// Compares two sides; what cannot be compared is shown as far as it can be read.
    #[must_use]
    pub fn of(name: &str, old: &Read<'_>, new: &Read<'_>) -> Self {
        let mut entry = Self {
            name: name.to_owned(),
            state: State::Same,
            diff: None,
            picture: None,
            nodes: Vec::new(),
            chart: None,
            findings: Vec::new(),
            problems: Vec::new(),
            raw: String::new(),
            files: Vec::new(),
        };
        for (side, which) in [(old, "before"), (new, "after")] {
            if let Read::Broken(text) = side {
                entry.problems.push((which, text.clone()));
            }
        }
        match (old, new) {
            (Read::Workflow(old), Read::Workflow(new)) => entry.compare(old, new),
            (Read::Workflow(side), other) => {
                entry.state = if matches!(other, Read::Missing) { State::Removed } else { State::Broken };
                entry.alone(side, true);
            }
            (other, Read::Workflow(side)) => {
                entry.state = if matches!(other, Read::Missing) { State::Added } else { State::Repaired };
                entry.alone(side, false);
            }
            (Read::Missing, Read::Missing) => {}
            (_, Read::Broken(_)) => {
                entry.state = if matches!(old, Read::Missing) { State::Broken } else { State::Unreadable };
            }
            (Read::Broken(_), Read::Missing) => entry.state = State::Removed,
        }
        entry
    }

    fn compare(&mut self, old: &Side<'_>, new: &Side<'_>) {
        let matching = Matching::new(old.graph, new.graph);
        let plans = [plan_of(old), plan_of(new)];
        let diff = diff_with(old, new, &matching, [&plans[0], &plans[1]]);
        let found = diff.consequences.findings.as_ref();
        let is_same = diff.same
            && diff.looks.is_empty()
            && diff.consequences.interface.is_empty()
            && found.is_none_or(|found| found.new.is_empty() && found.gone.is_empty())
            && old.budget == new.budget
            && old.machine.as_ref().map(|machine| &machine.id)
                == new.machine.as_ref().map(|machine| &machine.id);
        if !is_same {
            self.state = State::Changed;
            self.picture = Some(compose(old, new, &matching, &self.name));
            self.nodes = details::both(old, new, &matching);
            self.chart = Chart::of([Some((old, &plans[0])), Some((new, &plans[1]))], &matching);
        }
        self.diff = Some(diff);
    }

    fn alone(&mut self, side: &Side<'_>, is_old: bool) {
        let stages = side.manifest.map(|manifest| manifest.graph.stages.as_slice()).unwrap_or_default();
        let stages: Vec<_> = stages.iter().map(|stage| stage.as_str().into()).collect();
        let options = Options { title: &self.name, stages: &stages, models: side.models };
        self.picture = Some(Picture::of(side.graph, &options));
        self.nodes = details::one(side);
        let plan = plan_of(side);
        let sides = [(side, &plan)].map(Some);
        let sides = if is_old { [sides[0], None] } else { [None, sides[0]] };
        self.chart = Chart::of(sides, &Matching::default());
        let found = |found: &crate::diag::Diagnostic| Finding {
            rule: found.rule.to_owned(),
            severity: SeverityName(found.severity),
            message: found.message.clone(),
            node: found.node.as_ref().map(|node| node.key.clone()),
            input: found.node.as_ref().and_then(|node| node.input.clone()),
        };
        self.findings = side.findings.unwrap_or_default().iter().map(found).collect();
    }

    /// What changed, in one line.
    #[must_use]
    pub fn summary(&self) -> String {
        let words = |text: &str| text.to_owned();
        match (self.state, &self.diff) {
            (_, Some(diff)) if !diff.same => super::words::summary(diff),
            (State::Same, _) => words("the same workflow"),
            (State::Changed, _) => words("the same workflow; something else follows from it"),
            (State::Added, _) => words("a new workflow"),
            (State::Removed, _) => words("no longer there"),
            (State::Broken, _) => words("it cannot be compiled any more"),
            (State::Repaired, _) => words("it could not be compiled before"),
            (State::Unreadable, _) => words("it cannot be compiled, before or after"),
        }
    }
}
