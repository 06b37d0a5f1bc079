//! A diff for a terminal.

use std::fmt::Write as _;

use super::changes::{Change, Diff, Finding, Group};
use super::words::{self, Row};
use crate::diag::Severity;

/// So many lines of a group are shown.
const MAX_SHOWN: usize = 60;

/// What the terminal can do.
#[derive(Clone, Copy, Debug, Default)]
pub struct Style {
    /// Use ANSI colours.
    pub color: bool,
}

#[derive(Clone, Copy)]
pub(super) enum Ink {
    Plain,
    Bold,
    Dim,
    Green,
    Red,
    Yellow,
}

impl Style {
    /// A headline.
    #[must_use]
    pub fn bold(self, text: &str) -> String {
        self.ink(Ink::Bold, text)
    }

    /// A line that is there (`+`) or no longer there (`-`).
    #[must_use]
    pub fn sign(self, sign: &str, text: &str) -> String {
        let ink = if sign == "+" { Ink::Green } else { Ink::Red };
        self.ink(ink, &format!("{sign}{text}"))
    }

    pub(super) fn ink(self, ink: Ink, text: &str) -> String {
        let code = match ink {
            Ink::Bold => "1",
            Ink::Dim => "2",
            Ink::Green => "32",
            Ink::Red => "31",
            Ink::Yellow => "33",
            Ink::Plain => return text.to_owned(),
        };
        if self.color && !text.is_empty() { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }
}

/// A diff for a terminal.
#[must_use]
pub fn human(diff: &Diff, style: Style) -> String {
    let mut out = String::new();
    let (old, new) = (words::printable(&diff.old.name), words::printable(&diff.new.name));
    let _ = writeln!(out, "{}", style.ink(Ink::Bold, &format!("{old} → {new}")));
    let _ = writeln!(out, "{}", words::summary(diff));
    if let Some(looks) = words::looks(diff) {
        let _ = writeln!(out, "{}", style.ink(Ink::Dim, &looks));
    }
    for group in Group::ALL {
        let lines = lines(diff, group, style);
        section(&mut out, group.title(), lines, style);
    }
    consequences(&mut out, diff, style);
    for note in words::notes(diff) {
        let _ = writeln!(out, "\n{}", style.ink(Ink::Dim, &format!("note: {note}")));
    }
    out
}

fn section(out: &mut String, title: &str, lines: Vec<String>, style: Style) {
    if lines.is_empty() {
        return;
    }
    let _ = writeln!(out, "\n{}", style.ink(Ink::Bold, title));
    let rest = lines.len().saturating_sub(MAX_SHOWN);
    for line in lines.into_iter().take(MAX_SHOWN) {
        let _ = writeln!(out, "{}", line.trim_end());
    }
    if rest > 0 {
        let more =
            format!("  … and {} (--format json lists all)", words::count(rest, "more line", "more lines"));
        let _ = writeln!(out, "{}", style.ink(Ink::Dim, &more));
    }
}

fn lines(diff: &Diff, group: Group, style: Style) -> Vec<String> {
    if group == Group::Parameters {
        return rows(&words::parameters(&diff.changes), style);
    }
    let changes = diff.changes.iter().filter(|change| change.group() == group);
    changes.flat_map(|change| change_lines(change, diff, style)).collect()
}

fn change_lines(change: &Change, diff: &Diff, style: Style) -> Vec<String> {
    let added = |text: &str| style.ink(Ink::Green, &format!("+ {text}"));
    let removed = |text: &str| style.ink(Ink::Red, &format!("- {text}"));
    let dim = |text: String| style.ink(Ink::Dim, &words::printable(&text));
    let stage =
        |stage: &Option<String>| stage.as_ref().map(|stage| format!(", step {stage}")).unwrap_or_default();
    match change {
        Change::Model { node, input, old, new } => vec![
            format!("  {}  {}", words::place(node, input), dim(node.class_type.clone())),
            format!("    {}  {}", removed(&words::printable(&old.file)), dim(words::model(old))),
            format!("    {}  {}", added(&words::printable(&new.file)), dim(words::model(new))),
        ],
        Change::Added { node, stage: of, .. } => {
            vec![format!(
                "  {}  {}",
                added(&words::node(node)),
                dim(format!("{}{}", node.class_type, stage(of)))
            )]
        }
        Change::Removed { node, stage: of } => {
            vec![format!(
                "  {}  {}",
                removed(&words::node(node)),
                dim(format!("{}{}", node.class_type, stage(of)))
            )]
        }
        Change::Replaced { node, old, new } => {
            let (old, new) = (words::printable(old), words::printable(new));
            let differing = words::differing(&diff.changes, node);
            let head = style.ink(Ink::Yellow, &format!("~ {}", words::node(node)));
            vec![format!("  {head}: {old} → {new}{differing}")]
        }
        Change::Link { node, input, old, new } => {
            let (old, new) = (words::given(old.as_ref()), words::given(new.as_ref()));
            vec![format!("  {}: {old} → {new}", words::place(node, input))]
        }
        // These have columns of their own.
        Change::Parameter { .. } => Vec::new(),
        Change::Reordered { first, second } => {
            let (first, second) = (words::node(first), words::node(second));
            vec![format!("  {first} came before {second}, and now comes behind it")]
        }
        Change::Stages { old, new } => {
            let list = |stages: &[String]| words::printable(&stages.join(", "));
            vec![format!("  steps: {} → {}", list(old), list(new))]
        }
        Change::PackNeeded { pack, classes } => {
            vec![format!("  {}  {}", added(&words::printable(pack)), dim(classes.join(", ")))]
        }
        Change::PackUnneeded { pack } => vec![format!("  {}", removed(&words::printable(pack)))],
    }
}

/// Names, values before and after, and what is to be said of them, in columns.
pub(super) fn rows(rows: &[Row], style: Style) -> Vec<String> {
    let width =
        |of: fn(&Row) -> &str| rows.iter().map(|row| of(row).chars().count()).max().unwrap_or_default();
    let names = width(|row| &row.name).min(40);
    let pairs: Vec<String> = rows.iter().map(|row| format!("{} → {}", row.old, row.new)).collect();
    let values = pairs.iter().map(|pair| pair.chars().count()).max().unwrap_or_default().min(48);
    let trends = width(|row| &row.trend);
    rows.iter()
        .zip(pairs)
        .map(|(row, pair)| {
            let ink = match row.trend.chars().next() {
                Some('↑' | '↓') => Ink::Yellow,
                _ => Ink::Plain,
            };
            let trend = style.ink(ink, &pad(&row.trend, trends));
            let reaches = style.ink(Ink::Dim, &row.reaches);
            format!("  {}  {}  {trend}  {reaches}", pad(&row.name, names), pad(&pair, values))
        })
        .collect()
}

fn pad(text: &str, width: usize) -> String {
    let missing = width.saturating_sub(text.chars().count());
    format!("{text}{}", " ".repeat(missing))
}

fn consequences(out: &mut String, diff: &Diff, style: Style) {
    let mut memory = rows(&words::amounts(diff), style);
    memory.extend(words::remarks(diff).iter().map(|remark| format!("  {remark}")));
    section(out, "Memory and time", memory, style);
    if let Some(findings) = &diff.consequences.findings {
        let new = findings.new.iter().map(|found| finding(found, "+", style));
        let gone = findings.gone.iter().map(|found| finding(found, "-", style));
        section(out, "Findings", new.chain(gone).collect(), style);
    }
    let interface = diff.consequences.interface.iter().map(|change| {
        let head = if change.breaks { style.ink(Ink::Red, "! ") } else { "  ".to_owned() };
        format!("  {head}{}: {}", words::printable(&change.name), words::printable(&change.what))
    });
    section(out, "Interface (! breaks callers)", interface.collect(), style);
}

pub(super) fn finding(finding: &Finding, sign: &str, style: Style) -> String {
    let ink = match (sign, finding.severity.0) {
        ("-", _) => Ink::Green,
        (_, Severity::Error) => Ink::Red,
        _ => Ink::Yellow,
    };
    let head = style.ink(ink, &format!("{sign} {}[{}]", finding.severity.0.name(), finding.rule));
    let node = finding.node.as_ref().map(|node| match &finding.input {
        Some(input) => format!(" {node}.{input}:"),
        None => format!(" {node}:"),
    });
    format!("  {head}{} {}", words::printable(&node.unwrap_or_default()), words::printable(&finding.message))
}
