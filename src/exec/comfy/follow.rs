//! Where a workflow stands: `/history` and `/queue`, which are the truth.

use serde_json::Value;

use super::http::Client;
use crate::exec::{Ended, Error, Failure, Queue, RemoteFile, Standing, Trouble};

/// Longest text of a node that is kept, in bytes.
const MAX_TEXT_BYTES: usize = 16 << 10;

/// Most texts and files of a workflow that are kept.
const MOST: usize = 10_000;

/// Longest message of an exception that is kept, in bytes. Those of models that do not fit name every weight.
const MAX_MESSAGE_BYTES: usize = 4 << 10;

/// Lines of a traceback that are kept.
const TRACEBACK: usize = 12;

/// Asks the history. What is not in it has not ended, or was never there.
pub(super) fn standing(client: &Client, id: &str) -> Result<Standing, Error> {
    let history = client.get_json(&format!("/history/{id}"))?;
    let Some(entries) = history.as_object() else {
        let url = client.address().url("/history");
        return Err(Error::new(Trouble::NotComfy, format!("{url}: JSON, but no history")));
    };
    let Some(entry) = entries.get(id) else { return Ok(Standing::Open) };
    Ok(Standing::Ended(Box::new(ended(entry))))
}

fn ended(entry: &Value) -> Ended {
    let mut ended = Ended::default();
    let chosen = entry.pointer("/prompt/4").and_then(Value::as_array);
    ended.chosen =
        chosen.map(|nodes| nodes.iter().filter_map(|node| node.as_str().map(str::to_owned)).collect());
    for (node, output) in entry.get("outputs").and_then(Value::as_object).into_iter().flatten() {
        for (key, values) in output.as_object().into_iter().flatten() {
            let values = match values {
                Value::Array(values) => values.as_slice(),
                Value::Object(_) => std::slice::from_ref(values),
                _ => &[],
            };
            for value in values {
                match value {
                    Value::Object(file) if ended.files.len() < MOST => {
                        let text = |name: &str| file.get(name).and_then(Value::as_str).map(str::to_owned);
                        let Some(filename) = text("filename").filter(|name| !name.is_empty()) else {
                            continue;
                        };
                        ended.files.push(RemoteFile {
                            node: node.clone(),
                            key: key.clone(),
                            filename,
                            subfolder: text("subfolder").unwrap_or_default(),
                            kind: text("type").unwrap_or_else(|| "output".to_owned()),
                        });
                    }
                    Value::String(text) if ended.texts.len() < MOST => {
                        let kept = text.get(..text.floor_char_boundary(MAX_TEXT_BYTES)).unwrap_or_default();
                        ended.texts.push((node.clone(), kept.to_owned()));
                    }
                    _ => {}
                }
            }
        }
    }
    let status = entry.get("status").cloned().unwrap_or_default();
    let mut start = None;
    let mut end = None;
    let mut last_failure = None;
    for message in status.get("messages").and_then(Value::as_array).into_iter().flatten() {
        let (Some(event), Some(data)) = (message.get(0).and_then(Value::as_str), message.get(1)) else {
            continue;
        };
        let at = data.get("timestamp").and_then(Value::as_u64);
        match event {
            "execution_start" => start = at,
            "execution_success" => end = at,
            "execution_error" => {
                end = at;
                last_failure = Some(failure(data));
            }
            "execution_interrupted" => {
                end = at;
                ended.is_cancelled = true;
            }
            _ => {}
        }
    }
    ended.span_ms = start.zip(end);
    // A circle of inputs that no class has ends in an error and in success.
    let is_success =
        status.get("status_str").and_then(Value::as_str) == Some("success") && last_failure.is_none();
    if is_success {
        ended.is_cancelled = false;
    } else {
        ended.failure = Some(match last_failure {
            Some(failure) => failure,
            None if ended.is_cancelled => {
                Failure { message: "stopped on the server".to_owned(), ..Failure::default() }
            }
            None => Failure {
                message: "the server says that it failed, and not why; its log may tell".to_owned(),
                ..Failure::default()
            },
        });
    }
    ended
}

fn failure(data: &Value) -> Failure {
    let text = |key: &str| data.get(key).and_then(Value::as_str).map(|text| text.trim().to_owned());
    let exception = text("exception_type");
    let message = text("exception_message").unwrap_or_default();
    let lower = message.to_lowercase();
    let is_oom = exception.as_deref().is_some_and(|name| name.contains("OutOfMemory"))
        || ["out of memory", "allocation on device", "cublas_status_alloc_failed"]
            .iter()
            .any(|text| lower.contains(text));
    let traceback: Vec<String> = data
        .get("traceback")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(|line| Some(line.as_str()?.trim_end().to_owned()))
        .collect();
    let end = message.floor_char_boundary(MAX_MESSAGE_BYTES);
    let message = if end < message.len() {
        let kept = message.get(..end).unwrap_or_default();
        format!("{kept}… ({} bytes in all; the server's log has them)", message.len())
    } else {
        message
    };
    let skipped = traceback.len().saturating_sub(TRACEBACK);
    Failure {
        node: text("node_id"),
        class: text("node_type"),
        exception,
        message: if message.is_empty() { "the node failed without a message".to_owned() } else { message },
        help: None,
        is_oom,
        traceback: traceback.into_iter().skip(skipped).collect(),
        label: None,
    }
}

/// Asks what is running and waiting. The server lists what waits in the order of its heap; here it is in that of
/// execution.
pub(super) fn queue(client: &Client) -> Result<Queue, Error> {
    let json = client.get_json("/queue")?;
    let items = |key: &str| -> Option<Vec<(f64, String)>> {
        let list = json.get(key)?.as_array()?;
        let item = |item: &Value| Some((item.get(0)?.as_f64()?, item.get(1)?.as_str()?.to_owned()));
        Some(list.iter().filter_map(item).collect())
    };
    let (Some(running), Some(mut waiting)) = (items("queue_running"), items("queue_pending")) else {
        let url = client.address().url("/queue");
        return Err(Error::new(Trouble::NotComfy, format!("{url}: JSON, but no queue")));
    };
    waiting.sort_by(|(a, first), (b, second)| a.total_cmp(b).then_with(|| first.cmp(second)));
    let ids = |items: Vec<(f64, String)>| items.into_iter().map(|(_, id)| id).collect();
    Ok(Queue { running: ids(running), waiting: ids(waiting) })
}
