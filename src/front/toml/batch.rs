//! The parts of a preset that make it several workflows: the axes of `[matrix]` and the rungs of `[[ladder]]`.

use std::borrow::Cow;
use std::sync::Arc;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use super::decode::{At, Decode, Named, Reader, table};
use super::{Item, Raw};
use crate::diag::Diagnostic;
use crate::source::Spanned;

/// The key under which models stand, in a matrix and in the rows of a zipped axis.
pub const MODELS: &str = "models";

/// What stands before a model slot in the name of its axis.
const MODELS_DOT: &str = "models.";

/// The model slot that an axis or a setting of this name is for: `wan` for `models.wan`.
#[must_use]
pub fn model_slot(name: &str) -> Option<&str> {
    name.strip_prefix(MODELS_DOT)
}

/// The name of the axis over a model slot: `models.wan` for `wan`.
#[must_use]
pub fn model_axis(slot: &str) -> String {
    format!("{MODELS_DOT}{slot}")
}

/// The values that vary, in written order; the last axis varies fastest.
///
/// The name of an axis is a parameter, `models.` and a model slot, or for rows of values a name of the
/// author's choice.
#[derive(Clone, Debug, Default)]
pub struct Axes(pub Named<At<Axis>>);

/// What an axis goes through.
#[derive(Clone, Debug)]
pub enum Axis {
    /// Values, models, or rows: tables of parameters that vary together.
    List(Vec<Item>),
    /// Numbers at equal distances.
    Range(Range),
}

table! {
    /// Numbers at equal distances, from `from` on: up to `to`, or `count` of them.
    pub struct Range ("a range") {
        /// The first number.
        "from" => from: Item, required;
        /// The largest number that may be reached; the smallest one, where `step` is below 0.
        "to" => to: Item, optional;
        /// How many numbers, in place of `to`.
        "count" => count: At<std::num::NonZeroU32>, optional;
        /// The distance to the next number; 1 if it is left out.
        "step" => step: Item, optional;
    }
}

table! {
    /// A step on the way from a quick draft to the final video: the preset with some other values.
    pub struct Rung ("a rung") {
        /// Its name, for `--rung` and the names of the files.
        "name" => name: At<Arc<str>>, required;
        /// What it is for.
        "description" => description: Arc<str>, optional;
        /// Values in place of the preset's.
        "params" => params: Named<Item>, default;
        /// Models in place of the preset's.
        "models" => models: Named<At<Arc<str>>>, default;
    }
}

/// The rungs in written order, each with a name of its own.
#[derive(Clone, Debug, Default)]
pub struct Ladder(pub Vec<Rung>);

/// What `--rung` takes for the whole ladder, so that no rung can be called so.
pub const ALL_RUNGS: &str = "all";

impl Decode for Axes {
    fn decode(item: &Item, reader: &mut Reader<'_>) -> Option<Self> {
        let Raw::Table(_) = &item.value else { return reader.expected("a table", item) };
        let axes = cells(item).map(|(name, values)| (name, values.clone())).collect();
        Named::decode(&Item::new(Raw::Table(axes), item.span), reader).map(Self)
    }
}

impl Decode for Axis {
    fn decode(item: &Item, reader: &mut Reader<'_>) -> Option<Self> {
        match &item.value {
            Raw::List(_) => Vec::decode(item, reader).map(Self::List),
            Raw::Table(_) => Range::decode(item, reader).map(Self::Range),
            _ => reader.expected("an array or a range such as { from = 1, to = 100 }", item),
        }
    }
}

impl Decode for Ladder {
    fn decode(item: &Item, reader: &mut Reader<'_>) -> Option<Self> {
        let rungs = Vec::<Rung>::decode(item, reader)?;
        for (at, rung) in rungs.iter().enumerate() {
            let name = rung.name.get();
            if let Some(why) = unusable(name) {
                reader.report(
                    Diagnostic::format("bad-rung-name", format!("a rung cannot be called `{name}`: {why}"))
                        .at(rung.name.span(), "")
                        .help("use letters, digits, `_` and `-`, beginning with a letter: draft, confirm, final"),
                );
            }
            // Not every file system tells capital letters from small ones.
            let twin = rungs[..at].iter().find(|other| other.name.get().eq_ignore_ascii_case(name));
            if let Some(twin) = twin {
                reader.report(
                    Diagnostic::format("duplicate-rung", format!("two rungs are called `{name}`"))
                        .at(rung.name.span(), "")
                        .at(twin.name.span(), "the other one")
                        .help("the files of a rung carry its name; rename one of them"),
                );
            }
        }
        Some(Self(rungs))
    }
}

/// Why a rung cannot have a name, as the rest of a sentence.
fn unusable(name: &str) -> Option<&'static str> {
    let is_usable = |character: char| character.is_ascii_alphanumeric() || ['-', '_'].contains(&character);
    if name.eq_ignore_ascii_case(ALL_RUNGS) {
        Some("`--rung all` stands for the whole ladder")
    } else if !name.starts_with(|first: char| first.is_ascii_alphabetic()) || !name.chars().all(is_usable) {
        Some("its files are named after it")
    } else if name.len() > 64 {
        Some("it is longer than 64 characters")
    } else {
        None
    }
}

impl Axes {
    /// True if nothing varies.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Lets a value for a parameter, or for `models.` and a slot, win over the axes: the parameter no
    /// longer varies. In rows the rest goes on varying.
    pub fn end(&mut self, name: &str) {
        self.0.remove(name);
        self.end_in_rows(name);
    }

    /// Overlays `over`: its axes win over axes of the same name, and over others as far as they vary the
    /// same.
    pub fn merge(&mut self, over: Self) {
        for (key, axis) in &over.0 {
            match axis.get() {
                Axis::List(items) if is_rows(items) => {
                    cells_of(items).for_each(|cell| self.end(&cell.value));
                }
                _ => self.end_in_rows(&key.value),
            }
        }
        self.0.merge(over.0);
    }

    /// What varies: parameters, and `models.` with a slot.
    #[must_use]
    pub fn varied(&self) -> Vec<Spanned<Arc<str>>> {
        let names = self.0.iter().flat_map(|(key, axis)| match axis.get() {
            Axis::List(items) if is_rows(items) => cells_of(items).collect(),
            _ => vec![key.clone()],
        });
        names.collect()
    }

    fn end_in_rows(&mut self, name: &str) {
        let slot = model_slot(name);
        let mut emptied = Vec::new();
        for (key, axis) in self.0.iter_mut() {
            let Axis::List(items) = &mut axis.0.value else { continue };
            for item in items.iter_mut() {
                let Raw::Table(entries) = &mut item.value else { continue };
                match slot {
                    None => entries.retain(|(key, _)| &*key.value != name),
                    Some(slot) => {
                        for (_, models) in entries.iter_mut().filter(|(key, _)| &*key.value == MODELS) {
                            let Raw::Table(models) = &mut models.value else { continue };
                            models.retain(|(key, _)| &*key.value != slot);
                        }
                        let is_empty = |item: &Item| item.value == Raw::Table(Vec::new());
                        entries.retain(|(key, models)| &*key.value != MODELS || !is_empty(models));
                    }
                }
            }
            if !items.is_empty() && items.iter().all(|item| item.value == Raw::Table(Vec::new())) {
                emptied.push(key.value.clone());
            }
        }
        for name in emptied {
            self.0.remove(&name);
        }
    }
}

/// True if an axis is made of rows: there are some, and all are tables.
#[must_use]
pub fn is_rows(items: &[Item]) -> bool {
    !items.is_empty() && items.iter().all(|item| matches!(item.value, Raw::Table(_)))
}

/// What rows vary: parameters, and `models.` with a slot.
fn cells_of(rows: &[Item]) -> impl Iterator<Item = Spanned<Arc<str>>> {
    rows.iter().flat_map(|row| cells(row).map(|(cell, _)| cell))
}

/// The cells of a row: a parameter, or `models.` and a slot, and the value.
pub fn cells(row: &Item) -> impl Iterator<Item = (Spanned<Arc<str>>, &Item)> {
    let entries = if let Raw::Table(entries) = &row.value { &**entries } else { &[] };
    entries.iter().flat_map(|(key, value)| match &value.value {
        Raw::Table(slots) if &*key.value == MODELS => slots
            .iter()
            .map(|(slot, model)| (Spanned::new(model_axis(&slot.value).into(), slot.span), model))
            .collect(),
        _ => vec![(key.clone(), value)],
    })
}

impl Ladder {
    /// Overlays `over`: a rung of the same name key by key, others behind those that are here.
    pub fn merge(&mut self, over: Self) {
        for rung in over.0 {
            match self.0.iter_mut().find(|present| present.name.get() == rung.name.get()) {
                Some(present) => {
                    present.name = rung.name;
                    present.description = rung.description.or(present.description.take());
                    present.params.merge(rung.params);
                    present.models.merge(rung.models);
                }
                None => self.0.push(rung),
            }
        }
    }

    /// True if a rung gives a parameter, or the model of `models.` and a slot.
    #[must_use]
    pub fn sets(&self, name: &str) -> bool {
        self.0.iter().any(|rung| match model_slot(name) {
            Some(slot) => rung.models.get(slot).is_some(),
            None => rung.params.get(name).is_some(),
        })
    }

    /// Lets a value from the command line win over the rungs: a parameter, or `models.` and a slot.
    pub fn end(&mut self, name: &str) {
        for rung in &mut self.0 {
            match model_slot(name) {
                Some(slot) => rung.models.remove(slot),
                None => rung.params.remove(name),
            }
        }
    }
}

impl JsonSchema for Axes {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        "table of Axis".into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let axis = generator.subschema_for::<Axis>();
        json_schema!({
            "type": "object",
            "properties": {"models": {
                "description": "Model slot = list of models.",
                "type": "object",
                "additionalProperties": {"type": "array", "items": {"type": "string"}},
            }},
            "additionalProperties": axis,
        })
    }
}

impl JsonSchema for Axis {
    fn schema_name() -> Cow<'static, str> {
        "Axis".into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let range = generator.subschema_for::<Range>();
        json_schema!({
            "description": "The values that a parameter takes in turn: a list, or a range. A list of tables \
                            under a name of its own holds parameters that vary together.",
            "anyOf": [{"type": "array", "items": {}, "description": "Values in turn."}, range],
        })
    }
}

impl JsonSchema for Ladder {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        "list of Rung".into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let rung = generator.subschema_for::<Rung>();
        json_schema!({"type": "array", "items": rung})
    }
}
