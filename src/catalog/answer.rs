//! A server's `/object_info` answer as it came, read class by class.
//!
//! Importing an answer reads all of it, prunes it and hashes it. A run that checks a few workflows
//! needs a few classes: here the answer is searched for its keys once, and the rest is done on demand.

use std::borrow::Cow;
use std::hash::{BuildHasher as _, BuildHasherDefault};
use std::sync::OnceLock;

use memchr::memmem;
use rustc_hash::{FxHashMap, FxHasher};
use serde::de::IgnoredAny;

use super::boundaries::{self, Entry};
use super::class::{InputKind, NodeClass};
use super::import::{ImportError, ImportOptions, import};
use super::object_info::read_class;
use super::pack::PackFile;

/// Answers above this size, in bytes, are imported, which keeps less of them in memory.
const MAX_BYTES: usize = 32 << 20;

/// An answer whose keys are known.
#[derive(Debug)]
pub(super) struct Answer {
    text: Vec<u8>,
    /// Where the classes are, by the hashes of their names.
    classes: FxHashMap<u64, Entry>,
    options: ImportOptions,
    /// The same, imported: for what needs all of it.
    imported: OnceLock<Option<PackFile>>,
}

impl Answer {
    /// Finds the classes of an answer. Nothing in them is looked at: see [`Answer::verify`].
    ///
    /// # Errors
    /// The text again, if it is no answer, or a very large one, which has to be imported.
    pub(super) fn read(text: Vec<u8>, options: &ImportOptions) -> Result<Self, Vec<u8>> {
        let is_fit = text.len() <= MAX_BYTES && !options.portable;
        match is_fit.then(|| find_classes(&text)).flatten() {
            Some(classes) => Ok(Self { text, classes, options: options.clone(), imported: OnceLock::new() }),
            None => Err(text),
        }
    }

    /// The class `name`, read now.
    pub(super) fn class(&self, name: &str) -> Option<NodeClass> {
        let entry = self.classes.get(&hash(name))?;
        let json =
            self.text.get(entry.value.clone()).filter(|_| key(&self.text, entry).as_deref() == Some(name))?;
        let Ok(json) = serde_json::from_slice(json) else {
            // Python's `NaN` is understood by an import only.
            return self.imported()?.class(name);
        };
        let mut class = read_class(name, &json, super::pack::CORE_PACK, &mut Vec::new())?;
        for input in &mut class.inputs {
            if let InputKind::Combo(combo) = &mut input.kind
                && let Some(folder) = self.options.file_inputs.folder(name, &input.name)
            {
                combo.folder = Some(folder.into());
            }
        }
        Some(class)
    }

    pub(super) fn names(&self) -> impl Iterator<Item = Cow<'_, str>> {
        let mut names: Vec<_> = self.classes.values().filter_map(|entry| key(&self.text, entry)).collect();
        names.sort_unstable();
        names.into_iter()
    }

    /// The same as a pack file.
    pub(super) fn imported(&self) -> Option<&PackFile> {
        let import = || PackFile::parse(import(&*self.text, &self.options).ok()?.to_text()).ok();
        self.imported.get_or_init(import).as_ref()
    }

    /// Proves that all of it can be read.
    ///
    /// # Errors
    /// What an import says.
    pub(super) fn verify(&self) -> Result<(), ImportError> {
        let is_json =
            str::from_utf8(&self.text).is_ok_and(|text| serde_json::from_str::<IgnoredAny>(text).is_ok());
        if is_json { Ok(()) } else { import(&*self.text, &self.options).map(drop) }
    }
}

/// The name of a class; none if it is no text.
fn key<'t>(text: &'t [u8], entry: &Entry) -> Option<Cow<'t, str>> {
    let quoted = text.get(entry.key.clone())?;
    match quoted {
        [b'"', name @ .., b'"'] if !name.contains(&b'\\') => str::from_utf8(name).ok().map(Cow::Borrowed),
        _ => serde_json::from_slice(quoted).ok().map(Cow::Owned),
    }
}

fn hash(name: &str) -> u64 {
    BuildHasherDefault::<FxHasher>::default().hash_one(name)
}

/// Where the classes are; none if this is no answer.
fn find_classes(text: &[u8]) -> Option<FxHashMap<u64, Entry>> {
    let entries = boundaries::entries(text)?;
    // Every class has one of these; whatever has not is told by an import.
    let [input, output] = ["\"input\"", "\"output\""].map(memmem::Finder::new);
    let is_class = |json: &[u8]| input.find(json).is_some() || output.find(json).is_some();
    let mut classes = FxHashMap::default();
    classes.reserve(entries.len());
    for entry in entries {
        let name = key(text, &entry).filter(|_| is_class(&text[entry.value.clone()]))?;
        // Of a class that stands twice the last one counts. Two names with one hash are left to an import.
        let before = classes.insert(hash(&name), entry);
        if before.is_some_and(|before| key(text, &before).as_deref() != Some(&*name)) {
            return None;
        }
    }
    (!classes.is_empty()).then_some(classes)
}
