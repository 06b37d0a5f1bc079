//! The folder of a run: `outputs/0001-name`.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::cli::ToolError;
use crate::exec::batch::Run;
use crate::exec::journal::{self, Contents, Journal, State};
use crate::exec::{clock, outputs};

/// What tells a run from others.
pub(super) struct About {
    /// What it is called.
    pub(super) name: String,
    pub(super) jobs: u64,
    pub(super) hash: String,
    pub(super) command: String,
}

/// So many folders are tried where others make some at the same time.
const TRIES: u32 = 1000;

/// A new folder for a run, with its journal.
///
/// # Errors
/// When it cannot be made.
pub(super) fn create(output: &Path, about: &About) -> Result<Run, ToolError> {
    fs::create_dir_all(output).map_err(|error| outputs::cannot("make", output, &error))?;
    let first = numbered(output)?.last().map_or(1, |(number, _)| number + 1);
    for number in first..first.saturating_add(TRIES) {
        let name = format!("{number:04}-{}", about.name);
        let folder = output.join(&name);
        match fs::create_dir(&folder) {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::AlreadyExists => continue,
            Err(error) => return Err(outputs::cannot("make", &folder, &error).into()),
        }
        let run = journal::Run {
            version: journal::VERSION,
            wfc: env!("CARGO_PKG_VERSION").to_owned(),
            name,
            jobs: about.jobs,
            hash: about.hash.clone(),
            command: about.command.clone(),
            at: clock::now(),
        };
        let journal = Journal::create(&folder, &run).inspect_err(|_| {
            // Nothing is in it.
            let _ = fs::remove_file(folder.join(journal::FILE_NAME));
            let _ = fs::remove_dir(&folder);
        })?;
        let jobs = usize::try_from(about.jobs).unwrap_or(usize::MAX);
        let contents = Contents { run, jobs: vec![State::New; jobs], closed: None, end: 0 };
        return Ok(Run { folder, journal, contents });
    }
    Err(ToolError::new(format!("{}: no number is free for a new run", output.display())))
}

/// The run that goes on.
pub(super) enum Resumed {
    Run(Box<Run>),
    /// There is nothing left to do in this folder.
    Done(PathBuf),
}

/// The last run of the same jobs.
///
/// # Errors
/// When there is none, or its journal cannot be read.
pub(super) fn resume(output: &Path, about: &About) -> Result<Resumed, ToolError> {
    let mut others = Vec::new();
    for (_, folder) in numbered(output)?.into_iter().rev() {
        // One that cannot be read may be the one that is meant, so its trouble is told if no other is.
        match journal::read(&folder.join(journal::FILE_NAME)) {
            Ok(contents) if contents.run.hash == about.hash => {
                let is_done = |state: &State| matches!(state, State::Ended { is_done: true, .. });
                let all_done = contents.jobs.iter().all(is_done);
                let (journal, contents) = Journal::resume(&folder)?;
                if all_done && contents.closed.is_some() {
                    return Ok(Resumed::Done(folder));
                }
                return Ok(Resumed::Run(Box::new(Run { folder, journal, contents })));
            }
            Ok(contents) if contents.run.name.ends_with(&format!("-{}", about.name)) => {
                others.push(format!("{} is of other values", folder.display()));
            }
            Ok(_) => {}
            Err(error) => others.push(error.to_string()),
        }
    }
    let others = if others.is_empty() { String::new() } else { format!(" ({})", others.join("; ")) };
    Err(ToolError::new(format!(
        "{} has no run of these jobs to go on with{others}; run it without --resume",
        output.display()
    )))
}

/// The folders of runs with their numbers, in order.
///
/// # Errors
/// When the folder cannot be looked into.
pub(in crate::cli) fn numbered(output: &Path) -> Result<Vec<(u32, PathBuf)>, ToolError> {
    let entries = match fs::read_dir(output) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(outputs::cannot("look into", output, &error).into()),
    };
    let mut found: Vec<(u32, PathBuf)> = entries
        .filter_map(|entry| {
            let entry = entry.ok()?;
            let name = entry.file_name().into_string().ok()?;
            let (number, _) = name.split_once('-')?;
            let is_number = number.len() >= 4 && number.bytes().all(|byte| byte.is_ascii_digit());
            is_number.then(|| number.parse().ok()).flatten().map(|number| (number, entry.path()))
        })
        .collect();
    found.sort();
    Ok(found)
}
