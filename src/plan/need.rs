//! What a step needs of a card's memory, by engine: the formulas. All amounts are bytes.

use super::amount::Amount;
use super::coefficients::{Basis, Coefficient, Coefficients};
use super::network::{Network, Precision};
use crate::catalog::Gpu;

/// What runs the networks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Engine {
    /// ComfyUI's own nodes.
    Native,
    /// WanVideoWrapper's nodes.
    #[serde(rename = "wanvideowrapper")]
    Wrapper,
    /// Wan's own `generate.py`.
    Reference,
    /// The diffusers library, and what is built on it.
    Diffusers,
}

impl Engine {
    /// The engines.
    pub const ALL: [Self; 4] = [Self::Native, Self::Wrapper, Self::Reference, Self::Diffusers];

    /// Its name in the table of coefficients.
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Self::Native => "native",
            Self::Wrapper => "wrapper",
            Self::Reference => "reference",
            Self::Diffusers => "diffusers",
        }
    }

    /// Its name for people.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Native => "ComfyUI",
            Self::Wrapper => "WanVideoWrapper",
            Self::Reference => "generate.py",
            Self::Diffusers => "diffusers",
        }
    }
}

/// What a step does, as far as memory is concerned.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A text encoder, with what reads pictures for it.
    TextEncoder,
    /// An image encoder, such as CLIP Vision.
    Vision,
    /// Pictures to latents.
    VaeEncode,
    /// The diffusion network.
    Sampling,
    /// Latents to pictures.
    VaeDecode,
    /// Latents or spectra to sound.
    AudioDecode,
    /// Detectors, upscalers, interpolation.
    Other,
}

impl Kind {
    /// For people: `text encoder`, `VAE decode`, …
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::TextEncoder => "text encoder",
            Self::Vision => "image encoder",
            Self::VaeEncode => "VAE encode",
            Self::Sampling => "sampling",
            Self::VaeDecode => "VAE decode",
            Self::AudioDecode => "audio decode",
            Self::Other => "other model",
        }
    }

    const fn allocator(self) -> &'static str {
        match self {
            Self::Sampling | Self::Other | Self::Vision => "sampling",
            Self::VaeEncode | Self::VaeDecode => "vae",
            Self::TextEncoder | Self::AudioDecode => "text",
        }
    }
}

/// What a step needs.
#[derive(Clone, Debug)]
pub struct Need {
    /// What it does.
    pub kind: Kind,
    /// What runs it.
    pub engine: Engine,
    /// All weights of what runs.
    pub weights: Amount,
    /// The weights that are on the card at least, as the settings have it.
    pub resident: Amount,
    /// What streaming the other weights takes beside.
    pub buffers: Amount,
    /// Live tensors while it runs.
    pub activations: Amount,
    /// The same where the card has room and the engine uses it: both passes of guidance at once.
    pub roomy: Amount,
    /// The worst that it rests on.
    pub basis: Basis,
    /// What decides it, in words: tokens, blocks that are swapped, tiles.
    pub notes: Vec<String>,
    /// What tells the models apart that are loaded: a file.
    pub model: String,
    /// What coefficients call it: a network, the family of a VAE or of a text encoder; empty for others.
    pub family: String,
    /// What its time grows with: pixels of all frames for a VAE, tokens for encoders; 0 for others.
    pub units: f64,
}

impl Need {
    /// The least that it allocates, with everything off the card that the settings allow.
    #[must_use]
    pub fn least(&self) -> Amount {
        self.resident + self.buffers + self.activations
    }

    /// What it allocates with all its weights on the card.
    #[must_use]
    pub fn without_streaming(&self) -> Amount {
        self.weights + self.roomy
    }
}

/// One peak in the three measures, which must never be mixed. Bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, serde::Serialize, schemars::JsonSchema)]
pub struct Peak {
    /// Live tensors: `torch.cuda.max_memory_allocated`.
    pub allocated: Amount,
    /// What torch keeps from the driver: `torch.cuda.max_memory_reserved`.
    pub reserved: Amount,
    /// What `nvidia-smi` shows for the process: reserved, and the CUDA context.
    pub device: Amount,
}

impl Peak {
    /// The greater one, measure by measure.
    #[must_use]
    pub const fn max(self, other: Self) -> Self {
        Self {
            allocated: self.allocated.max(other.allocated),
            reserved: self.reserved.max(other.reserved),
            device: self.device.max(other.device),
        }
    }
}

/// The weights of a network.
#[derive(Clone, Copy, Debug)]
pub struct Weights {
    /// Bytes of all of them.
    pub bytes: Amount,
    /// How they are stored.
    pub precision: Option<Precision>,
    /// `Exact` if the file's size is known.
    pub basis: Basis,
}

/// A diffusion network that samples.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub struct Sampling {
    /// What runs it.
    pub engine: Engine,
    /// The network.
    pub network: &'static Network,
    /// Its weights.
    pub weights: Weights,
    /// All tokens of one pass, with those of references, text and sound.
    pub tokens: f64,
    /// Those of the video alone.
    pub video_tokens: f64,
    /// Pictures at once, whose tokens these are; 1 for a video.
    pub batch: f64,
    /// True if it is guided: two passes a step.
    pub is_guided: bool,
    /// Blocks that the wrapper keeps off the card, as set, and those it fetches ahead.
    pub swap: Option<(f64, f64)>,
    /// The wrapper's way to rotate positions: `comfy`, `comfy_chunked`, `default`.
    pub rope: &'static str,
    /// True if the wrapper computes modulation in 32 bits, or under autocast.
    pub is_fp32: Option<bool>,
    /// True if the feed-forward network is computed in parts.
    pub is_chunked: bool,
    /// LoRAs that stay beside the weights, in bytes.
    pub loras: Amount,
    /// True if LoRAs or scaled weights make the wrapper replace its layers, which then swaps as many blocks as it is told.
    pub is_patched: bool,
    /// Uni3C: its weights in bytes, and whether it is kept off the card between steps.
    pub uni3c: Option<(f64, bool)>,
    /// VACE layers whose hints stay on the card.
    pub hints: f64,
    /// True if a cache of residuals stays on the card.
    pub is_cached: bool,
}

/// What networks run on, as far as it decides how much memory they take.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Setup {
    /// The card's compute capability, such as 8.9; nothing if it is not known.
    pub capability: Option<f64>,
    /// The version of torch; nothing if it is not known.
    pub torch: Option<Torch>,
}

impl Setup {
    /// A card, and what torch is called that runs on it: `2.9.1+cu130`.
    #[must_use]
    pub fn of(card: Option<&Gpu>, torch: Option<&str>) -> Self {
        Self { capability: card.and_then(Gpu::capability), torch: torch.and_then(Torch::parse) }
    }
}

/// A version of torch, as far as it matters: `2.9`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Torch {
    major: u16,
    minor: u16,
}

impl Torch {
    /// The version that a text names: `2.9`, `2.9.1+cu130`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.trim().split(['.', '+']);
        let mut part = || parts.next()?.parse().ok();
        Some(Self { major: part()?, minor: part()? })
    }

    /// As coefficients name it.
    pub(super) fn case(self) -> String {
        format!("{}.{}", self.major, self.minor)
    }
}

/// Computes needs from a table of coefficients, as of a day.
#[derive(Clone, Copy, Debug)]
pub struct Calculator<'c> {
    /// The table.
    pub coefficients: &'c Coefficients,
    /// The day of the code that runs, such as `2025-09-24`; nothing is today's.
    pub as_of: Option<&'c str>,
    /// What it runs on.
    pub setup: Setup,
}

impl Default for Calculator<'_> {
    fn default() -> Self {
        Self { coefficients: Coefficients::embedded(), as_of: None, setup: Setup::default() }
    }
}

/// Bytes of a row for something that has so many units, of hidden states of this width.
pub(super) fn bytes(row: &Coefficient, units: f64, hidden: f64) -> Amount {
    let unit = if row.unit == "U" { hidden * 2.0 } else { 1.0 };
    row.amount * (unit * units) + Amount::exact(row.fixed)
}

impl Calculator<'_> {
    pub(super) fn find(&self, kind: &str, engine: Engine, subject: &str, case: &str) -> Option<&Coefficient> {
        self.coefficients.find(kind, engine.key(), subject, case, self.as_of)
    }

    /// The peak in all measures of a step that holds so many bytes of weights and of live tensors, while torch keeps `cached`
    /// bytes that it cannot use. `is_sequential`: the cache is emptied at every layer.
    #[must_use]
    pub(super) fn peak(
        &self,
        weights: Amount,
        activations: Amount,
        of: &Need,
        cached: Amount,
        is_sequential: bool,
    ) -> Peak {
        let allocated = weights + activations;
        let case = if is_sequential { "sequential" } else { of.kind.allocator() };
        let reserved = match self.find("reserved", of.engine, &of.family, case) {
            // Weights that lie still leave no holes but those that are told.
            Some(row) if row.unit == "activations" => weights + activations * row.amount,
            Some(row) => allocated * row.amount,
            None => allocated,
        };
        let reserved = reserved + cached;
        let context = self.find("context", of.engine, "*", "").map_or(Amount::ZERO, |row| row.amount);
        Peak { allocated, reserved, device: reserved + context }
    }

    /// What torch reserves for the tensors of a need beyond its weights.
    pub(super) fn reserved_for_tensors(&self, of: &Need) -> Amount {
        match self.find("reserved", of.engine, &of.family, of.kind.allocator()) {
            Some(row) if row.unit == "activations" => of.activations * row.amount,
            _ => of.activations,
        }
    }

    /// What the weights of a need leave unused between them.
    pub(super) fn holes(&self, of: &Need) -> Amount {
        let row = self.find("holes", of.engine, &of.family, "");
        row.map_or(Amount::ZERO, |row| of.resident * row.amount.map(|ratio| ratio - 1.0))
    }

    /// Live tensors of one pass of a network.
    #[must_use]
    pub fn activations(&self, of: &Sampling) -> (Amount, Basis) {
        let fp32 = of.is_fp32.unwrap_or_default();
        let case = match (of.engine, of.is_chunked) {
            (Engine::Wrapper, _) => format!("{}{}", of.rope, if fp32 { " fp32" } else { "" }),
            (_, true) => "chunked".to_owned(),
            (_, false) => String::new(),
        };
        let row = self.find("activation", of.engine, of.network.name, &case);
        let row = row.or_else(|| self.find("activation", of.engine, of.network.name, ""));
        let Some(row) = row else { return (Amount::ZERO, Basis::Assumed) };
        let mut sum = bytes(row, of.tokens, of.network.hidden);
        if let Some(held) = self.find("held", of.engine, of.network.name, "") {
            sum += bytes(held, of.tokens, of.network.hidden);
        }
        sum += self.scores(of);
        // Whether the modulation is in 32 bits is not always known.
        let is_open = of.engine == Engine::Wrapper && of.is_fp32.is_none();
        let other = self.find("activation", of.engine, of.network.name, &format!("{case} fp32"));
        if let Some(other) = other.filter(|_| is_open) {
            sum.high = sum.high.max(bytes(other, of.tokens, of.network.hidden).high);
        }
        let mut add = |kind: &str, case: &str, units: f64| {
            if let Some(row) = self.find(kind, of.engine, of.network.name, case) {
                sum += bytes(row, units, of.network.hidden);
            }
        };
        if let Some((_, is_offloaded)) = of.uni3c {
            add("uni3c", if is_offloaded { "offloaded" } else { "" }, of.video_tokens);
        }
        if of.hints > 0.0 {
            add("hint", "", of.hints * of.video_tokens);
        }
        if of.is_cached {
            add("cache", "", of.tokens * if of.is_guided { 2.0 } else { 1.0 });
        }
        (sum, row.basis)
    }

    /// True on a card that is known to have no kernels of attention that do without scores.
    #[must_use]
    pub fn keeps_scores(&self) -> bool {
        let newest = || self.number("flash_attention", Engine::Native, "*", "").unwrap_or_default();
        self.setup.capability.is_some_and(|capability| capability < newest())
    }

    /// The scores of attention, which old cards may have to keep: they grow with the square of the tokens.
    fn scores(&self, of: &Sampling) -> Amount {
        let head = self.number("head", of.engine, "*", "");
        let row = self.find("scores", of.engine, of.network.name, "");
        match row.zip(head) {
            Some((row, head)) if self.keeps_scores() => {
                // Several pictures at once do not look at one another.
                let pairs = (of.tokens / of.batch).powi(2) * of.batch;
                row.amount * (pairs * (of.network.hidden / head).max(1.0))
            }
            _ => Amount::ZERO,
        }
    }

    /// What sampling needs.
    #[must_use]
    pub fn sampling(&self, of: &Sampling) -> Need {
        let (activations, basis) = self.activations(of);
        let network = of.network;
        let mut notes = vec![format!("{} tokens", grouped(of.tokens))];
        let uni3c = of.uni3c.map_or(0.0, |(bytes, _)| bytes);
        let (weights, resident, buffers) = match of.engine {
            Engine::Wrapper => {
                let (weights, resident, buffers) = swapped(of, &mut notes);
                // Its blocks run between the network's, wherever they are kept.
                let control = Amount { low: 0.0, typical: uni3c, high: uni3c };
                (weights + Amount::exact(uni3c), resident + control, buffers)
            }
            Engine::Native => (of.weights.bytes, Amount::ZERO, self.layers(of.engine, network)),
            Engine::Reference | Engine::Diffusers => {
                let weights = of.weights.bytes + of.loras;
                (weights, weights, Amount::ZERO)
            }
        };
        let scores = self.scores(of);
        if scores.high > 0.0 {
            notes.push(format!(
                "up to {} of attention's scores, if the card keeps them as old ones may",
                size(scores.high)
            ));
        }
        if of.loras.high > 0.0 {
            notes.push(format!("LoRAs of {} beside the weights", size(of.loras.typical)));
        }
        let passes = if of.is_guided && of.engine == Engine::Native { 2.0 } else { 1.0 };
        Need {
            kind: Kind::Sampling,
            engine: of.engine,
            weights,
            resident,
            buffers,
            activations,
            roomy: Amount { high: activations.high * passes, ..activations },
            basis: basis.max(of.weights.basis),
            notes,
            model: String::new(),
            family: network.name.to_owned(),
            units: 0.0,
        }
    }

    /// The layers that are on the card at once while all weights are streamed.
    pub(super) fn layers(&self, engine: Engine, network: &Network) -> Amount {
        let layers = self.find("weights", engine, network.name, "largest layer");
        layers.map_or(Amount::ZERO, |row| row.amount * network.widest_layer())
    }

    /// A number of the table; nothing if it has none.
    pub(super) fn number(&self, kind: &str, engine: Engine, subject: &str, case: &str) -> Option<f64> {
        self.find(kind, engine, subject, case).map(|row| row.amount.typical)
    }

    /// What is assumed of a model that nobody knows.
    pub(super) fn unknown(&self, what: &str) -> Amount {
        self.find("unknown", Engine::Native, "*", what).map_or(Amount::ZERO, |row| row.amount)
    }

    /// What an encoder of text needs; `pixels` are those of pictures that it reads.
    #[must_use]
    pub fn text(&self, of: &Text<'_>) -> Need {
        let row = self.find("text", of.engine, of.family, "");
        let (mut activations, basis) =
            row.map_or((Amount::ZERO, Basis::Assumed), |row| (bytes(row, of.tokens, 0.0), row.basis));
        for (kind, units) in [("vision", of.pixels), ("projection", of.tokens)] {
            if let Some(row) = self.find(kind, of.engine, of.family, "") {
                activations = if kind == "vision" {
                    activations + bytes(row, units, 0.0)
                } else {
                    activations.max(bytes(row, units, 0.0))
                };
            }
        }
        let streams = of.engine == Engine::Native;
        let largest = Amount::exact(of.largest);
        Need {
            kind: of.kind,
            engine: of.engine,
            weights: of.weights,
            resident: if streams { Amount::ZERO } else { of.weights },
            buffers: if streams { largest } else { Amount::ZERO },
            activations,
            roomy: activations,
            basis,
            notes: vec![format!("{} tokens of text", grouped(of.tokens))],
            model: String::new(),
            family: of.family.to_owned(),
            units: of.tokens,
        }
    }

    /// What a network of which nothing but its weights is known needs.
    #[must_use]
    pub fn other(&self, weights: Amount) -> Need {
        let row = self.find("other", Engine::Native, "*", "");
        let activations = row.map_or(Amount::ZERO, |row| row.amount);
        Need {
            kind: Kind::Other,
            engine: Engine::Native,
            weights,
            resident: weights,
            buffers: Amount::ZERO,
            activations,
            roomy: activations,
            basis: Basis::Assumed,
            notes: Vec::new(),
            model: String::new(),
            family: String::new(),
            units: 0.0,
        }
    }
}

/// Weights, those that stay on the card, and buffers, where the wrapper swaps blocks.
fn swapped(of: &Sampling, notes: &mut Vec<String>) -> (Amount, Amount, Amount) {
    let network = of.network;
    let full = Amount::exact(2.0);
    let stored = of.weights.precision.map_or(full, |precision| precision.bytes);
    // Blocks are stored as they were loaded, the rest in the base precision of 16 bits.
    let block = stored * network.block_params;
    let rest = full * network.rest_params;
    let whole = block * network.blocks + rest + of.loras;
    let Some((told, ahead)) = of.swap else { return (whole, whole, Amount::ZERO) };
    let told = told.clamp(0.0, network.blocks);
    // Where layers are not replaced, one block fewer is moved than told.
    let swapped = if of.is_patched { told } else { (told - 1.0).max(0.0) };
    notes.push(format!("{swapped} of {} blocks swapped", network.blocks));
    let kept = network.blocks - swapped;
    let ahead = if swapped > 0.0 { (1.0 + ahead).min(swapped) } else { 0.0 };
    let loras = of.loras * (kept / network.blocks);
    let moved = of.loras * (ahead / network.blocks);
    (whole, block * kept + rest + loras, block * ahead + moved)
}

/// An encoder of text at work.
#[derive(Clone, Copy, Debug)]
pub struct Text<'a> {
    /// Text encoder or image encoder.
    pub kind: Kind,
    /// What runs it.
    pub engine: Engine,
    /// Its family, as in the catalog of models.
    pub family: &'a str,
    /// Tokens at once.
    pub tokens: f64,
    /// Pixels of pictures that it reads.
    pub pixels: f64,
    /// Bytes of its weights.
    pub weights: Amount,
    /// Bytes of its largest tensor: the embeddings.
    pub largest: f64,
}

/// A number of which the whole part can be written.
pub trait Whole {
    /// Its digits.
    fn digits(self) -> String;
}

impl Whole for f64 {
    fn digits(self) -> String {
        format!("{self:.0}")
    }
}

impl Whole for usize {
    fn digits(self) -> String {
        self.to_string()
    }
}

/// `73,920`: a whole number, or one that is rounded to it.
#[must_use]
pub fn grouped(number: impl Whole) -> String {
    let digits = number.digits();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `21.1 GiB`, `730 MiB`
#[must_use]
pub fn size(bytes: f64) -> String {
    const MIB: f64 = 1024.0 * 1024.0;
    if bytes < 1000.0 * MIB {
        format!("{:.0} MiB", bytes / MIB)
    } else {
        format!("{:.1} GiB", bytes / MIB / 1024.0)
    }
}
