//! `NaN`, `Infinity` and `-Infinity`, which Python reads and writes and JSON does not know. In values they are texts that
//! nobody else writes.

use serde_json::Value;

/// The text that stands for `NaN`; behind it `+` or `-` for infinity.
pub(super) const NAN: &str = "<not-a-number>";

/// What Python writes, the text that stands for it, and what `str` makes of it.
const NAMES: [(&str, &str, &str); 3] = [
    ("NaN", "<not-a-number>", "nan"),
    ("-Infinity", "<not-a-number>-", "-inf"),
    ("Infinity", "<not-a-number>+", "inf"),
];

/// The text of an answer or message as Python writes it.
pub(super) fn spoil(text: String) -> String {
    if !text.contains(NAN) {
        return text;
    }
    NAMES.iter().fold(text, |text, (name, stands, _)| text.replace(&format!("\"{stands}\""), name))
}

/// Reads JSON as Python does.
pub(super) fn read(bytes: &[u8]) -> Option<Value> {
    serde_json::from_slice(bytes)
        .ok()
        .or_else(|| serde_json::from_str(&marked(std::str::from_utf8(bytes).ok()?)).ok())
}

/// The text with the texts that stand for these numbers in their places.
fn marked(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 64);
    let mut rest = text;
    let mut in_text = false;
    while let Some(c) = rest.chars().next() {
        let name = NAMES.iter().find(|(name, ..)| !in_text && rest.starts_with(name));
        let length = match (name, c) {
            (Some((name, stands, _)), _) => {
                out.push('"');
                out += stands;
                out.push('"');
                rest = rest.get(name.len()..).unwrap_or_default();
                continue;
            }
            // What is escaped ends no text.
            (None, '\\') if in_text => 1 + rest.chars().nth(1).map_or(0, char::len_utf8),
            (None, '"') => {
                in_text = !in_text;
                1
            }
            (None, c) => c.len_utf8(),
        };
        let (done, after) = rest.split_at_checked(length).unwrap_or((rest, ""));
        out += done;
        rest = after;
    }
    out
}

/// The text that stands for a number, if it is not finite.
pub(super) fn standing_for(number: f64) -> Option<&'static str> {
    let at = match number {
        _ if number.is_nan() => 0,
        f64::NEG_INFINITY => 1,
        f64::INFINITY => 2,
        _ => return None,
    };
    NAMES.get(at).map(|(_, stands, _)| *stands)
}

/// What `str` makes of it, if it stands for such a number.
pub(super) fn name(text: &str) -> Option<&'static str> {
    NAMES.iter().find(|(_, stands, _)| *stands == text).map(|(.., name)| *name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_are_read_and_written_as_python_does() {
        let text = r#"{"a": [NaN, -Infinity, Infinity, -1], "NaN \\\"": "ä\"NaN", "b\\": NaN}"#;
        let value = read(text.as_bytes()).expect("Python reads it");
        assert_eq!(value["a"][1], "<not-a-number>-");
        assert_eq!(value["NaN \\\""], "ä\"NaN");
        assert_eq!(spoil(super::super::python::dumps(&value)).replace("\\u00e4", "ä"), text);
        assert_eq!(name("<not-a-number>+"), Some("inf"));
        for text in ["", "NaM", "[NaN", "\"NaN", "{NaN: 1}x", "\\"] {
            assert_eq!(read(text.as_bytes()), None, "{text}");
        }
        assert_eq!(read(b"NaN"), Some(NAN.into()));
        assert_eq!(read(b"\"\xFF\""), None);
    }
}
