//! What a real ComfyUI did to the client, done again by servers of the tests' own.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::{Value, json};

use super::bad::serve;
use super::{Sim, batch, inspect};
use crate::support::Folder;

/// A server whose history has this entry for every workflow, and whose `/view` answers so.
fn server(entry: Value, view: impl Fn(&str) -> (u16, Vec<u8>) + Send + Sync + 'static) -> String {
    serve(move |method, path, _, body| {
        let json = |value: Value| (200, "application/json", value.to_string().into_bytes());
        let id = path.rsplit('/').next().unwrap_or_default();
        match (method, path) {
            (_, "/system_stats") => json(json!({"system": {"comfyui_version": "0.27.0"}, "devices": []})),
            ("POST", "/prompt") => {
                let body: Value = serde_json::from_slice(body).unwrap();
                json(json!({"prompt_id": body["prompt_id"], "number": 0, "node_errors": {}}))
            }
            (_, path) if path.starts_with("/history/") => json(json!({ id: entry })),
            (_, path) if path.starts_with("/view") => {
                let (status, bytes) = view(path);
                (status, "application/octet-stream", bytes)
            }
            (_, "/queue") => json(json!({"queue_running": [], "queue_pending": []})),
            _ => (404, "application/octet-stream", Vec::new()),
        }
    })
}

fn success(outputs: &Value) -> Value {
    json!({"outputs": outputs, "status": {"status_str": "success", "completed": true, "messages": []}})
}

fn smoke() -> Folder {
    Folder::with([("smoke.toml", "graph = \"smoke\"\n")])
}

#[test]
fn what_nodes_say_is_shown_and_moves_no_cursor() {
    let url = server(
        success(&json!({"save": {"text": ["Grüße, 世界\nline two\u{1b}[2J", "x".repeat(3000)]}})),
        |_| (404, Vec::new()),
    );
    let folder = smoke();
    let run = folder.wfc(&["run", "smoke.toml", "--on", &url]).succeeded();
    let end = run.stdout.lines().skip_while(|line| !line.contains("done in")).collect::<Vec<_>>().join("\n");
    let end = end.replace(&"x".repeat(900), "(900 times x)");
    let shown = folder.wfc(&["runs", "show", "1"]).succeeded().stdout;
    for text in [&end, &shown] {
        assert!(text.contains("\n  save: Grüße, 世界\n    line two [2J\n    "), "{text}");
        assert!(!text.contains('\u{1b}') && !text.contains(&"x".repeat(1000)), "{text}");
    }
    assert!(end.contains("no files"), "{end}");
    let record = folder.json("outputs/0001-smoke/run.json");
    assert!(record["jobs"][0]["texts"]["save"].as_str().unwrap().contains(&"x".repeat(3000)), "{record}");
}

#[test]
fn messages_of_exceptions_that_fill_pages_are_cut() {
    let error = json!({
        "node_id": "save", "node_type": "SaveImage", "exception_type": "RuntimeError",
        "exception_message": "ä".repeat(100_000), "traceback": [], "timestamp": 2,
    });
    let messages = json!([["execution_start", {"timestamp": 1}], ["execution_error", error]]);
    let entry =
        json!({"outputs": {}, "status": {"status_str": "error", "completed": false, "messages": messages}});
    let url = server(entry, |_| (404, Vec::new()));
    let folder = smoke();
    let run = folder.wfc(&["run", "smoke.toml", "--on", &url]);
    assert_eq!(run.code, Some(1), "{}", run.stderr);
    assert!(run.stdout.contains("… (200000 bytes in all; the server's log has them)"), "{}", run.stdout);
    assert!(run.stdout.len() < 10_000, "{}", run.stdout.len());
}

#[test]
fn an_error_in_a_success_is_an_error() {
    // A circle of inputs that no class has ends so.
    let error = json!({
        "node_id": "save", "node_type": "SaveImage", "exception_type": "graph.DependencyCycleError",
        "exception_message": "Dependency cycle detected", "traceback": [], "timestamp": 2,
    });
    let messages = json!([["execution_start", {"timestamp": 1}], ["execution_error", error]]);
    let entry =
        json!({"outputs": {}, "status": {"status_str": "success", "completed": true, "messages": messages}});
    let url = server(entry, |_| (404, Vec::new()));
    let folder = smoke();
    let run = folder.wfc(&["run", "smoke.toml", "--on", &url]);
    assert_eq!(run.code, Some(1), "{}{}", run.stdout, run.stderr);
    assert!(run.stdout.contains("Dependency cycle detected"), "{}", run.stdout);
}

#[test]
fn an_output_outside_of_the_servers_folders_is_the_nodes_fault_and_not_that_of_credentials() {
    for status in [400, 403] {
        let file = json!({"filename": "x.png", "subfolder": "../..", "type": "output"});
        let url = server(success(&json!({"save": {"images": [file]}})), move |_| (status, Vec::new()));
        let folder = smoke();
        let run = folder.wfc(&["run", "smoke.toml", "--on", &url]);
        assert_eq!(run.code, Some(1), "{}{}", run.stdout, run.stderr);
        let failed = run.stdout.lines().skip_while(|line| !line.contains("failed: ")).take(2);
        insta::allow_duplicates! {
            insta::assert_snapshot!(failed.collect::<Vec<_>>().join("\n"), @"
            smoke: failed: node `save` says that it made `../../x.png`, which the server does not give: that is outside of its folders
              help: have the node write below the output folder
            ");
        }
    }
}

#[test]
fn a_server_that_is_away_while_outputs_are_fetched_is_waited_for() {
    let asked = Arc::new(AtomicU32::new(0));
    let theirs = Arc::clone(&asked);
    let file = json!({"filename": "x.png", "subfolder": "", "type": "output"});
    let url = server(success(&json!({"save": {"images": [file]}})), move |_| {
        // More often than a connection that only stutters.
        if theirs.fetch_add(1, Ordering::AcqRel) < 6 {
            (503, Vec::new())
        } else {
            (200, b"\x89PNG\r\n\x1a\n IEND\xaeB`\x82".to_vec())
        }
    });
    let folder = smoke();
    folder.wfc(&["run", "smoke.toml", "--on", &url, "--wait", "60"]).succeeded();
    assert_eq!(inspect(&folder.path("outputs/0001-smoke")).records.len(), 1);
    assert_eq!(asked.load(Ordering::Acquire), 7);
    // Who wants to wait less does.
    asked.store(0, Ordering::Release);
    let run = folder.wfc(&["run", "smoke.toml", "--on", &url, "--wait", "0"]);
    assert_eq!(run.code, Some(2), "{}", run.stdout);
    assert!(run.stderr.contains("503"), "{}", run.stderr);
}

#[test]
fn a_job_is_stopped_when_its_time_is_over_and_not_at_the_next_look() {
    // The server tells all the time how far it is, so it is asked every five seconds only.
    let sim = Sim::on_port("0", &["--speed", "1x", "--time", "EmptyImage=4/40"]);
    let folder = Folder::with([("batch.toml", &*batch(1))]);
    let run = folder.wfc(&["run", "batch.toml", "--on", &sim.url, "--timeout", "1"]);
    assert_eq!(run.code, Some(1), "{}{}", run.stdout, run.stderr);
    assert!(run.stdout.contains("it did not end within 1 s"), "{}", run.stdout);
}
