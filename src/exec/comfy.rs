//! ComfyUI's own server, spoken to as versions 0.3.64 to 0.27 were seen to behave.

pub mod address;
pub mod http;
