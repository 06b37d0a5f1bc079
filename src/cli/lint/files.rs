//! The TOML files that are checked: presets, graphs, projects and lint files.

use std::path::Path;
use std::sync::Arc;

use super::allowances::Noted;
use super::levels::Overrides;
use crate::catalog::Catalog;
use crate::cli::session::{self, Found, Session};
use crate::cli::{ToolError, missing};
use crate::compile::Compiler;
use crate::diag::{Diagnostic, Diagnostics};
use crate::front::toml::graph::GraphFile;
use crate::front::toml::lint::{FILE_SUFFIX, LintFile};
use crate::front::toml::policy::Policy;
use crate::front::toml::project::Project;
use crate::front::toml::{self, Kind, comments};
use crate::lint::{Allowances, Levels, Settings};
use crate::lower::load;
use crate::source::{self, FileId};

/// Combinations of a batch that are checked; a matrix of many seeds says the same again and again.
const MAX_COMBINATIONS: u64 = 256;

/// Checks one TOML file and gives its kind; nothing if it was met in a folder and is not wfc's business.
pub(super) fn check(
    path: &Path,
    found: Found,
    session: &mut Session,
    overrides: &Overrides,
    diagnostics: &mut Diagnostics,
) -> Result<Option<(&'static str, Noted)>, ToolError> {
    let id = match session.sources.load(path) {
        Ok(id) => id,
        Err(error) => {
            diagnostics.push(missing::finding(&error));
            return Ok(Some(("unknown", Noted::default())));
        }
    };
    let kind = session.kind(id, diagnostics);
    let mut noted = Noted::default();
    match kind {
        Some(Kind::Preset) => noted = preset(id, session, overrides, diagnostics)?,
        Some(Kind::Graph) => noted = graph(id, session, overrides, diagnostics)?,
        Some(Kind::Project) => project(id, session, diagnostics),
        Some(Kind::Policy) => {
            toml::read::<Policy>(id, session.sources.file(id).text(), diagnostics);
        }
        Some(Kind::LintFile) => lint_file(id, session, diagnostics),
        None if !diagnostics.is_empty() => return Ok(Some(("toml", noted))),
        None if found == Found::Walked => return Ok(None),
        None => diagnostics.push(
            Diagnostic::format("unknown-format", "neither a preset, nor a graph, nor a project, nor a policy").help(
                "a preset has `graph = \"…\"`, a graph has [nodes], a policy [[limits]], a project is called wfc.toml",
            ),
        ),
    }
    Ok(Some((kind.map_or("toml", Kind::name), noted)))
}

fn preset(
    id: FileId,
    session: &mut Session,
    overrides: &Overrides,
    diagnostics: &mut Diagnostics,
) -> Result<Noted, ToolError> {
    let Some(mut ready) = session.preset(id, &[], diagnostics)? else { return Ok(Noted::default()) };
    ready.loaded.preset.lint.merge(overrides.levels.clone());
    let mut problems = Diagnostics::new();
    let settings = ready.compiler.preset_settings(&ready.loaded, &mut problems);
    let settings = Settings { verbose: overrides.verbose, ..settings };
    let job = ready.compiler.job_before_levels(&ready.loaded, &session.sources, diagnostics);
    if let Some(mut job) = job {
        for number in 0..job.count().min(MAX_COMBINATIONS) {
            let Some(checked) = job.compile(number, diagnostics) else { break };
            let mut found = Diagnostics::new();
            ready.compiler.lint(&checked, &settings, &mut found);
            // What does not depend on the combination is found in each.
            diagnostics.append_new(found);
        }
    }
    diagnostics.append(&mut problems);
    settings.judge(diagnostics);
    Ok(Noted::of(diagnostics, &settings, id))
}

fn graph(
    id: FileId,
    session: &mut Session,
    overrides: &Overrides,
    diagnostics: &mut Diagnostics,
) -> Result<Noted, ToolError> {
    let source = session.sources.file(id);
    let (path, text) = (source.path().to_owned(), source.text().clone());
    let root = session.root(&path, diagnostics)?;
    let compiler = session.compiler(root.as_ref())?;
    let mut problems = Diagnostics::new();
    let levels = root.as_ref().map(|root| root.levels(&path)).unwrap_or_default();
    let levels = Levels::of(&overrides.on(levels), &mut problems);
    let project = root.as_ref().map(|root| &root.project);
    let target = project.and_then(|project| project.target.as_ref());
    // What is wrong with them is reported for the project.
    let named = project.and_then(|project| project.policies.as_deref());
    let policies = session.policies(named, root.as_ref(), &mut Diagnostics::new());
    let comments = comments::read(id, &text, &mut problems);
    let settings = Settings {
        allowances: Allowances::of_comments(&comments, &mut problems),
        verbose: overrides.verbose,
        ..compiler.settings(levels, target, &policies)
    };
    if let Some(graph) = toml::read::<GraphFile>(id, &text, diagnostics) {
        let graph = Arc::new(graph);
        compiler.check_graph(&graph, &session.sources, diagnostics);
        compiler.lint_graph(&graph, &settings, &session.sources, diagnostics);
    }
    diagnostics.append(&mut problems);
    settings.judge(diagnostics);
    Ok(Noted::of(diagnostics, &settings, id))
}

fn project(id: FileId, session: &mut Session, diagnostics: &mut Diagnostics) {
    let source = session.sources.file(id);
    let (path, text) = (source.path().to_owned(), source.text().clone());
    let Some(project) = toml::read::<Project>(id, &text, diagnostics) else { return };
    let all: Vec<usize> = (0..project.overrides.len()).collect();
    Levels::of(&project.levels(&all), diagnostics);
    let folder = path.parent().unwrap_or(Path::new(""));
    let catalog = project.catalog.as_ref().filter(|catalog| session::is_file(catalog.get()));
    for path in catalog.into_iter().chain(&project.graphs) {
        if !source::exists(&folder.join(&**path.get())) {
            let message = format!("there is no `{}` beside this file", path.get());
            diagnostics.push(Diagnostic::format("unreadable-file", message).at(path.span(), ""));
        }
    }
    let policies = project.policies.as_deref().unwrap_or_default();
    load::policies(policies, Some(folder), &mut session.sources, diagnostics);
    if let Some(target) = &project.target {
        Compiler::new(Arc::new(Catalog::embedded())).check_target(target, diagnostics);
    }
}

/// Whether it allows something that is not found, the check of its workflow says.
fn lint_file(id: FileId, session: &Session, diagnostics: &mut Diagnostics) {
    let source = session.sources.file(id);
    let Some(read) = toml::read::<LintFile>(id, source.text(), diagnostics) else { return };
    Levels::of(&read.lint, diagnostics);
    Allowances::of_findings(&read.allow, diagnostics);
    let path = source.path();
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let stem = name.strip_suffix(FILE_SUFFIX).unwrap_or(&name);
    let exists = |extension: &str| source::exists(&path.with_file_name(format!("{stem}.{extension}")));
    if !session::WORKFLOW_EXTENSIONS.iter().any(|extension| exists(extension)) {
        let message = format!("there is no workflow `{stem}.json` beside this file");
        diagnostics.push(
            Diagnostic::format("missing-workflow", message)
                .warning()
                .help("NAME.lint.toml is about NAME.json, NAME.png or NAME.webp"),
        );
    }
}
