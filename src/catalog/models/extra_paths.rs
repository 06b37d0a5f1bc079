//! `extra_model_paths.yaml`: further folders in which ComfyUI looks for models.
//!
//! Read as ComfyUI 0.27.0 reads it (`utils/extra_config.py`): sections of any name, each with folders by
//! name, several directories of a folder one a line, and `base_path` and `is_default` for the whole section.

use std::borrow::Cow;
use std::fmt::Write as _;

use saphyr_parser::{Event, Parser, ScalarStyle};

use crate::diag::{Diagnostic, Diagnostics};
use crate::source::{FileId, Span, Spanned};

/// The name of such a file beside ComfyUI's `models`.
pub const FILE_NAME: &str = "extra_model_paths.yaml";

/// Largest number of YAML events that is read; the file that comes with ComfyUI has some hundred.
const MAX_EVENTS: usize = 100_000;

/// What `PyYAML` takes for false, besides nothing at all.
const FALSE: [&str; 10] = ["false", "False", "FALSE", "no", "No", "NO", "off", "Off", "OFF", "0"];

/// What `PyYAML` takes for nothing.
const NULL: [&str; 5] = ["", "~", "null", "Null", "NULL"];

/// A section of the file.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Section {
    /// What the paths are relative to. May begin with `~` and name environment variables.
    pub base_path: Option<Spanned<String>>,
    /// True if its directories are searched before ComfyUI's own, and downloads go there.
    pub is_default: bool,
    /// Folder and directory, in written order.
    pub directories: Vec<(String, Spanned<String>)>,
}

/// Reads the file. Gives the sections that could be read; every problem is reported.
pub fn parse(file: FileId, text: &str, diagnostics: &mut Diagnostics) -> Vec<Section> {
    let mut reader = Reader::new(file, text, diagnostics);
    let sections = reader.document();
    if let Err(problem) = &sections {
        reader.diagnostics.push(*problem.clone());
    }
    sections.unwrap_or_default()
}

/// The text of a file that maps directories: `base_path`, then folder and directory.
#[must_use]
pub fn text_of<'d>(
    section: &str,
    base: &str,
    directories: impl Iterator<Item = (&'d str, &'d str)>,
) -> String {
    // JSON's strings are YAML's double-quoted ones.
    let quoted = |text: &str| serde_json::Value::from(text).to_string();
    let mut by_folder: Vec<(&str, Vec<&str>)> = Vec::new();
    for (folder, directory) in directories {
        match by_folder.iter_mut().find(|(known, _)| *known == folder) {
            Some((_, all)) => all.push(directory),
            None => by_folder.push((folder, vec![directory])),
        }
    }
    let mut text = format!("{section}:\n  base_path: {}\n", quoted(base));
    for (folder, directories) in by_folder {
        let _ = writeln!(text, "  {folder}: {}", quoted(&directories.join("\n")));
    }
    text
}

/// One event and where it stands.
struct Node<'t> {
    event: Event<'t>,
    span: Span,
}

struct Reader<'t, 'd> {
    events: Parser<'t, saphyr_parser::StrInput<'t>>,
    file: FileId,
    /// Where each character begins, unless characters are bytes.
    offsets: Option<Vec<usize>>,
    left: usize,
    diagnostics: &'d mut Diagnostics,
}

type Read<T> = Result<T, Box<Diagnostic>>;

impl<'t, 'd> Reader<'t, 'd> {
    fn new(file: FileId, text: &'t str, diagnostics: &'d mut Diagnostics) -> Self {
        let offsets = (!text.is_ascii()).then(|| text.char_indices().map(|(at, _)| at).collect());
        Self { events: Parser::new_from_str(text), file, offsets, left: MAX_EVENTS, diagnostics }
    }

    fn span(&self, start: usize, end: usize) -> Span {
        let byte = |character: usize| match &self.offsets {
            Some(offsets) => offsets.get(character).or(offsets.last()).copied().unwrap_or_default(),
            None => character,
        };
        Span::new(self.file, byte(start)..byte(end).max(byte(start)))
    }

    /// The next event that matters; the end of the file gives the last one again.
    fn next(&mut self) -> Read<Node<'t>> {
        loop {
            self.left = self.left.saturating_sub(1);
            if self.left == 0 {
                return Err(Box::new(problem("the file has too many entries", self.span(0, 0))));
            }
            match self.events.next_event() {
                Some(Ok((Event::Nothing | Event::StreamStart | Event::DocumentStart(_), _))) => {}
                Some(Ok((event, span))) => {
                    return Ok(Node { event, span: self.span(span.start.index(), span.end.index()) });
                }
                Some(Err(error)) => {
                    let at = error.marker().index();
                    let found = problem(format!("not valid YAML: {}", error.info()), self.span(at, at));
                    return Err(Box::new(found.help("ComfyUI does not start with this file")));
                }
                None => return Ok(Node { event: Event::StreamEnd, span: self.span(0, 0) }),
            }
        }
    }

    fn document(&mut self) -> Read<Vec<Section>> {
        let root = self.next()?;
        if !matches!(root.event, Event::MappingStart(..)) {
            let found = problem("the file has no sections", root.span);
            return Err(Box::new(found.help("write a name, and indented below it folders and their paths")));
        }
        let mut sections = Vec::new();
        while let Some((name, _)) = self.key()? {
            let value = self.next()?;
            match &value.event {
                Event::MappingStart(..) => sections.push(self.section()?),
                Event::Scalar(text, style, ..) if is_null(text, *style) => {}
                _ => {
                    self.skip(&value)?;
                    self.report(format!("`{name}` is no section: it has no folders"), value.span);
                }
            }
        }
        Ok(sections)
    }

    fn report(&mut self, message: String, span: Span) {
        let found = problem(message, span).help("ComfyUI does not start with this file");
        self.diagnostics.push(found);
    }

    /// The next key of a mapping, or nothing at its end.
    fn key(&mut self) -> Read<Option<(Cow<'t, str>, Span)>> {
        let node = self.next()?;
        match node.event {
            Event::Scalar(text, ..) => Ok(Some((text, node.span))),
            Event::MappingEnd | Event::StreamEnd => Ok(None),
            _ => Err(Box::new(problem("a name was expected here", node.span))),
        }
    }

    fn section(&mut self) -> Read<Section> {
        let mut section = Section::default();
        while let Some((name, name_span)) = self.key()? {
            let value = self.next()?;
            let Event::Scalar(text, style, ..) = &value.event else {
                self.skip(&value)?;
                self.report(
                    format!("`{name}` takes a text; several folders stand one a line, after `|`"),
                    name_span,
                );
                continue;
            };
            match &*name {
                "is_default" => {
                    section.is_default =
                        !(is_null(text, *style) || *style == ScalarStyle::Plain && FALSE.contains(&&**text));
                }
                _ if is_null(text, *style) => self.report(format!("`{name}` has no value"), name_span),
                "base_path" => section.base_path = Some(Spanned::new(text.clone().into_owned(), value.span)),
                _ => {
                    let lines = text.split('\n').filter(|line| !line.is_empty());
                    section.directories.extend(
                        lines.map(|line| {
                            (name.clone().into_owned(), Spanned::new(line.to_owned(), value.span))
                        }),
                    );
                }
            }
        }
        Ok(section)
    }

    /// Passes over a value whose first event was `node`.
    fn skip(&mut self, node: &Node<'t>) -> Read<()> {
        let mut depth = usize::from(matches!(node.event, Event::MappingStart(..) | Event::SequenceStart(..)));
        while depth > 0 {
            match self.next()?.event {
                Event::MappingStart(..) | Event::SequenceStart(..) => depth += 1,
                Event::MappingEnd | Event::SequenceEnd => depth -= 1,
                Event::StreamEnd => return Ok(()),
                _ => {}
            }
        }
        Ok(())
    }
}

fn problem(message: impl Into<String>, span: Span) -> Diagnostic {
    Diagnostic::format("bad-extra-model-paths", message).at(span, "")
}

fn is_null(text: &str, style: ScalarStyle) -> bool {
    style == ScalarStyle::Plain && NULL.contains(&text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Sources;

    fn read(text: &str) -> (Vec<Section>, Vec<String>) {
        let mut sources = Sources::new();
        let file = sources.add("x.yaml", text);
        let mut diagnostics = Diagnostics::new();
        let sections = parse(file, text, &mut diagnostics);
        let messages = diagnostics.iter().map(|problem| {
            let at = problem.span().map(|span| sources.line_column(file, span.start));
            format!("{}: {}", at.map_or(0, |at| at.line), problem.message)
        });
        (sections, messages.collect())
    }

    fn directories(section: &Section) -> Vec<(&str, &str)> {
        section.directories.iter().map(|(folder, path)| (folder.as_str(), path.value.as_str())).collect()
    }

    #[test]
    fn sections_are_read_as_comfyui_does() {
        let text = "# é\nvolume:\n  base_path: ~/models\n  is_default: yes\n  unet: wan2.2\n  loras: |\n    lora\n    \
                    more loras\n\nempty:\nother:\n    is_default: 'no'\n    vae: /a/vae/\n";
        let (sections, problems) = read(text);
        assert_eq!(problems, [""; 0]);
        let [volume, other] = &sections[..] else { panic!("{sections:?}") };
        assert_eq!(volume.base_path.as_ref().unwrap().value, "~/models");
        assert!(volume.is_default);
        assert_eq!(directories(volume), [("unet", "wan2.2"), ("loras", "lora"), ("loras", "more loras")]);
        // In quotes it is a text, and a text that is not empty is true in Python.
        assert!(other.is_default);
        assert_eq!(directories(other), [("vae", "/a/vae/")]);
        assert!(!read("a:\n  is_default: off\n").0[0].is_default);
    }

    #[test]
    fn what_stops_comfyui_is_reported_at_its_line() {
        for (text, expected) in [
            ("", "1: the file has no sections"),
            ("- a\n", "1: the file has no sections"),
            ("a: 1\n", "1: `a` is no section: it has no folders"),
            ("a:\n  loras:\n", "2: `loras` has no value"),
            (
                "é:\n  vae: x\n  loras:\n    - x\n",
                "3: `loras` takes a text; several folders stand one a line, after `|`",
            ),
            (
                "a:\n  b: &x y\n  loras: *x\n",
                "3: `loras` takes a text; several folders stand one a line, after `|`",
            ),
        ] {
            let (_, problems) = read(text);
            assert_eq!(problems, [expected], "{text:?}");
        }
        let (_, problems) = read("a: [\n");
        assert!(problems[0].contains("not valid YAML"), "{problems:?}");
        let (_, problems) = read(&format!("a:\n{}", "  b: c\n".repeat(MAX_EVENTS)));
        assert!(problems[0].contains("too many entries"), "{problems:?}");
        assert!(!read(&format!("a: {}", "[".repeat(20_000))).1.is_empty());
    }

    #[test]
    fn what_is_written_is_read_again() {
        let text =
            text_of("v", "/a \"b\"\\c", [("loras", "lora"), ("x", "1"), ("loras", "more")].into_iter());
        let (sections, problems) = read(&text);
        assert_eq!(problems, [""; 0], "{text}");
        assert_eq!(sections[0].base_path.as_ref().unwrap().value, "/a \"b\"\\c");
        assert_eq!(directories(&sections[0]), [("loras", "lora"), ("loras", "more"), ("x", "1")]);
    }
}
