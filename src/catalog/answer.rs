//! A server's `/object_info` answer as it came, read class by class.
//!
//! Importing an answer reads all of it, prunes it and hashes it. A run that checks a few workflows
//! needs a few classes: here the answer is searched for its keys once, and the rest is done on demand.

use std::borrow::Cow;
use std::fmt;
use std::sync::OnceLock;

use rustc_hash::FxHashMap;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::class::{InputKind, NodeClass};
use super::file_inputs::FileInputs;
use super::import::{ImportOptions, import};
use super::object_info::read_class;
use super::pack::PackFile;

/// Answers above this size, in bytes, are imported, which keeps less of them in memory.
const MAX_BYTES: usize = 32 << 20;

/// An answer whose keys are known.
#[derive(Debug)]
pub(super) struct Answer {
    text: String,
    /// Where the text of each class is.
    classes: FxHashMap<String, (u32, u32)>,
    files: FileInputs,
    options: ImportOptions,
    /// The same, imported: for what needs all of it.
    imported: OnceLock<Option<PackFile>>,
}

impl Answer {
    /// Finds the classes of an answer. One with Python's `NaN` has to be imported to be understood, and so
    /// has a very large one.
    ///
    /// # Errors
    /// The text again, if it is none or must be imported.
    pub(super) fn read(text: String, options: &ImportOptions) -> Result<Self, String> {
        let is_fit = text.len() <= MAX_BYTES && !options.portable;
        match is_fit.then(|| find_classes(&text)).flatten() {
            Some(classes) => {
                let (files, options) = (options.file_inputs.clone(), options.clone());
                Ok(Self { text, classes, files, options, imported: OnceLock::new() })
            }
            None => Err(text),
        }
    }
    /// The class `name`, read now.
    pub(super) fn class(&self, name: &str) -> Option<NodeClass> {
        let &(start, end) = self.classes.get(name)?;
        let json = serde_json::from_str(self.text.get(start as usize..end as usize)?).ok()?;
        let mut class = read_class(name, &json, super::pack::CORE_PACK, &mut Vec::new())?;
        for input in &mut class.inputs {
            if let InputKind::Combo(combo) = &mut input.kind
                && let Some(folder) = self.files.folder(name, &input.name)
            {
                combo.folder = Some(folder.into());
            }
        }
        Some(class)
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        let mut names: Vec<&str> = self.classes.keys().map(String::as_str).collect();
        names.sort_unstable();
        names.into_iter()
    }

    /// The same as a pack file.
    pub(super) fn imported(&self) -> Option<&PackFile> {
        let import = || PackFile::parse(import(self.text.as_bytes(), &self.options).ok()?.to_text()).ok();
        self.imported.get_or_init(import).as_ref()
    }
}

/// Where the text of each class is; none if this is no answer, or not in plain JSON.
fn find_classes(text: &str) -> Option<FxHashMap<String, (u32, u32)>> {
    let entries: Entries<'_> = serde_json::from_str(text).ok()?;
    let start = text.as_ptr() as usize;
    let mut classes = FxHashMap::default();
    classes.reserve(entries.0.len());
    for (name, json) in entries.0 {
        // Every class has one of these; whatever has not is told by an import.
        if !json.starts_with('{') || !(json.contains("\"input\"") || json.contains("\"output\"")) {
            return None;
        }
        let at = json.as_ptr() as usize - start;
        classes.insert(name.into_owned(), (u32::try_from(at).ok()?, u32::try_from(at + json.len()).ok()?));
    }
    (!classes.is_empty()).then_some(classes)
}

/// The keys of an object, and the texts of their values.
struct Entries<'t>(Vec<(Cow<'t, str>, &'t str)>);

impl<'de> Deserialize<'de> for Entries<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct EntriesVisitor;
        impl<'de> Visitor<'de> for EntriesVisitor {
            type Value = Entries<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of node classes")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut entries = Vec::new();
                while let Some((key, json)) = map.next_entry::<Cow<'de, str>, &'de RawValue>()? {
                    entries.push((key, json.get()));
                }
                Ok(Entries(entries))
            }
        }
        deserializer.deserialize_map(EntriesVisitor)
    }
}
