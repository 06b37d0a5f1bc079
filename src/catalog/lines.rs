//! A JSON object with one entry a line, sorted by key: the layout of the embedded data files.
//!
//! The first line holds what is known about the whole file, the second opens the section, the last
//! one closes both:
//!
//! ```text
//! {"wfc_data":"models","format":1,
//! "entries":{
//! "a":{…},
//! "b":{…}
//! }}
//! ```
//!
//! The file as a whole is valid JSON, its diffs are readable, and one entry is found by binary
//! search over the lines, so that a run pays for the entries it needs and no others.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt;
use std::fmt::Write as _;
use std::ops::Range;

use memchr::{memchr, memrchr};
use serde::de::IgnoredAny;

/// A file in this layout. Nothing but its frame has been parsed.
pub(super) struct LineFile {
    text: Cow<'static, str>,
    head: Range<usize>,
    body: Range<usize>,
}

impl fmt::Debug for LineFile {
    /// Without the text, which may be long.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LineFile").field("bytes", &self.text.len()).finish_non_exhaustive()
    }
}

/// Why a text is not a file in this layout.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineFileError {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong there.
    pub reason: String,
}

impl fmt::Display for LineFileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.reason)
    }
}

impl std::error::Error for LineFileError {}

impl LineFile {
    /// Finds the frame around the entries of `section`. Looks at the first two lines and at the end.
    ///
    /// # Errors
    /// When the frame is not there. Entries are not looked at: see [`LineFile::verify`].
    pub(super) fn parse(text: impl Into<Cow<'static, str>>, section: &str) -> Result<Self, LineFileError> {
        let text = text.into();
        let fail = |line, reason: &str| LineFileError { line, reason: reason.to_owned() };
        let start = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
        let head_end = text.find('\n').ok_or_else(|| fail(1, "the file has one line only"))?;
        let head = text[start..head_end].trim_end();
        if !head.starts_with('{') || !head.ends_with(',') {
            return Err(fail(1, "expected `{…,`"));
        }
        let head = start..start + head.len() - 1;
        let open_end = text[head_end + 1..].find('\n').map_or(text.len(), |at| head_end + 1 + at);
        if text[head_end + 1..open_end].trim_end() != format!("\"{section}\":{{") {
            return Err(fail(2, &format!("expected `\"{section}\":{{`")));
        }
        let body_start = (open_end + 1).min(text.len());
        let tail = text.trim_end();
        let closed = tail.strip_suffix("}}").filter(|rest| rest.ends_with('\n'));
        let Some(body_end) = closed.map(str::len).filter(|&end| end >= body_start) else {
            return Err(fail(tail.lines().count().max(1), "expected `}}` on a line of its own at the end"));
        };
        Ok(Self { text, head, body: body_start..body_end })
    }

    /// What the first line says, as a JSON object.
    #[must_use]
    pub(super) fn header(&self) -> String {
        format!("{}}}", &self.text[self.head.clone()])
    }

    /// The JSON text of the entry called `key`. A line that is no entry hides its neighbours at
    /// worst; texts of unknown origin should pass [`LineFile::verify`] first.
    #[must_use]
    pub(super) fn get(&self, key: &str) -> Option<&str> {
        let body = self.body();
        // `low` always is the start of a line and `high` the end of one, and each round takes at
        // least one line away from between them.
        let (mut low, mut high) = (0, body.len());
        while low < high {
            let middle = low + (high - low) / 2;
            let bytes = body.as_bytes();
            let start = memrchr(b'\n', &bytes[low..middle]).map_or(low, |at| low + at + 1);
            let end = memchr(b'\n', &bytes[middle..high]).map_or(high, |at| middle + at + 1);
            let (found, json) = entry(body.get(start..end)?)?;
            match found.as_ref().cmp(key) {
                Ordering::Equal => return Some(json),
                Ordering::Less => low = end,
                Ordering::Greater => high = start,
            }
        }
        None
    }

    /// All entries in file order: key and JSON text.
    pub(super) fn entries(&self) -> impl Iterator<Item = (Cow<'_, str>, &str)> {
        self.body().lines().filter_map(entry)
    }

    /// Proves that every line is an entry with an object as its value and that keys ascend, so that
    /// [`LineFile::get`] finds every entry and each one parses.
    ///
    /// # Errors
    /// The first line that is not so.
    pub(super) fn verify(&self) -> Result<(), LineFileError> {
        let first_line = 3;
        let mut before: Option<Cow<'_, str>> = None;
        let count = self.body().lines().count();
        for (at, line) in self.body().lines().enumerate() {
            let fail = |reason: String| LineFileError { line: first_line + at, reason };
            let (key, json) = entry(line).ok_or_else(|| fail("expected `\"name\":{…}`".to_owned()))?;
            if line.trim_end().ends_with(',') == (at + 1 == count) {
                return Err(fail("a comma is needed between entries and only there".to_owned()));
            }
            if !json.starts_with('{') {
                return Err(fail(format!("the value of `{key}` is not an object")));
            }
            serde_json::from_str::<IgnoredAny>(json).map_err(|error| fail(format!("`{key}`: {error}")))?;
            if before.as_ref().is_some_and(|before| *before >= key) {
                return Err(fail(format!("`{key}` is out of order; entries are sorted by name, bytewise")));
            }
            before = Some(key);
        }
        Ok(())
    }

    fn body(&self) -> &str {
        &self.text[self.body.clone()]
    }
}

/// The text of a file in this layout. `header` is a JSON object on one line with at least one key;
/// `entries` are keys, in ascending order, with their JSON texts, each on one line.
pub(super) fn write<'a>(
    header: &str,
    section: &str,
    entries: impl IntoIterator<Item = (&'a str, Cow<'a, str>)>,
) -> String {
    let mut text = header.strip_suffix('}').unwrap_or(header).to_owned();
    let _ = write!(text, ",\n\"{section}\":{{");
    let mut separator = "\n";
    for (key, json) in entries {
        let _ = write!(text, "{separator}{}:{json}", quote(key));
        separator = ",\n";
    }
    text.push_str("\n}}\n");
    text
}

/// `key` as a JSON string.
#[must_use]
pub(super) fn quote(key: &str) -> String {
    serde_json::Value::from(key).to_string()
}

/// Key and JSON text of a line `"key":json,`.
fn entry(line: &str) -> Option<(Cow<'_, str>, &str)> {
    let line = line.trim_end();
    let line = line.strip_suffix(',').unwrap_or(line);
    let inner = line.strip_prefix('"')?;
    let mut escaped = false;
    let end = inner.bytes().position(|byte| {
        let closes = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        closes
    })?;
    let json = inner[end + 1..].strip_prefix(':')?;
    let key = &inner[..end];
    if key.contains('\\') {
        return Some((Cow::Owned(serde_json::from_str(&line[..end + 2]).ok()?), json));
    }
    Some((Cow::Borrowed(key), json))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    fn file(entries: &BTreeMap<String, String>) -> String {
        let entries = entries.iter().map(|(key, json)| (key.as_str(), Cow::Borrowed(json.as_str())));
        write(r#"{"wfc_data":"x","format":1}"#, "entries", entries)
    }

    #[test]
    fn the_layout_is_fixed() {
        let entries = [("b".to_owned(), r#"{"n":2}"#.to_owned()), ("a\"".to_owned(), "{}".to_owned())];
        let text = file(&entries.into_iter().collect());
        assert_eq!(
            text,
            "{\"wfc_data\":\"x\",\"format\":1,\n\"entries\":{\n\"a\\\"\":{},\n\"b\":{\"n\":2}\n}}\n"
        );
        serde_json::from_str::<serde_json::Value>(&text).unwrap();
        let file = LineFile::parse(text, "entries").unwrap();
        assert_eq!(file.header(), r#"{"wfc_data":"x","format":1}"#);
        assert_eq!(file.get("a\""), Some("{}"));
        assert_eq!(file.get("b"), Some(r#"{"n":2}"#));
        assert_eq!(file.get("c"), None);
    }

    #[test]
    fn an_empty_section_and_windows_line_ends_are_fine() {
        let empty = LineFile::parse("{\"x\":1,\n\"e\":{\n}}\n", "e").unwrap();
        assert_eq!((empty.get("a"), empty.entries().count(), empty.verify()), (None, 0, Ok(())));
        let windows =
            LineFile::parse("\u{feff}{\"x\":1,\r\n\"e\":{\r\n\"a\":{},\r\n\"b\":{}\r\n}}\r\n", "e").unwrap();
        assert_eq!((windows.get("a"), windows.get("b"), windows.verify()), (Some("{}"), Some("{}"), Ok(())));
        assert_eq!(windows.header(), "{\"x\":1}");
    }

    #[test]
    fn other_texts_are_refused_with_their_line() {
        let line = |text: &'static str| LineFile::parse(text, "e").map(|_| ()).unwrap_err().line;
        assert_eq!(line(""), 1);
        assert_eq!(line("{}"), 1);
        assert_eq!(line("<html>\n</html>"), 1);
        assert_eq!(line("{\"x\":1,\n\"entries\":{\n}}"), 2);
        assert_eq!(line("{\"x\":1,\n\"e\":{"), 2);
        assert_eq!(line("{\"x\":1,\n\"e\":{\n\"a\":{}}}"), 3);
    }

    #[test]
    fn verify_names_the_first_bad_line() {
        let line = |body: &str| {
            let file = LineFile::parse(format!("{{\"x\":1,\n\"e\":{{\n{body}\n}}}}"), "e").unwrap();
            file.verify().map_err(|error| error.line)
        };
        assert_eq!(line("\"a\":{},\n\"b\":{}"), Ok(()));
        assert_eq!(line("\"a\":{},\n\"a\":{}"), Err(4));
        assert_eq!(line("\"b\":{},\n\"a\":{}"), Err(4));
        assert_eq!(line("\"a\":{}\n\"b\":{}"), Err(3));
        assert_eq!(line("\"a\":{},"), Err(3));
        assert_eq!(line("\"a\":1"), Err(3));
        assert_eq!(line("\"a\":{"), Err(3));
        assert_eq!(line("a"), Err(3));
    }

    proptest! {
        #[test]
        fn every_key_is_found_and_nothing_else(
            keys in proptest::collection::btree_set("[ab\"\\\\é\n]{0,4}", 0..40),
            other in "[ab\"\\\\é\n]{0,4}",
        ) {
            let entries: BTreeMap<_, _> =
                keys.iter().enumerate().map(|(at, key)| (key.clone(), format!("{{\"n\":{at}}}"))).collect();
            let file = LineFile::parse(file(&entries), "entries").unwrap();
            prop_assert_eq!(file.verify(), Ok(()));
            for (key, json) in &entries {
                prop_assert_eq!(file.get(key), Some(json.as_str()));
            }
            prop_assert_eq!(file.get(&other), entries.get(&other).map(String::as_str));
            prop_assert!(file.entries().map(|(key, _)| key.into_owned()).eq(entries.into_keys()));
        }

        #[test]
        fn no_text_makes_it_panic(body in "[\"a:{}\\\\,\né]{0,60}", key in "[a\"\\\\é]{0,2}") {
            if let Ok(file) = LineFile::parse(format!("{{\"x\":1,\n\"e\":{{\n{body}\n}}}}"), "e") {
                let _ = file.get(&key);
                let _ = file.verify();
                let _ = file.entries().count();
            }
        }

        #[test]
        fn no_frame_makes_it_panic(text in "[\"e:{}\\\\,\né]{0,40}") {
            let _ = LineFile::parse(text, "e");
        }
    }
}
