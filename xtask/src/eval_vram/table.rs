//! The evaluation as the Markdown that stands in `docs/vram.md`.

use std::fmt::Write as _;

use wfc::plan::{Engine, Verdict};

use super::measured::Measure;
use super::{Bound, Compared, Evaluation};

/// What is promised of some measurements: a name, how far the numbers may be off, and which rows.
type Target = (&'static str, f64, fn(&Compared) -> bool);

const TARGETS: &[Target] = &[
    ("the logs of the wrapper and the VAEs", 3.0, |it| {
        it.measure == Measure::Allocated && matches!(it.engine, Engine::Wrapper | Engine::Diffusers)
    }),
    ("rows of generate.py and diffusers of which more than half is weights", 5.0, |it| {
        it.weights > 0.5
            && it.measure != Measure::Reserved
            && matches!(it.engine, Engine::Reference | Engine::Diffusers)
    }),
    ("other rows of generate.py", 10.0, |it| it.weights <= 0.5 && it.engine == Engine::Reference),
    ("the device, in engines that are calibrated (median within)", 10.0, |it| {
        it.measure == Measure::Device && it.engine != Engine::Native && !it.is_claim()
    }),
];

/// In which 1 GiB more or less decides nothing.
const BAND: f64 = 1.0;

fn float(count: usize) -> f64 {
    u32::try_from(count).map_or(f64::INFINITY, f64::from)
}

fn median(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_by(f64::total_cmp);
    let (low, high) = (numbers.len().saturating_sub(1) / 2, numbers.len() / 2);
    let at = |index: usize| numbers.get(index).copied().unwrap_or(f64::NAN);
    f64::midpoint(at(low), at(high))
}

fn percent(predicted: f64, measured: f64) -> f64 {
    (predicted / measured - 1.0) * 100.0
}

impl Compared {
    fn error(&self) -> f64 {
        percent(self.predicted.typical, self.measured)
    }

    fn is_claim(&self) -> bool {
        self.row.get("use") == "claim"
    }

    fn is_repeat(&self) -> bool {
        self.row.get("use") == "repeat"
    }

    fn group(&self) -> (&'static str, &'static str) {
        let measure = match (self.is_claim(), self.measure) {
            (true, _) => "claims, as device",
            (false, Measure::Allocated) if self.row.get("kind") == "peak_vendor_unspecified" => {
                "vendor's, as allocated"
            }
            (false, Measure::Allocated) => "allocated",
            (false, Measure::Reserved) => "reserved",
            (false, Measure::Device) => "device",
        };
        (self.engine.name(), measure)
    }
}

/// The text.
pub(super) fn text(of: &Evaluation) -> String {
    let mut text = String::new();
    let once: Vec<&Compared> = of.compared.iter().filter(|it| !it.is_repeat()).collect();
    used(of, &mut text);
    groups(&once, &mut text);
    targets(&once, &mut text);
    bounds(&of.bounds, &mut text);
    baselines(&once, &mut text);
    fits(of, &mut text);
    text
}

fn used(of: &Evaluation, text: &mut String) {
    let refused: usize = of.refused.values().sum();
    let total = of.compared.len() + of.bounds.len() + refused;
    let _ = writeln!(
        text,
        "{total} measurements: {} compared ({} of them repeat another card's row and are left out below), {} bounds, \
         {refused} refused.\n\n| rows refused | why |\n| ---: | --- |",
        of.compared.len(),
        of.repeats,
        of.bounds.len(),
    );
    for (reason, rows) in &of.refused {
        let _ = writeln!(text, "| {rows} | {reason} |");
    }
}

/// One line of figures.
fn line(text: &mut String, name: &str, measure: &str, rows: &[&Compared]) {
    let share = |holds: fn(&Compared) -> bool| {
        let count = rows.iter().filter(|it| holds(it)).count();
        float(count) / float(rows.len()) * 100.0
    };
    let errors = |of: fn(&Compared) -> f64| rows.iter().map(|it| of(it)).collect::<Vec<f64>>();
    let absolute = |of: fn(&Compared) -> f64| median(errors(of).into_iter().map(f64::abs).collect());
    let unseen: fn(&Compared) -> f64 = |it| percent(it.unseen.typical, it.measured);
    let greatest = errors(Compared::error).into_iter().map(f64::abs).fold(0.0, f64::max);
    let _ = writeln!(
        text,
        "| {name} | {measure} | {} | {:+.1} | {:.1} | {greatest:.1} | {:.0} | {:.0} | {:.0} | {:+.1} | {:.1} | {:.0} |",
        rows.len(),
        median(errors(Compared::error)),
        absolute(Compared::error),
        share(|it| it.predicted.contains(it.measured)),
        share(|it| it.predicted.typical < it.measured),
        share(|it| it.predicted.high < it.measured),
        median(errors(unseen)),
        absolute(unseen),
        share(|it| it.unseen.contains(it.measured)),
    );
}

fn groups(once: &[&Compared], text: &mut String) {
    text.push_str(
        "\nErrors of the expected amount in percent: signed median, absolute median, greatest; then percent of measurements \
         inside the interval, above the expected amount, and above the interval. The last three columns are the same \
         with the source kept out of the fit.\n\n\
         | engine | measure | rows | signed | absolute | greatest | inside | under | above | unseen: signed | absolute | inside |\n\
         | --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n",
    );
    let mut names: Vec<_> = once.iter().map(|it| it.group()).collect();
    names.sort_unstable();
    names.dedup();
    for (engine, measure) in names {
        let rows: Vec<&Compared> =
            once.iter().copied().filter(|it| it.group() == (engine, measure)).collect();
        line(text, engine, measure, &rows);
    }
    let measured: Vec<&Compared> = once.iter().copied().filter(|it| !it.is_claim()).collect();
    line(text, "all", "without claims", &measured);
}

fn targets(once: &[&Compared], text: &mut String) {
    for (name, limit, holds) in TARGETS {
        let _ = write!(
            text,
            "\nTarget: {name} within {limit:.0} %.\n\n| row | source | model | measured | predicted | error % | unseen: error % |\n\
             | ---: | --- | --- | ---: | ---: | ---: | ---: |\n"
        );
        let rows = || once.iter().copied().filter(|it| holds(it));
        for it in rows() {
            let amount = it.predicted;
            let mark = if it.error().abs() > *limit { " **missed**" } else { "" };
            let _ = writeln!(
                text,
                "| {} | {} | {} {} | {:.2} | {:.2} ({:.2} to {:.2}) | {:+.1}{mark} | {:+.1} |",
                it.row.get("id"),
                it.row.get("source"),
                it.row.get("model"),
                it.row.get("stage"),
                it.measured,
                amount.typical,
                amount.low,
                amount.high,
                it.error(),
                percent(it.unseen.typical, it.measured),
            );
        }
        let errors: Vec<f64> = rows().map(|it| it.error().abs()).collect();
        let missed = errors.iter().filter(|error| **error > *limit).count();
        let _ =
            writeln!(text, "\nMedian {:.1} %; {missed} of {} missed.", median(errors.clone()), errors.len());
    }
}

fn bounds(bounds: &[Bound], text: &mut String) {
    text.push_str(
        "\nCards that were too small (OOM) or large enough (fits), and the verdict:\n\n\
         | row | source | model | it was | card | needs at least | verdict |\n| ---: | --- | --- | --- | ---: | ---: | --- |\n",
    );
    for it in bounds {
        let _ = writeln!(
            text,
            "| {} | {} | {} {} | {} | {} | {:.1} ({:.1} to {:.1}) | {} |",
            it.row.get("id"),
            it.row.get("source"),
            it.row.get("model"),
            it.row.get("stage"),
            if it.is_oom { "OOM" } else { "fits" },
            it.card,
            it.predicted.typical,
            it.predicted.low,
            it.predicted.high,
            it.verdict.text(),
        );
    }
    text.push_str(
        "\n| rule | OOM: said to fit | undecided | said not to fit | fits: said to fit | undecided | said not to fit |\n\
         | --- | ---: | ---: | ---: | ---: | ---: | ---: |\n",
    );
    let verdict = |it: &Bound| match it.verdict {
        Verdict::Fits | Verdict::Streams => 0,
        Verdict::MayNotFit | Verdict::Unknown => 1,
        Verdict::DoesNotFit => 2,
    };
    confusion(text, "the verdict", bounds, verdict);
    confusion(text, "the expected amount, undecided within 1 GiB", bounds, |it| {
        banded(it.predicted.typical, it.card)
    });
    for (at, name) in
        ["weights", "weights × 1.2", "weights and ComfyUI's memory_required"].into_iter().enumerate()
    {
        let amount = |it: &Bound| it.baselines.get(at).copied().unwrap_or_default();
        confusion(text, name, bounds, |it| banded(amount(it), it.card));
    }
}

/// 0: fits, 1: undecided, 2: does not fit.
fn banded(amount: f64, card: f64) -> usize {
    if amount <= card - BAND {
        0
    } else if amount < card + BAND {
        1
    } else {
        2
    }
}

fn confusion(text: &mut String, name: &str, bounds: &[Bound], class: impl Fn(&Bound) -> usize) {
    let count = |is_oom: bool, wanted: usize| {
        bounds.iter().filter(|it| it.is_oom == is_oom && class(it) == wanted).count()
    };
    let cells: Vec<String> = [true, false]
        .iter()
        .flat_map(|is_oom| [0, 1, 2].map(|wanted| count(*is_oom, wanted).to_string()))
        .collect();
    let _ = writeln!(text, "| {name} | {} |", cells.join(" | "));
}

fn baselines(once: &[&Compared], text: &mut String) {
    text.push_str(
        "\nSimpler rules on the same measurements, absolute errors in percent:\n\n\
         | rule | median | mean | greatest |\n| --- | ---: | ---: | ---: |\n",
    );
    let rows: Vec<&&Compared> = once.iter().filter(|it| !it.is_claim()).collect();
    let mut add = |name: &str, amount: &dyn Fn(&Compared) -> f64| {
        let errors: Vec<f64> = rows.iter().map(|it| percent(amount(it), it.measured).abs()).collect();
        let mean = errors.iter().sum::<f64>() / float(errors.len());
        let greatest = errors.iter().copied().fold(0.0, f64::max);
        let _ = writeln!(text, "| {name} | {:.1} | {mean:.1} | {greatest:.1} |", median(errors));
    };
    add("`wfc vram`", &|it| it.predicted.typical);
    add("`wfc vram`, the source kept out of the fit", &|it| it.unseen.typical);
    for (at, name) in
        ["weights", "weights × 1.2", "weights and ComfyUI's memory_required"].into_iter().enumerate()
    {
        add(name, &|it| it.baselines.get(at).copied().unwrap_or_default());
    }
}

fn fits(of: &Evaluation, text: &mut String) {
    text.push_str(
        "\nCoefficients that were fitted on measurements: as committed, fitted anew (every source counts once), and what single \
         measurements imply.\n\n| coefficient | committed | fitted | least | most |\n| --- | ---: | ---: | ---: | ---: |\n",
    );
    for (name, committed, fitted, least, most) in &of.fits {
        let number =
            |amount: f64| if amount >= 1000.0 { format!("{amount:.0}") } else { format!("{amount:.3}") };
        let [committed, fitted, least, most] = [*committed, *fitted, *least, *most].map(number);
        let _ = writeln!(text, "| {name} | {committed} | {fitted} | {least} | {most} |");
    }
}
