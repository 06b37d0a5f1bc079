//! What is known of a server, whatever the workflow.

use std::net::TcpListener;

use insta::assert_snapshot;
use serde_json::{Value, json};

use super::{Comfy, Fake, Sim, check_of, doctor, picture, shown};
use crate::support::Folder;

#[test]
fn all_is_well_with_a_simulated_server() {
    let folder = picture();
    let sim = Sim::start(&folder, &[]);
    let run = folder.wfc(&["doctor", "p.toml", "--on", &sim.url]).succeeded();
    assert_snapshot!(run.stdout.replace(&sim.url, "SERVER"), @"
    SERVER
      ✓ reachable    ComfyUI 0.27.0 on linux, PyTorch 2.9.0+cu130, RTX 4090, 24.0 GiB; it only plays a
                     server
      ✓ clock        within a minute of this machine's
      ✓ queue        nothing runs or waits

    p.toml
      ✓ compiles     2 nodes
      ✓ version      0.27.0, which the workflow was checked with
      ✓ classes      2 classes of 1 pack, all there
      ✓ values       the server's validator would take links, types, ranges and choices
      ✓ models       the workflow names no model files
      ✓ vram         no node is known to run a network on the card
      ✓ ram          weights and pictures take about 0 MiB; of 64.0 GiB 51.2 GiB are free
      ✓ upload       there is nothing to upload
      ✓ inputs       the workflow takes no input files
      - skipped      model-files, disk: no models folder was named: `--models DIR`, or `models` in
                     wfc.toml
      ✓ programs     no node starts another program
        ready        at once

    Nothing failed: 2 skipped.
    ");
}

#[test]
fn of_a_server_that_is_not_there_nothing_else_is_asked() {
    let folder = picture();
    let nobody = format!("http://{}", TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap());
    let run = folder.wfc(&["doctor", "p.toml", "--on", &nobody]);
    assert_eq!((run.code, &*run.stderr), (Some(1), ""));
    assert_snapshot!(run.stdout.replace(&nobody, "SERVER"), @"
    SERVER
      ✗ reachable    SERVER: nothing listens there
                     → start ComfyUI (with --listen if it runs on another machine), or check the port
      - skipped      clock, queue: the server was not reached

    p.toml
      ✓ compiles     2 nodes
      - skipped      version, classes, values, models, vram, ram, upload: the server was not reached
      ✓ inputs       the workflow takes no input files
      - skipped      model-files, disk: no models folder was named: `--models DIR`, or `models` in
                     wfc.toml
      ✓ programs     no node starts another program

    1 check failed, 11 skipped.
    ");
}

/// What `reachable` says of a server, which is asked nothing else.
fn reachable(server: &Fake, url: &str) -> String {
    let folder = picture();
    let (code, document) = doctor(&folder, url, &["p.toml"]);
    assert_eq!(code, Some(1));
    assert_eq!((server.count("/object_info"), server.count("/queue")), (0, 0));
    shown(&document, "reachable").replace(url, "SERVER")
}

#[test]
fn what_is_not_comfyui_is_told_apart() {
    let page = Fake::always(200, "Content-Type: text/html\r\n", "<!DOCTYPE html><title>Log in</title>");
    assert_snapshot!(reachable(&page, &page.url), @"
    fail: SERVER/system_stats: a web page in place of JSON
      fix: this is not ComfyUI, or something stands before it: check address and port, and whether a page asks for a login
    ");
    let login = Fake::always(401, "WWW-Authenticate: Basic\r\n", "no");
    assert_snapshot!(reachable(&login, &login.url), @"
    fail: SERVER/system_stats: no entry (status 401)
      fix: name the token or password: see `wfc run --help`
    ");
    let other = Fake::always(200, "", r#"{"status": "ok"}"#);
    assert_snapshot!(reachable(&other, &other.url), @"
    fail: SERVER/system_stats: JSON without `system`
      fix: this is not ComfyUI: check address and port
    ");
    let nothing = Fake::always(404, "", "no such page");
    assert_snapshot!(reachable(&nothing, &nothing.url), @"
    fail: SERVER/system_stats: there is no such route (status 404)
      fix: is this ComfyUI's address, with the whole path?
    ");
    let garbage = Fake::always(200, "", "hello there");
    assert_snapshot!(reachable(&garbage, &garbage.url), @"
    fail: SERVER/system_stats: `hello there` in place of JSON
      fix: this is not ComfyUI, or something stands before it: check address and port, and whether a page asks for a login
    ");
    let gateway = Fake::always(502, "", "<html>Bad Gateway</html>");
    assert_snapshot!(reachable(&gateway, &gateway.url), @"
    fail: SERVER/system_stats: the server is not there or too busy (status 502)
      fix: see whether ComfyUI is up, and its log
    ");
}

#[test]
fn a_port_without_tls_is_told_from_one_that_is_silent() {
    let folder = picture();
    let plain = Sim::start(&folder, &[]);
    let secure = plain.url.replace("http://", "https://");
    let (code, document) = doctor(&folder, &secure, &["p.toml"]);
    assert_eq!(code, Some(1));
    assert_snapshot!(shown(&document, "reachable").replace(&secure, "SERVER"), @"
    fail: SERVER: what answers there does not speak TLS
      fix: if it speaks plain HTTP, write http:// for https://
    ");
}

#[test]
fn faults_of_the_simulated_server_are_found() {
    let folder = picture();
    for (fault, expected) in [
        ("garbage", "fail: SERVER/system_stats: "),
        ("bad-gateway", "fail: SERVER/system_stats: the server is not there or too busy (status 502)"),
        ("cut-body", "fail: SERVER"),
    ] {
        let sim = Sim::start(&folder, &["--fault", fault]);
        let (code, document) = doctor(&folder, &sim.url, &["p.toml"]);
        let said = shown(&document, "reachable").replace(&sim.url, "SERVER");
        assert!(code == Some(1) && said.starts_with(expected), "{fault}: {said}");
    }
}

#[test]
fn a_clock_that_is_wrong_is_a_warning() {
    let folder = picture();
    let ahead = Sim::start(&folder, &["--fault", "skew=3600"]);
    let (code, document) = doctor(&folder, &ahead.url, &["p.toml"]);
    assert_eq!(code, Some(0));
    assert_snapshot!(shown(&document, "clock"), @"
    warn: the server's clock is 60 minutes ahead of this machine's
      fix: set the clock of the wrong one: times of logs and records do not agree, and secure connections and tokens may be refused
    ");
    let behind = Sim::start(&folder, &["--fault", "skew=-864000"]);
    let said = shown(&doctor(&folder, &behind.url, &["p.toml"]).1, "clock");
    assert!(said.starts_with("warn: the server's clock is 10 days behind this machine's"), "{said}");
    assert_snapshot!(check_of(&folder, &Comfy::new(), "p.toml", "clock"), @"skipped: the server does not say what time it is");
}

#[test]
fn a_server_without_a_version_or_a_device_says_less() {
    let folder = picture();
    let mut comfy =
        Comfy::new().system("comfyui_version", Value::Null).system("pytorch_version", Value::Null);
    comfy.stats["devices"] = json!([]);
    assert_snapshot!(check_of(&folder, &comfy, "p.toml", "reachable"), @"pass: ComfyUI of an unknown version on linux");
    let mut two = Comfy::new();
    let second = two.stats["devices"][0].clone();
    two.stats["devices"].as_array_mut().unwrap().push(second);
    assert_snapshot!(check_of(&folder, &two, "p.toml", "reachable"), @"pass: ComfyUI 0.27.0 on linux, PyTorch 2.9.0+cu130, NVIDIA GeForce RTX 4090, 23.6 GiB and 1 more that ComfyUI does not use by itself");
    let (_, document) = doctor(&folder, &two.start().url, &["p.toml"]);
    assert!(!document.to_string().contains("hunter2"), "what a server was started with may hold secrets");
}

fn item(number: u32) -> Value {
    let prompt = json!({
        "1": {"class_type": "EmptyImage", "inputs": {"width": 64, "height": 64, "batch_size": 1, "color": 0}},
        "2": {"class_type": "SaveImage", "inputs": {"images": ["1", 0], "filename_prefix": "x"}},
    });
    json!([number, format!("id{number}"), prompt, {}, ["2"]])
}

#[test]
fn a_queue_that_is_not_empty_is_a_warning() {
    let folder = picture();
    let mut comfy = Comfy::new();
    comfy.queue = json!({"queue_running": [item(0)], "queue_pending": []});
    assert_snapshot!(check_of(&folder, &comfy, "p.toml", "queue"), @"
    warn: a workflow runs
      fix: a new workflow runs after it
    ");
    comfy.queue = json!({"queue_running": [item(0)], "queue_pending": [item(2), item(1)]});
    let (code, document) = doctor(&folder, &comfy.start().url, &["p.toml"]);
    assert_eq!(code, Some(0));
    assert_snapshot!(shown(&document, "queue"), @"
    warn: a workflow runs, and 2 workflows wait
      fix: a new workflow runs after them
    ");
    let ready = &document["workflows"][0]["ready"];
    assert!(ready["queue"]["high"].as_f64().unwrap() > ready["queue"]["low"].as_f64().unwrap(), "{ready}");
    comfy.queue = json!("busy");
    assert_snapshot!(check_of(&folder, &comfy, "p.toml", "queue"), @"skipped: the queue is not known: /queue does not answer as ComfyUI does");
}

#[test]
fn a_server_that_takes_work_and_does_none_has_failed() {
    let folder = picture();
    let mut comfy = Comfy::new();
    comfy.queue = json!({"queue_running": [], "queue_pending": [item(1)]});
    let server = comfy.start();
    let (code, document) = doctor(&folder, &server.url, &["p.toml"]);
    assert_eq!((code, server.count("/queue")), (Some(1), 4));
    assert_snapshot!(shown(&document, "queue"), @"
    fail: 1 workflow waits and none runs: the server's worker is dead
      fix: restart ComfyUI: nothing else brings its worker back, and what waits is lost
    ");
    assert_eq!(document["workflows"][0]["ready"]["total"], Value::Null);
}

#[test]
fn several_presets_ask_once() {
    let folder = picture();
    folder.write("q.toml", "graph = \"g\"\n[params]\nwidth = 128\n");
    let server = Comfy::new().start();
    let (code, document) = doctor(&folder, &server.url, &["p.toml", "q.toml"]);
    assert_eq!((code, document["workflows"].as_array().unwrap().len()), (Some(0), 2));
    for path in ["/system_stats", "/object_info", "/queue", "/features"] {
        assert_eq!(server.count(path), 1, "{path}");
    }
}

#[test]
fn lint_takes_a_server_as_its_catalog() {
    let folder = picture();
    let sim = Sim::start(&folder, &[]);
    folder.wfc(&["lint", "p.toml", "--catalog", &sim.url]).succeeded();
    let mut small = Comfy::new();
    small.classes["EmptyImage"]["input"]["required"]["width"][1]["max"] = json!(32);
    small.classes.as_object_mut().unwrap().remove("SaveImage");
    let server = small.start();
    let run = folder.wfc(&["lint", "p.toml", "--catalog", &server.url]);
    assert_eq!((run.code, &*run.stderr), (Some(1), ""));
    assert!(run.stdout.contains("there is no node class `SaveImage`"), "{}", run.stdout);
    let page = Fake::start([("/object_info".to_owned(), (200, String::new(), b"<html>".to_vec()))].into());
    let secret = page.url.replace("http://", "http://me:hunter2@");
    let said = folder.wfc(&["lint", "p.toml", "--catalog", &secret]).failed();
    assert!(!said.contains("hunter2"), "{said}");
    assert_snapshot!(said.replace(&page.url, "SERVER"), @"wfc: the catalog SERVER: not an /object_info answer: it looks like an HTML page");
}

#[test]
fn a_token_of_the_environment_is_sent() {
    let folder = Folder::with([("w.json", &*super::loads(&["there.png"]))]);
    let server = Comfy::new().start();
    let mut command =
        folder.command(&["doctor", "w.json", "--on", &server.url, "--header-env", "X-Key=POD_KEY"]);
    let said = folder.finish(&mut command).failed();
    assert!(said.contains("POD_KEY is not set"), "{said}");
    let mut command =
        folder.command(&["doctor", "w.json", "--on", &server.url, "--header-env", "X-Key=POD_KEY"]);
    folder.finish(command.env("POD_KEY", "k")).succeeded();
}

#[test]
fn a_server_may_be_named_in_the_project() {
    let folder = picture();
    let server = Comfy::new().start();
    folder.write("wfc.toml", format!("[servers.gpu]\nurl = \"{}\"\n", server.url));
    let (code, document) = doctor(&folder, "gpu", &["p.toml"]);
    assert_eq!((code, document["server"]["address"].as_str()), (Some(0), Some(&*server.url)));
    let said = folder.wfc(&["doctor", "p.toml", "--on", "gup"]).failed();
    assert!(said.contains("`gpu`"), "{said}");
}
