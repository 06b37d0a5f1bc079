//! Running jobs one after the other: a few at a time on the server, each to its end, whatever happens on the way.
//!
//! The journal is written before each step, so the process may be killed at any point: what was handed over is looked
//! for on the server before it is handed over again. The server's history is the truth; what it tells on a socket only
//! shortens waiting.

mod event;
mod fetch;
mod flight;
mod watch;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, SyncSender, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use self::fetch::{Fetched, Task};
use self::flight::{Flight, Phase, Why};
use super::journal::{Contents, Journal, Record, State};
use super::record::{self, Counts, Ending, InputRecord, JobRecord};
use super::{Error, Executor, Identity, Job, Signal, Standing, Submission, Trouble, clock, comfy, outputs};

pub use event::Event;

/// Messages of threads that wait to be read.
const BACKLOG: usize = 4096;

/// So many jobs may be fetched while the server goes on.
const FETCHING: usize = 4;

/// Longest wait before it is looked whether somebody wants to stop.
const TICK: Duration = Duration::from_millis(200);

/// How a run goes on.
#[derive(Clone, Debug)]
pub struct Options {
    /// Most jobs on the server at once. With two, the server never waits for this machine.
    pub in_flight: usize,
    /// True if a failure ends the run.
    pub fail_fast: bool,
    /// So often a job is handed over at most, where the server loses it.
    pub attempts: u32,
    /// How long to wait for what.
    pub patience: Patience,
}

impl Default for Options {
    fn default() -> Self {
        Self { in_flight: 2, fail_fast: false, attempts: 3, patience: Patience::default() }
    }
}

/// How long to wait for what. There is no limit on silence: loading a model takes minutes.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// Between two questions where the server tells by itself how far it is.
    pub told: Duration,
    /// Between two questions where it does not.
    pub untold: Duration,
    /// Between two questions once it has told that a job has ended.
    pub ended: Duration,
    /// A job that the server has not known for so long is lost.
    pub absent: Duration,
    /// The same for one that may still be on its way to it.
    pub uncertain: Duration,
    /// So long nobody may answer.
    pub unreachable: Duration,
    /// So long a server may have work and do none.
    pub stuck: Duration,
    /// So long a job may run; nothing for as long as it takes.
    pub job: Option<Duration>,
    /// After so much silence about a job that runs, that is said, once.
    pub silence: Duration,
    /// So long stopping a job is tried.
    pub cancel: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            told: Duration::from_secs(5),
            untold: Duration::from_secs(1),
            ended: Duration::from_millis(30),
            absent: Duration::from_secs(2),
            uncertain: Duration::from_secs(5),
            unreachable: Duration::from_mins(5),
            stuck: Duration::from_secs(10),
            job: None,
            silence: Duration::from_mins(10),
            cancel: Duration::from_secs(30),
        }
    }
}

/// So often a job that has ended is looked for in the history, which is written a moment later.
const ENDED_POLLS: u32 = 100;

/// Whether somebody wants to stop: once for after what runs now, twice for at once.
#[derive(Clone, Debug, Default)]
pub struct Stop(Arc<AtomicU8>);

impl Stop {
    /// Asks once more.
    pub fn ask(&self) {
        let _ = self.0.fetch_update(Ordering::AcqRel, Ordering::Acquire, |level| level.checked_add(1));
    }

    /// How often it was asked.
    #[must_use]
    pub fn level(&self) -> u8 {
        self.0.load(Ordering::Acquire)
    }
}

/// The jobs of a run, each made when it is needed: memory does not grow with their number.
pub trait Jobs {
    /// The job with this number, counted from 1.
    ///
    /// # Errors
    /// When it cannot be made.
    fn job(&mut self, number: u64) -> Result<Job, Error>;
}

/// What the threads say.
#[derive(Debug)]
enum Message {
    Signal(Signal),
    Fetched(Fetched),
}

/// A run that is about to begin or to go on.
#[derive(Debug)]
pub struct Run {
    /// The run's folder.
    pub folder: PathBuf,
    /// Its journal.
    pub journal: Journal,
    /// What the journal says.
    pub contents: Contents,
}

/// Runs what is left of a run. `watch` is told what happens. The record of the run is written in any case.
///
/// # Errors
/// When the run cannot go on: the server does not answer or does no work, or a file cannot be written. Nothing is lost:
/// it can be resumed.
pub fn run(
    executor: &mut dyn Executor,
    jobs: &mut dyn Jobs,
    run: &mut Run,
    options: &Options,
    stop: &Stop,
    watch: &mut dyn FnMut(Event),
) -> Result<Counts, Error> {
    let server = executor.identity()?;
    finish_renames(run)?;
    let (sender, messages) = sync_channel(BACKLOG);
    let tasks = fetch::start(&run.folder, &executor.files(), options.patience.unreachable, stop, &sender);
    let tell: SyncSender<Message> = sender;
    executor.listen(Box::new(move |signal| tell.send(Message::Signal(signal)).is_ok()));
    let done = run.contents.jobs.iter().filter(|state| matches!(state, State::Ended { is_done: true, .. }));
    watch(Event::RunStarted {
        run: run.contents.run.name.clone(),
        folder: run.folder.display().to_string(),
        jobs: run.contents.jobs.len() as u64,
        done: done.count() as u64,
        server: Box::new(server.clone()),
    });
    let mut batch = Batch {
        executor,
        jobs,
        run,
        options,
        stop,
        watch,
        server: server.clone(),
        flights: BTreeMap::new(),
        by_id: BTreeMap::new(),
        next: 1,
        tasks,
        messages,
        is_told: true,
        was_told: false,
        unreachable: None,
        stuck: None,
        has_failed: false,
        losses: BTreeMap::new(),
        refused: BTreeSet::new(),
    };
    let result = batch.work();
    let stopped = batch.why_stopped();
    let stopped = result.as_ref().err().map(ToString::to_string).or(stopped);
    drop(batch);
    let written = close(run, server, result.is_ok());
    let counts = match (result, written) {
        (Err(error), _) | (Ok(()), Err(error)) => {
            let counts = Counts::of(&run.contents.jobs, |_| None);
            watch(Event::RunEnded { folder: run.folder.display().to_string(), counts, stopped });
            return Err(error);
        }
        (Ok(()), Ok(counts)) => counts,
    };
    watch(Event::RunEnded { folder: run.folder.display().to_string(), counts, stopped });
    Ok(counts)
}

/// Gives those outputs their names that were complete when the process ended.
fn finish_renames(run: &Run) -> Result<(), Error> {
    let parts = run.folder.join(outputs::PARTS);
    let Ok(entries) = fs::read_dir(parts) else { return Ok(()) };
    let left: BTreeSet<String> = entries
        .filter_map(|entry| Some(format!("{}/{}", outputs::PARTS, entry.ok()?.file_name().to_string_lossy())))
        .collect();
    if left.is_empty() {
        return Ok(());
    }
    for state in &run.contents.jobs {
        if let State::Ended { at, is_done: true, .. } = state
            && let Some(record) = run.journal.ended(*at)?
            && record.outputs.iter().any(|output| left.contains(&output.part))
        {
            outputs::settle(&run.folder, &record.outputs)?;
        }
    }
    Ok(())
}

/// Writes down that the run has ended, and its record.
fn close(run: &mut Run, server: Identity, is_in_order: bool) -> Result<Counts, Error> {
    let is_open = |state: &State| matches!(state, State::New | State::Sent(..) | State::Again(_));
    let is_over = is_in_order && !run.contents.jobs.iter().any(is_open);
    if is_over {
        let _ = fs::remove_dir(run.folder.join(outputs::PARTS));
    }
    let counts = record::write(&run.folder, &run.contents, server)?;
    if is_over {
        // Last of all: a run that is closed has its record.
        run.journal.append(&Record::Closed { at: clock::now() })?;
    }
    Ok(counts)
}

struct Batch<'b> {
    executor: &'b mut dyn Executor,
    jobs: &'b mut dyn Jobs,
    run: &'b mut Run,
    options: &'b Options,
    stop: &'b Stop,
    watch: &'b mut dyn FnMut(Event),
    server: Identity,
    /// By number.
    flights: BTreeMap<u64, Flight>,
    /// Number by id.
    by_id: BTreeMap<String, u64>,
    /// The next job to look at.
    next: u64,
    tasks: Sender<Task>,
    messages: Receiver<Message>,
    /// True if the server tells by itself how far it is.
    is_told: bool,
    /// True once the server has told something, or it was said that it does not.
    was_told: bool,
    /// Since when nobody answers.
    unreachable: Option<Instant>,
    /// Since when the server has work and does none, and how often that was seen.
    stuck: Option<(Instant, u32)>,
    has_failed: bool,
    /// How often a job was lost, in this process.
    losses: BTreeMap<u64, u32>,
    /// Jobs that the server has refused once, in this process.
    refused: BTreeSet<u64>,
}

impl Batch<'_> {
    fn work(&mut self) -> Result<(), Error> {
        loop {
            self.heed_stop();
            self.fill()?;
            if self.flights.is_empty() {
                return Ok(());
            }
            self.listen()?;
            self.poll()?;
        }
    }

    fn why_stopped(&self) -> Option<String> {
        let is_open = self.run.contents.jobs.iter().any(|state| !matches!(state, State::Ended { .. }));
        if self.stop.level() > 0 && is_open {
            Some("stopped".to_owned())
        } else if self.has_failed && self.options.fail_fast && is_open {
            Some("a job failed".to_owned())
        } else {
            None
        }
    }

    fn notice(&mut self, message: String) {
        (self.watch)(Event::Notice { message });
    }

    /// Stops what is to be stopped: after the first wish what waits, after the second one all.
    fn heed_stop(&mut self) {
        let level = self.stop.level();
        let ends = self.options.fail_fast && self.has_failed;
        if level == 0 && !ends {
            return;
        }
        for flight in self.flights.values_mut() {
            if level > 1 {
                flight.stop(Why::Asked);
            } else if flight.running_since.is_none() {
                flight.stop(Why::PutOff);
            }
        }
    }

    fn takes_more(&self) -> bool {
        self.stop.level() == 0 && !(self.options.fail_fast && self.has_failed)
    }

    /// Hands over jobs until the server has enough.
    fn fill(&mut self) -> Result<(), Error> {
        while self.takes_more() && self.next <= self.run.contents.jobs.len() as u64 {
            let on_server = self.flights.values().filter(|flight| flight.is_on_server()).count();
            if on_server >= self.options.in_flight.max(1)
                || self.flights.len() >= self.options.in_flight + FETCHING
            {
                return Ok(());
            }
            let number = self.next;
            self.next += 1;
            match self.state(number).clone() {
                State::Ended { is_done: true, .. } => {}
                State::New => self.launch(number, 1)?,
                State::Ended { attempts, .. } | State::Again(attempts) => {
                    self.launch(number, attempts + 1)?;
                }
                State::Sent(attempt, id, on) => self.adopt(number, attempt, id, &on)?,
            }
        }
        Ok(())
    }

    fn state(&self, number: u64) -> &State {
        static NEW: State = State::New;
        let slot = number.checked_sub(1).and_then(|slot| usize::try_from(slot).ok());
        slot.and_then(|slot| self.run.contents.jobs.get(slot)).unwrap_or(&NEW)
    }

    fn set_state(&mut self, number: u64, state: State) {
        let slot = number.checked_sub(1).and_then(|slot| usize::try_from(slot).ok());
        if let Some(slot) = slot.and_then(|slot| self.run.contents.jobs.get_mut(slot)) {
            *slot = state;
        }
    }

    /// Goes on with a job that was handed over before this process began, if the server knows it.
    fn adopt(&mut self, number: u64, attempt: u32, id: String, on: &str) -> Result<(), Error> {
        if on != self.server.address {
            let message = format!(
                "job {number} was handed over to {on}, and may run there; this run is to go on on {}",
                self.server.address
            );
            return Err(Error::new(Trouble::Journal, message)
                .help(format!("go on with `--on {on}`, or start a new run without --resume")));
        }
        let job = self.jobs.job(number)?;
        let name = job.name.clone();
        let mut flight = Flight::new(number, job, id.clone(), attempt);
        (flight.is_uncertain, flight.is_adopted) = (true, true);
        self.by_id.insert(id.clone(), number);
        self.flights.insert(number, flight);
        (self.watch)(Event::JobSent { job: number, name, id, attempt });
        Ok(())
    }

    /// Hands a job over, once it is written down that this happens.
    fn launch(&mut self, number: u64, attempt: u32) -> Result<(), Error> {
        let mut job = self.jobs.job(number)?;
        let inputs = match self.upload(&mut job) {
            Ok(inputs) => inputs,
            // A file that is gone concerns this job alone.
            Err(error) if matches!(error.trouble, Trouble::File | Trouble::Refused) => {
                let flight = Flight::new(number, job, comfy::new_id(), attempt);
                return self.end(&flight, flight.record(Ending::Failed, None, None, Some(error.into())));
            }
            Err(error) => return Err(error),
        };
        let mut flight = Flight::new(number, job, comfy::new_id(), attempt);
        flight.inputs = inputs;
        let submission = self.send(&mut flight)?;
        // Perhaps since the server was started anew, and has no file of those that were put there.
        let is_second_try = flight.job.inputs.is_empty() || self.refused.contains(&number);
        match submission {
            Some(Submission::Rejected(..)) if !is_second_try => {
                self.refused.insert(number);
                if let Some(Submission::Rejected(_, false)) = submission {
                    return self.again(&flight);
                }
                flight.stop(Why::Again);
            }
            Some(Submission::Rejected(failure, true)) => flight.stop(Why::Refused(*failure)),
            Some(Submission::Rejected(failure, false)) => {
                return self.end(&flight, flight.record(Ending::Failed, None, None, Some(*failure)));
            }
            Some(Submission::Accepted) => flight.next_poll = Instant::now() + self.interval(),
            None => {
                flight.is_uncertain = true;
                flight.next_poll = Instant::now() + self.options.patience.ended;
            }
        }
        let (name, id, attempt) = (flight.job.name.clone(), flight.id.clone(), flight.attempt);
        self.by_id.insert(id.clone(), number);
        self.flights.insert(number, flight);
        (self.watch)(Event::JobSent { job: number, name, id, attempt });
        Ok(())
    }

    /// Writes down that a job is handed over, and does it.
    fn send(&mut self, flight: &mut Flight) -> Result<Option<Submission>, Error> {
        let (job, attempt, id) = (flight.number, flight.attempt, flight.id.clone());
        let on = self.server.address.clone();
        let at = clock::now();
        self.run.journal.append(&Record::Sending { job, attempt, id: id.clone(), on: on.clone(), at })?;
        self.set_state(job, State::Sent(attempt, id, on));
        self.submit(flight)
    }

    /// Hands over; nothing if nobody knows whether it arrived. Where nobody can have got it, again and again.
    fn submit(&mut self, flight: &mut Flight) -> Result<Option<Submission>, Error> {
        loop {
            let error = match self.executor.submit(&flight.id, &flight.job.workflow) {
                Ok(submission) => {
                    self.reached();
                    return Ok(Some(submission));
                }
                Err(error) => error,
            };
            match error.trouble {
                Trouble::Refused if !error.may_have_arrived => {
                    return Ok(Some(Submission::Rejected(Box::new(error.into()), false)));
                }
                _ if error.may_have_arrived => {
                    self.notice(format!(
                        "{}: {}; the server is asked whether it has it",
                        flight.job.name, error.message
                    ));
                    return Ok(None);
                }
                _ => self.wait_for_server(error)?,
            }
        }
    }

    /// Puts the files of a job on the server, and their names into its workflow.
    fn upload(&mut self, job: &mut Job) -> Result<Vec<InputRecord>, Error> {
        if job.inputs.is_empty() {
            return Ok(Vec::new());
        }
        let mut workflow: Value = serde_json::from_slice(&job.workflow)
            .map_err(|error| Error::new(Trouble::File, format!("{}: no workflow: {error}", job.name)))?;
        let mut records = Vec::new();
        for input in &job.inputs {
            let name = loop {
                match self.executor.upload(&input.file) {
                    Ok(name) => break name,
                    // A file that is there twice has one name, so putting it there again does no harm.
                    Err(error) if error.may_pass => self.wait_for_server(error)?,
                    Err(error) => return Err(error),
                }
            };
            for pointer in &input.at {
                if let Some(value) = workflow.pointer_mut(pointer) {
                    *value = Value::from(name.clone());
                }
            }
            records.push(InputRecord {
                param: input.param.clone(),
                file: input.file.display().to_string(),
                uploaded_as: name,
            });
        }
        job.workflow = workflow.to_string().into_bytes();
        Ok(records)
    }

    /// Waits a little where the server did not answer, unless it has not for too long.
    fn wait_for_server(&mut self, error: Error) -> Result<(), Error> {
        self.not_reached(error)?;
        let until = Instant::now() + self.options.patience.untold;
        while Instant::now() < until && self.stop.level() < 2 {
            thread::sleep(TICK.min(self.options.patience.untold));
        }
        if self.stop.level() > 1 {
            return Err(Error::new(Trouble::Unreachable, "stopped while the server did not answer"));
        }
        Ok(())
    }

    /// Between two questions about a job.
    fn interval(&self) -> Duration {
        if self.is_told { self.options.patience.told } else { self.options.patience.untold }
    }

    /// Waits for what threads say, until it is time to ask.
    fn listen(&mut self) -> Result<(), Error> {
        let now = Instant::now();
        let on_server = self.flights.values().filter(|flight| flight.is_on_server());
        let next = on_server.map(|flight| flight.next_poll).min().unwrap_or(now + TICK);
        let wait = next.saturating_duration_since(now).min(TICK);
        let mut message = match self.messages.recv_timeout(wait) {
            Ok(message) => Some(message),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => {
                thread::sleep(wait);
                None
            }
        };
        while let Some(next) = message {
            match next {
                Message::Signal(signal) => self.told(signal),
                Message::Fetched(fetched) => self.fetched(fetched)?,
            }
            message = self.messages.try_recv().ok();
        }
        Ok(())
    }

    /// The outputs of a job are here, or will not come.
    fn fetched(&mut self, fetched: Fetched) -> Result<(), Error> {
        let Some(flight) = self.flights.remove(&fetched.job) else { return Ok(()) };
        self.by_id.remove(&flight.id);
        let Phase::Fetching(ended, since) = &flight.phase else { return Ok(()) };
        match fetched.result {
            Ok(outputs) => {
                let record = flight.record(Ending::Done, Some(ended), Some((outputs, since.elapsed())), None);
                self.end(&flight, record)
            }
            // The server says that there is no such file. If it has forgotten the job as well, it was started anew.
            Err(error) if matches!(error.trouble, Trouble::Refused | Trouble::TooLong) => {
                if matches!(self.executor.standing(&flight.id), Ok(Standing::Open)) {
                    return self.lost(&flight);
                }
                let record = flight.record(Ending::Failed, Some(ended), None, Some(error.into()));
                self.end(&flight, record)
            }
            // Its outputs are still on the server, so the run can go on later.
            Err(error) => Err(error),
        }
    }

    /// Writes down how a job ended, and gives its outputs their names.
    fn end(&mut self, flight: &Flight, record: JobRecord) -> Result<(), Error> {
        let at = self.run.journal.append(&Record::Ended(Box::new(record.clone())))?;
        let state = State::Ended { at, is_done: record.is_done(), attempts: record.attempts };
        self.set_state(flight.number, state);
        outputs::settle(&self.run.folder, &record.outputs)?;
        self.has_failed |= record.ending == Ending::Failed;
        self.losses.remove(&flight.number);
        self.refused.remove(&flight.number);
        (self.watch)(Event::JobEnded {
            job: record.job,
            name: record.name,
            ending: record.ending,
            seconds: record.times.total_s,
            run_seconds: record.times.run_s,
            texts: record.texts,
            outputs: record.outputs,
            failure: record.failure.map(Box::new),
        });
        Ok(())
    }
}
