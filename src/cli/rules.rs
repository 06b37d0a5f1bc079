//! `wfc rules`: the list of the lint rules.

use std::fmt::Write as _;
use std::io::IsTerminal as _;

use serde_json::json;

use super::{Exit, Terminal, ToolError, print};
use crate::diag::Severity;
use crate::lint::{Group, RULES, Rule};
use crate::report::Paint;

/// List the rules of `wfc lint`: group, level, and what each reports.
///
/// The levels are the rules' own; `[lint]` and the options of `wfc lint` change them. A `*` marks
/// rules whose findings `--fix` can repair. `wfc explain RULE` says more.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Only the rules of this group.
    #[arg(long, value_name = "GROUP", value_parser = Group::ALL.map(Group::name))]
    group: Option<String>,
    /// How they are listed.
    #[arg(long, value_enum, default_value = "human")]
    format: ListFormat,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum ListFormat {
    /// For a terminal.
    Human,
    /// For tools: `{"rules": [{"name", "group", "level", "summary", "fix"}]}`.
    Json,
}

/// Runs the command.
pub(super) fn run(args: &Args, terminal: &Terminal) -> Result<Exit, ToolError> {
    let is_wanted = |rule: &Rule| args.group.as_ref().is_none_or(|group| group == rule.group.name());
    let mut text = String::new();
    match args.format {
        ListFormat::Human => {
            let paint = Paint(terminal.color(std::io::stdout().is_terminal()));
            for group in Group::ALL {
                if !RULES.iter().any(|rule| rule.group == group && is_wanted(rule)) {
                    continue;
                }
                let gap = if text.is_empty() { "" } else { "\n" };
                let head = paint.text("1", group.name());
                let _ = writeln!(text, "{gap}{head}: {}", group.summary());
                list(|rule| rule.group == group, paint, &mut text);
            }
        }
        ListFormat::Json => {
            let rules: Vec<_> = RULES.iter().filter(|rule| is_wanted(rule)).map(|rule| entry(rule)).collect();
            let _ = writeln!(text, "{:#}", json!({ "rules": rules }));
        }
    }
    print(&text)?;
    Ok(Exit::Clean)
}

/// One line for each of these rules.
pub(super) fn list(is_wanted: impl Fn(&Rule) -> bool, paint: Paint, text: &mut String) {
    let rules = || RULES.iter().filter(|rule| is_wanted(rule));
    let width = rules().map(|rule| rule.name.len()).max().unwrap_or_default();
    for rule in rules() {
        let name = format!("{:width$}", rule.name);
        let level = rule.severity.map_or("off", Severity::name);
        let mark = if rule.repairs.is_some() { '*' } else { ' ' };
        let _ = writeln!(text, "  {} {mark} {level:7}  {}", paint.text("36", &name), rule.summary);
    }
}

fn entry(rule: &Rule) -> serde_json::Value {
    json!({
        "name": rule.name,
        "group": rule.group.name(),
        "level": rule.severity.map_or("off", Severity::name),
        "summary": rule.summary,
        "fix": rule.repairs,
    })
}
