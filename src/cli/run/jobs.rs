//! From presets and workflow files to jobs.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::analysis::Analysis;
use crate::back::api::{Ids, Layout};
use crate::back::manifest::{self, Manifest, pointer};
use crate::catalog::{Gpus, InputKind, Machines};
use crate::cli::session::{self, Found, Ready, Session};
use crate::cli::{ToolError, workflow_file};
use crate::compile::plan::assumed;
use crate::compile::{self, workflow_bytes};
use crate::diag::{Diagnostics, Severity};
use crate::exec::{About, Error, Expected, Identity, Input, Job, Label, Trouble, batch};
use crate::front::json::{self, Arena, Document};
use crate::front::toml::Kind;
use crate::front::toml::graph::ParamType;
use crate::ir::{Argument, Graph, Value as Literal};
use crate::plan::{Assume, Options, Plan, Residency, Setup, size, times};
use crate::report::FileReport;
use crate::source::{self, MAX_WORKFLOW_BYTES, Sources};

use super::inputs::Resolved;

/// Largest manifest that is read, in bytes.
const MAX_MANIFEST_BYTES: u64 = 64 << 20;

/// A file of the command line, read as far as that needs no other.
pub(super) enum Read {
    /// A preset.
    Preset(PathBuf, Box<Ready>),
    /// A workflow in API format, with where it came from.
    File(Workflow),
}

/// A workflow in API format.
pub(super) struct Workflow {
    path: PathBuf,
    bytes: Vec<u8>,
    inputs: Vec<Named>,
    nodes: BTreeMap<String, Label>,
    catalog: Option<String>,
}

/// An input file that a workflow names.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Named {
    /// The folder that relative paths are meant from, beside the current one.
    pub(super) base: PathBuf,
    /// The parameter, or node and input.
    pub(super) param: String,
    /// What it says.
    pub(super) value: String,
    /// Where in the workflow.
    at: Vec<String>,
}

/// Reads all that was named. What is wrong goes to `reports`.
///
/// # Errors
/// When a file cannot be read, or is nothing that runs.
pub(super) fn read(
    paths: &[PathBuf],
    settings: &[String],
    session: &mut Session,
    reports: &mut Vec<FileReport>,
) -> Result<Vec<Read>, ToolError> {
    let mut all = Vec::new();
    for (path, found) in session::expand(paths, session::is_toml)? {
        let mut diagnostics = Diagnostics::new();
        let is_manifest = path.to_string_lossy().to_lowercase().ends_with(".wfc.json");
        let result = if is_manifest {
            for file in named_by(&path)? {
                all.push(Read::File(workflow(&file, session, &mut diagnostics)?));
            }
            Ok(())
        } else if session::is_toml(&path) {
            preset(&path, found, settings, session, &mut diagnostics).map(|ready| {
                all.extend(ready.map(|ready| Read::Preset(path.clone(), Box::new(ready))));
            })
        } else {
            if !settings.is_empty() {
                return Err(ToolError::new(format!(
                    "--set goes with presets, and {} is none; `wfc bind` sets values of compiled workflows",
                    path.display()
                )));
            }
            workflow(&path, session, &mut diagnostics).map(|workflow| all.push(Read::File(workflow)))
        };
        result?;
        if !diagnostics.is_empty() {
            let kind = if session::is_toml(&path) { "preset" } else { "workflow" };
            reports.push(FileReport { path, kind, diagnostics: diagnostics.into_sorted() });
        }
    }
    let has_errors =
        reports.iter().flat_map(|report| &report.diagnostics).any(|it| it.severity == Severity::Error);
    if all.is_empty() && !has_errors {
        return Err(ToolError::new(
            "there is nothing to run in what was given; name presets, compiled workflows, or folders with presets",
        ));
    }
    Ok(all)
}

fn preset(
    path: &Path,
    found: Found,
    settings: &[String],
    session: &mut Session,
    diagnostics: &mut Diagnostics,
) -> Result<Option<Ready>, ToolError> {
    let file = session.sources.load(path)?;
    match session.kind(file, diagnostics) {
        Some(Kind::Preset) => session.preset(file, settings, diagnostics),
        _ if found == Found::Walked => Ok(None),
        None if diagnostics.has_errors() => Ok(None),
        kind => {
            let what = kind.map_or("TOML that is not wfc's", Kind::name);
            Err(ToolError::new(format!("{} is a {what}, not a preset, so it cannot run", path.display())))
        }
    }
}

/// The workflows that a manifest names.
fn named_by(path: &Path) -> Result<Vec<PathBuf>, ToolError> {
    let bytes = source::read_capped(path, MAX_MANIFEST_BYTES)?;
    let manifest: Manifest = serde_json::from_slice(&bytes)
        .map_err(|error| ToolError::new(format!("{} is no manifest: {error}", path.display())))?;
    let folder = path.parent().unwrap_or(Path::new(""));
    let batch = manifest.batch.iter().flat_map(|batch| batch.workflows.iter().map(|workflow| workflow.file));
    let files: Vec<_> = manifest.workflow.iter().map(|workflow| workflow.file.clone()).chain(batch).collect();
    for file in &files {
        if Path::new(file).components().count() != 1 {
            return Err(ToolError::new(format!("{} names `{file}`, which is not beside it", path.display())));
        }
    }
    Ok(files.into_iter().map(|file| folder.join(file)).collect())
}

/// Reads a workflow. One in API format runs as it is; one as the editor saves it, as the editor would export it.
fn workflow(
    path: &Path,
    session: &mut Session,
    diagnostics: &mut Diagnostics,
) -> Result<Workflow, ToolError> {
    let text = workflow_file::read(path).map_err(|error| ToolError::new(error.told()))?.text;
    let id = session.sources.add(path, text.as_str());
    let root = session.root(path, &mut Diagnostics::new())?;
    let compiler = session.compiler(root.as_ref())?;
    let base = path.parent().unwrap_or(Path::new("")).to_owned();
    let arena = Arena::new();
    let no_workflow = || ToolError::new(format!("{} is no workflow", path.display()));
    let tree = json::parse(id, &text, &arena, diagnostics);
    let document = Document::of(tree.ok_or_else(no_workflow)?);
    let mut found = Diagnostics::new();
    let graph = document.read(id, &compiler.catalog, &mut found);
    let (inputs, nodes) = match &graph {
        Some(graph) => (input_files(graph, &base), labels(graph, None)),
        None => (Vec::new(), BTreeMap::new()),
    };
    let bytes = match document.kind {
        Some(json::Kind::Api) => {
            if text.len() as u64 > MAX_WORKFLOW_BYTES || nodes.is_empty() {
                return Err(no_workflow());
            }
            bare(text.into_bytes())
        }
        Some(json::Kind::Ui) => {
            let checked = graph.and_then(|graph| crate::check::check(graph, &compiler.catalog, &mut found));
            diagnostics.append(&mut found);
            match checked {
                Some(checked) => workflow_bytes(&checked, Ids::Names, Layout::Compact),
                None => Vec::new(),
            }
        }
        None => return Err(no_workflow()),
    };
    Ok(Workflow { path: path.to_owned(), bytes, inputs, nodes, catalog: None })
}

/// A workflow without the `{"prompt": …}` around it that it may have.
fn bare(text: Vec<u8>) -> Vec<u8> {
    match serde_json::from_slice::<Value>(&text) {
        Ok(Value::Object(mut all)) => match all.remove("prompt") {
            Some(inner @ Value::Object(_)) if inner.get("class_type").is_none() => {
                inner.to_string().into_bytes()
            }
            _ => text,
        },
        _ => text,
    }
}

/// The files that inputs of a workflow name, each with all places.
fn input_files(graph: &Graph, base: &Path) -> Vec<Named> {
    let mut files: Vec<Named> = Vec::new();
    for (id, node) in graph.nodes() {
        let Some(class) = &node.class else { continue };
        for (at, input) in node.inputs().iter().enumerate() {
            let Some(InputKind::Combo(combo)) = class.input(&input.name).map(|spec| &spec.kind) else {
                continue;
            };
            let Argument::Literal(Literal::Str(value)) = &input.value else { continue };
            let is_file = combo.folder.as_deref() == Some("input") && value.contains('.');
            // `x.png [output]` names a file that the server made.
            if !is_file || value.ends_with("[output]") || value.ends_with("[temp]") {
                continue;
            }
            let bound = graph
                .bindings()
                .iter()
                .find(|bound| bound.node == id && usize::try_from(bound.input) == Ok(at) && !bound.computed);
            let param =
                bound.map_or_else(|| format!("{}.{}", node.key, input.name), |bound| bound.param.to_string());
            let place = pointer(graph, id, &input.name, Ids::Names);
            match files.iter_mut().find(|known| known.param == param && *known.value == **value) {
                Some(known) => known.at.push(place),
                None => {
                    files.push(Named {
                        base: base.to_owned(),
                        param,
                        value: value.to_string(),
                        at: vec![place],
                    });
                }
            }
        }
    }
    files
}

/// What nodes are called and where they are written.
fn labels(graph: &Graph, sources: Option<&Sources>) -> BTreeMap<String, Label> {
    let label = |node: &crate::ir::Node| Label {
        title: node.title.as_deref().unwrap_or(&node.class_type).to_owned(),
        stage: node.stage.as_deref().map(str::to_owned),
        place: sources.zip(node.origin.span()).map(|(sources, span)| {
            let line = sources.line_column(span.file, span.start).line;
            format!("{}:{}", sources.file(span.file).path().display(), line + 1)
        }),
    };
    graph.nodes().map(|(_, node)| (node.key.to_string(), label(node))).collect()
}

/// All jobs of a run, made one after the other.
pub(super) struct All<'s> {
    sources: &'s Sources,
    parts: Vec<Part<'s>>,
    /// What the command line set.
    settings: &'s [String],
    /// The server, as it is written on a command line.
    on: String,
    server: Identity,
    /// What the server's device is, found once.
    setup: Setup,
    /// What became of the files that workflows name.
    pub(super) inputs: BTreeMap<(PathBuf, String), Resolved>,
}

enum Part<'s> {
    Preset {
        path: &'s Path,
        ready: &'s Ready,
        job: Box<compile::Job<'s>>,
        catalog: String,
        source_hash: String,
    },
    File(&'s Workflow),
}

impl Part<'_> {
    fn count(&self) -> u64 {
        match self {
            Self::Preset { job, .. } => job.count(),
            Self::File(_) => 1,
        }
    }
}

impl<'s> All<'s> {
    /// Makes presets ready; what is wrong with them goes to `reports`.
    pub(super) fn new(
        read: &'s [Read],
        sources: &'s Sources,
        (settings, rung): (&'s [String], Option<&'s str>),
        on: String,
        server: Identity,
        reports: &mut Vec<FileReport>,
    ) -> Self {
        let mut parts = Vec::new();
        for item in read {
            match item {
                Read::File(workflow) => parts.push(Part::File(workflow)),
                Read::Preset(path, ready) => {
                    let mut diagnostics = Diagnostics::new();
                    let job = ready.compiler.job(&ready.loaded, sources, &mut diagnostics);
                    let job = job.and_then(|mut job| {
                        let chosen = rung.map_or(Ok(()), |rung| job.select_rung(rung));
                        chosen.map_err(|problem| diagnostics.push(*problem)).ok().map(|()| job)
                    });
                    if let Some(mut job) = job {
                        job.deny();
                        let catalog = manifest::catalog_info(&ready.compiler.catalog.identity()).hash;
                        let file = ready.loaded.graph_span.file;
                        let source_hash = manifest::hash(sources.file(file).text().as_bytes());
                        parts.push(Part::Preset { path, ready, job: Box::new(job), catalog, source_hash });
                    }
                    if !diagnostics.is_empty() {
                        let diagnostics = diagnostics.into_sorted();
                        reports.push(FileReport { path: path.clone(), kind: "preset", diagnostics });
                    }
                }
            }
        }
        let setup = setup(&server);
        Self { sources, parts, settings, on, server, setup, inputs: BTreeMap::new() }
    }

    /// How many there are.
    pub(super) fn count(&self) -> u64 {
        self.parts.iter().map(Part::count).sum()
    }

    /// Compiles all of them once: nothing is sent of a batch with a mistake in it. Gives the hash over all workflows and
    /// the files that they name; nothing if something is wrong, which goes to `reports`.
    pub(super) fn prove(&mut self, reports: &mut Vec<FileReport>) -> Option<(String, Vec<Named>)> {
        let mut all = Vec::new();
        let mut inputs = BTreeSet::new();
        let mut is_good = true;
        for part in &mut self.parts {
            match part {
                Part::File(workflow) => {
                    all.extend_from_slice(manifest::hash(&workflow.bytes).as_bytes());
                    inputs.extend(workflow.inputs.iter().cloned());
                }
                Part::Preset { path, job, .. } => {
                    let mut diagnostics = Diagnostics::new();
                    let base = path.parent().unwrap_or(Path::new(""));
                    for number in job.numbers() {
                        let Some(checked) = job.compile(number, &mut diagnostics) else {
                            is_good = false;
                            break;
                        };
                        let bytes = workflow_bytes(&checked, Ids::Names, Layout::Compact);
                        all.extend_from_slice(manifest::hash(&bytes).as_bytes());
                        inputs.extend(input_files(checked.graph(), base));
                    }
                    if !diagnostics.is_empty() {
                        let diagnostics = diagnostics.into_sorted();
                        reports.push(FileReport { path: path.to_path_buf(), kind: "preset", diagnostics });
                    }
                }
            }
        }
        is_good.then(|| (manifest::hash(&all), inputs.into_iter().collect()))
    }

    fn job_of(&mut self, part: usize, number: u64, all: u64, place: u64) -> Result<Job, Error> {
        let gone = || Error::new(Trouble::Journal, format!("there is no job {place}"));
        let Some(part) = self.parts.get_mut(part) else { return Err(gone()) };
        let (name, workflow, inputs, nodes, about) = match part {
            Part::File(workflow) => {
                let name = stem(&workflow.path);
                let about = About {
                    source: workflow.path.display().to_string(),
                    catalog: workflow.catalog.clone(),
                    again: format!(
                        "wfc run {} --on {}",
                        quoted(&workflow.path.display().to_string()),
                        self.on
                    ),
                    ..About::default()
                };
                (name, workflow.bytes.clone(), workflow.inputs.clone(), workflow.nodes.clone(), about)
            }
            Part::Preset { path, ready, job, catalog, source_hash } => {
                let mut diagnostics = Diagnostics::new();
                let Some(checked) = job.compile(number, &mut diagnostics) else { return Err(gone()) };
                let mut name = stem(path);
                if job.count() > 1 {
                    let (rung, combination) = job.name_of(number);
                    let rung = rung.map_or(String::new(), |rung| format!(" {rung}"));
                    name = format!("{name}{rung} {combination}");
                }
                let set = job.values_of(number);
                let set: Vec<_> =
                    set.into_iter().map(|(name, value)| (name.to_owned(), value.to_json())).collect();
                let about = About {
                    source: path.display().to_string(),
                    source_hash: Some(source_hash.clone()),
                    catalog: Some(catalog.clone()),
                    values: set.iter().cloned().collect(),
                    seeds: seeds(ready, job),
                    plan: Some(expected(
                        path,
                        ready,
                        &checked,
                        (&self.server, self.setup),
                        &set,
                        self.settings,
                    )),
                    again: again(path, self.settings, &set, job.name_of(number).0, &self.on),
                };
                let base = path.parent().unwrap_or(Path::new(""));
                let inputs = input_files(checked.graph(), base);
                let nodes = labels(checked.graph(), Some(self.sources));
                (name, workflow_bytes(&checked, Ids::Names, Layout::Compact), inputs, nodes, about)
            }
        };
        let name = if all > 1 { format!("{name} ({place} of {all})") } else { name };
        let inputs = inputs.into_iter().filter_map(|input| {
            match self.inputs.get(&(input.base.clone(), input.value.clone())) {
                Some(Resolved::Local(file)) => {
                    Some(Input { param: input.param, file: file.clone(), at: input.at })
                }
                _ => None,
            }
        });
        Ok(Job { name, workflow, inputs: inputs.collect(), about, nodes })
    }
}

impl batch::Jobs for All<'_> {
    fn job(&mut self, number: u64) -> Result<Job, Error> {
        let all = self.count();
        let mut left = number.saturating_sub(1);
        for (part, found) in self.parts.iter().enumerate() {
            let count = found.count();
            if left < count {
                let start = match found {
                    Part::Preset { job, .. } => job.numbers().start,
                    Part::File(_) => 0,
                };
                return self.job_of(part, start + left, all, number);
            }
            left -= count;
        }
        Err(Error::new(Trouble::Journal, format!("there is no job {number}; there are {all}")))
    }
}

/// The name of a file, without what tells its format.
pub(super) fn stem(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    for end in [".workflow_api.json", ".wfc.json", ".toml", ".json", ".png", ".webp"] {
        if let Some(stem) = name.strip_suffix(end).filter(|stem| !stem.is_empty()) {
            return stem.to_owned();
        }
    }
    name
}

fn seeds(ready: &Ready, job: &compile::Job<'_>) -> BTreeMap<String, Value> {
    let params = ready.loaded.graph.params.iter().zip(job.values().iter());
    params
        .filter(|((_, param), _)| *param.kind.get() == ParamType::Seed)
        .map(|((name, _), value)| (name.value.to_string(), value.to_json()))
        .collect()
}

/// The command that runs one job alone.
fn again(path: &Path, settings: &[String], set: &[(String, Value)], rung: Option<&str>, on: &str) -> String {
    let mut command = format!("wfc run {}", quoted(&path.display().to_string()));
    if let Some(rung) = rung {
        let _ = write!(command, " --rung {}", quoted(rung));
    }
    for setting in settings {
        let _ = write!(command, " --set {}", quoted(setting));
    }
    for (name, value) in set {
        let _ = write!(command, " --set {}", quoted(&format!("{name}={value}")));
    }
    format!("{command} --on {}", quoted(on))
}

/// Text as one word of a shell's command line.
pub(super) fn quoted(text: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || "-_./=:,@%+".contains(c);
    if !text.is_empty() && text.chars().all(is_plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', "'\\''"))
    }
}

const MIB: f64 = 1_048_576.0;

/// What networks run on at a server.
fn setup(server: &Identity) -> Setup {
    let device = server.devices.first();
    #[expect(clippy::cast_precision_loss, reason = "memory sizes are far below 2^52 bytes")]
    let card = device.and_then(|device| Gpus::embedded().of_device(&device.name, device.vram_bytes as f64));
    Setup::of(card.as_ref(), server.pytorch.as_deref())
}

/// What the plan expects of a workflow.
fn expected(
    path: &Path,
    ready: &Ready,
    checked: &crate::check::Checked,
    (server, setup): (&Identity, Setup),
    set: &[(String, Value)],
    settings: &[String],
) -> Expected {
    let graph = checked.graph();
    let analysis = Analysis::new(graph, &ready.compiler.models);
    let assume = assumed(&ready.loaded, Assume::default());
    let plan = Plan::new(graph, &analysis, &Options::on(setup, assume, Residency::default()));
    let name = |step: &crate::plan::Step| {
        let node = graph.node(step.node);
        let stage = node.stage.as_deref().map_or(String::new(), |stage| format!("{stage}: "));
        format!("{stage}{}", node.key)
    };
    let breakdown = plan.steps.iter().map(|step| {
        let need = &step.need;
        format!(
            "{}: {} at least, {} without streaming weights (weights {}, working memory {})",
            name(step),
            size(step.least.device.typical),
            size(step.without_streaming.device.typical),
            size(need.weights.typical),
            size(need.activations.typical)
        )
    });
    let target = ready.loaded.preset.target.as_ref().and_then(|target| target.gpu.as_ref());
    let machines = Machines::embedded();
    let machine = target.and_then(|gpu| machines.machine(gpu.get()));
    let seconds = machine.and_then(|machine| {
        let session = crate::plan::Session::first(crate::plan::Storage::called("local")?);
        let all = times(&plan, &machine, &session);
        Some((all.run.typical.round(), (all.load + all.run).high.round()))
    });
    // ComfyUI gives the processor as a device whose memory is the host's.
    let card = server.devices.first().filter(|device| device.name != "cpu");
    let device = card.map_or(0, |device| device.vram_bytes);
    let mut command = format!("wfc fit {}", quoted(&path.display().to_string()));
    for setting in settings.iter().cloned().chain(set.iter().map(|(name, value)| format!("{name}={value}"))) {
        let _ = write!(command, " --set {}", quoted(&setting));
    }
    let vram = if device > 0 { format!(" --vram {}MiB", device >> 20) } else { String::new() };
    Expected {
        peak_mib: (!plan.steps.is_empty())
            .then(|| (plan.least.device.typical / MIB, plan.least.device.high / MIB))
            .map(|(typical, high)| (typical.round(), high.round())),
        peak_at: plan.tightest().map(name),
        card: seconds.and(target).map(|gpu| gpu.get().to_string()),
        seconds,
        breakdown: breakdown.collect(),
        fit: Some(format!("{command}{vram}")),
    }
}
