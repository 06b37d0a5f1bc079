//! Routes of files: `/upload/image`, `/upload/mask` and `/view`.

use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use axum::body::{Body, Bytes};
use axum::extract::{FromRequest as _, Multipart, Request, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use serde_json::{Value, json};

use super::answer::{self, Answer};
use super::faults::FaultKind;
use super::files::{Content, File, Files, Folder, annotation, join, normal};
use super::http;
use super::media::{Channel, Still};
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
    /// True if the field for the file was a text.
    is_text: bool,
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
    keep(&shared, &fields, is_mask)
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
            "image" => {
                upload.is_text = file.is_none();
                upload.image = file.map(|file| (file, bytes));
            }
            "type" => upload.folder = Some(text()),
            "subfolder" => upload.subfolder = text(),
            "overwrite" => upload.overwrite = matches!(&*text(), "true" | "1"),
            "original_ref" => upload.original = Some(text()),
            _ => {}
        }
    }
    Some(upload)
}

fn keep(shared: &Shared, upload: &Upload, is_mask: bool) -> Answer {
    // The folder is looked up before all else, and an unknown one raises.
    let Some(folder) = Folder::called(upload.folder.as_deref().unwrap_or("input")) else {
        return answer::trouble();
    };
    let bad = || answer::empty(StatusCode::BAD_REQUEST);
    let Some((name, bytes)) = &upload.image else {
        return if upload.is_text { answer::trouble() } else { bad() };
    };
    if name.is_empty() {
        return answer::trouble();
    }
    let name = name.trim_start_matches('/');
    let subfolder = shared.read_path(&upload.subfolder);
    let path = normal(&join(subfolder.trim_end_matches('/'), name));
    let Some(path) = path.filter(|path| !name.is_empty() && !path.is_empty()) else { return bad() };
    if shared.control.hit(FaultKind::DiskFull).is_some() {
        return answer::trouble();
    }
    let (below, file) = path.rsplit_once('/').unwrap_or(("", &path));
    // Folders are made for `subfolder`, not for those in the name.
    if name.contains('/') && !shared.lock().files.has_folder(folder, below) {
        return answer::trouble();
    }
    let now = shared.clock.wall_seconds();
    let mut inner = shared.lock();
    let (used, is_there) = if upload.overwrite {
        (file.to_owned(), false)
    } else {
        inner.files.free_name(folder, below, file, bytes)
    };
    if !is_there {
        let kept: Option<Arc<[u8]>> = if is_mask {
            match masked(&inner.files, shared, upload.original.as_deref(), bytes) {
                Ok(kept) => kept,
                Err(Trouble) => return answer::trouble(),
            }
        } else {
            Some(bytes.to_vec().into())
        };
        if let Some(kept) = kept {
            inner.files.put(folder, join(below, &used), Content::Bytes(kept), now);
        }
    }
    drop(inner);
    shared.control.log(&format!("upload {}/{}", folder.name(), join(below, &used)));
    answer::ok(&json!({ "name": used, "subfolder": upload.subfolder, "type": folder.name() }))
}

/// An exception.
struct Trouble;

/// The picture that a mask is for, with the mask's transparency; nothing if there is no such picture, which nobody tells
/// the client.
fn masked(
    files: &Files,
    shared: &Shared,
    original: Option<&str>,
    mask: &[u8],
) -> Result<Option<Arc<[u8]>>, Trouble> {
    let original: Value = original.and_then(|text| serde_json::from_str(text).ok()).ok_or(Trouble)?;
    let text = |key: &str| original.get(key).and_then(Value::as_str);
    let (name, annotated) = annotation(text("filename").ok_or(Trouble)?);
    let folder = annotated.or_else(|| Folder::called(text("type").unwrap_or("output")));
    let is_plain = !name.is_empty() && !name.starts_with('/') && !name.contains("..");
    let subfolder = normal(&shared.read_path(text("subfolder").unwrap_or_default()));
    let (Some(folder), Some(subfolder), true) = (folder, subfolder, is_plain) else { return Ok(None) };
    let Some(file) = files.get(folder, &join(&subfolder, name)) else { return Ok(None) };
    let picture = file.content.still().ok_or(Trouble)?;
    let masked = picture.masked(&Still::read(mask).ok_or(Trouble)?).ok_or(Trouble)?;
    Ok(Some(masked.channel(Channel::All).ok_or(Trouble)?.into()))
}

pub(super) async fn view(State(shared): State<Arc<Shared>>, request: Request) -> Answer {
    let query = http::query(request.uri());
    let get = |key: &str| http::first(&query, key);
    let Some(name) = get("filename") else { return answer::empty(StatusCode::NOT_FOUND) };
    let (name, annotated) = annotation(name);
    if name.is_empty() || name.starts_with('/') || name.contains("..") {
        return answer::empty(StatusCode::BAD_REQUEST);
    }
    let folder = annotated.or_else(|| Folder::called(get("type").unwrap_or("output")));
    let Some(folder) = folder else { return answer::empty(StatusCode::BAD_REQUEST) };
    let subfolder = shared.read_path(get("subfolder").unwrap_or_default());
    let Some(subfolder) = normal(&subfolder) else { return answer::empty(StatusCode::FORBIDDEN) };
    let name = name.rsplit('/').next().unwrap_or_default();
    let file = shared.lock().files.get(folder, &join(&subfolder, name)).cloned();
    let Some(file) = file else { return answer::empty(StatusCode::NOT_FOUND) };
    let channel = get("channel");
    // What is no picture cannot be opened as one, and the handler fails.
    let as_picture = || file.content.still();
    if let Some(preview) = get("preview") {
        let format = preview.split(';').next().unwrap_or_default();
        // Previews with transparency, and of formats that the server does not make, are WebP.
        let is_jpeg = format == "jpeg" && !channel.is_some_and(|channel| channel.contains('a'));
        let Some(still) = as_picture() else { return answer::trouble() };
        return if is_jpeg {
            picture("image/jpeg", name, still.jpeg())
        } else if channel == Some("rgb") {
            picture("image/webp", name, still.opaque().webp())
        } else {
            picture("image/webp", name, still.webp())
        };
    }
    let wanted = match channel {
        Some("rgb") => Channel::Colors,
        Some("a") => Channel::Alpha,
        _ => return send(&file, name, request.method(), request.headers()),
    };
    match as_picture().and_then(|still| still.channel(wanted)) {
        Some(bytes) => picture("image/png", name, bytes),
        None => answer::trouble(),
    }
}

/// A picture that was made of a file.
fn picture(kind: &str, name: &str, bytes: Vec<u8>) -> Answer {
    let mut answer = answer::typed(StatusCode::OK, kind, bytes.into());
    if let Ok(value) = format!("filename=\"{name}\"").parse() {
        answer.headers_mut().insert(header::CONTENT_DISPOSITION, value);
    }
    answer
}

/// A time as HTTP writes it.
pub(super) fn date(seconds: i64) -> String {
    let since_1970 = Duration::from_secs(u64::try_from(seconds).unwrap_or_default());
    httpdate::fmt_http_date(UNIX_EPOCH + since_1970)
}

/// The type of a file by its name.
pub(super) fn content_type(name: &str) -> &'static str {
    const TYPES: [(&str, &str); 25] = [
        ("png", "image/png"),
        ("jpg", "image/jpeg"),
        ("jpeg", "image/jpeg"),
        ("webp", "image/webp"),
        ("gif", "image/gif"),
        ("mp4", "video/mp4"),
        ("webm", "video/webm"),
        ("mkv", "video/x-matroska"),
        ("mov", "video/quicktime"),
        ("flac", "audio/flac"),
        ("mp3", "audio/mpeg"),
        ("opus", "audio/ogg"),
        ("wav", "audio/x-wav"),
        ("json", "application/json"),
        ("avi", "video/x-msvideo"),
        ("txt", "text/plain"),
        ("md", "text/markdown"),
        ("csv", "text/csv"),
        ("js", "application/javascript; charset=utf-8"),
        ("safetensors", "application/safetensors"),
        ("glb", "model/gltf-binary"),
        ("svg", "image/svg+xml"),
        ("xml", "application/xml"),
        ("yaml", "application/yaml"),
        ("yml", "application/yaml"),
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
    let names = |known: &str| known == "*" || known.split(',').any(|known| known.trim() == tag);
    let is_newer = |than: &str| {
        let than = httpdate::parse_http_date(than).ok()?.duration_since(UNIX_EPOCH).ok()?;
        Some(u64::try_from(file.written).unwrap_or_default() > than.as_secs())
    };
    let is_other = match header(header::IF_MATCH) {
        Some(known) => !names(known),
        None => header(header::IF_UNMODIFIED_SINCE).and_then(is_newer) == Some(true),
    };
    let is_same = match header(header::IF_NONE_MATCH) {
        Some(known) => names(known),
        None => header(header::IF_MODIFIED_SINCE).and_then(is_newer) == Some(false),
    };
    if is_other || is_same {
        let status = if is_other { StatusCode::PRECONDITION_FAILED } else { StatusCode::NOT_MODIFIED };
        *answer.status_mut() = status;
        answer.headers_mut().remove(header::ACCEPT_RANGES);
        return answer;
    }
    // Only dates are understood here: a tag asks for the part all the same, whatever the file has become.
    let if_range = header(header::IF_RANGE).and_then(is_newer) != Some(true);
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
            answer.headers_mut().remove(header::ACCEPT_RANGES);
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
        let count: usize = last.parse().ok()?;
        // `-0` is 0, from which on all is asked for.
        return Some(if count == 0 { 0..length } else { length.saturating_sub(count)..length });
    }
    let first: usize = first.parse().ok().filter(|first| *first < length)?;
    let last = if last.is_empty() { length } else { last.parse::<usize>().ok()?.saturating_add(1) };
    (first < last).then(|| first..last.min(length))
}
