//! The worker thread: takes prompts from the queue, "runs" them, and tells about it in the server's order.

use std::sync::Arc;
use std::time::Duration;

use rustc_hash::FxHashSet;
use serde_json::{Map, Value, json};

use super::control::End;
use super::effort::{self, Effort, efforts};
use super::faults::FaultKind;
use super::show::Showing;
use super::state::{Client, Inner, Item, Shared};
use super::{Version, cache, media, order, validate};
use crate::analysis::Analysis;
use crate::ir::{Argument, Graph, NodeId, Value as Literal};
use crate::plan::size;

/// Runs prompts until the thread dies.
pub(super) async fn work(shared: Arc<Shared>) {
    loop {
        let taken = take(&shared);
        match taken {
            Taken::Item(item) => {
                if execute(&shared, &item).await.is_none() {
                    shared.control.log("the worker thread died");
                    return;
                }
            }
            Taken::Nothing => {
                free(&mut shared.lock());
                shared.work.notified().await;
            }
            Taken::Death => {
                shared.control.log("the worker thread died");
                return;
            }
        }
    }
}

enum Taken {
    Item(Item),
    Nothing,
    /// Taking raised an exception that nobody catches.
    Death,
}

fn take(shared: &Shared) -> Taken {
    let mut inner = shared.lock();
    if inner.queue.len() > 0 && shared.control.hit(FaultKind::Zombie).is_some() {
        return Taken::Death;
    }
    match inner.queue.pop() {
        Ok(Some(item)) => {
            inner.running = Some(item.clone());
            Shared::status(&inner);
            Taken::Item(item)
        }
        Ok(None) => Taken::Nothing,
        Err(_) => Taken::Death,
    }
}

/// Does what `/free` asked for, now that nothing runs.
fn free(inner: &mut Inner) {
    let (unload, forget) = std::mem::take(&mut inner.free);
    if unload || forget {
        inner.loaded.clear();
        inner.used = 0.0;
    }
    if forget {
        inner.cache.clear();
    }
}

/// How a prompt or node ended other than well.
enum Failure {
    Interrupted,
    /// Type, message.
    Raised(&'static str, String),
}

/// A prompt that runs.
struct Run<'a> {
    shared: &'a Shared,
    item: &'a Item,
    graph: &'a Graph,
    analysis: &'a Analysis<'a>,
    /// What is written into pictures.
    texts: Arc<media::Texts>,
    /// The data of `progress_state`, by node.
    states: Map<String, Value>,
    messages: Vec<Value>,
    executed: Vec<String>,
    outputs: Map<String, Value>,
    meta: Map<String, Value>,
}

/// Runs a prompt to its end. Nothing if the thread dies of it.
async fn execute(shared: &Shared, item: &Item) -> Option<()> {
    {
        let mut inner = shared.lock();
        inner.interrupt = false;
        inner.client = Some(Client::of(&item.extra_data));
    }
    let config = &shared.config;
    let (graph, _) = validate::graph(&item.prompt, &config.catalog)?;
    let analysis = Analysis::new(&graph, &config.models);
    let mut run = Run {
        shared,
        item,
        graph: &graph,
        analysis: &analysis,
        texts: media::texts(&item.prompt, &item.extra_data),
        states: Map::new(),
        messages: Vec::new(),
        executed: Vec::new(),
        outputs: Map::new(),
        meta: Map::new(),
    };
    run.message("execution_start", json!({ "prompt_id": item.id }), false);
    // The keys of the cache are made of all nodes, also of those that no output needs.
    if graph.nodes().any(|(_, node)| node.lacks_inputs) {
        return None;
    }
    let efforts = efforts(&graph, &analysis, config);
    let outputs: Vec<NodeId> = item.outputs.iter().filter_map(|id| graph.find(id)).collect();
    let needed = graph.ancestors(outputs.iter().copied());
    if graph.nodes().any(|(id, node)| needed.get(id.index()) == Some(&true) && leads_nowhere(node)) {
        // Nobody has looked at inputs that the class does not have.
        return None;
    }
    let signatures = cache::signatures(&graph, &item.prompt, &shared.lock().files);
    let cached = run.look_up(&signatures);
    let mut failure = None;
    for node in order::order(&graph, &outputs, &cached) {
        let is_cached = cached.get(node.index()) == Some(&true);
        let signature = signatures.get(node.index()).copied().unwrap_or_default();
        let effort = efforts.get(node.index()).cloned().unwrap_or_default();
        let ended = if is_cached {
            run.cached(node, signature);
            Ok(())
        } else {
            run.node(node, &effort, signature).await
        };
        if let Err(found) = ended {
            failure = Some((node, found, effort));
            break;
        }
    }
    let is_success = failure.is_none();
    match &failure {
        None => run.message("execution_success", json!({ "prompt_id": item.id }), false),
        Some((node, failure, effort)) => run.failed(*node, failure, effort),
    }
    shared.lock().last_node = None;
    // What a client sees of the end is ahead of the history.
    shared.clock.pause(config.history_gap).await;
    run.done(is_success);
    Some(())
}

/// True for a node with a link to a node that is not there.
fn leads_nowhere(node: &crate::ir::Node) -> bool {
    node.inputs().iter().any(|input| {
        let Argument::Literal(Literal::List(items)) = &input.value else { return false };
        matches!(&items[..], [Literal::Str(_), Literal::Int(_) | Literal::Float(_) | Literal::Bool(_)])
    })
}

impl Run<'_> {
    /// A message that goes into the history as well. Without a client it is sent only if everybody is to know.
    fn message(&mut self, kind: &str, mut data: Value, to_everybody: bool) {
        data["timestamp"] = self.shared.clock.now_ms().into();
        let inner = self.shared.lock();
        if to_everybody || !matches!(inner.client, None | Some(Client::Nobody)) {
            self.shared.send(&inner, kind, &data);
        }
        drop(inner);
        self.messages.push(json!([kind, data]));
    }

    fn key(&self, node: NodeId) -> &str {
        &self.graph.node(node).key
    }

    /// Which nodes need not run; what no node of this prompt needs is forgotten.
    fn look_up(&mut self, signatures: &[cache::Signature]) -> Vec<bool> {
        let known: FxHashSet<&cache::Signature> = signatures.iter().collect();
        let cached: Vec<bool> = {
            let mut inner = self.shared.lock();
            inner.cache.retain(|signature, _| known.contains(signature));
            signatures.iter().map(|signature| inner.cache.contains_key(signature)).collect()
        };
        let ids = self.graph.nodes().filter(|(id, _)| cached.get(id.index()) == Some(&true));
        let ids: Vec<&str> = ids.map(|(_, node)| &*node.key).collect();
        self.message("execution_cached", json!({ "nodes": ids, "prompt_id": self.item.id }), false);
        cached
    }

    fn cached(&mut self, node: NodeId, signature: cache::Signature) {
        let key = self.key(node).to_owned();
        let shown = self.shared.lock().cache.get(&signature).cloned().flatten();
        let inner = self.shared.lock();
        let has_client = !matches!(inner.client, None | Some(Client::Nobody));
        if has_client {
            let data = json!({
                "node": key, "display_node": key, "output": shown.as_deref(), "prompt_id": self.item.id,
            });
            self.shared.send(&inner, "executed", &data);
        }
        drop(inner);
        // Without a client, 0.27 does not ask the cache what was shown.
        if has_client || self.shared.config.version == Version::V0_3_64 {
            self.keep(&key, shown);
        }
        self.set(&key, &json!(1), &json!(1), "finished");
        self.progress_state();
    }

    /// Runs one node.
    async fn node(
        &mut self,
        node: NodeId,
        effort: &Effort,
        signature: cache::Signature,
    ) -> Result<(), Failure> {
        let key = self.key(node).to_owned();
        let (shared, control) = (self.shared, &self.shared.control);
        let faults = (
            control.hit(FaultKind::Crash),
            control.hit(FaultKind::Hang),
            control.hit(FaultKind::Oom),
            control.hit(FaultKind::Error),
        );
        let class = &self.graph.node(node).class_type;
        let fails = shared.config.fails.iter().find(|(of, _)| *of == **class).map(|(_, text)| text.clone());
        let fails = fails.or_else(|| faults.3.map(|_| "a fault was asked for".to_owned()));
        self.set(&key, &json!(0.0), &json!(1.0), "running");
        self.progress_state();
        let has_client = {
            let mut inner = shared.lock();
            let has_client = !matches!(inner.client, None | Some(Client::Nobody));
            if has_client {
                inner.last_node = Some(key.clone());
                let data = json!({ "node": key, "display_node": key, "prompt_id": self.item.id });
                shared.send(&inner, "executing", &data);
            }
            has_client
        };
        if faults.0.is_some() {
            control.end(End::Crash("a crash was asked for"));
            std::future::pending::<()>().await;
        }
        if faults.1.is_some() {
            std::future::pending::<()>().await;
        }
        self.custom_events(&key);
        self.interrupted()?;
        self.load(effort).await;
        let lack = effort.lack.is_some() || faults.2.is_some();
        self.work(&key, effort, lack || fails.is_some()).await?;
        if lack {
            shared.lock().loaded.clear();
            return Err(Failure::Raised("torch.OutOfMemoryError", self.out_of_memory(effort)));
        }
        if let Some(message) = fails {
            return Err(Failure::Raised("RuntimeError", message));
        }
        let (item, graph, analysis) = (self.item, self.graph, self.analysis);
        let showing = Showing { shared, graph, analysis, node, texts: &self.texts };
        if showing.saves() && control.hit(FaultKind::OutputFull).is_some() {
            let message = "[Errno 28] No space left on device".to_owned();
            return Err(Failure::Raised("OSError", message));
        }
        let shown = {
            let mut inner = shared.lock();
            let shown = showing.output(&mut inner);
            let shown = shown.map_err(|text| Failure::Raised("Exception", text))?.map(Arc::new);
            if let (Some(shown), true) = (&shown, has_client) {
                let data = json!({
                    "node": key, "display_node": key, "output": &**shown, "prompt_id": item.id,
                });
                shared.send(&inner, "executed", &data);
            }
            inner.cache.insert(signature, shown.clone());
            shown
        };
        self.keep(&key, shown);
        let last = self.states.get(&key).cloned().unwrap_or_default();
        let max = last.get("max").cloned().unwrap_or_else(|| json!(1.0));
        self.set(&key, &max.clone(), &max, "finished");
        self.progress_state();
        self.executed.push(key);
        Ok(())
    }

    /// Reads the models that are not in memory yet. There is no progress meanwhile, and nobody looks for interrupts.
    async fn load(&self, effort: &Effort) {
        let mut time = Duration::ZERO;
        {
            let mut inner = self.shared.lock();
            for (model, reading) in &effort.models {
                if inner.loaded.insert(model.clone()) {
                    time += *reading;
                }
            }
            inner.used = inner.used.max(effort.bytes);
        }
        if !time.is_zero() {
            self.shared.clock.work(time).await;
        }
    }

    async fn work(&mut self, key: &str, effort: &Effort, fails: bool) -> Result<(), Failure> {
        let ticks = effort.ticks;
        if ticks == 0 || fails {
            self.shared.clock.work(effort.work).await;
            return if fails { Ok(()) } else { self.interrupted() };
        }
        for tick in 1..=ticks {
            self.shared.clock.work(effort.work / ticks).await;
            self.interrupted()?;
            self.tick(key, tick, ticks, effort.previews);
        }
        Ok(())
    }

    /// One step of progress. The two kinds of previews come before and behind `progress`.
    fn tick(&mut self, key: &str, tick: u32, ticks: u32, previews: bool) {
        self.set(key, &json!(tick), &json!(ticks), "running");
        self.progress_state();
        let inner = self.shared.lock();
        let progress = json!({ "value": tick, "max": ticks, "prompt_id": self.item.id, "node": key });
        let previews = previews && effort::wants_previews(&self.item.extra_data);
        let grey = u8::try_from(u64::from(tick) * 255 / u64::from(ticks.max(1))).unwrap_or(u8::MAX);
        let reads_metadata = matches!(&inner.client, Some(Client::Id(id)) if inner.metadata.contains(id));
        if previews && reads_metadata {
            let metadata = json!({
                "node_id": key,
                "prompt_id": self.item.id,
                "display_node_id": key,
                "parent_node_id": null,
                "real_node_id": key,
                "image_type": "image/jpeg",
            });
            let metadata = super::python::dumps(&metadata);
            let length = u32::try_from(metadata.len()).unwrap_or_default();
            let mut bytes = 4_u32.to_be_bytes().to_vec();
            bytes.extend(length.to_be_bytes());
            bytes.extend(metadata.as_bytes());
            bytes.extend(media::preview(grey));
            Shared::send_bytes(&inner, bytes);
        }
        self.shared.send(&inner, "progress", &progress);
        if previews && !reads_metadata {
            let mut bytes = 1_u32.to_be_bytes().to_vec();
            bytes.extend(1_u32.to_be_bytes());
            bytes.extend(media::preview(grey));
            Shared::send_bytes(&inner, bytes);
        }
    }

    fn interrupted(&self) -> Result<(), Failure> {
        let mut inner = self.shared.lock();
        if std::mem::take(&mut inner.interrupt) { Err(Failure::Interrupted) } else { Ok(()) }
    }

    fn set(&mut self, key: &str, value: &Value, max: &Value, state: &str) {
        let state = json!({
            "value": value,
            "max": max,
            "state": state,
            "node_id": key,
            "prompt_id": self.item.id,
            "display_node_id": key,
            "parent_node_id": null,
            "real_node_id": key,
        });
        self.states.insert(key.to_owned(), state);
    }

    fn progress_state(&self) {
        let inner = self.shared.lock();
        if !inner.sockets.is_empty() {
            let data = json!({ "prompt_id": self.item.id, "nodes": self.states });
            self.shared.send(&inner, "progress_state", &data);
        }
    }

    /// What a node showed, for the history.
    fn keep(&mut self, key: &str, shown: Option<Arc<Value>>) {
        if let Some(shown) = shown {
            self.outputs.insert(key.to_owned(), (*shown).clone());
            let meta = json!({
                "node_id": key, "display_node": key, "parent_node": null, "real_node_id": key,
            });
            self.meta.insert(key.to_owned(), meta);
        }
    }

    /// Messages as node packs make them up.
    fn custom_events(&self, key: &str) {
        if self.shared.control.hit(FaultKind::CustomEvents).is_none() {
            return;
        }
        let inner = self.shared.lock();
        let data = json!({ "cpu_utilization": 12.5, "gpus": [{ "vram_used_percent": 51 }] });
        Shared::everybody(&inner, "crystools.monitor", &data);
        self.shared.send(&inner, "VHS_latentpreview", &json!({ "length": 16, "rate": 8, "id": key }));
        self.shared.send(&inner, "logs", &Value::Null);
        let mut bytes = 77_u32.to_be_bytes().to_vec();
        bytes.extend(*b"bytes of a node pack");
        Shared::send_bytes(&inner, bytes);
    }

    fn failed(&mut self, node: NodeId, failure: &Failure, effort: &Effort) {
        let key = self.key(node).to_owned();
        let class_type = self.graph.node(node).class_type.to_string();
        let mut data = json!({
            "prompt_id": self.item.id, "node_id": key, "node_type": class_type, "executed": self.executed,
        });
        match failure {
            Failure::Interrupted => {
                self.message("execution_interrupted", data, true);
                self.shared.control.log(&format!("job {} interrupted at {key}", self.item.id));
            }
            Failure::Raised(kind, message) => {
                let mut inputs = Map::new();
                let given = self.item.prompt.get(&key).and_then(|node| node.get("inputs")?.as_object());
                for (name, value) in given.into_iter().flatten() {
                    let shown = if value.is_array() { json!("(from another node)") } else { value.clone() };
                    inputs.insert(name.clone(), json!([shown]));
                }
                let ids: Vec<&str> = self.graph.nodes().map(|(_, node)| &*node.key).collect();
                let tips = if effort.lack.is_some() || kind.contains("OutOfMemory") { TIPS } else { "" };
                data["exception_message"] = format!("{message}\n{tips}").into();
                data["exception_type"] = (*kind).into();
                data["traceback"] = json!([
                    "  File \"/opt/ComfyUI/execution.py\", in execute\n",
                    format!("  File \"/opt/ComfyUI/nodes.py\", in {class_type}\n"),
                ]);
                data["current_inputs"] = inputs.into();
                data["current_outputs"] = json!(ids);
                self.message("execution_error", data, false);
                self.shared.control.log(&format!("job {} failed at {key}: {kind}: {message}", self.item.id));
            }
        }
    }

    fn out_of_memory(&self, effort: &Effort) -> String {
        let total = self.shared.config.budget.total;
        let lack = effort.lack.unwrap_or(effort::Lack { allocated: total * 0.93, wanted: total * 0.1 });
        let unused = total * 0.02;
        let free = (total - lack.allocated - unused).max(0.0) / 2.0;
        format!(
            "CUDA out of memory. Tried to allocate {}. GPU 0 has a total capacity of {} of which {} is free. Including \
             non-PyTorch memory, this process has {} memory in use. Of the allocated memory {} is allocated by PyTorch, \
             and {} is reserved by PyTorch but unallocated.",
            size(lack.wanted),
            size(total),
            size(free),
            size(total - free),
            size(lack.allocated),
            size(unused),
        )
    }

    /// How long it took, as the log says it.
    fn seconds(&self) -> String {
        let begun = self.messages.first().and_then(|message| message[1]["timestamp"].as_i64());
        let took = begun.map_or(0, |begun| self.shared.clock.now_ms().saturating_sub(begun).max(0));
        let whole = took / 1000;
        if whole > 600 {
            return format!("{:02}:{:02}:{:02}", whole / 3600 % 24, whole / 60 % 60, whole % 60);
        }
        format!("{whole}.{:02} seconds", took % 1000 / 10)
    }

    /// Writes the history and tells that nothing runs any more.
    fn done(self, is_success: bool) {
        let shared = self.shared;
        let mut inner = shared.lock();
        let item = inner.running.take().unwrap_or_else(|| self.item.clone());
        let shown = json!({
            "prompt": item.json(),
            "outputs": self.outputs,
            "status": {
                "status_str": if is_success { "success" } else { "error" },
                "completed": is_success,
                "messages": self.messages,
            },
            "meta": self.meta,
        });
        inner.history.insert(&item.id, &shown);
        Shared::status(&inner);
        if !matches!(inner.client, None | Some(Client::Nobody)) {
            let data = json!({ "node": null, "prompt_id": self.item.id });
            shared.send(&inner, "executing", &data);
        }
        let seconds = self.seconds();
        shared.say(&mut inner, &format!("\u{1b}[32mPrompt executed in {seconds}\u{1b}[0m"));
        free(&mut inner);
        drop(inner);
        if is_success {
            shared.control.log(&format!("job {} succeeded", self.item.id));
        }
    }
}

/// Advice behind the message, as ComfyUI has it there in words of its own.
const TIPS: &str = "The GPU has no memory left: a smaller picture, batch or number of frames may fit.";
