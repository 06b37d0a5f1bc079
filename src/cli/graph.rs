//! `wfc graph`: a workflow as a picture.

mod highlight;
mod read;

use std::path::{Path, PathBuf};

use self::highlight::Wanted;
use self::read::Drawn;
use super::session::Session;
use super::workflow_file::has_extension;
use super::{Exit, RuleName, Stream, Terminal, ToolError, note, output, print};
use crate::report::Format as ReportFormat;
use crate::review::picture::{Options, Picture};
use crate::review::{dot, drawing, listing, mermaid};

/// Draw a workflow: its nodes by stage from left to right, the values that matter, and links coloured by what they
/// carry.
///
/// Takes a preset, a graph file, a workflow in API format or as ComfyUI's editor saves it, or a picture that ComfyUI wrote
/// one into. What the server would refuse is drawn all the same; `wfc lint` says what is wrong with it. Of a preset with a
/// matrix or a ladder, the first workflow is drawn. Exit code 0: drawn, 1: the file is no workflow or does not compile, 2:
/// it cannot be read, or there is nothing to highlight under a name.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// A file.
    #[arg(value_name = "PATH")]
    path: PathBuf,
    /// The format [default: by the name of `-o`, or `ascii`].
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// The file to write; `-` for standard output [default: standard output].
    #[arg(short, long, value_name = "OUT")]
    output: Option<PathBuf>,
    /// Mark a node by its key, or what a rule finds (a name of `wfc explain`, or a group of rules); may be repeated.
    /// Rules are run that are off, and what is allowed is marked as well.
    #[arg(long, value_name = "RULE|NODE", value_parser = RuleName::All, hide_possible_values = true)]
    highlight: Vec<String>,
    /// Set a parameter (`seed=7`) or a model slot (`models.vae=wan21-vae`) of a preset; may be repeated.
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// Which rung of a preset's [[ladder]] [default: the first].
    #[arg(long, value_name = "RUNG")]
    rung: Option<String>,
    /// The node catalog: `embedded`, some of its packs (`comfyui,kjnodes`), a captured catalog, an
    /// `/object_info` file, or a server's URL [default: the project's, or `embedded`].
    #[arg(long, value_name = "CATALOG")]
    catalog: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// A picture that follows the reader's light or dark scheme.
    Svg,
    /// For Graphviz.
    Dot,
    /// For Markdown on GitHub and GitLab.
    Mermaid,
    /// A listing by stage, for a terminal.
    Ascii,
}

impl Format {
    /// The format that the name of a file asks for.
    fn of(path: &Path) -> Option<Self> {
        let known: [(&[&str], Self); 4] = [
            (&["svg"], Self::Svg),
            (&["dot", "gv"], Self::Dot),
            (&["mmd", "mermaid"], Self::Mermaid),
            (&["txt"], Self::Ascii),
        ];
        known.into_iter().find(|(extensions, _)| has_extension(path, extensions)).map(|(_, format)| format)
    }

    fn write(self, picture: &Picture) -> String {
        match self {
            Self::Svg => drawing::write(picture, &drawing::Options::default()),
            Self::Dot => dot::write(picture),
            Self::Mermaid => mermaid::write(picture),
            Self::Ascii => listing::write(picture),
        }
    }
}

/// Runs the command.
pub(super) fn run(args: &Args, terminal: &Terminal) -> Result<Exit, ToolError> {
    let file = args.output.as_deref().filter(|file| *file != Path::new("-"));
    let format = match (args.format, file) {
        (Some(format), _) => format,
        (None, None) => Format::Ascii,
        (None, Some(file)) => Format::of(file).ok_or_else(|| {
            let shown = file.display();
            ToolError::new(format!("the name {shown} does not tell the format; name a .svg, .dot, .mmd or .txt file, or give --format"))
        })?,
    };
    if args.path.is_dir() {
        let shown = args.path.display();
        return Err(ToolError::new(format!("{shown} is a folder; name one preset, graph or workflow")));
    }
    let mut session = Session::on_demand(args.catalog.clone(), std::slice::from_ref(&args.path));
    let drawn = match read::file(&args.path, &args.set, args.rung.as_deref(), &mut session)? {
        Ok(drawn) => drawn,
        Err(report) => {
            let exit = if report.has_failed() { Exit::Failed } else { Exit::Findings };
            terminal.report(ReportFormat::Human, Stream::Error, &session.sources, &[report])?;
            return Ok(exit);
        }
    };
    let Drawn { graph, stages, settings, compiler, note: said } = drawn;
    // The title is the same on every machine.
    let name = args.path.file_name().unwrap_or_default().to_string_lossy();
    let options = Options { title: &name, stages: &stages, models: &compiler.models };
    let mut picture = Picture::of(&graph, &options);
    let wanted = Wanted::of(&args.highlight, &graph)?;
    for line in wanted.mark(&graph, &compiler, settings, &mut picture) {
        note(&format!("{line}\n"));
    }
    if let Some(said) = said {
        note(&format!("{said}\n"));
    }
    let text = format.write(&picture);
    match file {
        None => print(&text)?,
        Some(file) => {
            output::write_atomic(file, text.as_bytes())?;
        }
    }
    Ok(Exit::Clean)
}
