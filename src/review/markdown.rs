//! A diff as Markdown, for a comment on a pull request. Whatever comes from a workflow is code or escaped: a prompt may
//! hold anything.

use std::fmt::Write as _;

use super::changes::{Change, Diff, Finding, Group};
use super::words::{self, Row};

/// So many lines of a group are shown.
const MAX_SHOWN: usize = 60;

/// A diff as Markdown.
#[must_use]
pub fn markdown(diff: &Diff) -> String {
    let mut out = String::new();
    let _ = writeln!(out, "### {} → {}\n", code(&diff.old.name), code(&diff.new.name));
    body(diff, &mut out);
    out
}

/// The same without a headline.
pub(super) fn body(diff: &Diff, out: &mut String) {
    let _ = writeln!(out, "{}", capital(&words::summary(diff)));
    if let Some(looks) = words::looks(diff) {
        let _ = writeln!(out, "\n{}", capital(&looks));
    }
    for group in Group::ALL {
        let changes = diff.changes.iter().filter(|change| change.group() == group);
        match group {
            Group::Parameters => {
                table(out, group.title(), "Parameter", "Reaches", &words::parameters(&diff.changes));
            }
            _ => list(out, group.title(), changes.map(|change| item(change, diff)).collect()),
        }
    }
    consequences(out, diff);
    for note in words::notes(diff) {
        let _ = writeln!(out, "\n_{note}_");
    }
}

fn item(change: &Change, diff: &Diff) -> String {
    match change {
        Change::Model { node, input, old, new } => format!(
            "{}: {} ({}) → {} ({})",
            code(&words::place(node, input)),
            code(&old.file),
            plain(&words::model(old)),
            code(&new.file),
            plain(&words::model(new))
        ),
        Change::Added { node, stage, .. } => node_item("added", node, stage.as_deref()),
        Change::Removed { node, stage } => node_item("removed", node, stage.as_deref()),
        Change::Replaced { node, old, new } => {
            let differing = words::differing(&diff.changes, node);
            format!("**replaced** {}: {} → {}{differing}", code(&words::node(node)), code(old), code(new))
        }
        Change::Link { node, input, old, new } => format!(
            "{}: {} → {}",
            code(&words::place(node, input)),
            code(&words::given(old.as_ref())),
            code(&words::given(new.as_ref()))
        ),
        Change::Parameter { node, input, .. } => code(&words::place(node, input)),
        Change::Reordered { first, second } => format!(
            "{} came before {}, and now comes behind it",
            code(&words::node(first)),
            code(&words::node(second))
        ),
        Change::Stages { old, new } => {
            format!("steps: {} → {}", code(&old.join(", ")), code(&new.join(", ")))
        }
        Change::PackNeeded { pack, classes } => {
            format!("**needed** {} for {}", code(pack), code(&classes.join(", ")))
        }
        Change::PackUnneeded { pack } => format!("**no longer needed** {}", code(pack)),
    }
}

fn node_item(what: &str, node: &super::changes::NodeName, stage: Option<&str>) -> String {
    let step = stage.map(|stage| format!(", step {}", code(stage))).unwrap_or_default();
    format!("**{what}** {} ({}{step})", code(&words::node(node)), code(&node.class_type))
}

pub(super) fn list(out: &mut String, title: &str, items: Vec<String>) {
    if items.is_empty() {
        return;
    }
    let _ = writeln!(out, "\n#### {title}\n");
    let rest = items.len().saturating_sub(MAX_SHOWN);
    for item in items.into_iter().take(MAX_SHOWN) {
        let _ = writeln!(out, "- {item}");
    }
    more(out, rest);
}

fn table(out: &mut String, title: &str, name: &str, last: &str, rows: &[Row]) {
    if rows.is_empty() {
        return;
    }
    let _ = writeln!(out, "\n#### {title}\n");
    let _ = writeln!(out, "| {name} | Before | After | | {last} |\n| --- | --- | --- | --- | --- |");
    for row in rows.iter().take(MAX_SHOWN) {
        let cell = |text: &str| if text.is_empty() { String::new() } else { code(text).replace('|', "\\|") };
        let (name, old, new) = (cell(&row.name), cell(&row.old), cell(&row.new));
        let _ = writeln!(out, "| {name} | {old} | {new} | {} | {} |", row.trend, cell(&row.reaches));
    }
    more(out, rows.len().saturating_sub(MAX_SHOWN));
}

fn more(out: &mut String, rest: usize) {
    if rest > 0 {
        let _ = writeln!(out, "\n_… and {}_", words::count(rest, "more", "more"));
    }
}

fn consequences(out: &mut String, diff: &Diff) {
    let amounts = words::amounts(diff);
    if !amounts.is_empty() {
        let _ = writeln!(out, "\n#### Memory and time\n");
        let _ = writeln!(out, "| | Before | After | |\n| --- | --- | --- | --- |");
        for row in amounts {
            let _ = writeln!(out, "| {} | {} | {} | {} |", plain(&row.name), row.old, row.new, row.trend);
        }
    }
    for remark in words::remarks(diff) {
        let _ = writeln!(out, "\n{}", capital(&remark));
    }
    if let Some(findings) = &diff.consequences.findings {
        let new = findings.new.iter().map(|found| finding("new", found));
        let gone = findings.gone.iter().map(|found| finding("gone", found));
        list(out, "Findings", new.chain(gone).collect());
    }
    let interface = diff.consequences.interface.iter().map(|change| {
        let breaks = if change.breaks { "**breaks callers** " } else { "" };
        format!("{breaks}{}: {}", code(&change.name), plain(&change.what))
    });
    list(out, "Interface", interface.collect());
}

pub(super) fn finding(what: &str, finding: &Finding) -> String {
    let place = finding.node.as_ref().map(|node| match &finding.input {
        Some(input) => format!(" {}", code(&format!("{node}.{input}"))),
        None => format!(" {}", code(node)),
    });
    let (place, message) = (place.unwrap_or_default(), plain(&finding.message));
    format!("**{what}** {} {}{place}: {message}", finding.severity.0.name(), code(&finding.rule))
}

/// A code span, whatever the text holds: nothing in it is Markdown or HTML.
pub(super) fn code(text: &str) -> String {
    let text = words::printable(text);
    let mut longest = 0;
    let mut run = 0;
    for c in text.chars() {
        run = if c == '`' { run + 1 } else { 0 };
        longest = longest.max(run);
    }
    let fence = "`".repeat(longest + 1);
    // A backtick at an end would become part of the fence; blanks at both ends are taken off again.
    let blank =
        if text.starts_with(['`', ' ']) || text.ends_with(['`', ' ']) || text.is_empty() { " " } else { "" };
    format!("{fence}{blank}{text}{blank}{fence}")
}

/// Text in which nothing is Markdown or HTML; what stands in backticks stays code.
pub(super) fn plain(text: &str) -> String {
    let mut out = String::new();
    for (at, part) in words::printable(text).split('`').enumerate() {
        let is_code = at % 2 == 1;
        if is_code {
            out.push_str(&code(part));
            continue;
        }
        for c in part.chars() {
            match c {
                '<' => out.push_str("&lt;"),
                '>' => out.push_str("&gt;"),
                '&' => out.push_str("&amp;"),
                '\\' | '*' | '_' | '[' | ']' | '|' | '#' | '~' | '@' => {
                    out.push('\\');
                    out.push(c);
                }
                c => out.push(c),
            }
        }
    }
    out
}

pub(super) fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_a_workflow_is_markup() {
        assert_eq!(code("a"), "`a`");
        assert_eq!(code("`<b>`"), "`` `<b>` ``");
        assert_eq!(code("a``b"), "```a``b```");
        assert_eq!(code(""), "`  `");
        assert_eq!(plain("<script> of `x_y` | @you"), "&lt;script&gt; of `x_y` \\| \\@you");
    }
}
