//! LoRAs of a list are LoRAs, and of a family that the models fit which the list is for.

use insta::assert_snapshot;

use crate::support::{Folder, Run};

/// Builds a preset of a built-in graph with these parameters.
fn built(graph: &str, params: &str) -> Run {
    let text = format!("graph = \"{graph}\"\n[params]\n{params}\n");
    Folder::with([("p.toml", &*text)]).wfc(&["build", "p.toml", "-o", "-"])
}

#[test]
fn what_is_no_lora_is_refused_at_its_item() {
    let loras = "[\n  \"my/own.safetensors\",\n  \"wan22-vae\",\n  { file = \"sub/qwen_3_4b.safetensors\" },\n  \"a\",\n  \
                 \"z_image.turbo\",\n]";
    let said = built("z-image-turbo", &format!("prompt = \"x\"\nloras = {loras}")).findings();
    assert_snapshot!(said, @r#"
    error[wrong-model-folder]: `wan22-vae` is a file of the folder vae, and a LoRA is one of loras
       ╭─[p.toml:6:3]
     5 │   "my/own.safetensors",
     6 │   "wan22-vae",
       ·   ───────────
     7 │   { file = "sub/qwen_3_4b.safetensors" },
       ╰────

    error[wrong-model-folder]: `sub/qwen_3_4b.safetensors` is a file of the folder text_encoders, and a LoRA is one of loras
       ╭─[p.toml:7:12]
     6 │   "wan22-vae",
     7 │   { file = "sub/qwen_3_4b.safetensors" },
       ·            ───────────────────────────
     8 │   "a",
       ╰────

    error[unknown-model]: there is no model `a`
       ╭─[p.toml:8:3]
     7 │   { file = "sub/qwen_3_4b.safetensors" },
     8 │   "a",
       ·   ───
     9 │   "z_image.turbo",
       ╰────
      help: name a model of the model catalog, or a file with its extension and forward slashes

    error[unknown-model]: there is no model `z_image.turbo`
        ╭─[p.toml:9:3]
      8 │   "a",
      9 │   "z_image.turbo",
        ·   ───────────────
     10 │ ]
        ╰────
      help: name a model of the model catalog, or a file with its extension and forward slashes

    4 errors in 1 file
    "#);
    let near = built("qwen-image", "prompt = \"x\"\nloras = [\"qwen-image-lightning-4step\"]").findings();
    assert!(near.contains("did you mean `qwen-image-lightning-4steps`?"), "{near}");
}

#[test]
fn a_lora_of_other_weights_is_refused_and_what_fits_is_named() {
    let loras = "loras = [\"my.safetensors\", { file = \"qwen-image-edit-2509-relight\", strength = 0.5 }]";
    let said = built("qwen-multi-angle-2511", &format!("image = \"a.png\"\n{loras}")).findings();
    assert_snapshot!(said, @r#"
    error[wrong-model-family]: `qwen-image-edit-2509-relight` is a LoRA of the family qwen-image-edit-2509; `loras` is for `qwen-image-edit-2511-bf16` of the family qwen-image-edit-2511
       ╭─[p.toml:4:37]
     3 │ image = "a.png"
     4 │ loras = ["my.safetensors", { file = "qwen-image-edit-2509-relight", strength = 0.5 }]
       ·                                     ──────────────────────────────
       ╰────
      help: what fits: qwen-image-edit-2511-multiple-angles, qwen-image-edit-2511-lightning-4steps; or a file that is not in the model catalog

    1 error in 1 file
    "#);
    for (graph, params, lora) in [
        ("qwen-image", "prompt = \"x\"\nloras", "qwen-image-edit-lightning-4steps"),
        ("z-image-turbo", "prompt = \"x\"\nloras", "qwen-image-lightning-4steps"),
        ("wan22-5b", "prompt = \"x\"\nloras", "lightx2v-t2v-14b-rank64"),
        ("ltx2-t2v", "prompt = \"x\"\nloras", "lightx2v-t2v-14b-rank64"),
        ("flux2-klein-4b", "prompt = \"x\"\nloras", "qwen-image-lightning-4steps"),
        // The same list is for other experts in another mode.
        ("wan22-a14b", "prompt = \"x\"\nloras_high", "lightx2v-i2v-14b-rank64"),
        (
            "wan22-a14b",
            "mode = \"i2v\"\nimage = \"a.png\"\nprompt = \"x\"\nloras_high",
            "lightx2v-t2v-14b-rank64",
        ),
        (
            "wan22-a14b",
            "prompt = \"x\"\nloras_low",
            "sub/wan2.2_t2v_lightx2v_4steps_lora_v1.1_high_noise.safetensors",
        ),
    ] {
        let said = built(graph, &format!("{params} = [\"{lora}\"]")).findings();
        assert!(said.contains("error[wrong-model-family]"), "{graph}: {lora}: {said}");
    }
}

#[test]
fn what_fits_is_taken() {
    let talk = "prompt = \"x\"\nimage = \"a.png\"\naudio = \"a.wav\"\nloras";
    for (graph, params, lora) in [
        ("wan22-a14b", "prompt = \"x\"\nloras_high", "lightx2v-t2v-14b-rank64"),
        (
            "wan22-a14b",
            "mode = \"i2v\"\nimage = \"a.png\"\nprompt = \"x\"\nloras_low",
            "lightx2v-i2v-14b-rank64",
        ),
        ("wan22-s2v", talk, "lightx2v-wan22-t2v-low-4steps"),
        ("qwen-multi-angle-2511", "image = \"a.png\"\nloras", "qwen-image-edit-2511-lightning-4steps"),
        // A LoRA of the base goes with the distilled checkpoint too.
        ("ltx2-t2v", "prompt = \"x\"\ndistilled = true\nloras", "ltx2-19b-distilled-lora-175"),
    ] {
        let run = built(graph, &format!("{params} = [\"{lora}\"]"));
        assert_eq!(run.code, Some(0), "{graph}: {lora}: {}", run.stderr);
    }
    // Whatever a team's own model is, it knows.
    let own =
        "prompt = \"x\"\nloras = [\"qwen-image-edit-lightning-4steps\"]\n[models]\nbase = \"my.safetensors\"";
    built("qwen-image", own).succeeded();
}

const GRAPH: &str = r#"
title = "G"
[models]
base = "z-image-turbo-bf16"
[params.loras]
type = "lora-list"
doc = "LoRAs."
default = DEFAULT
fits = FITS
[nodes.base]
class = "UNETLoader"
inputs = { unet_name = { model = "base" }, weight_dtype = "default" }
[nodes.lora]
class = "LoraLoaderModelOnly"
for_each = "loras"
inputs.lora_name = { item = "file" }
inputs.strength_model = { item = "strength" }
inputs.model = { prev = { node = "base" } }
[nodes.show]
class = "PreviewAny"
inputs = { source = { node = "lora" } }
"#;

fn own(default: &str, fits: &str, preset: &str) -> Run {
    let graph = GRAPH.replace("DEFAULT", default).replace("FITS", fits);
    let folder = Folder::with([("g.toml", &*graph), ("p.toml", &*format!("graph = \"g\"\n{preset}"))]);
    folder.wfc(&["build", "p.toml", "-o", "-"])
}

#[test]
fn defaults_and_axes_are_checked_where_they_stand() {
    let lora = "[\"qwen-image-lightning-4steps\"]";
    let default = own(lora, "[\"base\"]", "").findings();
    assert!(default.contains("error[wrong-model-family]") && default.contains("g.toml:8:12"), "{default}");
    own(lora, "[]", "").succeeded();
    let axis = own("[]", "[\"base\"]", &format!("[matrix]\nloras = [[], {lora}]\n"));
    let rung = own("[]", "[\"base\"]", &format!("[[ladder]]\nname = \"a\"\nparams = {{ loras = {lora} }}\n"));
    assert!(
        rung.stderr.contains("error[wrong-model-family]") && rung.stderr.contains("on the rung `a`"),
        "{rung:?}"
    );
    assert!(
        axis.stderr.contains("error[wrong-model-family]") && axis.stderr.contains("p.toml:3:15"),
        "{axis:?}"
    );
}

#[test]
fn a_list_is_for_slots_that_there_are() {
    let said = own("[]", "[\"bases\"]", "").findings();
    assert!(said.contains("error[unknown-model]: the graph has no model slot `bases`"), "{said}");
    assert!(said.contains("did you mean `base`?"), "{said}");
    let graph = "title = \"G\"\n[models]\nm = \"wan21-vae\"\n[params.a]\ntype = \"int\"\ndefault = 1\ndoc = \"A.\"\nfits = [\"m\"]\n\
                 [nodes.a]\nclass = \"PreviewAny\"\ninputs = { source = { param = \"a\" } }\n";
    let folder = Folder::with([("g.toml", graph), ("p.toml", "graph = \"g\"\n")]);
    let said = folder.wfc(&["build", "p.toml", "-o", "-"]).findings();
    assert!(said.contains("error[wrong-type]: `fits` does not go with int parameters"), "{said}");
}
