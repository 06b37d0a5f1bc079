//! From parsed TOML to declared structures: all mistakes at once, each at its place.
//!
//! `table!` declares a structure once; the reader, the JSON
//! Schema and the documentation come from that declaration.

use std::borrow::Cow;
use std::num::NonZeroU32;
use std::sync::Arc;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use super::{Item, Raw};
use crate::diag::{self, Diagnostic, Diagnostics};
use crate::source::{Span, Spanned};

/// Collects problems while values are decoded.
#[derive(Debug)]
pub struct Reader<'d> {
    diagnostics: &'d mut Diagnostics,
}

impl<'d> Reader<'d> {
    /// A reader that reports to `diagnostics`.
    pub const fn new(diagnostics: &'d mut Diagnostics) -> Self {
        Self { diagnostics }
    }

    /// Reports a problem.
    pub fn report(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }

    /// Reports that `item` is not what is needed, unless it was reported before. Gives nothing.
    pub fn expected<T>(&mut self, needed: &str, item: &Item) -> Option<T> {
        if item.value != Raw::Invalid {
            let found = item.value.kind();
            self.report(
                Diagnostic::format("wrong-type", format!("expected {needed}, found {found}"))
                    .at(item.span, ""),
            );
        }
        None
    }
}

/// A value that can be read from TOML.
pub trait Decode: Sized {
    /// Reads it. Gives nothing after reporting why.
    fn decode(item: &Item, reader: &mut Reader<'_>) -> Option<Self>;
}

impl Decode for Arc<str> {
    fn decode(item: &Item, reader: &mut Reader<'_>) -> Option<Self> {
        match &item.value {
            Raw::Str(text) => Some(text.clone()),
            _ => reader.expected("a string", item),
        }
    }
}

impl Decode for bool {
    fn decode(item: &Item, reader: &mut Reader<'_>) -> Option<Self> {
        match item.value {
            Raw::Bool(bool) => Some(bool),
            _ => reader.expected("true or false", item),
        }
    }
}

impl Decode for NonZeroU32 {
    fn decode(item: &Item, reader: &mut Reader<'_>) -> Option<Self> {
        let Raw::Int(int) = item.value else { return reader.expected("a positive integer", item) };
        let number = u32::try_from(int).ok().and_then(Self::new);
        if number.is_none() {
            let message = format!("{int} is not between 1 and {}", u32::MAX);
            reader.report(Diagnostic::format("out-of-range", message).at(item.span, ""));
        }
        number
    }
}

impl Decode for Item {
    fn decode(item: &Item, _: &mut Reader<'_>) -> Option<Self> {
        (item.value != Raw::Invalid).then(|| item.clone())
    }
}

impl<T: Decode> Decode for Vec<T> {
    fn decode(item: &Item, reader: &mut Reader<'_>) -> Option<Self> {
        match &item.value {
            Raw::List(items) => Some(items.iter().filter_map(|item| T::decode(item, reader)).collect()),
            _ => reader.expected("an array", item),
        }
    }
}

/// A value with its place, for everything that later rooms may complain about.
impl<T: Decode> Decode for At<T> {
    fn decode(item: &Item, reader: &mut Reader<'_>) -> Option<Self> {
        T::decode(item, reader).map(|value| Self(Spanned::new(value, item.span)))
    }
}

/// A decoded value that remembers its place. Transparent in the schema.
#[derive(Clone, Debug, PartialEq)]
pub struct At<T>(pub Spanned<T>);

impl<T> At<T> {
    /// The value.
    pub const fn get(&self) -> &T {
        &self.0.value
    }

    /// Where it was written.
    pub const fn span(&self) -> Span {
        self.0.span
    }
}

/// A table with keys of the author's choice, in written order.
#[derive(Clone, Debug, PartialEq)]
pub struct Named<T> {
    entries: Vec<(Spanned<Arc<str>>, T)>,
    broken: Vec<Arc<str>>,
}

impl<T> Default for Named<T> {
    fn default() -> Self {
        Self { entries: Vec::new(), broken: Vec::new() }
    }
}

impl<T> Named<T> {
    /// The value called `name`.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&T> {
        self.entries.iter().find(|(key, _)| &*key.value == name).map(|(_, value)| value)
    }

    /// True if there is an entry called `name` with a mistake in it. That was reported, so that it is
    /// missing here needs no further word.
    #[must_use]
    pub fn is_broken(&self, name: &str) -> bool {
        self.broken.iter().any(|broken| **broken == *name)
    }

    /// The names of the entries with a mistake in them.
    pub fn broken(&self) -> impl Iterator<Item = &Arc<str>> {
        self.broken.iter()
    }

    /// Key and value pairs in written order.
    pub fn iter(&self) -> std::slice::Iter<'_, (Spanned<Arc<str>>, T)> {
        self.entries.iter()
    }

    /// The names in written order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.entries.iter().map(|(key, _)| &*key.value)
    }

    /// How many there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.entries.len()
    }

    /// True if there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Sets `key`, replacing an entry of the same name in its position.
    pub fn set(&mut self, key: Spanned<Arc<str>>, value: T) {
        match self.entries.iter_mut().find(|(present, _)| present.value == key.value) {
            Some(entry) => *entry = (key, value),
            None => self.entries.push((key, value)),
        }
    }

    /// All entries in written order, their values to be changed.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = (&Spanned<Arc<str>>, &mut T)> {
        self.entries.iter_mut().map(|(key, value)| (&*key, value))
    }

    /// Removes the entry called `name`, if there is one.
    pub fn remove(&mut self, name: &str) {
        self.entries.retain(|(key, _)| &*key.value != name);
    }

    /// Sets every entry of `other`, which wins over this.
    pub fn merge(&mut self, other: Self) {
        for (key, value) in other.entries {
            self.set(key, value);
        }
        self.broken.extend(other.broken);
    }
}

impl<'a, T> IntoIterator for &'a Named<T> {
    type Item = &'a (Spanned<Arc<str>>, T);
    type IntoIter = std::slice::Iter<'a, (Spanned<Arc<str>>, T)>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl<T: Decode> Decode for Named<T> {
    fn decode(item: &Item, reader: &mut Reader<'_>) -> Option<Self> {
        let Raw::Table(table) = &item.value else { return reader.expected("a table", item) };
        let mut named = Self { entries: Vec::with_capacity(table.len()), broken: Vec::new() };
        for (key, value) in table {
            let before = reader.diagnostics.error_count();
            match T::decode(value, reader) {
                Some(value) if reader.diagnostics.error_count() == before => {
                    named.entries.push((key.clone(), value));
                }
                _ => named.broken.push(key.value.clone()),
            }
        }
        Some(named)
    }
}

/// A choice of fixed words, declared by `words!`.
pub trait Word: Sized + Copy + 'static {
    /// Every word with its meaning and documentation.
    const WORDS: &'static [(&'static str, Self, &'static str)];
}

/// Decodes one of a [`Word`]'s words.
pub fn decode_word<T: Word>(item: &Item, reader: &mut Reader<'_>) -> Option<T> {
    let Raw::Str(text) = &item.value else { return reader.expected("a string", item) };
    let found = T::WORDS.iter().find(|(word, ..)| *word == &**text);
    if found.is_none() {
        let words = T::WORDS.iter().map(|(word, ..)| *word);
        let all = words.clone().collect::<Vec<_>>().join(", ");
        reader.report(
            Diagnostic::format("unknown-choice", format!("`{text}` is not one of: {all}"))
                .at(item.span, "")
                .help_opt(diag::did_you_mean(text, words)),
        );
    }
    found.map(|(_, value, _)| *value)
}

/// One declared key of a structure, as the schema and the reader see it.
#[derive(Debug)]
pub struct Fields<'r, 'd> {
    reader: &'r mut Reader<'d>,
    entries: &'r [(Spanned<Arc<str>>, Item)],
    span: Span,
}

impl<'r, 'd> Fields<'r, 'd> {
    /// Opens a table; reports unknown keys at once.
    pub fn open(item: &'r Item, what: &str, keys: &[&str], reader: &'r mut Reader<'d>) -> Option<Self> {
        let Raw::Table(entries) = &item.value else {
            return reader.expected(&format!("a table ({what})"), item);
        };
        for (key, _) in entries {
            if !keys.contains(&&*key.value) {
                let name = &key.value;
                reader.report(
                    Diagnostic::format("unknown-key", format!("unknown key `{name}` in {what}"))
                        .at(key.span, "")
                        .help(diag::did_you_mean(name, keys.iter().copied()).unwrap_or_else(|| {
                            let hint = match what {
                                "a preset" => "; parameters go under [params]",
                                "a rung" => "; parameters go under `params`",
                                _ => "",
                            };
                            format!("the keys of {what} are: {}{hint}", keys.join(", "))
                        })),
                );
            }
        }
        Some(Self { reader, entries, span: item.span })
    }

    /// Reads a key that may be left out.
    pub fn optional<T: Decode>(&mut self, key: &str) -> Option<T> {
        let (_, item) = self.entries.iter().find(|(present, _)| &*present.value == key)?;
        T::decode(item, self.reader)
    }

    /// Reads a key that must be there.
    pub fn required<T: Decode>(&mut self, key: &str, what: &str) -> Option<T> {
        if !self.entries.iter().any(|(present, _)| &*present.value == key) {
            self.reader.report(
                Diagnostic::format("missing-key", format!("{what} needs the key `{key}`")).at(self.span, ""),
            );
        }
        self.optional(key)
    }
}

/// The JSON Schema of a declared structure.
#[must_use]
pub fn table_schema(doc: &str, fields: Vec<(&'static str, &'static str, bool, Schema)>) -> Schema {
    let mut properties = serde_json::Map::new();
    let mut required = Vec::new();
    for (key, field_doc, is_required, mut schema) in fields {
        schema.insert("description".into(), clean(field_doc).into());
        properties.insert(key.into(), schema.to_value());
        if is_required {
            required.push(key);
        }
    }
    let mut schema = json_schema!({
        "description": clean(doc), "type": "object", "additionalProperties": false, "properties": properties,
    });
    if !required.is_empty() {
        schema.insert("required".into(), required.into());
    }
    schema
}

/// The JSON Schema of a choice of words.
#[must_use]
pub fn word_schema<T: Word>(doc: &str) -> Schema {
    let words: Vec<_> = T::WORDS
        .iter()
        .map(|(word, _, doc)| serde_json::json!({"const": word, "description": clean(doc)}))
        .collect();
    json_schema!({"description": clean(doc), "oneOf": words})
}

/// A doc comment as one paragraph.
fn clean(doc: &str) -> String {
    doc.split_whitespace().collect::<Vec<_>>().join(" ")
}

macro_rules! transparent_schema {
    ($type:ty, $name:literal, $schema:tt) => {
        impl JsonSchema for $type {
            fn inline_schema() -> bool {
                true
            }
            fn schema_name() -> Cow<'static, str> {
                $name.into()
            }
            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!($schema)
            }
        }
    };
}

transparent_schema!(Item, "value", {});

impl<T: JsonSchema> JsonSchema for At<T> {
    fn inline_schema() -> bool {
        T::inline_schema()
    }
    fn schema_name() -> Cow<'static, str> {
        T::schema_name()
    }
    fn schema_id() -> Cow<'static, str> {
        T::schema_id()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        T::json_schema(generator)
    }
}

impl<T: JsonSchema> JsonSchema for Named<T> {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        format!("table of {}", T::schema_name()).into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "object", "additionalProperties": generator.subschema_for::<T>()})
    }
}

/// Declares a structure of a TOML format: `"key" => field: Type, mode;`. The modes: `required`, without
/// which there is no structure; `needed`, without which there is an error, but the rest is still
/// read; `optional` and `default`, which may be left out.
macro_rules! table {
    (
        $(#[doc = $doc:literal])*
        pub struct $name:ident ($what:literal) {
            $( $(#[doc = $field_doc:literal])* $key:literal => $field:ident : $type:ty, $mode:ident; )*
        }
    ) => {
        $(#[doc = $doc])*
        #[derive(Clone, Debug)]
        pub struct $name {
            $( $(#[doc = $field_doc])* pub $field: $crate::front::toml::decode::table!(@type $mode $type), )*
        }

        impl $crate::front::toml::decode::Decode for $name {
            fn decode(
                item: &$crate::front::toml::Item,
                reader: &mut $crate::front::toml::decode::Reader<'_>,
            ) -> Option<Self> {
                let mut fields = $crate::front::toml::decode::Fields::open(item, $what, &[$($key),*], reader)?;
                $( let $field = $crate::front::toml::decode::table!(@read $mode fields $key $what); )*
                Some(Self { $( $field: $crate::front::toml::decode::table!(@value $mode $field), )* })
            }
        }

        impl schemars::JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }
            fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
                $crate::front::toml::decode::table_schema(
                    concat!($($doc, "\n"),*),
                    vec![$((
                        $key,
                        concat!($($field_doc, "\n"),*),
                        $crate::front::toml::decode::table!(@required $mode),
                        generator.subschema_for::<$type>(),
                    )),*],
                )
            }
        }
    };
    (@type required $type:ty) => { $type };
    (@type needed $type:ty) => { $type };
    (@type optional $type:ty) => { Option<$type> };
    (@type default $type:ty) => { $type };
    (@read required $fields:ident $key:literal $what:literal) => { $fields.required($key, $what) };
    (@read needed $fields:ident $key:literal $what:literal) => { $fields.required($key, $what) };
    (@read $mode:ident $fields:ident $key:literal $what:literal) => { $fields.optional($key) };
    (@value required $field:ident) => { $field? };
    (@value optional $field:ident) => { $field };
    (@value needed $field:ident) => { $field.unwrap_or_default() };
    (@value default $field:ident) => { $field.unwrap_or_default() };
    (@required required) => { true };
    (@required needed) => { true };
    (@required $mode:ident) => { false };
}
pub(crate) use table;

/// Declares a choice of fixed words: `"word" => Variant,`, each with a doc comment.
macro_rules! words {
    (
        $(#[doc = $doc:literal])*
        pub enum $name:ident { $( $(#[doc = $word_doc:literal])* $word:literal => $variant:ident, )* }
    ) => {
        $(#[doc = $doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $name { $( $(#[doc = $word_doc])* $variant, )* }

        impl $name {
            /// The word in the file.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $( Self::$variant => $word, )* }
            }
        }

        impl $crate::front::toml::decode::Word for $name {
            const WORDS: &'static [(&'static str, Self, &'static str)] =
                &[$( ($word, Self::$variant, concat!($($word_doc, "\n"),*)), )*];
        }

        impl $crate::front::toml::decode::Decode for $name {
            fn decode(
                item: &$crate::front::toml::Item,
                reader: &mut $crate::front::toml::decode::Reader<'_>,
            ) -> Option<Self> {
                $crate::front::toml::decode::decode_word(item, reader)
            }
        }

        impl schemars::JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }
            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                $crate::front::toml::decode::word_schema::<Self>(concat!($($doc, "\n"),*))
            }
        }
    };
}
pub(crate) use words;
