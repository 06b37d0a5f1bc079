//! The generated files are current, and the JSON Schemas agree with the reader.

use serde_json::{Value, json};
use wfc::diag::Diagnostics;
use wfc::front::toml;
use wfc::source::Sources;

use crate::support::{Folder, repository, toml_files};

/// The schema of a format, as it is committed.
pub(crate) fn schema(name: &str) -> jsonschema::Validator {
    let text = std::fs::read_to_string(repository(&format!("schemas/{name}.schema.json"))).unwrap();
    jsonschema::validator_for(&serde_json::from_str(&text).unwrap()).unwrap()
}

/// A TOML text as JSON.
pub(crate) fn json_of(text: &str) -> Value {
    let mut diagnostics = Diagnostics::new();
    let item = toml::parse(Sources::new().add("x.toml", text), text, &mut diagnostics);
    assert!(diagnostics.is_empty(), "{diagnostics:?}");
    item.unwrap().value.to_value().to_json()
}

pub(crate) fn errors(validator: &jsonschema::Validator, document: &Value) -> Vec<String> {
    let errors = validator.iter_errors(document);
    errors.map(|error| format!("{}: {error}", error.instance_path())).collect()
}

#[test]
fn every_generated_file_is_current() {
    for (name, text) in wfc::cli::reference::files() {
        let present = std::fs::read_to_string(repository(&name)).unwrap_or_default();
        assert!(present == text, "{name} is out of date: run `cargo xtask generate`");
    }
}

#[test]
fn the_command_prints_what_is_committed() {
    let folder = Folder::new();
    for name in
        ["preset", "graph", "project", "lint", "baseline", "manifest", "diagnostics", "vram", "doctor"]
    {
        let committed = std::fs::read_to_string(repository(&format!("schemas/{name}.schema.json"))).unwrap();
        assert_eq!(folder.wfc(&["schema", name]).succeeded().stdout, committed);
    }
}

#[test]
fn every_preset_and_graph_has_the_shape_of_its_schema() {
    for kind in ["preset", "graph"] {
        let validator = schema(kind);
        for (name, text) in toml_files(&format!("{kind}s")) {
            let errors = errors(&validator, &json_of(&text));
            assert!(errors.is_empty(), "{kind} {name}: {errors:#?}");
        }
    }
}

#[test]
fn every_preset_and_graph_names_its_schema_for_editors() {
    for kind in ["preset", "graph"] {
        for (name, text) in toml_files(&format!("{kind}s")) {
            let first = text.lines().next().unwrap();
            let path = first.strip_prefix("#:schema ").unwrap_or_else(|| panic!("{kind} {name}: {first}"));
            assert!(repository(&format!("{kind}s/{path}")).exists(), "{kind} {name}: {path}");
        }
    }
}

#[test]
fn what_the_reader_refuses_in_a_preset_the_schema_refuses() {
    let validator = schema("preset");
    let valid = "graph = \"wan22-a14b\"\n[params]\nprompt = \"x\"\nwidth = 640\n";
    assert_eq!(errors(&validator, &json_of(valid)), [""; 0]);
    for (part, mistake) in [
        ("prompt = \"x\"", "promt = \"x\""),
        ("prompt = \"x\"", "prompt = 1"),
        ("width = 640", "width = \"640\""),
        ("width = 640", "width = 641"),
        ("width = 640", "width = 16"),
        ("width = 640", "sampler = \"fast\""),
        ("width = 640", "seed = -1"),
        ("width = 640", "lightning = 1"),
        ("width = 640", "loras_high = [{ strength = 1.0 }]"),
        ("[params]", "[parms]"),
        ("[params]", "[target]\ngpu = 1\n[params]"),
        ("[params]", "[target]\nvram = \"much\"\n[params]"),
        ("[params]", "[models]\nvea = \"x\"\n[params]"),
        ("[params]", "[lint]\nrule = \"off\"\n[params]"),
        ("graph = \"wan22-a14b\"", "graph = 1"),
    ] {
        let text = valid.replace(part, mistake);
        assert!(!validator.is_valid(&json_of(&text)), "accepted:\n{text}");
        let folder = Folder::with([("p.toml", &*text)]);
        folder.wfc(&["build", "p.toml"]).findings();
    }
}

#[test]
fn what_the_reader_refuses_in_a_graph_the_schema_refuses() {
    let validator = schema("graph");
    let valid = crate::support::PICTURE;
    assert_eq!(errors(&validator, &json_of(valid)), [""; 0]);
    for (part, mistake) in [
        ("title = ", "titel = "),
        ("type = \"int\"", "type = \"integer\""),
        ("doc = \"Width of the picture.\"", ""),
        ("multiple_of = 16", "multiple_of = 0"),
        ("multiple_of = 16", "form = \"4n-1\""),
        ("class = \"SaveImage\"", "klass = \"SaveImage\""),
        ("{ param = \"width\" }", "{ parm = \"width\" }"),
        ("{ param = \"width\" }", "{ param = \"width\", out = 0 }"),
        ("{ param = \"width\" }", "[1]"),
        ("{ node = \"empty\" }", "{ node = \"empty\", out = true }"),
        ("{ node = \"empty\" }", "{ prev = false }"),
        ("{ node = \"empty\" }", "{ first_of = [\"empty\"] }"),
        ("{ node = \"empty\" }", "{ json = 1 }"),
        ("title = ", "default_titles = 1\ntitle = "),
        ("class = \"SaveImage\"", "class = \"SaveImage\"\nextra = { note = [1] }"),
    ] {
        assert!(valid.contains(part), "{part}");
        let text = valid.replacen(part, mistake, 1);
        assert!(!validator.is_valid(&json_of(&text)), "accepted:\n{text}");
        let folder = Folder::with([("g.toml", &*text)]);
        assert_eq!(folder.wfc(&["lint", "g.toml"]).code, Some(1), "{text}");
    }
}

#[test]
fn what_the_reader_takes_the_schema_takes() {
    let graph = schema("graph");
    for (part, other) in [
        ("{ node = \"empty\" }", "{ node = \"empty\", out = \"IMAGE\" }"),
        ("{ node = \"empty\" }", "{ node = \"empty\", out = 0 }"),
        ("{ node = \"empty\" }", "{ first_of = [{ node = \"empty\", out = 0 }] }"),
        ("batch_size = 1", "batch_size = { literal = 1 }"),
        ("batch_size = 1", "batch_size = { json = \"1\" }"),
        ("title = ", "default_titles = true\ntitle = "),
        ("class = \"SaveImage\"", "class = \"SaveImage\"\nextra = { a = 1, \"b.c\" = { node = \"empty\" } }"),
        ("class = \"SaveImage\"", "class = \"SaveImage\"\ntitle = \"Save\"\nwhen = \"width > 1\""),
    ] {
        let text = crate::support::PICTURE.replacen(part, other, 1);
        let folder = Folder::with([("g.toml", &*text)]);
        assert_eq!(folder.wfc(&["lint", "g.toml"]).code, Some(0), "{text}");
        assert_eq!(errors(&graph, &json_of(&text)), [""; 0], "{text}");
    }
    let preset = schema("preset");
    for text in [
        "extends = \"base.toml\"\n[params]\nanything = 1\n",
        "graph = \"my-own\"\n[params]\nanything = 1\n",
        "graph = \"wan22-a14b\"\n[params]\nloras_high = [\"a.pt\", { file = \"b.pt\" }, { file = \"c.pt\", strength = 1 }]\n",
        "graph = \"wan22-a14b\"\n[target]\nvram = \"24 GiB\"\nheadroom = \"1.5GB\"\n[matrix]\nseed = [1, 2]\n",
        "graph = \"wan22-a14b\"\n[lint]\nstyle = \"warn\"\nfloat-noise = { level = \"allow\", reason = \"x\" }\n",
    ] {
        assert_eq!(errors(&preset, &json_of(text)), [""; 0], "{text}");
    }
}

#[test]
fn a_project_has_the_shape_of_its_schema() {
    let validator = schema("project");
    let text = "catalog = \"c.json\"\ngraphs = \"g\"\n[target]\ngpu = \"l40s\"\n[lint]\nstyle = \"deny\"\n\
                [[overrides]]\npaths = [\"drafts/**\"]\nlint = { float-noise = \"warn\" }\n";
    assert_eq!(errors(&validator, &json_of(text)), [""; 0]);
    assert!(!validator.is_valid(&json!({"catlog": "c.json"})));
    assert!(!validator.is_valid(&json!({"lint": {"flot-noise": "warn"}})));
}

#[test]
fn a_lint_file_has_the_shape_of_its_schema() {
    let validator = schema("lint");
    let text = "[lint]\nstyle = \"deny\"\n[[allow]]\nrule = \"float-noise\"\nnode = \"1\"\nreason = \"so\"\n";
    assert_eq!(errors(&validator, &json_of(text)), [""; 0]);
    assert!(!validator.is_valid(&json!({"allow": [{"rule": "float-noise"}]})), "there must be a reason");
    assert!(!validator.is_valid(&json!({"allow": [{"rule": "flot-noise", "reason": "so"}]})));
}
