//! How often each rule found something.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use super::FileReport;
use crate::diag::{Gate, Severity};

/// What one rule found in all files.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub(super) struct RuleCount {
    /// Name of the rule.
    pub(super) rule: &'static str,
    /// What judges, as in a diagnostic.
    #[schemars(extend("enum" = ["format", "check", "lint"]))]
    pub(super) gate: &'static str,
    /// How bad the findings are; a rule that has another level in some files is counted twice.
    #[schemars(extend("enum" = ["error", "warning", "info"]))]
    pub(super) severity: &'static str,
    /// The same, for whoever paints it.
    #[serde(skip)]
    pub(super) kind: Severity,
    /// How many findings there are.
    pub(super) count: usize,
    /// In how many files.
    pub(super) files: usize,
    /// How many of them have a safe repair.
    pub(super) fixable: usize,
}

/// The counts of all rules that found something, the most frequent ones first, and then by name.
pub(super) fn counts(files: &[FileReport]) -> Vec<RuleCount> {
    let mut counts: BTreeMap<(&str, Reverse<Severity>, Gate), (RuleCount, usize)> = BTreeMap::new();
    for (number, file) in files.iter().enumerate() {
        for found in &file.diagnostics {
            let new = RuleCount {
                rule: found.rule,
                gate: found.gate.name(),
                severity: found.severity.name(),
                kind: found.severity,
                count: 0,
                files: 0,
                fixable: 0,
            };
            let key = (found.rule, Reverse(found.severity), found.gate);
            let (count, last) = counts.entry(key).or_insert((new, usize::MAX));
            count.count += 1;
            count.files += usize::from(*last != number);
            count.fixable += usize::from(found.fix.as_ref().is_some_and(|fix| fix.safe));
            *last = number;
        }
    }
    let mut counts: Vec<RuleCount> = counts.into_values().map(|(count, _)| count).collect();
    counts.sort_by_key(|count| Reverse(count.count));
    counts
}
