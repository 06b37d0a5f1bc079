//! Texts that the editor rewrites as it sends them.

/// Applies what `{a|b}`, comments and escapes mean in a prompt. The first choice is taken; true if
/// there was one to take.
pub(super) fn prompt(text: &str) -> (String, bool) {
    let text = without_comments(text);
    let mut chosen = false;
    let mut result = String::with_capacity(text.len());
    // Inside of braces: how deep, and whether the first choice is over.
    let mut open: Vec<bool> = Vec::new();
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        let skipped = open.contains(&true);
        match letter {
            '\\' => {
                let next = letters.next();
                if !skipped {
                    match next {
                        Some(next @ ('{' | '}' | '|')) => result.push(next),
                        next => {
                            result.push('\\');
                            result.extend(next);
                        }
                    }
                }
            }
            '{' => open.push(false),
            '}' if !open.is_empty() => {
                open.pop();
            }
            '|' if !open.is_empty() => {
                chosen = true;
                if let Some(over) = open.last_mut() {
                    *over = true;
                }
            }
            letter if !skipped => result.push(letter),
            _ => {}
        }
    }
    (result, chosen)
}

/// The text to write so that [`prompt`] gives `text`; nothing if no text does.
pub(super) fn as_prompt(text: &str) -> Option<String> {
    // At the end of a text the editor takes what is not there for the escaped letter.
    let ends_escaped = (text.len() - text.trim_end_matches('\\').len()) % 2 == 1;
    let mut written = String::with_capacity(text.len());
    let mut last = None;
    for letter in text.chars() {
        match letter {
            '{' | '}' => written.extend(['\\', letter]),
            // A choice of one thing hides what would begin a comment.
            '/' | '*' if last == Some('/') => written.extend(['{', letter, '}']),
            _ => written.push(letter),
        }
        last = Some(letter);
    }
    (!ends_escaped && prompt(&written) == (text.to_owned(), false)).then_some(written)
}

/// A text without `/* … */` and `// …`.
fn without_comments(text: &str) -> String {
    let mut result = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('/') {
        let (before, comment) = rest.split_at(at);
        result.push_str(before);
        let length = if let Some(inner) = comment.strip_prefix("/*") {
            inner.find("*/").map(|end| end + 4)
        } else if comment.starts_with("//") {
            Some(comment.find(['\n', '\r', '\u{2028}', '\u{2029}']).unwrap_or(comment.len()))
        } else {
            None
        };
        // A slash that begins no comment stays.
        result.push_str(if length.is_none() { "/" } else { "" });
        rest = &comment[length.unwrap_or(1)..];
    }
    result.push_str(rest);
    result
}

/// A text in which `%name%` is replaced by what `value` gives for `name`.
pub(super) fn replace(text: &str, mut value: impl FnMut(&str) -> Option<String>) -> String {
    let mut result = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find('%') {
        let inner = &rest[start + 1..];
        match inner.find('%') {
            Some(length) if length > 0 => {
                result.push_str(&rest[..start]);
                match value(&inner[..length]) {
                    Some(value) => result.push_str(&value),
                    None => result.push_str(&rest[start..start + length + 2]),
                }
                rest = &inner[length + 1..];
            }
            Some(_) => {
                result.push_str(&rest[..=start]);
                rest = inner;
            }
            None => break,
        }
    }
    result.push_str(rest);
    result
}

/// A value as a part of a file name.
pub(super) fn file_name_part(text: &str) -> String {
    let bad = |letter: char| "/?<>\\:*|\"".contains(letter) || letter.is_ascii_control();
    text.chars().map(|letter| if bad(letter) { '_' } else { letter }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn choices_nest_and_the_first_is_taken() {
        let case = |text: &str| prompt(text);
        assert_eq!(case("a {b|c {d|e}} f"), ("a b f".to_owned(), true));
        assert_eq!(case("{{a|b} c|d}"), ("a c".to_owned(), true));
        assert_eq!(case("{one} | } {"), ("one | } ".to_owned(), false));
        assert_eq!(case(r"\{a\|b\} \n {x\||y}"), (r"{a|b} \n x|".to_owned(), true));
        assert_eq!(case("{a|b"), ("a".to_owned(), true));
    }

    #[test]
    fn a_text_is_written_so_that_it_is_sent_as_it_was() {
        for text in ["", "a {b|c} d", "http://x/*y*/ ///", r"a\\{b} \n | \\", "}{", "*/ /", "é\n\n// {"] {
            let written = as_prompt(text).expect(text);
            assert_eq!(prompt(&written), (text.to_owned(), false), "{written}");
        }
        assert_eq!((as_prompt(r"\{"), as_prompt(r"end\")), (None, None));
        assert_eq!(as_prompt("(a:1.2), b").as_deref(), Some("(a:1.2), b"));
    }

    #[test]
    fn comments_end_where_they_do_in_c() {
        assert_eq!(without_comments("a /* b\n*/ c // d\r\ne / f /*/ g"), "a  c \r\ne / f /*/ g");
        assert_eq!(without_comments("http://x"), "http:");
        assert_eq!(without_comments("/**/é/"), "é/");
    }

    #[test]
    fn names_between_percent_signs_are_replaced() {
        let upper = |name: &str| (name != "no").then(|| name.to_uppercase());
        assert_eq!(replace("%a%b%%c%no%d%", upper), "Ab%CnoD");
        assert_eq!(replace("%no%a%b%", upper), "%no%aB");
        assert_eq!(replace("50% of %é%", upper), "50 OF é%");
        assert_eq!(file_name_part("a/b:c\u{7f}é"), "a_b_c_é");
    }
}
