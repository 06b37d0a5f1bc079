//! `cargo xtask eval-vram`: how good the predictions of memory are, against what people have measured.
//!
//! Every source is predicted with coefficients that know nothing of it: all that were measured are fitted anew without
//! that source's rows, and what no other source tells is taken from the wider row behind it. Numbers of different kinds are
//! never compared.

mod fit;
mod measured;
mod table;

use std::collections::BTreeMap;
use std::path::Path;

use wfc::catalog::Models;
use wfc::plan::{Amount, Budget, Coefficients, Engine, Kind, Request, Run, Subject, Verdict};

use measured::{GIB, Measure, Row, rows};

/// A measurement with what is predicted for it, in GiB.
#[derive(Clone, Debug)]
pub(crate) struct Compared {
    row: Row,
    engine: Engine,
    measure: Measure,
    measured: f64,
    /// With the committed table.
    predicted: Amount,
    /// With a table that was fitted without this source.
    unseen: Amount,
    /// How much of what is predicted is weights.
    weights: f64,
    baselines: [f64; 3],
}

/// A card that was too small or large enough, with what is predicted.
#[derive(Clone, Debug)]
pub(crate) struct Bound {
    row: Row,
    is_oom: bool,
    card: f64,
    predicted: Amount,
    verdict: Verdict,
    baselines: [f64; 3],
}

/// Everything that the evaluation found.
#[derive(Clone, Debug, Default)]
pub(crate) struct Evaluation {
    compared: Vec<Compared>,
    bounds: Vec<Bound>,
    /// Reason and how many rows.
    refused: BTreeMap<String, usize>,
    /// Rows that repeat others.
    repeats: usize,
    /// Coefficients by name: committed, refitted, and the least and most that a measurement implies.
    fits: Vec<(String, f64, f64, f64, f64)>,
}

/// The text that stands in `docs/vram.md`.
pub(crate) fn report() -> String {
    table::text(&evaluate())
}

/// Between these lines of the page the report stands.
const MARKS: [&str; 2] = ["<!-- cargo xtask eval-vram --write -->\n", "<!-- end -->\n"];
const PAGE: &str = "docs/vram.md";

/// The page with the report of today.
pub(crate) fn page(present: &str) -> Option<String> {
    let [begin, end] = MARKS;
    let (before, rest) = present.split_once(begin)?;
    let (_, after) = rest.split_once(end)?;
    Some(format!("{before}{begin}{}{end}{after}", report()))
}

/// Writes the report into the page.
pub(crate) fn write(root: &Path) -> Result<(), String> {
    let path = root.join(PAGE);
    let present = std::fs::read_to_string(&path).map_err(|error| format!("{PAGE}: {error}"))?;
    let page = page(&present).ok_or_else(|| format!("{PAGE} has no place for the report"))?;
    wfc::cli::output::write_atomic(&path, page.as_bytes()).map_err(|error| error.to_string())?;
    Ok(())
}

/// Compares all rows.
pub(crate) fn evaluate() -> Evaluation {
    let models = Models::embedded();
    let all = rows();
    let committed = Coefficients::embedded();
    let mut found = Evaluation::default();
    let mut unseen: BTreeMap<&str, Coefficients> = BTreeMap::new();
    for row in &all {
        if row.get("use") == "refuse" {
            *found.refused.entry(row.get("note").to_owned()).or_default() += 1;
            continue;
        }
        let request = match row.request(&models) {
            Ok(request) => request,
            Err(reason) => {
                *found.refused.entry(reason).or_default() += 1;
                continue;
            }
        };
        let source = row.get("source");
        let table = unseen.entry(source).or_insert_with(|| {
            let others: Vec<&Row> = all.iter().filter(|row| row.get("source") != source).collect();
            fit::refit(&others, &all, &models, committed)
        });
        let run = row.run(&request, committed);
        let unseen = row.run(&request, table);
        let baselines = baselines(&request, committed);
        match (row.measure(), row.value(), row.number("card_gib")) {
            (Some(measure), Some(measured), _) => {
                found.repeats += usize::from(row.get("use") == "repeat");
                let of = |run: &Run| {
                    let peak = row.peak(run);
                    let amount = match measure {
                        Measure::Allocated => peak.allocated,
                        Measure::Reserved => peak.reserved,
                        Measure::Device => peak.device,
                    };
                    amount * (1.0 / GIB)
                };
                found.compared.push(Compared {
                    row: row.clone(),
                    engine: request.engine,
                    measure,
                    measured: measured / GIB,
                    predicted: of(&run),
                    unseen: of(&unseen),
                    weights: weights(row, &run),
                    baselines,
                });
            }
            (None, _, Some(card)) => found.bounds.push(bound(row, card, run, baselines)),
            _ => *found.refused.entry("neither a number nor a card".into()).or_default() += 1,
        }
    }
    let rows: Vec<&Row> = all.iter().collect();
    for (at, row) in committed.rows().iter().enumerate() {
        let implied = fit::implied(at, &rows, &models, committed);
        if let Some(amount) = fit::fitted(&implied).filter(|_| !row.fitted_on.is_empty()) {
            let amounts = || implied.values().flatten().copied();
            let name = [row.kind, row.engine, row.subject, row.case].join(" ").trim().to_owned();
            let (least, most) = (amounts().fold(f64::INFINITY, f64::min), amounts().fold(0.0, f64::max));
            found.fits.push((name, row.amount.typical, amount, least, most));
        }
    }
    found
}

/// How much of the allocated peak is weights, from 0 to 1.
fn weights(row: &Row, run: &Run) -> f64 {
    let peak = row.peak(run).allocated.typical;
    let decides = run.stages.iter().find(|stage| {
        let own = if row.get("question") == "whole" { stage.without_streaming } else { stage.least };
        own.allocated.typical >= peak
    });
    decides.map_or(0.0, |stage| {
        let activations = stage.need.activations.typical;
        (1.0 - activations / peak).max(0.0)
    })
}

fn bound(row: &Row, card: f64, run: Run, baselines: [f64; 3]) -> Bound {
    let predicted = row.peak(&run).device * (1.0 / GIB);
    let run = Run { least: row.peak(&run), ..run };
    let verdict = run.verdict(Budget { total: card * GIB, headroom: 0.0 });
    Bound { row: row.clone(), is_oom: row.get("kind") != "fits_bound", card, predicted, verdict, baselines }
}

/// What simpler rules say, in GiB: the weights, the weights times 1.2, and the weights with what ComfyUI sets aside.
fn baselines(request: &Request, coefficients: &Coefficients) -> [f64; 3] {
    let run = wfc::plan::Calculator { coefficients, ..Default::default() }.run(request);
    let size = request.size.unwrap_or_default();
    let mut weights: f64 = 0.0;
    let mut set_aside: f64 = 0.0;
    for stage in &run.stages {
        let own = stage.need.weights.typical;
        weights = weights.max(own);
        let reserve = match (stage.need.kind, request.model.subject) {
            (Kind::Sampling, Subject::Network(network)) => {
                let row = coefficients.find("memory_required", "native", network.name, "", None);
                let tokens = network.tokens(size.0, size.1, request.frames.unwrap_or(1.0));
                row.map_or(0.0, |row| row.amount.typical * request.tokens.unwrap_or(tokens))
            }
            (kind @ (Kind::VaeDecode | Kind::VaeEncode), subject) => {
                let word = if kind == Kind::VaeDecode { "decode" } else { "encode" };
                let family = match subject {
                    Subject::Network(network) => network.vae,
                    _ => &request.model.family,
                };
                let frames = request.frames.unwrap_or(1.0);
                let row = coefficients.by_frames("memory_required", "native", family, word, frames);
                let (width, height) = request.tile.unwrap_or(size);
                let bytes = request.vae_precision.map_or(2.0, |precision| precision.bytes.typical);
                row.map_or(0.0, |row| row.amount.typical * width * height * bytes)
            }
            _ => 0.0,
        };
        set_aside = set_aside.max(own + reserve);
    }
    [weights / GIB, weights * 1.2 / GIB, set_aside / GIB]
}

#[cfg(test)]
mod tests;
