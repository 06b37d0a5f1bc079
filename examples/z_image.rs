//! Text to image with Z-Image-Turbo, node by node. Prints the workflow of `presets/z-image-turbo.toml`:
//! `cargo run --example z_image > workflow_api.json`.

use std::io::Write as _;

use wfc::dsl::nodes::{
    CLIPLoader, CLIPTextEncode, ConditioningZeroOut, EmptySD3LatentImage, KSampler, ModelSamplingAuraFlow,
    SaveImage, UNETLoader, VAEDecode, VAELoader,
};
use wfc::dsl::{Node as _, Workflow, model};

const PROMPT: &str = "Latina female with thick wavy hair, harbor boats and pastel houses behind. Breezy \
                      seaside light, warm tones, cinematic close-up. ";

fn z_image(prompt: &str, size: u32, seed: u64) -> Workflow {
    let w = Workflow::new("z-image");
    w.stage("model");
    let base = w.add(UNETLoader::new(model("z-image-turbo-bf16")).key("base"));
    let shifted = w.add(ModelSamplingAuraFlow::new(base).shift(3).key("shifted"));
    let clip =
        w.add(CLIPLoader::new(model("qwen3-4b-bf16")).type_("lumina2").device("default").key("text_encoder"));
    let vae = w.add(VAELoader::new(model("flux1-vae")).key("vae"));

    w.stage("sample");
    let positive = w.add(CLIPTextEncode::new(prompt, clip).key("positive"));
    // Guidance is distilled into the model, so a negative prompt has no effect; the sampler wants one.
    let negative = w.add(ConditioningZeroOut::new(positive).key("no_negative"));
    let latent = w.add(EmptySD3LatentImage::new().width(size).height(size).key("latent"));
    let sampled = w.add(
        KSampler::new(shifted, positive, negative, latent)
            .seed(seed)
            .steps(8)
            .cfg(1.0)
            .sampler_name("res_multistep")
            .scheduler("simple")
            .key("sampler"),
    );

    w.stage("decode");
    let image = w.add(VAEDecode::new(sampled, vae).key("decoded"));
    w.stage("output");
    w.add(SaveImage::new(image).filename_prefix("z-image-turbo").key("saved"));
    w
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let program = z_image(PROMPT, 1024, 0).compile()?;
    std::io::stdout().write_all(&program.json())?;
    Ok(())
}
