//! `wfc run`: presets and compiled workflows in, pictures and videos out.

mod folder;
mod inputs;
mod jobs;
mod show;

use std::path::PathBuf;
use std::time::Duration;

use self::jobs::All;
use super::server::On;
use super::session::Session;
use super::{Exit, Stream, Terminal, ToolError};
use crate::diag::Severity;
use crate::exec::batch::{self, Options, Patience, Stop};
use crate::exec::comfy::Comfy;
use crate::exec::{Executor as _, outputs};
use crate::report::{FileReport, Format as Diagnosed};
pub(super) use folder::numbered;
pub(super) use show::{explained, said};

/// Run presets and compiled workflows on a ComfyUI server, and fetch what they make.
///
/// Presets are compiled first, and nothing is sent of what does not compile. A preset with a [matrix] or a [[ladder]]
/// is a batch, and so are several paths. Pictures, videos and sounds that a workflow names are put on the server under
/// names that their content decides; files are looked for beside the preset, then from the current folder, then on the
/// server. Outputs go to a new folder below `outputs`, each whole or not at all, with `run.json`, which says how the run
/// went. `wfc runs` shows it.
///
/// A run that was stopped goes on with the same command and `--resume`: what is done is not run again, and what the
/// server still has is looked for there first. Ctrl-C ends the run after what the server works on; a second one stops
/// that, too.
///
/// Exit code 0: all jobs are done; 1: something does not compile, a job failed, or the run was stopped; 2: the tool
/// could not do its job: no server, wrong credentials, missing files, a full disk.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Presets, workflows in API format or as the editor saves them, manifests of builds (`.wfc.json`), or folders with
    /// presets.
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    #[command(flatten)]
    on: On,
    /// Set a parameter (`seed=7`) or a model slot (`models.vae=wan21-vae`) of presets; may be repeated.
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// Which rung of a preset's [[ladder]] to run: its name, or `all`.
    #[arg(long, value_name = "RUNG", default_value = crate::front::toml::batch::ALL_RUNGS)]
    rung: String,
    /// The file of an input, wherever it is: `reference=/photos/me.png`; may be repeated.
    #[arg(long, value_name = "NAME=PATH")]
    input: Vec<String>,
    /// Go on with the last run of the same jobs that has not ended. Jobs that failed run again.
    #[arg(long)]
    resume: bool,
    /// Most jobs on the server at once. With two, the server begins the next one without waiting for this machine.
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u8).range(1..=100))]
    in_flight: u8,
    /// Send nothing more once a job has failed, and take back what has not begun.
    #[arg(long, conflicts_with = "keep_going")]
    fail_fast: bool,
    /// Run all jobs, whether or not some fail. This is how it is done unless you say otherwise.
    #[arg(long)]
    keep_going: bool,
    /// How long a job may run, in seconds [default: as long as it takes].
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..))]
    timeout: Option<u64>,
    /// How long the server may not answer before the run is given up, in seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 300)]
    wait: u64,
    /// How to show how far it is. `human` draws bars on a terminal and writes lines elsewhere; `json` writes an event a
    /// line, of which `wfc schema events` prints the schema.
    #[arg(long, value_enum, default_value = "human")]
    format: Format,
    /// Keep the latest preview of the server in this file, a JPEG or PNG picture.
    #[arg(long, value_name = "FILE")]
    preview: Option<PathBuf>,
    /// The folder that gets a folder for each run.
    #[arg(short, long, value_name = "DIR", default_value = "outputs")]
    output: PathBuf,
    /// The node catalog to compile presets against, as for `wfc build`.
    #[arg(long, value_name = "CATALOG")]
    catalog: Option<String>,
}

/// How progress is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Format {
    /// Bars on a terminal, lines elsewhere.
    Human,
    /// JSON events, one a line.
    Json,
    /// Lines.
    Plain,
}

/// Runs the command.
pub(super) fn run(args: &Args, terminal: &Terminal) -> Result<Exit, ToolError> {
    let mut session = Session::new(args.catalog.clone());
    let mut reports = Vec::new();
    let read = jobs::read(&args.paths, &args.set, &mut session, &mut reports)?;
    if has_errors(&reports) {
        return refused(&reports, &session, terminal);
    }
    let client = args.on.client(&mut session)?;
    let on = args.on.shown(client.address());
    let mut server = Comfy::new(client);
    let identity = server.identity()?;
    let rung = (args.rung != crate::front::toml::batch::ALL_RUNGS).then_some(&*args.rung);
    let is_simulated = identity.simulated;
    let mut all = All::new(&read, &session.sources, (&args.set, rung), on.clone(), identity, &mut reports);
    let proof = if has_errors(&reports) { None } else { all.prove(&mut reports) };
    let Some((hash, named)) = proof.filter(|_| !has_errors(&reports)) else {
        return refused(&reports, &session, terminal);
    };
    let stand_ins = is_simulated.then(tempfile::tempdir).transpose()?;
    let mut missing = Vec::new();
    all.inputs = inputs::resolve(
        &named,
        &args.input,
        &server,
        stand_ins.as_ref().map(tempfile::TempDir::path),
        &mut missing,
    )?;
    let mut show = show::Show::new(args.format, args.preview.clone(), all.count());
    if !missing.is_empty() {
        show.notice(&format!(
            "{}: there are no such files; the server only plays one, so a picture of one pixel stands for each",
            missing.join(", ")
        ));
    }
    let name = args.paths.first().map_or_else(String::new, |path| jobs::stem(path));
    let about = folder::About {
        name: outputs::harmless(&name),
        jobs: all.count(),
        hash,
        command: command(args, &on),
    };
    let mut run = if args.resume {
        match folder::resume(&args.output, &about)? {
            folder::Resumed::Run(run) => *run,
            folder::Resumed::Done(folder) => {
                show.notice(&format!("{}: all jobs of this run are done", folder.display()));
                return Ok(Exit::Clean);
            }
        }
    } else {
        folder::create(&args.output, &about)?
    };
    let stop = Stop::default();
    let asked = stop.clone();
    // Where the system has no signals, a kill does as well: the journal knows what was done.
    let _ = ctrlc::set_handler(move || asked.ask());
    let patience = Patience {
        job: args.timeout.map(Duration::from_secs),
        unreachable: Duration::from_secs(args.wait),
        ..Patience::default()
    };
    let options = Options {
        in_flight: usize::from(args.in_flight),
        fail_fast: args.fail_fast && !args.keep_going,
        patience,
        ..Options::default()
    };
    let result = batch::run(&mut server, &mut all, &mut run, &options, &stop, &mut |event| show.event(event));
    let trouble = show.finish();
    let counts = result.map_err(|error| {
        let more = format!("; go on with `{} --resume`", command(args, &on));
        let has_hint = error.to_string().contains("--resume");
        ToolError::new(format!("{error}{}", if has_hint { "" } else { &more }))
    })?;
    trouble?;
    Ok(if counts.done == counts.all { Exit::Clean } else { Exit::Findings })
}

fn has_errors(reports: &[FileReport]) -> bool {
    reports.iter().flat_map(|report| &report.diagnostics).any(|found| found.severity == Severity::Error)
}

fn refused(reports: &[FileReport], session: &Session, terminal: &Terminal) -> Result<Exit, ToolError> {
    session.check_catalogs(reports)?;
    terminal.report(Diagnosed::Human, Stream::Error, &session.sources, reports)?;
    Ok(Exit::Findings)
}

/// The command as it is written down: without what may be secret, which never stands on it.
fn command(args: &Args, on: &str) -> String {
    let mut words = vec!["wfc run".to_owned()];
    words.extend(args.paths.iter().map(|path| jobs::quoted(&path.display().to_string())));
    if args.rung != crate::front::toml::batch::ALL_RUNGS {
        words.push(format!("--rung {}", jobs::quoted(&args.rung)));
    }
    words.extend(args.set.iter().map(|setting| format!("--set {}", jobs::quoted(setting))));
    words.extend(args.input.iter().map(|input| format!("--input {}", jobs::quoted(input))));
    words.push(format!("--on {}", jobs::quoted(on)));
    words.extend(args.on.headers().iter().map(|header| format!("--header-env {}", jobs::quoted(header))));
    if let Some(catalog) = &args.catalog {
        words.push(format!("--catalog {}", jobs::quoted(&super::session::without_login(catalog))));
    }
    if args.output.as_os_str() != "outputs" {
        words.push(format!("-o {}", jobs::quoted(&args.output.display().to_string())));
    }
    words.join(" ")
}
