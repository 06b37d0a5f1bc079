//! The node classes of a ComfyUI installation, and facts about model files and graphics cards.
//!
//! A [`Catalog`] is a list of pack files. Nothing in them is parsed until a class is asked for, so
//! that a run pays for the classes it uses. The embedded catalog was captured from ComfyUI 0.27.0
//! with the packs listed below; others come from a server's `/object_info` through [`import`].
//! This room opens no files: it takes bytes and text.

mod answer;
mod boundaries;
mod captured;
mod class;
mod data;
mod decode;
mod diff;
mod editor_inputs;
mod expand;
mod families;
mod file_inputs;
mod gpus;
mod grids;
mod import;
mod input;
mod lines;
mod machines;
pub mod models;
mod object_info;
mod outputs;
mod own_check;
mod pack;
mod packages;
mod programs;
mod prune;
mod pure;
mod registry_ids;
mod renamed_inputs;
mod repositories;
#[cfg(test)]
mod tests;
mod text_encoders;
mod video_formats;
mod wider_types;

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;
use std::io::{self, Read as _};
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use answer::Answer;
use rustc_hash::FxHashMap;

use crate::diag;

pub use captured::Captured;
pub use class::{
    Autogrow, Bounds, Combo, DynamicOption, InputKind, InputSpec, NodeClass, OutputSpec, types_connect,
};
pub use diff::{CatalogDiff, Change, ClassDiff, Confidence, RenamedClass, diff};
pub use editor_inputs::is_editor_input;
pub use expand::Selected;
pub use families::{Family, by_name};
pub use file_inputs::{FileInputs, FileInputsError};
pub use gpus::{Gpu, Gpus, Per, Price, Rent, RunPod, device_name};
pub use grids::{Grid, Unit};
pub use import::{DEFAULT_LIMIT_BYTES, ImportError, ImportOptions, import};
pub use lines::LineFileError;
pub use machines::{Machine, Machines};
pub use models::{Dims, Identified, Model, Models};
pub use object_info::read_class;
pub use outputs::{OutputFiles, output_files};
pub use own_check::{Demand, OwnCheck};
pub use pack::{
    CORE_PACK, Identity, PackError, PackFile, PackIdentity, file_name as pack_file_name, pack_of_module,
};
pub use packages::OptionalPackage;
pub use programs::ClassProgram;
pub use registry_ids::registry_id;
pub use renamed_inputs::{Renamed, renamed_input};
pub use repositories::repository;
pub use text_encoders::TextEncoder;
pub use video_formats::VideoFormat;

/// The packs that come with the tool: name for `--catalog`, and text. One line a pack; a class that
/// several packs have is taken from the first.
static EMBEDDED: &[(&str, &str)] = &[
    ("comfyui", include_str!("../schemas/nodes/comfyui.json")),
    ("wanvideowrapper", include_str!("../schemas/nodes/wanvideowrapper.json")),
    ("kjnodes", include_str!("../schemas/nodes/kjnodes.json")),
    ("videohelpersuite", include_str!("../schemas/nodes/videohelpersuite.json")),
    ("wananimatepreprocess", include_str!("../schemas/nodes/wananimatepreprocess.json")),
    ("scail-pose2", include_str!("../schemas/nodes/scail-pose2.json")),
    ("gguf", include_str!("../schemas/nodes/gguf.json")),
];

/// The node classes of one ComfyUI installation, read on demand. May be shared between threads.
#[derive(Debug, Default)]
pub struct Catalog {
    packs: Vec<Pack>,
    /// Set once it is known that all classes can be read.
    is_proved: OnceLock<()>,
    cache: RwLock<FxHashMap<Arc<str>, Arc<NodeClass>>>,
    input_files: OnceLock<Option<BTreeSet<String>>>,
    names: OnceLock<Vec<String>>,
}

/// Where classes come from.
#[derive(Debug)]
enum Pack {
    File(PackFile),
    Answer(Box<Answer>),
}

impl Pack {
    fn class(&self, name: &str) -> Option<NodeClass> {
        match self {
            Self::File(file) => file.class(name),
            Self::Answer(answer) => answer.class(name),
        }
    }

    /// The pack file; for an answer this imports all of it.
    fn file(&self) -> Option<&PackFile> {
        match self {
            Self::File(file) => Some(file),
            Self::Answer(answer) => answer.imported(),
        }
    }

    fn class_names(&self) -> Vec<Cow<'_, str>> {
        match self {
            Self::File(file) => file.class_names().collect(),
            Self::Answer(answer) => answer.names().collect(),
        }
    }
}

/// Why bytes are no catalog.
#[derive(Debug)]
pub enum CatalogError {
    /// A pack file or captured catalog that cannot be read.
    Pack(PackError),
    /// An `/object_info` answer that cannot be imported, or something else altogether.
    Import(ImportError),
}

impl fmt::Display for CatalogError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pack(error) => error.fmt(f),
            Self::Import(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for CatalogError {}

impl Catalog {
    /// The catalog that comes with the tool. Takes microseconds: no class is parsed.
    #[must_use]
    pub fn embedded() -> Self {
        Self::from_packs(EMBEDDED.iter().map(|(_, text)| *text))
    }

    /// Some of the embedded packs by name: `embedded` for all, or names separated by commas, such
    /// as `comfyui,kjnodes`. `None` if one of them is not embedded.
    #[must_use]
    pub fn named(names: &str) -> Option<Self> {
        if names == "embedded" {
            return Some(Self::embedded());
        }
        let find = |name: &str| EMBEDDED.iter().find(|(known, _)| *known == name).map(|(_, text)| *text);
        let texts: Option<Vec<_>> = names.split(',').map(|name| find(name.trim())).collect();
        Some(Self::from_packs(texts?))
    }

    /// The names that [`Catalog::named`] takes, besides `embedded`.
    pub fn embedded_names() -> impl Iterator<Item = &'static str> {
        EMBEDDED.iter().map(|(name, _)| *name)
    }

    /// The catalog of one pack file, or of a captured server in the same format. Every line is checked.
    ///
    /// # Errors
    /// When the text is not such a file; the message has the line.
    pub fn from_pack_text(text: impl Into<Cow<'static, str>>) -> Result<Self, PackError> {
        let pack = PackFile::parse(text)?;
        pack.verify()?;
        Ok(Self::proved(vec![Pack::File(pack)]))
    }

    /// The catalog of a server that was imported just now.
    ///
    /// # Errors
    /// Never for what [`import`] gives.
    pub fn from_captured(captured: &Captured) -> Result<Self, PackError> {
        Ok(Self::proved(vec![Pack::File(PackFile::parse(captured.to_text())?)]))
    }

    /// Proves that all classes can be read. [`read_catalog`] does not look at classes, so that a run pays
    /// for those that it asks for; this is for runs that need all of them, or miss one.
    ///
    /// # Errors
    /// The first place that cannot be read.
    pub fn verify(&self) -> Result<(), CatalogError> {
        if self.is_proved.get().is_none() {
            self.packs.iter().try_for_each(|pack| match pack {
                Pack::File(file) => file.verify().map_err(CatalogError::Pack),
                Pack::Answer(answer) => answer.verify().map_err(CatalogError::Import),
            })?;
        }
        // Another thread may have proved the same.
        let _ = self.is_proved.set(());
        Ok(())
    }

    /// The class `name`.
    #[must_use]
    pub fn class(&self, name: &str) -> Option<Arc<NodeClass>> {
        let known = self.cache.read().unwrap_or_else(PoisonError::into_inner).get(name).cloned();
        if known.is_some() {
            return known;
        }
        // Read without the lock, so that nobody waits; should two read the same class, the first one stays.
        let class = Arc::new(self.packs.iter().find_map(|pack| pack.class(name))?);
        let mut cache = self.cache.write().unwrap_or_else(PoisonError::into_inner);
        Some(Arc::clone(cache.entry(name.into()).or_insert(class)))
    }

    /// The JSON text of the class `name`, in the shape of `/object_info` without prose and defaults.
    #[must_use]
    pub fn class_json(&self, name: &str) -> Option<&str> {
        self.packs.iter().filter_map(Pack::file).find_map(|pack| pack.class_json(name))
    }

    /// The names of all classes, ascending, each once.
    #[must_use]
    pub fn class_names(&self) -> Vec<Cow<'_, str>> {
        let mut names: Vec<_> = self.packs.iter().flat_map(Pack::class_names).collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    /// True if the editor gives nodes of `class` an input that the class does not declare.
    #[must_use]
    pub fn is_editor_input(&self, class: &str, input: &str) -> bool {
        is_editor_input(class, input)
    }

    /// The files in the server's input folder, as far as the lists of its loaders show them; none if
    /// the catalog holds for any machine.
    #[must_use]
    pub fn input_files(&self) -> Option<&BTreeSet<String>> {
        let list = |class: &str, input: &str| {
            let class = self.class(class)?;
            let InputKind::Combo(combo) = &class.input(input)?.kind else { return None };
            combo.options.clone().filter(|_| combo.folder.as_deref() == Some("input"))
        };
        let read = || {
            let lists: Vec<_> =
                OwnCheck::of_input_files().filter_map(|(class, input)| list(class, &input)).collect();
            let files =
                lists.iter().flat_map(|list| list.iter()).filter_map(|file| Some(file.as_str()?.to_owned()));
            (!lists.is_empty()).then(|| files.collect())
        };
        self.input_files.get_or_init(read).as_ref()
    }

    /// The class that was probably meant by `wrong`, if one is near enough.
    #[must_use]
    pub fn suggest(&self, wrong: &str) -> Option<String> {
        let names = self.names.get_or_init(|| self.class_names().into_iter().map(Cow::into_owned).collect());
        diag::nearest(wrong, names.iter().map(String::as_str)).map(str::to_owned)
    }

    /// Which classes these are.
    #[must_use]
    pub fn identity(&self) -> Identity {
        let identities = || self.packs.iter().filter_map(Pack::file).map(PackFile::identity);
        let mut packs: Vec<_> = identities().flat_map(|identity| identity.packs.clone()).collect();
        packs.sort_by(|one, other| one.name.cmp(&other.name));
        Identity { comfyui: identities().find_map(|identity| identity.comfyui.clone()), packs }
    }

    /// The names of the node packs, ascending.
    #[must_use]
    pub fn pack_names(&self) -> Vec<String> {
        self.identity().packs.into_iter().map(|pack| pack.name).collect()
    }

    fn from_packs(texts: impl IntoIterator<Item = &'static str>) -> Self {
        // A test proves that every embedded file is a pack file.
        let packs = texts.into_iter().filter_map(|text| PackFile::parse(text).ok()).map(Pack::File);
        Self::proved(packs.collect())
    }

    fn proved(packs: Vec<Pack>) -> Self {
        Self { packs, is_proved: OnceLock::from(()), ..Self::default() }
    }
}

/// Reads a catalog in any form: a pack file or captured catalog, or an `/object_info` answer;
/// plain or gzip. `options` count for an `/object_info` answer, and its limit for all forms.
/// Classes are not looked at before they are asked for: see [`Catalog::verify`].
///
/// # Errors
/// When the bytes are none of these; see [`CatalogError`].
pub fn read_catalog<'b>(
    bytes: impl Into<Cow<'b, [u8]>>,
    options: &ImportOptions,
) -> Result<Catalog, CatalogError> {
    let failed = |error| CatalogError::Import(import::io_error(error, options.limit_bytes));
    let text = plain_text(bytes.into(), options.limit_bytes).map_err(failed)?;
    if text.starts_with(b"{\"wfc_catalog\"") {
        let not_utf8 = |_| CatalogError::Pack(PackError::Header("not UTF-8 text".to_owned()));
        let text = String::from_utf8(text).map_err(not_utf8)?;
        let pack = PackFile::parse(text).map_err(CatalogError::Pack)?;
        return Ok(Catalog { packs: vec![Pack::File(pack)], ..Catalog::default() });
    }
    match Answer::read(text, options) {
        Ok(answer) => Ok(Catalog { packs: vec![Pack::Answer(Box::new(answer))], ..Catalog::default() }),
        Err(text) => {
            let captured = import(&*text, options).map_err(CatalogError::Import)?;
            Catalog::from_captured(&captured).map_err(CatalogError::Pack)
        }
    }
}

/// The text behind compression and a byte order mark, if there are any; at most `limit` bytes.
fn plain_text(bytes: Cow<'_, [u8]>, limit: u64) -> io::Result<Vec<u8>> {
    if bytes.starts_with(b"{") && bytes.len() as u64 <= limit {
        return Ok(bytes.into_owned());
    }
    let mut text = Vec::new();
    decode::decode(&*bytes, limit)?.text.read_to_end(&mut text)?;
    Ok(text)
}
