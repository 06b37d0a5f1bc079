//! Why a server, a file or a run could not be worked with.

use std::fmt;

/// What kind of trouble it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Trouble {
    /// The address is none.
    Address,
    /// Nobody answers: no such host, refused, cut off, or silent for too long.
    Unreachable,
    /// The connection cannot be made secure.
    Tls,
    /// The server wants other credentials.
    Credentials,
    /// What answers is not ComfyUI, or answers what ComfyUI does not.
    NotComfy,
    /// The server says that it cannot.
    Refused,
    /// An answer is longer than it may be.
    TooLong,
    /// A file cannot be read or written.
    File,
    /// The record of the run says something that cannot be.
    Journal,
    /// The server accepts work and does none.
    Stuck,
}

/// Why something could not be done. Says what with which values, and what to do.
#[derive(Clone, Debug)]
pub struct Error {
    /// The kind of trouble.
    pub trouble: Trouble,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
    /// True if the request may have reached the server, so that sending it again may do it twice.
    pub may_have_arrived: bool,
    /// True if trying again later may help.
    pub may_pass: bool,
}

impl Error {
    /// Trouble that does not pass by itself.
    #[must_use]
    pub fn new(trouble: Trouble, message: impl Into<String>) -> Self {
        Self { trouble, message: message.into(), help: None, may_have_arrived: false, may_pass: false }
    }

    /// The same, with what to do.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// The same, as trouble that may pass.
    #[must_use]
    pub fn passing(mut self) -> Self {
        self.may_pass = true;
        self
    }
}

impl From<Error> for super::Failure {
    fn from(error: Error) -> Self {
        Self { message: error.message, help: error.help, ..Self::default() }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        match &self.help {
            Some(help) => write!(f, "; {help}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Error {}
