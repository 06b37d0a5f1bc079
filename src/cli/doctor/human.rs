//! A line for each check.

use std::fmt::Write as _;

use super::document::{Document, Summary};
use crate::plan::Amount;
use crate::preflight::{CHECKS, Check, Ready, State};
use crate::report::{HumanOptions, Paint};

const BOLD: &str = "1";
const DIM: &str = "2";
const RED: &str = "31";
const GREEN: &str = "32";
const YELLOW: &str = "33";

pub(super) fn render(document: &Document, options: HumanOptions) -> String {
    let page = Page { paint: Paint(options.color), width: options.width.clamp(40, 120) };
    let mut out = String::new();
    if let Some(server) = &document.server {
        let _ = writeln!(out, "{}", page.paint.text(BOLD, &server.address));
        page.checks(&server.checks, &mut out);
        out.push('\n');
    }
    for workflow in &document.workflows {
        let _ = writeln!(out, "{}", page.paint.text(BOLD, &workflow.file));
        page.checks(&workflow.checks, &mut out);
        if let Some(ready) = &workflow.ready {
            page.ready(ready, &mut out);
        }
        out.push('\n');
    }
    let is_empty = document.server.is_none() && document.workflows.is_empty();
    let summary = if is_empty { "Nothing was checked.".to_owned() } else { page.summary(&document.summary) };
    let _ = writeln!(out, "{summary}");
    out
}

struct Page {
    paint: Paint,
    width: usize,
}

impl Page {
    /// A line for each; those that were skipped for the same reason share one.
    fn checks(&self, checks: &[Check], out: &mut String) {
        let mut reasons: Vec<&str> = Vec::new();
        for check in checks {
            if check.state != State::Skipped {
                self.check(check, out);
                continue;
            }
            if reasons.contains(&&*check.found) {
                continue;
            }
            reasons.push(&check.found);
            let alike =
                checks.iter().filter(|other| other.state == State::Skipped && other.found == check.found);
            let names: Vec<&str> = alike.map(|check| check.name).collect();
            let text = format!("{}: {}", names.join(", "), check.found);
            self.line(&self.paint.text(DIM, "-"), "skipped", &text, out);
        }
    }

    fn check(&self, check: &Check, out: &mut String) {
        let (mark, color) = match check.state {
            State::Pass => ("✓", GREEN),
            State::Warn => ("!", YELLOW),
            State::Fail => ("✗", RED),
            State::Skipped => ("-", DIM),
        };
        self.line(&self.paint.text(color, mark), check.name, &check.found, out);
        for detail in &check.details {
            self.below("· ", detail, out);
        }
        if let Some(fix) = &check.fix {
            self.below("→ ", fix, out);
        }
    }

    fn ready(&self, ready: &Ready, out: &mut String) {
        let parts = [
            ("queue", ready.queue.filter(|queue| queue.high > 0.0)),
            ("upload", Some(ready.upload).filter(|upload| upload.high > 0.0)),
            ("models", Some(ready.load).filter(|load| load.high > 0.0)),
        ];
        let parts: Vec<String> =
            parts.into_iter().filter_map(|(name, part)| Some(format!("{name} {}", range(part?)))).collect();
        let parts = if parts.is_empty() { String::new() } else { format!(": {}", parts.join(", ")) };
        let total = ready.total.map_or_else(
            || "cannot be told".to_owned(),
            |total| {
                if total.high < 1.0 { "at once".to_owned() } else { format!("in {}", expected(total)) }
            },
        );
        self.line(" ", "ready", &format!("{total}{parts}"), out);
        if !ready.notes.is_empty() {
            self.below("· ", &format!("an estimate: {}", ready.notes.join("; ")), out);
        }
    }

    fn line(&self, mark: &str, name: &str, text: &str, out: &mut String) {
        let column = column();
        let mut lines = wrapped(text, self.width.saturating_sub(column)).into_iter();
        let first = lines.next().unwrap_or_default();
        let _ = writeln!(out, "  {mark} {name:<room$}{first}", room = column - 4);
        for line in lines {
            let _ = writeln!(out, "{:column$}{line}", "");
        }
    }

    /// What belongs to the line before.
    fn below(&self, mark: &str, text: &str, out: &mut String) {
        let column = column();
        for (at, line) in wrapped(text, self.width.saturating_sub(column + 2)).into_iter().enumerate() {
            let mark = if at == 0 { mark } else { "  " };
            let _ = writeln!(out, "{:column$}{}", "", self.paint.text(DIM, &format!("{mark}{line}")));
        }
    }

    fn summary(&self, summary: &Summary) -> String {
        let plural =
            |count: usize, noun: &str| format!("{count} {noun}{}", if count == 1 { "" } else { "s" });
        let mut parts = Vec::new();
        if summary.failed > 0 {
            parts.push(self.paint.text(RED, &format!("{} failed", plural(summary.failed, "check"))));
        }
        if summary.warnings > 0 {
            parts.push(self.paint.text(YELLOW, &plural(summary.warnings, "warning")));
        }
        if summary.skipped > 0 {
            parts.push(format!("{} skipped", summary.skipped));
        }
        if parts.is_empty() {
            return self.paint.text(GREEN, "All is well.");
        }
        if summary.failed == 0 {
            return format!("Nothing failed: {}.", parts.join(", "));
        }
        format!("{}.", parts.join(", "))
    }
}

/// Where texts begin.
fn column() -> usize {
    CHECKS.iter().map(|entry| entry.name.len()).max().unwrap_or_default() + 6
}

/// Text in lines of so many characters; what has no blanks stays whole, so that it can be copied.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let line = lines.last().map_or(0, |line| line.chars().count());
        if line > 0 && line + 1 + word.chars().count() > width {
            lines.push(word.to_owned());
        } else if let Some(last) = lines.last_mut() {
            if line > 0 {
                last.push(' ');
            }
            last.push_str(word);
        }
    }
    lines
}

/// `8 s`, `3 min`, `1.5 h`
fn duration(seconds: f64) -> String {
    if seconds < 90.0 {
        format!("{seconds:.0} s")
    } else if seconds < 5400.0 {
        format!("{:.0} min", seconds / 60.0)
    } else {
        format!("{:.1} h", seconds / 3600.0)
    }
}

/// `2 to 8 s` as `2 s to 8 s`
fn range(seconds: Amount) -> String {
    let (low, high) = (duration(seconds.low), duration(seconds.high));
    if low == high { low } else { format!("{low} to {high}") }
}

fn expected(seconds: Amount) -> String {
    let (low, high) = (duration(seconds.low), duration(seconds.high));
    let typical = duration(seconds.typical);
    if low == high { low } else { format!("{low} to {high}, {typical} expected") }
}
