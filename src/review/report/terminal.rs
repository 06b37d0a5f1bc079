//! A report for a terminal: a few lines a workflow.

use std::fmt::Write as _;

use super::{Report, State};
use crate::review::human::{Ink, Style, finding, rows};
use crate::review::words::{self, count, printable};

/// So many findings of a workflow are shown.
const MAX_FINDINGS: usize = 8;

impl Report {
    /// What changed, in a line: `3 of 12 workflows changed`.
    #[must_use]
    pub fn headline(&self) -> String {
        let all = self.entries.len() + self.same.len();
        let of = |state: State| self.entries.iter().filter(|entry| entry.state == state).count();
        let known = [
            (State::Changed, "changed"),
            (State::Added, "new"),
            (State::Removed, "gone"),
            (State::Broken, "broken now"),
            (State::Repaired, "repaired"),
            (State::Unreadable, "not compiled"),
        ];
        let said = known.into_iter().map(|(state, word)| (of(state), word)).filter(|(number, _)| *number > 0);
        let said: Vec<String> = said.map(|(number, word)| format!("{number} {word}")).collect();
        let all = count(all, "workflow", "workflows");
        match (self.entries.as_slice(), said.as_slice()) {
            (_, []) => format!("{all}, nothing changed"),
            ([one], _) if self.same.is_empty() => format!("1 workflow {}", one.state.name()),
            (_, [one]) => match one.split_once(' ') {
                Some((number, word)) => format!("{number} of {all} {word}"),
                None => all,
            },
            (_, said) => format!("{all}: {}", said.join(", ")),
        }
    }
}

/// A report for a terminal.
#[must_use]
pub fn terminal(report: &Report, style: Style) -> String {
    let mut out = String::new();
    let sides = format!("{} → {}", printable(&report.old), printable(&report.new));
    let _ = writeln!(out, "{}", style.ink(Ink::Bold, &sides));
    let _ = writeln!(out, "{}", report.headline());
    for note in &report.notes {
        let _ = writeln!(out, "{}", style.ink(Ink::Dim, &format!("note: {}", printable(note))));
    }
    for entry in &report.entries {
        let sign = match entry.state {
            State::Same => style.ink(Ink::Plain, " "),
            State::Changed => style.ink(Ink::Yellow, "~"),
            State::Added | State::Repaired => style.ink(Ink::Green, "+"),
            State::Removed => style.ink(Ink::Red, "-"),
            State::Broken | State::Unreadable => style.ink(Ink::Red, "!"),
        };
        let _ = writeln!(out, "\n{sign} {}", style.ink(Ink::Bold, &printable(&entry.name)));
        let _ = writeln!(out, "  {}", entry.summary());
        let Some(diff) = &entry.diff else {
            for (which, text) in &entry.problems {
                let _ = writeln!(out, "  {which}:");
                for line in text.lines() {
                    let _ = writeln!(out, "    {}", printable(line));
                }
            }
            continue;
        };
        for line in rows(&words::amounts(diff), style) {
            let _ = writeln!(out, "{}", line.trim_end());
        }
        for remark in words::remarks(diff) {
            let _ = writeln!(out, "  {remark}");
        }
        if let Some(found) = &diff.consequences.findings {
            let new = found.new.iter().map(|found| finding(found, "+", style));
            let all: Vec<String> =
                new.chain(found.gone.iter().map(|found| finding(found, "-", style))).collect();
            for line in all.iter().take(MAX_FINDINGS) {
                let _ = writeln!(out, "{line}");
            }
            if all.len() > MAX_FINDINGS {
                let more = format!("  … and {} more findings", all.len() - MAX_FINDINGS);
                let _ = writeln!(out, "{}", style.ink(Ink::Dim, &more));
            }
        }
        let breaks = diff.consequences.interface.iter().filter(|change| change.breaks);
        let breaks: Vec<String> = breaks.map(|change| printable(&change.name)).collect();
        if !breaks.is_empty() {
            let head = style.ink(Ink::Red, "! breaks callers:");
            let _ = writeln!(out, "  {head} {}", breaks.join(", "));
        }
    }
    out
}
