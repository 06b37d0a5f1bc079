//! The filters of expressions: some of MiniJinja's, and a few for what graphs check in texts.

use minijinja::{Environment, Error, ErrorKind, filters};

/// Adds all of [`FILTERS`](super::FILTERS).
pub(super) fn add(environment: &mut Environment<'_>) {
    environment.add_filter("abs", filters::abs);
    environment.add_filter("bool", filters::bool);
    environment.add_filter("ceil", |number: f64| whole(number.ceil()));
    environment.add_filter("falls_to_zero", falls_to_zero);
    environment.add_filter("float", filters::float);
    environment.add_filter("floor", |number: f64| whole(number.floor()));
    environment.add_filter("int", filters::int);
    environment.add_filter("length", filters::length);
    environment.add_filter("lower", filters::lower);
    environment.add_filter("round", filters::round);
    environment.add_filter("string", filters::string);
    environment.add_filter("trim", |text: &str| text.trim().to_owned());
    environment.add_filter("upper", filters::upper);
    environment.add_filter("words", words);
}

#[expect(clippy::cast_possible_truncation, reason = "rounded before, and checked to be within range")]
fn whole(number: f64) -> Result<i64, Error> {
    const LIMIT: f64 = 9_007_199_254_740_992.0; // 2^53: every whole number below is exact
    if number.abs() <= LIMIT {
        Ok(number as i64)
    } else {
        Err(Error::new(ErrorKind::InvalidOperation, "the number is too large to be rounded exactly"))
    }
}

/// True if a text is at least two numbers, separated by commas or blanks, of which each is less than the
/// one before and the last is 0: noise levels for the class `ManualSigmas`.
///
/// The numbers are plain decimals. The class picks digits and points out of the text, so that it would
/// read `1e-3` as two numbers and skip a word.
fn falls_to_zero(text: &str) -> bool {
    let separators = |c: char| c == ',' || c.is_whitespace();
    let number = |word: &str| {
        let is_plain = word.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
        word.parse::<f64>().ok().filter(|number| is_plain && number.is_finite())
    };
    let words = text.split(separators).filter(|word| !word.is_empty());
    let Some(levels) = words.map(number).collect::<Option<Vec<f64>>>() else { return false };
    levels.len() > 1 && levels.is_sorted_by(|a, b| a > b) && levels.last() == Some(&0.0)
}

/// The words and numbers of a text in small letters, with one blank before and after each, so that whole
/// words are found: `' image 2 ' in (prompt | words)` holds for "the hat of Image 2." and not for "image 20".
fn words(text: &str) -> String {
    let mut words = String::from(" ");
    for word in text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()) {
        words.push_str(&word.to_lowercase());
        words.push(' ');
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn noise_levels_fall_from_one_to_the_next_and_end_in_zero() {
        for fine in ["0.9, 0.5, 0.0", "0.9,0.5,0", "1. 0.5 0", " 1.,0.25,\n.0 ", "0.9, 0"] {
            assert!(falls_to_zero(fine), "{fine}");
        }
        for bad in [
            "",
            "0",
            "0.9",
            "0.9, 0.5",
            "0.9, 0.05",
            "0.9, 10.0",
            "0.5, 0.9, 0.0",
            "0.9, 0.9, 0",
            "0.9, 0, 0",
            "hello, 0.0",
            "0.9; 0.5; 0",
            "1e-1, 0",
            "0.9, -0.1, 0",
            "inf, 0",
            "nan, 0",
            "0.9.5, 0",
            "., 0",
        ] {
            assert!(!falls_to_zero(bad), "{bad}");
        }
    }

    #[test]
    fn words_stand_between_blanks() {
        assert_eq!(words("The hat of Image-2,\nand İt"), " the hat of image 2 and i\u{307}t ");
        assert_eq!(words("…"), " ");
    }
}
