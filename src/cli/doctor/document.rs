//! The JSON document of a preflight, from which the text is made.

use schemars::JsonSchema;
use serde::Serialize;

use crate::preflight::{Check, Ready, State};

/// The version of the format; it grows when something is removed or changes its meaning.
const VERSION: u32 = 1;

/// What was checked, and what was found.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub(crate) struct Document {
    /// The version of this format.
    version: u32,
    /// The server that was asked, if one was.
    pub(super) server: Option<ServerEntry>,
    /// The workflows, in the order of the files.
    pub(super) workflows: Vec<Entry>,
    /// How many checks ended how.
    pub(super) summary: Summary,
}

/// A server.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub(super) struct ServerEntry {
    /// Its address, without credentials.
    pub(super) address: String,
    /// What is known of it, whatever the workflow.
    pub(super) checks: Vec<Check>,
}

/// A preset or a workflow.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub(super) struct Entry {
    /// The file, as it was given or found.
    pub(super) file: String,
    /// How many workflows it stands for; 0 if it does not compile.
    pub(super) workflows: u64,
    /// Whether it would run. Of one that does not compile, that alone.
    pub(super) checks: Vec<Check>,
    /// How long it takes until it runs with its models read; none without a server.
    pub(super) ready: Option<Ready>,
}

/// How many checks ended how.
#[derive(Clone, Debug, Default, PartialEq, Serialize, JsonSchema)]
pub(super) struct Summary {
    /// All is well.
    pub(super) passed: usize,
    /// It may go wrong.
    pub(super) warnings: usize,
    /// It will go wrong.
    pub(super) failed: usize,
    /// Not looked at.
    pub(super) skipped: usize,
}

impl Document {
    pub(super) fn new(server: Option<ServerEntry>, workflows: Vec<Entry>) -> Self {
        let mut document = Self { version: VERSION, server, workflows, summary: Summary::default() };
        let count = |state| document.checks().filter(|check| check.state == state).count();
        document.summary = Summary {
            passed: count(State::Pass),
            warnings: count(State::Warn),
            failed: count(State::Fail),
            skipped: count(State::Skipped),
        };
        document
    }

    fn checks(&self) -> impl Iterator<Item = &Check> {
        let of_server = self.server.iter().flat_map(|server| &server.checks);
        of_server.chain(self.workflows.iter().flat_map(|workflow| &workflow.checks))
    }

    /// True if a check ended so.
    pub(super) fn has(&self, state: State) -> bool {
        self.checks().any(|check| check.state == state)
    }
}
