//! Showing how far a run is: bars, lines, or JSON.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{self, IsTerminal as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use super::Format;
use crate::cli::{ToolError, note, output, print};
use crate::exec::batch::Event;
use crate::exec::record::{Counts, Ending};
use crate::exec::{Failure, Identity};
use crate::plan::size;

/// Between two drawings of what changes by itself.
const TICK: Duration = Duration::from_millis(200);

/// So much of what a node said is shown, in bytes; the record has more.
const SAID: usize = 1000;

/// Shows events as they come.
pub(super) struct Show {
    mode: Mode,
    preview: Option<PathBuf>,
    /// What jobs are called, while they are on their way.
    names: BTreeMap<u64, String>,
    folder: String,
    jobs: u64,
    /// The last line about a node.
    node_line: Option<String>,
    /// What printing went wrong with, and writing previews.
    trouble: Option<ToolError>,
}

enum Mode {
    Bars(Box<Bars>),
    Lines,
    Json,
}

struct Bars {
    all: MultiProgress,
    batch: Option<ProgressBar>,
    /// The job that runs, its bar, and what stands before its steps.
    job: Option<(u64, ProgressBar, String)>,
    step: Option<(String, std::time::Instant, f64)>,
}

impl Show {
    pub(super) fn new(format: Format, preview: Option<PathBuf>, jobs: u64) -> Self {
        let mode = match format {
            Format::Json => Mode::Json,
            Format::Human if io::stderr().is_terminal() => {
                Mode::Bars(Box::new(Bars { all: MultiProgress::new(), batch: None, job: None, step: None }))
            }
            Format::Human | Format::Plain => Mode::Lines,
        };
        Self {
            mode,
            preview,
            names: BTreeMap::new(),
            folder: String::new(),
            jobs,
            node_line: None,
            trouble: None,
        }
    }

    /// Tells something that is no event of the run.
    pub(super) fn notice(&mut self, text: &str) {
        self.line(&format!("note: {text}"));
    }

    /// Ends it, with what went wrong in showing.
    pub(super) fn finish(&mut self) -> Result<(), ToolError> {
        self.trouble.take().map_or(Ok(()), Err)
    }

    fn line(&mut self, text: &str) {
        match &self.mode {
            Mode::Bars(bars) => {
                if bars.all.println(text).is_err() {
                    note(&format!("{text}\n"));
                }
            }
            Mode::Lines => {
                let printed = print(&format!("{text}\n"));
                self.keep(printed);
            }
            // Standard output has events alone.
            Mode::Json => note(&format!("{text}\n")),
        }
    }

    fn keep(&mut self, result: Result<(), ToolError>) {
        if let Err(error) = result {
            self.trouble.get_or_insert(error);
        }
    }

    /// Shows one event.
    pub(super) fn event(&mut self, event: Event) {
        if let Event::Preview { bytes, .. } = &event {
            if let Some(path) = &self.preview {
                let written = write_preview(path, bytes);
                self.keep(written);
            }
            return;
        }
        if matches!(self.mode, Mode::Json) {
            let text = serde_json::to_string(&event).unwrap_or_default();
            let printed = print(&format!("{text}\n"));
            self.keep(printed);
            return;
        }
        match event {
            Event::RunStarted { run, folder, jobs, done, server } => {
                self.folder = folder;
                self.started(&run, jobs, done, &server);
            }
            Event::JobSent { job, name, attempt, .. } => {
                let again = if attempt > 1 { format!(", attempt {attempt}") } else { String::new() };
                if matches!(self.mode, Mode::Lines) {
                    self.line(&format!("{name}: sent{again}"));
                }
                self.names.insert(job, name);
            }
            Event::JobStarted { job } => {
                let name = self.name(job);
                match &mut self.mode {
                    Mode::Bars(bars) => bars.begin_job(job, &name),
                    _ => self.line(&format!("{name}: started")),
                }
            }
            Event::NodeStarted { job, title, stage, begun, nodes, .. } => {
                let name = self.name(job);
                let what = stage.map_or_else(|| title.clone(), |stage| format!("{stage}: {title}"));
                if let Mode::Bars(bars) = &mut self.mode {
                    bars.node(job, &name, &what, begun, nodes);
                    return;
                }
                // A node that expands into others is one node of the workflow.
                let line = format!("{name}: {what} ({begun} of {nodes})");
                if self.node_line.as_ref() != Some(&line) {
                    self.line(&line);
                    self.node_line = Some(line);
                }
            }
            Event::NodesCached { job, nodes } => {
                if matches!(self.mode, Mode::Lines) {
                    let name = self.name(job);
                    let what = match nodes.len() {
                        1 => "the result of 1 node was".to_owned(),
                        count => format!("results of {count} nodes were"),
                    };
                    self.line(&format!("{name}: {what} there already"));
                }
            }
            Event::Step { job, node, value, max } => match &mut self.mode {
                Mode::Bars(bars) => bars.step(job, &node, value, max),
                // A line for each step would hide the others.
                _ if value >= max && max > 1.0 => {
                    let name = self.name(job);
                    self.line(&format!("{name}: {value:.0} of {max:.0} steps"));
                }
                _ => {}
            },
            Event::Fetching { .. } | Event::Preview { .. } => {}
            Event::JobEnded { job, name, ending, seconds, run_seconds, texts, outputs, failure } => {
                if let Mode::Bars(bars) = &mut self.mode {
                    bars.end_job(job);
                }
                self.names.remove(&job);
                match (ending, failure) {
                    (Ending::Done, _) => {
                        let files: Vec<String> =
                            outputs.iter().map(|output| format!("{}/{}", self.folder, output.file)).collect();
                        let files = if files.is_empty() { "no files".to_owned() } else { files.join(", ") };
                        // Without the time that it waited for other jobs.
                        let seconds = run_seconds.unwrap_or(seconds);
                        self.line(&format!("{name}: done in {seconds:.1} s: {files}{}", said(&texts)));
                    }
                    (Ending::Cancelled, _) => self.line(&format!("{name}: stopped")),
                    (Ending::Failed, failure) => {
                        let text = failure.map_or(String::new(), |failure| explained(&failure));
                        self.line(&format!("{name}: failed: {text}"));
                    }
                }
            }
            Event::Notice { message } => self.line(&format!("note: {message}")),
            Event::RunEnded { folder, counts, stopped } => {
                if let Mode::Bars(bars) = &mut self.mode {
                    bars.end();
                }
                self.ended(&folder, counts, stopped.as_deref());
            }
        }
    }

    fn started(&mut self, run: &str, jobs: u64, done: u64, server: &Identity) {
        let version = server.comfyui.as_deref();
        let version = version.map_or_else(|| "ComfyUI".to_owned(), |version| format!("ComfyUI {version}"));
        let device = server.devices.first().map_or(String::new(), |device| {
            #[expect(clippy::cast_precision_loss, reason = "for people")]
            let memory = size(device.vram_bytes as f64);
            format!(", {}, {memory}", device.name)
        });
        let plays = if server.simulated { ", simulated" } else { "" };
        let before = if done > 0 { format!(", {done} of them done before") } else { String::new() };
        let noun = if jobs == 1 { "job" } else { "jobs" };
        self.line(&format!("{run}: {jobs} {noun}{before} on {} ({version}{device}{plays})", server.address));
        if let Mode::Bars(bars) = &mut self.mode
            && jobs > 1
        {
            bars.begin_batch(jobs, done);
        }
    }

    fn ended(&mut self, folder: &str, counts: Counts, stopped: Option<&str>) {
        let Counts { all, done, failed, cancelled, open } = counts;
        let mut parts = vec![format!("{done} of {all} done")];
        for (count, what) in [(failed, "failed"), (cancelled, "stopped"), (open, "not run")] {
            if count > 0 {
                parts.push(format!("{count} {what}"));
            }
        }
        if self.jobs > 1 || done < all {
            self.line(&format!("{}: {folder}", parts.join(", ")));
        }
        if stopped.is_some() && done < all {
            self.line("help: the same command with --resume goes on");
        }
    }

    fn name(&self, job: u64) -> String {
        self.names.get(&job).cloned().unwrap_or_else(|| format!("job {job}"))
    }
}

/// What nodes said, each on lines of its own.
pub(in crate::cli) fn said(texts: &BTreeMap<String, String>) -> String {
    let mut all = String::new();
    for (node, text) in texts {
        let end = text.floor_char_boundary(SAID);
        let more = if end < text.len() { "…" } else { "" };
        let text = plain(text.get(..end).unwrap_or_default()).replace('\n', "\n    ");
        let _ = write!(all, "\n  {node}: {text}{more}");
    }
    all
}

/// Text of a server without what would move the cursor or change colors.
fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() && c != '\n' && c != '\t' { ' ' } else { c }).collect()
}

/// A failure in the words of the workflow's author.
pub(in crate::cli) fn explained(failure: &Failure) -> String {
    let mut text = String::new();
    if let Some(node) = &failure.node {
        let label = failure.label.clone().unwrap_or_default();
        let class = failure.class.as_deref().unwrap_or(&label.title);
        let stage = label.stage.map_or(String::new(), |stage| format!(", step {stage}"));
        let _ = write!(text, "node `{node}` ({class}{stage}): ");
    }
    if failure.is_oom {
        text += "the card's memory ran out: ";
    }
    let message = plain(&failure.message).replace('\n', "\n  ");
    match &failure.exception {
        Some(exception) if !failure.is_oom => {
            let _ = write!(text, "{exception}: {message}");
        }
        _ => text += &message,
    }
    if let Some(place) = failure.label.as_ref().and_then(|label| label.place.as_ref()) {
        let _ = write!(text, "\n  at {place}");
    }
    if let Some(help) = &failure.help {
        let _ = write!(text, "\n  help: {help}");
    }
    text
}

fn write_preview(path: &Path, bytes: &[u8]) -> Result<(), ToolError> {
    output::write_atomic(path, bytes)?;
    Ok(())
}

impl Bars {
    fn style(template: &str) -> ProgressStyle {
        ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
    }

    fn begin_batch(&mut self, jobs: u64, done: u64) {
        let bar = ProgressBar::new(jobs);
        bar.set_style(Self::style("{bar:30} {pos} of {len} jobs, {elapsed} so far, {eta} to go"));
        bar.set_position(done);
        bar.reset_eta();
        self.batch = Some(self.all.add(bar));
    }

    fn begin_job(&mut self, job: u64, name: &str) {
        if self.job.as_ref().is_some_and(|(known, ..)| *known == job) {
            return;
        }
        if let Some((_, bar, _)) = self.job.take() {
            bar.finish_and_clear();
        }
        let bar = ProgressBar::new(0);
        bar.set_style(Self::style("{spinner} {msg}"));
        bar.set_message(name.to_owned());
        bar.enable_steady_tick(TICK);
        let bar = self.all.insert(0, bar);
        self.job = Some((job, bar, name.to_owned()));
    }

    fn node(&mut self, job: u64, name: &str, what: &str, begun: usize, nodes: usize) {
        self.begin_job(job, name);
        if let Some((_, bar, prefix)) = &mut self.job {
            *prefix = format!("{name}: {what} ({begun} of {nodes})");
            bar.set_style(Self::style("{spinner} {msg} {elapsed}"));
            bar.set_message(prefix.clone());
        }
        self.step = None;
    }

    fn step(&mut self, job: u64, node: &str, value: f64, max: f64) {
        let now = std::time::Instant::now();
        let since = match &self.step {
            Some((known, since, first)) if known == node => Some((*since, *first)),
            _ => None,
        };
        let Some((_, bar, prefix)) = self.job.as_mut().filter(|(known, ..)| *known == job) else { return };
        let mut text = format!("{prefix}: {value:.0} of {max:.0}");
        match since {
            None => self.step = Some((node.to_owned(), now, value)),
            Some((since, first)) => {
                let seconds = now.duration_since(since).as_secs_f64();
                let done = value - first;
                if seconds > 0.0 && done > 0.0 {
                    let rate = done / seconds;
                    let speed = if rate >= 1.0 {
                        format!("{rate:.1} it/s")
                    } else {
                        format!("{:.1} s/it", 1.0 / rate)
                    };
                    let _ = write!(text, ", {speed}, {:.0} s to go", (max - value).max(0.0) / rate);
                }
            }
        }
        bar.set_message(text);
    }

    fn end_job(&mut self, job: u64) {
        if let Some((_, bar, _)) = self.job.take_if(|(known, ..)| *known == job) {
            bar.finish_and_clear();
        }
        if let Some(batch) = &self.batch {
            batch.inc(1);
        }
    }

    fn end(&mut self) {
        if let Some((_, bar, _)) = self.job.take() {
            bar.finish_and_clear();
        }
        if let Some(batch) = self.batch.take() {
            batch.finish_and_clear();
        }
    }
}
