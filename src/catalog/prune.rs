//! Brings a class of `/object_info` into the form that pack files keep.
//!
//! The shape stays that of `/object_info`, so that one reader reads both. Left out are prose, hints
//! for the editor's looks, and whatever equals its default. What is left has one spelling: equal
//! classes give equal bytes, whatever the order of keys was.

use serde_json::{Map, Value};

use super::file_inputs::FileInputs;
use super::input::{AUTOGROW, DYNAMIC_COMBO};
use super::object_info::section;

/// Keys of a class that pack files leave out: prose, what only the editor's menus use, what the
/// entry's own key or the order of inputs already says, and what depends on the pack, not the class.
pub(super) const CLASS_PROSE: [&str; 11] = [
    "description",
    "essentials_category",
    "has_intermediate_output",
    "help",
    "input_order",
    "main_category",
    "name",
    "output_tooltips",
    "price_badge",
    "python_module",
    "search_aliases",
];

/// Keys of an input's options that pack files leave out: prose and looks.
const OPTION_PROSE: [&str; 13] = [
    "advanced",
    "component",
    "description",
    "display",
    "display_name",
    "essentials_category",
    "label_off",
    "label_on",
    "placeholder",
    "round",
    "tool",
    "tooltip",
    "vhs_path_extensions",
];

/// Keys of a class that come first in a pack file, in this order; all others follow by name.
const CLASS_ORDER: [&str; 6] =
    ["display_name", "category", "input", "output", "output_name", "output_is_list"];

/// How to prune.
#[derive(Clone, Copy)]
pub(super) struct Pruning<'a> {
    /// Which inputs take files.
    pub(super) files: &'a FileInputs,
    /// Leave out what depends on the machine that was captured.
    pub(super) portable: bool,
}

impl Pruning<'_> {
    /// The class `name` in the form of pack files.
    pub(super) fn class(self, name: &str, class: &Map<String, Value>) -> Value {
        let mut rest: Vec<&str> = class.keys().map(String::as_str).collect();
        rest.retain(|key| !CLASS_ORDER.contains(key) && !CLASS_PROSE.contains(key));
        rest.sort_unstable();
        let mut pruned = Map::new();
        for key in CLASS_ORDER.into_iter().chain(rest) {
            let value = match (key, class.get(key)) {
                ("input", _) => self.sections(name, class),
                (_, None) => continue,
                (_, Some(value)) => canonical(value),
            };
            // `input` is what a class is known by.
            if key == "input" || !is_default(key, &value, name, class) {
                pruned.insert(key.to_owned(), value);
            }
        }
        Value::Object(pruned)
    }

    fn sections(self, class_name: &str, class: &Map<String, Value>) -> Value {
        let mut sections = Map::new();
        for key in ["required", "optional", "hidden"] {
            let mut inputs = Map::new();
            for (name, spec) in section(class, key) {
                let folder = self.files.folder(class_name, name).filter(|_| key != "hidden");
                inputs.insert(name.to_owned(), self.input(spec, folder));
            }
            if !inputs.is_empty() {
                sections.insert(key.to_owned(), Value::Object(inputs));
            }
        }
        Value::Object(sections)
    }

    /// One input. Prose behind its options goes.
    fn input(self, spec: &Value, folder: Option<&str>) -> Value {
        let Some([kind, rest @ ..]) = spec.as_array().map(Vec::as_slice) else {
            return canonical(spec);
        };
        let empty = Map::new();
        let options = rest.first().and_then(Value::as_object).unwrap_or(&empty);
        let mut pruned = self.options(kind.as_str().unwrap_or_default(), options);
        let mut kind = canonical(kind);
        let is_combo = kind.is_array() || kind.is_null() || kind == "COMBO";
        if let Some(folder) = folder.filter(|_| is_combo) {
            pruned.insert("folder".to_owned(), folder.into());
        }
        // An empty list means that the captured machine had no such file, not that there is no choice.
        let values = if kind.is_array() { Some(&kind) } else { pruned.get("options") };
        let is_empty = values.and_then(Value::as_array).is_some_and(Vec::is_empty);
        if self.portable && is_combo && (is_empty || pruned.contains_key("folder")) {
            pruned.shift_remove("options");
            if kind.is_array() {
                kind = Value::Null;
            }
            // A file as default is one that the captured machine had. `none` and its like stay.
            if pruned.get("default").and_then(Value::as_str).is_some_and(|default| default.contains('.')) {
                pruned.shift_remove("default");
            }
        }
        if pruned.is_empty() {
            return Value::Array(vec![kind]);
        }
        pruned.sort_keys();
        Value::Array(vec![kind, Value::Object(pruned)])
    }

    fn options(self, kind: &str, options: &Map<String, Value>) -> Map<String, Value> {
        let mut pruned = Map::new();
        for (key, value) in options {
            let is_default = value.is_null() || (*value == false && key != "default");
            // A NaN (see `source::NonFinite`), or a mistake that means as little.
            let is_no_number = match key.as_str() {
                "min" | "max" | "step" => !value.is_number(),
                "default" => matches!(kind, "INT" | "FLOAT") && value.is_object(),
                _ => false,
            };
            if is_default || is_no_number || OPTION_PROSE.contains(&key.as_str()) {
                continue;
            }
            let value = match (kind, key.as_str()) {
                (AUTOGROW, "template") | (DYNAMIC_COMBO, "options") => self.nested(value),
                (_, "formats") => self.formats(value),
                _ => canonical(value),
            };
            pruned.insert(key.clone(), value);
        }
        pruned
    }

    /// The objects in `value` with `input` or `inputs` in them, whose order is that of declaration.
    fn nested(self, value: &Value) -> Value {
        let sections = |json: &Value| match json {
            Value::Object(sections) => sections
                .iter()
                .map(|(name, inputs)| (name.clone(), self.inputs(inputs)))
                .collect::<Map<_, _>>()
                .into(),
            other => canonical(other),
        };
        match value {
            Value::Array(choices) => choices.iter().map(|choice| self.nested(choice)).collect(),
            Value::Object(fields) => {
                let mut pruned = Map::new();
                for (key, value) in fields {
                    let value = if key.starts_with("input") { sections(value) } else { canonical(value) };
                    pruned.insert(key.clone(), value);
                }
                pruned.sort_keys();
                Value::Object(pruned)
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
        }
    }

    fn inputs(self, json: &Value) -> Value {
        match json {
            Value::Object(inputs) => inputs
                .iter()
                .map(|(name, spec)| (name.clone(), self.input(spec, None)))
                .collect::<Map<_, _>>()
                .into(),
            other => canonical(other),
        }
    }

    /// VideoHelperSuite's inputs of one value: `[[name, type, options, …], …]`.
    fn formats(self, json: &Value) -> Value {
        let widget = |json: &Value| match json.as_array().map(Vec::as_slice) {
            Some([Value::String(name), spec @ ..]) => {
                let spec = self.input(&Value::Array(spec.to_vec()), None);
                let spec = spec.as_array().cloned().unwrap_or_default();
                std::iter::once(Value::from(name.as_str())).chain(spec).collect()
            }
            _ => canonical(json),
        };
        let Value::Object(formats) = json else { return canonical(json) };
        let mut pruned = Map::new();
        for (value, widgets) in formats {
            let widgets = match widgets {
                Value::Array(widgets) => widgets.iter().map(widget).collect(),
                other => canonical(other),
            };
            pruned.insert(value.clone(), widgets);
        }
        pruned.sort_keys();
        Value::Object(pruned)
    }
}

/// True if a reader takes the absence of `key` for `value`.
fn is_default(key: &str, value: &Value, name: &str, class: &Map<String, Value>) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::String(text) => text.is_empty() || (key == "display_name" && text == name),
        Value::Object(fields) => fields.is_empty(),
        Value::Array(values) => {
            values.is_empty()
                || (key == "output_name" && Some(value) == class.get("output"))
                || (key == "output_is_list" && values.iter().all(|is_list| *is_list == false))
                || (key == "output_matchtypes" && values.iter().all(Value::is_null))
        }
        Value::Bool(true) | Value::Number(_) => false,
    }
}

/// `value` with the keys of all objects sorted.
fn canonical(value: &Value) -> Value {
    match value {
        Value::Array(values) => values.iter().map(canonical).collect(),
        Value::Object(fields) => {
            let mut sorted: Map<_, _> =
                fields.iter().map(|(key, value)| (key.clone(), canonical(value))).collect();
            sorted.sort_keys();
            sorted.into()
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn prune(portable: bool, class: &Value) -> String {
        let files = FileInputs::parse("X,file,loras\nX,v3,vae").unwrap();
        Pruning { files: &files, portable }.class("X", class.as_object().unwrap()).to_string()
    }

    #[test]
    fn prose_and_defaults_go() {
        let class = json!({
            "description": "prose", "name": "X", "display_name": "X", "python_module": "nodes", "category": "c",
            "output_node": false, "deprecated": true, "new_key": { "b": 1, "a": 2 }, "output_name": ["MASK"],
            "output": ["MASK"], "output_is_list": [false], "input_order": { "required": ["a"] },
            "input": {
                "required": { "z": ["COMBO", { "options": ["b", "a"], "multiselect": false, "tooltip": "prose" }],
                              "a": ["INT", { "min": null, "max": 9, "default": 0, "display": "slider" }, "prose"] },
                "optional": {},
                "hidden": { "prompt": "PROMPT" },
            },
        });
        let want = concat!(
            r#"{"category":"c","input":{"required":{"a":["INT",{"default":0,"max":9}],"#,
            r#""z":["COMBO",{"options":["b","a"]}]},"hidden":{"prompt":"PROMPT"}},"#,
            r#""output":["MASK"],"deprecated":true,"new_key":{"a":2,"b":1}}"#
        );
        assert_eq!(prune(false, &class), want);
    }

    #[test]
    fn inputs_inside_dynamic_ones_keep_their_order() {
        let inner = json!({ "required": { "z": ["INT", { "tooltip": "prose" }], "a": ["MODEL", {}] } });
        let class = json!({ "input": { "required": {
            "grow": [AUTOGROW, { "template": { "prefix": "p", "input": inner } }],
            "pick": [DYNAMIC_COMBO, { "options": [{ "key": "k", "inputs": inner }] }],
        } } });
        let want = concat!(
            r#"{"input":{"required":{"#,
            r#""grow":["COMFY_AUTOGROW_V3",{"template":{"input":{"required":{"z":["INT"],"a":["MODEL"]}},"prefix":"p"}}],"#,
            r#""pick":["COMFY_DYNAMICCOMBO_V3",{"options":[{"inputs":{"required":{"z":["INT"],"a":["MODEL"]}},"key":"k"}]}]"#,
            r"}}}"
        );
        assert_eq!(prune(false, &class), want);
    }

    #[test]
    fn lists_of_files_stay_on_their_machine() {
        let class = json!({ "input": { "required": {
            "file": [["a.pt"], { "default": "a.pt" }],
            "v3": ["COMBO", { "options": ["none", "b.pt"], "default": "none" }],
            "empty": [[]],
            "other": [["a.b"], { "default": "a.b" }],
        } } });
        let own = concat!(
            r#"{"input":{"required":{"file":[["a.pt"],{"default":"a.pt","folder":"loras"}],"#,
            r#""v3":["COMBO",{"default":"none","folder":"vae","options":["none","b.pt"]}],"#,
            r#""empty":[[]],"other":[["a.b"],{"default":"a.b"}]}}}"#
        );
        let portable = concat!(
            r#"{"input":{"required":{"file":[null,{"folder":"loras"}],"#,
            r#""v3":["COMBO",{"default":"none","folder":"vae"}],"#,
            r#""empty":[null],"other":[["a.b"],{"default":"a.b"}]}}}"#
        );
        assert_eq!(prune(false, &class), own);
        assert_eq!(prune(true, &class), portable);
    }
}
