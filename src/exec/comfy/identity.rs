//! Who a server is: `/system_stats`, without what may be secret.

use serde_json::Value;

use super::http::Client;
use crate::exec::{Device, Error, Identity, Trouble};

/// What ComfyUI is started with that decides about memory and results. All else of its command line is left out,
/// since paths and keys stand there.
const OPTIONS: [&str; 24] = [
    "--lowvram",
    "--normalvram",
    "--highvram",
    "--novram",
    "--gpu-only",
    "--cpu",
    "--cpu-vae",
    "--disable-smart-memory",
    "--disable-pinned-memory",
    "--async-offload",
    "--fp8_e4m3fn-unet",
    "--fp8_e5m2-unet",
    "--fp16-unet",
    "--bf16-unet",
    "--fp16-vae",
    "--bf16-vae",
    "--fp32-vae",
    "--force-fp16",
    "--force-fp32",
    "--fast",
    "--use-sage-attention",
    "--use-flash-attention",
    "--cache-none",
    "--cache-classic",
];

/// What `wfc sim` calls the place where it runs.
const SIMULATED: &str = "wfc-sim";

/// Asks.
pub(super) fn ask(client: &Client) -> Result<Identity, Error> {
    let stats = client.get_json("/system_stats")?;
    let Some(system) = stats.get("system").filter(|system| system.is_object()) else {
        return Err(Error::new(
            Trouble::NotComfy,
            format!("{}: JSON without `system`", client.address().url("/system_stats")),
        )
        .help("this is not ComfyUI: check address and port"));
    };
    let text = |key: &str| system.get(key).and_then(Value::as_str).map(str::to_owned);
    let list = |value: Option<&Value>| value.and_then(Value::as_array).cloned().unwrap_or_default();
    let bytes = |device: &Value, key: &str| {
        let number = device.get(key).and_then(Value::as_f64).unwrap_or_default();
        // Whole and not negative, as far as a server can be trusted.
        format!("{number:.0}").parse().unwrap_or_default()
    };
    let devices = list(stats.get("devices"));
    let devices = devices.iter().map(|device| Device {
        name: device.get("name").and_then(Value::as_str).unwrap_or("unknown").to_owned(),
        vram_bytes: bytes(device, "vram_total"),
        vram_free_bytes: bytes(device, "vram_free"),
    });
    let argv = list(system.get("argv"));
    let options = argv.iter().filter_map(Value::as_str).filter(|option| OPTIONS.contains(option));
    let packs = list(system.get("comfy_package_versions"));
    let packs = packs.iter().filter_map(|pack| {
        let name = pack.get("name")?.as_str()?;
        let version = pack.get("installed").or_else(|| pack.get("version")).and_then(Value::as_str);
        Some(version.map_or_else(|| name.to_owned(), |version| format!("{name} {version}")))
    });
    Ok(Identity {
        address: client.address().base().to_owned(),
        comfyui: text("comfyui_version"),
        python: text("python_version"),
        pytorch: text("pytorch_version"),
        os: text("os"),
        options: options.map(str::to_owned).collect(),
        devices: devices.collect(),
        packs: packs.collect(),
        simulated: text("deploy_environment").as_deref() == Some(SIMULATED),
    })
}
