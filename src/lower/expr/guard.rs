//! Refuses expressions that could take all memory, before they are evaluated.
//!
//! Fuel bounds the number of steps, but one step may repeat a text or a list a hundred million times.
//! So only numbers are multiplied, and lists stand after `in` only. The check works on tokens and
//! errs on the side of refusal: what it cannot see to be a number may not be multiplied.

use std::ops::Range;

use super::FILTERS;
use crate::diag;

/// Filters whose result is a number, whatever they are given.
const NUMERIC_FILTERS: [&str; 7] = ["abs", "ceil", "float", "floor", "int", "length", "round"];

/// What is wrong with an expression, and where in its text.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) range: Range<usize>,
    pub(super) message: String,
    pub(super) help: String,
}

const LIST: &str = "a list may stand after `in` only";
const LIST_HELP: &str = "compare with it, as in: mode in ['a', 'b']";
const MULTIPLICATION: &str = "only numbers can be multiplied";
const MULTIPLICATION_HELP: &str =
    "choose between texts outside of the multiplication, as in: 2 * width if mode == 'a' else width";

/// The first reason to refuse `text`. `is_text` tells whether a parameter is anything but a number.
pub(super) fn refusal(text: &str, is_text: &dyn Fn(&str) -> bool) -> Option<Refusal> {
    let tokens = Tokens { text, all: tokenize(text), is_text };
    (0..tokens.all.len()).find_map(|at| tokens.refusal_at(at))
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Word,
    Number,
    Text,
    Operator,
}

#[derive(Clone, Debug)]
struct Token {
    kind: Kind,
    range: Range<usize>,
}

fn tokenize(text: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut rest = text.char_indices().peekable();
    while let Some((start, c)) = rest.next() {
        let mut end = start + c.len_utf8();
        let kind = match c {
            _ if c.is_whitespace() => continue,
            '"' | '\'' => {
                let mut escaped = false;
                for (at, inner) in rest.by_ref() {
                    end = at + inner.len_utf8();
                    if inner == c && !escaped {
                        break;
                    }
                    escaped = inner == '\\' && !escaped;
                }
                Kind::Text
            }
            _ if c.is_alphanumeric() || c == '_' => {
                let is_number = c.is_ascii_digit();
                while let Some((at, part)) = rest.next_if(|(_, part)| {
                    part.is_alphanumeric() || *part == '_' || (is_number && *part == '.')
                }) {
                    end = at + part.len_utf8();
                }
                if is_number { Kind::Number } else { Kind::Word }
            }
            // A field of the current item is one word.
            '.' if tokens.last().is_some_and(|last: &Token| &text[last.range.clone()] == super::ITEM) => {
                while let Some((at, part)) = rest.next_if(|(_, part)| part.is_alphanumeric() || *part == '_')
                {
                    end = at + part.len_utf8();
                }
                let item = tokens.pop().map_or(start, |item| item.range.start);
                tokens.push(Token { kind: Kind::Word, range: item..end });
                continue;
            }
            _ => {
                let doubled =
                    |next: char| matches!((c, next), ('*', '*') | ('/', '/') | ('=' | '!' | '<' | '>', '='));
                if let Some((at, next)) = rest.next_if(|(_, next)| doubled(*next)) {
                    end = at + next.len_utf8();
                }
                Kind::Operator
            }
        };
        tokens.push(Token { kind, range: start..end });
    }
    tokens
}

struct Tokens<'t> {
    text: &'t str,
    all: Vec<Token>,
    is_text: &'t dyn Fn(&str) -> bool,
}

impl Tokens<'_> {
    /// The text of a token; empty before the first and after the last one.
    fn at(&self, index: Option<usize>) -> &str {
        index.and_then(|index| self.all.get(index)).map_or("", |token| &self.text[token.range.clone()])
    }

    fn refusal_at(&self, at: usize) -> Option<Refusal> {
        let range = || self.all[at].range.clone();
        let refuse = |message: &str, help: &str| {
            Some(Refusal { range: range(), message: message.to_owned(), help: help.to_owned() })
        };
        match (self.all[at].kind, self.at(Some(at))) {
            (Kind::Operator, "{") => refuse("there are no tables in expressions", LIST_HELP),
            // MiniJinja does not tell which parameters a slice reads.
            (Kind::Operator, ":") => {
                refuse("there are no slices in expressions", "compare the whole, or one element: text[0]")
            }
            (Kind::Operator, "[") if !self.is_subscript(at) && self.at(at.checked_sub(1)) != "in" => {
                refuse(LIST, LIST_HELP)
            }
            (Kind::Operator, ",") if self.is_in_group(at) => refuse(LIST, LIST_HELP),
            (Kind::Operator, "*") if !self.number_before(at) || !self.number_after(at) => {
                refuse(MULTIPLICATION, MULTIPLICATION_HELP)
            }
            (Kind::Word, word) if self.at(at.checked_sub(1)) == "|" && !FILTERS.contains(&word) => {
                let help = diag::did_you_mean(word, FILTERS)
                    .unwrap_or_else(|| format!("the filters are: {}", FILTERS.join(", ")));
                Some(Refusal { range: range(), message: format!("there is no filter `{word}`"), help })
            }
            _ => None,
        }
    }

    /// True if the bracket takes an element of what stands before it.
    fn is_subscript(&self, at: usize) -> bool {
        let Some(before) = at.checked_sub(1) else { return false };
        let word = self.at(Some(before));
        match self.all[before].kind {
            Kind::Word => !matches!(word, "in" | "and" | "or" | "not" | "if" | "else" | "is"),
            Kind::Text => true,
            Kind::Operator => matches!(word, ")" | "]"),
            Kind::Number => false,
        }
    }

    /// True if the innermost bracket around a token is a parenthesis that is no filter's or test's.
    fn is_in_group(&self, at: usize) -> bool {
        let mut depth = 0_usize;
        for index in (0..at).rev() {
            match self.at(Some(index)) {
                ")" | "]" | "}" => depth += 1,
                "(" | "[" | "{" if depth > 0 => depth -= 1,
                "(" => return index.checked_sub(1).is_none_or(|before| self.all[before].kind != Kind::Word),
                "[" | "{" => return false,
                _ => {}
            }
        }
        true
    }

    fn opening(&self, close: usize) -> Option<usize> {
        let mut depth = 0_usize;
        (0..=close).rev().find(|&index| {
            match self.at(Some(index)) {
                ")" | "]" => depth += 1,
                "(" | "[" => depth -= 1,
                _ => {}
            }
            depth == 0
        })
    }

    fn closing(&self, open: usize) -> Option<usize> {
        let mut depth = 0_usize;
        (open..self.all.len()).find(|&index| {
            match self.at(Some(index)) {
                "(" | "[" => depth += 1,
                ")" | "]" => depth = depth.saturating_sub(1),
                _ => {}
            }
            depth == 0
        })
    }

    /// True if the operand that ends before `at` is a number.
    fn number_before(&self, at: usize) -> bool {
        let Some(last) = at.checked_sub(1) else { return false };
        let word = self.at(Some(last));
        match self.all[last].kind {
            Kind::Number => true,
            Kind::Word if self.at(last.checked_sub(1)) == "|" => NUMERIC_FILTERS.contains(&word),
            Kind::Word => !(self.is_text)(word) && self.at(last.checked_sub(1)) != ".",
            Kind::Operator if word == ")" => match self.opening(last) {
                Some(open) if self.is_filter_call(open) => {
                    NUMERIC_FILTERS.contains(&self.at(open.checked_sub(1)))
                }
                Some(open) => self.is_numeric_group(open, last),
                None => false,
            },
            Kind::Text | Kind::Operator => false,
        }
    }

    fn is_filter_call(&self, open: usize) -> bool {
        open.checked_sub(1)
            .is_some_and(|word| self.all[word].kind == Kind::Word && self.at(word.checked_sub(1)) == "|")
    }

    /// True if the operand that begins after `at` is a number.
    fn number_after(&self, at: usize) -> bool {
        let mut first = at + 1;
        while matches!(self.at(Some(first)), "-" | "+") {
            first += 1;
        }
        let Some(token) = self.all.get(first) else { return false };
        let word = self.at(Some(first));
        let (end, is_number) = match token.kind {
            Kind::Number => (first, true),
            Kind::Text => (first, false),
            Kind::Word => (first, !(self.is_text)(word)),
            Kind::Operator if word == "(" => match self.closing(first) {
                Some(close) => (close, self.is_numeric_group(first, close)),
                None => return false,
            },
            Kind::Operator => return false,
        };
        match self.at(Some(end + 1)) {
            "|" => self.ends_in_a_numeric_filter(end + 1),
            "." | "[" => false,
            _ => is_number,
        }
    }

    /// True if the last filter of the chain that begins at the bar `at` gives a number.
    fn ends_in_a_numeric_filter(&self, mut at: usize) -> bool {
        loop {
            let numeric = NUMERIC_FILTERS.contains(&self.at(Some(at + 1)));
            let mut next = at + 2;
            if self.at(Some(next)) == "(" {
                next = self.closing(next).map_or(self.all.len(), |close| close + 1);
            }
            match self.at(Some(next)) {
                "|" => at = next,
                "." | "[" => return false,
                _ => return numeric,
            }
        }
    }

    /// True if no text or list can come out of a group: there is none in it, or it is compared.
    fn is_numeric_group(&self, open: usize, close: usize) -> bool {
        let is_comparison =
            |index: Option<usize>| matches!(self.at(index), "==" | "!=" | "<" | ">" | "<=" | ">=" | "in");
        let mut at = open + 1;
        while at < close {
            let word = self.at(Some(at));
            let may_be_text = match self.all[at].kind {
                Kind::Text => true,
                Kind::Word => (self.is_text)(word),
                Kind::Operator if word == "[" => {
                    let compared = self.at(at.checked_sub(1)) == "in";
                    at = self.closing(at).unwrap_or(close);
                    !compared
                }
                Kind::Operator if word == "|" => !self.ends_in_a_numeric_filter(at),
                Kind::Operator => word == "~",
                Kind::Number => false,
            };
            let compared = is_comparison(at.checked_sub(1)) || is_comparison(Some(at + 1));
            let counted = self.at(Some(at + 1)) == "|" && self.ends_in_a_numeric_filter(at + 1);
            if may_be_text && !compared && !counted {
                return false;
            }
            at += 1;
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(text: &str) -> Option<String> {
        refusal(text, &|name| matches!(name, "mode" | "prompt" | "loras")).map(|refusal| refusal.message)
    }

    #[test]
    fn unknown_filters_are_named() {
        assert_eq!(message("width | abbs").unwrap(), "there is no filter `abbs`");
        assert_eq!(message("'a | b' == mode"), None);
    }

    #[test]
    fn numbers_are_multiplied_in_every_usual_way() {
        for fine in [
            "width * 2",
            "2 * -width",
            "(seconds * fps) | int * 2",
            "(5 if mode == 'x' else 7) * width",
            "width * (5 if mode in ['a', 'b'] else 7)",
            "3 * loras | length",
            "(loras | length) * 2 > 4",
            "width | round(1) * 2",
            "2 ** 3 * 4",
            "mode in ['a*b', 'c'] and width * height > 5",
            "prompt[0] == 'a'",
            "((width // 2) * 2 - 1) // 4 * 4 + 1",
        ] {
            assert_eq!(message(fine), None, "{fine}");
        }
    }

    #[test]
    fn texts_and_lists_are_not_multiplied() {
        for bad in [
            "'x' * 9",
            "9 * 'x'",
            "prompt * 9",
            "9 * (prompt)",
            "(width | string) * 9",
            "(prompt ~ 'x') * 9",
            "('a' if width else 'b') * 9",
            "prompt | upper * 9",
            "prompt[0] * 9",
            "9 * prompt[0]",
            "loras * 9",
            "width in [1] * 9",
            "(1 == 1 and 'abc') * 9",
        ] {
            assert_eq!(message(bad).as_deref(), Some(MULTIPLICATION), "{bad}");
        }
    }

    #[test]
    fn lists_are_compared_with_and_nothing_else() {
        for bad in ["[1, 2]", "[[1]]", "(1, 2)", "width in [[1], [2]]", "1, 2", "[1] + [2]"] {
            assert_eq!(message(bad).as_deref(), Some(LIST), "{bad}");
        }
        assert!(message("{'a': 1}").is_some());
    }

    #[test]
    fn slices_are_refused() {
        for bad in ["prompt[-4:] == '.png'", "prompt[:2] == 'a'", "prompt[0:1] == 'a'"] {
            assert_eq!(message(bad).as_deref(), Some("there are no slices in expressions"), "{bad}");
        }
        assert_eq!(message("prompt == 'a: b'"), None);
    }
}
