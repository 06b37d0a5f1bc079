//! What an import gives: pruned classes, and the pack files that can be written from them.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::pack::{self, Identity, PackIdentity};

/// The node classes of one server, pruned.
#[derive(Debug)]
pub struct Captured {
    comfyui: Option<String>,
    versions: BTreeMap<String, String>,
    classes: BTreeMap<String, Class>,
    warnings: Vec<String>,
}

#[derive(Debug)]
struct Class {
    pack: String,
    /// As any machine with this pack would have it.
    portable: String,
    /// As the captured machine has it, where that differs and is wanted.
    own: Option<String>,
}

impl Class {
    fn json(&self) -> &str {
        self.own.as_deref().unwrap_or(&self.portable)
    }
}

impl Captured {
    pub(super) const fn new(comfyui: Option<String>, versions: BTreeMap<String, String>) -> Self {
        Self { comfyui, versions, classes: BTreeMap::new(), warnings: Vec::new() }
    }

    /// Adds a class, in the place of one with the same name.
    pub(super) fn insert(&mut self, name: String, pack: String, portable: &Value, own: Option<&Value>) {
        let portable = portable.to_string();
        let own = own.map(Value::to_string).filter(|own| *own != portable);
        self.classes.insert(name, Class { pack, portable, own });
    }

    pub(super) const fn warnings_mut(&mut self) -> &mut Vec<String> {
        &mut self.warnings
    }

    /// What was left out because it made no sense, as sentences that begin with the class.
    #[must_use]
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// How many classes there are.
    #[must_use]
    pub fn class_count(&self) -> usize {
        self.classes.len()
    }

    /// Which classes these are.
    #[must_use]
    pub fn identity(&self) -> Identity {
        let packs: BTreeSet<&str> = self.classes.values().map(|class| class.pack.as_str()).collect();
        let packs = packs.into_iter().map(|pack| self.pack_identity(pack)).collect();
        Identity { comfyui: self.comfyui.clone(), packs }
    }

    /// All classes as one pack file.
    #[must_use]
    pub fn to_text(&self) -> String {
        let identity = self.identity();
        let mark = identity.packs.len() > 1;
        let classes = self.classes.iter().map(|(name, class)| {
            let json = if mark { pack::mark_pack(class.json(), &class.pack) } else { class.json().into() };
            (name.as_str(), json)
        });
        pack::write(identity, classes)
    }

    /// One pack file for each pack, sorted by pack: the pack's name and the text.
    #[must_use]
    pub fn pack_texts(&self) -> Vec<(String, String)> {
        let text = |pack: PackIdentity| {
            let classes =
                self.classes_of(&pack.name).map(|(name, class)| (name, Cow::Borrowed(class.json())));
            let identity = Identity { comfyui: self.comfyui.clone(), packs: vec![pack.clone()] };
            (pack.name.clone(), pack::write(identity, classes))
        };
        self.identity().packs.into_iter().map(text).collect()
    }

    fn pack_identity(&self, pack: &str) -> PackIdentity {
        let version = self.versions.get(pack).or(self.comfyui.as_ref().filter(|_| pack == pack::CORE_PACK));
        PackIdentity {
            name: pack.to_owned(),
            version: version.cloned(),
            hash: pack::hash(self.classes_of(pack).map(|(name, class)| (name, class.portable.as_str()))),
        }
    }

    fn classes_of<'a>(&'a self, pack: &'a str) -> impl Iterator<Item = (&'a str, &'a Class)> {
        self.classes
            .iter()
            .filter(move |(_, class)| class.pack == pack)
            .map(|(name, class)| (name.as_str(), class))
    }
}
