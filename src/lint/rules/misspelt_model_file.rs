//! A model file whose name is almost that of a known one.

use super::unknown_model_file::unlisted;
use crate::diag::{self, Diagnostic, Severity};
use crate::ir::Value;
use crate::lint::workflow::At;
use crate::lint::{Check, Group, Rule, Subject, page};

pub(super) static RULE: Rule = Rule {
    name: "misspelt-model-file",
    summary: "a model file whose name is almost that of a known model",
    group: Group::Portability,
    subject: Subject::Workflow,
    severity: Some(Severity::Warning),
    repairs: Some("with `--unsafe`: a name with `-` for `_`, or the other way round"),
    page: page!("misspelt-model-file"),
    check: Check::Input(check),
};

/// Names below this length are near to too many others.
const SHORT: usize = 5;

fn check(at: &At<'_>) -> Option<Diagnostic> {
    let file = unlisted(at)?;
    let base = file.rsplit(['/', '\\']).next().unwrap_or(file);
    let finding = at.finding(&RULE, format!("there is no known model file {base:?}"));
    // Of the files of a pair one may have `-` where the other has `_`.
    if let Some(near) = at.facts.models.files().find(|near| is_other_separator(near, base)) {
        let folder = &file[..file.len() - base.len()];
        let fix = at.rewrite(&Value::Str(format!("{folder}{near}").into()), false);
        return Some(Diagnostic { fix, ..finding.help(format!("did you mean {near:?}?")) });
    }
    let near = diag::nearest(base, at.facts.models.files())?;
    // Versions and precisions differ in a digit or two, and are different files.
    let digits = |name: &str| name.chars().filter(char::is_ascii_digit).collect::<String>();
    if digits(near) != digits(base) || near.len().abs_diff(base.len()) > 2 {
        return None;
    }
    // Extensions are long and alike, so what stands before them must be near by itself.
    if stem(base).len() < SHORT || diag::nearest(stem(base), [stem(near)]).is_none() {
        return None;
    }
    // One letter makes another model of it, and the same letters are how another publisher writes it.
    let (near_letters, letters) = (letters(near), letters(base));
    let is_other = |kind: &&str| near_letters.contains(*kind) != letters.contains(*kind);
    if near_letters == letters || KINDS.iter().any(is_other) {
        return None;
    }
    Some(finding.help(format!("did you mean {near:?}?")))
}

/// Parts of names that tell models apart.
const KINDS: [&str; 6] = ["t2v", "i2v", "s2v", "high", "low", "bf16"];

/// A name without what separates its parts.
fn letters(file: &str) -> String {
    file.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}

/// True if one `-` or `_` is all that two names differ in.
fn is_other_separator(a: &str, b: &str) -> bool {
    let differ = || a.bytes().zip(b.bytes()).filter(|(a, b)| a != b);
    let is_separator = |byte: u8| matches!(byte, b'-' | b'_');
    a.len() == b.len() && differ().count() == 1 && differ().all(|(a, b)| is_separator(a) && is_separator(b))
}

/// The name of a file without its extension.
fn stem(file: &str) -> &str {
    file.rsplit_once('.').map_or(file, |(stem, _)| stem)
}
