//! What goes wrong: by itself, as with a real server, and on demand.

use std::io::{Read as _, Write as _};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use wfc::plan::Budget;
use wfc::sim::{Config, FAULTS};

use super::client::{Heard, PATIENCE, Server, config, faults, kinds, picture};
use crate::support::{Folder, repository};

/// Waits until a server that went away answers again.
fn back(server: &Server) {
    let until = Instant::now() + PATIENCE;
    while server.try_request("GET", "/prompt", &[], b"").is_none() {
        assert!(Instant::now() < until, "it does not come back");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Waits until a server has forgotten all.
fn gone(server: &Server) {
    let until = Instant::now() + PATIENCE;
    while server.try_request("GET", "/history", &[], b"").is_some_and(|answer| answer.json() != json!({})) {
        assert!(Instant::now() < until, "it does not go away");
        std::thread::sleep(Duration::from_millis(1));
    }
}

fn is_zombie(server: &Server) {
    let id = server.prompt(&picture(99), Some("a"));
    std::thread::sleep(Duration::from_millis(50));
    let queue = server.get("/queue").json();
    assert!(queue["queue_pending"].as_array().unwrap().iter().any(|item| item[1] == id), "{queue}");
    assert_eq!(server.get(&format!("/history/{id}")).json(), json!({}));
}

#[test]
fn the_same_id_and_number_twice_kill_the_worker() {
    let times = vec!["EmptyImage=0.3".parse().unwrap()];
    let server = Server::new(Config { times, speed: wfc::sim::Speed::Times(1.0), ..config() });
    server.prompt(&picture(0), Some("a"));
    let id = "00000000-0000-4000-8000-000000000001";
    let twice =
        |number: u32| json!({ "prompt": picture(1), "prompt_id": id, "number": number, "client_id": "a" });
    assert_eq!(server.post("/prompt", &twice(5)).status, 200);
    let second = server.post("/prompt", &twice(5));
    assert_eq!(second.status, 500);
    // The next one comes before both, and when it is taken, they have to be compared.
    server.prompt(&picture(2), Some("a"));
    let until = Instant::now() + PATIENCE;
    while server.get("/queue").json()["queue_running"] != json!([]) {
        assert!(Instant::now() < until);
        std::thread::sleep(Duration::from_millis(5));
    }
    is_zombie(&server);
}

#[test]
fn the_same_id_twice_runs_twice_and_the_history_keeps_the_last() {
    let server = Server::usual();
    let id = "00000000-0000-4000-8000-000000000001";
    for color in [1, 2] {
        let body = json!({ "prompt": picture(color), "prompt_id": id, "client_id": "a" });
        assert_eq!(server.post("/prompt", &body).status, 200);
    }
    let until = Instant::now() + PATIENCE;
    while server.get("/prompt").json()["exec_info"]["queue_remaining"] != 0 {
        assert!(Instant::now() < until);
    }
    assert_eq!(server.get("/history").json().as_object().unwrap().len(), 1);
    assert_eq!(server.history(id)["prompt"][2]["1"]["inputs"]["color"], 2);
}

#[test]
fn a_node_without_inputs_that_nothing_needs_kills_the_worker() {
    let server = Server::usual();
    let mut prompt = picture(1);
    prompt["9"] = json!({ "class_type": "EmptyImage" });
    let mut socket = server.socket("a");
    let id = server.prompt(&prompt, Some("a"));
    socket.until(|heard| heard.kind() == "execution_start");
    assert_eq!(server.get("/queue").json()["queue_running"][0][1], id, "it never ends");
    is_zombie(&server);
}

#[test]
fn an_input_that_no_class_has_and_that_leads_nowhere_kills_the_worker() {
    let server = Server::usual();
    let mut prompt = picture(1);
    // Where no output depends on it, it does no harm.
    prompt["9"] =
        json!({ "class_type": "ImageInvert", "inputs": { "image": ["gone", 0], "more": ["gone", 0] } });
    assert_eq!(server.history(&server.prompt(&prompt, Some("a")))["status"]["status_str"], "success");
    prompt["1"]["inputs"]["more"] = json!(["gone", 0]);
    let mut socket = server.socket("a");
    let id = server.prompt(&prompt, Some("a"));
    socket.until(|heard| heard.kind() == "execution_start");
    assert_eq!(server.get("/queue").json()["queue_running"][0][1], id, "it never ends");
    is_zombie(&server);
}

#[test]
fn a_client_id_that_cannot_be_hashed_ends_the_process() {
    let server = Server::usual();
    server.history(&server.prompt(&picture(1), Some("a")));
    let mut socket = server.socket("b");
    let _ = server.try_request(
        "POST",
        "/prompt",
        &[],
        json!({ "prompt": picture(2), "client_id": {} }).to_string().as_bytes(),
    );
    while socket.next().is_some() {}
    back(&server);
    assert_eq!(server.get("/history").json(), json!({}), "the history is gone");
}

#[test]
fn a_workflow_that_does_not_fit_the_card_runs_out_of_memory() {
    let text = std::fs::read_to_string(repository("presets/dance-scail.workflow_api.json")).unwrap();
    let prompt: Value = serde_json::from_str(&text).unwrap();
    let run = |gib: f64| {
        let budget = Budget { total: gib * 1024.0 * 1024.0 * 1024.0, headroom: 0.0 };
        let server = Server::new(Config { budget, ..config() });
        for node in prompt.as_object().unwrap().values() {
            for key in ["image", "video", "audio"] {
                if let Some(name) = node["inputs"][key].as_str() {
                    server.upload(name, b"a file", &[]);
                }
            }
        }
        server.history(&server.prompt(&prompt, Some("a")))
    };
    assert_eq!(run(200.0)["status"]["status_str"], "success");
    let past = run(4.0);
    let message = past["status"]["messages"].as_array().unwrap().last().unwrap().clone();
    assert_eq!(message[0], "execution_error");
    assert_eq!(message[1]["exception_type"], "torch.OutOfMemoryError");
    let said = message[1]["exception_message"].as_str().unwrap();
    assert!(said.starts_with("CUDA out of memory. Tried to allocate "), "{said}");
    // Our own reader of logs knows it.
    let folder = Folder::with([("log.txt", said)]);
    let preset = repository("presets/dance-scail.toml");
    let run = folder.wfc(&["explain-oom", "log.txt", preset.to_str().unwrap()]);
    assert!(run.stdout.contains("4.0 GiB"), "{run:?}");
}

/// What each fault does, as its clients see it.
const FAULT_TESTS: &[(&str, fn())] = &[
    ("zombie", zombie),
    ("crash", crash),
    ("oom", oom),
    ("error", error),
    ("hang", hang),
    ("lost-interrupt", lost_interrupt),
    ("slow", slow),
    ("bad-gateway", bad_gateway),
    ("ws-cut", ws_cut),
    ("disk-full", disk_full),
    ("output-full", output_full),
    ("garbage", garbage),
    ("too-much", too_much),
    ("cut-body", cut_body),
    ("big-object-info", big_object_info),
    ("skew", skew),
    ("windows", windows),
    ("null-index", null_index),
    ("custom-events", custom_events),
    ("nan", nan),
];

#[test]
fn every_fault_does_what_it_says() {
    let names: Vec<&str> = FAULTS.iter().map(|info| info.name).collect();
    assert_eq!(FAULT_TESTS.iter().map(|(name, _)| *name).collect::<Vec<_>>(), names);
    for (_, test) in FAULT_TESTS {
        test();
    }
}

fn zombie() {
    let server = Server::with_faults(&["zombie@2"]);
    server.history(&server.prompt(&picture(1), Some("a")));
    server.prompt(&picture(2), Some("a"));
    is_zombie(&server);
    assert_eq!(server.get("/queue").json()["queue_running"], json!([]));
}

fn crash() {
    let server = Server::with_faults(&["crash@4"]);
    let first = server.prompt(&picture(1), Some("a"));
    server.history(&first);
    let mut socket = server.socket("a");
    socket.next().unwrap();
    let second = server.prompt(&picture(2), Some("a"));
    while socket.next().is_some() {}
    back(&server);
    for id in [first, second] {
        assert_eq!(server.get(&format!("/history/{id}")).json(), json!({}));
    }
    assert_eq!(server.get("/queue").json(), json!({ "queue_running": [], "queue_pending": [] }));
    // It happens once.
    server.history(&server.prompt(&picture(3), Some("a")));
    server.history(&server.prompt(&picture(4), Some("a")));
    server.history(&server.prompt(&picture(5), Some("a")));
}

fn oom() {
    let server = Server::with_faults(&["oom@2"]);
    let past = server.history(&server.prompt(&picture(1), Some("a")));
    let message = &past["status"]["messages"][2];
    assert_eq!((&message[0], &message[1]["node_id"]), (&json!("execution_error"), &json!("2")));
    assert_eq!(message[1]["exception_type"], "torch.OutOfMemoryError");
    assert_eq!(message[1]["executed"], json!(["1"]));
    assert_eq!(past["outputs"], json!({}));
}

fn error() {
    let server = Server::with_faults(&["error"]);
    let mut socket = server.socket("a");
    server.prompt(&picture(1), Some("a"));
    let heard = socket.rest();
    assert_eq!(kinds(&heard)[5..], ["progress_state", "executing", "execution_error", "status", "executing"]);
    assert_eq!(heard[7].data()["exception_type"], "RuntimeError");
    // The next one is well.
    server.prompt(&picture(1), Some("a"));
    assert!(kinds(&socket.rest()).contains(&"execution_success"));
}

fn hang() {
    let server = Server::with_faults(&["hang@2"]);
    let mut socket = server.socket("a");
    let id = server.prompt(&picture(1), Some("a"));
    socket.until(|heard| heard.data()["node"] == "2");
    server.post("/interrupt", &json!({}));
    server.post(&format!("/api/jobs/{id}/cancel"), &json!({}));
    std::thread::sleep(Duration::from_millis(50));
    assert_eq!(server.get("/queue").json()["queue_running"][0][1], id);
}

fn lost_interrupt() {
    let times = vec!["EmptyImage=3600/100000".parse().unwrap()];
    let speed = wfc::sim::Speed::Times(1.0);
    let server = Server::new(Config { times, speed, faults: faults(&["lost-interrupt=1@1"]), ..config() });
    let mut socket = server.socket("a");
    let id = server.prompt(&picture(1), Some("a"));
    socket.until(|heard| heard.kind() == "progress");
    let cancel = || server.post(&format!("/api/jobs/{id}/cancel"), &json!({})).json();
    assert_eq!(cancel(), json!({ "cancelled": true }));
    socket.until(|heard| heard.kind() == "progress");
    socket.until(|heard| heard.kind() == "progress");
    assert_eq!(cancel(), json!({ "cancelled": true }));
    socket.until(|heard| heard.kind() == "execution_interrupted");
}

fn slow() {
    let server = Server::new(Config { admin_port: Some(0), faults: faults(&["slow=3600@1"]), ..config() });
    let admin = format!("http://{}/faults", server.running.admin_addr().unwrap());
    let counted = || -> Value {
        let text = ureq::get(&admin).call().unwrap().body_mut().read_to_string().unwrap();
        serde_json::from_str::<Value>(&text).unwrap()["faults"][0]["counted"].clone()
    };
    let mut stream = std::net::TcpStream::connect(server.running.addr()).unwrap();
    stream.write_all(b"GET /prompt HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    // The first request waits, and others do not.
    let until = Instant::now() + PATIENCE;
    while counted() == 0 {
        assert!(Instant::now() < until);
    }
    assert_eq!(server.get("/prompt").status, 200);
    stream.set_nonblocking(true).unwrap();
    let waits = stream.read(&mut [0; 1]).unwrap_err();
    assert_eq!(waits.kind(), std::io::ErrorKind::WouldBlock);
}

fn bad_gateway() {
    let server = Server::with_faults(&["bad-gateway@2x2"]);
    let statuses: Vec<u16> = (0..5).map(|_| server.get("/prompt").status).collect();
    assert_eq!(statuses, [200, 502, 502, 200, 200]);
    let server = Server::with_faults(&["bad-gateway"]);
    let answer = server.post("/prompt", &json!({ "prompt": picture(1) }));
    assert_eq!(answer.content_type.as_deref(), Some("text/html"));
    assert!(answer.text().starts_with("<html>"));
    assert_eq!(server.get("/history").json(), json!({}), "it did not reach the server");
}

fn ws_cut() {
    let server = Server::with_faults(&["ws-cut@4"]);
    let mut socket = server.socket("a");
    let id = server.prompt(&picture(1), Some("a"));
    let heard: Vec<Heard> = std::iter::from_fn(|| socket.next()).collect();
    assert_eq!(kinds(&heard), ["status", "status", "status"]);
    assert_eq!(server.history(&id)["status"]["status_str"], "success");
}

fn disk_full() {
    let server = Server::with_faults(&["disk-full"]);
    assert_eq!(server.upload("a.png", b"a", &[]).status, 500);
    assert_eq!(server.get("/view?filename=a.png&type=input").status, 404);
    assert_eq!(server.upload("a.png", b"a", &[]).status, 200);
}

fn output_full() {
    let server = Server::with_faults(&["output-full"]);
    let past = server.history(&server.prompt(&picture(1), Some("a")));
    let message = &past["status"]["messages"][2][1];
    assert_eq!(message["exception_type"], "OSError");
    assert_eq!(message["node_id"], "2");
}

fn garbage() {
    let server = Server::with_faults(&["garbage"]);
    let answer = server.get("/prompt");
    assert_eq!(answer.content_type.as_deref(), Some("application/json; charset=utf-8"));
    assert!(serde_json::from_slice::<Value>(&answer.bytes).is_err());
    assert_eq!(Server::with_faults(&["garbage"]).get("/prompt").bytes, answer.bytes, "the same again");
}

fn too_much() {
    let server = Server::with_faults(&["too-much=3"]);
    let answer = server.get("/prompt");
    assert!(answer.bytes.len() > 3 << 20, "{}", answer.bytes.len());
    assert!(answer.json().is_array());
    assert_eq!(server.get("/prompt").status, 200);
}

fn cut_body() {
    let server = Server::with_faults(&["cut-body@2"]);
    let id = server.prompt(&picture(1), Some("a"));
    assert!(server.try_request("GET", "/system_stats", &[], b"").is_none());
    server.history(&id);
}

fn big_object_info() {
    let server = Server::with_faults(&["big-object-info=2"]);
    let info = server.get("/object_info");
    assert!(info.bytes.len() > 2 << 20);
    assert!(info.json()["SaveImage"].is_object());
}

fn skew() {
    let time = |server: &Server| {
        let past = server.history(&server.prompt(&picture(1), Some("a")));
        past["prompt"][3]["create_time"].as_i64().unwrap()
    };
    let ahead = time(&Server::with_faults(&["skew=86400"])) - time(&Server::usual());
    assert!((86_000_000..=87_000_000).contains(&ahead), "{ahead}");
}

fn windows() {
    let server = Server::with_faults(&["windows"]);
    assert_eq!(server.get("/system_stats").json()["system"]["os"], "win32");
    let mut prompt = picture(1);
    prompt["2"]["inputs"]["filename_prefix"] = "a/b/c".into();
    let past = server.history(&server.prompt(&prompt, Some("a")));
    assert_eq!(past["outputs"]["2"]["images"][0]["subfolder"], "a\\b");
    assert_eq!(server.get("/view?filename=c_00001_.png&subfolder=a%5Cb").status, 200);
    // All that it says is of one system: another one takes another start.
    let server = Server::with_faults(&["windows@2", "crash@3"]);
    let system = || {
        let past = server.history(&server.prompt(&prompt, Some("a")));
        let folder = past["outputs"]["2"]["images"][0]["subfolder"].clone();
        (server.get("/system_stats").json()["system"]["os"].clone(), folder)
    };
    assert_eq!(system(), (json!("linux"), json!("a/b")));
    server.prompt(&picture(2), Some("a"));
    gone(&server);
    back(&server);
    assert_eq!(system(), (json!("win32"), json!("a\\b")));
}

fn null_index() {
    assert_eq!(Server::usual().get("/system_stats").json()["devices"][0]["index"], 0);
    let server = Server::with_faults(&["null-index"]);
    assert_eq!(server.get("/system_stats").json()["devices"][0]["index"], Value::Null);
}

fn custom_events() {
    let server = Server::with_faults(&["custom-events"]);
    let mut socket = server.socket("a");
    server.prompt(&picture(1), Some("a"));
    let heard = socket.rest();
    let kinds = kinds(&heard);
    assert!(kinds.contains(&"crystools.monitor") && kinds.contains(&"(bytes)"), "{kinds:?}");
}

fn nan() {
    let server = Server::with_faults(&["nan"]);
    let id = server.prompt(&picture(1), Some("a"));
    let until = Instant::now() + PATIENCE;
    let text = loop {
        let text = server.get(&format!("/history/{id}")).text();
        if text != "{}" {
            break text;
        }
        assert!(Instant::now() < until);
    };
    assert!(text.contains("[NaN, Infinity, -Infinity]"), "{text}");
    // The list of classes has them, too, and wfc reads it.
    let info = server.get("/object_info");
    assert!(info.text().contains(r#""min": -Infinity, "max": Infinity"#));
    let catalog = wfc::catalog::read_catalog(info.bytes, &wfc::catalog::ImportOptions::default()).unwrap();
    assert!(catalog.class("SaveImage").is_some());
}

#[test]
fn faults_can_be_added_while_it_runs() {
    let server = Server::new(Config { admin_port: Some(0), ..config() });
    let admin = server.running.admin_addr().unwrap();
    let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
    let send = |method: &str, path: &str, body: &str| {
        let request = ureq::http::Request::builder().method(method).uri(format!("http://{admin}{path}"));
        let mut answer = agent.run(request.body(body.to_owned()).unwrap()).unwrap();
        (answer.status().as_u16(), answer.body_mut().read_to_string().unwrap())
    };
    server.get("/prompt");
    assert_eq!(send("POST", "/faults", "bad-gateway@2 null-index").0, 200);
    let statuses: Vec<u16> = (0..3).map(|_| server.get("/prompt").status).collect();
    assert_eq!(statuses, [200, 502, 200], "it counts from when it was added");
    let (status, text) = send("POST", "/faults", "bad-gatway");
    assert_eq!(status, 400);
    assert!(text.contains("did you mean `bad-gateway`?"), "{text}");
    let listed: Value = serde_json::from_str(&send("GET", "/faults", "").1).unwrap();
    assert_eq!(listed["faults"][0], json!({ "fault": "bad-gateway@2", "counted": 3 }));
    assert_eq!(listed["known"].as_array().unwrap().len(), FAULTS.len());
    send("DELETE", "/faults", "");
    let past = server.prompt(&picture(1), Some("a"));
    server.history(&past);
    assert_eq!(send("POST", "/crash", "").0, 200);
    let until = Instant::now() + PATIENCE;
    while server.try_request("GET", "/history", &[], b"").is_none_or(|answer| answer.json() != json!({})) {
        assert!(Instant::now() < until);
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn fifty_servers_at_once_say_the_same_for_the_same_seed() {
    let faults = ["lost-interrupt=0.5", "error@3", "slow=0@1"];
    let said: Vec<String> = std::thread::scope(|scope| {
        let servers: Vec<_> = (0..50)
            .map(|at| {
                scope.spawn(move || {
                    let faults = super::client::faults(&faults);
                    let server = Server::new(Config { faults, seed: at % 5, ..config() });
                    let ids: Vec<String> =
                        (0..3).map(|color| server.prompt(&picture(color), Some("a"))).collect();
                    let states = ids.iter().map(|id| server.history(id)["status"]["status_str"].clone());
                    let states: Vec<Value> = states.collect();
                    let made = server.get("/view?filename=b_00001_.png&subfolder=a").bytes;
                    // Ids and colours of pictures are chance, and chance comes from the seed.
                    format!("{ids:?} {states:?} {made:?}")
                })
            })
            .collect();
        servers.into_iter().map(|server| server.join().unwrap()).collect()
    });
    let different: std::collections::BTreeSet<&String> = said.iter().collect();
    assert_eq!(different.len(), 5);
    assert!(said.iter().enumerate().all(|(at, text)| *text == said[at % 5]));
}

#[test]
fn a_thousand_jobs_run_one_after_the_other() {
    let server = Server::usual();
    let mut socket = server.socket("a");
    let ids: Vec<String> = (0..1000).map(|color| server.prompt(&picture(color), Some("a"))).collect();
    for id in &ids {
        let heard = socket.rest();
        assert_eq!(heard.last().unwrap().data()["prompt_id"], **id);
    }
    assert_eq!(server.get("/history").json().as_object().unwrap().len(), 1000);
}

#[test]
fn the_command_says_where_it_listens_and_what_is_wrong_with_its_arguments() {
    use std::io::{BufRead as _, BufReader};
    let folder = Folder::new();
    let mut child = folder
        .command(&["sim", "--port", "0", "--admin-port", "0", "--speed", "max"])
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let first = lines.next().unwrap().unwrap();
    assert!(first.starts_with("listening on http://127.0.0.1:"), "{first}");
    assert!(lines.next().unwrap().unwrap().starts_with("admin on http://127.0.0.1:"));
    let url = first.strip_prefix("listening on ").unwrap();
    let taken = url.rsplit(':').next().unwrap();
    let run = folder.wfc(&["sim", "--port", taken]);
    assert_eq!(run.code, Some(2));
    assert!(run.stderr.contains("choose another `--port`"), "{}", run.stderr);
    child.kill().unwrap();
    child.wait().unwrap();
    for (arguments, expected) in [
        (&["sim", "--fault", "crush"][..], "did you mean `crash`?"),
        (&["sim", "--gpu", "rtx-4909"], "did you mean `rtx-4090`?"),
        (&["sim", "--vram", "much"], "`much` of --vram is not a size"),
        (&["sim", "--speed", "0x"], "write a factor"),
        (&["sim", "--history-gap", "5"], "such as `20ms`"),
        (&["sim", "--as", "0.1"], "known: 0.27.0, 0.3.64"),
        (&["sim", "--time", "KSampler"], "CLASS=SECONDS"),
        (&["sim", "--storage", "cloud"], "--storage"),
        (&["sim", "--catalog", "missing.json"], "missing.json"),
    ] {
        let run = folder.wfc(arguments);
        assert_eq!(run.code, Some(2), "{arguments:?}");
        assert!(run.stderr.contains(expected), "{arguments:?}: {}", run.stderr);
    }
    let run = folder.wfc(&["sim", "--faults"]).succeeded();
    assert!(FAULTS.iter().all(|info| run.stdout.contains(info.doc)), "{}", run.stdout);
}
