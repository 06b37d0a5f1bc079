//! `/api/jobs`: the queue and the history in one list.

use std::sync::Arc;

use axum::extract::{Path, Request, State};
use axum::http::{StatusCode, Uri};
use serde_json::{Map, Value, json};

use super::answer::{self, Answer};
use super::history::{Entry, Past};
use super::http::{self, Id};
use super::prompt::is_canonical;
use super::python;
use super::state::{Inner, Item, Shared};

/// What states a job can be in.
const STATUSES: [&str; 5] = ["pending", "in_progress", "completed", "failed", "cancelled"];

/// An entry of the list, or the exception that making it raises.
type Listed = Result<Map<String, Value>, Trouble>;

/// An exception.
struct Trouble;

fn base(item: &Item, status: &str) -> Listed {
    let mut job = Map::new();
    job.insert("id".to_owned(), (*item.id).into());
    job.insert("status".to_owned(), status.into());
    job.insert("priority".to_owned(), item.number.json());
    if let Some(created) = item.extra_data.get("create_time") {
        job.insert("create_time".to_owned(), created.clone());
    }
    match item.extra_data.get("extra_pnginfo") {
        None => {}
        Some(Value::Object(info)) => match info.get("workflow") {
            None => {}
            Some(Value::Object(workflow)) => {
                if let Some(id) = workflow.get("id").filter(|id| !id.is_null()) {
                    job.insert("workflow_id".to_owned(), id.clone());
                }
            }
            Some(_) => return Err(Trouble),
        },
        Some(_) => return Err(Trouble),
    }
    Ok(job)
}

fn waiting(item: &Item, status: &str) -> Listed {
    let mut job = base(item, status)?;
    job.insert("outputs_count".to_owned(), 0.into());
    Ok(job)
}

fn finished(past: &Entry) -> Listed {
    let error = past.message("execution_error");
    let interrupted = past.message("execution_interrupted");
    let status = match (past.is_success(), interrupted) {
        (true, _) => "completed",
        (false, Some(_)) => "cancelled",
        (false, None) => "failed",
    };
    let mut job = base(&past.item, status)?;
    let workflow_id = job.shift_remove("workflow_id");
    let ends = ["execution_success", "execution_error", "execution_interrupted"];
    let time = |kinds: &[&str]| kinds.iter().find_map(|kind| past.message(kind)?.get("timestamp").cloned());
    for (key, time) in
        [("execution_start_time", time(&["execution_start"])), ("execution_end_time", time(&ends))]
    {
        if let Some(time) = time {
            job.insert(key.to_owned(), time);
        }
    }
    if let Some(error) = error {
        job.insert("execution_error".to_owned(), error.clone());
    }
    let (count, preview) = outputs(past);
    job.insert("outputs_count".to_owned(), count.into());
    if let Some(preview) = preview {
        job.insert("preview_output".to_owned(), preview);
    }
    if let Some(id) = workflow_id {
        job.insert("workflow_id".to_owned(), id);
    }
    Ok(job)
}

/// True for what the editor can show.
fn is_previewable(kind: &str, item: &Value) -> bool {
    let text = |key: &str| item.get(key).and_then(Value::as_str).unwrap_or_default();
    let format = text("format");
    let name = text("filename").to_lowercase();
    matches!(kind, "images" | "video" | "audio" | "3d" | "text")
        || format.starts_with("video/")
        || format.starts_with("audio/")
        || [".obj", ".fbx", ".gltf", ".glb", ".usdz"].iter().any(|end| name.ends_with(end))
}

/// How many things were shown, and one of them.
fn outputs(past: &Entry) -> (usize, Option<Value>) {
    let mut count = 0;
    let mut preview: Option<Value> = None;
    for (node, output) in &past.outputs {
        for (kind, items) in output.as_object().into_iter().flatten().filter(|(kind, _)| *kind != "animated")
        {
            for item in items.as_array().into_iter().flatten() {
                let shown = match item {
                    Value::Object(file) if file.contains_key("filename") => {
                        let mut shown = file.clone();
                        shown.insert("nodeId".to_owned(), (**node).into());
                        shown.insert("mediaType".to_owned(), (**kind).into());
                        Value::Object(shown)
                    }
                    Value::String(text) => json!({ "content": text, "nodeId": node, "mediaType": kind }),
                    _ => continue,
                };
                count += 1;
                if !is_previewable(kind, item) {
                    continue;
                }
                // What is kept is shown rather than what is temporary.
                let is_kept = |shown: &Value| shown.get("type").is_some_and(|kind| kind == "output");
                if preview.as_ref().is_none_or(|known| !is_kept(known) && is_kept(&shown)) {
                    preview = Some(shown);
                }
            }
        }
    }
    (count, preview)
}

fn all(inner: &Inner) -> Result<Vec<Map<String, Value>>, Trouble> {
    let running = inner.running.iter().map(|item| waiting(item, "in_progress"));
    let pending = inner.queue.items().iter().map(|item| waiting(item, "pending"));
    running
        .chain(pending)
        .chain(inner.history.iter().filter_map(Past::read).map(|past| finished(&past)))
        .collect()
}

pub(super) async fn list(State(shared): State<Arc<Shared>>, uri: Uri) -> Answer {
    let query = http::query(&uri);
    let bad = |message: String| answer::json(StatusCode::BAD_REQUEST, &json!({ "error": message }));
    let wanted = http::first(&query, "status").filter(|text| !text.is_empty());
    let wanted: Vec<&str> =
        wanted.unwrap_or_default().split(',').map(str::trim).filter(|status| !status.is_empty()).collect();
    let unknown: Vec<&str> = wanted.iter().copied().filter(|status| !STATUSES.contains(status)).collect();
    if !unknown.is_empty() {
        let known = STATUSES.join(", ");
        let unknown = unknown.join(", ");
        return bad(format!("Invalid status value(s): {unknown}. Valid values: {known}"));
    }
    let sort_by = http::first(&query, "sort_by").unwrap_or("created_at");
    let sort_order = http::first(&query, "sort_order").unwrap_or("desc");
    if !["created_at", "execution_duration"].contains(&sort_by) {
        return bad("sort_by must be 'created_at' or 'execution_duration'".to_owned());
    }
    if !["asc", "desc"].contains(&sort_order) {
        return bad("sort_order must be 'asc' or 'desc'".to_owned());
    }
    let number = |key: &str| http::first(&query, key).map(|text| text.trim().parse::<i64>());
    let limit = match number("limit") {
        None => None,
        Some(Ok(limit)) if limit > 0 => usize::try_from(limit).ok(),
        Some(Ok(_)) => return bad("limit must be a positive integer".to_owned()),
        Some(Err(_)) => return bad("limit must be an integer".to_owned()),
    };
    let offset = match number("offset") {
        None => 0,
        Some(Ok(offset)) => usize::try_from(offset).unwrap_or_default(),
        Some(Err(_)) => return bad("offset must be an integer".to_owned()),
    };
    let found = all(&shared.lock());
    let Ok(mut found) = found else { return answer::trouble() };
    let workflow = http::first(&query, "workflow_id");
    found.retain(|job| {
        let is = |key: &str, value: &str| job.get(key).is_some_and(|have| have == value);
        (wanted.is_empty() || wanted.iter().any(|status| is("status", status)))
            && workflow.is_none_or(|id| is("workflow_id", id))
    });
    let time = |job: &Map<String, Value>, key: &str| job.get(key).and_then(Value::as_i64).unwrap_or_default();
    found.sort_by_key(|job| match sort_by {
        "created_at" => time(job, "create_time"),
        _ => time(job, "execution_end_time") - time(job, "execution_start_time"),
    });
    if sort_order == "desc" {
        found.reverse();
    }
    let total = found.len();
    let page: Vec<Value> =
        found.into_iter().skip(offset).take(limit.unwrap_or(usize::MAX)).map(Value::from).collect();
    let has_more = offset.saturating_add(page.len()) < total;
    let pagination = json!({ "offset": offset, "limit": limit, "total": total, "has_more": has_more });
    answer::ok(&json!({ "jobs": page, "pagination": pagination }))
}

pub(super) async fn one(State(shared): State<Arc<Shared>>, Path(id): Id) -> Answer {
    let found = {
        let inner = shared.lock();
        let is_meant = |item: &&Item| item.id == id;
        if let Some(item) = inner.running.iter().find(is_meant) {
            Some(waiting(item, "in_progress").map(|job| detailed(job, item, None)))
        } else if let Some(item) = inner.queue.items().iter().find(is_meant) {
            Some(waiting(item, "pending").map(|job| detailed(job, item, None)))
        } else {
            let past = inner.history.get(&id).and_then(Past::read);
            past.map(|past| finished(&past).map(|job| detailed(job, &past.item, Some(&past))))
        }
    };
    match found {
        Some(Ok(job)) => answer::ok(&job),
        Some(Err(Trouble)) => answer::trouble(),
        None => answer::json(StatusCode::NOT_FOUND, &json!({ "error": "Job not found" })),
    }
}

fn detailed(mut job: Map<String, Value>, item: &Item, past: Option<&Entry>) -> Value {
    if let Some(past) = past {
        job.insert("outputs".to_owned(), past.outputs.clone().into());
        job.insert("execution_status".to_owned(), past.status.clone());
    }
    let workflow = json!({ "prompt": &*item.prompt, "extra_data": &*item.extra_data });
    job.insert("workflow".to_owned(), workflow);
    job.into()
}

/// Takes a job out of the queue, or interrupts it. False if it neither waits nor runs.
fn stop(shared: &Shared, id: &str) -> Result<bool, Trouble> {
    let mut inner = shared.lock();
    if inner.running.as_ref().is_some_and(|running| running.id == id) {
        if !shared.is_lost() {
            inner.interrupt = true;
        }
        return Ok(true);
    }
    if !inner.queue.items().iter().any(|item| item.id == id) {
        return Ok(false);
    }
    if !shared.is_lost() {
        inner.queue.remove(|item| item.id == id).map_err(|_| Trouble)?;
        Shared::status(&inner);
    }
    Ok(true)
}

pub(super) async fn cancel(State(shared): State<Arc<Shared>>, Path(id): Id) -> Answer {
    match stop(&shared, &id) {
        Ok(cancelled) => answer::ok(&json!({ "cancelled": cancelled })),
        Err(Trouble) => answer::trouble(),
    }
}

pub(super) async fn cancel_all(State(shared): State<Arc<Shared>>, request: Request) -> Answer {
    let bad = |answer: Value| answer::json(StatusCode::BAD_REQUEST, &answer);
    let body = match http::body(&shared, request).await {
        Ok(body) => serde_json::from_slice::<Value>(&body),
        Err(answer) => return answer,
    };
    let Ok(body) = body else { return bad(json!({ "error": "Request body must be valid JSON" })) };
    let Some(ids) = body.get("job_ids").and_then(Value::as_array) else {
        return bad(json!({ "error": "job_ids must be a list" }));
    };
    let invalid = ids.iter().filter(|id| !id.as_str().is_some_and(is_canonical));
    let invalid: Vec<String> = invalid.map(python::text).collect();
    if !invalid.is_empty() {
        return bad(json!({ "error": "job_ids contains invalid id(s)", "invalid_ids": invalid }));
    }
    let mut cancelled = false;
    for id in ids.iter().filter_map(Value::as_str) {
        match stop(&shared, id) {
            Ok(stopped) => cancelled |= stopped,
            Err(Trouble) => return answer::trouble(),
        }
    }
    answer::ok(&json!({ "cancelled": cancelled }))
}
