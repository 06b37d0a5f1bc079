//! `wfc explain-oom`: what a log says of memory that ran out, and what a preset was expected to need.

use std::fmt::Write as _;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use super::fit::{self, Asked, Card};
use super::session::Session;
use super::{Exit, Stream, Terminal, ToolError, print};
use crate::analysis::Analysis;
use crate::diag::Diagnostics;
use crate::ir::Graph;
use crate::plan::log::{LOOKED_FOR, Lack, Log, Logged};
use crate::plan::{Amount, Budget, Engine, Kind, Options, Plan, Step, grouped, size};
use crate::report::{FileReport, Format};
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
}

/// Runs the command.
pub(super) fn run(args: &Args, terminal: &Terminal) -> Result<Exit, ToolError> {
    let log = Log::read(&text(&args.log)?);
    if log.is_empty() {
        print(&format!(
            "{} has nothing of memory that wfc knows.\nIt looked for {LOOKED_FOR}.\n",
            args.log.display()
        ))?;
        return Ok(Exit::Findings);
    }
    let mut session = Session::new(args.catalog.clone());
    let mut diagnostics = Diagnostics::new();
    let (file, ready) = fit::read(&args.preset, &args.set, &mut session, &mut diagnostics)?;
    let assume = super::plan::assume::parse(&args.assume)?;
    let mut text = String::new();
    if let Some(ready) = ready.filter(|_| !diagnostics.has_errors())
        && let Some(mut job) = ready.compiler.job(&ready.loaded, &session.sources, &mut diagnostics)
        && let Some(checked) = job.compile(job.numbers().start, &mut diagnostics)
    {
        let graph = checked.graph();
        let analysis = Analysis::new(graph, &ready.compiler.models);
        let options = Options { assume: fit::assumed(&ready.loaded, assume), ..Options::default() };
        let plan = Plan::new(graph, &analysis, &options);
        let told = Told { log: &log, plan: &plan, graph };
        told.write(&mut text);
        drop(job);
        if let Some(card) = card(&log) {
            let card = Card { assume, ..card };
            let asked = Asked { path: &args.preset, set: &args.set, card };
            if let Some(report) = fit::fitted(&asked, file, &ready, &mut session, &mut diagnostics) {
                let hint = "`wfc fit` with this card and `--apply` makes it.";
                let _ = write!(text, "\nWhat to change\n\n{}", report.human(&args.preset, false, hint));
            }
        }
    }
    if diagnostics.has_errors() {
        let found = diagnostics.into_sorted();
        let reports = [FileReport { path: args.preset.clone(), kind: "preset", diagnostics: found }];
        terminal.report(Format::Human, Stream::Error, &session.sources, &reports)?;
        return Ok(Exit::Findings);
    }
    print(&text)?;
    Ok(Exit::Clean)
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

fn limits(amount: Amount) -> String {
    format!("{} ({} to {})", size(amount.typical), size(amount.low), size(amount.high))
}

/// How far an amount lies outside of limits, in bytes.
fn distance(amount: Amount, measured: f64) -> f64 {
    (amount.low - measured).max(measured - amount.high).max(0.0)
}

impl Told<'_> {
    fn write(&self, text: &mut String) {
        for lack in &self.log.lacks {
            self.lack(text, lack);
        }
        self.peaks(text);
        self.settings(text);
        if !self.plan.gaps.is_empty() {
            let _ = writeln!(
                text,
                "\n{} of the steps cannot be estimated and may be the one; `wfc plan` says why, and `--assume` helps.",
                self.plan.gaps.len()
            );
        }
    }

    fn name(&self, step: &Step) -> String {
        let node = self.graph.node(step.node);
        format!("{} in `{}` ({})", step.need.kind.name(), node.key, node.class_type)
    }

    /// The steps that a log may mean, and how that is known.
    fn candidates(&self) -> (Vec<&Step>, &'static str) {
        let is_named = |step: &&Step| {
            let node = self.graph.node(step.node);
            let by_id = self.log.id.as_deref() == Some(&*node.key);
            by_id || self.log.class.as_deref() == Some(&*node.class_type)
        };
        let named: Vec<&Step> = self.plan.steps.iter().filter(is_named).collect();
        if !named.is_empty() {
            return (named, "by the node that failed");
        }
        let traced: Vec<&Step> =
            self.plan.steps.iter().filter(|step| self.log.kind == Some(step.need.kind)).collect();
        if !traced.is_empty() {
            return (traced, "by the traceback");
        }
        (self.plan.steps.iter().collect(), "by the amounts")
    }

    fn lack(&self, text: &mut String, lack: &Lack) {
        text.push_str("Memory ran out");
        if let Some(wanted) = lack.wanted {
            let _ = write!(text, ": {} more were wanted", size(wanted));
            if let (Some(free), Some(total)) = (lack.free, lack.total) {
                let _ = write!(text, ", {} of {} were free", size(free), size(total));
            }
        }
        text.push_str(".\n");
        let (steps, how) = self.candidates();
        let least = lack.allocated.map(|allocated| allocated + lack.wanted.unwrap_or_default());
        let wide = |step: &Step| Amount {
            low: step.least.allocated.low,
            typical: step.least.allocated.typical,
            high: step.least.allocated.high.max(step.without_streaming.allocated.high),
        };
        // Of those that explain it, the one that needs most.
        let best = steps.iter().copied().min_by(|one, other| {
            let off = |step: &Step| least.map_or(0.0, |least| distance(wide(step), least));
            let by_need = other.least.allocated.typical.total_cmp(&one.least.allocated.typical);
            off(one).total_cmp(&off(other)).then(by_need)
        });
        let Some(step) = best else {
            text.push_str("  The preset has no step that is estimated.\n");
            return;
        };
        let _ = writeln!(text, "  Most likely {}, {how}.", self.name(step));
        let expected = step.least.allocated;
        let _ = writeln!(text, "  Expected at its peak, allocated by torch: {}", limits(expected));
        let whole = step.without_streaming.allocated;
        if step.need.engine == Engine::Native && whole.typical > expected.typical {
            let _ = writeln!(
                text,
                "    with all weights on the card, as far as they have room: {}",
                limits(whole)
            );
        }
        if let (Some(allocated), Some(least)) = (lack.allocated, least) {
            let _ = writeln!(
                text,
                "  In the log: {} allocated, so it needs {} at least.",
                size(allocated),
                size(least)
            );
            text.push_str(judged(expected, whole, least));
        }
        if !step.need.notes.is_empty() {
            let _ = writeln!(text, "  Expected with {}.", step.need.notes.join(", "));
        }
        if let (Some(unused), Some(wanted)) = (lack.unused(), lack.wanted)
            && unused >= wanted
        {
            let _ = writeln!(
                text,
                "  Fragmentation: torch had {} reserved and unused, more than was wanted, but in pieces. Set \
                 PYTORCH_CUDA_ALLOC_CONF=expandable_segments:True, or start ComfyUI with --cuda-malloc.",
                size(unused)
            );
        }
        if let Some(others) = lack.elsewhere().filter(|others| *others > 512.0 * 1024.0 * 1024.0) {
            let _ = writeln!(
                text,
                "  Other processes had {} of the card; `nvidia-smi` lists them.",
                size(others)
            );
        }
    }

    /// The peaks that the wrapper printed, each beside the step that it fits best.
    fn peaks(&self, text: &mut String) {
        for Logged { allocated, reserved } in &self.log.peaks {
            let is_one = |step: &&Step| {
                step.need.engine == Engine::Wrapper
                    && matches!(step.need.kind, Kind::Sampling | Kind::VaeDecode | Kind::VaeEncode)
            };
            let best = self.plan.steps.iter().filter(is_one).min_by(|one, other| {
                let off = |step: &Step| (step.least.allocated.typical - allocated).abs();
                off(one).total_cmp(&off(other))
            });
            let reserved =
                reserved.map(|reserved| format!(", {} reserved", size(reserved))).unwrap_or_default();
            let _ = writeln!(text, "A step had its peak at {} allocated{reserved}.", size(*allocated));
            if let Some(step) = best {
                let expected = step.least.allocated;
                let percent = (expected.typical / allocated - 1.0) * 100.0;
                let _ = writeln!(
                    text,
                    "  By the amounts {}: expected {}, {percent:+.0} %.",
                    self.name(step),
                    limits(expected)
                );
            }
        }
    }

    /// Settings that the log tells, where the preset's differ.
    fn settings(&self, text: &mut String) {
        let notes = || self.plan.steps.iter().filter(|step| step.need.kind == Kind::Sampling);
        if let Some(tokens) = self.log.tokens {
            let told = format!("{} tokens", grouped(tokens));
            let is_same = notes().any(|step| step.need.notes.iter().any(|note| note.contains(&told)));
            let _ = writeln!(text, "The log has a sequence of {told}.");
            if !is_same {
                text.push_str(
                    "  The preset's is another: size, frames or window were not those of the preset.\n",
                );
            }
        }
        if let (Some(off), Some(on)) = (self.log.blocks_off, self.log.blocks_on) {
            let _ =
                writeln!(text, "Transformer blocks: {} in main memory, {} on the card.", size(off), size(on));
        }
        for load in &self.log.loads {
            let model = load.model.as_deref().unwrap_or("a model");
            let _ = match (load.loaded, load.offloaded) {
                (Some(loaded), Some(off)) => writeln!(
                    text,
                    "ComfyUI laid {} of {model} on the card and left {} in main memory.",
                    size(loaded),
                    size(off)
                ),
                (Some(loaded), None) => writeln!(text, "ComfyUI laid {model} on the card: {}.", size(loaded)),
                _ => writeln!(text, "ComfyUI loaded {model}."),
            };
        }
    }
}

/// What it means that a step needs so much at least.
fn judged(expected: Amount, whole: Amount, least: f64) -> &'static str {
    if least <= expected.high {
        "  That is as expected: the card is too small for it.\n"
    } else if least <= whole.high {
        "  That lies between what it needs at least and what it takes with all weights: weights were on the card that could have \
         been streamed.\n"
    } else {
        "  That is more than expected. Then the run was not as the preset says (its size, its LoRAs, an older version of the pack), \
         or other models stayed on the card.\n"
    }
}
