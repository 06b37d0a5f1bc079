//! `wfc explain-oom`: what a log says of memory that ran out, and what a preset was expected to need.

mod document;

pub(crate) use document::Explained;

use std::fmt::Write as _;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use self::document::{FoundBy, LackReport, LoadReport, Meaning, PeakReport, StepReport, VERSION};
use super::fit::{self, Asked, Card};
use super::format::Format;
use super::session::Session;
use super::{Exit, Stream, Terminal, ToolError, print};
use crate::analysis::Analysis;
use crate::compile::plan::assumed;
use crate::diag::Diagnostics;
use crate::ir::Graph;
use crate::plan::log::{LOOKED_FOR, Lack, Load, Log, Logged};
use crate::plan::{Amount, Budget, Engine, Kind, Options, Plan, Residency, Step, grouped};
use crate::report::{FileReport, Format as Diagnosed};
use crate::source;

/// Longest log that is read, in bytes.
const LIMIT: u64 = 64 << 20;

/// Explain a log in which memory ran out, beside what the preset is expected to need.
///
/// Reads torch's message in all its wordings, the memory lines of WanVideoWrapper, what ComfyUI says while it loads models,
/// and the node or traceback that failed. Says which step it most likely was, what was expected of it and what the log says in
/// the same measure, whether the memory was in pieces or other programs had it, and what to change. Exit code 0: it is
/// explained; 1: the log has nothing that wfc knows, or the preset does not compile; 2: the tool could not do its job.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The log, or the part of it with the error; `-` is standard input.
    #[arg(value_name = "LOG")]
    log: PathBuf,
    /// The preset that was run.
    #[arg(value_name = "PRESET")]
    preset: PathBuf,
    /// Set a parameter (`frames=49`) or a model slot, as the run had it; may be repeated.
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// A size to take where only a run can tell it: `width=832`, `frames=81`; may be repeated.
    #[arg(long, value_name = "NAME=N")]
    assume: Vec<String>,
    /// The node catalog, as for `wfc build`.
    #[arg(long, value_name = "CATALOG")]
    catalog: Option<String>,
    /// The format; `wfc schema explain-oom` prints the schema of the JSON document.
    #[arg(long, value_enum, default_value = "human")]
    format: Format,
}

/// Runs the command.
pub(super) fn run(args: &Args, terminal: &Terminal) -> Result<Exit, ToolError> {
    let log = Log::read(&text(&args.log)?);
    let named = |explained: Explained| Explained {
        version: VERSION,
        log: args.log.display().to_string(),
        preset: args.preset.display().to_string(),
        ..explained
    };
    if log.is_empty() {
        match args.format {
            Format::Human => print(&format!(
                "{} has nothing of memory that wfc knows.\nIt looked for {LOOKED_FOR}.\n",
                args.log.display()
            ))?,
            Format::Json => print(&json(&named(Explained::default()))?)?,
        }
        return Ok(Exit::Findings);
    }
    let mut session = Session::new(args.catalog.clone());
    let mut diagnostics = Diagnostics::new();
    let (file, ready) = fit::read(&args.preset, &args.set, &mut session, &mut diagnostics)?;
    let assume = super::plan::assume::parse(&args.assume)?;
    let mut told = String::new();
    if let Some(ready) = ready.filter(|_| !diagnostics.has_errors())
        && let Some(mut job) = ready.compiler.job(&ready.loaded, &session.sources, &mut diagnostics)
        && let Some(checked) = job.compile(job.numbers().start, &mut diagnostics)
    {
        let graph = checked.graph();
        let analysis = Analysis::new(graph, &ready.compiler.models);
        let setup = ready.loaded.preset.target.as_ref().map(|target| ready.compiler.setup(target));
        let assume = assumed(&ready.loaded, assume);
        let options = Options::on(setup.unwrap_or_default(), assume, Residency::default());
        let plan = Plan::new(graph, &analysis, &options);
        let mut explained = named(Told { log: &log, plan: &plan, graph }.document());
        told = explained.human();
        drop(job);
        if let Some(card) = card(&log) {
            let card = Card { assume, ..card };
            let asked = Asked { path: &args.preset, set: &args.set, card };
            if let Some(report) = fit::fitted(&asked, file, &ready, &mut session, &mut diagnostics) {
                let hint = "`wfc fit` with this card and `--apply` makes it.";
                let _ = write!(told, "\nWhat to change\n\n{}", report.human(&args.preset, false, hint));
                explained.fit = Some(report.document(&args.preset, false));
            }
        }
        if args.format == Format::Json {
            told = json(&explained)?;
        }
    }
    if diagnostics.has_errors() {
        let found = diagnostics.into_sorted();
        let reports = [FileReport { path: args.preset.clone(), kind: "preset", diagnostics: found }];
        terminal.report(Diagnosed::Human, Stream::Error, &session.sources, &reports)?;
        return Ok(Exit::Findings);
    }
    print(&told)?;
    Ok(Exit::Clean)
}

fn json(explained: &Explained) -> Result<String, ToolError> {
    let mut document = serde_json::to_value(explained)?;
    whole(&mut document);
    Ok(format!("{document:#}\n"))
}

/// Bytes as whole numbers: parts of them are what sums of rounded numbers leave.
fn whole(document: &mut serde_json::Value) {
    match document {
        serde_json::Value::Number(number) => {
            if let Some(bytes) = number.as_f64().filter(|_| number.is_f64()) {
                *document = bytes.round().into();
            }
        }
        serde_json::Value::Array(items) => items.iter_mut().for_each(whole),
        serde_json::Value::Object(fields) => fields.values_mut().for_each(whole),
        _ => {}
    }
}

fn text(path: &Path) -> Result<String, ToolError> {
    let bytes = if path == Path::new("-") {
        let mut bytes = Vec::new();
        std::io::stdin().lock().take(LIMIT).read_to_end(&mut bytes)?;
        bytes
    } else {
        source::read_capped(path, LIMIT)?
    };
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// The card of the message: its memory, less what other processes had.
fn card(log: &Log) -> Option<Card> {
    let lack = log.lacks.iter().find(|lack| lack.total.is_some())?;
    let total = lack.total?;
    let headroom = lack.elsewhere().unwrap_or_default().min(total);
    let budget = Budget { total, headroom };
    Some(Card {
        name: "the card of the log".to_owned(),
        gpu: None,
        budget,
        assume: crate::plan::Assume::default(),
    })
}

/// A log beside a plan.
struct Told<'t> {
    log: &'t Log,
    plan: &'t Plan,
    graph: &'t Graph,
}

/// How far an amount lies outside of limits, in bytes.
fn distance(amount: Amount, measured: f64) -> f64 {
    (amount.low - measured).max(measured - amount.high).max(0.0)
}

/// The tokens that a need's notes tell.
fn has_tokens(step: &Step, tokens: f64) -> bool {
    let told = format!("{} tokens", grouped(tokens));
    step.need.kind == Kind::Sampling && step.need.notes.iter().any(|note| note.contains(&told))
}

impl Told<'_> {
    /// What the log says, beside what was expected.
    fn document(&self) -> Explained {
        let log = self.log;
        let is_same = |tokens: f64| self.plan.steps.iter().any(|step| has_tokens(step, tokens));
        Explained {
            is_understood: true,
            lacks: log.lacks.iter().map(|lack| self.lack(lack)).collect(),
            peaks: log.peaks.iter().map(|peak| self.peak(peak)).collect(),
            tokens: log.tokens,
            is_sequence_of_preset: log.tokens.map(is_same),
            blocks_off_card: log.blocks_off,
            blocks_on_card: log.blocks_on,
            loads: log.loads.iter().map(loaded).collect(),
            not_estimated: self.plan.gaps.len(),
            ..Explained::default()
        }
    }

    fn step(&self, step: &Step, found_by: FoundBy) -> StepReport {
        let node = self.graph.node(step.node);
        let expected = step.least.allocated;
        let whole = step.without_streaming.allocated;
        let keeps = step.need.engine == Engine::Native && whole.typical > expected.typical;
        StepReport {
            kind: step.need.kind,
            node: node.key.to_string(),
            class: node.class_type.to_string(),
            found_by,
            expected,
            without_streaming: keeps.then_some(whole),
            notes: step.need.notes.clone(),
        }
    }

    /// The steps that a log may mean, and how that is known.
    fn candidates(&self) -> (Vec<&Step>, FoundBy) {
        let is_named = |step: &&Step| {
            let node = self.graph.node(step.node);
            let by_id = self.log.id.as_deref() == Some(&*node.key);
            by_id || self.log.class.as_deref() == Some(&*node.class_type)
        };
        let named: Vec<&Step> = self.plan.steps.iter().filter(is_named).collect();
        if !named.is_empty() {
            return (named, FoundBy::Node);
        }
        let traced: Vec<&Step> =
            self.plan.steps.iter().filter(|step| self.log.kind == Some(step.need.kind)).collect();
        if !traced.is_empty() {
            return (traced, FoundBy::Traceback);
        }
        (self.plan.steps.iter().collect(), FoundBy::Amounts)
    }

    fn lack(&self, lack: &Lack) -> LackReport {
        let (steps, how) = self.candidates();
        let needed = lack.allocated.map(|allocated| allocated + lack.wanted.unwrap_or_default());
        let wide = |step: &Step| Amount {
            low: step.least.allocated.low,
            typical: step.least.allocated.typical,
            high: step.least.allocated.high.max(step.without_streaming.allocated.high),
        };
        // Of those that explain it, the one that needs most.
        let best = steps.iter().copied().min_by(|one, other| {
            let off = |step: &Step| needed.map_or(0.0, |needed| distance(wide(step), needed));
            let by_need = other.least.allocated.typical.total_cmp(&one.least.allocated.typical);
            off(one).total_cmp(&off(other)).then(by_need)
        });
        let meaning = best.zip(needed).map(|(step, needed)| {
            Meaning::of(step.least.allocated, step.without_streaming.allocated, needed)
        });
        let unused = lack.unused().zip(lack.wanted);
        LackReport {
            wanted: lack.wanted,
            free: lack.free,
            total: lack.total,
            allocated: lack.allocated,
            reserved: lack.reserved,
            others: lack.elsewhere(),
            needed,
            step: best.map(|step| self.step(step, how)),
            meaning,
            is_in_pieces: unused.is_some_and(|(unused, wanted)| unused >= wanted),
        }
    }

    /// A peak that the wrapper printed, beside the step that it fits best.
    fn peak(&self, peak: &Logged) -> PeakReport {
        let is_one = |step: &&Step| {
            step.need.engine == Engine::Wrapper
                && matches!(step.need.kind, Kind::Sampling | Kind::VaeDecode | Kind::VaeEncode)
        };
        let best = self.plan.steps.iter().filter(is_one).min_by(|one, other| {
            let off = |step: &Step| (step.least.allocated.typical - peak.allocated).abs();
            off(one).total_cmp(&off(other))
        });
        PeakReport {
            allocated: peak.allocated,
            reserved: peak.reserved,
            step: best.map(|step| self.step(step, FoundBy::Amounts)),
        }
    }
}

fn loaded(load: &Load) -> LoadReport {
    LoadReport { model: load.model.clone(), loaded: load.loaded, offloaded: load.offloaded }
}
