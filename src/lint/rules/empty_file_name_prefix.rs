//! An output whose files have no name.

use crate::diag::{Diagnostic, Severity};
use crate::lint::workflow::At;
use crate::lint::{Check, Group, Rule, Subject, page};

pub(super) static RULE: Rule = Rule {
    name: "empty-file-name-prefix",
    summary: "an output with an empty `filename_prefix`, whose files only a counter names",
    group: Group::Style,
    subject: Subject::Workflow,
    severity: Some(Severity::Warning),
    repairs: None,
    page: page!("empty-file-name-prefix"),
    check: Check::Input(check),
};

fn check(at: &At<'_>) -> Option<Diagnostic> {
    let prefix = at.literal()?.as_str()?;
    let is_prefix = at.class.output_node && &*at.input.name == "filename_prefix";
    if !is_prefix || !prefix.trim_matches(['/', '\\', '.', ' ']).is_empty() {
        return None;
    }
    let message = format!("`filename_prefix` is {prefix:?}, and the files are called `_00001_` and so on");
    Some(at.finding(&RULE, message).help("write a name by which the files can be told from others"))
}
