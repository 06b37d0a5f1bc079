//! The journal of a run: what was decided, before it is done.
//!
//! One JSON object a line, each on disk before the next step is taken. A process may be killed at any byte: a last
//! line without its end does not count, and what it announced has not been done.

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead as _, BufReader, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::record::JobRecord;
use super::{Error, Trouble, outputs};

/// The file's name.
pub const FILE_NAME: &str = "journal.jsonl";

/// Version of the format.
pub const VERSION: u32 = 1;

/// Longest line, in bytes. A record holds the texts of a job, which are cut.
const MAX_LINE_BYTES: u64 = 4 << 20;

/// One line.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum Record {
    /// The first line: which run this is.
    Run(Run),
    /// A workflow is about to be handed over under this id.
    Sending {
        /// The job, counted from 1.
        job: u64,
        /// How often it has been handed over, counted from 1.
        attempt: u32,
        /// The id.
        id: String,
        /// The server, without credentials.
        on: String,
        /// When.
        at: String,
    },
    /// What was handed over under this id gives nothing: it is not on the server and has not run to its end, or a part of it
    /// was refused and what ran of the rest has ended.
    Lost {
        /// The job, counted from 1.
        job: u64,
        /// The id.
        id: String,
    },
    /// The job has ended. Its outputs are complete on disk; those that stand under the name `part` are to be renamed.
    Ended(Box<JobRecord>),
    /// The run has ended, all of it or as far as it was to go.
    Closed {
        /// When.
        at: String,
    },
}

/// Which run a journal belongs to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    /// Version of the format.
    pub version: u32,
    /// Version of wfc.
    pub wfc: String,
    /// What the run is called.
    pub name: String,
    /// Number of jobs.
    pub jobs: u64,
    /// Hash over all its workflows in order: what makes it the same run.
    pub hash: String,
    /// The command, without what may be secret.
    pub command: String,
    /// When it began.
    pub at: String,
}

/// A journal that is being written. While it exists, nobody else can open it for writing.
#[derive(Debug)]
pub struct Journal {
    file: File,
    path: PathBuf,
    /// Bytes that are whole lines.
    end: u64,
}

/// How far a job is, by the journal.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum State {
    /// It has not been handed over.
    #[default]
    New,
    /// It was handed over under this id, or was about to be: attempt, id, and server.
    Sent(u32, String, String),
    /// The last thing handed over was lost; so many attempts were made.
    Again(u32),
    /// It has ended. The record is the line that begins at this byte.
    Ended {
        /// Where the record is.
        at: u64,
        /// True if it went well.
        is_done: bool,
        /// Attempts that were made.
        attempts: u32,
    },
}

/// What a journal says.
#[derive(Clone, Debug)]
pub struct Contents {
    /// Which run it belongs to.
    pub run: Run,
    /// The jobs, in order.
    pub jobs: Vec<State>,
    /// When the run ended, if it did since the last job was handed over.
    pub closed: Option<String>,
    /// Bytes that are whole lines.
    pub end: u64,
}

impl Journal {
    /// Begins the journal of a new run in `folder`.
    ///
    /// # Errors
    /// When it cannot be written, or there is one.
    pub fn create(folder: &Path, run: &Run) -> Result<Self, Error> {
        let path = folder.join(FILE_NAME);
        let file = OpenOptions::new().read(true).append(true).create_new(true).open(&path);
        let file = file.map_err(|error| outputs::cannot("write", &path, &error))?;
        lock(&file, &path)?;
        let mut journal = Self { file, path, end: 0 };
        journal.append(&Record::Run(run.clone()))?;
        outputs::sync_folder(folder);
        Ok(journal)
    }

    /// Goes on with a journal: cuts off a last line without its end.
    ///
    /// # Errors
    /// When it cannot be read or written, another process writes it, or it holds what cannot be.
    pub fn resume(folder: &Path) -> Result<(Self, Contents), Error> {
        let path = folder.join(FILE_NAME);
        let file = OpenOptions::new().read(true).append(true).open(&path);
        let file = file.map_err(|error| outputs::cannot("open", &path, &error))?;
        lock(&file, &path)?;
        let contents = read(&path)?;
        let cut = file.set_len(contents.end).and_then(|()| file.sync_all());
        cut.map_err(|error| outputs::cannot("write", &path, &error))?;
        let end = contents.end;
        Ok((Self { file, path, end }, contents))
    }

    /// Adds a record; returns when it is on disk, with the byte at which it begins.
    ///
    /// # Errors
    /// When it cannot be written. The journal is then as before.
    pub fn append(&mut self, record: &Record) -> Result<u64, Error> {
        let mut line = serde_json::to_vec(record)
            .map_err(|error| Error::new(Trouble::Journal, format!("{}: {error}", self.path.display())))?;
        line.push(b'\n');
        let written = self.file.write_all(&line).and_then(|()| self.file.sync_data());
        if let Err(error) = written {
            // Half a line would be the end of the next one.
            let _ = self.file.set_len(self.end);
            return Err(outputs::cannot("write", &self.path, &error));
        }
        let at = self.end;
        self.end += line.len() as u64;
        Ok(at)
    }

    /// The record that begins at a byte, if it is one of a job.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn ended(&self, at: u64) -> Result<Option<JobRecord>, Error> {
        record_at(&self.path, at)
    }
}

fn lock(file: &File, path: &Path) -> Result<(), Error> {
    file.try_lock().map_err(|_| {
        Error::new(Trouble::Journal, format!("{}: another wfc works on this run", path.display()))
            .help("wait for it, or stop it")
    })
}

/// The job's record that begins at a byte of a journal.
///
/// # Errors
/// When it cannot be read.
pub fn record_at(path: &Path, at: u64) -> Result<Option<JobRecord>, Error> {
    let read = || -> io::Result<Vec<u8>> {
        let mut file = File::open(path)?;
        file.seek(SeekFrom::Start(at))?;
        let mut line = Vec::new();
        BufReader::new(file).take(MAX_LINE_BYTES).read_until(b'\n', &mut line)?;
        Ok(line)
    };
    let line = read().map_err(|error| outputs::cannot("read", path, &error))?;
    Ok(match serde_json::from_slice(&line) {
        Ok(Record::Ended(record)) => Some(*record),
        _ => None,
    })
}

/// Reads a journal, which may be in use.
///
/// # Errors
/// When it cannot be read, or a line before the last one is none.
pub fn read(path: &Path) -> Result<Contents, Error> {
    let damaged = |line: u64, why: &str| {
        Error::new(Trouble::Journal, format!("{}:{line}: {why}", path.display()))
            .help("move the folder of this run away, and start a new one")
    };
    let file = File::open(path).map_err(|error| outputs::cannot("read", path, &error))?;
    let mut reader = BufReader::new(file);
    let mut contents: Option<Contents> = None;
    let (mut at, mut number) = (0, 0);
    let mut line = Vec::new();
    loop {
        line.clear();
        let count = (&mut reader).take(MAX_LINE_BYTES).read_until(b'\n', &mut line);
        let count = count.map_err(|error| outputs::cannot("read", path, &error))?;
        if !line.ends_with(b"\n") && (count as u64) < MAX_LINE_BYTES {
            break;
        }
        number += 1;
        let record = match serde_json::from_slice(&line) {
            Ok(record) => record,
            Err(error) => return Err(damaged(number, &format!("no record: {error}"))),
        };
        match (record, &mut contents) {
            (Record::Run(run), None) if run.version == VERSION => {
                let jobs = usize::try_from(run.jobs).unwrap_or(usize::MAX);
                if jobs > MAX_JOBS {
                    return Err(damaged(number, &format!("{jobs} jobs")));
                }
                contents = Some(Contents { run, jobs: vec![State::New; jobs], closed: None, end: 0 });
            }
            (Record::Run(run), None) => {
                return Err(damaged(number, &format!("version {}; this wfc reads {VERSION}", run.version)));
            }
            (record, Some(contents)) => {
                apply(contents, record, at).map_err(|why| damaged(number, &why))?;
            }
            (_, None) => return Err(damaged(number, "the journal does not begin with its run")),
        }
        at += count as u64;
        if let Some(contents) = &mut contents {
            contents.end = at;
        }
    }
    contents.ok_or_else(|| damaged(1, "the journal is empty"))
}

/// Most jobs of a run.
pub const MAX_JOBS: usize = 10_000_000;

fn apply(contents: &mut Contents, record: Record, at: u64) -> Result<(), String> {
    let job = match &record {
        Record::Sending { job, .. } | Record::Lost { job, .. } => *job,
        Record::Ended(record) => record.job,
        Record::Closed { at } => {
            contents.closed = Some(at.clone());
            return Ok(());
        }
        Record::Run(_) => return Err("a second run".to_owned()),
    };
    let count = contents.jobs.len();
    let slot = job.checked_sub(1).and_then(|job| usize::try_from(job).ok());
    let Some(state) = slot.and_then(|slot| contents.jobs.get_mut(slot)) else {
        return Err(format!("job {job} of {count}"));
    };
    if matches!(state, State::Ended { is_done: true, .. }) {
        return Err(format!("job {job} goes on after its end"));
    }
    *state = match record {
        Record::Sending { attempt, id, on, .. } => {
            contents.closed = None;
            State::Sent(attempt, id, on)
        }
        Record::Lost { id, .. } => match state {
            State::Sent(attempt, sent, _) if *sent == id => State::Again(*attempt),
            _ => return Err(format!("job {job}: `{id}` was lost, but was not sent last")),
        },
        Record::Ended(record) => State::Ended { at, is_done: record.is_done(), attempts: record.attempts },
        Record::Run(_) | Record::Closed { .. } => return Ok(()),
    };
    Ok(())
}
