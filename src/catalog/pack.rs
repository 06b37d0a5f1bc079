//! Pack files: the node classes of one pack, or of a whole server, as text that is read on demand.
//!
//! The layout is that of [`super::lines`]: identity on the first line, then one class a line.
//!
//! ```text
//! {"wfc_catalog":1,"comfyui":"0.27.0","packs":[{"name":"ComfyUI-GGUF","version":null,"hash":"blake3:…"}],
//! "classes":{
//! "CLIPLoaderGGUF":{"category":"bootleg","input":{…},"output":["CLIP"]},
//! …
//! }}
//! ```
//!
//! A class belongs to the file's only pack, or, where the file has several, to the one that its
//! `python_module` names; a class of a file with several packs that names none is ComfyUI's own.

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::class::NodeClass;
use super::lines::{self, LineFile, LineFileError};
use super::object_info::read_class;

/// The version of the format that this tool reads and writes.
const FORMAT: u32 = 1;
/// The pack of ComfyUI's own classes.
pub const CORE_PACK: &str = "ComfyUI";
const SECTION: &str = "classes";
const CUSTOM: &str = "custom_nodes.";

/// Which classes these are, for pins and manifests.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// ComfyUI's version, if known.
    #[serde(default)]
    pub comfyui: Option<String>,
    /// The packs, sorted by name.
    #[serde(default)]
    pub packs: Vec<PackIdentity>,
}

/// One node pack.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PackIdentity {
    /// Its folder in `custom_nodes`, or `ComfyUI` for what ComfyUI itself brings.
    pub name: String,
    /// Its version, if known.
    #[serde(default)]
    pub version: Option<String>,
    /// `blake3:` and the hash of its class lines in portable form, so that two machines with the
    /// same pack and different models agree.
    pub hash: String,
}

#[derive(Serialize, Deserialize)]
struct Header {
    wfc_catalog: u32,
    #[serde(flatten)]
    identity: Identity,
}

/// A pack file. Only its first line has been parsed.
#[derive(Debug)]
pub struct PackFile {
    lines: LineFile,
    identity: Identity,
}

/// Why a text is not a pack file that this tool can read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PackError {
    /// The layout is not that of a pack file.
    Layout(LineFileError),
    /// The first line is not the head of a pack file; the reason.
    Header(String),
    /// A format that this version of the tool does not know.
    Format(u32),
}

impl fmt::Display for PackError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Layout(error) => write!(f, "not a wfc catalog: {error}"),
            Self::Header(reason) => write!(f, "not a wfc catalog: line 1: {reason}"),
            Self::Format(found) => write!(
                f,
                "the catalog has format {found}, this wfc reads format {FORMAT}; capture it again with this wfc"
            ),
        }
    }
}

impl std::error::Error for PackError {}

impl From<LineFileError> for PackError {
    fn from(error: LineFileError) -> Self {
        Self::Layout(error)
    }
}

impl PackFile {
    /// Reads the first line of `text`.
    ///
    /// # Errors
    /// When the frame or the first line are not those of a pack file. Classes are not looked at:
    /// see [`PackFile::verify`].
    pub fn parse(text: impl Into<Cow<'static, str>>) -> Result<Self, PackError> {
        let lines = LineFile::parse(text, SECTION)?;
        let header: Header =
            serde_json::from_str(&lines.header()).map_err(|error| PackError::Header(error.to_string()))?;
        if header.wfc_catalog != FORMAT {
            return Err(PackError::Format(header.wfc_catalog));
        }
        Ok(Self { lines, identity: header.identity })
    }

    /// Proves that every class line parses and that names ascend. For files that others wrote.
    ///
    /// # Errors
    /// The first line that is not so.
    pub fn verify(&self) -> Result<(), PackError> {
        Ok(self.lines.verify()?)
    }

    /// Which classes these are.
    #[must_use]
    pub const fn identity(&self) -> &Identity {
        &self.identity
    }

    /// The class `name`, read now.
    #[must_use]
    pub fn class(&self, name: &str) -> Option<NodeClass> {
        let json = serde_json::from_str(self.class_json(name)?).ok()?;
        let pack = match &self.identity.packs[..] {
            [only] => only.name.as_str(),
            _ => CORE_PACK,
        };
        // What a class lacks was said when it was imported.
        read_class(name, &json, pack, &mut Vec::new())
    }

    /// The JSON text of the class `name`, in the shape of `/object_info`.
    #[must_use]
    pub fn class_json(&self, name: &str) -> Option<&str> {
        self.lines.get(name)
    }

    /// The names of all classes, ascending.
    pub fn class_names(&self) -> impl Iterator<Item = Cow<'_, str>> {
        self.lines.entries().map(|(name, _)| name)
    }
}

/// The text of a pack file. `classes` are names, ascending, with their JSON on one line.
pub(super) fn write<'a>(
    identity: Identity,
    classes: impl IntoIterator<Item = (&'a str, Cow<'a, str>)>,
) -> String {
    let header = serde_json::to_string(&Header { wfc_catalog: FORMAT, identity }).unwrap_or_default();
    lines::write(&header, SECTION, classes)
}

/// `json`, a class in pack form, with the mark that tells its pack in a file with several.
pub(super) fn mark_pack<'a>(json: &'a str, pack: &str) -> Cow<'a, str> {
    match json.strip_prefix('{') {
        Some(rest) if pack != CORE_PACK => {
            let separator = if rest == "}" { "" } else { "," };
            let module = lines::quote(&format!("{CUSTOM}{pack}"));
            Cow::Owned(format!("{{\"python_module\":{module}{separator}{rest}"))
        }
        _ => Cow::Borrowed(json),
    }
}

/// The hash of a pack: over `"name":json` and a line feed for each class in portable form, ascending.
pub(super) fn hash<'a>(classes: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let mut hasher = blake3::Hasher::new();
    for (name, json) in classes {
        hasher.update(lines::quote(name).as_bytes());
        hasher.update(b":");
        hasher.update(json.as_bytes());
        hasher.update(b"\n");
    }
    format!("blake3:{}", hasher.finalize().to_hex())
}

/// The pack of a class with this `python_module`. ComfyUI's own modules, including the one it
/// ships among the custom nodes, give [`CORE_PACK`].
#[must_use]
pub fn pack_of_module(python_module: &str) -> &str {
    match python_module.strip_prefix(CUSTOM) {
        Some("" | "websocket_image_save") => CORE_PACK,
        Some(folder) => folder,
        None if python_module.is_empty() || python_module == "nodes" => CORE_PACK,
        None if ["comfy_extras.", "comfy_api_nodes."]
            .iter()
            .any(|start| python_module.starts_with(start)) =>
        {
            CORE_PACK
        }
        None => python_module,
    }
}

/// The name of the file for `pack`: lower-case kebab without the usual `ComfyUI-` in front.
#[must_use]
pub fn file_name(pack: &str) -> String {
    let lower = pack.to_lowercase().replace(|letter: char| !letter.is_alphanumeric(), "-");
    let short = lower.strip_prefix("comfyui-").filter(|short| !short.is_empty()).unwrap_or(&lower);
    format!("{short}.json")
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = concat!(
        r#"{"wfc_catalog":1,"comfyui":"0.27.0","packs":[{"name":"ComfyUI-X","version":null,"hash":"blake3:0"}],"#,
        "\n\"classes\":{\n\"A\":{\"output\":[\"IMAGE\"]},\n\"B\":{}\n}}\n"
    );

    #[test]
    fn classes_are_read_on_demand() {
        let pack = PackFile::parse(TEXT).unwrap();
        pack.verify().unwrap();
        let class = pack.class("A").unwrap();
        assert_eq!((&*class.pack, &*class.outputs[0].types), ("ComfyUI-X", "IMAGE"));
        assert!(pack.class("C").is_none());
        assert!(pack.class_names().eq(["A", "B"]));
        assert_eq!(pack.identity().comfyui.as_deref(), Some("0.27.0"));
    }

    #[test]
    fn writing_gives_back_what_was_read() {
        let pack = PackFile::parse(TEXT).unwrap();
        let classes = pack.lines.entries();
        let classes: Vec<_> = classes.map(|(name, json)| (name.into_owned(), json.to_owned())).collect();
        let classes = classes.iter().map(|(name, json)| (name.as_str(), Cow::Borrowed(json.as_str())));
        assert_eq!(write(pack.identity().clone(), classes), TEXT);
    }

    #[test]
    fn a_file_with_several_packs_names_them_at_the_class() {
        assert_eq!(mark_pack("{}", "X"), r#"{"python_module":"custom_nodes.X"}"#);
        assert_eq!(mark_pack(r#"{"a":1}"#, "X"), r#"{"python_module":"custom_nodes.X","a":1}"#);
        assert_eq!(mark_pack("{}", CORE_PACK), "{}");
    }

    #[test]
    fn other_texts_are_refused() {
        let error = |text: &'static str| PackFile::parse(text).unwrap_err().to_string();
        assert_eq!(
            error("{\"wfc_catalog\":2,\n\"classes\":{\n}}").split(',').next(),
            Some("the catalog has format 2")
        );
        assert!(
            error("{\"wfc_data\":\"models\",\n\"classes\":{\n}}").starts_with("not a wfc catalog: line 1")
        );
        assert!(error("<html>").starts_with("not a wfc catalog"));
    }

    #[test]
    fn packs_come_from_modules() {
        for own in [
            "nodes",
            "comfy_extras.nodes_wan",
            "comfy_api_nodes.nodes_kling",
            "custom_nodes.websocket_image_save",
        ] {
            assert_eq!(pack_of_module(own), "ComfyUI");
        }
        assert_eq!(pack_of_module("custom_nodes.ComfyUI-GGUF"), "ComfyUI-GGUF");
        assert_eq!(pack_of_module("custom_nodes.a.b"), "a.b");
        assert_eq!(pack_of_module("elsewhere"), "elsewhere");
        assert_eq!(file_name("ComfyUI"), "comfyui.json");
        assert_eq!(file_name("ComfyUI-SCAIL-Pose2"), "scail-pose2.json");
        assert_eq!(file_name("comfyui_x"), "x.json");
    }
}
