//! `wfc fit`: the least harmful change with which a preset fits a card.

mod edit;
mod report;

use std::path::{Path, PathBuf};

use self::report::{Outcome, Report};
use super::format::Format;
use super::plan::assume;
use super::session::{self, Ready, Session};
use super::{Exit, Stream, Terminal, ToolError, output, print};
use crate::analysis::Analysis;
use crate::catalog::Gpu;
use crate::compile::fit::{Picks, Score, search};
use crate::compile::plan::assumed;
use crate::diag::{Diagnostics, Severity, did_you_mean};
use crate::front::toml::Kind;
use crate::lint::Settings;
use crate::lower::fit::{self, Change};
use crate::lower::load::{self, Loaded};
use crate::plan::{Assume, Budget, Options, Plan, Residency, Setup};
use crate::report::{FileReport, Format as Diagnosed};
use crate::source::FileId;

/// So many workflows of a batch are looked at.
const MOST: u64 = 64;

/// Search the least harmful change with which a preset fits a card.
///
/// The graph says what may change, in which order, and what that costs (`[[fit]]`). Each change goes no further than needed,
/// and the next one is looked at when those before are at their end. What is proposed compiles, breaks no constraint, and
/// no rule of level error finds anything in it. The proposal is shown as a diff of the preset; `--apply` makes it. Exit code
/// 0: it fits as it is, or the change is made; 1: it needs a change, or nothing fits; 2: the tool could not do its job.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The preset.
    #[arg(value_name = "PRESET")]
    preset: PathBuf,
    /// A card of the catalog, such as `rtx-4090` [default: the preset's or the project's].
    #[arg(long, value_name = "ID", conflicts_with = "vram")]
    gpu: Option<String>,
    /// The memory of the card instead: `24GB`, `24GiB`; both are 24 GiB, as cards are sold.
    #[arg(long, value_name = "SIZE")]
    vram: Option<String>,
    /// Set a parameter (`frames=49`) or a model slot (`models.vae=wan21-vae`) before the search; may be repeated.
    /// What is set here does not change.
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// Make the change in the preset's file. Comments and layout stay.
    #[arg(long, conflicts_with = "set")]
    apply: bool,
    /// A size to take where only a run can tell it: `width=832`, `frames=81`; may be repeated. It wins over `[assume]`.
    #[arg(long, value_name = "NAME=N")]
    assume: Vec<String>,
    /// The node catalog, as for `wfc build`.
    #[arg(long, value_name = "CATALOG")]
    catalog: Option<String>,
    /// The format.
    #[arg(long, value_enum, default_value = "human")]
    format: Format,
}

/// What the workflow must fit.
#[derive(Clone, Debug)]
pub(super) struct Card {
    /// For people.
    pub(super) name: String,
    pub(super) gpu: Option<Gpu>,
    pub(super) budget: Budget,
    /// Sizes that the command line assumes.
    pub(super) assume: Assume,
}

/// Runs the command.
pub(super) fn run(args: &Args, terminal: &Terminal) -> Result<Exit, ToolError> {
    let mut session = Session::new(args.catalog.clone());
    let mut diagnostics = Diagnostics::new();
    let (file, ready) = read(&args.preset, &args.set, &mut session, &mut diagnostics)?;
    let report = match &ready {
        Some(ready) if !diagnostics.has_errors() => {
            let own = card(args.gpu.as_deref(), args.vram.as_deref(), ready)?;
            let card = Card { assume: assume::parse(&args.assume)?, ..own };
            let asked = Asked { path: &args.preset, set: &args.set, card };
            fitted(&asked, file, ready, &mut session, &mut diagnostics)
        }

        _ => None,
    };
    if diagnostics.has_errors() || report.is_none() {
        let found = diagnostics.into_sorted();
        let reports = [FileReport { path: args.preset.clone(), kind: "preset", diagnostics: found }];
        terminal.report(Diagnosed::Human, Stream::Error, &session.sources, &reports)?;
        return Ok(Exit::Findings);
    }
    let Some(report) = report else { return Ok(Exit::Findings) };
    if args.apply && report.outcome.is_change() {
        let Some(text) = &report.after_text else {
            return Err(ToolError::new(
                "the preset is laid out in a way that wfc does not edit; write the values yourself",
            ));
        };
        output::write_atomic(&args.preset, text.as_bytes())?;
    }
    match args.format {
        Format::Human => print(&report.human(&args.preset, args.apply, "`--apply` makes it."))?,
        Format::Json => print(&report.json(&args.preset, args.apply)?)?,
    }
    Ok(match report.outcome {
        Outcome::Fits => Exit::Clean,
        Outcome::Change | Outcome::Likely if args.apply => Exit::Clean,
        _ => Exit::Findings,
    })
}

/// Reads the preset at `path`, with settings of the command line.
///
/// # Errors
/// When it is no preset.
pub(super) fn read(
    path: &Path,
    set: &[String],
    session: &mut Session,
    diagnostics: &mut Diagnostics,
) -> Result<(FileId, Option<Ready>), ToolError> {
    if path.is_dir() || !session::is_toml(path) {
        return Err(ToolError::new(format!("{} is no preset: presets are .toml files", path.display())));
    }
    let file = session.sources.load(path)?;
    match session.kind(file, diagnostics) {
        Some(kind @ (Kind::Graph | Kind::Project | Kind::LintFile)) => {
            Err(ToolError::new(format!("{} is a {}, not a preset", path.display(), kind.name())))
        }
        _ if diagnostics.has_errors() => Ok((file, None)),
        _ => Ok((file, session.preset(file, set, diagnostics)?)),
    }
}

/// The card of the command line, else that of the preset.
pub(super) fn card(gpu: Option<&str>, vram: Option<&str>, ready: &Ready) -> Result<Card, ToolError> {
    const MIB: f64 = 1_048_576.0;
    let target = ready.loaded.preset.target.as_ref();
    let own = target.and_then(|target| ready.compiler.budget(target));
    let headroom =
        target.and_then(|target| target.headroom.as_ref()).map_or(0.0, |room| room.get().mib() * MIB);
    let named = target.and_then(|target| target.gpu.as_ref()).map(|gpu| gpu.get().to_string());
    if let Some(text) = vram {
        // As sold: `24GB` is 24 GiB.
        let sold = text.trim().to_ascii_uppercase().replace("GB", "GIB");
        let bytes =
            sold.parse::<bytesize::ByteSize>().ok().and_then(|size| u32::try_from(size.as_u64() >> 20).ok());
        let Some(mib) = bytes.filter(|mib| *mib >= 256) else {
            return Err(ToolError::new(format!(
                "`{text}` is not the memory of a card; write a number and a unit, such as 24GB"
            )));
        };
        let budget = Budget { total: f64::from(mib) * MIB, headroom };
        return Ok(Card { name: format!("a card of {text}"), gpu: None, budget, assume: Assume::default() });
    }
    let Some(id) = gpu.map(str::to_owned).or(named) else {
        let Some(budget) = own else {
            return Err(ToolError::new(
                "it is not said for which card; give --gpu or --vram, or [target] in the preset",
            ));
        };
        return Ok(Card { name: "the target".to_owned(), gpu: None, budget, assume: Assume::default() });
    };
    let gpus = &ready.compiler.gpus;
    let Some(gpu) = gpus.gpu(&id) else {
        let ids = gpus.ids();
        let near = did_you_mean(&id, ids.iter().map(AsRef::as_ref));
        let help = near.unwrap_or_else(|| format!("the cards are {}", ids.join(", ")));
        return Err(ToolError::new(format!("there is no card `{id}`; {help}")));
    };
    let budget = Budget { total: gpu.vram_mib() * MIB, headroom };
    Ok(Card { name: gpu.name.clone(), gpu: Some(gpu), budget, assume: Assume::default() })
}

/// What is asked for.
pub(super) struct Asked<'a> {
    /// The preset.
    pub(super) path: &'a Path,
    /// Settings of the command line.
    pub(super) set: &'a [String],
    pub(super) card: Card,
}

/// A workflow that was compiled for the search.
struct Tried {
    plan: Plan,
    /// The node of the step that needs most, and its name.
    tightest: Option<String>,
    /// The rules of level error that find something in it, other than that of the budget.
    errors: Vec<String>,
}

/// Compiles what a preset says, and plans it; of a batch, what needs most. Nothing if it does not compile.
fn tried(
    ready: &Ready,
    loaded: &Loaded,
    session: &Session,
    card: &Card,
    diagnostics: &mut Diagnostics,
) -> Option<Tried> {
    let mut job = ready.compiler.job(loaded, &session.sources, diagnostics)?;
    let settings = ready.compiler.preset_settings(loaded, &mut Diagnostics::new());
    let assume = assumed(loaded, card.assume);
    let torch = loaded.preset.target.as_ref().and_then(|target| target.torch.as_ref());
    let setup = Setup::of(card.gpu.as_ref(), torch.map(|torch| &*torch.get().0));
    let settings = Settings { target: card.gpu.clone(), budget: Some(card.budget), setup, ..settings };
    let numbers = job.numbers();
    let mut worst: Option<Tried> = None;
    for number in numbers.start..numbers.end.min(numbers.start.saturating_add(MOST)) {
        let checked = job.compile(number, diagnostics)?;
        let graph = checked.graph();
        let analysis = Analysis::new(graph, &ready.compiler.models);
        let options = Options::on(settings.setup, assume, Residency::default());
        let plan = Plan::new(graph, &analysis, &options);
        let mut found = Diagnostics::new();
        ready.compiler.lint(&checked, &settings, &mut found);
        let is_other = |found: &&crate::diag::Diagnostic| {
            found.severity == Severity::Error && found.rule != "vram-over-budget"
        };
        let errors = found.iter().filter(is_other).map(|found| found.rule.to_string()).collect();
        let tightest = plan.tightest().map(|step| graph.node(step.node).key.to_string());
        let tried = Tried { plan, tightest, errors };
        let most = |tried: &Tried| tried.plan.least.device.high;
        match &mut worst {
            Some(worst) if most(worst) >= most(&tried) => worst.errors.extend(tried.errors),
            Some(worst) => {
                let mut errors = std::mem::take(&mut worst.errors);
                errors.extend(tried.errors.iter().cloned());
                *worst = Tried { errors, ..tried };
            }
            None => worst = Some(tried),
        }
    }
    worst
}

/// What must lie within the card's memory.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Goal {
    /// The most that is expected.
    Sure,
    /// What is expected.
    Likely,
}

fn score(plan: &Plan, budget: Budget, goal: Goal) -> Score {
    let usable = budget.usable();
    let over = |step: &crate::plan::Step| {
        let device = step.least.device;
        let needs = if goal == Goal::Sure { device.high } else { device.typical };
        (needs - usable).max(0.0)
    };
    Score { excess: plan.steps.iter().map(over).sum() }
}

/// Searches the change with which a preset fits; nothing if it does not compile, which is reported.
pub(super) fn fitted(
    asked: &Asked<'_>,
    file: FileId,
    ready: &Ready,
    session: &mut Session,
    diagnostics: &mut Diagnostics,
) -> Option<Report> {
    let card = asked.card.clone();
    let before = tried(ready, &ready.loaded, session, &card, diagnostics)?;
    let (levers, values) = levers(asked, ready, session);
    let counts: Vec<usize> = values.iter().map(Vec::len).collect();
    let mut report = Report::new(card.clone(), &before);
    if score(&before.plan, card.budget, Goal::Sure).excess <= 0.0 {
        report.outcome = Outcome::Fits;
        return Some(report);
    }
    let mut best: Option<(Picks, Outcome)> = None;
    for goal in [Goal::Sure, Goal::Likely] {
        let start = score(&before.plan, card.budget, goal);
        if goal == Goal::Likely && start.excess <= 0.0 {
            // As likely as it is now.
            best = Some((vec![None; counts.len()], Outcome::OnlyLikely));
            break;
        }
        let mut judge = |picks: &[Option<usize>]| {
            let changes = changes(picks, &values);
            let loaded = changed(&ready.loaded, &changes, session);
            let mut silent = Diagnostics::new();
            let tried = tried(ready, &loaded, session, &card, &mut silent)?;
            let is_new = |rule: &String| !before.errors.contains(rule);
            (!tried.errors.iter().any(is_new)).then(|| score(&tried.plan, card.budget, goal))
        };
        let (picks, end) = search(&counts, start, &mut judge);
        if end.excess <= 0.0 {
            best = Some((picks, if goal == Goal::Sure { Outcome::Change } else { Outcome::Likely }));
            break;
        }
        report.closest = Some(changes(&picks, &values));
    }
    let (picks, outcome) = best.unwrap_or_else(|| (Picks::new(), Outcome::Nothing));
    report.outcome = outcome;
    let shown = if outcome == Outcome::Nothing {
        report.closest.take().unwrap_or_default()
    } else {
        changes(&picks, &values)
    };
    let loaded = changed(&ready.loaded, &shown, session);
    if let Some(after) = tried(ready, &loaded, session, &card, &mut Diagnostics::new()) {
        report.after(&after);
    }
    let reason = |change: &Change| {
        let at = values.iter().position(|all| all.iter().flatten().any(|other| other.key == change.key))?;
        levers.get(at).cloned()
    };
    report.changes =
        shown.iter().map(|change| (change.clone(), reason(change).unwrap_or_default())).collect();
    if outcome.is_change() {
        let text = session.sources.file(file).text().to_string();
        let edited = edit::edited(&text, file, &ready.loaded.preset, &shown);
        report.before_text = Some(text);
        report.after_text = edited.filter(|text| says(text, asked, session, &loaded));
    }
    Some(report)
}

/// What the graph lets change and nothing else sets: why it costs something, and the values to try.
fn levers(asked: &Asked<'_>, ready: &Ready, session: &Session) -> (Vec<String>, Vec<Vec<Vec<Change>>>) {
    let loaded = &ready.loaded;
    let graph = &loaded.graph;
    let mut silent = Diagnostics::new();
    let Some(job) = ready.compiler.job(loaded, &session.sources, &mut silent) else {
        return (Vec::new(), Vec::new());
    };
    let model = |slot: &str| {
        let own = loaded.preset.models.get(slot).map(|model| model.get().clone());
        own.or_else(|| graph.models.get(slot).map(|slot| slot.model.get().clone()))
    };
    let is_set = |key: &str| {
        let on_command_line =
            asked.set.iter().any(|set| set.split_once('=').is_some_and(|(name, _)| name.trim() == key));
        on_command_line
            || loaded.preset.matrix.varied().iter().any(|name| *name.value == *key)
            || loaded.preset.ladder.sets(key)
    };
    let mut all = (Vec::new(), Vec::new());
    for lever in &graph.fit {
        let values = fit::candidates(lever, graph, job.values(), model, &ready.compiler.models);
        let is_free = values.first().is_some_and(|keys| !keys.iter().any(|change| is_set(&change.key)));
        all.0.push(lever.reason.to_string());
        all.1.push(if is_free { values } else { Vec::new() });
    }
    all
}

/// The changes of a choice; of two that set one key, the later one holds.
fn changes(picks: &[Option<usize>], values: &[Vec<Vec<Change>>]) -> Vec<Change> {
    let mut changes: Vec<Change> = Vec::new();
    for (pick, values) in picks.iter().zip(values) {
        for change in pick.and_then(|pick| values.get(pick)).into_iter().flatten() {
            changes.retain(|other| other.key != change.key);
            changes.push(change.clone());
        }
    }
    changes
}

fn changed(loaded: &Loaded, changes: &[Change], session: &mut Session) -> Loaded {
    let mut loaded = loaded.clone();
    for change in changes {
        let setting = format!("{}={}", change.key, change.to);
        load::set(&mut loaded, &setting, &mut session.sources, &mut Diagnostics::new());
    }
    loaded
}

/// True if an edited preset says the same as the one that was found.
fn says(text: &str, asked: &Asked<'_>, session: &mut Session, wanted: &Loaded) -> bool {
    let file = session.sources.add(asked.path, text);
    let mut problems = Diagnostics::new();
    let Ok(Some(ready)) = session.preset(file, asked.set, &mut problems) else { return false };
    let plain = |loaded: &Loaded| {
        let preset = &loaded.preset;
        let params: std::collections::BTreeMap<_, _> = preset
            .params
            .iter()
            .map(|(key, item)| (key.value.to_string(), item.value.to_value().to_string()))
            .collect();
        let models: std::collections::BTreeMap<_, _> = preset
            .models
            .iter()
            .map(|(key, model)| (key.value.to_string(), model.get().to_string()))
            .collect();
        (params, models)
    };
    !problems.has_errors() && plain(&ready.loaded) == plain(wanted)
}
