//! The nodes of each step, in the order of the graph `scail-uni3c-wan22`, which says why they are so.

use std::num::NonZeroU32;

use super::{Site, after, step};
use crate::diag::Diagnostic;
use crate::front::dsl::nodes::{
    CLIPVisionLoader, DownloadAndLoadNLFModel, INTConstant, ImageResizeKJv2, LoadImage, NLFPredict,
    OnnxDetectionModelLoader, PoseDetectionVitPoseToDWPose, RenderNLFPoses, VHSLoadVideo, VHSVideoCombine,
    WanVideoAddSCAILPoseEmbeds, WanVideoAddSCAILReferenceEmbeds, WanVideoBlockSwap, WanVideoClipVisionEncode,
    WanVideoDecode, WanVideoEmptyEmbeds, WanVideoImageToVideoEncode, WanVideoLoraSelect, WanVideoModelLoader,
    WanVideoSampler, WanVideoSamplerExtraArgs, WanVideoSamplerv2, WanVideoSchedulerv2, WanVideoSetBlockSwap,
    WanVideoSetLoRAs, WanVideoTextEncodeCached, WanVideoTorchCompileSettings, WanVideoUni3CControlnetLoader,
    WanVideoUni3CEmbeds, WanVideoVAELoader,
};
use crate::front::dsl::types::{Image, WanVidLora, WanVideoModel};
use crate::front::dsl::{Node as _, Out, model};
use crate::front::toml::types::Form;

/// The address of the model that finds bodies; its loader takes no file names.
const NLF_URL: &str =
    "https://github.com/isarandi/nlf/releases/download/v0.3.2/nlf_l_multi_0.3.2.torchscript";

/// SCAIL's pose latents have half the size, so it needs sizes that are multiples of this.
const SIZE_STEP: u32 = 32;

/// The lengths that Wan makes: its autoencoder packs four frames into one, after the first.
const FRAMES: Form = Form {
    factor: match NonZeroU32::new(4) {
        Some(factor) => factor,
        None => NonZeroU32::MIN,
    },
    offset: 1,
};

pub(super) fn input(site: &Site, step: &step::Input) -> after::Input {
    for (name, size) in [("width", step.width), ("height", step.height)] {
        if !size.is_multiple_of(SIZE_STEP) {
            let below = size - size % SIZE_STEP;
            let message = format!("`{name}` is {size}; it must be a multiple of {SIZE_STEP}");
            let help = format!("the nearest are {below} and {}", below.saturating_add(SIZE_STEP));
            site.workflow.reject_at(site.place, Diagnostic::format("not-a-multiple", message).help(help));
        }
    }
    if !FRAMES.contains(step.frames.into()) {
        let message = format!("`frames` is {}; it must be of the form {FRAMES}", step.frames);
        let help = match FRAMES.around(step.frames.into()) {
            (Some(below), above) => format!("the nearest are {below} and {above}"),
            (None, above) => format!("the smallest is {above}"),
        };
        site.workflow.reject_at(site.place, Diagnostic::format("not-of-the-form", message).help(help));
    }
    site.workflow.stage("input");
    let reference = site.add("reference", LoadImage::new(&step.reference));
    let driving = site.add(
        "driving",
        VHSLoadVideo::new(&step.driving)
            .force_rate(step.fps)
            .custom_width(0)
            .custom_height(0)
            .frame_load_cap(step.frames)
            .skip_first_frames(step.skip_frames)
            .select_every_nth(1)
            .format("Wan"),
    );
    let width = site.add("width", INTConstant::new().value(step.width));
    let height = site.add("height", INTConstant::new().value(step.height));
    let resized = |key: &str, image: ImageResizeKJv2| {
        let node = image.width(width).height(height).upscale_method("lanczos").keep_proportion("crop");
        site.add(key, node.pad_color("0, 0, 0").crop_position("center").divisible_by(32).device("cpu"))
    };
    let reference = resized("reference_resized", ImageResizeKJv2::new(reference.image));
    let picture = resized("driving_resized", ImageResizeKJv2::new(driving.image));
    after::Input {
        reference: reference.image,
        driving: picture.image,
        width: reference.width,
        height: reference.height,
        driving_width: picture.width,
        driving_height: picture.height,
        frames: driving.frame_count,
        fps: step.fps,
    }
}

pub(super) fn scail(site: &Site, input: &after::Input, step: &step::Scail) -> after::Scail {
    site.require(
        step.pose_start < step.pose_end,
        "the poses must count for some part of the SCAIL pass",
        &format!("pose_start is {}, pose_end is {}", step.pose_start, step.pose_end),
    );
    site.workflow.stage("scail");
    let machine = &site.machine;
    let vae = site.add("vae", WanVideoVAELoader::new(model(&step.vae)).precision("bf16"));
    let clip_vision = site.add("clip_vision", CLIPVisionLoader::new(model(&step.clip_vision)));
    let clip_embeds = site.add(
        "clip_embeds",
        WanVideoClipVisionEncode::new(clip_vision, input.reference)
            .strength_1(1.0)
            .strength_2(1.0)
            .crop("center")
            .combine_embeds("average")
            .force_offload(true),
    );
    let pose_images = poses(site, input, step);
    let embeds = site.add("empty_embeds", empty_embeds(input));
    let embeds = site.add(
        "scail_reference",
        WanVideoAddSCAILReferenceEmbeds::new(embeds, vae, input.reference)
            .clip_embeds(clip_embeds)
            .strength(step.reference_strength)
            .start_percent(0.0)
            .end_percent(1.0),
    );
    let embeds = site.add(
        "scail_pose",
        WanVideoAddSCAILPoseEmbeds::new(embeds, vae, pose_images)
            .strength(step.pose_strength)
            .start_percent(step.pose_start)
            .end_percent(step.pose_end),
    );
    let compile = machine.compile.then(|| {
        let settings =
            WanVideoTorchCompileSettings::new().backend("inductor").fullgraph(false).mode("default");
        let settings = settings.dynamic(false).dynamo_cache_size_limit(64).dynamo_recompile_limit(128);
        site.add("compile", settings.compile_transformer_blocks_only(true))
    });
    let loader =
        loader(site, &step.model, &step.quantization).with(compile, WanVideoModelLoader::compile_args);
    let mut prepared = site.add("scail_model", loader);
    let block_swap = (machine.block_swap > 0).then(|| {
        let blocks = WanVideoBlockSwap::new().blocks_to_swap(machine.block_swap).prefetch_blocks(1);
        let blocks = blocks.offload_img_emb(false).offload_txt_emb(false).use_non_blocking(false);
        site.add("block_swap", blocks)
    });
    if let Some(blocks) = block_swap {
        let swapped = WanVideoSetBlockSwap::new(prepared).block_swap_args(blocks);
        prepared = site.add("scail_swapped", swapped);
    }
    let distill = (step.distill_strength > 0.0).then(|| {
        let lora = step::Lora { file: step.distill_lora.clone(), strength: step.distill_strength };
        site.add("distill_lora", select_lora(&lora))
    });
    if let Some(lora) = loras(site, "lora", distill, &step.loras) {
        prepared = site.add("scail_with_loras", WanVideoSetLoRAs::new(prepared).lora(lora));
    }
    let text = site.add(
        "text",
        WanVideoTextEncodeCached::new(model(&step.text_encoder), &step.prompt, &step.negative)
            .precision("bf16")
            .quantization("disabled")
            .use_disk_cache(false)
            .device("gpu"),
    );
    let scheduler = site.add(
        "scail_scheduler",
        WanVideoSchedulerv2::new()
            .scheduler(&step.scheduler)
            .steps(step.steps)
            .shift(step.shift)
            .start_step(0)
            .end_step(-1)
            .enhance_hf(false),
    );
    let extra =
        site.add("scail_args", WanVideoSamplerExtraArgs::new().riflex_freq_index(0).rope_function("comfy"));
    let sampled = site.add(
        "scail_sampler",
        WanVideoSamplerv2::new(prepared, embeds, scheduler)
            .text_embeds(text.text_embeds)
            .extra_args(extra)
            .cfg(step.cfg)
            .seed(step.seed)
            .force_offload(true)
            .add_noise_to_samples(false),
    );
    after::Scail {
        input: *input,
        vae,
        text: text.text_embeds,
        compile,
        block_swap,
        samples: sampled.samples,
        seed: step.seed,
    }
}

/// The video of the poses.
fn poses(site: &Site, input: &after::Input, step: &step::Scail) -> Out<Image> {
    let device = &site.machine.pose_device;
    let nlf = site.add("nlf_model", DownloadAndLoadNLFModel::new(NLF_URL).warmup(true));
    let bodies = site.add("nlf_poses", NLFPredict::new(nlf, input.driving).per_batch(-1));
    let provider = if device == "gpu" { "CUDAExecutionProvider" } else { "CPUExecutionProvider" };
    let detector = OnnxDetectionModelLoader::new(model(&step.pose_detector), model(&step.person_detector));
    let detector = site.add("pose_detector", detector.onnx_device(provider));
    let driving = site.add("driving_poses", PoseDetectionVitPoseToDWPose::new(detector, input.driving));
    let reference = site.add("reference_pose", PoseDetectionVitPoseToDWPose::new(detector, input.reference));
    let drawn = RenderNLFPoses::new(bodies.pose_results)
        .dw_poses(driving)
        .ref_dw_pose(reference)
        .render_width(input.driving_width)
        .render_height(input.driving_height)
        .draw_face(true)
        .draw_hands(true)
        .render_device(device);
    site.add("pose_video", drawn).image
}

fn empty_embeds(input: &after::Input) -> WanVideoEmptyEmbeds {
    WanVideoEmptyEmbeds::new().width(input.width).height(input.height).num_frames(input.frames)
}

fn loader(site: &Site, name: &str, quantization: &str) -> WanVideoModelLoader {
    WanVideoModelLoader::new(model(name))
        .base_precision(&site.machine.precision)
        .quantization(quantization)
        .load_device("offload_device")
        .attention_mode(&site.machine.attention)
        .rms_norm_function("default")
}

fn select_lora(lora: &step::Lora) -> WanVideoLoraSelect {
    // The nodes that take them refuse LoRAs that are to be merged.
    WanVideoLoraSelect::new(model(&lora.file)).strength(lora.strength).low_mem_load(false).merge_loras(false)
}

/// A chain of LoRAs behind `first`.
fn loras(
    site: &Site,
    key: &str,
    first: Option<Out<WanVidLora>>,
    loras: &[step::Lora],
) -> Option<Out<WanVidLora>> {
    let numbered = loras.iter().zip(1..);
    numbered.fold(first, |before, (lora, number): (_, u32)| {
        let node = select_lora(lora).with(before, WanVideoLoraSelect::prev_lora);
        Some(site.add(&format!("{key}-{number}"), node))
    })
}

pub(super) fn uni3c(site: &Site, scail: &after::Scail, step: &step::Uni3c) -> after::Uni3c {
    site.require(
        step.start < step.end,
        "Uni3C must count for some part of the Wan sampling",
        &format!("start is {}, end is {}", step.start, step.end),
    );
    site.workflow.stage("uni3c");
    // Its precision must be the main models', or the first step fails; it knows no fast kind.
    let precision = site.machine.precision.trim_end_matches("_fast");
    let attention = match site.machine.attention.as_str() {
        known @ ("sdpa" | "sageattn") => known,
        _ => "sdpa",
    };
    let loaded = site.add(
        "uni3c_model",
        WanVideoUni3CControlnetLoader::new(model(&step.model))
            .base_precision(precision)
            .quantization("disabled")
            .load_device("offload_device")
            .attention_mode(attention),
    );
    let camera = site.add(
        "uni3c",
        WanVideoUni3CEmbeds::new(loaded)
            .render_latent(scail.samples)
            .strength(step.strength)
            .start_percent(step.start)
            .end_percent(step.end)
            .offload(true),
    );
    after::Uni3c { scail: *scail, camera }
}

pub(super) fn wan(site: &Site, uni3c: &after::Uni3c, step: &step::Wan) -> after::Wan {
    site.workflow.stage("wan");
    let scail = &uni3c.scail;
    let kind = if step.from_picture { "i2v" } else { "t2v" };
    let high = expert(site, scail, step, ("high", kind), (&step.high, &step.loras_high));
    let low = expert(site, scail, step, ("low", kind), (&step.low, &step.loras_low));
    // Embeds of its own: SCAIL's have four channels more than Wan 2.2 takes.
    let key = format!("wan_embeds_{kind}");
    let input = &scail.input;
    let embeds = if step.from_picture {
        let encode = WanVideoImageToVideoEncode::new()
            .vae(scail.vae)
            .start_image(input.reference)
            .width(input.width)
            .height(input.height)
            .num_frames(input.frames)
            .noise_aug_strength(0.0)
            .start_latent_strength(1.0)
            .end_latent_strength(1.0)
            .force_offload(true)
            .fun_or_fl2v_model(false)
            .tiled_vae(site.machine.vae_tiling);
        site.add(&key, encode)
    } else {
        site.add(&key, empty_embeds(input))
    };
    after::Wan { uni3c: *uni3c, high, low, embeds }
}

/// One expert, with its LoRAs.
fn expert(
    site: &Site,
    scail: &after::Scail,
    step: &step::Wan,
    (noise, kind): (&str, &str),
    (name, list): (&str, &[step::Lora]),
) -> Out<WanVideoModel> {
    let loader =
        loader(site, name, &step.quantization).with(scail.compile, WanVideoModelLoader::compile_args);
    let mut prepared = site.add(&format!("wan_{noise}_{kind}"), loader);
    if let Some(blocks) = scail.block_swap {
        let swapped = WanVideoSetBlockSwap::new(prepared).block_swap_args(blocks);
        prepared = site.add(&format!("wan_{noise}_swapped"), swapped);
    }
    if let Some(lora) = loras(site, &format!("lora_{noise}"), None, list) {
        let with_loras = WanVideoSetLoRAs::new(prepared).lora(lora);
        prepared = site.add(&format!("wan_{noise}_with_loras"), with_loras);
    }
    prepared
}

pub(super) fn sample(site: &Site, wan: &after::Wan, step: &step::Sample) -> after::Sample {
    site.require(
        step.start < step.split && step.split < step.steps,
        "the high-noise expert needs at least one step between start and split, the low-noise expert at least one between split and steps",
        &format!("start is {}, split is {}, steps is {}", step.start, step.split, step.steps),
    );
    let scail = &wan.uni3c.scail;
    let sampler = |model: Out<WanVideoModel>| {
        WanVideoSampler::new(model, wan.embeds)
            .text_embeds(scail.text)
            .steps(step.steps)
            .cfg(step.cfg)
            .shift(step.shift)
            .seed(scail.seed)
            .force_offload(true)
            .scheduler(&step.scheduler)
            .riflex_freq_index(0)
            .denoise_strength(1.0)
            .batched_cfg(false)
            .rope_function("comfy")
            .uni3c_embeds(wan.uni3c.camera)
    };
    // SCAIL leaves no noise, so that of the start is added; the high-noise expert leaves its own in.
    let high = sampler(wan.high).samples(scail.samples).start_step(step.start).end_step(step.split);
    let high = site.add("wan_high_sampler", high.add_noise_to_samples(true));
    let low = sampler(wan.low).samples(high.samples).start_step(step.split).end_step(-1);
    let low = site.add("wan_low_sampler", low.add_noise_to_samples(false));
    after::Sample { wan: *wan, samples: low.samples }
}

pub(super) fn output(site: &Site, sample: &after::Sample, step: &step::Output) {
    let scail = &sample.wan.uni3c.scail;
    site.workflow.stage("decode");
    let decoded = site.add(
        "decoded",
        WanVideoDecode::new(scail.vae, sample.samples)
            .enable_vae_tiling(site.machine.vae_tiling)
            .tile_x(272)
            .tile_y(272)
            .tile_stride_x(144)
            .tile_stride_y(128)
            .normalization("default"),
    );
    site.workflow.stage("output");
    site.add(
        "video",
        VHSVideoCombine::new(decoded)
            .frame_rate(scail.input.fps)
            .loop_count(0)
            .filename_prefix(&step.filename_prefix)
            .format("video/h264-mp4")
            .pix_fmt("yuv420p")
            .crf(step.crf)
            .save_metadata(true)
            .trim_to_audio(false)
            .pingpong(false)
            .save_output(step.save_output),
    );
}
