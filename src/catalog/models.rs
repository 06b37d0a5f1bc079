//! Model files that pipelines use, under the short names that presets and graphs call them.
//!
//! [`folders`] says where ComfyUI looks for them, [`extra_paths`] reads what a machine adds to that, and
//! [`contents`] tells from a file's first and last bytes whether it is whole.

pub mod contents;
pub mod extra_paths;
pub mod folders;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use rustc_hash::FxHashMap;
use serde::Deserialize;

use super::data::DataFile;
use super::lines::LineFileError;
use crate::diag::{self, Diagnostic};

/// The models that come with the tool. Each entry names the source of its facts.
const EMBEDDED: &str = include_str!("../../schemas/models.json");

/// So many models are listed as what fits; more would hide what else a message says.
const MAX_LISTED: usize = 8;

/// Models by name, parsed on demand.
#[derive(Debug)]
pub struct Models {
    /// None if there are no models at all.
    data: Option<DataFile>,
    /// File → name, made when it is first asked for.
    names_by_file: OnceLock<BTreeMap<String, String>>,
    /// What is known of the files that were asked for.
    identified: RwLock<FxHashMap<Arc<str>, Identified>>,
}

/// What is known of a file.
#[derive(Clone, Debug)]
pub enum Identified {
    /// It is in the catalog.
    Listed(Arc<Model>),
    /// Its name tells a family and a role; either may be empty.
    Named(&'static str, &'static str),
    /// Nothing.
    Unknown,
}

/// One model file.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Model {
    /// Its name in presets and graphs, e.g. `wan21-vae`.
    #[serde(skip)]
    pub name: String,
    /// Its file name, e.g. `Wan2_1_VAE_bf16.safetensors`.
    pub file: String,
    /// The folder below ComfyUI's `models` that it belongs in, e.g. `vae`.
    pub folder: String,
    /// What it is a variant of: models of one family and role can stand in for one another. They differ
    /// in precision, or, as LoRAs, in what they were trained for.
    pub family: String,
    /// Further families whose models it can stand in for.
    #[serde(default)]
    pub also_fits: Vec<String>,
    /// What it is used as: `dit`, `vae`, `text_encoder`, `lora`, `distill_lora`, …
    pub role: String,
    /// The precision of its weights, if known, e.g. `fp8_e4m3fn_scaled`.
    pub dtype: Option<String>,
    /// Its size in bytes, if known.
    pub bytes: Option<u64>,
    /// True if `bytes` is exact, false if it is rounded or inferred.
    #[serde(default)]
    pub bytes_exact: bool,
    /// Sizes in bytes of other published copies of the same weights.
    #[serde(default)]
    pub other_bytes: Vec<u64>,
    /// SHA-256 of the file with [`Model::bytes`] bytes, in 64 lower-case hexadecimal digits, if known.
    pub sha256: Option<String>,
    /// Its number of parameters, if known.
    pub params: Option<u64>,
    /// Its dimensions, as far as they are known.
    #[serde(default)]
    pub dims: Dims,
    /// The names of models that must lie beside it.
    #[serde(default)]
    pub needs: Vec<String>,
    /// Where it can be downloaded, if known.
    pub url: Option<String>,
    /// True if the download needs an accepted licence and a token, false if not; nothing if unknown.
    pub gated: Option<bool>,
    /// Where these facts come from.
    #[serde(default)]
    pub source: String,
}

/// Dimensions of a network. What does not apply to its kind, or is not known, is left out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Dims {
    /// How many layers (transformer blocks); several numbers for several stacks, such as the double-stream
    /// and the single-stream blocks of Flux.
    pub layers: Vec<u32>,
    /// Width of the hidden state; of a VAE, of its encoder's first level.
    pub hidden_size: Option<u32>,
    /// Attention heads.
    pub heads: Option<u32>,
    /// Heads of keys and values, where they are fewer.
    pub kv_heads: Option<u32>,
    /// Width of a head.
    pub head_dim: Option<u32>,
    /// Width inside the feed-forward network.
    pub ffn: Option<u32>,
    /// Tokens of a text encoder's vocabulary.
    pub vocab: Option<u32>,
    /// Channels of the input.
    pub in_channels: Option<u32>,
    /// Channels of the output; of a VAE, of the latent.
    pub out_channels: Option<u32>,
    /// Latent cells that make up one token: time × height × width, or height × width.
    pub patch: Vec<u32>,
    /// Pixels (and frames) of one latent cell: time × height × width.
    pub latent_stride: Vec<u32>,
}

impl Model {
    /// True if it can stand in for a model of one of these families that is used as `role`.
    pub fn fits<'f>(&self, role: &str, families: impl IntoIterator<Item = &'f str>) -> bool {
        let is_ours = |family: &str| self.family == family || self.also_fits.iter().any(|fit| fit == family);
        self.role == role && families.into_iter().any(is_ours)
    }
}

/// A role as people write it: `text_encoder` is a text encoder.
#[must_use]
pub fn with_article(role: &str) -> String {
    match role {
        "dit" => "a diffusion model".to_owned(),
        "vae" => "a VAE".to_owned(),
        "lora" => "a LoRA".to_owned(),
        "distill_lora" => "a distillation LoRA".to_owned(),
        role => {
            let article = if role.starts_with(['a', 'e', 'i', 'o']) { "an" } else { "a" };
            format!("{article} {}", role.replace('_', " "))
        }
    }
}

impl Models {
    /// The models that come with the tool.
    #[must_use]
    pub fn embedded() -> Self {
        // A test proves that the embedded file is a data file.
        Self::of(DataFile::parse(EMBEDDED, "models").ok())
    }

    /// Models from the text of a data file: `{"wfc_data":"models","format":1,`, then
    /// `"entries":{`, then one entry a line sorted by name, then `}}`.
    ///
    /// # Errors
    /// When the frame or the first line are not those of such a file.
    pub fn from_text(text: impl Into<Cow<'static, str>>) -> Result<Self, LineFileError> {
        Ok(Self::of(Some(DataFile::parse(text, "models")?)))
    }

    fn of(data: Option<DataFile>) -> Self {
        Self { data, names_by_file: OnceLock::new(), identified: RwLock::default() }
    }

    /// What is known of the file that a loader is given. Many workflows name the same files, so that is remembered.
    #[must_use]
    pub fn identify(&self, file: &Arc<str>) -> Identified {
        let known = self.identified.read().unwrap_or_else(PoisonError::into_inner).get(file).cloned();
        if let Some(known) = known {
            return known;
        }
        let found = match self.by_file(file) {
            Some(model) => Identified::Listed(Arc::new(model)),
            None => super::by_name(file)
                .map_or(Identified::Unknown, |(family, role)| Identified::Named(family, role)),
        };
        let mut identified = self.identified.write().unwrap_or_else(PoisonError::into_inner);
        identified.entry(file.clone()).or_insert(found).clone()
    }

    /// The model called `name`.
    #[must_use]
    pub fn model(&self, name: &str) -> Option<Model> {
        let model = self.data.as_ref()?.entry(name)?;
        Some(Model { name: name.to_owned(), ..model })
    }

    /// The model that the value `file` of a loader means: same file name, in whatever subfolder
    /// the machine keeps it (`vae/wan/x.safetensors`, `wan\x.safetensors`).
    #[must_use]
    pub fn by_file(&self, file: &str) -> Option<Model> {
        let file = file.rsplit(['/', '\\']).next().unwrap_or(file);
        self.model(self.names_by_file().get(file)?)
    }

    /// The model that a preset or graph means by a name or a file.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<Model> {
        self.model(name).or_else(|| self.by_file(name))
    }

    fn names_by_file(&self) -> &BTreeMap<String, String> {
        self.names_by_file.get_or_init(|| {
            #[derive(Deserialize)]
            struct File {
                file: String,
            }
            let file = |json| serde_json::from_str(json).ok().map(|File { file }| file);
            let entries = self.data.iter().flat_map(DataFile::entries);
            let mut names = BTreeMap::new();
            for (name, file) in entries.filter_map(|(name, json)| Some((name, file(json)?))) {
                // Of several names for a file the first one counts.
                names.entry(file).or_insert_with(|| name.into_owned());
            }
            names
        })
    }

    /// The file names of all models, ascending.
    pub fn files(&self) -> impl Iterator<Item = &str> {
        self.names_by_file().keys().map(String::as_str)
    }

    /// True if a model has this file, in whatever subfolder.
    #[must_use]
    pub fn has_file(&self, file: &str) -> bool {
        self.names_by_file().contains_key(file.rsplit(['/', '\\']).next().unwrap_or(file))
    }

    /// True for a name of a model, and for a file that may be anyone's: with an extension that loaders take,
    /// and forward slashes.
    #[must_use]
    pub fn takes(&self, name: &str) -> bool {
        self.model(name).is_some() || folders::is_file_name(name) && !name.contains('\\')
    }

    /// The problem that [`Models::takes`] refuses a name, without a place. Where only some models fit, they
    /// are `among`.
    #[must_use]
    pub fn unknown(&self, name: &str, among: Option<&[String]>) -> Diagnostic {
        let message = format!("there is no model `{name}`");
        let help = self.suggest(name, among).unwrap_or_else(|| match among {
            Some(among) if (1..=MAX_LISTED).contains(&among.len()) => {
                format!("what fits: {}; or a file with its extension and forward slashes", among.join(", "))
            }
            _ => "name a model of the model catalog, or a file with its extension and forward slashes".into(),
        });
        Diagnostic::format("unknown-model", message).help(help)
    }

    /// What may have been meant: the model whose file is called so, or a name that is near.
    fn suggest(&self, name: &str, among: Option<&[String]>) -> Option<String> {
        let names: Vec<Cow<'_, str>> = match among {
            Some(among) => among.iter().map(Into::into).collect(),
            None => self.names(),
        };
        let stem = |file: &str| file.rsplit_once('.').map_or(file, |(stem, _)| stem).to_lowercase();
        let file = name.rsplit('/').next().unwrap_or(name);
        let wanted = [file.to_lowercase(), stem(file)];
        let is_meant =
            |name: &&Cow<'_, str>| self.model(name).is_some_and(|model| wanted.contains(&stem(&model.file)));
        names.iter().find(is_meant).map_or_else(
            || diag::did_you_mean(name, names.iter().map(|name| &**name)),
            |meant| Some(format!("did you mean `{meant}`?")),
        )
    }

    /// The names of the models that can stand in for one of these families as `role`, ascending.
    #[must_use]
    pub fn fitting(&self, role: &str, families: &[&str]) -> Vec<String> {
        let all = self.names().into_iter().filter_map(|name| self.model(&name));
        all.filter(|model| model.fits(role, families.iter().copied())).map(|model| model.name).collect()
    }

    /// All families, ascending.
    #[must_use]
    pub fn families(&self) -> BTreeSet<String> {
        self.names().iter().filter_map(|name| Some(self.model(name)?.family)).collect()
    }

    /// All names, ascending.
    #[must_use]
    pub fn names(&self) -> Vec<Cow<'_, str>> {
        self.data.as_ref().map(DataFile::names).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_embedded_model_reads_and_is_found_by_its_file() {
        let models = Models::from_text(EMBEDDED).unwrap();
        models.data.as_ref().unwrap().verify().unwrap();
        for name in models.names() {
            let model = models.model(&name).unwrap();
            assert_eq!(model.name, name);
            assert!(!model.file.contains(['/', '\\']), "{name}: a file name, not a path");
            assert!(!model.source.is_empty(), "{name}: says where its facts come from");
            assert!(model.needs.iter().all(|needed| models.model(needed).is_some()), "{name}");
            assert!(model.also_fits.iter().all(|family| models.families().contains(family)), "{name}");
            let is_hash =
                |hash: &str| hash.len() == 64 && hash.bytes().all(|b| b"0123456789abcdef".contains(&b));
            assert!(model.sha256.as_deref().is_none_or(is_hash), "{name}");
            // A hash without an exact size could never be reached.
            assert!(model.sha256.is_none() || model.bytes_exact, "{name}");
            assert_eq!(models.by_file(&model.file), Some(model));
        }
    }

    #[test]
    fn a_model_is_found_by_name_and_by_file() {
        let text = concat!(
            "{\"wfc_data\":\"models\",\"format\":1,\n\"entries\":{\n",
            r#""a":{"file":"A.safetensors","folder":"vae","family":"a","role":"vae","bytes":7,"bytes_exact":true}"#,
            "\n}}\n"
        );
        let models = Models::from_text(text).unwrap();
        let model = models.model("a").unwrap();
        assert_eq!((model.bytes, model.bytes_exact, model.params), (Some(7), true, None));
        for file in ["A.safetensors", "x/A.safetensors", "x\\y\\A.safetensors"] {
            assert_eq!(models.by_file(file).unwrap(), model);
        }
        assert_eq!(models.by_file("a.safetensors"), None);
        assert_eq!(models.by_file("safetensors"), None);
        assert_eq!(models.model("b"), None);
        assert!(Models::from_text(text.replace("models", "gpus")).is_err());
    }
}
