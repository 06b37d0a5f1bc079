//! What `wfc fit` says.

use std::fmt::Write as _;
use std::path::Path;

use serde_json::{Value as Json, json};

use super::{Card, Tried};
use crate::cli::ToolError;
use crate::cli::lint::diff;
use crate::lower::fit::Change;
use crate::plan::{Amount, Verdict, size};

/// How the search ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It fits as it is.
    Fits,
    /// It fits with a change.
    Change,
    /// With a change, what is expected fits; the most that is expected does not.
    Likely,
    /// As it is, what is expected fits; nothing makes it sure.
    OnlyLikely,
    /// Nothing that the graph lets change makes it fit.
    Nothing,
}

impl Outcome {
    pub(super) const fn is_change(self) -> bool {
        matches!(self, Self::Change | Self::Likely)
    }

    const fn key(self) -> &'static str {
        match self {
            Self::Fits => "fits",
            Self::Change => "change",
            Self::Likely => "change-may-fit",
            Self::OnlyLikely => "may-fit",
            Self::Nothing => "nothing-fits",
        }
    }
}

/// An estimate.
#[derive(Clone, Debug)]
struct Estimate {
    device: Amount,
    verdict: Verdict,
    /// The step that needs most: what it does, and its node.
    step: Option<(&'static str, String)>,
    gaps: usize,
}

/// What was found.
pub(in crate::cli) struct Report {
    card: Card,
    pub(super) outcome: Outcome,
    before: Estimate,
    after: Option<Estimate>,
    /// Each with what it costs.
    pub(super) changes: Vec<(Change, String)>,
    /// The best that there is, if nothing fits.
    pub(super) closest: Option<Vec<Change>>,
    pub(super) before_text: Option<String>,
    pub(super) after_text: Option<String>,
}

fn estimate(tried: &Tried, card: &Card) -> Estimate {
    let step = tried.plan.tightest().zip(tried.tightest.clone());
    Estimate {
        device: tried.plan.least.device,
        // Gaps are told apart.
        verdict: tried.plan.steps.iter().map(|step| step.verdict(card.budget)).max().unwrap_or(Verdict::Fits),
        step: step.map(|(step, node)| (step.need.kind.name(), node)),
        gaps: tried.plan.gaps.len(),
    }
}

impl Estimate {
    fn human(&self) -> String {
        let Amount { low, typical, high } = self.device;
        let step = self.step.as_ref().map(|(kind, node)| format!("; most in {kind}, `{node}`"));
        format!(
            "{} ({} to {}): {}{}",
            size(typical),
            size(low),
            size(high),
            self.verdict.text(),
            step.unwrap_or_default()
        )
    }

    fn json(&self) -> Json {
        json!({
            "device": self.device,
            "verdict": self.verdict,
            "stage": self.step.as_ref().map(|(kind, _)| kind),
            "node": self.step.as_ref().map(|(_, node)| node),
            "not_estimated": self.gaps,
        })
    }
}

impl Report {
    pub(super) fn new(card: Card, before: &Tried) -> Self {
        let before = estimate(before, &card);
        Self {
            card,
            outcome: Outcome::Nothing,
            before,
            after: None,
            changes: Vec::new(),
            closest: None,
            before_text: None,
            after_text: None,
        }
    }

    pub(super) fn after(&mut self, after: &Tried) {
        self.after = Some(estimate(after, &self.card));
    }

    /// For a terminal; `hint` says how the change is made.
    pub(in crate::cli) fn human(&self, path: &Path, is_applied: bool, hint: &str) -> String {
        let mut text = String::new();
        let budget = self.card.budget;
        let free = if budget.headroom > 0.0 {
            format!(", {} of them stay free", size(budget.headroom))
        } else {
            String::new()
        };
        let _ = writeln!(text, "{} on {}, {}{free}", path.display(), self.card.name, size(budget.total));
        let _ = writeln!(text, "  as it is  {}", self.before.human());
        if let Some(after) = self.after.as_ref().filter(|_| !self.changes.is_empty()) {
            let _ = writeln!(text, "  changed   {}", after.human());
        }
        if self.before.gaps > 0 {
            let steps = if self.before.gaps == 1 {
                "1 step is".to_owned()
            } else {
                format!("{} steps are", self.before.gaps)
            };
            let _ = writeln!(
                text,
                "  {steps} not estimated, since sizes or models are not known; `wfc plan` lists them"
            );
        }
        if !self.changes.is_empty() {
            let width = |of: fn(&Change) -> &String| {
                self.changes.iter().map(|(change, _)| of(change).chars().count()).max().unwrap_or(0)
            };
            let (keys, from, to) =
                (width(|change| &change.key), width(|change| &change.from), width(|change| &change.to));
            text.push('\n');
            for (change, reason) in &self.changes {
                let Change { key, from: old, to: new } = change;
                let _ = writeln!(text, "  {key:keys$}  {old:>from$} -> {new:to$}  {reason}");
            }
        }
        text.push('\n');
        text.push_str(match self.outcome {
            Outcome::Fits => "It fits as it is.\n",
            Outcome::Change if is_applied => "The preset is changed.\n",
            Outcome::Likely if is_applied => {
                "The preset is changed. It is expected to fit, and nothing that may change makes that sure.\n"
            }
            Outcome::Change => "With this change it fits:\n",
            Outcome::Likely => {
                "With this change it is expected to fit; nothing that may change makes that sure:\n"
            }
            Outcome::OnlyLikely => {
                "It is expected to fit as it is, and nothing that may change makes that sure.\n"
            }
            Outcome::Nothing if self.changes.is_empty() => {
                "Nothing that the graph lets change saves memory where it is needed; it takes a larger card.\n"
            }
            Outcome::Nothing => "Nothing fits: even with all of these changes it takes a larger card.\n",
        });
        if self.outcome.is_change() && !is_applied {
            match (&self.before_text, &self.after_text) {
                (Some(before), Some(after)) => {
                    let _ = write!(text, "\n{}\n{hint}\n", diff(path, before, after));
                }
                _ => text.push_str(
                    "\nThe preset is laid out in a way that wfc does not edit; write the values yourself.\n",
                ),
            }
        }
        text
    }

    /// For programs.
    pub(super) fn json(&self, path: &Path, is_applied: bool) -> Result<String, ToolError> {
        Ok(format!("{}\n", serde_json::to_string_pretty(&self.document(path, is_applied))?))
    }

    /// The same as a value.
    pub(in crate::cli) fn document(&self, path: &Path, is_applied: bool) -> Json {
        let changes: Vec<Json> = self
            .changes
            .iter()
            .map(|(change, reason)| json!({ "key": change.key, "from": change.from, "to": change.to, "reason": reason }))
            .collect();
        let edits = self.before_text.as_ref().zip(self.after_text.as_ref());
        json!({
            "version": 1,
            "preset": path.display().to_string(),
            "card": self.card.gpu.as_ref().map(|gpu| &gpu.id),
            "memory": self.card.budget.total,
            "headroom": self.card.budget.headroom,
            "outcome": self.outcome.key(),
            "applied": is_applied && self.outcome.is_change(),
            "before": self.before.json(),
            "after": self.after.as_ref().map(Estimate::json),
            "changes": changes,
            "diff": edits.map(|(before, after)| diff(path, before, after)),
        })
    }
}
