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
    repairs: Some("with `--unsafe`: a name that differs in case, `-` and `_` only"),
    page: page!("misspelt-model-file"),
    check: Check::Input(check),
};

/// Names below this length are near to too many others.
const SHORT: usize = 5;

fn check(at: &At<'_>) -> Option<Diagnostic> {
    let file = unlisted(at)?;
    let base = file.rsplit(['/', '\\']).next().unwrap_or(file);
    let finding = at.finding(&RULE, format!("there is no known model file {base:?}"));
    // Published names use `-`, `_` and `.` as they like, even those of a pair.
    let spelt = alike(base);
    if let Some(near) = at.facts.models.files().find(|file| alike(file) == spelt) {
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
    // One letter makes another model of it.
    if KINDS.iter().any(|kind| alike(near).contains(kind) != spelt.contains(kind)) {
        return None;
    }
    Some(finding.help(format!("did you mean {near:?}?")))
}

/// Parts of names that tell models apart.
const KINDS: [&str; 6] = ["t2v", "i2v", "s2v", "high", "low", "bf16"];

/// A name as it is whatever its case and separators.
fn alike(file: &str) -> String {
    file.to_ascii_lowercase().replace(['_', '.', ' '], "-")
}

/// The name of a file without its extension.
fn stem(file: &str) -> &str {
    file.rsplit_once('.').map_or(file, |(stem, _)| stem)
}
