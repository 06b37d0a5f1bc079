//! `wfc explain`: what a rule reports, why, and examples; the same text as in `docs/rules/`.

mod findings;

use std::fmt::Write as _;

use findings::Finding;

use super::{Exit, RuleName, Terminal, ToolError, print, rules};
use crate::diag;
use crate::lint::{self, Group, RULES};
use crate::report::Paint;

/// Explain a rule, a group of rules, or any other name that reports show in brackets.
///
/// The page of a rule says what it finds, what that costs and what to do, shows examples with what
/// `wfc lint` says of them, and names its sources.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The name, such as `float-noise`, `order` or `unknown-class`.
    #[arg(value_name = "NAME", value_parser = RuleName::All, hide_possible_values = true)]
    name: String,
}

/// Runs the command.
pub(super) fn run(args: &Args, terminal: &Terminal) -> Result<Exit, ToolError> {
    let paint = Paint(terminal.color(std::io::IsTerminal::is_terminal(&std::io::stdout())));
    print(&painted(&page(&args.name)?, paint))?;
    Ok(Exit::Clean)
}

/// Everything that can be explained.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    let groups = Group::ALL.into_iter().map(Group::name);
    let findings = findings::all().iter().map(|finding| finding.name);
    let findings = findings.filter(|name| lint::rule(name).is_none());
    RULES.iter().map(|rule| rule.name).chain(groups).chain(findings)
}

/// What is known under a name, in Markdown.
pub(super) fn page(name: &str) -> Result<String, ToolError> {
    let finding = findings::find(name);
    if let Some(rule) = lint::rule(name) {
        let mut page = rule.page.to_owned();
        if let Some(finding) = finding {
            let _ = write!(page, "\n## The other findings of this name\n\n{}", finding.text());
        }
        return Ok(page);
    }
    if let Some(group) = Group::ALL.into_iter().find(|group| group.name() == name) {
        let mut page = format!("# {name}\n\nA group of rules: {}.\n\n", group.summary());
        rules::list(|rule| rule.group == group, Paint(false), &mut page);
        let _ = write!(page, "\n`wfc explain RULE` says more of each.\n");
        return Ok(page);
    }
    if let Some(finding) = finding {
        return Ok(format!("# {name}\n\n{}", finding.text()));
    }
    let near = diag::did_you_mean(name, names());
    let help = near.unwrap_or_else(|| "`wfc rules` lists the rules".to_owned());
    Err(ToolError::new(format!("there is nothing called `{name}` to explain; {help}")))
}

impl Finding {
    /// What it is, in Markdown.
    fn text(&self) -> String {
        let gate = match self.gate {
            "check" => format!(
                "Found by gate `check`: ComfyUI refuses the workflow. Its own name for it is `{}`. Always an error; \
                 no level switches it off, and `--gate check` reports it too.",
                self.server
            ),
            "format" => "Found by gate `format`: a file or a request is wrong in itself, whatever ComfyUI says. No level \
                         switches it off."
                .to_owned(),
            _ => "A remark. It has no level and never changes the exit code.".to_owned(),
        };
        format!("{gate}\n\n{}\n", self.says)
    }
}

const BOLD: &str = "1";
const DIM: &str = "2";
const CYAN: &str = "36";

/// Markdown with headings, code and the borders of examples in colours, or as it is.
fn painted(page: &str, paint: Paint) -> String {
    let mut text = String::new();
    let mut is_example = false;
    for line in page.lines() {
        if line.starts_with("```") {
            is_example = !is_example;
            text.push_str(&paint.text(DIM, line));
        } else if is_example {
            text.push_str(line);
        } else if line.starts_with('#') {
            text.push_str(&paint.text(BOLD, line));
        } else {
            push_code(line, paint, &mut text);
        }
        text.push('\n');
    }
    text
}

/// A line of prose with what stands between backticks in another colour.
fn push_code(line: &str, paint: Paint, text: &mut String) {
    let parts: Vec<&str> = line.split('`').collect();
    for (at, part) in parts.iter().enumerate() {
        match (at % 2 == 1, at + 1 < parts.len()) {
            (true, true) => text.push_str(&paint.text(CYAN, &format!("`{part}`"))),
            (true, false) => {
                text.push('`');
                text.push_str(part);
            }
            (false, _) => text.push_str(part),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_change_no_text() {
        let page = "# a\n\nUse `x` or `y\n\n```json fail\n# `z`\n```\n";
        assert_eq!(painted(page, Paint(false)), page);
        let colored = painted(page, Paint(true));
        assert!(colored.contains("\u{1b}[1m# a\u{1b}[0m\n"), "{colored}");
        assert!(colored.contains("Use \u{1b}[36m`x`\u{1b}[0m or `y\n"), "{colored}");
        assert!(colored.contains("\n# `z`\n"), "{colored}");
    }

    #[test]
    fn every_name_is_explained() {
        for name in names() {
            assert!(page(name).is_ok_and(|page| page.starts_with(&format!("# {name}\n"))), "{name}");
        }
    }
}
