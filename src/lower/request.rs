//! What a request may set: the fields, what values they take, and the JSON Schema of that.
//!
//! The schema is made from the declaration that the compiler checks with, and [`read_schema`] makes the
//! declaration from the schema again, so that whoever takes a request checks it as the compiler would.

use std::sync::Arc;

use serde_json::{Value as Json, json};

use super::params;
use crate::catalog::{InputKind, InputSpec};
use crate::diag::{Diagnostic, Diagnostics};
use crate::front::toml::decode::{At, Decode as _, Named, Reader};
use crate::front::toml::graph::{Param, ParamType};
use crate::front::toml::preset;
use crate::front::toml::types::Form;
use crate::front::toml::{Item, Raw};
use crate::ir::Value;
use crate::source::{Span, Spanned};

/// Most numbers of a form that a schema lists; JSON Schema has no shorter word for them.
const MAX_LISTED: i128 = 4096;

/// The whole numbers that a workflow can hold.
const WHOLE: (i128, i128) = (i64::MIN as i128, u64::MAX as i128);

/// A field of a request.
#[derive(Clone, Debug)]
pub struct Field {
    /// Its name.
    pub name: Arc<str>,
    /// Index of the parameter that it sets.
    pub param: usize,
    /// Whether every request must have it.
    pub required: bool,
}

/// The fields that a preset declares, or else one for each parameter. Gives nothing if something is wrong
/// with them; every problem is reported.
pub fn fields(
    declared: Option<&At<Named<preset::Field>>>,
    params: &Named<Param>,
    diagnostics: &mut Diagnostics,
) -> Option<Vec<Field>> {
    let Some(declared) = declared else {
        let all = params.iter().enumerate();
        let field = |(index, (name, param)): (usize, &(Spanned<Arc<str>>, Param))| Field {
            name: name.value.clone(),
            param: index,
            required: param.default.is_none(),
        };
        return Some(all.map(field).collect());
    };
    let (place, declared) = (declared.span(), declared.get());
    if declared.is_empty() && declared.broken().next().is_none() {
        diagnostics.push(
            Diagnostic::format("missing-key", "a request could set nothing: the table names no field")
                .at(place, "")
                .help("name the fields, as in `prompt = \"prompt\"`; without the table, a request sets any parameter"),
        );
    }
    let before = diagnostics.error_count();
    let mut fields: Vec<Field> = Vec::with_capacity(declared.len());
    for (name, field) in declared {
        let param = &field.param;
        let Some(index) = params.names().position(|known| *known == **param.get()) else {
            if !params.is_broken(param.get()) {
                diagnostics.push(params::unknown_param(&param.0, params));
            }
            continue;
        };
        let conflict = |message: String| Diagnostic::format("conflicting-field", message).at(name.span, "");
        if name.value != *param.get() && params.get(&name.value).is_some() {
            let message = format!(
                "`{}` is a parameter of the graph, and this field of the same name would set `{}`",
                name.value,
                param.get()
            );
            diagnostics
                .push(conflict(message).help("name the field as its parameter, or as no parameter at all"));
        }
        if let Some(other) = fields.iter().find(|other| other.param == index) {
            let first = declared.iter().find(|(known, _)| known.value == other.name);
            let message = format!("`{}` and `{}` both set `{}`", other.name, name.value, param.get());
            diagnostics.push(
                conflict(message)
                    .at_opt(first.map(|(known, _)| known.span), "the other one")
                    .help("keep one of them: of two values in one request neither would be the right one"),
            );
        }
        let has_default = params.get(param.get()).is_some_and(|param| param.default.is_some());
        fields.push(Field {
            name: name.value.clone(),
            param: index,
            required: field.required.unwrap_or(!has_default),
        });
    }
    (diagnostics.error_count() == before).then_some(fields)
}

/// Narrows what a parameter takes to what an input takes that it reaches. `unchecked`: the server leaves
/// ranges and lists of the input alone. False if it cannot be said in a declaration.
pub fn narrow(param: &mut Param, input: &InputSpec, unchecked: bool) -> bool {
    let kind = *param.kind.get();
    let is_whole = matches!(kind, ParamType::Int | ParamType::Seed);
    match &input.kind {
        InputKind::DynamicCombo(_) | InputKind::Autogrow(_) => return false,
        InputKind::Int { .. } if !is_whole => return false,
        InputKind::Combo(combo) => match &combo.options {
            // Which files a server has is not known before it runs the workflow.
            Some(options) if !unchecked && combo.folder.is_none() => return choose(param, options),
            _ => {}
        },
        _ if unchecked => {}
        InputKind::Int { min, max, .. } => bound_whole(param, *min, *max),
        InputKind::Float { min, max, .. } => bound(param, *min, *max),
        InputKind::Link(_) => bound(param, input.bounds.min, input.bounds.max),
        InputKind::Boolean | InputKind::String { .. } | InputKind::MatchType { .. } => {}
    }
    true
}

fn bound(param: &mut Param, min: Option<f64>, max: Option<f64>) {
    if *param.kind.get() != ParamType::Float {
        #[expect(clippy::cast_possible_truncation, reason = "saturates beyond every whole number")]
        return bound_whole(param, min.map(|min| min.ceil() as i128), max.map(|max| max.floor() as i128));
    }
    let place = param.kind.span();
    let number = |item: &Option<Item>| item.as_ref().and_then(|item| item.value.to_value().as_f64());
    if let Some(min) = min.filter(|min| number(&param.min).is_none_or(|own| own < *min)) {
        param.min = Some(Item::new(Raw::Float(min), place));
    }
    if let Some(max) = max.filter(|max| number(&param.max).is_none_or(|own| own > *max)) {
        param.max = Some(Item::new(Raw::Float(max), place));
    }
}

/// The range of a parameter for whole numbers.
fn range(param: &Param) -> (i128, i128) {
    #[expect(clippy::cast_possible_truncation, reason = "saturates beyond every whole number")]
    let whole = |item: &Option<Item>, round: fn(f64) -> f64| match item.as_ref().map(|item| &item.value) {
        Some(Raw::Int(int)) => Some(*int),
        Some(Raw::Float(float)) => Some(round(*float) as i128),
        _ => None,
    };
    let is_seed = *param.kind.get() == ParamType::Seed;
    let least = param.form.as_ref().map_or(WHOLE.0, |form| form.get().offset.into());
    let least = if is_seed { 0 } else { least };
    (
        whole(&param.min, f64::ceil).unwrap_or(least).max(least),
        whole(&param.max, f64::floor).unwrap_or(WHOLE.1).min(WHOLE.1),
    )
}

fn bound_whole(param: &mut Param, min: Option<i128>, max: Option<i128>) {
    let own = range(param);
    let (least, most) = (own.0.max(min.unwrap_or(own.0)), own.1.min(max.unwrap_or(own.1)));
    let place = param.kind.span();
    if *param.kind.get() == ParamType::Seed {
        if (least, most) == own {
            return;
        }
        param.kind = At(Spanned::new(ParamType::Int, place));
    }
    param.min = Some(Item::new(Raw::Int(least), place));
    param.max = Some(Item::new(Raw::Int(most), place));
}

/// Leaves the texts that an input offers. Other values in lists are not looked into.
fn choose(param: &mut Param, options: &[Json]) -> bool {
    let place = param.kind.span();
    let offered = options.iter().filter_map(Json::as_str);
    let choice = |text: &str| At(Spanned::new(Arc::from(text), place));
    match param.kind.get() {
        ParamType::String => param.choices = Some(offered.map(choice).collect()),
        ParamType::Choice => {
            if let Some(choices) = &mut param.choices {
                let offered: Vec<&str> = offered.collect();
                choices.retain(|choice| offered.contains(&&**choice.get()));
            }
        }
        _ => return false,
    }
    param.kind = At(Spanned::new(ParamType::Choice, place));
    true
}

/// The JSON Schema of a field's values. `value` is the one that the workflow was built with.
#[must_use]
pub fn schema(param: &Param, value: &Value) -> Json {
    let mut param = param.clone();
    if *param.kind.get() == ParamType::Int {
        bound_whole(&mut param, None, None);
    }
    let mut schema = params::schema(&param);
    schema["default"] = value.to_json();
    if let Some(form) = &param.form {
        let form = *form.get();
        match listed(&param, form) {
            _ if form.offset.is_multiple_of(form.factor.get()) => {
                schema["allOf"] = json!([{"multipleOf": form.factor}]);
            }
            Some(numbers) => schema["enum"] = numbers,
            None => {}
        }
    }
    schema
}

/// All numbers of a form that a parameter takes, unless they are too many.
fn listed(param: &Param, form: Form) -> Option<Json> {
    let (min, max) = range(param);
    let factor = i128::from(form.factor.get());
    let count = (max.checked_sub(min)?) / factor;
    if count >= MAX_LISTED {
        return None;
    }
    let (below, above) = form.around(min);
    let first = below.filter(|below| *below >= min).unwrap_or(above);
    let divisor = param.multiple_of.as_ref().map_or(1, |divisor| i128::from(divisor.get().get()));
    let numbers = (0..=count).map(|step| first + step * factor);
    let numbers = numbers.filter(|number| *number <= max && number % divisor == 0);
    Some(Value::List(numbers.map(Value::Int).collect()).to_json())
}

/// The keys of a field's schema and what a parameter's declaration calls them.
const KEYS: [(&str, &str); 7] = [
    ("x-type", "type"),
    ("description", "doc"),
    ("x-unit", "unit"),
    ("minimum", "min"),
    ("maximum", "max"),
    ("multipleOf", "multiple_of"),
    ("x-form", "form"),
];

/// The declaration behind a field's schema; nothing if it is none that [`schema`] gave. `place` stands for
/// all places in it.
#[must_use]
pub fn read_schema(schema: &Json, place: Span) -> Option<Param> {
    let key = |key: &str| Spanned::new(Arc::from(key), place);
    let mut entries: Vec<_> =
        KEYS.iter().filter_map(|(from, to)| Some((key(to), item(schema.get(*from)?, place)))).collect();
    if schema["x-type"] == ParamType::Choice.name() {
        entries.push((key("choices"), item(schema.get("enum")?, place)));
    }
    let mut problems = Diagnostics::new();
    let param = Param::decode(&Item::new(Raw::Table(entries), place), &mut Reader::new(&mut problems));
    param.filter(|_| problems.is_empty())
}

/// JSON as what TOML would have said; `null`, which TOML does not have, as what is invalid.
fn item(json: &Json, place: Span) -> Item {
    let raw = match json {
        Json::Null => Raw::Invalid,
        Json::Bool(bool) => Raw::Bool(*bool),
        Json::Number(number) => {
            number.as_i128().map_or_else(|| Raw::Float(number.as_f64().unwrap_or_default()), Raw::Int)
        }
        Json::String(text) => Raw::Str(text.as_str().into()),
        Json::Array(items) => Raw::List(items.iter().map(|json| item(json, place)).collect()),
        Json::Object(entries) => {
            let entry = |(key, json): (&String, &Json)| {
                (Spanned::new(Arc::from(key.as_str()), place), item(json, place))
            };
            Raw::Table(entries.iter().map(entry).collect())
        }
    };
    Item::new(raw, place)
}
