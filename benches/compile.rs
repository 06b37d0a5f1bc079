//! Time of each step of a compilation, of a plan, and of a batch of 10,000 workflows written to a null sink.
//!
//! `cargo bench --bench compile`; `benches/run.sh` measures the finished program from outside.

use std::path::PathBuf;
use std::sync::Arc;

use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use wfc::analysis::Analysis;
use wfc::back::api::{self, Ids, Layout};
use wfc::catalog::{Catalog, Machines, Models};
use wfc::compile::Compiler;
use wfc::diag::Diagnostics;
use wfc::front::json;
use wfc::lower::load::{self, Loaded};
use wfc::plan::{Options, Plan, Session, Storage, times};
use wfc::source::Sources;

const PRESET: &str = "scail-uni3c-wan22";

/// As many as the issue of speed asks for: 100 seeds times 100 strengths.
const BATCH: u64 = 10_000;

fn main() {
    divan::main();
}

fn open(extra: &str) -> (Sources, Loaded) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("presets/{PRESET}.toml"));
    let text = std::fs::read_to_string(&path).unwrap_or_default() + extra;
    let mut sources = Sources::new();
    let file = sources.add(path, text);
    let loaded = load::preset(file, None, &mut sources, &mut Diagnostics::new());
    (sources, loaded.unwrap_or_else(|| std::process::abort()))
}

fn matrix() -> String {
    let seeds: Vec<String> = (1..=100).map(|seed| seed.to_string()).collect();
    let strengths: Vec<String> = (1..=100).map(|n| format!("{:.2}", f64::from(n) / 100.0)).collect();
    format!("\n[matrix]\nseed = [{}]\nuni3c_strength = [{}]\n", seeds.join(","), strengths.join(","))
}

/// Reading the preset and its graph.
#[divan::bench]
fn read(bencher: Bencher<'_, '_>) {
    bencher.bench(|| open(""));
}

/// Everything that does not depend on parameter values, with a catalog that has parsed no class yet.
#[divan::bench]
fn prepare_cold(bencher: Bencher<'_, '_>) {
    let (sources, loaded) = open("");
    bencher.with_inputs(|| Compiler::new(Arc::new(Catalog::embedded()))).bench_values(|compiler| {
        black_box(compiler.job(&loaded, &sources, &mut Diagnostics::new()).is_some())
    });
}

/// Filling in the template and checking the graph.
#[divan::bench]
fn instantiate_and_check(bencher: Bencher<'_, '_>) {
    let (sources, loaded) = open("");
    let compiler = Compiler::new(Arc::new(Catalog::embedded()));
    let mut job = compiler.job(&loaded, &sources, &mut Diagnostics::new());
    bencher.bench_local(|| black_box(job.as_mut().and_then(|job| job.compile(0, &mut Diagnostics::new()))));
}

/// A workflow of 100 nodes: one sampler after another, each decoded and saved.
fn chain() -> serde_json::Value {
    use serde_json::json;
    let mut workflow = json!({
        "model": {"class_type": "UNETLoader",
            "inputs": {"unet_name": "z_image_turbo_bf16.safetensors", "weight_dtype": "default"}},
        "clip": {"class_type": "CLIPLoader",
            "inputs": {"clip_name": "qwen_3_4b.safetensors", "type": "lumina2", "device": "default"}},
        "vae": {"class_type": "VAELoader", "inputs": {"vae_name": "ae.safetensors"}},
        "text": {"class_type": "CLIPTextEncode", "inputs": {"clip": ["clip", 0], "text": "a fox"}},
        "negative": {"class_type": "CLIPTextEncode", "inputs": {"clip": ["clip", 0], "text": ""}},
        "n0": {"class_type": "EmptySD3LatentImage", "inputs": {"width": 1024, "height": 1024, "batch_size": 1}},
        "preview": {"class_type": "PreviewImage", "inputs": {"images": ["decoded1", 0]}},
    });
    for number in 1..=31 {
        workflow[format!("n{number}")] = json!({"class_type": "KSampler", "inputs": {
            "model": ["model", 0], "positive": ["text", 0], "negative": ["negative", 0],
            "latent_image": [format!("n{}", number - 1), 0], "seed": number, "steps": 8, "cfg": 1.0,
            "sampler_name": "euler", "scheduler": "simple", "denoise": 1.0}});
        workflow[format!("decoded{number}")] = json!({"class_type": "VAEDecode", "inputs": {
            "samples": [format!("n{number}"), 0], "vae": ["vae", 0]}});
        workflow[format!("saved{number}")] = json!({"class_type": "SaveImage", "inputs": {
            "images": [format!("decoded{number}"), 0], "filename_prefix": "chain"}});
    }
    workflow
}

/// The plan of a graph of 100 nodes that has been read: what is known of it, memory of every step, and the time on a
/// card.
#[divan::bench]
fn plan_of_100_nodes(bencher: Bencher<'_, '_>) {
    let text = chain().to_string();
    let mut sources = Sources::new();
    let file = sources.add("chain.json", text.as_str());
    let (catalog, models) = (Catalog::embedded(), Models::embedded());
    let arena = json::Arena::new();
    let tree = json::parse(file, &text, &arena, &mut Diagnostics::new());
    let graph = tree.and_then(|tree| json::Document::of(tree).read(file, &catalog, &mut Diagnostics::new()));
    let graph = graph.filter(|graph| graph.len() == 100).unwrap_or_else(|| std::process::abort());
    let machine = Machines::embedded().machine("rtx-5090").unwrap_or_else(|| std::process::abort());
    let storage = Storage::called("local").unwrap_or_else(|| std::process::abort());
    bencher.bench_local(|| {
        let analysis = Analysis::new(&graph, &models);
        let plan = Plan::new(&graph, &analysis, &Options::default());
        black_box(times(&plan, &machine, &Session::first(storage)).total)
    });
}

/// Writing the checked graph as JSON.
#[divan::bench]
fn write(bencher: Bencher<'_, '_>) {
    let (sources, loaded) = open("");
    let compiler = Compiler::new(Arc::new(Catalog::embedded()));
    let job = compiler.job(&loaded, &sources, &mut Diagnostics::new());
    let checked = job.and_then(|mut job| job.compile(0, &mut Diagnostics::new()));
    let mut out = Vec::new();
    bencher.bench_local(|| {
        out.clear();
        if let Some(checked) = &checked {
            api::write(checked, Ids::Names, Layout::Pretty, &mut out);
        }
        black_box(out.len())
    });
}

/// The whole batch: parameters, graph, check and JSON of every combination.
#[divan::bench(sample_count = 10, sample_size = 1)]
fn batch(bencher: Bencher<'_, '_>) {
    let (sources, loaded) = open(&matrix());
    let compiler = Compiler::new(Arc::new(Catalog::embedded()));
    bencher.counter(ItemsCount::new(BATCH)).bench_local(|| {
        let mut job = compiler.job(&loaded, &sources, &mut Diagnostics::new());
        let mut out = Vec::new();
        for number in 0..BATCH {
            out.clear();
            if let Some(checked) = job.as_mut().and_then(|job| job.compile(number, &mut Diagnostics::new())) {
                api::write(&checked, Ids::Names, Layout::Compact, &mut out);
            }
            black_box(&out);
        }
    });
}
