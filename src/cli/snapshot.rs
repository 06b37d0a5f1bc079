//! `wfc snapshot`: keeps what presets compile to, in a form that version control shows well.

mod find;
mod text;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use find::{Content, Source};

use super::build::outputs::{Claims, Outcome, Sink};
use super::diff::locate::Located;
use super::diff::open;
use super::session::Session;
use super::{Exit, Stream, Terminal, ToolError, build, print};
use crate::back::api::Ids;
use crate::diag::{Diagnostic, Diagnostics};
use crate::report::{FileReport, Format};
use crate::review::{self, Style};
use crate::source::{self, MAX_WORKFLOW_BYTES};

/// What to do about a file that is not what it would be.
const HELP: &str = "run `wfc snapshot --update`, look at the difference, and commit it";

/// Of so many lines, those that differ are shown.
const MAX_LINES: usize = 60;

/// Keep what presets compile to, with a text of it that version control shows well.
///
/// Of a preset three files are kept: `NAME.workflow_api.json` and `NAME.wfc.json`, as `wfc build` writes them, and
/// `NAME.graph.txt`, the workflow as text with one node a line. Of any other workflow, which is its own source, only the
/// text is kept. They lie beside the presets and workflows, or in the folder that `snapshots` in `wfc.toml` names.
///
/// Without `--update` nothing is written: what is kept is compared, and what a change does is shown as `wfc diff` shows it.
///
/// Exit code 0 if all that is kept is up to date, 1 if something differs, is missing or left over, or does not compile, 2 if
/// a file cannot be read or written.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Presets, workflows, or folders with either.
    #[arg(value_name = "PATH", default_value = ".")]
    paths: Vec<PathBuf>,
    /// Write what has changed. Nothing is written for a preset with an error.
    #[arg(long)]
    update: bool,
    /// The node catalog: `embedded`, some of its packs (`comfyui,kjnodes`), a captured catalog, an
    /// `/object_info` file, or a server's URL [default: the project's, or `embedded`].
    #[arg(long, value_name = "CATALOG")]
    catalog: Option<String>,
    /// The format of diagnostics; all but `human` stand alone on standard output.
    #[arg(long, value_enum, default_value = "human")]
    format: Format,
}

/// Runs the command.
pub(super) fn run(args: &Args, terminal: &Terminal) -> Result<Exit, ToolError> {
    let mut session = Session::new(args.catalog.clone());
    let mut reports = Vec::new();
    let result = snapshots(args, &mut session, &mut reports, terminal);
    let is_human = args.format == Format::Human;
    let has_findings = reports.iter().any(|report: &FileReport| !report.diagnostics.is_empty());
    if has_findings || (!is_human && result.is_ok()) {
        let stream = if is_human { Stream::Error } else { Stream::Output };
        terminal.report(args.format, stream, &session.sources, &reports)?;
    }
    result
}

fn snapshots(
    args: &Args,
    session: &mut Session,
    reports: &mut Vec<FileReport>,
    terminal: &Terminal,
) -> Result<Exit, ToolError> {
    let (mut sources, mut exit) = find::sources(&args.paths, session, reports)?;
    let mut claims = Claims::default();
    for source in &sources {
        if matches!(source.content, Content::Preset(_)) {
            claims.claim(&source.path, source.place.clone())?;
        }
    }
    find::refuse_same_text(&sources)?;
    let is_human = args.format == Format::Human;
    let keeper = Keeper {
        sink: Sink { check: !args.update, quiet: !args.update || !is_human, source: "preset", help: HELP },
        style: is_human.then(|| Style { color: terminal.options(Stream::Output).color }),
    };
    let mut kept = 0;
    for source in &mut sources {
        let mut diagnostics = Diagnostics::new();
        let outcome = keeper.keep(source, session, &mut diagnostics);
        let diagnostics = diagnostics.into_sorted();
        reports.push(FileReport { path: source.path.clone(), kind: source.kind(), diagnostics });
        match outcome? {
            Outcome::Done => kept += 1,
            _ => exit = exit.max(Exit::Findings),
        }
    }
    for path in find::left_over(&args.paths, &sources, session)? {
        let problem = format!("{} is left over: there is no preset or workflow of this name", path.display());
        let diagnostics = vec![Diagnostic::format("output-out-of-date", problem).help("remove it")];
        reports.push(FileReport { path, kind: "unknown", diagnostics });
        exit = exit.max(Exit::Findings);
    }
    if !args.update && is_human && exit == Exit::Clean {
        print(&format!("{kept} of {kept} are up to date\n"))?;
    }
    Ok(exit)
}

struct Keeper {
    sink: Sink,
    /// How differences are shown; none where standard output is for the report alone.
    style: Option<Style>,
}

impl Keeper {
    fn keep(
        &self,
        source: &mut Source,
        session: &mut Session,
        diagnostics: &mut Diagnostics,
    ) -> Result<Outcome, ToolError> {
        diagnostics.append(&mut source.found);
        let place = &source.place;
        let text_path = source.text_path();
        let ready = match &source.content {
            Content::Workflow(graph) => {
                let bytes = text::of_workflow(graph);
                let sink = Sink { source: "workflow", ..self.sink };
                let outcome =
                    sink.put(vec![(text_path.clone(), bytes.clone())], &text::size(graph), diagnostics)?;
                if outcome == Outcome::Differs {
                    self.show_lines(&text_path, &bytes)?;
                }
                return Ok(outcome);
            }
            Content::Preset(None) => return Ok(Outcome::Failed),
            Content::Preset(Some(ready)) => ready,
        };
        let job = ready.compiler.job(&ready.loaded, &session.sources, diagnostics);
        let Some(mut job) = job.filter(|_| !diagnostics.has_errors()) else { return Ok(Outcome::Failed) };
        job.deny();
        let Some(bytes) = text::of_preset(&mut job, place, diagnostics) else { return Ok(Outcome::Failed) };
        let before = diagnostics.len();
        let more = vec![(text_path.clone(), bytes.clone())];
        let outcome =
            build::put(&mut job, &mut build::Writer::api(Ids::Names), place, more, &self.sink, diagnostics)?;
        if outcome == Outcome::Differs && diagnostics.len() > before {
            let (rung, number) = job.name_of(job.numbers().start);
            let workflow = place.path(&place.workflow(rung, number));
            if !self.show_change(&workflow, &source.path, session)? {
                self.show_lines(&text_path, &bytes)?;
            }
        }
        Ok(outcome)
    }

    /// Shows what the preset does now that the workflow that is kept does not; false if that is the same, or not known.
    fn show_change(&self, workflow: &Path, preset: &Path, session: &mut Session) -> Result<bool, ToolError> {
        let Some(style) = self.style.filter(|_| source::exists(workflow)) else { return Ok(false) };
        let [old, new] = [Located::on_disk(workflow), Located::on_disk(preset)];
        let Ok(before) = open::open(&old, session)? else { return Ok(false) };
        let Ok(after) = open::open(&new, session)? else { return Ok(false) };
        let diff = review::diff(&before.side(old.shown, None), &after.side(new.shown, None));
        if diff.same {
            return Ok(false);
        }
        print(&format!("{}\n", review::human(&diff, style)))?;
        Ok(true)
    }

    /// Shows the lines that differ between a text that is kept and what it would be.
    fn show_lines(&self, path: &Path, bytes: &[u8]) -> Result<(), ToolError> {
        let Some(style) = self.style else { return Ok(()) };
        let Ok(old) = source::read_text(path, MAX_WORKFLOW_BYTES) else { return Ok(()) };
        let new = String::from_utf8_lossy(bytes);
        let lines = text::differing(&old, &new);
        if lines.is_empty() {
            return Ok(());
        }
        let rest = lines.len().saturating_sub(MAX_LINES);
        let mut out = format!("{}\n", style.bold(&path.display().to_string()));
        for (sign, line) in lines.iter().take(MAX_LINES) {
            let _ = writeln!(out, "{}", style.sign(sign, line));
        }
        if rest > 0 {
            let _ = writeln!(out, "… and {rest} more");
        }
        print(&format!("{out}\n"))
    }
}
