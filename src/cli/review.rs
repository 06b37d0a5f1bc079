//! `wfc review`: what a change of a repository does to its workflows.

mod entries;
mod side;

use std::path::{Path, PathBuf};

use side::Side;

use super::diff::machine;
use super::git::{Repository, Tree, git};
use super::output::{self, Written};
use super::{Exit, Stream, Terminal, ToolError, explain, note, print};
use crate::review::Style;
use crate::review::report::{self, Report};

/// Show what a change of a git repository does to its workflows: in a few lines, as a page, as a comment on a pull request.
///
/// Every preset is compiled on both sides and compared, so that a change of a graph, of a preset that others extend, of
/// `wfc.toml` or of a model shows wherever it arrives. Workflows in JSON are compared if they changed. What does not compile
/// is shown as far as it can be read.
///
/// Without `--head` the files on the disk are the new side, committed or not. The old side is where the new one left REV,
/// so that what has happened to REV since does not show; where git does not know that, as in a shallow clone, it is REV
/// itself. Exit code 0: nothing changed, 1: something did, 2: there is no such revision, no repository, or something cannot
/// be written.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Presets, workflows, or folders with them [default: the whole repository].
    #[arg(value_name = "PATH")]
    paths: Vec<String>,
    /// The old side: a branch, a tag, or whatever else git calls a revision.
    #[arg(long, value_name = "REV")]
    base: String,
    /// The new side [default: the files on the disk].
    #[arg(long, value_name = "REV")]
    head: Option<String>,
    /// Write a page: one HTML file that needs nothing else; `-` for standard output.
    #[arg(long, value_name = "OUT")]
    html: Option<PathBuf>,
    /// Write Markdown for a comment on a pull request, no longer than GitHub takes; `-` for standard output.
    #[arg(long, value_name = "OUT")]
    markdown: Option<PathBuf>,
    /// The machine to tell the time for, such as `rtx-5090`, and whose memory to compare with [default: each preset's
    /// target].
    #[arg(long, value_name = "ID")]
    gpu: Option<String>,
    /// The node catalog: `embedded`, some of its packs (`comfyui,kjnodes`), a captured catalog, an
    /// `/object_info` file, or a server's URL [default: the project's, or `embedded`].
    #[arg(long, value_name = "CATALOG")]
    catalog: Option<String>,
}

/// Runs the command.
pub(super) fn run(args: &Args, terminal: &Terminal) -> Result<Exit, ToolError> {
    let is_printed = |path: &Option<PathBuf>| path.as_deref() == Some(Path::new("-"));
    if is_printed(&args.html) && is_printed(&args.markdown) {
        return Err(ToolError::new("--html and --markdown cannot both go to standard output"));
    }
    let machine = args.gpu.as_deref().map(machine).transpose()?;
    let repository = Repository::open()?.ok_or_else(|| {
        ToolError::new(
            "there is no git repository here, and a review compares its revisions\n  help: run this in a repository, or \
             compare two files with `wfc diff OLD NEW`",
        )
    })?;
    let mut notes = Vec::new();
    let (old, new) = trees(&repository, args, &mut notes)?;
    let folders = folders(&repository, &args.paths, &old, new.as_ref())?;
    let changed = repository.changed(&old, new.as_ref())?;
    let names = (args.base.clone(), args.head.clone().unwrap_or_else(|| "files on the disk".to_owned()));
    let catalog = args.catalog.as_deref();
    let [mut old, mut new] = [
        Side::of_tree(&old, &repository, &folders, &changed, catalog)?,
        match new {
            Some(tree) => Side::of_tree(&tree, &repository, &folders, &changed, catalog)?,
            None => Side::on_disk(&repository, &folders, &changed, catalog)?,
        },
    ];
    side::open_both(&mut old, &mut new)?;
    let mut report = entries::compare(&old, &new, &changed, machine.as_ref());
    (report.old, report.new) = names;
    notes.append(&mut report.notes);
    report.notes = notes;
    write(args, &report, terminal)?;
    Ok(if report.entries.is_empty() { Exit::Clean } else { Exit::Findings })
}

/// Both sides; nothing for the files on the disk.
fn trees(
    repository: &Repository,
    args: &Args,
    notes: &mut Vec<String>,
) -> Result<(Tree, Option<Tree>), ToolError> {
    let head = args.head.as_deref().unwrap_or("HEAD");
    let new = args.head.as_deref().map(|head| repository.tree(head, head)).transpose()?;
    let base = repository.tree(&args.base, &args.base)?;
    let Ok(fork) = repository.merge_base(&args.base, head) else {
        notes.push(format!(
            "git does not know here where {head} left {}: compared with {} itself",
            args.base, args.base
        ));
        return Ok((base, new));
    };
    let wanted = format!("{}^{{commit}}", args.base);
    let tip = git(&["rev-parse", "--verify", "--quiet", "--end-of-options", &wanted])?.unwrap_or_default();
    if tip.trim_end() == fork {
        return Ok((base, new));
    }
    let short = fork.get(..10).unwrap_or(&fork);
    notes.push(format!("{} has gone on since: compared with {short}, where {head} left it", args.base));
    Ok((repository.tree(&fork, &args.base)?, new))
}

/// What to look at, from the repository's top: files, folders with `/` at their end, or the empty text for all of it.
fn folders(
    repository: &Repository,
    paths: &[String],
    old: &Tree,
    new: Option<&Tree>,
) -> Result<Vec<String>, ToolError> {
    let mut folders = Vec::new();
    for path in paths {
        let from_top = repository.path_from_here(path)?;
        let folder = if from_top.is_empty() { String::new() } else { format!("{from_top}/") };
        let has = |tree: &Tree| (tree.file(&from_top).is_some(), tree.below(&folder).next().is_some());
        let on_disk = || (Path::new(path).is_file(), Path::new(path).is_dir());
        let sides = [has(old), new.map_or_else(on_disk, has)];
        if sides.iter().any(|(_, is_folder)| *is_folder) {
            folders.push(folder);
        } else if sides.iter().any(|(is_file, _)| *is_file) {
            folders.push(from_top);
        } else {
            return Err(ToolError::new(format!(
                "there is no `{path}` on either side\n  help: paths are from this folder; without any, the whole \
                 repository is reviewed"
            )));
        }
    }
    if folders.is_empty() {
        folders.push(String::new());
    }
    Ok(folders)
}

/// True if a path from the repository's top is to be looked at.
fn is_in(folders: &[String], path: &str) -> bool {
    folders.iter().any(|folder| {
        folder.is_empty() || path == folder || (folder.ends_with('/') && path.starts_with(&**folder))
    })
}

fn write(args: &Args, report: &Report, terminal: &Terminal) -> Result<(), ToolError> {
    let mut is_printed = false;
    for (path, is_page) in [(&args.html, true), (&args.markdown, false)] {
        let Some(path) = path else { continue };
        let text = if is_page {
            report::page(report, &|rule| explain::page(rule).ok())?
        } else {
            report::comment(report)
        };
        if path == Path::new("-") {
            is_printed = true;
            print(&text)?;
        } else if output::write_atomic(path, text.as_bytes())? != Written::Unchanged {
            note(&format!("wrote {}\n", path.display()));
        }
    }
    if is_printed {
        return Ok(());
    }
    print(&report::terminal(report, Style { color: terminal.options(Stream::Output).color }))
}
