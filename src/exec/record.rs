//! `run.json`: what a run was, job by job. It is made from the journal, record by record.

use std::collections::BTreeMap;
use std::io::{self, BufWriter, Write as _};
use std::path::Path;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::journal::{self, Contents, State};
use super::{About, Error, Failure, Identity, outputs};

/// The file's name.
pub const FILE_NAME: &str = "run.json";

/// Version of the format. It grows when something is removed or changes its meaning.
pub const VERSION: u32 = 1;

/// What a run was.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RunRecord {
    /// Version of this format.
    pub version: u32,
    /// Version of wfc.
    pub wfc: String,
    /// What the run is called: the name of its folder.
    pub name: String,
    /// The command, without what may be secret.
    pub command: String,
    /// When it began, in UTC.
    pub started: String,
    /// When this was written, in UTC.
    pub written: String,
    /// The server that it ran on last.
    pub server: Identity,
    /// How many jobs there are, and how they ended.
    pub counts: Counts,
    /// Hash over all its workflows in order: `blake3:` and 64 hexadecimal digits.
    pub hash: String,
    /// The jobs that have ended, in order.
    pub jobs: Vec<JobRecord>,
}

/// Jobs by how they ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Counts {
    /// All jobs.
    pub all: u64,
    /// Those whose outputs are here.
    pub done: u64,
    /// Those that failed.
    pub failed: u64,
    /// Those that were stopped.
    pub cancelled: u64,
    /// Those that have not ended.
    pub open: u64,
}

/// How a job ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Ending {
    /// Its outputs are here.
    Done,
    /// It failed.
    Failed,
    /// Somebody stopped it.
    Cancelled,
}

/// What a job was.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct JobRecord {
    /// Its number in the run, counted from 1.
    pub job: u64,
    /// What it is called.
    pub name: String,
    /// How it ended.
    pub ending: Ending,
    /// The id under which the server knew it.
    pub id: String,
    /// How often it was handed over; more than once where a server lost it.
    pub attempts: u32,
    /// Hash of the compiled workflow: `blake3:` and 64 hexadecimal digits.
    pub workflow_hash: String,
    /// Where it came from, and what it was expected to need.
    pub about: About,
    /// The files that were put on the server for it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub inputs: Vec<InputRecord>,
    /// How long it took.
    pub times: Times,
    /// The least memory of the card that was seen free while it ran, in bytes; the server says no peak.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub least_free_bytes: Option<u64>,
    /// Its outputs.
    pub outputs: Vec<OutputRecord>,
    /// What its nodes said: node → text.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub texts: BTreeMap<String, String>,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
    /// When it ended, in UTC.
    pub at: String,
}

/// A file that was put on the server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct InputRecord {
    /// The parameter that names it.
    pub param: String,
    /// The file, as it was named.
    pub file: String,
    /// The server's name of it.
    pub uploaded_as: String,
}

/// How long a job took, in seconds.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Times {
    /// From when it was handed over to its end here.
    pub total_s: f64,
    /// On the server, by the server's clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run_s: Option<f64>,
    /// Fetching its outputs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fetch_s: Option<f64>,
    /// Its nodes in the order in which they ran, as far as the server told.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub nodes: Vec<NodeTime>,
    /// Nodes whose results were there already.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cached: Vec<String>,
}

/// How long a node took.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct NodeTime {
    /// Its id in the workflow.
    pub node: String,
    /// The step that it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stage: Option<String>,
    /// In seconds.
    pub seconds: f64,
}

/// A file that a job made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OutputRecord {
    /// Where it is, from the run's folder, with `/`.
    pub file: String,
    /// Its length in bytes.
    pub bytes: u64,
    /// SHA-256 of its bytes, in 64 lower-case hexadecimal digits.
    pub sha256: String,
    /// The node that made it.
    pub node: String,
    /// What the server calls it.
    pub remote: String,
    /// Its name until it is renamed, from the run's folder.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub part: String,
}

impl JobRecord {
    /// True if its outputs are here.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.ending == Ending::Done
    }
}

impl Counts {
    /// Counts the jobs of a run.
    #[must_use]
    pub fn of(jobs: &[State], ending: impl Fn(u64) -> Option<Ending>) -> Self {
        let mut counts = Self { all: jobs.len() as u64, ..Self::default() };
        for state in jobs {
            match state {
                State::Ended { is_done: true, .. } => counts.done += 1,
                State::Ended { at, .. } if ending(*at) == Some(Ending::Cancelled) => counts.cancelled += 1,
                State::Ended { .. } => counts.failed += 1,
                _ => counts.open += 1,
            }
        }
        counts
    }
}

/// What a journal says of its run, with no jobs in it.
///
/// # Errors
/// When the journal cannot be read.
pub fn head(folder: &Path, contents: &Contents, server: Identity) -> Result<RunRecord, Error> {
    let path = folder.join(journal::FILE_NAME);
    let ending = |at| journal::record_at(&path, at).ok().flatten().map(|record| record.ending);
    let counts = Counts::of(&contents.jobs, ending);
    let run = &contents.run;
    Ok(RunRecord {
        version: VERSION,
        wfc: run.wfc.clone(),
        name: run.name.clone(),
        command: run.command.clone(),
        started: run.at.clone(),
        written: super::clock::now(),
        server,
        counts,
        hash: run.hash.clone(),
        jobs: Vec::new(),
    })
}

/// Writes `run.json` beside the journal, one job after the other: memory does not grow with their number.
///
/// # Errors
/// When the journal cannot be read, or the file not be written; the old file stays.
pub fn write(folder: &Path, contents: &Contents, server: Identity) -> Result<Counts, Error> {
    let head = head(folder, contents, server)?;
    let counts = head.counts;
    let path = folder.join(FILE_NAME);
    let journal = folder.join(journal::FILE_NAME);
    let mut trouble = None;
    let result = outputs::replace(&path, |file| {
        let mut out = BufWriter::new(file);
        let text = serde_json::to_string_pretty(&head)?;
        // The list of jobs is empty and stands last.
        let Some(start) = text.strip_suffix("[]\n}") else {
            return Err(io::Error::other("the record does not end with its jobs"));
        };
        out.write_all(start.as_bytes())?;
        out.write_all(b"[")?;
        let mut is_first = true;
        for at in contents.jobs.iter().filter_map(|state| match state {
            State::Ended { at, .. } => Some(*at),
            _ => None,
        }) {
            let record = match journal::record_at(&journal, at) {
                Ok(Some(record)) => record,
                Ok(None) => continue,
                Err(error) => {
                    trouble = Some(error);
                    return Err(io::Error::other("the journal cannot be read"));
                }
            };
            out.write_all(if is_first { b"\n    " } else { b",\n    " })?;
            is_first = false;
            let text = serde_json::to_string_pretty(&without_parts(record))?;
            out.write_all(text.replace('\n', "\n    ").as_bytes())?;
        }
        out.write_all(if is_first { b"]\n}\n" } else { b"\n  ]\n}\n" })?;
        out.flush()
    });
    match (result, trouble) {
        (_, Some(error)) => Err(error),
        (Err(error), None) => Err(outputs::cannot("write", &path, &error)),
        (Ok(()), None) => Ok(counts),
    }
}

fn without_parts(mut record: JobRecord) -> JobRecord {
    for output in &mut record.outputs {
        output.part.clear();
    }
    record
}
