//! JSON as it is written: keys in order, keys that stand twice kept, texts borrowed from the file.
//!
//! [`Json::parse`] is fast and knows no places. [`Json::parse_with_places`] gives the same tree with
//! the bytes that each part stands at; it is used when there is something to show.

use std::borrow::Cow;
use std::fmt;
use std::num::NonZeroU32;
use std::ops::Range;

use jsonc_parser::ast;
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

use crate::ir::Value;

/// A JSON value and where it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Json<'t> {
    /// The value.
    pub kind: JsonKind<'t>,
    /// Its bytes in the text, if the tree has places.
    pub place: Option<Place>,
}

/// Bytes in a text: the first, and one past the last.
pub type Place = (u32, NonZeroU32);

/// What a JSON value is.
#[derive(Clone, Debug, PartialEq)]
pub enum JsonKind<'t> {
    /// `null`
    Null,
    /// `true`, `false`
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A whole number that needs the 64th bit.
    Large(u64),
    /// Any other number.
    Float(f64),
    /// A text. Python's `NaN` and `Infinity` are texts too, which Python converts to the same numbers.
    Str(Cow<'t, str>),
    /// A list.
    Array(Vec<Json<'t>>),
    /// An object, in order; of keys that stand twice the last one counts.
    Object(Vec<Entry<'t>>),
}

/// A key of an object and its value.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry<'t> {
    /// The key.
    pub key: Cow<'t, str>,
    /// The bytes of the key, with its quotes, if the tree has places.
    pub place: Option<Place>,
    /// The value.
    pub value: Json<'t>,
}

/// Links have two items, and most objects of a workflow as many entries. Large workflows are mostly memory.
const FEW: usize = 2;

/// Why a text is no JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JsonError {
    /// What is wrong, as a part of a sentence.
    pub message: String,
    /// The byte at which it is wrong.
    pub offset: usize,
}

impl<'t> Json<'t> {
    /// Reads a text, fast and without places.
    ///
    /// # Errors
    /// When it is not JSON, or nested more than 128 levels deep. `NaN` and `Infinity` are allowed:
    /// ComfyUI writes them into pictures.
    pub fn parse(text: &'t str) -> Result<Self, JsonError> {
        serde_json::from_str(text).or_else(|error| {
            let non_finite = text.contains("NaN") || text.contains("Infinity");
            let error = JsonError {
                message: plain_message(&error),
                offset: offset(text, error.line(), error.column()),
            };
            if non_finite { Self::parse_with_places(text).map_err(|_| error) } else { Err(error) }
        })
    }

    /// Reads a text, with places.
    ///
    /// # Errors
    /// As [`Json::parse`], except that more levels are allowed.
    pub fn parse_with_places(text: &'t str) -> Result<Self, JsonError> {
        let options = jsonc_parser::ParseOptions {
            allow_comments: false,
            allow_loose_object_property_names: false,
            allow_trailing_commas: false,
            allow_missing_commas: false,
            allow_single_quoted_strings: false,
            allow_hexadecimal_numbers: false,
            allow_unary_plus_numbers: false,
            allow_bare_decimal_point_numbers: false,
            allow_non_finite_numbers: true,
            allow_extended_string_escapes: false,
        };
        let parsed = jsonc_parser::parse_to_ast(text, &jsonc_parser::CollectOptions::default(), &options)
            .map_err(|error| JsonError { message: error.kind().to_string(), offset: error.range().start })?;
        parsed
            .value
            .map(Self::from_ast)
            .ok_or_else(|| JsonError { message: "there is nothing in it".into(), offset: 0 })
    }

    fn from_ast(value: ast::Value<'t>) -> Self {
        let range = jsonc_parser::common::Ranged::range(&value);
        let kind = match value {
            ast::Value::StringLit(text) => JsonKind::Str(text.value),
            ast::Value::NumberLit(number) => serde_json::from_str::<Self>(number.value)
                .map_or_else(|_| JsonKind::Str(number.value.into()), |number| number.kind),
            ast::Value::BooleanLit(bool) => JsonKind::Bool(bool.value),
            ast::Value::NullKeyword(_) => JsonKind::Null,
            ast::Value::Array(array) => {
                JsonKind::Array(array.elements.into_iter().map(Self::from_ast).collect())
            }
            ast::Value::Object(object) => JsonKind::Object(
                object
                    .properties
                    .into_iter()
                    .map(|property| {
                        let name = jsonc_parser::common::Ranged::range(&property.name);
                        let key = match property.name {
                            ast::ObjectPropName::String(text) => text.value,
                            ast::ObjectPropName::Word(word) => word.value.into(),
                        };
                        let place = Some(place(name.start..name.end));
                        Entry { key, place, value: Self::from_ast(property.value) }
                    })
                    .collect(),
            ),
        };
        Self { kind, place: Some(place(range.start..range.end)) }
    }

    /// The same tree with all places moved on by so many bytes.
    #[must_use]
    pub fn moved(mut self, bytes: usize) -> Self {
        let by = u32::try_from(bytes).unwrap_or(u32::MAX);
        let moved = |place: Option<Place>| {
            place.map(|(start, end)| (start.saturating_add(by), end.saturating_add(by)))
        };
        self.place = moved(self.place);
        self.kind = match self.kind {
            JsonKind::Array(items) => {
                JsonKind::Array(items.into_iter().map(|item| item.moved(bytes)).collect())
            }
            JsonKind::Object(entries) => JsonKind::Object(
                entries
                    .into_iter()
                    .map(|entry| Entry {
                        place: moved(entry.place),
                        value: entry.value.moved(bytes),
                        ..entry
                    })
                    .collect(),
            ),
            other => other,
        };
        self
    }

    /// The entries, if it is an object.
    #[must_use]
    pub fn entries(&self) -> Option<&[Entry<'t>]> {
        match &self.kind {
            JsonKind::Object(entries) => Some(entries),
            _ => None,
        }
    }

    /// The entry that counts for `key`, if this is an object that has it.
    #[must_use]
    pub fn entry(&self, key: &str) -> Option<&Entry<'t>> {
        self.entries()?.iter().rev().find(|entry| entry.key == key)
    }

    /// The value under `key`, if this is an object that has it.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Self> {
        self.entry(key).map(|entry| &entry.value)
    }

    /// The items, if it is a list.
    #[must_use]
    pub fn items(&self) -> Option<&[Self]> {
        match &self.kind {
            JsonKind::Array(items) => Some(items),
            _ => None,
        }
    }

    /// The text, if it is one.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        match &self.kind {
            JsonKind::Str(text) => Some(text),
            _ => None,
        }
    }

    /// The number, if it is a whole one; `3.0` is one too.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, reason = "checked to be whole; saturates beyond 128 bits")]
    pub fn as_int(&self) -> Option<i128> {
        match self.kind {
            JsonKind::Int(int) => Some(int.into()),
            JsonKind::Large(int) => Some(int.into()),
            JsonKind::Float(float) if float.fract() == 0.0 => Some(float as i128),
            _ => None,
        }
    }

    /// The boolean, if it is one.
    #[must_use]
    pub const fn as_bool(&self) -> Option<bool> {
        match self.kind {
            JsonKind::Bool(bool) => Some(bool),
            _ => None,
        }
    }

    /// True for `null`.
    #[must_use]
    pub const fn is_null(&self) -> bool {
        matches!(self.kind, JsonKind::Null)
    }

    /// What people call such a value, with an article.
    #[must_use]
    pub const fn what(&self) -> &'static str {
        match self.kind {
            JsonKind::Null => "null",
            JsonKind::Bool(_) => "a boolean",
            JsonKind::Int(_) | JsonKind::Large(_) | JsonKind::Float(_) => "a number",
            JsonKind::Str(_) => "a text",
            JsonKind::Array(_) => "a list",
            JsonKind::Object(_) => "an object",
        }
    }

    /// The same as a literal of a workflow.
    #[must_use]
    pub fn to_value(&self) -> Value {
        match &self.kind {
            JsonKind::Null => Value::Null,
            JsonKind::Bool(bool) => Value::Bool(*bool),
            JsonKind::Int(int) => Value::Int((*int).into()),
            JsonKind::Large(int) => Value::Int((*int).into()),
            JsonKind::Float(float) => Value::Float(*float),
            JsonKind::Str(text) => Value::Str((**text).into()),
            JsonKind::Array(items) => Value::List(items.iter().map(Self::to_value).collect()),
            JsonKind::Object(entries) => Value::Map(
                entries.iter().map(|entry| ((*entry.key).into(), entry.value.to_value())).collect(),
            ),
        }
    }
}

fn place(range: Range<usize>) -> Place {
    let clamp = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
    (clamp(range.start), NonZeroU32::new(clamp(range.end)).unwrap_or(NonZeroU32::MIN))
}

/// `serde_json`'s message without the place, which is shown another way.
fn plain_message(error: &serde_json::Error) -> String {
    let message = error.to_string();
    let place = format!(" at line {} column {}", error.line(), error.column());
    message.strip_suffix(&place).unwrap_or(&message).to_owned()
}

/// The byte at a line and column as `serde_json` counts them.
fn offset(text: &str, line: usize, column: usize) -> usize {
    let start: usize = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    text.floor_char_boundary((start + column.saturating_sub(1)).min(text.len()))
}

impl<'de> Deserialize<'de> for Json<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let kind = deserializer.deserialize_any(JsonVisitor)?;
        Ok(Self { kind, place: None })
    }
}

struct JsonVisitor;

impl<'de> Visitor<'de> for JsonVisitor {
    type Value = JsonKind<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(JsonKind::Null)
    }

    fn visit_bool<E>(self, bool: bool) -> Result<Self::Value, E> {
        Ok(JsonKind::Bool(bool))
    }

    fn visit_i64<E>(self, int: i64) -> Result<Self::Value, E> {
        Ok(JsonKind::Int(int))
    }

    fn visit_u64<E>(self, int: u64) -> Result<Self::Value, E> {
        Ok(i64::try_from(int).map_or(JsonKind::Large(int), JsonKind::Int))
    }

    fn visit_f64<E>(self, float: f64) -> Result<Self::Value, E> {
        Ok(JsonKind::Float(float))
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(JsonKind::Str(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(JsonKind::Str(Cow::Owned(text.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let mut items = Vec::with_capacity(FEW);
        while let Some(item) = seq.next_element()? {
            items.push(item);
        }
        items.shrink_to_fit();
        Ok(JsonKind::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut entries = Vec::with_capacity(FEW);
        while let Some(Key(key)) = map.next_key()? {
            entries.push(Entry { key, place: None, value: map.next_value()? });
        }
        entries.shrink_to_fit();
        Ok(JsonKind::Object(entries))
    }
}

/// A key, borrowed unless it has escapes.
struct Key<'t>(Cow<'t, str>);

impl<'de> Deserialize<'de> for Key<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct KeyVisitor;
        impl<'de> Visitor<'de> for KeyVisitor {
            type Value = Key<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a key")
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Key(Cow::Borrowed(text)))
            }

            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Key(Cow::Owned(text.to_owned())))
            }
        }
        deserializer.deserialize_str(KeyVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn without_places(mut json: Json<'_>) -> Json<'_> {
        json.place = None;
        match &mut json.kind {
            JsonKind::Array(items) => {
                let plain = std::mem::take(items).into_iter().map(without_places).collect();
                *items = plain;
            }
            JsonKind::Object(entries) => {
                let plain = std::mem::take(entries).into_iter().map(|entry| Entry {
                    key: entry.key,
                    place: None,
                    value: without_places(entry.value),
                });
                *entries = plain.collect();
            }
            _ => {}
        }
        json
    }

    #[test]
    fn both_readers_give_the_same_tree() {
        for text in [
            "null",
            " [1, -2, 3.5, 1e3, -0, -0.0, 18446744073709551615, 1e400]",
            r#"{"a": {"b": [true, false]}, "a": "twice", "é\n": "\u00e9\ud83d\ude00"}"#,
            "{}",
            "[]",
            r#""\"\\\/\b\f\n\r\t""#,
        ] {
            let fast = Json::parse(text);
            let placed = Json::parse_with_places(text).map(without_places);
            if fast.is_ok() {
                assert_eq!(fast, placed, "{text}");
            }
        }
        assert!(Json::parse("[1, 2.0, \"x\"]").is_ok());
    }

    #[test]
    fn places_are_the_bytes_of_a_value() {
        let text = r#"{"é": [10, "x"]}"#;
        let json = Json::parse_with_places(text).unwrap();
        let entry = json.entry("é").unwrap();
        let shown =
            |place: Option<Place>| place.map(|(start, end)| &text[start as usize..end.get() as usize]);
        assert_eq!(shown(entry.place), Some("\"é\""));
        assert_eq!(shown(entry.value.items().unwrap()[1].place), Some("\"x\""));
    }

    #[test]
    fn the_last_of_two_equal_keys_counts_as_in_python() {
        let json = Json::parse(r#"{"a": 1, "a": 2}"#).unwrap();
        assert_eq!(json.get("a").and_then(Json::as_int), Some(2));
        assert_eq!(json.entries().map(<[_]>::len), Some(2));
    }

    #[test]
    fn what_python_writes_for_non_finite_numbers_is_read() {
        let json = Json::parse(r#"{"is_changed": [NaN, -Infinity], "x": 1}"#).unwrap();
        assert_eq!(json.get("x").and_then(Json::as_int), Some(1));
        assert_eq!(json.get("is_changed").unwrap().items().unwrap()[0].as_str(), Some("NaN"));
    }

    #[test]
    fn errors_have_a_place() {
        let error = Json::parse("{\n \"a\": tru }").unwrap_err();
        assert_eq!((error.message.as_str(), error.offset), ("expected ident", 11));
        assert!(Json::parse(&"[".repeat(10_000)).unwrap_err().message.contains("recursion limit"));
        assert!(Json::parse("").is_err());
    }
}
