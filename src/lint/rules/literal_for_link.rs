//! A value where only another node's output makes sense.

use crate::catalog::InputKind;
use crate::diag::{Diagnostic, Severity};
use crate::ir::Value;
use crate::lint::workflow::At;
use crate::lint::{Check, Group, Rule, Subject, page};

pub(super) static RULE: Rule = Rule {
    name: "literal-for-link",
    summary: "a value on an input that only another node can feed; ComfyUI takes it and the node fails",
    group: Group::Correctness,
    subject: Subject::Workflow,
    severity: Some(Severity::Error),
    repairs: None,
    page: page!("literal-for-link"),
    check: Check::Input(check),
};

/// The types that have a widget of their own, those that the editor fills from the browser (a 3D view, a
/// camera, a microphone), and the one that takes anything.
const WIDGETS: [&str; 9] =
    ["INT", "FLOAT", "STRING", "BOOLEAN", "COMBO", "LOAD_3D", "WEBCAM", "AUDIO_RECORD", "*"];

fn check(at: &At<'_>) -> Option<Diagnostic> {
    let (value, spec) = (at.literal()?, at.spec?);
    let InputKind::Link(types) = &spec.kind else { return None };
    // Packs bring widgets for types of their own: colours, curves, scenes.
    let has_widget = spec.socketless || spec.widget.is_some() || spec.default.is_some();
    let takes_values = types.split(',').any(|member| WIDGETS.contains(&member.trim()));
    // A list is a broken link, which the server reports; null is how Python says "nothing".
    let is_value = match value {
        Value::Null => spec.required,
        Value::List(_) | Value::Map(_) => false,
        Value::Bool(_) | Value::Int(_) | Value::Float(_) | Value::Str(_) => true,
    };
    if has_widget || takes_values || !is_value {
        return None;
    }
    let message = format!("`{}` takes {types} from another node, and is given {}", spec.name, value.kind());
    Some(at.finding(&RULE, message).help(format!(
        "link it to an output of type {types}: ComfyUI takes the value, and the node fails when it runs"
    )))
}
