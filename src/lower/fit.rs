//! The changes that a graph allows so that its workflow fits a smaller card: what is wrong with them, and which values there
//! are to try.

use std::sync::Arc;

use super::params::{self, Values};
use crate::catalog::Models;
use crate::diag::{self, Diagnostic, Diagnostics};
use crate::front::toml::decode::At;
use crate::front::toml::fit::{Direction, Lever};
use crate::front::toml::graph::{GraphFile, Param, ParamType};
use crate::front::toml::{Item, Raw};
use crate::ir::Value;
use crate::source::Span;

/// So many values of one number are tried at most; of more, some are left out.
const MOST: i128 = 256;

/// A value that a key of a preset gets.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// The parameter, or `models.` and the slot.
    pub key: String,
    /// What it was, in TOML.
    pub from: String,
    /// What it becomes, in TOML.
    pub to: String,
}

/// The parameters that a lever changes: one, several, or none where it changes a model.
fn named(lever: &Lever) -> impl Iterator<Item = &At<Arc<str>>> {
    lever.param.iter().chain(&lever.params)
}

fn problem(message: impl Into<String>, span: Option<Span>) -> Diagnostic {
    Diagnostic::format("bad-fit", message).at_opt(span, "")
}

/// Reports what is wrong with the changes that a graph allows.
pub fn check(graph: &GraphFile, models: &Models, diagnostics: &mut Diagnostics) {
    for lever in &graph.fit {
        diagnostics.extend(wrong(lever, graph, models));
    }
}

fn wrong(lever: &Lever, graph: &GraphFile, models: &Models) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    let place = named(lever).next().or(lever.model.as_ref()).map(At::span);
    let forms = usize::from(lever.param.is_some())
        + usize::from(!lever.params.is_empty())
        + usize::from(lever.model.is_some());
    if forms != 1 {
        let place = place.or_else(|| lever.to.as_ref().map(At::span));
        let message = "an entry of [[fit]] changes one thing";
        return vec![problem(message, place).help("give one of `param`, `params` and `model`")];
    }
    if let Some(slot) = &lever.model {
        if graph.models.get(slot.get()).is_none() {
            let message = format!("the graph has no model slot `{}`", slot.get());
            let help = diag::did_you_mean(slot.get(), graph.models.names());
            found.push(problem(message, place).help_opt(help));
        }
        for value in &lever.values {
            match &value.value {
                Raw::Str(name) if models.model(name).is_some() => {}
                Raw::Str(name) => found.push(models.unknown(name, None).at(value.span, "")),
                _ => found.push(problem("a model is named by a string", Some(value.span))),
            }
        }
        return found;
    }
    for name in named(lever) {
        let Some(param) = graph.params.get(name.get()) else {
            if !graph.params.is_broken(name.get()) {
                found.push(params::unknown_param(
                    &crate::source::Spanned::new(name.get().clone(), name.span()),
                    &graph.params,
                ));
            }
            continue;
        };
        for value in lever.values.iter().chain(&lever.limit) {
            if let Err(problems) = params::accept(name.get(), param, value, models) {
                found.extend(problems);
            }
        }
        let is_number = matches!(param.kind.get(), ParamType::Int | ParamType::Float);
        let message = match (&lever.to, lever.values.is_empty()) {
            (Some(_), false) => "`to` and `values` exclude each other",
            (None, true) => "it is not said which values there are to try",
            (Some(_), true) if !is_number => "only a number has a direction",
            (Some(_), true) if *param.kind.get() == ParamType::Float && step(lever).is_none() => {
                "a number that is not whole needs a `step` above 0"
            }
            _ => continue,
        };
        let help = "a number takes `to` = \"max\" or \"min\", everything else `values`";
        found.push(problem(format!("{message}: `{}`", name.get()), Some(name.span())).help(help));
    }
    found
}

#[expect(clippy::cast_precision_loss, reason = "a step is small")]
fn step(lever: &Lever) -> Option<f64> {
    let step = match lever.step.as_ref()?.value {
        Raw::Int(int) => int as f64,
        Raw::Float(float) => float,
        _ => return None,
    };
    (step > 0.0).then_some(step)
}

/// What a lever can do with a preset's values, the least harmful first; each is what changes together. Nothing if it is at
/// its end, or if `is_free` says that something else sets one of its keys.
#[must_use]
pub fn candidates(
    lever: &Lever,
    graph: &GraphFile,
    values: &Values,
    model: impl Fn(&str) -> Option<Arc<str>>,
    models: &Models,
) -> Vec<Vec<Change>> {
    if let Some(slot) = &lever.model {
        let Some(now) = model(slot.get()) else { return Vec::new() };
        let names = if lever.values.is_empty() { smaller(&now, models) } else { after(&lever.values, &now) };
        let change = |to: String| {
            vec![Change { key: format!("models.{}", slot.get()), from: quoted(&now), to: quoted(&to) }]
        };
        return names.into_iter().map(change).collect();
    }
    let value = |name: &str| {
        let index = graph.params.iter().position(|(param, _)| &*param.value == name)?;
        Some((graph.params.get(name)?, values.get(index).value.clone()))
    };
    let all: Option<Vec<(&str, &Param, Value)>> = named(lever)
        .map(|name| value(name.get()).map(|(param, value)| (&**name.get(), param, value)))
        .collect();
    let Some(all) = all else { return Vec::new() };
    match &*all {
        [(name, _, now)] if !lever.values.is_empty() => {
            let now = now.to_string();
            let later = lever.values.iter().map(|value| value.value.to_value().to_string());
            let later: Vec<String> = later.collect();
            let start = later.iter().position(|value| *value == now).map_or(0, |at| at + 1);
            let change =
                |to: &String| vec![Change { key: (*name).to_owned(), from: now.clone(), to: to.clone() }];
            later.iter().skip(start).map(change).collect()
        }
        [(name, param, Value::Float(now))] => floats(lever, param, *now)
            .into_iter()
            .map(|to| vec![Change { key: (*name).to_owned(), from: number(*now), to: number(to) }])
            .collect(),
        _ => together(lever, &all),
    }
}

fn quoted(text: &str) -> String {
    Value::Str(text.into()).to_string()
}

fn number(value: f64) -> String {
    Value::Float(value).to_string()
}

/// The models of the present one's family with fewer bytes, the largest first.
fn smaller(now: &str, models: &Models) -> Vec<String> {
    let Some(present) = models.find(now) else { return Vec::new() };
    let Some(bytes) = present.bytes else { return Vec::new() };
    let mut fitting: Vec<(u64, String)> = models
        .fitting(&present.role, &[&present.family])
        .into_iter()
        .filter_map(|name| {
            let model = models.model(&name)?;
            Some((model.bytes.filter(|other| *other < bytes && model.family == present.family)?, name))
        })
        .collect();
    fitting.sort_by(|one, other| other.cmp(one));
    fitting.into_iter().map(|(_, name)| name).collect()
}

/// The names that come after the present one.
fn after(values: &[Item], now: &str) -> Vec<String> {
    let names: Vec<String> = values
        .iter()
        .filter_map(|value| match &value.value {
            Raw::Str(name) => Some(name.to_string()),
            _ => None,
        })
        .collect();
    let start = names.iter().position(|name| name == now).map_or(0, |at| at + 1);
    names.into_iter().skip(start).collect()
}

fn whole(item: Option<&Item>) -> Option<i128> {
    match item?.value {
        Raw::Int(int) => Some(int),
        _ => None,
    }
}

/// The values of a number from the present one to its limit, without it, on the grid of its declaration.
fn wholes(lever: &Lever, param: &Param, now: i128) -> Vec<i128> {
    let (step, first) = match (&param.form, &param.multiple_of) {
        (Some(form), _) => (i128::from(form.get().factor.get()), i128::from(form.get().offset)),
        (None, Some(multiple)) => (i128::from(multiple.get().get()), 0),
        (None, None) => {
            let step = whole(lever.step.as_ref()).filter(|step| *step > 0).unwrap_or(1);
            (step, now.rem_euclid(step))
        }
    };
    let limit = whole(lever.limit.as_ref());
    let down = lever.to.as_ref().is_none_or(|to| *to.get() == Direction::Min);
    let end = if down {
        limit.or_else(|| whole(param.min.as_ref()))
    } else {
        limit.or_else(|| whole(param.max.as_ref()))
    };
    let Some(end) = end.filter(|end| if down { *end < now } else { *end > now }) else { return Vec::new() };
    let steps = now.saturating_sub(end).saturating_abs() / step;
    let stride = step.saturating_mul(steps / MOST + 1);
    let mut all = Vec::new();
    // The next value of the grid.
    let below = now.saturating_sub(first).saturating_sub(1).div_euclid(step);
    let above = now.saturating_sub(first).div_euclid(step) + 1;
    let mut value = first.saturating_add(if down { below } else { above }.saturating_mul(step));
    while if down { value >= end } else { value <= end } {
        all.push(value);
        value = if down { value - stride } else { value + stride };
    }
    all
}

#[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "counts of steps are small")]
fn floats(lever: &Lever, param: &Param, now: f64) -> Vec<f64> {
    let bound = |item: Option<&Item>| match item?.value {
        Raw::Int(int) => Some(int as f64),
        Raw::Float(float) => Some(float),
        _ => None,
    };
    let down = lever.to.as_ref().is_none_or(|to| *to.get() == Direction::Min);
    let limit = bound(lever.limit.as_ref());
    let end = limit.or_else(|| bound(if down { param.min.as_ref() } else { param.max.as_ref() }));
    let (Some(step), Some(end)) = (step(lever), end) else { return Vec::new() };
    let steps = ((end - now).abs() / step).floor().min(1e6) as i64;
    let stride = steps / 256 + 1;
    let first = if down { (now / step).ceil() - 1.0 } else { (now / step).floor() + 1.0 };
    (0..=steps / stride)
        .map(|at| {
            let moved = (at * stride) as f64;
            let value = (if down { first - moved } else { first + moved }) * step;
            (value * 1e6).round() / 1e6
        })
        .filter(|value| if down { *value >= end } else { *value <= end })
        .collect()
}

/// Whole numbers that keep their ratio, led by the smallest.
#[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "sizes are far below 2^52")]
fn together(lever: &Lever, all: &[(&str, &Param, Value)]) -> Vec<Vec<Change>> {
    let numbers: Option<Vec<(&str, &Param, i128)>> = all
        .iter()
        .map(|(name, param, value)| match value {
            Value::Int(int) if *int > 0 || all.len() == 1 => Some((*name, *param, *int)),
            _ => None,
        })
        .collect();
    let Some(numbers) = numbers else { return Vec::new() };
    let Some((_, leader, smallest)) = numbers.iter().min_by_key(|(_, _, now)| *now).copied() else {
        return Vec::new();
    };
    let mut candidates: Vec<Vec<Change>> = Vec::new();
    for value in wholes(lever, leader, smallest) {
        let changes: Vec<Change> = numbers
            .iter()
            .map(|(name, param, now)| {
                let to = if *now == smallest {
                    value
                } else {
                    let grid = param.multiple_of.as_ref().map_or(1, |grid| i128::from(grid.get().get()));
                    let scaled = (*now as f64) * (value as f64) / (smallest as f64);
                    ((scaled / grid as f64).round() as i128).saturating_mul(grid)
                };
                Change { key: (*name).to_owned(), from: now.to_string(), to: to.to_string() }
            })
            .collect();
        candidates.push(changes);
    }
    candidates
}
