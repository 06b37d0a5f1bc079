//! An input under a name that its class has in another version, or that a related class has.

use crate::catalog::{Renamed, renamed_input};
use crate::diag::{Diagnostic, Edit, Fix, Severity};
use crate::lint::workflow::At;
use crate::lint::{Check, Group, Rule, Subject, page};

pub(super) static RULE: Rule = Rule {
    name: "renamed-input",
    summary: "an input under the name that it had in another version of its node pack",
    group: Group::Correctness,
    subject: Subject::Workflow,
    severity: Some(Severity::Warning),
    repairs: Some("where nothing but the name changed"),
    page: page!("renamed-input"),
    check: Check::Input(check),
};

fn check(at: &At<'_>) -> Option<Diagnostic> {
    let Renamed { now, change, .. } = renamed(at)?;
    let (name, class) = (&at.input.name, &at.class.name);
    let message = format!("`{class}` has no input `{name}`: it is called `{now}` now");
    let finding = at.finding(&RULE, message);
    let Some(change) = change else {
        let title = format!("write {now:?}");
        let edit = at.key.map(|span| Edit { span, text: format!("{now:?}") });
        let fix = edit.map(|edit| Fix { title: title.clone(), edits: vec![edit], safe: true });
        return Some(Diagnostic { fix, ..finding.help(format!("{title} in its place; the value stays")) });
    };
    Some(finding.help(format!("the meaning changed with the name: {change}")))
}

/// What the input is called now, if it has another name in this catalog and the node is not given that.
pub(super) fn renamed(at: &At<'_>) -> Option<Renamed> {
    if at.spec.is_some() {
        return None;
    }
    let renamed = renamed_input(&at.class.name, &at.input.name)?;
    let nothing_chosen = |_: &str| None;
    let is_declared = at.class.find_input(renamed.now, &nothing_chosen).is_some();
    (is_declared && at.node.input(renamed.now).is_none()).then_some(renamed)
}
