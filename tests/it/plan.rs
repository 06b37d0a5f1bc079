//! `wfc plan`: memory, time and money of workflows before they run.

use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::schemas::{errors, schema};
use crate::support::{Folder, Run, repository, toml_files};

const GIB: f64 = 1024.0 * 1024.0 * 1024.0;

fn preset(name: &str) -> String {
    repository(&format!("presets/{name}.toml")).to_string_lossy().into_owned()
}

fn run(arguments: &[&str]) -> Run {
    Folder::new().wfc(&[&["plan"], arguments].concat())
}

/// The JSON document of a run that is expected to find nothing wrong.
fn document(arguments: &[&str]) -> Value {
    let run = run(&[arguments, &["--format", "json"]].concat()).succeeded();
    serde_json::from_str(&run.stdout).unwrap()
}

/// The only plan of a preset.
fn plan(name: &str, arguments: &[&str]) -> Value {
    let path = preset(name);
    let mut document = document(&[&[&*path], arguments].concat());
    let plans = document["plans"].as_array_mut().unwrap();
    assert_eq!(plans.len(), 1);
    plans.remove(0)
}

fn verdict(plan: &Value) -> &str {
    plan["target"]["verdict"].as_str().unwrap()
}

/// A workflow for the API of one sampler after the other, with so many nodes or a few less.
fn chain(nodes: usize) -> String {
    let mut workflow = json!({
        "model": {"class_type": "UNETLoader", "inputs": {"unet_name": "z_image_turbo_bf16.safetensors", "weight_dtype": "default"}},
        "clip": {"class_type": "CLIPLoader", "inputs": {"clip_name": "qwen_3_4b.safetensors", "type": "lumina2", "device": "default"}},
        "vae": {"class_type": "VAELoader", "inputs": {"vae_name": "ae.safetensors"}},
        "text": {"class_type": "CLIPTextEncode", "inputs": {"clip": ["clip", 0], "text": "a fox"}},
        "latent": {"class_type": "EmptySD3LatentImage", "inputs": {"width": 1024, "height": 1024, "batch_size": 1}},
    });
    for number in 0..(nodes - 5) / 3 {
        let before = if number == 0 { "latent".to_owned() } else { format!("sampled{}", number - 1) };
        workflow[format!("sampled{number}")] = json!({"class_type": "KSampler", "inputs": {
            "model": ["model", 0], "positive": ["text", 0], "negative": ["text", 0], "latent_image": [before, 0],
            "seed": number, "steps": 8, "cfg": 1.0, "sampler_name": "euler", "scheduler": "simple", "denoise": 1.0}});
        workflow[format!("decoded{number}")] = json!({"class_type": "VAEDecode", "inputs": {
            "samples": [format!("sampled{number}"), 0], "vae": ["vae", 0]}});
        workflow[format!("saved{number}")] = json!({"class_type": "SaveImage", "inputs": {
            "images": [format!("decoded{number}"), 0], "filename_prefix": "chain"}});
    }
    workflow.to_string()
}

#[test]
fn every_preset_has_a_full_plan_that_does_not_depend_on_the_run() {
    let validator = schema("plan");
    let presets = repository("presets").to_string_lossy().into_owned();
    let all = document(&[&presets]);
    assert_eq!(all, document(&[&presets]));
    assert_eq!(errors(&validator, &all), [""; 0]);
    let plans = all["plans"].as_array().unwrap();
    for (name, _) in toml_files("presets") {
        let of_preset =
            plans.iter().filter(|plan| plan["file"].as_str().unwrap().ends_with(&format!("/{name}.toml")));
        let mut count = 0;
        for plan in of_preset {
            count += 1;
            assert_eq!(plan["gaps"], json!([]), "{name}");
            let steps = plan["steps"].as_array().unwrap();
            if name == "smoke" {
                assert_eq!(steps.len(), 0, "{name} needs no model");
                continue;
            }
            assert!(steps.iter().any(|step| step["kind"] == "sampling"), "{name}");
            let least = &plan["least"]["device"];
            let decides = usize::try_from(plan["decides"].as_u64().unwrap()).unwrap();
            assert_eq!(steps[decides]["least"]["device"]["typical"], least["typical"], "{name}");
            for measures in
                steps.iter().map(|step| &step["least"]).chain([&plan["least"], &plan["without_streaming"]])
            {
                let of = |measure: &str, limit: &str| measures[measure][limit].as_f64().unwrap();
                for measure in ["allocated", "reserved", "device"] {
                    let [low, typical, high] = ["low", "typical", "high"].map(|limit| of(measure, limit));
                    assert!(
                        0.0 <= low && low <= typical && typical <= high && high < 200.0 * GIB,
                        "{name}: {measures}"
                    );
                }
                // The measures hold one another.
                for limit in ["low", "typical", "high"] {
                    assert!(of("allocated", limit) <= of("reserved", limit), "{name}: {measures}");
                    assert!(of("reserved", limit) <= of("device", limit), "{name}: {measures}");
                }
            }
        }
        assert!(count > 0, "{name} has no plan");
    }
}

#[test]
fn a_graph_of_a_hundred_nodes_has_a_plan_that_does_not_depend_on_the_run() {
    let folder = Folder::with([("chain.json", &*chain(100))]);
    let once = folder.wfc(&["plan", "chain.json", "--gpu", "all", "--format", "json"]).succeeded().stdout;
    assert_eq!(
        once,
        folder.wfc(&["plan", "chain.json", "--gpu", "all", "--format", "json"]).succeeded().stdout
    );
    let document: Value = serde_json::from_str(&once).unwrap();
    let plan = &document["plans"][0];
    // The text encoder, and a sampler and a decoder for each of 31.
    assert_eq!(plan["steps"].as_array().unwrap().len(), 1 + 2 * 31);
    assert_eq!((&plan["gaps"], &plan["notes"]), (&json!([]), &json!([])));
    let svg = folder.wfc(&["plan", "chain.json", "--svg", "-"]).succeeded().stdout;
    assert_eq!(svg, folder.wfc(&["plan", "chain.json", "--svg", "-"]).succeeded().stdout);
}

#[test]
fn what_the_reports_say_fits_fits() {
    let a2 = plan("scail-uni3c-wan22", &["--gpu", "a100-80gb"]);
    assert_eq!(verdict(&a2), "fits");
    let dance = plan("dance-scail-rtx5090", &["--gpu", "rtx-5090"]);
    assert!(["fits", "streams"].contains(&verdict(&dance)), "{}", dance["target"]);
    let ltx = ["--set", "width=1280", "--set", "height=704", "--set", "frames=121"];
    let ltx = plan("ltx2-t2v", &[&ltx[..], &["--vram", "24GiB"]].concat());
    assert!(["fits", "streams"].contains(&verdict(&ltx)), "{}", ltx["target"]);
    // All of the model is more than the card may have at once.
    assert!(ltx["without_streaming"]["device"]["high"].as_f64().unwrap() > 24.0 * GIB);
    let qwen = [
        "--set",
        "models.base=qwen_image_edit_bf16.safetensors",
        "--set",
        "models.text_encoder=qwen25-vl-7b-bf16",
    ];
    let qwen = plan("qwen-image-edit", &[&qwen[..], &["--gpu", "a100-80gb"]].concat());
    assert_eq!(verdict(&qwen), "fits");
    assert!(
        qwen["without_streaming"]["device"]["low"].as_f64().unwrap() > 38.0 * GIB,
        "bf16 is larger than fp8"
    );
}

#[test]
fn what_loaders_put_on_the_card_at_once_is_there_while_others_run() {
    let path = repository("presets/wan22-t2v-wrapper.workflow_api.json");
    let text = std::fs::read_to_string(path).unwrap();
    let others = |text: &str| {
        let folder = Folder::new();
        folder.write("w.json", text);
        let run = folder.wfc(&["plan", "w.json", "--format", "json"]).succeeded();
        let document: Value = serde_json::from_str(&run.stdout).unwrap();
        let steps = document["plans"][0]["steps"].as_array().unwrap();
        let high = steps.iter().find(|step| step["node"] == "sampler_high").unwrap();
        high["others"]["typical"].as_f64().unwrap() / GIB
    };
    assert!(others(&text) < 0.1);
    // The other expert waits on the card: 14.3 GB in 8 bits.
    let at_once = others(&text.replace("offload_device", "main_device"));
    assert!((12.0..15.0).contains(&at_once), "{at_once}");
}

#[test]
fn how_the_server_was_started_decides_what_stays() {
    let steps = |residency: &str| {
        let plan = plan("z-image-turbo", &["--residency", residency, "--gpu", "a100-80gb"]);
        let steps = plan["steps"].as_array().unwrap().clone();
        let others = steps.iter().map(|step| step["others"]["typical"].as_f64().unwrap()).fold(0.0, f64::max);
        (steps.len(), others / GIB)
    };
    let (all, none_stay) = steps("dynamic");
    assert!(none_stay < 0.1);
    // Without dynamic VRAM `--lowvram` runs the text encoder on the processor.
    assert_eq!(steps("low").0, all - 1);
    // With `--highvram` encoder and network are still there while the VAE decodes: 7.5 and 11.5 GiB.
    assert!((18.0..20.0).contains(&steps("high").1), "{:?}", steps("high"));
}

#[test]
fn a_plan_that_does_not_fit_is_a_finding() {
    let path = preset("scail-uni3c-wan22");
    let run = run(&[&path, "--vram", "8GiB"]);
    assert_eq!((run.code, &*run.stderr), (Some(1), ""));
    assert!(run.stdout.contains("a card of 8.0 GiB: does not fit\n"), "{}", run.stdout);
    // Headroom counts, and so does what ComfyUI is told to leave free.
    for option in ["--headroom", "--reserve-vram"] {
        let run = Folder::new().wfc(&["plan", &path, "--gpu", "a100-80gb", option, "60 GiB"]);
        assert_eq!(run.code, Some(1), "{option}");
    }
}

/// What must hold for the verdict, by its first word.
fn conditions(plan: &Value) -> Vec<&str> {
    let all = plan["target"]["conditions"].as_array().unwrap();
    all.iter().map(|condition| condition.as_str().unwrap().split(' ').next().unwrap()).collect()
}

#[test]
fn what_is_not_known_of_a_machine_and_decides_is_said() {
    let plan = |arguments: &[&str]| plan("dance-scail", arguments);
    // Of an amount of memory neither the card nor torch is known.
    let open = plan(&["--vram", "24GiB"]);
    assert_eq!((verdict(&open), conditions(&open)), ("streams", vec!["the", "torch"]));
    assert_eq!(conditions(&plan(&["--vram", "24GiB", "--torch", "2.8.0"])), ["the"]);
    assert_eq!(conditions(&plan(&["--gpu", "a10g"])), ["torch"]);
    assert_eq!(conditions(&plan(&["--gpu", "a10g", "--torch", "2.8"])), [""; 0]);
    let slow = plan(&["--gpu", "a10g", "--torch", "2.9.1+cu130"]);
    assert_eq!((verdict(&slow), conditions(&slow)), ("may-not-fit", vec![]));
    // A card without such kernels of attention may keep the scores, alone and among others.
    let old = plan(&["--gpu", "v100-16gb", "--torch", "2.8"]);
    let new = plan(&["--vram", "16GiB", "--torch", "2.8"]);
    let most = |plan: &Value| plan["least"]["device"]["high"].as_f64().unwrap() / GIB;
    assert!(most(&old) > 1.5 * most(&new), "{} {}", most(&old), most(&new));
    let compared = plan(&["--gpu", "v100-16gb,a10g", "--torch", "2.8"]);
    let fits = compared["machines"].as_array().unwrap();
    let verdicts: Vec<_> = fits.iter().map(|fit| (&fit["gpu"], &fit["verdict"])).collect();
    assert_eq!(json!(verdicts), json!([["a10g", "streams"], ["v100-16gb", old["target"]["verdict"]]]));
}

#[test]
fn a_target_names_its_torch() {
    let folder = Folder::new();
    let text = std::fs::read_to_string(preset("dance-scail")).unwrap();
    folder.write("base.toml", &text);
    let target =
        |torch: &str| format!("extends = \"base.toml\"\n[target]\ngpu = \"a10g\"\ntorch = \"{torch}\"\n");
    folder.write("p.toml", target("2.9"));
    let slow = folder.wfc(&["plan", "p.toml"]).succeeded();
    assert!(slow.stdout.contains("A10G (22.1 GiB): may not fit"), "{}", slow.stdout);
    let told = folder.wfc(&["plan", "p.toml", "--torch", "2.8"]).succeeded();
    assert!(told.stdout.contains("A10G (22.1 GiB): fits, streaming weights\n"), "{}", told.stdout);
    let linted = folder.wfc(&["lint", "p.toml"]).succeeded();
    assert!(linted.stdout.contains("vram-near-budget"), "{}", linted.stdout);
    folder.write("p.toml", target("new"));
    let wrong = folder.wfc(&["plan", "p.toml"]);
    assert_eq!(wrong.code, Some(1));
    assert!(wrong.stderr.contains("`new` is no version of torch"), "{}", wrong.stderr);
    let wrong = folder.wfc(&["plan", "p.toml", "--torch", "two"]);
    assert_eq!(wrong.code, Some(2));
    assert!(wrong.stderr.contains("`two` is no version of torch\n  help: write it as"), "{}", wrong.stderr);
}

#[test]
fn machines_are_compared_cheapest_that_fits_first() {
    let plan = plan("dance-scail-rtx5090", &["--gpu", "all"]);
    assert_eq!(plan["target"], Value::Null);
    let machines = plan["machines"].as_array().unwrap();
    assert!(machines.len() > 40);
    let rank = |fit: &Value| match fit["verdict"].as_str().unwrap() {
        "fits" | "streams" => 0,
        "may-not-fit" => 1,
        _ => 3,
    };
    let cost = |fit: &Value| fit["dollars"]["typical"].as_f64().unwrap_or(f64::INFINITY);
    for pair in machines.windows(2) {
        let (one, other) = (&pair[0], &pair[1]);
        assert!(
            rank(one) < rank(other) || rank(one) == rank(other) && cost(one) <= cost(other),
            "{one} {other}"
        );
    }
    assert!(machines.iter().any(|fit| fit["verdict"] == "does-not-fit"));
    let text = run(&[&preset("dance-scail-rtx5090"), "--gpu", "rtx-5090,a100-80gb"]).succeeded().stdout;
    assert!(text.contains("\n  MACHINE ") && text.contains("\n  rtx-5090 "), "{text}");
}

#[test]
fn a_projects_price_wins() {
    let folder = Folder::with([
        ("wfc.toml", "[prices]\nl40s = 60\n"),
        ("p.toml", "graph = \"z-image-turbo\"\n[params]\nprompt = \"x\"\n[target]\ngpu = \"l40s\"\n"),
    ]);
    let run = folder.wfc(&["plan", "p.toml", "--format", "json"]).succeeded();
    let fit = serde_json::from_str::<Value>(&run.stdout).unwrap()["plans"][0]["target"].clone();
    assert_eq!((&fit["price"]["kind"], &fit["price"]["per_hour"]), (&json!("own"), &json!(60.0)));
    let of = |amount: &Value| amount["typical"].as_f64().unwrap();
    assert!((of(&fit["dollars"]) - of(&fit["time"]["total"]) / 60.0).abs() < 1e-9);
    folder.write("wfc.toml", "[prices]\nl40 = -1\nl04s = 1\n");
    let said = folder.wfc(&["plan", "p.toml"]).findings();
    assert!(said.contains("-1 US dollars an hour is not between 0 and 100000"), "{said}");
    folder.write("wfc.toml", "[prices]\nl04s = 1\n");
    let said = folder.wfc(&["plan", "p.toml"]);
    assert!(said.stderr.contains("there is no card or machine `l04s` in the GPU catalog"), "{}", said.stderr);
    assert_eq!(said.code, Some(1));
}

#[test]
fn a_batch_is_planned_once_for_what_matters() {
    let folder = Folder::with([(
        "b.toml",
        "graph = \"z-image-turbo\"\n[params]\nprompt = \"x\"\n[target]\ngpu = \"l40s\"\n\
         [matrix]\nseed = { from = 1, count = 100000 }\nwidth = [1024, 512]\n",
    )]);
    let run = folder.wfc(&["plan", "b.toml", "--format", "json"]).succeeded();
    let document: Value = serde_json::from_str(&run.stdout).unwrap();
    let plans = document["plans"].as_array().unwrap();
    let told: Vec<_> = plans.iter().map(|plan| (&plan["values"]["width"], &plan["workflows"])).collect();
    assert_eq!(told, [(&json!(1024), &json!(100_000)), (&json!(512), &json!(100_000))]);
    let batch = &document["batches"][0];
    assert_eq!((&batch["workflows"], &batch["worst"]), (&json!(200_000), &json!(0)));
    let of = |amount: &Value| amount["typical"].as_f64().unwrap();
    let runs: f64 = plans.iter().map(|plan| of(&plan["target"]["time"]["run"]) * 1e5).sum();
    let once = &plans[0]["target"]["time"];
    let expected = runs + of(&once["start"]) + of(&once["load"]);
    assert!((of(&batch["seconds"]) / expected - 1.0).abs() < 1e-9, "{batch}");
    folder.write(
        "many.toml",
        "graph = \"z-image-turbo\"\n[params]\nprompt = \"x\"\n[matrix]\nwidth = { from = 256, to = 2048, step = 16 }\n\
         height = { from = 256, to = 2048, step = 16 }\n",
    );
    assert_snapshot!(folder.wfc(&["plan", "many.toml"]).findings(), @r#"
    error[too-many-plans]: the batch has 12769 workflows that may need different amounts; a plan looks at 1000 at most
       ╭─[many.toml:1:9]
     1 │ graph = "z-image-turbo"
       ·         ───────────────
     2 │ [params]
       ╰────
      help: give one value for an axis that does not matter, with `--set`, or one rung with `--rung`

    1 error in 1 file
    "#);
}

#[test]
fn sizes_that_only_files_tell_are_asked_for_and_assumed() {
    let graph = repository("graphs/wan22-animate-wrapper.toml");
    let graph = std::fs::read_to_string(graph).unwrap().replace("[assume]\nframes = 81\n", "");
    let preset = std::fs::read_to_string(repository("presets/wan22-animate-mix-wrapper.toml")).unwrap();
    let preset = preset.replace("graph = \"wan22-animate-wrapper\"", "graph = \"./open.toml\"");
    let folder = Folder::with([("open.toml", &*graph), ("p.toml", &*preset)]);
    let open = folder.wfc(&["plan", "p.toml"]).succeeded().stdout;
    assert!(
        open.contains("its frames are not known: `video` (VHS_LoadVideo) decides it when it runs"),
        "{open}"
    );
    assert!(open.contains("help: give a size to take in its place, such as `--assume frames=81`"), "{open}");
    assert!(open.contains("RTX 5090") || open.contains("cannot be told"), "{open}");
    let json = |arguments: &[&str]| {
        let arguments = [&["plan", "p.toml", "--format", "json"], arguments].concat();
        serde_json::from_str::<Value>(&folder.wfc(&arguments).succeeded().stdout).unwrap()["plans"][0].clone()
    };
    let given = json(&["--assume", "frames=81"]);
    assert_eq!(given["gaps"], json!([]));
    assert_eq!(given["assumed"], json!([{"what": "frames", "value": 81.0, "by": "command line"}]));
    folder.write("p.toml", format!("{preset}\n[assume]\nframes = 161\n"));
    let of_preset = json(&[]);
    assert_eq!(of_preset["assumed"], json!([{"what": "frames", "value": 161.0, "by": "preset"}]));
    assert_eq!(json(&["--assume", "frames=81"]), given);
    let ram = |plan: &Value| plan["ram"]["typical"].as_f64().unwrap();
    assert!(ram(&of_preset) > ram(&given), "more frames are more pictures in memory");
}

#[test]
fn what_cannot_be_assumed_is_said_all_at_once() {
    let path = preset("z-image-turbo");
    assert_snapshot!(run(&[&path, "--assume", "widht=832,height=0,frames", "--assume", "steps=x"]).failed(), @"
    wfc: nothing called `widht` can be assumed
      help: did you mean `width`?
    wfc: `--assume height=0` is not a whole number from 1 to 1000000
      help: write it like `--assume height=480`
    wfc: `--assume frames` has no number
      help: write a name and a number, such as `--assume frames=81`
    wfc: `--assume steps=x` is not a whole number from 1 to 1000000
      help: write it like `--assume steps=20`
    ");
    // What is not open stays as it is.
    let text = run(&[&path, "--assume", "frames=81"]).succeeded().stdout;
    assert!(
        text.contains(
            "note: `--assume frames=81` changes nothing: no step here waits for its frames to be known"
        ),
        "{text}"
    );
}

#[test]
fn wrong_arguments_are_said_with_what_is_near() {
    let path = preset("z-image-turbo");
    assert_snapshot!(run(&[&path, "--gpu", "rtx-5900,a100-80gb", "--headroom", "much"]).failed(), @r#"
    wfc: `much` of --headroom is not a size
      help: write a number and a unit: "24 GiB", "512 MiB", "32 GB"
    wfc: there is no card or machine `rtx-5900` in the GPU catalog
      help: did you mean `rtx-5090`?
    "#);
    assert_snapshot!(run(&[&path, "--vram=0GiB", "--storage", "netwrok"]).failed(), @r#"
    wfc: `netwrok` of --storage is no place of model files and no speed
      help: did you mean `network`?
    wfc: `0GiB` of --vram is not a size
      help: write a number and a unit: "24 GiB", "512 MiB", "32 GB"
    "#);
}

#[test]
fn files_without_a_plan_say_why() {
    let folder = Folder::with([
        ("empty.json", "{}"),
        ("broken.json", "{\"1\": {\"class_type\": \"KSampler\", "),
        ("text.json", "hello"),
        ("graph.toml", crate::support::PICTURE),
        ("picture.toml", "graph = \"./graph.toml\"\n"),
    ]);
    assert_snapshot!(folder.wfc(&["plan", "empty.json"]).findings(), @"
    error[prompt-no-outputs]: the workflow has no output node
      file: empty.json
      help: add a node that saves or previews something, such as VHS_VideoCombine or SaveImage

    1 error in 1 file
    ");
    assert_snapshot!(folder.wfc(&["plan", "broken.json"]).findings(), @r#"
    error[json-syntax]: not valid JSON: EOF while parsing a value
       ╭─[broken.json:1:33]
     1 │ {"1": {"class_type": "KSampler",
       ·                                 ▲
       ╰────

    1 error in 1 file
    "#);
    assert_snapshot!(folder.wfc(&["plan", "text.json"]).findings(), @"
    error[json-syntax]: not valid JSON: expected value
       ╭─[text.json:1:1]
     1 │ hello
       · ▲
       ╰────

    1 error in 1 file
    ");
    assert_snapshot!(folder.wfc(&["plan", "graph.toml"]).findings(), @"
    error[unknown-file-kind]: this file is a graph, which has no values to plan with
      file: graph.toml
      help: name presets, workflows, or folders with presets

    1 error in 1 file
    ");
    assert_snapshot!(folder.wfc(&["plan", "picture.toml"]).succeeded().stdout, @"
    picture.toml

    note: no node of this workflow is known to run a network on the card
    ");
    let missing = folder.wfc(&["plan", "missing.toml"]);
    assert_eq!(missing.code, Some(2));
}

#[test]
fn a_workflow_that_the_server_would_refuse_has_a_plan_of_what_is_known() {
    let mut workflow: Value = serde_json::from_str(&chain(8)).unwrap();
    workflow["odd"] = json!({"class_type": "NobodyKnowsThis", "inputs": {"image": ["decoded0", 0]}});
    let folder = Folder::with([("w.json", &*workflow.to_string())]);
    let text = folder.wfc(&["plan", "w.json"]).succeeded().stdout;
    assert!(text.contains("note: ComfyUI with this catalog would refuse the workflow: 1 error;"), "{text}");
    assert!(text.contains("\n  sampled0 "), "{text}");
}

/// A plan without its figures, which follow the coefficients: every number or range is `N`, and bars are one block.
fn shape(text: &str) -> String {
    let mut shape = String::new();
    for line in text.lines() {
        let words = line.split_whitespace().map(|word| {
            let bare = word.trim_start_matches('$');
            let is_number = bare.starts_with(|c: char| c.is_ascii_digit())
                && bare.chars().all(|c| c.is_ascii_digit() || ".,-".contains(c));
            let is_bar = !word.is_empty() && word.chars().all(|c| "█░|".contains(c));
            match word {
                _ if is_number => "N",
                _ if is_bar && word != "|" => "█",
                "s" | "min" | "h" | "s," | "min," | "h," | "s;" | "min;" | "h;" => "time",
                word => word,
            }
        });
        shape.push_str(&words.collect::<Vec<_>>().join(" "));
        shape.push('\n');
    }
    shape
}

#[test]
fn a_plan_for_people() {
    let folder = Folder::with([(
        "fox.toml",
        "graph = \"z-image-turbo\"\n[params]\nprompt = \"a fox\"\n[target]\ngpu = \"l40s\"\n",
    )]);
    let text = folder.wfc(&["plan", "fox.toml"]).succeeded().stdout;
    assert_snapshot!(shape(&text), @"
    fox.toml

    NODE STEP WEIGHTS KEPT BUFFERS ACTIVE OTHERS AT LEAST UNSTREAMED GiB
    positive text encoder N - N N - N N
    qwen_3_4b.safetensors; N tokens of text; tracked in the code
    sampler sampling N - N N - N N
    z_image_turbo_bf16.safetensors; N tokens; tracked in the code
    decoded VAE decode N N - N - N N <
    ae.safetensors; N x N x 1; tracked in the code

    Memory of the card at least, step by step; | is what may be used of it: N GiB
    positive █ |
    sampler █ |
    decoded █ |

    The peak: decoded (VAE decode, stage decode)
    weights on the card N GiB N %
    activations N GiB N % < most
    allocator and CUDA context N GiB N %

    PEAK, AS MEASURED BY AT LEAST WITHOUT STREAMING GiB
    torch, allocated N N
    torch, reserved N N
    nvidia-smi, the device N N

    L40S (48.0 GiB): fits
    at least N to N GiB to spare
    without streaming N to N GiB to spare
    time N time to N time N time expected
    start N time loading N time run N time not calibrated
    money N to N at N an hour (RunPod secure cloud, 2025-07)

    Host memory for weights and pictures: N GiB. Model files: N GiB.

    What would make the peak smaller
    work in tiles (VAEDecodeTiled, VAEEncodeTiled): activations are N GiB
    activations of N GiB grow with width and height: `width`, `height`
    ");
    for columns in ["60", "80", "140"] {
        let run =
            folder.finish(folder.command(&["plan", "fox.toml", "--gpu", "all"]).env("COLUMNS", columns));
        let width: usize = columns.parse().unwrap();
        let is_table =
            |line: &&str| line.starts_with("  ") && (line.contains("GiB  ") || line.ends_with('█'));
        let longest = run.stdout.lines().filter(is_table).map(|line| line.chars().count()).max();
        assert!(longest.is_none_or(|longest| longest <= width), "{columns}: {}", run.stdout);
    }
    let colored = folder.wfc(&["plan", "fox.toml", "--color", "always"]).succeeded().stdout;
    assert!(colored.contains("\u{1b}[1;32mfits\u{1b}[0m"), "{colored}");
}
