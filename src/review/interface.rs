//! What requests may set in two compiled presets, and what of it breaks those who call them.

use serde_json::{Map, Value};

use super::changes::InterfaceChange;
use crate::back::manifest::Manifest;

/// That a field is written to other places.
const MOVED: &str =
    "it stands elsewhere in the workflow: whoever writes it there without the manifest misses it";

/// What two compiled presets take and give differently.
pub(super) fn changes(old: &Manifest, new: &Manifest) -> Vec<InterfaceChange> {
    let mut all = fields(old, new);
    all.extend(outputs(old, new));
    all
}

fn fields(old: &Manifest, new: &Manifest) -> Vec<InterfaceChange> {
    let (before, after) = (properties(old), properties(new));
    let (was_required, now_required) = (required(old), required(new));
    let mut all = Vec::new();
    let mut add = |name: &str, breaks: bool, what: String| {
        all.push(InterfaceChange { name: name.to_owned(), breaks, what });
    };
    for (name, was) in before {
        let Some(now) = after.get(name) else {
            add(name, true, "it is gone: a request that sets it is refused".to_owned());
            continue;
        };
        if !was_required.contains(&&**name) && now_required.contains(&&**name) {
            add(name, true, "a request must set it now".to_owned());
        }
        for (breaks, what) in schema(was, now) {
            add(name, breaks, what);
        }
        let (was, now) = (binding(old, name), binding(new, name));
        if let Some((was, now)) = was.zip(now) {
            let (change, becomes) = (word(was, "change"), word(now, "change"));
            if change != becomes {
                // Whoever can compile can bind, and whoever can bind can set.
                let breaks = ["set", "bind", "build"].iter().position(|word| *word == becomes)
                    > ["set", "bind", "build"].iter().position(|word| *word == change);
                add(name, breaks, format!("what it takes to change it: `{change}` → `{becomes}`"));
            }
            let at = |binding: &Value| binding.get("set").cloned().unwrap_or_default();
            let is_empty = |at: &Value| at.as_array().is_none_or(Vec::is_empty);
            let (was, now) = (at(was), at(now));
            match (is_empty(&was), is_empty(&now)) {
                _ if was == now => {}
                (true, _) => add(name, false, "it reaches the workflow now; it had no effect".to_owned()),
                (_, true) => add(name, true, "it has no effect any more".to_owned()),
                _ => add(name, true, MOVED.to_owned()),
            }
        }
    }
    for name in after.keys().filter(|name| !before.contains_key(*name)) {
        let is_required = now_required.contains(&&**name);
        let must = if is_required { "it is new, and a request must set it" } else { "it is new" };
        add(name, is_required, must.to_owned());
    }
    all
}

/// What differs in the schemas of a field, and whether it breaks requests that were right.
fn schema(old: &Value, new: &Value) -> Vec<(bool, String)> {
    let mut all = Vec::new();
    let number = |schema: &Value, key: &str| schema.get(key).and_then(Value::as_f64);
    for (key, name, narrows) in [
        ("minimum", "the least it takes", std::cmp::Ordering::Greater),
        ("maximum", "the most it takes", std::cmp::Ordering::Less),
    ] {
        let (was, now) = (number(old, key), number(new, key));
        let breaks = match (was, now) {
            (Some(was), Some(now)) => now.total_cmp(&was) == narrows,
            (None, now) => now.is_some(),
            (Some(_), None) => false,
        };
        if was != now {
            let show = |limit: Option<f64>| limit.map_or("no limit".to_owned(), |limit| limit.to_string());
            all.push((breaks, format!("{name}: {} → {}", show(was), show(now))));
        }
    }
    let choices = |schema: &Value| schema.get("enum").and_then(Value::as_array).cloned();
    let (was, now) = (choices(old), choices(new));
    if was != now {
        let gone = |was: &[Value], now: &[Value]| {
            let gone = was.iter().filter(|choice| !now.contains(choice)).map(ToString::to_string);
            gone.collect::<Vec<_>>().join(", ")
        };
        match (was, now) {
            (Some(was), Some(now)) => {
                let (lost, won) = (gone(&was, &now), gone(&now, &was));
                if !lost.is_empty() {
                    all.push((true, format!("it no longer takes {lost}")));
                }
                if !won.is_empty() {
                    all.push((false, format!("it takes {won} as well")));
                }
            }
            (None, _) => all.push((true, "it takes values of a list only".to_owned())),
            (Some(_), None) => all.push((false, "it takes more than the values of a list".to_owned())),
        }
    }
    for (key, name) in [
        ("type", "type"),
        ("multipleOf", "multiples of"),
        ("x-form", "form"),
        ("x-unit", "unit"),
        ("maxLength", "greatest length"),
        ("pattern", "pattern"),
        ("allOf", "values that it takes as built"),
    ] {
        let (was, now) = (old.get(key), new.get(key));
        if was != now {
            let show = |value: Option<&Value>| value.map_or("none".to_owned(), condition);
            // What is no longer asked for breaks nothing, unless it says what a value means.
            let breaks = now.is_some() || matches!(key, "type" | "x-unit");
            all.push((breaks, format!("{name}: {} → {}", show(was), show(now))));
        }
    }
    all
}

/// A part of a schema in few words.
fn condition(value: &Value) -> String {
    let listed = value.as_array().and_then(|all| match all.as_slice() {
        [one] => one.get("enum")?.as_array(),
        _ => None,
    });
    match listed {
        Some(choices) => choices.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
        None => value.to_string(),
    }
}

fn outputs(old: &Manifest, new: &Manifest) -> Vec<InterfaceChange> {
    let of = |manifest: &Manifest| {
        manifest.workflow.as_ref().map(|workflow| workflow.outputs.clone()).unwrap_or_default()
    };
    let (was, now) = (of(old), of(new));
    let change = |name: &String, breaks, what: &str| InterfaceChange {
        name: name.clone(),
        breaks,
        what: what.to_owned(),
    };
    let gone = was.iter().filter(|id| !now.contains(id));
    let gone = gone.map(|id| change(id, true, "no output node has this id any more"));
    let won = now.iter().filter(|id| !was.contains(id));
    gone.chain(won.map(|id| change(id, false, "a new output node"))).collect()
}

fn properties(manifest: &Manifest) -> &Map<String, Value> {
    static NONE: std::sync::LazyLock<Map<String, Value>> = std::sync::LazyLock::new(Map::new);
    manifest.interface.inputs.get("properties").and_then(Value::as_object).unwrap_or(&NONE)
}

fn required(manifest: &Manifest) -> Vec<&str> {
    let list = manifest.interface.inputs.get("required").and_then(Value::as_array);
    list.into_iter().flatten().filter_map(Value::as_str).collect()
}

fn binding<'m>(manifest: &'m Manifest, field: &str) -> Option<&'m Value> {
    manifest.interface.bindings.get(field)
}

fn word<'v>(value: &'v Value, key: &str) -> &'v str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}
