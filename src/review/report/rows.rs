//! Two texts beside each other: which words and lines differ.

use similar::{ChangeTag, TextDiff};

use crate::review::words::printable;

/// Longer texts are cut, in characters.
const MAX_TEXT: usize = 3_000;
/// So many lines of a file are shown.
const MAX_LINES: usize = 1_500;
/// So many characters of a line.
const MAX_LINE: usize = 400;
/// Texts that have less than this in common are shown as a whole.
const ALIKE: f32 = 0.3;

/// A part of a text, and whether the other text has it.
pub(super) type Parts = Vec<(bool, String)>;

/// Both texts in parts; true stands for what the other one lacks.
pub(super) fn words(old: &str, new: &str) -> (Parts, Parts) {
    let (old, new) = (printable_cut(old), printable_cut(new));
    let (one, other) = (tokens(&old), tokens(&new));
    let diff = TextDiff::from_slices(&one, &other);
    if diff.ratio() < ALIKE {
        return (vec![(true, old)], vec![(true, new)]);
    }
    let (mut before, mut after) = (Parts::new(), Parts::new());
    for change in diff.iter_all_changes() {
        match change.tag() {
            ChangeTag::Equal => {
                push(&mut before, false, change.value());
                push(&mut after, false, change.value());
            }
            ChangeTag::Delete => push(&mut before, true, change.value()),
            ChangeTag::Insert => push(&mut after, true, change.value()),
        }
    }
    (before, after)
}

/// Words, and what stands between them sign by sign: names of files are made of words, too.
fn tokens(text: &str) -> Vec<&str> {
    let mut all = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let is_word = first.is_alphanumeric();
        let end = if is_word { rest.find(|c: char| !c.is_alphanumeric()) } else { Some(first.len_utf8()) };
        let (token, behind) = rest.split_at(end.unwrap_or(rest.len()));
        all.push(token);
        rest = behind;
    }
    all
}

fn push(parts: &mut Parts, differs: bool, text: &str) {
    match parts.last_mut() {
        Some((known, last)) if *known == differs => last.push_str(text),
        _ => parts.push((differs, text.to_owned())),
    }
}

fn printable_cut(text: &str) -> String {
    let text = super::details::cut(text, MAX_TEXT).replace('\t', " ");
    text.lines().map(printable).collect::<Vec<_>>().join("\n")
}

/// What changed from one text to another, in the form of `diff -u`; empty if nothing. A side that is not there is empty.
#[must_use]
pub fn unified(name: &str, old: Option<&str>, new: Option<&str>) -> String {
    if old == new {
        return String::new();
    }
    let diff = TextDiff::from_lines(old.unwrap_or_default(), new.unwrap_or_default());
    let side = |text: Option<&str>, prefix: &str| match text {
        Some(_) => format!("{prefix}/{name}"),
        None => "/dev/null".to_owned(),
    };
    let (old, new) = (side(old, "a"), side(new, "b"));
    let text = diff.unified_diff().context_radius(3).header(&old, &new).to_string();
    let mut out = String::new();
    for (at, line) in text.lines().enumerate() {
        if at == MAX_LINES {
            out.push_str("… more lines\n");
            break;
        }
        out.push_str(&printable(&super::details::cut(line, MAX_LINE).replace('\t', "    ")));
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_that_differ_are_told_from_others() {
        let (old, new) = words("a red coat", "a blue coat");
        let part = |differs, text: &str| (differs, text.to_owned());
        assert_eq!(old, [part(false, "a "), part(true, "red"), part(false, " coat")]);
        assert_eq!(new, [part(false, "a "), part(true, "blue"), part(false, " coat")]);
        assert_eq!(words("a_bf16.gguf", "a_fp8.gguf").1[1], part(true, "fp8"));
        assert_eq!(words("one", "other"), (vec![part(true, "one")], vec![part(true, "other")]));
    }

    #[test]
    fn a_file_that_is_not_there_has_another_name() {
        let text = unified("p.toml", None, Some("a = 1\n"));
        assert_eq!(text, "--- /dev/null\n+++ b/p.toml\n@@ -0,0 +1 @@\n+a = 1\n");
        assert_eq!(unified("p.toml", Some("a"), Some("a")), "");
    }
}
