//! A run that nobody has written down as a workflow: a model, an engine, sizes and settings.

use std::sync::Arc;

use crate::catalog::{self, Models, models};

use super::coefficients::Coefficients;
use super::need::{Engine, Kind};
use super::network::{Network, Precision, plain, squeezed};

/// More pixels a side than this are a mistake, as are more frames than [`MAX_FRAMES`].
const MAX_SIDE: f64 = 65_536.0;
const MAX_FRAMES: f64 = 1_000_000.0;
/// More bytes than any machine has.
const MAX_BYTES: f64 = 1e15;

/// What a model is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Subject {
    /// A diffusion network, with the text encoder and VAE that go with it.
    Network(&'static Network),
    /// A VAE alone.
    Vae,
    /// A text encoder alone.
    Encoder,
    /// An image encoder alone.
    Vision,
}

/// A model that somebody named.
#[derive(Clone, Debug, PartialEq)]
pub struct Model {
    /// What it is.
    pub subject: Subject,
    /// Its name here: of a network, a model of the catalog, or a family.
    pub name: String,
    /// Its family, as in the catalog of models.
    pub family: String,
    /// The bytes of its file without what else the file holds, if a file was named.
    pub bytes: Option<f64>,
    /// Its parameters, if known.
    pub params: Option<f64>,
    /// How the file that was named stores them.
    pub precision: Option<Precision>,
    /// True if layers are replaced because weights are scaled, or packed as in GGUF.
    pub is_scaled: bool,
    /// Numbers in its largest tensor, the embeddings of text; 0 if not known.
    pub embeddings: f64,
}

/// True if what is stored like this makes engines replace layers: scaled numbers and GGUF.
fn is_scaled(text: &str) -> bool {
    let text = plain(text);
    let packed = text.starts_with('q') && text.as_bytes().get(1).is_some_and(u8::is_ascii_digit);
    packed || text.contains("scaled") || text.ends_with("gguf")
}

/// A whole number of parameters or bytes as one that can be multiplied.
fn float(number: Option<u64>) -> Option<f64> {
    Some(super::effects::float(i64::try_from(number?).ok()?))
}

impl Model {
    /// The model that somebody calls `name`: a network in whatever spelling, a model of the catalog, a file, the family of a
    /// VAE or text encoder.
    #[must_use]
    pub fn called(name: &str, models: &Models) -> Option<Self> {
        if let Some(network) = Network::called(name) {
            return Some(Self::of_network(network));
        }
        if let Some(entry) = models.find(name) {
            return Self::of_entry(&entry);
        }
        Self::part(name, &Self::parts(models)).or_else(|| {
            let (family, _) = catalog::by_name(name)?;
            let network = Network::of_family(family)?;
            let precision = Precision::told_by(name);
            let is_scaled = is_scaled(name) || name.to_ascii_lowercase().contains("gguf");
            Some(Self { precision, is_scaled, ..Self::of_network(network) })
        })
    }

    fn of_network(network: &'static Network) -> Self {
        Self {
            subject: Subject::Network(network),
            name: network.name.to_owned(),
            family: network.name.to_owned(),
            bytes: None,
            params: Some(network.params()),
            precision: None,
            is_scaled: false,
            embeddings: 0.0,
        }
    }

    fn of_entry(entry: &models::Model) -> Option<Self> {
        let network = Network::of_family(&entry.family);
        let subject = match &*entry.role {
            "dit" | "checkpoint" => Subject::Network(network?),
            "vae" => Subject::Vae,
            "text_encoder" => Subject::Encoder,
            "clip_vision" => Subject::Vision,
            _ => return None,
        };
        let beside = network.filter(|_| entry.role == "checkpoint").map_or(0.0, |network| network.beside);
        let dtype = entry.dtype.as_deref().unwrap_or(&entry.file);
        let dims = &entry.dims;
        let embeddings = dims.vocab.zip(dims.hidden_size);
        Some(Self {
            subject,
            name: entry.name.clone(),
            family: entry.family.clone(),
            bytes: float(entry.bytes).map(|bytes| (bytes - beside).max(0.0)),
            params: match subject {
                Subject::Network(network) => Some(network.params()),
                _ => float(entry.params),
            },
            precision: Precision::told_by(dtype),
            is_scaled: is_scaled(dtype),
            embeddings: embeddings.map_or(0.0, |(vocab, width)| f64::from(vocab) * f64::from(width)),
        })
    }

    /// A VAE or an encoder by its family or by the part of its name that several files share.
    #[must_use]
    pub fn part(name: &str, parts: &[Self]) -> Option<Self> {
        let wanted = plain(name);
        let is_it = |model: &&Self| {
            squeezed(&model.family) == squeezed(name)
                || plain(&model.name).strip_prefix(&*wanted).is_some_and(|rest| rest.starts_with('-'))
        };
        // Of several files one in 16 bits, of which the number of parameters is known, stands for all.
        let rank = |model: &&Self| {
            let is_half =
                model.precision.is_some_and(|precision| (precision.bytes.typical - 2.0).abs() < 0.1);
            (model.params.is_none(), !is_half, model.name.clone())
        };
        if let Some(first) = parts.iter().filter(is_it).min_by_key(rank) {
            let first = first.clone();
            let is_family = squeezed(&first.family) == squeezed(name);
            let name = if is_family { first.family.clone() } else { wanted };
            return Some(Self { bytes: None, precision: None, is_scaled: false, name, ..first });
        }
        Network::all().iter().any(|network| plain(network.vae) == wanted).then(|| Self {
            subject: Subject::Vae,
            name: wanted.clone(),
            family: wanted,
            bytes: None,
            params: None,
            precision: None,
            is_scaled: false,
            embeddings: 0.0,
        })
    }

    /// True if engines replace layers for weights that are stored like this: `fp8_e4m3fn_scaled`, `q4_k_m`.
    #[must_use]
    pub fn is_stored_scaled(dtype: &str) -> bool {
        is_scaled(dtype)
    }

    /// The VAEs and encoders of the catalog.
    #[must_use]
    pub fn parts(models: &Models) -> Arc<[Self]> {
        let entries = models.files().filter_map(|file| models.by_file(file));
        entries
            .filter_map(|entry| Self::of_entry(&entry))
            .filter(|model| !matches!(model.subject, Subject::Network(_)))
            .collect()
    }

    /// The file of this family that stores it like this, or the parameters so stored.
    #[must_use]
    pub fn stored(&self, precision: Option<Precision>, parts: &[Self]) -> Self {
        let same = |model: &&Self| {
            model.family == self.family
                && model.precision.zip(precision).is_some_and(|(own, wanted)| own.name == wanted.name)
                && model.bytes.is_some()
        };
        let file = parts.iter().find(same).cloned();
        file.unwrap_or_else(|| Self { precision, bytes: None, ..self.clone() })
    }

    /// Bytes of its largest tensor, the embeddings of text; 0 if not known.
    #[must_use]
    pub fn largest(&self) -> f64 {
        self.embeddings * self.precision.map_or(2.0, |precision| precision.bytes.typical)
    }

    /// The names that a model can be called by: networks, their families, VAEs and encoders, catalog names.
    #[must_use]
    pub fn names(models: &Models) -> Vec<String> {
        let networks = Network::all().iter();
        let own = networks.flat_map(|network| {
            [network.name].into_iter().chain(network.names.split(' ')).chain(network.families.split(' '))
        });
        let mut names: Vec<String> = own.map(str::to_owned).collect();
        for part in Self::parts(models).iter() {
            names.extend([part.name.clone(), part.family.clone()]);
        }
        names.sort_unstable();
        names.dedup();
        names
    }
}

impl Engine {
    /// What people call the engines.
    pub const NAMES: &'static [(&'static str, Self)] = &[
        ("comfyui", Self::Native),
        ("native", Self::Native),
        ("wanvideowrapper", Self::Wrapper),
        ("comfyui-wanvideowrapper", Self::Wrapper),
        ("wrapper", Self::Wrapper),
        ("reference", Self::Reference),
        ("generate.py", Self::Reference),
        ("wan2.1 reference", Self::Reference),
        ("wan2.2 reference", Self::Reference),
        ("diffusers", Self::Diffusers),
        ("invokeai", Self::Diffusers),
    ];

    /// The engine that somebody calls `name`, in whatever spelling.
    #[must_use]
    pub fn called(name: &str) -> Option<Self> {
        let wanted = plain(name.trim());
        Self::NAMES.iter().find(|(name, _)| plain(name) == wanted).map(|(_, engine)| *engine)
    }
}

/// Where weights are while they are not used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Offload {
    /// On the card: everything stays there.
    None,
    /// On the host: one model is on the card at a time.
    Model,
    /// On the host, layer by layer.
    Sequential,
}

/// How the wrapper rotates positions: its widget `rope_function`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Rope {
    /// In complex numbers of 128 bits.
    Default,
    /// As ComfyUI does.
    Comfy,
    /// As ComfyUI does, in two parts.
    ComfyChunked,
}

impl Rope {
    /// As in the table of coefficients.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::Comfy => "comfy",
            Self::ComfyChunked => "comfy_chunked",
        }
    }
}

/// What is to be computed. Sizes in pixels, weights in bytes.
#[derive(Clone, Debug)]
pub struct Request {
    /// The model.
    pub model: Model,
    /// Where text encoder and VAE are looked up.
    pub parts: Arc<[Model]>,
    /// What runs it.
    pub engine: Engine,
    /// This stage alone.
    pub stage: Option<Kind>,
    /// How the network stores its weights, if not as its file.
    pub precision: Option<Precision>,
    /// True if the weights are scaled or packed, so that layers are replaced.
    pub is_scaled: bool,
    /// Width and height.
    pub size: Option<(f64, f64)>,
    /// Frames; 1 for a picture.
    pub frames: Option<f64>,
    /// Tokens of a pass, instead of those that follow from the size.
    pub tokens: Option<f64>,
    /// Tokens of text.
    pub text_tokens: Option<f64>,
    /// Pictures that are given as references, of about a megapixel each.
    pub references: f64,
    /// Pictures or videos at once.
    pub batch: f64,
    /// True if every step has two passes.
    pub is_guided: bool,
    /// Blocks that the wrapper swaps, and those it fetches ahead.
    pub swap: Option<(f64, f64)>,
    /// Bytes of LoRAs that stay beside the weights.
    pub loras: f64,
    /// The wrapper's rotary embedding.
    pub rope: Rope,
    /// Uni3C; true if it stays on the card between steps.
    pub uni3c: Option<bool>,
    /// How the VAE computes.
    pub vae_precision: Option<Precision>,
    /// Width and height of the VAE's tiles; both 0 for the engine's own.
    pub tile: Option<(f64, f64)>,
    /// True if the text encoder runs on the CPU.
    pub is_encoder_on_cpu: bool,
    /// How the text encoder is stored.
    pub encoder_precision: Option<Precision>,
    /// Where weights are while they are not used, if not where the engine has them.
    pub offload: Option<Offload>,
    /// Cards that share the work.
    pub cards: f64,
}

/// Why a request makes no sense, and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub help: String,
}

impl Request {
    /// A request for a model with nothing else said.
    #[must_use]
    pub fn new(model: Model, engine: Engine, parts: Arc<[Model]>) -> Self {
        Self {
            is_scaled: model.is_scaled,
            model,
            parts,
            engine,
            stage: None,
            precision: None,
            size: None,
            frames: None,
            tokens: None,
            text_tokens: None,
            references: 0.0,
            batch: 1.0,
            is_guided: false,
            swap: None,
            loras: 0.0,
            rope: Rope::Comfy,
            uni3c: None,
            vae_precision: None,
            tile: None,
            is_encoder_on_cpu: false,
            encoder_precision: None,
            offload: None,
            cards: 1.0,
        }
    }

    /// The network, if it is one.
    #[must_use]
    pub const fn network(&self) -> Option<&'static Network> {
        match self.model.subject {
            Subject::Network(network) => Some(network),
            _ => None,
        }
    }

    /// The stages that are wanted.
    #[must_use]
    pub fn wants(&self, kind: Kind) -> bool {
        self.stage.is_none_or(|stage| stage == kind)
    }

    /// Frames, where a picture needs none to be named.
    #[must_use]
    pub fn frames(&self) -> f64 {
        self.frames.unwrap_or(1.0)
    }

    /// All that is wrong with it.
    #[must_use]
    pub fn refusals(&self) -> Vec<Refusal> {
        let mut found = Vec::new();
        let mut refuse = |message: String, help: &str| {
            found.push(Refusal { message, help: help.to_owned() });
        };
        self.sizes(&mut refuse);
        self.numbers(&mut refuse);
        self.engines(&mut refuse);
        found
    }

    fn sizes(&self, refuse: &mut impl FnMut(String, &str)) {
        let kinds = self.subject_kinds();
        if let Some(stage) = self.stage.filter(|stage| !kinds.contains(stage)) {
            let has = kinds.iter().map(|kind| format!("`{}`", kind.word())).collect::<Vec<_>>().join(", ");
            refuse(
                format!("`{}` has no stage `{}`", self.model.name, stage.word()),
                &format!("it has {has}"),
            );
        }
        let works = |kind: &Kind| self.wants(*kind);
        let needs_size = kinds.iter().filter(|kind| works(kind)).any(|kind| match kind {
            Kind::Sampling => self.tokens.is_none(),
            Kind::VaeEncode | Kind::VaeDecode => {
                self.tokens.is_none() || self.stage.is_some() || self.network().is_none()
            }
            _ => false,
        });
        let Some((width, height)) = self.size else {
            if needs_size {
                refuse("width and height are not known".into(), "add `--width` and `--height`, in pixels");
            }
            return;
        };
        for (name, side) in [("width", width), ("height", height)] {
            if !(16.0..=MAX_SIDE).contains(&side) {
                refuse(format!("{name} {side} is out of range"), "a side has 16 to 65536 pixels");
            }
        }
        let Some(network) = self.network() else {
            return self.frame_range(refuse);
        };
        let pixels = network.pixels;
        for (name, side) in [("width", width), ("height", height)] {
            if side % pixels != 0.0 && (16.0..=MAX_SIDE).contains(&side) {
                let below = (side / pixels).floor() * pixels;
                let above = below + pixels;
                let near = if below > 0.0 { format!("{below} and {above}") } else { format!("{above}") };
                refuse(
                    format!(
                        "{name} {side} is no multiple of {pixels}, the side of a token of {}",
                        network.name
                    ),
                    &format!("{near} would be"),
                );
            }
        }
        let is_video = network.stride > 1.0;
        match self.frames {
            None if is_video && needs_size => {
                refuse("the number of frames is not known".into(), "add `--frames`; 1 is a picture");
            }
            Some(frames) if !is_video && (frames - 1.0).abs() > 0.0 => refuse(
                format!("{} makes pictures, not {frames} frames", network.name),
                "leave `--frames` out; `--batch` is for several pictures",
            ),
            Some(frames) => {
                self.frame_range(refuse);
                let stride = network.stride;
                if (1.0..=MAX_FRAMES).contains(&frames) && (frames - 1.0) % stride != 0.0 {
                    let below = ((frames - 1.0) / stride).floor() * stride + 1.0;
                    refuse(
                        format!(
                            "{frames} frames are not {stride}n+1, which the latents of {} need",
                            network.name
                        ),
                        &format!("{below} and {} are", below + stride),
                    );
                }
            }
            None => {}
        }
    }

    fn frame_range(&self, refuse: &mut impl FnMut(String, &str)) {
        if let Some(frames) = self.frames.filter(|frames| !(1.0..=MAX_FRAMES).contains(frames)) {
            refuse(format!("{frames} frames are out of range"), "it must be 1 to 1000000");
        }
    }

    fn numbers(&self, refuse: &mut impl FnMut(String, &str)) {
        let mut within = |name: &str, value: Option<f64>, least: f64, most: f64| {
            if let Some(value) = value.filter(|value| !(least..=most).contains(value)) {
                let range = format!("it must be {least} to {most}");
                refuse(format!("{name} {value} is out of range"), &range);
            }
        };
        within("tokens", self.tokens, 1.0, 1e9);
        within("text tokens", self.text_tokens, 1.0, 1e6);
        within("references", Some(self.references), 0.0, 64.0);
        within("batch", Some(self.batch), 1.0, 4096.0);
        within("cards", Some(self.cards), 1.0, 1024.0);
        within("LoRAs of bytes", Some(self.loras), 0.0, MAX_BYTES);
        if let Some((blocks, ahead)) = self.swap {
            // The node takes more than a network has for all of them.
            within("block swap", Some(blocks), 0.0, 100.0);
            within("prefetch", Some(ahead), 0.0, 40.0);
        }
        if let Some((width, height)) = self.tile.filter(|tile| *tile != (0.0, 0.0)) {
            within("tile width", Some(width), 16.0, MAX_SIDE);
            within("tile height", Some(height), 16.0, MAX_SIDE);
        }
        if let Some(precision) = self.vae_precision.filter(|precision| !precision.is_full()) {
            refuse(
                format!("a VAE does not compute in {}", precision.name),
                "its precisions are fp32, fp16 and bf16",
            );
        }
    }

    /// Settings that the engine does not have.
    fn engines(&self, refuse: &mut impl FnMut(String, &str)) {
        let engine = self.engine.name();
        if self.engine != Engine::Wrapper {
            let settings = [
                ("block swap", self.swap.is_some()),
                ("a rope function", self.rope != Rope::Comfy),
                ("Uni3C", self.uni3c.is_some()),
            ];
            for (name, _) in settings.iter().filter(|(_, is_set)| *is_set) {
                refuse(format!("{engine} has no setting for {name}"), "`--engine wanvideowrapper` has it");
            }
        }
        if self.cards > 1.0 && self.engine != Engine::Reference {
            refuse(
                format!("{engine} runs a model on one card, not on {}", self.cards),
                "`--engine reference` is generate.py, which shares it among cards",
            );
        }
        self.heads(refuse);
        if self.cards > 1.0 && self.offload == Some(Offload::Sequential)
            || self.offload == Some(Offload::Sequential)
                && matches!(self.engine, Engine::Wrapper | Engine::Reference)
        {
            refuse(
                format!("{engine} does not load weights layer by layer"),
                "`--offload model` has one model on the card at a time",
            );
        }
        if self.loras > 0.0 && self.engine == Engine::Reference {
            refuse("generate.py loads no LoRAs".into(), "leave `--lora` out");
        }
        let wan = self.network().is_none_or(|network| network.encoder == "umt5-xxl-wan");
        if self.engine == Engine::Reference && !wan {
            refuse(
                format!("generate.py runs the models of Wan, not {}", self.model.name),
                "the engines `comfyui` and `diffusers` run others",
            );
        }
        if self.engine == Engine::Wrapper && !wan {
            refuse(
                format!("WanVideoWrapper runs the models of Wan, not {}", self.model.name),
                "the engines `comfyui` and `diffusers` run others",
            );
        }
    }

    /// Ulysses gives each card whole heads of attention.
    fn heads(&self, refuse: &mut impl FnMut(String, &str)) {
        let Some(network) = self.network().filter(|_| (2.0..=1024.0).contains(&self.cards)) else { return };
        let find = |kind| Coefficients::embedded().find(kind, self.engine.key(), network.name, "", None);
        let (Some(_), Some(head)) = (find("divided"), find("head")) else { return };
        let heads = network.hidden / head.amount.typical;
        let divides = |cards: f64| heads % cards == 0.0;
        if !divides(self.cards) {
            let cards = (2_u16..=1024).map(f64::from).filter(|cards| divides(*cards));
            let cards: Vec<String> = cards.map(|cards| cards.to_string()).collect();
            refuse(
                format!(
                    "{} cards do not divide the {heads} heads of {}, as Ulysses needs",
                    self.cards, network.name
                ),
                &format!("it runs on {} cards", cards.join(", ")),
            );
        }
    }

    /// The stages that a model has.
    fn subject_kinds(&self) -> &'static [Kind] {
        match self.model.subject {
            Subject::Network(_) => &[Kind::TextEncoder, Kind::VaeEncode, Kind::Sampling, Kind::VaeDecode],
            Subject::Vae => &[Kind::VaeEncode, Kind::VaeDecode],
            Subject::Encoder => &[Kind::TextEncoder],
            Subject::Vision => &[Kind::Vision],
        }
    }
}

impl Kind {
    /// As in JSON: `vae_decode`.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::TextEncoder => "text_encoder",
            Self::Vision => "vision",
            Self::VaeEncode => "vae_encode",
            Self::Sampling => "sampling",
            Self::VaeDecode => "vae_decode",
            Self::AudioDecode => "audio_decode",
            Self::Other => "other",
        }
    }
}
