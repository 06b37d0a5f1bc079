//! Reading workflow files: JSON texts, and pictures that ComfyUI wrote a workflow into.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::Path;

use super::missing;
use crate::diag::Diagnostic;
use crate::front::json::{Embedded, EmbeddedError, PictureKind};
use crate::source::{self, LoadError, MAX_WORKFLOW_BYTES};

/// The bytes that tell a picture.
const HEAD: usize = 12;

/// The text of a workflow.
pub(super) struct WorkflowText {
    pub(super) text: String,
    /// True if the file is a picture, so that its bytes are not the text.
    pub(super) is_picture: bool,
}

/// Why a file has no text.
pub(super) enum NoText {
    /// It cannot be read.
    Unreadable(LoadError),
    /// It is a picture that gives no workflow.
    Picture(EmbeddedError),
}

impl NoText {
    /// True for pictures that nobody wrote a workflow into.
    pub(super) const fn is_plain_picture(&self) -> bool {
        matches!(self, Self::Picture(EmbeddedError::NoWorkflow(_)))
    }

    /// What is wrong.
    pub(super) fn message(&self) -> String {
        match self {
            Self::Unreadable(error) => error.to_string(),
            Self::Picture(error) => error.to_string(),
        }
    }

    /// The same in one line with what to do.
    pub(super) fn told(&self) -> String {
        match self {
            Self::Unreadable(error) => missing::told(error),
            Self::Picture(error) => error.to_string(),
        }
    }

    /// The same as a finding.
    pub(super) fn finding(&self) -> Diagnostic {
        match self {
            Self::Unreadable(error) => missing::finding(error),
            Self::Picture(error) => Diagnostic::format("unreadable-file", error.to_string()),
        }
    }
}

/// Reads a workflow. Of the two that a picture may hold, the one that the server ran counts.
pub(super) fn read(path: &Path) -> Result<WorkflowText, NoText> {
    // Most files are texts, and those with a name for JSON are hardly ever anything else.
    let first_look = if has_extension(path, &["json"]) { None } else { picture(path) };
    let unreadable = match first_look {
        Some(file) => return embedded(file),
        None => match source::read_text(path, MAX_WORKFLOW_BYTES) {
            Ok(text) => return Ok(WorkflowText { text, is_picture: false }),
            Err(error) => error,
        },
    };
    match picture(path) {
        Some(file) => embedded(file),
        None => Err(NoText::Unreadable(unreadable)),
    }
}

fn embedded(picture: File) -> Result<WorkflowText, NoText> {
    let embedded = Embedded::read(picture).map_err(NoText::Picture)?;
    let text = embedded.prompt.or(embedded.workflow).unwrap_or_default();
    Ok(WorkflowText { text, is_picture: true })
}

/// The file, if its first bytes are those of a picture.
fn picture(path: &Path) -> Option<File> {
    let mut file = File::open(path).ok()?;
    let mut head = [0; HEAD];
    file.read_exact(&mut head).ok()?;
    PictureKind::of(&head)?;
    file.seek(SeekFrom::Start(0)).ok()?;
    Some(file)
}

/// True for a text that is no JSON and was meant to be a workflow: it has what others hardly have.
pub(super) fn looks_like_workflow(text: &str) -> bool {
    text.contains("\"class_type\"") || (text.contains("\"nodes\"") && text.contains("\"links\""))
}

/// True if the name of a file ends in one of these.
pub(super) fn has_extension(path: &Path, extensions: &[&str]) -> bool {
    let extension = path.extension().unwrap_or_default();
    extensions.iter().any(|known| extension.eq_ignore_ascii_case(known))
}
