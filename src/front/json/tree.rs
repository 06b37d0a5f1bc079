//! JSON as it is written: keys in order, keys that stand twice kept, texts borrowed from the file, and
//! for each part the bytes that it stands at.
//!
//! `serde_json` reads and judges the text. Places are found on the way: what it gives for a value tells
//! how long it is in the text, and between values there are only blanks, commas and colons.

use std::borrow::Cow;
use std::fmt;
use std::num::NonZeroU32;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

use crate::ir::Value;

/// A JSON value and where it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Json<'t> {
    /// The value.
    pub kind: JsonKind<'t>,
    /// Its bytes in the text; none for what was made otherwise.
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
    /// The bytes of the key, with its quotes; none for what was made otherwise.
    pub place: Option<Place>,
    /// The value.
    pub value: Json<'t>,
}

/// Links have two items, and most objects of a workflow as many entries. Large workflows are mostly memory.
const FEW: usize = 2;

/// What Python writes for numbers that JSON does not have.
const NON_FINITE: [&str; 3] = ["NaN", "Infinity", "-Infinity"];

/// Why a text is no JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JsonError {
    /// What is wrong, as a part of a sentence.
    pub message: String,
    /// The byte at which it is wrong.
    pub offset: usize,
}

impl<'t> Json<'t> {
    /// Reads a text. A byte order mark in front, which Windows editors write, is passed over.
    ///
    /// # Errors
    /// When it is not JSON, or nested more than 128 levels deep. `NaN` and `Infinity` are allowed:
    /// ComfyUI writes them into pictures.
    pub fn parse(text: &'t str) -> Result<Self, JsonError> {
        Self::parse_strictly(text).or_else(|error| {
            let finite = with_quotes_around_non_finite(text).ok_or_else(|| error.clone())?;
            let tree = Json::parse_strictly(&finite).map_err(|_| error)?;
            Ok(tree.into_owned(text))
        })
    }

    fn parse_strictly(text: &'t str) -> Result<Self, JsonError> {
        let body = text.strip_prefix('\u{feff}').unwrap_or(text);
        let skipped = text.len() - body.len();
        let mut json = serde_json::Deserializer::from_str(body);
        let tree = Reading { text, at: skipped }.deserialize(&mut json);
        tree.and_then(|tree| json.end().map(|()| tree)).map_err(|error| JsonError {
            message: plain_message(&error),
            offset: skipped + offset(body, error.line(), error.column()),
        })
    }

    /// The same without borrowing, and with the numbers that Python writes in place of texts.
    fn into_owned(self, original: &str) -> Json<'static> {
        let at = |place: Option<Place>| {
            place.and_then(|(start, end)| original.get(start as usize..end.get() as usize))
        };
        let kind = match self.kind {
            JsonKind::Null => JsonKind::Null,
            JsonKind::Bool(bool) => JsonKind::Bool(bool),
            JsonKind::Int(int) => JsonKind::Int(int),
            JsonKind::Large(int) => JsonKind::Large(int),
            JsonKind::Float(float) => JsonKind::Float(float),
            JsonKind::Str(text) => match at(self.place).filter(|written| !written.starts_with('"')) {
                Some(number) => JsonKind::Str(Cow::Owned(number.to_owned())),
                None => JsonKind::Str(Cow::Owned(text.into_owned())),
            },
            JsonKind::Array(items) => {
                JsonKind::Array(items.into_iter().map(|item| item.into_owned(original)).collect())
            }
            JsonKind::Object(entries) => JsonKind::Object(
                entries
                    .into_iter()
                    .map(|entry| Entry {
                        key: Cow::Owned(entry.key.into_owned()),
                        place: entry.place,
                        value: entry.value.into_owned(original),
                    })
                    .collect(),
            ),
        };
        Json { kind, place: self.place }
    }

    /// One past its last byte.
    fn end(&self) -> usize {
        self.place.map_or(0, |(_, end)| end.get() as usize)
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

fn place(start: usize, end: usize) -> Option<Place> {
    Some((u32::try_from(start).ok()?, NonZeroU32::new(u32::try_from(end).ok()?)?))
}

/// The text with quotes inside of the bare `NaN`, `Infinity` and `-Infinity` that Python writes, so that
/// all places stay; none if there are no such numbers.
fn with_quotes_around_non_finite(text: &str) -> Option<String> {
    let mut bytes = text.as_bytes().to_vec();
    let (mut at, mut found) = (0, false);
    while at < bytes.len() {
        let rest = &bytes[at..];
        let token = NON_FINITE.into_iter().find(|token| rest.starts_with(token.as_bytes()));
        at += match (bytes[at], token) {
            (b'"', _) => string_end(text, at) - at,
            (_, Some(token)) => {
                bytes[at] = b'"';
                bytes[at + token.len() - 1] = b'"';
                found = true;
                token.len()
            }
            _ => 1,
        };
    }
    String::from_utf8(bytes).ok().filter(|_| found)
}

/// Where blanks from `at` on end.
fn skip_blanks(text: &str, at: usize) -> usize {
    let rest = text.as_bytes().get(at..).unwrap_or_default();
    at + rest.iter().take_while(|byte| matches!(byte, b' ' | b'\n' | b'\t' | b'\r')).count()
}

/// Where the text that starts at `at` with a quote ends, behind its other quote.
fn string_end(text: &str, at: usize) -> usize {
    let mut escaped = true; // The first quote does not end it.
    let rest = text.as_bytes().get(at..).unwrap_or_default();
    let end = rest.iter().position(|&byte| {
        let ends = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        ends
    });
    end.map_or(text.len(), |end| at + end + 1)
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

/// Reads a value that starts behind the blanks at `at`.
struct Reading<'t> {
    text: &'t str,
    at: usize,
}

impl<'de> DeserializeSeed<'de> for Reading<'de> {
    type Value = Json<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        let start = skip_blanks(self.text, self.at);
        let (kind, end) = deserializer.deserialize_any(JsonVisitor { text: self.text, start })?;
        Ok(Json { kind, place: place(start, end) })
    }
}

/// Gives what starts at `start`, and where it ends.
struct JsonVisitor<'t> {
    text: &'t str,
    start: usize,
}

impl<'t> JsonVisitor<'t> {
    fn number(&self, kind: JsonKind<'t>) -> (JsonKind<'t>, usize) {
        let rest = self.text.as_bytes().get(self.start..).unwrap_or_default();
        let is_part = |byte: &&u8| matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E');
        (kind, self.start + rest.iter().take_while(is_part).count())
    }

    /// Behind the comma between two values, the first of which ends at `at`.
    fn behind_comma(&self, at: usize, is_first: bool) -> usize {
        if is_first { at } else { skip_blanks(self.text, at) + 1 }
    }

    fn closed(&self, at: usize) -> usize {
        skip_blanks(self.text, at) + 1
    }
}

impl<'de> Visitor<'de> for JsonVisitor<'de> {
    type Value = (JsonKind<'de>, usize);

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok((JsonKind::Null, self.start + "null".len()))
    }

    fn visit_bool<E>(self, bool: bool) -> Result<Self::Value, E> {
        Ok((JsonKind::Bool(bool), self.start + if bool { "true" } else { "false" }.len()))
    }

    fn visit_i64<E>(self, int: i64) -> Result<Self::Value, E> {
        Ok(self.number(JsonKind::Int(int)))
    }

    fn visit_u64<E>(self, int: u64) -> Result<Self::Value, E> {
        Ok(self.number(i64::try_from(int).map_or(JsonKind::Large(int), JsonKind::Int)))
    }

    fn visit_f64<E>(self, float: f64) -> Result<Self::Value, E> {
        Ok(self.number(JsonKind::Float(float)))
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok((JsonKind::Str(Cow::Borrowed(text)), self.start + text.len() + 2))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok((JsonKind::Str(Cow::Owned(text.to_owned())), string_end(self.text, self.start)))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let mut items: Vec<Json<'de>> = Vec::with_capacity(FEW);
        let mut end = self.start + 1;
        let reading = |at| Reading { text: self.text, at };
        while let Some(item) = seq.next_element_seed(reading(self.behind_comma(end, items.is_empty())))? {
            end = item.end();
            items.push(item);
        }
        items.shrink_to_fit();
        Ok((JsonKind::Array(items), self.closed(end)))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut entries = Vec::with_capacity(FEW);
        let mut end = self.start + 1;
        while let Some(key) = map.next_key_seed(KeyVisitor)? {
            let start = skip_blanks(self.text, self.behind_comma(end, entries.is_empty()));
            let key_end = match &key {
                Cow::Borrowed(key) => start + key.len() + 2,
                Cow::Owned(_) => string_end(self.text, start),
            };
            let colon = skip_blanks(self.text, key_end);
            let value = map.next_value_seed(Reading { text: self.text, at: colon + 1 })?;
            end = value.end();
            entries.push(Entry { key, place: place(start, key_end), value });
        }
        entries.shrink_to_fit();
        Ok((JsonKind::Object(entries), self.closed(end)))
    }
}

/// A key, borrowed unless it has escapes.
struct KeyVisitor;

impl<'de> DeserializeSeed<'de> for KeyVisitor {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for KeyVisitor {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(text))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn shown(text: &str, place: Option<Place>) -> &str {
        place.map(|(start, end)| &text[start as usize..end.get() as usize]).unwrap()
    }

    /// The text at the place of each part is that part.
    fn check_places(text: &str, json: &Json<'_>) {
        let written: serde_json::Value = serde_json::from_str(shown(text, json.place)).unwrap();
        assert_eq!(json.to_value(), Value::from_json(&written), "{text}");
        for item in json.items().into_iter().flatten() {
            check_places(text, item);
        }
        for entry in json.entries().into_iter().flatten() {
            let key: String = serde_json::from_str(shown(text, entry.place)).unwrap();
            assert_eq!(key, entry.key, "{text}");
            check_places(text, &entry.value);
        }
    }

    fn any_json() -> impl Strategy<Value = serde_json::Value> {
        let text = "[a\\\\\"é\n,:\\[\\]{}]{0,4}";
        let leaf = prop_oneof![
            Just(serde_json::Value::Null),
            any::<bool>().prop_map(Into::into),
            any::<i64>().prop_map(Into::into),
            any::<u64>().prop_map(Into::into),
            any::<f64>().prop_filter("finite", |float| float.is_finite()).prop_map(Into::into),
            text.prop_map(Into::into),
        ];
        leaf.prop_recursive(5, 40, 4, move |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Into::into),
                prop::collection::vec((text, inner), 0..4)
                    .prop_map(|entries| serde_json::Value::Object(entries.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn places_are_the_bytes_of_every_part(json in any_json(), pretty in any::<bool>(), mark in any::<bool>()) {
            let text = if pretty { serde_json::to_string_pretty(&json) } else { serde_json::to_string(&json) };
            let text = format!("{}{} ", if mark { "\u{feff}" } else { "" }, text.unwrap());
            let read = Json::parse(&text).unwrap();
            prop_assert_eq!(read.to_value(), Value::from_json(&json));
            check_places(&text, &read);
        }

        #[test]
        fn any_text_is_read_or_refused(text in "[\\[\\]{}:,\"a0-9eE.+\\\\ntrufalsINy \n-]{0,40}") {
            match Json::parse(&text) {
                Ok(json) => prop_assert!(json.place.is_some()),
                Err(error) => prop_assert!(error.offset <= text.len()),
            }
        }
    }

    #[test]
    fn the_last_of_two_equal_keys_counts_as_in_python() {
        let json = Json::parse(r#"{"a": 1, "a": 2}"#).unwrap();
        assert_eq!(json.get("a").and_then(Json::as_int), Some(2));
        assert_eq!(json.entries().map(<[_]>::len), Some(2));
    }

    #[test]
    fn what_python_writes_for_non_finite_numbers_is_read() {
        let text = r#"{"is": [NaN, -Infinity, "NaN", Infinity], "é": 1}"#;
        let json = Json::parse(text).unwrap();
        assert_eq!(json.get("é").and_then(Json::as_int), Some(1));
        let items: Vec<_> = json.get("is").unwrap().items().unwrap().iter().map(Json::as_str).collect();
        assert_eq!(items, [Some("NaN"), Some("-Infinity"), Some("NaN"), Some("Infinity")]);
        assert_eq!(shown(text, json.entry("é").unwrap().place), "\"é\"");
    }

    #[test]
    fn errors_have_a_place() {
        let error = Json::parse("{\n \"a\": tru }").unwrap_err();
        assert_eq!((error.message.as_str(), error.offset), ("expected ident", 11));
        assert!(Json::parse(&"[".repeat(10_000)).unwrap_err().message.contains("recursion limit"));
        assert!(Json::parse("").is_err() && Json::parse("[NaN").is_err() && Json::parse("\"NaN").is_err());
    }
}
