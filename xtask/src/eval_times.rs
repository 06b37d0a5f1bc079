//! `cargo xtask eval-times`: fits the efficiencies of `schemas/coefficients.csv` on `schemas/times.csv`, and judges times by
//! measurements of sources that were left out of the fit.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;

use wfc::catalog::{Machine, Machines, Models};
use wfc::plan::{
    Amount, Basis, Calculator, Coefficients, Engine, Includes, Measured, Model, Precision, Request, Timer,
};

/// Between these lines stands what the command prints.
const MARKS: [&str; 2] = ["<!-- eval-times: begin -->\n", "<!-- eval-times: end -->"];
const PAGE: &str = "docs/time.md";

/// A row that something can be fitted on, on its machine.
struct Row {
    measured: &'static Measured,
    engine: Engine,
    machine: Machine,
}

impl Row {
    fn all(machines: &Machines) -> Vec<Self> {
        let used = Measured::all().iter().filter(|row| row.refused.is_empty());
        used.filter_map(|measured| {
            let id = match measured.cards {
                1 => measured.gpu.to_owned(),
                cards => format!("{cards}x{}", measured.gpu),
            };
            Some(Self { measured, engine: measured.engine?, machine: machines.machine(&id)? })
        })
        .collect()
    }

    const fn timer<'t>(&'t self, coefficients: &'t Coefficients) -> Timer<'t> {
        Timer { machine: &self.machine, coefficients, headroom: 0.0 }
    }

    /// What a whole prompt does besides sampling: everything else moves to the card, and computes.
    fn besides(&self, coefficients: &Coefficients, models: &Models) -> Option<Amount> {
        if self.measured.includes != Includes::Prompt {
            return Some(Amount::ZERO);
        }
        let timer = self.timer(coefficients);
        let calculator = Calculator { coefficients, ..Default::default() };
        let run = calculator.run(&self.request(models)?);
        let row = coefficients.find("seconds", self.engine.key(), "*", "prompt", None)?;
        let mut sum = row.amount;
        for stage in run.stages.iter().filter(|stage| stage.need.kind != wfc::plan::Kind::Sampling) {
            sum += timer.need(&stage.need, None, &stage.without_streaming, false)?.amount;
        }
        Some(sum)
    }

    fn request(&self, models: &Models) -> Option<Request> {
        let model = Model::called(self.measured.network, models)?;
        let mut request = Request::new(model, self.engine, Model::parts(models));
        request.precision = Precision::told_by(self.measured.precision);
        request.size = Some((self.measured.width, self.measured.height));
        request.frames = Some(self.measured.frames);
        request.is_guided = self.measured.passes > 1.0;
        Some(request)
    }

    /// The time that is predicted, without what streaming costs: no source says how much was streamed.
    fn predicted(&self, coefficients: &Coefficients, models: &Models) -> Option<Amount> {
        let work = self.measured.work()?;
        let bytes = work.precision.map_or(Amount::exact(2.0), |precision| precision.bytes);
        let weights = bytes * work.network.params();
        let timer = self.timer(coefficients);
        let sampling = timer.sampling(&work, self.engine, weights, Amount::ZERO)?.amount;
        let mut sum = sampling + self.besides(coefficients, models)?;
        if self.measured.includes == Includes::Prompt {
            // Both networks of two come to the card.
            let row = coefficients.find("pcie", self.engine.key(), "*", "", None)?;
            let bytes = weights * work.network.experts;
            let speed = row.amount * 1e9;
            sum += Amount { low: 0.0, typical: bytes.typical / speed.typical, high: bytes.high / speed.low };
        }
        Some(sum)
    }

    /// The part of what the tensor cores can do that was reached.
    fn efficiency(&self, coefficients: &Coefficients, models: &Models) -> Option<f64> {
        let work = self.measured.work()?;
        let (ideal, _) = self.timer(coefficients).ideal(&work, self.engine)?;
        let besides = self.besides(coefficients, models)?.typical;
        let seconds = self.measured.seconds - besides;
        (seconds > 0.0).then(|| ideal.typical / seconds)
    }

    /// True if efficiency is fitted on it: one card, and weights that need no turning into others.
    fn is_plain(&self) -> bool {
        let is_full = matches!(self.measured.precision, "bf16" | "fp16");
        self.measured.cards == 1 && (is_full || self.measured.multiplies_fp8 == Some(true))
    }
}

fn median(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_by(f64::total_cmp);
    let middle = numbers.len() / 2;
    match (numbers.len().is_multiple_of(2), numbers.get(middle), middle.checked_sub(1)) {
        (false, Some(middle), _) => *middle,
        (true, Some(above), Some(below)) => {
            f64::midpoint(numbers.get(below).copied().unwrap_or(*above), *above)
        }
        _ => 0.0,
    }
}

fn span(numbers: &[f64]) -> (f64, f64) {
    numbers.iter().fold((f64::INFINITY, 0.0), |(low, high), number| (number.min(low), number.max(high)))
}

/// A fitted coefficient.
struct Fitted {
    kind: &'static str,
    engine: &'static str,
    subject: String,
    case: &'static str,
    amount: Amount,
    ids: Vec<&'static str>,
}

/// A number with the measurement that gave it.
type Found = (f64, &'static str);

/// Limits with the measurement behind them.
type Limits = (Amount, &'static str);

fn numbers(of: &[Found]) -> Vec<f64> {
    of.iter().map(|(number, _)| *number).collect()
}

fn ids<T>(of: &[(T, &'static str)]) -> Vec<&'static str> {
    of.iter().map(|(_, id)| *id).collect()
}

/// Fits everything on rows.
fn fit(rows: &[&Row], models: &Models) -> Vec<Fitted> {
    let mut fitted = efficiencies(rows, models);
    fitted.extend(scaling(rows));
    fitted.extend(converting(rows));
    for row in &mut fitted {
        row.amount = row.amount.map(|number| (number * 1000.0).round() / 1000.0);
    }
    fitted
}

/// Efficiency by engine and card: the median of the sources' medians; the limits are what was seen, and 15 % more.
fn efficiencies(rows: &[&Row], models: &Models) -> Vec<Fitted> {
    let table = Coefficients::embedded();
    let mut by_card: BTreeMap<(&str, &str, &str), BTreeMap<&str, Vec<Found>>> = BTreeMap::new();
    for row in rows.iter().filter(|row| row.is_plain()) {
        let Some(efficiency) = row.efficiency(table, models) else { continue };
        let gpu = &row.machine.gpu;
        let group = by_card.entry((row.engine.key(), &gpu.arch, &gpu.id)).or_default();
        group.entry(row.measured.source).or_default().push((efficiency, row.measured.id));
    }
    let efficiency = |engine, subject: &str, amount, ids| {
        let (kind, case, subject) = ("efficiency", "sampling", subject.to_owned());
        Fitted { kind, engine, subject, case, amount, ids }
    };
    let mut fitted = Vec::new();
    let mut by_arch: BTreeMap<&str, Vec<Limits>> = BTreeMap::new();
    for ((engine, arch, card), sources) in by_card {
        let all: Vec<Found> = sources.values().flatten().copied().collect();
        let typical = median(sources.values().map(|of| median(numbers(of))).collect());
        let (low, high) = span(&numbers(&all));
        let most = 1.0_f64.max(typical);
        let amount = Amount { low: low / 1.15, typical, high: (high * 1.15).clamp(typical, most) };
        let ids = ids(&all);
        by_arch.entry(arch).or_default().extend(ids.iter().map(|id| (amount, *id)));
        fitted.push(efficiency(engine, card, amount, ids));
    }
    // Cards of the same architecture, and cards of any: the limits of those that were measured, and more.
    let wider = |of: &[Limits], by: f64| {
        let typical = median(of.iter().map(|(amount, _)| amount.typical).collect());
        let low = of.iter().fold(typical, |low, (amount, _)| low.min(amount.low)) / by;
        let high = of.iter().fold(typical, |high, (amount, _)| high.max(amount.high)) * by;
        Amount { low, typical, high: high.min(1.0_f64.max(typical)) }
    };
    for (arch, of) in &by_arch {
        fitted.push(efficiency("*", arch, wider(of, 1.25), ids(of)));
    }
    let all: Vec<Limits> = by_arch.into_values().flatten().collect();
    if !all.is_empty() {
        fitted.push(efficiency("*", "*", wider(&all, 1.5), ids(&all)));
    }
    fitted
}

/// What a further card costs, by the time of one: of datacenter cards, and over the bus.
fn scaling(rows: &[&Row]) -> Vec<Fitted> {
    let mut fitted = Vec::new();
    for subject in ["h100-80gb a100-80gb h20-96gb", "rtx-4090"] {
        let several = rows.iter().filter(|row| row.measured.cards > 1);
        let of_link = several.filter(|row| subject.split(' ').any(|card| card == row.measured.gpu));
        let lost: Vec<Found> = of_link
            .filter_map(|row| {
                let row = row.measured;
                let is_same = |one: &Measured| {
                    one.cards == 1
                        && (one.gpu, one.network, one.source) == (row.gpu, row.network, row.source)
                        && one.width.total_cmp(&row.width).is_eq()
                        && one.includes == row.includes
                };
                // Of two tasks of one network, the one that stands before it.
                let one = rows.iter().map(|one| one.measured).filter(|one| is_same(one));
                let number = |id: &str| id.trim_start_matches('t').parse::<u32>().unwrap_or_default();
                let one =
                    one.filter(|one| number(one.id) < number(row.id)).max_by_key(|one| number(one.id))?;
                let cards = f64::from(row.cards);
                let faster = one.seconds / row.seconds;
                Some(((cards / faster - 1.0) / (cards - 1.0), row.id))
            })
            .collect();
        if lost.is_empty() {
            continue;
        }
        let (low, high) = span(&numbers(&lost));
        let amount = Amount { low: low / 1.15, typical: median(numbers(&lost)), high: high * 1.15 };
        let (kind, engine, case, subject) = ("scaling", "reference", "", subject.to_owned());
        fitted.push(Fitted { kind, engine, subject, case, amount, ids: ids(&lost) });
    }
    fitted
}

/// What converting stored weights costs, by the time of bf16 on the same card.
fn converting(rows: &[&Row]) -> Vec<Fitted> {
    let mut fitted = Vec::new();
    for case in ["fp8", "packed"] {
        let steps =
            rows.iter().filter(|row| row.engine == Engine::Native && row.measured.includes == Includes::Step);
        let stored = steps.filter(|row| match row.measured.precision {
            "fp8" => case == "fp8" && row.measured.multiplies_fp8 == Some(false),
            precision => case == "packed" && precision.starts_with('q'),
        });
        let ratios: Vec<Found> = stored
            .filter_map(|row| {
                let row = row.measured;
                let is_same = |full: &&&Row| {
                    let full = full.measured;
                    full.precision == "bf16"
                        && (full.gpu, full.source) == (row.gpu, row.source)
                        && full.width.total_cmp(&row.width).is_eq()
                };
                let full: Vec<f64> = rows.iter().filter(is_same).map(|full| full.measured.seconds).collect();
                (!full.is_empty()).then(|| (row.seconds / median(full), row.id))
            })
            .collect();
        if ratios.is_empty() {
            continue;
        }
        let (_, high) = span(&numbers(&ratios));
        let amount = Amount { low: 1.0, typical: median(numbers(&ratios)).max(1.0), high: high * 1.05 };
        let (kind, engine, subject) = ("convert", "native", "*".to_owned());
        fitted.push(Fitted { kind, engine, subject, case, amount, ids: ids(&ratios) });
    }
    fitted
}

/// The embedded table with these coefficients in place of its own, of which those that were fitted on what is left out are
/// gone.
fn table(fitted: &[Fitted]) -> Coefficients {
    Coefficients::embedded().changed(|row| {
        let is_fitted = matches!(row.kind, "efficiency" | "scaling" | "convert") && !row.fitted_on.is_empty();
        let own = fitted.iter().find(|own| {
            (row.kind, row.engine, row.subject, row.case) == (own.kind, own.engine, &*own.subject, own.case)
        });
        match own {
            Some(own) => row.amount = own.amount,
            None if is_fitted => {
                row.kind = "left out";
                row.basis = Basis::Assumed;
            }
            None => {}
        }
    })
}

/// The error of a prediction, as a part of what was measured.
struct Judged {
    group: String,
    error: f64,
    /// The high limit by the low one.
    width: f64,
    is_inside: bool,
    is_early: bool,
}

fn group(row: &Row) -> String {
    let cards = match row.measured.cards {
        1 => "1 card".to_owned(),
        _ => "4 and 8 cards".to_owned(),
    };
    format!("{} | {} | {cards}", row.engine.name(), row.machine.gpu.arch)
}

fn line(out: &mut String, name: &str, judged: &[&Judged]) {
    let count = judged.len();
    let share = |of: usize| format!("{of} of {count}");
    let inside = judged.iter().filter(|row| row.is_inside).count();
    let early = judged.iter().filter(|row| row.is_early).count();
    let signed = median(judged.iter().map(|row| row.error * 100.0).collect());
    let absolute = median(judged.iter().map(|row| row.error.abs() * 100.0).collect());
    let worst = judged.iter().map(|row| row.error.abs() * 100.0).fold(0.0, f64::max);
    let width = median(judged.iter().map(|row| row.width).collect());
    let _ = writeln!(
        out,
        "| {name} | {count} | {signed:+.0} % | {absolute:.0} % | {worst:.0} % | {width:.1} | {} | {} |",
        share(inside),
        share(early)
    );
}

fn judge<'r>(rows: &'r [Row], models: &Models, leave_out: bool) -> Vec<(&'r Row, Judged)> {
    let mut judged = Vec::new();
    let sources: BTreeSet<&str> = rows.iter().map(|row| row.measured.source).collect();
    for source in sources {
        let fitted_on: Vec<&Row> =
            rows.iter().filter(|row| !leave_out || row.measured.source != source).collect();
        let table = table(&fit(&fitted_on, models));
        for row in rows.iter().filter(|row| row.measured.source == source) {
            let Some(predicted) = row.predicted(&table, models) else { continue };
            let measured = row.measured.seconds;
            judged.push((
                row,
                Judged {
                    group: group(row),
                    error: (predicted.typical - measured) / measured,
                    width: predicted.high / predicted.low.max(f64::MIN_POSITIVE),
                    is_inside: predicted.contains(measured),
                    is_early: predicted.high < measured,
                },
            ));
        }
    }
    judged
}

/// What the command prints.
pub(crate) fn report() -> String {
    let (machines, models) = (Machines::embedded(), Models::embedded());
    let rows = Row::all(&machines);
    let mut out = String::new();
    let _ = writeln!(
        out,
        "{} of {} measurements are used, of {} sources.\n",
        rows.len(),
        Measured::all().len(),
        rows.iter().map(|row| row.measured.source).collect::<BTreeSet<_>>().len()
    );
    let mut refused: BTreeMap<&str, usize> = BTreeMap::new();
    for row in Measured::all().iter().filter(|row| !row.refused.is_empty()) {
        *refused.entry(row.refused).or_default() += 1;
    }
    out.push_str("| not used because | rows |\n| --- | ---: |\n");
    for (reason, count) in refused {
        let _ = writeln!(out, "| {reason} | {count} |");
    }
    let columns = "| engine | architecture | cards | rows | median error | median of absolute errors | worst | high by low \
                   | inside the limits | above them |\n| --- | --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | \
                   ---: |\n";
    let titles = [
        "Fitted on all other sources:",
        "Fitted on all of them, which only shows how well the formulas can do:",
    ];
    for (title, leave_out) in titles.into_iter().zip([true, false]) {
        let _ = write!(out, "\n{title}\n\n{columns}");
        let judged = judge(&rows, &models, leave_out);
        let mut groups: BTreeMap<&str, Vec<&Judged>> = BTreeMap::new();
        for (_, row) in &judged {
            groups.entry(&row.group).or_default().push(row);
        }
        for (name, rows) in &groups {
            line(&mut out, name, rows);
        }
        line(&mut out, "all | | ", &judged.iter().map(|(_, row)| row).collect::<Vec<_>>());
    }
    out.push_str("\nWhat was fitted, on all of them:\n\n");
    out.push_str("| coefficient | engine | holds for | low | typical | high | rows |\n");
    out.push_str("| --- | --- | --- | ---: | ---: | ---: | ---: |\n");
    for Fitted { kind, engine, subject, case, amount, ids } in fit(&rows.iter().collect::<Vec<_>>(), &models)
    {
        let Amount { low, typical, high } = amount;
        let _ = writeln!(
            out,
            "| {} | {engine} | {subject} | {low} | {typical} | {high} | {} |",
            format!("{kind} {case}").trim(),
            ids.len()
        );
    }
    out
}

/// The rows of the table of coefficients as they are fitted today, to be put in place of the committed ones.
pub(crate) fn coefficients() -> String {
    let (machines, models) = (Machines::embedded(), Models::embedded());
    let rows = Row::all(&machines);
    let mut out = String::new();
    for Fitted { kind, engine, subject, case, amount, ids } in fit(&rows.iter().collect::<Vec<_>>(), &models)
    {
        let Amount { low, typical, high } = amount;
        let basis = if subject == "*" && kind == "efficiency" { "assumed" } else { "measured" };
        let of = match kind {
            "efficiency" if engine == "*" => {
                "of what the tensor cores can do; as on cards that were measured"
            }
            "efficiency" => "of what the tensor cores can do",
            "scaling" => "time that each further card adds by the time of one",
            _ => "time by that of weights in 16 bits",
        };
        let ids = ids.join(" ");
        let _ = writeln!(
            out,
            "{kind},{engine},{subject},{case},,ratio,{low},{typical},{high},0,0,{basis},{ids},{of}",
        );
    }
    out
}

/// Writes the report into the page, or tells whether it stands there.
pub(crate) fn page(root: &Path) -> Result<(String, String), String> {
    let path = root.join(PAGE);
    let text = std::fs::read_to_string(&path).map_err(|error| format!("{PAGE}: {error}"))?;
    let [begin, end] = MARKS;
    let parts = text.split_once(begin).and_then(|(before, rest)| Some((before, rest.split_once(end)?.1)));
    let (before, after) = parts.ok_or_else(|| format!("{PAGE} lacks the lines `{begin}` and `{end}`"))?;
    let new = format!("{before}{begin}{}{end}{after}", report());
    Ok((text, new))
}

/// `cargo xtask eval-times [--write]`.
pub(crate) fn run(arguments: &[&str], root: &Path) -> Result<(), String> {
    match arguments {
        [] => print(&report()),
        ["--coefficients"] => print(&coefficients()),
        ["--write"] => {
            let (_, new) = page(root)?;
            std::fs::write(root.join(PAGE), new).map_err(|error| format!("{PAGE}: {error}"))?;
        }
        _ => return Err("usage: cargo xtask eval-times [--write | --coefficients]".to_owned()),
    }
    Ok(())
}

#[expect(clippy::print_stdout, reason = "a task of the repository talks to its developer")]
fn print(text: &str) {
    print!("{text}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_has_what_the_command_prints_today() {
        let (present, new) = page(crate::root()).unwrap();
        assert!(present == new, "run `cargo xtask eval-times --write`");
    }

    #[test]
    fn the_committed_coefficients_are_those_that_are_fitted_today() {
        let rows = Coefficients::embedded().rows();
        for line in coefficients().lines() {
            let fields: Vec<&str> = line.split(',').collect();
            let [kind, engine, subject, case, _, _, low, typical, high, ..] = fields[..] else {
                panic!("{line}")
            };
            let own = rows
                .iter()
                .find(|row| (row.kind, row.engine, row.subject, row.case) == (kind, engine, subject, case));
            let own = own.unwrap_or_else(|| panic!("not in schemas/coefficients.csv: {line}"));
            let number = |text: &str| text.parse::<f64>().unwrap();
            let amount = Amount { low: number(low), typical: number(typical), high: number(high) };
            assert_eq!(own.amount, amount, "{line}");
        }
    }
}
