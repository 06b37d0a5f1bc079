//! Reads one declared input of a class: `[type]` or `[type, options]`.

use std::cmp::Ordering;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::class::{Autogrow, Bounds, Combo, DynamicOption, InputKind, InputSpec};
use super::object_info::MATCH_TYPE;

/// V3's name for a family of inputs that grows.
pub(super) const AUTOGROW: &str = "COMFY_AUTOGROW_V3";
/// V3's name for a selector with inputs of its own for each choice.
pub(super) const DYNAMIC_COMBO: &str = "COMFY_DYNAMICCOMBO_V3";
/// ComfyUI's limit on the members of a growing family (`_io.py`, `Autogrow`).
const AUTOGROW_LIMIT: usize = 100;

/// Reads the input `name`. `None`, with a warning, if `json` says nothing about its type.
pub(super) fn read_input(
    name: &str,
    required: bool,
    json: &Value,
    warnings: &mut Vec<String>,
) -> Option<InputSpec> {
    let empty = Map::new();
    // Some packs have prose behind the options; that is ignored. A bare type without a list around
    // it is what V1 allows for hidden inputs only, but its meaning is clear.
    let (kind, options) = match json.as_array() {
        Some(parts) => (parts.first(), parts.get(1).and_then(Value::as_object)),
        None => (Some(json), None),
    };
    let options = options.unwrap_or(&empty);
    let kind = match kind {
        Some(Value::Array(values)) => InputKind::Combo(combo(Some(values), options, warnings)),
        // A pack file's spelling of a V1 list that depends on the machine.
        Some(Value::Null) if json.is_array() => InputKind::Combo(combo(None, options, warnings)),
        Some(Value::String(kind)) => named_kind(kind, name, options, warnings),
        None | Some(Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_)) => {
            warnings.push(format!("input `{name}` has no type and was left out"));
            return None;
        }
    };
    let flag = |key: &str| options.get(key) == Some(&Value::Bool(true));
    let number = matches!(kind, InputKind::Int { .. } | InputKind::Float { .. });
    // An object stands for a NaN (see `source::NonFinite`), which is no default.
    let default = options.get("default").filter(|value| !(value.is_null() || number && value.is_object()));
    let bound = |key: &str| options.get(key).and_then(Value::as_f64);
    let bounds = match kind {
        InputKind::Link(_) => Bounds { min: bound("min"), max: bound("max") },
        _ => Bounds::default(),
    };
    Some(InputSpec {
        name: name.into(),
        required,
        kind,
        wider: None,
        bounds,
        default: default.cloned(),
        force_input: flag("forceInput"),
        socketless: flag("socketless"),
        widget: options.get("widgetType").and_then(Value::as_str).map(Arc::from),
        // True, or the value that the second widget starts with.
        control_after_generate: options
            .get("control_after_generate")
            .is_some_and(|value| value == true || value.is_string()),
        dynamic_prompts: flag("dynamicPrompts"),
    })
}

impl InputSpec {
    /// Reads an input in ComfyUI's notation, `[type]` or `[type, options]`; nothing if it says nothing about
    /// its type.
    #[must_use]
    pub fn read(name: &str, json: &Value) -> Option<Self> {
        read_input(name, true, json, &mut Vec::new())
    }
}

fn named_kind(kind: &str, name: &str, options: &Map<String, Value>, warnings: &mut Vec<String>) -> InputKind {
    match kind {
        "INT" => InputKind::Int {
            min: options.get("min").and_then(|value| whole(value, f64::ceil)),
            max: options.get("max").and_then(|value| whole(value, f64::floor)),
            step: options.get("step").and_then(|value| whole(value, f64::round)).filter(|step| *step > 0),
        },
        "FLOAT" => InputKind::Float {
            min: options.get("min").and_then(|min| bound(min, f64::next_up, Ordering::Less)),
            max: options.get("max").and_then(|max| bound(max, f64::next_down, Ordering::Greater)),
            step: options.get("step").and_then(Value::as_f64).filter(|step| *step > 0.0),
        },
        "BOOLEAN" => InputKind::Boolean,
        "STRING" => InputKind::String { multiline: options.get("multiline") == Some(&Value::Bool(true)) },
        "COMBO" => {
            let values = options.get("options").and_then(Value::as_array);
            InputKind::Combo(Combo { v3: true, ..combo(values, options, warnings) })
        }
        DYNAMIC_COMBO => InputKind::DynamicCombo(dynamic_options(name, options, warnings).into()),
        AUTOGROW => match autogrow(name, options, warnings) {
            Some(family) => InputKind::Autogrow(family),
            None => InputKind::Link(kind.into()),
        },
        MATCH_TYPE => {
            let template = options.get("template");
            let text = |key: &str| template.and_then(|template| template.get(key)).and_then(Value::as_str);
            InputKind::MatchType {
                template: text("template_id").unwrap_or_default().into(),
                allowed: text("allowed_types").unwrap_or("*").into(),
            }
        }
        other => {
            if other.starts_with("COMFY_") {
                warnings
                    .push(format!("input `{name}` has the unknown type {other}; it is taken for a socket"));
            }
            InputKind::Link(other.into())
        }
    }
}

/// `value` as a bound of floats. A whole number between two floats becomes the one `inwards`, so that
/// comparing with it gives what Python's exact comparison gives. `outside`: how a float that is not
/// allowed compares with the bound.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    reason = "the loss is what is repaired here; whole numbers of JSON fit"
)]
fn bound(value: &Value, inwards: fn(f64) -> f64, outside: Ordering) -> Option<f64> {
    let Some(exact) = value.as_i64().map(i128::from).or_else(|| value.as_u64().map(i128::from)) else {
        return value.as_f64();
    };
    let near = exact as f64;
    Some(if (near as i128).cmp(&exact) == outside { inwards(near) } else { near })
}

/// `value` as a whole number; a fraction is rounded to the nearest whole number that is in bounds.
fn whole(value: &Value, round: fn(f64) -> f64) -> Option<i128> {
    let exact = value.as_i64().map(i128::from).or_else(|| value.as_u64().map(i128::from));
    #[expect(clippy::cast_possible_truncation, reason = "saturates, and no input is larger than 64 bit")]
    exact.or_else(|| value.as_f64().map(|value| round(value) as i128))
}

fn combo(values: Option<&Vec<Value>>, options: &Map<String, Value>, warnings: &mut Vec<String>) -> Combo {
    Combo {
        v3: false,
        options: values.map(|values| values.as_slice().into()),
        folder: options.get("folder").and_then(Value::as_str).map(Arc::from),
        multiselect: options.get("multiselect") == Some(&Value::Bool(true)),
        upload: options.iter().any(|(key, value)| key.ends_with("_upload") && *value == true),
        formats: formats(options.get("formats"), warnings).into(),
    }
}

/// VideoHelperSuite declares inputs that belong to one value of a list as
/// `{"formats": {value: [[name, type, options], …]}}`. Its loaders use the same key for a plain
/// object of hints, which declares nothing. Sorted by value: their order depends on the machine.
fn formats(json: Option<&Value>, warnings: &mut Vec<String>) -> Vec<(Arc<str>, Vec<InputSpec>)> {
    let mut formats: Vec<(Arc<str>, Vec<InputSpec>)> = Vec::new();
    for (value, widgets) in json.and_then(Value::as_object).into_iter().flatten() {
        let mut inputs = Vec::new();
        for widget in widgets.as_array().into_iter().flatten() {
            if let Some([Value::String(name), spec @ ..]) = widget.as_array().map(Vec::as_slice) {
                inputs.extend(read_input(name, false, &Value::Array(spec.to_vec()), warnings));
            }
        }
        if !inputs.is_empty() {
            formats.push((Arc::from(value.as_str()), inputs));
        }
    }
    formats.sort_by(|(one, _), (other, _)| one.cmp(other));
    formats
}

fn dynamic_options(
    name: &str,
    options: &Map<String, Value>,
    warnings: &mut Vec<String>,
) -> Vec<DynamicOption> {
    let mut choices = Vec::new();
    for choice in options.get("options").and_then(Value::as_array).into_iter().flatten() {
        let Some(key) = choice.get("key").and_then(Value::as_str) else {
            warnings.push(format!("input `{name}` has a choice without a key, which was left out"));
            continue;
        };
        let mut inputs = Vec::new();
        for (section, required) in [("required", true), ("optional", false)] {
            let declared =
                choice.get("inputs").and_then(|inputs| inputs.get(section)).and_then(Value::as_object);
            for (name, json) in declared.into_iter().flatten() {
                inputs.extend(read_input(name, required, json, warnings));
            }
        }
        choices.push(DynamicOption { key: key.into(), inputs });
    }
    choices
}

/// As ComfyUI's `Autogrow` expands it: the first declared input is the template, `names` win over
/// `prefix`.
fn autogrow(name: &str, options: &Map<String, Value>, warnings: &mut Vec<String>) -> Option<Autogrow> {
    let template = options.get("template");
    let get = |key: &str| template.and_then(|template| template.get(key));
    let count = |key: &str| get(key).and_then(Value::as_u64).and_then(|count| usize::try_from(count).ok());
    let member =
        get("input").and_then(Value::as_object).into_iter().flatten().find_map(|(section, inputs)| {
            let (name, json) = inputs.as_object()?.iter().next()?;
            read_input(name, section == "required", json, warnings)
        });
    let Some(member) = member else {
        warnings.push(format!("input `{name}` is a family without a template; it is taken for a socket"));
        return None;
    };
    let names: Vec<Arc<str>> = if let Some(names) = get("names").and_then(Value::as_array) {
        names.iter().filter_map(Value::as_str).take(AUTOGROW_LIMIT).map(Arc::from).collect()
    } else {
        let prefix = get("prefix").and_then(Value::as_str).unwrap_or_default();
        let max = count("max").unwrap_or(AUTOGROW_LIMIT).min(AUTOGROW_LIMIT);
        (0..max).map(|at| format!("{prefix}{at}").into()).collect()
    };
    Some(Autogrow { min: count("min").unwrap_or(0).min(names.len()), names, template: Box::new(member) })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::super::tests::any_json;
    use super::*;

    fn read(json: &Value) -> InputSpec {
        let mut warnings = Vec::new();
        let input = read_input("x", true, json, &mut warnings).unwrap();
        assert_eq!(warnings, [""; 0], "{json}");
        input
    }

    fn as_combo(json: &Value) -> Combo {
        let InputKind::Combo(combo) = read(json).kind else { panic!("no combo") };
        combo
    }

    #[test]
    fn whole_numbers_keep_64_bits_and_round_into_their_bounds() {
        let int = |options: &Value| match read(&json!(["INT", options])).kind {
            InputKind::Int { min, max, step } => (min, max, step),
            other => panic!("{other:?}"),
        };
        assert_eq!(
            int(&json!({ "min": 0, "max": u64::MAX, "step": 1 })),
            (Some(0), Some(u64::MAX.into()), Some(1))
        );
        assert_eq!(int(&json!({ "min": i64::MIN, "max": null })), (Some(i64::MIN.into()), None, None));
        assert_eq!(int(&json!({ "min": 0.5, "max": 4.5, "step": 0 })), (Some(1), Some(4), None));
        assert_eq!(int(&json!({ "min": {}, "max": "9", "step": {} })), (None, None, None));
        assert_eq!(int(&json!({ "max": 1e300 })), (None, Some(i128::MAX), None));
    }

    #[test]
    fn bounds_of_floats_are_exact() {
        let float = |options: &Value| match read(&json!(["FLOAT", options])).kind {
            InputKind::Float { min, max, .. } => (min.unwrap(), max.unwrap()),
            other => panic!("{other:?}"),
        };
        let (min, max) = float(&json!({ "min": -i64::MAX, "max": i64::MAX }));
        let beyond = 9_223_372_036_854_775_808.0;
        assert_eq!((max.next_up(), min.next_down()), (beyond, -beyond));
        assert_eq!(float(&json!({ "min": -1, "max": 10 })), (-1.0, 10.0));
    }

    #[test]
    fn numbers_texts_and_flags() {
        assert_eq!(
            read(&json!(["FLOAT", { "min": 0, "max": 1.5 }, "prose"])).kind,
            InputKind::Float { min: Some(0.0), max: Some(1.5), step: None }
        );
        let text = read(&json!(["STRING", { "multiline": true, "default": "", "forceInput": true }]));
        assert_eq!(text.kind, InputKind::String { multiline: true });
        assert_eq!((text.default, text.force_input, text.socketless), (Some(json!("")), true, false));
        let seed =
            read(&json!(["INT", { "control_after_generate": "fixed", "widgetType": "W", "default": {} }]));
        assert_eq!(
            (seed.control_after_generate, seed.widget.as_deref(), seed.default),
            (true, Some("W"), None)
        );
        assert_eq!(read(&json!(["BOOLEAN", { "default": false }])).default, Some(json!(false)));
        assert_eq!(read(&json!(["MODEL", { "default": null }])).default, None);
        assert_eq!(read(&json!(["IMAGE,MASK"])).kind, InputKind::Link("IMAGE,MASK".into()));
        assert_eq!(read(&json!("MODEL")).kind, InputKind::Link("MODEL".into()));
    }

    #[test]
    fn lists_in_both_spellings() {
        let v1 = as_combo(&json!([["a", 0], { "default": "a" }]));
        assert_eq!((v1.v3, v1.options), (false, Some([json!("a"), json!(0)].into())));
        let v3 = as_combo(&json!(["COMBO", { "options": ["a"], "multiselect": true, "image_upload": true }]));
        assert_eq!(
            (v3.v3, v3.options.map(|options| options.len()), v3.multiselect, v3.upload),
            (true, Some(1), true, true)
        );
        let file = as_combo(&json!([null, { "folder": "loras" }]));
        assert_eq!((file.v3, file.options, file.folder.as_deref()), (false, None, Some("loras")));
        assert_eq!(as_combo(&json!(["COMBO", { "remote": { "route": "/x" } }])).options, None);
        assert_eq!(as_combo(&json!([[]])).options, Some([].into()));
    }

    #[test]
    fn formats_declare_inputs_and_hints_do_not() {
        let formats = json!({
            "z": [["pix_fmt", ["a", "b"]], ["crf", "INT", { "max": 100 }], ["dither", ["n"], {}, "prose"]],
            "b": [["on", "BOOLEAN"]], "c": [], "d": { "frames": [4, 1] }, "e": [7, [7], []],
        });
        let combo = as_combo(&json!([["z", "b", "c"], { "formats": formats }]));
        let names: Vec<_> = combo.formats.iter().map(|(value, inputs)| (&**value, inputs.len())).collect();
        assert_eq!(names, [("b", 1), ("z", 3)]);
        assert_eq!(combo.formats[1].1[1].kind, InputKind::Int { min: None, max: Some(100), step: None });
        assert!(combo.formats[1].1.iter().all(|input| !input.required));
    }

    #[test]
    fn families_grow_by_names_or_prefix() {
        let family = |template: Value| match read(&json!([AUTOGROW, { "template": template }])).kind {
            InputKind::Autogrow(family) => family,
            other => panic!("{other:?}"),
        };
        let image = json!({ "required": { "image": ["IMAGE", {}] } });
        let named = family(json!({ "input": image, "names": ["a", "b"], "min": 1 }));
        assert_eq!(
            (named.names, named.min, named.template.required),
            (vec!["a".into(), "b".into()], 1, true)
        );
        let optional = json!({ "required": {}, "optional": { "image": ["IMAGE", {}] } });
        let prefixed = family(json!({ "input": optional, "prefix": "image", "min": 9, "max": 3 }));
        assert_eq!(prefixed.names, ["image0".into(), "image1".into(), "image2".into()]);
        assert_eq!((prefixed.min, prefixed.template.required), (3, false));
        assert_eq!(family(json!({ "input": image, "prefix": "i", "max": 1_000_000 })).names.len(), 100);
        let mut warnings = Vec::new();
        let empty = read_input("x", true, &json!([AUTOGROW, { "template": {} }]), &mut warnings).unwrap();
        assert_eq!(empty.kind, InputKind::Link(AUTOGROW.into()));
        assert_eq!(warnings, ["input `x` is a family without a template; it is taken for a socket"]);
    }

    #[test]
    fn choices_bring_inputs_at_any_depth() {
        let inner = json!([DYNAMIC_COMBO, { "options": [{ "key": "k", "inputs": { "optional": { "n": ["INT"] } } }] }]);
        let options = json!([{ "key": "a", "inputs": { "required": { "inner": inner } } }, { "key": "b" }]);
        let InputKind::DynamicCombo(options) = read(&json!([DYNAMIC_COMBO, { "options": options }])).kind
        else {
            panic!("no dynamic combo");
        };
        let InputKind::DynamicCombo(nested) = &options[0].inputs[0].kind else { panic!("no nested one") };
        assert_eq!((&*nested[0].key, nested[0].inputs[0].required), ("k", false));
        assert_eq!((&*options[1].key, options[1].inputs.len()), ("b", 0));
    }

    #[test]
    fn unknown_v3_types_are_sockets() {
        let mut warnings = Vec::new();
        let input = read_input("x", true, &json!(["COMFY_DYNAMICGROUP_V3", {}]), &mut warnings).unwrap();
        assert_eq!(input.kind, InputKind::Link("COMFY_DYNAMICGROUP_V3".into()));
        assert_eq!(warnings.len(), 1);
    }

    proptest! {
        #[test]
        fn no_json_makes_it_panic(options in any_json(), json in any_json()) {
            for kind in ["INT", "FLOAT", "STRING", "COMBO", AUTOGROW, DYNAMIC_COMBO, MATCH_TYPE] {
                let _ = read_input("x", true, &json!([kind, options]), &mut Vec::new());
            }
            let _ = read_input("x", true, &json!([[], options]), &mut Vec::new());
            let _ = read_input("x", true, &json, &mut Vec::new());
        }
    }
}
