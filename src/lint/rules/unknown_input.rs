//! An input that the class does not have: the server ignores it.

use std::sync::Arc;

use crate::diag::{self, Diagnostic, Severity};
use crate::ir::{Argument, Value};
use crate::lint::workflow::At;
use crate::lint::{Check, Group, Rule, Subject, page};

pub(super) static RULE: Rule = Rule {
    name: "unknown-input",
    summary: "an input that its class does not have: a misspelling, or a class that changed",
    group: Group::Correctness,
    subject: Subject::Workflow,
    severity: Some(Severity::Warning),
    repairs: None,
    page: page!("unknown-input"),
    check: Check::Input(check),
};

fn check(at: &At<'_>) -> Option<Diagnostic> {
    // What is linked to no node has a rule of its own.
    let is_link =
        at.literal().is_some_and(|value| super::undeclared_link_to_nowhere::source(value).is_some());
    if at.spec.is_some() || is_link || is_legal(at) || super::renamed_input::renamed(at).is_some() {
        return None;
    }
    let (name, class) = (&at.input.name, &at.class.name);
    let selected = |name: &str| -> Option<Arc<str>> {
        match &at.node.input(name)?.value {
            Argument::Literal(Value::Str(text)) => Some(text.clone()),
            _ => None,
        }
    };
    if at.class.find_input(name, &selected).is_some() {
        return None;
    }
    // What is linked is handed to the node's code all the same, which fails on it unless it takes anything.
    let becomes = match at.input.value {
        Argument::Link { .. } => "what is linked there reaches the node, and most fail on it",
        Argument::Literal(_) => "ComfyUI ignores it",
    };
    let finding = at.finding(&RULE, format!("`{class}` has no input `{name}`; {becomes}"));
    if at.class.hidden.contains(name) {
        return Some(finding.help("the server fills it in itself; remove it"));
    }
    let look = format!("remove it; `wfc catalog show {class}` lists what the class takes");
    if at.node.inputs().len() > MANY {
        return Some(finding.help(look));
    }
    let specs = at.class.known_inputs(&selected);
    let free = || specs.iter().filter(|spec| at.node.input(&spec.name).is_none());
    let near = diag::did_you_mean(name, free().map(|spec| &*spec.name));
    // What is required and not there may be what the input is called in another version of the pack.
    let missing: Vec<&str> = free().filter(|spec| spec.required).map(|spec| &*spec.name).collect();
    let renamed = missing.iter().find(|missing| missing.contains(&**name) || name.contains(**missing));
    let renamed = renamed.or_else(|| missing.first().filter(|_| missing.len() == 1));
    let renamed =
        renamed.map(|now| format!("the class needs `{now}`, which is missing: is it called that now?"));
    Some(finding.help(near.or(renamed).unwrap_or(look)))
}

/// Nodes with more inputs than any class has get no suggestions.
const MANY: usize = 300;

/// Inputs that classes take without declaring them, or that the editor leaves behind.
fn is_legal(at: &At<'_>) -> bool {
    // The members of another choice of a dynamic input, which the editor keeps.
    let family = at.input.name.split_once('.').is_some_and(|(family, _)| at.class.input(family).is_some());
    // Buttons, previews and previews' addresses have empty values and do nothing.
    let is_blank = match at.literal() {
        Some(Value::Str(text)) => text.is_empty(),
        Some(Value::Null) => true,
        _ => false,
    };
    family || is_blank || at.facts.catalog.is_editor_input(&at.class.name, &at.input.name)
}
