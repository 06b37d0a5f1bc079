//! Source files, byte spans, and the lines and columns that people read.
//!
//! This room, `exec` and `cli` are the only ones that touch the file system.
//! It knows nothing about TOML, JSON or workflows.

mod nonfinite;

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use nonfinite::NonFinite;

/// Largest source file that is read, in bytes. A preset or graph is a few KiB; a file beyond this
/// limit is a mistake (a video, a model) and must not fill memory.
pub const MAX_SOURCE_BYTES: u64 = 16 << 20;

/// Largest workflow that is read, in bytes: more than 100,000 nodes. The tree of a workflow takes
/// up to sixteen times its text.
pub const MAX_WORKFLOW_BYTES: u64 = 32 << 20;

/// In a file that is not read, a span's start is its line, and its column in so many bits.
const COLUMN_BITS: u32 = 12;

/// A file known to a [`Sources`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileId(u32);

/// A range of bytes in one file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// The file.
    pub file: FileId,
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

impl Span {
    /// The bytes `range` of `file`.
    #[must_use]
    pub fn new(file: FileId, range: Range<usize>) -> Self {
        let clamp = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        Self { file, start: clamp(range.start), end: clamp(range.end) }
    }

    /// The part `inner` of this span, where `inner` counts from this span's start.
    #[must_use]
    pub fn slice(self, inner: Range<usize>) -> Self {
        let start = self.start.saturating_add(u32::try_from(inner.start).unwrap_or(u32::MAX)).min(self.end);
        let end = self.start.saturating_add(u32::try_from(inner.end).unwrap_or(u32::MAX)).min(self.end);
        Self { file: self.file, start, end: end.max(start) }
    }

    /// A place in a file that was added with [`Sources::add_unread`]. Lines beyond a million and columns
    /// beyond 4,094 are cut off.
    #[must_use]
    pub fn at_place(file: FileId, place: LineColumn) -> Self {
        let line = place.line.min((1 << (32 - COLUMN_BITS)) - 1);
        let at = line << COLUMN_BITS | place.column.min((1 << COLUMN_BITS) - 2);
        Self { file, start: at, end: at }
    }

    /// The bytes as a range.
    #[must_use]
    pub fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }
}

/// A value and where it was written. Equality, order and hash look at the value only.
#[derive(Clone, Copy, Debug)]
pub struct Spanned<T> {
    /// The value.
    pub value: T,
    /// Where it was written.
    pub span: Span,
}

impl<T> Spanned<T> {
    /// `value`, written at `span`.
    pub const fn new(value: T, span: Span) -> Self {
        Self { value, span }
    }
}

impl<T: PartialEq> PartialEq for Spanned<T> {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

/// A position for people: both numbers count from 1, columns in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LineColumn {
    /// Line, from 1.
    pub line: u32,
    /// Column in characters (not bytes), from 1.
    pub column: u32,
}

/// One loaded file.
#[derive(Debug)]
pub struct SourceFile {
    path: PathBuf,
    text: Arc<str>,
    is_read: bool,
    lines: std::sync::OnceLock<Vec<usize>>,
    /// How many characters begin before each block, so that columns of long lines are found fast.
    blocks: std::sync::OnceLock<Vec<usize>>,
}

/// Bytes of a block.
const BLOCK: usize = 4096;

/// How many characters begin in `bytes`.
fn characters(bytes: &[u8]) -> usize {
    bytes.iter().filter(|&&byte| byte & 0xC0 != 0x80).count()
}

impl SourceFile {
    /// How many characters begin between two bytes.
    fn characters_between(&self, start: usize, end: usize) -> usize {
        if end - start > BLOCK {
            self.characters_before(end) - self.characters_before(start)
        } else {
            characters(&self.text.as_bytes()[start..end])
        }
    }

    /// How many characters begin in the first `bytes`.
    fn characters_before(&self, bytes: usize) -> usize {
        let text = self.text.as_bytes();
        let blocks = self.blocks.get_or_init(|| {
            let ends = text.chunks(BLOCK).scan(0, |before, block| {
                *before += characters(block);
                Some(*before)
            });
            std::iter::once(0).chain(ends).collect()
        });
        let block = bytes / BLOCK;
        blocks.get(block).copied().unwrap_or_default() + characters(&text[(block * BLOCK).min(bytes)..bytes])
    }

    /// The path as it was given.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The whole text; empty if it is not read.
    #[must_use]
    pub const fn text(&self) -> &Arc<str> {
        &self.text
    }

    /// False if places in the file are known and its text is not.
    #[must_use]
    pub const fn is_read(&self) -> bool {
        self.is_read
    }
}

/// Why a file could not be loaded. The message is complete: it names the file and what to do.
#[derive(Debug)]
pub struct LoadError {
    /// The file.
    pub path: PathBuf,
    /// What happened.
    pub kind: LoadErrorKind,
}

/// The kinds of [`LoadError`].
#[derive(Debug)]
pub enum LoadErrorKind {
    /// There is no such file.
    NotFound,
    /// It is a folder.
    IsFolder,
    /// The operating system refused, with its reason.
    Io(std::io::Error),
    /// Larger than the limit given here, in bytes.
    TooLarge(u64),
    /// Not UTF-8: offset of the first bad byte.
    NotUtf8(usize),
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path.display();
        match &self.kind {
            LoadErrorKind::NotFound => write!(f, "no such file: {path}"),
            LoadErrorKind::IsFolder => write!(f, "{path} is a folder, a file is needed"),
            LoadErrorKind::Io(error) => write!(f, "cannot read {path}: {error}"),
            LoadErrorKind::TooLarge(limit) => {
                write!(f, "{path} is larger than {} MiB, the limit for a source file", limit >> 20)
            }
            LoadErrorKind::NotUtf8(offset) => {
                write!(f, "{path} is not UTF-8 text (byte {offset}); save it as UTF-8")
            }
        }
    }
}

impl std::error::Error for LoadError {}

/// All files of one run. Spans refer to them by [`FileId`].
#[derive(Debug, Default)]
pub struct Sources {
    files: Vec<SourceFile>,
    /// Texts that count in place of what is on the disk, by the files' identity.
    revised: BTreeMap<PathBuf, Arc<str>>,
}

impl Sources {
    /// An empty set.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a text that is already in memory, under the path that diagnostics will show.
    pub fn add(&mut self, path: impl Into<PathBuf>, text: impl Into<Arc<str>>) -> FileId {
        let id = FileId(u32::try_from(self.files.len()).unwrap_or(u32::MAX));
        self.files.push(SourceFile {
            path: path.into(),
            text: text.into(),
            is_read: true,
            lines: std::sync::OnceLock::new(),
            blocks: std::sync::OnceLock::new(),
        });
        id
    }

    /// Adds a file whose text is not at hand, such as the source of a running program. Spans in it are
    /// made with [`Span::at_place`].
    pub fn add_unread(&mut self, path: impl Into<PathBuf>) -> FileId {
        let id = self.add(path, "");
        self.files[id.0 as usize].is_read = false;
        id
    }

    /// Sets the text of a file that was added without one, once it is known that places in it are shown.
    pub fn set_text(&mut self, id: FileId, text: impl Into<Arc<str>>) {
        if let Some(file) = self.files.get_mut(id.0 as usize) {
            file.text = text.into();
            file.lines = std::sync::OnceLock::new();
            file.blocks = std::sync::OnceLock::new();
        }
    }

    /// Reads a UTF-8 text file of at most [`MAX_SOURCE_BYTES`].
    ///
    /// # Errors
    /// When the file is missing, unreadable, too large or not UTF-8.
    pub fn load(&mut self, path: &Path) -> Result<FileId, LoadError> {
        let is_revised = !self.revised.is_empty();
        let text = match is_revised.then(|| self.revised.get(&identity(path)).cloned()).flatten() {
            Some(text) => text,
            None => read_text(path, MAX_SOURCE_BYTES)?.into(),
        };
        Ok(self.add(path, text))
    }

    /// From now on, [`load`](Self::load) gives this text for a file.
    pub fn revise(&mut self, path: &Path, text: impl Into<Arc<str>>) {
        self.revised.insert(identity(path), text.into());
    }

    /// From now on, files below `folder` are shown with `prefix` in its place.
    pub fn show_as(&mut self, folder: &Path, prefix: &str) {
        for file in &mut self.files {
            if let Ok(rest) = file.path.strip_prefix(folder) {
                file.path = PathBuf::from(format!("{prefix}{}", rest.display()));
            }
        }
    }

    /// How many files there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.files.len()
    }

    /// True if there is no file.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// The paths of the files that were added when there were `mark` already.
    pub fn paths_since(&self, mark: usize) -> impl Iterator<Item = &Path> {
        self.files.iter().skip(mark).map(SourceFile::path)
    }

    /// The file behind `id`.
    #[must_use]
    pub fn file(&self, id: FileId) -> &SourceFile {
        &self.files[id.0 as usize]
    }

    /// The text that `span` covers; empty if the span does not lie on character borders.
    #[must_use]
    pub fn text(&self, span: Span) -> &str {
        self.file(span.file).text.get(span.range()).unwrap_or_default()
    }

    /// Line and column of a byte offset.
    #[must_use]
    pub fn line_column(&self, file: FileId, offset: u32) -> LineColumn {
        if !self.file(file).is_read {
            return LineColumn { line: offset >> COLUMN_BITS, column: offset & ((1 << COLUMN_BITS) - 1) };
        }
        let text = self.file(file).text.as_bytes();
        let before = &text[..(offset as usize).min(text.len())];
        let starts = self.file(file).lines.get_or_init(|| {
            std::iter::once(0).chain(memchr::memchr_iter(b'\n', text).map(|at| at + 1)).collect()
        });
        let line = starts.partition_point(|&start| start <= before.len());
        let line_start = starts[line - 1];
        let file = self.file(file);
        let mark = usize::from(text[line_start..].starts_with(b"\xef\xbb\xbf") && before.len() > line_start);
        let column = file.characters_between(line_start, before.len()) - mark + 1;
        let clamp = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        LineColumn { line: clamp(line), column: clamp(column) }
    }
}

/// The one path that stands for a file, whatever links and dots lead to it, also for a file that does
/// not exist yet.
#[must_use]
pub fn identity(path: &Path) -> PathBuf {
    if let Ok(real) = path.canonicalize() {
        return real;
    }
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let mut whole = PathBuf::new();
    for part in absolute.components() {
        if part == std::path::Component::ParentDir {
            whole.pop();
        } else {
            whole.push(part);
        }
        // Of folders that do not exist none is a link.
        whole = whole.canonicalize().unwrap_or(whole);
    }
    whole
}

/// True if there is something at `path`.
#[must_use]
pub fn exists(path: &Path) -> bool {
    path.exists()
}

/// Reads a UTF-8 text file of at most `limit` bytes.
///
/// # Errors
/// As [`read_capped`], and when it is not UTF-8.
pub fn read_text(path: &Path, limit: u64) -> Result<String, LoadError> {
    String::from_utf8(read_capped(path, limit)?).map_err(|error| LoadError {
        path: path.to_owned(),
        kind: LoadErrorKind::NotUtf8(error.utf8_error().valid_up_to()),
    })
}

/// Reads a whole file of at most `limit` bytes.
///
/// # Errors
/// When the file is missing, a folder, unreadable or larger than `limit`.
pub fn read_capped(path: &Path, limit: u64) -> Result<Vec<u8>, LoadError> {
    use std::io::Read as _;
    let fail = |kind| LoadError { path: path.to_owned(), kind };
    let io = |error: std::io::Error| {
        fail(match error.kind() {
            std::io::ErrorKind::NotFound => LoadErrorKind::NotFound,
            std::io::ErrorKind::IsADirectory => LoadErrorKind::IsFolder,
            _ => LoadErrorKind::Io(error),
        })
    };
    let file = std::fs::File::open(path).map_err(io)?;
    // A hint only: devices have no length, and a file may grow.
    let length = file.metadata().map_or(0, |metadata| metadata.len()).min(limit);
    let mut bytes = Vec::with_capacity(usize::try_from(length).unwrap_or_default() + 1);
    file.take(limit + 1).read_to_end(&mut bytes).map_err(io)?;
    if bytes.len() as u64 > limit {
        return Err(fail(LoadErrorKind::TooLarge(limit)));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_of_long_lines_are_the_same() {
        let line = format!("\u{feff}{}", "é".repeat(10_000));
        let text = format!("{line}\n{line}");
        let mut sources = Sources::new();
        let file = sources.add("x", text.as_str());
        let starts: Vec<usize> = text.char_indices().map(|(at, _)| at).collect();
        for (number, &at) in starts.iter().enumerate().step_by(997) {
            let (line, before) = if number > 10_001 { (2, 10_002) } else { (1, 0) };
            // The mark at the start of a file has no column of its own; a line break has one.
            let column = number - before + usize::from(number == before);
            let found = sources.line_column(file, u32::try_from(at).unwrap());
            assert_eq!((found.line, found.column as usize), (line, column), "character {number}");
        }
    }

    #[test]
    fn places_of_files_that_are_not_read_come_back() {
        let mut sources = Sources::new();
        let file = sources.add_unread("src/x.rs");
        for (line, column) in [(1, 1), (12, 5), (600, 110), (1 << 20, 9), (7, 1 << 20)] {
            let span = Span::at_place(file, LineColumn { line, column });
            let place = sources.line_column(file, span.start);
            assert_eq!(place, LineColumn { line: line.min((1 << 20) - 1), column: column.min(4094) });
            assert_eq!(sources.text(span), "");
        }
        assert!(!sources.file(file).is_read());
    }

    #[test]
    fn lines_and_columns_count_characters_from_one() {
        let mut sources = Sources::new();
        let file = sources.add("x", "\u{feff}é = 1\r\nab");
        assert_eq!(sources.line_column(file, 3), LineColumn { line: 1, column: 1 });
        assert_eq!(sources.line_column(file, 5), LineColumn { line: 1, column: 2 });
        assert_eq!(sources.line_column(file, 12), LineColumn { line: 2, column: 2 });
        assert_eq!(sources.line_column(file, 999), LineColumn { line: 2, column: 3 });
    }
}
