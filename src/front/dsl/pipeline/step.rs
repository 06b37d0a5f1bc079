//! What the steps of a [`Pipeline`](super::Pipeline) take. Write `Sample { steps: 8, ..Sample::default() }`
//! for all defaults but one; they are those of the graph `scail-uni3c-wan22`, where the parameters are
//! described at length (`docs/graphs.md`). Models are names of the model catalog, or files.

/// What is loaded.
#[derive(Clone, Debug)]
pub struct Input {
    /// Picture of the character, on the server.
    pub reference: String,
    /// Video whose motion and camera the result follows, on the server.
    pub driving: String,
    /// Width of the video in pixels; a multiple of 32.
    pub width: u32,
    /// Height of the video in pixels; a multiple of 32.
    pub height: u32,
    /// Length of the video in frames, of the form 4n+1. A shorter driving video makes a shorter result.
    pub frames: u32,
    /// Frames to skip at the start of the driving video, counted at `fps`.
    pub skip_frames: u32,
    /// Frames per second at which the driving video is read and the result is written.
    pub fps: u32,
    /// What depends on the machine that runs.
    pub machine: Machine,
}

impl Input {
    /// A picture and a video, 512 by 896 pixels, 81 frames, 16 a second.
    #[must_use]
    pub fn new(reference: impl Into<String>, driving: impl Into<String>) -> Self {
        Self {
            reference: reference.into(),
            driving: driving.into(),
            width: 512,
            height: 896,
            frames: 81,
            skip_frames: 0,
            fps: 16,
            machine: Machine::default(),
        }
    }
}

/// What depends on the machine that runs.
#[derive(Clone, Debug)]
pub struct Machine {
    /// Precision of the computation, of all models alike: `fp32`, `bf16`, `fp16` or `fp16_fast`.
    pub precision: String,
    /// Attention code: `sdpa`, `sageattn`, …
    pub attention: String,
    /// Transformer blocks of each model that wait in main memory, 0 to 40; 0 is off.
    pub block_swap: u32,
    /// Compile the models with torch.
    pub compile: bool,
    /// Decode in tiles: less memory, more time.
    pub vae_tiling: bool,
    /// Where key points are detected and poses are drawn: `gpu` or `cpu`.
    pub pose_device: String,
}

impl Default for Machine {
    fn default() -> Self {
        Self {
            precision: "bf16".into(),
            attention: "sdpa".into(),
            block_swap: 0,
            compile: false,
            vae_tiling: false,
            pose_device: "gpu".into(),
        }
    }
}

/// A LoRA and how strongly it counts.
#[derive(Clone, Debug)]
pub struct Lora {
    /// Its model, or file.
    pub file: String,
    /// Its strength; 1 is as trained.
    pub strength: f64,
}

/// The SCAIL pass of Wan 2.1: the dance.
#[derive(Clone, Debug)]
pub struct Scail {
    /// What the video shows.
    pub prompt: String,
    /// What to avoid; has no effect in a pass at cfg 1.
    pub negative: String,
    /// Seed of the noise. The Wan passes continue its random numbers.
    pub seed: u64,
    /// Sampling steps: 6 with the distilled LoRA, about 50 without it.
    pub steps: u32,
    /// Guidance: 1 with the distilled LoRA, about 4 without it.
    pub cfg: f64,
    /// Shift of the noise schedule; 5 to 7.
    pub shift: f64,
    /// Sampler and noise schedule.
    pub scheduler: String,
    /// How strongly the picture determines the character, 0 to 10.
    pub reference_strength: f64,
    /// How strongly the poses determine the motion, 0 to 10.
    pub pose_strength: f64,
    /// Fraction of the pass after which the poses begin to count.
    pub pose_start: f64,
    /// Fraction of the pass after which they no longer count.
    pub pose_end: f64,
    /// Strength of the distilled LoRA that makes 6 steps at cfg 1 enough; 0 leaves it out.
    pub distill_strength: f64,
    /// Further LoRAs, applied in this order.
    pub loras: Vec<Lora>,
    /// Quantization of the model; `disabled` takes the file as it is.
    pub quantization: String,
    /// The SCAIL model.
    pub model: String,
    /// The distilled LoRA.
    pub distill_lora: String,
    /// The autoencoder, of all passes.
    pub vae: String,
    /// The text encoder, of all passes.
    pub text_encoder: String,
    /// The encoder of the picture.
    pub clip_vision: String,
    /// Finds key points.
    pub pose_detector: String,
    /// Finds persons.
    pub person_detector: String,
}

impl Scail {
    /// A prompt, and the settings for the distilled LoRA.
    #[must_use]
    pub fn new(prompt: impl Into<String>) -> Self {
        Self {
            prompt: prompt.into(),
            negative: NEGATIVE.into(),
            seed: 42,
            steps: 6,
            cfg: 1.0,
            shift: 7.0,
            scheduler: "dpm++_sde".into(),
            reference_strength: 1.0,
            pose_strength: 1.0,
            pose_start: 0.0,
            pose_end: 0.5,
            distill_strength: 1.0,
            loras: Vec::new(),
            quantization: "disabled".into(),
            model: "scail-14b-bf16".into(),
            distill_lora: "lightx2v-i2v-14b-rank64".into(),
            vae: "wan21-vae-bf16".into(),
            text_encoder: "umt5-xxl-bf16".into(),
            clip_vision: "clip-vision-h".into(),
            pose_detector: "vitpose-l".into(),
            person_detector: "yolov10m".into(),
        }
    }
}

/// Wan's own text.
const NEGATIVE: &str = "色调艳丽，过曝，静态，细节模糊不清，字幕，风格，作品，画作，画面，静止，整体发灰，最差质量，低质量，JPEG压缩残留，丑陋的，残缺的，多余的手指，画得不好的手部，画得不好的脸部，畸形的，毁容的，形态畸形的肢体，手指融合，静止不动的画面，杂乱的背景，三条腿，背景人很多，倒着走";

/// The camera.
#[derive(Clone, Debug)]
pub struct Uni3c {
    /// How strongly it holds the camera; 0.5 to 1.
    pub strength: f64,
    /// Fraction of the Wan sampling after which it begins to count.
    pub start: f64,
    /// Fraction of the Wan sampling after which it no longer counts.
    pub end: f64,
    /// The model that knows the camera.
    pub model: String,
}

impl Default for Uni3c {
    fn default() -> Self {
        Self { strength: 0.7, start: 0.0, end: 1.0, model: "uni3c-fp16".into() }
    }
}

/// The two experts of Wan 2.2.
#[derive(Clone, Debug)]
pub struct Wan {
    /// True if the video starts at the picture, which needs the experts for image to video.
    pub from_picture: bool,
    /// The expert for high noise.
    pub high: String,
    /// The expert for low noise.
    pub low: String,
    /// LoRAs for the high-noise expert.
    pub loras_high: Vec<Lora>,
    /// LoRAs for the low-noise expert.
    pub loras_low: Vec<Lora>,
    /// Quantization of both; `disabled` takes the files as they are.
    pub quantization: String,
}

impl Wan {
    /// The experts for image to video: the result starts at the picture.
    #[must_use]
    pub fn from_picture() -> Self {
        Self {
            from_picture: true,
            high: "wan22-i2v-a14b-high-fp8-kj".into(),
            low: "wan22-i2v-a14b-low-fp8-kj".into(),
            ..Self::default()
        }
    }
}

impl Default for Wan {
    /// The experts for text to video: the result follows the prompt.
    fn default() -> Self {
        Self {
            from_picture: false,
            high: "wan22-t2v-a14b-high-fp8-kj".into(),
            low: "wan22-t2v-a14b-low-fp8-kj".into(),
            loras_high: Vec::new(),
            loras_low: Vec::new(),
            quantization: "disabled".into(),
        }
    }
}

/// The sampling of both experts.
#[derive(Clone, Debug)]
pub struct Sample {
    /// Steps of the noise schedule that both share.
    pub steps: u32,
    /// Guidance: 3 to 4, or 1 with distilled LoRAs on both.
    pub cfg: f64,
    /// Shift of the noise schedule.
    pub shift: f64,
    /// Sampler and noise schedule.
    pub scheduler: String,
    /// Step at which Wan takes over: sooner is freer, later more faithful.
    pub start: u32,
    /// Step at which the low-noise expert follows.
    pub split: u32,
}

impl Default for Sample {
    fn default() -> Self {
        Self { steps: 10, cfg: 3.5, shift: 5.0, scheduler: "euler".into(), start: 3, split: 5 }
    }
}

/// What is written.
#[derive(Clone, Debug)]
pub struct Output {
    /// Begin of the file's name.
    pub filename_prefix: String,
    /// Compression, 0 to 100; lower is better and larger.
    pub crf: u32,
    /// Write to the server's output folder; otherwise to its folder for temporary files.
    pub save_output: bool,
}

impl Default for Output {
    fn default() -> Self {
        Self { filename_prefix: "pipelineA".into(), crf: 19, save_output: true }
    }
}
