//! Routes that the editor asks for: its settings, the server's log, folders. There is no editor, but clients use them, too.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, Request, State};
use axum::http::{StatusCode, Uri};
use axum::routing::{any, get, patch};
use serde_json::{Map, Value, json};

use super::answer::{self, Answer};
use super::files::Folder;
use super::http::{self, Id};
use super::info::FOLDERS;
use super::prefix::calendar;
use super::state::{Inner, Shared};

/// Most lines of the log that are kept, as ComfyUI's `app/logger.py` has it.
const MAX_LINES: usize = 300;

/// The size that Python takes a terminal to have where there is none.
const SIZE: (u32, u32) = (80, 24);

/// What the editor has put there, and what it is told.
#[derive(Debug, Default)]
pub(super) struct Editor {
    settings: Map<String, Value>,
    lines: VecDeque<Value>,
    /// The clients that want to be told of each line.
    listeners: BTreeSet<String>,
    /// True if somebody was told the size of the terminal, which does not change.
    is_size_told: bool,
}

/// Routes that have a twin under `/api`. Classes are replaced by others only in newer versions.
pub(super) fn routes(has_replacements: bool) -> Router<Arc<Shared>> {
    let router = Router::new()
        .route("/settings", get(settings).post(set_all))
        .route("/settings/{id}", get(setting).post(set))
        .route("/users", get(users))
        .route("/userdata", get(user_files))
        .route("/v2/userdata", get(empty_list))
        .route("/i18n", get(empty))
        .route("/workflow_templates", get(empty))
        .route("/global_subgraphs", get(empty))
        .route("/global_subgraphs/{id}", get(nothing))
        .route("/experiment/models", get(models))
        .route("/experiment/models/{folder}", get(models_of));
    if has_replacements { router.route("/node_replacements", get(empty)) } else { router }
}

/// Routes that have none.
pub(super) fn alone(has_assets: bool) -> Router<Arc<Shared>> {
    let router = Router::new()
        .route("/internal/logs", get(log))
        .route("/internal/logs/raw", get(raw_log))
        .route("/internal/logs/subscribe", patch(subscribe))
        .route("/internal/folder_paths", get(folders))
        .route("/internal/files/{folder}", get(files));
    if !has_assets {
        return router;
    }
    router
        .route("/api/assets", any(no_assets))
        .route("/api/assets/{*rest}", any(no_assets))
        .route("/api/tags", any(no_assets))
}

async fn empty() -> Answer {
    answer::ok(&json!({}))
}

async fn empty_list() -> Answer {
    answer::ok(&json!([]))
}

async fn nothing() -> Answer {
    answer::ok(&Value::Null)
}

async fn no_assets() -> Answer {
    let message = "Assets system is disabled. Start the server with --enable-assets to use this feature.";
    let error = json!({ "code": "SERVICE_DISABLED", "message": message, "details": {} });
    answer::json(StatusCode::SERVICE_UNAVAILABLE, &json!({ "error": error }))
}

async fn settings(State(shared): State<Arc<Shared>>) -> Answer {
    let settings = Value::Object(shared.lock().editor.settings.clone());
    answer::ok(&settings)
}

async fn setting(State(shared): State<Arc<Shared>>, Path(id): Id) -> Answer {
    let setting = shared.lock().editor.settings.get(&id).cloned().unwrap_or_default();
    answer::ok(&setting)
}

async fn set_all(State(shared): State<Arc<Shared>>, request: Request) -> Answer {
    match http::json(&shared, request).await {
        Ok(Value::Object(new)) => shared.lock().editor.settings.extend(new),
        Ok(_) => return answer::trouble(),
        Err(answer) => return answer,
    }
    answer::empty(StatusCode::OK)
}

async fn set(State(shared): State<Arc<Shared>>, Path(id): Id, request: Request) -> Answer {
    match http::json(&shared, request).await {
        Ok(value) => shared.lock().editor.settings.insert(id, value),
        Err(answer) => return answer,
    };
    answer::empty(StatusCode::OK)
}

async fn users() -> Answer {
    answer::ok(&json!({ "storage": "server", "migrated": true }))
}

/// The user has no files.
async fn user_files(uri: Uri) -> Answer {
    match http::first(&http::query(&uri), "dir").filter(|dir| !dir.is_empty()) {
        None => answer::text(StatusCode::BAD_REQUEST, "Directory not provided"),
        Some(_) => answer::text(StatusCode::NOT_FOUND, "Directory not found"),
    }
}

/// A folder of models on the server's disk.
fn folder_of(shared: &Shared, name: &str) -> Value {
    json!([shared.shown(&format!("{}/models/{name}", shared.root()))])
}

async fn models(State(shared): State<Arc<Shared>>) -> Answer {
    let names = FOLDERS.iter().filter(|name| !matches!(**name, "configs" | "custom_nodes"));
    let all: Value = names.map(|name| json!({ "name": name, "folders": folder_of(&shared, name) })).collect();
    answer::ok(&all)
}

/// Files of a folder, of which neither size nor age is known.
async fn models_of(State(shared): State<Arc<Shared>>, Path(folder): Id) -> Answer {
    let files = shared.config.model_files.get(&folder);
    if files.is_none() && !FOLDERS.contains(&&*folder) {
        return answer::empty(StatusCode::NOT_FOUND);
    }
    let file = |name: &String| json!({ "name": shared.shown(name), "pathIndex": 0, "modified": 0, "created": 0, "size": 0 });
    let all: Value = files.into_iter().flatten().map(file).collect();
    answer::ok(&all)
}

async fn folders(State(shared): State<Arc<Shared>>) -> Answer {
    let all: Map<String, Value> =
        FOLDERS.iter().map(|name| ((*name).to_owned(), folder_of(&shared, name))).collect();
    answer::ok(&all.into())
}

/// The files that lie in a folder itself, the newest first.
async fn files(State(shared): State<Arc<Shared>>, Path(name): Id) -> Answer {
    let Some(folder) = Folder::called(&name) else {
        return answer::json(StatusCode::BAD_REQUEST, &json!({ "error": "Invalid directory type" }));
    };
    let inner = shared.lock();
    let visible = inner.files.names(folder).filter(|name| !name.contains('/') && !name.starts_with('.'));
    let mut found: Vec<(u64, String)> = visible
        .filter_map(|file| Some((inner.files.get(folder, file)?.version, format!("{file} [{name}]"))))
        .collect();
    drop(inner);
    found.sort_unstable_by(|(one, _), (other, _)| other.cmp(one));
    let names: Vec<String> = found.into_iter().map(|(_, name)| name).collect();
    answer::ok(&json!(names))
}

async fn log(State(shared): State<Arc<Shared>>) -> Answer {
    let line = |line: &Value| {
        let part = |key: &str| line[key].as_str().unwrap_or_default().to_owned();
        format!("{} - {}", part("t"), part("m"))
    };
    let text: String = shared.lock().editor.lines.iter().map(line).collect();
    answer::ok(&text.into())
}

async fn raw_log(State(shared): State<Arc<Shared>>) -> Answer {
    let mut inner = shared.lock();
    inner.editor.is_size_told = true;
    let answer = json!({ "entries": inner.editor.lines, "size": { "cols": SIZE.0, "rows": SIZE.1 } });
    drop(inner);
    answer::ok(&answer)
}

async fn subscribe(State(shared): State<Arc<Shared>>, request: Request) -> Answer {
    let body = match http::json(&shared, request).await {
        Ok(body) => body,
        Err(answer) => return answer,
    };
    let (Some(client), Some(enabled)) = (body.get("clientId"), body.get("enabled")) else {
        return answer::trouble();
    };
    // Whoever can have no socket is forgotten at the next line.
    if let Some(client) = client.as_str() {
        let listeners = &mut shared.lock().editor.listeners;
        if super::python::truth(enabled) {
            listeners.insert(client.to_owned());
        } else {
            listeners.remove(client);
        }
    }
    answer::empty(StatusCode::OK)
}

impl Shared {
    /// ComfyUI's folder on the server.
    pub(super) fn root(&self) -> &'static str {
        if self.is_windows { "C:/ComfyUI" } else { "/opt/ComfyUI" }
    }

    /// Writes a line into the server's log, and tells those who listen.
    pub(super) fn say(&self, inner: &mut Inner, line: &str) {
        let [year, month, day, hour, minute, second] = calendar(self.clock.wall_seconds());
        let time = format!("{year}-{month}-{day}T{hour}:{minute}:{second}.000000");
        let entry = json!({ "t": time, "m": format!("\u{1b}[32m[INFO]\u{1b}[0m {line}\n") });
        let editor = &mut inner.editor;
        if editor.lines.len() >= MAX_LINES {
            editor.lines.pop_front();
        }
        editor.lines.push_back(entry.clone());
        if editor.listeners.is_empty() {
            return;
        }
        let told = std::mem::replace(&mut editor.is_size_told, true);
        let size = if told { Value::Null } else { json!({ "cols": SIZE.0, "rows": SIZE.1 }) };
        let frame = Self::text("logs", &json!({ "entries": [entry], "size": size }));
        let sockets = &inner.sockets;
        editor.listeners.retain(|client| {
            sockets.get(client).is_some_and(|socket| socket.sender.send(frame.clone()).is_ok())
        });
    }
}
