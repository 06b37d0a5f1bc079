//! `wfc models` and the families of model slots.

mod check;
mod data;
mod families;
mod fetch;
mod list;
mod loras;

use crate::support::Folder;

/// A safetensors file of one tensor with `data` bytes, in all `8 + header + data` bytes long.
fn safetensors(data: usize) -> Vec<u8> {
    let header = format!("{{\"a\":{{\"dtype\":\"U8\",\"shape\":[{data}],\"data_offsets\":[0,{data}]}}}}");
    let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
    bytes.extend_from_slice(header.as_bytes());
    bytes.resize(bytes.len() + data, 7);
    bytes
}

/// A manifest, `m.wfc.json`, that needs these files: folder, file, bytes.
fn manifest(folder: &Folder, files: &[(&str, &str, u64)]) {
    let models: Vec<_> = files
        .iter()
        .map(|(folder, file, bytes)| {
            serde_json::json!({"folder": folder, "file": file, "bytes": bytes, "bytes_exact": true,
                "url": format!("http://127.0.0.1:9/{file}")})
        })
        .collect();
    let manifest = serde_json::json!({"version": 1, "requires": {"packs": [], "models": models}});
    folder.write("m.wfc.json", manifest.to_string());
}
