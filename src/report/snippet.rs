//! Marked excerpts of source files, drawn by miette.
//!
//! miette knows one source per diagnostic, counts columns in bytes, prints lines in full and control
//! characters as they are. So it does not get the file but an [`Excerpt`] made for it: a few neighbouring
//! lines, long ones shortened, with the heading ready-made. It draws nothing but the box.

use std::fmt;
use std::ops::Range;

use miette::{
    Diagnostic, GraphicalReportHandler, GraphicalTheme, LabeledSpan, MietteError, MietteSpanContents,
    SourceCode, SourceSpan, SpanContents, ThemeCharacters, ThemeStyles,
};

use super::HumanOptions;
use crate::diag::{Label, Severity};
use crate::source::{FileId, Sources};

/// Labels at most this many lines apart share an excerpt: their context lines meet.
const NEIGHBOURS: u32 = 3;

/// What miette draws to the left of a line, line number included.
const GUTTER: usize = 10;

/// A line is never shortened to fewer columns than this, however narrow the terminal.
const MIN_WIDTH: usize = 40;

/// So many columns are shown on either side of a mark's ends, however many marks there are.
const MIN_RADIUS: usize = 10;

/// What a tab is shown as.
const TAB: &str = "    ";

/// The longest text of any kind, in characters. Nobody reads more; a whole prompt may be quoted in it.
const MAX_TEXT: usize = 1000;

/// The places of one diagnostic, the primary one's excerpt first.
pub(super) fn render(
    sources: &Sources,
    labels: &[Label],
    severity: Severity,
    options: HumanOptions,
) -> String {
    let is_read = |label: &&Label| sources.file(label.span.file).is_read();
    let unread = labels.iter().filter(|label| !is_read(label)).map(|label| place(sources, label));
    let mut marks: Vec<Mark<'_>> =
        labels.iter().filter(is_read).map(|label| Mark::new(sources, label)).collect();
    if let Some(primary) = marks.first_mut() {
        primary.primary = true;
    }
    marks.sort_by_key(|mark| (mark.file, mark.start));
    let mut groups: Vec<&[Mark<'_>]> = marks.chunk_by(Mark::joins).collect();
    groups.sort_by_key(|group| !group.iter().any(|mark| mark.primary));
    let excerpts =
        groups.into_iter().map(|group| Excerpt::new(sources, group, options).draw(severity, options));
    unread.chain(excerpts).collect()
}

/// A label in a file of which there is no excerpt.
fn place(sources: &Sources, label: &Label) -> String {
    let path = sources.file(label.span.file).path();
    let at = sources.line_column(label.span.file, label.span.start);
    let text = if label.text.is_empty() { String::new() } else { format!(": {}", printable(&label.text)) };
    format!("  --> {}:{}:{}{text}\n", printable(&path.to_string_lossy()), at.line, at.column)
}

/// `text` with what a terminal would obey instead of print replaced, and cut if it is very long.
/// Line breaks stay.
pub(super) fn printable(text: &str) -> String {
    let mut out: String =
        text.chars().take(MAX_TEXT).map(|c| if c == '\n' { c } else { visible(c) }).collect();
    if text.chars().nth(MAX_TEXT).is_some() {
        out.push_str("...");
    }
    out
}

/// `c`, or a substitute for a character that moves the cursor or reorders the text around it.
fn visible(c: char) -> char {
    match c {
        '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => char::REPLACEMENT_CHARACTER,
        c if c.is_control() => char::REPLACEMENT_CHARACTER,
        c => c,
    }
}

/// A label on one line of its file. One that spans several lines is marked to the end of its first:
/// that is where the reader has to look, and a box around a whole node would flood the terminal.
struct Mark<'a> {
    file: FileId,
    start: usize,
    end: usize,
    line: u32,
    text: &'a str,
    primary: bool,
}

impl<'a> Mark<'a> {
    fn new(sources: &Sources, label: &'a Label) -> Self {
        let text = sources.file(label.span.file).text();
        let wanted = label.span.range();
        let offset = text.floor_char_boundary(wanted.start);
        let line = content(text, line_around(text, offset));
        let start = offset.clamp(line.start, line.end);
        let end = text.ceil_char_boundary(wanted.end).clamp(start, line.end);
        let line = sources.line_column(label.span.file, label.span.start).line;
        Self { file: label.span.file, start, end, line, text: &label.text, primary: false }
    }

    /// Whether `next`, which starts behind this one, fits into the same excerpt. miette draws marks that
    /// overlap in wrong columns, so these get one each.
    fn joins(&self, next: &Self) -> bool {
        self.file == next.file
            && next.line - self.line <= NEIGHBOURS
            && next.start >= self.end.max(self.start + 1)
    }
}

/// The line around a byte offset, without its line break.
fn line_around(text: &str, offset: usize) -> Range<usize> {
    let start = text[..offset].rfind('\n').map_or(0, |at| at + 1);
    let end = text[offset..].find('\n').map_or(text.len(), |at| offset + at);
    start..end
}

/// What is to be shown of a line: neither a byte order mark nor the first half of a CRLF.
fn content(text: &str, line: Range<usize>) -> Range<usize> {
    let shown = text[line.clone()].trim_start_matches('\u{feff}');
    let start = line.end - shown.len();
    start..start + shown.strip_suffix('\r').unwrap_or(shown).len()
}

/// What miette sees of a file. Always whole, whatever part it asks for.
#[derive(Debug)]
struct Excerpt {
    title: String,
    /// Number of the first line, from 0.
    first: usize,
    text: String,
    labels: Vec<LabeledSpan>,
    /// For each label: is it the primary one?
    primary: Vec<bool>,
}

impl Excerpt {
    /// The lines of `marks`, which are in order and not empty, and one line of context around them.
    fn new(sources: &Sources, marks: &[Mark<'_>], options: HumanOptions) -> Self {
        let (head, last) = (&marks[0], &marks[marks.len() - 1]);
        let file = sources.file(head.file);
        let text = file.text();
        let titled = marks.iter().find(|mark| mark.primary).unwrap_or(head);
        let at = sources.line_column(head.file, u32::try_from(titled.start).unwrap_or(u32::MAX));
        let title = format!("{}:{}:{}", printable(&file.path().to_string_lossy()), at.line, at.column);
        let mut out = Self {
            title,
            first: head.line as usize - 1,
            text: String::new(),
            labels: Vec::new(),
            primary: Vec::new(),
        };

        let not_blank = |line: &Range<usize>| !text[content(text, line.clone())].trim().is_empty();
        let mut line = line_around(text, head.start);
        if let Some(before) = line.start.checked_sub(1).map(|end| line_around(text, end)).filter(not_blank) {
            line = before;
            out.first -= 1;
        }
        loop {
            let of_line = marks.iter().filter(|mark| line.start <= mark.start && mark.end <= line.end);
            out.push_line(text, content(text, line.clone()), &of_line.collect::<Vec<_>>(), options);
            let next = (line.end < text.len()).then(|| line_around(text, line.end + 1));
            match next {
                Some(next) if next.start <= last.start || (line.start <= last.start && not_blank(&next)) => {
                    line = next;
                }
                _ => break,
            }
        }
        out
    }

    /// Adds one line and its labels.
    fn push_line(&mut self, text: &str, line: Range<usize>, marks: &[&Mark<'_>], options: HumanOptions) {
        let anchors: Vec<usize> = marks.iter().flat_map(|mark| [mark.start, mark.end]).collect();
        let ellipsis = if options.unicode { "…" } else { "..." };
        let mut shown: Vec<(usize, usize)> = Vec::new();
        let mut done = line.start;
        for window in windows(text, &line, &anchors, options.width.saturating_sub(GUTTER)) {
            if window.start > done {
                self.text.push_str(ellipsis);
            }
            for (at, c) in text[window.clone()].char_indices() {
                shown.push((window.start + at, self.text.len()));
                match c {
                    '\t' => self.text.push_str(TAB),
                    c => self.text.push(visible(c)),
                }
            }
            done = window.end;
        }
        let line_end = self.text.len();
        if done < line.end {
            self.text.push_str(ellipsis);
        }
        self.text.push('\n');

        let place = |offset: usize| {
            let index = shown.partition_point(|&(at, _)| at < offset);
            shown.get(index).map_or(line_end, |&(_, place)| place)
        };
        for mark in marks {
            let (start, end) = (place(mark.start), place(mark.end));
            let label = (!mark.text.is_empty()).then(|| printable(mark.text));
            self.labels.push(LabeledSpan::new(label, start, end - start));
            self.primary.push(mark.primary);
        }
    }

    fn draw(&self, severity: Severity, options: HumanOptions) -> String {
        let characters = if options.unicode {
            ThemeCharacters::unicode()
        } else {
            // miette's own would break the underline with a bar.
            ThemeCharacters { underbar: '^', ..ThemeCharacters::ascii() }
        };
        let mut styles = if options.color { ThemeStyles::ansi() } else { ThemeStyles::none() };
        let primary = match severity {
            Severity::Error => styles.error,
            Severity::Warning => styles.warning,
            Severity::Info => styles.advice,
        };
        let style = |is_primary: &bool| if *is_primary { primary } else { styles.help };
        styles.highlights = self.primary.iter().map(style).collect();
        let handler = GraphicalReportHandler::new_themed(GraphicalTheme { characters, styles })
            .with_wrap_lines(false)
            .without_primary_span_start();
        let mut out = String::new();
        match handler.render_report(&mut out, self) {
            // The first line is the message, and this one's is empty; empty lines of source end in a blank.
            Ok(()) => {
                let lines = out.lines().skip_while(|line| line.is_empty());
                lines.flat_map(|line| [line.trim_end(), "\n"]).collect()
            }
            Err(fmt::Error) => format!("  --> {}\n", self.title),
        }
    }
}

/// The parts of `line` to show: all of it if it fits into `width` columns, else what is around the anchors,
/// or its beginning if there are none. The anchors are in order.
fn windows(text: &str, line: &Range<usize>, anchors: &[usize], width: usize) -> Vec<Range<usize>> {
    let anchors = if anchors.is_empty() { std::slice::from_ref(&line.start) } else { anchors };
    let limit = width.max(MIN_WIDTH);
    let extent: usize = text[anchors[0]..anchors[anchors.len() - 1]].chars().map(columns).sum();
    let radius = if fitting(text[line.clone()].chars(), limit) == line.len() {
        limit
    } else if extent <= limit / 2 {
        (limit - extent) / 2
    } else {
        (limit / (2 * anchors.len())).max(MIN_RADIUS)
    };
    let mut windows: Vec<Range<usize>> = Vec::new();
    for &anchor in anchors {
        let start = anchor - fitting(text[line.start..anchor].chars().rev(), radius);
        let end = anchor + fitting(text[anchor..line.end].chars(), radius);
        match windows.last_mut() {
            Some(last) if start <= last.end => last.end = end,
            _ => windows.push(start..end),
        }
    }
    windows
}

/// How many bytes of `chars` fit into `width` columns.
fn fitting(chars: impl Iterator<Item = char>, width: usize) -> usize {
    let mut left = width;
    let fits = |&c: &char| left.checked_sub(columns(c)).map(|rest| left = rest).is_some();
    chars.take_while(fits).map(char::len_utf8).sum()
}

/// Columns of a character, at most: beyond ASCII every one is taken for a wide one.
const fn columns(c: char) -> usize {
    match c {
        '\t' => TAB.len(),
        '\0'..='\x7f' => 1,
        _ => 2,
    }
}

impl fmt::Display for Excerpt {
    /// Nothing: the message stands above the first excerpt, and only there.
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        Ok(())
    }
}

impl std::error::Error for Excerpt {}

impl Diagnostic for Excerpt {
    fn source_code(&self) -> Option<&dyn SourceCode> {
        Some(self)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        Some(Box::new(self.labels.iter().cloned()))
    }
}

impl SourceCode for Excerpt {
    fn read_span<'a>(
        &'a self,
        _span: &SourceSpan,
        _context_lines_before: usize,
        _context_lines_after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        Ok(Box::new(MietteSpanContents::new_named(
            self.title.clone(),
            self.text.as_bytes(),
            (0, self.text.len()).into(),
            self.first,
            0,
            self.text.lines().count(),
        )))
    }
}
