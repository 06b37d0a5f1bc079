//! A server of a test's own, and a client for it.

use std::net::TcpStream;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tungstenite::stream::MaybeTlsStream;
use tungstenite::{Message, WebSocket};
use wfc::catalog::{Catalog, Machine, Machines, Models};
use wfc::plan::Budget;
use wfc::sim::{Config, Fault, Running, Speed, Version, start};

/// Whoever waits longer than this waits for nothing.
pub(crate) const PATIENCE: Duration = Duration::from_mins(1);

/// A server on a port of its own that does not wait.
pub(crate) struct Server {
    pub(crate) running: Running,
    agent: ureq::Agent,
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) content_type: Option<String>,
    headers: ureq::http::HeaderMap,
    pub(crate) bytes: Vec<u8>,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        let text = String::from_utf8_lossy(&self.bytes);
        serde_json::from_slice(&self.bytes).unwrap_or_else(|error| panic!("{error}: {text}"))
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

/// What a server is unless a test wants it otherwise.
pub(crate) fn config() -> Config {
    let machine: Machine = Machines::embedded().machine("rtx-4090").unwrap();
    Config {
        host: "127.0.0.1".to_owned(),
        port: 0,
        admin_port: None,
        version: Version::V0_27_0,
        catalog: Catalog::embedded(),
        models: Models::embedded(),
        budget: Budget { total: machine.gpu.vram_mib() * 1024.0 * 1024.0, headroom: 0.0 },
        machine,
        storage: None,
        speed: Speed::Max,
        history_gap: Duration::ZERO,
        restart: Duration::from_millis(50),
        max_upload: wfc::sim::MAX_UPLOAD,
        faults: Vec::new(),
        seed: 0,
        times: Vec::new(),
        fails: Vec::new(),
        model_files: std::collections::BTreeMap::new(),
    }
}

/// Faults as after `--fault`.
pub(crate) fn faults(texts: &[&str]) -> Vec<Fault> {
    texts.iter().map(|text| text.parse().unwrap()).collect()
}

impl Server {
    pub(crate) fn new(config: Config) -> Self {
        let running = start(config, Box::new(|_| {})).unwrap();
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(PATIENCE))
            .max_idle_connections(0)
            .build();
        Self { running, agent: ureq::Agent::new_with_config(config) }
    }

    pub(crate) fn usual() -> Self {
        Self::new(config())
    }

    pub(crate) fn with_faults(texts: &[&str]) -> Self {
        Self::new(Config { faults: faults(texts), ..config() })
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.running.addr())
    }

    /// Any request; nothing if there was no answer.
    pub(crate) fn try_request(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Option<Answer> {
        let mut request = ureq::http::Request::builder().method(method).uri(self.url(path));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut answer = self.agent.run(request.body(body).unwrap()).ok()?;
        let bytes = answer.body_mut().with_config().limit(1 << 30).read_to_vec().ok()?;
        let headers = answer.headers().clone();
        let content_type = headers.get("content-type").map(|value| value.to_str().unwrap().to_owned());
        Some(Answer { status: answer.status().as_u16(), content_type, headers, bytes })
    }

    pub(crate) fn request(&self, method: &str, path: &str, body: &[u8]) -> Answer {
        self.try_request(method, path, &[], body).unwrap_or_else(|| panic!("no answer to {method} {path}"))
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        self.request("GET", path, b"")
    }

    pub(crate) fn post(&self, path: &str, body: &Value) -> Answer {
        self.request("POST", path, body.to_string().as_bytes())
    }

    /// Uploads a file with these other fields.
    pub(crate) fn upload(&self, name: &str, bytes: &[u8], fields: &[(&str, &str)]) -> Answer {
        let mut body = Vec::new();
        for (field, value) in fields {
            body.extend(
                format!("--limit\r\nContent-Disposition: form-data; name=\"{field}\"\r\n\r\n{value}\r\n")
                    .into_bytes(),
            );
        }
        body.extend(
            format!(
                "--limit\r\nContent-Disposition: form-data; name=\"image\"; filename=\"{name}\"\r\n\
                 Content-Type: application/octet-stream\r\n\r\n"
            )
            .into_bytes(),
        );
        body.extend(bytes);
        body.extend(*b"\r\n--limit--\r\n");
        let kind = [("Content-Type", "multipart/form-data; boundary=limit")];
        self.try_request("POST", "/upload/image", &kind, &body).unwrap()
    }

    /// Sends a prompt and gives its id.
    pub(crate) fn prompt(&self, prompt: &Value, client: Option<&str>) -> String {
        let mut body = json!({ "prompt": prompt });
        if let Some(client) = client {
            body["client_id"] = client.into();
        }
        let answer = self.post("/prompt", &body);
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()["prompt_id"].as_str().unwrap().to_owned()
    }

    /// The history of a prompt, once it is there.
    pub(crate) fn history(&self, id: &str) -> Value {
        let until = Instant::now() + PATIENCE;
        loop {
            if let Some(past) = self.get(&format!("/history/{id}")).json().get(id) {
                return past.clone();
            }
            assert!(Instant::now() < until, "{id} does not end");
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    pub(crate) fn socket(&self, client: &str) -> Socket {
        let url = format!("ws://{}/ws?clientId={client}", self.running.addr());
        let (socket, _) = tungstenite::connect(url).unwrap();
        if let MaybeTlsStream::Plain(stream) = socket.get_ref() {
            let stream: &TcpStream = stream;
            stream.set_read_timeout(Some(PATIENCE)).unwrap();
        }
        Socket { socket }
    }
}

/// A message of the server.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Heard {
    Json(Value),
    Bytes(Vec<u8>),
}

impl Heard {
    pub(crate) fn kind(&self) -> &str {
        match self {
            Self::Json(message) => message["type"].as_str().unwrap(),
            Self::Bytes(_) => "(bytes)",
        }
    }

    pub(crate) fn data(&self) -> &Value {
        match self {
            Self::Json(message) => &message["data"],
            Self::Bytes(_) => &Value::Null,
        }
    }
}

pub(crate) struct Socket {
    socket: WebSocket<MaybeTlsStream<TcpStream>>,
}

impl Socket {
    pub(crate) fn send(&mut self, message: &Value) {
        self.socket.send(Message::text(message.to_string())).unwrap();
    }

    /// The next message; nothing at the end.
    pub(crate) fn next(&mut self) -> Option<Heard> {
        loop {
            match self.socket.read() {
                Ok(Message::Text(text)) => {
                    return Some(Heard::Json(
                        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}")),
                    ));
                }
                Ok(Message::Binary(bytes)) => return Some(Heard::Bytes(bytes.to_vec())),
                Ok(Message::Close(_)) | Err(_) => return None,
                Ok(_) => {}
            }
        }
    }

    /// All messages up to the one with which a prompt ends for its client.
    pub(crate) fn rest(&mut self) -> Vec<Heard> {
        self.until(|heard| heard.kind() == "executing" && heard.data()["node"].is_null())
    }

    pub(crate) fn until(&mut self, is_last: impl Fn(&Heard) -> bool) -> Vec<Heard> {
        let mut all = Vec::new();
        while let Some(heard) = self.next() {
            all.push(heard);
            if is_last(all.last().unwrap()) {
                return all;
            }
        }
        panic!("the socket ended after {all:?}");
    }

    pub(crate) fn close(mut self) {
        let _ = self.socket.close(None);
        while self.socket.read().is_ok() {}
    }
}

/// A prompt that makes a picture of its own and saves it.
pub(crate) fn picture(color: u32) -> Value {
    json!({
        "1": { "class_type": "EmptyImage", "inputs": { "width": 64, "height": 48, "batch_size": 1, "color": color } },
        "2": { "class_type": "SaveImage", "inputs": { "images": ["1", 0], "filename_prefix": "a/b" } },
    })
}

/// The kinds of messages.
pub(crate) fn kinds(heard: &[Heard]) -> Vec<&str> {
    heard.iter().map(Heard::kind).collect()
}
