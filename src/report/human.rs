//! Diagnostics for people: marked excerpts of the files, and one summary line.

use std::cmp::Reverse;
use std::fmt::Write as _;

use super::snippet::{self, printable};
use super::{FileReport, Summary, statistics};
use crate::diag::{Diagnostic, NodeRef, Severity};
use crate::source::Sources;

/// So many diagnostics of one file are shown; who faces more needs another tool than a terminal.
const MAX_SHOWN: usize = 100;

/// What the terminal can do.
#[derive(Clone, Copy, Debug)]
pub struct HumanOptions {
    /// Use ANSI colours.
    pub color: bool,
    /// Draw with box characters instead of ASCII.
    pub unicode: bool,
    /// Columns; longer source lines are shortened. Messages are never wrapped: terminals do that, and
    /// text stays searchable.
    pub width: usize,
}

impl Default for HumanOptions {
    /// What every terminal and log can do.
    fn default() -> Self {
        Self { color: false, unicode: false, width: 100 }
    }
}

/// All files' diagnostics and the summary.
pub(super) fn render(sources: &Sources, files: &[FileReport], options: HumanOptions) -> String {
    let mut out = String::new();
    let paint = Paint(options.color);
    for file in files {
        let mut shown: Vec<&Diagnostic> = file.diagnostics.iter().collect();
        if shown.len() > MAX_SHOWN {
            shown.sort_by_key(|diagnostic| Reverse(diagnostic.severity));
            shown.truncate(MAX_SHOWN);
        }
        for diagnostic in &shown {
            push_diagnostic(&mut out, sources, file, diagnostic, options);
            out.push('\n');
        }
        let rest = file.diagnostics.len() - shown.len();
        if rest > 0 {
            let dots = if options.unicode { "…" } else { "..." };
            let path = printable(&file.path.to_string_lossy());
            let _ = writeln!(out, "{dots} and {rest} more in {path} (--format json lists all)\n");
        }
    }
    let summary = Summary::of(files);
    let _ = writeln!(out, "{}", paint.text(summary_color(summary), &summary_line(summary)));
    out
}

/// How often each rule found something, and the summary.
pub(super) fn render_statistics(files: &[FileReport], options: HumanOptions) -> String {
    let paint = Paint(options.color);
    let mut out = String::new();
    let counts = statistics::counts(files);
    let width = counts.iter().map(|count| count.count.to_string().len()).max().unwrap_or_default();
    for count in &counts {
        let fixable = match count.fixable {
            0 => String::new(),
            all if all == count.count => ", --fix repairs them".to_owned(),
            some => format!(", --fix repairs {some}"),
        };
        let files = if count.files == 1 { "1 file".to_owned() } else { format!("{} files", count.files) };
        let head = format!("{}[{}]", count.severity, count.rule);
        let color = severity_color(count.kind);
        let _ = writeln!(out, "{:width$} {} in {files}{fixable}", count.count, paint.text(color, &head));
    }
    if !counts.is_empty() {
        out.push('\n');
    }
    let summary = Summary::of(files);
    let _ = writeln!(out, "{}", paint.text(summary_color(summary), &summary_line(summary)));
    out
}

/// One diagnostic, with its excerpts.
pub(super) fn push_diagnostic(
    out: &mut String,
    sources: &Sources,
    file: &FileReport,
    diagnostic: &Diagnostic,
    options: HumanOptions,
) {
    let paint = Paint(options.color);
    let head = format!("{}[{}]", diagnostic.severity.name(), diagnostic.rule);
    let head = paint.text(severity_color(diagnostic.severity), &head);
    let message = printable(&diagnostic.message).replace('\n', "\n    ");
    let _ = writeln!(out, "{head}{}", paint.text(BOLD, &format!(": {message}")));
    out.push_str(&snippet::render(sources, &diagnostic.labels, diagnostic.severity, options));

    let mut note = |name: &str, text: &str| {
        let indent = " ".repeat(name.len() + 4);
        let text = printable(text).replace('\n', &format!("\n{indent}"));
        let _ = writeln!(out, "  {} {text}", paint.text(CYAN, &format!("{name}:")));
    };
    // A problem may show only in a file that this one uses, or nowhere.
    if !diagnostic.labels.iter().any(|label| sources.file(label.span.file).path() == file.path) {
        note("file", &file.path.to_string_lossy());
    }
    if let Some(node) = &diagnostic.node {
        note("node", &describe(node));
    }
    if !diagnostic.path.is_empty() {
        note("path", &way(&diagnostic.path, options.unicode));
    }
    if let Some(help) = &diagnostic.help {
        note("help", help);
    }
    if let Some(fix) = &diagnostic.fix {
        let option = if fix.safe { "--fix" } else { "--fix --unsafe" };
        note("fix", &format!("{} ({option})", fix.title));
    }
}

/// So many nodes of a way are shown from each of its ends.
const MAX_WAY: usize = 20;

/// `a → b → c`
fn way(keys: &[String], unicode: bool) -> String {
    let (arrow, dots) = if unicode { (" → ", "…") } else { (" -> ", "...") };
    match (keys.get(..MAX_WAY), keys.len().checked_sub(MAX_WAY).and_then(|at| keys.get(at..))) {
        (Some(first), Some(last)) if keys.len() > 2 * MAX_WAY => {
            [first.join(arrow), dots.to_owned(), last.join(arrow)].join(arrow)
        }
        _ => keys.join(arrow),
    }
}

fn describe(node: &NodeRef) -> String {
    let input = node.input.as_ref().map(|input| format!(", input `{input}`")).unwrap_or_default();
    let class = if node.class_type.is_empty() { String::new() } else { format!(" ({})", node.class_type) };
    format!("`{}`{class}{input}", node.key)
}

/// `2 errors, 1 warning in 3 files`
pub(super) fn summary_line(summary: Summary) -> String {
    let count = |n: usize, word: &str| match n {
        0 => None,
        1 => Some(format!("1 {word}")),
        n => Some(format!("{n} {word}s")),
    };
    let Some(files) = count(summary.files, "file") else { return "no files".to_owned() };
    let found =
        [count(summary.errors, "error"), count(summary.warnings, "warning"), count(summary.infos, "info")];
    let found: Vec<String> = found.into_iter().flatten().collect();
    if found.is_empty() {
        format!("no problems in {files}")
    } else {
        format!("{} in {files}", found.join(", "))
    }
}

const BOLD: &str = "1";
const CYAN: &str = "36";

const fn severity_color(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "1;31",
        Severity::Warning => "1;33",
        Severity::Info => "1;36",
    }
}

const fn summary_color(summary: Summary) -> &'static str {
    match summary {
        Summary { errors: 1.., .. } => severity_color(Severity::Error),
        Summary { warnings: 1.., .. } => severity_color(Severity::Warning),
        Summary { .. } => BOLD,
    }
}

/// Colours text, or not.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Paint(pub(crate) bool);

impl Paint {
    /// `text` with an ANSI graphic rendition such as `1;31`.
    pub(crate) fn text(self, rendition: &str, text: &str) -> String {
        if self.0 { format!("\u{1b}[{rendition}m{text}\u{1b}[0m") } else { text.to_owned() }
    }
}

#[cfg(test)]
mod tests;
