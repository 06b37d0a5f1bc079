//! The socket on which a server tells how far it is. It only shortens waiting: what is lost on it, the history has.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{Shutdown, TcpStream, ToSocketAddrs as _};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;
use tungstenite::client::IntoClientRequest as _;
use tungstenite::http::{HeaderName, HeaderValue};
use tungstenite::protocol::WebSocketConfig;
use tungstenite::stream::MaybeTlsStream;
use tungstenite::{Message, WebSocket};

use super::address::Address;
use super::new_id;
use crate::exec::{Signal, Tell};

/// How long a server may take to accept a connection.
const CONNECT: Duration = Duration::from_secs(5);

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

type Connection = WebSocket<MaybeTlsStream<TcpStream>>;

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
    stream: Option<TcpStream>,
    /// True if the first attempt has ended, one way or the other.
    was_tried: bool,
}

impl Socket {
    /// Connects, and waits a little until the server has confirmed it: what is sent before is told to nobody.
    pub(super) fn open(address: &Address, tell: Tell) -> Self {
        let shared = Arc::new(Shared::default());
        let (theirs, address) = (Arc::clone(&shared), address.clone());
        let started =
            thread::Builder::new().name("socket".into()).spawn(move || keep_open(&address, &theirs, &tell));
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
        if let Some(stream) = lock(&self.shared).stream.take() {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}

fn lock(shared: &Shared) -> std::sync::MutexGuard<'_, State> {
    shared.state.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Connects again and again until the run is over, each time under a new id: a server that closes the old connection
/// of an id forgets the new one.
fn keep_open(address: &Address, shared: &Shared, tell: &Tell) {
    while !shared.is_over.load(Ordering::Acquire) {
        let client_id = new_id();
        let result = connect(address, &client_id, shared)
            .and_then(|mut connection| read(&mut connection, &client_id, shared, tell));
        {
            let mut state = lock(shared);
            state.client_id = None;
            state.stream = None;
            state.was_tried = true;
            shared.changed.notify_all();
        }
        if shared.is_over.load(Ordering::Acquire) {
            return;
        }
        let why = result.err().unwrap_or_else(|| "closed".to_owned());
        if !tell(Signal::Disconnected(why)) {
            return;
        }
        let until = Instant::now() + AGAIN;
        while Instant::now() < until && !shared.is_over.load(Ordering::Acquire) {
            thread::sleep(Duration::from_millis(100));
        }
    }
}

fn connect(address: &Address, client_id: &str, shared: &Shared) -> Result<Connection, String> {
    let url = address.url(&format!("/ws?clientId={client_id}"));
    let url = url.replacen("http", "ws", 1);
    let mut request = url.into_client_request().map_err(|error| error.to_string())?;
    for (name, value) in address.all_headers() {
        let name = HeaderName::try_from(name).map_err(|error| error.to_string())?;
        // The text of this error has no value in it.
        let value = HeaderValue::try_from(value).map_err(|error| error.to_string())?;
        request.headers_mut().insert(name, value);
    }
    let is_secure = request.uri().scheme_str() == Some("wss");
    let host = request.uri().host().unwrap_or_default().trim_matches(['[', ']']).to_owned();
    let port = request.uri().port_u16().unwrap_or(if is_secure { 443 } else { 80 });
    let stream = dial(address, &host, port)?;
    stream
        .set_nodelay(true)
        .and_then(|()| stream.set_read_timeout(Some(PING)))
        .map_err(|error| error.to_string())?;
    stream.set_write_timeout(Some(PING)).map_err(|error| error.to_string())?;
    lock(shared).stream = stream.try_clone().ok();
    let config = WebSocketConfig::default()
        .max_message_size(Some(MAX_MESSAGE_BYTES))
        .max_frame_size(Some(MAX_MESSAGE_BYTES));
    let (mut connection, _) = tungstenite::client_tls_with_config(request, stream, Some(config), None)
        .map_err(|error| error.to_string())?;
    connection.send(Message::text(FLAGS)).map_err(|error| error.to_string())?;
    Ok(connection)
}

/// A connection to the host, through the proxy that the environment names for it.
fn dial(address: &Address, host: &str, port: u16) -> Result<TcpStream, String> {
    let proxy = ureq::Proxy::try_from_env()
        .filter(|proxy| address.base().parse::<ureq::http::Uri>().is_ok_and(|uri| !proxy.is_no_proxy(&uri)));
    let Some(proxy) = proxy else { return dial_directly(host, port) };
    if proxy.protocol() != ureq::ProxyProtocol::Http {
        return Err("the proxy is none that the socket can use".to_owned());
    }
    let mut stream = dial_directly(proxy.host(), proxy.port())?;
    let login = match (proxy.username(), proxy.password()) {
        (Some(user), password) => {
            use base64::Engine as _;
            let text = format!("{user}:{}", password.unwrap_or_default());
            let text = base64::engine::general_purpose::STANDARD.encode(text);
            format!("proxy-authorization: Basic {text}\r\n")
        }
        _ => String::new(),
    };
    let io = |error: std::io::Error| error.to_string();
    stream.set_read_timeout(Some(CONNECT)).map_err(io)?;
    let request = format!("CONNECT {host}:{port} HTTP/1.1\r\nhost: {host}:{port}\r\n{login}\r\n");
    stream.write_all(request.as_bytes()).map_err(io)?;
    let mut answer = Vec::new();
    let mut byte = [0];
    while !answer.ends_with(b"\r\n\r\n") && answer.len() < 8 << 10 {
        if stream.read(&mut byte).map_err(io)? == 0 {
            return Err("the proxy closed the connection".to_owned());
        }
        answer.extend_from_slice(&byte);
    }
    let text = String::from_utf8_lossy(&answer);
    let status = text.split(' ').nth(1).unwrap_or_default();
    if status == "200" { Ok(stream) } else { Err(format!("the proxy says {status}")) }
}

fn dial_directly(host: &str, port: u16) -> Result<TcpStream, String> {
    let mut why = format!("no address for {host}");
    for place in (host, port).to_socket_addrs().map_err(|error| error.to_string())? {
        match TcpStream::connect_timeout(&place, CONNECT) {
            Ok(stream) => return Ok(stream),
            Err(error) => why = error.to_string(),
        }
    }
    Err(why)
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
