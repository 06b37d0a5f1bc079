//! Which model files presets, graphs, workflows and manifests need.

use std::collections::BTreeSet;
use std::path::Path;

use super::Options;
use crate::catalog::models::folders;
use crate::catalog::{Model, Models};
use crate::cli::session::{self, Found, Session};
use crate::cli::{ToolError, workflow_file};
use crate::diag::{Diagnostic, Diagnostics, Severity};
use crate::front::json::{self, Arena, Document};
use crate::front::toml::graph::{GraphFile, InputDecl, ParamType};
use crate::front::toml::{self, Kind, Raw};
use crate::ir::Graph;
use crate::report::FileReport;
use crate::source::FileId;

/// A model file that something needs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Need {
    /// Its name in the model catalog.
    pub(super) name: Option<String>,
    /// The model folders in which ComfyUI looks for it; at least one.
    pub(super) folders: Vec<String>,
    /// What the workflow calls it: its file name, or its path below the folder.
    pub(super) value: String,
    pub(super) bytes: Option<u64>,
    pub(super) bytes_exact: bool,
    pub(super) other_bytes: Vec<u64>,
    pub(super) sha256: Option<String>,
    pub(super) url: Option<String>,
    pub(super) gated: Option<bool>,
    /// True if its node downloads it when it first runs.
    pub(super) by_node: bool,
    /// What needs it, as it was given.
    pub(super) used_by: Vec<String>,
}

impl Need {
    /// A file of `folders` (alternatives separated by `|`) that a workflow calls `value`.
    pub(super) fn new(folders: &str, value: &str, models: &Models) -> Self {
        let known = models.by_file(value);
        let mut folders: Vec<String> = folders.split('|').map(str::to_owned).collect();
        if let Some(model) = &known {
            // Its own folder first: that is where it is downloaded to.
            folders.sort_by_key(|folder| *folder != model.folder);
        }
        let need = Self { folders, value: value.to_owned(), ..Self::default() };
        known.map_or(need.clone(), |model| need.with(model))
    }

    fn with(self, model: Model) -> Self {
        Self {
            name: Some(model.name),
            bytes: model.bytes,
            bytes_exact: model.bytes_exact,
            other_bytes: model.other_bytes,
            sha256: model.sha256,
            url: model.url,
            gated: model.gated,
            ..self
        }
    }

    /// The name of its file, without folders.
    pub(super) fn file(&self) -> &str {
        self.value.rsplit(['/', '\\']).next().unwrap_or(&self.value)
    }

    /// What people call it: its name, or its file.
    pub(super) fn shown(&self) -> &str {
        self.name.as_deref().unwrap_or(&self.value)
    }

    /// Its path below the folder, which cannot lead out of it; as ComfyUI takes it.
    pub(super) fn path(&self) -> std::path::PathBuf {
        let mut path = std::path::PathBuf::new();
        for part in self.value.split(std::path::is_separator) {
            match part {
                "" | "." => {}
                ".." => drop(path.pop()),
                part => path.push(part),
            }
        }
        path
    }
}

/// What was asked for needs, and what is wrong with it.
#[derive(Debug, Default)]
pub(super) struct Collected {
    pub(super) needs: Vec<Need>,
    pub(super) reports: Vec<FileReport>,
    /// True if a file could not be read.
    pub(super) has_failed: bool,
    /// The files, as they were given or found.
    pub(super) given: Vec<String>,
}

impl Collected {
    /// True if something of what was asked has no answer, so that the needs are not all.
    pub(super) fn is_incomplete(&self) -> bool {
        let mut all = self.reports.iter().flat_map(|report| &report.diagnostics);
        all.any(|problem| problem.severity == Severity::Error)
    }

    fn add(&mut self, need: &Need, path: &Path) {
        let user = path.display().to_string();
        let at =
            self.needs.iter().position(|known| known.folders == need.folders && known.value == need.value);
        let at = at.unwrap_or_else(|| {
            self.needs.push(need.clone());
            self.needs.len() - 1
        });
        let present = &mut self.needs[at];
        // A loader may need what another node would download.
        present.by_node &= need.by_node;
        if !present.used_by.contains(&user) {
            present.used_by.push(user);
        }
    }

    /// With the models that must lie beside it.
    fn add_all(&mut self, need: &Need, path: &Path, models: &Models) {
        let beside = need.name.as_deref().and_then(|name| models.model(name)).map(|model| model.needs);
        let folder = need.value.rsplit_once('/').map_or(String::new(), |(folder, _)| format!("{folder}/"));
        let folders = need.folders.join("|");
        self.add(need, path);
        for model in beside.unwrap_or_default().iter().filter_map(|name| models.model(name)) {
            self.add(&Need::new(&folders, &format!("{folder}{}", model.file), models), path);
        }
    }

    fn add_graph(&mut self, graph: &Graph, path: &Path, models: &Models) {
        for (folders, value) in graph.files().filter(|(folders, value)| is_model(folders, value)) {
            self.add_all(&Need::new(folders, value, models), path, models);
        }
        for (_, node) in graph.nodes() {
            if let Some((folder, file)) = folders::downloaded_by(&node.class_type) {
                self.add(&Need { by_node: true, ..Need::new(folder, file, models) }, path);
            }
        }
    }
}

/// Reads all files and collects what they need.
///
/// # Errors
/// When a folder or the catalog cannot be read, or there is nothing to read.
pub(super) fn collect(
    paths: &[std::path::PathBuf],
    options: &Options,
    session: &mut Session,
) -> Result<Collected, ToolError> {
    let mut collected = Collected::default();
    let wanted = |path: &Path| session::is_toml(path) || is_manifest(path);
    let mut seen = BTreeSet::new();
    for (path, found) in session::expand(paths, wanted)? {
        // What a preset needs, its manifest repeats.
        let preset = path.to_string_lossy().strip_suffix(".wfc.json").map(|stem| format!("{stem}.toml"));
        if found == Found::Walked && preset.is_some_and(|preset| seen.contains(&preset)) {
            continue;
        }
        seen.insert(path.to_string_lossy().into_owned());
        let mut diagnostics = Diagnostics::new();
        let kind = file(&path, found, options, session, &mut collected, &mut diagnostics)?;
        let Some(kind) = kind else { continue };
        collected.given.push(path.display().to_string());
        if !diagnostics.is_empty() {
            let diagnostics = diagnostics.into_sorted();
            collected.reports.push(FileReport { path, kind, diagnostics });
        }
    }
    if collected.given.is_empty() {
        return Err(ToolError::new(
            "there is no preset, graph, workflow or manifest in what was given; a preset is a .toml file with \
             `graph = \"…\"`",
        ));
    }
    Ok(collected)
}

/// Some inputs take a word in place of a file, such as `none` or `pixel_space`; files have an extension.
fn is_model(folders: &str, value: &str) -> bool {
    folders != "input" && value.contains('.')
}

fn is_manifest(path: &Path) -> bool {
    path.to_string_lossy().to_lowercase().ends_with(".wfc.json")
}

/// What a file is. Nothing if it was met in a folder and is none of this command's business.
fn file(
    path: &Path,
    found: Found,
    options: &Options,
    session: &mut Session,
    collected: &mut Collected,
    diagnostics: &mut Diagnostics,
) -> Result<Option<&'static str>, ToolError> {
    if !session::is_toml(path) {
        return workflow(path, session, collected, diagnostics).map(Some);
    }
    let id = match session.sources.load(path) {
        Ok(id) => id,
        Err(error) => {
            collected.has_failed = true;
            diagnostics.push(Diagnostic::format("unreadable-file", error.to_string()));
            return Ok(Some("unknown"));
        }
    };
    match session.kind(id, diagnostics) {
        Some(Kind::Preset) => preset(id, path, options, session, collected, diagnostics)?,
        Some(Kind::Graph) => graph(id, path, session, collected, diagnostics)?,
        kind => {
            if found == Found::Walked && diagnostics.is_empty() {
                return Ok(None);
            }
            if diagnostics.is_empty() {
                let what = match kind {
                    None => "neither a preset nor a graph",
                    Some(Kind::LintFile) => "a lint file, and needs no models",
                    Some(_) => "a project, and needs no models itself",
                };
                diagnostics.push(Diagnostic::format("unknown-file-kind", format!("this file is {what}")));
            }
            return Ok(Some("unknown"));
        }
    }
    Ok(Some(if session.kind(id, &mut Diagnostics::new()) == Some(Kind::Graph) { "graph" } else { "preset" }))
}

fn preset(
    id: FileId,
    path: &Path,
    options: &Options,
    session: &mut Session,
    collected: &mut Collected,
    diagnostics: &mut Diagnostics,
) -> Result<(), ToolError> {
    let Some(ready) = session.preset(id, &options.set, diagnostics)? else { return Ok(()) };
    let Some(mut job) = ready.compiler.job(&ready.loaded, &session.sources, diagnostics) else {
        return Ok(());
    };
    for number in 0..job.count() {
        let Some(graph) = job.graph(number, diagnostics) else { break };
        collected.add_graph(&graph, path, &ready.compiler.models);
    }
    // What a build warns about is not asked here.
    diagnostics.relevel(|problem| (problem.severity == Severity::Error).then_some(problem.severity));
    Ok(())
}

/// A graph by itself has no values, so all of its slots count, in whatever variant they are used.
fn graph(
    id: FileId,
    path: &Path,
    session: &mut Session,
    collected: &mut Collected,
    diagnostics: &mut Diagnostics,
) -> Result<(), ToolError> {
    let text = session.sources.file(id).text().clone();
    let root = session.root(path, diagnostics)?;
    let compiler = session.compiler(root.as_ref())?;
    let models = &compiler.models;
    let Some(graph) = toml::read::<GraphFile>(id, &text, diagnostics) else { return Ok(()) };
    for (_, node) in &graph.nodes {
        let class = compiler.catalog.class(node.class.get());
        for (input, value) in &node.inputs {
            let named = match value.get() {
                InputDecl::Model(slot) => {
                    let filled = graph.models.get(&slot.value).map(|slot| slot.model.get());
                    Some(filled.unwrap_or(&slot.value).clone())
                }
                InputDecl::Literal(value) => value.as_str().map(Into::into),
                InputDecl::Param(param) => graph.params.get(&param.value).and_then(|param| {
                    let default = param.default.as_ref().filter(|_| *param.kind.get() == ParamType::Model)?;
                    if let Raw::Str(text) = &default.value { Some(text.clone()) } else { None }
                }),
                _ => None,
            };
            let folder = class.as_ref().and_then(|class| class.input(&input.value));
            let folder = folder.and_then(|input| input.kind.folder());
            if let (Some(named), Some(folder)) = (named, folder) {
                let file = models.model(&named).map_or_else(|| named.to_string(), |model| model.file);
                if !is_model(folder, &file) {
                    continue;
                }
                collected.add_all(&Need::new(folder, &file, models), path, models);
            }
        }
        if let Some((folder, file)) = folders::downloaded_by(node.class.get()) {
            collected.add(&Need { by_node: true, ..Need::new(folder, file, models) }, path);
        }
    }
    Ok(())
}

/// A workflow, or a manifest.
fn workflow(
    path: &Path,
    session: &mut Session,
    collected: &mut Collected,
    diagnostics: &mut Diagnostics,
) -> Result<&'static str, ToolError> {
    let text = match workflow_file::read(path) {
        Ok(text) => text.text,
        Err(error) => {
            collected.has_failed = true;
            diagnostics.push(error.finding());
            return Ok("unknown");
        }
    };
    let id = session.sources.add(path, text.as_str());
    let root = session.root(path, &mut Diagnostics::new())?;
    let compiler = session.compiler(root.as_ref())?;
    if let Some(manifest) = Manifest::read(&text) {
        for model in manifest.requires.models {
            collected.add_all(&model.need(&compiler.models), path, &compiler.models);
        }
        return Ok("manifest");
    }
    if is_manifest(path) {
        let problem = Diagnostic::format(
            "unknown-file-kind",
            "this file is no manifest: it does not list what is required",
        );
        diagnostics.push(problem.help("build the preset again: `wfc build` writes it"));
        return Ok("unknown");
    }
    let arena = Arena::new();
    let Some(tree) = json::parse(id, &text, &arena, diagnostics) else { return Ok("unknown") };
    let document = Document::of(tree);
    let kind = document.kind;
    let before = diagnostics.error_count();
    if let Some(graph) = document.read(id, &compiler.catalog, diagnostics) {
        collected.add_graph(&graph, path, &compiler.models);
        for (_, node) in graph.nodes().filter(|(_, node)| node.class.is_none()) {
            let message = format!(
                "what `{}` needs is not known: no node class of the catalog is called so",
                node.class_type
            );
            diagnostics.push(Diagnostic::lint("unknown-class", message).at_opt(node.origin.span(), ""));
        }
        if graph.is_empty() && diagnostics.error_count() == before {
            diagnostics
                .push(Diagnostic::format("unknown-file-kind", "this file is no workflow: it has no nodes"));
        }
    }
    // What could not be read may need something; the rest is for whoever lints the file.
    diagnostics.relevel(|problem| {
        let counts = problem.severity == Severity::Error || problem.rule == "unknown-class";
        counts.then_some(problem.severity)
    });
    Ok(kind.map_or("unknown", json::Kind::name))
}

/// What this command reads of a manifest.
#[derive(serde::Deserialize)]
struct Manifest {
    requires: Requires,
}

#[derive(serde::Deserialize)]
struct Requires {
    models: Vec<Required>,
}

#[derive(serde::Deserialize)]
struct Required {
    file: String,
    folder: Option<String>,
    bytes: Option<u64>,
    #[serde(default)]
    bytes_exact: bool,
    sha256: Option<String>,
    url: Option<String>,
    gated: Option<bool>,
    #[serde(default)]
    downloaded_by_node: bool,
}

impl Manifest {
    fn read(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }
}

impl Required {
    /// What the model catalog knows wins over what the manifest says.
    fn need(self, models: &Models) -> Need {
        let need = Need::new(self.folder.as_deref().unwrap_or("checkpoints"), &self.file, models);
        let need = Need { by_node: self.downloaded_by_node, ..need };
        if need.name.is_some() {
            return need;
        }
        Need {
            bytes: self.bytes,
            bytes_exact: self.bytes_exact && self.bytes.is_some(),
            sha256: self.sha256,
            url: self.url,
            gated: self.gated,
            ..need
        }
    }
}
