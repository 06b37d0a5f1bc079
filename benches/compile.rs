//! Time of each step of a compilation, and of a batch of 10,000 workflows written to a null sink.
//!
//! `cargo bench --bench compile`; `benches/run.sh` measures the finished program from outside.

use std::path::PathBuf;
use std::sync::Arc;

use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use wfc::back::api::{self, Ids, Layout};
use wfc::catalog::Catalog;
use wfc::compile::Compiler;
use wfc::diag::Diagnostics;
use wfc::lower::load::{self, Loaded};
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
