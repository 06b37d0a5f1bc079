//! The socket on which a server tells how far it is. It only shortens waiting: what is lost on it, the history has.

use std::io::ErrorKind;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;
use tungstenite::client::IntoClientRequest as _;
use tungstenite::http::{HeaderName, HeaderValue};
use tungstenite::protocol::WebSocketConfig;
use tungstenite::{Message, WebSocket};

use super::http::Client;
use super::network::{Asked, Shutdown, Stream, failed};
use super::{new_id, redirect};
use crate::exec::{Signal, Tell};

/// How long opening may take in all before work goes on without a socket.
const READY: Duration = Duration::from_secs(2);

/// After so much silence the server is pinged; it never does so itself.
const PING: Duration = Duration::from_secs(20);

/// After so much silence the connection counts as dead.
const DEAD: Duration = Duration::from_mins(1);

/// Between two attempts to connect.
const AGAIN: Duration = Duration::from_secs(2);

/// Largest message, in bytes: a preview.
const MAX_MESSAGE_BYTES: usize = 64 << 20;

/// What the server is told first; only then does it say to which workflow a preview belongs.
const FLAGS: &str = r#"{"type":"feature_flags","data":{"supports_preview_metadata":true}}"#;

type Connection = WebSocket<Stream>;

/// A socket that is kept open by a thread of its own.
#[derive(Debug)]
pub(super) struct Socket {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
    is_over: AtomicBool,
}

#[derive(Debug, Default)]
struct State {
    /// The id of the connection that the server has confirmed.
    client_id: Option<String>,
    shutdown: Option<Shutdown>,
    /// True if the first attempt has ended, one way or the other.
    was_tried: bool,
}

impl Socket {
    /// Connects, and waits a little until the server has confirmed it: what is sent before is told to nobody.
    pub(super) fn open(client: &Client, tell: Tell) -> Self {
        let shared = Arc::new(Shared::default());
        let (theirs, client) = (Arc::clone(&shared), client.clone());
        let started =
            thread::Builder::new().name("socket".into()).spawn(move || keep_open(&client, &theirs, &tell));
        if started.is_ok() {
            let state = lock(&shared);
            drop(shared.changed.wait_timeout_while(state, READY, |state| !state.was_tried));
        }
        Self { shared }
    }

    /// The id of the connection, while there is one.
    pub(super) fn client_id(&self) -> Option<String> {
        lock(&self.shared).client_id.clone()
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        self.shared.is_over.store(true, Ordering::Release);
        if let Some(stream) = lock(&self.shared).shutdown.take().and_then(|shutdown| shutdown.upgrade()) {
            stream.shutdown();
        }
    }
}

fn lock(shared: &Shared) -> std::sync::MutexGuard<'_, State> {
    shared.state.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Connects again and again until the run is over, each time under a new id: a server that closes the old connection
/// of an id forgets the new one.
fn keep_open(client: &Client, shared: &Arc<Shared>, tell: &Tell) {
    while !shared.is_over.load(Ordering::Acquire) {
        let client_id = new_id();
        let result = connect(client, &client_id, shared)
            .and_then(|mut connection| read(&mut connection, &client_id, shared, tell));
        {
            let mut state = lock(shared);
            state.client_id = None;
            state.shutdown = None;
        }
        let is_over = shared.is_over.load(Ordering::Acquire);
        let why = result.err().unwrap_or_else(|| "closed".to_owned());
        let is_heard = is_over || tell(Signal::Disconnected(why));
        // Whoever waits for the first attempt finds in its queue what came of it.
        lock(shared).was_tried = true;
        shared.changed.notify_all();
        if is_over || !is_heard {
            return;
        }
        let until = Instant::now() + AGAIN;
        while Instant::now() < until && !shared.is_over.load(Ordering::Acquire) {
            thread::sleep(Duration::from_millis(100));
        }
    }
}

fn connect(client: &Client, client_id: &str, shared: &Arc<Shared>) -> Result<Connection, String> {
    let address = client.address();
    let url = address.url(&format!("/ws?clientId={client_id}"));
    let mut request =
        url.replacen("http", "ws", 1).into_client_request().map_err(|error| error.to_string())?;
    for (name, value) in address.all_headers() {
        let name = HeaderName::try_from(name).map_err(|error| error.to_string())?;
        // The text of this error has no value in it.
        let value = HeaderValue::try_from(value).map_err(|error| error.to_string())?;
        request.headers_mut().insert(name, value);
    }
    let uri = redirect::uri(&url).map_err(|error| error.message)?;
    let way = client.network().way(&uri).map_err(|error| error.message)?;
    let theirs = Arc::clone(shared);
    let opened = move |shutdown: Shutdown| {
        // What is over by now would wait for nothing.
        if theirs.is_over.load(Ordering::Acquire) {
            shutdown.upgrade().inspect(|stream| stream.shutdown());
        }
        lock(&theirs).shutdown = Some(shutdown);
    };
    let stream = way
        .open(&uri, PING, opened)
        .map_err(|error| failed(&error, Asked { base: address.base(), is_sent: false }, &way).message)?;
    let config = WebSocketConfig::default()
        .max_message_size(Some(MAX_MESSAGE_BYTES))
        .max_frame_size(Some(MAX_MESSAGE_BYTES));
    let (mut connection, _) = tungstenite::client::client_with_config(request, stream, Some(config))
        .map_err(|error| error.to_string())?;
    connection.send(Message::text(FLAGS)).map_err(|error| error.to_string())?;
    Ok(connection)
}

/// Reads until the connection ends.
fn read(connection: &mut Connection, client_id: &str, shared: &Shared, tell: &Tell) -> Result<(), String> {
    let mut heard = Instant::now();
    while !shared.is_over.load(Ordering::Acquire) {
        let message = match connection.read() {
            Ok(message) => message,
            Err(tungstenite::Error::Io(error))
                if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) =>
            {
                if heard.elapsed() >= DEAD {
                    return Err(format!("silent for {} s", DEAD.as_secs()));
                }
                connection.send(Message::Ping(Vec::new().into())).map_err(|error| error.to_string())?;
                continue;
            }
            Err(error) => return Err(error.to_string()),
        };
        heard = Instant::now();
        let signal = match &message {
            Message::Text(text) => text_signal(text),
            Message::Binary(bytes) => preview(bytes),
            _ => None,
        };
        if let Some(signal) = signal {
            if signal == Signal::Connected {
                let mut state = lock(shared);
                if state.client_id.is_some() {
                    continue;
                }
                state.client_id = Some(client_id.to_owned());
                state.was_tried = true;
                shared.changed.notify_all();
            }
            if !tell(signal) {
                return Ok(());
            }
        }
    }
    Ok(())
}

/// What a text message says, if it says anything of interest; unknown ones are many, since node packs send their own.
fn text_signal(text: &str) -> Option<Signal> {
    let message: Value = serde_json::from_str(text)
        .or_else(|_| serde_json::from_reader(crate::source::NonFinite::new(text.as_bytes())))
        .ok()?;
    let data = message.get("data")?;
    let text = |key: &str| data.get(key).and_then(Value::as_str).map(str::to_owned);
    let id = text("prompt_id");
    match message.get("type")?.as_str()? {
        "status" => Some(Signal::Connected),
        "execution_start" => Some(Signal::Started(id?)),
        "execution_cached" => {
            let nodes = data.get("nodes")?.as_array()?.iter();
            let nodes: Vec<_> = nodes.filter_map(|node| node.as_str().map(str::to_owned)).collect();
            (!nodes.is_empty()).then_some(Signal::Cached(id?, nodes))
        }
        "executing" => match data.get("node")? {
            Value::Null => Some(Signal::Over(id?)),
            // Nodes that a node expands into have ids of their own; the one that is in the workflow counts.
            node => {
                Some(Signal::Node(id?, text("display_node").or_else(|| node.as_str().map(str::to_owned))?))
            }
        },
        "progress" => {
            let node = text("display_node").or_else(|| text("node"))?;
            Some(Signal::Step(id?, node, data.get("value")?.as_f64()?, data.get("max")?.as_f64()?))
        }
        // An error without a time does not end the workflow, so nothing but the history can tell.
        "execution_success" | "execution_error" | "execution_interrupted" => Some(Signal::Settled(id?)),
        _ => None,
    }
}

/// The picture in a binary message.
fn preview(bytes: &[u8]) -> Option<Signal> {
    let (kind, rest) = bytes.split_first_chunk::<4>()?;
    match u32::from_be_bytes(*kind) {
        1 => {
            let (format, image) = rest.split_first_chunk::<4>()?;
            let media = if u32::from_be_bytes(*format) == 2 { "image/png" } else { "image/jpeg" };
            Some(Signal::Preview(None, media, image.to_vec()))
        }
        4 => {
            let (length, rest) = rest.split_first_chunk::<4>()?;
            let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
            let about: Value = serde_json::from_slice(rest.get(..length)?).ok()?;
            let media = match about.get("image_type").and_then(Value::as_str) {
                Some("image/png") => "image/png",
                _ => "image/jpeg",
            };
            let node = about.get("display_node_id").or_else(|| about.get("node_id"));
            let node = node.and_then(Value::as_str).map(str::to_owned);
            Some(Signal::Preview(node, media, rest.get(length..)?.to_vec()))
        }
        _ => None,
    }
}
