//! Reads what is compared: presets are compiled, workflows are read, and both are judged.

use std::path::Path;
use std::sync::Arc;

use super::locate::Located;
use crate::back::api::{Ids, Layout};
use crate::back::manifest::Manifest;
use crate::catalog::{Machine, Machines};
use crate::check::{self, ServerVersion};
use crate::cli::session::{self, Session};
use crate::cli::{ToolError, workflow_file};
use crate::compile::plan::assumed;
use crate::compile::{Compiler, workflow_bytes};
use crate::diag::{Diagnostic, Diagnostics, Gate, Severity};
use crate::front::json::{self, Arena, Document};
use crate::front::toml::lint::LintFile;
use crate::front::toml::types::Target;
use crate::front::toml::{self, Kind};
use crate::ir::Graph;
use crate::lint::{self, Allowances, Facts, Levels, Settings};
use crate::lower::load::Root;
use crate::plan::{Assume, Budget};
use crate::review::Side;
use crate::review::looks::Looks;
use crate::source::{self, FileId, MAX_WORKFLOW_BYTES};

const MIB: f64 = 1024.0 * 1024.0;

/// A workflow that can be compared.
pub(in crate::cli) struct Opened {
    kind: &'static str,
    graph: Graph,
    compiler: Arc<Compiler>,
    findings: Vec<Diagnostic>,
    manifest: Option<Manifest>,
    workflows: Option<u64>,
    looks: Option<Looks>,
    machine: Option<Machine>,
    budget: Option<Budget>,
    assume: Assume,
}

/// A file that gives no workflow.
pub(in crate::cli) struct Unopened {
    pub(in crate::cli) kind: &'static str,
    pub(in crate::cli) diagnostics: Vec<Diagnostic>,
}

impl Opened {
    /// What is compared; a machine that was asked for wins.
    pub(in crate::cli) fn side(&self, name: String, machine: Option<&Machine>) -> Side<'_> {
        let asked = machine.map(|machine| Budget { total: machine.gpu.vram_mib() * MIB, headroom: 0.0 });
        Side {
            name,
            kind: self.kind,
            graph: &self.graph,
            models: &self.compiler.models,
            findings: Some(&self.findings),
            manifest: self.manifest.as_ref(),
            workflows: self.workflows,
            looks: self.looks.as_ref(),
            machine: machine.cloned().or_else(|| self.machine.clone()),
            budget: asked.or(self.budget),
            assume: self.assume,
        }
    }

    /// The workflow.
    pub(in crate::cli) const fn graph(&self) -> &Graph {
        &self.graph
    }

    /// What it is, in words.
    pub(in crate::cli) fn about(&self) -> String {
        let errors = self.findings.iter().filter(|found| found.severity == Severity::Error).count();
        let what = if self.kind == "preset" { "a preset" } else { "a workflow" };
        format!(
            "{what} with {}, {}, {}",
            count(self.graph.len(), "node"),
            count(errors, "error"),
            count(self.findings.len() - errors, "other finding")
        )
    }
}

/// `1 node`, `2 nodes`
fn count(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

/// Opens a file.
///
/// # Errors
/// When the catalog or the project cannot be read.
pub(in crate::cli) fn open(
    located: &Located,
    session: &mut Session,
) -> Result<Result<Opened, Unopened>, ToolError> {
    if session::is_toml(&located.path) { preset(located, session) } else { workflow(located, session) }
}

fn preset(located: &Located, session: &mut Session) -> Result<Result<Opened, Unopened>, ToolError> {
    let mut found = Diagnostics::new();
    let id = match session.sources.load(&located.path) {
        Ok(id) => id,
        Err(error) => {
            found.push(unreadable(&located.path, error.to_string()));
            return Ok(Err(unopened("unknown", found)));
        }
    };
    let kind = session.kind(id, &mut found);
    if kind != Some(Kind::Preset) {
        if found.is_empty() {
            let what = kind.map_or("nothing that wfc knows", |kind| match kind {
                Kind::Graph => "a graph, which has no values of its own",
                Kind::Policy => "a policy",
                Kind::LintFile => "a lint file",
                Kind::Project | Kind::Preset => "a project",
            });
            let problem = Diagnostic::format("not-a-workflow", format!("this file is {what}"));
            found.push(problem.help("compare presets, which have `graph = \"…\"`, or workflows"));
        }
        return Ok(Err(unopened("toml", found)));
    }
    let Some(ready) = session.preset(id, &[], &mut found)? else { return Ok(Err(unopened("preset", found))) };
    let mut problems = Diagnostics::new();
    let settings = ready.compiler.preset_settings(&ready.loaded, &mut problems);
    let job = ready.compiler.job_before_levels(&ready.loaded, &session.sources, &mut found);
    let Some(mut job) = job else { return Ok(Err(unopened("preset", found))) };
    let (graph, manifest) = match job.compile(0, &mut found) {
        Some(checked) => {
            ready.compiler.lint(&checked, &settings, &mut found);
            let bytes = workflow_bytes(&checked, Ids::Names, Layout::Compact);
            let manifest = job.manifest(&checked, Ids::Names, "", &bytes);
            (Some(checked.graph().clone()), Some(manifest))
        }
        // What the server would refuse can be compared all the same.
        None => (job.graph(0, &mut Diagnostics::new()), None),
    };
    let workflows = job.is_batch().then(|| job.count());
    let Some(graph) = graph else { return Ok(Err(unopened("preset", found))) };
    found.append(&mut problems);
    settings.judge(&mut found);
    let target = ready.loaded.preset.target.as_ref();
    Ok(Ok(Opened {
        kind: "preset",
        graph,
        findings: found.into_sorted(),
        manifest,
        workflows,
        looks: None,
        machine: machine(target),
        budget: budget(target),
        assume: assumed(&ready.loaded, Assume::default()),
        compiler: ready.compiler,
    }))
}

/// A workflow that was read, before it is judged.
pub(in crate::cli) struct Read {
    kind: &'static str,
    pub(in crate::cli) graph: Graph,
    looks: Option<Looks>,
    root: Option<Root>,
    compiler: Arc<Compiler>,
    found: Diagnostics,
}

/// Opens a file that is no preset.
///
/// # Errors
/// As [`open`].
pub(in crate::cli) fn workflow(
    located: &Located,
    session: &mut Session,
) -> Result<Result<Opened, Unopened>, ToolError> {
    let Read { kind, graph, looks, root, compiler, mut found } = match read(located, session)? {
        Ok(read) => read,
        Err(unopened) => return Ok(Err(unopened)),
    };
    if let Some(version) = looks.as_ref().and_then(Looks::unknown_version) {
        crate::cli::note(&format!(
            "note: {} is of version {version} of the editor's format; wfc knows 0.4 and 1, and what is new since may be \
             missing here\n",
            located.shown
        ));
    }
    let verdict = check::validate(&graph, &compiler.catalog, ServerVersion::default(), &mut found);
    let settings = settings(located, &compiler, root.as_ref(), session);
    let facts = Facts { catalog: &compiler.catalog, models: &compiler.models };
    lint::workflow(&graph, &verdict, &facts, &settings, &mut found);
    check::stop_at_missing_class(ServerVersion::default(), &mut found);
    settings.judge(&mut found);
    let target = root.as_ref().and_then(|root| root.project.target.as_ref());
    Ok(Ok(Opened {
        kind,
        graph,
        findings: found.into_sorted(),
        manifest: None,
        workflows: None,
        looks,
        machine: machine(target),
        budget: budget(target),
        assume: Assume::default(),
        compiler,
    }))
}

/// Reads a workflow: JSON, or a picture with one in it.
///
/// # Errors
/// When the catalog or the project cannot be read.
pub(in crate::cli) fn read(
    located: &Located,
    session: &mut Session,
) -> Result<Result<Read, Unopened>, ToolError> {
    let mut found = Diagnostics::new();
    let text = match workflow_file::read(&located.path) {
        Ok(file) => file.text,
        Err(error) => {
            found.push(unreadable(&located.path, error.message()));
            return Ok(Err(unopened("unknown", found)));
        }
    };
    let id = session.sources.add(located.path.as_path(), text.as_str());
    let root = session.root(&located.home, &mut Diagnostics::new())?;
    let compiler = session.compiler(root.as_ref())?;
    let arena = Arena::new();
    let Some(tree) = json::parse(id, &text, &arena, &mut found) else {
        if text.starts_with("version https://git-lfs.github.com/") {
            let problem =
                Diagnostic::format("unreadable-file", "this is what Git LFS keeps in place of the file");
            found = Diagnostics::new();
            found.push(problem.help("`git lfs pull` brings the files of the working tree; compare those"));
        }
        return Ok(Err(unopened("unknown", found)));
    };
    let document = Document::of(tree);
    let kind = document.kind.map_or("unknown", json::Kind::name);
    let graph = document.read(id, &compiler.catalog, &mut found);
    let is_broken = |found: &Diagnostic| found.gate == Gate::Format && found.severity == Severity::Error;
    let is_broken = found.iter().any(is_broken);
    let Some(graph) = graph.filter(|graph| !graph.is_empty() && !is_broken && document.kind.is_some()) else {
        if !is_broken {
            let problem = Diagnostic::format("not-a-workflow", "not a workflow: there is no node in it");
            found.push(problem.help("compare what ComfyUI's editor saves, or exports for the API"));
        }
        return Ok(Err(unopened(kind, found)));
    };
    let looks = (document.kind == Some(json::Kind::Ui)).then(|| Looks::of(&tree));
    Ok(Ok(Read { kind, graph, looks, root, compiler, found }))
}

/// What a workflow is judged by: the project's levels, and its lint file. What is wrong with those is the linter's to say.
fn settings(located: &Located, compiler: &Compiler, root: Option<&Root>, session: &mut Session) -> Settings {
    let mut silent = Diagnostics::new();
    let mut levels = root.map(|root| root.levels(&located.home)).unwrap_or_default();
    let mut allowances = Allowances::default();
    let lint_file = session::lint_file(&located.home);
    let file: Option<FileId> =
        source::exists(&lint_file).then(|| session.sources.load(&lint_file).ok()).flatten();
    let read = file.and_then(|file| {
        let text = session.sources.file(file).text().clone();
        toml::read::<LintFile>(file, &text, &mut silent)
    });
    if let Some(read) = read {
        allowances = Allowances::of_findings(&read.allow, &mut silent);
        levels.merge(read.lint);
    }
    let named = root.and_then(|root| root.project.policies.as_deref());
    let policies = session.policies(named, root, &mut silent);
    let target = root.and_then(|root| root.project.target.as_ref());
    let levels = Levels::of(&levels, &mut silent);
    Settings { allowances, ..compiler.settings(levels, target, &policies) }
}

/// A file that cannot be read; of one that was never text, that is what is wrong.
fn unreadable(path: &Path, message: String) -> Diagnostic {
    let is_binary = || source::read_capped(path, MAX_WORKFLOW_BYTES).is_ok_and(|bytes| is_binary(&bytes));
    if !message.contains("UTF-8") || !is_binary() {
        return Diagnostic::format("unreadable-file", message);
    }
    Diagnostic::format("unreadable-file", "this is a binary file, and no picture with a workflow in it")
        .help("compare presets, workflows in JSON, or pictures as ComfyUI writes them: PNG and WebP")
}

/// True for bytes that are no text, as git tells: there is a zero near the beginning. UTF-16 is full of them, and text.
pub(in crate::cli) fn is_binary(bytes: &[u8]) -> bool {
    let is_utf16 = bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]);
    !is_utf16 && bytes.iter().take(8000).any(|byte| *byte == 0)
}

fn unopened(kind: &'static str, found: Diagnostics) -> Unopened {
    Unopened { kind, diagnostics: found.into_sorted() }
}

fn machine(target: Option<&Target>) -> Option<Machine> {
    Machines::embedded().machine(target?.gpu.as_ref()?.get())
}

fn budget(target: Option<&Target>) -> Option<Budget> {
    let target = target?;
    let own = target.vram.as_ref().map(|vram| vram.get().mib());
    let total = own.or_else(|| machine(Some(target)).map(|machine| machine.gpu.vram_mib()))?;
    let headroom = target.headroom.as_ref().map_or(0.0, |headroom| headroom.get().mib());
    Some(Budget { total: total * MIB, headroom: headroom * MIB })
}
