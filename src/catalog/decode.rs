//! Bytes as they come, from a file or a server: plain or gzip, with a limit on both.

use std::fmt;
use std::io::{self, BufReader, Chain, Cursor, Read};

use flate2::bufread::MultiGzDecoder;

/// How many bytes of the text are kept for a guess at what it is.
const HEAD_BYTES: usize = 256;

/// Text behind an optional gzip layer and an optional byte order mark.
pub(super) struct Decoded<'r> {
    /// The first bytes of the text.
    pub(super) head: Vec<u8>,
    /// The whole text. Reading fails with [`OverLimit`] beyond the limit.
    pub(super) text: Box<dyn Read + 'r>,
}

/// Reads up to `limit` bytes from `reader`, and as many after decompression.
pub(super) fn decode<'r>(reader: impl Read + 'r, limit: u64) -> io::Result<Decoded<'r>> {
    let (magic, reader) = peek(Capped { inner: reader, left: limit }, 2)?;
    let text: Box<dyn Read + 'r> = if magic == [0x1f, 0x8b] {
        let plain = MultiGzDecoder::new(BufReader::new(reader));
        Box::new(Capped { inner: plain, left: limit })
    } else {
        Box::new(reader)
    };
    let (mark, mut text) = peek(text, 3)?;
    if mark == [0xef, 0xbb, 0xbf] {
        text.read_exact(&mut [0; 3])?;
    }
    let (head, text) = peek(text, HEAD_BYTES)?;
    Ok(Decoded { head, text: Box::new(BufReader::new(text)) })
}

/// True if `error` is an [`OverLimit`].
pub(super) fn is_over_limit(error: &io::Error) -> bool {
    error.get_ref().and_then(|inner| inner.downcast_ref::<OverLimit>()).is_some()
}

/// What a text that starts with `head` looks like, if it is surely no JSON.
pub(super) fn looks_like(head: &[u8]) -> Option<&'static str> {
    let text = head.trim_ascii_start();
    match text {
        [] => Some("an empty file"),
        [b'<', ..] => Some("an HTML page"),
        [0x89, b'P', b'N', b'G', ..] => Some("a PNG image"),
        [b'P', b'K', 3, 4, ..] => Some("a zip archive"),
        _ => None,
    }
}

/// The error of reading beyond the limit.
#[derive(Debug)]
struct OverLimit;

impl fmt::Display for OverLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("larger than the limit")
    }
}

impl std::error::Error for OverLimit {}

struct Capped<R> {
    inner: R,
    left: u64,
}

impl<R: Read> Read for Capped<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        // One byte more than allowed is asked for, so that a text of exactly the limit passes.
        let ask = usize::try_from(self.left).unwrap_or(usize::MAX).saturating_add(1).min(out.len());
        let count = self.inner.read(&mut out[..ask])?;
        self.left = self.left.checked_sub(count as u64).ok_or_else(|| io::Error::other(OverLimit))?;
        Ok(count)
    }
}

type Peeked<R> = Chain<Cursor<Vec<u8>>, R>;

/// The first `count` bytes (fewer at the end of the text), and a reader of everything.
fn peek<R: Read>(mut reader: R, count: usize) -> io::Result<(Vec<u8>, Peeked<R>)> {
    let mut head = Vec::with_capacity(count);
    reader.by_ref().take(count as u64).read_to_end(&mut head)?;
    Ok((head.clone(), Cursor::new(head).chain(reader)))
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn gzip(text: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    fn read(bytes: &[u8], limit: u64) -> io::Result<Vec<u8>> {
        let mut out = Vec::new();
        decode(bytes, limit)?.text.read_to_end(&mut out)?;
        Ok(out)
    }

    #[test]
    fn plain_gzip_and_marked_texts_read_alike() {
        assert_eq!(read(b"{}", 9).unwrap(), b"{}");
        assert_eq!(read(b"", 9).unwrap(), b"");
        assert_eq!(read(b"\xef\xbb\xbf{}", 9).unwrap(), b"{}");
        assert_eq!(read(&gzip(b"\xef\xbb\xbf{}"), 99).unwrap(), b"{}");
        assert_eq!(read(&[gzip(b"{"), gzip(b"}")].concat(), 99).unwrap(), b"{}");
    }

    #[test]
    fn the_limit_holds_before_and_after_decompression() {
        assert_eq!(read(b"12345", 5).unwrap(), b"12345");
        assert!(is_over_limit(&read(b"123456", 5).unwrap_err()));
        let bomb = gzip(" ".repeat(100_000).as_bytes());
        assert!(bomb.len() < 1000);
        assert!(is_over_limit(&read(&bomb, 1000).unwrap_err()));
    }

    #[test]
    fn cut_off_gzip_is_an_error() {
        let whole = gzip(b"{\"a\":1}");
        for end in 2..whole.len() {
            let error = read(&whole[..end], 999).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof, "cut at {end}");
        }
    }
}
