//! Text to video with ComfyUI's own nodes: the two experts of Wan 2.2 A14B, one after the other.
//! Prints the workflow: `cargo run --example text_to_video > workflow_api.json`.

use std::io::Write as _;

use wfc::dsl::nodes::{
    CLIPLoader, CLIPTextEncode, CreateVideo, EmptyHunyuanLatentVideo, KSamplerAdvanced, ModelSamplingSD3,
    SaveVideo, UNETLoader, VAEDecode, VAELoader,
};
use wfc::dsl::types::Model;
use wfc::dsl::{Node as _, Out, Workflow, model};

const STEPS: u32 = 20;
/// Here the low-noise expert takes over.
const SPLIT: u32 = 10;
const PROMPT: &str = "a fox runs through the snow, low winter sun, tracking shot";
const NEGATIVE: &str = "blurred, static, overexposed, subtitles, worst quality";

fn text_to_video() -> Workflow {
    let w = Workflow::new("text-to-video");
    w.stage("wan");
    let high = expert(&w, "high", "wan22-t2v-a14b-high-fp8");
    let low = expert(&w, "low", "wan22-t2v-a14b-low-fp8");

    w.stage("input");
    let clip = w.add(CLIPLoader::new(model("umt5-xxl-fp8")).type_("wan"));
    let positive = w.add(CLIPTextEncode::new(PROMPT, clip).key("positive"));
    let negative = w.add(CLIPTextEncode::new(NEGATIVE, clip).key("negative"));
    let latent = w.add(EmptyHunyuanLatentVideo::new().width(640).height(640).length(81));

    // Both samplers share one schedule, or the second would not continue the first.
    let sampler = |model, latent| {
        let sampler = KSamplerAdvanced::new(model, positive, negative, latent).steps(STEPS).cfg(3.5);
        sampler.sampler_name("euler").scheduler("simple")
    };
    w.stage("wan");
    let noisy = w.add(
        sampler(high, latent)
            .key("sampler_high")
            .noise_seed(42)
            .end_at_step(SPLIT)
            .return_with_leftover_noise("enable"),
    );
    let clean = w.add(sampler(low, noisy).key("sampler_low").add_noise("disable").start_at_step(SPLIT));

    w.stage("output");
    let vae = w.add(VAELoader::new(model("wan21-vae")));
    let video = w.add(CreateVideo::new(w.add(VAEDecode::new(clean, vae))).fps(16));
    w.add(SaveVideo::new(video).filename_prefix("video/fox"));
    w
}

/// A model with the shift that both experts share.
fn expert(w: &Workflow, noise: &str, name: &str) -> Out<Model> {
    let loaded = w.add(UNETLoader::new(model(name)).key(format!("model_{noise}")));
    w.add(ModelSamplingSD3::new(loaded).key(format!("shifted_{noise}")).shift(5.0))
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let program = text_to_video().compile()?;
    std::io::stdout().write_all(&program.json())?;
    Ok(())
}
