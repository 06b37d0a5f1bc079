//! What happens while a run runs, for whoever shows it.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use crate::exec::record::{Counts, Ending, OutputRecord};
use crate::exec::{Failure, Identity};

/// Something that happened. One JSON object each with `--format json`.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// The server has answered, and the run begins or goes on.
    RunStarted {
        /// The run's name.
        run: String,
        /// Its folder.
        folder: String,
        /// Number of jobs.
        jobs: u64,
        /// Those that were done before.
        done: u64,
        /// The server.
        server: Box<Identity>,
    },
    /// A job was handed over, or found again on the server.
    JobSent {
        /// Its number, counted from 1.
        job: u64,
        /// What it is called.
        name: String,
        /// The id under which the server knows it.
        id: String,
        /// How often it was handed over, this time included.
        attempt: u32,
    },
    /// The server has begun with a job.
    JobStarted {
        /// Its number.
        job: u64,
    },
    /// Results of these nodes were there already.
    NodesCached {
        /// The job.
        job: u64,
        /// Their ids.
        nodes: Vec<String>,
    },
    /// A node runs now.
    NodeStarted {
        /// The job.
        job: u64,
        /// Its id.
        node: String,
        /// What it is called.
        title: String,
        /// The step of the pipeline.
        #[serde(skip_serializing_if = "Option::is_none")]
        stage: Option<String>,
        /// How many nodes of the workflow have begun, this one included.
        begun: usize,
        /// How many there are.
        nodes: usize,
    },
    /// A node's progress.
    Step {
        /// The job.
        job: u64,
        /// The node's id.
        node: String,
        /// Steps done.
        value: f64,
        /// Steps in all.
        max: f64,
    },
    /// A picture of how far it is. Only the latest one counts.
    #[serde(skip)]
    Preview {
        /// Media type.
        media: &'static str,
        /// The picture.
        bytes: Vec<u8>,
    },
    /// A job has ended on the server, and its outputs are being fetched.
    Fetching {
        /// The job.
        job: u64,
        /// Number of files.
        files: usize,
    },
    /// A job has ended.
    JobEnded {
        /// Its number.
        job: u64,
        /// What it is called.
        name: String,
        /// How.
        ending: Ending,
        /// From when it was handed over, in seconds.
        seconds: f64,
        /// How long it ran on the server, by the server's clock, in seconds.
        #[serde(skip_serializing_if = "Option::is_none")]
        run_seconds: Option<f64>,
        /// What its nodes said: node → text.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        texts: BTreeMap<String, String>,
        /// Its outputs.
        outputs: Vec<OutputRecord>,
        /// Why it failed.
        #[serde(skip_serializing_if = "Option::is_none")]
        failure: Option<Box<Failure>>,
    },
    /// Something that whoever waits should know.
    Notice {
        /// What.
        message: String,
    },
    /// The run has ended, or stops here.
    RunEnded {
        /// The run's folder.
        folder: String,
        /// How its jobs ended.
        counts: Counts,
        /// Why it stops here, if it is not through.
        #[serde(skip_serializing_if = "Option::is_none")]
        stopped: Option<String>,
    },
}
