//! From files to plans.

use std::path::{Path, PathBuf};

use serde_json::Map;

use super::assume;
use super::cards::Cards;
use super::document::{Assumption, PlanEntry, Subject};
use crate::analysis::Analysis;
use crate::catalog::{Machines, Models};
use crate::check::{self, ServerVersion};
use crate::cli::session::{self, Found, Session};
use crate::cli::{ToolError, missing, workflow_file};
use crate::compile::plan::of_file;
use crate::diag::{self, Diagnostic, Diagnostics, Gate, Severity};
use crate::front::json::{self, Arena, Document};
use crate::front::toml::Kind;
use crate::front::toml::types::Target;
use crate::ir::Graph;
use crate::lower::load::Root;
use crate::plan::{Assume, Options, Plan, Residency, Setup};
use crate::report::FileReport;
use crate::source::FileId;

/// What was asked.
pub(super) struct Request<'a> {
    pub(super) assume: Assume,
    pub(super) cards: Cards,
    pub(super) residency: Residency,
    /// What torch is called.
    pub(super) torch: Option<&'a str>,
    pub(super) settings: &'a [String],
    pub(super) rung: Option<&'a str>,
}

/// The plans, and what is wrong with the files.
#[derive(Default)]
pub(super) struct Planned {
    pub(super) plans: Vec<PlanEntry>,
    pub(super) reports: Vec<FileReport>,
    /// True if a file could not be read.
    pub(super) has_failed: bool,
    /// True if a workflow has no plan because of what is wrong with it.
    pub(super) has_errors: bool,
}

/// A workflow among the others of its batch.
#[derive(Default)]
struct Place {
    file: String,
    rung: Option<String>,
    values: Map<String, serde_json::Value>,
    workflows: u64,
    notes: Vec<String>,
}

/// What is assumed, and by whom: `graph`, `preset`, `command line`.
type Assumptions = [(&'static str, Assume); 3];

/// Plans all files.
///
/// # Errors
/// When a folder or the catalog cannot be read, or there is nothing to plan.
pub(super) fn all(
    paths: &[PathBuf],
    request: &Request<'_>,
    session: &mut Session,
) -> Result<Planned, ToolError> {
    let mut planned = Planned::default();
    let mut files = 0;
    for (path, found) in session::expand(paths, session::is_toml)? {
        let mut diagnostics = Diagnostics::new();
        let kind = file(&path, found, request, session, &mut planned, &mut diagnostics)?;
        let Some(kind) = kind else { continue };
        files += 1;
        // What a build or the linter warns about is not asked here.
        diagnostics.relevel(|problem| (problem.severity == Severity::Error).then_some(problem.severity));
        planned.has_errors |= !diagnostics.is_empty();
        planned.reports.push(FileReport { path, kind, diagnostics: diagnostics.into_sorted() });
    }
    if files == 0 {
        return Err(ToolError::new(
            "there is no preset in what was given; a preset is a .toml file with `graph = \"…\"`, and workflows are \
             named one by one",
        ));
    }
    Ok(planned)
}

fn file(
    path: &Path,
    found: Found,
    request: &Request<'_>,
    session: &mut Session,
    planned: &mut Planned,
    diagnostics: &mut Diagnostics,
) -> Result<Option<&'static str>, ToolError> {
    if !session::is_toml(path) {
        return workflow(path, request, session, planned, diagnostics).map(Some);
    }
    let id = match session.sources.load(path) {
        Ok(id) => id,
        Err(error) => {
            planned.has_failed = true;
            diagnostics.push(missing::finding(&error));
            return Ok(Some("unknown"));
        }
    };
    match session.kind(id, diagnostics) {
        Some(Kind::Preset) => preset(id, path, request, session, planned, diagnostics)?,
        kind => {
            if found == Found::Walked && diagnostics.is_empty() {
                return Ok(None);
            }
            if diagnostics.is_empty() {
                let what = match kind {
                    None => "neither a preset nor a workflow",
                    Some(Kind::Graph) => "a graph, which has no values to plan with",
                    Some(Kind::LintFile) => "a lint file",
                    Some(Kind::Policy) => "a policy",
                    Some(_) => "a project",
                };
                let problem = Diagnostic::format("unknown-file-kind", format!("this file is {what}"));
                diagnostics.push(problem.help("name presets, workflows, or folders with presets"));
            }
            return Ok(Some("unknown"));
        }
    }
    Ok(Some("preset"))
}

fn preset(
    id: FileId,
    path: &Path,
    request: &Request<'_>,
    session: &mut Session,
    planned: &mut Planned,
    diagnostics: &mut Diagnostics,
) -> Result<(), ToolError> {
    let Some(ready) = session.preset(id, request.settings, diagnostics)? else { return Ok(()) };
    let root = session.root(path, &mut Diagnostics::new())?;
    let cards = priced(root.as_ref(), request, diagnostics);
    let loaded = &ready.loaded;
    let Some(mut job) = ready.compiler.job(loaded, &session.sources, diagnostics) else { return Ok(()) };
    if let Some(rung) = request.rung
        && let Err(problem) = job.select_rung(rung)
    {
        diagnostics.push(*problem);
        return Ok(());
    }
    let Some(choices) = job.choices(diagnostics) else { return Ok(()) };
    let assumptions = [
        ("graph", of_file(loaded.graph.assume.as_ref())),
        ("preset", of_file(loaded.preset.assume.as_ref())),
        ("command line", request.assume),
    ];
    let first = planned.plans.len();
    for choice in choices {
        let Some(checked) = job.compile(choice.number, diagnostics) else { break };
        let values = job.values_of(choice.number).into_iter();
        let place = Place {
            file: path.display().to_string(),
            rung: job.name_of(choice.number).0.map(str::to_owned),
            values: values.map(|(name, value)| (name.to_owned(), value.to_json())).collect(),
            workflows: choice.workflows,
            notes: Vec::new(),
        };
        let target = loaded.preset.target.as_ref();
        let entry =
            plan(place, checked.graph(), &ready.compiler.models, target, assumptions, &cards, request);
        let alike = planned.plans[first..].iter_mut().find(|known| known.is_alike(&entry));
        match alike {
            Some(known) => known.workflows += entry.workflows,
            None => planned.plans.push(entry),
        }
    }
    Ok(())
}

fn workflow(
    path: &Path,
    request: &Request<'_>,
    session: &mut Session,
    planned: &mut Planned,
    diagnostics: &mut Diagnostics,
) -> Result<&'static str, ToolError> {
    let text = match workflow_file::read(path) {
        Ok(text) => text.text,
        Err(error) => {
            planned.has_failed = true;
            diagnostics.push(error.finding());
            return Ok("unknown");
        }
    };
    let id = session.sources.add(path, text.as_str());
    let root = session.root(path, &mut Diagnostics::new())?;
    let compiler = session.compiler(root.as_ref())?;
    let arena = Arena::new();
    let Some(tree) = json::parse(id, &text, &arena, diagnostics) else { return Ok("unknown") };
    let document = Document::of(tree);
    let kind = document.kind.map_or("unknown", json::Kind::name);
    let graph = document.read(id, &compiler.catalog, diagnostics);
    let is_broken = |found: &Diagnostic| found.gate == Gate::Format && found.severity == Severity::Error;
    let Some(graph) = graph.filter(|_| !diagnostics.iter().any(is_broken)) else { return Ok(kind) };
    // What the server would refuse has a plan all the same: often a pack is missing in this catalog alone.
    let mut refused = Diagnostics::new();
    check::validate(&graph, &compiler.catalog, ServerVersion::default(), &mut refused);
    if graph.is_empty() {
        diagnostics.append(&mut refused);
        return Ok(kind);
    }
    let mut notes = Vec::new();
    let errors = refused.error_count() + diagnostics.error_count();
    if errors > 0 {
        let noun = if errors == 1 { "error" } else { "errors" };
        notes.push(format!(
            "ComfyUI with this catalog would refuse the workflow: {errors} {noun}; `wfc lint {}` lists them",
            path.display()
        ));
    }
    diagnostics.relevel(|_| None);
    let cards = priced(root.as_ref(), request, diagnostics);
    let place = Place { file: path.display().to_string(), workflows: 1, notes, ..Place::default() };
    let target = root.as_ref().and_then(|root| root.project.target.as_ref());
    let assumptions = [("command line", request.assume); 3];
    planned.plans.push(plan(place, &graph, &compiler.models, target, assumptions, &cards, request));
    Ok(kind)
}

/// The cards at the prices of the project, if there is one.
fn priced(root: Option<&Root>, request: &Request<'_>, diagnostics: &mut Diagnostics) -> Cards {
    let Some(root) = root else { return request.cards.clone() };
    let machines = Machines::embedded();
    for (id, _) in root.project.prices.iter().filter(|(id, _)| machines.machine(&id.value).is_none()) {
        let ids = machines.ids();
        let help = diag::did_you_mean(&id.value, ids.iter().map(AsRef::as_ref));
        let message = format!("there is no card or machine `{}` in the GPU catalog", id.value);
        diagnostics.push(Diagnostic::format("unknown-gpu", message).at(id.span, "").help_opt(help));
    }
    request.cards.at(&root.project.prices)
}

/// Plans one workflow.
fn plan(
    place: Place,
    graph: &Graph,
    models: &Models,
    target: Option<&Target>,
    assumptions: Assumptions,
    cards: &Cards,
    request: &Request<'_>,
) -> PlanEntry {
    let analysis = Analysis::new(graph, models);
    let assume = assumptions.iter().fold(Assume::default(), |base, (_, over)| base.overlaid(*over));
    let card = cards.one(target);
    let torch = request.torch.or_else(|| Some(&*target?.torch.as_ref()?.get().0));
    let setup = card.as_ref().map_or_else(|| Setup::of(None, torch), |card| card.setup(torch));
    let options = |assume, setup| Options::on(setup, assume, request.residency);
    let with = |assume| Plan::new(graph, &analysis, &options(assume, setup));
    let plan = with(assume);
    let old = cards.many.iter().find(|card| card.keeps_scores());
    let old = old.map(|card| Plan::new(graph, &analysis, &options(assume, card.setup(torch))));
    let conditions = card.as_ref().map_or_else(Vec::new, |card| {
        Plan::conditions(graph, &analysis, &options(assume, setup), card.budget)
    });
    let mut notes = place.notes;
    let mut assumed = Vec::new();
    for what in assume::NAMES {
        let Some(value) = assume::get(&assume, what) else { continue };
        let other = with(assume::without(assume, what));
        let is_used = other.gaps.len() != plan.gaps.len()
            || other.least != plan.least
            || other.without_streaming != plan.without_streaming
            || other.ram != plan.ram
            || other.steps.iter().map(|step| step.work).ne(plan.steps.iter().map(|step| step.work));
        let by = assumptions.iter().rev().find(|(_, said)| assume::get(said, what).is_some());
        let by = by.map_or("command line", |(by, _)| by);
        if is_used {
            assumed.push(Assumption { what, value, by });
        } else if by == "command line" {
            notes.push(format!(
                "`--assume {what}={value}` changes nothing: no step here waits for its {what} to be known"
            ));
        }
    }
    if plan.steps.is_empty() && plan.gaps.is_empty() {
        notes.push("no node of this workflow is known to run a network on the card".to_owned());
    }
    PlanEntry::new(Subject {
        file: place.file,
        rung: place.rung,
        values: place.values,
        workflows: place.workflows,
        residency: request.residency,
        graph,
        analysis: &analysis,
        plan: &plan,
        old: old.as_ref(),
        conditions,
        assumed,
        notes,
        target: card.as_ref(),
        cards,
    })
}
