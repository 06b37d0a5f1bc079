//! One job that was handed over, until it ends.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::exec::record::{Ending, InputRecord, JobRecord, NodeTime, OutputRecord, Times};
use crate::exec::{Ended, Failure, Job, Label, clock};

/// A job on its way.
#[derive(Debug)]
pub(super) struct Flight {
    pub(super) number: u64,
    pub(super) job: Job,
    pub(super) hash: String,
    pub(super) inputs: Vec<InputRecord>,
    pub(super) id: String,
    pub(super) attempt: u32,
    pub(super) sent: Instant,
    pub(super) phase: Phase,
    pub(super) next_poll: Instant,
    /// So often it is asked again soon, since it has ended.
    pub(super) rapid: u32,
    /// Since when the server does not know it.
    pub(super) absent: Option<Instant>,
    /// True if it is not certain that the server ever got it.
    pub(super) is_uncertain: bool,
    /// True if it was handed over by a process before this one.
    pub(super) is_adopted: bool,
    pub(super) running_since: Option<Instant>,
    /// When the server last told something of it; nothing once its silence has been said.
    pub(super) heard: Option<Instant>,
    pub(super) cancel: Option<Cancel>,
    pub(super) least_free: Option<u64>,
    nodes: Vec<(String, f64)>,
    current: Option<(String, Instant)>,
    cached: Vec<String>,
}

/// Where it is.
#[derive(Debug)]
pub(super) enum Phase {
    /// On the server, in the queue or running.
    Server,
    /// Its outputs are being fetched, since then.
    Fetching(Box<Ended>, Instant),
}

/// A job that is being stopped.
#[derive(Clone, Debug)]
pub(super) struct Cancel {
    pub(super) since: Instant,
    pub(super) asked: Option<Instant>,
    pub(super) why: Why,
}

/// Why a job is stopped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Why {
    /// Somebody wants all to stop.
    Asked,
    /// It shall run another time, unless it has begun.
    PutOff,
    /// It runs too long. If it ends well all the same, it has ended well.
    TooLong(Failure),
    /// The server runs a part of it and has refused the rest, so whatever it makes is not what was wanted.
    Refused(Failure),
    /// The same, and perhaps for want of input files that were put there before: once what runs of it is gone, it is handed
    /// over again with them.
    Again,
}

impl Flight {
    pub(super) fn new(number: u64, job: Job, id: String, attempt: u32) -> Self {
        let hash = crate::back::manifest::hash(&job.workflow);
        let now = Instant::now();
        Self {
            number,
            job,
            hash,
            inputs: Vec::new(),
            id,
            attempt,
            sent: now,
            phase: Phase::Server,
            next_poll: now,
            rapid: 0,
            absent: None,
            is_uncertain: false,
            is_adopted: false,
            running_since: None,
            heard: Some(now),
            cancel: None,
            least_free: None,
            nodes: Vec::new(),
            current: None,
            cached: Vec::new(),
        }
    }

    pub(super) fn is_on_server(&self) -> bool {
        matches!(self.phase, Phase::Server)
    }

    /// Begins to stop it.
    pub(super) fn stop(&mut self, why: Why) {
        if self.cancel.is_none() && self.is_on_server() {
            let now = Instant::now();
            self.cancel = Some(Cancel { since: now, asked: None, why });
            self.next_poll = now;
        }
    }

    /// Why it is being stopped, if it is.
    pub(super) fn why(&self) -> Option<&Why> {
        self.cancel.as_ref().map(|cancel| &cancel.why)
    }

    /// The classes of the nodes to which no link leads and that the server did not choose to run. If one of them is an
    /// output, the workflow was taken over in parts; what a process that was killed was told of that is not known any more.
    pub(super) fn left_out(&self, chosen: &[String]) -> BTreeSet<String> {
        let Ok(Value::Object(nodes)) = serde_json::from_slice::<Value>(&self.job.workflow) else {
            return BTreeSet::new();
        };
        let inputs = nodes.values().filter_map(|node| node.get("inputs")?.as_object());
        let links = inputs.flat_map(|inputs| inputs.values()).filter_map(|value| value.get(0)?.as_str());
        let sources: BTreeSet<&str> = links.collect();
        let left_out = nodes.iter().filter(|(key, _)| !sources.contains(&***key) && !chosen.contains(*key));
        left_out.filter_map(|(_, node)| node.get("class_type")?.as_str().map(str::to_owned)).collect()
    }

    /// It runs, perhaps for as long as it may: then it is asked at that moment.
    pub(super) fn runs(&mut self, now: Instant, limit: Option<Duration>) {
        let since = *self.running_since.get_or_insert(now);
        if let Some(end) = limit.and_then(|limit| since.checked_add(limit)).filter(|end| *end > now) {
            self.next_poll = self.next_poll.min(end);
        }
    }

    /// A node begins.
    pub(super) fn node(&mut self, node: &str) {
        self.end_node();
        self.current = Some((node.to_owned(), Instant::now()));
    }

    /// The node that runs has ended.
    pub(super) fn end_node(&mut self) {
        if let Some((node, since)) = self.current.take() {
            let seconds = since.elapsed().as_secs_f64();
            match self.nodes.iter_mut().find(|(known, _)| *known == node) {
                Some((_, sum)) => *sum += seconds,
                None => self.nodes.push((node, seconds)),
            }
        }
    }

    /// How many nodes of the workflow have begun or were there already. Those that a node expands into are part of it.
    pub(super) fn begun(&self) -> usize {
        let ran = self.nodes.iter().map(|(node, _)| node).chain(self.current.iter().map(|(node, _)| node));
        let begun: BTreeSet<&str> = ran.chain(&self.cached).map(|node| self.of_workflow(node)).collect();
        begun.len()
    }

    /// The node of the workflow that a node is, or that expands into it.
    fn of_workflow<'n>(&self, node: &'n str) -> &'n str {
        if self.job.nodes.contains_key(node) { node } else { node.split('.').next().unwrap_or(node) }
    }

    pub(super) fn cached(&mut self, nodes: Vec<String>) {
        self.cached = nodes;
    }

    /// What a node is called. One that another node expands into belongs to that one.
    pub(super) fn label(&self, node: &str) -> Label {
        self.job
            .nodes
            .get(self.of_workflow(node))
            .cloned()
            .unwrap_or_else(|| Label { title: node.to_owned(), ..Label::default() })
    }

    /// The failure in the words of the workflow's author.
    pub(super) fn explained(&self, mut failure: Failure) -> Failure {
        if let Some(node) = &failure.node {
            failure.label = Some(self.label(node));
        }
        if failure.is_oom && failure.help.is_none() {
            let fit = self.job.about.plan.as_ref().and_then(|plan| plan.fit.as_ref());
            failure.help = Some(match fit {
                Some(fit) => format!("`{fit}` finds what to cut"),
                None => "use smaller sizes or fewer frames, or a card with more memory".to_owned(),
            });
        }
        failure
    }

    /// The record of its end.
    pub(super) fn record(
        &self,
        ending: Ending,
        ended: Option<&Ended>,
        fetched: Option<(Vec<OutputRecord>, Duration)>,
        failure: Option<Failure>,
    ) -> JobRecord {
        let stage = |node: &str| self.label(node).stage;
        let nodes = self.nodes.iter().map(|(node, seconds)| NodeTime {
            node: node.clone(),
            stage: stage(node),
            seconds: rounded(*seconds),
        });
        let mut texts: BTreeMap<String, String> = BTreeMap::new();
        for (node, text) in ended.into_iter().flat_map(|ended| &ended.texts) {
            let all = texts.entry(node.clone()).or_default();
            if !all.is_empty() {
                all.push('\n');
            }
            all.push_str(text);
        }
        let run = ended.and_then(|ended| ended.span_ms);
        #[expect(clippy::cast_precision_loss, reason = "a job takes less than 2^52 ms")]
        let run_s = run.map(|(start, end)| end.saturating_sub(start) as f64 / 1000.0);
        let (outputs, fetch) = fetched.unzip();
        JobRecord {
            job: self.number,
            name: self.job.name.clone(),
            ending,
            id: self.id.clone(),
            attempts: self.attempt,
            workflow_hash: self.hash.clone(),
            about: self.job.about.clone(),
            inputs: self.inputs.clone(),
            times: Times {
                total_s: rounded(self.sent.elapsed().as_secs_f64()),
                run_s,
                fetch_s: fetch.map(|fetch| rounded(fetch.as_secs_f64())),
                nodes: nodes.collect(),
                cached: self.cached.clone(),
            },
            least_free_bytes: self.least_free,
            outputs: outputs.unwrap_or_default(),
            texts,
            failure: failure.map(|failure| self.explained(failure)),
            at: clock::now(),
        }
    }
}

/// To milliseconds.
fn rounded(seconds: f64) -> f64 {
    (seconds * 1000.0).round() / 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_that_expands_into_others_is_one_node() {
        let label = |title: &str| Label { title: title.to_owned(), ..Label::default() };
        let nodes = [("a", label("A")), ("x", label("X")), ("s", label("S"))];
        let nodes = nodes.map(|(id, label)| (id.to_owned(), label)).into();
        let mut flight = Flight::new(1, Job { nodes, ..Job::default() }, "id".to_owned(), 1);
        flight.cached(vec!["a".to_owned()]);
        for (node, begun) in [("x", 2), ("x.0.0.1", 2), ("x.0.0.2", 2), ("x", 2), ("s", 3)] {
            flight.node(node);
            assert_eq!((flight.begun(), flight.label(node).title.is_empty()), (begun, false), "{node}");
        }
    }
}
