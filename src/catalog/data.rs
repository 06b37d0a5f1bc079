//! Data files that come with the tool: facts by name, one entry a line, parsed on demand.
//!
//! The layout is that of [`super::lines`]. The first line says what the facts are about:
//! `{"wfc_data":"models","format":1,`.

use std::borrow::Cow;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::lines::{LineFile, LineFileError};

const FORMAT: u32 = 1;
const SECTION: &str = "entries";

/// A data file. Only its first line has been parsed.
#[derive(Debug)]
pub(super) struct DataFile {
    lines: LineFile,
}

#[derive(Deserialize)]
struct Header {
    wfc_data: String,
    format: u32,
}

impl DataFile {
    /// Reads the first line of `text`, a data file about `kind`.
    pub(super) fn parse(text: impl Into<Cow<'static, str>>, kind: &str) -> Result<Self, LineFileError> {
        let lines = LineFile::parse(text, SECTION)?;
        let fail = |reason| LineFileError { line: 1, reason };
        let header: Header =
            serde_json::from_str(&lines.header()).map_err(|error| fail(error.to_string()))?;
        if header.wfc_data != kind || header.format != FORMAT {
            return Err(fail(format!("expected data about {kind} in format {FORMAT}")));
        }
        Ok(Self { lines })
    }

    /// The entry `name`, parsed now. `None` if there is none, or if it does not fit `T`.
    pub(super) fn entry<T: DeserializeOwned>(&self, name: &str) -> Option<T> {
        serde_json::from_str(self.lines.get(name)?).ok()
    }

    /// Names and JSON texts, ascending.
    pub(super) fn entries(&self) -> impl Iterator<Item = (Cow<'_, str>, &str)> {
        self.lines.entries()
    }

    /// All names, ascending.
    pub(super) fn names(&self) -> Vec<Cow<'_, str>> {
        self.entries().map(|(name, _)| name).collect()
    }

    #[cfg(test)]
    pub(super) fn verify(&self) -> Result<(), LineFileError> {
        self.lines.verify()
    }
}
