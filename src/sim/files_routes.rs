//! Routes of files: `/upload/image`, `/upload/mask` and `/view`.

use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use axum::body::{Body, Bytes};
use axum::extract::{FromRequest as _, Multipart, Request, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use serde_json::{Value, json};

use super::answer::{self, Answer};
use super::faults::FaultKind;
use super::files::{File, Folder, annotation, join, normal};
use super::http;
use super::state::Shared;

/// The fields of an upload.
#[derive(Default)]
struct Upload {
    /// Name and bytes, if the field was a file.
    image: Option<(String, Bytes)>,
    folder: Option<String>,
    subfolder: String,
    overwrite: bool,
    original: Option<String>,
}

pub(super) async fn upload(State(shared): State<Arc<Shared>>, request: Request) -> Answer {
    let is_mask = request.uri().path().ends_with("/mask");
    let (parts, body) = request.into_parts();
    let whole = Request::from_parts(parts.clone(), body);
    let bytes = match http::body(&shared, whole).await {
        Ok(bytes) => bytes,
        Err(answer) => return answer,
    };
    let Some(fields) = fields(Request::from_parts(parts, Body::from(bytes))).await else {
        // Another kind of form, or none, has no image.
        return answer::empty(StatusCode::BAD_REQUEST);
    };
    if is_mask && fields.original.as_deref().is_none_or(|text| serde_json::from_str::<Value>(text).is_err()) {
        return answer::trouble();
    }
    keep(&shared, &fields)
}

async fn fields(request: Request) -> Option<Upload> {
    let mut form = Multipart::from_request(request, &()).await.ok()?;
    let mut upload = Upload::default();
    while let Some(field) = form.next_field().await.ok()? {
        let name = field.name().unwrap_or_default().to_owned();
        let file = field.file_name().map(str::to_owned);
        let bytes = field.bytes().await.ok()?;
        let text = || String::from_utf8_lossy(&bytes).into_owned();
        match &*name {
            "image" => upload.image = file.map(|file| (file, bytes)),
            "type" => upload.folder = Some(text()),
            "subfolder" => upload.subfolder = text(),
            "overwrite" => upload.overwrite = matches!(&*text(), "true" | "1"),
            "original_ref" => upload.original = Some(text()),
            _ => {}
        }
    }
    Some(upload)
}

fn keep(shared: &Shared, upload: &Upload) -> Answer {
    // The folder is looked up before all else, and an unknown one raises.
    let Some(folder) = Folder::called(upload.folder.as_deref().unwrap_or("input")) else {
        return answer::trouble();
    };
    let bad = || answer::empty(StatusCode::BAD_REQUEST);
    let Some((name, bytes)) = &upload.image else { return bad() };
    let subfolder = upload.subfolder.replace('\\', "/");
    let path = normal(&join(subfolder.trim_end_matches('/'), name));
    let Some(path) = path.filter(|path| !name.is_empty() && !path.is_empty()) else { return bad() };
    if shared.control.hit(FaultKind::DiskFull).is_some() {
        return answer::trouble();
    }
    let (below, file) = path.rsplit_once('/').unwrap_or(("", &path));
    let bytes: Arc<[u8]> = bytes.to_vec().into();
    let now = shared.clock.wall_seconds();
    let used = shared.lock().files.upload(folder, below, file, &bytes, upload.overwrite, now);
    shared.control.log(&format!("upload {}/{}", folder.name(), join(below, &used)));
    answer::ok(&json!({ "name": used, "subfolder": upload.subfolder, "type": folder.name() }))
}

pub(super) async fn view(State(shared): State<Arc<Shared>>, request: Request) -> Answer {
    let query = http::query(request.uri());
    let get = |key: &str| http::first(&query, key);
    let Some(name) = get("filename") else { return answer::not_found() };
    let (name, annotated) = annotation(name);
    if name.is_empty() || name.starts_with('/') || name.contains("..") {
        return answer::empty(StatusCode::BAD_REQUEST);
    }
    let folder = annotated.or_else(|| Folder::called(get("type").unwrap_or("output")));
    let Some(folder) = folder else { return answer::empty(StatusCode::BAD_REQUEST) };
    let subfolder = get("subfolder").unwrap_or_default().replace('\\', "/");
    let Some(subfolder) = normal(&subfolder) else { return answer::empty(StatusCode::FORBIDDEN) };
    let name = name.rsplit('/').next().unwrap_or_default();
    let file = shared.lock().files.get(folder, &join(&subfolder, name)).cloned();
    let Some(file) = file else { return answer::empty(StatusCode::NOT_FOUND) };
    let is_picture =
        [".png", ".jpg", ".jpeg", ".webp", ".gif"].iter().any(|end| name.to_lowercase().ends_with(end));
    if (get("preview").is_some() || matches!(get("channel"), Some("rgb" | "a"))) && !is_picture {
        return answer::trouble();
    }
    send(&file, name, request.method(), request.headers())
}

/// A time as HTTP writes it.
pub(super) fn date(seconds: i64) -> String {
    let since_1970 = Duration::from_secs(u64::try_from(seconds).unwrap_or_default());
    httpdate::fmt_http_date(UNIX_EPOCH + since_1970)
}

/// The type of a file by its name.
pub(super) fn content_type(name: &str) -> &'static str {
    const TYPES: [(&str, &str); 14] = [
        ("png", "image/png"),
        ("jpg", "image/jpeg"),
        ("jpeg", "image/jpeg"),
        ("webp", "image/webp"),
        ("gif", "image/gif"),
        ("mp4", "video/mp4"),
        ("webm", "video/webm"),
        ("mkv", "video/x-matroska"),
        ("mov", "video/quicktime"),
        ("flac", "audio/x-flac"),
        ("mp3", "audio/mpeg"),
        ("opus", "audio/opus"),
        ("wav", "audio/x-wav"),
        ("json", "application/json"),
    ];
    let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension).to_lowercase();
    TYPES.iter().find(|(known, _)| *known == extension).map_or("application/octet-stream", |(_, kind)| kind)
}

/// A file: whole, a part of it, or the word that it is still the same.
fn send(file: &File, name: &str, method: &Method, headers: &HeaderMap) -> Answer {
    let bytes = Bytes::from_owner(file.content.bytes());
    let length = bytes.len();
    let tag = format!("\"{:x}-{:x}-{length:x}\"", file.written, file.version);
    let modified = date(file.written);
    let header = |name: header::HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    let mut answer = Answer::new(Body::empty());
    for (name, value) in [
        (header::CONTENT_TYPE, content_type(name).to_owned()),
        (header::CONTENT_DISPOSITION, format!("filename=\"{name}\"")),
        (header::ETAG, tag.clone()),
        (header::LAST_MODIFIED, modified.clone()),
        (header::ACCEPT_RANGES, "bytes".to_owned()),
    ] {
        if let Ok(value) = value.parse() {
            answer.headers_mut().insert(name, value);
        }
    }
    let is_same = match header(header::IF_NONE_MATCH) {
        Some(known) => known == "*" || known.split(',').any(|known| known.trim() == tag),
        None => header(header::IF_MODIFIED_SINCE) == Some(&*modified),
    };
    if is_same {
        *answer.status_mut() = StatusCode::NOT_MODIFIED;
        return answer;
    }
    // A part is sent only of the file that the client has the other part of.
    let if_range = header(header::IF_RANGE).is_none_or(|known| known == tag || known == modified);
    let range = header(header::RANGE).filter(|_| if_range);
    let part = match range.map(|range| part(range, length)) {
        None => 0..length,
        Some(Some(part)) => {
            *answer.status_mut() = StatusCode::PARTIAL_CONTENT;
            let text = format!("bytes {}-{}/{length}", part.start, part.end.saturating_sub(1));
            if let Ok(value) = text.parse() {
                answer.headers_mut().insert(header::CONTENT_RANGE, value);
            }
            part
        }
        Some(None) => {
            *answer.status_mut() = StatusCode::RANGE_NOT_SATISFIABLE;
            if let Ok(value) = format!("bytes */{length}").parse() {
                answer.headers_mut().insert(header::CONTENT_RANGE, value);
            }
            return answer;
        }
    };
    answer.headers_mut().insert(header::CONTENT_LENGTH, part.len().into());
    if method != Method::HEAD {
        *answer.body_mut() = Body::from(bytes.slice(part));
    }
    answer
}

/// The bytes that a `Range` asks for; nothing if there are none of these.
fn part(range: &str, length: usize) -> Option<std::ops::Range<usize>> {
    let (first, last) = range.trim().strip_prefix("bytes=")?.split_once('-')?;
    if first.is_empty() {
        let count: usize = last.parse().ok().filter(|count| *count > 0)?;
        return Some(length.saturating_sub(count)..length);
    }
    let first: usize = first.parse().ok().filter(|first| *first < length)?;
    let last = if last.is_empty() { length } else { last.parse::<usize>().ok()?.saturating_add(1) };
    (first < last).then(|| first..last.min(length))
}
