//! Values written into a workflow: Python's conversions, ranges and lists, as the server applies them.

use super::python;
use crate::catalog::{Combo, InputKind, InputSpec};
use crate::diag::{self, Diagnostic};
use crate::ir::Value;

/// Most choices that a message lists.
const SHOWN_CHOICES: usize = 12;

/// The key under which a list is written, so that the server does not take it for a link.
const WRAPPED: &str = "__value__";

/// What the server makes of a literal.
pub(super) enum Outcome {
    /// It takes it.
    Fine,
    /// It reports this, and goes on with the next input.
    Wrong(Diagnostic),
    /// It fails while it looks at it, for this reason, and gives up on the node.
    Fails(Diagnostic),
}

/// What the server would make of a literal that is no list. `unchecked`: the class checks the input
/// itself, so that the server leaves ranges and lists alone.
pub(super) fn check(value: &Value, spec: &InputSpec, unchecked: bool) -> Outcome {
    let value = unwrapped(value);
    let problem = match &spec.kind {
        InputKind::Int { min, max, .. } => match python::int(value) {
            Some(_) if unchecked => None,
            Some(int) => outside(spec, value, min.filter(|min| int < *min), max.filter(|max| int > *max)),
            None => Some(not_a(value, spec, "a whole number")),
        },
        InputKind::Float { min, max, .. } => match python::float(value) {
            Some(_) if unchecked => None,
            Some(float) => {
                outside(spec, value, min.filter(|min| float < *min), max.filter(|max| float > *max))
            }
            None => Some(not_a(value, spec, "a number")),
        },
        InputKind::Combo(_) if unchecked => None,
        InputKind::Combo(combo) => in_list(value, spec, combo),
        InputKind::Link(_) if !unchecked && !spec.bounds.is_empty() => {
            let bounds = spec.bounds;
            match python::number(value) {
                None => return Outcome::Fails(incomparable(value, spec)),
                Some(number) => outside(
                    spec,
                    value,
                    bounds.min.filter(|min| number < *min),
                    bounds.max.filter(|max| number > *max),
                ),
            }
        }
        InputKind::Boolean
        | InputKind::String { .. }
        | InputKind::Autogrow(_)
        | InputKind::DynamicCombo(_)
        | InputKind::MatchType { .. }
        | InputKind::Link(_) => None,
    };
    problem.map_or(Outcome::Fine, Outcome::Wrong)
}

/// The value itself, if it is wrapped so that it is not taken for a link.
pub(super) fn unwrapped(value: &Value) -> &Value {
    match value {
        Value::Map(entries) => {
            entries.iter().rev().find(|(key, _)| &**key == WRAPPED).map_or(value, |(_, inner)| inner)
        }
        _ => value,
    }
}

fn not_a(value: &Value, spec: &InputSpec, needed: &str) -> Diagnostic {
    Diagnostic::check(
        "invalid-input-type",
        "invalid_input_type",
        format!("`{}` takes {needed}, and {value} is not one", spec.name),
    )
}

fn incomparable(value: &Value, spec: &InputSpec) -> Diagnostic {
    Diagnostic::check(
        "incomparable-value",
        "exception",
        format!("`{}` has a range, and ComfyUI fails on comparing {} with it", spec.name, value.kind()),
    )
    .help(format!("give it a number, or link it to an output of type {}", spec.kind.type_name()))
}

fn outside<T: std::fmt::Display>(
    spec: &InputSpec,
    value: &Value,
    below: Option<T>,
    above: Option<T>,
) -> Option<Diagnostic> {
    let name = &spec.name;
    match (below, above) {
        (Some(min), _) => Some(Diagnostic::check(
            "value-smaller-than-min",
            "value_smaller_than_min",
            format!("`{name}` is {value}; the smallest value is {min}"),
        )),
        (None, Some(max)) => Some(Diagnostic::check(
            "value-bigger-than-max",
            "value_bigger_than_max",
            format!("`{name}` is {value}; the largest value is {max}"),
        )),
        (None, None) => None,
    }
}

fn in_list(value: &Value, spec: &InputSpec, combo: &Combo) -> Option<Diagnostic> {
    let options = combo.options.as_ref()?;
    if let Value::List(items) = value
        && combo.multiselect
    {
        return items.iter().find_map(|item| in_list(item, spec, combo));
    }
    // Most values are texts and stand in the list as they are.
    let is_choice = match value {
        Value::Str(text) => options.iter().any(|option| option.as_str() == Some(text)),
        _ => options.iter().any(|option| Value::from_json(option).python_eq(value)),
    };
    if is_choice {
        return None;
    }
    let shown = options.iter().take(SHOWN_CHOICES).map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let more = options.len().saturating_sub(SHOWN_CHOICES);
    let help = near_choice(value, options).unwrap_or_else(|| match (options.len(), more, &combo.folder) {
        (_, _, Some(folder)) => {
            let folder = folder.replace('|', "` or `");
            format!("the server has no such file in `{folder}`: put it there, or choose one that it has")
        }
        (0, _, None) => "the list is empty on that server: the file is missing there".into(),
        (_, 0, None) => format!("the choices are: {shown}"),
        _ => format!("the choices are: {shown}, and {more} more"),
    });
    Some(
        Diagnostic::check(
            "value-not-in-list",
            "value_not_in_list",
            format!("`{}` is {value}, which is not a choice", spec.name),
        )
        .help(help),
    )
}

/// Methods of sampling that ComfyUI's own nodes and WanVideoWrapper's name in different ways, and what comes nearest.
const OTHER_NAMES: [(&str, &str); 10] = [
    ("dpm++", "dpmpp_2m"),
    ("dpm++_sde", "dpmpp_2m_sde"),
    ("dpmpp_2m", "dpm++"),
    ("dpmpp_2m_sde", "dpm++_sde"),
    ("dpmpp_sde", "dpm++_sde"),
    ("sa_ode_stable", "sa_solver"),
    ("sa_solver", "sa_ode_stable"),
    ("uni_pc", "unipc"),
    ("uni_pc_bh2", "unipc"),
    ("unipc", "uni_pc"),
];

/// `did you mean`, among the choices of a list.
fn near_choice(value: &Value, options: &[serde_json::Value]) -> Option<String> {
    let text = value.as_str()?;
    let choices = options.iter().filter_map(serde_json::Value::as_str);
    let mut meant = OTHER_NAMES.iter().filter(|(name, _)| *name == text).map(|(_, other)| *other);
    if let Some(other) = meant.find(|other| choices.clone().any(|choice| choice == *other)) {
        return Some(format!("did you mean `{other}`? `{text}` is what other samplers call it"));
    }
    let own = base(text);
    let same_file = choices.clone().find(|choice| choice.ends_with(own) && base(choice) == own);
    same_file.map(|choice| format!("did you mean `{choice}`?")).or_else(|| diag::did_you_mean(text, choices))
}

/// The name of a file without its folders.
fn base(path: &str) -> &str {
    path.rsplit(['/', '\\']).next().unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn methods_are_found_by_the_names_that_other_samplers_have() {
        let near = |name: &str, choices: &[&str]| {
            let choices: Vec<_> = choices.iter().map(|choice| serde_json::Value::from(*choice)).collect();
            near_choice(&Value::Str(name.into()), &choices)
        };
        let help = near("sa_solver", &["unipc", "sa_ode_stable"]).unwrap_or_default();
        assert!(help.starts_with("did you mean `sa_ode_stable`?"), "{help}");
        let help = near("dpm++", &["euler", "dpmpp_2m"]).unwrap_or_default();
        assert!(help.starts_with("did you mean `dpmpp_2m`?"), "{help}");
        assert_eq!(near("sa_solver", &["other"]), None);
    }
}
