//! Reads what Python writes for non-finite numbers as if it were JSON.
//!
//! Python's `json.dumps` writes bare `NaN`, `Infinity` and `-Infinity`, which JSON does not have.
//! In `/object_info` they stand for "no bound". [`NonFinite`] replaces them outside strings by an
//! empty object padded with spaces: it has the same length, so that error positions stay right
//! (`null` would be longer than `NaN`), and it is no number, so that it reads as "no bound" and
//! equals no value of a list.

use std::io::{self, Read};
use std::ops::Range;

const TOKENS: [&[u8]; 3] = [b"NaN", b"Infinity", b"-Infinity"];
const CHUNK: usize = 64 << 10;

/// The adapter: reads from `R` and replaces.
#[derive(Debug)]
pub struct NonFinite<R> {
    inner: R,
    buffer: Vec<u8>,
    /// Bytes of `buffer` that may be handed out.
    ready: Range<usize>,
    /// End of the bytes read from `inner`. Those behind `ready` may be the start of a token.
    filled: usize,
    in_string: bool,
    escaped: bool,
    ended: bool,
}

impl<R: Read> NonFinite<R> {
    /// Wraps `inner`. Buffered: `inner` need not be.
    pub fn new(inner: R) -> Self {
        Self {
            inner,
            buffer: vec![0; CHUNK],
            ready: 0..0,
            filled: 0,
            in_string: false,
            escaped: false,
            ended: false,
        }
    }

    /// Reads more and replaces in it. Afterwards `ready` is empty only at the end of `inner`, or
    /// if nothing but the start of a token has come yet.
    fn refill(&mut self) -> io::Result<()> {
        self.buffer.copy_within(self.ready.end..self.filled, 0);
        self.filled -= self.ready.end;
        self.ready = 0..0;
        let count = self.inner.read(&mut self.buffer[self.filled..])?;
        self.ended = count == 0;
        self.filled += count;
        let mut at = 0;
        while at < self.filled {
            let byte = self.buffer[at];
            if self.in_string {
                self.in_string = byte != b'"' || self.escaped;
                self.escaped = byte == b'\\' && !self.escaped;
            } else if byte == b'"' {
                self.in_string = true;
            } else if matches!(byte, b'N' | b'I' | b'-') {
                let rest = &mut self.buffer[at..self.filled];
                if let Some(token) = TOKENS.into_iter().find(|token| rest.starts_with(token)) {
                    rest[..token.len()].fill(b' ');
                    rest[..2].copy_from_slice(b"{}");
                    at += token.len();
                    continue;
                }
                if !self.ended && TOKENS.into_iter().any(|token| token.starts_with(rest)) {
                    break;
                }
            }
            at += 1;
        }
        self.ready = 0..at;
        Ok(())
    }
}

impl<R: Read> Read for NonFinite<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while self.ready.is_empty() && !self.ended {
            self.refill()?;
        }
        let count = self.ready.len().min(out.len());
        out[..count].copy_from_slice(&self.buffer[self.ready.start..self.ready.start + count]);
        self.ready.start += count;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Hands out its pieces one by one.
    struct Pieces<'a>(Vec<&'a [u8]>);

    impl Read for Pieces<'_> {
        fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
            while let Some(piece) = self.0.first_mut() {
                if !piece.is_empty() {
                    return piece.read(out);
                }
                self.0.remove(0);
            }
            Ok(0)
        }
    }

    fn filter(pieces: Vec<&[u8]>) -> Vec<u8> {
        let mut out = Vec::new();
        NonFinite::new(Pieces(pieces)).read_to_end(&mut out).unwrap();
        out
    }

    const TEXT: &str = r#"{"a":NaN,"NaN\"Infinity":["-Infinity\\",-Infinity,-1,NaN,Infinity],"b":-Infinity}"#;
    const WANT: &str = r#"{"a":{} ,"NaN\"Infinity":["-Infinity\\",{}       ,-1,{} ,{}      ],"b":{}       }"#;

    #[test]
    fn tokens_outside_strings_are_replaced_at_equal_length() {
        assert_eq!(filter(vec![TEXT.as_bytes()]), WANT.as_bytes());
        serde_json::from_str::<serde_json::Value>(WANT).unwrap();
    }

    #[test]
    fn every_split_point_gives_the_same() {
        let text = TEXT.as_bytes();
        for first in 0..=text.len() {
            for second in first..=text.len() {
                let pieces = vec![&text[..first], &text[first..second], &text[second..]];
                assert_eq!(filter(pieces), WANT.as_bytes(), "split at {first} and {second}");
            }
        }
    }

    #[test]
    fn a_token_cut_off_by_the_end_stays() {
        assert_eq!(filter(vec![b"[-Infini"]), b"[-Infini");
        assert_eq!(filter(vec![b"N"]), b"N");
        assert_eq!(filter(vec![]), b"");
    }

    #[test]
    fn long_texts_pass_the_buffer() {
        let text = format!("[{}1]", "NaN, ".repeat(CHUNK));
        assert_eq!(filter(vec![text.as_bytes()]), format!("[{}1]", "{} , ".repeat(CHUNK)).as_bytes());
    }

    proptest! {
        #[test]
        fn json_passes_unchanged_and_lengths_stay(text in "[\"\\\\NaInfity{},:0 -]{0,40}") {
            let out = filter(vec![text.as_bytes()]);
            prop_assert_eq!(out.len(), text.len());
            if serde_json::from_str::<serde_json::Value>(&text).is_ok() {
                prop_assert_eq!(out, text.into_bytes());
            }
        }
    }
}
