//! What the server remembers while it lives: the queue, the history, the sockets, the cache.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rustc_hash::{FxHashMap, FxHashSet};
use serde_json::{Value, json};
use tokio::sync::{Notify, mpsc};

use super::clock::Clock;
use super::control::{Control, End};
use super::editor_routes::Editor;
use super::faults::FaultKind;
use super::files::Files;
use super::heap::{Heap, Incomparable, Ordered};
use super::history::History;
use super::{Config, not_numbers, python};

/// A prompt's place in the queue.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Number {
    /// Counted by the server; negative for prompts that go to the front.
    Counted(i64),
    /// The client's own.
    Given(f64),
}

impl Number {
    #[expect(clippy::cast_precision_loss, reason = "Python compares the same; counters stay small")]
    fn value(self) -> f64 {
        match self {
            Self::Counted(number) => number as f64,
            Self::Given(number) => number,
        }
    }

    pub(super) fn json(self) -> Value {
        match self {
            Self::Counted(number) => number.into(),
            Self::Given(number) => number.into(),
        }
    }
}

/// Whom a prompt's messages go to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Client {
    /// There was no client id: what is sent at all goes to everybody.
    Nobody,
    /// The sockets of this id.
    Id(String),
    /// An id that no socket can have, such as a number.
    Unreachable,
    /// An id that Python cannot hash: the first message for it ends the server.
    Unhashable,
}

impl Client {
    pub(super) fn of(extra_data: &Value) -> Self {
        match extra_data.get("client_id") {
            None | Some(Value::Null) => Self::Nobody,
            Some(Value::String(id)) => Self::Id(id.clone()),
            Some(Value::Bool(_) | Value::Number(_)) => Self::Unreachable,
            Some(Value::Array(_) | Value::Object(_)) => Self::Unhashable,
        }
    }
}

/// A prompt in the queue.
#[derive(Clone, Debug)]
pub(super) struct Item {
    pub(super) number: Number,
    pub(super) id: String,
    pub(super) prompt: Arc<Value>,
    /// As `GET /queue` shows it.
    pub(super) extra_data: Arc<Value>,
    /// The ids of the output nodes that will run.
    pub(super) outputs: Vec<String>,
}

impl Ordered for Item {
    fn compare(&self, other: &Self) -> Option<Ordering> {
        let order = self.number.value().partial_cmp(&other.number.value()).unwrap_or(Ordering::Equal);
        Some(order.then_with(|| self.id.cmp(&other.id))).filter(|order| order.is_ne())
    }
}

impl Item {
    pub(super) fn json(&self) -> Value {
        json!([self.number.json(), self.id, &*self.prompt, &*self.extra_data, self.outputs])
    }

    /// What [`Item::json`] has shown.
    pub(super) fn read(shown: &mut Value) -> Option<Self> {
        let number = shown.get(0)?;
        let counted = number.as_i64().map(Number::Counted);
        let number = counted.or_else(|| number.as_f64().map(Number::Given))?;
        let id = shown.get(1)?.as_str()?.to_owned();
        let mut part = |at: usize| shown.get_mut(at).map(Value::take);
        let (prompt, extra_data) = (Arc::new(part(2)?), Arc::new(part(3)?));
        let outputs = part(4)?.as_array()?.iter().filter_map(|id| Some(id.as_str()?.to_owned())).collect();
        Some(Self { number, id, prompt, extra_data, outputs })
    }
}

/// What a socket is told to do.
#[derive(Clone, Debug)]
pub(super) enum Frame {
    /// Send a text.
    Text(Arc<str>),
    /// Send bytes.
    Binary(Arc<[u8]>),
}

/// An open socket, as the server keeps it under its id.
#[derive(Debug)]
pub(super) struct Socket {
    pub(super) sender: mpsc::UnboundedSender<Frame>,
}

/// What is remembered.
#[derive(Debug, Default)]
pub(super) struct Inner {
    /// The counter of prompts.
    pub(super) counter: i64,
    pub(super) queue: Heap<Item>,
    pub(super) running: Option<Item>,
    pub(super) history: History,
    /// By client id: a second socket with the same id takes the place of the first.
    pub(super) sockets: BTreeMap<String, Socket>,
    /// The ids whose client said that it reads previews with metadata.
    pub(super) metadata: FxHashSet<String>,
    /// Of the prompt that ran last or runs now.
    pub(super) client: Option<Client>,
    /// The node that runs now.
    pub(super) last_node: Option<String>,
    /// Set by `/interrupt`; read at every tick.
    pub(super) interrupt: bool,
    /// What `/free` asks for: unload models, and forget the cache.
    pub(super) free: (bool, bool),
    /// The cache of outputs: signature of a node, and what it showed.
    pub(super) cache: FxHashMap<[u8; 32], Option<Arc<Value>>>,
    /// Model files in the host's memory.
    pub(super) loaded: FxHashSet<String>,
    /// Bytes of the card in use, as `/system_stats` shows it.
    pub(super) used: f64,
    pub(super) files: Files,
    pub(super) editor: Editor,
}

/// What handlers, sockets and the worker share.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) config: Arc<Config>,
    pub(super) control: Arc<Control>,
    pub(super) clock: Clock,
    /// True if it runs on Windows, in this life.
    pub(super) is_windows: bool,
    /// Wakes the worker.
    pub(super) work: Notify,
    inner: Mutex<Inner>,
}

impl Shared {
    pub(super) fn new(config: Arc<Config>, control: Arc<Control>) -> Self {
        let clock = Clock::new(config.speed, control.skew_ms());
        let is_windows = control.hit(FaultKind::Windows).is_some();
        Self { config, control, clock, is_windows, work: Notify::new(), inner: Mutex::default() }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// `POST /prompt` has accepted a prompt.
    pub(super) fn put(&self, item: Item) -> Result<(), Incomparable> {
        let mut inner = self.lock();
        inner.queue.push(item)?;
        Self::status(&inner);
        drop(inner);
        self.work.notify_one();
        Ok(())
    }

    /// Tells everybody how many prompts wait or run.
    pub(super) fn status(inner: &Inner) {
        let status = json!({ "status": queue_info(inner) });
        Self::everybody(inner, "status", &status);
    }

    /// Sends a message to all sockets.
    pub(super) fn everybody(inner: &Inner, kind: &str, data: &Value) {
        if inner.sockets.is_empty() {
            return;
        }
        let frame = Self::text(kind, data);
        for socket in inner.sockets.values() {
            let _ = socket.sender.send(frame.clone());
        }
    }

    /// Sends a message to the client of the prompt that runs, or to everybody if there is none.
    pub(super) fn send(&self, inner: &Inner, kind: &str, data: &Value) {
        match &inner.client {
            None | Some(Client::Nobody) => Self::everybody(inner, kind, data),
            Some(Client::Id(id)) => {
                if let Some(socket) = inner.sockets.get(id) {
                    let _ = socket.sender.send(Self::text(kind, data));
                }
            }
            Some(Client::Unreachable) => {}
            Some(Client::Unhashable) => self.control.end(End::Crash("a client_id that Python cannot hash")),
        }
    }

    /// The same for bytes.
    pub(super) fn send_bytes(inner: &Inner, bytes: Vec<u8>) {
        let frame = Frame::Binary(bytes.into());
        match &inner.client {
            None | Some(Client::Nobody) => {
                for socket in inner.sockets.values() {
                    let _ = socket.sender.send(frame.clone());
                }
            }
            Some(Client::Id(id)) => {
                if let Some(socket) = inner.sockets.get(id) {
                    let _ = socket.sender.send(frame);
                }
            }
            Some(Client::Unreachable | Client::Unhashable) => {}
        }
    }

    /// A message as text.
    pub(super) fn text(kind: &str, data: &Value) -> Frame {
        let text = python::dumps(&json!({ "type": kind, "data": data }));
        Frame::Text(not_numbers::spoil(text).into())
    }
}

/// What `GET /prompt` says.
pub(super) fn queue_info(inner: &Inner) -> Value {
    let remaining = inner.queue.len() + usize::from(inner.running.is_some());
    json!({ "exec_info": { "queue_remaining": remaining } })
}
