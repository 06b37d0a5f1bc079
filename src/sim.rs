//! A simulated ComfyUI server: it validates prompts with our check gate, runs nothing, and speaks the protocol.
//!
//! [`start`] listens on a port. What is sent is answered as ComfyUI answers: the order of the queue and of the messages, the
//! moment at which the history is written, the numbers of files, the errors of validation, and the habits that clients have
//! to live with. How long nodes take and whether they fit the card, the plan of the workflow tells. `faults` go wrong on
//! demand. Memory only: no file is read or written.
//!
//! A life is one run of the simulated process, with a runtime of its own (`life`): when the process "crashes", the runtime
//! is dropped with all that was in it. What outlives it is `control`.

mod admin;
mod answer;
mod cache;
mod clock;
mod control;
mod editor_routes;
mod effort;
mod errors;
mod faults;
mod files;
mod files_routes;
mod heap;
mod history;
mod http;
mod info;
mod jobs;
mod life;
mod media;
mod not_numbers;
mod order;
mod prefix;
mod prompt;
mod python;
mod queue;
mod show;
mod socket;
mod state;
mod validate;
mod worker;

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use crate::catalog::{Catalog, Machine, Models};
use crate::plan::{Budget, Storage};

pub use clock::Speed;
pub use control::Log;
pub use effort::ClassTime;
pub use faults::{FAULTS, Fault, FaultInfo, FaultKind};
pub use life::{Running, start};

/// The most bytes of a request's body, as ComfyUI has it unless it is told something else.
pub const MAX_UPLOAD: u64 = 100 << 20;

/// A version of ComfyUI to behave as.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Version {
    /// Measured against a real one.
    #[default]
    V0_27_0,
    /// Read in its source: no `/api/jobs`, any text as the id of a prompt, errors of other types.
    V0_3_64,
}

impl Version {
    /// All of them, the newest first.
    pub const ALL: [Self; 2] = [Self::V0_27_0, Self::V0_3_64];

    /// As ComfyUI spells it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::V0_27_0 => "0.27.0",
            Self::V0_3_64 => "0.3.64",
        }
    }

    /// True if it has `/api/jobs`.
    const fn has_jobs(self) -> bool {
        matches!(self, Self::V0_27_0)
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Version {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|version| version.name() == text).ok_or_else(|| {
            let known = Self::ALL.map(Self::name).join(", ");
            format!("the protocol of that version is not known; known: {known}")
        })
    }
}

/// What a server is to be.
#[derive(Debug)]
pub struct Config {
    /// The address to listen on.
    pub host: String,
    /// The port; 0 for any.
    pub port: u16,
    /// The port of the admin routes, if there are to be any; 0 for any port.
    pub admin_port: Option<u16>,
    /// Which ComfyUI it is.
    pub version: Version,
    /// The classes that it has.
    pub catalog: Catalog,
    /// What is known of models.
    pub models: Models,
    /// The machine whose time it takes.
    pub machine: Machine,
    /// The card's memory.
    pub budget: Budget,
    /// Where its model files are; nothing for a disk of its own.
    pub storage: Option<Storage>,
    /// How fast its time passes.
    pub speed: Speed,
    /// The time between the message that a prompt has ended and its entry in the history. None at [`Speed::Max`].
    pub history_gap: Duration,
    /// The time between a crash and the next start.
    pub restart: Duration,
    /// Most bytes of a request's body.
    pub max_upload: u64,
    /// What goes wrong.
    pub faults: Vec<Fault>,
    /// Where chance begins.
    pub seed: u64,
    /// Times of classes that win over the plan.
    pub times: Vec<ClassTime>,
    /// Classes whose nodes fail, and what they say.
    pub fails: Vec<(String, String)>,
    /// Model files by folder, as the server lists them; empty for all that `models` knows.
    pub model_files: std::collections::BTreeMap<String, std::collections::BTreeSet<String>>,
}
