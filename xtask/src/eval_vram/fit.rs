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
        let amount = if coefficient.kind == "reserved" && row.measure() == Some(Measure::Reserved) {
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

fn mean(numbers: &[f64]) -> f64 {
    numbers.iter().sum::<f64>() / count(numbers)
}

fn count(numbers: &[f64]) -> f64 {
    numbers.iter().map(|_| 1.0).sum()
}

/// What each source implies: the mean of its measurements.
fn means(implied: &BTreeMap<&'static str, Vec<f64>>) -> Vec<f64> {
    implied.values().map(|amounts| mean(amounts)).collect()
}

/// Every source counts once: the mean of the means.
pub(super) fn fitted(implied: &BTreeMap<&'static str, Vec<f64>>) -> Option<f64> {
    let means = means(implied);
    (!means.is_empty()).then(|| mean(&means))
}

/// How far sources lie apart, relative to what they imply, over all coefficients that several of them tell: the sum of
/// the squares, and the degrees of freedom.
#[derive(Clone, Copy, Debug, Default)]
struct Spread {
    squares: f64,
    freedom: f64,
}

impl Spread {
    fn add(&mut self, means: &[f64]) {
        let middle = mean(means);
        if means.len() > 1 && middle > 0.0 {
            self.squares += means.iter().map(|amount| (amount / middle - 1.0).powi(2)).sum::<f64>();
            self.freedom += count(means) - 1.0;
        }
    }

    /// The limits within which nine of ten further sources are expected, by those that are there: Student's distribution.
    fn limits(self, means: &[f64], whole: Amount) -> Amount {
        /// The 95th percentile for 1, 2, … degrees of freedom.
        const STUDENT: [f64; 6] = [6.314, 2.920, 2.353, 2.132, 2.015, 1.943];
        let typical = mean(means);
        let at = STUDENT.iter().zip(1_u8..).find(|(_, freedom)| self.freedom <= f64::from(*freedom));
        let percentile = at.map_or(1.860, |(percentile, _)| *percentile);
        if self.freedom < 1.0 {
            // Nobody tells how far sources lie apart: the limits of the whole table are no secret of the one that is left out.
            return Amount { typical, low: whole.low.min(typical), high: whole.high.max(typical) };
        }
        let error = (self.squares / self.freedom * (1.0 + 1.0 / count(means))).sqrt();
        let half = typical * percentile * error;
        Amount { low: (typical - half).max(0.0), typical, high: typical + half }
    }
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
    let is_measured = |row: &Coefficient| row.basis == Basis::Measured;
    let mut spread = Spread::default();
    for at in
        (0..coefficients.rows().len()).filter(|at| coefficients.rows().get(*at).is_some_and(is_measured))
    {
        spread.add(&means(&implied(at, rows, models, &current)));
    }
    for (at, row) in coefficients.rows().iter().enumerate() {
        let is_less = named(row, rows).len() < named(row, &all).len();
        if row.basis != Basis::Measured || !is_less {
            continue;
        }
        let means = means(&implied(at, rows, models, &current));
        current = with(&current, at, |changed| {
            if means.is_empty() {
                changed.kind = UNFITTED;
            } else {
                changed.amount = within(row, spread.limits(&means, row.amount));
            }
        });
    }
    current
}

/// What is possible at all: nothing reserves less than it allocates, and of what may be copied no more than all is.
fn within(row: &Coefficient, amount: Amount) -> Amount {
    match row.kind {
        "reserved" => amount.map(|limit| limit.max(1.0)),
        "copied" => amount.map(|limit| limit.clamp(0.0, 1.0)),
        _ => amount,
    }
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
    let mut amount = own.amount.typical;
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
