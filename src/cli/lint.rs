//! `wfc lint`: checks presets, graphs, projects and workflows without writing anything but repairs.

mod fix;
mod sources;
mod workflows;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use self::fix::Repairs;
use super::session::{self, Found, Session};
use super::{Exit, RuleName, Stream, Terminal, ToolError, note, print};
use crate::catalog::Catalog;
use crate::check::ServerVersion;
use crate::compile::Compiler;
use crate::diag::{Diagnostic, Diagnostics, Gate, Severity};
use crate::front::toml::graph::GraphFile;
use crate::front::toml::policy::Policy;
use crate::front::toml::preset::Level;
use crate::front::toml::project::Project;
use crate::front::toml::{self, Kind};
use crate::lint::{self, Levels};
use crate::lower::load;
use crate::report::{FileReport, Format};
use crate::source::{self, FileId};

/// Combinations of a batch that are checked; a matrix of many seeds says the same again and again.
const MAX_COMBINATIONS: u64 = 256;

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
    /// Switch a rule off. `--allow`, `--warn` and `--deny` win over `[lint]` in presets and wfc.toml.
    #[arg(long, value_name = "RULE", value_parser = RuleName::Leveled, hide_possible_values = true)]
    allow: Vec<String>,
    /// Make what a rule finds a warning.
    #[arg(long, value_name = "RULE", value_parser = RuleName::Leveled, hide_possible_values = true)]
    warn: Vec<String>,
    /// Make what a rule finds an error.
    #[arg(long, value_name = "RULE", value_parser = RuleName::Leveled, hide_possible_values = true)]
    deny: Vec<String>,
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

/// Runs the command.
pub(super) fn run(args: &Args, terminal: &Terminal) -> Result<Exit, ToolError> {
    let mut session = Session::on_demand(args.catalog.clone(), &args.paths);
    let mut files = session::expand(&args.paths, session::is_source)?;
    if args.skip_unknown {
        files.retain(|(path, _)| session::is_source(path) || !path.is_file());
        files.iter_mut().filter(|(path, _)| path.is_file()).for_each(|(_, found)| *found = Found::Walked);
    }
    let overrides = Overrides::of(args)?;
    let (sources, workflows): (Vec<_>, Vec<_>) =
        files.into_iter().enumerate().partition(|(_, (path, _))| session::is_toml(path));
    let repairs = args.repairs()?;
    let sources::Results { mut reports, mut repaired, mut diffs } =
        sources::run(&sources, &mut session, &overrides, repairs)?;
    let request = workflows::Request { lint: args.gate == GateFilter::All, repairs };
    let results = workflows::run(workflows, &mut session, &overrides, request)?;
    reports.extend(results.reports);
    diffs.extend(results.diffs);
    repaired += results.repaired;
    reports.sort_by_key(|(order, _)| *order);
    let mut reports: Vec<FileReport> = reports.into_iter().map(|(_, report)| report).collect();
    for report in &mut reports {
        // A file that cannot be read as what it is has no verdict of ComfyUI's, so that stays.
        report.diagnostics.retain(|diagnostic| args.gate == GateFilter::All || diagnostic.gate != Gate::Lint);
    }
    if reports.is_empty() && !args.skip_unknown {
        return Err(ToolError::new("there is nothing to check in what was given"));
    }
    if repairs.any() {
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
    terminal.report(args.format, Stream::Output, &session.sources, &reports)?;
    let least = match args.fail_on {
        FailOn::Error => Some(Severity::Error),
        FailOn::Warning => Some(Severity::Warning),
        FailOn::Never => None,
    };
    let mut all = reports.iter().flat_map(|report| &report.diagnostics);
    let findings = all.any(|diagnostic| least.is_some_and(|least| diagnostic.severity >= least));
    let has_failed = reports.iter().any(FileReport::has_failed);
    Ok(match (has_failed, findings) {
        (true, _) => Exit::Failed,
        (false, true) => Exit::Findings,
        (false, false) => Exit::Clean,
    })
}

/// The levels from the command line.
struct Overrides {
    server: ServerVersion,
    levels: Vec<(String, Level)>,
}

impl Overrides {
    fn of(args: &Args) -> Result<Self, ToolError> {
        let all = [(&args.allow, Level::Allow), (&args.warn, Level::Warn), (&args.deny, Level::Deny)];
        let levels =
            all.into_iter().flat_map(|(rules, level)| rules.iter().map(move |rule| (rule.clone(), level)));
        let overrides = Self { server: args.server_version, levels: levels.collect() };
        let mut levels = Levels::default();
        for (rule, level) in &overrides.levels {
            let unknown = |help: String| {
                let is_guess = help.starts_with("did you mean");
                let others = if is_guess { "" } else { "; what ComfyUI refuses cannot be switched off" };
                ToolError::new(format!("there is no lint rule `{rule}`{others}; {help}"))
            };
            levels.set(rule, *level).map_err(unknown)?;
        }
        Ok(overrides)
    }

    /// On top of `levels`.
    fn on(&self, mut levels: Levels) -> Levels {
        for (rule, level) in &self.levels {
            // Unknown names were refused at the start.
            let _ = levels.set(rule, *level);
        }
        levels
    }

    /// Applies to what has the levels of its preset already.
    fn apply(&self, diagnostics: &mut Diagnostics) {
        diagnostics.relevel(|diagnostic| {
            let level = self.levels.iter().rev().find(|(rule, _)| rule == diagnostic.rule);
            match level.filter(|_| diagnostic.gate == Gate::Lint) {
                None => Some(diagnostic.severity),
                Some((_, Level::Allow)) => None,
                Some((_, Level::Warn)) => Some(Severity::Warning),
                Some((_, Level::Deny)) => Some(Severity::Error),
            }
        });
    }
}

/// Checks one TOML file and gives its kind; nothing if it was met in a folder and is not wfc's business.
fn file(
    path: &Path,
    found: Found,
    session: &mut Session,
    diagnostics: &mut Diagnostics,
) -> Result<Option<&'static str>, ToolError> {
    let id = match session.sources.load(path) {
        Ok(id) => id,
        Err(error) => {
            diagnostics.push(Diagnostic::format("unreadable-file", error.to_string()));
            return Ok(Some("unknown"));
        }
    };
    let kind = session.kind(id, diagnostics);
    match kind {
        Some(Kind::Preset) => preset(id, session, diagnostics)?,
        Some(Kind::Graph) => graph(id, session, diagnostics)?,
        Some(Kind::Project) => project(id, session, diagnostics),
        Some(Kind::Policy) => {
            let text = session.sources.file(id).text().clone();
            toml::read::<Policy>(id, &text, diagnostics);
        }
        None if !diagnostics.is_empty() => return Ok(Some("toml")),
        None if found == Found::Walked => return Ok(None),
        None => diagnostics.push(
            Diagnostic::format("unknown-format", "neither a preset, nor a graph, nor a project, nor a policy").help(
                "a preset has `graph = \"…\"`, a graph has [nodes], a policy [[limits]], a project is called wfc.toml",
            ),
        ),
    }
    Ok(Some(kind.map_or("toml", Kind::name)))
}

fn preset(id: FileId, session: &mut Session, diagnostics: &mut Diagnostics) -> Result<(), ToolError> {
    let Some(ready) = session.preset(id, &[], diagnostics)? else { return Ok(()) };
    let Some(mut job) = ready.compiler.job(&ready.loaded, &session.sources, diagnostics) else {
        return Ok(());
    };
    if diagnostics.has_errors() {
        return Ok(());
    }
    let levels = Levels::of(&ready.loaded.preset.lint, &mut Diagnostics::new());
    let settings =
        ready.compiler.settings(levels, ready.loaded.preset.target.as_ref(), &ready.loaded.policies);
    for number in 0..job.count().min(MAX_COMBINATIONS) {
        let Some(checked) = job.compile(number, diagnostics) else { break };
        let mut found = Diagnostics::new();
        ready.compiler.lint(&checked, &settings, &mut found);
        // What does not depend on the combination is found in each.
        diagnostics.append_new(found);
    }
    Ok(())
}

fn graph(id: FileId, session: &mut Session, diagnostics: &mut Diagnostics) -> Result<(), ToolError> {
    let source = session.sources.file(id);
    let (path, text) = (source.path().to_owned(), source.text().clone());
    let root = session.root(&path, diagnostics)?;
    let compiler = session.compiler(root.as_ref())?;
    if let Some(graph) = toml::read::<GraphFile>(id, &text, diagnostics) {
        let graph = Arc::new(graph);
        compiler.check_graph(&graph, &session.sources, diagnostics);
        let levels = root.as_ref().map(|root| Levels::of(&root.project.lint, &mut Diagnostics::new()));
        let project = root.as_ref().map(|root| &root.project);
        let target = project.and_then(|project| project.target.as_ref());
        // What is wrong with them is reported for the project.
        let named = project.and_then(|project| project.policies.as_deref());
        let policies = session.policies(named, root.as_ref(), &mut Diagnostics::new());
        let settings = compiler.settings(levels.unwrap_or_default(), target, &policies);
        compiler.lint_graph(&graph, &settings, &session.sources, diagnostics);
    }
    if let Some(root) = root {
        lint::apply(&root.project.lint, diagnostics);
    }
    Ok(())
}

fn project(id: FileId, session: &mut Session, diagnostics: &mut Diagnostics) {
    let source = session.sources.file(id);
    let (path, text) = (source.path().to_owned(), source.text().clone());
    let Some(project) = toml::read::<Project>(id, &text, diagnostics) else { return };
    lint::apply(&project.lint, diagnostics);
    let folder = path.parent().unwrap_or(Path::new(""));
    let catalog = project.catalog.as_ref().filter(|catalog| session::is_file(catalog.get()));
    for path in catalog.into_iter().chain(&project.graphs) {
        if !source::exists(&folder.join(&**path.get())) {
            let message = format!("there is no `{}` beside this file", path.get());
            diagnostics.push(Diagnostic::format("unreadable-file", message).at(path.span(), ""));
        }
    }
    load::policies(
        project.policies.as_deref().unwrap_or_default(),
        Some(folder),
        &mut session.sources,
        diagnostics,
    );
    if let Some(target) = &project.target {
        Compiler::new(Arc::new(Catalog::embedded())).check_target(target, diagnostics);
    }
}
