//! Requests to a server, and what can be wrong with its answers.

use std::io::Read;
use std::time::SystemTime;

use serde_json::Value;

use super::address::Address;
use super::network::{Asked, Network, failed};
use super::redirect;
use crate::exec::{Error, Trouble};
use crate::source::NonFinite;

/// Longest answer that is kept in memory, in bytes: a history entry holds the workflow and every text output.
pub const MAX_ANSWER_BYTES: u64 = 64 << 20;

/// So much of an answer is quoted, in characters.
const QUOTED: usize = 120;

type Response = ureq::http::Response<ureq::Body>;

/// A client of one server. Clones share connections.
#[derive(Clone, Debug)]
pub struct Client {
    network: Network,
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
    /// A client; connects when it is first asked for something, as the environment says.
    #[must_use]
    pub fn new(address: Address) -> Self {
        Self::on(Network::new(), address)
    }

    /// The same, on a network of its own.
    #[must_use]
    pub fn on(network: Network, address: Address) -> Self {
        Self { network, address }
    }

    /// How the server is reached.
    pub(super) fn network(&self) -> &Network {
        &self.network
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
        let (response, url) = self.ask(route, &[])?;
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
        let way = self.network.way(&redirect::uri(&url)?)?;
        let mut request = way.agent.post(&url).content_type(content_type).header("content-length", length);
        for (name, value) in self.address.all_headers() {
            request = request.header(name, value);
        }
        let asked = Asked { base: self.address.base(), is_sent: true };
        let response = request.send(body).map_err(|error| failed(&error, asked, &way))?;
        if let Some(next) = redirect::next(&response, &url)? {
            // What is sent is meant for this server.
            return Err(redirect::elsewhere(&url, &next));
        }
        Self::answer(response, url, true)
    }

    /// Asks for a route, and asks where the server leads to. Credentials go to the server alone.
    fn ask(&self, route: &str, headers: &[(&str, &str)]) -> Result<(Response, String), Error> {
        let mut url = self.address.url(route);
        let mut shown = url.clone();
        for _ in 0..=redirect::MOST {
            let uri = redirect::uri(&url)?;
            let way = self.network.way(&uri)?;
            let mut request = way.agent.get(&url);
            for (name, value) in headers {
                request = request.header(*name, *value);
            }
            let is_own = redirect::is_same_place(&uri, &redirect::uri(self.address.base())?);
            if is_own {
                for (name, value) in self.address.all_headers() {
                    request = request.header(name, value);
                }
            }
            let place = if is_own { self.address.base().to_owned() } else { redirect::place(&uri) };
            let asked = Asked { base: &place, is_sent: false };
            let response = request.call().map_err(|error| failed(&error, asked, &way))?;
            let Some(next) = redirect::next(&response, &url)? else { return Ok((response, shown)) };
            shown = redirect::shown(&next);
            url = next;
        }
        Err(redirect::endless(&self.address.url(route)))
    }

    /// Opens a route for reading, from byte `from` on if that is not 0.
    ///
    /// # Errors
    /// When no answer comes, or its status is neither 200 nor 206.
    pub fn open(&self, route: &str, from: u64) -> Result<Stream, Error> {
        let range = format!("bytes={from}-");
        let headers = [("accept-encoding", "identity"), ("range", &*range)];
        let (response, url) = self.ask(route, if from > 0 { &headers } else { &headers[..1] })?;
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

    fn answer(response: Response, url: String, is_sent: bool) -> Result<Answer, Error> {
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
                // What a server with TLS says to those who come without; each in its own words.
                if status == 400 && url.starts_with("http:") && quote.contains("HTTPS") {
                    return error.help("write https:// for http://");
                }
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
