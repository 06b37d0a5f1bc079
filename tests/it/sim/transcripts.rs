//! Transcripts are played again: the same requests get answers and messages of the same shapes, in the same order.
//!
//! Those in `../shared/wire` were recorded from ComfyUI 0.27.0 with node classes made for it; those beside this file are
//! our own.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::{Map, Value, json};
use wfc::catalog::{Catalog, ImportOptions, read_catalog};
use wfc::sim::{Config, Speed};

use super::client::{Heard, Server, Socket, config, faults};

/// The order in which they were recorded, on one server.
const RECORDED: [&str; 9] = [
    "success_flags",
    "success_noflags",
    "warm",
    "cached",
    "error",
    "cancel_running",
    "interrupt_running",
    "partial_validation",
    "http_misc",
];

/// The classes of the recordings, and those of ComfyUI's own that they use.
fn catalog() -> Catalog {
    let embedded = Catalog::embedded();
    let probe = |input: Value, output: Value, is_output: bool| {
        json!({
            "input": input, "output": output, "output_name": output, "category": "probe",
            "python_module": "custom_nodes.probe", "output_node": is_output,
        })
    };
    let seconds = json!(["FLOAT", { "default": 0.1, "min": 0.0, "max": 60.0 }]);
    let steps = json!(["INT", { "default": 3, "min": 1, "max": 100 }]);
    let seed = json!(["INT", { "default": 0 }]);
    let sleep = json!({
        "required": { "seconds": seconds, "steps": steps, "mode": [["a", "b"]] },
        "optional": { "seed": seed, "after": ["PROBE"] },
    });
    let takes = json!({ "required": { "x": ["PROBE"] } });
    let mut classes = json!({
        "ProbeSleep": probe(sleep, json!(["PROBE"]), false),
        "ProbeFail": probe(takes.clone(), json!(["PROBE"]), false),
        "ProbeOut": probe(takes, json!([]), true),
    });
    for name in ["EmptyLatentImage", "SaveVideo", "LoadImage"] {
        let mut class: Value = serde_json::from_str(embedded.class_json(name).unwrap()).unwrap();
        class["python_module"] = "nodes".into();
        classes[name] = class;
    }
    classes["LoadImage"]["input"]["required"]["image"] =
        json!([["a (1).png", "a.png"], { "image_upload": true }]);
    read_catalog(classes.to_string().into_bytes(), &ImportOptions::default()).unwrap()
}

/// Keys and types. Lists are what all their items may be; numbers are whole or not, as Python tells them apart.
fn shape(value: &Value) -> Value {
    match value {
        Value::Null => "null".into(),
        Value::Bool(_) => "bool".into(),
        Value::Number(number) if number.is_f64() => "float".into(),
        Value::Number(_) => "int".into(),
        Value::String(_) => "text".into(),
        Value::Array(items) => {
            let shapes: BTreeSet<String> = items.iter().map(|item| shape(item).to_string()).collect();
            shapes.into_iter().map(Value::from).collect()
        }
        Value::Object(entries) => {
            let mut entries: Vec<_> = entries.iter().collect();
            entries.sort_by_key(|(key, _)| (*key).clone());
            let shapes = entries.into_iter().map(|(key, value)| (key.clone(), shape(value)));
            Value::Object(shapes.collect::<Map<_, _>>())
        }
    }
}

/// What differs from recording to recording: times, tracebacks, the order of errors, which Python takes from a set.
fn settled(value: &Value) -> Value {
    match value {
        Value::Object(entries) => {
            let settled = entries.iter().map(|(key, value)| {
                let value = match (&**key, value) {
                    ("timestamp" | "create_time" | "execution_start_time" | "execution_end_time", _) => {
                        json!(0)
                    }
                    ("traceback", Value::Array(_)) => json!(["a traceback"]),
                    ("current_inputs" | "text" | "content", _) => shape(value),
                    ("errors" | "current_outputs", Value::Array(items)) => {
                        let mut items: Vec<Value> = items.iter().map(settled).collect();
                        items.sort_by_key(Value::to_string);
                        items.into()
                    }
                    _ => settled(value),
                };
                (key.clone(), value)
            });
            Value::Object(settled.collect())
        }
        Value::Array(items) => items.iter().map(settled).collect(),
        other => other.clone(),
    }
}

/// A message, so that two that say the same are equal.
fn told(heard: &Heard) -> String {
    match heard {
        Heard::Json(message) => settled(message).to_string(),
        Heard::Bytes(bytes) => {
            let kind = u32::from_be_bytes(bytes[..4].try_into().unwrap());
            let word = u32::from_be_bytes(bytes[4..8].try_into().unwrap());
            let metadata = (kind == 4).then(|| {
                let end = 8 + word as usize;
                assert_eq!(bytes[end..end + 2], [0xFF, 0xD8], "a JPEG follows");
                String::from_utf8(bytes[8..end].to_vec()).unwrap()
            });
            format!("bytes of kind {kind}: {}", metadata.unwrap_or_else(|| word.to_string()))
        }
    }
}

/// Messages of progress that repeat each other count once, since an interrupt comes at any of them.
fn without_repeats(told: Vec<String>) -> Vec<String> {
    let is_progress = |line: &String| {
        line.starts_with("bytes") || (line.contains("\"progress") && !line.contains("finished"))
    };
    let mut kept: Vec<String> = Vec::new();
    for line in told {
        let line = if is_progress(&line) { progress_shape(&line) } else { line };
        if !kept.contains(&line) || !line.starts_with("progress") {
            kept.push(line);
        }
    }
    kept
}

fn progress_shape(line: &str) -> String {
    match serde_json::from_str::<Value>(line) {
        Ok(message) => format!("progress {}", shape(&message)),
        Err(_) => format!("progress {}", line.split(':').next().unwrap()),
    }
}

fn bytes_of(base64: &str) -> Vec<u8> {
    let digit = |c: u8| match c {
        b'A'..=b'Z' => c - b'A',
        b'a'..=b'z' => c - b'a' + 26,
        b'0'..=b'9' => c - b'0' + 52,
        b'+' => 62,
        _ => 63,
    };
    let mut bytes = Vec::new();
    for four in base64.trim_end_matches('=').as_bytes().chunks(4) {
        let bits = four.iter().fold(0_u32, |bits, c| (bits << 6) | u32::from(digit(*c)));
        let bits = bits << (6 * (4 - four.len()));
        bytes.extend(&bits.to_be_bytes()[1..four.len()]);
    }
    bytes
}

/// Plays one transcript and gives what differs.
fn play(server: &Server, name: &str, lines: &[Value]) -> Vec<String> {
    let mut differences = Vec::new();
    let mut socket: Option<Socket> = None;
    let mut heard: Vec<Heard> = Vec::new();
    let mut recorded: Vec<Heard> = Vec::new();
    let is_cut =
        lines.iter().any(|line| line["kind"] == "http" && line["tag"] != "submit" && line["tag"] != "after");
    if lines.iter().any(|line| line["kind"] == "ws_recv") {
        let submitted = lines.iter().find(|line| line["tag"] == "submit").unwrap();
        let mut open = server.socket(submitted["request"]["client_id"].as_str().unwrap());
        heard.push(open.next().unwrap());
        if let Some(line) = lines.iter().find(|line| line["kind"] == "ws_send") {
            open.send(&line["data"]);
            heard.push(open.next().unwrap());
        }
        socket = Some(open);
    }
    for line in lines {
        match line["kind"].as_str().unwrap() {
            "ws_recv" => recorded.push(Heard::Json(line["data"].clone())),
            "ws_recv_bin" => recorded.push(Heard::Bytes(bytes_of(line["b64"].as_str().unwrap()))),
            "http" => {
                // What was recorded before a request is waited for; the end before the first look behind it.
                if let Some(socket) = socket.as_mut().filter(|_| line["tag"] != "submit") {
                    let ended = |heard: &[Heard]| {
                        heard.iter().any(|one| one.kind() == "executing" && one.data()["node"].is_null())
                    };
                    while !ended(&heard) && (line["tag"] == "after" || heard.len() < recorded.len()) {
                        heard.push(socket.next().unwrap());
                    }
                }
                differences.extend(request(server, line).into_iter().map(|text| format!("{name}: {text}")));
            }
            _ => {}
        }
    }
    let (mut want, mut have): (Vec<String>, Vec<String>) =
        (recorded.iter().map(told).collect(), heard.iter().map(told).collect());
    if is_cut {
        (want, have) = (without_repeats(want), without_repeats(have));
    }
    for at in 0..want.len().max(have.len()) {
        if want.get(at) != have.get(at) {
            differences.push(format!(
                "{name}: message {at}\n  want {:?}\n  have {:?}",
                want.get(at),
                have.get(at)
            ));
        }
    }
    differences
}

/// Sends a recorded request and compares the answers.
fn request(server: &Server, line: &Value) -> Vec<String> {
    let (method, path) = (line["method"].as_str().unwrap(), line["path"].as_str().unwrap());
    let body = if line["request"].is_null() { Vec::new() } else { line["request"].to_string().into_bytes() };
    let answer = server.request(method, path, &body);
    let mut differences = Vec::new();
    let mut compare = |what: &str, want: &Value, have: &Value| {
        if want != have {
            differences
                .push(format!("{method} {path} ({}): {what}\n  want {want}\n  have {have}", line["tag"]));
        }
    };
    compare("status", &line["status"], &json!(answer.status));
    // Of answers without JSON the recording has nothing.
    if line["response"].is_null() {
        return differences;
    }
    compare("type", &line["content_type"], &json!(answer.content_type));
    let (want, have) = (&line["response"], answer.json());
    match path {
        // What these list differs from machine to machine.
        "/system_stats" | "/extensions" | "/embeddings" => {
            let mut want = want.clone();
            if path == "/extensions" {
                want = json!([]);
            }
            compare("shape", &shape(&want), &shape(&have));
        }
        path if path.starts_with("/object_info/") && *want != json!({}) => {
            let class = path.trim_start_matches("/object_info/");
            // Prose and what only the editor looks at is not in a catalog.
            let optional = [
                "essentials_category",
                "output_tooltips",
                "output_matchtypes",
                "deprecated",
                "experimental",
                "dev_only",
                "api_node",
                "price_badge",
            ];
            for (key, value) in want[class].as_object().unwrap() {
                let Some(found) = have[class].get(key) else {
                    if !optional.contains(&&**key) {
                        compare(key, value, &Value::Null);
                    }
                    continue;
                };
                compare(key, &shape_of_class(key, value), &shape_of_class(key, found));
            }
        }
        path if path.starts_with("/api/jobs?") => compare("shape", &shape(want), &shape(&have)),
        _ => compare("answer", &settled(want), &settled(&have)),
    }
    differences
}

/// A part of a class without what catalogs leave out.
fn shape_of_class(key: &str, value: &Value) -> Value {
    match key {
        "input" => {
            let names = |section: &Value| section.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
            let sections = value.as_object().unwrap().iter();
            sections.map(|(section, inputs)| json!([section, names(inputs)])).collect()
        }
        "description" | "category" | "python_module" | "search_aliases" => shape(&json!(value.to_string())),
        _ => value.clone(),
    }
}

fn lines(path: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(path).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The server of the recordings: it knows their classes, and waits as theirs did, only less.
fn recorder() -> Server {
    let times = ["ProbeSleep=seconds/steps", "ProbeOut=0", "ProbeFail=0"];
    Server::new(Config {
        catalog: catalog(),
        speed: Speed::Times(20.0),
        faults: faults(&["null-index"]),
        times: times.map(|time| time.parse().unwrap()).to_vec(),
        // Theirs had no models.
        model_files: [("checkpoints".to_owned(), BTreeSet::new())].into(),
        fails: vec![("ProbeFail".to_owned(), "boom".to_owned())],
        ..config()
    })
}

#[test]
fn recordings_of_a_real_server_are_played_alike() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/wire");
    if !folder.is_dir() {
        eprintln!("skipped, since {} is not there", folder.display());
        return;
    }
    let server = recorder();
    server.upload("a.png", b"one", &[]);
    server.upload("a.png", b"two", &[]);
    let mut differences = Vec::new();
    for name in RECORDED {
        differences.extend(play(&server, name, &lines(&folder.join(format!("{name}.jsonl")))));
    }
    assert!(differences.is_empty(), "{} differences:\n{}", differences.len(), differences.join("\n"));
}

#[test]
fn our_own_transcripts_are_played_alike() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/sim");
    let mut names: Vec<_> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "jsonl"))
        .collect();
    names.sort();
    assert!(names.len() >= 4, "{names:?}");
    let server =
        Server::new(Config { fails: vec![("InvertMask".to_owned(), "boom".to_owned())], ..config() });
    let mut differences = Vec::new();
    for path in names {
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        differences.extend(play(&server, &name, &lines(&path)));
    }
    assert!(differences.is_empty(), "{} differences:\n{}", differences.len(), differences.join("\n"));
}
