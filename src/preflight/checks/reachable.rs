//! Whether a ComfyUI answers at the address.

use crate::plan::size;
use crate::preflight::{Asked, Outcome};

pub(super) fn look(asked: &Asked) -> Outcome {
    let server = match &asked.server {
        Ok(server) => server,
        Err(refusal) => {
            let outcome = Outcome::fail(&*refusal.message);
            return outcome.fix(refusal.help.as_deref().unwrap_or("see whether ComfyUI is up, and its log"));
        }
    };
    let version = server
        .comfyui
        .as_deref()
        .map_or_else(|| "ComfyUI of an unknown version".to_owned(), |version| format!("ComfyUI {version}"));
    let os = if server.os.is_empty() { String::new() } else { format!(" on {}", server.os) };
    let pytorch = server.pytorch.as_deref().map_or(String::new(), |version| format!(", PyTorch {version}"));
    let device = server.device.as_ref().map_or(String::new(), |device| {
        let more = match server.devices.saturating_sub(1) {
            0 => String::new(),
            more => format!(" and {more} more that ComfyUI does not use by itself"),
        };
        let memory = if device.is_cpu { String::new() } else { format!(", {}", size(device.total)) };
        format!(", {}{memory}{more}", device.name)
    });
    let played = if server.is_simulated { "; it only plays a server" } else { "" };
    Outcome::pass(format!("{version}{os}{pytorch}{device}{played}"))
}
