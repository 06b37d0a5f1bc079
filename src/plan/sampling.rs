//! What samplers need: their network, tokens and settings, out of the facts of a workflow.

use super::amount::Amount;
use super::effects::{Context, Needs, float, network, weights};
use super::need::{Engine, Sampling};
use super::network::{Network, Precision};
use super::{Open, Work};
use crate::analysis::{Inputs, Model, Sampler, SamplerKind, Why};

/// What a sampler needs.
pub(super) fn needs(at: Context<'_>, sampler: &Sampler) -> Needs {
    let of = sampling(at, sampler)?;
    let mut need = at.calculator.sampling(&of);
    if let Ok(model) = &sampler.model.value {
        model.file_name().clone_into(&mut need.model);
    }
    Ok(vec![need])
}

/// The passes that a sampler makes over its tokens, for the time that it takes.
pub(super) fn work(at: Context<'_>, sampler: &Sampler) -> Result<Work, Open> {
    let of = sampling(at, sampler)?;
    let part = sampler.part().map(|part| float(part.last - part.first));
    let steps = match part {
        Ok(steps) => steps.max(0.0),
        Err(unknown) => at.assume.steps.ok_or(Open::Size { unknown, what: "steps" })?,
    };
    let passes = if of.is_guided { 2.0 } else { 1.0 };
    let model = sampler.model.value.as_ref().ok();
    Ok(Work {
        network: of.network,
        // Pictures at once do not look at one another.
        flops: of.network.flops(of.tokens / of.batch) * of.batch,
        attention: of.network.attention(of.tokens / of.batch) * of.batch,
        passes: steps * passes,
        tokens: of.tokens,
        precision: of.weights.precision,
        multiplies_fp8: model.and_then(|model| multiplies_fp8(at, model, of.engine)),
    })
}

/// What is known of a sampler's run.
pub(super) fn sampling(at: Context<'_>, sampler: &Sampler) -> Result<Sampling, Open> {
    let model = sampler.model.value.as_ref().map_err(|unknown| Open::Model(*unknown))?;
    let no_data = || Open::NoData { node: model.loader, file: model.file_name().into() };
    let network = network(model).ok_or_else(no_data)?;
    let is_wrapper = sampler.kind == SamplerKind::Wrapper;
    let stored = stored(at, model);
    let weights = weights(model, Some(network), stored).ok_or_else(no_data)?;
    let (width, height, frames) = if is_wrapper {
        let embeds = sampler.embeds.value.as_ref().map_err(|unknown| Open::latent(*unknown))?;
        at.sizes(embeds.width, embeds.height, embeds.frames, embeds.most)?
    } else {
        let latent = sampler.latent.value.map_err(Open::latent)?;
        at.sizes(latent.width, latent.height, latent.frames, latent.most)?
    };
    let frames = if is_wrapper { window(at, sampler, frames) } else { frames };
    // Several pictures at once.
    let batch = if network.stride > 1.0 { 1.0 } else { frames.max(1.0) };
    let frames = if batch > 1.0 { 1.0 } else { frames };
    let video_tokens = network.tokens_of_frame(width, height) * network.latent_frames(frames) * batch;
    let mut tokens = network.tokens(width, height, frames) + network.text;
    if network.audio > 0.0 {
        // The frame rate decides how long the sound is; 24 is what the model was made for.
        tokens += at.calculator.audio_tokens(network, frames);
    }
    tokens = (tokens + references(at, sampler, network)) * batch;
    let loras = loras(model, is_wrapper, at.calculator.unknown("lora"));
    let argument = |name: &str| sampler.argument(at.analysis, name).ok().map(|node| at.analysis.inputs(node));
    let uni3c = argument("uni3c_embeds").map(|embeds| {
        let bytes = embeds.model("controlnet").ok().and_then(|model| model.entry.as_deref()?.bytes);
        let bytes = bytes.and_then(|bytes| i64::try_from(bytes).ok()).map(float);
        let usual = || at.calculator.number("uni3c_weights", Engine::Wrapper, "*", "");
        let bytes = bytes.or_else(usual).unwrap_or_default();
        (bytes, embeds.bool("offload") != Ok(false))
    });
    let rope = sampler.arguments.and_then(|node| at.analysis.inputs(node).text("rope_function"));
    let cached = argument("cache_args");
    let is_swapped_whole =
        stored_scaled(at, model) || model.file_name().to_ascii_lowercase().ends_with(".gguf");
    Ok(Sampling {
        engine: if is_wrapper { Engine::Wrapper } else { Engine::Native },
        network,
        weights,
        tokens,
        video_tokens,
        batch,
        is_guided: sampler.cfg.value.is_ok_and(|cfg| (cfg - 1.0).abs() > 1e-9),
        swap: if is_wrapper { swap(at, model) } else { None },
        rope: match rope.as_deref() {
            Ok("default") => "default",
            Ok("comfy_chunked") => "comfy_chunked",
            _ => "comfy",
        },
        is_fp32: weights.precision.map(|precision| precision.name == "fp8").filter(|is_fp8| *is_fp8),
        is_chunked: has_changed(at, model, "LTXVChunkFeedForward"),
        is_patched: is_swapped_whole || loras.high > 0.0,
        loras,
        uni3c,
        hints: 0.0,
        is_cached: cached.is_some_and(|cache| cache.text("cache_device").as_deref() == Ok("main_device")),
    })
}

/// The precision that a loader stores the weights in, if it changes that of the file.
pub(super) fn stored(at: Context<'_>, model: &Model) -> Option<Precision> {
    let loader = at.analysis.inputs(model.loader);
    let told = |input| loader.text(input).ok().and_then(|text| Precision::told_by(&text));
    told("quantization").or_else(|| told("weight_dtype"))
}

/// True if weights in fp8 are multiplied as they are: loaders say `fast`, and ComfyUI does so with scaled weights.
fn multiplies_fp8(at: Context<'_>, model: &Model, engine: Engine) -> Option<bool> {
    let loader = at.analysis.inputs(model.loader);
    let is_fast = |input| loader.text(input).is_ok_and(|text| text.ends_with("_fast"));
    if is_fast("quantization") || is_fast("weight_dtype") {
        return Some(true);
    }
    match engine {
        Engine::Native if stored_scaled(at, model) => Some(true),
        Engine::Native => None,
        _ => Some(false),
    }
}

/// True if the wrapper replaces the layers because the weights are scaled.
fn stored_scaled(at: Context<'_>, model: &Model) -> bool {
    let scaled = |text: &str| text.contains("scaled");
    let entry = model.entry.as_deref().and_then(|entry| entry.dtype.as_deref());
    entry.is_some_and(scaled)
        || scaled(model.file_name())
        || at.analysis.inputs(model.loader).text("quantization").is_ok_and(|text| scaled(&text))
}

fn has_changed(at: Context<'_>, model: &Model, class: &str) -> bool {
    model.changed_by.iter().any(|node| &*at.analysis.inputs(*node).node().class_type == class)
}

/// The blocks that are swapped and those that are fetched ahead, as set on the loader or later.
pub(super) fn swap(at: Context<'_>, model: &Model) -> Option<(f64, f64)> {
    let later = model.changed_by.iter().rev().copied();
    let mut at_nodes = later.chain([model.loader]).map(|node| at.analysis.inputs(node));
    let settings = at_nodes.find_map(|inputs: Inputs<'_>| inputs.settings("block_swap_args").ok())?;
    let swap = at.analysis.inputs(settings);
    let number = |input| swap.int(input).map_or(0.0, float);
    Some((number("blocks_to_swap"), number("prefetch_blocks"))).filter(|(blocks, _)| *blocks > 0.0)
}

/// Frames that are looked at at once: those of a window, where there are windows.
fn window(at: Context<'_>, sampler: &Sampler, frames: f64) -> f64 {
    let context = sampler.argument(at.analysis, "context_options").ok();
    let context = context.and_then(|node| at.analysis.inputs(node).int("context_frames").ok());
    let source = sampler.embeds.value.as_ref().ok().map(|embeds| at.analysis.inputs(embeds.source));
    let own = source.and_then(|source| source.int("frame_window_size").ok());
    [context, own].into_iter().flatten().map(float).fold(frames, f64::min)
}

/// Tokens of reference pictures, which the blocks see at full size.
fn references(at: Context<'_>, sampler: &Sampler, network: &Network) -> f64 {
    let Ok(positive) = &sampler.positive.value else { return 0.0 };
    let own = at.analysis.inputs(positive.node);
    let of_text = ["image", "image1", "image2", "image3"].into_iter().filter(|input| own.has(input));
    // The encoder's node brings its pictures to about 1 megapixel.
    let of_text = if network.name == "qwen-image-edit" && own.has("vae") { of_text.count() } else { 0 };
    let square = at.calculator.reference_pixels().sqrt();
    let megapixel = network.tokens_of_frame(square, square);
    let of_latents = positive.references.iter().map(|node| {
        let latent = at.analysis.inputs(*node).latent("latent");
        let size = latent.and_then(|latent| Ok((latent.width?, latent.height?)));
        size.map_or(megapixel, |(width, height)| network.tokens_of_frame(float(width), float(height)))
    });
    of_latents.sum::<f64>() + megapixel * f64::from(u32::try_from(of_text).unwrap_or_default())
}

/// Bytes of LoRAs that stay beside the weights.
fn loras(model: &Model, is_wrapper: bool, unknown: Amount) -> Amount {
    if !is_wrapper {
        return Amount::ZERO;
    }
    let of = |lora: &crate::analysis::Lora| {
        let bytes = lora.model.entry.as_deref().and_then(|entry| entry.bytes);
        let bytes = bytes.and_then(|bytes| i64::try_from(bytes).ok()).map(float);
        let bytes = bytes.map_or(unknown, Amount::exact);
        match lora.merged {
            Some(Ok(true)) => Amount::ZERO,
            Some(Err(open)) if open.why != Why::Absent => Amount { low: 0.0, ..bytes },
            _ => bytes,
        }
    };
    model.loras.iter().map(of).sum()
}
