//! `wfc build`: presets in, workflows and manifests out.

mod editor;
pub(in crate::cli) mod outputs;

use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use editor::Editor;
use outputs::{Claims, Outcome, Place, Sink};

use super::session::{self, Found, Ready, Session};
use super::{Exit, Stream, Terminal, ToolError, ignore_closed_pipe};
use crate::back::api::{self, Ids, Layout};
use crate::back::manifest::{Manifest, Needs, Optimized};
use crate::check::Checked;
use crate::compile::{BatchNames, FileName, Job};
use crate::diag::{Diagnostic, Diagnostics};
use crate::front::toml::Kind;
use crate::front::toml::batch::ALL_RUNGS;
use crate::lower::matrix;
use crate::report::{FileReport, Format};

/// A batch stops after so many combinations with errors; the rest would say the same.
const MAX_BAD_COMBINATIONS: u64 = 10;

/// A comparison of a batch with what is on disk stops after so many files that differ.
const MAX_DIFFERENCES: usize = 100;

/// What the names of workflow files end in: those for the server, and those for the editor.
const WORKFLOW: &str = ".workflow_api.json";
const EDITOR: &str = ".workflow.json";

/// Compile presets into `NAME.workflow_api.json` and the manifest `NAME.wfc.json`, or for ComfyUI's editor.
///
/// `--to ui` writes `NAME.workflow.json` instead, which opens in ComfyUI: nodes stand by stage in groups, with titles and
/// colours. `wfc import` makes the same workflow of it again, with the same node names. Nothing is written for a preset with an error. A preset with a [matrix] gives one numbered
/// workflow for every combination, one with a [[ladder]] one for every rung, and both one manifest.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Presets, or folders with presets.
    #[arg(required = true, value_name = "PRESET")]
    presets: Vec<PathBuf>,
    /// The folder to write to [default: beside each preset]; `-` prints the workflows, one a line.
    #[arg(short, long, value_name = "DIR")]
    output: Option<PathBuf>,
    /// Set a parameter (`seed=7`) or a model slot (`models.vae=wan21-vae`); may be repeated.
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// What to write: `api` for the workflow that the server takes, with its manifest; `ui` for
    /// `NAME.workflow.json`, which opens in ComfyUI's editor. `--format ui` means the same.
    #[arg(long, value_enum, default_value = "api")]
    to: Target,
    /// Which rung of the preset's [[ladder]] to build: its name, or `all`. One rung alone has a manifest
    /// of its own, NAME-RUNG.wfc.json.
    #[arg(long, value_name = "RUNG", default_value = ALL_RUNGS)]
    rung: String,
    /// Write nothing; fail if a file on disk is not what would be written.
    #[arg(long)]
    check: bool,
    /// Merge identical nodes and remove nodes that no output depends on. Only classes whose result is
    /// known to follow from their inputs alone are merged, so never what saves, loads pictures or draws
    /// noise. The manifest says what was done.
    #[arg(long)]
    optimize: bool,
    /// How nodes are called in the output.
    #[arg(long, value_enum, default_value = "names")]
    ids: IdStyle,
    /// The node catalog: `embedded`, some of its packs (`comfyui,kjnodes`), a captured catalog, an
    /// `/object_info` file, or a server's URL [default: the project's, or `embedded`].
    #[arg(long, value_name = "CATALOG")]
    catalog: Option<String>,
    /// The format of diagnostics.
    #[arg(long, value_enum, default_value = "human")]
    format: Shown,
}

/// What is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Target {
    Api,
    Ui,
}

/// What `--format` may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shown {
    /// The format of diagnostics.
    Report(Format),
    /// `--to ui`, for those who take it for the format of the workflow.
    Editor,
}

impl clap::ValueEnum for Shown {
    fn value_variants<'a>() -> &'a [Self] {
        const ALL: [Shown; 6] = [
            Shown::Report(Format::Human),
            Shown::Report(Format::Json),
            Shown::Report(Format::Sarif),
            Shown::Report(Format::Github),
            Shown::Report(Format::Junit),
            Shown::Editor,
        ];
        &ALL
    }

    fn to_possible_value(&self) -> Option<clap::builder::PossibleValue> {
        match self {
            Self::Report(format) => format.to_possible_value(),
            Self::Editor => Some(
                clap::builder::PossibleValue::new("ui").help("Diagnostics for a terminal, and `--to ui`"),
            ),
        }
    }
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum IdStyle {
    Names,
    Numeric,
}

impl Args {
    /// The rung that alone is wanted.
    fn wanted_rung(&self) -> Option<&str> {
        (self.rung != ALL_RUNGS).then_some(&*self.rung)
    }

    /// The format of diagnostics.
    fn report(&self) -> Format {
        match self.format {
            Shown::Report(format) => format,
            Shown::Editor => Format::Human,
        }
    }

    /// True if the workflows are written for the editor.
    fn is_for_editor(&self) -> bool {
        self.to == Target::Ui || self.format == Shown::Editor
    }

    /// True if the workflows are printed instead of written.
    fn to_stdout(&self) -> bool {
        self.output.as_deref() == Some(Path::new("-"))
    }
}

/// Runs the command.
pub(super) fn run(args: &Args, terminal: &Terminal) -> Result<Exit, ToolError> {
    let mut session = Session::new(args.catalog.clone());
    let mut reports = Vec::new();
    let result = build(args, &mut session, &mut reports);
    // What was found before the tool had to give up is worth seeing, too.
    if (args.report() != Format::Human && result.is_ok())
        || reports.iter().any(|report| !report.diagnostics.is_empty())
    {
        let json_alone = args.report() != Format::Human && !args.to_stdout();
        let stream = if json_alone { Stream::Output } else { Stream::Error };
        terminal.report(args.report(), stream, &session.sources, &reports)?;
    }
    result
}

/// A preset that was read, as far as it could be.
struct Planned {
    path: PathBuf,
    ready: Option<Ready>,
    diagnostics: Diagnostics,
}

fn build(args: &Args, session: &mut Session, reports: &mut Vec<FileReport>) -> Result<Exit, ToolError> {
    if args.check && args.to_stdout() {
        return Err(ToolError::new("--check compares files, so it does not go with -o -"));
    }
    if args.is_for_editor() && matches!(args.ids, IdStyle::Numeric) {
        return Err(ToolError::new(
            "--ids numeric does not go with --to ui: the editor numbers nodes itself, and their names are kept beside",
        ));
    }
    let mut exit = Exit::Clean;
    let mut planned = Vec::new();
    for (path, found) in session::expand(&args.presets, session::is_toml)? {
        match plan(&path, found, args, session) {
            Ok(Some(preset)) => planned.push(preset),
            Ok(None) => {}
            Err(error) if found == Found::Named && args.presets.len() == 1 => return Err(error),
            Err(ToolError(message)) => {
                exit = Exit::Failed;
                let diagnostics = vec![Diagnostic::format("unreadable-file", message)];
                reports.push(FileReport { path, kind: "unknown", diagnostics });
            }
        }
    }
    if planned.is_empty() && exit == Exit::Clean {
        return Err(ToolError::new(
            "there is no preset in what was given; a preset is a .toml file with `graph = \"…\"`",
        ));
    }
    let mut claims = Claims::default();
    for preset in planned.iter().filter(|_| !args.to_stdout()) {
        claims.claim(&preset.path, place(args, &preset.path, preset.ready.as_ref()))?;
    }
    for Planned { path, ready, mut diagnostics } in planned {
        let outcome = match &ready {
            Some(ready) => preset(&path, ready, session, args, &mut diagnostics),
            None => Ok(Outcome::Failed),
        };
        reports.push(FileReport { path, kind: "preset", diagnostics: diagnostics.into_sorted() });
        if !matches!(outcome?, Outcome::Done) {
            exit = exit.max(Exit::Findings);
        }
    }
    Ok(exit)
}

/// Reads one file; nothing if it was met in a folder and is no preset.
fn plan(path: &Path, found: Found, args: &Args, session: &mut Session) -> Result<Option<Planned>, ToolError> {
    if path.is_file() && !session::is_toml(path) {
        return Err(ToolError::new(format!("{} is no preset: presets are .toml files", path.display())));
    }
    let file = session.sources.load(path)?;
    let mut diagnostics = Diagnostics::new();
    let kind = session.kind(file, &mut diagnostics);
    let ready = match kind {
        _ if found == Found::Walked && kind != Some(Kind::Preset) && diagnostics.is_empty() => {
            return Ok(None);
        }
        // `wfc build *.toml` names the project's own file and lint files, too.
        Some(Kind::Project | Kind::LintFile) if args.presets.len() > 1 => return Ok(None),
        Some(Kind::Graph | Kind::Project | Kind::LintFile) => {
            let what = kind.map_or("", Kind::name);
            return Err(ToolError::new(format!(
                "{} is a {what}, not a preset; `wfc lint` checks it",
                path.display()
            )));
        }
        _ if diagnostics.has_errors() => None,
        _ => session.preset(file, &args.set, &mut diagnostics)?,
    };
    Ok(Some(Planned { path: path.to_owned(), ready, diagnostics }))
}

/// Where the outputs of the preset at `path` go.
fn place(args: &Args, path: &Path, ready: Option<&Ready>) -> Place {
    let folder = args.output.clone().unwrap_or_else(|| path.parent().unwrap_or(Path::new("")).to_owned());
    let ending = if args.is_for_editor() { EDITOR } else { WORKFLOW };
    Place { ending, ..place_in(folder, args.wanted_rung(), path, ready) }
}

/// Where the outputs of the preset at `path` go in a folder.
pub(super) fn place_in(folder: PathBuf, rung: Option<&str>, path: &Path, ready: Option<&Ready>) -> Place {
    let mut stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let mut place =
        Place { folder, stem: String::new(), rungs: Vec::new(), combinations: None, ending: WORKFLOW };
    if let Some(ready) = ready {
        let preset = &ready.loaded.preset;
        let rungs = preset.ladder.0.iter().map(|rung| rung.name.get().clone());
        match rung {
            Some(rung) => stem = format!("{stem}-{rung}"),
            None => place.rungs = rungs.collect(),
        }
        place.combinations = (!preset.matrix.is_empty()).then(|| matrix::count(&preset.matrix));
    }
    Place { stem, ..place }
}

fn preset(
    path: &Path,
    ready: &Ready,
    session: &Session,
    args: &Args,
    diagnostics: &mut Diagnostics,
) -> Result<Outcome, ToolError> {
    let job = ready.compiler.job(&ready.loaded, &session.sources, diagnostics);
    let Some(mut job) = job.filter(|_| !diagnostics.has_errors()) else { return Ok(Outcome::Failed) };
    if let Some(rung) = args.wanted_rung()
        && let Err(problem) = job.select_rung(rung)
    {
        diagnostics.push(*problem);
        return Ok(Outcome::Failed);
    }
    job.deny();
    if args.optimize {
        job.optimize();
    }
    let ids = match args.ids {
        IdStyle::Names => Ids::Names,
        IdStyle::Numeric => Ids::Numeric,
    };
    let mut writer = Writer { ids, editor: args.is_for_editor().then(|| Editor::new(ready)) };
    if args.to_stdout() {
        return stream(&mut job, &mut writer, diagnostics);
    }
    let place = place(args, path, Some(ready));
    let sink = Sink {
        check: args.check,
        quiet: args.check || args.report() != Format::Human,
        source: "preset",
        help: "run `wfc build` without --check and commit the result",
    };
    put(&mut job, &mut writer, &place, Vec::new(), &sink, diagnostics)
}

/// Makes the bytes of workflows.
pub(super) struct Writer {
    ids: Ids,
    /// For those that the editor opens.
    editor: Option<Editor>,
}

impl Writer {
    /// For workflows as the server takes them.
    pub(super) const fn api(ids: Ids) -> Self {
        Self { ids, editor: None }
    }

    fn write(&mut self, checked: &Checked, layout: Layout, out: &mut Vec<u8>, diagnostics: &mut Diagnostics) {
        match &mut self.editor {
            Some(editor) => editor.write(checked, layout, out, diagnostics),
            None => api::write(checked, self.ids, layout, out),
        }
    }
}

/// Writes the outputs of a preset, or compares them with what is there, with more files that belong to them.
pub(super) fn put(
    job: &mut Job<'_>,
    writer: &mut Writer,
    place: &Place,
    more: Vec<(PathBuf, Vec<u8>)>,
    sink: &Sink,
    diagnostics: &mut Diagnostics,
) -> Result<Outcome, ToolError> {
    if !job.is_batch() {
        return single(job, writer, place, more, sink, diagnostics);
    }
    let outcome = batch(job, writer, place, sink, diagnostics)?;
    if more.is_empty() || outcome == Outcome::Failed {
        return Ok(outcome);
    }
    Ok(outcome.max(sink.put(more, &plural(job.count(), "workflow"), diagnostics)?))
}

fn single(
    job: &mut Job<'_>,
    writer: &mut Writer,
    place: &Place,
    more: Vec<(PathBuf, Vec<u8>)>,
    sink: &Sink,
    diagnostics: &mut Diagnostics,
) -> Result<Outcome, ToolError> {
    let Some(checked) = job.compile(job.numbers().start, diagnostics) else { return Ok(Outcome::Failed) };
    let mut workflow = Vec::with_capacity(16 << 10);
    writer.write(&checked, Layout::Pretty, &mut workflow, diagnostics);
    let name = place.workflow(None, 1);
    let mut optimized = Vec::new();
    let mut size = plural(checked.graph().len() as u64, "node");
    if let Some(changes) = job.changes().filter(|changes| !changes.is_empty()) {
        Optimized::add(&mut optimized, &name, changes);
        size = format!("{size}, {} fewer", changes.count());
    }
    let manifest = writer
        .editor
        .is_none()
        .then(|| Manifest { optimized, ..job.manifest(&checked, writer.ids, &name, &workflow) }.to_bytes());
    let mut files = vec![(place.path(&name), workflow)];
    files.extend(manifest.map(|manifest| (place.path(&place.manifest()), manifest)));
    files.extend(more);
    sink.put(files, &size, diagnostics)
}

/// Compiles every combination once to know that all are good, then again to write them, so that
/// nothing is written for a batch with an error and memory does not grow with its size.
fn batch(
    job: &mut Job<'_>,
    writer: &mut Writer,
    place: &Place,
    sink: &Sink,
    diagnostics: &mut Diagnostics,
) -> Result<Outcome, ToolError> {
    if !prove(job, diagnostics) {
        return Ok(Outcome::Failed);
    }
    let mut hasher = blake3::Hasher::new();
    let mut needs = Needs::default();
    let mut optimized = Vec::new();
    let mut workflow = Vec::new();
    let mut outcome = Outcome::Done;
    for number in job.numbers() {
        let Some(checked) = job.compile(number, diagnostics) else { return Ok(Outcome::Failed) };
        workflow.clear();
        writer.write(&checked, Layout::Pretty, &mut workflow, diagnostics);
        hasher.update(&workflow);
        needs.add(&checked);
        let (rung, combination) = job.name_of(number);
        let name = place.workflow(rung, combination);
        if let Some(changes) = job.changes() {
            Optimized::add(&mut optimized, &name, changes);
        }
        match sink.put_streamed(&place.path(&name), &|out| out.write_all(&workflow), diagnostics)? {
            Outcome::Done => {}
            other => outcome = other,
        }
        if diagnostics.len() >= MAX_DIFFERENCES {
            return Ok(outcome);
        }
    }
    let plan = job.greatest_plan(writer.ids);
    let Some(first) = job.compile(job.numbers().start, diagnostics) else { return Ok(Outcome::Failed) };
    let names = BatchNames { pattern: place.pattern("{rung}", "{n}"), of: file_names(place) };
    let hash = format!("blake3:{}", hasher.finalize());
    let manifest =
        Manifest { optimized, plan, ..job.batch_manifest(&first, &needs, writer.ids, names, hash) };
    let shown = place.path(&place.pattern("*", "*"));
    sink.say(&format!("{}: {}\n", plural(job.count(), "workflow"), shown.display()))?;
    if sink.has_left_over(place, diagnostics) {
        outcome = Outcome::Differs;
    }
    if writer.editor.is_some() {
        return Ok(outcome);
    }
    match sink.put_streamed(&place.path(&place.manifest()), &|out| manifest.write(out), diagnostics)? {
        Outcome::Done => Ok(outcome),
        other => Ok(other),
    }
}

fn file_names(place: &Place) -> FileName {
    let place = place.clone();
    Arc::new(move |rung, number| place.workflow(rung, number))
}

fn plural(count: u64, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

/// Compiles the workflows of all rungs, wanted or not; true if all are good. Gives up after some that are
/// not, which is reported.
fn prove(job: &mut Job<'_>, diagnostics: &mut Diagnostics) -> bool {
    let mut bad = 0;
    let all = job.all();
    for number in all.clone() {
        if job.compile(number, diagnostics).is_none() {
            bad += 1;
            let rest = all.end - number - 1;
            if bad == MAX_BAD_COMBINATIONS && rest > 0 {
                let message = format!(
                    "the batch was given up; {rest} of {} combinations were not tried",
                    all.end - all.start
                );
                diagnostics.push(Diagnostic::format("batch-given-up", message));
                break;
            }
        }
    }
    bad == 0
}

/// Prints the workflows, one a line; stops at the first combination with an error.
fn stream(
    job: &mut Job<'_>,
    writer: &mut Writer,
    diagnostics: &mut Diagnostics,
) -> Result<Outcome, ToolError> {
    let mut out = BufWriter::new(std::io::stdout().lock());
    let mut line = Vec::new();
    for number in job.numbers() {
        let Some(checked) = job.compile(number, diagnostics) else { return Ok(Outcome::Failed) };
        line.clear();
        writer.write(&checked, Layout::Compact, &mut line, diagnostics);
        if let Err(error) = out.write_all(&line) {
            ignore_closed_pipe(Err(error))?;
            return Ok(Outcome::Done);
        }
    }
    ignore_closed_pipe(out.flush())?;
    Ok(Outcome::Done)
}
