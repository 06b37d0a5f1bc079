//! Following what was handed over: what the server tells, and what it answers when asked.

use std::collections::BTreeSet;
use std::time::Instant;

use super::event::Event;
use super::fetch::Task;
use super::flight::{Flight, Phase, Why};
use super::{Batch, ENDED_POLLS, Record, State};
use crate::exec::record::Ending;
use crate::exec::{Ended, Error, Failure, Queue, Signal, Standing, Trouble, outputs};

/// So often a server must have been seen without work in hand before it counts as stuck.
const STUCK_POLLS: u32 = 3;

/// Between two wishes to stop a job, in which the server may overlook the first.
const ASK_AGAIN: std::time::Duration = std::time::Duration::from_secs(1);

impl Batch<'_> {
    /// The server answers.
    pub(super) fn reached(&mut self) {
        if self.unreachable.take().is_some() {
            self.notice("the server answers again".to_owned());
        }
    }

    /// The server does not answer; an error once that has lasted too long, or where it will not pass.
    pub(super) fn not_reached(&mut self, error: Error) -> Result<(), Error> {
        // One bad answer among good ones is a proxy's or a moment's.
        let is_odd = matches!(error.trouble, Trouble::NotComfy | Trouble::TooLong);
        let passes = error.may_pass || is_odd;
        let since = *self.unreachable.get_or_insert_with(Instant::now);
        if !passes || since.elapsed() >= self.options.patience.unreachable {
            return Err(error);
        }
        if since.elapsed().as_millis() < 10 {
            self.notice(format!("{}; waiting for it", error.message));
        }
        Ok(())
    }

    /// Takes in what the server tells. Other clients' workflows are told about, too.
    pub(super) fn told(&mut self, signal: Signal) {
        let now = Instant::now();
        let id = match &signal {
            Signal::Connected => {
                (self.is_told, self.was_told) = (true, true);
                return;
            }
            Signal::Disconnected(why) => {
                if !std::mem::replace(&mut self.was_told, true) {
                    self.notice(format!(
                        "the server's socket cannot be opened, so steps are not shown: {why}"
                    ));
                }
                // What was handed over on that connection is told to nobody any more.
                self.is_told = false;
                // The server may have been started anew, without the files that were put there.
                self.executor.forget();
                for flight in self.flights.values_mut() {
                    flight.rapid = 0;
                    flight.next_poll = flight.next_poll.min(now);
                }
                return;
            }
            Signal::Preview(_, media, bytes) => {
                (self.watch)(Event::Preview { media, bytes: bytes.clone() });
                return;
            }
            Signal::Started(id)
            | Signal::Cached(id, _)
            | Signal::Node(id, _)
            | Signal::Step(id, ..)
            | Signal::Settled(id)
            | Signal::Over(id) => id,
        };
        let Some(flight) = self.by_id.get(id).and_then(|number| self.flights.get_mut(number)) else { return };
        if !flight.is_on_server() {
            return;
        }
        flight.heard = Some(now);
        self.stuck = None;
        flight.absent = None;
        flight.is_uncertain = false;
        let job = flight.number;
        let limit = self.options.patience.job;
        let event = match signal {
            Signal::Started(_) => {
                flight.runs(now, limit);
                Event::JobStarted { job }
            }
            Signal::Cached(_, nodes) => {
                flight.cached(nodes.clone());
                Event::NodesCached { job, nodes }
            }
            Signal::Node(_, node) => {
                flight.runs(now, limit);
                flight.node(&node);
                let label = flight.label(&node);
                let (begun, nodes) = (flight.begun(), flight.job.nodes.len());
                Event::NodeStarted { job, node, title: label.title, stage: label.stage, begun, nodes }
            }
            Signal::Step(_, node, value, max) => Event::Step { job, node, value, max },
            Signal::Settled(_) => {
                flight.end_node();
                flight.rapid = ENDED_POLLS;
                flight.next_poll = now + self.options.patience.ended;
                return;
            }
            Signal::Over(_) => {
                flight.end_node();
                flight.rapid = ENDED_POLLS;
                flight.next_poll = now;
                return;
            }
            Signal::Connected | Signal::Disconnected(_) | Signal::Preview(..) => return,
        };
        (self.watch)(event);
    }

    /// Asks about the jobs for which it is time.
    pub(super) fn poll(&mut self) -> Result<(), Error> {
        let now = Instant::now();
        let due: Vec<u64> = self
            .flights
            .values()
            .filter(|flight| flight.is_on_server() && flight.next_poll <= now)
            .map(|flight| flight.number)
            .collect();
        let mut queue = None;
        for number in due {
            self.ask(number, &mut queue)?;
        }
        Ok(())
    }

    fn ask(&mut self, number: u64, queue: &mut Option<Queue>) -> Result<(), Error> {
        let Some(flight) = self.flights.get(&number) else { return Ok(()) };
        let id = flight.id.clone();
        if let Some(cancel) = &flight.cancel
            && cancel.asked.is_none_or(|asked| asked.elapsed() >= ASK_AGAIN)
        {
            // Whether it was heard is seen below.
            let _ = if cancel.why == Why::PutOff {
                self.executor.withdraw(&id)
            } else {
                self.executor.cancel(&id)
            };
            if let Some(cancel) = self.flights.get_mut(&number).and_then(|flight| flight.cancel.as_mut()) {
                cancel.asked = Some(Instant::now());
            }
        }
        match self.executor.standing(&id) {
            Ok(Standing::Ended(ended)) => {
                self.reached();
                self.ended(number, *ended)
            }
            Ok(Standing::Open) => {
                self.reached();
                let patience = self.options.patience;
                if let Some(flight) = self.flights.get_mut(&number).filter(|flight| flight.rapid > 0) {
                    flight.rapid -= 1;
                    flight.next_poll = Instant::now() + patience.ended;
                    return Ok(());
                }
                self.open(number, queue)
            }
            Err(error) => self.postpone(number, error),
        }
    }

    fn postpone(&mut self, number: u64, error: Error) -> Result<(), Error> {
        let next = Instant::now() + self.options.patience.untold;
        if let Some(flight) = self.flights.get_mut(&number) {
            flight.next_poll = next;
        }
        if self.stop.level() > 1 {
            // Nothing more can be done from here.
            return Err(error);
        }
        self.not_reached(error)
    }

    /// A job has not ended: is it still there, and does the server work?
    fn open(&mut self, number: u64, queue: &mut Option<Queue>) -> Result<(), Error> {
        if queue.is_none() {
            match self.executor.queue() {
                Ok(found) => *queue = Some(found),
                Err(error) => return self.postpone(number, error),
            }
            self.check_stuck(queue.as_ref())?;
            self.measure();
        }
        let Some(queue) = queue else { return Ok(()) };
        let patience = self.options.patience;
        let interval = self.interval();
        let now = Instant::now();
        let Some(flight) = self.flights.get_mut(&number) else { return Ok(()) };
        flight.next_poll = now + interval;
        let is_running = queue.running.contains(&flight.id);
        if is_running {
            flight.runs(now, patience.job);
            // It has begun after all, and may end.
            flight.cancel.take_if(|cancel| cancel.why == Why::PutOff);
        }
        if is_running || queue.waiting.contains(&flight.id) {
            flight.absent = None;
            flight.is_uncertain = false;
            return self.heed_limits(number);
        }
        let limit = if flight.is_uncertain { patience.uncertain } else { patience.absent };
        let since = *flight.absent.get_or_insert(now);
        if since.elapsed() < limit {
            flight.next_poll = now + (limit / 4).max(patience.ended);
            return Ok(());
        }
        self.take(number).map_or(Ok(()), |flight| self.lost(&flight))
    }

    /// A job that is on its way no more.
    fn take(&mut self, number: u64) -> Option<Flight> {
        let flight = self.flights.remove(&number)?;
        self.by_id.remove(&flight.id);
        Some(flight)
    }

    /// Ends waiting for a job that runs too long, or that will not be stopped.
    fn heed_limits(&mut self, number: u64) -> Result<(), Error> {
        let patience = self.options.patience;
        let Some(flight) = self.flights.get_mut(&number) else { return Ok(()) };
        if let (Some(limit), Some(since)) = (patience.job, flight.running_since)
            && since.elapsed() >= limit
            && flight.cancel.is_none()
        {
            let failure = Failure {
                message: format!("it did not end within {} s", limit.as_secs()),
                help: Some("allow more with --timeout, or look at the server's log".to_owned()),
                ..Failure::default()
            };
            flight.stop(Why::TooLong(failure));
        }
        let is_silent = |heard: &mut Instant| heard.elapsed() >= patience.silence;
        let runs_long = flight.running_since.is_some_and(|since| since.elapsed() >= patience.silence);
        // What was handed over on another connection is told to nobody.
        let is_told = self.is_told && !flight.is_adopted;
        if runs_long && is_told && flight.heard.take_if(is_silent).is_some() {
            let (name, minutes) = (flight.job.name.clone(), patience.silence.as_secs().div_ceil(60));
            self.notice(format!(
                "{name}: nothing was heard of it for {minutes} min; it may take long, or the server's worker may have died \
                 with it, which its log shows"
            ));
        }
        let Some(flight) = self.flights.get_mut(&number) else { return Ok(()) };
        let Some(cancel) = &flight.cancel else { return Ok(()) };
        if cancel.since.elapsed() < patience.cancel {
            flight.next_poll = Instant::now() + ASK_AGAIN.min(patience.untold);
            return Ok(());
        }
        let (name, id) = (flight.job.name.clone(), flight.id.clone());
        if self.stop.level() > 1 {
            self.by_id.remove(&id);
            self.flights.remove(&number);
            self.notice(format!("{name}: the server does not stop it; it still runs there as {id}"));
            return Ok(());
        }
        // Nothing else can run there before it ends.
        let why = match &cancel.why {
            Why::TooLong(failure) | Why::Refused(failure) => format!(": {}", failure.message),
            Why::Asked | Why::PutOff | Why::Again => String::new(),
        };
        let message = format!("{name}{why}, and {} does not stop it", self.server.address);
        Err(Error::new(Trouble::Stuck, message)
            .help("start ComfyUI again, which is the only cure, and go on with --resume"))
    }

    /// A server whose worker has died takes work for ever and does none.
    fn check_stuck(&mut self, queue: Option<&Queue>) -> Result<(), Error> {
        let Some(queue) = queue else { return Ok(()) };
        if !queue.running.is_empty() || queue.waiting.is_empty() {
            self.stuck = None;
            return Ok(());
        }
        let (since, count) = self.stuck.unwrap_or_else(|| (Instant::now(), 0));
        self.stuck = Some((since, count + 1));
        if since.elapsed() >= self.options.patience.stuck && count + 1 >= STUCK_POLLS {
            let message = format!(
                "{}: {} jobs wait and none has run for {} s: the server's worker has died",
                self.server.address,
                queue.waiting.len(),
                since.elapsed().as_secs()
            );
            return Err(Error::new(Trouble::Stuck, message)
                .help("start ComfyUI again, which is the only cure, and go on with --resume"));
        }
        Ok(())
    }

    /// Looks how much memory is free, for the jobs that run.
    fn measure(&mut self) {
        if !self.flights.values().any(|flight| flight.running_since.is_some() && flight.is_on_server()) {
            return;
        }
        let Some(free) = self.executor.free_memory() else { return };
        for flight in self.flights.values_mut().filter(|flight| flight.running_since.is_some()) {
            flight.least_free = Some(flight.least_free.map_or(free, |least| least.min(free)));
        }
    }

    /// The server does not know a job, and its history neither.
    pub(super) fn lost(&mut self, flight: &Flight) -> Result<(), Error> {
        let number = flight.number;
        self.executor.forget();
        match flight.why() {
            Some(Why::Asked) => return self.end(flight, flight.record(Ending::Cancelled, None, None, None)),
            Some(Why::TooLong(failure) | Why::Refused(failure)) => {
                return self.end(flight, flight.record(Ending::Failed, None, None, Some(failure.clone())));
            }
            Some(Why::Again) => return self.again(flight),
            Some(Why::PutOff) | None => {}
        }
        self.give_up(flight)?;
        if flight.cancel.is_some() || !self.takes_more() {
            return Ok(());
        }
        let losses = self.losses.entry(number).or_default();
        *losses += 1;
        if *losses >= self.options.attempts {
            let failure = Failure {
                message: format!("the server lost it {losses} times: it was started again, or its queue was cleared"),
                help: Some(
                    "look at the server's log: a process that the system killed for its memory leaves no other trace"
                        .to_owned(),
                ),
                ..Failure::default()
            };
            return self.end(flight, flight.record(Ending::Failed, None, None, Some(failure)));
        }
        self.notice(format!(
            "{}: the server does not know it any more; it is handed over again",
            flight.job.name
        ));
        self.launch(number, flight.attempt + 1)
    }

    /// Writes down that what was handed over gives nothing.
    fn give_up(&mut self, flight: &Flight) -> Result<(), Error> {
        self.run.journal.append(&Record::Lost { job: flight.number, id: flight.id.clone() })?;
        self.set_state(flight.number, State::Again(flight.attempt));
        Ok(())
    }

    /// Nothing of a job is on the server any more that had refused it or a part of it, perhaps for want of input files:
    /// hands it over once more, with these.
    pub(super) fn again(&mut self, flight: &Flight) -> Result<(), Error> {
        self.executor.forget();
        self.give_up(flight)?;
        if self.takes_more() { self.launch(flight.number, flight.attempt + 1) } else { Ok(()) }
    }

    /// A job has ended on the server.
    fn ended(&mut self, number: u64, ended: Ended) -> Result<(), Error> {
        let Some(flight) = self.flights.get_mut(&number) else { return Ok(()) };
        flight.end_node();
        let chosen = ended.chosen.as_ref().filter(|_| flight.is_adopted && ended.failure.is_none());
        let left_out = chosen.map(|chosen| flight.left_out(chosen)).unwrap_or_default();
        let is_partial = left_out.iter().any(|class| self.executor.is_output(class));
        let why = flight.why().cloned();
        if is_partial || why == Some(Why::Again) {
            return self.take(number).map_or(Ok(()), |flight| self.again(&flight));
        }
        let failure = match &why {
            Some(Why::Refused(failure)) => Some(failure.clone()),
            Some(Why::TooLong(failure)) if ended.is_cancelled => Some(failure.clone()),
            _ => ended.failure.clone(),
        };
        let Some(failure) = failure else {
            let files = placed(flight, self.run.contents.jobs.len(), &ended);
            if files.is_empty() {
                let record = flight.record(Ending::Done, Some(&ended), None, None);
                return self.conclude(number, record);
            }
            flight.phase = Phase::Fetching(Box::new(ended), Instant::now());
            (self.watch)(Event::Fetching { job: number, files: files.len() });
            let _ = self.tasks.send(Task { job: number, files });
            return Ok(());
        };
        if ended.is_cancelled && why == Some(Why::PutOff) {
            return self.take(number).map_or(Ok(()), |flight| self.lost(&flight));
        }
        let is_ours = matches!(why, Some(Why::TooLong(_) | Why::Refused(_)));
        let ending = if ended.is_cancelled && !is_ours { Ending::Cancelled } else { Ending::Failed };
        let record = flight.record(ending, Some(&ended), None, Some(failure));
        self.conclude(number, record)
    }

    fn conclude(&mut self, number: u64, record: crate::exec::record::JobRecord) -> Result<(), Error> {
        self.take(number).map_or(Ok(()), |flight| self.end(&flight, record))
    }
}

/// The files of a job with their places: in a folder of its own where there are more jobs.
fn placed(flight: &Flight, jobs: usize, ended: &Ended) -> Vec<(crate::exec::RemoteFile, String)> {
    let digits = jobs.to_string().len().max(4);
    let below = (jobs > 1).then(|| format!("{:0digits$}", flight.number));
    let mut taken = BTreeSet::new();
    let mut seen = BTreeSet::new();
    let files = ended
        .files
        .iter()
        .filter(|file| seen.insert((file.kind.clone(), file.subfolder.clone(), file.filename.clone())));
    files.map(|file| (file.clone(), outputs::place(below.as_deref(), file, &mut taken))).collect()
}
