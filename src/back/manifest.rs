//! `.wfc.json`: what an executor needs to know about a compiled workflow.
//!
//! The types are the format: their serialisation is what is written, and their JSON Schema is
//! generated from the same declaration.

mod batch;
mod interface;
mod layout;
mod optimized;
mod plan;

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::api::{self, Ids};
use crate::catalog::models::folders;
use crate::catalog::{Identity, Models, NodeClass};
use crate::check::Checked;

pub use batch::{Axis, AxisRange, Batch, BatchWorkflow, Rung, Workflows};
pub use interface::{Binding, Change, Computed, Constraint, Interface, Reached, Switch, pointer};
pub use optimized::{Merged, Optimized};
pub use plan::{Limits, PlanInfo};

/// Version of the format. It grows when something is removed or changes its meaning.
pub const VERSION: u32 = 2;

/// The manifest of a compiled workflow or batch.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Manifest {
    /// Version of this format.
    pub version: u32,
    /// What the preset is for, in its author's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The graph that was compiled.
    pub graph: GraphInfo,
    /// The rung of the preset's ladder that this is, if it was built alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rung: Option<String>,
    /// The compiled workflow, unless this is a batch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workflow: Option<WorkflowFile>,
    /// The compiled workflows of a `[matrix]` or a `[[ladder]]`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub batch: Option<Batch>,
    /// What `--optimize` did, once for all workflows to which it did the same.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub optimized: Vec<Optimized>,
    /// The machine that the workflow is meant for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<TargetInfo>,
    /// The node catalog that the workflow was checked against.
    pub catalog: CatalogInfo,
    /// What must be present on the machine that runs it.
    pub requires: Requires,
    /// What it will need of that machine, unless too many workflows of a batch may need different amounts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan: Option<PlanInfo>,
    /// The parameters and what they reach.
    pub interface: Interface,
}

/// The graph that was compiled.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct GraphInfo {
    /// Its name.
    pub name: String,
    /// What the pipeline is called.
    pub title: String,
    /// Its generation steps, in order.
    pub stages: Vec<String>,
}

/// A compiled workflow.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct WorkflowFile {
    /// Its file, beside the manifest.
    pub file: String,
    /// Hash of the file's bytes: `blake3:` and 64 hexadecimal digits.
    pub hash: String,
    /// The ids of the nodes that give outputs.
    pub outputs: Vec<String>,
}

/// The machine that the workflow is meant for.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct TargetInfo {
    /// The card, as a name of the GPU catalog.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gpu: Option<String>,
    /// The card's memory in MiB.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vram_mib: Option<f64>,
    /// Memory that must stay free, in MiB.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub headroom_mib: Option<f64>,
}

/// The node catalog that the workflow was checked against.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct CatalogInfo {
    /// ComfyUI's version, if it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comfyui: Option<String>,
    /// Hash over the hashes of all its packs: `blake3:` and 64 hexadecimal digits.
    pub hash: String,
    /// The packs in it, whether the workflow uses them or not.
    pub packs: Vec<CatalogPack>,
}

/// A node pack of the catalog.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct CatalogPack {
    /// Its name; `ComfyUI` is the server itself.
    pub name: String,
    /// Its version, if it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Hash over its classes: `blake3:` and 64 hexadecimal digits.
    pub hash: String,
}

/// What must be present on the machine that runs the workflow.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Requires {
    /// Node packs.
    pub packs: Vec<Pack>,
    /// Model files.
    pub models: Vec<ModelFile>,
}

/// A node pack and the classes used from it.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Pack {
    /// Its name; `ComfyUI` is the server itself.
    pub name: String,
    /// Its version in the catalog, if it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// The node classes used from it.
    pub classes: Vec<String>,
}

/// A model file.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct ModelFile {
    /// Its name in the model catalog, if it is there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The file.
    pub file: String,
    /// ComfyUI's model folder, such as `diffusion_models`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub folder: Option<String>,
    /// Its size in bytes, if it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
    /// False if the size is rounded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes_exact: Option<bool>,
    /// SHA-256 of the file with `bytes` bytes, in 64 lower-case hexadecimal digits, if it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// Where to download it, if that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Whether the download needs an accepted licence and a token, if that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gated: Option<bool>,
    /// True if its node downloads it itself when it first runs, so that it need not be there.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub downloaded_by_node: bool,
}

impl Manifest {
    /// The file's bytes, ending with a newline.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::new();
        // Plain data with text keys always becomes JSON, and writing to memory cannot fail.
        let written = self.write(&mut out);
        debug_assert!(written.is_ok());
        out
    }

    /// Writes the file's bytes piece by piece: the manifest of a large batch does not fit in memory.
    ///
    /// # Errors
    /// When `out` takes no more.
    pub fn write(&self, out: &mut dyn io::Write) -> io::Result<()> {
        layout::write(self, out)
    }
}

/// `blake3:` and the hash of `bytes`.
#[must_use]
pub fn hash(bytes: &[u8]) -> String {
    format!("blake3:{}", blake3::hash(bytes))
}

/// The catalog's identity.
#[must_use]
pub fn catalog_info(identity: &Identity) -> CatalogInfo {
    let mut hasher = blake3::Hasher::new();
    for pack in &identity.packs {
        hasher.update(pack.name.as_bytes());
        hasher.update(pack.hash.as_bytes());
    }
    let packs = identity.packs.iter().map(|pack| CatalogPack {
        name: pack.name.clone(),
        version: pack.version.clone(),
        hash: pack.hash.clone(),
    });
    CatalogInfo {
        comfyui: identity.comfyui.clone(),
        hash: format!("blake3:{}", hasher.finalize()),
        packs: packs.collect(),
    }
}

/// What the workflows seen so far need.
#[derive(Debug, Default)]
pub struct Needs {
    classes: BTreeMap<Arc<str>, Arc<NodeClass>>,
    /// Folder and file, in the order of first use.
    files: Vec<(String, String)>,
}

impl Needs {
    /// Adds what one workflow needs.
    pub fn add(&mut self, checked: &Checked) {
        let graph = checked.graph();
        for class in graph.nodes().filter_map(|(_, node)| node.class.as_ref()) {
            if !self.classes.contains_key(&class.name) {
                self.classes.insert(class.name.clone(), Arc::clone(class));
            }
        }
        // Some inputs take a word in place of a file, such as `none` or `pixel_space`; files have an extension.
        let is_model = |(folder, file): &(&str, &str)| *folder != "input" && file.contains('.');
        for (folder, file) in graph.files().filter(is_model) {
            if !self.files.iter().any(|(known, present)| known == folder && present == file) {
                self.files.push((folder.to_owned(), file.to_owned()));
            }
        }
    }
}

/// The packs and model files that are needed.
#[must_use]
pub fn requires(needs: &Needs, identity: &Identity, models: &Models) -> Requires {
    let mut packs: Vec<Pack> = Vec::new();
    for class in needs.classes.values() {
        let at = packs.iter().position(|pack| pack.name == *class.pack).unwrap_or_else(|| {
            let known = identity.packs.iter().find(|pack| pack.name == *class.pack);
            let version = known.and_then(|pack| pack.version.clone());
            packs.push(Pack { name: class.pack.to_string(), version, classes: Vec::new() });
            packs.len() - 1
        });
        packs[at].classes.push(class.name.to_string());
    }
    packs.sort_by(|a, b| a.name.cmp(&b.name));
    let files = needs.files.iter().map(|(folder, file)| model_file(folder, file, models));
    let is_loaded = |file: &str| needs.files.iter().any(|(_, loaded)| loaded == file);
    let downloads = needs.classes.keys().filter_map(|class| folders::downloaded_by(class));
    let downloads = downloads
        .filter(|(_, file)| !is_loaded(file))
        .map(|(folder, file)| ModelFile { downloaded_by_node: true, ..model_file(folder, file, models) });
    Requires { packs, models: files.chain(downloads).collect() }
}

fn model_file(folder: &str, file: &str, models: &Models) -> ModelFile {
    let known = models.by_file(file);
    ModelFile {
        name: known.as_ref().map(|model| model.name.clone()),
        file: file.to_owned(),
        folder: Some(folder.to_owned()),
        bytes: known.as_ref().and_then(|model| model.bytes),
        bytes_exact: known.as_ref().filter(|model| model.bytes.is_some()).map(|model| model.bytes_exact),
        sha256: known.as_ref().and_then(|model| model.sha256.clone()),
        gated: known.as_ref().and_then(|model| model.gated),
        url: known.and_then(|model| model.url),
        downloaded_by_node: false,
    }
}

/// The ids of the output nodes.
#[must_use]
pub fn outputs(checked: &Checked, ids: Ids) -> Vec<String> {
    let graph = checked.graph();
    let outputs =
        graph.nodes().filter(|(_, node)| node.class.as_ref().is_some_and(|class| class.output_node));
    outputs.map(|(id, _)| api::id(graph, id, ids)).collect()
}
