//! Binding gives what building gives, and takes what its schema takes.

use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::{Map, Value, json};
use wfc::back::api::{Ids, Layout};

use super::{Built, Preset, presets};

/// Broken rules that are about several values together, which no schema of one value can say.
const TOGETHER: [&str; 4] =
    ["constraint-violated", "needs-build", "computed-value-wrong", "expression-failed"];

/// Values of a field that differ from what was built, most of them right.
fn candidates(schema: &Value) -> Vec<Value> {
    let int = |key: &str| schema[key].as_i64();
    let mut values: Vec<Value> = schema["enum"].as_array().into_iter().flatten().take(3).cloned().collect();
    match schema["type"].as_str().unwrap() {
        "integer" => {
            let step = int("multipleOf").unwrap_or(1);
            let default = schema["default"].as_i64().unwrap_or_default();
            let numbers = [int("minimum"), Some(default + step), Some(default + 4), int("maximum")];
            values.extend(numbers.into_iter().flatten().map(Value::from));
            values.push(schema["maximum"].clone());
        }
        "number" => values.extend([
            json!(0.25),
            json!(1),
            json!(3.100_000_000_000_000_5),
            schema["minimum"].clone(),
            schema["maximum"].clone(),
        ]),
        "boolean" => values.extend([json!(true), json!(false)]),
        "string" if schema["enum"].is_array() => {
            values.extend(schema["enum"].as_array().and_then(|choices| choices.last()).cloned());
        }
        "string" => values.extend([json!("other.png"), json!("a \"b\"\\\n\u{1}漢 </script>")]),
        _ => {}
    }
    values.retain(|value| !value.is_null() && *value != schema["default"]);
    values
}

/// Compares what binding `request` gives with building the same values. True if both gave a workflow.
#[track_caller]
fn agree(preset: &Preset, built: &Built, request: &Map<String, Value>, ids: Ids, layout: Layout) -> bool {
    let values: Map<String, Value> =
        request.iter().map(|(field, value)| (built.param(field).to_owned(), value.clone())).collect();
    let context = || format!("{}: {}", preset.name, Value::Object(request.clone()));
    let bound = built.bind(&Value::Object(request.clone()));
    // What needs a new compilation says nothing about whether that would succeed.
    if bound.as_ref().is_err_and(|rules| rules.iter().all(|rule| *rule == "needs-build")) {
        return false;
    }
    match (bound, preset.rebuild(&values, ids, layout)) {
        (Ok(bound), Ok(rebuilt)) => {
            assert!(bound == rebuilt, "{}:\n{}", context(), String::from_utf8_lossy(&bound));
            true
        }
        (Err(_), Err(_)) => false,
        (Ok(_), Err(rules)) => panic!("{} is bound, but building says {rules:?}", context()),
        (Err(rules), Ok(_)) => panic!("{} is built, but binding says {rules:?}", context()),
    }
}

#[test]
fn every_field_of_every_preset_is_bound_as_it_is_built() {
    let mut compared = 0;
    for preset in presets() {
        let built = preset.compile(Ids::Names, Layout::Pretty);
        let mut changed = 0;
        for (field, schema) in built.inputs()["properties"].as_object().unwrap() {
            if built.manifest["interface"]["bindings"][field]["change"] == "build" {
                continue;
            }
            for value in candidates(schema) {
                let mut request = built.required();
                request.insert(field.clone(), value);
                changed += usize::from(agree(&preset, &built, &request, Ids::Names, Layout::Pretty));
            }
        }
        assert!(changed > 10, "{}: {changed}", preset.name);
        compared += changed;
    }
    assert!(compared > 500, "{compared} workflows compared");
}

#[test]
fn ids_and_layout_of_the_workflow_stay() {
    for preset in presets().iter().take(3) {
        for (ids, layout) in [(Ids::Numeric, Layout::Pretty), (Ids::Names, Layout::Compact)] {
            let built = preset.compile(ids, layout);
            let mut request = built.required();
            request.extend([("seed".to_owned(), json!(u64::MAX)), ("prompt".to_owned(), json!("ids/~0 \t"))]);
            assert!(agree(preset, &built, &request, ids, layout), "{}", preset.name);
        }
    }
}

#[test]
fn the_values_as_built_change_nothing() {
    for preset in presets() {
        let built = preset.compile(Ids::Names, Layout::Pretty);
        let properties = built.inputs()["properties"].as_object().unwrap();
        let defaults = properties.iter().map(|(field, schema)| (field.clone(), schema["default"].clone()));
        let same = built.bind(&Value::Object(defaults.collect()));
        assert!(same.is_ok_and(|bytes| bytes == built.workflow), "{}", preset.name);
    }
}

/// Any value that a client may send, near to what the schema says.
fn value(schema: &Value) -> BoxedStrategy<Value> {
    let mut near = candidates(schema);
    near.push(schema["default"].clone());
    for key in ["minimum", "maximum"] {
        let Some(number) = schema[key].as_i64() else { continue };
        near.extend([number.saturating_sub(1), number.saturating_add(1)].map(Value::from));
        near.push(json!(schema[key].as_f64()));
    }
    if let Some(max) = schema["maximum"].as_f64() {
        near.extend([json!(max + 0.5), json!(max * 2.0), json!(-max)]);
    }
    prop_oneof![
        6 => prop::sample::select(near),
        1 => any::<i64>().prop_map(Value::from),
        1 => any::<u64>().prop_map(Value::from),
        1 => (0_i64..2000).prop_map(Value::from),
        1 => (0_i64..2000).prop_map(|number| json!(f64::from(i32::try_from(number).unwrap()))),
        1 => any::<f64>().prop_map(|number| json!(number)),
        1 => "[ a/.:\\\\\\u{0}\\u{1f}\\u{85}\\u{a0}\\u{feff}\n]{0,6}".prop_map(Value::from),
        1 => prop::sample::select(vec![
            Value::Null, json!(true), json!([]), json!({}), json!([1]), json!(["a.pt"]), json!(""),
            json!("../a"), json!("a/.."), json!("C:/a.png"), json!("a-b:c"), json!("ä:c"), json!("./a"), json!("a/"), json!("https://a/b.png"), json!("a/b.png"), json!("/a"),
            json!([{"file": "a.pt", "strength": 1}]), json!(1e300), json!(18_446_744_073_709_551_616.0),
        ]),
    ]
    .boxed()
}

/// A request with a few fields, some of them made up.
fn request(properties: &Value) -> BoxedStrategy<Map<String, Value>> {
    let fields: Vec<(String, Value)> =
        properties.as_object().unwrap().iter().map(|(name, schema)| (name.clone(), schema.clone())).collect();
    let field = prop::sample::select(fields).prop_flat_map(|(name, schema)| {
        let name = prop_oneof![30 => Just(name), 1 => Just("made-up".to_owned())];
        (name, value(&schema))
    });
    vec(field, 0..4).prop_map(|fields| fields.into_iter().collect()).boxed()
}

/// The presets that differ most from one another, and a graph with every type.
fn any_request() -> impl Strategy<Value = (usize, Map<String, Value>)> {
    (0..BUILT.len()).prop_flat_map(|at| (Just(at), request(&BUILT[at].1.inputs()["properties"])))
}

static BUILT: std::sync::LazyLock<Vec<(Preset, Built)>> = std::sync::LazyLock::new(|| {
    let built = |preset: Preset| {
        let built = preset.compile(Ids::Names, Layout::Pretty);
        (preset, built)
    };
    presets().into_iter().map(built).collect()
});

static VALIDATORS: std::sync::LazyLock<Vec<jsonschema::Validator>> = std::sync::LazyLock::new(|| {
    BUILT.iter().map(|(_, built)| jsonschema::validator_for(built.inputs()).unwrap()).collect()
});

/// So many cases, or as many as `PROPTEST_CASES` says.
fn cases(count: u32) -> ProptestConfig {
    let default = ProptestConfig { failure_persistence: None, ..ProptestConfig::default() };
    if std::env::var_os("PROPTEST_CASES").is_some() {
        default
    } else {
        ProptestConfig { cases: count, ..default }
    }
}

proptest! {
    #![proptest_config(cases(1500))]

    #[test]
    fn what_the_schema_takes_is_bound((at, fields) in any_request(), whole in prop::bool::weighted(0.9)) {
        let (preset, built) = &BUILT[at];
        let mut request = if whole { built.required() } else { Map::new() };
        request.extend(fields);
        let is_valid = VALIDATORS[at].is_valid(&Value::Object(request.clone()));
        match built.bind(&Value::Object(request.clone())) {
            Ok(_) => prop_assert!(is_valid, "{}: bound, and the schema refuses {request:?}", preset.name),
            Err(rules) => {
                let together = rules.iter().all(|rule| TOGETHER.contains(rule));
                prop_assert!(!is_valid || together, "{}: {rules:?} for {request:?}", preset.name);
            }
        }
    }
}

proptest! {
    #![proptest_config(cases(150))]

    #[test]
    fn several_fields_are_bound_as_they_are_built((at, fields) in any_request()) {
        let (preset, built) = &BUILT[at];
        let bindings = &built.manifest["interface"]["bindings"];
        let mut request = built.required();
        request.extend(fields.into_iter().filter(|(name, value)| {
            let is_plain = !(value.is_null() || value.is_array() || value.is_object());
            // TOML tells 81.0 from 81, and JSON does not.
            let is_as_toml = !value.is_f64() || built.inputs()["properties"][name]["type"] == "number";
            is_plain && is_as_toml && bindings[name]["change"] != "build"
        }));
        agree(preset, built, &request, Ids::Names, Layout::Pretty);
    }

    #[test]
    fn any_text_may_be_a_request(text in prop_oneof![".{0,60}", "[\\[\\]{}:,\"a-z0-9_\\\\ ]{0,60}", "\\{\"(seed|prompt|cfg)\": ?[-0-9a-zA-Z.\"\\[\\]{} ]{0,12}\\}"]) {
        let _ = BUILT[0].1.bind_text(&text);
    }
}

proptest! {
    #![proptest_config(cases(200))]

    #[test]
    fn a_damaged_manifest_is_refused_or_works(
        changes in vec((any::<prop::sample::Index>(), prop::sample::select(&DAMAGE[..])), 1..3)
    ) {
        let (_, built) = &BUILT[BUILT.len() - 1];
        let mut text = built.manifest.to_string();
        for (at, token) in changes {
            let places: Vec<usize> = text.match_indices(['"', ':', ',', '}', ']']).map(|(at, _)| at).collect();
            text.insert_str(*at.get(&places), token);
        }
        let mut sources = wfc::source::Sources::new();
        let Ok(target) = wfc::bind::Target::read("w.wfc.json".as_ref(), &text, &mut sources) else { return Ok(()) };
        let damaged = Built { target, workflow: built.workflow.clone(), manifest: Value::Null };
        let mut diagnostics = wfc::diag::Diagnostics::new();
        let request = r#"{"seed": 1, "count": 9, "image": "b.png", "strength": 2}"#;
        let file = sources.add("r.json", request);
        if let Some(request) = damaged.target.request(file, request, &mut diagnostics)
            && let Some(changes) = damaged.target.changes(&request, &mut sources, &mut diagnostics)
        {
            let _ = damaged.target.apply(&damaged.workflow, &changes);
        }
    }
}

/// What is put into a manifest to damage it.
const DAMAGE: [&str; 12] =
    ["x", "1", "0", "-", "/", "~", ",", "\"a\":", "null", "9999999999", "\\u0000", "\"x\":{},"];
