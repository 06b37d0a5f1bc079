//! A prompt that begins or ends with blanks.

use crate::diag::{Diagnostic, Severity};
use crate::ir::Value;
use crate::lint::workflow::At;
use crate::lint::{Check, Group, Rule, Subject, page};

pub(super) static RULE: Rule = Rule {
    name: "blank-around-prompt",
    summary: "a prompt that begins or ends with blanks or empty lines, as pasting leaves them",
    group: Group::Style,
    subject: Subject::Workflow,
    severity: Some(Severity::Info),
    repairs: Some("with `--unsafe`: removes them"),
    page: page!("blank-around-prompt"),
    check: Check::Input(check),
};

fn check(at: &At<'_>) -> Option<Diagnostic> {
    let text = at.literal()?.as_str()?;
    // Songs end with an empty line.
    at.spec.filter(|spec| spec.dynamic_prompts && &*spec.name != "lyrics")?;
    let trimmed = text.trim();
    // A text of blanks alone is how some write that there is none.
    if trimmed.is_empty() || trimmed.len() == text.len() {
        return None;
    }
    let kind = |blanks: &str| if blanks.contains('\n') { "an empty line" } else { "a blank" };
    let before = &text[..text.len() - text.trim_start().len()];
    let after = &text[text.trim_end().len()..];
    let how = match (before.is_empty(), after.is_empty()) {
        (false, false) => format!("begins with {} and ends with {}", kind(before), kind(after)),
        (false, true) => format!("begins with {}", kind(before)),
        _ => format!("ends with {}", kind(after)),
    };
    let finding = at.finding(&RULE, format!("`{}` {how}", at.input.name));
    let fix = at.rewrite(&Value::Str(trimmed.into()), false);
    Some(Diagnostic {
        fix,
        ..finding.help("remove it: for some text encoders it is a word more, and the same prompt elsewhere gives another picture")
    })
}
