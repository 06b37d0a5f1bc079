//! Reads one class as `/object_info` and pack files describe it.
//!
//! Tolerant on purpose: the JSON comes from whatever node packs a server has installed. A part that
//! makes no sense is left out with a warning, and the rest of the class is still usable. Both
//! generations of ComfyUI's node API are read: V1 (`[["a", "b"], {…}]`) and V3 (`["COMBO", {…}]`,
//! `COMFY_AUTOGROW_V3` and its like).

use std::sync::Arc;

use rustc_hash::FxHashSet;
use serde_json::{Map, Value};

use super::class::{InputKind, InputSpec, NodeClass, OutputSpec};
use super::input::read_input;
use super::own_check::OwnCheck;
use super::pack::pack_of_module;
use super::wider_types;

/// V3's name for "the type that the inputs of the same template have".
pub(super) const MATCH_TYPE: &str = "COMFY_MATCHTYPE_V3";

/// Reads the class `name`.
///
/// `pack` is its node pack, where `json` has no `python_module` to tell. What had to be left out is
/// added to `warnings`, as sentences that name the class. `None` if `json` is not an object.
pub fn read_class(name: &str, json: &Value, pack: &str, warnings: &mut Vec<String>) -> Option<NodeClass> {
    let Some(class) = json.as_object() else {
        warnings.push(format!("{name}: not a node class"));
        return None;
    };
    let first_warning = warnings.len();
    let text = |key: &str| class.get(key).and_then(Value::as_str);
    let flag = |key: &str| class.get(key) == Some(&Value::Bool(true));
    let inputs = read_sections(class, warnings);
    let outputs = read_outputs(class, &inputs, warnings);
    let hidden = section(class, "hidden").into_iter().map(|(name, _)| name.into()).collect();
    for warning in &mut warnings[first_warning..] {
        *warning = format!("{name}: {warning}");
    }
    let mut class = NodeClass {
        name: name.into(),
        display_name: text("display_name").filter(|shown| *shown != name).map(str::to_owned),
        pack: text("python_module").map_or(pack, pack_of_module).into(),
        category: text("category").unwrap_or_default().to_owned(),
        inputs,
        hidden,
        outputs,
        output_node: flag("output_node"),
        deprecated: flag("deprecated"),
        experimental: flag("experimental"),
        api_node: flag("api_node"),
        own_check: OwnCheck::of(name),
    };
    wider_types::apply(&mut class);
    Some(class)
}

/// The inputs of one section (`required`, `optional`, `hidden`) of a class, in `input_order` where
/// the class gives one, the others behind it as they come.
pub(super) fn section<'a>(class: &'a Map<String, Value>, name: &str) -> Vec<(&'a str, &'a Value)> {
    let Some(inputs) = class.get("input").and_then(|input| input.get(name)).and_then(Value::as_object) else {
        return Vec::new();
    };
    let order = class.get("input_order").and_then(|order| order.get(name)).and_then(Value::as_array);
    let order = order.map_or(&[][..], Vec::as_slice).iter().filter_map(Value::as_str);
    let mut seen = FxHashSet::default();
    order
        .filter_map(|name| inputs.get_key_value(name))
        .chain(inputs)
        .map(|(name, spec)| (name.as_str(), spec))
        .filter(|(name, _)| seen.insert(*name))
        .collect()
}

fn read_sections(class: &Map<String, Value>, warnings: &mut Vec<String>) -> Vec<InputSpec> {
    if class.get("input").is_some_and(|input| !input.is_object()) {
        warnings.push("`input` is not an object".to_owned());
    }
    let mut inputs: Vec<InputSpec> = Vec::new();
    for (name, required) in [("required", true), ("optional", false)] {
        for (key, json) in section(class, name) {
            // A name in both sections is required: that is what ComfyUI finds first.
            if inputs.iter().all(|input| &*input.name != key) {
                inputs.extend(read_input(key, required, json, warnings));
            }
        }
    }
    inputs
}

fn read_outputs(
    class: &Map<String, Value>,
    inputs: &[InputSpec],
    warnings: &mut Vec<String>,
) -> Vec<OutputSpec> {
    let list = |key: &str| class.get(key).and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let names = list("output_name");
    let templates = list("output_matchtypes");
    let mut outputs = Vec::new();
    for (slot, json) in list("output").iter().enumerate() {
        let mut choices = None;
        let mut template = None;
        let types: Arc<str> = match json {
            Value::String(types) if types == MATCH_TYPE => {
                template = templates.get(slot).and_then(Value::as_str).map(Arc::from);
                template
                    .as_deref()
                    .and_then(|template| allowed(inputs, template))
                    .unwrap_or_else(|| "*".into())
            }
            Value::String(types) => types.as_str().into(),
            Value::Array(values) => {
                choices = Some(values.as_slice().into());
                "COMBO".into()
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => {
                warnings.push(format!("output {slot} has no type; any is assumed"));
                "*".into()
            }
        };
        let name = names.get(slot).and_then(Value::as_str).map_or_else(|| Arc::clone(&types), Arc::from);
        outputs.push(OutputSpec { name, types, choices, template });
    }
    outputs
}

/// The types that `template` allows, as the first input with that template says.
fn allowed(inputs: &[InputSpec], template: &str) -> Option<Arc<str>> {
    inputs.iter().find_map(|input| match &input.kind {
        InputKind::MatchType { template: of, allowed } => (**of == *template).then(|| Arc::clone(allowed)),
        InputKind::Autogrow(family) => allowed(std::slice::from_ref(&family.template), template),
        InputKind::DynamicCombo(options) => {
            options.iter().find_map(|option| allowed(&option.inputs, template))
        }
        InputKind::Int { .. }
        | InputKind::Float { .. }
        | InputKind::Boolean
        | InputKind::String { .. }
        | InputKind::Combo(_)
        | InputKind::Link(_) => None,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::super::tests::any_json;
    use super::*;

    fn read(json: &Value) -> (NodeClass, Vec<String>) {
        let mut warnings = Vec::new();
        (read_class("X", json, "P", &mut warnings).unwrap(), warnings)
    }

    #[test]
    fn inputs_come_in_declared_order() {
        let (class, warnings) = read(&json!({
            "input": {
                "optional": { "o": ["VAE"], "a": ["MASK"] },
                "required": { "b": ["IMAGE"], "late": ["INT"], "a": ["MODEL"] },
                "hidden": { "prompt": "PROMPT", "id": ["UNIQUE_ID"] },
            },
            "input_order": { "required": ["a", "b", "a", "gone", 7] },
        }));
        let inputs: Vec<_> = class.inputs.iter().map(|input| (&*input.name, input.required)).collect();
        assert_eq!(inputs, [("a", true), ("b", true), ("late", true), ("o", false)]);
        assert_eq!(class.hidden, ["prompt".into(), "id".into()]);
        assert_eq!(warnings, [""; 0]);
    }

    #[test]
    fn names_flags_and_packs() {
        let (class, _) = read(&json!({
            "display_name": "X", "python_module": "custom_nodes.Pack", "category": "c",
            "output_node": true, "deprecated": false, "api_node": null,
        }));
        assert_eq!((class.display_name, &*class.pack, class.category.as_str()), (None, "Pack", "c"));
        assert_eq!((class.output_node, class.deprecated, class.api_node), (true, false, false));
        assert_eq!(&*read(&json!({})).0.pack, "P");
    }

    #[test]
    fn outputs_may_be_lists_and_templates() {
        let template =
            |allowed: &str| json!({ "template": { "template_id": "t", "allowed_types": allowed } });
        let (class, warnings) = read(&json!({
            "input": { "required": { "a": ["COMFY_MATCHTYPE_V3", template("IMAGE,MASK")] } },
            "output": ["COMFY_MATCHTYPE_V3", ["x", "y"], "MASK", "COMFY_MATCHTYPE_V3", 7],
            "output_name": ["out", "choice"],
            "output_matchtypes": ["t", null, null, "other"],
        }));
        let [matched, list, mask, unmatched, odd] = &class.outputs[..] else { panic!("{class:?}") };
        assert_eq!(
            (&*matched.name, &*matched.types, matched.template.as_deref()),
            ("out", "IMAGE,MASK", Some("t"))
        );
        assert_eq!((&*list.name, &*list.types), ("choice", "COMBO"));
        assert_eq!(list.choices, Some([json!("x"), json!("y")].into()));
        assert_eq!((&*mask.name, &*mask.types), ("MASK", "MASK"));
        assert_eq!((&*unmatched.types, unmatched.template.as_deref()), ("*", Some("other")));
        assert_eq!(&*odd.types, "*");
        assert_eq!(warnings, ["X: output 4 has no type; any is assumed"]);
    }

    #[test]
    fn malformed_parts_are_left_out_with_a_warning() {
        let (class, warnings) = read(&json!({
            "input": { "required": { "a": [], "b": [7], "c": null, "d": ["IMAGE"] }, "optional": [] },
            "output": {},
        }));
        assert_eq!((class.inputs.len(), class.outputs.len()), (1, 0));
        assert_eq!(warnings.len(), 3);
        assert_eq!(warnings[0], "X: input `a` has no type and was left out");
        assert_eq!(read(&json!({ "input": 7 })).1, ["X: `input` is not an object"]);
        let mut warnings = Vec::new();
        assert_eq!(read_class("X", &json!([]), "P", &mut warnings), None);
        assert_eq!(warnings, ["X: not a node class"]);
    }

    proptest! {
        #[test]
        fn no_json_makes_it_panic(input in any_json(), output in any_json(), order in any_json()) {
            let class = json!({ "input": input, "output": output, "input_order": order, "output_name": input });
            let _ = read_class("X", &class, "P", &mut Vec::new());
            let _ = read_class("X", &input, "P", &mut Vec::new());
        }
    }
}
