//! The model catalog has what the pipelines name.

use std::path::Path;

use wfc::catalog::Models;

/// A table of `../shared`, where that is present.
fn shared(name: &str) -> Option<String> {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared").join(name)).ok()
}

#[test]
fn every_model_of_the_pipelines_is_known_with_its_facts() {
    let Some(text) = shared("facts/models.json") else {
        println!("skipped: there is no ../shared/facts/models.json");
        return;
    };
    let models = Models::embedded();
    let facts: Vec<serde_json::Value> = serde_json::from_str(&text).unwrap();
    assert!(facts.len() > 60);
    for fact in facts {
        let file = fact["file"].as_str().unwrap();
        let model = models.by_file(file).unwrap_or_else(|| panic!("{file} is not in the model catalog"));
        assert_eq!(model.folder, fact["dir"].as_str().unwrap(), "{file}");
        assert_eq!(model.url.as_deref(), fact["url"].as_str(), "{file}");
        assert_eq!(model.gated, fact["gated"].as_bool(), "{file}");
    }
}

#[test]
fn exact_sizes_are_those_of_the_facts() {
    let Some(text) = shared("facts/models.csv") else {
        println!("skipped: there is no ../shared/facts/models.csv");
        return;
    };
    let models = Models::embedded();
    let mut compared = 0;
    for line in text.lines().skip(1) {
        let Some(model) = line.split(',').next().and_then(|file| models.by_file(file)) else { continue };
        if let Some(bytes) = model.bytes.filter(|_| model.bytes_exact) {
            assert!(line.contains(&format!(",{bytes},,yes,")), "{}: {bytes} is not in {line}", model.name);
            compared += 1;
        }
    }
    assert!(compared > 50, "{compared}");
}

#[test]
fn models_of_one_family_and_role_agree_in_their_dimensions() {
    let models = Models::embedded();
    let all: Vec<_> = models.names().iter().map(|name| models.model(name).unwrap()).collect();
    for model in &all {
        let known = |other: &&wfc::catalog::Model| {
            (&other.family, &other.role) == (&model.family, &model.role)
                && other.dims != wfc::catalog::Dims::default()
        };
        for other in all.iter().filter(known).filter(|_| model.dims != wfc::catalog::Dims::default()) {
            assert_eq!(other.dims, model.dims, "{} and {}", model.name, other.name);
        }
    }
    let wan = models.model("wan22-i2v-a14b-high-fp8").unwrap();
    assert_eq!(
        (wan.dims.layers, wan.dims.in_channels, wan.dims.latent_stride),
        (vec![40], Some(36), vec![4, 8, 8])
    );
    assert_eq!(models.model("flux2-klein-9b-fp8").unwrap().dims.layers, [8, 24]);
    assert_eq!(models.model("qwen3-4b-bf16").unwrap().dims.kv_heads, Some(8));
}
