//! The formats of commands that answer with a text or one document.

/// The format of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Format {
    /// Text, for a terminal.
    Human,
    /// One JSON document.
    Json,
}
