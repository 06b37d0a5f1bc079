//! What `wfc vram` prints: the JSON document, and the table made from it.

use std::fmt::Write as _;

use schemars::JsonSchema;
use serde::Serialize;

use super::Card;
use crate::plan::{Amount, Basis, Calculator, Engine, Kind, Peak, Request, Stage, Verdict, grouped};

/// The version of the format.
const VERSION: u32 = 1;
const GIB: f64 = 1024.0 * 1024.0 * 1024.0;

/// What a model needs of a graphics card. All amounts are bytes, within the limits that are expected.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct Report {
    /// The version of this format.
    version: u32,
    /// The model: a network, a model of the catalog, or a family.
    model: String,
    /// What runs it.
    engine: Engine,
    /// How the weights are stored, if that was said or is known of the file.
    dtype: Option<&'static str>,
    /// In pixels.
    width: Option<f64>,
    /// In pixels.
    height: Option<f64>,
    /// Frames; nothing for a picture.
    frames: Option<f64>,
    /// Cards that share the work.
    cards: f64,
    /// The stages, in the order in which they run.
    stages: Vec<StageReport>,
    /// The least that a card must have, with everything off it that the settings allow.
    least: Peak,
    /// What it takes to stream no weights.
    without_streaming: Peak,
    /// Main memory for the weights that are off the card, and the pictures.
    ram: Amount,
    /// The stage that decides the least.
    decides: Option<Kind>,
    /// The worst that the deciding stage's numbers rest on.
    basis: Basis,
    /// False where nobody has measured or tracked what decides.
    is_calibrated: bool,
    /// What was taken for granted.
    notes: Vec<String>,
    /// The card it was compared with.
    card: Option<CardReport>,
    /// What can be changed, and the least that a card must have then.
    changes: Vec<ChangeReport>,
}

/// What a stage needs.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct StageReport {
    /// What it does.
    kind: Kind,
    /// The model that does it.
    model: String,
    /// All its weights.
    weights: Amount,
    /// Those of them that are on the card at least.
    resident: Amount,
    /// What streaming the others takes beside.
    buffers: Amount,
    /// Live tensors.
    activations: Amount,
    /// Other models that are on the card meanwhile.
    others: Amount,
    /// What it rests on.
    basis: Basis,
    /// What decides it: tokens, blocks that are swapped, tiles.
    notes: Vec<String>,
    /// Its peak with everything off the card that the settings allow.
    least: Peak,
    /// Its peak with all weights on the card.
    without_streaming: Peak,
}

/// A card, and whether the model fits it.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct CardReport {
    /// Its name, or its size as it was written.
    name: String,
    /// Its memory in bytes.
    total: f64,
    /// Whether the model fits.
    verdict: Verdict,
    /// What is left of it, in bytes; negative if that is too little.
    margin: f64,
    /// What is not known and would change the verdict: it holds as long as each of these does.
    conditions: Vec<String>,
}

/// A setting that would need less.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct ChangeReport {
    /// What to set.
    what: String,
    /// The least that a card must have then, as `nvidia-smi` shows it.
    device: Amount,
}

impl StageReport {
    fn new(stage: Stage) -> Self {
        let Stage { need, others, least, without_streaming, .. } = stage;
        Self {
            kind: need.kind,
            model: need.model,
            weights: whole(need.weights),
            resident: whole(need.resident),
            buffers: whole(need.buffers),
            activations: whole(need.activations),
            others: whole(others),
            basis: need.basis,
            notes: need.notes,
            least: whole_peak(least),
            without_streaming: whole_peak(without_streaming),
        }
    }
}

/// A question: its name, a stage's answer, and the run's.
type Question = (&'static str, fn(&StageReport) -> Peak, Peak);

/// Whole bytes.
fn whole(amount: Amount) -> Amount {
    amount.map(f64::round)
}

fn whole_peak(peak: Peak) -> Peak {
    Peak { allocated: whole(peak.allocated), reserved: whole(peak.reserved), device: whole(peak.device) }
}

impl Report {
    /// Computes a request.
    pub(super) fn new(request: &Request, calculator: &Calculator<'_>, card: Option<&Card>) -> Self {
        let run = calculator.run(request);
        let card = card.map(|card| {
            let verdict = run.verdict(card.budget);
            CardReport {
                name: card.name.clone(),
                total: card.budget.total,
                verdict,
                margin: (card.budget.usable() - run.least.device.typical).round(),
                conditions: calculator.conditions(request, card.budget),
            }
        });
        let changes = calculator.changes(request).into_iter();
        let network = request.network();
        Self {
            version: VERSION,
            model: request.model.name.clone(),
            engine: request.engine,
            dtype: request.precision.or(request.model.precision).map(|precision| precision.name),
            width: request.size.map(|(width, _)| width),
            height: request.size.map(|(_, height)| height),
            frames: request.frames.filter(|_| network.is_none_or(|network| network.stride > 1.0)),
            cards: request.cards,
            decides: run.tightest().map(|stage| stage.need.kind),
            basis: run.basis(),
            is_calibrated: run.basis() != Basis::Assumed,
            least: whole_peak(run.least),
            without_streaming: whole_peak(run.without_streaming),
            ram: whole(run.ram),
            notes: run.notes.clone(),
            stages: run.stages.into_iter().map(StageReport::new).collect(),
            card,
            changes: changes
                .map(|change| ChangeReport { what: change.what, device: whole(change.device) })
                .collect(),
        }
    }

    /// For people.
    pub(super) fn human(&self, request: &Request) -> String {
        let mut text = self.title(request);
        let mut table = vec![
            ["stage", "weights", "on the card", "buffers", "activations", "rests on"].map(str::to_owned),
        ];
        for stage in &self.stages {
            let amounts = [stage.weights, stage.resident + stage.others, stage.buffers, stage.activations];
            let [weights, resident, buffers, activations] = amounts.map(gib);
            let name = stage.kind.name().to_owned();
            table.push([name, weights, resident, buffers, activations, stage.basis.text().to_owned()]);
        }
        text.push_str(&aligned(&table));
        let questions: [Question; 2] = [
            ("the least a card needs", |stage| stage.least, self.least),
            ("without streaming weights", |stage| stage.without_streaming, self.without_streaming),
        ];
        for (question, peak, run) in questions {
            let row = |name: &str, peak: Peak| {
                [name.to_owned(), gib(peak.allocated), gib(peak.reserved), gib(peak.device)]
            };
            let mut table = vec![[question, "allocated", "reserved", "device"].map(str::to_owned)];
            table.extend(self.stages.iter().map(|stage| row(stage.kind.name(), peak(stage))));
            if self.stages.len() > 1 {
                table.push(row("all", run));
            }
            let _ = write!(text, "\n{}", aligned(&table));
        }
        text.push('\n');
        for stage in self.stages.iter().filter(|stage| !stage.notes.is_empty()) {
            let _ = writeln!(text, "{}: {}", stage.kind.name(), stage.notes.join("; "));
        }
        let _ = writeln!(text, "main memory, for weights and pictures: {} GiB", gib(self.ram));
        for note in &self.notes {
            let _ = writeln!(text, "note: {note}");
        }
        if !self.is_calibrated {
            text.push_str("not calibrated: nobody has measured what decides here, so the limits are wide\n");
        }
        if let Some(card) = &self.card {
            let left = if card.margin < 0.0 { "too little by" } else { "left" };
            let margin = card.margin.abs() / GIB;
            let conditions = card.conditions.join(" and ");
            let condition = if conditions.is_empty() { conditions } else { format!(" if {conditions}") };
            let _ = writeln!(
                text,
                "\n{} ({:.1} GiB): {}{condition}; {left} {margin:.1} GiB",
                card.name,
                card.total / GIB,
                card.verdict.text(),
            );
        }
        if !self.changes.is_empty() {
            text.push_str("\nwhat would need less, on the device:\n");
            for change in &self.changes {
                let _ = writeln!(text, "  {}: {} GiB", change.what, gib(change.device));
            }
        }
        text
    }

    fn title(&self, request: &Request) -> String {
        let mut title = format!("{} in {}", self.model, self.engine.name());
        if let Some(dtype) = self.dtype {
            let _ = write!(title, ", {dtype}");
        }
        if let (Some(width), Some(height)) = (self.width, self.height) {
            let _ = write!(title, ", {width} x {height}");
        }
        if let Some(frames) = self.frames {
            let _ = write!(title, ", {} frames", grouped(frames));
        }
        if let Some(tokens) = request.tokens {
            let _ = write!(title, ", {} tokens", grouped(tokens));
        }
        if self.cards > 1.0 {
            let _ = write!(title, ", {} cards", self.cards);
        }
        format!("{title}\nGiB: expected (least to most)\n\n")
    }
}

/// `21.3 (20.1 to 21.6)`; one number where there is no doubt about the first decimal.
fn gib(amount: Amount) -> String {
    let number = |bytes: f64| format!("{:.1}", bytes / GIB);
    let (low, typical, high) = (number(amount.low), number(amount.typical), number(amount.high));
    if low == typical && high == typical { typical } else { format!("{typical} ({low} to {high})") }
}

/// Rows as columns of the same width.
fn aligned<const N: usize>(rows: &[[String; N]]) -> String {
    let width =
        |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max();
    let widths: Vec<usize> = (0..N).map(|column| width(column).unwrap_or_default()).collect();
    let mut text = String::new();
    for row in rows {
        let line: Vec<String> =
            row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}")).collect();
        let _ = writeln!(text, "{}", line.join("  ").trim_end());
    }
    text
}
