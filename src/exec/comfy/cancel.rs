//! Asking a server to stop a workflow. It is a wish: whether it is fulfilled, only the history tells.

use serde_json::json;

use super::http::Client;
use crate::exec::Error;

/// Asks once. Servers without the route for it are asked in the older way: out of the queue, and an interrupt.
pub(super) fn cancel(client: &Client, id: &str, has_jobs: &mut Option<bool>) -> Result<(), Error> {
    if *has_jobs != Some(false) {
        let answer = client.post_json(&format!("/api/jobs/{id}/cancel"), b"{}")?;
        // A version that does not know the route says 404 or 405, and no JSON.
        let known = answer.status == 200 && answer.json().is_some_and(|json| json.get("cancelled").is_some());
        if known {
            *has_jobs = Some(true);
            return Ok(());
        }
        if matches!(answer.status, 404 | 405) && *has_jobs != Some(true) {
            *has_jobs = Some(false);
        }
    }
    withdraw(client, id)?;
    let interrupt = json!({"prompt_id": id}).to_string();
    client.post_json("/interrupt", interrupt.as_bytes())?;
    Ok(())
}

/// Takes it out of the queue, once.
pub(super) fn withdraw(client: &Client, id: &str) -> Result<(), Error> {
    let delete = json!({"delete": [id]}).to_string();
    client.post_json("/queue", delete.as_bytes())?;
    Ok(())
}
