//! Parameters: from what a preset gives to values that have the declared type and range.

mod lists;

pub(super) use lists::lora_files;

use std::fmt::Write as _;
use std::sync::Arc;

use crate::catalog::Models;
use crate::diag::{self, Diagnostic, Diagnostics};
use crate::front::toml::decode::Named;
use crate::front::toml::graph::{Param, ParamType};
use crate::front::toml::{Item, Raw};
use crate::ir::Value;
use crate::source::{Span, Spanned};

/// The values of all parameters of a graph, in declared order.
#[derive(Clone, Debug)]
pub struct Values {
    values: Vec<Given>,
}

/// The value of a parameter.
#[derive(Clone, Debug)]
pub struct Given {
    /// The value.
    pub value: Value,
    /// Where a preset or the command line gives it; nothing for a default.
    pub span: Option<Span>,
}

impl Values {
    /// The value of the parameter with the given index.
    #[must_use]
    pub fn get(&self, index: usize) -> &Given {
        &self.values[index]
    }

    /// Replaces the value of the parameter with the given index.
    pub fn set(&mut self, index: usize, given: Given) {
        self.values[index] = given;
    }

    /// All values in declared order.
    pub fn iter(&self) -> impl Iterator<Item = &Value> {
        self.values.iter().map(|given| &given.value)
    }
}

/// Resolves all parameters. Gives nothing if one is missing or wrong; every problem is reported.
///
/// `place` is where a missing value is reported: the preset's `graph` line.
pub fn resolve(
    params: &Named<Param>,
    given: &Named<Item>,
    models: &Models,
    place: Option<Span>,
    diagnostics: &mut Diagnostics,
) -> Option<Values> {
    unknown(params, given, diagnostics);
    let mut complete = true;
    let mut values = Vec::with_capacity(params.len());
    for (name, param) in params {
        let resolved = match (given.get(&name.value), &param.default) {
            (Some(item), _) => accept(&name.value, param, item, models).map(|value| (value, Some(item.span))),
            (None, Some(default)) => accept(&name.value, param, default, models).map(|value| (value, None)),
            (None, None) if given.is_broken(&name.value) => Err(Vec::new()),
            (None, None) => Err(vec![missing(name, param, place)]),
        };
        match resolved {
            Ok((value, span)) => values.push(Given { value, span }),
            Err(problems) => {
                complete = false;
                diagnostics.extend(problems);
            }
        }
    }
    complete.then_some(Values { values })
}

/// Reports given parameters that the graph does not have.
fn unknown(params: &Named<Param>, given: &Named<Item>, diagnostics: &mut Diagnostics) {
    let is_unknown = |name: &str| params.get(name).is_none() && !params.is_broken(name);
    for (key, _) in given.iter().filter(|(key, _)| is_unknown(&key.value)) {
        diagnostics.push(unknown_param(key, params));
    }
}

/// The problem that `key` is not a parameter.
#[must_use]
pub fn unknown_param(key: &Spanned<Arc<str>>, params: &Named<Param>) -> Diagnostic {
    Diagnostic::format("unknown-param", format!("the graph has no parameter `{}`", key.value))
        .at(key.span, "")
        .help(diag::did_you_mean(&key.value, params.names()).unwrap_or_else(|| {
            format!("its parameters are: {}", params.names().collect::<Vec<_>>().join(", "))
        }))
}

fn missing(name: &Spanned<Arc<str>>, param: &Param, place: Option<Span>) -> Diagnostic {
    let name_text = &name.value;
    Diagnostic::format("missing-param", format!("the parameter `{name_text}` has no value"))
        .at_opt(place, "this graph needs it")
        .at(name.span, "declared here without a default")
        .help(format!("add it under [params]: {}", describe(name_text, param)))
}

/// One line on a parameter: name, documentation, unit and range.
#[must_use]
pub fn describe(name: &str, param: &Param) -> String {
    let mut line = format!("`{name}` ({}", param.kind.get().name());
    if let Some(unit) = &param.unit {
        let _ = write!(line, ", {unit}");
    }
    let bound = |item: &Option<Item>| item.as_ref().map(|item| item.value.to_value());
    let _ = match (bound(&param.min), bound(&param.max)) {
        (Some(min), Some(max)) => write!(line, ", {min} to {max}"),
        (Some(min), None) => write!(line, ", at least {min}"),
        (None, Some(max)) => write!(line, ", at most {max}"),
        (None, None) => Ok(()),
    };
    if let Some(divisor) = &param.multiple_of {
        let _ = write!(line, ", a multiple of {}", divisor.get());
    }
    if let Some(form) = &param.form {
        let _ = write!(line, ", of the form {}", form.get());
    }
    for (number, choice) in param.choices.iter().flatten().enumerate() {
        let _ = write!(line, "{} {}", if number == 0 { ":" } else { "," }, choice.get());
    }
    for (number, (field, declared)) in param.fields.iter().enumerate() {
        let optional = if declared.default.is_some() { "?" } else { "" };
        let _ = write!(line, "{} {}{optional}", if number == 0 { ", each with" } else { "," }, field.value);
    }
    let _ = write!(line, "): {}", param.doc);
    line
}

/// The JSON Schema of a parameter's values.
#[must_use]
pub fn schema(param: &Param) -> serde_json::Value {
    use serde_json::json;
    let mut schema = match param.kind.get() {
        ParamType::Int => json!({"type": "integer"}),
        ParamType::Float => json!({"type": "number"}),
        ParamType::Bool => json!({"type": "boolean"}),
        ParamType::Seed => json!({"type": "integer", "minimum": 0, "maximum": u64::MAX}),
        ParamType::Choice => {
            let choices = param.choices.iter().flatten().map(|choice| &**choice.get());
            json!({"type": "string", "enum": choices.collect::<Vec<_>>()})
        }
        ParamType::String | ParamType::Model => json!({"type": "string"}),
        ParamType::Image | ParamType::Video | ParamType::Audio => {
            json!({"type": "string", "not": {"pattern": NO_FILE_NAME}})
        }
        ParamType::LoraList => json!({"type": "array", "items": {"anyOf": [
            {"type": "string"},
            {"type": "object", "required": ["file"], "additionalProperties": false,
             "properties": {"file": {"type": "string"}, "strength": {"type": "number"}}},
        ]}}),
        ParamType::List => json!({"type": "array", "items": lists::schema(&param.fields)}),
    };
    let entries = [
        ("x-type", Some(param.kind.get().name().into())),
        ("description", Some(param.doc.as_ref().into())),
        ("minimum", param.min.as_ref().map(|min| min.value.to_value().to_json())),
        ("maximum", param.max.as_ref().map(|max| max.value.to_value().to_json())),
        ("multipleOf", param.multiple_of.as_ref().map(|divisor| divisor.get().get().into())),
        ("x-form", param.form.as_ref().map(|form| form.get().to_string().into())),
        ("x-unit", param.unit.as_ref().map(|unit| unit.as_ref().into())),
        ("default", param.default.as_ref().map(|default| default.value.to_value().to_json())),
    ];
    if let Some(object) = schema.as_object_mut() {
        object.extend(entries.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?))));
    }
    schema
}

/// Checks one value against its parameter's declaration.
///
/// # Errors
/// Everything that is wrong with it.
pub fn accept(name: &str, param: &Param, item: &Item, models: &Models) -> Result<Value, Vec<Diagnostic>> {
    let wrong = |needed: &str| {
        if item.value == Raw::Invalid {
            return Vec::new();
        }
        vec![
            Diagnostic::format("wrong-type", format!("`{name}` takes {needed}, found {}", item.value.kind()))
                .at(item.span, "")
                .help(describe(name, param)),
        ]
    };
    let problems = match (param.kind.get(), &item.value) {
        (ParamType::Int, Raw::Int(int)) => whole_number(name, param, *int, item.span),
        (ParamType::Seed, Raw::Int(int)) => seed(name, *int, item.span),
        (ParamType::Float, Raw::Int(_) | Raw::Float(_)) => range(name, param, item),
        (ParamType::Bool, Raw::Bool(_)) | (ParamType::String, Raw::Str(_)) => Vec::new(),
        (ParamType::Choice, Raw::Str(text)) => choice(name, param, text, item.span),
        (ParamType::Image | ParamType::Video | ParamType::Audio, Raw::Str(text)) => {
            file(name, text, item.span)
        }
        (ParamType::Model, Raw::Str(text)) => {
            return Ok(Value::Str(model_file(text, models)));
        }
        (ParamType::LoraList, Raw::List(items)) => return lists::loras(items, models),
        (ParamType::List, Raw::List(items)) => return lists::records(name, &param.fields, items, models),
        (kind, _) => wrong(needed(*kind)),
    };
    if !problems.is_empty() || item.value == Raw::Invalid {
        return Err(problems);
    }
    Ok(match (param.kind.get(), &item.value) {
        #[expect(clippy::cast_precision_loss, reason = "the parameter is a float")]
        (ParamType::Float, Raw::Int(int)) => Value::Float(*int as f64),
        // What a preset gives with the noise of some editor reaches every input without it.
        (ParamType::Float, Raw::Float(float)) => Value::Float(super::without_noise(*float)),
        (_, raw) => raw.to_value(),
    })
}

/// What a parameter of a type takes, in words.
pub(crate) const fn needed(kind: ParamType) -> &'static str {
    match kind {
        ParamType::Int | ParamType::Seed => "an integer",
        ParamType::Float => "a number",
        ParamType::Bool => "true or false",
        ParamType::String | ParamType::Choice => "a string",
        ParamType::Image | ParamType::Video | ParamType::Audio => "a file name, a string",
        ParamType::Model => "a model's name or file name, a string",
        ParamType::LoraList => "a list of LoRAs",
        ParamType::List => "a list",
    }
}

fn seed(name: &str, int: i128, span: Span) -> Vec<Diagnostic> {
    if u64::try_from(int).is_ok() {
        return Vec::new();
    }
    vec![
        Diagnostic::format(
            "out-of-range",
            format!("`{name}` is {int}; a seed is between 0 and {}", u64::MAX),
        )
        .at(span, ""),
    ]
}

/// What is found in texts that [`is_file_name`] refuses: a regular expression without anything that JSON Schema
/// validators understand differently, so that blanks stand in it one by one.
const NO_FILE_NAME: &str = concat!(
    "^$|^[\u{85}\u{a0}\u{1680}\u{2000}-\u{200a}\u{2028}\u{2029}\u{202f}\u{205f}\u{3000}\u{feff} ]",
    "|[\u{85}\u{a0}\u{1680}\u{2000}-\u{200a}\u{2028}\u{2029}\u{202f}\u{205f}\u{3000}\u{feff} ]$",
    r"|[\x00-\x1f\x7f]|\\|^/|/$|^[A-Za-z][A-Za-z0-9+.\-]*:|(^|/)\.\.?(/|$)"
);

/// True if a parameter for files takes the text.
#[must_use]
pub fn is_file_name(text: &str) -> bool {
    wrong_file_name(text).is_none()
}

/// Why a text cannot name a file, as the rest of a sentence.
fn wrong_file_name(text: &str) -> Option<&'static str> {
    if text.is_empty() {
        Some("is empty; it names a file")
    } else if text.chars().any(|c| c.is_ascii_control()) {
        Some("has a control character, such as a line end")
    } else if text.trim_matches(is_blank) != text {
        Some("begins or ends with a blank")
    } else if text.contains('\\') {
        Some("has a backslash, which only Windows takes for a separator")
    } else if has_scheme(text) {
        Some("is an address; ComfyUI takes the name of a file that it has")
    } else if text.ends_with('/') {
        Some("names a folder; a file's name does not end with `/`")
    } else if text.starts_with('/') || text.split('/').any(|part| matches!(part, "." | "..")) {
        Some("is not a name inside a folder of ComfyUI")
    } else {
        None
    }
}

/// True for addresses, `data:` and drives of Windows: letters and a colon at the start.
fn has_scheme(text: &str) -> bool {
    let Some((scheme, _)) = text.split_once(':') else { return false };
    scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '.' | '-'))
}

/// Blanks of Unicode and of ECMAScript, whose regular expressions JSON Schema uses.
fn is_blank(c: char) -> bool {
    c.is_whitespace() || c == '\u{feff}'
}

fn file(name: &str, text: &str, span: Span) -> Vec<Diagnostic> {
    let Some(wrong) = wrong_file_name(text) else { return Vec::new() };
    let help = if has_scheme(text) {
        "download it into ComfyUI's input folder, and give the name that it has there"
    } else {
        "write the name as ComfyUI shows it, relative to its folder, with forward slashes"
    };
    vec![Diagnostic::format("bad-file-name", format!("`{name}` {wrong}")).at(span, "").help(help)]
}

fn choice(name: &str, param: &Param, text: &str, span: Span) -> Vec<Diagnostic> {
    let choices = param.choices.as_deref().unwrap_or_default();
    let words = || choices.iter().map(|choice| &**choice.get());
    if words().any(|choice| choice == text) {
        return Vec::new();
    }
    let all = words().collect::<Vec<_>>().join(", ");
    vec![
        Diagnostic::format("unknown-choice", format!("`{name}` is \"{text}\"; it must be one of: {all}"))
            .at(span, "")
            .help_opt(diag::did_you_mean(text, words())),
    ]
}

fn whole_number(name: &str, param: &Param, int: i128, span: Span) -> Vec<Diagnostic> {
    let mut problems = range(name, param, &Spanned::new(Raw::Int(int), span));
    if let Some(divisor) = &param.multiple_of {
        let divisor = i128::from(divisor.get().get());
        if int % divisor != 0 {
            let below = int - int.rem_euclid(divisor);
            problems.push(
                Diagnostic::format(
                    "not-a-multiple",
                    format!("`{name}` is {int}; it must be a multiple of {divisor}"),
                )
                .at(span, "")
                .help_opt(nearest(param, Some(below), below.saturating_add(divisor))),
            );
        }
    }
    if let Some(form) = &param.form
        && !form.get().contains(int)
    {
        let (below, above) = form.get().around(int);
        problems.push(
            Diagnostic::format(
                "not-of-the-form",
                format!("`{name}` is {int}; it must be of the form {}", form.get()),
            )
            .at(span, "")
            .help_opt(nearest(param, below, above)),
        );
    }
    problems
}

/// Which of the two numbers around a wrong one a parameter takes.
fn nearest(param: &Param, below: Option<i128>, above: i128) -> Option<String> {
    let place = param.kind.span();
    let fits = |int: &i128| {
        range("", param, &Spanned::new(Raw::Int(*int), place)).is_empty()
            && param.multiple_of.as_ref().is_none_or(|divisor| int % i128::from(divisor.get().get()) == 0)
            && param.form.as_ref().is_none_or(|form| form.get().contains(*int))
    };
    match (below.filter(fits), Some(above).filter(fits)) {
        (Some(below), Some(above)) => Some(format!("the nearest are {below} and {above}")),
        (None, Some(above)) => Some(format!("the nearest is {above}")),
        (Some(below), None) => Some(format!("the nearest is {below}")),
        (None, None) => None,
    }
}

fn range(name: &str, param: &Param, item: &Item) -> Vec<Diagnostic> {
    let shown = item.value.to_value();
    let bound = |bound: &Option<Item>| bound.as_ref().map(|bound| bound.value.to_value());
    let message = match (bound(&param.min), bound(&param.max)) {
        (Some(min), _) if compare(&shown, &min).is_lt() => {
            format!("`{name}` is {shown}; the smallest value is {min}")
        }
        (_, Some(max)) if compare(&shown, &max).is_gt() => {
            format!("`{name}` is {shown}; the largest value is {max}")
        }
        _ => return Vec::new(),
    };
    vec![Diagnostic::format("out-of-range", message).at(item.span, "").help(describe(name, param))]
}

/// Compares two numbers, whole ones exactly; equal if one of them is no number.
fn compare(one: &Value, other: &Value) -> std::cmp::Ordering {
    match (one, other) {
        (Value::Int(one), Value::Int(other)) => one.cmp(other),
        _ => one.as_f64().partial_cmp(&other.as_f64()).unwrap_or(std::cmp::Ordering::Equal),
    }
}

/// The file of a logical model name; any other text is a file name already.
#[must_use]
pub fn model_file(name: &str, models: &Models) -> Arc<str> {
    models.model(name).map_or_else(|| name.into(), |model| model.file.as_str().into())
}
