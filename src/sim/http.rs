//! Routes, and what happens to every request before it gets to one.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Path, Request, State};
use axum::http::{Method, StatusCode, Uri, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::routing::{MethodRouter, get, post};

use super::answer::{self, Answer};
use super::faults::FaultKind;
use super::state::Shared;
use super::{Version, editor_routes, files_routes, info, jobs, not_numbers, prompt, queue, socket};

/// The server's routes: each one bare and under `/api`. Those of jobs are declared with `/api`, so that they have it
/// twice or once.
pub(super) fn router(shared: &Arc<Shared>) -> Router {
    let routes = || {
        let mut router = Router::new()
            .route("/ws", get(socket::open))
            .route("/prompt", get(queue::remaining).post(prompt::post))
            .route("/queue", get(queue::list).post(queue::change))
            .route("/interrupt", post(queue::interrupt))
            .route("/free", post(queue::free))
            .route("/history", get(queue::history).post(queue::forget))
            .route("/history/{id}", get(queue::past))
            .route("/upload/image", post(files_routes::upload))
            .route("/upload/mask", post(files_routes::upload))
            .route("/view", get(files_routes::view))
            .route("/view_metadata/{folder}", get(info::metadata))
            .route("/object_info", get(info::object_info))
            .route("/object_info/{class}", get(info::object_info_of))
            .route("/system_stats", get(info::system_stats))
            .route("/features", get(info::features))
            .route("/models", get(info::models))
            .route("/models/{folder}", get(info::models_of))
            .route("/embeddings", get(info::embeddings))
            .route("/extensions", get(info::extensions))
            .merge(editor_routes::routes(shared.config.version.has_jobs()));
        if shared.config.version.has_jobs() {
            router = router
                .route("/api/jobs", get(jobs::list))
                .route("/api/jobs/cancel", post(jobs::cancel_all))
                .route("/api/jobs/{id}", get(jobs::one))
                .route("/api/jobs/{id}/cancel", post(jobs::cancel));
        }
        router
    };
    let root: MethodRouter<Arc<Shared>> = get(info::root);
    Router::new()
        .merge(routes())
        .nest("/api", routes())
        .merge(editor_routes::alone(shared.config.version.has_jobs()))
        .route("/", root)
        .fallback(fallback)
        .layer(from_fn_with_state(Arc::clone(shared), around))
        .with_state(Arc::clone(shared))
}

async fn fallback(method: Method) -> Answer {
    answer::not_found(&method)
}

/// What stands around every handler: faults, the guard against other sites, OPTIONS, the log.
async fn around(State(shared): State<Arc<Shared>>, request: Request, next: Next) -> Answer {
    let (method, uri) = (request.method().clone(), request.uri().clone());
    let line = |answer: &Answer| {
        shared.control.log(&format!("{method} {uri} {}", answer.status().as_u16()));
    };
    if let Some(answer) = before(&shared, &uri).await {
        line(&answer);
        return answer;
    }
    let mut answer = if is_foreign(&request, shared.config.version) {
        answer::empty(StatusCode::FORBIDDEN)
    } else if method == Method::OPTIONS {
        answer::empty(StatusCode::OK)
    } else {
        next.run(request).await
    };
    if answer.status() == StatusCode::METHOD_NOT_ALLOWED {
        let has_post = answer.headers().get(header::ALLOW).is_none_or(|allow| allow != answer::READ);
        answer = match method {
            Method::GET | Method::HEAD => answer::not_found(&method),
            _ if has_post && takes_posts(uri.path()) => answer::not_allowed("GET,HEAD,POST"),
            _ => answer::not_allowed(answer::READ),
        };
    }
    // The server's clock may be wrong, unlike this machine's.
    if let Ok(date) = files_routes::date(shared.clock.wall_seconds()).parse() {
        answer.headers_mut().insert(header::DATE, date);
    }
    if answer.status() != StatusCode::SWITCHING_PROTOCOLS && shared.control.hit(FaultKind::CutBody).is_some()
    {
        answer = cut(answer).await;
    }
    line(&answer);
    answer
}

/// True for routes that something can be sent to.
fn takes_posts(path: &str) -> bool {
    let path = path.strip_prefix("/api").unwrap_or(path);
    let last = path.rsplit('/').next().unwrap_or_default();
    matches!(path, "/prompt" | "/queue" | "/interrupt" | "/free" | "/history")
        || path.starts_with("/upload/")
        || last == "cancel"
}

/// Faults that come instead of an answer, or before it.
async fn before(shared: &Shared, uri: &Uri) -> Option<Answer> {
    let control = &shared.control;
    if let Some(seconds) = control.hit(FaultKind::Slow) {
        tokio::time::sleep(Duration::try_from_secs_f64(seconds).unwrap_or_default()).await;
    }
    if control.hit(FaultKind::BadGateway).is_some() {
        let page = "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n<center><h1>502 Bad Gateway</h1>\
                    </center>\r\n<hr><center>proxy</center>\r\n</body>\r\n</html>\r\n";
        return Some(answer::typed(StatusCode::BAD_GATEWAY, "text/html", page.into()));
    }
    if control.hit(FaultKind::Garbage).is_some() {
        let bytes: Vec<u8> = (0..64).flat_map(|_| control.random().to_le_bytes()).collect();
        return Some(answer::typed(StatusCode::OK, "application/json; charset=utf-8", bytes.into()));
    }
    let megabytes = control.hit(FaultKind::TooMuch)?;
    control.log(&format!("{} is answered with {megabytes} megabytes", uri.path()));
    let body = Body::from_stream(endless(megabytes));
    Some(answer::typed(StatusCode::OK, "application/json; charset=utf-8", body))
}

/// A list of zeros of so many megabytes.
fn endless(megabytes: f64) -> impl futures_util::Stream<Item = Result<Bytes, std::convert::Infallible>> {
    const CHUNK: usize = 1 << 16;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "values are from 0 to 1e6")]
    let chunks = (megabytes * 16.0) as u64;
    let zeros = Bytes::from("0,".repeat(CHUNK / 2));
    let parts = (0..chunks.max(1)).map(move |_| Ok(zeros.clone()));
    let all = std::iter::once(Ok(Bytes::from_static(b"["))).chain(parts);
    futures_util::stream::iter(all.chain(std::iter::once(Ok(Bytes::from_static(b"0]")))))
}

/// The first half of an answer, under the length of the whole.
async fn cut(answer: Answer) -> Answer {
    let (mut parts, body) = answer.into_parts();
    let Ok(bytes) = axum::body::to_bytes(body, usize::MAX).await else {
        return Answer::from_parts(parts, Body::empty());
    };
    parts.headers.insert(header::CONTENT_LENGTH, bytes.len().into());
    let half = bytes.slice(..bytes.len() / 2);
    let broken = std::io::Error::other("the answer was to be cut");
    let stream = futures_util::stream::iter([Ok(half), Err(broken)]);
    Answer::from_parts(parts, Body::from_stream(stream))
}

/// True for requests that a page of another site has made a browser send.
fn is_foreign(request: &Request, version: Version) -> bool {
    let header = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok());
    if version != Version::V0_3_64 && header("sec-fetch-site") == Some("cross-site") {
        return true;
    }
    let (Some(host), Some(origin)) = (header("host"), header("origin")) else { return false };
    let host = host.to_lowercase();
    let origin = origin.to_lowercase();
    // What has no host, such as `null`, is not compared.
    let origin = origin.split_once("://").map_or("", |(_, rest)| rest);
    let origin = origin.split('/').next().unwrap_or_default();
    let name = |authority: &str| match authority.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name.to_owned(),
        _ => authority.to_owned(),
    };
    let is_loopback = {
        let name = name(&host);
        let name = name.trim_matches(['[', ']']);
        name == "localhost" || name == "::1" || name.starts_with("127.")
    };
    // A port that one of them leaves out is not compared.
    let has_ports = name(&host) != host && name(origin) != origin;
    let same = if has_ports { host == origin } else { name(&host) == name(origin) };
    is_loopback && !origin.is_empty() && !same
}

/// The body of a request, or the answer to one that is too long or broke off.
pub(super) async fn body(shared: &Shared, request: Request) -> Result<Bytes, Answer> {
    let limit = shared.config.max_upload;
    let declared = request.headers().get(header::CONTENT_LENGTH);
    let declared = declared.and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    let too_long = || {
        let text = format!("Maximum request body size {limit} exceeded.");
        answer::text(StatusCode::PAYLOAD_TOO_LARGE, &text)
    };
    if declared.is_some_and(|length| length > limit) {
        return Err(too_long());
    }
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    axum::body::to_bytes(request.into_body(), limit).await.map_err(|_| too_long())
}

/// The JSON of a request's body, whatever its type is said to be.
pub(super) async fn json(shared: &Shared, request: Request) -> Result<serde_json::Value, Answer> {
    let bytes = body(shared, request).await?;
    not_numbers::read(&bytes).ok_or_else(answer::trouble)
}

/// The values of a query, decoded, in order.
pub(super) fn query(uri: &Uri) -> Vec<(String, String)> {
    let pairs = uri.query().unwrap_or_default().split('&').filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decoded(key), decoded(value))
        })
        .collect()
}

/// The first value of a key of a query.
pub(super) fn first<'q>(query: &'q [(String, String)], key: &str) -> Option<&'q str> {
    query.iter().find(|(name, _)| name == key).map(|(_, value)| &**value)
}

/// A part of a URL without its escapes.
pub(super) fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        let escaped = after.get(..2).and_then(|digits| std::str::from_utf8(digits).ok());
        let escaped = escaped.and_then(|digits| u8::from_str_radix(digits, 16).ok());
        rest = after;
        match (byte, escaped) {
            (b'%', Some(escaped)) => {
                bytes.push(escaped);
                rest = after.get(2..).unwrap_or_default();
            }
            (b'+', _) => bytes.push(b' '),
            (byte, _) => bytes.push(byte),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// An id in a path.
pub(super) type Id = Path<String>;
