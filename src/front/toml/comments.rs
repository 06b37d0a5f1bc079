//! Comments of presets and graphs that allow findings: `# wfc: allow(rule, other-rule) reason`.

use std::sync::Arc;

use toml_parser::Source;
use toml_parser::lexer::TokenKind;

use crate::diag::{Diagnostic, Diagnostics};
use crate::source::{FileId, Span, Spanned};

/// A comment that allows findings on one line.
#[derive(Clone, Debug, PartialEq)]
pub struct Comment {
    /// The rules whose findings it allows, where they stand in the comment.
    pub rules: Vec<Spanned<Arc<str>>>,
    /// The line that it is about, which may hold a string of several lines: its own, or for a comment that has a
    /// line to itself the next one that is neither blank nor a comment. Empty if there is none.
    pub line: Span,
}

impl Comment {
    /// True if `span` begins on the comment's line.
    #[must_use]
    pub fn covers(&self, span: Span) -> bool {
        span.file == self.line.file && self.line.start <= span.start && span.start < self.line.end
    }
}

/// Reads the comments of a TOML text that allow findings. Those that cannot be read are reported.
pub fn read(file: FileId, text: &str, diagnostics: &mut Diagnostics) -> Vec<Comment> {
    let mut comments: Vec<Comment> = Vec::new();
    if !text.contains("wfc:") {
        return comments;
    }
    // Comments that wait for their line, and whether the current line holds more than comments and blanks.
    let (mut waiting, mut has_code, mut line_start) = (0, false, 0);
    for token in Source::new(text).lex() {
        let (start, end) = (token.span().start(), token.span().end());
        match token.kind() {
            TokenKind::Whitespace => {}
            TokenKind::Comment => {
                let comment = text.get(start..end).unwrap_or_default();
                if let Some(rules) = directive(comment, Span::new(file, start..end), diagnostics) {
                    comments.push(Comment { rules, line: Span::new(file, end..end) });
                    waiting += 1;
                }
            }
            TokenKind::Newline | TokenKind::Eof => {
                if has_code {
                    let first = comments.len() - waiting;
                    for comment in comments.iter_mut().skip(first) {
                        comment.line = Span::new(file, line_start..start.max(line_start + 1));
                    }
                    waiting = 0;
                }
                (has_code, line_start) = (false, end);
            }
            _ => has_code = true,
        }
    }
    comments
}

/// The rules that a comment allows; nothing if it is an ordinary comment, or one that cannot be read.
fn directive(comment: &str, span: Span, diagnostics: &mut Diagnostics) -> Option<Vec<Spanned<Arc<str>>>> {
    const HELP: &str = "write `# wfc: allow(rule) reason`";
    let rest = comment.trim_start_matches('#').trim_start().strip_prefix("wfc:")?.trim_start();
    let word =
        &rest[..rest.find(|c: char| !c.is_alphanumeric() && c != '_' && c != '-').unwrap_or(rest.len())];
    let arguments = rest[word.len()..].trim_start().strip_prefix('(');
    let is_meant = word == "allow" || (arguments.is_some() && !word.is_empty());
    if !is_meant {
        return None;
    }
    let mut report = |rule, message: String, help: &str| {
        diagnostics.push(Diagnostic::format(rule, message).at(span, "").help(help));
        None
    };
    if word != "allow" {
        return report("unknown-directive", format!("`{word}` is nothing that a comment can say"), HELP);
    }
    let Some((names, reason)) = arguments.and_then(|rest| rest.split_once(')')) else {
        return report("unknown-directive", "`allow` names no rules in brackets".into(), HELP);
    };
    let mut rules = Vec::new();
    let mut at = comment.len() - names.len() - 1 - reason.len();
    for name in names.split(',') {
        let start = at + (name.len() - name.trim_start().len());
        at += name.len() + 1;
        let name = name.trim();
        if !name.is_empty() {
            rules.push(Spanned::new(Arc::from(name), span.slice(start..start + name.len())));
        }
    }
    if rules.is_empty() {
        return report("unknown-directive", "`allow` names no rule".into(), HELP);
    }
    if reason.trim_matches(|c: char| c.is_whitespace() || c.is_ascii_punctuation()).is_empty() {
        return report("missing-reason", "`allow` needs a reason".into(), "write it behind the brackets");
    }
    Some(rules)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Sources;

    /// Rules and the line of each comment; what is reported.
    fn read_all(text: &str) -> (Vec<(String, String)>, Vec<String>) {
        let mut sources = Sources::new();
        let file = sources.add("x.toml", text);
        let mut diagnostics = Diagnostics::new();
        let comments = read(file, text, &mut diagnostics);
        let comments = comments.iter().map(|comment| {
            for rule in &comment.rules {
                assert_eq!(sources.text(rule.span), &*rule.value);
            }
            let rules: Vec<&str> = comment.rules.iter().map(|rule| &*rule.value).collect();
            (rules.join("+"), sources.text(comment.line).to_owned())
        });
        let problems = diagnostics.iter().map(|problem| format!("{}: {}", problem.rule, problem.message));
        (comments.collect(), problems.collect())
    }

    fn pair(rules: &str, line: &str) -> (String, String) {
        (rules.to_owned(), line.to_owned())
    }

    #[test]
    fn a_comment_is_about_its_line_or_the_next_one() {
        let text = "a = 1 # wfc: allow(one) so\n# wfc: allow(two, three) so\n\n# else\n#wfc:allow(four): so\n\
                    [nodes.x] # note\nb = [ # wfc: allow(five) so\n2]\n# wfc: allow(six) at the end";
        let (comments, problems) = read_all(text);
        assert_eq!(problems, [""; 0]);
        let expected = [
            pair("one", "a = 1 # wfc: allow(one) so"),
            pair("two+three", "[nodes.x] # note"),
            pair("four", "[nodes.x] # note"),
            pair("five", "b = [ # wfc: allow(five) so"),
            pair("six", ""),
        ];
        assert_eq!(comments, expected);
    }

    #[test]
    fn what_stands_in_strings_is_no_comment() {
        let text = "a = \"# wfc: allow(one) so\"\nb = '# wfc: allow(two) so'\nc = '''\n# wfc: allow(three) so\n''' \
                    # wfc: allow(four) so\n\"# wfc: allow(five) so\" = 1\n# wfc: is a tool\n";
        let (comments, problems) = read_all(text);
        assert_eq!(problems, [""; 0]);
        let line = "c = '''\n# wfc: allow(three) so\n''' # wfc: allow(four) so";
        assert_eq!(comments, [pair("four", line)]);
    }

    #[test]
    fn what_cannot_be_read_is_said() {
        let text = "# wfc: allow(one)\n# wfc: allow(two) --\n# wfc: alow(three) so\n# wfc: allow four\n\
                    # wfc: allow() so\n# wfc: allow(five so\na = 1\n";
        let (comments, problems) = read_all(text);
        assert_eq!(comments, []);
        let expected = [
            "missing-reason: `allow` needs a reason",
            "missing-reason: `allow` needs a reason",
            "unknown-directive: `alow` is nothing that a comment can say",
            "unknown-directive: `allow` names no rules in brackets",
            "unknown-directive: `allow` names no rule",
            "unknown-directive: `allow` names no rules in brackets",
        ];
        assert_eq!(problems, expected);
    }
}
