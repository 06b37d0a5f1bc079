//! `wfc lint`: checks presets, graphs, projects and workflows without writing anything but repairs.

mod allowances;
mod files;
mod fix;
mod known;
mod levels;
mod settings;
mod sources;
mod workflows;

use std::path::PathBuf;

use self::allowances::{Ledger, Noted};
use self::fix::Repairs;
pub(super) use self::fix::diff;
use self::known::Known;
use self::levels::Overrides;
use self::settings::AllRules;
use super::session::{self, Found, Session};
use super::{Exit, RuleName, Stream, Terminal, ToolError, note, print};
use crate::check::ServerVersion;
use crate::diag::{Gate, Severity};
use crate::report::{FileReport, Format};
use crate::source;

/// Check presets, graphs, projects and workflows.
///
/// A workflow is JSON as ComfyUI exports it for the API or saves it from its editor, or a picture
/// that ComfyUI wrote it into; what a file is, its content tells. A folder stands for everything in
/// it that wfc can read and git does not ignore. One unreadable file is reported and does not stop
/// the others.
#[derive(Debug, clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
pub(super) struct Args {
    /// Files or folders.
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Pass over files that are none of wfc's although they are named, as it is done in folders; for
    /// programs that name whatever changed.
    #[arg(long)]
    skip_unknown: bool,
    /// The format of diagnostics.
    #[arg(long, value_enum, default_value = "human")]
    format: Format,
    /// Which findings to report: only what ComfyUI itself would refuse, or all.
    #[arg(long, value_enum, default_value = "all")]
    gate: GateFilter,
    /// The node catalog: `embedded`, some of its packs (`comfyui,kjnodes`), a captured catalog, an
    /// `/object_info` file, or a server's URL [default: the project's, or `embedded`].
    #[arg(long, value_name = "CATALOG")]
    catalog: Option<String>,
    /// The version of ComfyUI whose answer is given.
    #[arg(long, value_name = "VERSION", default_value_t)]
    server_version: ServerVersion,
    /// The least severity that makes the exit code 1.
    #[arg(long, value_enum, default_value = "error")]
    fail_on: FailOn,
    /// Switch a rule off, or all rules of a group. `--allow`, `--warn` and `--deny` win over `[lint]` in files.
    #[arg(long, value_name = "RULE", value_parser = RuleName::Leveled, hide_possible_values = true)]
    allow: Vec<String>,
    /// Make what a rule finds a warning, or what all rules of a group find.
    #[arg(long, value_name = "RULE", value_parser = RuleName::Leveled, hide_possible_values = true)]
    warn: Vec<String>,
    /// Make what a rule finds an error, or what all rules of a group find.
    #[arg(long, value_name = "RULE", value_parser = RuleName::Leveled, hide_possible_values = true)]
    deny: Vec<String>,
    /// Do not report the findings that this file knows. What cannot be read is always reported.
    #[arg(long, value_name = "FILE")]
    baseline: Option<PathBuf>,
    /// Write what is found to the baseline, so that from now on only what is new is reported.
    #[arg(long, requires = "baseline")]
    update_baseline: bool,
    /// Report nothing but what makes the exit code 1 (errors, with `--fail-on never`), and nothing at all where
    /// there is none.
    #[arg(short, long)]
    quiet: bool,
    /// Report also what rules could not judge, and why.
    #[arg(short, long, conflicts_with = "quiet")]
    verbose: bool,
    /// Count the findings of each rule instead of showing them; JSON has both.
    #[arg(long)]
    statistics: bool,
    /// Repair what can be repaired without changing what a file means.
    #[arg(long)]
    fix: bool,
    /// With `--fix` or `--diff`: make also the repairs that may change what was meant.
    #[arg(long)]
    r#unsafe: bool,
    /// Show what `--fix` would change, and write nothing.
    #[arg(long)]
    diff: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum GateFilter {
    Check,
    All,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum FailOn {
    Error,
    Warning,
    Never,
}

impl Args {
    /// The least severity that makes the exit code 1, if one does.
    const fn least(&self) -> Option<Severity> {
        match self.fail_on {
            FailOn::Error => Some(Severity::Error),
            FailOn::Warning => Some(Severity::Warning),
            FailOn::Never => None,
        }
    }

    /// True if rules are run, and not only the server's own checks.
    fn is_whole(&self) -> bool {
        self.gate == GateFilter::All
    }

    fn known(&self) -> Result<Option<Known>, ToolError> {
        if self.update_baseline && (!self.is_whole() || self.diff) {
            let message =
                "--update-baseline records what all rules find: it goes neither with --gate check nor --diff";
            return Err(ToolError::new(message));
        }
        self.baseline.as_ref().map(|path| Known::open(path, self.update_baseline)).transpose()
    }

    fn repairs(&self) -> Result<Repairs, ToolError> {
        let wanted = self.fix || self.diff;
        if self.r#unsafe && !wanted {
            return Err(ToolError::new(
                "`--unsafe` says which repairs `--fix` or `--diff` are about; give one of them",
            ));
        }
        Ok(Repairs { safe: wanted, r#unsafe: self.r#unsafe, diff: self.diff })
    }
}

/// What is left of some files' problems, and what was repaired; by the order of the files.
struct Results {
    reports: Vec<(usize, FileReport)>,
    /// What became of allowances.
    noted: Vec<(usize, Noted)>,
    /// How many findings were repaired.
    repaired: usize,
    /// What the repairs change, where they are only shown.
    diffs: Vec<(usize, String)>,
}

/// Runs the command.
pub(super) fn run(args: &Args, terminal: &Terminal) -> Result<Exit, ToolError> {
    let mut session = Session::on_demand(args.catalog.clone(), &args.paths);
    let (repairs, known) = (args.repairs()?, args.known()?);
    let Checked { mut reports, repaired, mut diffs } = check(args, repairs, &mut session)?;
    if repairs.any() && !args.quiet {
        let noun = if repaired == 1 { "finding" } else { "findings" };
        let would_be = if repairs.diff { " would be" } else { "" };
        note(&format!("{repaired} {noun}{would_be} repaired\n"));
    }
    session.check_catalogs(&reports)?;
    if repairs.diff {
        diffs.sort_by_key(|(order, _)| *order);
        diffs.iter().try_for_each(|(_, diff)| print(diff))?;
        return Ok(if diffs.is_empty() { Exit::Clean } else { Exit::Findings });
    }
    if let Some(known) = known {
        leave_out_known(args, known, &mut reports)?;
    }
    let exit = exit(args, &reports);
    show(args, terminal, &session, reports)?;
    Ok(exit)
}

/// What was found and repaired in all files.
struct Checked {
    reports: Vec<FileReport>,
    repaired: usize,
    diffs: Vec<(usize, String)>,
}

fn check(args: &Args, repairs: Repairs, session: &mut Session) -> Result<Checked, ToolError> {
    let mut files = session::expand(&args.paths, session::is_source)?;
    if args.skip_unknown {
        files.retain(|(path, _)| session::is_source(path) || !path.is_file());
        files.iter_mut().filter(|(path, _)| path.is_file()).for_each(|(_, found)| *found = Found::Walked);
    }
    let overrides = Overrides::of(args, session)?;
    let (sources, workflows): (Vec<_>, Vec<_>) =
        files.into_iter().enumerate().partition(|(_, (path, _))| session::is_toml(path));
    let lint_files = sources.iter().filter(|(_, (path, _))| session::is_lint_file(path));
    let lint_files = lint_files.map(|(_, (path, _))| source::identity(path)).collect();
    let Results { mut reports, mut noted, mut repaired, mut diffs } =
        sources::run(&sources, session, &overrides, repairs)?;
    let rules = AllRules::new(&overrides, args.is_whole(), lint_files);
    let results = workflows::run(workflows, session, rules, repairs)?;
    reports.extend(results.reports);
    noted.extend(results.noted);
    diffs.extend(results.diffs);
    repaired += results.repaired;
    reports.sort_by_key(|(order, _)| *order);
    Ledger::of(noted, &session.sources).close(&mut reports, &session.sources);
    let mut reports: Vec<FileReport> = reports.into_iter().map(|(_, report)| report).collect();
    for report in &mut reports {
        // A file that cannot be read as what it is has no verdict of ComfyUI's, so that stays.
        report.diagnostics.retain(|diagnostic| args.is_whole() || diagnostic.gate != Gate::Lint);
    }
    if reports.is_empty() && !args.skip_unknown {
        return Err(ToolError::new("there is nothing to check in what was given"));
    }
    Ok(Checked { reports, repaired, diffs })
}

/// Drops what the baseline knows, or tells it what there is.
fn leave_out_known(args: &Args, mut known: Known, reports: &mut [FileReport]) -> Result<(), ToolError> {
    let said = if args.update_baseline { Some(known.update(reports)?) } else { known.apply(reports) };
    // Rules that were not run have found nothing, so that what they once found is not known to be gone.
    if let Some(said) = said.filter(|_| args.is_whole() && !args.quiet) {
        note(&said);
    }
    Ok(())
}

fn exit(args: &Args, reports: &[FileReport]) -> Exit {
    let mut all = reports.iter().flat_map(|report| &report.diagnostics);
    let findings = all.any(|diagnostic| args.least().is_some_and(|least| diagnostic.severity >= least));
    let has_failed = reports.iter().any(FileReport::has_failed);
    match (has_failed, findings) {
        (true, _) => Exit::Failed,
        (false, true) => Exit::Findings,
        (false, false) => Exit::Clean,
    }
}

fn show(
    args: &Args,
    terminal: &Terminal,
    session: &Session,
    mut reports: Vec<FileReport>,
) -> Result<(), ToolError> {
    if args.quiet {
        let least = args.least().unwrap_or(Severity::Error);
        for report in &mut reports {
            report.diagnostics.retain(|found| found.severity >= least);
        }
        let is_clean = reports.iter().all(|report| report.diagnostics.is_empty());
        if is_clean && args.format == Format::Human {
            return Ok(());
        }
    }
    if args.statistics {
        terminal.statistics(args.format, &session.sources, &reports)
    } else {
        terminal.report(args.format, Stream::Output, &session.sources, &reports)
    }
}
