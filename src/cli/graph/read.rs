//! From a file to the graph that is drawn.

use std::path::Path;
use std::sync::Arc;

use crate::cli::session::{self, Session};
use crate::cli::{ToolError, missing, workflow_file};
use crate::compile::Compiler;
use crate::diag::{Diagnostic, Diagnostics, Gate, Severity};
use crate::front::json::{self, Arena, Document};
use crate::front::toml::graph::GraphFile;
use crate::front::toml::{self, Kind};
use crate::ir::Graph;
use crate::lint::{Levels, Settings};
use crate::report::FileReport;
use crate::source::FileId;

/// What is drawn, and what is known of it.
pub(super) struct Drawn {
    pub(super) graph: Graph,
    /// The order of stages, if a graph file says it.
    pub(super) stages: Vec<Arc<str>>,
    /// What rules go by.
    pub(super) settings: Settings,
    pub(super) compiler: Arc<Compiler>,
    /// What is worth saying beside the picture.
    pub(super) note: Option<String>,
}

/// Reads a file. Gives a report if there is nothing to draw.
///
/// # Errors
/// When the catalog cannot be read, or options do not go with the file.
pub(super) fn file(
    path: &Path,
    set: &[String],
    rung: Option<&str>,
    session: &mut Session,
) -> Result<Result<Drawn, FileReport>, ToolError> {
    let mut diagnostics = Diagnostics::new();
    let (kind, drawn) = if session::is_toml(path) {
        of_toml(path, set, rung, session, &mut diagnostics)?
    } else {
        only_for_presets(set, rung)?;
        of_workflow(path, session, &mut diagnostics)?
    };
    Ok(drawn.ok_or_else(|| {
        diagnostics.relevel(|problem| (problem.severity == Severity::Error).then_some(problem.severity));
        FileReport { path: path.to_owned(), kind, diagnostics: diagnostics.into_sorted() }
    }))
}

type Read = (&'static str, Option<Drawn>);

fn only_for_presets(set: &[String], rung: Option<&str>) -> Result<(), ToolError> {
    if set.is_empty() && rung.is_none() {
        return Ok(());
    }
    let option = if rung.is_some() { "--rung" } else { "--set" };
    Err(ToolError::new(format!("{option} goes with presets; this file is none")))
}

fn of_toml(
    path: &Path,
    set: &[String],
    rung: Option<&str>,
    session: &mut Session,
    diagnostics: &mut Diagnostics,
) -> Result<Read, ToolError> {
    let id = match session.sources.load(path) {
        Ok(id) => id,
        Err(error) => {
            diagnostics.push(missing::finding(&error));
            return Ok(("unknown", None));
        }
    };
    match session.kind(id, diagnostics) {
        Some(Kind::Preset) => Ok(("preset", of_preset(id, set, rung, session, diagnostics)?)),
        Some(Kind::Graph) => {
            only_for_presets(set, rung)?;
            Ok(("graph", of_graph(id, path, session, diagnostics)?))
        }
        kind => {
            if diagnostics.is_empty() {
                let what = match kind {
                    Some(Kind::LintFile) => "a lint file",
                    Some(Kind::Policy) => "a policy",
                    Some(_) => "a project",
                    None => "neither a preset nor a graph",
                };
                let problem = Diagnostic::format("unknown-file-kind", format!("this file is {what}"));
                diagnostics.push(problem.help("name a preset, a graph or a workflow"));
            }
            Ok(("toml", None))
        }
    }
}

fn of_preset(
    id: FileId,
    set: &[String],
    rung: Option<&str>,
    session: &mut Session,
    diagnostics: &mut Diagnostics,
) -> Result<Option<Drawn>, ToolError> {
    let Some(ready) = session.preset(id, set, diagnostics)? else { return Ok(None) };
    let (loaded, compiler) = (&ready.loaded, &ready.compiler);
    let Some(mut job) = compiler.job_before_levels(loaded, &session.sources, diagnostics) else {
        return Ok(None);
    };
    if let Some(rung) = rung
        && let Err(problem) = job.select_rung(rung)
    {
        diagnostics.push(*problem);
        return Ok(None);
    }
    let number = job.numbers().start;
    let Some(graph) = job.graph(number, diagnostics) else { return Ok(None) };
    let count = job.count();
    let note = (count > 1).then(|| format!("the first of {count} workflows of this preset is drawn"));
    let stages = loaded.graph.stages.iter().map(|stage| stage.get().clone()).collect();
    let settings = compiler.preset_settings(loaded, &mut Diagnostics::new());
    Ok(Some(Drawn { graph, stages, settings, compiler: Arc::clone(compiler), note }))
}

fn of_graph(
    id: FileId,
    path: &Path,
    session: &mut Session,
    diagnostics: &mut Diagnostics,
) -> Result<Option<Drawn>, ToolError> {
    let root = session.root(path, &mut Diagnostics::new())?;
    let compiler = session.compiler(root.as_ref())?;
    let text = session.sources.file(id).text().clone();
    let Some(file) = toml::read::<GraphFile>(id, &text, diagnostics) else { return Ok(None) };
    let file = Arc::new(file);
    let Some(graph) = compiler.default_graph(&file, &session.sources, diagnostics) else { return Ok(None) };
    let stages = file.stages.iter().map(|stage| stage.get().clone()).collect();
    let note = Some("the graph is drawn with its defaults; what they switch off is left out".to_owned());
    Ok(Some(Drawn { graph, stages, settings: settings(session, path, &compiler)?, compiler, note }))
}

fn of_workflow(path: &Path, session: &mut Session, diagnostics: &mut Diagnostics) -> Result<Read, ToolError> {
    let text = match workflow_file::read(path) {
        Ok(file) => file.text,
        Err(error) => {
            diagnostics.push(error.finding());
            return Ok(("unknown", None));
        }
    };
    let id = session.sources.add(path, text.as_str());
    let root = session.root(path, &mut Diagnostics::new())?;
    let compiler = session.compiler(root.as_ref())?;
    let arena = Arena::new();
    let Some(tree) = json::parse(id, &text, &arena, diagnostics) else { return Ok(("unknown", None)) };
    let document = Document::of(tree);
    let kind = document.kind.map_or("unknown", json::Kind::name);
    let graph = document.read(id, &compiler.catalog, diagnostics);
    let is_broken = |found: &Diagnostic| found.gate == Gate::Format && found.severity == Severity::Error;
    let Some(graph) = graph.filter(|_| !diagnostics.iter().any(is_broken)) else { return Ok((kind, None)) };
    let settings = settings(session, path, &compiler)?;
    Ok((kind, Some(Drawn { graph, stages: Vec::new(), settings, compiler, note: None })))
}

/// What the project of a file says of the card and of ranges; its levels do not count.
fn settings(session: &mut Session, path: &Path, compiler: &Compiler) -> Result<Settings, ToolError> {
    let mut silent = Diagnostics::new();
    let root = session.root(path, &mut silent)?;
    let project = root.as_ref().map(|root| &root.project);
    let policies = project.and_then(|project| project.policies.as_deref());
    let policies = session.policies(policies, root.as_ref(), &mut silent);
    let target = project.and_then(|project| project.target.as_ref());
    Ok(compiler.settings(Levels::default(), target, &policies))
}
