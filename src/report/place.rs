//! Places as other programs take them: paths with `/`, URIs, lines and columns.

use std::ffi::OsStr;
use std::fmt::Write as _;
use std::path::{Component, Path, Prefix};

use crate::source::{LineColumn, Sources, Span};

/// A place in a file.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place<'s> {
    /// The file.
    pub(super) path: &'s Path,
    /// What of it; nothing for a picture, which has no lines.
    pub(super) region: Option<Region>,
}

/// A part of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Region {
    /// Its first character.
    pub(super) start: LineColumn,
    /// Just behind its last character; unknown for a file that was not read.
    pub(super) end: Option<LineColumn>,
}

impl<'s> Place<'s> {
    /// The place of `span`.
    pub(super) fn of(sources: &'s Sources, span: Span) -> Self {
        let file = sources.file(span.file);
        // The places of a workflow in a picture are those of the text that the picture carries.
        let is_picture = ["png", "webp"]
            .iter()
            .any(|known| file.path().extension().is_some_and(|it| it.eq_ignore_ascii_case(known)));
        let region = || Region {
            start: sources.line_column(span.file, span.start),
            end: file.is_read().then(|| sources.line_column(span.file, span.end)),
        };
        Self { path: file.path(), region: (!is_picture).then(region) }
    }
}

/// A path with `/` between its parts, without `.` parts.
pub(super) fn slashed(path: &Path) -> String {
    join(path, |part, out| out.push_str(&part.to_string_lossy()))
}

/// A path as a URI: relative if the path is.
pub(super) fn uri(path: &Path) -> String {
    let start = match path.components().next() {
        Some(Component::Prefix(prefix)) if matches!(prefix.kind(), Prefix::Disk(_)) => "file:///",
        Some(Component::RootDir) => "file://",
        _ => "",
    };
    format!("{start}{}", join(path, push_encoded))
}

/// True if the path says where it starts.
pub(super) fn is_whole(path: &Path) -> bool {
    matches!(path.components().next(), Some(Component::Prefix(_) | Component::RootDir))
}

fn join(path: &Path, push: impl Fn(&OsStr, &mut String)) -> String {
    let mut out = String::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            // Of `C:` the colon stays.
            Component::Prefix(prefix) => {
                out.push_str(&prefix.as_os_str().to_string_lossy().replace('\\', "/"));
            }
            Component::RootDir => out.push('/'),
            Component::ParentDir | Component::Normal(_) => {
                if !out.is_empty() && !out.ends_with('/') {
                    out.push('/');
                }
                push(part.as_os_str(), &mut out);
            }
        }
    }
    if out.is_empty() { ".".to_owned() } else { out }
}

/// Everything is encoded that is not unreserved, so also a `:`, which would end a scheme.
fn push_encoded(part: &OsStr, out: &mut String) {
    for &byte in part.as_encoded_bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_written_alike_however_they_were_named() {
        for (path, expected) in [
            ("presets/x.toml", "presets/x.toml"),
            ("./presets/./x.toml", "presets/x.toml"),
            ("../x.toml", "../x.toml"),
            ("a//b/", "a/b"),
            (".", "."),
        ] {
            assert_eq!(slashed(Path::new(path)), expected);
            assert_eq!(uri(Path::new(path)), expected);
            assert!(!is_whole(Path::new(path)));
        }
        assert_eq!(uri(Path::new("a b/ü:#?%.json")), "a%20b/%C3%BC%3A%23%3F%25.json");
        if cfg!(unix) {
            assert_eq!(slashed(Path::new("/tmp/x y.json")), "/tmp/x y.json");
            assert_eq!(uri(Path::new("/tmp/x y.json")), "file:///tmp/x%20y.json");
            assert!(is_whole(Path::new("/tmp")));
        }
    }

    #[test]
    fn pictures_have_no_lines() {
        let mut sources = Sources::new();
        for (path, has_region) in [("x.json", true), ("x.PNG", false), ("x.webp", false), ("png", true)] {
            let file = sources.add(path, "{\n}");
            let place = Place::of(&sources, Span::new(file, 2..3));
            let start = place.region.map(|region| region.start);
            assert_eq!(start, has_region.then_some(LineColumn { line: 2, column: 1 }), "{path}");
        }
    }
}
