//! Which inputs take the name of a file of the machine that runs, and in which folder it lies.
//!
//! `/object_info` shows such inputs as ordinary lists. The table tells them apart.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, LazyLock};

/// The table that comes with the tool. Its head names its source.
const EMBEDDED: &str = include_str!("../../schemas/file_inputs.csv");

/// (class, input) → folder.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FileInputs {
    classes: Arc<BTreeMap<String, BTreeMap<String, String>>>,
}

/// A line of a table that is not `class_type,input,folder`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileInputsError {
    /// The line, from 1.
    pub line: usize,
}

impl fmt::Display for FileInputsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: expected `class_type,input,folder`", self.line)
    }
}

impl std::error::Error for FileInputsError {}

impl FileInputs {
    /// The table that comes with the tool: the inputs of ComfyUI 0.27.0 and of the embedded packs.
    #[must_use]
    pub fn embedded() -> Self {
        // A test proves that the embedded table parses.
        static TABLE: LazyLock<FileInputs> =
            LazyLock::new(|| FileInputs::parse(EMBEDDED).unwrap_or_default());
        TABLE.clone()
    }

    /// Reads lines of `class_type,input,folder`, where `folder` is a folder below ComfyUI's
    /// `models`, or `input`, or several of these separated by `|`. Empty lines, lines that start
    /// with `#` and the head line `class_type,input,folder` are skipped.
    ///
    /// # Errors
    /// The first line that has not three non-empty fields.
    pub fn parse(text: &str) -> Result<Self, FileInputsError> {
        let mut classes: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
        for (at, line) in text.lines().enumerate() {
            let line = line.trim_start_matches('\u{feff}').trim();
            if line.is_empty() || line.starts_with('#') || line == "class_type,input,folder" {
                continue;
            }
            let fields: Vec<&str> = line.split(',').map(str::trim).collect();
            let [class, input, folder] = fields[..] else {
                return Err(FileInputsError { line: at + 1 });
            };
            if class.is_empty() || input.is_empty() || folder.is_empty() {
                return Err(FileInputsError { line: at + 1 });
            }
            classes.entry(class.to_owned()).or_default().insert(input.to_owned(), folder.to_owned());
        }
        Ok(Self { classes: Arc::new(classes) })
    }

    /// The folder of the files that `input` of `class` takes; several alternatives are separated by `|`.
    #[must_use]
    pub fn folder(&self, class: &str, input: &str) -> Option<&str> {
        Some(self.classes.get(class)?.get(input)?)
    }

    /// All rows, sorted: class, input, folder.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str, &str)> {
        self.classes.iter().flat_map(|(class, inputs)| {
            inputs.iter().map(|(input, folder)| (class.as_str(), input.as_str(), folder.as_str()))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_embedded_table_parses() {
        let table = FileInputs::parse(EMBEDDED).unwrap();
        assert!(table.iter().count() > 100);
        assert_eq!(table.folder("LoadImage", "image"), Some("input"));
        assert_eq!(
            table.folder("LoadWanVideoClipTextEncoder", "model_name"),
            Some("clip_vision|text_encoders")
        );
        assert_eq!(table.folder("LoadImage", "x"), None);
    }

    #[test]
    fn lines_are_checked() {
        let text = "# x\r\nclass_type,input,folder\r\n\r\na,b,c\r\n";
        assert_eq!(FileInputs::parse(text).unwrap().folder("a", "b"), Some("c"));
        for bad in ["a,b", "a,b,c,d", "a,,c", "<html>"] {
            assert_eq!(FileInputs::parse(&format!("#\n{bad}")), Err(FileInputsError { line: 2 }));
        }
    }
}
