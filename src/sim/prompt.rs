//! `POST /prompt`.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::StatusCode;
use serde_json::{Map, Value, json};

use super::answer::{self, Answer};
use super::state::{Item, Number, Shared};
use super::validate::{Accepted, Refusal, validate};
use super::{Version, errors, http, python};

/// Keys of `extra_data` that nobody else is to see.
const SECRETS: [&str; 2] = ["auth_token_comfy_org", "api_key_comfy_org"];

pub(super) async fn post(State(shared): State<Arc<Shared>>, request: Request) -> Answer {
    let body = match http::json(&shared, request).await {
        Ok(body) => body,
        Err(answer) => return answer,
    };
    accept(&shared, body).unwrap_or_else(|answer| *answer)
}

fn accept(shared: &Shared, mut body: Value) -> Result<Answer, Box<Answer>> {
    let trouble = || Box::new(answer::trouble());
    shared.say(&mut shared.lock(), "got prompt");
    let is_named = match &body {
        Value::Array(items) => ["prompt", "number"].iter().any(|name| items.iter().any(|item| item == name)),
        Value::String(text) => ["prompt", "number"].iter().any(|name| text.contains(name)),
        Value::Object(_) => false,
        Value::Null | Value::Bool(_) | Value::Number(_) => true,
    };
    if is_named {
        // Python finds the name in it, or cannot look, and then it is no object.
        return Err(trouble());
    }
    let mut nothing = Map::new();
    let fields = body.as_object_mut().unwrap_or(&mut nothing);
    let number = number(shared, fields).ok_or_else(trouble)?;
    let refuse = |error: &Value, node_errors: &Map<String, Value>| {
        let answer = json!({ "error": error, "node_errors": node_errors });
        Box::new(answer::json(StatusCode::BAD_REQUEST, &answer))
    };
    let Some(prompt) = fields.remove("prompt") else {
        let said = "No prompt provided";
        return Err(refuse(&errors::error("no_prompt", said, said, &json!({})), &Map::new()));
    };
    let id = id(shared, fields.get("prompt_id")).ok_or_else(|| refuse(&invalid_id(), &Map::new()))?;
    let is_old = shared.config.version == Version::V0_3_64;
    if !is_old && matches!(fields.get("extra_data"), Some(Value::Null | Value::Bool(_) | Value::Number(_))) {
        return Err(trouble());
    }
    let partial = fields.get("partial_execution_targets");
    let config = &shared.config;
    let has_input = |name: &str| shared.lock().files.has_input(&shared.read_path(name));
    let accepted = validate(prompt, partial, config, &has_input).map_err(|refusal| match refusal {
        Refusal::Fails => trouble(),
        Refusal::Error(said) => refuse(&said.0, &said.1),
    })?;
    let Accepted { prompt, outputs, node_errors } = accepted;
    let mut extra_data = match fields.remove("extra_data") {
        None => Map::new(),
        Some(Value::Object(extra_data)) => extra_data,
        Some(_) => return Err(trouble()),
    };
    if let Some(client_id) = fields.remove("client_id") {
        extra_data.insert("client_id".to_owned(), client_id);
    }
    if config.version != Version::V0_3_64 {
        for secret in SECRETS {
            extra_data.shift_remove(secret);
        }
        extra_data.insert("create_time".to_owned(), shared.clock.now_ms().into());
    }
    let nodes = prompt.as_object().map_or(0, Map::len);
    let item = Item {
        number,
        id: id.clone(),
        prompt: Arc::new(prompt),
        extra_data: Arc::new(extra_data.into()),
        outputs,
    };
    // The answer is written after the prompt is in the queue, where the worker may have it already.
    shared.put(item).map_err(|_| trouble())?;
    shared.control.log(&format!("job {id} accepted, {nodes} nodes"));
    let answer = json!({ "prompt_id": id, "number": number.json(), "node_errors": node_errors });
    Ok(answer::ok(&answer))
}

/// The prompt's place in the queue. The server's counter is used up by prompts that it refuses, too.
fn number(shared: &Shared, fields: &Map<String, Value>) -> Option<Number> {
    if let Some(given) = fields.get("number") {
        let Value::Number(number) = errors::float(given)? else { return None };
        return number.as_f64().map(Number::Given);
    }
    let mut inner = shared.lock();
    let counted = inner.counter;
    inner.counter += 1;
    let is_first = fields.get("front").is_some_and(python::truth);
    Some(Number::Counted(if is_first { -counted } else { counted }))
}

/// The prompt's id: the client's, or a new one.
fn id(shared: &Shared, given: Option<&Value>) -> Option<String> {
    match (shared.config.version, given) {
        (Version::V0_3_64, Some(given)) => Some(python::text(given)),
        (_, None | Some(Value::Null)) => Some(shared.control.uuid(true)),
        (_, Some(Value::String(id))) => Some(id.clone()).filter(|id| is_canonical(id)),
        (_, Some(_)) => None,
    }
}

/// True for a UUID in lowercase with hyphens.
pub(super) fn is_canonical(id: &str) -> bool {
    id.len() == 36
        && id.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte),
        })
}

fn invalid_id() -> Value {
    let details = "prompt_id must be a UUID string in canonical lowercase hyphenated form; omit it to let the server \
                   generate one";
    errors::error("invalid_prompt_id", "prompt_id must be a valid UUID", details, &json!({}))
}
