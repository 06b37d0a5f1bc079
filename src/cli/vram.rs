//! `wfc vram`: the memory that a model needs, without a workflow.

mod report;

pub(crate) use report::Report;

use clap::ValueEnum;

use super::format::Format;
use super::{Exit, Terminal, ToolError, print};
use crate::catalog::{Gpu, Gpus, Models};
use crate::diag::did_you_mean;
use crate::plan::{
    Budget, Calculator, Engine, Kind, Model, Offload, Precision, Refusal, Request, Rope, Setup, Torch,
};

/// Compute the memory of a graphics card that a model needs, without a workflow.
///
/// Prints what each stage needs (text encoder, VAE, sampling), expected and within limits, in three measures: what
/// torch allocates, what it reserves, and what `nvidia-smi` shows. Two questions are answered apart: the least that
/// a card must have, with everything off it that the settings allow, and what it takes to stream no weights.
/// docs/vram.md says where the numbers come from and how often they are right.
#[derive(Debug, clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
pub(super) struct Args {
    /// The model: a network (`wan2.2-i2v-a14b`, `ltx-2`), a VAE or text encoder (`wan21-vae`, `umt5-xxl`), a model
    /// of the catalog, or the name of a file.
    #[arg(long, value_name = "NAME")]
    model: String,
    /// What runs it: `comfyui`, `wanvideowrapper`, `reference` (Wan's generate.py), or `diffusers`.
    #[arg(long, value_name = "NAME", default_value = "comfyui")]
    engine: String,
    /// How the weights are stored: `bf16`, `fp8_e4m3fn_scaled`, `q4_k_m`, … [default: as the named file; else
    /// between 8 and 16 bits].
    #[arg(long, value_name = "NAME")]
    dtype: Option<String>,
    /// One stage alone.
    #[arg(long, value_enum)]
    stage: Option<StageName>,
    /// Width in pixels.
    #[arg(long, value_name = "PIXELS", allow_negative_numbers = true)]
    width: Option<i64>,
    /// Height in pixels.
    #[arg(long, value_name = "PIXELS", allow_negative_numbers = true)]
    height: Option<i64>,
    /// Frames; those of a window, where a video is made in windows.
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    frames: Option<i64>,
    /// Tokens of a pass, as logs print them, instead of those that follow from the size.
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    tokens: Option<i64>,
    /// Tokens of text.
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    text_tokens: Option<i64>,
    /// Reference pictures of about a megapixel.
    #[arg(long, value_name = "N", default_value_t = 0, allow_negative_numbers = true)]
    references: i64,
    /// Pictures or videos at once.
    #[arg(long, value_name = "N", default_value_t = 1, allow_negative_numbers = true)]
    batch: i64,
    /// Every step has two passes: cfg is not 1.
    #[arg(long)]
    guided: bool,
    /// Blocks that WanVideoWrapper swaps, as set on its node.
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    block_swap: Option<i64>,
    /// Blocks that it fetches ahead.
    #[arg(
        long,
        value_name = "N",
        default_value_t = 0,
        requires = "block_swap",
        allow_negative_numbers = true
    )]
    prefetch: i64,
    /// LoRAs that stay beside the weights, together: `600MB`, `1GiB`.
    #[arg(long, value_name = "SIZE")]
    lora: Option<String>,
    /// LoRAs that are merged into the weights; they take no memory of their own.
    #[arg(long, value_name = "SIZE")]
    merged_lora: Option<String>,
    /// WanVideoWrapper's `rope_function`.
    #[arg(long, value_enum, default_value = "comfy")]
    rope: RopeName,
    /// Uni3C with WanVideoWrapper.
    #[arg(long)]
    uni3c: bool,
    /// Uni3C stays on the card between steps: its node's `offload` is off.
    #[arg(long, requires = "uni3c")]
    uni3c_kept: bool,
    /// How the VAE computes: `bf16`, `fp16`, `fp32` [default: 16 bits; fp32 in generate.py].
    #[arg(long, value_name = "NAME")]
    vae_dtype: Option<String>,
    /// The VAE works in tiles of the engine's own size.
    #[arg(long, conflicts_with = "tile")]
    tiled_vae: bool,
    /// The VAE works in tiles of this size in pixels: `512`, `272x272`.
    #[arg(long, value_name = "WxH")]
    tile: Option<String>,
    /// How the text encoder is stored [default: between 8 and 16 bits; bf16 in generate.py].
    #[arg(long, value_name = "NAME")]
    encoder_dtype: Option<String>,
    /// The text encoder runs on the CPU: `--t5_cpu`, or its loader's device.
    #[arg(long, conflicts_with = "encoder_dtype")]
    encoder_on_cpu: bool,
    /// Where weights are while they are not used: all on the card (`none`: `--highvram`, `force_offload` off), one
    /// model on the card at a time (`model`), or layer by layer (`sequential`).
    #[arg(long, value_enum)]
    offload: Option<OffloadName>,
    /// Cards that share the work, with `--engine reference`: FSDP and Ulysses.
    #[arg(long, value_name = "N", default_value_t = 1, allow_negative_numbers = true)]
    cards: i64,
    /// The day of the engine's code, such as `2025-09-24` [default: today's code].
    #[arg(long, value_name = "DATE")]
    as_of: Option<String>,
    /// Compare with a card of the catalog: `a100-80gb`, `rtx-5090`.
    #[arg(long, value_name = "ID", conflicts_with = "vram")]
    gpu: Option<String>,
    /// Compare with a card of this size; `24GB` is 24 GiB, as cards are sold.
    #[arg(long, value_name = "SIZE")]
    vram: Option<String>,
    /// What must stay free of the card: a desktop takes 0.5 to 1.5 GiB.
    #[arg(long, value_name = "SIZE")]
    headroom: Option<String>,
    /// The version of torch, such as `2.9`: it decides what three-dimensional convolutions of VAEs take.
    #[arg(long, value_name = "VERSION")]
    torch: Option<String>,
    /// The format; `wfc schema vram` prints the schema of the JSON document.
    #[arg(long, value_enum, default_value = "human")]
    format: Format,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
enum StageName {
    TextEncoder,
    VaeEncode,
    Sampling,
    VaeDecode,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
enum RopeName {
    Default,
    Comfy,
    ComfyChunked,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum OffloadName {
    None,
    Model,
    Sequential,
}

/// What is wrong with the arguments.
#[derive(Default)]
struct Mistakes(Vec<Refusal>);

impl Mistakes {
    fn add(&mut self, message: impl Into<String>, help: impl Into<String>) {
        self.0.push(Refusal { message: message.into(), help: help.into() });
    }

    /// All of them as one error.
    fn error(self) -> ToolError {
        let text = |refusal: Refusal| format!("{}\n  help: {}", refusal.message, refusal.help);
        ToolError::new(self.0.into_iter().map(text).collect::<Vec<_>>().join("\nwfc: "))
    }
}

/// Runs the command.
pub(super) fn run(args: &Args, _terminal: &Terminal) -> Result<Exit, ToolError> {
    let models = Models::embedded();
    let mut mistakes = Mistakes::default();
    let request = request(args, &models, &mut mistakes);
    let card = card(args, &mut mistakes);
    if let Some(day) = args.as_of.as_deref().filter(|day| !is_day(day)) {
        mistakes.add(format!("`{day}` is no day"), "write year, month and day, such as `2025-09-24`");
    }
    let torch = args.torch.as_deref().map(|version| (version, Torch::parse(version)));
    if let Some((version, None)) = torch {
        mistakes.add(format!("`{version}` is no version of torch"), "write it as `2.9` or `2.8.0`");
    }
    if let Some(request) = &request {
        mistakes.0.extend(request.refusals());
    }
    let Some(request) = request.filter(|_| mistakes.0.is_empty()) else { return Err(mistakes.error()) };
    let capability = card.as_ref().and_then(Card::capability);
    let setup = Setup { capability, torch: torch.and_then(|(_, torch)| torch) };
    let calculator = Calculator { as_of: args.as_of.as_deref(), setup, ..Calculator::default() };
    let report = Report::new(&request, &calculator, card.as_ref());
    match args.format {
        Format::Human => print(&report.human(&request))?,
        Format::Json => {
            let json = serde_json::to_string_pretty(&report)?;
            print(&format!("{json}\n"))?;
        }
    }
    Ok(Exit::Clean)
}

/// What the arguments ask for.
fn request(args: &Args, models: &Models, mistakes: &mut Mistakes) -> Option<Request> {
    let model = Model::called(&args.model, models);
    if model.is_none() {
        let names = Model::names(models);
        let is_uni3c = args.model.to_ascii_lowercase().contains("uni3c");
        let uni3c = || {
            "Uni3C runs inside a network of Wan: name that, and add `--engine wanvideowrapper --uni3c`"
                .to_owned()
        };
        let near =
            is_uni3c.then(uni3c).or_else(|| did_you_mean(&args.model, names.iter().map(String::as_str)));
        let help = near.unwrap_or_else(|| {
            let networks: Vec<&str> =
                crate::plan::Network::all().iter().map(|network| network.name).collect();
            format!("the networks are {}; docs/vram.md lists other names", networks.join(", "))
        });
        mistakes.add(format!("nothing is known of the memory of `{}`", args.model), help);
    }
    let engine = Engine::called(&args.engine);
    if engine.is_none() {
        let near = did_you_mean(&args.engine, Engine::NAMES.iter().map(|(name, _)| *name));
        let help = near.unwrap_or_else(|| "it is comfyui, wanvideowrapper, reference, or diffusers".into());
        mistakes.add(format!("there is no engine `{}`", args.engine), help);
    }
    let mut precision = |option: &str, name: Option<&str>| {
        let name = name?;
        let found = Precision::called(name);
        if found.is_none() {
            let near = did_you_mean(name, Precision::names());
            let all = || format!("it is one of {}", Precision::names().collect::<Vec<_>>().join(", "));
            mistakes.add(format!("{option} `{name}` is not known"), near.unwrap_or_else(all));
        }
        found
    };
    let dtype = precision("the dtype", args.dtype.as_deref());
    let vae_precision = precision("the VAE's dtype", args.vae_dtype.as_deref());
    let encoder_precision = precision("the encoder's dtype", args.encoder_dtype.as_deref());
    let loras = args.lora.as_deref().map_or(0.0, |text| bytes("--lora", text, mistakes));
    if let Some(text) = &args.merged_lora {
        bytes("--merged-lora", text, mistakes);
    }
    let tile = match (&args.tile, args.tiled_vae) {
        (Some(text), _) => tile(text, mistakes),
        (None, true) => Some((0.0, 0.0)),
        (None, false) => None,
    };
    let size = match (args.width, args.height) {
        (Some(width), Some(height)) => Some((float(width), float(height))),
        (None, None) => None,
        (width, _) => {
            let missing = if width.is_none() { "width" } else { "height" };
            mistakes.add(format!("the {missing} is not known"), format!("add `--{missing}`, in pixels"));
            // What else is wrong is looked for with a square.
            width.or(args.height).map(|side| (float(side), float(side)))
        }
    };
    let (model, engine) = (model?, engine?);
    let is_scaled = args.dtype.as_deref().map_or(model.is_scaled, Model::is_stored_scaled);
    Some(Request {
        stage: args.stage.map(|stage| match stage {
            StageName::TextEncoder if model.subject == crate::plan::Subject::Vision => Kind::Vision,
            StageName::TextEncoder => Kind::TextEncoder,
            StageName::VaeEncode => Kind::VaeEncode,
            StageName::Sampling => Kind::Sampling,
            StageName::VaeDecode => Kind::VaeDecode,
        }),
        precision: dtype,
        is_scaled,
        size,
        frames: args.frames.map(float),
        tokens: args.tokens.map(float),
        text_tokens: args.text_tokens.map(float),
        references: float(args.references),
        batch: float(args.batch),
        is_guided: args.guided,
        swap: args.block_swap.map(|blocks| (float(blocks), float(args.prefetch))),
        loras,
        rope: match args.rope {
            RopeName::Default => Rope::Default,
            RopeName::Comfy => Rope::Comfy,
            RopeName::ComfyChunked => Rope::ComfyChunked,
        },
        uni3c: args.uni3c.then_some(args.uni3c_kept),
        vae_precision,
        tile,
        is_encoder_on_cpu: args.encoder_on_cpu,
        encoder_precision,
        offload: args.offload.map(|offload| match offload {
            OffloadName::None => Offload::None,
            OffloadName::Model => Offload::Model,
            OffloadName::Sequential => Offload::Sequential,
        }),
        cards: float(args.cards),
        ..Request::new(model, engine, Model::parts(models))
    })
}

/// A whole number as one that can be multiplied; what is too large for that is out of every range.
#[expect(clippy::cast_precision_loss, reason = "sizes within range are held exactly")]
const fn float(number: i64) -> f64 {
    number as f64
}

/// Bytes of a size such as `600MB`.
fn bytes(option: &str, text: &str, mistakes: &mut Mistakes) -> f64 {
    let size = text.trim().parse::<bytesize::ByteSize>().ok().map(|size| size.as_u64());
    let Some(size) = size.and_then(|size| i64::try_from(size).ok()) else {
        mistakes.add(
            format!("`{text}` of {option} is no size"),
            "write a number and a unit, such as `600MB` or `1GiB`",
        );
        return 0.0;
    };
    float(size)
}

/// Width and height of `272x272`; one number is both.
fn tile(text: &str, mistakes: &mut Mistakes) -> Option<(f64, f64)> {
    let (width, height) = text.split_once(['x', 'X']).unwrap_or((text, text));
    let side = |text: &str| text.trim().parse::<u32>().ok().filter(|side| *side > 0).map(f64::from);
    let tile = side(width).zip(side(height));
    if tile.is_none() {
        mistakes.add(format!("`{text}` is no size of a tile"), "write pixels, such as `512` or `272x272`");
    }
    tile
}

/// A card: its name, its memory, and whether its attention kernels are those that were measured.
pub(crate) struct Card {
    name: String,
    budget: Budget,
    gpu: Option<Gpu>,
}

impl Card {
    /// Such as 8.9; nothing of a card of which only the size is known.
    fn capability(&self) -> Option<f64> {
        self.gpu.as_ref()?.capability()
    }
}

fn card(args: &Args, mistakes: &mut Mistakes) -> Option<Card> {
    const MIB: f64 = 1024.0 * 1024.0;
    let headroom = args.headroom.as_deref().map_or(0.0, |text| bytes("--headroom", text, mistakes));
    let budget = |total| Budget { total, headroom };
    if let Some(id) = &args.gpu {
        let gpus = Gpus::embedded();
        // `RTX 4090` is `rtx-4090`.
        let plain = id.trim().to_ascii_lowercase().replace([' ', '_'], "-");
        let Some(gpu) = gpus.gpu(&plain) else {
            let ids = gpus.ids();
            let help = did_you_mean(id, ids.iter().map(AsRef::as_ref));
            let all = || format!("the cards are {}", ids.join(", "));
            mistakes.add(format!("there is no card `{id}`"), help.unwrap_or_else(all));
            return None;
        };
        return Some(Card { name: gpu.name.clone(), budget: budget(gpu.vram_mib() * MIB), gpu: Some(gpu) });
    }
    let text = args.vram.as_deref()?;
    // As sold: `24GB` is 24 GiB.
    let sold = text.trim().to_ascii_uppercase().replace("GB", "GIB");
    let total = bytes("--vram", &sold, mistakes);
    if total > 0.0 && total < 256.0 * MIB {
        mistakes.add(format!("a card of `{text}` is too small to be one"), "write the unit, such as `24GB`");
    }
    Some(Card { name: text.to_owned(), budget: budget(total), gpu: None })
}

/// True for `2025-09-24`.
fn is_day(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let [year, month, day] = parts[..] else { return false };
    let number = |text: &str, length: usize| {
        let is_number = text.len() == length && text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse::<u32>().ok().filter(|_| is_number)
    };
    let within =
        |text, length, least, most| number(text, length).is_some_and(|it| (least..=most).contains(&it));
    within(year, 4, 2020, 2999) && within(month, 2, 1, 12) && within(day, 2, 1, 31)
}
