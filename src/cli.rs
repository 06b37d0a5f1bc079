//! The command line: one file a command.
//!
//! The only room that prints, exits, walks folders or writes files. It holds no rules about
//! workflows: commands put the other rooms together and show what they say.

pub mod output;
pub mod reference;

mod bind;
mod build;
mod catalog;
mod completions;
mod diff;
mod doctor;
mod explain;
mod explain_oom;
mod fit;
mod format;
mod git;
mod git_diff;
mod graph;
mod http;
mod import;
mod lint;
mod missing;
mod models;
mod not_in_editor;
mod plan;
mod review;
mod rule_name;
mod rules;
#[cfg(feature = "exec")]
mod run;
#[cfg(feature = "exec")]
mod runs;
mod schema;
#[cfg(feature = "exec")]
mod server;
mod session;
#[cfg(feature = "sim")]
mod sim;
mod snapshot;
mod vram;
mod workflow_file;

use std::ffi::OsString;
use std::io::{self, IsTerminal as _, Write as _};
use std::process::ExitCode;

use clap::{Parser, Subcommand, ValueEnum};

use rule_name::RuleName;

use crate::report::{FileReport, Format, HumanOptions, RuleText};
use crate::source::Sources;

/// Width of reports where the terminal does not tell its own.
const DEFAULT_WIDTH: usize = 100;

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Exit {
    /// Nothing to complain about.
    Clean,
    /// Findings, or outputs that differ.
    Findings,
    /// A file could not be read, though others could.
    Failed,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        match exit {
            Exit::Clean => Self::SUCCESS,
            Exit::Findings => Self::from(1),
            Exit::Failed => Self::from(2),
        }
    }
}

/// The tool could not do its job: bad arguments, an unreadable file, no server. Exit code 2.
#[derive(Debug)]
pub struct ToolError(String);

impl<E: std::error::Error + 'static> From<E> for ToolError {
    fn from(error: E) -> Self {
        let mut message = missing::told(&error);
        let mut source = error.source();
        while let Some(cause) = source {
            let text = cause.to_string();
            if !message.contains(&text) {
                message = format!("{message}: {text}");
            }
            source = cause.source();
        }
        Self(message)
    }
}

impl ToolError {
    fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }
}

/// Workflows as code: compiles presets into ComfyUI's `workflow_api.json` and proves them before a GPU is rented.
#[derive(Debug, Parser)]
#[command(name = "wfc", version, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
    /// When to use colors: `auto` does on terminals, and heeds `NO_COLOR`, `CLICOLOR`, `CLICOLOR_FORCE`
    /// and `FORCE_COLOR`.
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    color: Color,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Color {
    Auto,
    Always,
    Never,
}

#[derive(Debug, Subcommand)]
enum Command {
    Build(build::Args),
    Bind(bind::Args),
    Lint(lint::Args),
    Explain(explain::Args),
    Fit(fit::Args),
    ExplainOom(explain_oom::Args),
    Rules(rules::Args),
    Import(import::Args),
    Diff(diff::Args),
    Review(review::Args),
    GitDiff(git_diff::Args),
    Snapshot(snapshot::Args),
    Graph(graph::Args),
    Catalog(catalog::Args),
    Models(models::Args),
    Plan(plan::Args),
    Doctor(doctor::Args),
    Vram(Box<vram::Args>),
    #[cfg(feature = "sim")]
    Sim(Box<sim::Args>),
    #[cfg(feature = "exec")]
    Run(Box<run::Args>),
    #[cfg(feature = "exec")]
    Runs(runs::Args),
    Schema(schema::Args),
    Completions(completions::Args),
}

/// Where a command prints to.
#[derive(Debug)]
pub struct Terminal {
    color: Color,
}

impl Terminal {
    /// Whether text gets colours that goes to a terminal, or elsewhere.
    fn color(&self, is_terminal: bool) -> bool {
        match self.color {
            Color::Auto => auto_color(is_terminal, |name| std::env::var_os(name)),
            Color::Always => true,
            Color::Never => false,
        }
    }

    /// How to write for people.
    fn options(&self, stream: Stream) -> HumanOptions {
        let is_terminal = match stream {
            Stream::Output => io::stdout().is_terminal(),
            Stream::Error => io::stderr().is_terminal(),
        };
        HumanOptions { color: self.color(is_terminal), unicode: true, width: width() }
    }

    /// Shows how often each rule found something.
    fn statistics(&self, format: Format, sources: &Sources, files: &[FileReport]) -> Result<(), ToolError> {
        let text = format.render_statistics(sources, files, self.options(Stream::Output));
        print(&text.ok_or_else(|| ToolError::new("--statistics goes with the formats human and json"))?)
    }

    /// Shows a report.
    fn report(
        &self,
        format: Format,
        stream: Stream,
        sources: &Sources,
        files: &[FileReport],
    ) -> Result<(), ToolError> {
        let text = format.render_explained(sources, files, self.options(stream), rule_text);
        match stream {
            Stream::Output => print(&text),
            Stream::Error => {
                note(&text);
                Ok(())
            }
        }
    }
}

/// Whether to use colours where nobody says: on terminals, and as the variables have it that programs agree
/// on. A value counts if it is not empty.
fn auto_color(is_terminal: bool, variable: impl Fn(&str) -> Option<OsString>) -> bool {
    let value = |name| variable(name).filter(|value| !value.is_empty());
    let forces = |name| value(name).is_some_and(|value| value != "0" && value != "false");
    if value("NO_COLOR").is_some() {
        return false;
    }
    let is_off = value("CLICOLOR").is_some_and(|value| value == "0");
    let is_dumb = value("TERM").is_some_and(|value| value == "dumb");
    forces("CLICOLOR_FORCE") || forces("FORCE_COLOR") || (is_terminal && !is_off && !is_dumb)
}

/// What reports may say of a lint rule.
fn rule_text(name: &str) -> Option<RuleText> {
    let rule = crate::lint::rule(name)?;
    let (summary, severity, page) = (rule.summary, rule.severity, rule.page);
    Some(RuleText { summary, group: rule.group.name(), severity, page })
}

/// Where a report goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stream {
    /// Standard output: the report is what the command was asked for.
    Output,
    /// Standard error: standard output carries something else.
    Error,
}

/// Prints text to standard output.
///
/// # Errors
/// When it cannot be written; a closed pipe is not an error.
fn print(text: &str) -> Result<(), ToolError> {
    ignore_closed_pipe(io::stdout().lock().write_all(text.as_bytes()))
}

/// Prints text to standard error.
fn note(text: &str) {
    // There is nowhere left to report a failure to.
    let _ = io::stderr().lock().write_all(text.as_bytes());
}

fn width() -> usize {
    let columns = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
    columns.filter(|columns| (40..=400).contains(columns)).unwrap_or(DEFAULT_WIDTH)
}

/// Whoever closes the pipe has seen enough (`wfc lint | head`).
fn ignore_closed_pipe(result: io::Result<()>) -> Result<(), ToolError> {
    match result {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(ToolError::new(format!("cannot write to standard output: {error}")))
        }
        _ => Ok(()),
    }
}

/// Runs the command that the process was started with. Exit code 0: clean, 1: findings, 2: the tool
/// could not do its job.
#[must_use]
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let terminal = Terminal { color: cli.color };
    let result = match cli.command {
        Command::Build(args) => build::run(&args, &terminal),
        Command::Bind(args) => bind::run(&args, &terminal),
        Command::Lint(args) => lint::run(&args, &terminal),
        Command::Explain(args) => explain::run(&args, &terminal),
        Command::Fit(args) => fit::run(&args, &terminal),
        Command::ExplainOom(args) => explain_oom::run(&args, &terminal),
        Command::Rules(args) => rules::run(&args, &terminal),
        Command::Import(args) => import::run(&args, &terminal),
        Command::Diff(args) => diff::run(&args, &terminal),
        Command::Review(args) => review::run(&args, &terminal),
        Command::GitDiff(args) => git_diff::run(&args, &terminal),
        Command::Snapshot(args) => snapshot::run(&args, &terminal),
        Command::Graph(args) => graph::run(&args, &terminal),
        Command::Catalog(args) => catalog::run(args, &terminal),
        Command::Models(args) => models::run(&args, &terminal),
        Command::Plan(args) => plan::run(&args, &terminal),
        Command::Doctor(args) => doctor::run(&args, &terminal),
        Command::Vram(args) => vram::run(&args, &terminal),
        #[cfg(feature = "sim")]
        Command::Sim(args) => sim::run(&args),
        #[cfg(feature = "exec")]
        Command::Run(args) => run::run(&args, &terminal),
        #[cfg(feature = "exec")]
        Command::Runs(args) => runs::run(&args, &terminal),
        Command::Schema(args) => schema::run(&args),
        Command::Completions(args) => completions::run(&args),
    };
    match result {
        Ok(exit) => exit.into(),
        Err(ToolError(message)) => {
            note(&format!("wfc: {message}\n"));
            ExitCode::from(2)
        }
    }
}

/// The command line's declaration, for completions and the reference.
#[must_use]
pub fn command() -> clap::Command {
    <Cli as clap::CommandFactory>::command()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_follow_the_variables_that_programs_agree_on() {
        for (variables, on_terminal, elsewhere) in [
            (&[][..], true, false),
            (&[("NO_COLOR", "1")], false, false),
            (&[("NO_COLOR", "")], true, false),
            (&[("CLICOLOR", "0")], false, false),
            (&[("CLICOLOR", "1"), ("TERM", "xterm")], true, false),
            (&[("TERM", "dumb")], false, false),
            (&[("CLICOLOR_FORCE", "1"), ("CLICOLOR", "0"), ("TERM", "dumb")], true, true),
            (&[("CLICOLOR_FORCE", "0")], true, false),
            (&[("FORCE_COLOR", "1")], true, true),
            (&[("FORCE_COLOR", "3"), ("NO_COLOR", "1")], false, false),
        ] {
            let value =
                |name: &str| variables.iter().find(|(it, _)| *it == name).map(|(_, value)| value.into());
            assert_eq!(auto_color(true, value), on_terminal, "{variables:?}");
            assert_eq!(auto_color(false, value), elsewhere, "{variables:?}");
        }
    }
}
