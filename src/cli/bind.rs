//! `wfc bind`: a request and a compiled workflow in, the workflow that was asked for out.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use super::{Exit, Stream, Terminal, ToolError, output, print};
use crate::bind::{Request, Target};
use crate::diag::Diagnostics;
use crate::report::{FileReport, Format};
use crate::source::{self, LoadError, LoadErrorKind, MAX_SOURCE_BYTES, MAX_WORKFLOW_BYTES, Sources};

/// How messages call a request from standard input.
const STANDARD_INPUT: &str = "<standard input>";

/// Apply a request to a compiled workflow: set its fields without knowing node ids.
///
/// Needs the manifest and the workflow beside it, and nothing else. The result is, byte for byte, what
/// `wfc build --set` gives for the same values; what that would refuse, this refuses too, and nothing
/// is written. A value that would change which nodes there are needs `wfc build`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The manifest that `wfc build` wrote, NAME.wfc.json; the workflow lies beside it.
    #[arg(value_name = "MANIFEST")]
    manifest: PathBuf,
    /// The request, a JSON object: field → value; `-` reads it from standard input. It must have every
    /// field that is required.
    #[arg(short, long, value_name = "REQUEST")]
    input: Option<PathBuf>,
    /// Set a field (`seed=7`); wins over the request; may be repeated. Without a request the other
    /// fields stay as built.
    #[arg(long, value_name = "FIELD=VALUE")]
    set: Vec<String>,
    /// The file to write; `-` is standard output.
    #[arg(short, long, value_name = "FILE", default_value = "-")]
    output: PathBuf,
    /// The format of diagnostics.
    #[arg(long, value_enum, default_value = "human")]
    format: Format,
}

/// Runs the command.
pub(super) fn run(args: &Args, terminal: &Terminal) -> Result<Exit, ToolError> {
    if args.input.is_none() && args.set.is_empty() {
        return Err(ToolError::new("nothing to bind: give a request with --input, or fields with --set"));
    }
    let mut sources = Sources::new();
    let text = source::read_text(&args.manifest, MAX_WORKFLOW_BYTES)?;
    let target = Target::read(&args.manifest, &text, &mut sources)?;
    let folder = args.manifest.parent().unwrap_or(Path::new(""));
    let workflow = folder.join(target.workflow_file());
    check_output(args, &workflow)?;
    let bytes = source::read_capped(&workflow, MAX_WORKFLOW_BYTES)?;
    // A stale pair is no fault of the request, and said before anything about it.
    target.apply(&bytes, &[])?;
    let mut diagnostics = Diagnostics::new();
    let request = read(args, &target, &mut sources, &mut diagnostics)?;
    let changes = request.and_then(|request| target.changes(&request, &mut sources, &mut diagnostics));
    let changes = changes.filter(|_| !diagnostics.has_errors());
    let bound = changes.map(|changes| target.apply(&bytes, &changes)).transpose()?;
    let to_stdout = args.output == Path::new("-");
    let path = match args.input.as_deref() {
        None => "--set".into(),
        Some(path) if path == Path::new("-") => STANDARD_INPUT.into(),
        Some(path) => path.to_owned(),
    };
    let report = FileReport { path, kind: "request", diagnostics: diagnostics.into_sorted() };
    let exit = if bound.is_some() { Exit::Clean } else { Exit::Findings };
    if let Some(bound) = &bound {
        if to_stdout {
            print(&String::from_utf8_lossy(bound))?;
        } else {
            output::write_atomic(&args.output, bound)?;
        }
    }
    // With JSON on standard output there is nothing else there.
    let as_json = args.format != Format::Human && !(to_stdout && bound.is_some());
    if as_json || !report.diagnostics.is_empty() {
        let stream = if as_json { Stream::Output } else { Stream::Error };
        terminal.report(args.format, stream, &sources, &[report])?;
    }
    Ok(exit)
}

/// Refuses to write over what is read: the pair would no longer be one.
fn check_output(args: &Args, workflow: &Path) -> Result<(), ToolError> {
    let output = source::identity(&args.output);
    let read = [Some(&*args.manifest), Some(workflow), args.input.as_deref()];
    match read.into_iter().flatten().find(|read| source::identity(read) == output) {
        Some(read) if args.output != Path::new("-") => {
            Err(ToolError::new(format!("{} is read here; name another file with -o", read.display())))
        }
        _ => Ok(()),
    }
}

/// The request with its settings. Gives nothing if it cannot be read, which is reported.
fn read(
    args: &Args,
    target: &Target,
    sources: &mut Sources,
    diagnostics: &mut Diagnostics,
) -> Result<Option<Request>, ToolError> {
    let mut request = match &args.input {
        None => Some(Request::default()),
        Some(path) => {
            let (name, text) = text(path)?;
            let file = sources.add(name, text.as_str());
            target.request(file, &text, diagnostics)
        }
    };
    if let Some(request) = &mut request {
        for setting in &args.set {
            target.setting(request, setting, sources, diagnostics);
        }
    }
    Ok(request)
}

/// The text of a request, and the name that messages give it.
fn text(path: &Path) -> Result<(PathBuf, String), ToolError> {
    if path != Path::new("-") {
        return Ok((path.to_owned(), source::read_text(path, MAX_SOURCE_BYTES)?));
    }
    let name = PathBuf::from(STANDARD_INPUT);
    let fail = |kind| LoadError { path: name.clone(), kind };
    let mut bytes = Vec::new();
    std::io::stdin().lock().take(MAX_SOURCE_BYTES + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_SOURCE_BYTES {
        return Err(fail(LoadErrorKind::TooLarge(MAX_SOURCE_BYTES)).into());
    }
    let text = String::from_utf8(bytes)
        .map_err(|error| fail(LoadErrorKind::NotUtf8(error.utf8_error().valid_up_to())))?;
    Ok((name, text))
}
