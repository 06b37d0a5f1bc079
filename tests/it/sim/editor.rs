//! What the editor asks a server for.

use serde_json::{Value, json};
use wfc::sim::{Config, Version};

use super::client::{Server, config, kinds, picture};

#[test]
fn settings_are_kept_and_other_lists_are_empty() {
    let server = Server::usual();
    assert_eq!(server.get("/settings").json(), json!({}));
    assert_eq!(server.get("/settings/Comfy.X").json(), Value::Null);
    assert_eq!(server.post("/settings", &json!({ "a": 1, "b": [2] })).status, 200);
    assert_eq!(server.post("/api/settings/a", &json!("three")).status, 200);
    assert_eq!(server.get("/api/settings").json(), json!({ "a": "three", "b": [2] }));
    assert_eq!(server.get("/settings/b").json(), json!([2]));
    assert_eq!(server.request("POST", "/settings", b"[]").status, 500);
    assert_eq!(server.get("/users").json(), json!({ "storage": "server", "migrated": true }));
    for path in ["/i18n", "/workflow_templates", "/global_subgraphs", "/node_replacements"] {
        assert_eq!(server.get(path).json(), json!({}), "{path}");
        assert_eq!(server.get(&format!("/api{path}")).status, 200, "{path}");
    }
    assert_eq!((server.get("/userdata").status, server.get("/userdata?dir=x").status), (400, 404));
    assert_eq!(server.get("/userdata").text(), "Directory not provided");
    let models = server.get("/experiment/models").json();
    assert_eq!(models[0], json!({ "name": "checkpoints", "folders": ["/opt/ComfyUI/models/checkpoints"] }));
    assert!(server.get("/experiment/models/vae").json()[0]["name"].is_string());
    assert_eq!(server.get("/experiment/models/nowhere").status, 404);
}

#[test]
fn assets_are_switched_off() {
    let server = Server::usual();
    for path in ["/api/assets", "/api/assets/seed/status", "/api/tags"] {
        let answer = server.get(path);
        assert_eq!(
            (answer.status, &answer.json()["error"]["code"]),
            (503, &json!("SERVICE_DISABLED")),
            "{path}"
        );
        assert_eq!(answer.json()["error"]["details"], json!({}));
    }
    assert_eq!(server.get("/api/api/assets").status, 404);
    let old = Server::new(Config { version: Version::V0_3_64, ..config() });
    assert_eq!((old.get("/api/assets").status, old.get("/node_replacements").status), (404, 404));
}

#[test]
fn the_log_can_be_read_and_followed() {
    let server = Server::usual();
    let mut socket = server.socket("a");
    socket.next().unwrap();
    let subscribe = |body: &str| server.request("PATCH", "/internal/logs/subscribe", body.as_bytes()).status;
    assert_eq!(subscribe(r#"{"clientId": "a", "enabled": true}"#), 200);
    assert_eq!(subscribe(r#"{"clientId": "gone", "enabled": true}"#), 200);
    assert_eq!((subscribe("{}"), subscribe("")), (500, 500));
    server.prompt(&picture(1), Some("b"));
    let heard = socket.until(|heard| heard.data()["entries"][0]["m"].to_string().contains("executed in"));
    assert_eq!(kinds(&heard), ["logs", "status", "status", "status", "logs"]);
    assert_eq!(heard[0].data()["entries"][0]["m"], "\u{1b}[32m[INFO]\u{1b}[0m got prompt\n");
    assert_eq!(heard[0].data()["size"], json!({ "cols": 80, "rows": 24 }));
    assert_eq!(heard[4].data()["size"], Value::Null);
    let text = server.get("/internal/logs").json();
    assert!(text.as_str().unwrap().ends_with(" seconds\u{1b}[0m\n"), "{text}");
    assert_eq!(server.get("/internal/logs/raw").json()["entries"].as_array().unwrap().len(), 2);
    // What is internal has no twin.
    assert_eq!(server.get("/api/internal/logs").status, 404);
    assert_eq!(subscribe(r#"{"clientId": "a", "enabled": false}"#), 200);
    server.history(&server.prompt(&picture(2), Some("b")));
    let heard = socket.until(|heard| heard.data()["status"]["exec_info"]["queue_remaining"] == 0);
    assert!(!kinds(&heard).contains(&"logs"));
}

#[test]
fn files_are_listed_the_newest_first() {
    let server = Server::usual();
    for name in ["a.png", "b.png", ".hidden"] {
        server.upload(name, b"x", &[]);
    }
    server.upload("c.png", b"x", &[("subfolder", "below")]);
    assert_eq!(server.get("/internal/files/input").json(), json!(["b.png [input]", "a.png [input]"]));
    let wrong = server.get("/internal/files/models");
    assert_eq!((wrong.status, wrong.json()), (400, json!({ "error": "Invalid directory type" })));
    let folders = server.get("/internal/folder_paths").json();
    assert_eq!(folders["loras"], json!(["/opt/ComfyUI/models/loras"]));
}
