//! Parameters that are lists: of LoRAs, and of whatever a graph declares.

use std::sync::Arc;

use serde_json::{Value as Json, json};

use super::{accept, model_file};
use crate::catalog::Models;
use crate::diag::{self, Diagnostic};
use crate::front::toml::decode::Named;
use crate::front::toml::graph::Param;
use crate::front::toml::{Item, Raw};
use crate::ir::Value;
use crate::source::{Span, Spanned};

/// The JSON Schema of an item of a `list`.
pub(super) fn schema(fields: &Named<Param>) -> Json {
    let properties: serde_json::Map<String, Json> =
        fields.iter().map(|(name, field)| (name.value.to_string(), super::schema(field))).collect();
    let needed: Vec<&str> =
        fields.iter().filter(|(_, field)| field.default.is_none()).map(|(name, _)| &*name.value).collect();
    let table = json!({
        "type": "object", "properties": properties, "required": needed, "additionalProperties": false,
    });
    match only(fields) {
        Some((_, field)) => json!({"anyOf": [super::schema(field), table]}),
        None => table,
    }
}

/// The field that a plain value stands for: the one that is needed, or the first if none is.
fn only(fields: &Named<Param>) -> Option<&(Spanned<Arc<str>>, Param)> {
    let mut needed = fields.iter().filter(|(_, field)| field.default.is_none());
    match (needed.next(), needed.next()) {
        (Some(only), None) => Some(only),
        (None, _) => fields.iter().next(),
        _ => None,
    }
}

/// Checks the items of a `list`; each becomes a map with all fields, in declared order.
pub(super) fn records(
    name: &str,
    fields: &Named<Param>,
    items: &[Item],
    models: &Models,
) -> Result<Value, Vec<Diagnostic>> {
    let mut problems = Vec::new();
    let mut values = Vec::with_capacity(items.len());
    for item in items {
        match record(name, fields, item, models) {
            Ok(value) => values.push(value),
            Err(found) => problems.extend(found),
        }
    }
    if problems.is_empty() { Ok(Value::List(values)) } else { Err(problems) }
}

fn record(name: &str, fields: &Named<Param>, item: &Item, models: &Models) -> Result<Value, Vec<Diagnostic>> {
    let names = || fields.names().collect::<Vec<_>>().join(", ");
    let given: Vec<(&str, &Item)> = match (&item.value, only(fields)) {
        (Raw::Invalid, _) => return Err(Vec::new()),
        (Raw::Table(entries), _) => entries.iter().map(|(key, value)| (&*key.value, value)).collect(),
        (_, Some((field, _))) => vec![(&*field.value, item)],
        (other, None) => {
            let message = format!("an item of `{name}` is a table, found {}", other.kind());
            let help = format!("its keys are: {}", names());
            return Err(vec![Diagnostic::format("wrong-type", message).at(item.span, "").help(help)]);
        }
    };
    let mut problems = Vec::new();
    if let Raw::Table(entries) = &item.value {
        for (key, _) in entries.iter().filter(|(key, _)| fields.get(&key.value).is_none()) {
            problems.push(
                Diagnostic::format("unknown-key", format!("an item of `{name}` has no key `{}`", key.value))
                    .at(key.span, "")
                    .help(
                        diag::did_you_mean(&key.value, fields.names())
                            .unwrap_or_else(|| format!("its keys are: {}", names())),
                    ),
            );
        }
    }
    let mut values = Vec::with_capacity(fields.len());
    for (field, declared) in fields {
        let given = given.iter().find(|(key, _)| *key == &*field.value).map(|(_, item)| *item);
        let Some(value) = given.or(declared.default.as_ref()) else {
            problems.push(
                Diagnostic::format(
                    "missing-key",
                    format!("an item of `{name}` needs the key `{}`", field.value),
                )
                .at(item.span, "")
                .help(super::describe(&field.value, declared)),
            );
            continue;
        };
        match accept(&format!("{name}.{}", field.value), declared, value, models) {
            Ok(value) => values.push((field.value.clone(), value)),
            Err(found) => problems.extend(found),
        }
    }
    if problems.is_empty() { Ok(Value::Map(values)) } else { Err(problems) }
}

/// Checks a list of LoRAs; each becomes a map of `file` and `strength`.
pub(super) fn loras(items: &[Item], models: &Models) -> Result<Value, Vec<Diagnostic>> {
    let mut problems = Vec::new();
    let values = items.iter().filter_map(|item| lora(item, models, &mut problems)).collect();
    if problems.is_empty() { Ok(Value::List(values)) } else { Err(problems) }
}

fn lora(item: &Item, models: &Models, problems: &mut Vec<Diagnostic>) -> Option<Value> {
    let mut wrong = |message: String, span: Span| {
        problems.push(
            Diagnostic::format("wrong-type", message)
                .at(span, "")
                .help("a LoRA is a file name or { file = \"…\", strength = 1.0 }"),
        );
        None
    };
    let mut file = None;
    let mut strength = 1.0;
    match &item.value {
        Raw::Str(text) => file = Some((text.clone(), item.span)),
        Raw::Table(entries) => {
            for (key, value) in entries {
                match (&*key.value, &value.value) {
                    ("file", Raw::Str(text)) => file = Some((text.clone(), value.span)),
                    ("strength", raw @ (Raw::Int(_) | Raw::Float(_))) => {
                        strength = raw.to_value().as_f64().unwrap_or(1.0);
                    }
                    ("file" | "strength", raw) => {
                        return wrong(format!("`{}` cannot be {}", key.value, raw.kind()), value.span);
                    }
                    (other, _) => return wrong(format!("unknown key `{other}` in a LoRA"), key.span),
                }
            }
        }
        other => return wrong(format!("a LoRA cannot be {}", other.kind()), item.span),
    }
    let Some((file, span)) = file else { return wrong("a LoRA needs the key `file`".into(), item.span) };
    if let Some(problem) = super::file("file", &file, span).pop().or_else(|| not_a_lora(&file, span, models))
    {
        problems.push(problem);
        return None;
    }
    Some(Value::Map(vec![
        ("file".into(), Value::Str(model_file(&file, models))),
        ("strength".into(), Value::Float(strength)),
    ]))
}

/// The files that a list of LoRAs names, and where.
pub(in crate::lower) fn lora_files(list: &Item) -> Vec<(&Arc<str>, Span)> {
    let Raw::List(items) = &list.value else { return Vec::new() };
    let files = items.iter().map(|item| match &item.value {
        Raw::Table(entries) => {
            entries.iter().find(|(key, _)| &*key.value == "file").map_or(item, |(_, file)| file)
        }
        _ => item,
    });
    let texts = files
        .filter_map(|file| if let Raw::Str(text) = &file.value { Some((text, file.span)) } else { None });
    texts.collect()
}

/// The folder that loaders of LoRAs take their files from.
const FOLDER: &str = "loras";

/// Why a text names no LoRA: nothing is called so, or it is a model of another folder.
fn not_a_lora(file: &str, span: Span, models: &Models) -> Option<Diagnostic> {
    if !models.takes(file) {
        let all = models.names().into_iter().filter_map(|name| models.model(&name));
        let loras: Vec<String> = all.filter(|model| model.folder == FOLDER).map(|model| model.name).collect();
        return Some(models.unknown(file, Some(&loras)).at(span, ""));
    }
    let model = models.find(file).filter(|model| model.folder != FOLDER)?;
    let message = format!("`{file}` is a file of the folder {}, and a LoRA is one of {FOLDER}", model.folder);
    Some(Diagnostic::format("wrong-model-folder", message).at(span, ""))
}
