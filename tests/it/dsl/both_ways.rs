//! The same workflow from Rust and from TOML: the same bytes.

use wfc::dsl::{Pipeline, Problems, Workflow, step};

use crate::support::{Folder, repository};

fn json(workflow: &Workflow) -> Vec<u8> {
    workflow.compile().unwrap().json()
}

fn pipeline(
    input: step::Input,
    scail: step::Scail,
    uni3c: step::Uni3c,
    wan: step::Wan,
    sample: step::Sample,
) -> Workflow {
    Pipeline::input(input).scail(scail).uni3c(uni3c).wan(wan).sample(sample).output(step::Output::default())
}

fn input() -> step::Input {
    step::Input::new("character.png", "driving.mp4")
}

fn scail() -> step::Scail {
    step::Scail::new("a person is dancing")
}

#[test]
fn the_cascade_is_the_committed_preset() {
    let golden =
        |name: &str| std::fs::read(repository(&format!("presets/{name}.workflow_api.json"))).unwrap();
    let from_text = pipeline(input(), scail(), Default::default(), Default::default(), Default::default());
    assert!(json(&from_text) == golden("scail-uni3c-wan22"));
}

/// Everything that changes which nodes there are, and every number, against what the graph file makes of it.
#[test]
fn the_pipeline_makes_what_the_graph_file_makes() {
    let lora = |file: &str, strength| step::Lora { file: file.into(), strength };
    let machine = |change: fn(&mut step::Machine)| {
        let mut machine = step::Machine::default();
        change(&mut machine);
        step::Input { machine, ..input() }
    };
    let (uni3c, wan, sample) = (step::Uni3c::default, step::Wan::default, step::Sample::default);
    for (params, workflow) in [
        ("", pipeline(input(), scail(), uni3c(), wan(), sample())),
        ("refiner = \"i2v\"", pipeline(input(), scail(), uni3c(), step::Wan::from_picture(), sample())),
        (
            "width = 832\nheight = 480\nframes = 49\nskip_frames = 3\nfps = 24",
            pipeline(
                step::Input { width: 832, height: 480, frames: 49, skip_frames: 3, fps: 24, ..input() },
                scail(),
                uni3c(),
                wan(),
                sample(),
            ),
        ),
        (
            "seed = 18446744073709551615\nscail_steps = 50\nscail_cfg = 4\nscail_shift = 5.5\nscail_scheduler = \"unipc\"\n\
             reference_strength = 0.9\npose_strength = 0.8\npose_start = 0.1\npose_end = 0.7\ndistill_strength = 0\n\
             negative = \"rain\"\nscail_quantization = \"fp8_e4m3fn\"",
            pipeline(
                input(),
                step::Scail {
                    seed: u64::MAX,
                    steps: 50,
                    cfg: 4.0,
                    shift: 5.5,
                    scheduler: "unipc".into(),
                    reference_strength: 0.9,
                    pose_strength: 0.8,
                    pose_start: 0.1,
                    pose_end: 0.7,
                    distill_strength: 0.0,
                    negative: "rain".into(),
                    quantization: "fp8_e4m3fn".into(),
                    ..scail()
                },
                uni3c(),
                wan(),
                sample(),
            ),
        ),
        (
            "loras = [\"a.safetensors\", { file = \"b.safetensors\", strength = 0.5 }]\n\
             loras_high = [\"h.safetensors\"]\nloras_low = [\"l.safetensors\", \"m.safetensors\"]",
            pipeline(
                input(),
                step::Scail {
                    loras: vec![lora("a.safetensors", 1.0), lora("b.safetensors", 0.5)],
                    ..scail()
                },
                uni3c(),
                step::Wan {
                    loras_high: vec![lora("h.safetensors", 1.0)],
                    loras_low: vec![lora("l.safetensors", 1.0), lora("m.safetensors", 1.0)],
                    ..wan()
                },
                sample(),
            ),
        ),
        (
            "block_swap = 20\ncompile = true\nvae_tiling = true\nprecision = \"fp16_fast\"\nattention = \"sageattn_3\"\n\
             pose_device = \"cpu\"\nrefiner = \"i2v\"",
            pipeline(
                machine(|machine| {
                    machine.block_swap = 20;
                    machine.compile = true;
                    machine.vae_tiling = true;
                    machine.precision = "fp16_fast".into();
                    machine.attention = "sageattn_3".into();
                    machine.pose_device = "cpu".into();
                }),
                scail(),
                uni3c(),
                step::Wan::from_picture(),
                sample(),
            ),
        ),
        (
            "uni3c_strength = 0.5\nuni3c_start = 0.1\nuni3c_end = 0.6\nwan_steps = 20\nwan_cfg = 1\nwan_shift = 8\n\
             wan_scheduler = \"unipc\"\nrefine_start = 4\nsplit = 9\nwan_quantization = \"fp8_e5m2\"",
            pipeline(
                input(),
                scail(),
                step::Uni3c { strength: 0.5, start: 0.1, end: 0.6, ..uni3c() },
                step::Wan { quantization: "fp8_e5m2".into(), ..wan() },
                step::Sample {
                    steps: 20,
                    cfg: 1.0,
                    shift: 8.0,
                    scheduler: "unipc".into(),
                    start: 4,
                    split: 9,
                },
            ),
        ),
    ] {
        let folder = Folder::new();
        folder.write(
            "p.toml",
            format!(
                "graph = \"scail-uni3c-wan22\"\n[params]\nprompt = \"a person is dancing\"\n\
                 reference = \"character.png\"\ndriving = \"driving.mp4\"\n{params}\n"
            ),
        );
        folder.wfc(&["build", "p.toml"]).succeeded();
        let (toml, rust) = (folder.read("p.workflow_api.json"), json(&workflow));
        assert_eq!(String::from_utf8(rust).unwrap(), String::from_utf8(toml).unwrap(), "{params}");
    }
}

#[test]
fn the_manifest_says_what_the_workflow_needs() {
    let workflow = pipeline(input(), scail(), Default::default(), Default::default(), Default::default());
    let program = workflow.compile().unwrap();
    let manifest: serde_json::Value =
        serde_json::from_slice(&program.manifest("cascade.workflow_api.json").to_bytes()).unwrap();
    let committed: serde_json::Value =
        serde_json::from_slice(&std::fs::read(repository("presets/scail-uni3c-wan22.wfc.json")).unwrap())
            .unwrap();
    for part in ["/requires", "/catalog", "/workflow/hash", "/workflow/outputs", "/graph/stages"] {
        assert_eq!(manifest.pointer(part), committed.pointer(part), "{part}");
    }
    let validator = crate::schemas::schema("manifest");
    assert!(validator.is_valid(&manifest), "{manifest}");
}

#[test]
fn constraints_of_the_pipeline_are_reported_together_with_the_line_of_the_step() {
    let line = line!() + 1;
    let problems: Problems = Pipeline::input(step::Input { width: 500, frames: 80, ..input() })
        .scail(step::Scail { pose_start: 0.5, ..scail() })
        .uni3c(step::Uni3c { start: 1.0, model: "uni3c".into(), ..step::Uni3c::default() })
        .wan(step::Wan::default())
        .sample(step::Sample { start: 5, ..step::Sample::default() })
        .output(step::Output { crf: 101, ..step::Output::default() })
        .compile()
        .unwrap_err();
    let found: Vec<(u32, &str)> = problems
        .diagnostics
        .iter()
        .map(|problem| {
            let span = problem.span().unwrap();
            (problems.sources.line_column(span.file, span.start).line - line, problem.rule)
        })
        .collect();
    assert_eq!(
        found,
        [
            (0, "not-a-multiple"),
            (0, "not-of-the-form"),
            (1, "constraint-violated"),
            (2, "constraint-violated"),
            (2, "unknown-model"),
            (4, "constraint-violated"),
        ]
    );
    assert_eq!(problems.diagnostics[1].help.as_deref(), Some("the nearest are 77 and 81"));
}
