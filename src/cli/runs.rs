//! `wfc runs`: what was run.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::run::{explained, numbered, said};
use super::{Exit, Terminal, ToolError, print};
use crate::exec::record::{self, Counts, Ending, JobRecord, RunRecord};
use crate::exec::{Error, Identity, Trouble, journal};
use crate::plan::{grouped, size};

/// Largest record that is read, in bytes.
const MAX_RECORD_BYTES: u64 = 1 << 30;

/// List runs, show one, or compare two.
///
/// Exit code 0, or 1 if two runs differ in what they made; 2 if a record cannot be read.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    what: What,
    /// The folder with the runs.
    #[arg(short, long, value_name = "DIR", default_value = "outputs", global = true)]
    output: PathBuf,
    /// The format.
    #[arg(long, value_enum, default_value = "human", global = true)]
    format: Format,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// Text, for a terminal.
    Human,
    /// One JSON document; `wfc schema run` prints the schema of a run.
    Json,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// List the runs, the oldest first.
    List,
    /// Show a run: the server, the jobs with their times and outputs, and why jobs failed.
    Show {
        /// Its number, its name, or its folder.
        #[arg(value_name = "RUN")]
        run: String,
    },
    /// Compare two runs: server, workflows, values, times and outputs.
    Diff {
        /// The old run: its number, its name, or its folder.
        #[arg(value_name = "OLD")]
        old: String,
        /// The new run.
        #[arg(value_name = "NEW")]
        new: String,
    },
}

/// Runs the command.
pub(super) fn run(args: &Args, _: &Terminal) -> Result<Exit, ToolError> {
    match &args.what {
        What::List => list(args),
        What::Show { run } => {
            let record = read(&find(&args.output, run)?)?;
            match args.format {
                Format::Json => print(&json(&record)?)?,
                Format::Human => print(&shown(&record, &find(&args.output, run)?))?,
            }
            Ok(Exit::Clean)
        }
        What::Diff { old, new } => diff(args, old, new),
    }
}

fn json(value: &impl Serialize) -> Result<String, ToolError> {
    Ok(format!("{}\n", serde_json::to_string_pretty(value)?))
}

/// The folder of a run.
fn find(output: &Path, run: &str) -> Result<PathBuf, ToolError> {
    let path = Path::new(run);
    if path.join(journal::FILE_NAME).is_file() {
        return Ok(path.to_owned());
    }
    let all = numbered(output)?;
    let number = run.parse::<u32>().ok();
    let is_wanted = |(found, folder): &&(u32, PathBuf)| {
        number == Some(*found) || folder.file_name().is_some_and(|name| name == run)
    };
    if let Some((_, folder)) = all.iter().find(is_wanted) {
        return Ok(folder.clone());
    }
    let names = all.iter().filter_map(|(_, folder)| folder.file_name()?.to_str());
    let help = crate::diag::did_you_mean(run, names);
    let help = help.unwrap_or_else(|| "`wfc runs list` lists them".to_owned());
    Err(ToolError::new(format!("{} has no run `{run}`; {help}", output.display())))
}

/// The record of a run; of one that has not ended, what its journal says so far.
fn read(folder: &Path) -> Result<RunRecord, ToolError> {
    let journal = folder.join(journal::FILE_NAME);
    let contents = journal::read(&journal)?;
    let written = folder.join(record::FILE_NAME);
    let server = match crate::source::read_capped(&written, MAX_RECORD_BYTES) {
        Ok(bytes) => {
            let record: RunRecord = serde_json::from_slice(&bytes).map_err(|error| {
                Error::new(Trouble::Journal, format!("{}: no record of a run: {error}", written.display()))
            })?;
            record.server
        }
        Err(_) => Identity::default(),
    };
    let mut record = record::head(folder, &contents, server)?;
    for state in &contents.jobs {
        if let journal::State::Ended { at, .. } = state
            && let Some(job) = journal::record_at(&journal, *at)?
        {
            record.jobs.push(job);
        }
    }
    Ok(record)
}

#[derive(Serialize)]
struct Listed {
    name: String,
    started: String,
    counts: Counts,
    command: String,
}

fn list(args: &Args) -> Result<Exit, ToolError> {
    let mut listed = Vec::new();
    let mut exit = Exit::Clean;
    for (_, folder) in numbered(&args.output)? {
        let path = folder.join(journal::FILE_NAME);
        if !path.is_file() {
            continue;
        }
        let head =
            journal::read(&path).and_then(|contents| record::head(&folder, &contents, Identity::default()));
        match head {
            Ok(RunRecord { name, started, counts, command, .. }) => {
                listed.push(Listed { name, started, counts, command });
            }
            Err(error) => {
                super::note(&format!("wfc: {error}\n"));
                exit = Exit::Failed;
            }
        }
    }
    match args.format {
        Format::Json => print(&json(&listed)?)?,
        Format::Human if listed.is_empty() => print(&format!("{} has no runs\n", args.output.display()))?,
        Format::Human => {
            let width = listed.iter().map(|run| run.name.len()).max().unwrap_or_default();
            for run in &listed {
                print(&format!("{:width$}  {}  {}\n", run.name, run.started, counted(run.counts)))?;
            }
        }
    }
    Ok(exit)
}

fn counted(counts: Counts) -> String {
    let Counts { all, done, failed, cancelled, open } = counts;
    let mut text = format!("{done} of {all} done");
    for (count, what) in [(failed, "failed"), (cancelled, "stopped"), (open, "not run")] {
        if count > 0 {
            let _ = write!(text, ", {count} {what}");
        }
    }
    text
}

#[expect(clippy::cast_precision_loss, reason = "for people")]
fn bytes(count: u64) -> String {
    match count {
        0..10_000 => format!("{} bytes", grouped(count as f64)),
        10_000..1_048_576 => format!("{} KiB", count.div_ceil(1024)),
        _ => size(count as f64),
    }
}

fn shown(run: &RunRecord, folder: &Path) -> String {
    let mut text =
        format!("{}: {}\n  {}\n  started {}\n", run.name, counted(run.counts), run.command, run.started);
    if !run.server.address.is_empty() {
        let server = &run.server;
        let version = server.comfyui.as_deref().unwrap_or("of unknown version");
        let _ = write!(text, "  on {}, ComfyUI {version}", server.address);
        for device in &server.devices {
            let _ = write!(text, ", {} with {}", device.name, bytes(device.vram_bytes));
        }
        text.push_str(if server.simulated { ", simulated\n" } else { "\n" });
    }
    for job in &run.jobs {
        text.push('\n');
        show_job(&mut text, job, folder);
    }
    text
}

fn show_job(text: &mut String, job: &JobRecord, folder: &Path) {
    let ending = match job.ending {
        Ending::Done => "done",
        Ending::Failed => "failed",
        Ending::Cancelled => "stopped",
    };
    let again = if job.attempts > 1 { format!(", {} attempts", job.attempts) } else { String::new() };
    let _ = writeln!(text, "{}: {ending} in {:.1} s{again}", job.name, job.times.total_s);
    for (name, value) in &job.about.seeds {
        let _ = writeln!(text, "  {name} = {value}");
    }
    for (name, value) in job.about.values.iter().filter(|(name, _)| !job.about.seeds.contains_key(*name)) {
        let _ = writeln!(text, "  {name} = {value}");
    }
    for output in &job.outputs {
        let _ = writeln!(text, "  {} ({})", folder.join(&output.file).display(), bytes(output.bytes));
    }
    if !job.texts.is_empty() {
        text.push_str(said(&job.texts).trim_start_matches('\n'));
        text.push('\n');
    }
    if let Some(run) = job.times.run_s {
        let planned = job.about.plan.as_ref().and_then(|plan| Some((plan.seconds?, plan.card.as_deref()?)));
        let planned = planned.map_or(String::new(), |((typical, most), card)| {
            format!("; on {card} {typical:.0} s were expected, {most:.0} s with loading at most")
        });
        let _ = writeln!(text, "  {run:.1} s on the server{planned}");
    }
    let mut nodes: Vec<_> = job.times.nodes.iter().filter(|node| node.seconds >= 0.05).collect();
    nodes.sort_by(|a, b| b.seconds.total_cmp(&a.seconds));
    for node in nodes.iter().take(5) {
        let stage = node.stage.as_deref().map_or(String::new(), |stage| format!("{stage}: "));
        let _ = writeln!(text, "    {:.1} s  {stage}{}", node.seconds, node.node);
    }
    if let Some(plan) = &job.about.plan
        && let Some((typical, most)) = plan.peak_mib
    {
        let place = plan.peak_at.as_deref().unwrap_or("somewhere");
        let free = job
            .least_free_bytes
            .map_or(String::new(), |free| format!("; at least {} stayed free", bytes(free)));
        let _ =
            writeln!(text, "  memory: {typical:.0} MiB were expected, {most:.0} at most, at {place}{free}");
    }
    if let Some(failure) = &job.failure {
        let _ = writeln!(text, "  {}", explained(failure).replace('\n', "\n  "));
        if failure.is_oom {
            for line in job.about.plan.iter().flat_map(|plan| &plan.breakdown) {
                let _ = writeln!(text, "    {line}");
            }
        }
        if !job.about.again.is_empty() {
            let _ = writeln!(text, "  again: {}", job.about.again);
        }
    }
}

/// What differs between two runs.
#[derive(Serialize)]
struct Difference {
    what: String,
    old: String,
    new: String,
}

fn diff(args: &Args, old: &str, new: &str) -> Result<Exit, ToolError> {
    let (old, new) = (read(&find(&args.output, old)?)?, read(&find(&args.output, new)?)?);
    let mut found = Vec::new();
    let mut add = |what: &str, old: String, new: String| {
        if old != new {
            found.push(Difference { what: what.to_owned(), old, new });
        }
    };
    add("server", old.server.address.clone(), new.server.address.clone());
    let version = |run: &RunRecord| run.server.comfyui.clone().unwrap_or_default();
    add("ComfyUI", version(&old), version(&new));
    let device =
        |run: &RunRecord| run.server.devices.first().map_or(String::new(), |device| device.name.clone());
    add("card", device(&old), device(&new));
    add("jobs", counted(old.counts), counted(new.counts));
    let mut outputs_differ = old.counts != new.counts;
    for job in &new.jobs {
        let Some(before) = old.jobs.iter().find(|before| before.job == job.job) else { continue };
        let mut part = |what: &str, old: String, new: String| add(&format!("{}: {what}", job.name), old, new);
        part("workflow", before.workflow_hash.clone(), job.workflow_hash.clone());
        part(
            "ending",
            format!("{:?}", before.ending).to_lowercase(),
            format!("{:?}", job.ending).to_lowercase(),
        );
        for (name, value) in job.about.seeds.iter().chain(&job.about.values) {
            let earlier = before.about.seeds.get(name).or_else(|| before.about.values.get(name));
            part(name, earlier.map_or(String::new(), ToString::to_string), value.to_string());
        }
        let sums = |job: &JobRecord| {
            job.outputs
                .iter()
                .map(|output| output.sha256.get(..16).unwrap_or_default())
                .collect::<Vec<_>>()
                .join(" ")
        };
        outputs_differ |= sums(before) != sums(job);
        part("outputs (sha256)", sums(before), sums(job));
        let (was, is) = (before.times.run_s, job.times.run_s);
        // Times differ always; what is worth a word is a tenth.
        if let (Some(was), Some(is)) = (was, is)
            && (is - was).abs() > 0.1 * was.max(1.0)
        {
            part("seconds on the server", format!("{was:.1}"), format!("{is:.1}"));
        }
    }
    match args.format {
        Format::Json => print(&json(&found)?)?,
        Format::Human if found.is_empty() => print("the runs made the same\n")?,
        Format::Human => {
            for Difference { what, old, new } in &found {
                print(&format!("{what}\n  - {old}\n  + {new}\n"))?;
            }
        }
    }
    Ok(if outputs_differ { Exit::Findings } else { Exit::Clean })
}
