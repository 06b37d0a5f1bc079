//! `wfc vram`: figures of published logs through the command line, every model, and bad input.

use serde_json::Value;
use wfc::catalog::Models;
use wfc::plan::{Engine, Model, Network};

use crate::support::Folder;

const GIB: f64 = 1024.0 * 1024.0 * 1024.0;

/// The document that `wfc vram --format json` prints for these arguments.
fn json(arguments: &str) -> Value {
    let mut all: Vec<&str> = vec!["vram", "--format", "json"];
    all.extend(arguments.split(' '));
    let run = Folder::new().wfc(&all).succeeded();
    serde_json::from_str(&run.stdout).unwrap()
}

/// What a run with bad arguments says.
fn refused(arguments: &str) -> String {
    let mut all: Vec<&str> = vec!["vram"];
    all.extend(arguments.split(' '));
    let run = Folder::new().wfc(&all);
    assert_eq!(run.code, Some(2), "{arguments}: {}", run.stdout);
    assert_eq!(run.stdout, "");
    run.stderr
}

fn gib(document: &Value, pointer: &str) -> f64 {
    document.pointer(pointer).and_then(Value::as_f64).unwrap() / GIB
}

#[test]
fn logs_are_reproduced_within_three_percent() {
    const WRAPPER: &str = "--engine wanvideowrapper";
    for (arguments, measured) in [
        // time-to-move/TTM issue 6, sampling and decoding
        (
            "--model wan2.2-i2v-a14b --dtype bf16 --width 1280 --height 704 --frames 81 --block-swap 20 --stage sampling",
            21.115,
        ),
        ("--model wan21-vae --width 1280 --height 704 --frames 81 --stage vae_decode", 9.601),
        // WanVideoWrapper issues 983 and 1272
        (
            "--model Wan2.1-I2V-14B --dtype fp8_e4m3fn --width 640 --height 960 --frames 113 --block-swap 35 \
             --lora 600MB --rope default --as-of 2025-08-15 --stage sampling",
            13.695,
        ),
        (
            "--model wan22-t2v-14b --dtype fp8 --width 480 --height 768 --frames 121 --block-swap 40 --lora 307MB \
             --as-of 2025-09-24 --stage sampling",
            7.593,
        ),
        // four A10G
        ("--model skyreels-v3-a2v --dtype fp8 --width 832 --height 480 --frames 81 --stage sampling", 20.679),
        // issue 1267, at a window's end
        (
            "--model wan2.2-animate --dtype fp8_scaled --width 1280 --height 720 --frames 77 --block-swap 35 \
             --vae-dtype fp32 --as-of 2025-09-20 --stage vae_decode",
            23.242,
        ),
    ] {
        let document = json(&format!("{arguments} {WRAPPER}"));
        let predicted = gib(&document, "/least/allocated/typical");
        assert!((predicted / measured - 1.0).abs() < 0.03, "{arguments}: {predicted} {measured}");
        let within = gib(&document, "/least/allocated/low")..=gib(&document, "/least/allocated/high");
        assert!(within.contains(&measured), "{arguments}: {within:?}");
    }
}

#[test]
fn the_vendors_table_is_reproduced() {
    for (arguments, measured) in [
        ("--model wan2.2-t2v-a14b --width 832 --height 480", 41.3),
        ("--model wan2.2-t2v-a14b --width 1280 --height 720", 59.8),
        ("--model wan2.2-t2v-a14b --width 832 --height 480 --cards 4", 40.9),
        ("--model wan2.2-t2v-a14b --width 832 --height 480 --cards 8", 26.2),
        ("--model wan2.2-t2v-a14b --width 1280 --height 720 --cards 4", 51.7),
        ("--model wan2.2-t2v-a14b --width 1280 --height 720 --cards 8", 37.0),
        ("--model wan2.1-t2v-14b --width 1280 --height 720", 69.1),
        ("--model wan2.1-t2v-14b --width 1280 --height 720 --cards 2", 53.9),
        ("--model wan2.1-i2v-14b --width 1280 --height 720 --cards 8", 32.9),
        ("--model wan2.1-t2v-1.3b --width 832 --height 480 --gpu rtx-4090 --cards 2", 18.1),
        ("--model wan2.1-t2v-14b --width 1280 --height 720 --gpu a100-80gb --cards 8", 28.6),
    ] {
        let document = json(&format!("{arguments} --engine generate.py --frames 81"));
        let predicted = gib(&document, "/least/allocated/typical");
        assert!((predicted / measured - 1.0).abs() < 0.015, "{arguments}: {predicted} {measured}");
    }
    // Its VAE decides, however many cards there are.
    let of = |cards: u32| {
        let size = "--model ti2v-5b --engine reference --width 1280 --height 704 --frames 121";
        json(&format!("{size} --cards {cards}"))
    };
    assert_eq!(of(1)["least"], of(8)["least"]);
    assert_eq!(of(1)["decides"], "vae_decode");
}

#[test]
fn ulysses_gives_each_card_whole_heads() {
    let cards = |model: &str, cards: u32| {
        let size = "--engine reference --width 832 --height 480 --frames 81";
        format!("--model {model} {size} --cards {cards}")
    };
    let text = refused(&cards("wan2.2-t2v-a14b", 7));
    assert!(
        text.contains("7 cards do not divide the 40 heads of wan-14b-t2v")
            && text.contains("2, 4, 5, 8, 10, 20, 40"),
        "{text}"
    );
    assert!(refused(&cards("ti2v-5b", 5)).contains("on 2, 3, 4, 6, 8, 12, 24 cards"));
    // That of Wan 2.1 may share by a ring: its vendor ran 12 heads on 8 cards.
    json(&cards("wan2.1-t2v-1.3b", 8));
    assert!(refused("--model uni3c --width 832 --height 480 --frames 81").contains("--uni3c"));
}

#[test]
fn every_model_has_an_answer_in_every_engine_that_runs_it() {
    for network in Network::all() {
        for engine in Engine::ALL {
            let is_wan = network.encoder == "umt5-xxl-wan";
            if !is_wan && matches!(engine, Engine::Wrapper | Engine::Reference) {
                continue;
            }
            let frames = if network.stride > 1.0 { " --frames 49" } else { "" };
            let arguments = format!(
                "--model {} --engine {} --width 768 --height 512{frames}",
                network.name,
                engine.key()
            );
            let document = json(&arguments);
            for question in ["least", "without_streaming"] {
                for measure in ["allocated", "reserved", "device"] {
                    let limit = |name: &str| gib(&document, &format!("/{question}/{measure}/{name}"));
                    let (low, typical, high) = (limit("low"), limit("typical"), limit("high"));
                    assert!(0.5 < low && low <= typical && typical <= high && high < 400.0, "{arguments}");
                }
            }
        }
    }
    let models = Models::embedded();
    for part in Model::parts(&models).iter() {
        let document = json(&format!("--model {} --width 512 --height 512", part.name));
        assert!(gib(&document, "/least/device/low") > 0.3, "{}", part.name);
    }
}

#[test]
fn the_document_has_the_shape_of_its_schema() {
    let validator = crate::schemas::schema("vram");
    for arguments in [
        "--model ltx-2 --dtype fp8 --width 1280 --height 704 --frames 121 --gpu rtx-4090",
        "--model qwen-image-edit --references 2 --width 1024 --height 1024 --engine diffusers --offload none",
        "--model umt5-xxl --vram 12GB",
        "--model wan2.1-i2v-14b --engine wrapper --tokens 32760 --uni3c --uni3c-kept",
    ] {
        let document = json(arguments);
        let errors = crate::schemas::errors(&validator, &document);
        assert!(errors.is_empty(), "{arguments}: {errors:#?}");
        assert_eq!(document["version"], 1);
    }
}

#[test]
fn settings_do_what_they_say() {
    let device = |arguments: &str| gib(&json(arguments), "/least/device/typical");
    let wrapper = "--model wan2.2-i2v-a14b --dtype bf16 --engine wrapper --width 832 --height 480 --frames 81 --stage sampling";
    let base = device(&format!("{wrapper} --block-swap 20"));
    assert!(device(&format!("{wrapper} --block-swap 30")) < base);
    assert!(device(wrapper) > base);
    assert!(device(&format!("{wrapper} --block-swap 20 --prefetch 2")) > base);
    assert!(device(&format!("{wrapper} --block-swap 20 --rope comfy_chunked")) < base);
    assert!(device(&format!("{wrapper} --block-swap 20 --rope default")) > base);
    assert!(device(&format!("{wrapper} --block-swap 20 --as-of 2025-08-01")) > base);
    assert!(device(&format!("{wrapper} --block-swap 20 --uni3c")) > base);
    assert!(device(&format!("{wrapper} --block-swap 20 --batch 2")) > base);
    // With layers replaced one block more is swapped, and the LoRA lies beside the blocks that stay.
    let lora = |size: &str| device(&format!("{wrapper} --block-swap 20 --lora {size}"));
    assert!(lora("1MB") < base && lora("4GiB") > base);
    assert!((device(&format!("{wrapper} --block-swap 20 --merged-lora 1GiB")) - base).abs() < 1e-9);
    let vae = "--model wan21-vae --engine wrapper --width 1280 --height 704 --frames 81 --stage vae_decode";
    assert!(device(&format!("{vae} --tiled-vae")) < device(vae) / 3.0);
    assert!(device(&format!("{vae} --vae-dtype fp32")) > device(vae) * 1.8);
    let diffusers = "--model z-image-turbo --engine diffusers --dtype bf16 --width 1024 --height 1024";
    let offload = |how: &str| device(&format!("{diffusers} --offload {how}"));
    assert!(offload("none") > offload("model") && offload("model") > offload("sequential"));
}

#[test]
fn a_card_is_compared_with_what_is_needed() {
    let of = |arguments: &str| {
        json(&format!(
            "--model wan2.2-i2v-a14b --dtype bf16 --engine wrapper --width 1280 --height 704 --frames 81 {arguments}"
        ))
    };
    let verdict = |arguments: &str| of(arguments)["card"]["verdict"].as_str().unwrap().to_owned();
    assert_eq!(verdict("--gpu a100-80gb"), "fits");
    assert_eq!(verdict("--gpu a100-80gb --block-swap 20"), "streams");
    assert_eq!(verdict("--gpu rtx-4090"), "does-not-fit");
    assert_eq!(verdict("--vram 24GB --block-swap 20"), "may-not-fit");
    assert_eq!(verdict("--vram 48GB"), "fits");
    assert_eq!(verdict("--vram 48GB --headroom 12GiB"), "may-not-fit");
    assert!(gib(&of("--vram 24GB"), "/card/margin") < 0.0);
    assert!((gib(&of("--vram 24GB"), "/card/total") - 24.0).abs() < 1e-9);
}

#[test]
fn what_is_not_known_of_the_machine_and_would_decide_is_named() {
    let network =
        "--model wan2.2-i2v-a14b --dtype bf16 --engine wrapper --width 1280 --height 704 --frames 81";
    let conditions = |arguments: &str| {
        let document = json(arguments);
        let all = document["card"]["conditions"].as_array().unwrap().clone();
        all.iter().map(|one| one.as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let of_size = conditions(&format!("{network} --vram 48GB"));
    assert!(of_size[0].contains("compute capability is 8.0 or more"), "{of_size:?}");
    assert!(of_size[1].contains("torch is not 2.9"), "{of_size:?}");
    assert_eq!(conditions(&format!("{network} --gpu h200-141gb --torch 2.8")), [""; 0]);
    // The VAE has room for it, or works in 32 bits.
    assert_eq!(conditions(&format!("{network} --gpu h200-141gb")), [""; 0]);
    assert_eq!(conditions(&format!("{network} --gpu l40s --vae-dtype fp32")), [""; 0]);
    // Scores that an old card may have to keep are in the most that is expected, and in nothing else.
    let device = |arguments: &str, limit: &str| gib(&json(arguments), &format!("/least/device/{limit}"));
    let (new, old) = (format!("{network} --gpu l40s"), format!("{network} --gpu rtx-2080-ti"));
    assert!((device(&new, "typical") - device(&old, "typical")).abs() < 1e-9);
    assert!(device(&old, "high") > device(&new, "high") + 100.0);
    // A version of torch whose convolutions take more.
    let vae = "--model wan21-vae --engine wrapper --width 832 --height 624 --frames 121 --stage vae_decode";
    assert!(device(&format!("{vae} --torch 2.9.0"), "typical") > device(vae, "typical") * 1.8);
    assert!((device(&format!("{vae} --torch 2.8"), "typical") - device(vae, "typical")).abs() < 1e-9);
    let native = "--model wan21-vae --width 832 --height 624 --frames 121 --stage vae_decode";
    assert!((device(&format!("{native} --torch 2.9"), "high") - device(native, "high")).abs() < 1e-9);
    // What no card decides.
    assert!(gib(&json(network), "/ram/low") > 53.0);
    assert!(refused(&format!("{network} --torch new")).contains("`new` is no version of torch"));
}

#[test]
fn people_get_a_table() {
    let run = Folder::new().wfc(&[
        "vram",
        "--model",
        "wan2.2-i2v-a14b",
        "--dtype",
        "bf16",
        "--engine",
        "wanvideowrapper",
        "--width",
        "1280",
        "--height",
        "704",
        "--frames",
        "81",
        "--block-swap",
        "20",
        "--encoder-dtype",
        "bf16",
        "--gpu",
        "a100-80gb",
    ]);
    insta::assert_snapshot!(run.succeeded().stdout, @"
    wan-14b-i2v in WanVideoWrapper, bf16, 1280 x 704, 81 frames
    GiB: expected (least to most)

    stage         weights              on the card  buffers  activations       rests on
    text encoder  10.6                 10.6         0.0      0.4 (0.3 to 0.5)  tracked in the code
    VAE encode    0.2                  0.2          0.0      7.6 (6.3 to 8.1)  tracked in the code
    sampling      26.6 (26.6 to 26.7)  14.2         0.7      6.5 (5.3 to 6.9)  tracked in the code
    VAE decode    0.2                  0.2          0.0      9.3 (8.6 to 9.8)  tracked in the code

    the least a card needs  allocated            reserved             device
    text encoder            10.9 (10.9 to 11.1)  11.5 (11.1 to 12.7)  12.0 (11.5 to 13.4)
    VAE encode              7.9 (6.6 to 8.4)     10.5 (7.8 to 11.8)   11.0 (8.1 to 12.5)
    sampling                21.3 (20.2 to 21.8)  23.3 (21.1 to 25.2)  23.8 (21.4 to 26.0)
    VAE decode              9.5 (8.8 to 10.1)    12.6 (10.5 to 14.2)  13.1 (10.8 to 14.9)
    all                     21.3 (20.2 to 21.8)  23.3 (21.1 to 25.2)  23.8 (21.4 to 26.0)

    without streaming weights  allocated            reserved             device
    text encoder               10.9 (10.9 to 11.1)  11.5 (11.1 to 12.7)  12.0 (11.5 to 13.4)
    VAE encode                 7.9 (6.6 to 8.4)     10.5 (7.8 to 11.8)   11.0 (8.1 to 12.5)
    sampling                   33.1 (32.0 to 33.6)  36.1 (33.4 to 39.0)  36.6 (33.7 to 39.7)
    VAE decode                 9.5 (8.8 to 10.1)    12.6 (10.5 to 14.2)  13.1 (10.8 to 14.9)
    all                        33.1 (32.0 to 33.6)  36.1 (33.4 to 39.0)  36.6 (33.7 to 39.7)

    text encoder: 512 tokens of text; umt5-xxl-bf16: bf16, 10.6 GiB
    VAE encode: 1280 x 704 x 81; in 16 bits
    sampling: 73,920 tokens; 19 of 40 blocks swapped
    VAE decode: 1280 x 704 x 81; in 16 bits
    main memory, for weights and pictures: 65.7 (64.9 to 66.3) GiB

    A100 SXM 80GB (80.0 GiB): fits, streaming weights; left 56.2 GiB

    what would need less, on the device:
      store the network in fp8: 16.2 (15.1 to 18.4) GiB
      swap 30 blocks: 16.6 (14.6 to 18.3) GiB
      960 x 528: 20.7 (19.0 to 22.5) GiB
      61 frames: 22.1 (20.1 to 24.1) GiB
      rope function comfy_chunked: 22.2 (20.4 to 26.3) GiB
    ");
}

#[test]
fn what_cannot_be_is_refused_with_all_mistakes_at_once() {
    insta::assert_snapshot!(refused(
        "--model wan2.2-i2v-a14 --engine wanvideowraper --dtype bf17 --gpu rtx-4091"
    ), @"
    wfc: nothing is known of the memory of `wan2.2-i2v-a14`
      help: did you mean `wan22-i2v-a14b`?
    wfc: there is no engine `wanvideowraper`
      help: did you mean `wanvideowrapper`?
    wfc: the dtype `bf17` is not known
      help: did you mean `bf16`?
    wfc: there is no card `rtx-4091`
      help: did you mean `rtx-4090`?
    ");
    insta::assert_snapshot!(refused(
        "--model wan2.2-i2v-a14b --width 1281 --height -704 --frames 80 --block-swap 20 --cards 4 --as-of yesterday"
    ), @"
    wfc: `yesterday` is no day
      help: write year, month and day, such as `2025-09-24`
    wfc: height -704 is out of range
      help: a side has 16 to 65536 pixels
    wfc: width 1281 is no multiple of 16, the side of a token of wan-14b-i2v
      help: 1280 and 1296 would be
    wfc: 80 frames are not 4n+1, which the latents of wan-14b-i2v need
      help: 77 and 81 are
    wfc: ComfyUI has no setting for block swap
      help: `--engine wanvideowrapper` has it
    wfc: ComfyUI runs a model on one card, not on 4
      help: `--engine reference` is generate.py, which shares it among cards
    ");
    insta::assert_snapshot!(refused("--model wan2.2-i2v-a14b --engine wrapper --width 1280"), @"
    wfc: the height is not known
      help: add `--height`, in pixels
    wfc: the number of frames is not known
      help: add `--frames`; 1 is a picture
    ");
    insta::assert_snapshot!(refused(
        "--model wan2.2-i2v-a14b --engine wrapper --frames 0 --width 0 --height 99999999"
    ), @"
    wfc: width 0 is out of range
      help: a side has 16 to 65536 pixels
    wfc: height 99999999 is out of range
      help: a side has 16 to 65536 pixels
    wfc: 0 frames are out of range
      help: it must be 1 to 1000000
    ");
    insta::assert_snapshot!(refused(
        "--model z-image --engine reference --width 1024 --height 1024 --frames 5"
    ), @"
    wfc: z-image makes pictures, not 5 frames
      help: leave `--frames` out; `--batch` is for several pictures
    wfc: generate.py runs the models of Wan, not z-image
      help: the engines `comfyui` and `diffusers` run others
    ");
    insta::assert_snapshot!(refused("--model umt5-xxl --stage vae_decode --vram 24 --lora big --tile 0x5"), @"
    wfc: `big` of --lora is no size
      help: write a number and a unit, such as `600MB` or `1GiB`
    wfc: `0x5` is no size of a tile
      help: write pixels, such as `512` or `272x272`
    wfc: a card of `24` is too small to be one
      help: write the unit, such as `24GB`
    wfc: `umt5-xxl` has no stage `vae_decode`
      help: it has `text_encoder`
    ");
    for arguments in [
        "--model ltx-2 --width 9223372036854775807 --height 9223372036854775807 --frames 9223372036854775807",
        "--model ltx-2 --width 99999999999999999999 --height 1 --frames 1",
        "--model ltx-2 --tokens 9223372036854775807",
        "--model ltx-2 --tokens -1",
        "--model ltx-2 --width 512 --height 512 --frames 9 --batch 0",
        "--model ltx-2 --width 512 --height 512 --frames 9 --references -3",
        "--model wan2.1-t2v-14b --engine reference --width 512 --height 512 --frames 9 --cards 0",
        "--model wan2.1-t2v-14b --engine wrapper --width 512 --height 512 --frames 9 --block-swap -1",
        "--model wan2.1-t2v-14b --engine wrapper --width 512 --height 512 --frames 9 --lora 99999999999999TB",
        "--model wan21-vae --vae-dtype fp8 --width 512 --height 512",
        "--model  --width 512 --height 512",
    ] {
        let text = refused(arguments);
        assert!(text.contains("help:") || text.contains("--help"), "{arguments}: {text}");
    }
}
