//! The same workflow from Rust and from TOML: the same bytes.

use wfc::dsl::{Pipeline, Problems, Workflow, step};

use crate::support::{Folder, repository};

/// The steps of the pipeline, with the least that a preset gives.
struct Steps {
    input: step::Input,
    scail: step::Scail,
    uni3c: step::Uni3c,
    wan: step::Wan,
    sample: step::Sample,
}

impl Default for Steps {
    fn default() -> Self {
        Self {
            input: step::Input::new("character.png", "driving.mp4"),
            scail: step::Scail::new("a person is dancing"),
            uni3c: step::Uni3c::default(),
            wan: step::Wan::default(),
            sample: step::Sample::default(),
        }
    }
}

impl Steps {
    fn workflow(self) -> Workflow {
        Pipeline::input(self.input)
            .scail(self.scail)
            .uni3c(self.uni3c)
            .wan(self.wan)
            .sample(self.sample)
            .output(step::Output::default())
    }
}

#[test]
fn the_cascade_is_the_committed_preset() {
    let golden = std::fs::read(repository("presets/scail-uni3c-wan22.workflow_api.json")).unwrap();
    assert!(Steps::default().workflow().compile().unwrap().json() == golden);
}

/// The pipeline gives what a preset with these parameters gives.
fn same(params: &str, change: impl FnOnce(&mut Steps)) {
    let mut steps = Steps::default();
    change(&mut steps);
    let folder = Folder::new();
    folder.write(
        "p.toml",
        format!(
            "graph = \"scail-uni3c-wan22\"\n[params]\nprompt = \"a person is dancing\"\n\
             reference = \"character.png\"\ndriving = \"driving.mp4\"\n{params}\n"
        ),
    );
    folder.wfc(&["build", "p.toml"]).succeeded();
    let (toml, rust) = (folder.read("p.workflow_api.json"), steps.workflow().compile().unwrap().json());
    assert_eq!(String::from_utf8(rust).unwrap(), String::from_utf8(toml).unwrap(), "{params}");
}

#[test]
fn the_defaults_are_those_of_the_graph_file() {
    same("", |_| {});
    same("refiner = \"i2v\"", |steps| steps.wan = step::Wan::from_picture());
}

#[test]
fn every_number_and_word_of_a_step_arrives() {
    same("width = 832\nheight = 480\nframes = 49\nskip_frames = 3\nfps = 24", |steps| {
        let given = steps.input.clone();
        steps.input = step::Input { width: 832, height: 480, frames: 49, skip_frames: 3, fps: 24, ..given };
    });
    let params = "seed = 18446744073709551615\nscail_steps = 50\nscail_cfg = 4\nscail_shift = 5.5\n\
                  scail_scheduler = \"unipc\"\nreference_strength = 0.9\npose_strength = 0.8\npose_start = 0.1\n\
                  pose_end = 0.7\ndistill_strength = 0\nnegative = \"rain\"\nscail_quantization = \"fp8_e4m3fn\"";
    same(params, |steps| {
        steps.scail = step::Scail {
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
            ..steps.scail.clone()
        };
    });
    let params = "uni3c_strength = 0.5\nuni3c_start = 0.1\nuni3c_end = 0.6\nwan_steps = 20\nwan_cfg = 1\n\
                  wan_shift = 8\nwan_scheduler = \"unipc\"\nrefine_start = 4\nsplit = 9\nwan_quantization = \"fp8_e5m2\"";
    same(params, |steps| {
        steps.uni3c = step::Uni3c { strength: 0.5, start: 0.1, end: 0.6, ..step::Uni3c::default() };
        steps.wan.quantization = "fp8_e5m2".into();
        let scheduler = "unipc".into();
        steps.sample = step::Sample { steps: 20, cfg: 1.0, shift: 8.0, scheduler, start: 4, split: 9 };
    });
}

#[test]
fn every_optional_node_is_there_and_in_its_place() {
    let lora = |file: &str, strength| step::Lora { file: file.into(), strength };
    let params = "loras = [\"a.safetensors\", { file = \"b.safetensors\", strength = 0.5 }]\n\
                  loras_high = [\"h.safetensors\"]\nloras_low = [\"l.safetensors\", \"m.safetensors\"]";
    same(params, |steps| {
        steps.scail.loras = vec![lora("a.safetensors", 1.0), lora("b.safetensors", 0.5)];
        steps.wan.loras_high = vec![lora("h.safetensors", 1.0)];
        steps.wan.loras_low = vec![lora("l.safetensors", 1.0), lora("m.safetensors", 1.0)];
    });
    let params = "block_swap = 20\ncompile = true\nvae_tiling = true\nprecision = \"fp16_fast\"\n\
                  attention = \"sageattn_3\"\npose_device = \"cpu\"\nrefiner = \"i2v\"";
    same(params, |steps| {
        steps.input.machine = step::Machine {
            block_swap: 20,
            compile: true,
            vae_tiling: true,
            precision: "fp16_fast".into(),
            attention: "sageattn_3".into(),
            pose_device: "cpu".into(),
        };
        steps.wan = step::Wan::from_picture();
    });
}

#[test]
fn the_manifest_says_what_the_workflow_needs() {
    let program = Steps::default().workflow().compile().unwrap();
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
    let Steps { input, scail, .. } = Steps::default();
    let line = line!() + 1;
    let problems: Problems = Pipeline::input(step::Input { width: 500, frames: 80, ..input })
        .scail(step::Scail { pose_start: 0.5, ..scail })
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
