//! Requests to a ComfyUI server.

use std::io::Read;

use super::ToolError;
#[cfg(feature = "exec")]
use crate::exec::comfy::{address::Address, http::Client};

/// Opens `/object_info` of a server, with credentials if the command line names it.
#[cfg(feature = "exec")]
pub(super) fn object_info(server: &str, is_given: bool) -> Result<Box<dyn Read>, ToolError> {
    let client = if is_given { client(server)? } else { Client::new(Address::parse(server)?) };
    Ok(client.open("/object_info", 0)?.body)
}

/// The ComfyUI version that a server reports, if it does.
#[cfg(feature = "exec")]
pub(super) fn comfyui_version(server: &str) -> Option<String> {
    let stats = client(server).ok()?.get_json("/system_stats").ok()?;
    stats.pointer("/system/comfyui_version")?.as_str().map(str::to_owned)
}

/// A client of the server at an address, with the credentials and on the way that `--on` would have.
#[cfg(feature = "exec")]
fn client(server: &str) -> Result<Client, ToolError> {
    super::server::On::new(server.to_owned(), Vec::new()).client(&mut super::session::Session::new(None))
}

#[cfg(not(feature = "exec"))]
pub(super) fn object_info(_: &str, _: bool) -> Result<Box<dyn Read>, ToolError> {
    Err(ToolError::new("this wfc was built without the feature `exec`, so it cannot ask a server"))
}

#[cfg(not(feature = "exec"))]
pub(super) fn comfyui_version(_: &str) -> Option<String> {
    None
}
