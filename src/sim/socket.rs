//! `GET /ws`: one socket a client, and the rules of its handshake.

use std::pin::pin;
use std::sync::Arc;

use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade};
use axum::extract::{Request, State};
use axum::response::IntoResponse as _;
use futures_util::SinkExt as _;
use futures_util::future::{Either, select};
use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::answer::{self, Answer};
use super::faults::FaultKind;
use super::http;
use super::info::features_of;
use super::state::{Client, Frame, Shared, Socket, queue_info};

/// Longest message that a client may send, as the server's library has it.
const MAX_FRAME: usize = 4 << 20;

/// So many messages may wait for a client that reads none, before it is cut off.
const MAX_WAITING: usize = 100_000;

pub(super) async fn open(
    State(shared): State<Arc<Shared>>,
    upgrade: Result<WebSocketUpgrade, axum::extract::ws::rejection::WebSocketUpgradeRejection>,
    request: Request,
) -> Answer {
    let Ok(upgrade) = upgrade else {
        let text = "No WebSocket UPGRADE hdr: None\n Can \"Upgrade\" only to \"WebSocket\".";
        return answer::text(axum::http::StatusCode::BAD_REQUEST, text);
    };
    let query = http::query(request.uri());
    let id = http::first(&query, "clientId").filter(|id| !id.is_empty()).map(str::to_owned);
    let id = id.unwrap_or_else(|| shared.control.uuid(false));
    upgrade.max_message_size(MAX_FRAME).on_upgrade(move |socket| follow(shared, socket, id)).into_response()
}

/// What happens next on a socket.
enum Turn {
    Received(Option<Result<Message, axum::Error>>),
    Send(Option<Frame>),
}

/// Serves a socket until it ends.
async fn follow(shared: Arc<Shared>, mut socket: WebSocket, id: String) {
    let (sender, mut waiting) = mpsc::unbounded_channel();
    greet(&shared, &id, sender);
    let mut is_first = true;
    loop {
        let turn = {
            let received = pin!(socket.recv());
            let to_send = pin!(waiting.recv());
            match select(to_send, received).await {
                Either::Left((frame, _)) => Turn::Send(frame),
                Either::Right((message, _)) => Turn::Received(message),
            }
        };
        let goes_on = match turn {
            Turn::Send(Some(frame)) => send(&shared, &mut socket, frame, &mut waiting).await,
            // Nobody sends to this socket any more, but it stays open.
            Turn::Send(None) => match socket.recv().await {
                Some(Ok(message)) => !matches!(message, Message::Close(_)),
                Some(Err(_)) | None => false,
            },
            Turn::Received(Some(Ok(Message::Text(text)))) => {
                heard(&shared, &id, &text, &mut is_first);
                true
            }
            Turn::Received(Some(Ok(Message::Close(frame)))) => {
                let code = frame.map_or(axum::extract::ws::close_code::NORMAL, |frame| frame.code);
                let answer = CloseFrame { code, reason: "".into() };
                let _ = socket.send(Message::Close(Some(answer))).await;
                false
            }
            Turn::Received(Some(Ok(_))) => true,
            Turn::Received(Some(Err(_)) | None) => false,
        };
        if !goes_on {
            break;
        }
    }
    // Whoever has the id by now goes with it: the server looks at the id alone.
    let mut inner = shared.lock();
    inner.sockets.remove(&id);
    inner.metadata.remove(&id);
    drop(inner);
    shared.control.log(&format!("socket {id} closed"));
}

/// The server's first messages.
fn greet(shared: &Shared, id: &str, sender: mpsc::UnboundedSender<Frame>) {
    let mut inner = shared.lock();
    let status = json!({ "status": queue_info(&inner), "sid": id });
    let _ = sender.send(Shared::text("status", &status));
    if let (Some(Client::Id(client)), Some(node)) = (&inner.client, &inner.last_node)
        && client == id
    {
        let _ = sender.send(Shared::text("executing", &json!({ "node": node })));
    }
    inner.metadata.remove(id);
    inner.sockets.insert(id.to_owned(), Socket { sender });
    shared.control.log(&format!("socket {id} opened"));
}

/// Sends a message, and all that wait behind it. False if the socket is cut.
async fn send(
    shared: &Shared,
    socket: &mut WebSocket,
    frame: Frame,
    waiting: &mut mpsc::UnboundedReceiver<Frame>,
) -> bool {
    let mut next = Some(frame);
    while let Some(frame) = next {
        if waiting.len() > MAX_WAITING || shared.control.hit(FaultKind::WsCut).is_some() {
            let _ = socket.flush().await;
            return false;
        }
        let message = match frame {
            Frame::Text(text) => Message::text(&*text),
            Frame::Binary(bytes) => Message::binary(bytes.to_vec()),
        };
        if socket.feed(message).await.is_err() {
            return false;
        }
        next = waiting.try_recv().ok();
    }
    socket.flush().await.is_ok()
}

/// A client's text. Of the first one that is JSON, feature flags count; all else is dropped.
fn heard(shared: &Shared, id: &str, text: &str, is_first: &mut bool) {
    let Ok(Value::Object(message)) = serde_json::from_str::<Value>(text) else { return };
    if std::mem::take(is_first) && message.get("type").is_some_and(|kind| kind == "feature_flags") {
        let reads = message.get("data").and_then(|data| data.get("supports_preview_metadata"));
        let mut inner = shared.lock();
        if reads.is_some_and(super::python::truth) {
            inner.metadata.insert(id.to_owned());
        }
        if let Some(socket) = inner.sockets.get(id) {
            let _ = socket.sender.send(Shared::text("feature_flags", &features_of(&shared.config)));
        }
    }
}
