//! Reads a server's `/object_info` into a [`Captured`] catalog.
//!
//! The answer of a server with many models and packs can exceed 100 MiB. It is read class by class:
//! what stays in memory are the pruned classes.

use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, Read};

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::error::Category;
use serde_json::{Map, Value};

use super::captured::Captured;
use super::decode::{Decoded, decode, is_over_limit, looks_like};
use super::file_inputs::FileInputs;
use super::object_info::read_class;
use super::pack::{CORE_PACK, pack_of_module};
use super::prune::{CLASS_PROSE, Pruning};
use crate::source::NonFinite;

/// The default for [`ImportOptions::limit_bytes`].
pub const DEFAULT_LIMIT_BYTES: u64 = 256 << 20;

/// How to import.
#[derive(Clone, Debug)]
pub struct ImportOptions {
    /// Most bytes that are read, and most bytes that they may decompress to.
    pub limit_bytes: u64,
    /// ComfyUI's version, which `/object_info` does not tell (`/system_stats` does).
    pub comfyui_version: Option<String>,
    /// Versions of packs by name, where known.
    pub pack_versions: BTreeMap<String, String>,
    /// Which inputs take files.
    pub file_inputs: FileInputs,
    /// Leave out the machine's lists of files, so that the result holds for any machine.
    pub portable: bool,
}

impl Default for ImportOptions {
    fn default() -> Self {
        Self {
            limit_bytes: DEFAULT_LIMIT_BYTES,
            comfyui_version: None,
            pack_versions: BTreeMap::new(),
            file_inputs: FileInputs::embedded(),
            portable: false,
        }
    }
}

/// Why an import failed. Messages lack the name of the file or server, which the caller knows.
#[derive(Debug)]
pub enum ImportError {
    /// Not JSON.
    NotJson {
        /// Line of the error, from 1.
        line: usize,
        /// Column of the error, in bytes, from 1.
        column: usize,
        /// What the parser says.
        reason: String,
        /// What the text looks like, if that is clear.
        looks_like: Option<&'static str>,
    },
    /// JSON, but not an object of node classes; what it looks like.
    NotObjectInfo(&'static str),
    /// More bytes than this limit, read or decompressed.
    TooLarge(u64),
    /// A gzip file that ends early.
    TruncatedGzip,
    /// Reading failed, or the gzip file is damaged.
    Io(io::Error),
}

impl fmt::Display for ImportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotJson { looks_like: Some(what), .. } => {
                write!(f, "not an /object_info answer: it looks like {what}")
            }
            Self::NotJson { line, column, reason, .. } => {
                write!(f, "not valid JSON at line {line}, column {column}: {reason}")
            }
            Self::NotObjectInfo(what) => write!(f, "not an /object_info answer: it looks like {what}"),
            Self::TooLarge(limit) if *limit >= 1 << 20 => {
                write!(f, "larger than {} MiB, the limit for a node catalog", limit >> 20)
            }
            Self::TooLarge(limit) => write!(f, "larger than {limit} bytes, the limit for a node catalog"),
            Self::TruncatedGzip => f.write_str("the data ends early; fetch it again"),
            Self::Io(error) => write!(f, "cannot read it: {error}"),
        }
    }
}

impl std::error::Error for ImportError {}

/// Reads `/object_info` from `reader`: JSON, with Python's bare `NaN` and `Infinity`, plain or gzip.
///
/// Entries that are no node classes and parts of classes that make no sense are left out; the
/// result's warnings name them.
///
/// # Errors
/// When the bytes cannot be read, are no JSON, are too many, or hold no node class.
pub fn import(reader: impl Read, options: &ImportOptions) -> Result<Captured, ImportError> {
    let io = |error| io_error(error, options.limit_bytes);
    let Decoded { head, text } = decode(reader, options.limit_bytes).map_err(io)?;
    let mut server = Server {
        options,
        captured: Captured::new(options.comfyui_version.clone(), options.pack_versions.clone()),
        others: BTreeMap::new(),
    };
    // `serde_json` asks for single bytes.
    let mut json = serde_json::Deserializer::from_reader(io::BufReader::new(NonFinite::new(text)));
    json.deserialize_any(&mut server).and_then(|()| json.end()).map_err(|error| match error.classify() {
        Category::Io => io_error(error.into(), options.limit_bytes),
        // The visitors take anything but another root.
        Category::Data => ImportError::NotObjectInfo("JSON that is not an object"),
        Category::Syntax | Category::Eof => ImportError::NotJson {
            line: error.line(),
            column: error.column(),
            reason: without_position(&error),
            looks_like: looks_like(&head),
        },
    })?;
    if server.captured.class_count() == 0 {
        return Err(ImportError::NotObjectInfo(server.guess()));
    }
    server.warn_of_others();
    Ok(server.captured)
}

pub(super) fn io_error(error: io::Error, limit: u64) -> ImportError {
    if is_over_limit(&error) {
        ImportError::TooLarge(limit)
    } else if error.kind() == io::ErrorKind::UnexpectedEof {
        ImportError::TruncatedGzip
    } else {
        ImportError::Io(error)
    }
}

fn without_position(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.rfind(" at line ").map_or(text.as_str(), |at| &text[..at]).to_owned()
}

/// The root: class name → class.
struct Server<'o> {
    options: &'o ImportOptions,
    captured: Captured,
    /// Entries that are no classes, with the keys that objects among them have.
    others: BTreeMap<String, Vec<String>>,
}

impl Server<'_> {
    fn add(&mut self, name: String, class: Map<String, Value>) {
        let pack =
            class.get("python_module").and_then(Value::as_str).map_or(CORE_PACK, pack_of_module).to_owned();
        let pruning = Pruning { files: &self.options.file_inputs, portable: true };
        let portable = pruning.class(&name, &class);
        let own =
            (!self.options.portable).then(|| Pruning { portable: false, ..pruning }.class(&name, &class));
        // For its warnings only. Classes are read again when they are asked for.
        let _ = read_class(&name, &Value::Object(class), &pack, self.captured.warnings_mut());
        self.captured.insert(name, pack, &portable, own.as_ref());
    }

    /// What an object without any node class is.
    fn guess(&self) -> &'static str {
        let has = |key: &str| self.others.contains_key(key);
        let any_has = |key: &str| self.others.values().any(|keys| keys.iter().any(|have| have == key));
        if self.others.is_empty() {
            "an empty JSON object"
        } else if has("nodes") && has("links") {
            "a workflow in UI format"
        } else if any_has("class_type") {
            "a workflow in API format"
        } else if has("wfc_catalog") {
            "a catalog of wfc itself; as wfc wrote it, it is taken by --catalog and needs no import"
        } else if has("system") && has("devices") {
            "an answer of /system_stats"
        } else if has("error") {
            "an error message"
        } else {
            "JSON without node classes"
        }
    }

    fn warn_of_others(&mut self) {
        for name in self.others.keys() {
            self.captured.warnings_mut().push(format!("{name}: not a node class; left out"));
        }
    }
}

impl<'de> Visitor<'de> for &mut Server<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of node classes")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(name) = map.next_key::<String>()? {
            match map.next_value_seed(Entry)? {
                Ok(class) => self.add(name, class),
                Err(keys) => {
                    self.others.insert(name, keys);
                }
            }
        }
        Ok(())
    }
}

/// One entry: a class without its prose, or the keys of what is none. Takes any JSON.
struct Entry;

impl<'de> DeserializeSeed<'de> for Entry {
    type Value = Result<Map<String, Value>, Vec<String>>;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Self::Value, D::Error> {
        json.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Entry {
    type Value = Result<Map<String, Value>, Vec<String>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("anything")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut class = Map::new();
        while let Some(key) = map.next_key::<String>()? {
            let kept = key == "input_order" || key == "python_module" || !CLASS_PROSE.contains(&key.as_str());
            if kept {
                class.insert(key, map.next_value()?);
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        let is_class = class.get("input").is_some_and(Value::is_object)
            || class.get("output").is_some_and(Value::is_array);
        Ok(if is_class { Ok(class) } else { Err(class.into_iter().map(|(key, _)| key).collect()) })
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Err(Vec::new()))
    }

    fn visit_str<E>(self, _: &str) -> Result<Self::Value, E> {
        Ok(Err(Vec::new()))
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
        Ok(Err(Vec::new()))
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
        Ok(Err(Vec::new()))
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
        Ok(Err(Vec::new()))
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
        Ok(Err(Vec::new()))
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Err(Vec::new()))
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn run(bytes: &[u8]) -> Result<Captured, ImportError> {
        import(bytes, &ImportOptions::default())
    }

    fn failure(bytes: &[u8]) -> String {
        run(bytes).unwrap_err().to_string()
    }

    fn gzip(text: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    const SERVER: &str = r#"{
        "B": {"input": {"required": {"x": ["FLOAT", {"min": -Infinity, "max": Infinity, "default": NaN}]}},
              "output": ["IMAGE"], "output_name": ["IMAGE"], "name": "B", "description": "NaN",
              "python_module": "custom_nodes.Pack"},
        "A": {"input": {}, "output": [], "python_module": "nodes", "is_changed": NaN}
    }"#;

    #[test]
    fn python_numbers_and_gzip_are_read() {
        for bytes in [SERVER.as_bytes().to_vec(), gzip(SERVER.as_bytes())] {
            let captured = run(&bytes).unwrap();
            assert_eq!(captured.class_count(), 2);
            assert_eq!(captured.warnings(), [""; 0]);
            let texts = captured.pack_texts();
            assert_eq!(texts.iter().map(|(pack, _)| pack.as_str()).collect::<Vec<_>>(), ["ComfyUI", "Pack"]);
            assert!(
                texts[1].1.contains(
                    "\n\"B\":{\"input\":{\"required\":{\"x\":[\"FLOAT\"]}},\"output\":[\"IMAGE\"]}\n"
                )
            );
        }
    }

    #[test]
    fn a_server_with_several_packs_is_one_file() {
        let options = ImportOptions {
            comfyui_version: Some("1.0".to_owned()),
            pack_versions: BTreeMap::from([("Pack".to_owned(), "2.0".to_owned())]),
            ..ImportOptions::default()
        };
        let captured = import(SERVER.as_bytes(), &options).unwrap();
        let versions: Vec<_> = captured.identity().packs.into_iter().map(|pack| pack.version).collect();
        assert_eq!(versions, [Some("1.0".to_owned()), Some("2.0".to_owned())]);
        let file = super::super::PackFile::parse(captured.to_text()).unwrap();
        file.verify().unwrap();
        assert_eq!(&*file.class("A").unwrap().pack, "ComfyUI");
        assert_eq!(&*file.class("B").unwrap().pack, "Pack");
    }

    #[test]
    fn odd_entries_do_not_fail_the_rest() {
        let captured = run(br#"{"A":{"input":{"required":{"x":[]}}},"b":[1,{}],"c":null,"d":{},"e":-1,"f":1.5,"g":"","h":true}"#);
        let captured = captured.unwrap();
        assert_eq!(captured.class_count(), 1);
        assert_eq!(captured.warnings()[0], "A: input `x` has no type and was left out");
        assert_eq!(captured.warnings()[1], "b: not a node class; left out");
        assert_eq!(captured.warnings().len(), 8);
    }

    #[test]
    fn other_files_are_named() {
        let cases: [(&[u8], &str); 12] = [
            (b"<!DOCTYPE html>", "not an /object_info answer: it looks like an HTML page"),
            (b"", "not an /object_info answer: it looks like an empty file"),
            (b"\x89PNG\r\n\x1a\n", "not an /object_info answer: it looks like a PNG image"),
            (b"{\n\"a\" 1}", "not valid JSON at line 2, column 5: expected `:`"),
            (b"{\"A\":{\"input\":{", "not valid JSON at line 1, column 15: EOF while parsing an object"),
            (b"{\"A\":{\"input\":{}}}x", "not valid JSON at line 1, column 19: trailing characters"),
            (b"[]", "not an /object_info answer: it looks like JSON that is not an object"),
            (b"7", "not an /object_info answer: it looks like JSON that is not an object"),
            (b"{}", "not an /object_info answer: it looks like an empty JSON object"),
            (
                b"{\"nodes\":[],\"links\":[]}",
                "not an /object_info answer: it looks like a workflow in UI format",
            ),
            (
                b"{\"3\":{\"class_type\":\"X\",\"inputs\":{}}}",
                "not an /object_info answer: it looks like a workflow in API format",
            ),
            (b"{\"error\":{\"type\":\"x\"}}", "not an /object_info answer: it looks like an error message"),
        ];
        for (bytes, want) in cases {
            assert_eq!(failure(bytes), want);
        }
    }

    #[test]
    fn limits_and_damage_are_errors() {
        let options = ImportOptions { limit_bytes: 100, ..ImportOptions::default() };
        let error = import(SERVER.as_bytes(), &options).unwrap_err();
        assert_eq!(error.to_string(), "larger than 100 bytes, the limit for a node catalog");
        let bomb = gzip(format!("{{\"A\":\"{}\"}}", "x".repeat(1 << 20)).as_bytes());
        let options = ImportOptions { limit_bytes: 1 << 16, ..ImportOptions::default() };
        assert!(matches!(import(&bomb[..], &options), Err(ImportError::TooLarge(65536))));
        let whole = gzip(SERVER.as_bytes());
        assert!(matches!(run(&whole[..whole.len() - 9]), Err(ImportError::TruncatedGzip)));
        assert_eq!(failure(&whole[..whole.len() - 1]), "the data ends early; fetch it again");
        let mut damaged = whole;
        let end = damaged.len() - 6;
        damaged[end] ^= 1;
        assert!(matches!(run(&damaged), Err(ImportError::Io(_))));
        let deep = "[".repeat(1000);
        assert!(
            failure(format!("{{\"A\":{{\"input\":{{\"x\":{deep}").as_bytes()).contains("recursion limit")
        );
    }
}
