//! What a request needs: its stages, one after the other, as the engine runs them.

use super::amount::Amount;
use super::coefficients::Basis;
use super::need::{Calculator, Engine, Kind, Need, Peak, Sampling, Text, Weights, size};
use super::network::{Network, Precision};
use super::request::{Model, Offload, Request, Rope, Subject};
use super::vae::Vae;
use super::verdict::{self, Budget, Verdict};

/// A stage of a run.
#[derive(Clone, Debug)]
pub struct Stage {
    /// What its own model needs.
    pub need: Need,
    /// What else is on the card meanwhile: other models, and what a group of cards holds in common.
    pub others: Amount,
    /// The same where the engine keeps models for as long as there is room.
    pub kept: Amount,
    /// Its peak with everything off the card that the settings allow.
    pub least: Peak,
    /// Its peak with all weights on the card.
    pub without_streaming: Peak,
}

/// What a request needs.
#[derive(Clone, Debug)]
pub struct Run {
    /// The stages, in the order in which they run.
    pub stages: Vec<Stage>,
    /// The least that a card must have: measure by measure the greatest of the stages.
    pub least: Peak,
    /// What it takes to stream no weights.
    pub without_streaming: Peak,
    /// Main memory for the weights that are off the card, and the pictures. Bytes.
    pub ram: Amount,
    /// What was taken for granted.
    pub notes: Vec<String>,
}

/// A setting that would need less.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// What to set.
    pub what: String,
    /// The least that a card must have then, in bytes as `nvidia-smi` shows them.
    pub device: Amount,
}

impl Run {
    /// The stage that decides the least peak.
    #[must_use]
    pub fn tightest(&self) -> Option<&Stage> {
        self.stages
            .iter()
            .max_by(|one, other| one.least.device.typical.total_cmp(&other.least.device.typical))
    }

    /// The worst that the peak rests on: what the stage that decides it rests on.
    #[must_use]
    pub fn basis(&self) -> Basis {
        self.tightest().map_or(Basis::Assumed, |stage| stage.need.basis)
    }

    /// Whether it fits.
    #[must_use]
    pub fn verdict(&self, budget: Budget) -> Verdict {
        let is_streamed = self.stages.iter().any(|stage| stage.need.is_streamed());
        verdict::compare(&self.least, &self.without_streaming, is_streamed, budget)
    }
}

/// The parts that a request is made of.
pub(super) struct Parts {
    vae: Option<Model>,
    encoder: Option<Model>,
    /// Bytes of the VAE's weights.
    pub(super) vae_weights: Amount,
    /// Bytes of the text encoder's weights.
    pub(super) encoder_weights: Amount,
    itemsize: f64,
}

impl Calculator<'_> {
    /// What a request needs. Requests with [refusals](Request::refusals) give numbers that mean nothing.
    #[must_use]
    pub fn run(&self, of: &Request) -> Run {
        let parts = self.parts(of);
        let mut notes = Vec::new();
        let mut needs = self.needs(of, &parts, &mut notes);
        let others: Vec<[Amount; 2]> = match of.engine {
            Engine::Native => Self::native(of, &mut needs),
            Engine::Wrapper => both(self.wrapper(of, &needs)),
            Engine::Reference => both(self.reference(of, &parts, &mut needs, &mut notes)),
            Engine::Diffusers => both(self.diffusers(of, &parts, &mut needs)),
        };
        let cached = self.cached(of, &needs);
        let stages: Vec<Stage> = needs
            .into_iter()
            .zip(others)
            .zip(cached)
            .filter(|((need, _), _)| of.wants(need.kind))
            .map(|((need, others), cached)| self.stage(of, need, others, cached))
            .collect();
        let greatest = |peak: fn(&Stage) -> Peak| stages.iter().map(peak).fold(Peak::default(), Peak::max);
        let least = greatest(|stage| stage.least);
        let without_streaming = greatest(|stage| stage.without_streaming);
        let ram = self.ram(of, &stages);
        Run { stages, least, without_streaming, ram, notes }
    }

    fn stage(&self, of: &Request, need: Need, [others, kept]: [Amount; 2], cached: Amount) -> Stage {
        let is_sequential = of.engine == Engine::Diffusers && of.offload == Some(Offload::Sequential);
        let peak = |weights, activations| self.peak(weights, activations, &need, cached, is_sequential);
        let least = peak(need.resident + need.buffers + others, need.activations);
        let without_streaming = peak(need.weights + kept, need.roomy);
        Stage { need, others, kept, least, without_streaming }
    }

    /// For every need what torch keeps besides: holes between weights, and of models that all stay on the card what earlier
    /// ones took for their tensors. Where models take turns, the cache is emptied between them.
    fn cached(&self, of: &Request, needs: &[Need]) -> Vec<Amount> {
        if of.engine != Engine::Diffusers || of.offload == Some(Offload::Sequential) {
            return vec![Amount::ZERO; needs.len()];
        }
        if of.offload != Some(Offload::None) {
            return needs.iter().map(|need| self.holes(need)).collect();
        }
        let holes: Amount = needs.iter().map(|need| self.holes(need)).sum();
        let share = self.find("carried", of.engine, "*", "").map_or(Amount::ZERO, |row| row.amount);
        let freed = of.network().map_or(0.0, |network| self.freed(of, network));
        let mut earlier = Amount::ZERO;
        let mut cached = Vec::new();
        for need in needs {
            let tensors = self.reserved_for_tensors(need);
            let kept = holes + earlier * share;
            let unused = |kept: f64, holes: f64, tensors: f64| kept.max(freed + holes - tensors);
            cached.push(Amount {
                low: kept.low,
                typical: unused(kept.typical, holes.typical, tensors.typical),
                high: unused(kept.high, holes.high, tensors.high),
            });
            earlier += tensors;
        }
        cached
    }

    /// Diffusers loads in 16 bits what it stores in 8. If that was on the card already, the cache keeps what became free.
    fn freed(&self, of: &Request, network: &Network) -> f64 {
        let stored = self.stored(of, network);
        let is_fp8 = stored.precision.is_some_and(|precision| precision.name == "fp8");
        if is_fp8 { network.params().mul_add(2.0, -stored.bytes.typical) } else { 0.0 }
    }

    fn parts(&self, of: &Request) -> Parts {
        let network = of.network();
        let family = |family: &str| Model::part(family, &of.parts);
        let vae = match of.model.subject {
            Subject::Vae => Some(of.model.clone()),
            _ => network.and_then(|network| family(network.vae)),
        };
        let encoder = match of.model.subject {
            Subject::Encoder | Subject::Vision => Some(of.model.clone()),
            _ => network.filter(|_| !of.is_encoder_on_cpu).and_then(|network| family(network.encoder)),
        };
        let itemsize = of.vae_precision.map(|precision| precision.bytes.typical);
        let itemsize = itemsize.or_else(|| self.number("vae_number", of.engine, "*", "")).unwrap_or(2.0);
        let vae_weights = vae.as_ref().map_or(Amount::ZERO, |vae| {
            let known = self.find("vae_weights", of.engine, &vae.family, "").map(|row| row.amount);
            let counted = vae.params.map(|params| Amount::exact(params * itemsize));
            known.or(counted).unwrap_or_else(|| self.unknown("vae"))
        });
        let encoder = encoder.map(|encoder| {
            let alone = !matches!(of.model.subject, Subject::Network(_));
            let wanted = of.encoder_precision.or_else(|| of.precision.filter(|_| alone));
            let full = || Precision::told_by("bf16");
            let wanted = wanted.or_else(|| full().filter(|_| of.engine == Engine::Reference));
            if wanted.is_some() || encoder.bytes.is_none() {
                // Files of ComfyUI are packed otherwise than what diffusers makes of those of 16 bits.
                let parts = if of.engine == Engine::Diffusers { &[][..] } else { &of.parts[..] };
                encoder.stored(wanted, parts)
            } else {
                encoder
            }
        });
        let encoder_weights = encoder.as_ref().map_or(Amount::ZERO, |encoder| {
            let beside = self.find("projection_weights", of.engine, &encoder.family, "");
            weights(encoder, self.unknown("network")) + beside.map_or(Amount::ZERO, |row| row.amount)
        });
        Parts { vae, encoder, vae_weights, encoder_weights, itemsize }
    }

    /// What the stages need by themselves.
    fn needs(&self, of: &Request, parts: &Parts, notes: &mut Vec<String>) -> Vec<Need> {
        let mut needs = Vec::new();
        if let Some(encoder) = &parts.encoder {
            needs.push(self.encode_text(of, encoder, parts.encoder_weights));
        }
        let network = of.network();
        let encoded = self.encoded(of);
        if let (Some(vae), Some((width, height)), true) = (&parts.vae, of.size, encoded > 0.0) {
            // References are brought to about a megapixel each.
            let is_reference = network.is_some_and(|network| network.stride <= 1.0);
            let size = if is_reference { (1024.0, 1024.0) } else { (width, height) };
            needs.push(self.convert(of, vae, parts, (size.0, size.1, encoded), false));
        }
        if let Some(network) = network {
            needs.push(self.sample(of, network));
        }
        match (&parts.vae, of.size) {
            (Some(vae), Some((width, height))) => {
                needs.push(self.convert(of, vae, parts, (width, height, of.frames()), true));
            }
            (Some(_), None) if of.stage.is_none() => {
                notes.push("the VAE's stages need `--width` and `--height`".to_owned());
            }
            _ => {}
        }
        needs
    }

    /// Frames that the VAE encodes.
    fn encoded(&self, of: &Request) -> f64 {
        let Some(network) = of.network() else { return of.frames() };
        let row = self.find("encoded", of.engine, network.name, "");
        let frames = row.map_or(0.0, |row| row.per_frame.mul_add(of.frames(), row.amount.typical));
        if of.references > 0.0 || of.stage == Some(Kind::VaeEncode) { frames.max(1.0) } else { frames }
    }

    fn encode_text(&self, of: &Request, encoder: &Model, bytes: Amount) -> Need {
        let is_vision = of.model.subject == Subject::Vision;
        // The encoder sees references at about a megapixel, a token for every square of 28 pixels.
        let reads = of.network().is_some_and(|network| network.name == "qwen-image-edit");
        let pixels = if reads { self.reference_pixels() * of.references } else { 0.0 };
        let text = of.text_tokens.unwrap_or_else(|| self.text_tokens(&encoder.family));
        let tokens = text + self.vision_tokens(pixels);
        let mut need = self.text(&Text {
            kind: if is_vision { Kind::Vision } else { Kind::TextEncoder },
            engine: of.engine,
            family: &encoder.family,
            tokens: if is_vision { of.batch } else { tokens * of.batch },
            pixels,
            weights: bytes,
            largest: encoder.largest(),
        });
        need.model.clone_from(&encoder.name);
        need.notes.push(stored(encoder, bytes));
        need
    }

    fn convert(
        &self,
        of: &Request,
        vae: &Model,
        parts: &Parts,
        (width, height, frames): (f64, f64, f64),
        is_decode: bool,
    ) -> Need {
        let own = self.number("tile", of.engine, "*", "").unwrap_or(512.0);
        let tile = of.tile.map(|(width, height)| if width > 0.0 { (width, height) } else { (own, own) });
        let family = if vae.family.starts_with("ltx2") { "ltx2-vae" } else { &vae.family };
        let mut need = self.vae(&Vae {
            engine: of.engine,
            family,
            is_decode,
            width,
            height,
            frames,
            tile,
            itemsize: parts.itemsize,
            weights: parts.vae_weights,
        });
        if frames <= 1.0 && of.batch > 1.0 {
            // How many pictures go through at once is the engine's choice.
            let all = need.activations * of.batch;
            need.activations = Amount { low: need.activations.low, ..all };
            need.roomy = need.activations;
        }
        need.model.clone_from(&vae.name);
        let bits = parts.itemsize * 8.0;
        need.notes.push(format!("in {bits} bits"));
        need
    }

    /// The bytes of the network's weights, and how they are stored.
    pub(super) fn stored(&self, of: &Request, network: &Network) -> Weights {
        let precision = of.precision.or(of.model.precision);
        let case = if self.is_sharded(of, network) { "sharded" } else { "" };
        if of.engine == Engine::Reference {
            let wide = precision.filter(|precision| precision.bytes.typical >= 4.0).map(|_| 4.0);
            let bytes = wide.or_else(|| self.number("stored", of.engine, network.name, case)).unwrap_or(2.0);
            let told = if bytes >= 4.0 { "fp32" } else { "bf16" };
            return Weights {
                bytes: Amount::exact(bytes * network.params()),
                precision: Precision::told_by(told),
                basis: Basis::Counted,
            };
        }
        let own = of.model.bytes.filter(|_| {
            let told = of.precision.map(|precision| precision.name);
            told.is_none() || told == of.model.precision.map(|precision| precision.name)
        });
        match (own, precision) {
            (Some(bytes), _) => Weights { bytes: Amount::exact(bytes), precision, basis: Basis::Exact },
            (None, Some(stored)) => {
                let basis = if stored.is_full() { Basis::Exact } else { Basis::Counted };
                Weights { bytes: network.weights(stored), precision, basis }
            }
            (None, None) => {
                let bytes = Amount { low: 1.0, typical: 2.0, high: 2.0 } * network.params();
                Weights { bytes, precision: None, basis: Basis::Counted }
            }
        }
    }

    fn sample(&self, of: &Request, network: &'static Network) -> Need {
        let (width, height) = of.size.unwrap_or_default();
        let frames = of.frames();
        let video_tokens = network.tokens_of_frame(width, height) * network.latent_frames(frames);
        let text = if network.text > 0.0 { of.text_tokens.unwrap_or(network.text) } else { 0.0 };
        let of_references = network.tokens_of_frame(1024.0, 1024.0) * of.references;
        let counted =
            network.tokens(width, height, frames) + text + self.audio_tokens(network, frames) + of_references;
        let tokens = of.tokens.unwrap_or(counted);
        let weights = self.stored(of, network);
        let is_fp8 = weights.precision.is_some_and(|precision| precision.name == "fp8");
        let mut need = self.sampling(&Sampling {
            engine: of.engine,
            network,
            weights,
            // Pictures or videos at once multiply what is alive, as tokens do.
            tokens: tokens * of.batch,
            video_tokens: of.tokens.unwrap_or(video_tokens) * of.batch,
            batch: of.batch,
            is_guided: of.is_guided,
            swap: of.swap.filter(|(blocks, _)| *blocks > 0.0),
            rope: of.rope.name(),
            is_fp32: is_fp8.then_some(true),
            is_chunked: false,
            loras: Amount::exact(of.loras),
            is_patched: of.is_scaled || of.loras > 0.0,
            uni3c: of
                .uni3c
                .map(|is_kept| (self.number("uni3c_weights", of.engine, "*", "").unwrap_or(2e9), !is_kept)),
            hints: 0.0,
            is_cached: false,
        });
        network.name.clone_into(&mut need.model);
        if weights.precision.is_none() {
            need.notes.push("8 or 16 bits a parameter, as no dtype is named".to_owned());
        }
        need
    }

    /// ComfyUI keeps models of other stages for as long as there is room, and for good with `--highvram`.
    fn native(of: &Request, needs: &mut [Need]) -> Vec<[Amount; 2]> {
        let others = others(needs);
        if of.offload == Some(Offload::None) {
            for need in needs {
                need.resident = need.weights;
                need.buffers = Amount::ZERO;
            }
            return both(others);
        }
        let kept = |others: Amount| [Amount::ZERO, Amount { low: 0.0, typical: 0.0, high: others.high }];
        others.into_iter().map(kept).collect()
    }

    /// The wrapper's nodes send models away, unless told not to; between windows the VAE works beside the network.
    fn wrapper(&self, of: &Request, needs: &[Need]) -> Vec<Amount> {
        if of.offload == Some(Offload::None) {
            return others(needs);
        }
        let window = of.network().and_then(|network| self.find("window", of.engine, network.name, ""));
        let network = needs.iter().find(|need| need.kind == Kind::Sampling).map(|need| need.resident);
        let beside = window.zip(network).map_or(Amount::ZERO, |(row, resident)| resident * row.amount);
        let is_vae = |need: &Need| matches!(need.kind, Kind::VaeEncode | Kind::VaeDecode);
        needs.iter().map(|need| if is_vae(need) { beside } else { Amount::ZERO }).collect()
    }

    fn diffusers(&self, of: &Request, parts: &Parts, needs: &mut [Need]) -> Vec<Amount> {
        if of.offload == Some(Offload::None) {
            return others(needs);
        }
        if of.offload == Some(Offload::Sequential) {
            let layers = of.network().map_or(Amount::ZERO, |network| self.layers(of.engine, network));
            let largest = parts.encoder.as_ref().map_or(0.0, Model::largest);
            for need in needs.iter_mut() {
                match need.kind {
                    Kind::Sampling => need.buffers = layers,
                    // Its embeddings are one layer.
                    Kind::TextEncoder => need.buffers = Amount::exact(largest),
                    _ => {}
                }
                need.resident = Amount::ZERO;
            }
        }
        vec![Amount::ZERO; needs.len()]
    }

    /// Other settings that would need less, the most effective first.
    #[must_use]
    pub fn changes(&self, of: &Request) -> Vec<Change> {
        let now = self.run(of).least.device.typical;
        // What spares less is not worth a line.
        let worth = self.number("worth", of.engine, "*", "").unwrap_or_default();
        let mut changes = Vec::new();
        let mut consider = |what: String, other: &Request| {
            if other.refusals().is_empty() {
                let device = self.run(other).least.device;
                if device.typical < now * (1.0 - worth) {
                    changes.push(Change { what, device });
                }
            }
        };
        let network = of.network();
        if let (Some(network), Engine::Wrapper) = (network, of.engine) {
            let (blocks, ahead) = of.swap.unwrap_or_default();
            if blocks < network.blocks {
                let more = (blocks + 10.0).min(network.blocks);
                let swap = Some((more, ahead));
                consider(format!("swap {more} blocks"), &Request { swap, ..of.clone() });
            }
            if ahead > 0.0 {
                consider(
                    "fetch no blocks ahead".into(),
                    &Request { swap: Some((blocks, 0.0)), ..of.clone() },
                );
            }
            if of.rope != Rope::ComfyChunked {
                let rope = Rope::ComfyChunked;
                consider("rope function comfy_chunked".into(), &Request { rope, ..of.clone() });
            }
            if of.loras > 0.0 {
                consider("merge the LoRAs".into(), &Request { loras: 0.0, ..of.clone() });
            }
        }
        let precision = of.precision.or(of.model.precision);
        if precision.is_none_or(Precision::is_full) && of.engine != Engine::Reference && network.is_some() {
            let precision = Precision::told_by("fp8");
            consider("store the network in fp8".into(), &Request { precision, ..of.clone() });
        }
        if of.encoder_precision.is_none_or(Precision::is_full) && of.engine != Engine::Reference {
            let encoder_precision = Precision::told_by("fp8");
            consider("a text encoder in fp8".into(), &Request { encoder_precision, ..of.clone() });
        }
        if of.tile.is_none() && of.engine != Engine::Reference {
            consider("VAE in tiles".into(), &Request { tile: Some((0.0, 0.0)), ..of.clone() });
        }
        if of.vae_precision.is_some_and(|precision| precision.bytes.typical > 2.0) {
            let vae_precision = Precision::told_by("bf16");
            consider("VAE in 16 bits".into(), &Request { vae_precision, ..of.clone() });
        }
        if of.engine == Engine::Diffusers && of.offload == Some(Offload::None) {
            let offload = Some(Offload::Model);
            consider("one model on the card at a time".into(), &Request { offload, ..of.clone() });
        }
        if let (Some(network), Some(frames)) = (network, of.frames) {
            let fewer = ((frames - 1.0) / network.stride * 0.75).floor().mul_add(network.stride, 1.0);
            if network.stride > 1.0 && fewer < frames {
                consider(format!("{fewer} frames"), &Request { frames: Some(fewer), ..of.clone() });
            }
        }
        if let (Some(network), Some((width, height))) = (network, of.size) {
            let less = |side: f64| (side * 0.75 / network.pixels).floor().max(1.0) * network.pixels;
            let smaller = (less(width), less(height));
            consider(
                format!("{} x {}", smaller.0, smaller.1),
                &Request { size: Some(smaller), ..of.clone() },
            );
        }
        changes.sort_by(|one, other| one.device.typical.total_cmp(&other.device.typical));
        changes
    }
}

/// The bytes of an encoder: of its file, or of its parameters in 8 to 16 bits.
fn weights(model: &Model, unknown: Amount) -> Amount {
    if let Some(bytes) = model.bytes {
        return Amount::exact(bytes);
    }
    let each =
        model.precision.map_or(Amount { low: 1.0, typical: 2.0, high: 2.0 }, |precision| precision.bytes);
    // Other than GGUF files, formats of 4 and 8 bits hold linear layers alone; embeddings stay in 16.
    let is_whole = model.precision.is_none_or(|precision| precision.is_full() || precision.is_gguf());
    let embeddings = if is_whole { 0.0 } else { model.embeddings };
    model.params.map_or(unknown, |params| each * (params - embeddings) + Amount::exact(embeddings * 2.0))
}

fn stored(encoder: &Model, bytes: Amount) -> String {
    let how = encoder.precision.map_or("8 or 16 bits a parameter", |precision| precision.name);
    format!("{}: {how}, {}", encoder.name, size(bytes.typical))
}

fn both(others: Vec<Amount>) -> Vec<[Amount; 2]> {
    others.into_iter().map(|others| [others, others]).collect()
}

/// For every need what all other models have on the card, and in ComfyUI might have.
fn others(needs: &[Need]) -> Vec<Amount> {
    let held = |need: &Need| if need.engine == Engine::Native { need.weights } else { need.resident };
    let of = |need: &Need| {
        let mut seen = vec![&need.model];
        let mut sum = Amount::ZERO;
        for other in needs {
            if !seen.contains(&&other.model) {
                seen.push(&other.model);
                sum += held(other);
            }
        }
        sum
    };
    needs.iter().map(of).collect()
}
