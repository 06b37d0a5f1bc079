//! The findings that were known when a project began to be checked, so that only new ones are reported.
//!
//! A finding is known by its file, its rule, and the node and input that it is about, or by what it says where it is
//! about no node. Lines may move. What a file that cannot be read is reported for is never known: nobody has seen
//! what is in such a file.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::num::NonZeroU32;
use std::sync::Arc;

use toml_writer::{ToTomlValue as _, TomlStringBuilder};

use crate::diag::{Diagnostic, Diagnostics, Gate};
use crate::front::toml::baseline::BaselineFile;

/// The version of the file's shape.
const VERSION: u32 = 1;

/// The first lines of the file.
const HEAD: &str = "# Findings that `wfc lint --baseline` does not report; written by `--update-baseline`.\n";

/// What is known of each file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Baseline(BTreeMap<Arc<str>, BTreeMap<Key, usize>>);

/// What a finding is known by; the message only where there is no node.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    rule: Arc<str>,
    node: Option<Arc<str>>,
    input: Option<Arc<str>>,
    message: Option<Arc<str>>,
}

impl Key {
    /// The key of a finding that can be known.
    fn of(found: &Diagnostic) -> Option<Self> {
        if found.gate == Gate::Format || found.rule == "not-evaluated" {
            return None;
        }
        let node = found.node.as_ref();
        Some(Self {
            rule: found.rule.into(),
            node: node.map(|node| node.key.as_str().into()),
            input: node.and_then(|node| node.input.as_deref()).map(Into::into),
            message: node.is_none().then(|| found.message.as_str().into()),
        })
    }
}

impl Baseline {
    /// What a file says. Another version of its shape is reported.
    pub fn read(file: &BaselineFile, diagnostics: &mut Diagnostics) -> Self {
        let mut baseline = Self::default();
        if file.version.get().get() != VERSION {
            let message = format!("this version of wfc reads baselines of version {VERSION}");
            diagnostics.push(Diagnostic::format("unknown-version", message).at(file.version.span(), ""));
            return baseline;
        }
        for known in &file.findings {
            let key = Key {
                rule: known.rule.clone(),
                node: known.node.clone(),
                input: known.input.clone(),
                message: known.message.clone(),
            };
            let count = known.count.map_or(1, |count| count.get() as usize);
            *baseline.0.entry(known.path.clone()).or_default().entry(key).or_default() += count;
        }
        baseline
    }

    /// Drops the known ones among the findings of a file. If there are more of a kind than are known, all of them
    /// stay, since nobody can tell which are new.
    ///
    /// Gives how many entries are stale: they stand for more than was found.
    pub fn retain_new(&self, path: &str, findings: &mut Vec<Diagnostic>) -> usize {
        let Some(known) = self.0.get(path) else { return 0 };
        let found = counts(findings);
        let is_known = |found: &Diagnostic, count: &BTreeMap<Key, usize>| {
            let key = Key::of(found);
            key.is_some_and(|key| known.get(&key).is_some_and(|known| count.get(&key) <= Some(known)))
        };
        findings.retain(|finding| !is_known(finding, &found));
        known.iter().filter(|(key, known)| found.get(key).is_none_or(|found| found < known)).count()
    }

    /// Takes the findings of a file in the place of what was known of it.
    pub fn set(&mut self, path: &str, findings: &[Diagnostic]) {
        let counts = counts(findings);
        if counts.is_empty() {
            self.0.remove(path);
        } else {
            self.0.insert(path.into(), counts);
        }
    }

    /// Forgets the files that are not `wanted`; gives how many entries that were.
    pub fn retain_files(&mut self, wanted: impl Fn(&str) -> bool) -> usize {
        let before = self.entries();
        self.0.retain(|path, _| wanted(path));
        before - self.entries()
    }

    /// How many entries there are.
    #[must_use]
    pub fn entries(&self) -> usize {
        self.0.values().map(BTreeMap::len).sum()
    }

    /// The files of which something is known.
    #[must_use]
    pub fn files(&self) -> BTreeSet<&str> {
        self.0.keys().map(|path| &**path).collect()
    }

    /// The text of the file, one finding a line.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut text = format!("{HEAD}version = {VERSION}\nfindings = [\n");
        let quoted = |value: &str| TomlStringBuilder::new(value).as_basic().to_toml_value();
        for (path, known) in &self.0 {
            for (key, count) in known {
                let _ = write!(text, "  {{ path = {}, rule = {}", quoted(path), quoted(&key.rule));
                for (name, value) in [("node", &key.node), ("input", &key.input), ("message", &key.message)] {
                    if let Some(value) = value {
                        let _ = write!(text, ", {name} = {}", quoted(value));
                    }
                }
                let count =
                    u32::try_from(*count).ok().and_then(NonZeroU32::new).filter(|count| count.get() > 1);
                if let Some(count) = count {
                    let _ = write!(text, ", count = {count}");
                }
                text.push_str(" },\n");
            }
        }
        text.push_str("]\n");
        text
    }
}

/// How often each kind of finding is found.
fn counts(findings: &[Diagnostic]) -> BTreeMap<Key, usize> {
    let mut counts = BTreeMap::new();
    for key in findings.iter().filter_map(Key::of) {
        *counts.entry(key).or_default() += 1;
    }
    counts
}
