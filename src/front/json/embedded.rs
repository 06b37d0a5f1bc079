//! The workflows that ComfyUI writes into the pictures it saves.
//!
//! PNG and WebP are lists of chunks. The chunks are walked here and not by a picture library: these
//! read all of a picture, and do not know the `comf` chunks of animated PNG. Only what belongs to a
//! workflow is read, the rest is skipped, so time and memory do not depend on the picture itself.

use std::fmt;
use std::io::{self, BufReader, Read, Seek, SeekFrom};

use flate2::Crc;
use flate2::read::ZlibDecoder;

/// The most bytes that an embedded text may have, packed or unpacked.
pub const MAX_EMBEDDED: u64 = 64 << 20;

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n";
/// The longest keyword of a PNG text, and the zero that ends it.
const MAX_KEYWORD: usize = 80;
/// The type of EXIF values that are text.
const ASCII: u16 = 2;

/// The texts that a picture holds: JSON, or what Python takes for JSON. They are not parsed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Embedded {
    /// What was sent to the server, in API format.
    pub prompt: Option<String>,
    /// What the editor showed, in its own format.
    pub workflow: Option<String>,
}

/// The kinds of pictures that can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PictureKind {
    /// `SaveImage`, `SaveAnimatedPNG`
    Png,
    /// `SaveAnimatedWEBP`
    WebP,
}

/// Why a picture gives no workflow.
#[derive(Debug)]
pub enum EmbeddedError {
    /// The reader failed.
    Read(io::Error),
    /// Neither PNG nor WebP.
    NotAPicture,
    /// A sound picture with neither `prompt` nor `workflow`.
    NoWorkflow(PictureKind),
    /// The chunk at this byte is longer than the rest of the file.
    Truncated {
        /// The kind of the picture.
        kind: PictureKind,
        /// Where the chunk starts.
        at: u64,
    },
    /// The chunk at this byte holds a workflow, or should, and its contents make no sense.
    Damaged {
        /// The kind of the picture.
        kind: PictureKind,
        /// Where the chunk starts.
        at: u64,
        /// What is wrong, as a part of a sentence.
        why: &'static str,
    },
    /// The text in the chunk at this byte has more than [`MAX_EMBEDDED`] bytes.
    TooLong {
        /// The kind of the picture.
        kind: PictureKind,
        /// Where the chunk starts.
        at: u64,
    },
}

impl fmt::Display for PictureKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Png => "PNG",
            Self::WebP => "WebP",
        })
    }
}

impl fmt::Display for EmbeddedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Read(error) => write!(f, "the picture cannot be read: {error}"),
            Self::NotAPicture => f.write_str(
                "not a PNG or WebP picture, which are what ComfyUI writes workflows into; give the picture \
                 as ComfyUI saved it, or the workflow as JSON",
            ),
            Self::NoWorkflow(kind) => write!(
                f,
                "this {kind} picture holds no workflow; give the file that ComfyUI saved: websites and \
                 programs that change a picture drop what ComfyUI wrote into it, and so does \
                 `--disable-metadata`"
            ),
            Self::Truncated { kind, at } => write!(
                f,
                "this {kind} picture ends in the middle of the chunk at byte {at}; copy or download it again"
            ),
            Self::Damaged { kind, at, why } => write!(
                f,
                "this {kind} picture is damaged: in the chunk at byte {at}, {why}; copy or download it again"
            ),
            Self::TooLong { kind, at } => write!(
                f,
                "the text in the chunk at byte {at} of this {kind} picture has more than {} MiB, which no \
                 workflow has; give another picture",
                MAX_EMBEDDED >> 20
            ),
        }
    }
}

impl std::error::Error for EmbeddedError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Read(error) => Some(error),
            _ => None,
        }
    }
}

impl From<io::Error> for EmbeddedError {
    fn from(error: io::Error) -> Self {
        Self::Read(error)
    }
}

impl PictureKind {
    /// The kind of the picture that starts with these bytes; twelve are enough.
    #[must_use]
    pub fn of(head: &[u8]) -> Option<Self> {
        if head.starts_with(PNG) {
            return Some(Self::Png);
        }
        (head.starts_with(b"RIFF") && head.get(8..12) == Some(b"WEBP")).then_some(Self::WebP)
    }
}

impl Embedded {
    /// Reads what ComfyUI wrote into a picture, PNG or WebP. At least one of the texts is there; where
    /// a picture holds one several times, the first counts.
    ///
    /// # Errors
    /// If there is none, or the picture is damaged before both are found.
    pub fn read(reader: impl Read + Seek) -> Result<Self, EmbeddedError> {
        let mut file = BufReader::new(reader);
        let end = file.seek(SeekFrom::End(0))?;
        file.rewind()?;
        let mut head = Vec::new();
        file.by_ref().take(12).read_to_end(&mut head)?;
        let kind = PictureKind::of(&head).ok_or(EmbeddedError::NotAPicture)?;
        let start = if kind == PictureKind::Png { PNG.len() as u64 } else { 12 };
        file.seek(SeekFrom::Start(start))?;

        let mut chunks = Chunks { file, kind, end, next: start };
        let mut found = Self::default();
        while let Some(chunk) = chunks.next()? {
            match (kind, &chunk.name) {
                (PictureKind::Png, b"tEXt" | b"zTXt" | b"iTXt" | b"comf") => {
                    chunks.png_text(&chunk, &mut found)?;
                }
                (PictureKind::WebP, b"EXIF") => chunks.exif(&chunk, &mut found)?,
                (PictureKind::Png, b"IEND") => break,
                _ => {}
            }
            if found.is_complete() {
                return Ok(found);
            }
        }
        if found == Self::default() { Err(EmbeddedError::NoWorkflow(kind)) } else { Ok(found) }
    }

    fn is_complete(&self) -> bool {
        self.prompt.is_some() && self.workflow.is_some()
    }

    /// The place of the text with this keyword, if it is wanted and not there yet.
    fn open(&mut self, keyword: &[u8]) -> Option<&mut Option<String>> {
        // Some nodes capitalize their keywords.
        let text = match keyword.to_ascii_lowercase().as_slice() {
            b"prompt" => &mut self.prompt,
            b"workflow" => &mut self.workflow,
            _ => return None,
        };
        text.is_none().then_some(text)
    }
}

/// A chunk: a name, contents, and in PNG a checksum.
struct Chunk {
    name: [u8; 4],
    /// Where it starts, with its length and name.
    at: u64,
    /// How long its contents are.
    length: u64,
}

impl Chunk {
    /// Where its contents start.
    fn start(&self) -> u64 {
        self.at + 8
    }
}

/// The chunks of a picture, one after the other.
struct Chunks<R> {
    file: BufReader<R>,
    kind: PictureKind,
    /// Where the file ends.
    end: u64,
    /// Where the next chunk starts.
    next: u64,
}

impl<R: Read + Seek> Chunks<R> {
    /// The next chunk, of which only length and name are read. It lies within the file.
    fn next(&mut self) -> Result<Option<Chunk>, EmbeddedError> {
        let at = self.next;
        if at >= self.end {
            return Ok(None);
        }
        let truncated = EmbeddedError::Truncated { kind: self.kind, at };
        if self.end - at < 8 {
            return Err(truncated);
        }
        self.go_to(at)?;
        let [first, second] = [self.four()?, self.four()?];
        let (name, length, after) = match self.kind {
            PictureKind::Png => (second, u64::from(u32::from_be_bytes(first)), 4),
            PictureKind::WebP => {
                let length = u64::from(u32::from_le_bytes(second));
                (first, length, length % 2)
            }
        };
        let chunk = Chunk { name, at, length };
        self.next = chunk.start() + length + after;
        // The byte that fills up the last chunk of a WebP picture is not always there.
        let is_whole = match self.kind {
            PictureKind::Png => self.next <= self.end,
            PictureKind::WebP => chunk.start() + length <= self.end,
        };
        if is_whole { Ok(Some(chunk)) } else { Err(truncated) }
    }

    /// Moves to a byte. What is in the buffer is kept: most chunks are short.
    fn go_to(&mut self, to: u64) -> io::Result<()> {
        let now = self.file.stream_position()?;
        self.file.seek_relative(to.cast_signed().wrapping_sub(now.cast_signed()))
    }

    fn four(&mut self) -> io::Result<[u8; 4]> {
        let mut bytes = [0; 4];
        self.file.read_exact(&mut bytes)?;
        Ok(bytes)
    }

    /// The contents of a chunk, of which there are at most [`MAX_EMBEDDED`] bytes.
    fn contents(&mut self, chunk: &Chunk) -> Result<Vec<u8>, EmbeddedError> {
        if chunk.length > MAX_EMBEDDED {
            return Err(EmbeddedError::TooLong { kind: self.kind, at: chunk.at });
        }
        self.go_to(chunk.start())?;
        let mut bytes = Vec::new();
        self.file.by_ref().take(chunk.length).read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    fn damaged(&self, chunk: &Chunk, why: &'static str) -> EmbeddedError {
        EmbeddedError::Damaged { kind: self.kind, at: chunk.at, why }
    }

    /// A text of a PNG picture: a keyword, a zero, and the text in one of four manners.
    fn png_text(&mut self, chunk: &Chunk, found: &mut Embedded) -> Result<(), EmbeddedError> {
        let mut head = Vec::new();
        self.file.by_ref().take(chunk.length.min(MAX_KEYWORD as u64)).read_to_end(&mut head)?;
        let Some((keyword, _)) = split_zero(&head) else { return Ok(()) };
        let Some(open) = found.open(keyword) else { return Ok(()) };

        let bytes = self.contents(chunk)?;
        let mut sum = Crc::new();
        sum.update(&chunk.name);
        sum.update(&bytes);
        if sum.sum() != u32::from_be_bytes(self.four()?) {
            return Err(self.damaged(chunk, "the checksum does not fit"));
        }
        let body = bytes.get(keyword.len() + 1..).unwrap_or_default();
        let (is_packed, body) = match &chunk.name {
            b"zTXt" => (true, body.split_first()),
            // Whether it is packed, the manner of packing, a language, and the keyword in this language.
            b"iTXt" => (body.first() == Some(&1), international(body)),
            _ => (false, Some((&0, body))),
        };
        let Some((manner, text)) = body else {
            return Err(self.damaged(chunk, "the head of the text is cut"));
        };
        let text = if !is_packed {
            text.to_vec()
        } else if *manner == 0 {
            self.unpacked(chunk, text)?
        } else {
            return Err(self.damaged(chunk, "the text is packed in an unknown manner"));
        };
        *open = Some(string(text));
        Ok(())
    }

    fn unpacked(&self, chunk: &Chunk, packed: &[u8]) -> Result<Vec<u8>, EmbeddedError> {
        let mut text = Vec::new();
        ZlibDecoder::new(packed)
            .take(MAX_EMBEDDED + 1)
            .read_to_end(&mut text)
            .map_err(|_| self.damaged(chunk, "the text cannot be unpacked"))?;
        if text.len() as u64 > MAX_EMBEDDED {
            return Err(EmbeddedError::TooLong { kind: self.kind, at: chunk.at });
        }
        Ok(text)
    }

    /// The EXIF data of a WebP picture. ComfyUI writes `prompt:…` as the camera's model, and
    /// `workflow:…` as its make or another text of the first directory.
    fn exif(&mut self, chunk: &Chunk, found: &mut Embedded) -> Result<(), EmbeddedError> {
        let bytes = self.contents(chunk)?;
        let exif = Exif::new(bytes.strip_prefix(b"Exif\0\0").unwrap_or(&bytes));
        let texts = exif.and_then(Exif::texts);
        let texts = texts.ok_or_else(|| self.damaged(chunk, "this is not EXIF data"))?;
        for text in texts {
            let text =
                text.ok_or_else(|| self.damaged(chunk, "a text of the EXIF data lies outside of it"))?;
            // Texts may overlap, so they are not searched for their ends before one is wanted.
            let Some(colon) = text.iter().take(MAX_KEYWORD).position(|&byte| byte == b':') else { continue };
            if let Some(open) = found.open(&text[..colon]) {
                let text = &text[colon + 1..];
                *open = Some(string(split_zero(text).map_or(text, |(text, _)| text).to_vec()));
            }
            if found.is_complete() {
                break;
            }
        }
        Ok(())
    }
}

/// A text: ComfyUI writes ASCII, some nodes UTF-8, and PNG says Latin-1.
fn string(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes)
        .unwrap_or_else(|error| error.as_bytes().iter().copied().map(char::from).collect())
}

/// What stands before and after the first zero.
fn split_zero(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let at = bytes.iter().position(|&byte| byte == 0)?;
    Some((&bytes[..at], &bytes[at + 1..]))
}

/// The manner of packing and the text of an `iTXt` chunk, from behind its keyword.
fn international(body: &[u8]) -> Option<(&u8, &[u8])> {
    let (_, rest) = body.split_first()?;
    let (manner, rest) = rest.split_first()?;
    let (_, rest) = split_zero(rest)?;
    let (_, text) = split_zero(rest)?;
    Some((manner, text))
}

/// EXIF data: TIFF without a picture. Offsets count from its start.
#[derive(Clone, Copy)]
struct Exif<'b> {
    bytes: &'b [u8],
    is_little: bool,
}

impl<'b> Exif<'b> {
    fn new(bytes: &'b [u8]) -> Option<Self> {
        let is_little = match bytes.get(..2)? {
            b"II" => true,
            b"MM" => false,
            _ => return None,
        };
        let exif = Self { bytes, is_little };
        (exif.short(2)? == 42).then_some(exif)
    }

    fn short(self, at: usize) -> Option<u16> {
        let bytes = self.bytes.get(at..)?.first_chunk()?;
        Some(if self.is_little { u16::from_le_bytes(*bytes) } else { u16::from_be_bytes(*bytes) })
    }

    fn long(self, at: usize) -> Option<usize> {
        let bytes = self.bytes.get(at..)?.first_chunk()?;
        let number = if self.is_little { u32::from_le_bytes(*bytes) } else { u32::from_be_bytes(*bytes) };
        usize::try_from(number).ok()
    }

    /// The texts of the first directory, with their zeros; nothing for one that lies outside.
    fn texts(self) -> Option<impl Iterator<Item = Option<&'b [u8]>>> {
        let directory = self.long(4)?;
        let count = usize::from(self.short(directory)?);
        // An entry: tag, type, length, and the value itself if it has at most four bytes, or its offset.
        let entries = (0..count).map(move |entry| directory + 2 + entry * 12);
        Some(entries.filter(move |&at| self.short(at + 2).is_none_or(|kind| kind == ASCII)).map(move |at| {
            let length = self.long(at + 4)?;
            let start = if length <= 4 { at + 8 } else { self.long(at + 8)? };
            self.bytes.get(start..start.checked_add(length)?)
        }))
    }
}
