//! What nodes do to memory: a line in a table and a small function for each class.

use super::amount::Amount;
use super::coefficients::Basis;
use super::need::{Calculator, Engine, Kind, Need, Text, Weights};
use super::network::{Network, Precision};
use super::sampling;
use super::vae::Vae;
use super::{Assume, Open};
use crate::analysis::{Analysis, Fact, ImageFact, Inputs, Known, LatentFact, Model, Unknown, Why};
use crate::catalog;

/// What effects are computed from.
#[derive(Clone, Copy)]
pub(super) struct Context<'a> {
    pub(super) analysis: &'a Analysis<'a>,
    pub(super) calculator: Calculator<'a>,
    pub(super) assume: &'a Assume,
}

/// What a node needs; several where it runs several networks.
pub(super) type Needs = Result<Vec<Need>, Open>;

type Effect = fn(Context<'_>, Inputs<'_>) -> Needs;

/// What classes need, besides the samplers.
const TABLE: &[(&str, Effect)] = &[
    ("CLIPTextEncode", |at, inputs| at.native_text(inputs, "clip", &[])),
    ("TextEncodeQwenImageEdit", |at, inputs| at.edit(inputs, &["image"])),
    ("TextEncodeQwenImageEditPlus", |at, inputs| at.edit(inputs, &["image1", "image2", "image3"])),
    ("WanVideoTextEncode", |at, inputs| at.wrapper_text(inputs)),
    ("WanVideoTextEncodeSingle", |at, inputs| at.wrapper_text(inputs)),
    ("WanVideoTextEncodeCached", |at, inputs| at.cached_text(inputs)),
    ("CLIPVisionEncode", |at, inputs| at.vision(inputs, Engine::Native)),
    ("WanVideoClipVisionEncode", |at, inputs| at.vision(inputs, Engine::Wrapper)),
    ("VAEDecode", |at, inputs| at.decode(inputs, Engine::Native, None)),
    ("VAEDecodeTiled", |at, inputs| {
        let side = inputs.int("tile_size").map_or(512.0, float);
        at.decode(inputs, Engine::Native, Some((side, side)))
    }),
    ("WanVideoDecode", |at, inputs| at.decode(inputs, Engine::Wrapper, tiles(inputs, "enable_vae_tiling"))),
    ("VAEEncode", |at, inputs| at.encode(inputs, Engine::Native, inputs.image("pixels"), None)),
    ("VAEEncodeTiled", |at, inputs| {
        let side = inputs.int("tile_size").map_or(512.0, float);
        at.encode(inputs, Engine::Native, inputs.image("pixels"), Some((side, side)))
    }),
    ("WanVideoEncode", |at, inputs| {
        at.encode(inputs, Engine::Wrapper, inputs.image("driving_video"), tiles(inputs, "enable_vae_tiling"))
    }),
    ("WanVideoImageToVideoEncode", |at, inputs| {
        at.encode_sized(inputs, Engine::Wrapper, "num_frames", tiles(inputs, "tiled_vae"))
    }),
    ("WanVideoAnimateEmbeds", |at, inputs| {
        let tiles = tiles(inputs, "tiled_vae");
        at.encode_sized(inputs, Engine::Wrapper, "frame_window_size", tiles)
    }),
    ("WanVideoAddSCAILReferenceEmbeds", |at, inputs| {
        at.encode(inputs, Engine::Wrapper, inputs.image("ref_image"), None)
    }),
    ("WanVideoAddSCAILPoseEmbeds", |at, inputs| {
        at.encode(inputs, Engine::Wrapper, inputs.image("pose_images"), None)
    }),
    ("WanImageToVideo", |at, inputs| at.encode_sized(inputs, Engine::Native, "length", None)),
    ("WanFirstLastFrameToVideo", |at, inputs| at.encode_sized(inputs, Engine::Native, "length", None)),
    ("WanAnimateToVideo", |at, inputs| at.encode_sized(inputs, Engine::Native, "length", None)),
    ("WanVaceToVideo", |at, inputs| at.encode_sized(inputs, Engine::Native, "length", None)),
    ("WanFunControlToVideo", |at, inputs| at.encode_sized(inputs, Engine::Native, "length", None)),
    ("WanSCAILToVideo", |at, inputs| at.encode_sized(inputs, Engine::Native, "length", None)),
    ("WanSoundImageToVideo", |at, inputs| at.encode_sized(inputs, Engine::Native, "length", None)),
    ("Wan22ImageToVideoLatent", |at, inputs| {
        if inputs.has("start_image") {
            at.encode_sized(inputs, Engine::Native, "length", None)
        } else {
            Ok(Vec::new())
        }
    }),
    ("LTXVImgToVideoInplace", |at, inputs| at.encode_first(inputs)),
    ("LTXVImgToVideo", |at, inputs| at.encode_first(inputs)),
    ("LTXVAudioVAEDecode", |at, inputs| Ok(at.audio(inputs))),
    ("NLFPredict", |at, inputs| Ok(at.other(inputs, "model"))),
    ("PoseDetectionVitPoseToDWPose", |at, inputs| Ok(at.other(inputs, "vitpose_model"))),
    ("OnnxDetectionModelLoader", |_, _| Ok(Vec::new())),
    ("PoseAndFaceDetection", |at, inputs| Ok(at.other(inputs, "model"))),
    ("Sam2Segmentation", |at, inputs| Ok(at.other(inputs, "sam2_model"))),
    ("SAM2_VideoTrackingSegmentation", |at, inputs| Ok(at.other(inputs, "sam2_model"))),
    ("ImageUpscaleWithModel", |at, inputs| Ok(at.other(inputs, "upscale_model"))),
    ("LTXVLatentUpsampler", |at, inputs| Ok(at.other(inputs, "upscale_model"))),
    ("RIFE VFI", |at, inputs| Ok(at.other(inputs, ""))),
    ("DWPreprocessor", |at, inputs| Ok(at.other(inputs, ""))),
    ("AudioEncoderEncode", |at, inputs| Ok(at.other(inputs, "audio_encoder"))),
];

/// Classes that bring pictures to a number of pixels, with the input that says how many mebipixels; where it is empty, one.
/// `FluxKontextImageScale` chooses among sizes of about one.
const SCALERS: &[(&str, &str)] = &[("FluxKontextImageScale", ""), ("ImageScaleToTotalPixels", "megapixels")];

/// What a node needs of a card; nothing where its class runs no network.
pub(super) fn of(at: Context<'_>, inputs: Inputs<'_>) -> Needs {
    if let Some(sampler) = at.analysis.sampler(inputs.id()) {
        return sampling::needs(at, sampler);
    }
    let class = &*inputs.node().class_type;
    match TABLE.iter().find(|(name, _)| *name == class) {
        Some((_, effect)) => effect(at, inputs),
        None => Ok(Vec::new()),
    }
}

/// What the wrapper's loaders put on the card before anything runs (`load_device`): the file, and the bytes that stay.
pub(super) fn loaded_at_once(at: Context<'_>, inputs: Inputs<'_>) -> Option<(String, Amount)> {
    let is_loader =
        ["WanVideoModelLoader", "LoadWanVideoT5TextEncoder"].contains(&&*inputs.node().class_type);
    if !is_loader || inputs.text("load_device").as_deref() != Ok("main_device") {
        return None;
    }
    let Ok(Fact::Model(model)) = at.analysis.output(inputs.id(), 0) else { return None };
    let network = network(model);
    let bytes = weights(model, network, sampling::stored(at, model))?.bytes;
    let swapped = network.zip(sampling::swap(at, model)).map_or(0.0, |(network, (blocks, _))| {
        (blocks / network.blocks).min(1.0) * network.blocks * network.block_params / network.params()
    });
    // The server may run a loader only after what does not need it.
    let bytes = Amount { low: 0.0, ..bytes * (1.0 - swapped) };
    Some((model.file_name().to_owned(), bytes))
}

/// A whole number as one that can be multiplied.
#[expect(clippy::cast_precision_loss, reason = "sizes are far below what a float holds exactly")]
pub(super) const fn float(number: i64) -> f64 {
    number as f64
}

fn tiles(inputs: Inputs<'_>, switch: &str) -> Option<(f64, f64)> {
    if inputs.bool(switch) != Ok(true) {
        return None;
    }
    let side = |input| inputs.int(input).map_or(272.0, float);
    Some((side("tile_x"), side("tile_y")))
}

/// The weights of a file: its size, or what its parameters weigh.
pub(super) fn weights(
    model: &Model,
    network: Option<&Network>,
    stored: Option<Precision>,
) -> Option<Weights> {
    let entry = model.entry.as_deref();
    let named = entry.and_then(|entry| entry.dtype.as_deref()).and_then(Precision::told_by);
    let own = named.or_else(|| Precision::told_by(model.file_name()));
    let params = network.map(Network::params).or_else(|| Some(float(i64::try_from(entry?.params?).ok()?)));
    // A loader that stores otherwise than the file does decides.
    let counted = |precision: Precision| match (network, params) {
        (Some(network), _) => Some(network.weights(precision)),
        (None, params) => Some(precision.bytes * params?),
    };
    if let Some(stored) = stored.filter(|stored| Some(*stored) != own)
        && let Some(bytes) = counted(stored)
    {
        return Some(Weights { bytes, precision: Some(stored), basis: Basis::Counted });
    }
    if let Some(bytes) = entry.and_then(|entry| entry.bytes) {
        let is_checkpoint = entry.is_some_and(|entry| entry.role == "checkpoint");
        let beside = if is_checkpoint { network.map_or(0.0, |network| network.beside) } else { 0.0 };
        let bytes = Amount::exact((float(i64::try_from(bytes).ok()?) - beside).max(0.0));
        return Some(Weights { bytes, precision: own, basis: Basis::Exact });
    }
    let bytes = match own {
        Some(own) => counted(own)?,
        None => Amount { low: 1.0, typical: 2.0, high: 2.0 } * params?,
    };
    Some(Weights { bytes, precision: own, basis: Basis::Counted })
}

impl Context<'_> {
    /// What is assumed where a size is not known.
    pub(super) fn size(known: Known<i64>, assumed: Option<f64>, what: &'static str) -> Result<f64, Open> {
        match known {
            Ok(size) => Ok(float(size)),
            Err(unknown) => assumed.ok_or(Open::Size { unknown, what }),
        }
    }

    pub(super) fn sizes(
        self,
        width: Known<i64>,
        height: Known<i64>,
        frames: Known<i64>,
        most: Option<i64>,
    ) -> Result<(f64, f64, f64), Open> {
        let side = |known: Known<i64>| known.err().and_then(|unknown| self.side(unknown));
        // A file that is loaded as a picture may be several, and hardly ever is.
        let loads_one =
            |unknown: Unknown| &*self.analysis.inputs(unknown.node).node().class_type == "LoadImage";
        let one = frames.err().filter(|unknown| loads_one(*unknown)).map(|_| 1.0);
        Ok((
            Self::size(width, self.assume.width.or_else(|| side(width)), "width")?,
            Self::size(height, self.assume.height.or_else(|| side(height)), "height")?,
            // What is known from above needs not more than that.
            Self::size(frames, one.or(self.assume.frames).or(most.map(float)), "frames")?,
        ))
    }

    /// The side of a square of as many pixels as a scaler gives a picture of whatever size: only these matter to memory.
    fn side(self, unknown: Unknown) -> Option<f64> {
        let scaler = self.analysis.inputs(unknown.node);
        let (_, megapixels) = SCALERS.iter().find(|(class, _)| *class == &*scaler.node().class_type)?;
        let megapixels = if megapixels.is_empty() { 1.0 } else { scaler.float(megapixels).ok()? };
        Some((megapixels * 1024.0 * 1024.0).sqrt())
    }

    fn native_text(self, inputs: Inputs<'_>, input: &str, pictures: &[&str]) -> Needs {
        let model = inputs.model(input).map_err(Open::Model)?;
        if is_on_cpu(self.analysis, &model) {
            return Ok(Vec::new());
        }
        let family = model.family.as_deref().unwrap_or_default();
        // What a picture adds to the text: a token for every square of 28 pixels.
        let each = self.calculator.reference_pixels();
        let pixels: f64 = pictures.iter().filter(|input| inputs.has(input)).map(|_| each).sum();
        let tokens = self.calculator.text_tokens(family) + self.calculator.vision_tokens(pixels);
        Ok(vec![self.text(Engine::Native, &model, tokens, pixels, Kind::TextEncoder)?])
    }

    fn text(self, engine: Engine, model: &Model, tokens: f64, pixels: f64, kind: Kind) -> Result<Need, Open> {
        let weights = weights(model, None, None)
            .ok_or_else(|| Open::NoData { node: model.loader, file: model.file_name().into() })?;
        let entry = model.entry.as_deref();
        let dims = entry.map(|entry| &entry.dims);
        let embeddings = dims.and_then(|dims| Some(f64::from(dims.vocab?) * f64::from(dims.hidden_size?)));
        let itemsize = weights.precision.map_or(2.0, |precision| precision.bytes.typical);
        let family = model.family.as_deref().unwrap_or_default();
        let largest = embeddings.unwrap_or_default() * itemsize;
        let of = Text { kind, engine, family, tokens, pixels, weights: weights.bytes, largest };
        let mut need = self.calculator.text(&of);
        need.basis = need.basis.max(weights.basis);
        model.file_name().clone_into(&mut need.model);
        Ok(need)
    }

    /// The encoder reads the pictures at about 1 megapixel, and the VAE encodes them.
    fn edit(self, inputs: Inputs<'_>, pictures: &[&str]) -> Needs {
        let mut needs = self.native_text(inputs, "clip", pictures)?;
        let vae = inputs.model("vae").ok();
        if let Some(vae) = vae.filter(|_| pictures.iter().any(|input| inputs.has(input))) {
            needs.push(self.vae(Engine::Native, &vae, false, (1024.0, 1024.0, 1.0), None));
        }
        Ok(needs)
    }

    fn wrapper_text(self, inputs: Inputs<'_>) -> Needs {
        if inputs.text("device").as_deref() == Ok("cpu") {
            return Ok(Vec::new());
        }
        let model = inputs.model("t5").map_err(Open::Model)?;
        Ok(vec![self.text(Engine::Wrapper, &model, 512.0, 0.0, Kind::TextEncoder)?])
    }

    fn cached_text(self, inputs: Inputs<'_>) -> Needs {
        if inputs.text("device").as_deref() == Ok("cpu") {
            return Ok(Vec::new());
        }
        let model = Model::load(inputs.id(), inputs.text("model_name"), inputs.models());
        Ok(vec![self.text(Engine::Wrapper, &model, 512.0, 0.0, Kind::TextEncoder)?])
    }

    fn vision(self, inputs: Inputs<'_>, engine: Engine) -> Needs {
        let model = inputs.model("clip_vision").map_err(Open::Model)?;
        Ok(vec![self.text(engine, &model, 257.0, 0.0, Kind::Vision)?])
    }

    fn decode(self, inputs: Inputs<'_>, engine: Engine, tile: Option<(f64, f64)>) -> Needs {
        let LatentFact { width, height, frames, most, .. } =
            inputs.latent("samples").map_err(Open::latent)?;
        let (width, height, frames) = self.sizes(width, height, frames, most)?;
        // Tiles of ComfyUI's are short as well as small.
        let part = inputs.int("temporal_size").map_or(f64::INFINITY, float);
        let vae = inputs.model("vae").map_err(Open::Model)?;
        let mut need = self.vae(engine, &vae, true, (width, height, frames.min(part)), tile);
        need.units = width * height * frames;
        Ok(vec![need])
    }

    fn encode(
        self,
        inputs: Inputs<'_>,
        engine: Engine,
        image: Known<ImageFact>,
        tile: Option<(f64, f64)>,
    ) -> Needs {
        let ImageFact { width, height, frames, most, .. } = image.map_err(Open::latent)?;
        let size = self.sizes(width, height, frames, most)?;
        let vae = inputs.model("vae").map_err(Open::Model)?;
        Ok(vec![self.vae(engine, &vae, false, size, tile)])
    }

    /// Of the size that the node is told.
    fn encode_sized(
        self,
        inputs: Inputs<'_>,
        engine: Engine,
        frames: &str,
        tile: Option<(f64, f64)>,
    ) -> Needs {
        let Ok(vae) = inputs.model("vae") else { return Ok(Vec::new()) };
        let most = match inputs.fact(frames) {
            Ok(Fact::AtMost(bound)) => Some(bound.most),
            _ => None,
        };
        let size = self.sizes(inputs.int("width"), inputs.int("height"), inputs.int(frames), most)?;
        Ok(vec![self.vae(engine, &vae, false, size, tile)])
    }

    /// One picture of the size of the video.
    fn encode_first(self, inputs: Inputs<'_>) -> Needs {
        let Ok(vae) = inputs.model("vae") else { return Ok(Vec::new()) };
        let latent = inputs.latent("latent").map_err(Open::latent);
        let (width, height) = match latent {
            Ok(latent) => (latent.width, latent.height),
            Err(_) => (inputs.int("width"), inputs.int("height")),
        };
        let size = self.sizes(width, height, Ok(1), None)?;
        Ok(vec![self.vae(Engine::Native, &vae, false, size, None)])
    }

    fn vae(
        self,
        engine: Engine,
        vae: &Model,
        is_decode: bool,
        (width, height, frames): (f64, f64, f64),
        tile: Option<(f64, f64)>,
    ) -> Need {
        let loader = self.analysis.inputs(vae.loader);
        let precision = loader.text("precision").ok().and_then(|text| Precision::told_by(&text));
        let itemsize = precision.map_or(2.0, |precision| precision.bytes.typical);
        let family = vae.family.as_deref().unwrap_or_default();
        let network = Network::of_family(family);
        let family = network.map_or(family, |network| network.vae);
        // Of several pictures as many are taken at once as there is room for; of a video all frames belong together.
        let frames = if vae.latent().is_some_and(|latent| latent.temporal == 1) { 1.0 } else { frames };
        let entry = vae.entry.as_deref();
        let params = entry.and_then(|entry| entry.params).and_then(|params| i64::try_from(params).ok());
        let weights = match (family, params) {
            // A part of the checkpoint.
            ("ltx2-vae", _) => {
                let weights = self.calculator.number("vae_weights", engine, family, "");
                weights.map_or_else(|| self.calculator.unknown("vae"), Amount::exact)
            }
            (_, Some(params)) => Amount::exact(float(params) * itemsize),
            (_, None) => self.calculator.unknown("vae"),
        };
        let of = Vae { engine, family, is_decode, width, height, frames, tile, itemsize, weights };
        let mut need = self.calculator.vae(&of);
        vae.file_name().clone_into(&mut need.model);
        need
    }

    fn audio(self, inputs: Inputs<'_>) -> Vec<Need> {
        let row = self.calculator.coefficients.find("ltx_audio", "native", "ltx2-vae", "", None);
        let seconds = inputs.audio("samples").ok().and_then(|audio| audio.seconds.ok());
        let seconds = seconds
            .or_else(|| self.calculator.number("audio_seconds", Engine::Native, "*", ""))
            .unwrap_or_default();
        let weights = self.calculator.number("audio_weights", Engine::Native, "ltx2-vae", "");
        let mut need = self.calculator.other(Amount::exact(weights.unwrap_or_default()));
        need.kind = Kind::AudioDecode;
        if let Some(row) = row {
            need.activations = row.amount * seconds;
            need.roomy = need.activations;
            need.basis = Basis::Counted;
        }
        vec![need]
    }

    fn other(self, inputs: Inputs<'_>, input: &str) -> Vec<Need> {
        let model = inputs.model(input).ok();
        let bytes = model.as_ref().and_then(|model| model.entry.as_deref()?.bytes);
        let bytes = bytes.and_then(|bytes| i64::try_from(bytes).ok()).map(float);
        let weights = bytes.map_or_else(|| self.calculator.unknown("other"), Amount::exact);
        let mut need = self.calculator.other(weights);
        need.model =
            model.map_or_else(|| inputs.node().class_type.to_string(), |model| model.file_name().to_owned());
        vec![need]
    }
}

impl Calculator<'_> {
    /// Tokens of text that an encoder of this family pads to, or is commonly given.
    pub(super) fn text_tokens(&self, family: &str) -> f64 {
        self.number("text_tokens", Engine::Native, family, "").unwrap_or_default()
    }

    /// Tokens that pictures of so many pixels add to a text.
    pub(super) fn vision_tokens(&self, pixels: f64) -> f64 {
        let each = self.number("vision_tokens", Engine::Native, "*", "");
        each.map_or(0.0, |each| (pixels / each).floor())
    }

    /// Pixels that the classes for editing bring a picture to.
    pub(super) fn reference_pixels(&self) -> f64 {
        self.number("reference_pixels", Engine::Native, "*", "").unwrap_or_default()
    }

    /// Tokens of sound that belong to so many frames.
    pub(super) fn audio_tokens(&self, network: &Network, frames: f64) -> f64 {
        let rate = self.number("fps", Engine::Native, "*", "");
        rate.map_or(0.0, |rate| network.audio * frames / rate)
    }
}

/// True if a loader keeps the network off the card for good.
fn is_on_cpu(analysis: &Analysis<'_>, model: &Model) -> bool {
    analysis.inputs(model.loader).text("device").as_deref() == Ok("cpu")
}

impl Open {
    /// A size that is open because pictures or latents are not known at all.
    pub(super) const fn latent(unknown: Unknown) -> Self {
        Self::Size { unknown, what: "width" }
    }

    /// The node where knowledge ends.
    #[must_use]
    pub const fn node(&self) -> crate::ir::NodeId {
        match self {
            Self::Size { unknown, .. } | Self::Model(unknown) => unknown.node,
            Self::NoData { node, .. } => *node,
        }
    }

    /// True if the class is only not known to the tool.
    #[must_use]
    pub const fn is_gap(&self) -> bool {
        matches!(self, Self::Size { unknown: Unknown { why: Why::NoTransfer | Why::UnknownClass, .. }, .. })
    }
}

/// The network that a model is, if its widths are known.
pub(super) fn network(model: &Model) -> Option<&'static Network> {
    let family =
        model.family.as_deref().or_else(|| catalog::by_name(model.file_name()).map(|(family, _)| family))?;
    Network::of_family(family)
}
