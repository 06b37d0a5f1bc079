//! Requests to a ComfyUI server.

use std::io::Read;
#[cfg(feature = "exec")]
use std::time::Duration;

use super::ToolError;

/// Longest answer to a question about the server itself, in bytes.
#[cfg(feature = "exec")]
const MAX_STATS_BYTES: u64 = 1 << 20;

/// How long a server may take to accept a connection.
#[cfg(feature = "exec")]
const CONNECT: Duration = Duration::from_secs(10);

/// How long it may take to begin its answer; it collects the lists of all its files for it.
#[cfg(feature = "exec")]
const ANSWER: Duration = Duration::from_mins(1);

/// How long the whole answer may take: 100 MiB over a slow line.
#[cfg(feature = "exec")]
const BODY: Duration = Duration::from_mins(10);

/// Opens `/object_info` of a server.
#[cfg(feature = "exec")]
pub(super) fn object_info(server: &str) -> Result<Box<dyn Read>, ToolError> {
    let url = endpoint(server, "object_info");
    Ok(Box::new(get(&url)?.into_body().into_reader()))
}

/// The ComfyUI version that a server reports, if it does.
#[cfg(feature = "exec")]
pub(super) fn comfyui_version(server: &str) -> Option<String> {
    let answer = get(&endpoint(server, "system_stats")).ok()?;
    let body = answer.into_body().into_reader().take(MAX_STATS_BYTES);
    let stats: serde_json::Value = serde_json::from_reader(body).ok()?;
    stats.pointer("/system/comfyui_version")?.as_str().map(str::to_owned)
}

#[cfg(feature = "exec")]
fn get(url: &str) -> Result<ureq::http::Response<ureq::Body>, ToolError> {
    let config = ureq::Agent::config_builder()
        .timeout_connect(Some(CONNECT))
        .timeout_recv_response(Some(ANSWER))
        .timeout_recv_body(Some(BODY))
        .build();
    ureq::Agent::new_with_config(config).get(url).call().map_err(|error| {
        ToolError::new(format!("{url}: {error}; is ComfyUI running there? try the address in a browser"))
    })
}

#[cfg(feature = "exec")]
fn endpoint(server: &str, path: &str) -> String {
    let server = server.trim_end_matches('/');
    let server = server.strip_suffix("/object_info").unwrap_or(server);
    format!("{server}/{path}")
}

#[cfg(not(feature = "exec"))]
pub(super) fn object_info(_: &str) -> Result<Box<dyn Read>, ToolError> {
    Err(ToolError::new("this wfc was built without the feature `exec`, so it cannot ask a server"))
}

#[cfg(not(feature = "exec"))]
pub(super) fn comfyui_version(_: &str) -> Option<String> {
    None
}
