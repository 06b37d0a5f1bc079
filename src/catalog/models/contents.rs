//! Whether a model file is whole, told from its first and last bytes.
//!
//! A safetensors file begins with the length of a JSON header, 8 bytes with the least significant one
//! first, and the header says which bytes behind it each tensor has. So the header tells how long the file must be.

use std::fmt;
use std::io::{self, BufReader, Read, Seek, SeekFrom};

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};

/// Longest header that the safetensors library reads, in bytes.
const MAX_HEADER: u64 = 100_000_000;

/// Bytes of the number before the header.
const PREFIX: u64 = 8;

/// So many bytes tell a text from a model.
const FIRST_LOOK: u64 = 256;

/// A file of fewer bytes tells nothing; a safetensors file has so many before its header.
const SHORTEST: u64 = PREFIX;

/// The first bytes of a GGUF file, and the bytes of its header: these four, the version, and how many tensors
/// and entries follow (the GGUF specification of ggml).
const GGUF: &[u8] = b"GGUF";
const GGUF_HEADER: u64 = 24;

/// Where the directory of a zip archive begins at the latest, in bytes from the end: its own 22, and a comment.
const ZIP_END: u64 = 22 + 65_535;

/// What a file's bytes tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Contents {
    /// It is as long as it says.
    Whole,
    /// It ends too early; how many bytes it must have, if that can be told.
    Truncated(Option<u64>),
    /// It has more than this many bytes, which are all it must have.
    TooLong(u64),
    /// It is a text, such as an error page or a pointer to the file: its first line.
    Text(String),
    /// It is none of its kind; why, as the rest of a sentence.
    Broken(String),
    /// It is of a kind that does not tell.
    Unknown,
}

/// Looks at a file of `length` bytes whose name ends in `extension`. Reads its header only.
///
/// # Errors
/// When it cannot be read.
pub fn look(file: &mut (impl Read + Seek), length: u64, extension: &str) -> io::Result<Contents> {
    if length == 0 {
        return Ok(Contents::Broken("is empty".to_owned()));
    }
    let mut start = Vec::new();
    file.by_ref().take(FIRST_LOOK).read_to_end(&mut start)?;
    let extension = extension.to_ascii_lowercase();
    // So few bytes are no page of a server's, but the beginning of a file.
    if length < SHORTEST || extension == "gguf" && start.starts_with(GGUF) && length < GGUF_HEADER {
        return Ok(Contents::Truncated(None));
    }
    if let Some(line) = first_line(&start) {
        return Ok(Contents::Text(line));
    }
    match extension.as_str() {
        "gguf" if !start.starts_with(GGUF) => {
            Ok(Contents::Broken("does not begin as GGUF files do".to_owned()))
        }
        "safetensors" | "sft" => safetensors(file, &start, length),
        "pth" | "pt" | "pt2" | "ckpt" | "torchscript" if start.starts_with(b"PK\x03\x04") => {
            zip(file, length)
        }
        _ => Ok(Contents::Unknown),
    }
}

/// The first line, if the bytes are a text: no model begins without a byte that no text has.
fn first_line(start: &[u8]) -> Option<String> {
    let is_control = |byte: &u8| *byte < b' ' && !b"\t\n\r".contains(byte) || *byte == 0x7f;
    if start.iter().any(is_control) {
        return None;
    }
    // The last character may be cut.
    let text = match std::str::from_utf8(start) {
        Ok(text) => text,
        Err(error) if error.error_len().is_none() => {
            std::str::from_utf8(&start[..error.valid_up_to()]).ok()?
        }
        Err(_) => return None,
    };
    Some(text.trim().lines().next().unwrap_or_default().chars().take(80).collect())
}

fn safetensors(file: &mut (impl Read + Seek), start: &[u8], length: u64) -> io::Result<Contents> {
    let Some(prefix) = start.first_chunk::<8>() else { return Ok(Contents::Truncated(None)) };
    let header = u64::from_le_bytes(*prefix);
    if header > MAX_HEADER {
        return Ok(Contents::Broken("does not begin as safetensors files do".to_owned()));
    }
    if PREFIX + header > length {
        return Ok(Contents::Truncated(None));
    }
    file.seek(SeekFrom::Start(PREFIX))?;
    let data = match serde_json::from_reader::<_, Header>(BufReader::new(file.take(header))) {
        Ok(Header(data)) => data,
        Err(error) if error.is_io() => return Err(error.into()),
        Err(_) => return Ok(Contents::Broken("has a header that is no list of tensors".to_owned())),
    };
    let expected = (PREFIX + header).saturating_add(data);
    Ok(match length.cmp(&expected) {
        std::cmp::Ordering::Less => Contents::Truncated(Some(expected)),
        std::cmp::Ordering::Equal => Contents::Whole,
        std::cmp::Ordering::Greater => Contents::TooLong(expected),
    })
}

/// The header of a safetensors file: where the data of its last tensor end.
struct Header(u64);

/// One entry of the header: a tensor, or the metadata, which have no data.
#[derive(serde::Deserialize)]
struct Tensor {
    data_offsets: Option<(u64, u64)>,
}

impl<'de> Deserialize<'de> for Header {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries;
        impl<'de> Visitor<'de> for Entries {
            type Value = Header;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("tensors by name")
            }
            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Header, M::Error> {
                let mut end = 0;
                while let Some(name) = map.next_key::<String>()? {
                    if name == "__metadata__" {
                        map.next_value::<IgnoredAny>()?;
                    } else if let Some((_, last)) = map.next_value::<Tensor>()?.data_offsets {
                        end = end.max(last);
                    }
                }
                Ok(Header(end))
            }
        }
        deserializer.deserialize_map(Entries)
    }
}

/// A zip archive, as torch saves it, has its directory at the end.
fn zip(file: &mut (impl Read + Seek), length: u64) -> io::Result<Contents> {
    file.seek(SeekFrom::Start(length.saturating_sub(ZIP_END)))?;
    let mut end = Vec::new();
    file.take(ZIP_END).read_to_end(&mut end)?;
    let is_whole = end.windows(4).any(|bytes| bytes == b"PK\x05\x06");
    Ok(if is_whole { Contents::Whole } else { Contents::Truncated(None) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Cursor;

    fn file(header: &str, data: usize) -> Vec<u8> {
        let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
        bytes.extend_from_slice(header.as_bytes());
        bytes.resize(bytes.len() + data, 0);
        bytes
    }

    fn told(bytes: &[u8], extension: &str) -> Contents {
        look(&mut Cursor::new(bytes), bytes.len() as u64, extension).unwrap()
    }

    #[test]
    fn the_header_tells_the_length() {
        let header = r#"{"__metadata__":{"format":"pt"},"b":{"dtype":"F16","shape":[2],"data_offsets":[6,10]},
            "a":{"dtype":"U8","shape":[6],"data_offsets":[0,6]}}"#;
        let whole = file(header, 10);
        let length = whole.len() as u64;
        assert_eq!(told(&whole, "safetensors"), Contents::Whole);
        assert_eq!(told(&whole, "SafeTensors"), Contents::Whole);
        assert_eq!(told(&whole[..whole.len() - 1], "safetensors"), Contents::Truncated(Some(length)));
        assert_eq!(told(&whole[..40], "safetensors"), Contents::Truncated(None));
        assert_eq!(told(&whole[..5], "safetensors"), Contents::Truncated(None));
        assert_eq!(told(&[&*whole, b"\0"].concat(), "safetensors"), Contents::TooLong(length));
        assert_eq!(told(&whole, "onnx"), Contents::Unknown);
    }

    #[test]
    fn what_is_no_model_is_told() {
        let page = b"<!doctype html>\n<title>401</title>";
        assert_eq!(told(page, "safetensors"), Contents::Text("<!doctype html>".into()));
        assert_eq!(
            told(b"version https://git-lfs.github.com/spec/v1\noid sha256:00\n", "onnx"),
            Contents::Text("version https://git-lfs.github.com/spec/v1".into())
        );
        for (bytes, reason) in [
            (Vec::new(), "is empty"),
            (vec![0xff; 64], "does not begin"),
            (file("[1]", 0), "no list of tensors"),
            (file("{\"a\":{\"data_offsets\":[0,", 0), "no list of tensors"),
            (file("{\"a\":{\"data_offsets\":[0,-1]}}", 0), "no list of tensors"),
            (file(&format!("{{\"__metadata__\":{}", "[".repeat(10_000)), 0), "no list of tensors"),
        ] {
            let Contents::Broken(found) = told(&bytes, "safetensors") else { panic!("{bytes:?}") };
            assert!(found.contains(reason), "{found}");
        }
        let overflow = file(&format!("{{\"a\":{{\"data_offsets\":[0,{}]}}}}", u64::MAX), 0);
        assert_eq!(told(&overflow, "safetensors"), Contents::Truncated(Some(u64::MAX)));
    }

    #[test]
    fn the_beginning_of_a_file_is_no_page() {
        let header = [b"GGUF\x03\0\0\0".as_slice(), &[0; 16]].concat();
        assert_eq!(told(b"GGUF", "gguf"), Contents::Truncated(None));
        assert_eq!(told(&header[..23], "GGUF"), Contents::Truncated(None));
        assert_eq!(told(&header, "gguf"), Contents::Unknown);
        assert_eq!(told(b"abcd", "onnx"), Contents::Truncated(None));
        assert_eq!(told(b"Not Found", "gguf"), Contents::Text("Not Found".into()));
        assert!(matches!(told(&[0xff; 64], "gguf"), Contents::Broken(_)));
    }

    #[test]
    fn an_archive_needs_its_directory() {
        let mut archive = b"PK\x03\x04data".to_vec();
        assert_eq!(told(&archive, "pth"), Contents::Truncated(None));
        archive.extend_from_slice(b"PK\x05\x06");
        archive.extend_from_slice(&[0; 18]);
        assert_eq!(told(&archive, "torchscript"), Contents::Whole);
        assert_eq!(told(b"\x80\x02pickle", "pt"), Contents::Unknown);
    }
}
