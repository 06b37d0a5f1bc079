//! Batches: one workflow for every combination of the values in `[matrix]`.

use std::sync::Arc;

use super::params::{self, Given, Values};
use super::range::Progression;
use crate::catalog::Models;
use crate::diag::{Diagnostic, Diagnostics};
use crate::front::toml::batch::{self, Axes, model_slot};
use crate::front::toml::decode::{At, Named};
use crate::front::toml::graph::{Param, ParamType};
use crate::front::toml::preset::Preset;
use crate::front::toml::{Item, Raw};
use crate::ir::Value;
use crate::source::{Span, Spanned};

/// Most combinations of one matrix, over all rungs of a ladder.
pub const MAX_COMBINATIONS: u64 = 1_000_000;

/// Most different choices of models in one preset: each is prepared once and kept.
pub const MAX_MODEL_CHOICES: u64 = 1_000;

/// What varies together: one parameter, one model slot, or the columns of a zipped axis.
#[derive(Clone, Debug)]
pub struct Axis {
    /// Its name in the preset: a parameter, `models.` and a slot, or a name of the author's choice.
    pub name: Arc<str>,
    /// What it sets. More than one only where the axis is zipped.
    pub columns: Vec<Column>,
    /// How many steps it has.
    pub len: u64,
}

/// What an axis sets.
#[derive(Clone, Debug)]
pub struct Column {
    /// A parameter, or `models.` and a slot.
    pub name: Arc<str>,
    /// Its values.
    pub series: Series,
}

/// The values of a column.
#[derive(Clone, Debug)]
pub enum Series {
    /// The values of the parameter with this index, in written order.
    List(usize, Vec<Given>),
    /// The same as a range: its numbers, and where it is written.
    Range(usize, Progression, Span),
    /// The models of a slot.
    Models(Spanned<Arc<str>>, Vec<At<Arc<str>>>),
}

impl Series {
    /// The value at a position.
    #[must_use]
    pub fn value(&self, position: u64) -> Value {
        let at = usize::try_from(position).unwrap_or_default();
        let value = match self {
            Self::List(_, values) => values.get(at).map(|given| given.value.clone()),
            Self::Range(_, range, _) => Some(range.nth(position)),
            Self::Models(_, models) => models.get(at).map(|model| Value::Str(model.get().clone())),
        };
        value.unwrap_or(Value::Null)
    }
}

/// All axes of a batch; the last one varies fastest. Without axes there is exactly one combination.
#[derive(Clone, Debug, Default)]
pub struct Matrix {
    /// The axes in written order.
    pub axes: Vec<Axis>,
}

impl Matrix {
    /// How many combinations there are.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.axes.iter().fold(1, |count, axis| count.saturating_mul(axis.len))
    }

    /// The axes and where each one stands in combination `number`, counted from 0; the last axis first.
    fn positions(&self, mut number: u64) -> impl Iterator<Item = (&Axis, u64)> {
        self.axes.iter().rev().map(move |axis| {
            let position = number % axis.len;
            number /= axis.len;
            (axis, position)
        })
    }

    /// Sets the values of combination `number`, counted from 0.
    pub fn select(&self, number: u64, values: &mut Values) {
        for (axis, position) in self.positions(number) {
            for column in &axis.columns {
                let (index, span) = match &column.series {
                    Series::List(index, given) => {
                        let given = given.get(usize::try_from(position).unwrap_or_default());
                        (*index, given.and_then(|given| given.span))
                    }
                    Series::Range(index, _, span) => (*index, Some(*span)),
                    Series::Models(..) => continue,
                };
                values.set(index, Given { value: column.series.value(position), span });
            }
        }
    }

    /// How many choices of models there are.
    #[must_use]
    pub fn model_choices(&self) -> u64 {
        let choosing = self.axes.iter().filter(|axis| axis.chooses_models());
        choosing.fold(1, |count, axis| count.saturating_mul(axis.len))
    }

    /// Which of the choices of models combination `number` makes, counted from 0.
    #[must_use]
    pub fn model_choice(&self, number: u64) -> u64 {
        let positions = self.positions(number).filter(|(axis, _)| axis.chooses_models());
        let (choice, _) = positions.fold((0, 1), |(choice, weight), (axis, position)| {
            (choice + position * weight, weight * axis.len)
        });
        choice
    }

    /// The models of a choice: slot and model.
    pub fn models(&self, mut choice: u64) -> impl Iterator<Item = (&Spanned<Arc<str>>, &At<Arc<str>>)> {
        let choosing = self.axes.iter().rev().filter(|axis| axis.chooses_models());
        choosing.flat_map(move |axis| {
            let position = usize::try_from(choice % axis.len).unwrap_or_default();
            choice /= axis.len;
            axis.columns.iter().filter_map(move |column| match &column.series {
                Series::Models(slot, models) => models.get(position).map(|model| (slot, model)),
                _ => None,
            })
        })
    }

    /// What combination `number` sets, in written order: a parameter, or `models.` and a slot.
    #[must_use]
    pub fn values(&self, number: u64) -> Vec<(&str, Value)> {
        let mut positions: Vec<_> = self.positions(number).collect();
        positions.reverse();
        let columns =
            positions.into_iter().flat_map(|(axis, at)| axis.columns.iter().zip(std::iter::repeat(at)));
        columns.map(|(column, at)| (&*column.name, column.series.value(at))).collect()
    }

    /// The values of combination `number` in words, for messages: `seed = 1, width = 512`.
    #[must_use]
    pub fn describe(&self, number: u64) -> String {
        let values = self.values(number);
        let parts: Vec<String> = values.iter().map(|(name, value)| format!("{name} = {value}")).collect();
        parts.join(", ")
    }

    /// The axis that sets a parameter, or `models.` and a slot.
    #[must_use]
    pub fn axis_of(&self, name: &str) -> Option<&Axis> {
        self.axes.iter().find(|axis| axis.columns.iter().any(|column| *column.name == *name))
    }
}

impl Axis {
    fn chooses_models(&self) -> bool {
        self.columns.iter().any(|column| matches!(column.series, Series::Models(..)))
    }
}

/// How many combinations some axes have, whether or not their values are right.
#[must_use]
pub fn count(axes: &Axes) -> u64 {
    axes.0.iter().map(|(_, axis)| length(axis)).fold(1, u64::saturating_mul)
}

fn length(axis: &At<batch::Axis>) -> u64 {
    match axis.get() {
        batch::Axis::List(items) => items.len() as u64,
        batch::Axis::Range(range) => Progression::new(range, axis.span()).map_or(1, Progression::count),
    }
}

/// Checks the axes of a preset. Gives nothing if something is wrong; every problem is reported.
pub fn resolve(
    preset: &Preset,
    declared: &Named<Param>,
    models: &Models,
    diagnostics: &mut Diagnostics,
) -> Option<Matrix> {
    let before = diagnostics.error_count();
    let mut reader = Reader { preset, declared, models, diagnostics, seen: Vec::new() };
    let axes = preset.matrix.0.iter().filter_map(|(name, axis)| reader.axis(name, axis)).collect();
    check_size(preset, diagnostics);
    (diagnostics.error_count() == before).then_some(Matrix { axes })
}

struct Reader<'r, 'd> {
    preset: &'r Preset,
    declared: &'r Named<Param>,
    models: &'r Models,
    diagnostics: &'d mut Diagnostics,
    /// What varies already, and where that is written.
    seen: Vec<Spanned<Arc<str>>>,
}

impl<'r> Reader<'r, '_> {
    fn axis(&mut self, name: &Spanned<Arc<str>>, axis: &At<batch::Axis>) -> Option<Axis> {
        let is_declared = self.declared.get(&name.value).is_some() || self.declared.is_broken(&name.value);
        let columns = match axis.get() {
            batch::Axis::List(items) if items.is_empty() => {
                self.diagnostics.push(
                    Diagnostic::format(
                        "empty-matrix",
                        format!("the list of `{}` is empty, so nothing would be built", name.value),
                    )
                    .at(axis.span(), ""),
                );
                return None;
            }
            batch::Axis::List(items) if !is_declared && batch::is_rows(items) => self.rows(items)?,
            batch::Axis::List(items) => vec![self.column(name, items.iter())?],
            batch::Axis::Range(range) => vec![self.range(name, range, axis.span())?],
        };
        Some(Axis { name: name.value.clone(), columns, len: length(axis) })
    }

    /// A zipped axis: every row gives a value for the same parameters.
    fn rows(&mut self, rows: &[Item]) -> Option<Vec<Column>> {
        let first: Vec<Spanned<Arc<str>>> = batch::cells(&rows[0]).map(|(name, _)| name).collect();
        if first.is_empty() {
            let problem = Diagnostic::format("uneven-rows", "this row sets nothing");
            self.diagnostics
                .push(problem.at(rows[0].span, "").help("name parameters: { prompt = \"…\", seed = 1 }"));
            return None;
        }
        let has = |row: &Item, name: &str| batch::cells(row).any(|(cell, _)| *cell.value == *name);
        let mut even = true;
        for row in &rows[1..] {
            let lacking = first.iter().filter(|name| !has(row, &name.value));
            let surplus = batch::cells(row).map(|(name, _)| name).filter(|name| !has(&rows[0], &name.value));
            for name in lacking {
                even = false;
                self.diagnostics.push(
                    Diagnostic::format("uneven-rows", format!("this row gives no `{}`", name.value))
                        .at(row.span, "")
                        .at(name.span, "the first row gives one")
                        .help("the rows of an axis all set the same parameters"),
                );
            }
            for name in surplus {
                even = false;
                self.diagnostics.push(
                    Diagnostic::format("uneven-rows", format!("the first row gives no `{}`", name.value))
                        .at(name.span, "")
                        .at(rows[0].span, "the first row")
                        .help("the rows of an axis all set the same parameters"),
                );
            }
        }
        let columns: Vec<Column> = first
            .iter()
            .filter_map(|name| {
                let cells = rows.iter().filter_map(|row| {
                    batch::cells(row).find(|(cell, _)| cell.value == name.value).map(|(_, item)| item)
                });
                self.column(name, cells)
            })
            .collect();
        (even && columns.len() == first.len()).then_some(columns)
    }

    /// The parameter that an axis or a cell names, with its index.
    fn param(&mut self, name: &Spanned<Arc<str>>) -> Option<(usize, &'r Param)> {
        let Some(index) = self.declared.names().position(|known| *known == *name.value) else {
            if !self.declared.is_broken(&name.value) {
                self.diagnostics.push(params::unknown_param(name, self.declared));
            }
            return None;
        };
        let param = self.declared.get(&name.value)?;
        self.once(name);
        // The axis wins over a value in [params]; a mistake there is still one.
        if let Some(item) = self.preset.params.get(&name.value)
            && let Err(problems) = params::accept(&name.value, param, item, self.models)
        {
            self.diagnostics.extend(problems);
        }
        Some((index, param))
    }

    /// Nothing varies on two axes.
    fn once(&mut self, name: &Spanned<Arc<str>>) {
        match self.seen.iter().find(|seen| seen.value == name.value) {
            Some(seen) => self.diagnostics.push(
                Diagnostic::format("duplicate-axis", format!("`{}` varies on two axes", name.value))
                    .at(name.span, "")
                    .at(seen.span, "the other one")
                    .help("remove one of them"),
            ),
            None => self.seen.push(name.clone()),
        }
    }

    fn column<'i>(
        &mut self,
        name: &Spanned<Arc<str>>,
        items: impl Iterator<Item = &'i Item>,
    ) -> Option<Column> {
        if let Some(slot) = model_slot(&name.value) {
            let slot = Spanned::new(slot.into(), name.span);
            self.once(name);
            return Some(Column { name: name.value.clone(), series: self.slot(slot, items) });
        }
        let models = self.models;
        let (index, param) = self.param(name)?;
        let mut found = Vec::new();
        let mut values = Vec::new();
        for item in items {
            match params::accept(&name.value, param, item, models) {
                Ok(value) => values.push(Given { value, span: Some(item.span) }),
                Err(problems) => found.extend(problems),
            }
        }
        self.diagnostics.extend(found);
        Some(Column { name: name.value.clone(), series: Series::List(index, values) })
    }

    /// The models of a slot. Whether they fit is found out when they are used.
    fn slot<'i>(&mut self, slot: Spanned<Arc<str>>, items: impl Iterator<Item = &'i Item>) -> Series {
        let mut models = Vec::new();
        for item in items {
            if let Raw::Str(model) = &item.value {
                models.push(At(Spanned::new(model.clone(), item.span)));
            } else if item.value != Raw::Invalid {
                let message = format!(
                    "the model slot `{}` takes the name of a model, found {}",
                    slot.value,
                    item.value.kind()
                );
                self.diagnostics.push(Diagnostic::format("wrong-type", message).at(item.span, ""));
            }
        }
        Series::Models(slot, models)
    }

    fn range(&mut self, name: &Spanned<Arc<str>>, range: &batch::Range, span: Span) -> Option<Column> {
        let models = self.models;
        let numbers = match Progression::new(range, span) {
            Ok(numbers) => numbers,
            Err(problem) => {
                self.diagnostics.push(*problem);
                return None;
            }
        };
        let (index, param) = self.param(name)?;
        if !takes_ranges(param) {
            let problem = Diagnostic::format(
                "wrong-type",
                format!("a range goes with numbers, and `{}` is a {}", name.value, param.kind.get().name()),
            );
            let help = format!("list its values: {} = [\"…\", \"…\"]", name.value);
            self.diagnostics.push(problem.at(span, "").help(help));
            return None;
        }
        // Range, divisor and form of a parameter hold for all numbers if they hold for these.
        let last = numbers.count() - 1;
        let ends = [
            (0, range.from.span),
            (last, range.to.as_ref().map_or(span, |to| to.span)),
            (1.min(last), range.step.as_ref().map_or(span, |step| step.span)),
        ];
        for (position, span) in ends {
            let raw = match numbers.nth(position) {
                Value::Float(float) => Raw::Float(float),
                Value::Int(int) => Raw::Int(int),
                _ => Raw::Invalid,
            };
            if let Err(problems) = params::accept(&name.value, param, &Item::new(raw, span), models) {
                self.diagnostics.extend(problems);
                break;
            }
        }
        let numbers = if *param.kind.get() == ParamType::Float { numbers.into_floats() } else { numbers };
        Some(Column { name: name.value.clone(), series: Series::Range(index, numbers, span) })
    }
}

fn takes_ranges(param: &Param) -> bool {
    matches!(param.kind.get(), ParamType::Int | ParamType::Float | ParamType::Seed)
}

fn check_size(preset: &Preset, diagnostics: &mut Diagnostics) {
    let (axes, rungs) = (&preset.matrix, preset.ladder.0.len().max(1) as u64);
    let Some((name, _)) = axes.0.iter().next() else { return };
    let combinations = count(axes);
    let message = if combinations > MAX_COMBINATIONS {
        format!("the matrix has {combinations} combinations; the limit is {MAX_COMBINATIONS}")
    } else if combinations.saturating_mul(rungs) > MAX_COMBINATIONS {
        format!(
            "the matrix has {combinations} combinations on each of {rungs} rungs; the limit is \
             {MAX_COMBINATIONS} workflows"
        )
    } else {
        return;
    };
    diagnostics.push(Diagnostic::format("matrix-too-large", message).at(name.span, ""));
}

/// Parameters with the first value of every axis, so that a parameter that only the matrix gives counts as
/// given.
#[must_use]
pub fn with_first_values(params: &Named<Item>, axes: &Axes, declared: &Named<Param>) -> Named<Item> {
    let mut given = params.clone();
    // What is no parameter is reported where the axes are checked.
    let mut give = |name: Spanned<Arc<str>>, item: &Item| {
        if declared.get(&name.value).is_some() {
            given.set(name, item.clone());
        }
    };
    for (name, axis) in &axes.0 {
        match axis.get() {
            batch::Axis::List(items) if declared.get(&name.value).is_none() && batch::is_rows(items) => {
                batch::cells(&items[0]).for_each(|(name, item)| give(name, item));
            }
            batch::Axis::List(items) => items.iter().take(1).for_each(|first| give(name.clone(), first)),
            batch::Axis::Range(range) => {
                let is_number = declared.get(&name.value).is_some_and(takes_ranges);
                let is_right = is_number && Progression::new(range, axis.span()).is_ok();
                // What is wrong is reported where the axes are checked.
                let from = if is_right { range.from.value.clone() } else { Raw::Invalid };
                give(name.clone(), &Item::new(from, range.from.span));
            }
        }
    }
    given
}
