//! `POST /prompt`, and what the server answers.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::http::{Answer, Client};
use crate::exec::{Error, Failure, Submission, Trouble};

/// Hands a workflow over once. Never with a `number`: two workflows with the same one stop the server's worker.
pub(super) fn submit(
    client: &Client,
    id: &str,
    client_id: &str,
    workflow: &[u8],
) -> Result<Submission, Error> {
    let mut body = Vec::with_capacity(workflow.len() + 160);
    body.extend_from_slice(b"{\"prompt\":");
    body.extend_from_slice(workflow.trim_ascii());
    let rest = format!(",\"client_id\":{},\"prompt_id\":{}}}", json!(client_id), json!(id));
    body.extend_from_slice(rest.as_bytes());
    let answer = client.post_json("/prompt", &body)?;
    match answer.status {
        200 => accepted(&answer, id),
        400 => rejected(&answer),
        // A body that cannot be read; or a proxy without a server behind it.
        _ => Err(answer.error()),
    }
}

fn accepted(answer: &Answer, id: &str) -> Result<Submission, Error> {
    let arrived = |error: Error| Error { may_have_arrived: true, ..error };
    let json = answer.json().ok_or_else(|| arrived(answer.no_json()))?;
    if json.get("prompt_id").and_then(Value::as_str) != Some(id) {
        let message = format!("{}: the answer does not name the workflow that was sent", answer.url);
        return Err(arrived(Error::new(Trouble::NotComfy, message)));
    }
    // The rest of the workflow would run, without these outputs.
    match json.get("node_errors").and_then(Value::as_object).filter(|errors| !errors.is_empty()) {
        Some(_) => Ok(Submission::Rejected(Box::new(failure(&json)), true)),
        None => Ok(Submission::Accepted),
    }
}

fn rejected(answer: &Answer) -> Result<Submission, Error> {
    let json = answer.json().ok_or_else(|| answer.no_json())?;
    if json.get("error").is_none() && json.get("node_errors").is_none() {
        let message = format!("{}: status 400 without a reason that ComfyUI would give", answer.url);
        return Err(Error::new(Trouble::NotComfy, message));
    }
    Ok(Submission::Rejected(Box::new(failure(&json)), false))
}

/// What the server found, in one text: each node with all that is wrong with it.
fn failure(json: &Value) -> Failure {
    let text =
        |value: &Value, key: &str| value.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let joined = |value: &Value| {
        let (message, details) = (text(value, "message"), text(value, "details"));
        if details.is_empty() || message.contains(&details) {
            message
        } else {
            format!("{message}: {details}")
        }
    };
    let mut lines = Vec::new();
    let mut kinds = BTreeSet::new();
    let mut first: Option<(String, String)> = None;
    for (node, errors) in json.get("node_errors").and_then(Value::as_object).into_iter().flatten() {
        let class = text(errors, "class_type");
        let list = errors.get("errors").and_then(Value::as_array).into_iter().flatten();
        // The server writes them in the order of a hash table.
        let list = list.inspect(|error| {
            kinds.insert(text(error, "type"));
        });
        let mut list: Vec<_> = list.map(joined).collect();
        list.sort();
        lines.extend(list.into_iter().map(|error| format!("`{node}` ({class}): {error}")));
        first.get_or_insert((node.clone(), class));
    }
    let error = json.get("error").cloned().unwrap_or_default();
    if lines.is_empty() {
        lines.push(if error.is_string() {
            error.as_str().unwrap_or_default().to_owned()
        } else {
            joined(&error)
        });
    }
    if let (None, Some(extra)) = (&first, error.get("extra_info"))
        && let Some(node) = extra.get("node_id").and_then(Value::as_str)
    {
        first = Some((node.to_owned(), text(extra, "class_type")));
    }
    let help = match error.get("type").and_then(Value::as_str) {
        Some("missing_node_type") => "install the node pack on the server, and start it again",
        // Code of the class decides, which only the server has.
        _ if kinds.iter().eq(["custom_validation_failed"]) => {
            "a check of the node's own refused it: give the value that its message asks for"
        }
        _ => "`wfc lint --catalog URL` finds this before anything is sent",
    };
    let (node, class) = first.unzip();
    Failure {
        node,
        class: class.filter(|class| !class.is_empty()),
        message: format!("the server refuses the workflow: {}", lines.join("; ")),
        help: Some(help.to_owned()),
        ..Failure::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_only_the_nodes_own_check_refuses_is_not_for_the_linter() {
        let help = |kinds: &[&str]| {
            let errors: Vec<_> = kinds.iter().map(|kind| json!({"type": kind, "message": kind})).collect();
            let node = json!({"class_type": "LoadImage", "errors": errors});
            let answer =
                json!({"error": {"type": "prompt_outputs_failed_validation"}, "node_errors": {"1": node}});
            failure(&answer).help.unwrap()
        };
        assert!(help(&["custom_validation_failed"]).contains("a check of the node's own"));
        assert!(help(&["value_not_in_list"]).contains("wfc lint"));
        assert!(help(&["custom_validation_failed", "value_not_in_list"]).contains("wfc lint"));
    }
}
