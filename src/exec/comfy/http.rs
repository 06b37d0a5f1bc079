//! Requests to a server, and what can be wrong with its answers.

use std::io::{self, Read};
use std::time::{Duration, SystemTime};

use serde_json::Value;

use super::address::Address;
use crate::exec::{Error, Trouble};
use crate::source::NonFinite;

/// Longest answer that is kept in memory, in bytes: a history entry holds the workflow and every text output.
pub const MAX_ANSWER_BYTES: u64 = 64 << 20;

/// How long a server may take to accept a connection.
const CONNECT: Duration = Duration::from_secs(5);

/// How long it may take to begin its answer: validation of a workflow looks at model files, and `/object_info`
/// lists all of them.
const ANSWER: Duration = Duration::from_mins(1);

/// How long an answer may stand still once it has begun.
const SILENCE: Duration = Duration::from_mins(1);

/// So much of an answer is quoted, in characters.
const QUOTED: usize = 120;

/// A client of one server. Clones share connections.
#[derive(Clone, Debug)]
pub struct Client {
    agent: ureq::Agent,
    address: Address,
}

/// A whole answer.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status, as HTTP numbers them.
    pub status: u16,
    /// The content type, without parameters; empty if it is not said.
    pub content_type: String,
    /// The bytes.
    pub body: Vec<u8>,
    /// The URL that was asked.
    pub url: String,
    /// When the server says that it made the answer.
    pub date: Option<SystemTime>,
}

/// An answer that is read piece by piece.
pub struct Stream {
    /// The status, as HTTP numbers them.
    pub status: u16,
    /// Length of what follows, in bytes, if the server says it.
    pub length: Option<u64>,
    /// The server's mark of this version of the file.
    pub etag: Option<String>,
    /// The first byte and the whole length, where a part was asked for and is given.
    pub range: Option<(u64, u64)>,
    /// True if the server says that it is a file, and not a page or a message.
    pub is_file: bool,
    /// The bytes.
    pub body: Box<dyn Read + Send>,
}

impl Client {
    /// A client; connects when it is first asked for something. Proxies are taken from `HTTP_PROXY`, `HTTPS_PROXY`
    /// and `ALL_PROXY`, but for what `NO_PROXY` names.
    #[must_use]
    pub fn new(address: Address) -> Self {
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_connect(Some(CONNECT))
            .timeout_recv_response(Some(ANSWER))
            .timeout_per_read(Some(SILENCE))
            .timeout_per_write(Some(SILENCE))
            .max_redirects(4)
            .user_agent(concat!("wfc/", env!("CARGO_PKG_VERSION")))
            .build();
        Self { agent: ureq::Agent::new_with_config(config), address }
    }

    /// The server.
    #[must_use]
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// Asks for a route (`/queue`).
    ///
    /// # Errors
    /// When no whole answer comes, or it is longer than [`MAX_ANSWER_BYTES`]. A status of any kind is an answer.
    pub fn get(&self, route: &str) -> Result<Answer, Error> {
        let url = self.address.url(route);
        let mut request = self.agent.get(&url);
        for (name, value) in self.address.all_headers() {
            request = request.header(name, value);
        }
        let response = request.call().map_err(|error| self.failed(&error, false))?;
        Self::answer(response, url, false)
    }

    /// Asks for a route whose answer is JSON.
    ///
    /// # Errors
    /// When no whole answer comes, its status is not 200, or it is no JSON; says which of these.
    pub fn get_json(&self, route: &str) -> Result<Value, Error> {
        self.get(route)?.into_json()
    }

    /// Sends JSON.
    ///
    /// # Errors
    /// When no whole answer comes. A status of any kind is an answer.
    pub fn post_json(&self, route: &str, body: &[u8]) -> Result<Answer, Error> {
        self.post(route, "application/json", ureq::SendBody::from_reader(&mut &*body), body.len() as u64)
    }

    /// Sends a body of a known length.
    pub(super) fn post(
        &self,
        route: &str,
        content_type: &str,
        body: ureq::SendBody<'_>,
        length: u64,
    ) -> Result<Answer, Error> {
        let url = self.address.url(route);
        let mut request = self.agent.post(&url).content_type(content_type).header("content-length", length);
        for (name, value) in self.address.all_headers() {
            request = request.header(name, value);
        }
        let response = request.send(body).map_err(|error| self.failed(&error, true))?;
        Self::answer(response, url, true)
    }

    /// Opens a route for reading, from byte `from` on if that is not 0.
    ///
    /// # Errors
    /// When no answer comes, or its status is neither 200 nor 206.
    pub fn open(&self, route: &str, from: u64) -> Result<Stream, Error> {
        let url = self.address.url(route);
        let mut request = self.agent.get(&url).header("accept-encoding", "identity");
        for (name, value) in self.address.all_headers() {
            request = request.header(name, value);
        }
        if from > 0 {
            request = request.header("range", format!("bytes={from}-"));
        }
        let response = request.call().map_err(|error| self.failed(&error, false))?;
        let status = response.status().as_u16();
        if !matches!(status, 200 | 206) {
            let answer = Self::answer(response, url, false)?;
            return Err(answer.error());
        }
        let text = |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok());
        let etag = text("etag").map(str::to_owned);
        let range = text("content-range").and_then(content_range).filter(|_| status == 206);
        let length = response.body().content_length();
        let media = text("content-type").unwrap_or_default();
        let is_message = ["text/html", "application/json"].iter().any(|kind| media.starts_with(kind));
        let is_file = text("content-disposition").is_some() || !is_message;
        Ok(Stream {
            status,
            length,
            etag,
            range,
            is_file,
            body: Box::new(response.into_body().into_reader()),
        })
    }

    fn answer(
        response: ureq::http::Response<ureq::Body>,
        url: String,
        is_sent: bool,
    ) -> Result<Answer, Error> {
        let status = response.status().as_u16();
        let header = response.headers().get("content-type").and_then(|value| value.to_str().ok());
        let content_type =
            header.and_then(|text| text.split(';').next()).unwrap_or_default().trim().to_owned();
        let date = response.headers().get("date").and_then(|value| value.to_str().ok());
        let date = date.and_then(|text| httpdate::parse_http_date(text).ok());
        let mut body = Vec::new();
        let read = response.into_body().into_reader().take(MAX_ANSWER_BYTES + 1).read_to_end(&mut body);
        if let Err(error) = read {
            let message = format!("{url}: the answer broke off after {} bytes: {error}", body.len());
            let error = Error::new(Trouble::Unreachable, message).passing();
            return Err(Error { may_have_arrived: is_sent, ..error });
        }
        if body.len() as u64 > MAX_ANSWER_BYTES {
            let message = format!("{url}: the answer is longer than {} MiB", MAX_ANSWER_BYTES >> 20);
            let error = Error::new(Trouble::TooLong, message);
            return Err(Error { may_have_arrived: is_sent, ..error }.help("is this ComfyUI's address?"));
        }
        Ok(Answer { status, content_type, body, url, date })
    }

    /// What went wrong with a request.
    fn failed(&self, error: &ureq::Error, is_sent: bool) -> Error {
        let base = self.address.base();
        let unreachable = |what: String| Error::new(Trouble::Unreachable, what).passing();
        match error {
            ureq::Error::HostNotFound => {
                unreachable(format!("{base}: there is no host of this name")).help("check the address")
            }
            ureq::Error::Timeout(ureq::Timeout::Connect | ureq::Timeout::Resolve) => {
                unreachable(format!("{base}: no connection within {} s", CONNECT.as_secs()))
                    .help("is the machine on, and does a firewall let this port through?")
            }
            ureq::Error::Timeout(_) => {
                let error = unreachable(format!("{base}: no answer within {} s", ANSWER.as_secs()));
                Error { may_have_arrived: is_sent, ..error }
            }
            ureq::Error::Io(io) if io.kind() == io::ErrorKind::ConnectionRefused => {
                unreachable(format!("{base}: nothing listens there"))
                    .help("start ComfyUI (with --listen if it runs on another machine), or check the port")
            }
            ureq::Error::Io(io) if is_tls(io) => tls(base, &io.to_string()),
            ureq::Error::Io(io) if base.starts_with("https") && io.kind() == io::ErrorKind::UnexpectedEof => {
                tls(base, "the server ended it (corrupt message)")
            }
            ureq::Error::Io(io) => {
                let error = unreachable(format!("{base}: the connection broke: {io}"));
                Error { may_have_arrived: is_sent, ..error }
            }
            ureq::Error::Rustls(_) | ureq::Error::Tls(_) | ureq::Error::Pem(_) => {
                tls(base, &error.to_string())
            }
            ureq::Error::ConnectProxyFailed(why) => unreachable(format!("{base}: the proxy refuses: {why}"))
                .help("see HTTP_PROXY, HTTPS_PROXY and NO_PROXY"),
            ureq::Error::InvalidProxyUrl => Error::new(Trouble::Address, "the proxy's address is none")
                .help("see HTTP_PROXY, HTTPS_PROXY and ALL_PROXY"),
            ureq::Error::BadUri(_) | ureq::Error::Http(_) => {
                Error::new(Trouble::Address, format!("{base}: {error}")).help("write http://HOST:PORT")
            }
            ureq::Error::Protocol(_) | ureq::Error::LargeResponseHeader(..) => {
                let message = format!("{base}: what answers there does not speak HTTP: {error}");
                let error = Error::new(Trouble::NotComfy, message);
                Error { may_have_arrived: is_sent, ..error }.help("check the port, and whether it is https")
            }
            ureq::Error::TooManyRedirects | ureq::Error::RedirectFailed => {
                Error::new(Trouble::NotComfy, format!("{base}: the server sends requests elsewhere: {error}"))
                    .help("use the address it leads to")
            }
            _ => {
                let error = unreachable(format!("{base}: {error}"));
                Error { may_have_arrived: is_sent, ..error }
            }
        }
    }
}

fn is_tls(error: &io::Error) -> bool {
    let text = error.to_string();
    error.kind() == io::ErrorKind::InvalidData || text.contains("certificate") || text.contains("TLS")
}

fn tls(base: &str, why: &str) -> Error {
    let help = if why.contains("InvalidContentType") || why.contains("corrupt message") {
        "if this port speaks plain HTTP, write http:// for https://"
    } else if why.contains("UnknownIssuer") || why.contains("certificate") {
        "the certificate must be for this name and signed by a known authority; over a tunnel (`ssh -L`), http:// to \
         127.0.0.1 needs none"
    } else {
        "check the address, and whether the server speaks https"
    };
    Error::new(Trouble::Tls, format!("{base}: no secure connection: {why}")).help(help)
}

/// `bytes 5-9/10` as (5, 10).
fn content_range(text: &str) -> Option<(u64, u64)> {
    let (range, total) = text.strip_prefix("bytes ")?.split_once('/')?;
    let (first, _) = range.split_once('-')?;
    Some((first.trim().parse().ok()?, total.trim().parse().ok()?))
}

impl Answer {
    /// The answer as JSON, which may hold Python's `NaN` and `Infinity`: objects without entries stand for them.
    ///
    /// # Errors
    /// When the status is not 200, or the body is no JSON.
    pub fn into_json(self) -> Result<Value, Error> {
        if self.status != 200 {
            return Err(self.error());
        }
        self.json().ok_or_else(|| self.no_json())
    }

    /// The body as JSON, whatever the status.
    #[must_use]
    pub fn json(&self) -> Option<Value> {
        serde_json::from_slice(&self.body)
            .or_else(|_| serde_json::from_reader(NonFinite::new(&*self.body)))
            .ok()
    }

    /// What is wrong with an answer that is no JSON.
    #[must_use]
    pub fn no_json(&self) -> Error {
        let start = self.body.trim_ascii_start();
        let what = if start.is_empty() {
            "an empty answer".to_owned()
        } else if start.starts_with(b"<") {
            "a web page".to_owned()
        } else {
            format!("`{}`", self.quote())
        };
        Error::new(Trouble::NotComfy, format!("{}: {what} in place of JSON", self.url)).help(
            "this is not ComfyUI, or something stands before it: check address and port, and whether a page asks for a \
             login",
        )
    }

    /// What is wrong where the status is not 200.
    #[must_use]
    pub fn error(&self) -> Error {
        let url = &self.url;
        match self.status {
            401 | 403 | 407 => {
                Error::new(Trouble::Credentials, format!("{url}: no entry (status {})", self.status))
                    .help("name the token or password: see `wfc run --help`")
            }
            404 | 405 => Error::new(
                Trouble::NotComfy,
                format!("{url}: there is no such route (status {})", self.status),
            )
            .help("is this ComfyUI's address, with the whole path?"),
            413 => Error::new(
                Trouble::Refused,
                format!("{url}: what was sent is too long for the server (status 413)"),
            )
            .help("start ComfyUI with a larger --max-upload-size, in MB"),
            429 | 502..=504 | 520..=527 => {
                let message = format!("{url}: the server is not there or too busy (status {})", self.status);
                let error = Error::new(Trouble::Unreachable, message).passing();
                Error { may_have_arrived: true, ..error }
            }
            status => {
                let quote = self.quote();
                let quote = if quote.is_empty() { String::new() } else { format!(": `{quote}`") };
                let error = Error::new(Trouble::Refused, format!("{url}: status {status}{quote}"));
                Error { may_have_arrived: status >= 500, may_pass: status >= 500, ..error }
            }
        }
    }

    /// The begin of the body, on one line.
    fn quote(&self) -> String {
        let text = String::from_utf8_lossy(self.body.get(..4 * QUOTED).unwrap_or(&self.body));
        let clean = |c: char| if c.is_control() { ' ' } else { c };
        let mut quote: String = text.trim().chars().take(QUOTED).map(clean).collect();
        if text.chars().count() > QUOTED {
            quote.push('…');
        }
        quote
    }
}

impl std::fmt::Debug for Stream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Stream")
            .field("status", &self.status)
            .field("length", &self.length)
            .finish_non_exhaustive()
    }
}
