//! Diagnostics as plain data.
//!
//! Producers push into a [`Diagnostics`]; only `report` knows how one looks on a screen.
//! A diagnostic says what is wrong (message), where (labels), why and what to do (help).

use std::borrow::Cow;
use std::collections::BTreeSet;

use crate::source::{Sources, Span};

/// Which of the tool's gates found the problem.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Gate {
    /// The file itself is wrong: syntax, keys, types, ranges, references inside a preset or graph.
    Format,
    /// What ComfyUI itself would reject. Always an error.
    Check,
    /// What ComfyUI would accept and then waste a GPU on.
    Lint,
}

impl Gate {
    /// The name used in JSON output.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Format => "format",
            Self::Check => "check",
            Self::Lint => "lint",
        }
    }
}

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// Probably wrong.
    Warning,
    /// Wrong: nothing is written.
    Error,
}

impl Severity {
    /// The name used in JSON output.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// A marked place and what it has to do with the problem.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// The place; it may lie in another file than the diagnostic's other labels.
    pub span: Span,
    /// A few words under the underline; may be empty.
    pub text: String,
}

/// A replacement of bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// What is replaced.
    pub span: Span,
    /// By what.
    pub text: String,
}

/// An automatic repair.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fix {
    /// What the repair does, as a sentence.
    pub title: String,
    /// The edits, in order of their spans, not overlapping.
    pub edits: Vec<Edit>,
    /// True if the meaning of the file cannot change in a way its author did not intend.
    pub safe: bool,
}

/// The node of a workflow that a diagnostic is about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NodeRef {
    /// The node's key (ComfyUI's node id).
    pub key: String,
    /// Its class.
    pub class_type: String,
    /// The input in question, if one is.
    pub input: Option<String>,
}

/// One problem.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// Kebab-case name of the rule; it states the defect.
    pub rule: &'static str,
    /// The gate that found it.
    pub gate: Gate,
    /// How bad it is.
    pub severity: Severity,
    /// One terse sentence: what is wrong, with the values involved.
    pub message: String,
    /// The places, the primary one first. Empty only if the problem has no place in a file.
    pub labels: Vec<Label>,
    /// The node, if the problem belongs to one.
    pub node: Option<NodeRef>,
    /// ComfyUI's own error type, for gate [`Gate::Check`].
    pub server_type: Option<&'static str>,
    /// The inputs that ComfyUI's answer names, one for each error that it makes of this problem, where that is
    /// not one error at the input of `node`. Empty if its answer says nothing of this problem.
    pub server_inputs: Option<Vec<Option<String>>>,
    /// Keys of nodes, each linked to the next: the way that the problem is about. Mostly empty.
    pub path: Vec<String>,
    /// What to do about it.
    pub help: Option<String>,
    /// An automatic repair.
    pub fix: Option<Fix>,
}

impl Diagnostic {
    /// An error of gate [`Gate::Format`].
    #[must_use]
    pub fn format(rule: &'static str, message: impl Into<String>) -> Self {
        Self {
            rule,
            gate: Gate::Format,
            severity: Severity::Error,
            message: message.into(),
            labels: Vec::new(),
            node: None,
            server_type: None,
            server_inputs: None,
            path: Vec::new(),
            help: None,
            fix: None,
        }
    }

    /// An error of gate [`Gate::Check`] with ComfyUI's own name for it.
    #[must_use]
    pub fn check(rule: &'static str, server_type: &'static str, message: impl Into<String>) -> Self {
        Self { gate: Gate::Check, server_type: Some(server_type), ..Self::format(rule, message) }
    }

    /// A warning of gate [`Gate::Lint`].
    #[must_use]
    pub fn lint(rule: &'static str, message: impl Into<String>) -> Self {
        Self { gate: Gate::Lint, severity: Severity::Warning, ..Self::format(rule, message) }
    }

    /// The same with a labelled place; the first one added is the primary one.
    #[must_use]
    pub fn at(mut self, span: Span, text: impl Into<String>) -> Self {
        self.labels.push(Label { span, text: text.into() });
        self
    }

    /// The same with a labelled place before all others.
    #[must_use]
    pub fn at_first(mut self, span: Span, text: impl Into<String>) -> Self {
        self.labels.insert(0, Label { span, text: text.into() });
        self
    }

    /// The same with a labelled place, if there is one.
    #[must_use]
    pub fn at_opt(self, span: Option<Span>, text: impl Into<String>) -> Self {
        match span {
            Some(span) => self.at(span, text),
            None => self,
        }
    }

    /// The same with advice.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// The same with advice, if there is any.
    #[must_use]
    pub fn help_opt(mut self, help: Option<String>) -> Self {
        self.help = help.or(self.help);
        self
    }

    /// The same with more advice behind what there is.
    #[must_use]
    pub fn and_help(mut self, more: &str) -> Self {
        self.help = Some(self.help.map_or_else(|| more.to_owned(), |help| format!("{help}; {more}")));
        self
    }

    /// The same as a warning.
    #[must_use]
    pub const fn warning(mut self) -> Self {
        self.severity = Severity::Warning;
        self
    }

    /// The same, about a node.
    #[must_use]
    pub fn node(mut self, node: NodeRef) -> Self {
        self.node = Some(node);
        self
    }

    /// Notes which inputs ComfyUI's answer names, one for each error that it makes of this problem; the node
    /// must be known by now.
    pub fn set_server_inputs(&mut self, inputs: Vec<Option<String>>) {
        let own = self.node.as_ref().and_then(|node| node.input.as_ref());
        let is_own = matches!(inputs.as_slice(), [input] if input.as_ref() == own);
        self.server_inputs = (!is_own).then_some(inputs);
    }

    /// The errors that ComfyUI's answer has for this problem: key of the node, type, input. None for a problem
    /// of another gate than [`Gate::Check`].
    pub fn server_errors(&self) -> impl Iterator<Item = (Option<&str>, &'static str, Option<&str>)> {
        let node = self.node.as_ref();
        let key = node.map(|node| node.key.as_str());
        let inputs: Vec<Option<&str>> = match &self.server_inputs {
            Some(inputs) => inputs.iter().map(Option::as_deref).collect(),
            None => vec![node.and_then(|node| node.input.as_deref())],
        };
        self.server_type
            .into_iter()
            .flat_map(move |kind| inputs.clone().into_iter().map(move |input| (key, kind, input)))
    }

    /// True if `other` says the same of the same places; what it advises may differ.
    #[must_use]
    pub fn is_same_problem(&self, other: &Self) -> bool {
        self.rule == other.rule && self.message == other.message && self.labels == other.labels
    }

    /// The primary place.
    #[must_use]
    pub fn span(&self) -> Option<Span> {
        self.labels.first().map(|label| label.span)
    }
}

/// So many problems at one place are compared with one another to find doubles.
const SAME_PLACE: usize = 32;

/// Most problems of one file that are kept; who has more mends the first ones first.
const MAX_PROBLEMS: usize = 10_000;

/// The problems found so far, in the order they were found. After very many, further ones are counted only.
#[derive(Debug, Default)]
pub struct Diagnostics {
    items: Vec<Diagnostic>,
    errors: usize,
    /// Problems that were not kept, and whether one was an error.
    left_out: (usize, bool),
    /// Where it is said that problems are allowed that were found.
    allowed: BTreeSet<Span>,
}

impl Diagnostics {
    /// None yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds one.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        let is_error = diagnostic.severity == Severity::Error;
        self.errors += usize::from(is_error);
        if self.items.len() < MAX_PROBLEMS {
            self.items.push(diagnostic);
        } else {
            self.left_out = (self.left_out.0 + 1, self.left_out.1 || is_error);
        }
    }

    /// Moves all of `other` here.
    pub fn append(&mut self, other: &mut Self) {
        let (count, is_error) = std::mem::take(&mut other.left_out);
        self.left_out = (self.left_out.0 + count, self.left_out.1 || is_error);
        self.items.append(&mut other.items);
        self.errors += std::mem::take(&mut other.errors);
        self.allowed.append(&mut other.allowed);
    }

    /// Moves here what of `other` says something new.
    pub fn append_new(&mut self, mut other: Self) {
        let known = &self.items;
        other.relevel(|found| {
            (!known.iter().any(|known| known.is_same_problem(found))).then_some(found.severity)
        });
        self.append(&mut other);
    }

    /// Gives every problem the severity that `severity` says, and drops those for which it says none.
    pub fn relevel(&mut self, severity: impl Fn(&Diagnostic) -> Option<Severity>) {
        self.errors = 0;
        let (_, is_error) = self.left_out;
        self.errors += usize::from(is_error);
        for mut diagnostic in std::mem::take(&mut self.items) {
            if let Some(severity) = severity(&diagnostic) {
                diagnostic.severity = severity;
                self.push(diagnostic);
            }
        }
    }

    /// Drops the problems that something allows: `by` gives the places that say so. They are remembered.
    pub fn allow(&mut self, by: impl Fn(&Diagnostic) -> Vec<Span>) {
        let places: Vec<Vec<Span>> = self.items.iter().map(by).collect();
        let mut is_allowed = places.iter().map(|places| !places.is_empty());
        let mut dropped = 0;
        self.items.retain(|item| {
            let is_allowed = is_allowed.next().unwrap_or_default();
            dropped += usize::from(is_allowed && item.severity == Severity::Error);
            !is_allowed
        });
        self.errors -= dropped;
        self.allowed.extend(places.into_iter().flatten());
    }

    /// The places that allowed a problem.
    pub fn allowed(&self) -> impl Iterator<Item = Span> {
        self.allowed.iter().copied()
    }

    /// All, to be completed; their severities are [`relevel`](Self::relevel)'s business.
    pub(crate) fn as_mut_slice(&mut self) -> &mut [Diagnostic] {
        &mut self.items
    }

    /// True if at least one is an error.
    #[must_use]
    pub const fn has_errors(&self) -> bool {
        self.errors > 0
    }

    /// How many errors there are.
    #[must_use]
    pub const fn error_count(&self) -> usize {
        self.errors
    }

    /// All, in the order found.
    pub fn iter(&self) -> std::slice::Iter<'_, Diagnostic> {
        self.items.iter()
    }

    /// True if there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// How many there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.items.len()
    }

    /// All, sorted by file and position, equal ones once; behind them, how many there were beyond.
    #[must_use]
    pub fn into_sorted(mut self) -> Vec<Diagnostic> {
        let (count, is_error) = self.left_out;
        let beyond = (count > 0).then(|| {
            let message = format!("{count} more problems are not shown");
            let problem = Diagnostic::format("too-many-problems", message).help("mend the first ones first");
            if is_error { problem } else { problem.warning() }
        });
        self.items.sort_by_key(Diagnostic::span);
        let mut unique: Vec<Diagnostic> = Vec::with_capacity(self.items.len());
        for item in self.items {
            let mut same_place =
                unique.iter().rev().take(SAME_PLACE).take_while(|known| known.span() == item.span());
            if !same_place.any(|known| *known == item) {
                unique.push(item);
            }
        }
        unique.extend(beyond);
        unique
    }
}

/// What is wrong, or might be, and the files that it is in. `report` renders it; as an error of `main` it is
/// shown whole.
pub struct Problems {
    /// The files that labels refer to.
    pub sources: Sources,
    /// The problems, sorted by place.
    pub diagnostics: Vec<Diagnostic>,
}

impl std::error::Error for Problems {}

impl Extend<Diagnostic> for Diagnostics {
    fn extend<I: IntoIterator<Item = Diagnostic>>(&mut self, diagnostics: I) {
        diagnostics.into_iter().for_each(|diagnostic| self.push(diagnostic));
    }
}

impl<'a> IntoIterator for &'a Diagnostics {
    type Item = &'a Diagnostic;
    type IntoIter = std::slice::Iter<'a, Diagnostic>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// Most edits between a word and what may have been meant by it.
const MAX_EDITS: usize = 3;

/// The candidate nearest to `word`, if it is near enough to be what was meant: at most one edit in
/// three letters, at least one and at most three. Nothing if two are equally near.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let lower = word.to_lowercase();
    let length = word.chars().count();
    let limit = (length / 3).clamp(1, MAX_EDITS);
    let letters = letters(&lower);
    let near = |candidate: &&str| {
        if candidate.is_ascii() && candidate.len().abs_diff(length) > limit {
            return false;
        }
        // Both are less than the distance ever is, and found without looking for it.
        // Upper and lower case of a letter of ASCII are counted together.
        let candidate =
            if candidate.is_ascii() { (*candidate).into() } else { Cow::from(candidate.to_lowercase()) };
        candidate.chars().count().abs_diff(length) <= limit
            && letters.iter().zip(self::letters(&candidate)).map(|(a, b)| a.abs_diff(b)).sum::<usize>()
                <= 2 * limit
    };
    let distance = |candidate: &str| strsim::osa_distance(&lower, &candidate.to_lowercase());
    let mut near: Vec<(usize, &str)> = candidates
        .into_iter()
        .filter(near)
        .map(|candidate| (distance(candidate), candidate))
        .filter(|(distance, _)| *distance <= limit)
        .collect();
    near.sort_unstable();
    near.dedup();
    match near.as_slice() {
        [(least, _), (next, _), ..] if least == next => None,
        [(_, candidate), ..] => Some(candidate),
        [] => None,
    }
}

/// How often the letters of a text occur, letters with the same last five bits together.
fn letters(text: &str) -> [usize; 32] {
    let mut counts = [0; 32];
    for letter in text.chars() {
        counts[letter as usize & 31] += 1;
    }
    counts
}

/// Most candidates that a question names.
const MAX_MEANT: usize = 4;

/// `did you mean …?`: the candidates that begin with `word`, or else the one that is near enough to it.
pub fn did_you_mean<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let candidates: Vec<&str> = candidates.into_iter().collect();
    let longer: Vec<&str> =
        candidates.iter().copied().filter(|candidate| candidate.starts_with(word)).collect();
    if word.len() > 2 && !longer.is_empty() && longer.len() <= MAX_MEANT {
        let names = longer.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>();
        let names = match names.as_slice() {
            [first @ .., last] if !first.is_empty() => format!("{} or {last}", first.join(", ")),
            names => names.concat(),
        };
        return Some(format!("did you mean {names}?"));
    }
    nearest(word, candidates).map(|near| format!("did you mean `{near}`?"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suggestions_are_close_or_silent() {
        let keys = ["cfg", "steps", "positive_prompt"];
        assert_eq!(nearest("cgf", keys), Some("cfg"));
        assert_eq!(nearest("Steps", keys), Some("steps"));
        assert_eq!(nearest("positve_promt", keys), Some("positive_prompt"));
        assert_eq!(nearest("sampler", keys), None);
        assert_eq!(nearest("v2v", ["t2v", "i2v"]), None);
        assert_eq!(nearest("t2vv", ["v2v", "t2v", "i2v"]), Some("t2v"));
        assert_eq!(nearest("", keys), None);
    }

    #[test]
    fn an_unfinished_name_is_completed() {
        let cards = ["a10g", "a100-40gb", "a100-80gb"];
        assert_eq!(did_you_mean("a100", cards).unwrap(), "did you mean `a100-40gb` or `a100-80gb`?");
        assert_eq!(did_you_mean("a10h", cards).unwrap(), "did you mean `a10g`?");
    }
}
