//! A report as Markdown, for a comment on a pull request. It is cut where GitHub would refuse it.

use std::fmt::Write as _;

use super::{Entry, Report};
use crate::review::compose::around_marks;
use crate::review::markdown::{body, capital, code, finding, list, plain};
use crate::review::mermaid;
use crate::review::picture::Picture;
use crate::review::words::{self, count};

/// Most bytes of a comment; GitHub takes 65,536 characters.
pub const MAX_COMMENT: usize = 65_000;
/// Most links and bytes that GitHub draws of a Mermaid diagram are 500 and 50,000.
const MAX_LINKS: usize = 500;
const MAX_DIAGRAM: usize = 24_000;
/// So many workflows stand in the table.
const MAX_ROWS: usize = 100;
/// What is said of cut comments needs room.
const RESERVE: usize = 400;

/// A report as Markdown, not longer than [`MAX_COMMENT`] bytes.
#[must_use]
pub fn comment(report: &Report) -> String {
    let mut out = String::new();
    let _ = writeln!(out, "## {}\n", report.headline());
    let _ = writeln!(out, "{} → {}", code(&report.old), code(&report.new));
    for note in &report.notes {
        let _ = writeln!(out, "\n_{}_", plain(note));
    }
    if report.entries.len() > 1 {
        table(report, &mut out);
    }
    let is_alone = report.entries.len() == 1;
    let mut cut = 0;
    for entry in &report.entries {
        let room = (MAX_COMMENT - RESERVE).saturating_sub(out.len());
        // The diagram is the first to go.
        let tries = [true, false].into_iter().map(|has_diagram| section(entry, is_alone, has_diagram));
        match tries.into_iter().find(|text| text.len() <= room) {
            Some(text) => out += &text,
            None => cut += 1,
        }
    }
    if cut > 0 {
        let what = count(cut, "workflow does", "workflows do");
        let _ = writeln!(
            out,
            "\n_{what} not fit into a comment: `wfc review --html review.html` shows all of it._"
        );
    }
    out
}

fn table(report: &Report, out: &mut String) {
    let _ = writeln!(
        out,
        "\n| Workflow | | Card, at least | Time | Findings | Callers |\n| --- | --- | --- | --- | --- | --- |"
    );
    for entry in report.entries.iter().take(MAX_ROWS) {
        let amounts = entry.diff.as_ref().map(words::amounts).unwrap_or_default();
        let amount = |is: fn(&str) -> bool| {
            let row = amounts.iter().find(|row| is(&row.name));
            row.map(|row| format!("{} {}", row.new, row.trend)).unwrap_or_default()
        };
        let found = entry.diff.as_ref().and_then(|diff| diff.consequences.findings.as_ref());
        let found = found.filter(|found| !found.new.is_empty() || !found.gone.is_empty());
        let found = found.map(|found| format!("+{} −{}", found.new.len(), found.gone.len()));
        let breaks = entry
            .diff
            .as_ref()
            .map_or(0, |diff| diff.consequences.interface.iter().filter(|change| change.breaks).count());
        let breaks = if breaks > 0 { format!("**{breaks} break**") } else { String::new() };
        let _ = writeln!(
            out,
            "| {} | **{}**: {} | {} | {} | {} | {breaks} |",
            code(&entry.name).replace('|', "\\|"),
            entry.state.name(),
            plain(&entry.summary()),
            amount(|name| name.starts_with("least")).trim_end(),
            amount(|name| name.starts_with("time")).trim_end(),
            found.unwrap_or_default(),
        );
    }
    let rest = report.entries.len().saturating_sub(MAX_ROWS);
    if rest > 0 {
        let _ = writeln!(out, "\n_… and {rest} more_");
    }
}

/// What is said of a workflow; folded, unless there is no other.
fn section(entry: &Entry, is_alone: bool, has_diagram: bool) -> String {
    let mut text = String::new();
    if is_alone {
        let _ = writeln!(text, "\n### {}\n", code(&entry.name));
    } else {
        let _ = writeln!(
            text,
            "\n<details><summary><code>{}</code>: {}</summary>\n",
            html(&entry.name),
            html(&entry.summary())
        );
    }
    match &entry.diff {
        Some(diff) => body(diff, &mut text),
        None => {
            let _ = writeln!(text, "{}", capital(&entry.summary()));
        }
    }
    for (which, problem) in &entry.problems {
        let _ = writeln!(text, "\nWhat is wrong {which}:\n\n{}", fenced(problem));
    }
    let findings = entry.findings.iter().map(|found| finding("found", found)).collect();
    list(&mut text, "Findings", findings);
    if has_diagram && let Some(diagram) = entry.picture.as_ref().and_then(diagram) {
        text += &diagram;
    }
    if !is_alone {
        text += "\n</details>\n";
    }
    text
}

/// A diagram of what changed and what is linked to it; nothing if there is nothing, or too much for GitHub.
fn diagram(picture: &Picture) -> Option<String> {
    let (part, left_out) = around_marks(picture);
    if part.blocks.is_empty() || part.links.len() > MAX_LINKS {
        return None;
    }
    let drawn = mermaid::write(&part);
    if drawn.len() > MAX_DIAGRAM {
        return None;
    }
    let rest = if left_out > 0 {
        format!("\n_{} as before left out_\n", count(left_out, "node that is", "nodes that are"))
    } else {
        String::new()
    };
    Some(format!("\n```mermaid\n{drawn}```\n{rest}"))
}

/// A block of code that nothing in the text ends.
fn fenced(text: &str) -> String {
    let longest = text.lines().map(|line| line.trim_start().bytes().take_while(|byte| *byte == b'`').count());
    let fence = "`".repeat(longest.max().unwrap_or_default().max(2) + 1);
    let lines: Vec<String> = text.lines().map(words::printable).collect();
    format!("{fence}text\n{}\n{fence}\n", lines.join("\n"))
}

/// Text in HTML.
fn html(text: &str) -> String {
    let mut out = String::new();
    for c in words::printable(text).chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '@' | '*' | '_' | '`' | '[' | '\\' | '~' => {
                let _ = write!(out, "&#{};", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_ends_a_block_of_code() {
        assert_eq!(fenced("a\n```\nb"), "````text\na\n```\nb\n````\n");
        assert_eq!(fenced("a"), "```text\na\n```\n");
        assert_eq!(html("<b>*@you*"), "&lt;b&gt;&#42;&#64;you&#42;");
    }
}
