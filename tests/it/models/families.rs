//! A preset may put another model into a slot, if it is of a family that the slot takes.

use insta::assert_snapshot;

use crate::support::{Folder, Run};

/// Builds a built-in graph's preset with one slot filled otherwise.
fn with(graph: &str, slot: &str, model: &str) -> Run {
    let image = if graph.contains("edit") || graph.contains("angle") { "image = \"a.png\"\n" } else { "" };
    let prompt = if graph.contains("angle") { "" } else { "prompt = \"x\"\n" };
    let text = format!("graph = \"{graph}\"\n[params]\n{prompt}{image}[models]\n{slot} = \"{model}\"\n");
    Folder::with([("p.toml", &*text)]).wfc(&["build", "p.toml", "-o", "-"])
}

#[test]
fn another_family_is_an_error_that_says_what_fits() {
    assert_snapshot!(with("wan22-a14b", "high_t2v", "wan22-t2v-a14b-low-fp8").findings(), @r#"
    error[wrong-model-family]: `wan22-t2v-a14b-low-fp8` is of the family wan22-t2v-14b-low; the slot `high_t2v` takes a diffusion model of the family wan22-t2v-14b-high
       ╭─[p.toml:5:12]
     4 │ [models]
     5 │ high_t2v = "wan22-t2v-a14b-low-fp8"
       ·            ────────────────────────
       ╰────
        ╭─[wfc:graphs/wan22-a14b.toml:10:12]
      9 │ [models]
     10 │ high_t2v = "wan22-t2v-a14b-high-fp8"
        ·            ────────────┬────────────
        ·                        ╰── the graph's default
     11 │ low_t2v = "wan22-t2v-a14b-low-fp8"
        ╰────
      help: what fits: wan22-t2v-a14b-high-fp8, wan22-t2v-a14b-high-fp8-kj; or a file that is not in the model catalog

    1 error in 1 file
    "#);
}

#[test]
fn mixtures_that_are_fatal_are_refused() {
    for (graph, slot, model) in [
        // The experts swapped, as names and as files.
        ("wan22-a14b", "low_t2v", "wan22-t2v-a14b-high-fp8"),
        ("wan22-a14b", "high_i2v", "sub/wan2.2_i2v_low_noise_14B_fp8_scaled.safetensors"),
        // Text-to-video on image-to-video, and the other way round.
        ("wan22-a14b", "high_i2v", "wan22-t2v-a14b-high-fp8"),
        ("wan22-a14b", "lightning_high_i2v", "lightx2v-wan22-t2v-high-4steps"),
        ("wan22-a14b", "lightning_high_i2v", "lightx2v-t2v-14b-rank64"),
        ("wan22-a14b", "lightning_low_t2v", "lightx2v-wan22-t2v-high-4steps"),
        // 16 channels and 48.
        ("wan22-a14b", "vae", "wan22-vae"),
        ("wan22-a14b", "vae", "flux1-vae"),
        // The wrapper refuses scaled weights; ComfyUI's own loader does not know the wrapper's layout.
        ("wan22-a14b-wrapper", "text_encoder", "umt5-xxl-fp8"),
        ("wan22-a14b", "text_encoder", "umt5-xxl-bf16"),
        // SCAIL 2 has other weights than SCAIL.
        ("dance-scail", "scail", "scail2-14b-fp8"),
        // Base and distilled, sizes of the text encoder, 16 channels and 32.
        ("flux2-klein-4b", "distilled", "flux2-klein-base-4b-bf16"),
        ("flux2-klein-9b-edit", "base", "flux2-klein-9b-fp8"),
        ("flux2-klein-9b-edit", "text_encoder", "qwen3-4b-bf16"),
        ("flux2-klein-4b", "text_encoder", "qwen3-8b-fp8"),
        ("flux2-klein-4b", "vae", "flux1-vae"),
        ("z-image-turbo", "vae", "flux2-vae"),
        ("z-image-turbo", "base", "z-image-bf16"),
        // LoRAs of other weights, and of the same weights for another purpose.
        ("qwen-multi-angle-2511", "angles", "qwen-image-edit-2509-multiple-angles"),
        ("qwen-multi-angle-2509", "lightning", "qwen-image-edit-2509-multiple-angles"),
        ("qwen-image", "base", "qwen-image-edit-fp8"),
        // A LoRA is no diffusion model, whatever it was trained for.
        ("wan22-a14b", "high_t2v", "lightx2v-wan22-t2v-high-4steps"),
        ("dance-scail", "pose_detector", "vitpose-h-data"),
    ] {
        let said = with(graph, slot, model).stderr;
        assert!(
            said.contains(&format!("error[wrong-model-family]: `{model}` is ")),
            "{slot} = {model}: {said}"
        );
        assert!(said.contains("help: what fits: "), "{said}");
    }
}

#[test]
fn what_stands_in_is_taken() {
    for (graph, slot, model) in [
        ("wan22-a14b", "high_i2v", "wan22-i2v-a14b-high-fp16"),
        ("wan22-a14b", "text_encoder", "umt5-xxl-fp16"),
        ("wan22-a14b-wrapper", "text_encoder", "umt5-xxl-fp16"),
        ("wan22-a14b", "vae", "wan21-vae-bf16"),
        ("flux2-klein-9b-edit", "vae", "flux2-vae"),
        ("flux2-klein-4b", "base", "flux2-klein-base-4b-fp8"),
        ("qwen-image", "lightning", "qwen-image-lightning-4steps"),
        ("z-image-turbo", "text_encoder", "qwen3-4b-fp8"),
        // A LoRA of Wan 2.1 that both experts take, and the experts' own where the graph names that one.
        ("wan22-a14b", "lightning_high_t2v", "lightx2v-t2v-14b-rank64"),
        ("wan22-a14b-wrapper", "lightning_high_t2v", "lightx2v-wan22-t2v-high-4steps"),
        // A team's own.
        ("wan22-a14b", "high_t2v", "my-wan.safetensors"),
        ("wan22-a14b", "high_t2v", "team/my-wan.safetensors"),
    ] {
        let run = with(graph, slot, model);
        // With these defaults some of the slots are not loaded from, which is another matter.
        let is_quiet = run.stderr.is_empty() || run.stderr.starts_with("warning[param-without-effect]");
        assert!(run.code == Some(0) && is_quiet, "{slot} = {model}: {}", run.stderr);
    }
}

const GRAPH: &str = r#"
title = "G"
[models]
vae = SLOT
[nodes.vae]
class = "VAELoader"
inputs = { vae_name = { model = "vae" } }
[nodes.show]
class = "PreviewAny"
inputs = { source = { node = "vae" } }
"#;

fn graph(slot: &str, chosen: &str) -> Run {
    let preset = format!("graph = \"g\"\n[models]\nvae = \"{chosen}\"\n");
    let folder = Folder::with([("g.toml", &*GRAPH.replace("SLOT", slot)), ("p.toml", &preset)]);
    folder.wfc(&["build", "p.toml", "-o", "-"])
}

#[test]
fn a_graph_may_take_further_families() {
    let slot = "{ model = \"wan21-vae\", families = [\"qwen-image-vae\"] }";
    graph(slot, "wan21-vae-bf16").succeeded();
    assert!(graph(slot, "qwen-image-vae").succeeded().stdout.contains("qwen_image_vae.safetensors"));
    assert_snapshot!(graph(slot, "wan22-vae").findings(), @r#"
    error[wrong-model-family]: `wan22-vae` is of the family wan22-vae; the slot `vae` takes a VAE of the families wan21-vae, qwen-image-vae
       ╭─[p.toml:3:7]
     2 │ [models]
     3 │ vae = "wan22-vae"
       ·       ───────────
       ╰────
       ╭─[g.toml:4:17]
     3 │ [models]
     4 │ vae = { model = "wan21-vae", families = ["qwen-image-vae"] }
       ·                 ─────┬─────
       ·                      ╰── the graph's default
     5 │ [nodes.vae]
       ╰────
      help: what fits: qwen-image-vae, wan21-vae, wan21-vae-bf16, wan21-vae-pth; or a file that is not in the model catalog

    1 error in 1 file
    "#);
    // A default that the catalog does not know has no family to compare with.
    graph("\"my-vae.safetensors\"", "wan22-vae").succeeded();
}

#[test]
fn a_slot_is_read_with_its_mistakes() {
    for (slot, expected) in [
        (
            "{ model = \"wan21-vae\", families = [\"wan22-vea\"] }",
            "error[unknown-family]: no model is of the family `wan22-vea`",
        ),
        (
            "{ model = \"wan21-vae\", family = \"x\" }",
            "error[unknown-key]: unknown key `family` in a model slot",
        ),
        ("{ families = [] }", "error[missing-key]: a model slot needs the key `model`"),
        ("7", "error[wrong-type]: expected a string, found"),
    ] {
        let said = graph(slot, "wan21-vae").findings();
        assert!(said.contains(expected), "{said}");
    }
    let said = graph("{ model = \"wan21-vae\", families = [\"wan22-vea\"] }", "wan21-vae").findings();
    assert!(said.contains("did you mean `wan22-vae`?"), "{said}");
}

#[test]
fn a_dot_makes_no_file_and_the_model_of_that_file_is_meant() {
    let said = |graph: &str, slot: &str, model: &str| with(graph, slot, model).findings();
    let stem = said("wan22-a14b", "high_i2v", "wan2.2_i2v_high_noise_14B_fp16");
    assert_snapshot!(stem, @r#"
    error[unknown-model]: there is no model `wan2.2_i2v_high_noise_14B_fp16`
       ╭─[p.toml:5:12]
     4 │ [models]
     5 │ high_i2v = "wan2.2_i2v_high_noise_14B_fp16"
       ·            ────────────────────────────────
       ╰────
      help: did you mean `wan22-i2v-a14b-high-fp16`?

    1 error in 1 file
    "#);
    let extension = said("wan22-a14b", "vae", "wan_2.1_vae.safetensor");
    assert!(extension.contains("did you mean `wan21-vae`?"), "{extension}");
    with("wan22-a14b", "vae", "sub/my.own.GGUF").succeeded();
}

#[test]
fn only_what_fits_is_suggested() {
    let said = |model: &str| with("flux2-klein-9b-edit", "base", model).findings();
    // One edit away, and of a family that the slot refuses.
    let near = said("flux2-klein-base-9b-bf16");
    assert!(near.contains("did you mean `flux2-klein-base-9b-fp8`?") && !near.contains("4b"), "{near}");
    let far = said("wan2.2_vae");
    assert!(far.contains("help: what fits: flux2-klein-base-9b-fp8; or a file"), "{far}");
}
