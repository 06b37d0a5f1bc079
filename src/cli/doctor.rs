//! `wfc doctor`: whether workflows would run, before anything is sent.

#[cfg(feature = "exec")]
mod ask;
mod document;
mod human;
mod local;
mod read;

pub(super) use document::Document;

use std::path::PathBuf;

use super::session::Session;
use super::{Exit, Stream, Terminal, ToolError, note, print};
use crate::plan::Storage;
use crate::preflight::{self, Asked, Ready, State};

/// Check whether workflows would run: on a server, and with the files of this machine.
///
/// With --on it asks a ComfyUI server, once for all workflows: is it there and is it ComfyUI, has it the node classes and
/// the model files, would its validator take the workflow, does that fit its card, does it work or hang, does it take the
/// inputs. Nothing is sent to it but questions. Without --on only this machine is looked at: input files, model files (with
/// --models), programs. docs/doctor.md lists all checks.
///
/// Exit code 0 if nothing failed, 1 if a check failed, the first of which may be that the server cannot be reached, 2 if a
/// file cannot be read.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Presets and workflows, or folders with presets. A workflow is JSON as ComfyUI exports it for the API or saves it
    /// from its editor, or a picture that ComfyUI wrote it into.
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// The server: `http://127.0.0.1:8188`, or the name of one under `[servers]` in wfc.toml. Credentials come from
    /// `WFC_TOKEN`, or from `WFC_USER` and `WFC_PASSWORD`, or from the variables that wfc.toml names. Proxies
    /// and certificate authorities are taken as by `wfc run`.
    #[arg(long, value_name = "SERVER")]
    on: Option<String>,
    /// One more header for every request, with the environment variable that has its value: `X-Api-Key=POD_KEY`;
    /// may be repeated.
    #[cfg(feature = "exec")]
    #[arg(long, value_name = "HEADER=VARIABLE", requires = "on")]
    header_env: Vec<String>,
    /// ComfyUI's folder on this machine, or its models folder: model files are looked for there, with their lengths and
    /// headers [default: `models` in wfc.toml, of the server or of the project].
    #[arg(long, value_name = "DIR")]
    models: Option<PathBuf>,
    /// Where the server's model files are when the work begins, for the time until it is ready: `memory`, `local` for a
    /// disk of the machine, `network` for a volume, `download`; or how fast it is, in gigabytes a second.
    #[arg(long, value_name = "WHERE", default_value = "local")]
    storage: String,
    /// Set a parameter (`seed=7`) or a model slot (`models.vae=wan21-vae`) of presets; may be repeated.
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// The node catalog to compile with: `embedded`, some of its packs (`comfyui,kjnodes`), a captured catalog, an
    /// `/object_info` file, or a server's URL [default: the project's, or `embedded`].
    #[arg(long, value_name = "CATALOG")]
    catalog: Option<String>,
    /// The format.
    #[arg(long, value_enum, default_value = "human")]
    format: Format,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// A line for each check, for a terminal.
    Human,
    /// One JSON document; `wfc schema doctor` prints its schema.
    Json,
}

/// Runs the command.
pub(super) fn run(args: &Args, terminal: &Terminal) -> Result<Exit, ToolError> {
    let storage = storage(&args.storage)?;
    let mut session = Session::new(args.catalog.clone());
    let models = match &args.models {
        Some(folder) => Some(folder.clone()),
        None => session.models(args.on.as_deref())?,
    };
    let read = read::all(&args.paths, &args.set, models.as_deref(), &mut session)?;
    for problem in &read.unreadable {
        note(&format!("wfc: {problem}\n"));
    }
    let asked = args.on.as_deref().map(|on| ask(on, args, &mut session)).transpose()?;
    let local = local::look(models.as_deref(), storage);
    let server = asked.as_ref().map(|asked| document::ServerEntry {
        address: asked.address.clone(),
        checks: preflight::of_server(asked),
    });
    let workflows = read.subjects.iter().map(|subject| document::Entry {
        file: subject.file.clone(),
        workflows: subject.compiled.as_ref().map_or(0, |compiled| compiled.workflows),
        checks: preflight::of_subject(subject, asked.as_ref(), &local),
        ready: subject.compiled.as_ref().ok().and_then(|compiled| {
            let server = asked.as_ref()?.server.as_ref().ok()?;
            Ready::of(compiled, &compiled.planned(Some(server)), &local, server)
        }),
    });
    let document = Document::new(server, workflows.collect());
    match args.format {
        Format::Human => print(&human::render(&document, terminal.options(Stream::Output)))?,
        Format::Json => print(&format!("{}\n", serde_json::to_string_pretty(&document)?))?,
    }
    Ok(if !read.unreadable.is_empty() {
        Exit::Failed
    } else if document.has(State::Fail) {
        Exit::Findings
    } else {
        Exit::Clean
    })
}

fn storage(text: &str) -> Result<Storage, ToolError> {
    let number = text.parse::<f64>().ok().and_then(|speed| Storage::of_speed(speed * 1e9));
    number.or_else(|| Storage::called(text)).ok_or_else(|| {
        let names: Vec<&str> = Storage::names().collect();
        ToolError::new(format!(
            "`{text}` of --storage is no place of model files and no speed; it is {}, or a number of gigabytes a second, \
             such as 1.5",
            names.join(", ")
        ))
    })
}

#[cfg(feature = "exec")]
fn ask(server: &str, args: &Args, session: &mut Session) -> Result<Asked, ToolError> {
    let on = super::server::On::new(server.to_owned(), args.header_env.clone());
    Ok(ask::ask(&on.client(session)?))
}

#[cfg(not(feature = "exec"))]
fn ask(_: &str, _: &Args, _: &mut Session) -> Result<Asked, ToolError> {
    Err(ToolError::new("this wfc was built without the feature `exec`, so it cannot ask a server"))
}
