//! Coefficients anew from the measurements that they name.

use std::collections::BTreeMap;

use wfc::catalog::Models;
use wfc::plan::{Amount, Basis, Coefficient, Coefficients, Run};

use super::measured::{Measure, Row};

/// What is no coefficient of anything.
const UNFITTED: &str = "unfitted";

/// The amount that each measurement a coefficient was fitted on implies, by source.
pub(super) fn implied(
    at: usize,
    rows: &[&Row],
    models: &Models,
    coefficients: &Coefficients,
) -> BTreeMap<&'static str, Vec<f64>> {
    let mut found: BTreeMap<&'static str, Vec<f64>> = BTreeMap::new();
    let Some(coefficient) = coefficients.rows().get(at) else { return found };
    for row in named(coefficient, rows) {
        let amount = if coefficient.kind == "reserved" {
            ratio(coefficient, row, rows, models, coefficients)
        } else {
            solved(at, row, models, coefficients)
        };
        found.entry(row.get("source")).or_default().extend(amount);
    }
    found.retain(|_, amounts| !amounts.is_empty());
    found
}

/// The measurements that a coefficient was fitted on.
pub(super) fn named<'r>(coefficient: &Coefficient, rows: &[&'r Row]) -> Vec<&'r Row> {
    let ids = coefficient.fitted_on.split(' ');
    ids.filter_map(|id| rows.iter().copied().find(|row| row.get("id") == id)).collect()
}

/// Every source counts once: the mean of the means.
pub(super) fn fitted(implied: &BTreeMap<&'static str, Vec<f64>>) -> Option<f64> {
    let mean = |numbers: &[f64]| numbers.iter().sum::<f64>() / numbers.iter().map(|_| 1.0).sum::<f64>();
    let means: Vec<f64> = implied.values().map(|amounts| mean(amounts)).collect();
    (!means.is_empty()).then(|| mean(&means))
}

/// Refits what was measured, from these measurements alone: those coefficients that rest on others of `all` too. What none
/// of them tells is not known.
pub(super) fn refit(
    rows: &[&Row],
    all: &[Row],
    models: &Models,
    coefficients: &Coefficients,
) -> Coefficients {
    let mut current = coefficients.clone();
    let all: Vec<&Row> = all.iter().collect();
    for (at, row) in coefficients.rows().iter().enumerate() {
        let is_less = named(row, rows).len() < named(row, &all).len();
        if row.basis != Basis::Measured || !is_less {
            continue;
        }
        let amount = fitted(&implied(at, rows, models, &current));
        let scale = amount.map(|amount| amount / row.amount.typical);
        current = with(&current, at, |changed| match scale {
            Some(scale) => changed.amount = row.amount * scale,
            None => changed.kind = UNFITTED,
        });
    }
    current
}

/// The table with one row changed.
fn with(coefficients: &Coefficients, at: usize, change: impl Fn(&mut Coefficient)) -> Coefficients {
    let mut index = 0;
    coefficients.changed(|row| {
        if index == at {
            change(row);
        }
        index += 1;
    })
}

fn typical(row: &Row, run: &Run) -> f64 {
    let peak = row.peak(run);
    match row.measure() {
        Some(Measure::Reserved) => peak.reserved.typical,
        Some(Measure::Device) => peak.device.typical,
        _ => peak.allocated.typical,
    }
}

/// The amount with which the prediction is the measurement: what is predicted is a line in every coefficient, with bends
/// where another stage becomes the greatest.
fn solved(at: usize, row: &Row, models: &Models, coefficients: &Coefficients) -> Option<f64> {
    let request = row.request(models).ok()?;
    let measured = row.value()?;
    let own = coefficients.rows().get(at)?;
    // A row for any network counts where no row names the network.
    let behind = coefficients.changed(|other| {
        if own.subject == "*" && other.subject != "*" && (other.kind, other.engine) == (own.kind, own.engine)
        {
            other.kind = UNFITTED;
        }
    });
    let predicted = |amount: f64| {
        let table = with(&behind, at, |row| row.amount = Amount::exact(amount));
        typical(row, &row.run(&request, &table))
    };
    let mut amount = coefficients.rows().get(at)?.amount.typical;
    for _ in 0..4 {
        let (here, there) = (predicted(amount), predicted(amount * 1.02));
        let slope = (there - here) / (amount * 0.02);
        if slope <= 0.0 {
            return None;
        }
        amount += (measured - here) / slope;
    }
    Some(amount).filter(|amount| *amount > 0.0)
}

/// What was reserved by what was allocated at the same time.
fn ratio(
    coefficient: &Coefficient,
    row: &Row,
    rows: &[&Row],
    models: &Models,
    coefficients: &Coefficients,
) -> Option<f64> {
    if row.measure() != Some(Measure::Reserved) {
        return None;
    }
    let same = |other: &&&Row| {
        other.get("kind") == "peak_allocated"
            && ["source", "model", "stage"].iter().all(|column| other.get(column) == row.get(column))
    };
    let (reserved, allocated) = (row.value()?, rows.iter().find(same)?.value()?);
    let still = if coefficient.unit == "activations" {
        let run = row.run(&row.request(models).ok()?, coefficients);
        let stage = run.tightest()?;
        (stage.need.resident + stage.need.buffers + stage.others).typical
    } else {
        0.0
    };
    Some((reserved - still) / (allocated - still))
}
