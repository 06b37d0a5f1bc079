//! Routes of the queue and the history.

use std::sync::Arc;

use axum::extract::{Path, Request, State};
use axum::http::{StatusCode, Uri};
use serde_json::{Map, Value, json};

use super::answer::{self, Answer};
use super::faults::FaultKind;
use super::history::{History, page};
use super::http::{self, Id};
use super::python;
use super::state::{Item, Shared, queue_info};

pub(super) async fn remaining(State(shared): State<Arc<Shared>>) -> Answer {
    let info = queue_info(&shared.lock());
    answer::ok(&info)
}

pub(super) async fn list(State(shared): State<Arc<Shared>>) -> Answer {
    let lists = {
        let inner = shared.lock();
        let running: Vec<Value> = inner.running.iter().map(Item::json).collect();
        let pending: Vec<Value> = inner.queue.items().iter().map(Item::json).collect();
        json!({ "queue_running": running, "queue_pending": pending })
    };
    answer::ok(&lists)
}

/// The ids of a list; nothing for what Python cannot go through.
fn ids(value: &Value) -> Option<Vec<String>> {
    match value {
        Value::Array(ids) => Some(ids.iter().filter_map(|id| Some(id.as_str()?.to_owned())).collect()),
        // Letters and keys are no ids of prompts.
        Value::String(_) | Value::Object(_) => Some(Vec::new()),
        Value::Null | Value::Bool(_) | Value::Number(_) => None,
    }
}

/// What the queue or the history is to forget.
struct Forget {
    all: bool,
    /// Then these; nothing for what Python cannot go through.
    ids: Option<Vec<String>>,
}

/// The body of a request to forget.
async fn what_to_forget(shared: &Shared, request: Request) -> Result<Forget, Answer> {
    let body = match http::json(shared, request).await? {
        Value::Object(body) => body,
        Value::Array(_) | Value::String(_) => Map::new(),
        Value::Null | Value::Bool(_) | Value::Number(_) => return Err(answer::trouble()),
    };
    let ids = match body.get("delete") {
        None => Some(Vec::new()),
        Some(delete) => ids(delete),
    };
    Ok(Forget { all: body.get("clear").is_some_and(python::truth), ids })
}

pub(super) async fn change(State(shared): State<Arc<Shared>>, request: Request) -> Answer {
    let forget = match what_to_forget(&shared, request).await {
        Ok(forget) => forget,
        Err(answer) => return answer,
    };
    let mut inner = shared.lock();
    if forget.all {
        inner.queue.clear();
        Shared::status(&inner);
    }
    let Some(ids) = forget.ids else { return answer::trouble() };
    for id in ids {
        match inner.queue.remove(|item| item.id == id) {
            Ok(true) => Shared::status(&inner),
            Ok(false) => {}
            Err(_) => return answer::trouble(),
        }
    }
    answer::empty(StatusCode::OK)
}

pub(super) async fn interrupt(State(shared): State<Arc<Shared>>, request: Request) -> Answer {
    let bytes = match http::body(&shared, request).await {
        Ok(bytes) => bytes,
        Err(answer) => return answer,
    };
    // What is no JSON counts as nothing; other JSON than an object is an exception.
    let body = match serde_json::from_slice::<Value>(&bytes) {
        Err(_) => Map::new(),
        Ok(Value::Object(body)) => body,
        Ok(_) => return answer::trouble(),
    };
    let prompt_id = body.get("prompt_id").filter(|id| python::truth(id));
    let mut inner = shared.lock();
    let is_meant =
        prompt_id.is_none_or(|id| inner.running.as_ref().is_some_and(|running| *id == *running.id));
    if is_meant && !shared.is_lost() {
        inner.interrupt = true;
    }
    answer::empty(StatusCode::OK)
}

impl Shared {
    /// True if an interrupt gets lost.
    pub(super) fn is_lost(&self) -> bool {
        self.control.hit(FaultKind::LostInterrupt).is_some_and(|probability| self.control.chance(probability))
    }
}

pub(super) async fn free(State(shared): State<Arc<Shared>>, request: Request) -> Answer {
    let body = match http::json(&shared, request).await {
        Ok(Value::Object(body)) => body,
        Ok(_) => return answer::trouble(),
        Err(answer) => return answer,
    };
    let asks = |key: &str| body.get(key).is_some_and(python::truth);
    let mut inner = shared.lock();
    inner.free.0 |= asks("unload_models");
    inner.free.1 |= asks("free_memory");
    drop(inner);
    shared.work.notify_one();
    answer::empty(StatusCode::OK)
}

pub(super) async fn history(State(shared): State<Arc<Shared>>, uri: Uri) -> Answer {
    let query = http::query(&uri);
    let number = |key: &str| match http::first(&query, key) {
        None => Ok(None),
        Some(text) => text.trim().parse::<i64>().map(Some),
    };
    let (most, offset) = match (number("max_items"), number("offset")) {
        (Ok(most), Ok(offset)) => (most, offset.unwrap_or(-1)),
        (Err(_), _) | (_, Err(_)) => return answer::trouble(),
    };
    let page = {
        let inner = shared.lock();
        let length = i64::try_from(inner.history.len()).unwrap_or(i64::MAX);
        let offset = match most {
            Some(most) if offset < 0 => length - most,
            _ => offset,
        };
        let first = usize::try_from(offset).unwrap_or_default();
        // Python looks whether it has enough behind the first one.
        let most = most.map_or(usize::MAX, |most| usize::try_from(most).unwrap_or_default().max(1));
        page(inner.history.iter().skip(first).take(most))
    };
    answer::json_text(StatusCode::OK, page)
}

pub(super) async fn past(State(shared): State<Arc<Shared>>, Path(id): Id) -> Answer {
    let page = page(shared.lock().history.get(&id).into_iter());
    answer::json_text(StatusCode::OK, page)
}

pub(super) async fn forget(State(shared): State<Arc<Shared>>, request: Request) -> Answer {
    let forget = match what_to_forget(&shared, request).await {
        Ok(forget) => forget,
        Err(answer) => return answer,
    };
    let mut inner = shared.lock();
    if forget.all {
        inner.history = History::default();
    }
    let Some(ids) = forget.ids else { return answer::trouble() };
    for id in ids {
        inner.history.remove(&id);
    }
    answer::empty(StatusCode::OK)
}
