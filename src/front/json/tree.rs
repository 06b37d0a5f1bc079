//! JSON as it is written: keys in order, keys that stand twice kept, texts borrowed from the file, and
//! for each part the bytes that it stands at. A tree lives in an [`Arena`], which makes it cheap to
//! build and to give up; its parts may be copied freely.
//!
//! `serde_json` reads and judges the text. Places are found on the way: what it gives for a value tells
//! how long it is in the text, and between values there are only blanks, commas and colons.

use std::cell::RefCell;
use std::fmt;
use std::num::NonZeroU32;

use bumpalo::Bump;
use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

use crate::ir::Value;

/// A JSON value and where it stands.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Json<'t> {
    /// The value.
    pub kind: JsonKind<'t>,
    /// Its bytes in the text; none for what was made otherwise.
    pub place: Option<Place>,
}

/// Bytes in a text: the first, and one past the last.
pub type Place = (u32, NonZeroU32);

/// What a JSON value is.
#[derive(Clone, Copy, Debug, PartialEq)]
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
    Str(&'t str),
    /// A list.
    Array(&'t [Json<'t>]),
    /// An object, in order; of keys that stand twice the last one counts.
    Object(&'t [Entry<'t>]),
}

/// A key of an object and its value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Entry<'t> {
    /// The key.
    pub key: &'t str,
    /// The bytes of the key, with its quotes; none for what was made otherwise.
    pub place: Option<Place>,
    /// The value.
    pub value: Json<'t>,
}

/// Where trees live.
#[derive(Debug, Default)]
pub struct Arena(Bump);

impl Arena {
    /// An empty one.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

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
    pub fn parse(text: &'t str, arena: &'t Arena) -> Result<Self, JsonError> {
        Self::parse_strictly(text, arena).or_else(|error| {
            let finite = with_quotes_around_non_finite(text).ok_or(error)?;
            let tree = Self::parse_strictly(arena.0.alloc_str(&finite), arena)?;
            Ok(tree.with_non_finite(text, arena))
        })
    }

    fn parse_strictly(text: &'t str, arena: &'t Arena) -> Result<Self, JsonError> {
        let body = text.strip_prefix('\u{feff}').unwrap_or(text);
        let skipped = text.len() - body.len();
        let mut json = serde_json::Deserializer::from_str(body);
        let stacks = Stacks { text, arena, items: RefCell::default(), entries: RefCell::default() };
        let tree = Reading { stacks: &stacks, at: skipped }.deserialize(&mut json);
        tree.and_then(|tree| json.end().map(|()| tree)).map_err(|error| JsonError {
            message: plain_message(&error),
            offset: skipped + offset(body, error.line(), error.column()),
        })
    }

    /// The same with the numbers that Python writes, which were put in quotes, as `text` has them.
    fn with_non_finite(self, text: &'t str, arena: &'t Arena) -> Self {
        let written = self.place.and_then(|(start, end)| text.get(start as usize..end.get() as usize));
        let kind = match self.kind {
            JsonKind::Str(quoted) => {
                JsonKind::Str(written.filter(|written| !written.starts_with('"')).unwrap_or(quoted))
            }
            JsonKind::Array(items) => {
                let items = items.iter().map(|item| item.with_non_finite(text, arena));
                JsonKind::Array(arena.0.alloc_slice_fill_iter(items))
            }
            JsonKind::Object(entries) => {
                let restored =
                    |entry: &Entry<'t>| Entry { value: entry.value.with_non_finite(text, arena), ..*entry };
                JsonKind::Object(arena.0.alloc_slice_fill_iter(entries.iter().map(restored)))
            }
            other => other,
        };
        Self { kind, place: self.place }
    }

    /// One past its last byte.
    fn end(&self) -> usize {
        self.place.map_or(0, |(_, end)| end.get() as usize)
    }

    /// The entries, if it is an object.
    #[must_use]
    pub const fn entries(&self) -> Option<&'t [Entry<'t>]> {
        match self.kind {
            JsonKind::Object(entries) => Some(entries),
            _ => None,
        }
    }

    /// The entry that counts for `key`, if this is an object that has it.
    #[must_use]
    pub fn entry(&self, key: &str) -> Option<&'t Entry<'t>> {
        self.entries()?.iter().rev().find(|entry| entry.key == key)
    }

    /// The value under `key`, if this is an object that has it.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&'t Self> {
        self.entry(key).map(|entry| &entry.value)
    }

    /// The items, if it is a list.
    #[must_use]
    pub const fn items(&self) -> Option<&'t [Self]> {
        match self.kind {
            JsonKind::Array(items) => Some(items),
            _ => None,
        }
    }

    /// The text, if it is one.
    #[must_use]
    pub const fn as_str(&self) -> Option<&'t str> {
        match self.kind {
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
            JsonKind::Str(text) => Value::Str((*text).into()),
            JsonKind::Array(items) => Value::List(items.iter().map(Self::to_value).collect()),
            JsonKind::Object(entries) => {
                Value::Map(entries.iter().map(|entry| (entry.key.into(), entry.value.to_value())).collect())
            }
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

/// The lists and objects that are being read: an outer one waits below its inner ones.
struct Stacks<'t> {
    text: &'t str,
    arena: &'t Arena,
    items: RefCell<Vec<Json<'t>>>,
    entries: RefCell<Vec<Entry<'t>>>,
}

/// Takes what lies on a stack from `base` on into the arena.
fn taken<'t, T: Copy>(stack: &RefCell<Vec<T>>, base: usize, arena: &'t Arena) -> &'t [T] {
    let mut stack = stack.borrow_mut();
    let taken = arena.0.alloc_slice_copy(stack.get(base..).unwrap_or_default());
    stack.truncate(base);
    taken
}

/// Reads a value that starts behind the blanks at `at`.
struct Reading<'s, 't> {
    stacks: &'s Stacks<'t>,
    at: usize,
}

impl<'de> DeserializeSeed<'de> for Reading<'_, 'de> {
    type Value = Json<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        let start = skip_blanks(self.stacks.text, self.at);
        let (kind, end) = deserializer.deserialize_any(JsonVisitor { stacks: self.stacks, start })?;
        Ok(Json { kind, place: place(start, end) })
    }
}

/// Gives what starts at `start`, and where it ends.
struct JsonVisitor<'s, 't> {
    stacks: &'s Stacks<'t>,
    start: usize,
}

impl<'t> JsonVisitor<'_, 't> {
    fn number(&self, kind: JsonKind<'t>) -> (JsonKind<'t>, usize) {
        let rest = self.stacks.text.as_bytes().get(self.start..).unwrap_or_default();
        let is_part = |byte: &&u8| matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E');
        (kind, self.start + rest.iter().take_while(is_part).count())
    }

    /// Behind the comma between two values, the first of which ends at `at`.
    fn behind_comma(&self, at: usize, is_first: bool) -> usize {
        if is_first { at } else { skip_blanks(self.stacks.text, at) + 1 }
    }

    fn closed(&self, at: usize) -> usize {
        skip_blanks(self.stacks.text, at) + 1
    }
}

impl<'de> Visitor<'de> for JsonVisitor<'_, 'de> {
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
        Ok((JsonKind::Str(text), self.start + text.len() + 2))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        let end = string_end(self.stacks.text, self.start);
        Ok((JsonKind::Str(self.stacks.arena.0.alloc_str(text)), end))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let stacks = self.stacks;
        let base = stacks.items.borrow().len();
        let (mut end, mut is_first) = (self.start + 1, true);
        let reading = |at| Reading { stacks, at };
        while let Some(item) = seq.next_element_seed(reading(self.behind_comma(end, is_first)))? {
            (end, is_first) = (item.end(), false);
            stacks.items.borrow_mut().push(item);
        }
        Ok((JsonKind::Array(taken(&stacks.items, base, stacks.arena)), self.closed(end)))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let stacks = self.stacks;
        let base = stacks.entries.borrow().len();
        let (mut end, mut is_first) = (self.start + 1, true);
        while let Some((key, is_borrowed)) = map.next_key_seed(KeyVisitor { arena: stacks.arena })? {
            let start = skip_blanks(stacks.text, self.behind_comma(end, is_first));
            let key_end = if is_borrowed { start + key.len() + 2 } else { string_end(stacks.text, start) };
            let colon = skip_blanks(stacks.text, key_end);
            let value = map.next_value_seed(Reading { stacks, at: colon + 1 })?;
            (end, is_first) = (value.end(), false);
            stacks.entries.borrow_mut().push(Entry { key, place: place(start, key_end), value });
        }
        Ok((JsonKind::Object(taken(&stacks.entries, base, stacks.arena)), self.closed(end)))
    }
}

/// A key, and whether it was borrowed: it is unless it has escapes.
struct KeyVisitor<'t> {
    arena: &'t Arena,
}

impl<'de> DeserializeSeed<'de> for KeyVisitor<'de> {
    type Value = (&'de str, bool);

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for KeyVisitor<'de> {
    type Value = (&'de str, bool);

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok((text, true))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok((self.arena.0.alloc_str(text), false))
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
            let arena = Arena::new();
            let read = Json::parse(&text, &arena).unwrap();
            prop_assert_eq!(read.to_value(), Value::from_json(&json));
            check_places(&text, &read);
        }

        #[test]
        fn any_text_is_read_or_refused(text in "[\\[\\]{}:,\"a0-9eE.+\\\\ntrufalsINy \n-]{0,40}") {
            let arena = Arena::new();
            match Json::parse(&text, &arena) {
                Ok(json) => prop_assert!(json.place.is_some()),
                Err(error) => prop_assert!(error.offset <= text.len()),
            }
        }
    }

    #[test]
    fn the_last_of_two_equal_keys_counts_as_in_python() {
        let arena = Arena::new();
        let json = Json::parse(r#"{"a": 1, "a": 2}"#, &arena).unwrap();
        assert_eq!(json.get("a").and_then(Json::as_int), Some(2));
        assert_eq!(json.entries().map(<[_]>::len), Some(2));
    }

    #[test]
    fn what_python_writes_for_non_finite_numbers_is_read() {
        let text = r#"{"is": [NaN, -Infinity, "NaN", Infinity], "é": 1}"#;
        let arena = Arena::new();
        let json = Json::parse(text, &arena).unwrap();
        assert_eq!(json.get("é").and_then(Json::as_int), Some(1));
        let items: Vec<_> = json.get("is").unwrap().items().unwrap().iter().map(Json::as_str).collect();
        assert_eq!(items, [Some("NaN"), Some("-Infinity"), Some("NaN"), Some("Infinity")]);
        assert_eq!(shown(text, json.entry("é").unwrap().place), "\"é\"");
    }

    #[test]
    fn errors_have_a_place() {
        let arena = Arena::new();
        let parse = |text: &str| Json::parse(text, &Arena::new()).map(|_| ()).unwrap_err();
        let error = Json::parse("{\n \"a\": tru }", &arena).unwrap_err();
        assert_eq!((error.message.as_str(), error.offset), ("expected ident", 11));
        assert_eq!(parse("[NaN,\n]").offset, 6, "Python's numbers are not to blame");
        assert!(parse(&"[".repeat(10_000)).message.contains("recursion limit"));
        for text in ["", "[NaN", "\"NaN"] {
            assert!(parse(text).offset <= text.len());
        }
    }
}
