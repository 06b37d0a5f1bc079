//! A request as it was written: JSON, settings of a command line, or both.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::Target;
use crate::diag::{Diagnostic, Diagnostics};
use crate::front::json::{self, Arena, Entry, Json, JsonKind, Place};
use crate::front::toml::graph::{Param, ParamType};
use crate::front::toml::{Item, Raw};
use crate::ir::Value;
use crate::lower::load::Setting;
use crate::lower::params;
use crate::source::{FileId, Sources, Span, Spanned};

/// The values that somebody wants.
#[derive(Debug, Default)]
pub struct Request {
    fields: Vec<(Spanned<Arc<str>>, Item)>,
    /// Where the request begins, if it is a whole one and not some settings alone.
    place: Option<Span>,
}

impl Request {
    /// The value of a field. One with a mistake that was reported has a value, too.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Item> {
        self.fields.iter().find(|(field, _)| *field.value == *name).map(|(_, item)| item)
    }

    /// All fields that are given, in order.
    pub fn iter(&self) -> impl Iterator<Item = &(Spanned<Arc<str>>, Item)> {
        self.fields.iter()
    }

    /// Where the request begins, if it is a whole one.
    #[must_use]
    pub const fn place(&self) -> Option<Span> {
        self.place
    }

    /// True if the request may go without the field: settings alone change what they name, and a whole
    /// request says all that is required.
    pub(super) fn is_complete(&self, name: &str, required: &[Arc<str>]) -> bool {
        self.place.is_none() || !required.iter().any(|required| **required == *name)
    }

    fn set(&mut self, name: Spanned<Arc<str>>, item: Item) {
        match self.fields.iter_mut().find(|(field, _)| field.value == name.value) {
            Some(field) => *field = (name, item),
            None => self.fields.push((name, item)),
        }
    }
}

impl Target {
    /// Reads a request from JSON. Gives nothing if it is none; every problem is reported.
    pub fn request(&self, file: FileId, text: &str, diagnostics: &mut Diagnostics) -> Option<Request> {
        let arena = Arena::new();
        let json = json::parse(file, text, &arena, diagnostics)?;
        let reading = Reading { file, text };
        let span = |place| reading.span(place);
        let Some(entries) = json.entries() else {
            let message = format!("a request is an object with fields, found {}", json.what());
            diagnostics.push(Diagnostic::format("wrong-type", message).at(span(json.place), ""));
            return None;
        };
        // The bodies of some services hold the request under this key.
        if let ([entry], None) = (entries, self.fields.get("input"))
            && entry.key == "input"
            && entry.value.entries().is_some()
        {
            diagnostics.push(
                Diagnostic::format("unknown-field", "the fields of this request stand under `input`")
                    .at(span(entry.place), "")
                    .help("give the object under `input` alone"),
            );
            return None;
        }
        let begin = span(json.place);
        let mut request = Request { place: Some(begin.slice(0..1)), ..Request::default() };
        let mut seen: FxHashMap<&str, Span> = FxHashMap::default();
        for entry in entries {
            let key = Spanned::new(Arc::from(entry.key), span(entry.place));
            if let Some(first) = seen.insert(entry.key, key.span) {
                diagnostics.push(
                    Diagnostic::format(
                        "duplicate-field",
                        format!("the field `{}` is given twice", key.value),
                    )
                    .at(key.span, "")
                    .at(first, "the other one")
                    .help("keep one of them"),
                );
                continue;
            }
            let param = self.fields.get(entry.key);
            let raw = reading.value(&entry.value, param).unwrap_or_else(|found| {
                if let Some(param) = param {
                    diagnostics.push(
                        wrong_type(entry.key, param, found)
                            .at(span(entry.value.place), "")
                            .help(params::describe(entry.key, param)),
                    );
                }
                Raw::Invalid
            });
            request.fields.push((key, Item::new(raw, span(entry.value.place))));
        }
        Some(request)
    }

    /// Adds a `--set field=value` to a request, in which it wins.
    pub fn setting(
        &self,
        request: &mut Request,
        setting: &str,
        sources: &mut Sources,
        diagnostics: &mut Diagnostics,
    ) {
        let Some(setting) = Setting::read(setting, sources, diagnostics) else { return };
        let kind = self.fields.get(&setting.key.value).map(|param| *param.kind.get());
        let item = setting.item(kind);
        request.set(setting.key, item);
    }
}

fn wrong_type(name: &str, param: &Param, found: &str) -> Diagnostic {
    let needed = params::needed(*param.kind.get());
    Diagnostic::format("wrong-type", format!("`{name}` takes {needed}, found {found}"))
}

struct Reading<'r> {
    file: FileId,
    text: &'r str,
}

impl Reading<'_> {
    fn span(&self, place: Option<Place>) -> Span {
        let range = place.map_or(0..0, |(start, end)| start as usize..end.get() as usize);
        Span::new(self.file, range)
    }

    /// The value of a field as the compiler reads it: as in JSON Schema, `81.0` is a whole number.
    ///
    /// # Errors
    /// What was found, if no parameter takes such a thing.
    fn value(&self, json: &Json<'_>, param: Option<&Param>) -> Result<Raw, &'static str> {
        let is_whole =
            param.is_some_and(|param| matches!(param.kind.get(), ParamType::Int | ParamType::Seed));
        Ok(match json.kind {
            JsonKind::Null => return Err("null"),
            JsonKind::Bool(bool) => Raw::Bool(bool),
            JsonKind::Int(int) => Raw::Int(int.into()),
            JsonKind::Large(int) => Raw::Int(int.into()),
            JsonKind::Float(float) => match json.as_int().filter(|_| is_whole) {
                Some(int) => Raw::Int(int),
                None => Raw::Float(float),
            },
            JsonKind::Str(_) if !self.is_quoted(json) => return Err("a number that JSON does not have"),
            JsonKind::Str(text) => Raw::Str(text.into()),
            JsonKind::Array(items) => {
                Raw::List(items.iter().map(|item| self.item(item)).collect::<Result<_, _>>()?)
            }
            JsonKind::Object(entries) => {
                let key = |entry: &Entry<'_>| Spanned::new(Arc::from(entry.key), self.span(entry.place));
                let entries =
                    entries.iter().map(|entry| self.item(&entry.value).map(|item| (key(entry), item)));
                Raw::Table(entries.collect::<Result<_, _>>()?)
            }
        })
    }

    fn item(&self, json: &Json<'_>) -> Result<Item, &'static str> {
        Ok(Item::new(self.value(json, None)?, self.span(json.place)))
    }

    /// False for `NaN` and its like, which Python writes and JSON does not have.
    fn is_quoted(&self, json: &Json<'_>) -> bool {
        let start = json.place.map(|(start, _)| start as usize);
        start.is_none_or(|start| self.text.as_bytes().get(start) == Some(&b'"'))
    }
}

/// Equality as JSON Schema sees it: `1` is `1.0`, and the order of keys means nothing.
pub(super) fn is_same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::List(one), Value::List(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| is_same(one, other))
        }
        (Value::Map(one), Value::Map(other)) => {
            let has = |(key, value): &(Arc<str>, Value)| {
                other.iter().any(|(known, other)| known == key && is_same(value, other))
            };
            one.len() == other.len() && one.iter().all(has)
        }
        (Value::Bool(_), _) | (_, Value::Bool(_)) => one == other,
        _ => one.python_eq(other),
    }
}
