//! What the manifest says of memory: what `wfc plan` says.

use serde_json::{Value, json};

use crate::support::{Folder, repository, toml_files};

const GIB: f64 = 1024.0 * 1024.0 * 1024.0;

/// An amount of `wfc plan` in bytes, as manifests have it.
fn gib(amount: &Value) -> Value {
    let tenths = |limit: &str| (amount[limit].as_f64().unwrap() / GIB * 10.0).round() / 10.0;
    json!({"low": tenths("low"), "typical": tenths("typical"), "high": tenths("high")})
}

fn plans(folder: &Folder, arguments: &[&str]) -> Vec<Value> {
    let plans = folder.wfc(&[&["plan", "--format", "json"], arguments].concat()).succeeded();
    let Value::Array(plans) = serde_json::from_str::<Value>(&plans.stdout).unwrap()["plans"].take() else {
        panic!("no plans")
    };
    plans
}

#[test]
fn manifests_say_what_the_plan_says() {
    let folder = Folder::new();
    let mut seen = 0;
    for (name, _) in toml_files("presets") {
        let preset = repository(&format!("presets/{name}.toml"));
        let [plan] = &plans(&folder, &[preset.to_str().unwrap()])[..] else { continue };
        let manifest = std::fs::read(preset.with_extension("wfc.json")).unwrap();
        let told = serde_json::from_slice::<Value>(&manifest).unwrap()["plan"].take();
        assert_eq!(told["least_gib"], gib(&plan["least"]["device"]), "{name}");
        assert_eq!(told["without_streaming_gib"], gib(&plan["without_streaming"]["device"]), "{name}");
        assert_eq!(told["ram_gib"], gib(&plan["ram"]), "{name}");
        let decides = plan["decides"].as_u64().map(|at| &plan["steps"][usize::try_from(at).unwrap()]);
        assert_eq!(told["decides"], decides.map_or(Value::Null, |step| step["node"].clone()), "{name}");
        assert_eq!(told["basis"], decides.map_or(Value::Null, |step| step["basis"].clone()), "{name}");
        seen += 1;
    }
    assert!(seen > 30, "{seen} presets have one plan");
}

#[test]
fn of_a_batch_the_most_demanding_workflow_counts() {
    let base = std::fs::read_to_string(repository("presets/z-image-turbo.toml")).unwrap();
    let folder = Folder::with([("base.toml", base.as_str())]);
    let sizes = "extends = \"base.toml\"\n[matrix]\nwidth = [512, 1536, 1024]\nseed = [1, 2]\n";
    folder.write("sizes.toml", sizes);
    folder.wfc(&["build", "sizes.toml"]).succeeded();
    folder.write("large.toml", "extends = \"base.toml\"\n[params]\nwidth = 1536\n");
    folder.wfc(&["build", "large.toml"]).succeeded();
    let plan = |name: &str| folder.json(name)["plan"].take();
    assert_eq!(plan("sizes.wfc.json"), plan("large.wfc.json"));
    assert!(plan("large.wfc.json")["without_streaming_gib"]["typical"].as_f64() > Some(12.0));
    // More choices than are looked at: nothing is said rather than something that may be too small.
    folder.write("many.toml", "extends = \"base.toml\"\n[matrix]\nwidth = { from = 256, to = 1280, step = 16 }\nheight = { from = 256, to = 512, step = 16 }\n");
    folder.wfc(&["build", "many.toml", "-o", "many"]).succeeded();
    assert_eq!(plan("many/many.wfc.json"), Value::Null);
}

#[test]
fn what_cannot_be_told_is_named() {
    let read = |file: &str| std::fs::read_to_string(repository(file)).unwrap();
    let (graph, preset) = (read("graphs/wan22-animate.toml"), read("presets/wan22-animate-move.toml"));
    let (before, assumed) = graph.split_once("[assume]").unwrap();
    let (_, after) = assumed.split_once("\n\n").unwrap();
    let folder = Folder::with([
        ("open.toml", format!("{before}{after}").as_str()),
        ("p.toml", preset.replace("graph = \"wan22-animate\"", "graph = \"open.toml\"").as_str()),
    ]);
    folder.wfc(&["build", "p.toml"]).succeeded();
    let [plan] = &plans(&folder, &["p.toml"])[..] else { panic!("one plan") };
    let gaps: Vec<&Value> = plan["gaps"].as_array().unwrap().iter().map(|gap| &gap["node"]).collect();
    assert!(!gaps.is_empty());
    assert_eq!(folder.json("p.wfc.json")["plan"]["unknown"], json!(gaps));
}
