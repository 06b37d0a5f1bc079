//! `wfc lint`: checks presets, graphs, projects and workflows without writing anything.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::session::{self, Found, Session};
use super::{Exit, Stream, Terminal, ToolError};
use crate::catalog::Catalog;
use crate::compile::Compiler;
use crate::diag::{Diagnostic, Diagnostics, Gate, Severity};
use crate::front::json;
use crate::front::toml::graph::GraphFile;
use crate::front::toml::project::Project;
use crate::front::toml::{self, Kind};
use crate::report::{FileReport, Format};
use crate::source::{self, FileId};
use crate::{check, lint};

/// Combinations of a batch that are checked; a matrix of many seeds says the same again and again.
const MAX_COMBINATIONS: u64 = 256;

/// Check presets, graphs, projects and workflows in API format.
///
/// A folder stands for everything in it that wfc can read and git does not ignore. One unreadable
/// file is reported and does not stop the others.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Files or folders.
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
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
    /// The least severity that makes the exit code 1.
    #[arg(long, value_enum, default_value = "error")]
    fail_on: FailOn,
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
}

/// Runs the command.
pub(super) fn run(args: &Args, terminal: &Terminal) -> Result<Exit, ToolError> {
    let mut session = Session::new(args.catalog.clone());
    let mut reports = Vec::new();
    for (path, found) in session::expand(&args.paths, session::is_source)? {
        let mut diagnostics = Diagnostics::new();
        let Some(kind) = file(&path, found, &mut session, &mut diagnostics)? else { continue };
        let mut diagnostics = diagnostics.into_sorted();
        // A file that cannot be read as what it is has no verdict of ComfyUI's, so that stays.
        diagnostics.retain(|diagnostic| args.gate == GateFilter::All || diagnostic.gate != Gate::Lint);
        reports.push(FileReport { path, kind, diagnostics });
    }
    if reports.is_empty() {
        return Err(ToolError::new("there is nothing to check in what was given"));
    }
    terminal.report(args.format, Stream::Output, &session.sources, &reports)?;
    let least = match args.fail_on {
        FailOn::Error => Severity::Error,
        FailOn::Warning => Severity::Warning,
    };
    let findings =
        reports.iter().flat_map(|report| &report.diagnostics).any(|diagnostic| diagnostic.severity >= least);
    let unreadable = reports
        .iter()
        .flat_map(|report| &report.diagnostics)
        .any(|diagnostic| diagnostic.rule == "unreadable-file" && diagnostic.labels.is_empty());
    Ok(match (unreadable, findings) {
        (true, _) => Exit::Failed,
        (false, true) => Exit::Findings,
        (false, false) => Exit::Clean,
    })
}

/// Checks one file and gives its kind; nothing if it was met in a folder and is not wfc's business.
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
    if !session::is_toml(path) {
        return api(id, found, session, diagnostics);
    }
    let kind = session.kind(id, diagnostics);
    match kind {
        Some(Kind::Preset) => preset(id, session, diagnostics)?,
        Some(Kind::Graph) => graph(id, session, diagnostics)?,
        Some(Kind::Project) => project(id, session, diagnostics),
        None if !diagnostics.is_empty() => return Ok(Some("toml")),
        None if found == Found::Walked => return Ok(None),
        None => diagnostics.push(
            Diagnostic::format("unknown-format", "neither a preset, nor a graph, nor a project")
                .help("a preset has `graph = \"…\"`, a graph has [nodes], a project is called wfc.toml"),
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
    for number in 0..job.count().min(MAX_COMBINATIONS) {
        if job.compile(number, diagnostics).is_none() {
            break;
        }
    }
    Ok(())
}

fn graph(id: FileId, session: &mut Session, diagnostics: &mut Diagnostics) -> Result<(), ToolError> {
    let source = session.sources.file(id);
    let (path, text) = (source.path().to_owned(), source.text().clone());
    let root = session.root(&path, diagnostics)?;
    let compiler = session.compiler(root.as_ref())?;
    if let Some(graph) = toml::read::<GraphFile>(id, &text, diagnostics) {
        compiler.check_graph(&Arc::new(graph), &session.sources, diagnostics);
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
    if let Some(target) = &project.target {
        Compiler::new(Arc::new(Catalog::embedded())).check_target(target, diagnostics);
    }
}

fn api(
    id: FileId,
    found: Found,
    session: &mut Session,
    diagnostics: &mut Diagnostics,
) -> Result<Option<&'static str>, ToolError> {
    let source = session.sources.file(id);
    let (path, text) = (source.path().to_owned(), source.text().clone());
    let named_as_one = path.to_string_lossy().ends_with(".workflow_api.json");
    if found == Found::Walked && !named_as_one && !json::is_workflow(&text) {
        return Ok(None);
    }
    let root = session.root(&path, diagnostics)?;
    let compiler = session.compiler(root.as_ref())?;
    if let Some(graph) = json::read(id, &text, &compiler.catalog, diagnostics) {
        check::check(graph, &compiler.catalog, diagnostics);
    }
    Ok(Some("api"))
}
