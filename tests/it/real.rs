//! A real ComfyUI: what it answered once is what `wfc sim` answers, and what it still answers where `WFC_COMFYUI` names
//! one. With it, the smoke test of `docs/run.md` runs, too.

use std::path::Path;

use serde_json::{Map, Value, json};

use crate::run::Sim;
use crate::support::{Folder, repository};

/// The variable that names a real server.
const VARIABLE: &str = "WFC_COMFYUI";

/// The real server, if there is one; says so where there is none.
fn real() -> Option<String> {
    let url = std::env::var(VARIABLE).ok().filter(|url| !url.is_empty());
    if url.is_none() {
        eprintln!("skipped: {VARIABLE} names no ComfyUI, such as http://127.0.0.1:8188");
    }
    url.map(|url| url.trim_end_matches('/').to_owned())
}

/// What a server answers: status, type, JSON or text.
fn answer(url: &str, line: &Value) -> (u16, Value, Value) {
    let config = ureq::Agent::config_builder().http_status_as_error(false).max_idle_connections(0).build();
    let agent = ureq::Agent::new_with_config(config);
    let text = |key: &str| line[key].as_str().map(str::to_owned);
    let body = text("raw").or_else(|| (!line["request"].is_null()).then(|| line["request"].to_string()));
    let request = ureq::http::Request::builder()
        .method(line["method"].as_str().unwrap())
        .uri(format!("{url}{}", line["path"].as_str().unwrap()))
        .body(body.unwrap_or_default())
        .unwrap();
    let mut answer = agent.run(request).unwrap();
    let kind = answer.headers().get("content-type").map(|kind| kind.to_str().unwrap().to_owned());
    let text = answer.body_mut().read_to_string().unwrap();
    let is_json = kind.as_deref().is_some_and(|kind| kind.contains("json"));
    let body = match is_json {
        true => serde_json::from_str(&text).unwrap(),
        false if kind.as_deref().is_some_and(|kind| kind.starts_with("text/plain")) => text.into(),
        false => Value::Null,
    };
    (answer.status().as_u16(), json!(kind), body)
}

/// Without what differs from run to run, what catalogs leave out, and the order of errors, which Python takes from a set.
fn settled(value: &Value) -> Value {
    match value {
        Value::Object(entries) => {
            let kept = entries.iter().filter(|(key, _)| !LEFT_OUT.contains(&&***key));
            let settled = kept.map(|(key, value)| {
                let mut value = settled(value);
                match (&**key, &mut value) {
                    ("traceback", _) => value = json!(["a traceback"]),
                    ("errors" | "dependent_outputs", Value::Array(items)) => {
                        items.sort_by_key(Value::to_string);
                    }
                    _ => {}
                }
                (key.clone(), value)
            });
            Value::Object(settled.collect::<Map<_, _>>())
        }
        Value::Array(items) => items.iter().map(settled).collect(),
        other => other.clone(),
    }
}

/// How inputs are shown in the editor.
const LEFT_OUT: [&str; 4] = ["tooltip", "display", "multiselect", "multiline"];

fn recordings() -> Vec<(String, Vec<Value>)> {
    let folder = repository("tests/it/real");
    let mut paths: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| is_recording(path))
        .collect();
    paths.sort();
    let read = |path: &Path| {
        let text = std::fs::read_to_string(path).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    };
    paths.iter().map(|path| (path.file_stem().unwrap().to_string_lossy().into_owned(), read(path))).collect()
}

fn is_recording(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "jsonl")
}

/// What a server answers differently.
fn differences(url: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (name, lines) in recordings() {
        for line in &lines {
            let (status, kind, body) = answer(url, line);
            let wanted = if line["text"].is_null() { &line["response"] } else { &line["text"] };
            let pairs = [
                ("status", line["status"].clone(), json!(status)),
                ("type", line["content_type"].clone(), kind),
                ("answer", settled(wanted), settled(&body)),
            ];
            for (what, want, have) in pairs.iter().filter(|(_, want, have)| want != have) {
                let (method, path, sent) = (&line["method"], &line["path"], &line["raw"]);
                found.push(format!(
                    "{name}: {method} {path} {} {sent}: {what}\n  want {want}\n  have {have}",
                    line["tag"]
                ));
            }
        }
    }
    found
}

#[test]
fn the_simulated_server_answers_as_a_real_one_did() {
    let sim = Sim::start(&[]);
    let found = differences(&sim.url);
    assert!(found.is_empty(), "{} differences:\n{}", found.len(), found.join("\n"));
}

#[test]
fn a_real_server_answers_as_it_did() {
    let Some(url) = real() else { return };
    let found = differences(&url);
    assert!(found.is_empty(), "{} differences:\n{}", found.len(), found.join("\n"));
}

#[test]
fn the_smoke_test_runs_on_a_real_server() {
    let Some(url) = real() else { return };
    let folder = Folder::with([("smoke.toml", "graph = \"smoke\"\n")]);
    let doctor = folder.wfc(&["doctor", "smoke.toml", "--on", &url]);
    assert_eq!(doctor.code, Some(0), "{}{}", doctor.stdout, doctor.stderr);
    // Each time a picture that the server has not in its cache, and the same once more.
    let seconds = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    let color = format!("color={}", seconds % 16_777_216);
    let arguments = ["run", "smoke.toml", "--on", &url, "--set", &color];
    for number in 1..=2 {
        let run = folder.wfc(&arguments);
        assert_eq!(run.code, Some(0), "{}{}", run.stdout, run.stderr);
        let left = crate::run::inspect(&folder.path(&format!("outputs/000{number}-smoke")));
        assert_eq!((left.records.len(), left.records[0].outputs.len()), (1, 1));
        assert_eq!(left.records[0].times.cached.is_empty(), number == 1, "{:?}", left.records[0].times);
    }
    let lint = folder.wfc(&["lint", "smoke.toml", "--catalog", &url]);
    assert_eq!(lint.code, Some(0), "{}{}", lint.stdout, lint.stderr);
}
