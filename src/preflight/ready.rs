//! How long it takes until the first node runs with its models read.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::server::Server;
use super::subject::{self, Compiled, Local, Planned};
use crate::catalog::{Catalog, Machine, Models};
use crate::diag::Diagnostics;
use crate::front::json::{self, Arena, Document};
use crate::plan::{Amount, Assume, Options, Residency, Session, Setup, Storage, reading, sending, times};
use crate::source::Sources;

/// Of so many workflows in a queue the time is told, the first ones; the rest counts as their mean.
const PLANNED: usize = 20;

/// How long it takes until the workflow runs with all its models read, in seconds: an estimate.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Ready {
    /// All of it; nothing if a part cannot be told.
    pub total: Option<Amount>,
    /// Until what runs and waits on the server is done; nothing if that cannot be told.
    pub queue: Option<Amount>,
    /// Putting the input files on the server.
    pub upload: Amount,
    /// Reading the model files, once each, as if none was in memory.
    pub load: Amount,
    /// What the estimate rests on, and what it leaves out.
    pub notes: Vec<String>,
}

impl Ready {
    /// Estimates it.
    #[must_use]
    pub fn of(compiled: &Compiled, planned: &Planned, local: &Local, server: &Server) -> Option<Self> {
        let storage = local.storage.or_else(|| Storage::called("local"))?;
        let mut notes = Vec::new();
        let load = reading(planned.plan.files, &storage);
        if planned.plan.files.high > 0.0 {
            notes.push(format!(
                "models are read from {}, none of them is in memory yet, and none is downloaded",
                place(storage.name)
            ));
        }
        let bytes = compiled.inputs.iter().filter_map(|input| Some(input.here.as_ref()?.1));
        let upload = upload(bytes.sum(), server.is_here, &mut notes);
        let queue = queue(server, &mut notes);
        if !planned.open.is_empty() {
            notes.push(format!("models of {} nodes are not known, and not counted", planned.open.len()));
        }
        Some(Self { total: queue.map(|queue| queue + upload + load), queue, upload, load, notes })
    }
}

fn place(storage: &str) -> &'static str {
    match storage {
        "memory" => "memory that has them already",
        "local" => "a disk of the server's machine (`--storage`)",
        "network" => "a network volume",
        "download" => "the internet",
        _ => "storage of the speed that was given",
    }
}

#[expect(clippy::cast_precision_loss, reason = "files are far below what a float holds exactly")]
fn upload(bytes: u64, is_here: bool, notes: &mut Vec<String>) -> Amount {
    if bytes == 0 || is_here {
        return Amount::ZERO;
    }
    let Some(seconds) = sending(bytes as f64) else { return Amount::ZERO };
    notes.push(
        "inputs go over a line of 5 to 800 Mbit/s; what the server has already, it gets again".to_owned(),
    );
    seconds
}

/// How long the workflows before it take, by their own plans.
fn queue(server: &Server, notes: &mut Vec<String>) -> Option<Amount> {
    let Ok(queue) = &server.queue else { return None };
    let before: Vec<&Value> = queue.running.iter().chain(&queue.waiting).collect();
    if before.is_empty() {
        return Some(Amount::ZERO);
    }
    if queue.is_stuck {
        notes.push("the server does not work".to_owned());
        return None;
    }
    let told = server.device.as_ref().and_then(|device| device.machine.as_ref()).and_then(|machine| {
        let live = &server.classes.as_ref().ok()?.catalog;
        let models = Models::embedded();
        let each =
            before.iter().take(PLANNED).map(|prompt| run(prompt, live, &models, server.residency, machine));
        let each: Vec<Amount> = each.collect::<Option<_>>()?;
        let sum: Amount = each.iter().copied().sum();
        #[expect(clippy::cast_precision_loss, reason = "a queue is short")]
        let scale = before.len() as f64 / each.len().max(1) as f64;
        Some(sum * scale)
    });
    let Some(mut seconds) = told else {
        notes.push("how long what is in the queue takes cannot be told".to_owned());
        return None;
    };
    if !queue.running.is_empty() {
        // How far it is, the server does not say.
        seconds.low = if queue.waiting.is_empty() { 0.0 } else { seconds.low / 2.0 };
        notes.push("of the workflow that runs, it is not known how far it is".to_owned());
    }
    Some(seconds)
}

/// How long a workflow of the queue runs.
fn run(
    prompt: &Value,
    live: &Catalog,
    models: &Models,
    residency: Residency,
    machine: &Machine,
) -> Option<Amount> {
    let text = prompt.to_string();
    let mut sources = Sources::new();
    let file = sources.add("queue", text.as_str());
    let arena = Arena::new();
    let mut ignored = Diagnostics::new();
    let tree = json::parse(file, &text, &arena, &mut ignored)?;
    let graph = Document::of(tree).read(file, live, &mut ignored)?;
    let setup = Setup::of(Some(&machine.gpu), None);
    let options = Options::on(setup, Assume::default(), residency);
    let planned = subject::plan(&graph, models, &options);
    let times = times(&planned.plan, machine, &Session::first(Storage::called("memory")?));
    (times.unknown == 0).then_some(times.run)
}
