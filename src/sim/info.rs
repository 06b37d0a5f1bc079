//! Routes about the server itself: classes, models, system, features.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::{StatusCode, Uri};
use serde_json::{Map, Value, json};

use super::answer::{self, Answer};
use super::faults::FaultKind;
use super::files::Folder;
use super::files_routes;
use super::http::{self, Id};
use super::not_numbers::NAN;
use super::state::Shared;
use super::{Config, Version};
use crate::catalog::{Catalog, Models, NodeClass};

/// Memory of the host that is shown, in bytes, where the machine's own is not known.
const RAM: f64 = 64.0 * 1024.0 * 1024.0 * 1024.0;

/// The folders below `models` that the server lists, in its order.
pub(super) const FOLDERS: [&str; 26] = [
    "checkpoints",
    "configs",
    "loras",
    "vae",
    "text_encoders",
    "diffusion_models",
    "clip_vision",
    "style_models",
    "embeddings",
    "diffusers",
    "vae_approx",
    "controlnet",
    "gligen",
    "upscale_models",
    "latent_upscale_models",
    "custom_nodes",
    "hypernetworks",
    "photomaker",
    "classifiers",
    "model_patches",
    "audio_encoders",
    "background_removal",
    "frame_interpolation",
    "geometry_estimation",
    "optical_flow",
    "detection",
];

/// The names of files by the folder that they are in, as the server lists them.
pub(super) type ModelFiles = BTreeMap<String, BTreeSet<String>>;

/// The model files that the server says it has: all that the catalog of models knows.
pub(super) fn model_files(models: &Models) -> ModelFiles {
    let mut files = ModelFiles::new();
    for model in models.names().iter().filter_map(|name| models.model(name)) {
        files.entry(model.folder).or_default().insert(model.file);
    }
    files
}

pub(super) async fn root(State(shared): State<Arc<Shared>>) -> Answer {
    let page = format!(
        "<!DOCTYPE html>\n<title>wfc sim</title>\n<p>A simulated ComfyUI {}. It has no editor; see POST /prompt.\n",
        shared.config.version.name()
    );
    answer::typed(StatusCode::OK, "text/html; charset=utf-8", page.into())
}

/// What the server can do, as `/features` and the handshake say.
pub(super) fn features_of(config: &Config) -> Value {
    let mut features = json!({
        "supports_preview_metadata": true,
        "max_upload_size": config.max_upload,
        "extension": { "manager": { "supports_v4": true } },
        "node_replacements": true,
        "assets": false,
    });
    if config.version == Version::V0_3_64
        && let Some(features) = features.as_object_mut()
    {
        features.retain(|key, _| matches!(&**key, "supports_preview_metadata" | "max_upload_size"));
    }
    features
}

pub(super) async fn features(State(shared): State<Arc<Shared>>) -> Answer {
    answer::ok(&features_of(&shared.config))
}

pub(super) async fn system_stats(State(shared): State<Arc<Shared>>) -> Answer {
    let config = &shared.config;
    let is_windows = shared.is_windows;
    let is_old = config.version == Version::V0_3_64;
    let used = shared.lock().used;
    let ram = config.machine.ram_gib.map_or(RAM, |gib| gib * 1024.0 * 1024.0 * 1024.0);
    let index = if shared.control.hit(FaultKind::NullIndex).is_some() { Value::Null } else { json!(0) };
    let device = json!({
        "name": format!("cuda:0 {} : cudaMallocAsync", config.machine.gpu.name),
        "type": "cuda",
        "index": index,
        "vram_total": whole(config.budget.total),
        "vram_free": whole((config.budget.total - used).max(0.0)),
        "torch_vram_total": whole(used),
        "torch_vram_free": 0,
    });
    let mut system = Map::new();
    let os = match (is_windows, is_old) {
        (true, true) => "nt",
        (true, false) => "win32",
        (false, true) => "posix",
        (false, false) => "linux",
    };
    let argv = json!(["main.py", "--listen", config.host, "--port", config.port.to_string()]);
    for (key, value) in [
        ("os", json!(os)),
        ("ram_total", json!(whole(ram))),
        ("ram_free", json!(whole(ram * 0.8))),
        ("comfyui_version", json!(config.version.name())),
        ("required_frontend_version", json!("1.45.20")),
        ("installed_templates_version", json!("0.11.1")),
        ("required_templates_version", json!("0.11.1")),
        ("comfy_package_versions", packages()),
        ("python_version", json!("3.12.0 (wfc sim)")),
        ("pytorch_version", json!("2.9.0+cu130")),
        ("embedded_python", json!(is_windows)),
        ("deploy_environment", json!("wfc-sim")),
        ("argv", argv),
    ] {
        if !(is_old && matches!(key, "comfy_package_versions" | "deploy_environment")) {
            system.insert(key.to_owned(), value);
        }
    }
    answer::ok(&json!({ "system": system, "devices": [device] }))
}

fn packages() -> Value {
    let package =
        |name: &str, version: &str| json!({ "name": name, "installed": version, "required": version });
    json!([package("comfyui-frontend-package", "1.45.20"), package("comfyui-workflow-templates", "0.11.1"),])
}

#[expect(clippy::cast_possible_truncation, reason = "bytes of a machine's memory")]
fn whole(bytes: f64) -> i64 {
    bytes as i64
}

pub(super) async fn object_info(State(shared): State<Arc<Shared>>) -> Answer {
    let catalog = &shared.config.catalog;
    let mut all = Map::new();
    for name in catalog.class_names() {
        if let Some(info) = shared.class_info(&name) {
            all.insert(name.into_owned(), info);
        }
    }
    if let Some(megabytes) = shared.control.hit(FaultKind::BigObjectInfo) {
        fill(&mut all, megabytes);
    }
    if shared.control.hit(FaultKind::Nan).is_some() {
        all.values_mut().for_each(unbound);
    }
    answer::ok(&all.into())
}

/// Numbers without bounds get those that some node packs write: infinity.
fn unbound(class: &mut Value) {
    let sections = class.get_mut("input").and_then(Value::as_object_mut).into_iter().flatten();
    let inputs = sections.filter_map(|(_, inputs)| inputs.as_object_mut()).flatten();
    for (_, spec) in inputs.filter(|(_, spec)| spec[0] == "FLOAT") {
        if let Some(options) = spec.get_mut(1).and_then(Value::as_object_mut) {
            options.entry("min").or_insert_with(|| format!("{NAN}-").into());
            options.entry("max").or_insert_with(|| format!("{NAN}+").into());
        }
    }
}

/// Adds classes that nobody needs, until there are so many megabytes.
fn fill(all: &mut Map<String, Value>, megabytes: f64) {
    const PROSE: usize = 1 << 20;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "values are from 0 to 1e6")]
    let count = megabytes.ceil() as usize;
    let prose = "All work and no play. ".repeat(PROSE / 22 + 1);
    for number in 0..count {
        let name = format!("LongDescription{number}");
        let mut info = json!({ "category": "wfc sim", "input": { "required": {} }, "output": [] });
        info["description"] = (*prose).into();
        all.insert(name, info);
    }
}

pub(super) async fn object_info_of(State(shared): State<Arc<Shared>>, Path(class): Id) -> Answer {
    let mut all = Map::new();
    if let Some(info) = shared.class_info(&class) {
        all.insert(class, info);
    }
    answer::ok(&all.into())
}

impl Shared {
    /// The names of those files in the input folder that a class lists: files of its kind that lie in the folder itself.
    fn input_names(&self, class: &str) -> Vec<Value> {
        let kinds: &[&str] = if class.contains("Audio") {
            &["audio/", "video/"]
        } else if class.contains("Video") {
            &["video/"]
        } else if class.contains("Image") {
            &["image/"]
        } else {
            &[""]
        };
        let inner = self.lock();
        let names = inner.files.names(Folder::Input).filter(|name| {
            let kind = files_routes::content_type(name);
            !name.contains('/') && kinds.iter().any(|wanted| kind.starts_with(wanted))
        });
        names.map(Value::from).collect()
    }

    /// A class as `/object_info` describes it: what the catalog knows, and the rest as the server has it for a class
    /// without prose.
    fn class_info(&self, name: &str) -> Option<Value> {
        let catalog: &Catalog = &self.config.catalog;
        let class = catalog.class(name)?;
        let known: Value = serde_json::from_str(catalog.class_json(name)?).ok()?;
        let mut known = known.as_object()?.clone();
        let mut input = known.shift_remove("input").unwrap_or_else(|| json!({ "required": {} }));
        let mut order = Map::new();
        for (section, inputs) in input.as_object_mut()? {
            let Some(inputs) = inputs.as_object_mut() else { continue };
            order.insert(section.clone(), inputs.keys().cloned().collect());
            for (name, spec) in inputs {
                self.list_files(&class, name, spec);
            }
        }
        let names: Vec<Value> = class.outputs.iter().map(|output| (*output.name).into()).collect();
        let output = known.shift_remove("output").unwrap_or_else(|| json!([]));
        let is_list = known.shift_remove("output_is_list");
        let is_list: Vec<bool> = (0..names.len())
            .map(|slot| is_list.as_ref().is_some_and(|list| list.get(slot) == Some(&Value::Bool(true))))
            .collect();
        known.shift_remove("output_name");
        let mut info = Map::new();
        for (key, value) in [
            ("input", input),
            ("input_order", order.into()),
            ("is_input_list", json!(false)),
            ("output", output),
            ("output_is_list", json!(is_list)),
            ("output_name", names.into()),
            ("name", json!(name)),
            ("display_name", json!(class.display_name.as_deref().unwrap_or(name))),
            ("description", json!("")),
            ("python_module", json!(module(&class))),
            ("category", json!(class.category)),
            ("output_node", json!(class.output_node)),
            ("has_intermediate_output", json!(false)),
            ("search_aliases", json!([])),
        ] {
            let is_new = matches!(key, "has_intermediate_output" | "search_aliases" | "is_input_list");
            if !(is_new && self.config.version == Version::V0_3_64) {
                info.insert(key.to_owned(), value);
            }
        }
        for (key, value) in known {
            info.entry(key).or_insert(value);
        }
        Some(info.into())
    }

    /// Puts the names of files where the catalog leaves them open.
    fn list_files(&self, class: &NodeClass, input: &str, spec: &mut Value) {
        let Some(folder) = class.input(input).and_then(|input| input.kind.folder()) else { return };
        let Some(parts) = spec.as_array_mut() else { return };
        let is_open = parts.first().is_some_and(Value::is_null)
            || parts.get(1).and_then(|options| options.get("options")).is_some_and(Value::is_null);
        let names: Vec<Value> = if folder == "input" {
            self.input_names(&class.name)
        } else if is_open {
            let folders = folder.split('|').filter_map(|folder| self.config.model_files.get(folder));
            folders.flatten().map(|name| self.shown(name).into()).collect()
        } else {
            return;
        };
        if let Some(options) = parts.get_mut(1).and_then(Value::as_object_mut) {
            options.shift_remove("folder");
            if options.contains_key("options") {
                options.insert("options".to_owned(), names.into());
                return;
            }
        }
        if let Some(list) = parts.first_mut() {
            *list = names.into();
        }
    }
}

/// Where a class comes from, in Python's words.
fn module(class: &NodeClass) -> String {
    if *class.pack == *"ComfyUI" { "nodes".to_owned() } else { format!("custom_nodes.{}", class.pack) }
}

pub(super) async fn models() -> Answer {
    answer::ok(&json!(FOLDERS))
}

pub(super) async fn models_of(State(shared): State<Arc<Shared>>, Path(folder): Id) -> Answer {
    let files = shared.config.model_files.get(&folder);
    if files.is_none() && !FOLDERS.contains(&&*folder) {
        return answer::empty(StatusCode::NOT_FOUND);
    }
    let names: Vec<String> = files.into_iter().flatten().map(|name| shared.shown(name)).collect();
    answer::ok(&json!(names))
}

pub(super) async fn metadata(State(shared): State<Arc<Shared>>, Path(folder): Id, uri: Uri) -> Answer {
    let query = http::query(&uri);
    let name = http::first(&query, "filename").filter(|name| name.ends_with(".safetensors"));
    let files = shared.config.model_files.get(&folder);
    match name.filter(|name| files.is_some_and(|files| files.contains(*name))) {
        Some(_) => answer::ok(&json!({ "format": "pt" })),
        None => answer::empty(StatusCode::NOT_FOUND),
    }
}

pub(super) async fn embeddings() -> Answer {
    answer::ok(&json!([]))
}

pub(super) async fn extensions() -> Answer {
    answer::ok(&json!([]))
}
