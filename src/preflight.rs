//! Whether a workflow would run on a server and with the files of a machine, before anything is sent.
//!
//! What was asked of the server ([`Asked`]) and what was found on the disk ([`Subject`]) is plain data; each check is a pure
//! function of it in a file of its own, listed in [`CHECKS`]. Nothing here asks or opens anything.

mod checks;
mod ready;
mod server;
mod subject;

use schemars::JsonSchema;
use serde::Serialize;

pub use checks::{CHECKS, Entry, Look};
pub use ready::Ready;
pub use server::{Answers, Asked, Device, Queue, Refusal, Server};
pub use subject::{Compiled, FreeSpace, InputFile, Local, LocalModel, Planned, Subject};

/// How a check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// All is well.
    Pass,
    /// It was not looked at; `found` says why.
    Skipped,
    /// It may go wrong.
    Warn,
    /// It will go wrong.
    Fail,
}

/// What a check found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Check {
    /// The check's name, which stays the same.
    pub name: &'static str,
    /// How it ended.
    pub state: State,
    /// What was found, in one line.
    pub found: String,
    /// One line for each thing that is behind it.
    pub details: Vec<String>,
    /// What to do about it.
    pub fix: Option<String>,
}

/// A check's result before it has the check's name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    state: State,
    found: String,
    details: Vec<String>,
    fix: Option<String>,
}

impl Outcome {
    fn new(state: State, found: impl Into<String>) -> Self {
        Self { state, found: found.into(), details: Vec::new(), fix: None }
    }

    /// All is well.
    pub fn pass(found: impl Into<String>) -> Self {
        Self::new(State::Pass, found)
    }

    /// It may go wrong.
    pub fn warn(found: impl Into<String>) -> Self {
        Self::new(State::Warn, found)
    }

    /// It will go wrong.
    pub fn fail(found: impl Into<String>) -> Self {
        Self::new(State::Fail, found)
    }

    /// It was not looked at, for this reason.
    pub fn skipped(reason: impl Into<String>) -> Self {
        Self::new(State::Skipped, reason)
    }

    /// The same with what is behind it, a line each.
    #[must_use]
    pub fn details(mut self, details: impl IntoIterator<Item = String>) -> Self {
        self.details.extend(details);
        self
    }

    /// The same with what to do.
    #[must_use]
    pub fn fix(mut self, fix: impl Into<String>) -> Self {
        self.fix = Some(fix.into());
        self
    }

    fn named(self, name: &'static str) -> Check {
        let Self { state, found, details, fix } = self;
        Check { name, state, found, details, fix }
    }
}

/// What is known of a server, whatever the workflow.
#[must_use]
pub fn of_server(asked: &Asked) -> Vec<Check> {
    let looks = CHECKS.iter().filter_map(|entry| {
        let outcome = match (entry.look, &asked.server) {
            (Look::Asked(look), _) => look(asked),
            (Look::Server(look), Ok(server)) => look(server),
            (Look::Server(_), Err(_)) => Outcome::skipped(NOT_REACHED),
            _ => return None,
        };
        Some(outcome.named(entry.name))
    });
    looks.collect()
}

/// Whether a workflow would run: on the server, if one was asked, and with the files of this machine. Of one that does not
/// compile there is nothing else to say.
#[must_use]
pub fn of_subject(subject: &Subject, asked: Option<&Asked>, local: &Local) -> Vec<Check> {
    let server = asked.map(|asked| asked.server.as_ref().ok());
    let compiled = subject.compiled.as_ref();
    let planned = compiled.ok().map(|compiled| compiled.planned(server.flatten()));
    let looks = CHECKS.iter().filter_map(|entry| {
        let outcome = match (entry.look, compiled, &planned) {
            (Look::Subject(look), _, _) => look(subject),
            (Look::Workflow(look), Ok(compiled), Some(planned)) => match server? {
                Some(server) => look(compiled, planned, server),
                None => Outcome::skipped(NOT_REACHED),
            },
            (Look::Local(look), Ok(compiled), _) => look(compiled, local, server.flatten()),
            _ => return None,
        };
        Some(outcome.named(entry.name))
    });
    looks.collect()
}

/// Why what needs the server was not looked at.
const NOT_REACHED: &str = "the server was not reached";
