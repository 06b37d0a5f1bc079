//! Parsed TOML that owns its text and remembers where each key and value stood.

use std::sync::Arc;

use toml::de::{DeTable, DeValue};

use crate::diag::{Diagnostic, Diagnostics};
use crate::ir::Value;
use crate::source::{FileId, Span, Spanned};

/// A value and its place.
pub type Item = Spanned<Raw>;

/// A TOML value.
#[derive(Clone, Debug, PartialEq)]
pub enum Raw {
    /// A string.
    Str(Arc<str>),
    /// An integer; wide enough for every 64-bit seed.
    Int(i128),
    /// A finite float.
    Float(f64),
    /// A boolean.
    Bool(bool),
    /// An array.
    List(Vec<Item>),
    /// A table, in written order.
    Table(Vec<(Spanned<Arc<str>>, Item)>),
    /// Something reported already; silences everything that would follow from it.
    Invalid,
}

impl Raw {
    /// What people call this kind of value, with an article.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Str(_) => "a string",
            Self::Int(_) => "an integer",
            Self::Float(_) => "a float",
            Self::Bool(_) => "a boolean",
            Self::List(_) => "an array",
            Self::Table(_) => "a table",
            Self::Invalid => "an invalid value",
        }
    }

    /// The value without its places.
    #[must_use]
    pub fn to_value(&self) -> Value {
        match self {
            Self::Str(text) => Value::Str(text.clone()),
            Self::Int(int) => Value::Int(*int),
            Self::Float(float) => Value::Float(*float),
            Self::Bool(bool) => Value::Bool(*bool),
            Self::List(items) => Value::List(items.iter().map(|item| item.value.to_value()).collect()),
            Self::Table(entries) => Value::Map(
                entries.iter().map(|(key, item)| (key.value.clone(), item.value.to_value())).collect(),
            ),
            Self::Invalid => Value::Null,
        }
    }

    pub(super) fn from_table(file: FileId, table: &DeTable<'_>, diagnostics: &mut Diagnostics) -> Self {
        let entries = table
            .iter()
            .map(|(key, value)| {
                let name = Spanned::new(Arc::from(key.get_ref().as_ref()), Span::new(file, key.span()));
                (name, from_toml(file, value, diagnostics))
            })
            .collect();
        Self::Table(entries)
    }
}

fn from_toml(file: FileId, value: &toml::Spanned<DeValue<'_>>, diagnostics: &mut Diagnostics) -> Item {
    let span = Span::new(file, value.span());
    let mut invalid = |message: String| {
        diagnostics.push(Diagnostic::format("wrong-type", message).at(span, ""));
        Raw::Invalid
    };
    let raw = match value.get_ref() {
        DeValue::String(text) => Raw::Str(Arc::from(text.as_ref())),
        DeValue::Integer(int) => match i128::from_str_radix(int.as_str(), int.radix()) {
            Ok(int) => Raw::Int(int),
            Err(_) => invalid(format!("the integer {} is too large", int.as_str())),
        },
        DeValue::Float(float) => match float.as_str().parse::<f64>() {
            Ok(float) if float.is_finite() => Raw::Float(float),
            _ => invalid(format!("{} is not a number that a workflow can hold", float.as_str())),
        },
        DeValue::Boolean(bool) => Raw::Bool(*bool),
        DeValue::Datetime(_) => {
            invalid("a date is not a value here; put it in quotes to make it a string".into())
        }
        DeValue::Array(items) => {
            Raw::List(items.iter().map(|item| from_toml(file, item, diagnostics)).collect())
        }
        DeValue::Table(table) => Raw::from_table(file, table, diagnostics),
    };
    Item::new(raw, span)
}
