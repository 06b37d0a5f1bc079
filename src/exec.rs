//! Running compiled workflows on servers, and the record of it.
//!
//! Everything here takes what leaves the compiler: the bytes of a workflow and its manifest. Requests block;
//! what must not wait runs in a thread. The room prints nothing.

pub mod batch;
pub mod clock;
pub mod comfy;
mod error;
pub mod journal;
pub mod outputs;
pub mod record;

use std::collections::BTreeMap;
use std::fmt;
use std::io::Read;
use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use error::{Error, Trouble};

/// A compiled workflow that is to run, with what its record says of it.
#[derive(Clone, Debug, Default)]
pub struct Job {
    /// What it is called in messages: `dance-scail` or `sweep 3 of 12`.
    pub name: String,
    /// The workflow in API format, as compiled.
    pub workflow: Vec<u8>,
    /// Files of this machine that it needs on the server.
    pub inputs: Vec<Input>,
    /// What its record says of where it came from.
    pub about: About,
    /// Its nodes by their ids, for messages.
    pub nodes: BTreeMap<String, Label>,
}

/// A file of this machine that a workflow names.
#[derive(Clone, Debug)]
pub struct Input {
    /// The parameter that names it.
    pub param: String,
    /// The file.
    pub file: PathBuf,
    /// JSON pointers into the workflow at which the server's name of it belongs.
    pub at: Vec<String>,
}

/// Where a job came from: plain data for its record.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct About {
    /// The preset or workflow file.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub source: String,
    /// Hash of the preset's bytes: `blake3:` and 64 hexadecimal digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_hash: Option<String>,
    /// Hash of the catalog that it was checked against.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub catalog: Option<String>,
    /// What distinguishes it in its batch, and what the command line set: parameter → value.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub values: BTreeMap<String, Value>,
    /// Its seeds: parameter → value.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub seeds: BTreeMap<String, Value>,
    /// What it was expected to need.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan: Option<Expected>,
    /// The command that runs this one alone.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub again: String,
}

/// What a workflow was expected to need.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Expected {
    /// Most memory of the card at once, in MiB: the likely amount, and the most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peak_mib: Option<(f64, f64)>,
    /// The step with the peak.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peak_at: Option<String>,
    /// How long it runs, in seconds: the likely time, and the most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seconds: Option<(f64, f64)>,
    /// The card that this time is for, as the GPU catalog calls it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub card: Option<String>,
    /// What the plan says of each step, a line each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub breakdown: Vec<String>,
    /// The command that finds what to cut.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fit: Option<String>,
}

/// What a node is called, and where it is written.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Label {
    /// For people.
    pub title: String,
    /// The step of the pipeline that it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stage: Option<String>,
    /// `file:line` of the graph that declares it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
}

/// Who runs the workflows.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Identity {
    /// The address, without credentials.
    pub address: String,
    /// ComfyUI's version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comfyui: Option<String>,
    /// Python's version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub python: Option<String>,
    /// Version of `PyTorch`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pytorch: Option<String>,
    /// The operating system, as Python calls it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub os: Option<String>,
    /// Names and values of what it was started with that decides about memory; nothing else, since it may hold
    /// secrets.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub options: Vec<String>,
    /// Its devices; the first one computes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub devices: Vec<Device>,
    /// Node packs with versions, as far as the server says.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub packs: Vec<String>,
    /// True if it only plays a server.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub simulated: bool,
}

/// A device of a server.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Device {
    /// Its name, as `PyTorch` has it.
    pub name: String,
    /// Its memory in bytes.
    pub vram_bytes: u64,
    /// What of it was free when the run began, in bytes.
    pub vram_free_bytes: u64,
}

/// What became of a workflow that was handed over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Submission {
    /// It is in the queue.
    Accepted,
    /// It will not run as it should, and why; true if the server runs a part of it all the same.
    Rejected(Box<Failure>, bool),
}

/// Where a workflow that was handed over stands.
#[derive(Clone, Debug, PartialEq)]
pub enum Standing {
    /// It has not ended; whether the server knows it at all is another question.
    Open,
    /// It has ended.
    Ended(Box<Ended>),
}

/// A workflow that has ended on the server.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ended {
    /// Why it gave nothing; nothing if it went well.
    pub failure: Option<Failure>,
    /// True if somebody stopped it.
    pub is_cancelled: bool,
    /// The files that it made.
    pub files: Vec<RemoteFile>,
    /// What its nodes said: node and text.
    pub texts: Vec<(String, String)>,
    /// When the server began and ended, in milliseconds of its clock.
    pub span_ms: Option<(u64, u64)>,
    /// The output nodes that it took over to run, if it says so: it leaves out those that it finds wrong.
    pub chosen: Option<Vec<String>>,
}

/// Why a workflow failed, as the server said it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Failure {
    /// The node's id in the workflow.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node: Option<String>,
    /// Its class.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class: Option<String>,
    /// The exception's type.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exception: Option<String>,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
    /// True if the card's memory ran out.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_oom: bool,
    /// Where in the server's code, the innermost last.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub traceback: Vec<String>,
    /// The node's name, step and place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<Label>,
}

/// A file on the server.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RemoteFile {
    /// The node that made it.
    pub node: String,
    /// What the node calls it: `images`, `gifs`, `audio`.
    pub key: String,
    /// Its name.
    pub filename: String,
    /// The folder it is in, below that of its kind.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub subfolder: String,
    /// `output`, `temp` or `input`.
    #[serde(rename = "type")]
    pub kind: String,
}

/// What the server says while it works, by the id of the workflow.
#[derive(Clone, Debug, PartialEq)]
pub enum Signal {
    /// There is a connection on which the server tells how far it is.
    Connected,
    /// There is none any more, and why.
    Disconnected(String),
    /// The workflow runs.
    Started(String),
    /// Results of these nodes were there already.
    Cached(String, Vec<String>),
    /// This node runs now.
    Node(String, String),
    /// A node's progress: steps done and steps in all.
    Step(String, String, f64, f64),
    /// A picture of how far it is: media type and bytes, and the node if it is said.
    Preview(Option<String>, &'static str, Vec<u8>),
    /// The workflow has ended; its results may not be there yet.
    Settled(String),
    /// The workflow has ended, and its results are there.
    Over(String),
}

/// Takes what a server says; false if nobody listens any more.
pub type Tell = Box<dyn Fn(Signal) -> bool + Send>;

/// What the server has before it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Queue {
    /// The ids of the workflows that run.
    pub running: Vec<String>,
    /// The ids of those that wait, the next one first.
    pub waiting: Vec<String>,
}

/// A file that is being read from the server.
pub struct Opened {
    /// The first byte that comes.
    pub from: u64,
    /// The whole length in bytes, if it is known.
    pub total: Option<u64>,
    /// What marks this version of the file.
    pub etag: Option<String>,
    /// The bytes.
    pub body: Box<dyn Read + Send>,
}

impl fmt::Debug for Opened {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Opened").field("from", &self.from).field("total", &self.total).finish_non_exhaustive()
    }
}

/// Files of a server.
pub trait Files: Send + Sync {
    /// Opens a file at byte `from`; what comes may begin earlier.
    ///
    /// # Errors
    /// When the server does not give it.
    fn open(&self, file: &RemoteFile, from: u64) -> Result<Opened, Error>;
}

/// Runs compiled workflows somewhere. Ids are made and written down by the caller before anything is handed over.
pub trait Executor {
    /// Asks who will run the workflows.
    ///
    /// # Errors
    /// When nobody answers, or what answers runs no workflows.
    fn identity(&mut self) -> Result<Identity, Error>;

    /// Has the server tell how far it is from now on. Without that, [`Executor::standing`] is all there is.
    fn listen(&mut self, tell: Tell);

    /// Puts a file on the server under a name that its content decides; gives the name that the server knows.
    ///
    /// # Errors
    /// When the file cannot be read, or the server does not take it.
    fn upload(&mut self, file: &Path) -> Result<String, Error>;

    /// Doubts that the server has the files that were put there: it may have been started anew, and have none of them.
    fn forget(&mut self);

    /// Hands a workflow over.
    ///
    /// # Errors
    /// When the server does not answer, or not as it should; `may_have_arrived` says whether it may run all the same.
    fn submit(&mut self, id: &str, workflow: &[u8]) -> Result<Submission, Error>;

    /// Where the workflow with this id stands.
    ///
    /// # Errors
    /// When the server does not answer.
    fn standing(&mut self, id: &str) -> Result<Standing, Error>;

    /// True if workflows are run for what nodes of this class do; also where the server does not say so.
    fn is_output(&mut self, class: &str) -> bool;

    /// What the server has before it.
    ///
    /// # Errors
    /// When the server does not answer.
    fn queue(&mut self) -> Result<Queue, Error>;

    /// Asks the server to stop a workflow or not to begin it. It may end well all the same.
    ///
    /// # Errors
    /// When the server does not answer.
    fn cancel(&mut self, id: &str) -> Result<(), Error>;

    /// Takes a workflow that has not begun out of the queue; one that runs goes on.
    ///
    /// # Errors
    /// When the server does not answer.
    fn withdraw(&mut self, id: &str) -> Result<(), Error>;

    /// The least memory that is free now, in bytes, if the server says so.
    fn free_memory(&mut self) -> Option<u64>;

    /// The server's files, for threads that fetch them.
    fn files(&self) -> std::sync::Arc<dyn Files>;
}
