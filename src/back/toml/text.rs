//! The text of a graph file and of its preset, laid out as a person would.

use std::fmt::Write as _;

use toml_writer::{ToTomlKey as _, ToTomlValue as _};

use super::params::{Grid, Parameter};
use super::{Form, Given, Options, Plan};
use crate::ir::{NodeId, Value};

/// Longest line on which inputs stand side by side.
const MAX_INLINE: usize = 110;

/// How deep lists and objects are written as TOML. Deeper ones are written as JSON text.
const MAX_DEPTH: usize = 16;

/// The line by which editors know what may stand in a file.
fn schema_line(options: &Options, format: &str) -> String {
    let folder = options.schemas.as_ref();
    folder.map_or_else(String::new, |folder| format!("#:schema {folder}/{format}.schema.json\n"))
}

/// The graph file.
pub(super) fn graph(plan: &Plan<'_>, options: &Options) -> String {
    let mut out = schema_line(options, "graph");
    let name = options.name.rsplit('/').next().unwrap_or(&options.name);
    let name = name.strip_suffix(".toml").unwrap_or(name);
    key(&mut out, "title", options.title.as_deref().unwrap_or(name));
    if let Some(description) = &options.description {
        key(&mut out, "description", description);
    }
    if plan.default_titles {
        out.push_str("default_titles = true\n");
    }
    if !plan.stages.is_empty() {
        let _ = writeln!(out, "stages = {}", plan.stages.to_toml_value());
    }
    if !plan.models.all.is_empty() {
        out.push_str("\n[models]\n");
        for (slot, model) in &plan.models.all {
            key(&mut out, slot, model);
        }
    }
    if !plan.parameters.all.is_empty() {
        out.push_str("\n# --- Parameters -------------------------------------------------------------------------------\n");
    }
    for parameter in &plan.parameters.all {
        declaration(&mut out, parameter);
    }
    out.push_str("\n# --- Nodes ------------------------------------------------------------------------------------\n");
    for &id in &plan.order {
        node(&mut out, plan, id);
    }
    out
}

/// The preset.
pub(super) fn preset(plan: &Plan<'_>, options: &Options) -> String {
    let mut out = schema_line(options, "preset");
    key(&mut out, "graph", &options.name);
    if let Some(description) = &options.description {
        key(&mut out, "description", description);
    }
    if !plan.parameters.all.is_empty() {
        out.push_str("\n[params]\n");
    }
    for parameter in &plan.parameters.all {
        let _ = writeln!(out, "{} = {}", parameter.name.to_toml_key(), scalar(&parameter.default));
    }
    out
}

fn key(out: &mut String, key: &str, text: &str) {
    let _ = writeln!(out, "{} = {}", key.to_toml_key(), text.to_toml_value());
}

fn declaration(out: &mut String, parameter: &Parameter) {
    let _ = writeln!(out, "\n[params.{}]", parameter.name.to_toml_key());
    key(out, "type", parameter.kind.name());
    if let Some(unit) = parameter.unit {
        key(out, "unit", unit);
    }
    let _ = writeln!(out, "default = {}", scalar(&parameter.default));
    for (name, bound) in [("min", &parameter.min), ("max", &parameter.max)] {
        if let Some(bound) = bound {
            let _ = writeln!(out, "{name} = {}", scalar(bound));
        }
    }
    let _ = match parameter.grid {
        None => Ok(()),
        Some(Grid::Multiple(of)) => writeln!(out, "multiple_of = {of}"),
        Some(Grid::Form(factor, offset)) => writeln!(out, "form = \"{factor}n+{offset}\""),
    };
    key(out, "doc", &parameter.doc);
}

fn node(out: &mut String, plan: &Plan<'_>, id: NodeId) {
    let node = plan.graph.node(id);
    let name = plan.names[id.index()].to_toml_key();
    let _ = writeln!(out, "\n[nodes.{name}]");
    key(out, "class", &node.class_type);
    if let Some(stage) = plan.stage(id) {
        key(out, "stage", stage);
    }
    if let Some(title) = plan.title(id) {
        key(out, "title", title);
    }
    let (declared, extra) = plan.inputs(id);
    // What stands in lines of the node's own table comes before its inner tables.
    let tables: [(&str, Vec<String>); 2] = [("inputs", lines(declared)), ("extra", lines(extra))];
    let is_short = |table: &str, lines: &[String]| {
        let length: usize = lines.iter().map(|line| line.chars().count() + 2).sum();
        length + table.len() + 7 <= MAX_INLINE && !lines.iter().any(|line| line.contains('\n'))
    };
    for (table, lines) in tables.iter().filter(|(table, lines)| !lines.is_empty() && is_short(table, lines)) {
        let _ = writeln!(out, "{table} = {{ {} }}", lines.join(", "));
    }
    for (table, lines) in tables.iter().filter(|(table, lines)| !is_short(table, lines)) {
        let _ = writeln!(out, "[nodes.{name}.{table}]");
        for line in lines {
            let _ = writeln!(out, "{line}");
        }
    }
}

fn lines(inputs: Given<'_>) -> Vec<String> {
    inputs.into_iter().map(|(name, form)| format!("{} = {}", name.to_toml_key(), input(&form))).collect()
}

fn input(form: &Form<'_>) -> String {
    let table = |key: &str, text: &str| format!("{{ {key} = {} }}", text.to_toml_value());
    match form {
        Form::Plain(value) => scalar(value),
        Form::Param(name) => table("param", name),
        Form::Model(slot) => table("model", slot),
        Form::Link { node, out: None } => table("node", node),
        Form::Link { node, out: Some(out) } => {
            format!("{{ node = {}, out = {} }}", node.to_toml_value(), scalar(out))
        }
        Form::Exact(value) => exact(value),
    }
}

/// A value that ComfyUI gets as it is.
fn exact(value: &Value) -> String {
    let wrapped = match value {
        Value::Map(entries) => match entries.as_slice() {
            [(key, list @ Value::List(_))] if &**key == "__value__" => Some(list),
            _ => None,
        },
        _ => None,
    };
    // A list is written without ComfyUI's wrapping, which the reader adds again.
    let shown = wrapped.unwrap_or(value);
    let is_bare_list = wrapped.is_none() && matches!(value, Value::List(_));
    match nested(shown, 0).filter(|_| !is_bare_list) {
        Some(text) => format!("{{ literal = {text} }}"),
        None => format!("{{ json = {} }}", value.to_string().to_toml_value()),
    }
}

/// A value in TOML, if TOML can say it.
fn nested(value: &Value, depth: usize) -> Option<String> {
    if depth > MAX_DEPTH {
        return None;
    }
    match value {
        Value::Null => None,
        Value::List(items) => {
            let items: Option<Vec<_>> = items.iter().map(|item| nested(item, depth + 1)).collect();
            Some(format!("[{}]", items?.join(", ")))
        }
        Value::Map(entries) if entries.is_empty() => Some("{}".to_owned()),
        Value::Map(entries) => {
            let entry = |(key, value): &(std::sync::Arc<str>, Value)| {
                Some(format!("{} = {}", key.to_toml_key(), nested(value, depth + 1)?))
            };
            let mut keys: Vec<_> = entries.iter().map(|(key, _)| key).collect();
            keys.sort_unstable();
            keys.dedup();
            let texts: Option<Vec<_>> = entries.iter().map(entry).collect();
            texts.filter(|_| keys.len() == entries.len()).map(|texts| format!("{{ {} }}", texts.join(", ")))
        }
        _ => Some(scalar(value)),
    }
}

/// A text, number or boolean.
fn scalar(value: &Value) -> String {
    match value {
        Value::Bool(bool) => bool.to_toml_value(),
        Value::Int(int) => int.to_toml_value(),
        // Nobody counts zeros.
        Value::Float(float) if *float != 0.0 && !(1e-6..1e16).contains(&float.abs()) => format!("{float:e}"),
        Value::Float(float) => float.to_toml_value(),
        Value::Str(text) => text.to_toml_value(),
        Value::Null | Value::List(_) | Value::Map(_) => value.to_string().to_toml_value(),
    }
}
