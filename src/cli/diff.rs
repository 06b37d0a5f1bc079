//! `wfc diff`: what a change does to a workflow.

mod folders;
pub(in crate::cli) mod locate;
pub(in crate::cli) mod open;

use super::session::Session;
use super::{Exit, Stream, Terminal, ToolError, explain, note, print, workflow_file};
use crate::catalog::{Machine, Machines};
use crate::diag::did_you_mean;
use crate::report::{FileReport, Format as Diagnostics};
use crate::review::changes::Diff;
use crate::review::report::{self, Entry, Read, Report, State};
use crate::review::{self, Side, Style};

use locate::{Located, Pair};
use open::{Opened, Unopened};

/// Compare two workflows by what they do: models, values, nodes, links, and what follows from the changes for memory,
/// time, findings and requests.
///
/// What is compared may be presets, workflows in API format, workflows as the editor saves them, and pictures that
/// ComfyUI wrote either into, in any mixture. Ids, the order of nodes, titles and the layout of the editor do not count:
/// a workflow whose nodes were numbered anew is the same workflow.
///
/// OLD and NEW are files, or files of a git revision: `main:presets/dance.toml`; `:presets/dance.toml` is what the next
/// commit will have. With a range in the place of OLD, NEW is the file that is looked at in both: `wfc diff main..HEAD
/// presets/dance.toml`; `main...HEAD` starts where HEAD left main. With a revision alone in the place of OLD, NEW is a file
/// on the disk, and compared with what it was there: `wfc diff HEAD presets/dance.toml`. A preset of a revision is compiled
/// with the graphs and the project of that revision.
///
/// Both may be folders: then every preset and workflow below them is compared, and what is the same is only counted. What a
/// preset compiles to, and pictures, are left out there.
///
/// Exit code 0 if both do the same, 1 if they differ or requests that one takes break with the other, 2 if one of them
/// cannot be read or compiled.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The old workflow: a file or folder, `REVISION:FILE`, a revision, or a range of revisions, `REVISION..REVISION`.
    #[arg(value_name = "OLD")]
    old: String,
    /// The new workflow: a file or folder, or `REVISION:FILE`. With a range or a revision alone, the file in both.
    #[arg(value_name = "NEW")]
    new: String,
    /// The format.
    #[arg(long, value_enum, default_value = "human")]
    format: Format,
    /// The machine to tell the time for, such as `rtx-5090`, and whose memory to compare with [default: the preset's
    /// target].
    #[arg(long, value_name = "ID")]
    gpu: Option<String>,
    /// The node catalog: `embedded`, some of its packs (`comfyui,kjnodes`), a captured catalog, an
    /// `/object_info` file, or a server's URL [default: the project's, or `embedded`].
    #[arg(long, value_name = "CATALOG")]
    catalog: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// For a terminal.
    Human,
    /// For a comment on a pull request.
    Markdown,
    /// All of it; `wfc schema diff` prints its schema, and `wfc schema folders-diff` that for folders.
    Json,
    /// A page with both workflows in one picture, which needs nothing else: `> diff.html`.
    Html,
}

/// Runs the command.
pub(super) fn run(args: &Args, terminal: &Terminal) -> Result<Exit, ToolError> {
    let machine = args.gpu.as_deref().map(machine).transpose()?;
    let mut session = Session::new(args.catalog.clone());
    let [old, new] = match locate::both(&args.old, &args.new)? {
        Pair::Files(files) => files,
        Pair::Folders(folders) => {
            return folders::run(&folders, args.format, machine.as_ref(), &mut session, terminal);
        }
    };
    let opened = [open::open(&old, &mut session)?, open::open(&new, &mut session)?];
    match opened {
        [Ok(before), Ok(after)] => {
            let sides = [(&old, &before), (&new, &after)];
            let [one, other] = sides.map(|(at, opened)| opened.side(at.shown.clone(), machine.as_ref()));
            if args.format == Format::Html {
                return page(&old, &one, &new, &other);
            }
            let diff = review::diff(&one, &other);
            show(&diff, args.format, terminal)?;
            let breaks = diff.consequences.interface.iter().any(|change| change.breaks);
            Ok(if diff.same && !breaks { Exit::Clean } else { Exit::Findings })
        }
        sides => unreadable([&old, &new], sides, &mut session, terminal),
    }
}

/// Prints both workflows as a page.
fn page(old: &Located, before: &Side<'_>, new: &Located, after: &Side<'_>) -> Result<Exit, ToolError> {
    let mut entry = Entry::of(&new.shown, &Read::Workflow(before), &Read::Workflow(after));
    let text = |at: &Located| workflow_file::read(&at.path).map(|file| file.text).unwrap_or_default();
    entry.raw = report::unified(&new.shown, Some(&text(old)), Some(&text(new)));
    let is_same = entry.state == State::Same;
    let report =
        Report { old: old.shown.clone(), new: new.shown.clone(), entries: vec![entry], ..Report::default() };
    print(&report::page(&report, &|rule| explain::page(rule).ok())?)?;
    Ok(if is_same { Exit::Clean } else { Exit::Findings })
}

fn show(diff: &Diff, format: Format, terminal: &Terminal) -> Result<(), ToolError> {
    print(&match format {
        Format::Human => review::human(diff, Style { color: terminal.options(Stream::Output).color }),
        Format::Markdown => review::markdown(diff),
        Format::Json | Format::Html => review::json(diff),
    })
}

/// Says what is wrong with a side that is no workflow, and what the other one is.
fn unreadable(
    located: [&Located; 2],
    opened: [Result<Opened, Unopened>; 2],
    session: &mut Session,
    terminal: &Terminal,
) -> Result<Exit, ToolError> {
    let mut reports = Vec::new();
    let mut said = Vec::new();
    for ((side, opened), which) in located.into_iter().zip(opened).zip(["old", "new"]) {
        let shown = &side.shown;
        match opened {
            Ok(opened) => said.push(format!("{which}: {shown} can be read: {}\n", opened.about())),
            Err(Unopened { kind, diagnostics }) => {
                said.push(format!("{which}: {shown} cannot be compared\n"));
                reports.push(FileReport { path: shown.into(), kind, diagnostics });
            }
        }
    }
    for side in located {
        side.disguise(&mut session.sources, &mut reports);
    }
    terminal.report(Diagnostics::Human, Stream::Error, &session.sources, &reports)?;
    note(&said.concat());
    Ok(Exit::Failed)
}

/// The machine that was asked for.
///
/// # Errors
/// When there is none of this name.
pub(super) fn machine(id: &str) -> Result<Machine, ToolError> {
    let machines = Machines::embedded();
    machines.machine(id).ok_or_else(|| {
        let ids = machines.ids();
        let near = did_you_mean(id, ids.iter().map(AsRef::as_ref));
        let help = near.unwrap_or_else(|| format!("known machines: {}", ids.join(", ")));
        ToolError::new(format!("there is no machine `{id}`\n  help: {help}"))
    })
}
