//! The policy format: the ranges that a team works in.

use std::borrow::Cow;
use std::sync::Arc;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use super::decode::{Decode, Reader, table};
use super::{Item, Raw};
use crate::diag::Diagnostic;

table! {
    /// A policy: the ranges that a team works in.
    pub struct Policy ("a policy") {
        /// Its name for people.
        "title" => title: Arc<str>, required;
        /// What it is for.
        "description" => description: Arc<str>, optional;
        /// What is limited, where, and why.
        "limits" => limits: Vec<Limits>, required;
    }
}

table! {
    /// Ranges for the samplers of some models.
    pub struct Limits ("[[limits]]") {
        /// Why; it is said with each finding.
        "reason" => reason: Arc<str>, required;
        /// Only for models that were trained for one of these: `t2v`, `i2v`, `ti2v`, `s2v`, `animate`, `scail`, `t2i`, `edit`, `av`.
        "tasks" => tasks: Vec<Arc<str>>, default;
        /// Only for models whose family begins with one of these, such as `wan22` or `flux2-klein`.
        "families" => families: Vec<Arc<str>>, default;
        /// Only for models that were distilled to few steps (true), or only for others (false).
        "distilled" => distilled: bool, optional;
        /// Steps of the whole schedule.
        "steps" => steps: Range, optional;
        /// How strongly the sampler follows the prompt.
        "cfg" => cfg: Range, optional;
        /// How much of what a sampler starts from is made anew; not looked at where it starts from nothing.
        "denoise" => denoise: Range, optional;
        /// The names of the samplers to use, those of the wrapper's schedulers among them.
        "samplers" => samplers: Vec<Arc<str>>, optional;
        /// How many LoRAs a model has, those that distill it left out.
        "loras" => loras: Range, optional;
        /// Width times height, in millions of pixels.
        "megapixels" => megapixels: Range, optional;
    }
}

/// A range of numbers; both ends belong to it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Range {
    /// The least; none: there is no lower limit.
    pub min: Option<f64>,
    /// The most; none: there is no upper limit.
    pub max: Option<f64>,
}

/// Numbers this close are the same: editors leave rounding errors.
const CLOSE: f64 = 1e-6;

impl Range {
    /// True if `number` lies in it.
    #[must_use]
    pub fn contains(self, number: f64) -> bool {
        self.min.is_none_or(|min| number >= min - CLOSE) && self.max.is_none_or(|max| number <= max + CLOSE)
    }

    /// `6 to 12`, `at most 2`, `1`
    #[must_use]
    pub fn describe(self) -> String {
        match (self.min, self.max) {
            (Some(min), Some(max)) if (max - min).abs() < CLOSE => format!("{min}"),
            (Some(min), Some(max)) => format!("{min} to {max}"),
            (Some(min), None) => format!("at least {min}"),
            (None, Some(max)) => format!("at most {max}"),
            (None, None) => "anything".to_owned(),
        }
    }
}

table! {
    /// A range of numbers; both ends belong to it.
    pub struct RangeTable ("a range") {
        /// The least.
        "min" => min: f64, optional;
        /// The most.
        "max" => max: f64, optional;
    }
}

impl Decode for f64 {
    fn decode(item: &Item, reader: &mut Reader<'_>) -> Option<Self> {
        match item.value {
            Raw::Float(float) if float.is_finite() => Some(float),
            #[expect(clippy::cast_precision_loss, reason = "limits are small")]
            Raw::Int(int) => Some(int as Self),
            _ => reader.expected("a number", item),
        }
    }
}

impl Decode for Range {
    fn decode(item: &Item, reader: &mut Reader<'_>) -> Option<Self> {
        let RangeTable { min, max } = RangeTable::decode(item, reader)?;
        let is_empty = min.zip(max).is_some_and(|(min, max)| min > max);
        let problem = match (min, max) {
            (None, None) => "the range has neither `min` nor `max`",
            _ if is_empty => "the range is empty: `min` is above `max`",
            _ => return Some(Self { min, max }),
        };
        reader.report(Diagnostic::format("bad-range", problem).at(item.span, ""));
        None
    }
}

impl JsonSchema for Range {
    fn schema_name() -> Cow<'static, str> {
        "Range".into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let table = generator.subschema_for::<RangeTable>();
        json_schema!({"description": "A range of numbers; both ends belong to it.", "allOf": [table], "minProperties": 1})
    }
}
