//! `wfc build`: presets in, workflows and manifests out.

use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};

use super::output::{self, Written};
use super::session::{self, Found, Ready, Session};
use super::{Exit, Stream, Terminal, ToolError, ignore_closed_pipe, print};
use crate::back::api::{self, Ids, Layout};
use crate::compile::{self, Job};
use crate::diag::{Diagnostic, Diagnostics};
use crate::front::toml::Kind;
use crate::report::{FileReport, Format};

/// A batch stops after so many combinations with errors; the rest would say the same.
const MAX_BAD_COMBINATIONS: u64 = 10;

/// A comparison of a batch with what is on disk stops after so many files that differ.
const MAX_DIFFERENCES: usize = 100;

/// Compile presets into `NAME.workflow_api.json` and the manifest `NAME.wfc.json`.
///
/// Nothing is written for a preset with an error. A preset with a [matrix] gives one numbered
/// workflow for every combination, and one manifest.
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
    /// Write nothing; fail if a file on disk is not what would be written.
    #[arg(long)]
    check: bool,
    /// Number the nodes instead of using their names.
    #[arg(long, value_enum, default_value = "names")]
    ids: IdStyle,
    /// The node catalog: `embedded`, packs by name, a captured catalog, an `/object_info` file, or a server's URL.
    #[arg(long, value_name = "CATALOG")]
    catalog: Option<String>,
    /// The format of diagnostics.
    #[arg(long, value_enum, default_value = "human")]
    format: Format,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum IdStyle {
    Names,
    Numeric,
}

impl Args {
    /// True if the workflows are printed instead of written.
    fn to_stdout(&self) -> bool {
        self.output.as_deref() == Some(Path::new("-"))
    }
}

/// What became of one preset.
enum Outcome {
    Done,
    Differs,
    Failed,
}

/// Runs the command.
pub(super) fn run(args: &Args, terminal: &Terminal) -> Result<Exit, ToolError> {
    let mut session = Session::new(args.catalog.clone());
    let files = session::expand(&args.presets, session::is_toml)?;
    check_names(args, &files)?;
    let mut reports = Vec::new();
    let mut exit = Exit::Clean;
    let mut presets = 0;
    for (path, found) in files {
        let file = session.sources.load(&path)?;
        let mut diagnostics = Diagnostics::new();
        let kind = session.kind(file, &mut diagnostics);
        if found == Found::Walked && kind != Some(Kind::Preset) && diagnostics.is_empty() {
            continue;
        }
        presets += 1;
        let ready = match kind {
            Some(Kind::Graph | Kind::Project) => {
                let what = kind.map_or("", Kind::name);
                return Err(ToolError::new(format!(
                    "{} is a {what}, not a preset; `wfc lint` checks it",
                    path.display()
                )));
            }
            _ if diagnostics.has_errors() => None,
            _ => session.preset(file, &args.set, &mut diagnostics)?,
        };
        let outcome = match ready {
            Some(ready) => preset(&path, &ready, &session, args, &mut diagnostics)?,
            None => Outcome::Failed,
        };
        if !matches!(outcome, Outcome::Done) {
            exit = Exit::Findings;
        }
        reports.push(FileReport { path, kind: "preset", diagnostics: diagnostics.into_sorted() });
    }
    if presets == 0 {
        return Err(ToolError::new(
            "there is no preset in what was given; a preset is a .toml file with `graph = \"…\"`",
        ));
    }
    if args.format != Format::Human || reports.iter().any(|report| !report.diagnostics.is_empty()) {
        let json_alone = args.format != Format::Human && !args.to_stdout();
        let stream = if json_alone { Stream::Output } else { Stream::Error };
        terminal.report(args.format, stream, &session.sources, &reports)?;
    }
    Ok(exit)
}

/// Two presets of the same name must not overwrite each other's output.
fn check_names(args: &Args, files: &[(PathBuf, Found)]) -> Result<(), ToolError> {
    let Some(folder) = args.output.as_ref().filter(|_| !args.to_stdout()) else { return Ok(()) };
    for (index, (path, _)) in files.iter().enumerate() {
        if let Some((other, _)) =
            files[..index].iter().find(|(other, _)| other.file_stem() == path.file_stem())
        {
            return Err(ToolError::new(format!(
                "{} and {} would both be written to {} under the same name; build them apart",
                other.display(),
                path.display(),
                folder.display(),
            )));
        }
    }
    Ok(())
}

fn preset(
    path: &Path,
    ready: &Ready,
    session: &Session,
    args: &Args,
    diagnostics: &mut Diagnostics,
) -> Result<Outcome, ToolError> {
    let Some(mut job) = ready.compiler.job(&ready.loaded, &session.sources, diagnostics) else {
        return Ok(Outcome::Failed);
    };
    if diagnostics.has_errors() {
        return Ok(Outcome::Failed);
    }
    let ids = match args.ids {
        IdStyle::Names => Ids::Names,
        IdStyle::Numeric => Ids::Numeric,
    };
    if args.to_stdout() {
        return stream(&mut job, ids, diagnostics);
    }
    let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let folder = args.output.clone().unwrap_or_else(|| path.parent().unwrap_or(Path::new("")).to_owned());
    let place = Place { folder, stem };
    let sink = Sink { check: args.check, quiet: args.check || args.format != Format::Human };
    if job.is_batch() {
        batch(&mut job, ids, &place, &sink, diagnostics)
    } else {
        single(&mut job, ids, &place, &sink, diagnostics)
    }
}

/// Where the outputs of a preset go.
struct Place {
    folder: PathBuf,
    stem: String,
}

impl Place {
    fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    fn manifest(&self) -> PathBuf {
        self.file(&format!("{}.wfc.json", self.stem))
    }
}

fn single(
    job: &mut Job<'_>,
    ids: Ids,
    place: &Place,
    sink: &Sink,
    diagnostics: &mut Diagnostics,
) -> Result<Outcome, ToolError> {
    let Some(checked) = job.compile(0, diagnostics) else { return Ok(Outcome::Failed) };
    let workflow = compile::workflow_bytes(&checked, ids, Layout::Pretty);
    let name = format!("{}.workflow_api.json", place.stem);
    let manifest = job.manifest(&checked, ids, &name, &workflow).to_bytes();
    sink.put(
        vec![(place.file(&name), workflow), (place.manifest(), manifest)],
        Some(checked.graph().len()),
        diagnostics,
    )
}

/// Compiles every combination once to know that all are good, then again to write them, so that
/// nothing is written for a batch with an error and memory does not grow with its size.
fn batch(
    job: &mut Job<'_>,
    ids: Ids,
    place: &Place,
    sink: &Sink,
    diagnostics: &mut Diagnostics,
) -> Result<Outcome, ToolError> {
    let count = job.count();
    let mut bad = 0;
    for number in 0..count {
        if job.compile(number, diagnostics).is_none() {
            bad += 1;
            if bad == MAX_BAD_COMBINATIONS {
                break;
            }
        }
    }
    if bad > 0 {
        return Ok(Outcome::Failed);
    }
    let digits = count.to_string().len();
    let mut hasher = blake3::Hasher::new();
    let mut workflow = Vec::new();
    let mut outcome = Outcome::Done;
    for number in 0..count {
        let Some(checked) = job.compile(number, diagnostics) else { return Ok(Outcome::Failed) };
        workflow.clear();
        api::write(&checked, ids, Layout::Pretty, &mut workflow);
        hasher.update(&workflow);
        let name = format!("{}-{:0digits$}.workflow_api.json", place.stem, number + 1);
        match sink.put(vec![(place.file(&name), workflow.clone())], None, diagnostics)? {
            Outcome::Done => {}
            other => outcome = other,
        }
        if diagnostics.len() >= MAX_DIFFERENCES {
            return Ok(outcome);
        }
    }
    let Some(first) = job.compile(0, diagnostics) else { return Ok(Outcome::Failed) };
    let files = format!("{}-{{n}}.workflow_api.json", place.stem);
    let hash = format!("blake3:{}", hasher.finalize());
    let manifest = job.batch_manifest(&first, ids, files, hash).to_bytes();
    sink.say(&format!(
        "{} workflows: {}\n",
        count,
        place.file(&format!("{}-*.workflow_api.json", place.stem)).display()
    ))?;
    match sink.put(vec![(place.manifest(), manifest)], None, diagnostics)? {
        Outcome::Done => Ok(outcome),
        other => Ok(other),
    }
}

/// Prints the workflows, one a line; stops at the first combination with an error.
fn stream(job: &mut Job<'_>, ids: Ids, diagnostics: &mut Diagnostics) -> Result<Outcome, ToolError> {
    let mut out = BufWriter::new(std::io::stdout().lock());
    let mut line = Vec::new();
    for number in 0..job.count() {
        let Some(checked) = job.compile(number, diagnostics) else { return Ok(Outcome::Failed) };
        line.clear();
        api::write(&checked, ids, Layout::Compact, &mut line);
        if let Err(error) = out.write_all(&line) {
            ignore_closed_pipe(Err(error))?;
            return Ok(Outcome::Done);
        }
    }
    ignore_closed_pipe(out.flush())?;
    Ok(Outcome::Done)
}

/// Takes finished files: to disk, or for comparison with what is there.
struct Sink {
    check: bool,
    /// Standard output is for the report alone.
    quiet: bool,
}

impl Sink {
    fn say(&self, text: &str) -> Result<(), ToolError> {
        if self.quiet { Ok(()) } else { print(text) }
    }

    fn put(
        &self,
        files: Vec<(PathBuf, Vec<u8>)>,
        nodes: Option<usize>,
        diagnostics: &mut Diagnostics,
    ) -> Result<Outcome, ToolError> {
        if self.check {
            return Ok(compare(&files, diagnostics));
        }
        for (path, written) in output::write_all_atomic(files)? {
            let Some(nodes) = nodes.filter(|_| !path.to_string_lossy().ends_with(".wfc.json")) else {
                continue;
            };
            let state = if written == Written::Unchanged { ", unchanged" } else { "" };
            self.say(&format!("{} ({nodes} nodes{state})\n", path.display()))?;
        }
        Ok(Outcome::Done)
    }
}

/// Reports every file that is not on disk as it would be written.
fn compare(files: &[(PathBuf, Vec<u8>)], diagnostics: &mut Diagnostics) -> Outcome {
    let mut outcome = Outcome::Done;
    for (path, bytes) in files {
        let problem = match std::fs::read(path) {
            Ok(present) if present == *bytes => continue,
            Ok(_) => format!("{} is not what the preset gives now", path.display()),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                format!("{} is missing", path.display())
            }
            Err(error) => format!("cannot read {}: {error}", path.display()),
        };
        diagnostics.push(
            Diagnostic::format("output-out-of-date", problem)
                .help("run `wfc build` without --check and commit the result"),
        );
        outcome = Outcome::Differs;
    }
    outcome
}
