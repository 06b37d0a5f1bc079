//! Batches: one workflow for every combination of the values in `[matrix]`.

use std::sync::Arc;

use super::params::{self, Given, Values};
use crate::catalog::Models;
use crate::diag::{Diagnostic, Diagnostics};
use crate::front::toml::Item;
use crate::front::toml::decode::{At, Named};
use crate::front::toml::graph::Param;
use crate::front::toml::preset::Preset;

/// Most combinations of one matrix.
pub const MAX_COMBINATIONS: u64 = 1_000_000;

/// A parameter and the values it takes in turn.
#[derive(Clone, Debug)]
pub struct Axis {
    /// The parameter's name.
    pub name: Arc<str>,
    /// Its index among the graph's parameters.
    pub index: usize,
    /// Its values, in written order.
    pub values: Vec<Given>,
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
        self.axes.iter().map(|axis| axis.values.len() as u64).product()
    }

    /// Sets the values of combination `number`, counted from 0.
    pub fn select(&self, mut number: u64, values: &mut Values) {
        for axis in self.axes.iter().rev() {
            let count = axis.values.len() as u64;
            let position = usize::try_from(number % count).unwrap_or_default();
            values.set(axis.index, axis.values[position].clone());
            number /= count;
        }
    }

    /// The values of combination `number` in words, for messages: `seed = 1, width = 512`.
    #[must_use]
    pub fn describe(&self, mut number: u64) -> String {
        let mut parts = Vec::new();
        for axis in self.axes.iter().rev() {
            let count = axis.values.len() as u64;
            let position = usize::try_from(number % count).unwrap_or_default();
            parts.push(format!("{} = {}", axis.name, axis.values[position].value));
            number /= count;
        }
        parts.reverse();
        parts.join(", ")
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
    let mut axes = Vec::with_capacity(preset.matrix.len());
    for (name, list) in &preset.matrix {
        let Some(index) = declared.names().position(|known| *known == *name.value) else {
            if !declared.is_broken(&name.value) {
                diagnostics.push(params::unknown_param(name, declared));
            }
            continue;
        };
        let Some(param) = declared.get(&name.value) else { continue };
        // The axis wins over a value in [params]; a mistake there is still one.
        if let Some(item) = preset.params.get(&name.value)
            && let Err(problems) = params::accept(&name.value, param, item, models)
        {
            diagnostics.extend(problems);
        }
        if list.get().is_empty() {
            diagnostics.push(
                Diagnostic::format(
                    "empty-matrix",
                    format!("the list of `{}` is empty, so nothing would be built", name.value),
                )
                .at(list.span(), ""),
            );
        }
        let mut values = Vec::with_capacity(list.get().len());
        for item in list.get() {
            match params::accept(&name.value, param, item, models) {
                Ok(value) => values.push(Given { value, span: Some(item.span) }),
                Err(problems) => diagnostics.extend(problems),
            }
        }
        axes.push(Axis { name: name.value.clone(), index, values });
    }
    check_size(&preset.matrix, diagnostics);
    (diagnostics.error_count() == before).then_some(Matrix { axes })
}

fn check_size(matrix: &Named<At<Vec<Item>>>, diagnostics: &mut Diagnostics) {
    let lengths = matrix.iter().map(|(_, list)| list.get().len() as u64);
    let count = lengths.fold(1_u64, u64::saturating_mul);
    if count > MAX_COMBINATIONS
        && let Some((name, _)) = matrix.iter().next()
    {
        diagnostics.push(
            Diagnostic::format(
                "matrix-too-large",
                format!("the matrix has {count} combinations; the limit is {MAX_COMBINATIONS}"),
            )
            .at(name.span, ""),
        );
    }
}

/// The preset's parameters with the first value of every axis, so that a parameter that only the
/// matrix gives counts as given.
#[must_use]
pub fn with_first_values(preset: &Preset) -> Named<Item> {
    let mut given = preset.params.clone();
    for (name, list) in &preset.matrix {
        if let Some(first) = list.get().first() {
            given.set(name.clone(), first.clone());
        }
    }
    given
}
